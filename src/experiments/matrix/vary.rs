//! Variations of a cell: the same script with other luck, at another moment where it does not begin
//! with the run, and where the cell asks for it with random faults of its class on top.

use crate::faults::storm::{Weather, storm};
use crate::faults::{Target, class};
use crate::lab::Scenario;
use crate::lab::scenario::PlannedFault;
use crate::sim::chance::{Chance, Identity, Purpose};
use crate::sim::{Address, Span};

/// How much later the script may begin at most.
const LATER_MAX: Span = Span::millis(500);
/// What part of a run a storm may take, in tenths; the rest is calm, so that progress can be asked
/// for.
const STORMY_TENTHS: u64 = 5;

/// Returns the variation of a cell's scenario that belongs to a seed.
pub fn vary(scenario: &Scenario, seed: u64) -> Scenario {
    let mut varied = scenario.clone();
    // A script that sets the stage before anything has happened cannot begin later.
    let sets_stage = scenario.faults.iter().any(|fault| fault.at == Span::ZERO);
    let later_max = if sets_stage { Span::ZERO } else { LATER_MAX };
    let later = Chance::new(seed).span(Identity(seed), Purpose::Own, &(Span::ZERO..=later_max));
    for fault in &mut varied.faults {
        fault.at = fault.at + later;
        fault.until = fault.until.map(|until| until + later);
    }
    varied.until = varied.until + later;
    let Some(cell) = &scenario.cell else { return varied };
    let weather = Weather {
        nodes: scenario.nodes,
        strikes: cell.storm,
        from: Span::millis(500),
        until: Span(scenario.until.0 * STORMY_TENTHS / 10),
        only: Some(cell.class.clone()),
        liars: liars(scenario),
        amnesia: false,
    };
    let strikes = storm(seed, &weather).into_iter().zip(1..);
    varied.faults.extend(strikes.map(|(strike, k)| PlannedFault {
        id: format!("strike-{k}"),
        at: strike.at,
        until: Some(strike.until),
        fault: strike.fault,
    }));
    varied
}

/// Returns who may lie in a variation: those who do in the script, or as many of the last nodes as
/// a third of them bears.
fn liars(scenario: &Scenario) -> Vec<Address> {
    let byzantine = scenario.faults.iter().map(|planned| &planned.fault).filter(|fault| {
        let name = class(fault).name;
        name == "byzantine" || name == "silent corruption"
    });
    let named: Vec<Address> = byzantine
        .flat_map(|fault| match fault.target() {
            Some(Target::Node(node)) => vec![*node],
            Some(Target::Nodes(nodes)) => nodes.clone(),
            Some(Target::Leader | Target::NextLeader | Target::All) | None => Vec::new(),
        })
        .collect();
    if named.is_empty() {
        let bears = (scenario.nodes.saturating_sub(1) / 3).max(1);
        return (scenario.nodes - bears + 1..=scenario.nodes).map(Address::Node).collect();
    }
    named
}
