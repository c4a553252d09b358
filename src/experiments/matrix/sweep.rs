//! A cell over many seeds.

use std::collections::BTreeMap;

use crate::oracles::State;

use super::judge::{Judgement, breaking, judge, judge_soon};
use super::shrink::shrink;
use super::vary::vary;
use super::{Cell, Demand, SEED, token};
use crate::experiments::Trials;

/// How many of the runs that fell are played to their end to find one that shows all.
const LOOKED_AT: usize = 5;

/// What the variations of a cell came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// How many seeds were tried.
    pub seeds: u64,
    /// In how many everything held.
    pub held: u64,
    /// In how many a property was violated.
    pub violated: u64,
    /// In how many nothing was violated and nothing went on.
    pub stalled: u64,
    /// How often each property did not hold, by its name.
    pub properties: BTreeMap<&'static str, u64>,
    /// The seed of the run that tells most: of what the cell is about the earliest, or of what it
    /// must not show the first.
    pub telling: Option<Telling>,
}

/// One run of a sweep that is worth opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Its seed.
    pub seed: u64,
    /// The verdict on it.
    pub state: State,
    /// The property that did not hold.
    pub property: Option<&'static str>,
    /// How many faults it had, and how many are left after those that can be spared were left out.
    pub faults: (usize, usize),
    /// The word that opens it, with the fewest faults.
    pub token: String,
}

/// Plays a cell over seeds; `trials.count` of them.
pub fn sweep(cell: &Cell, trials: &Trials) -> Sweep {
    let found = trials.run(|seed| (seed, judge_soon(&vary(&cell.scenario, seed), seed)));
    let count = |state| found.iter().filter(|(_, found)| found.state == state).count() as u64;
    let mut properties = BTreeMap::new();
    for property in found.iter().filter_map(|(_, found)| found.property) {
        *properties.entry(property).or_insert(0) += 1;
    }
    Sweep {
        seeds: trials.count,
        held: count(State::Held),
        violated: count(State::Violated),
        stalled: count(State::Stalled),
        properties,
        telling: telling(cell, &found),
    }
}

/// Picks the run that is worth opening. Where a cell must be survived, that is the first in which
/// it was not; where it must break, the first that breaks otherwise than its scenario says, and
/// without such a one the soonest that comes to all that its scenario expects.
fn telling(cell: &Cell, found: &[(u64, Judgement)]) -> Option<Telling> {
    let mut fallen: Vec<_> = found.iter().filter(|(_, found)| found.state != State::Held).collect();
    let foreseen = |found: &Judgement| {
        let named = found.property.is_some_and(|name| breaking(&cell.scenario, name));
        cell.demand() == Demand::Break && named
    };
    fallen.sort_by_key(|(_, found)| (foreseen(found), found.at));
    let mut best = None;
    for (seed, found) in fallen.into_iter().take(LOOKED_AT) {
        let varied = vary(&cell.scenario, *seed);
        let judgement = judge(&varied, *seed);
        let tells_all = !foreseen(found) || judgement.as_expected;
        if tells_all || best.is_none() {
            best = Some((*seed, varied, judgement));
        }
        if tells_all {
            break;
        }
    }
    let (seed, varied, judgement) = best?;
    let least = shrink(&varied, seed, &judgement);
    Some(Telling {
        seed,
        state: judgement.state,
        property: judgement.property,
        faults: (varied.faults.len(), least.faults.len()),
        token: token(&least, seed),
    })
}

impl Sweep {
    /// Returns whether the cell came to what it must over all seeds: survival always; a break at
    /// least once, and of nothing but what its scenario says will break.
    pub fn is_as_demanded(&self, cell: &Cell) -> bool {
        match cell.demand() {
            Demand::Survive => self.held == self.seeds,
            Demand::Break => {
                let foreseen = |property: &&str| breaking(&cell.scenario, property);
                self.held < self.seeds && self.properties.keys().all(foreseen)
            }
        }
    }
}

/// Returns the word that opens what a cell shows best: the scripted run, unless it is survival that
/// failed.
pub fn best_token(cell: &Cell, sweep: Option<&Sweep>) -> String {
    let failed = sweep.filter(|sweep| !sweep.is_as_demanded(cell));
    let telling = failed.and_then(|sweep| sweep.telling.as_ref());
    telling.map_or_else(|| token(&cell.scenario, SEED), |telling| telling.token.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::matrix::cells;

    #[test]
    fn a_cell_breaks_by_what_its_scenario_foresees_and_by_nothing_else() {
        let found = |held, properties: &[(&'static str, u64)]| Sweep {
            seeds: 10,
            held,
            violated: 10 - held,
            stalled: 0,
            properties: properties.iter().copied().collect(),
            telling: None,
        };
        let cells = cells().expect("they can be read");
        let named = |name| cells.iter().find(|cell| cell.name == name).expect("it is a cell");
        let breaks = named("raft-v1-double-vote");
        assert!(found(9, &[("election safety", 1)]).is_as_demanded(breaks));
        assert!(!found(10, &[]).is_as_demanded(breaks), "it never broke");
        let otherwise = [("election safety", 9), ("log matching", 1)];
        assert!(!found(0, &otherwise).is_as_demanded(breaks));
        let survives = named("raft-s4-power-cut");
        assert!(found(10, &[]).is_as_demanded(survives));
        assert!(!found(9, &[("durable", 1)]).is_as_demanded(survives));
    }
}
