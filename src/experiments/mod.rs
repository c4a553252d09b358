//! Many runs, no screen: what the algorithms do when they are measured, beside what was published.
//!
//! Here: the catalogue, the parameters and how they are read, trials spread over the cores, the
//! statistics and the table. Absent on purpose: any model of its own. An experiment sets up a real
//! world with the real algorithm and counts what happens; a formula stands beside it, never in it.
//! Threads live here and nowhere else below `main`: each trial is a world of its own with a seed of
//! its own, and results are taken in the order of the trials, so that the output is the same on one
//! core and on many.
//!
//! To add one: a file here, and its line in `EXPERIMENTS`; figures to hold it against go into
//! `published/`, with their source.

pub mod commit_blocking;
pub mod common_cause;
pub mod divergence;
pub mod flp;
pub mod lattice;
pub mod matrix;
pub mod messages;
pub mod parameter;
pub mod phi;
pub mod published;
pub mod raft_election;
pub mod raft_storm;
pub mod retry_storm;
pub mod rumour;
mod silent;
pub mod split_vote;
pub mod statistics;
pub mod swim;
pub mod table;
mod trials;

use serde::Serialize;

pub use parameter::{Parameter, Settings};
pub use published::Published;
pub use table::{Cell, Row};
pub use trials::Trials;

/// The most trials that one experiment makes: what is measured no longer changes long before.
pub const TRIALS_MAX: u64 = 1_000_000;

/// Something that can be measured.
#[derive(Debug)]
pub struct Experiment {
    /// The name by which the command line knows it.
    pub name: &'static str,
    /// One line that says what is measured.
    pub title: &'static str,
    /// What may be set, each with its unit, default and bounds.
    pub parameters: &'static [Parameter],
    /// How many trials are made where nobody says.
    pub trials: u64,
    /// Measures.
    ///
    /// # Errors
    /// Says which parameters do not go together.
    pub measure: fn(&Settings, &Trials) -> Result<Measured, String>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// One row for each setting that was tried.
    pub rows: Vec<Row>,
    /// What was published for these settings, where something was.
    pub published: Option<Published>,
}

/// What was measured, with all that is needed to measure it again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Which experiment.
    pub experiment: &'static str,
    /// The parameters, those too that nobody set.
    pub parameters: Settings,
    /// The seed that the seed of each trial is derived from.
    pub seed: u64,
    /// How many trials were made for each row.
    pub trials: u64,
    /// One row for each setting that was tried.
    pub rows: Vec<Row>,
    /// What was published for these settings, where something was.
    pub published: Option<Published>,
}

/// Everything that can be measured.
pub const EXPERIMENTS: &[&Experiment] = &[
    &messages::EXPERIMENT,
    &commit_blocking::EXPERIMENT,
    &raft_election::EXPERIMENT,
    &split_vote::EXPERIMENT,
    &raft_storm::EXPERIMENT,
    &rumour::EXPERIMENT,
    &swim::EXPERIMENT,
    &flp::EXPERIMENT,
    &common_cause::EXPERIMENT,
    &retry_storm::EXPERIMENT,
    &phi::EXPERIMENT,
    &divergence::EXPERIMENT,
];

/// Finds an experiment by its name.
///
/// # Errors
/// Names those that there are.
pub fn find(name: &str) -> Result<&'static Experiment, String> {
    EXPERIMENTS.iter().find(|experiment| experiment.name == name).copied().ok_or_else(|| {
        let names: Vec<&str> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
        format!("there is no experiment `{name}`; expected one of {}", names.join(", "))
    })
}

impl Experiment {
    /// Measures with these settings, each as `name=value`; what is not set has its default.
    ///
    /// # Errors
    /// Says which setting is wrong, and what was expected.
    pub fn run(
        &self,
        settings: &[String],
        trials: Option<u64>,
        seed: u64,
        threads: usize,
    ) -> Result<Outcome, String> {
        let parameters = Settings::read(self.parameters, settings)?;
        let count = trials.unwrap_or(self.trials);
        if !(1..=TRIALS_MAX).contains(&count) {
            return Err(format!("`{count}` trials; expected 1 to {TRIALS_MAX}"));
        }
        let trials = Trials { count, seed, threads };
        let Measured { rows, published } = (self.measure)(&parameters, &trials)?;
        Ok(Outcome { experiment: self.name, parameters, seed, trials: count, rows, published })
    }
}
