//! The table of algorithms and failure classes, computed: a failure model is a correctness
//! precondition, and each cell shows it by runs.
//!
//! A cell is a scenario that comes with the program and says which: `S…` for what its algorithm
//! must survive, `V…` for what must break or stall it. Here: the cells, the verdict on one run,
//! the variations of a cell over seeds, and the search for the fewest faults that still break it.
//! Absent on purpose: any outcome written down. A cell says what its scenario expects, and beside
//! it what the runs came to.

pub mod judge;
mod shrink;
pub mod sweep;
pub mod table;
mod vary;

use serde::Serialize;

use crate::lab::replay::Replay;
use crate::lab::{Report, Scenario, Session, embedded, read_scenario};
use crate::oracles::State;
use crate::sim::Instant;

pub use judge::{Judgement, judge};
pub use sweep::{Sweep, sweep};

/// The seed of every scripted run.
pub const SEED: u64 = 1;

/// A cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The algorithm, by its name in the catalogue.
    pub protocol: &'static str,
    /// The class of its faults, by its name in the taxonomy.
    pub class: String,
    /// Its number within the algorithm: `S1`, `V2`.
    pub id: String,
    /// The name of its scenario.
    pub name: String,
    /// What runs.
    pub scenario: Scenario,
}

/// What a cell's scenario demands of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// It must survive.
    Survive,
    /// It must break or stall.
    Break,
}

impl Cell {
    /// Makes a cell of a scenario; `None` where the scenario is none.
    pub fn of(name: &str, scenario: Scenario) -> Option<Cell> {
        let place = scenario.cell.clone()?;
        let protocol = scenario.protocol.entry().name;
        Some(Cell { protocol, class: place.class, id: place.id, name: name.to_owned(), scenario })
    }

    /// Returns what is demanded of the algorithm.
    pub fn demand(&self) -> Demand {
        if self.id.starts_with('S') { Demand::Survive } else { Demand::Break }
    }

    /// Plays the scripted run.
    pub fn play(&self) -> Judgement {
        judge(&self.scenario, SEED)
    }

    /// Returns the word that opens the scripted run at its end.
    pub fn token(&self) -> String {
        token(&self.scenario, SEED)
    }
}

/// Returns every cell, in the order of the algorithms, then of their numbers.
///
/// # Errors
/// Where a scenario that comes with the program cannot be read.
pub fn cells() -> Result<Vec<Cell>, Report> {
    let mut cells = Vec::new();
    for (name, text) in embedded::SCENARIOS {
        cells.extend(Cell::of(name, read_scenario(name, text)?));
    }
    let order = |protocol: &str| {
        crate::protocols::PROTOCOLS.iter().position(|entry| entry.name == protocol)
    };
    cells.sort_by(|a, b| (order(a.protocol), &a.id).cmp(&(order(b.protocol), &b.id)));
    Ok(cells)
}

/// Returns the word that opens a run at its end.
pub fn token(scenario: &Scenario, seed: u64) -> String {
    let until = Instant(scenario.until.0);
    let mut session = Session::new(scenario.clone(), seed);
    session.advance_to(until, u64::MAX);
    Replay::of(&session).to_token()
}

/// Returns the glyph of a verdict, as the table has it.
pub const fn glyph(state: State) -> char {
    match state {
        State::Held => '✓',
        State::Violated => '✗',
        State::Stalled => '…',
    }
}
