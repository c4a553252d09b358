//! Chains of blocks under liars, loss and crashes, over many seeds: what must never break does not,
//! and when the world calms down the chain goes on.

use std::ops::ControlFlow;

use faultlab::experiments::Trials;
use faultlab::experiments::matrix::{Cell, cells, judge, sweep};
use faultlab::lab::{Scenario, Trial, read_scenario};
use faultlab::oracles::{State, Verdict};
use faultlab::sim::chance::mix;
use faultlab::sim::{Instant, Keep};

/// How many seeds each cell is played with, and how many storms rage.
const CELL_SEEDS: u64 = 12;

/// Plays a scenario to its end and returns the verdicts.
fn play(scenario: &Scenario, seed: u64) -> Vec<Verdict> {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let until = Instant(scenario.until.0);
    trial.run(until, |_, _| ControlFlow::Continue(()));
    trial.panel().verdicts(until)
}

fn read(text: &str) -> Scenario {
    match read_scenario("chains.ron", text) {
        Ok(scenario) => scenario,
        Err(report) => panic!("{report}"),
    }
}

/// Makes a storm for a cluster: as many liars as it bears less those that crash, loss, and a
/// partition, all of it over after four seconds.
fn storm(protocol: &str, seed: u64) -> Scenario {
    let mut thrown = seed;
    let mut below = |end: u64| {
        thrown = mix(thrown);
        thrown % end
    };
    let nodes = [4, 4, 7, 5, 10][below(5) as usize];
    let bears = (nodes - 1) / 3;
    let mut faults = Vec::new();
    let first = below(nodes);
    for k in 0..bears {
        let node = (first + k) % nodes + 1;
        let other = node % nodes + 1;
        let (at, lasts) = (300 + below(1500), 500 + below(1500));
        let until = at + lasts;
        let what = match below(10) {
            0 | 1 => format!("Equivocate(nodes: Node(\"n{node}\"))"),
            2 => format!("Equivocate(nodes: Node(\"n{node}\"), second: Node(\"n{other}\"))"),
            3 => format!("Lie(nodes: Node(\"n{node}\"), says: Contrary)"),
            4 => format!("Lie(nodes: Node(\"n{node}\"), says: Value)"),
            5 => format!("Lie(nodes: Node(\"n{node}\"), says: Denial)"),
            6 => format!("Withhold(nodes: Node(\"n{node}\"))"),
            7 => format!("Replay(nodes: Node(\"n{node}\"), rate: 0.3)"),
            8 => format!("CrashStop(node: Node(\"n{node}\"))"),
            _ => format!("CrashRecovery(node: Node(\"n{node}\"), disk: UnsyncedLost)"),
        };
        faults.push(format!("(id: \"f{k}\", at: \"{at}ms\", until: \"{until}ms\", fault: {what})"));
    }
    let (a, b) = (below(nodes) + 1, below(nodes) + 1);
    if a != b {
        let side = format!("Nodes([\"n{a}\", \"n{b}\"])");
        let cut = format!("Partition(kind: Complete, isolate: {side})");
        faults.push(format!("(id: \"cut\", at: \"1s\", until: \"2500ms\", fault: {cut})"));
    }
    let crash = format!("CrashRecovery(node: Node(\"n{a}\"), down: \"400ms\")");
    faults.push(format!("(id: \"crash\", at: \"2600ms\", fault: {crash})"));
    let loss = [0, 0, 2, 5, 10][below(5) as usize];
    let faults = faults.join(", ");
    read(&format!(
        "Scenario(title: \"storm\", protocol: {protocol}(), nodes: {nodes}, network: (loss: \
         {}, duplicate: 0.02, reorder: 0.05), workload: Register(clients: 4, rate_per_second: 60, \
         keys: 3), faults: [{faults}], bounds: (progress_within: \"3s\"), until: \"9s\")",
        f64::from(loss) / 100.0
    ))
}

/// Says what went wrong in a run, and with what.
fn wrong(scenario: &Scenario, seed: u64, never: &[&str]) -> Option<String> {
    let verdicts = play(scenario, seed);
    let bad: Vec<String> = verdicts
        .iter()
        .filter(|v| never.contains(&v.property) && v.state != State::Held)
        .map(|v| format!("{} {:?}: {:?}", v.property, v.state, v.first.as_ref().map(|f| &f.text)))
        .collect();
    let faults: Vec<String> = scenario
        .faults
        .iter()
        .map(|fault| format!("{:?} {:?}..{:?}", fault.fault, fault.at, fault.until))
        .collect();
    (!bad.is_empty()).then(|| {
        let (bad, faults) = (bad.join("\n    "), faults.join("\n    "));
        format!("seed {seed}, {} nodes:\n    {bad}\n    {faults}", scenario.nodes)
    })
}

fn storms(protocol: &str, never: &[&str], seeds: std::ops::Range<u64>) {
    let all = seeds.end - seeds.start;
    let found: Vec<String> =
        seeds.filter_map(|seed| wrong(&storm(protocol, seed), seed, never)).collect();
    let shown = found.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} of {all} storms:\n{shown}", found.len());
}

#[test]
fn tendermint_outlives_what_it_bears() {
    let never = ["agreement", "validity", "linearizable", "accountability", "durable", "progress"];
    storms("Tendermint", &never, 0..120);
}

#[test]
fn hotstuff_outlives_what_it_bears() {
    let never = ["agreement", "validity", "linearizable", "durable", "progress"];
    storms("HotStuff", &never, 0..120);
}

/// What a cell demands comes true for any luck, and what must be survived is survived at other
/// moments and under a storm of its class too.
#[test]
fn their_cells_stand_for_many_seeds() {
    let mut wrong = Vec::new();
    let ours = |cell: &Cell| matches!(cell.protocol, "tendermint" | "hotstuff");
    for cell in cells().expect("they can be read").into_iter().filter(ours) {
        for seed in 1..=CELL_SEEDS {
            if !judge(&cell.scenario, seed).as_expected {
                wrong.push(format!("{} with seed {seed}", cell.name));
            }
        }
        let trials = Trials { seed: 1, count: CELL_SEEDS, threads: 2 };
        let found = sweep(&cell, &trials);
        if !found.is_as_demanded(&cell) {
            wrong.push(format!("{} varied: {found:?}", cell.name));
        }
    }
    assert!(wrong.is_empty(), "cells that do not stand:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_late_where_nothing_fails() {
    for protocol in ["Tendermint", "HotStuff"] {
        for nodes in [4, 5, 6, 7, 10, 13] {
            let scenario = read(&format!(
                "Scenario(title: \"steady\", protocol: {protocol}(), nodes: {nodes}, until: \"6s\")"
            ));
            for verdict in play(&scenario, 1) {
                assert_eq!(verdict.count, 0, "{protocol} {nodes}: {verdict:?}");
            }
        }
    }
}
