//! The palette: every action and every variant of a fault, found by a part of its name.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::faults::FAULTS;

use super::action::{ACTIONS, Action};
use super::app;
use super::frame::{boxed, put};
use super::state::{Drawn, Over, State};
use super::theme::Ink;

/// How long what is typed may be, in characters.
const QUERY_MAX: usize = 64;
/// How wide the palette is at most, in columns.
const WIDTH_MAX: u16 = 76;
/// How high the palette is at most, in rows.
const HEIGHT_MAX: u16 = 20;

/// Something that the palette offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it asks for.
    pub action: Action,
    /// Its name.
    pub name: String,
    /// Its key, or the keys one after the other; empty where it has none.
    pub key: String,
    /// Why it cannot be had now.
    pub reason: Option<&'static str>,
}

impl AsRef<str> for Item {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// The palette.
#[derive(Debug)]
pub struct Palette {
    /// What was typed.
    pub input: Input,
    /// What it finds, the best first.
    pub found: Vec<Item>,
    /// Which of them is selected.
    pub selected: usize,
}

impl Palette {
    /// Opens the palette with everything in it.
    pub fn new(state: &State) -> Palette {
        Palette { input: Input::default(), found: find(state, ""), selected: 0 }
    }
}

/// Lists all that can be asked for.
pub fn items(state: &State) -> Vec<Item> {
    let actions = ACTIONS.iter().map(|entry| Item {
        action: entry.action,
        name: entry.name.to_owned(),
        key: state.keymap.key(entry.action),
        reason: entry.action.unavailable(state),
    });
    let variants = FAULTS.iter().flat_map(|class| {
        class.variants.iter().map(|variant| {
            let action = Action::Inject(class.digit, variant.letter);
            let digit = state.keymap.key(Action::Class(class.digit));
            Item {
                action,
                name: format!("{}: {}", class.name, variant.name),
                key: format!("{digit} {}", variant.letter),
                reason: action.unavailable(state),
            }
        })
    });
    actions.chain(variants).collect()
}

/// Finds what fits, the best first; what can be had comes before what cannot.
pub fn find(state: &State, query: &str) -> Vec<Item> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let found = pattern.match_list(items(state), &mut matcher);
    let mut found: Vec<Item> = found.into_iter().map(|(item, _)| item).collect();
    found.sort_by_key(|item| item.reason.is_some());
    found
}

/// Takes a key.
pub(super) fn key(state: &mut State, key: &KeyEvent) {
    let Some(Over::Palette(palette)) = &mut state.over else { return };
    let last = palette.found.len().saturating_sub(1);
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => state.over = None,
        KeyCode::Char('p') if control => palette.selected = palette.selected.saturating_sub(1),
        KeyCode::Char('n') if control => palette.selected = (palette.selected + 1).min(last),
        KeyCode::Up => palette.selected = palette.selected.saturating_sub(1),
        KeyCode::Down => palette.selected = (palette.selected + 1).min(last),
        KeyCode::PageUp => palette.selected = palette.selected.saturating_sub(10),
        KeyCode::PageDown => palette.selected = (palette.selected + 10).min(last),
        KeyCode::Enter => {
            let selected = palette.selected;
            choose(state, selected);
        }
        _ => {
            let full = palette.input.value().chars().count() >= QUERY_MAX;
            if full && matches!(key.code, KeyCode::Char(_)) {
                return;
            }
            palette.input.handle_event(&Event::Key(*key));
            let query = palette.input.value().to_owned();
            let found = find(state, &query);
            if let Some(Over::Palette(palette)) = &mut state.over {
                (palette.found, palette.selected) = (found, 0);
            }
        }
    }
}

/// Asks for what is selected.
pub(super) fn choose(state: &mut State, place: usize) {
    let Some(Over::Palette(palette)) = &state.over else { return };
    let Some(item) = palette.found.get(place) else {
        return state.say("nothing of that name");
    };
    let action = item.action;
    state.over = None;
    app::update(state, action);
}

/// Draws the palette.
pub(super) fn draw(
    state: &State,
    palette: &Palette,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let rows = palette.found.len().max(1) as u16;
    let height = (rows + 3).min(HEIGHT_MAX).min(area.height);
    let inner = boxed(state, area, WIDTH_MAX, height, " Palette ", buf);
    if inner.height < 2 || inner.width < 4 {
        return;
    }
    let theme = &state.theme;
    put(buf, inner, 0, ":", theme.ink(Ink::Accent));
    let width = usize::from(inner.width) - 3;
    let scroll = palette.input.visual_scroll(width);
    let typed: String = palette.input.value().chars().skip(scroll).collect();
    let line = Rect { x: inner.x + 2, width: inner.width - 2, ..inner };
    put(buf, line, 0, &typed, theme.ink(Ink::Text));
    let cursor = palette.input.visual_cursor().saturating_sub(scroll).min(width) as u16;
    drawn.cursor = Some(Position::new(line.x + cursor, line.y));
    let room = usize::from(inner.height - 1);
    let first = (palette.selected + 1).saturating_sub(room);
    if palette.found.is_empty() {
        put(buf, inner, 1, "nothing of that name", theme.ink(Ink::Muted));
    }
    for (row, (place, item)) in (1..).zip(palette.found.iter().enumerate().skip(first).take(room)) {
        let selected = place == palette.selected;
        let ink = match (selected, item.reason) {
            (true, _) => Ink::Selection,
            (false, Some(_)) => Ink::Muted,
            (false, None) => Ink::Text,
        };
        let says = match (item.reason, item.action.entry()) {
            (Some(reason), _) => format!("not now: {reason}"),
            (None, Some(entry)) => entry.says.to_owned(),
            (None, None) => variant_says(item.action).to_owned(),
        };
        let text = format!("{:<7} {:<26} {says}", item.key, item.name);
        let text = format!("{text:<width$}", width = usize::from(inner.width));
        put(buf, inner, row, &text, theme.ink(ink));
        drawn.rows.push((Rect { y: inner.y + row, height: 1, ..inner }, place));
    }
}

/// Says what a variant of a fault does.
fn variant_says(action: Action) -> &'static str {
    match action {
        Action::Inject(digit, letter) => {
            super::action::variant(digit, letter).map_or("", |variant| variant.summary)
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{Options, Start};

    #[test]
    fn a_part_of_a_name_finds_the_action_and_its_key() {
        let mut state = State::new(Start::Home, Options::default()).expect("the standard keys");
        state.open_first_run();
        let first = |query: &str| find(&state, query).into_iter().next().expect("something");
        assert_eq!(
            (first("paus").name.as_str(), first("run pau").key.as_str()),
            ("run or pause", "Space")
        );
        assert_eq!(first("prev mile").action, Action::PreviousMilestone);
        assert!(find(&state, "zzzz").is_empty());
    }

    #[test]
    fn every_variant_of_every_fault_is_offered() {
        let state = State::new(Start::Home, Options::default()).expect("the standard keys");
        for class in FAULTS {
            for variant in class.variants {
                let wanted = Action::Inject(class.digit, variant.letter);
                assert!(items(&state).iter().any(|item| item.action == wanted));
            }
        }
    }
}
