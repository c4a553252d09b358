//! `faultlab replay`: a run where it was left.

use std::process::ExitCode;

use crate::tui::Start;

use super::{Result, Trouble, input, screen};

/// What `replay` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A token, or a file with a replay
    #[arg(value_name = "TOKEN|FILE")]
    replay: String,
}

/// Opens the run.
pub fn run(args: &Args) -> Result<ExitCode> {
    match screen::started(&args.replay, input::SEED)? {
        start @ Start::Replay { .. } => screen::open(start),
        _ => Err(Trouble::from("that is a scenario; expected a replay: see `lab`".to_owned())),
    }
}
