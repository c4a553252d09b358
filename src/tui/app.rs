//! What a key, the mouse or an action does to the state: the one way in.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use crate::lab::Seek;

use super::action::{self, Action, Way};
use super::boards::Board;
use super::lab::Lab;
use super::moment::{Pane, Selection};
use super::palette::{self, Palette};
use super::prompt::{self, Ask, Prompt};
use super::state::{Over, Place, State};
use super::theme::THEMES;
use super::{boards, guide, help, home, mouse, why};

/// How many rows a page is.
const PAGE: isize = 10;
/// Takes in what came from the terminal; returns whether anything may look different now.
pub fn input(state: &mut State, event: &Event) -> bool {
    match event {
        Event::Key(key) if key.is_press() || key.is_repeat() => {
            self::key(state, key);
            true
        }
        Event::Mouse(event) => mouse::input(state, *event),
        Event::Resize(width, height) => {
            state.size = (*width, *height);
            true
        }
        Event::Paste(_) => {
            state.say("what was pasted is ignored: keys act at once here");
            true
        }
        _ => false,
    }
}

fn key(state: &mut State, key: &KeyEvent) {
    state.toast = None;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if control => state.quit = true,
        KeyCode::Char('z') if control => state.suspend = true,
        KeyCode::F(12) if state.options.panic_key => panic!("the panic key was pressed"),
        _ if state.over.is_none() && guide::key(state, key) => {}
        _ => match &state.over {
            Some(Over::Palette(_)) => palette::key(state, key),
            Some(Over::Prompt(_)) => prompt::key(state, key),
            Some(Over::Board(_)) => boards::key(state, key),
            Some(Over::Help(_) | Over::Why) | None => match state.keymap.action(key) {
                Some(action) => update(state, action),
                None => state.say(format!("that key does nothing; {} shows all", help_key(state))),
            },
        },
    }
}

fn help_key(state: &State) -> String {
    state.keymap.key(Action::Help)
}

/// Carries out an action, or says why it cannot be had.
pub fn update(state: &mut State, action: Action) {
    if let Some(Over::Help(scroll)) = state.over {
        return in_help(state, scroll, action);
    }
    if matches!(state.over, Some(Over::Why)) {
        state.over = None;
        if matches!(action, Action::Back | Action::Open | Action::Why) {
            return;
        }
    }
    let healed_before = match &mut state.lab {
        Some(lab) => std::mem::replace(&mut lab.healed_just_now, action == Action::Heal),
        None => false,
    };
    if let Some(reason) = action.unavailable(state) {
        // The first 0 of 00 may have healed the last fault already.
        let done = healed_before && action == Action::Heal;
        return state.say(if done { "all faults are healed" } else { reason });
    }
    match action {
        Action::Palette => {
            let palette = Palette::new(state);
            state.over = Some(Over::Palette(palette));
        }
        Action::Help => state.over = Some(Over::Help(0)),
        Action::Switches => state.over = Some(Over::Board(Board::Switches(0))),
        Action::Table => state.over = Some(Over::Board(Board::Table(Box::default()))),
        Action::Lattice => state.over = Some(Over::Board(Board::Lattice(Box::default()))),
        Action::Suspend => state.suspend = true,
        Action::Quit => state.quit = true,
        Action::Home => state.place = Place::Home,
        Action::Theme => next_theme(state),
        Action::Motion => {
            state.options.reduced_motion = !state.options.reduced_motion;
            let how = if state.options.reduced_motion { "jump" } else { "slide" };
            state.say(format!("messages {how} now"));
        }
        Action::Share => share(state),
        Action::Again => prompt::begin_again(state, None),
        Action::NewSeed => state.over = Some(Over::Prompt(Prompt::text(Ask::Seed))),
        Action::GoTo => state.over = Some(Over::Prompt(Prompt::text(Ask::Time))),
        Action::Back => back(state),
        Action::Open if state.place == Place::Home => home::choose(state, state.home.selected),
        Action::Move(way) if state.place == Place::Home => in_list(state, way, 1),
        Action::Page(way) if state.place == Place::Home => in_list(state, way, PAGE),
        Action::Heal if healed_before => in_lab(state, Action::HealAll),
        _ => in_lab(state, action),
    }
}

/// Keeps the run as a file, and says it as one word.
fn share(state: &mut State) {
    let Some(lab) = &state.lab else { return };
    let said = match (state.options.share)(&lab.session) {
        Ok(said) | Err(said) => said,
    };
    state.say(said);
}

fn in_list(state: &mut State, way: Way, by: isize) {
    match way {
        Way::Up => home::step(state, -by),
        Way::Down => home::step(state, by),
        Way::Left | Way::Right => {}
    }
}

fn in_help(state: &mut State, scroll: usize, action: Action) {
    let most = help::scroll_max(state);
    let scroll = scroll.min(most);
    let to = match action {
        Action::Move(Way::Up) => scroll.saturating_sub(1),
        Action::Move(Way::Down) => scroll + 1,
        Action::Page(Way::Up) => scroll.saturating_add_signed(-PAGE),
        Action::Page(Way::Down) => scroll.saturating_add_signed(PAGE),
        Action::Beginning => 0,
        Action::Frontier => most,
        Action::Suspend | Action::Quit => {
            state.suspend = action == Action::Suspend;
            state.quit = action == Action::Quit;
            scroll
        }
        _ => {
            state.over = None;
            return;
        }
    };
    state.over = Some(Over::Help(to.min(most)));
}

