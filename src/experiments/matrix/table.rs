//! The table as JSON and as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::faults::FAULTS;
use crate::oracles::State;
use crate::protocols::PROTOCOLS;

use super::sweep::best_token;
use super::{Cell, Demand, Judgement, Sweep, glyph};

/// One computed cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The algorithm.
    pub protocol: &'static str,
    /// The class of its faults.
    pub class: String,
    /// Its number within the algorithm.
    pub id: String,
    /// The name of its scenario.
    pub scenario: String,
    /// What happens in it.
    pub title: String,
    /// What is demanded of the algorithm.
    pub demand: Demand,
    /// The verdict on the scripted run.
    pub verdict: &'static str,
    /// The property that did not hold in it.
    pub property: Option<&'static str>,
    /// Whether all that the scenario expects came true.
    pub as_expected: bool,
    /// What the variations came to, where any were played.
    pub sweep: Option<Swept>,
    /// The word that opens the run that tells most.
    pub token: String,
}

/// What the variations of a cell came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// How many seeds were tried.
    pub seeds: u64,
    /// In how many everything held.
    pub held: u64,
    /// In how many a property was violated.
    pub violated: u64,
    /// In how many nothing was violated and nothing went on.
    pub stalled: u64,
    /// How often each property did not hold.
    pub properties: BTreeMap<&'static str, u64>,
    /// Whether the cell came to what it must.
    pub as_demanded: bool,
    /// The seed of the run that tells most.
    pub telling_seed: Option<u64>,
    /// How many faults that run had.
    pub faults: Option<usize>,
    /// How many of them are left in it after those that can be spared were left out.
    pub faults_needed: Option<usize>,
    /// The word that opens it with the fewest faults.
    pub token: Option<String>,
}

impl Line {
    /// Writes down what a cell came to.
    pub fn of(cell: &Cell, scripted: &Judgement, sweep: Option<&Sweep>) -> Line {
        Line {
            protocol: cell.protocol,
            class: cell.class.clone(),
            id: cell.id.clone(),
            scenario: cell.name.clone(),
            title: cell.scenario.title.clone(),
            demand: cell.demand(),
            verdict: scripted.state.word(),
            property: scripted.property,
            as_expected: scripted.as_expected,
            sweep: sweep.map(|sweep| Swept::of(sweep, cell)),
            token: best_token(cell, sweep),
        }
    }

    /// Returns whether the cell came to what it must, in its script and over its seeds.
    pub fn is_right(&self) -> bool {
        self.as_expected && self.sweep.as_ref().is_none_or(|sweep| sweep.as_demanded)
    }

    /// Returns the glyph of the verdict on the scripted run.
    pub fn mark(&self) -> char {
        let states = [State::Held, State::Violated, State::Stalled];
        let state = states.into_iter().find(|state| state.word() == self.verdict);
        state.map_or('?', glyph)
    }
}

impl Swept {
    fn of(sweep: &Sweep, cell: &Cell) -> Swept {
        let telling = sweep.telling.as_ref();
        Swept {
            seeds: sweep.seeds,
            held: sweep.held,
            violated: sweep.violated,
            stalled: sweep.stalled,
            properties: sweep.properties.clone(),
            as_demanded: sweep.is_as_demanded(cell),
            telling_seed: telling.map(|telling| telling.seed),
            faults: telling.map(|telling| telling.faults.0),
            faults_needed: telling.map(|telling| telling.faults.1),
            token: telling.map(|telling| telling.token.clone()),
        }
    }
}

/// Writes the table: a grid of algorithms and classes, then a line for each cell.
pub fn in_words(lines: &[Line]) -> String {
    let mut text = grid(lines);
    text.push_str("\n✓ held   ✗ violated   … stalled   ! not what the cell demands\n");
    let mut protocol = "";
    for line in lines {
        if line.protocol != protocol {
            protocol = line.protocol;
            let _ = writeln!(text, "\n{protocol}");
        }
        let flag = if line.is_right() { ' ' } else { '!' };
        let verdict = match line.property {
            Some(property) => format!("{}: {property}", line.verdict),
            None => line.verdict.to_owned(),
        };
        let over = line.sweep.as_ref().map_or_else(String::new, |sweep| {
            let Swept { seeds, held, violated, stalled, .. } = sweep;
            format!("; of {seeds} seeds {held} held, {violated} violated, {stalled} stalled")
        });
        let (id, mark) = (&line.id, line.mark());
        let _ = writeln!(text, " {flag}{id:<4} {mark} {}", line.title);
        let _ = writeln!(text, "         {verdict}{over}");
        let _ = writeln!(text, "         {} · faultlab lab {}", line.class, line.scenario);
        let unexpected = line.sweep.as_ref().filter(|_| !line.is_right());
        if let Some(token) = unexpected.and_then(|sweep| sweep.token.as_ref()) {
            let _ = writeln!(text, "         faultlab replay {token}");
        }
    }
    text
}

fn grid(lines: &[Line]) -> String {
    let names: Vec<&str> = FAULTS.iter().map(|class| class.name).collect();
    let protocols = PROTOCOLS.iter().map(|entry| entry.name);
    let protocols: Vec<&str> =
        protocols.filter(|name| lines.iter().any(|line| line.protocol == *name)).collect();
    let cell = |protocol: &str, class: &str| {
        let here = lines.iter().filter(|line| line.protocol == protocol && line.class == class);
        let marks = here.map(|line| {
            let flag = if line.is_right() { "" } else { "!" };
            format!("{flag}{}{}", line.mark(), line.id)
        });
        marks.collect::<Vec<_>>().join(" ")
    };
    let first = protocols.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    for name in names {
        let cells: Vec<String> = protocols.iter().map(|protocol| cell(protocol, name)).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            columns.push((name, cells));
        }
    }
    let width = |(name, cells): &(&str, Vec<String>)| {
        cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.len())
    };
    let mut text = format!("{:first$}", "");
    for column in &columns {
        let _ = write!(text, "  {:<1$}", column.0, width(column));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for (k, protocol) in protocols.iter().enumerate() {
        let mut line = format!("{protocol:first$}");
        for column in &columns {
            let _ = write!(line, "  {:<1$}", column.1[k], width(column));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
