//! What the screen begins with, and what it is given by those that may read files.

use crate::lab::{Scenario, Session, embedded, read_scenario};
use crate::lessons::LessonProgress;

/// What opens first.
#[derive(Debug)]
pub enum Start {
    /// The home screen.
    Home,
    /// A run from its beginning.
    Lab {
        /// What runs.
        scenario: Box<Scenario>,
        /// The seed of the run.
        seed: u64,
        /// What it is called on the screen.
        name: String,
    },
    /// A run that was played before, where it was left.
    Replay {
        /// The run.
        session: Box<Session>,
        /// What it is called on the screen.
        name: String,
    },
    /// A lesson, by its name.
    Lesson(String),
}

impl Start {
    /// Makes a run from its beginning.
    pub fn lab(scenario: Scenario, seed: u64, name: impl Into<String>) -> Start {
        Start::Lab { scenario: Box::new(scenario), seed, name: name.into() }
    }
}

/// Which list of the home screen something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Lessons.
    Lesson,
    /// Scenarios.
    Scenario,
    /// Replays that were kept.
    Replay,
}

/// One line of the home screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// In which list.
    pub room: Room,
    /// The name by which it is opened.
    pub name: String,
    /// One line that says what it is.
    pub line: String,
}

/// What the screen is given. The functions are called once the first frame is drawn, or later.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Options {
    /// The theme, by name.
    pub theme: String,
    /// Whether colours are left out, as `NO_COLOR` asks.
    pub no_colour: bool,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
    /// Whether messages jump rather than slide.
    pub reduced_motion: bool,
    /// The user's own keymap: the name of its file, and its text.
    pub keys: Option<(String, String)>,
    /// Lists what the home screen offers.
    pub listing: fn() -> Vec<Listed>,
    /// Opens what was chosen there, or says why it cannot be opened.
    pub open: fn(Room, &str) -> Result<Start, String>,
    /// Keeps a run and says how it is opened again, or says why it cannot be kept.
    pub share: fn(&Session) -> Result<String, String>,
    /// Returns what is kept of a lesson from earlier times, or says what was damaged.
    pub kept: fn(&str) -> Result<LessonProgress, String>,
    /// Keeps how far a lesson has come, or says why it cannot be kept.
    pub keep: fn(&str, &LessonProgress) -> Result<(), String>,
    /// A line to show first: what was damaged and set aside, for example.
    pub notice: Option<String>,
    /// Whether the key F12 makes the program panic, to try that the terminal survives it.
    pub panic_key: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            theme: "default".to_owned(),
            no_colour: false,
            ascii: false,
            reduced_motion: false,
            keys: None,
            listing: Vec::new,
            open: |_, name| Err(format!("`{name}` cannot be opened from here")),
            share: |_| Err("this run cannot be kept from here".to_owned()),
            kept: |_| Ok(LessonProgress::default()),
            keep: |_, _| Ok(()),
            notice: None,
            panic_key: false,
        }
    }
}

/// Returns the run that Enter on the home screen opens: five Raft nodes in three zones, no fault.
pub fn first_run() -> Scenario {
    let text = embedded::find(embedded::DEFAULT).expect("the default stands among the others");
    read_scenario(embedded::DEFAULT, text).expect("what comes with the program can be read")
}
