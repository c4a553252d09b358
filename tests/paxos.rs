//! The scenarios of both kinds of Paxos, over seeds: what must hold holds and what must break
//! breaks, whatever the luck.

use std::ops::ControlFlow;

use faultlab::experiments::Trials;
use faultlab::experiments::matrix::{Cell, Demand, sweep};
use faultlab::lab::{Scenario, Trial, embedded, read_scenario};
use faultlab::sim::{Instant, Keep};

/// How many seeds each scenario is played with.
const SEEDS: u64 = 4;

fn scenarios() -> Vec<(&'static str, Scenario)> {
    let ours = embedded::SCENARIOS.iter().filter(|(name, _)| name.contains("paxos-"));
    let read = |(name, text): &(&'static str, &str)| match read_scenario(name, text) {
        Ok(scenario) => (*name, scenario),
        Err(report) => panic!("{report}"),
    };
    let scenarios: Vec<_> = ours.map(read).collect();
    assert!(scenarios.len() > 10);
    scenarios
}

/// Every scenario comes to what it expects, with every seed.
#[test]
fn scenarios_come_to_what_they_expect() {
    let mut wrong = Vec::new();
    for (name, scenario) in scenarios() {
        for seed in 1..=SEEDS {
            let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
            let until = Instant(scenario.until.0);
            trial.run(until, |_, _| ControlFlow::Continue(()));
            let verdicts = trial.panel().verdicts(until);
            for expected in scenario.expect.iter().filter(|e| !e.is_met(&verdicts)) {
                let found = verdicts.iter().find(|v| v.property == expected.property());
                wrong.push(format!("{name}, seed {seed}: {expected:?}, found {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What must be survived is survived under random faults of its class too.
#[test]
fn storms_of_the_cells_are_survived() {
    let trials = Trials { count: SEEDS, seed: 1, threads: 2 };
    let mut wrong = Vec::new();
    for (name, scenario) in scenarios() {
        let Some(cell) = Cell::of(name, scenario) else { continue };
        if cell.demand() == Demand::Survive {
            let found = sweep(&cell, &trials);
            if !found.is_as_demanded(&cell) {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
