//! A lesson beside the lab: the tutor has the first word on keys, acts and time.
//!
//! Absent on purpose: what a lesson asks and how it judges. That is the tutor's; here its offers
//! become keys.

use crossterm::event::{KeyCode, KeyEvent};

use crate::lab::{Act, Session};
use crate::lessons::{self, Input, LessonProgress, Page, Tutor};
use crate::sim::Instant;

use super::lab::Lab;
use super::prompt::{Ask, Prompt};
use super::state::{Over, State};

/// A lesson in progress.
#[derive(Clone, Debug)]
pub struct Guide {
    /// The name by which it is opened.
    pub name: String,
    /// What it shows at this moment.
    pub page: Page,
    tutor: Tutor,
}

impl Guide {
    /// Looks at the run again and writes the page anew.
    pub fn refresh(&mut self, session: &Session) {
        self.page = self.tutor.screen(session);
    }

    /// Returns whether virtual time may run now.
    pub fn runs(&self) -> bool {
        self.tutor.runs()
    }

    /// Says why nothing may be done to the run now, or `None` where something may.
    pub fn locked(&self) -> Option<&'static str> {
        self.page.locked
    }

    /// Lets the run go on, up to where the beat is done; returns whether there is no more to do.
    pub fn advance(&mut self, session: &mut Session, target: Instant, moves_max: u64) -> bool {
        self.tutor.advance(session, target, moves_max)
    }

    /// Does something to the run, if the tutor lets it.
    pub fn make(&mut self, session: &mut Session, act: Act) {
        // A key that the tutor refuses has said so before it came here.
        let _ = self.tutor.make(session, act);
    }

    /// Judges the beat after the run was moved by hand.
    pub fn judge(&mut self, session: &Session) {
        self.tutor.judge(session);
    }

    /// Returns what a key asks of the tutor now.
    fn asks(&self, code: KeyCode) -> Option<Input> {
        let name = match code {
            KeyCode::Char(digit @ '1'..='9') => {
                let digit = digit as u8 - b'0';
                let mut offers = self.page.offers.iter();
                let fits = offers.any(|o| matches!(o.input, Input::Digit(most) if digit <= most));
                return fits.then_some(Input::Digit(digit));
            }
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Backspace => "backspace".to_owned(),
            _ => return None,
        };
        let found = self.page.offers.iter().find(|offer| offer.key == name);
        found.map(|offer| offer.input.clone())
    }

    fn wants_a_reason(&self) -> bool {
        self.page.offers.iter().any(|offer| matches!(offer.input, Input::Reason(_)))
    }
}

/// Opens a lesson where it was left, or says why it cannot be opened.
pub fn open(state: &mut State, name: &str) {
    let lesson = match lessons::find(name) {
        None => return state.say(format!("there is no lesson `{name}`")),
        Some(Err(report)) => return state.say(report.to_string()),
        Some(Ok(lesson)) => lesson,
    };
    let kept = (state.options.kept)(name).unwrap_or_else(|damaged| {
        state.say(damaged);
        LessonProgress::default()
    });
    let (tutor, session) = Tutor::resume(lesson, kept);
    let guide = Guide { name: name.to_owned(), page: Page::default(), tutor };
    let mut lab = Lab::new(session, name.to_owned());
    lab.running = guide.runs();
    lab.guide = Some(Box::new(guide));
    lab.refresh();
    state.enter(lab);
    ask_for_a_reason(state);
}

/// Takes a key if the lesson has a use for it now; returns whether it had.
pub fn key(state: &mut State, key: &KeyEvent) -> bool {
    let Some(guide) = state.shown_lab().and_then(|lab| lab.guide.as_ref()) else { return false };
    let Some(input) = guide.asks(key.code) else { return false };
    step(state, input);
    true
}

/// Carries out what is asked of the tutor, and keeps how far the learner has come.
pub fn step(state: &mut State, input: Input) {
    let Some(lab) = state.shown_lab() else { return };
    let Lab { guide: Some(guide), session, .. } = lab else { return };
    let refused = guide.tutor.step(session, input).err();
    lab.running = guide.runs();
    let page = (guide.tutor.at() + 1, guide.tutor.lesson().beats.len());
    let (name, progress) = (guide.name.clone(), guide.tutor.progress(session));
    lab.event = None;
    lab.scroll = 0;
    lab.told_all();
    lab.refresh();
    tracing::info!(target: "lesson", "{name}: beat {} of {}", page.0, page.1);
    if let Err(error) = (state.options.keep)(&name, &progress) {
        state.say(error);
    }
    if let Some(refused) = refused {
        state.say(refused);
    }
    ask_for_a_reason(state);
}

fn ask_for_a_reason(state: &mut State) {
    let guide = state.shown_lab().and_then(|lab| lab.guide.as_ref());
    if guide.is_some_and(|guide| guide.wants_a_reason()) {
        state.over = Some(Over::Prompt(Prompt::text(Ask::Reason)));
    }
}
