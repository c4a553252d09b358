//! `faultlab lab`: the lab with a protocol or a scenario.

use std::process::ExitCode;

use crate::lab::embedded;
use crate::protocols::PROTOCOLS;

use super::input::{self, Given};
use super::screen::{self, Start};
use super::{Result, Trouble};

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
    match input::given(what)? {
        Given::Scenario(name, scenario) => screen::open(Start::Lab(scenario, args.seed, name)),
        Given::Replay(_) => {
            Err(Trouble::from("that is a replay; expected a scenario: see `replay`".to_owned()))
        }
    }
}
