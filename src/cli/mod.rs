//! The command line: one file a subcommand, each of which reads its arguments, does one thing and
//! returns an exit code.
//!
//! Exit codes: 0 where all went as expected; 1 where a run did not come to what was expected of it;
//! 2 for bad input, with one error on standard error and nothing on standard output.
//!
//! Absent on purpose: any work that a room below could do, and any line of its own on standard
//! output but the answer; with `--json` that is one object.
//!
//! To add a subcommand: a file here with its arguments and its `run`, and its line in `Command`.

mod check;
mod completions;
mod experiment;
mod input;
mod journal;
mod lab;
mod lattice;
mod learn;
mod list;
mod man;
mod matrix;
mod outcome;
mod protocols;
mod render;
mod replay;
mod run;
mod screen;
mod why;

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::files::FileError;
use crate::lab::Report;
use crate::lab::replay::Refusal;
use crate::tui::Start;

/// The exit code of a run that did not come to what was expected of it.
pub const NOT_AS_EXPECTED: u8 = 1;
/// The exit code of bad input.
pub const BAD_INPUT: u8 = 2;

/// A lab in which you break a cluster on purpose, and watch a fault become an error become a
/// failure, or be contained.
#[derive(Debug, Parser)]
#[command(name = "faultlab", version, about, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER: &str = "\
Without a subcommand the home screen opens.
Exit codes: 0 as expected, 1 not as expected, 2 bad input.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the lab with a protocol or a scenario
    Lab(lab::Args),
    /// Open a lesson
    Learn(learn::Args),
    /// Open a run where it was left
    Replay(replay::Args),
    /// Run a scenario without a screen and say what came of it
    Run(run::Args),
    /// Read lessons and scenarios, and play each to its end
    Check(check::Args),
    /// Draw a run at a moment as a picture
    Render(render::Args),
    /// Measure, beside what was published
    Experiment(experiment::Args),
    /// Compute the table of algorithms and failure classes
    Matrix(matrix::Args),
    /// Prove which class of failure can imitate which
    Lattice(lattice::Args),
    /// List the experiments
    Experiments(list::Args),
    /// List the lessons
    Lessons(list::Args),
    /// List the protocols
    Protocols(protocols::Args),
    /// List the classes of faults
    Faults(list::Args),
    /// List the mechanisms that contain
    Mechanisms(list::Args),
    /// List the scenarios that come with the program
    Scenarios(list::Args),
    /// Write a script with which a shell completes commands
    Completions(completions::Args),
    /// Write the manual page
    Man(man::Args),
}

/// Why a subcommand came to no end of its own.
#[derive(Debug)]
pub enum Trouble {
    /// What the user gave is wrong: one error, ready to be shown.
    Input(String),
    /// Nobody reads what is written any more.
    Unread,
    /// The terminal failed.
    Terminal(color_eyre::Report),
}

type Result<T> = std::result::Result<T, Trouble>;

impl Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Input(text) => f.write_str(text.trim_end()),
            Trouble::Unread => f.write_str("nobody reads what is written"),
            Trouble::Terminal(report) => write!(f, "{report}"),
        }
    }
}

impl From<String> for Trouble {
    fn from(message: String) -> Trouble {
        Trouble::Input(format!("error: {message}"))
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Trouble {
        Trouble::from(error.to_string())
    }
}

impl From<Report> for Trouble {
    fn from(report: Report) -> Trouble {
        Trouble::Input(report.to_string())
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        match refusal {
            Refusal::Unreadable(report) => Trouble::from(*report),
            other => Trouble::from(other.to_string()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            ErrorKind::BrokenPipe => Trouble::Unread,
            _ => Trouble::from(format!("standard output: {error}")),
        }
    }
}

/// Reads the arguments and does what they say.
///
/// # Errors
/// Where the terminal fails.
pub fn main() -> color_eyre::Result<ExitCode> {
    match dispatch(Cli::parse()) {
        Ok(code) => Ok(code),
        // As with any other program of a pipeline, whose reader has seen enough.
        Err(Trouble::Unread) => Ok(ExitCode::SUCCESS),
        Err(Trouble::Terminal(report)) => Err(report),
        Err(trouble @ Trouble::Input(_)) => {
            let _ = writeln!(io::stderr(), "{trouble}");
            Ok(ExitCode::from(BAD_INPUT))
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => screen::open(Start::Home),
        Some(Command::Lab(args)) => lab::run(&args),
        Some(Command::Learn(args)) => learn::run(args),
        Some(Command::Replay(args)) => replay::run(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Experiment(args)) => experiment::run(&args),
        Some(Command::Matrix(args)) => matrix::run(&args),
        Some(Command::Lattice(args)) => lattice::run(&args),
        Some(Command::Experiments(args)) => list::experiments(args),
        Some(Command::Lessons(args)) => list::lessons(args),
        Some(Command::Protocols(args)) => protocols::run(&args),
        Some(Command::Faults(args)) => list::faults(args),
        Some(Command::Mechanisms(args)) => list::mechanisms(args),
        Some(Command::Scenarios(args)) => list::scenarios(args),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man(args)) => man::run(&args),
    }
}

/// Writes to standard output.
fn say(text: impl Display) -> Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Writes one object to standard output.
fn say_json(object: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(object).expect("plain data has a form in JSON");
    say(format_args!("{text}\n"))
}
