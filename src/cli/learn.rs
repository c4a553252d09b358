//! `faultlab learn`: a lesson.

use std::process::ExitCode;

use crate::tui::Start;

use super::{Result, screen};

/// What `learn` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lesson; the home screen where none is named
    lesson: Option<String>,
}

/// Opens the lesson.
pub fn run(args: Args) -> Result<ExitCode> {
    screen::open(args.lesson.map_or(Start::Home, Start::Lesson))
}
