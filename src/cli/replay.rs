//! `faultlab replay`: a run where it was left.

use std::process::ExitCode;

use super::input::{self, Given};
use super::screen::{self, Start};
use super::{Result, Trouble};

/// What `replay` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A token, or a file with a replay
    #[arg(value_name = "TOKEN|FILE")]
    replay: String,
}

/// Opens the run.
pub fn run(args: &Args) -> Result<ExitCode> {
    match input::given(&args.replay)? {
        Given::Replay(replay) => screen::open(Start::Replay(Box::new(replay.open()?))),
        Given::Scenario(..) => {
            Err(Trouble::from("that is a scenario; expected a replay: see `lab`".to_owned()))
        }
    }
}
