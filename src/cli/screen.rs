//! Opening the screen.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use crate::lab::{Scenario, Session};

use super::{Result, Trouble};

/// What the screen opens with.
#[derive(Debug)]
pub enum Start {
    /// The home screen.
    Home,
    /// A run from its beginning: scenario, seed, name.
    Lab(Box<Scenario>, u64, String),
    /// A run where it was left.
    Replay(Box<Session>),
    /// A lesson.
    Lesson(String),
}

/// Opens the home screen.
pub fn home() -> Result<ExitCode> {
    open(Start::Home)
}

/// Opens the screen and stays until the reader leaves it.
pub fn open(start: Start) -> Result<ExitCode> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let message = "the lab needs a terminal; without one, use `faultlab run SCENARIO.ron`";
        return Err(Trouble::from(message.to_owned()));
    }
    drop(start);
    Err(Trouble::from("this build has no screen; use `faultlab run SCENARIO.ron`".to_owned()))
}
