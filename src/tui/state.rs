//! All that the screen knows: what is open, what lies over it, and what is said.

use std::collections::VecDeque;

use ratatui::layout::{Position, Rect};

use crate::lab::Session;

use super::boards::Board;
use super::guide;
use super::home::Home;
use super::keys::{Keymap, KeysError};
use super::lab::Lab;
use super::moment::{Hit, Pane};
use super::palette::Palette;
use super::prompt::Prompt;
use super::start::{Options, Start, first_run};
use super::theme::Theme;

/// How many ticks of a running lab a toast stays: about five seconds. A key takes it away at once.
const TOAST_TICKS: u32 = 150;
/// How many toasts are kept to be read again in the log.
const SAID_MAX: usize = 32;

/// Which screen is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The home screen.
    Home,
    /// The lab.
    Lab,
}

/// What lies over the screen and has the keys.
#[derive(Debug)]
pub enum Over {
    /// Help, scrolled down so many rows.
    Help(usize),
    /// The palette.
    Palette(Palette),
    /// A question that waits for an answer.
    Prompt(Prompt),
    /// Why the finding in question came about.
    Why,
    /// A page of its own.
    Board(Board),
}

/// One line to the reader: what was done, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// The line.
    pub text: String,
    ticks: u32,
}

/// What the last frame put where, for the mouse and the arrow keys.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What of the lab can be hit; what lies on top comes last.
    pub hits: Vec<Hit>,
    /// Rows of a list, each with its place in it.
    pub rows: Vec<(Rect, usize)>,
    /// Where text is being typed.
    pub cursor: Option<Position>,
}

/// All that the screen knows.
#[derive(Debug)]
pub struct State {
    /// Which screen is open.
    pub place: Place,
    /// The run, if one is open; it waits while the home screen is shown.
    pub lab: Option<Box<Lab>>,
    /// The home screen.
    pub home: Home,
    /// What lies over the screen.
    pub over: Option<Over>,
    /// What is said.
    pub toast: Option<Toast>,
    /// What was said, newest last.
    pub said: VecDeque<String>,
    /// What the screen was given.
    pub options: Options,
    /// The keymap.
    pub keymap: Keymap,
    /// The theme.
    pub theme: Theme,
    /// What the last frame put where.
    pub drawn: Drawn,
    /// The size of the terminal, in columns and rows.
    pub size: (u16, u16),
    /// Whether the program shall end.
    pub quit: bool,
    /// Whether the terminal shall be given back to the shell for a while.
    pub suspend: bool,
}

impl State {
    /// Begins.
    ///
    /// # Errors
    /// Says what is wrong with the user's keymap.
    pub fn new(start: Start, options: Options) -> Result<State, KeysError> {
        let mut keymap = Keymap::default();
        if let Some((file, text)) = &options.keys {
            keymap.change(file, text)?;
        }
        let theme = theme(&options, &options.theme);
        let mut state = State {
            place: Place::Home,
            lab: None,
            home: Home::default(),
            over: None,
            toast: None,
            said: VecDeque::new(),
            keymap,
            theme: theme.unwrap_or_default(),
            drawn: Drawn::default(),
            size: (80, 24),
            quit: false,
            suspend: false,
            options,
        };
        if let Some(notice) = state.options.notice.take() {
            state.say(notice);
        }
        state.open(start);
        Ok(state)
    }

    /// Opens a run, or the home screen.
    pub fn open(&mut self, start: Start) {
        match start {
            Start::Home => self.place = Place::Home,
            Start::Lab { scenario, seed, name } => {
                self.enter(Lab::new(Session::new(*scenario, seed), name));
            }
            Start::Replay { session, name } => {
                let mut lab = Lab::new(*session, name);
                lab.running = false;
                self.enter(lab);
            }
            Start::Lesson(name) => {
                self.place = Place::Home;
                guide::open(self, &name);
            }
        }
    }

    /// Opens the run that the home screen offers first.
    pub fn open_first_run(&mut self) {
        self.open(Start::lab(first_run(), 1, "first run"));
    }

    /// Puts a run on the screen.
    pub(super) fn enter(&mut self, lab: Lab) {
        self.lab = Some(Box::new(lab));
        self.place = Place::Lab;
        self.over = None;
        self.drawn = Drawn::default();
    }

    /// Says one line to the reader.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        tracing::info!(target: "program", "{text}");
        if self.said.len() == SAID_MAX {
            self.said.pop_front();
        }
        self.said.push_back(text.clone());
        self.toast = Some(Toast { text, ticks: TOAST_TICKS });
    }

    /// Lets the toast grow older by a tick.
    pub(super) fn age_toast(&mut self) {
        if let Some(toast) = &mut self.toast {
            toast.ticks = toast.ticks.saturating_sub(1);
        }
        self.toast.take_if(|toast| toast.ticks == 0);
    }

    /// Returns the run that is on the screen.
    pub fn shown_lab(&mut self) -> Option<&mut Lab> {
        self.lab.as_deref_mut().filter(|_| self.place == Place::Lab)
    }

    /// Returns whether something goes on without a key: then the loop ticks.
    pub fn is_busy(&self) -> bool {
        matches!(&self.over, Some(Over::Board(board)) if board.is_busy()) || self.runs()
    }

    /// Returns whether the run on the screen goes on without a key.
    fn runs(&self) -> bool {
        self.place == Place::Lab && self.lab.as_ref().is_some_and(|lab| lab.is_busy())
    }

    /// Returns whether virtual time stands, and only a question is being answered.
    pub fn only_asks(&self) -> bool {
        self.is_busy() && self.lab.as_ref().is_some_and(|lab| !lab.running)
    }

    /// Takes the theme of this name; says where there is none.
    pub fn take_theme(&mut self, name: &str) {
        match theme(&self.options, name) {
            Some(theme) => self.theme = theme,
            None => self.say(format!("`{name}` is no theme")),
        }
    }

    /// Says why Enter opens nothing, or `None` where it does.
    pub(super) fn nothing_to_open(&self) -> Option<&'static str> {
        let lab = self.lab.as_ref().filter(|_| self.place == Place::Lab)?;
        let picks_events = matches!(lab.focus, Pane::Events | Pane::Chain | Pane::Timeline);
        (picks_events && lab.event.is_none()).then_some("select an event first, with the arrows")
    }
}

fn theme(options: &Options, name: &str) -> Option<Theme> {
    let theme = Theme::named(name)?.with_ascii(options.ascii);
    Some(if options.no_colour { theme.without_colour() } else { theme })
}
