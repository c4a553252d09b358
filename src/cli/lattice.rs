//! `faultlab lattice`: which class of failure can imitate which, each arrow proved by runs.

use std::process::ExitCode;

use serde_json::json;

use crate::experiments::Trials;
use crate::experiments::lattice::{ARROWS, BOUNDS, Proved};

use super::{NOT_AS_EXPECTED, Result, input, say, say_json};

/// What `lattice` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many runs, or pairs of runs, each arrow is held against
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    trials: u64,
    /// The seed that the seed of each run is derived from
    #[arg(long, default_value_t = input::SEED)]
    seed: u64,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// Proves every arrow.
pub fn run(args: &Args) -> Result<ExitCode> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let trials = Trials { count: args.trials, seed: args.seed, threads };
    let mut proved: Vec<Proved> = Vec::new();
    for arrow in ARROWS {
        proved.push(arrow.prove(&trials)?);
    }
    let borne_out = ARROWS.iter().zip(&proved).all(|(a, p)| p.imitates == Some(a.claims()));
    if args.json {
        say_json(&json!({ "arrows": proved, "bounds": BOUNDS }))?;
    } else {
        for one in &proved {
            let how = match one.imitates {
                Some(true) => "can imitate",
                Some(false) => "cannot imitate",
                None => "may or may not imitate",
            };
            let (by, of) = (one.by.word(), one.of.word());
            say(format_args!("{by} {how} {of}: {}\n  {}\n", one.says, one.evidence))?;
        }
        say(format_args!("\nfewest nodes for t faults   synchronous  asynchronous  partially\n"))?;
        for bound in BOUNDS {
            let (sync, none) = (bound.synchronous, bound.asynchronous);
            let line = format!("{:<27} {sync:<12} {none:<13} {}", bound.fault, bound.partial);
            say(format_args!("{line}\n"))?;
        }
        say(format_args!("(Dwork, Lynch and Stockmeyer, JACM 1988, table I)\n"))?;
    }
    Ok(if borne_out { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_EXPECTED) })
}