fn next_theme(state: &mut State) {
    let here = THEMES.iter().position(|(name, _)| *name == state.theme.name).unwrap_or(0);
    let (name, _) = THEMES[(here + 1) % THEMES.len()];
    state.take_theme(name);
    state.say(format!("theme: {name}"));
}

/// Goes back one level: from a pane alone to all, from a selection to none, from the lab home.
fn back(state: &mut State) {
    let Some(lab) = state.shown_lab() else {
        if state.lab.is_some() {
            state.place = Place::Lab;
        } else {
            state.say("this is the first screen; q quits");
        }
        return;
    };
    if lab.zoomed {
        lab.zoomed = false;
    } else if lab.event.is_some() {
        lab.event = None;
    } else if lab.aim != Selection::Nothing {
        lab.aim = Selection::Nothing;
    } else if lab.focus != Pane::Grid {
        lab.focus = Pane::Grid;
    } else {
        state.place = Place::Home;
        state.home.selected = 0;
        state.say("the run waits; Esc or Enter goes back to it");
    }
}

fn on_timeline(state: &State) -> bool {
    state.lab.as_ref().is_some_and(|lab| lab.focus == Pane::Timeline)
}

/// Carries out an action on the run; the caller has checked that it can be had.
fn in_lab(state: &mut State, action: Action) {
    match action {
        Action::Move(Way::Left) if on_timeline(state) => {
            return update(state, Action::PreviousMilestone);
        }
        Action::Move(Way::Right) if on_timeline(state) => {
            return update(state, Action::NextMilestone);
        }
        Action::Move(way) => return mouse::move_selection(state, way),
        Action::SwitchBranch => {
            let prompt = state.lab.as_ref().map(|lab| Prompt::branches(&lab.session));
            state.over = prompt.map(Over::Prompt);
            return;
        }
        Action::Class(digit) => return begin_fault(state, digit),
        Action::Why => return why::ask(state),
        _ => {}
    }
    let Some(lab) = state.lab.as_deref_mut() else { return };
    let said = on_lab(lab, action);
    lab.refresh();
    if let Some(said) = said {
        state.say(said);
    }
}

/// Carries out an action that needs nothing but the run; returns what there is to say.
fn on_lab(lab: &mut Lab, action: Action) -> Option<String> {
    let mut said = None;
    match action {
        Action::Run => {
            lab.running = !lab.running;
            if lab.running {
                lab.event = None;
                lab.scroll = 0;
            }
        }
        Action::Next => said = (!lab.forwards()).then_some("nothing will ever happen again"),
        Action::Previous => said = (!lab.backwards()).then_some("this is the beginning"),
        Action::NextMilestone => {
            let found = lab.next_milestone();
            said = (!found).then_some("nothing worth a stop so far; the same key goes on");
        }
        Action::PreviousMilestone => {
            lab.seek(Seek::Previous(None));
        }
        Action::Beginning => {
            lab.seek(Seek::Start);
        }
        Action::Frontier => {
            lab.seek(Seek::End);
        }
        Action::Faster => {
            lab.pace.faster();
        }
        Action::Slower => {
            lab.pace.slower();
        }
        Action::Inject(digit, letter) => {
            return action::variant(digit, letter).and_then(|variant| lab.inject(variant));
        }
        Action::Heal => return lab.heal(),
        Action::HealAll => return lab.heal_all(),
        Action::NextPane => lab.focus = pane_after(lab.focus, 1),
        Action::PreviousPane => lab.focus = pane_after(lab.focus, Pane::ALL.len() - 1),
        Action::Zoom => lab.zoomed = !lab.zoomed,
        Action::Page(Way::Up) => lab.scroll_by(-PAGE),
        Action::Page(_) => lab.scroll_by(PAGE),
        Action::Open => open(lab),
        _ => {}
    }
    if matches!(action, Action::NextPane | Action::PreviousPane) {
        lab.scroll = 0;
    }
    said.map(str::to_owned)
}

fn pane_after(pane: Pane, by: usize) -> Pane {
    let here = Pane::ALL.iter().position(|known| *known == pane).unwrap_or(0);
    Pane::ALL[(here + by) % Pane::ALL.len()]
}

/// Opens what is selected: a record by going there, a member in the inspector.
pub(super) fn open(lab: &mut Lab) {
    match (lab.shown_target(), lab.focus) {
        (Selection::Record(id), _) => {
            lab.seek(Seek::Record(id));
        }
        (Selection::Nothing, _) => {
            let first = lab.scene.nodes.first().map(|node| node.address);
            let found = lab.leader().or(first);
            lab.aim = found.map_or(Selection::Nothing, Selection::Member);
        }
        (_, Pane::Inspector) => lab.zoomed = !lab.zoomed,
        _ => {
            lab.focus = Pane::Inspector;
            lab.scroll = 0;
        }
    }
}

/// Begins a fault: at once where its class has one variant, else the strip asks which.
fn begin_fault(state: &mut State, digit: char) {
    let mut variants = action::variants(digit);
    match (variants.next(), variants.next()) {
        (None, _) => {}
        (Some(only), None) => update(state, Action::Inject(digit, only.letter)),
        _ => state.over = Some(Over::Prompt(Prompt::Variant(digit))),
    }
}

/// Lets real time go by; `out_of_time` says when the frame must be drawn.
pub fn tick(state: &mut State, real_us: u64, out_of_time: &mut dyn FnMut() -> bool) {
    state.age_toast();
    if matches!(state.over, Some(Over::Board(Board::Table(_) | Board::Lattice(_)))) {
        return boards::tick(state, out_of_time);
    }
    if let Some(lab) = state.shown_lab() {
        lab.tick(real_us, out_of_time);
    }
}
