//! Questions that wait for an answer: which variant of a fault, which instant, which branch.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::lab::{Seek, Session};
use crate::sim::{Instant, Span};

use super::action::{self, Action};
use super::app;
use super::guide;
use super::lab::Lab;
use super::state::{Over, State};

/// How long an answer may be, in characters.
const ANSWER_MAX: usize = 64;

/// A question.
#[derive(Debug)]
pub enum Prompt {
    /// Which variant of the classes of faults with this digit?
    Variant(char),
    /// Something that is typed.
    Text {
        /// What is asked.
        ask: Ask,
        /// What was typed so far.
        input: Input,
        /// What was wrong with the last answer.
        wrong: Option<String>,
    },
    /// Which future of the run?
    Branch {
        /// The futures, in the session's order.
        items: Vec<String>,
        /// Which of them is selected.
        selected: usize,
    },
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An instant of virtual time.
    Time,
    /// A seed.
    Seed,
    /// Why the learner thinks so.
    Reason,
}

impl Ask {
    /// Returns the question.
    pub const fn question(self) -> &'static str {
        match self {
            Ask::Time => "Go to which instant of virtual time? For example 12.5s",
            Ask::Seed => "Begin again with which seed? A whole number",
            Ask::Reason => "Why do you think so? One line, or just Enter",
        }
    }
}

impl Prompt {
    /// Asks for something that is typed.
    pub fn text(ask: Ask) -> Prompt {
        Prompt::Text { ask, input: Input::default(), wrong: None }
    }

    /// Asks for a future of a run.
    pub fn branches(session: &Session) -> Prompt {
        let line = |(name, left, reaches): (String, Option<crate::lab::Position>, _)| {
            let reaches: crate::lab::Position = reaches;
            match left {
                Some(left) => {
                    format!("{name}: branched off at {}, reaches {}", left.at, reaches.at)
                }
                None => format!("{name}: reaches {}", reaches.at),
            }
        };
        Prompt::Branch { items: session.branches().into_iter().map(line).collect(), selected: 0 }
    }
}

/// Answers with a key.
pub(super) fn key(state: &mut State, key: &KeyEvent) {
    let Some(Over::Prompt(prompt)) = &mut state.over else { return };
    match prompt {
        Prompt::Variant(digit) => {
            let digit = *digit;
            variant(state, digit, key.code);
        }
        Prompt::Text { ask, input, wrong } => match key.code {
            KeyCode::Esc if *ask == Ask::Reason => give(state, Ask::Reason, ""),
            KeyCode::Esc => state.over = None,
            KeyCode::Enter => {
                let (ask, answer) = (*ask, input.value().trim().to_owned());
                give(state, ask, &answer);
            }
            _ => {
                let full = input.value().chars().count() >= ANSWER_MAX;
                if !(full && matches!(key.code, KeyCode::Char(_))) {
                    input.handle_event(&Event::Key(*key));
                }
                *wrong = None;
            }
        },
        Prompt::Branch { items, selected } => match key.code {
            KeyCode::Esc => state.over = None,
            KeyCode::Up | KeyCode::Char('k') => *selected = selected.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => {
                *selected = (*selected + 1).min(items.len().saturating_sub(1));
            }
            KeyCode::Enter => {
                let place = *selected;
                choose_branch(state, place);
            }
            KeyCode::Char('q') => app::update(state, Action::Quit),
            _ => {}
        },
    }
}

fn variant(state: &mut State, digit: char, code: KeyCode) {
    state.over = None;
    let wanted = match code {
        KeyCode::Esc => return,
        KeyCode::Char(same) if same == digit => action::variants(digit).next(),
        KeyCode::Char(letter) => action::variant(digit, letter),
        _ => None,
    };
    if let Some(variant) = wanted {
        app::update(state, Action::Inject(digit, variant.letter));
    } else {
        state.say("none of these letters");
        state.over = Some(Over::Prompt(Prompt::Variant(digit)));
    }
}

fn give(state: &mut State, asked: Ask, answer: &str) {
    let done = match asked {
        Ask::Reason => {
            state.over = None;
            guide::step(state, crate::lessons::Input::Reason(answer.to_owned()));
            return;
        }
        Ask::Time => Span::parse(answer).map(|span| {
            if let Some(lab) = state.shown_lab() {
                go_to(lab, Instant(span.0));
            }
        }),
        Ask::Seed => match answer.parse::<u64>() {
            Ok(seed) => {
                begin_again(state, Some(seed));
                Ok(())
            }
            Err(_) => Err(format!("`{answer}` is no seed; expected a whole number such as 7")),
        },
    };
    match (done, &mut state.over) {
        (Ok(()), _) => state.over = None,
        (Err(said), Some(Over::Prompt(Prompt::Text { wrong, .. }))) => *wrong = Some(said),
        (Err(said), _) => state.say(said),
    }
}

fn go_to(lab: &mut Lab, at: Instant) {
    lab.seek(Seek::Time(at));
    lab.refresh();
}

/// Begins the run that is open again; with its own seed where none is given.
pub(super) fn begin_again(state: &mut State, seed: Option<u64>) {
    let Some(lab) = &state.lab else { return };
    let (scenario, name) = (lab.session.scenario().clone(), lab.name.clone());
    let seed = seed.unwrap_or(lab.session.seed());
    state.open(super::Start::lab(scenario, seed, name));
    state.say(format!("the run begins again, seed {seed}"));
}

/// Goes over to a future of the run.
pub(super) fn choose_branch(state: &mut State, place: usize) {
    state.over = None;
    let Some(lab) = state.shown_lab() else { return };
    lab.running = false;
    lab.session.switch_branch(place);
    lab.event = None;
    lab.chains.clear();
    lab.inquiry = None;
    lab.told_all();
    lab.refresh();
    let branch = lab.session.branch().to_owned();
    state.say(format!("this is {branch} now"));
}
