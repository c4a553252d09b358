//! `faultlab experiment`: one measurement.

use std::fmt::Write;
use std::process::ExitCode;

use crate::experiments::table::in_columns;
use crate::experiments::{self, Outcome};

use super::{Result, input, say, say_json};

/// What `experiment` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which; `experiments` lists them with their parameters
    name: String,
    /// Set a parameter
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// How many trials for each row; each experiment has its own default
    #[arg(long)]
    trials: Option<u64>,
    /// The seed that the seed of each trial is derived from
    #[arg(long, default_value_t = input::SEED)]
    seed: u64,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// Measures.
pub fn run(args: &Args) -> Result<ExitCode> {
    let experiment = experiments::find(&args.name)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcome = experiment.run(&args.set, args.trials, args.seed, threads)?;
    if args.json {
        say_json(&outcome)?;
    } else {
        say(in_words(experiment.title, &outcome))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(title: &str, outcome: &Outcome) -> String {
    let mut text = String::new();
    let Outcome { experiment, parameters, seed, trials, rows, published } = outcome;
    let _ = writeln!(text, "{experiment}: {title}");
    let _ = writeln!(text, "{parameters}, {trials} trials, seed {seed}\n");
    text.push_str(&in_columns(rows));
    if let Some(published) = published {
        let _ =
            write!(text, "\npublished: {}\n\n{}", published.source, in_columns(&published.rows));
    }
    text
}
