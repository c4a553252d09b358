//! `faultlab lab`: the lab with a protocol or a scenario.

use std::process::ExitCode;

use crate::lab::embedded;
use crate::protocols::PROTOCOLS;
use crate::tui::Start;

use super::{Result, Trouble, input, screen};

/// What `lab` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A protocol, the name of a scenario or its file; `protocols` and `scenarios` list them
    #[arg(value_name = "PROTOCOL|SCENARIO.ron", default_value = embedded::DEFAULT)]
    what: String,
    /// The seed of the run
    #[arg(long, default_value_t = input::SEED)]
    seed: u64,
}

/// Opens the lab.
pub fn run(args: &Args) -> Result<ExitCode> {
    let is_protocol = PROTOCOLS.iter().any(|protocol| protocol.name == args.what);
    let what = if is_protocol { embedded::DEFAULT } else { &args.what };
    match screen::started(what, args.seed)? {
        Start::Replay { .. } => {
            Err(Trouble::from("that is a replay; expected a scenario: see `replay`".to_owned()))
        }
        start => screen::open(start),
    }
}
