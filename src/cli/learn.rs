//! `faultlab learn`: a lesson.

use std::process::ExitCode;

use crate::lessons::LESSONS;
use crate::tui::Start;

use super::{Result, Trouble, screen};

/// What `learn` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lesson; the home screen where none is named
    lesson: Option<String>,
}

/// Opens the lesson.
pub fn run(args: Args) -> Result<ExitCode> {
    let Some(name) = args.lesson else { return screen::open(Start::Home) };
    if !LESSONS.iter().any(|(known, _)| *known == name) {
        let names: Vec<&str> = LESSONS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(Trouble::from(format!("there is no lesson `{name}`; expected one of {names}")));
    }
    screen::open(Start::Lesson(name))
}
