//! `faultlab run`: one run without a screen, and what came of it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::lab::replay::MOVES_MAX;
use crate::lab::{Replay, Seek, Session};
use crate::sim::Instant;

use super::input::{self, Given};
use super::outcome::Outcome;
use super::{NOT_AS_EXPECTED, Result, Trouble, journal, say, say_json, why};

/// What `run` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a scenario, its file, or a token; `scenarios` lists those that come along
    #[arg(value_name = "SCENARIO.ron|TOKEN")]
    what: String,
    /// The seed; a token has its own
    #[arg(long)]
    seed: Option<u64>,
    /// When to end, such as 60s; the scenario and the token have an end of their own
    #[arg(long, value_name = "TIME", value_parser = input::instant)]
    until: Option<Instant>,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    /// Write what happened, one JSON line for each record
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the calls and returns of the clients, one JSON line each
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// Runs.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (name, session) = play(&args.what, args.seed, args.until)?;
    if args.trace.is_some() || args.history.is_some() {
        journal::write(&session, args.trace.as_deref(), args.history.as_deref())?;
    }
    let outcome = Outcome::of(&name, &session, &why::chains(&session));
    if args.json {
        say_json(&outcome)?;
    } else {
        say(&outcome)?;
    }
    let as_expected = outcome.as_expected();
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_EXPECTED) })
}

/// Plays what an argument names to its end, or to another instant; returns its name too.
pub fn play(what: &str, seed: Option<u64>, until: Option<Instant>) -> Result<(String, Session)> {
    match input::given(what)? {
        Given::Scenario(name, scenario) => {
            let until = until.unwrap_or(Instant(scenario.until.0));
            let mut session = Session::new(*scenario, seed.unwrap_or(input::SEED));
            if !session.advance_to(until, MOVES_MAX) {
                let at = session.clock();
                let message = format!("`{what}` takes more than {MOVES_MAX} moves; it got to {at}");
                return Err(Trouble::from(message));
            }
            Ok((name, session))
        }
        Given::Replay(replay) => {
            if seed.is_some() {
                let message = "--seed: a replay has its own seed; expected none".to_owned();
                return Err(Trouble::from(message));
            }
            let name = replay.name().unwrap_or("replay").to_owned();
            Ok((name, again(&replay, until)?))
        }
    }
}

/// Plays a run that was kept as far as it had come, or to another instant.
fn again(replay: &Replay, until: Option<Instant>) -> Result<Session> {
    if let Some(until) = until {
        return Ok(replay.play_to(until)?);
    }
    let mut session = replay.open()?;
    let clock = session.clock();
    session.seek(Seek::End);
    // The end of a run lies at the end of an instant: all that is due at it has happened.
    session.advance_to(session.clock().max(clock), MOVES_MAX);
    Ok(session)
}
