//! `faultlab check`: reads lessons and scenarios and plays each to its end.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::files;
use crate::lab::reading::FILE_BYTES_MAX;
use crate::lab::{Scenario, Trial, embedded, read_scenario, read_text};
use crate::lessons::{self, LESSONS};
use crate::sim::{Instant, Keep};

use super::{BAD_INPUT, NOT_AS_EXPECTED, Result, input, say};

/// What `check` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders; what comes with the program where none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The seed of each run
    #[arg(long, default_value_t = input::SEED)]
    seed: u64,
}

/// Checks each and goes on to the next; the exit code is the worst of all.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut worst = 0;
    if args.paths.is_empty() {
        for (name, text) in LESSONS.iter().chain(embedded::SCENARIOS) {
            worst = worst.max(one(name, text.as_bytes(), args.seed)?);
        }
    }
    for path in &args.paths {
        let files = if path.is_dir() { files::by_name(path, ".ron")? } else { vec![path.clone()] };
        for file in files {
            worst = worst.max(file_at(&file, args.seed)?);
        }
    }
    Ok(ExitCode::from(worst))
}

fn file_at(path: &Path, seed: u64) -> Result<u8> {
    one(&path.display().to_string(), &files::read_bytes(path, FILE_BYTES_MAX as u64)?, seed)
}

/// Checks one file and says what is wrong with it; returns the exit code that it asks for.
fn one(name: &str, bytes: &[u8], seed: u64) -> Result<u8> {
    let found = read_text(name, bytes).map_err(|report| vec![report]);
    let found = found.and_then(|text| {
        if is_lesson(text) {
            let reports = lessons::lint(name, text);
            return if reports.is_empty() { Ok(Vec::new()) } else { Err(reports) };
        }
        let scenario = read_scenario(name, text).map_err(|report| vec![report])?;
        Ok(unmet(&scenario, seed))
    });
    match found {
        Ok(unmet) if unmet.is_empty() => {
            say(format_args!("{name}: ok\n"))?;
            Ok(0)
        }
        Ok(unmet) => {
            say(format_args!("{name}: not met: {}\n", unmet.join(", ")))?;
            Ok(NOT_AS_EXPECTED)
        }
        Err(reports) => {
            for report in &reports {
                eprintln!("{report}");
            }
            Ok(BAD_INPUT)
        }
    }
}

/// Tells a lesson from a scenario: by its own word, or by the list that only a lesson has.
fn is_lesson(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("Lesson(") || line.starts_with("beats:"))
}

/// Plays a scenario to its end; returns what was expected and did not come true.
fn unmet(scenario: &Scenario, seed: u64) -> Vec<String> {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let until = Instant(scenario.until.0);
    trial.run(until, |_, _| ControlFlow::Continue(()));
    let verdicts = trial.panel().verdicts(until);
    let unmet = scenario.expect.iter().filter(|expectation| !expectation.is_met(&verdicts));
    unmet.map(|e| format!("{}({:?})", e.word(), e.property())).collect()
}
