//! What a partition makes two sides hold apart: rate times duration where both go on, nothing where
//! only one can.
//!
//! Counted are acknowledged writes that, when the cut heals, no node of the other side has. Where
//! one side took none it is merely behind; where both did, they have diverged.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::faults::{Cut, FaultSpec, Target};
use crate::lab::Trial;
use crate::lab::scenario::{PlannedFault, Scenario};
use crate::protocols::ProtocolSpec;
use crate::protocols::quorum_store::QuorumSpec;
use crate::sim::{Address, ClientNote, Instant, Keep, Note, Op, Outcome, Span, What};
use crate::workloads::{RegisterSpec, WorkloadSpec};

use super::parameter::{Kind, Parameter, Settings};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "divergence",
    title: "acknowledged writes that two sides of a partition hold apart, available or consistent",
    parameters: PARAMETERS,
    trials: 20,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "cut_s",
        about: "how long the network is cut into two and three; each is a row for each form",
        default: "1;2;4;8",
        kind: Kind::Ranges(0.1, 600.0),
    },
    Parameter {
        name: "writes_per_s",
        about: "writes each second, all clients together",
        default: "50",
        kind: Kind::Whole(1, 1_000),
    },
    Parameter {
        name: "clients",
        about: "clients, each of which calls the node that answered it last",
        default: "20",
        kind: Kind::Whole(1, 100),
    },
];

/// How many nodes there are, and how many of them are cut off.
const NODES: u16 = 5;
const MINORITY: u16 = 2;
/// When the network is cut.
const CUT: Span = Span::secs(2);

/// What one trial came to: writes that only one side has.
#[derive(Clone, Copy, Debug, Default)]
struct Apart {
    minority: u64,
    majority: u64,
}

impl Apart {
    /// Returns how far the sides have diverged: not at all where one only waited.
    fn diverged(self) -> u64 {
        if self.minority == 0 { 0 } else { self.minority + self.majority }
    }
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let available =
        QuorumSpec { read: Some(1), write: Some(1), sloppy: true, ..QuorumSpec::default() };
    let forms = [("available", available), ("consistent", QuorumSpec::default())];
    let mut rows = Vec::new();
    for (form, spec) in forms {
        for (seconds, _) in settings.ranges("cut_s") {
            let cut = Span(libm::round(seconds * 1e6) as u64);
            let scenario = scenario(settings, spec.clone(), cut);
            if let Err(problem) = scenario.check() {
                return Err(format!("{}; expected {}", problem.message, problem.expected));
            }
            let apart = trials.run(|seed| play(&scenario, CUT + cut, seed));
            let mean = |count: fn(&Apart) -> u64| {
                Cell::Number(apart.iter().map(count).sum::<u64>() as f64 / apart.len() as f64)
            };
            rows.push(Row(vec![
                ("form", Cell::Text(form.to_owned())),
                ("cut_s", Cell::Number(*seconds)),
                ("trials", Cell::Whole(trials.count)),
                ("diverged", mean(|apart| apart.diverged())),
                ("minority_only", mean(|apart| apart.minority)),
                ("majority_only", mean(|apart| apart.majority)),
                (
                    "rate_times_duration",
                    Cell::Number(settings.whole("writes_per_s") as f64 * seconds),
                ),
            ]));
        }
    }
    Ok(Measured { rows, published: None })
}

fn scenario(settings: &Settings, spec: QuorumSpec, cut: Span) -> Scenario {
    let isolate = Target::Nodes((1..=MINORITY).map(Address::Node).collect());
    let fault = FaultSpec::Partition { kind: Cut::Complete, isolate };
    let calls = RegisterSpec {
        clients: settings.whole("clients") as u16,
        rate_per_second: settings.whole("writes_per_s") as u32,
        reads_percent: 0,
        ..RegisterSpec::default()
    };
    Scenario {
        workload: WorkloadSpec::Register(calls),
        faults: vec![PlannedFault { id: "cut".to_owned(), at: CUT, until: Some(CUT + cut), fault }],
        until: CUT + cut,
        ..Scenario::plain("two sides", ProtocolSpec::QuorumStore(spec), NODES)
    }
}

/// Plays a run up to the end of the cut and counts what one side has alone.
fn play(scenario: &Scenario, end: Span, seed: u64) -> Apart {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    // Which sides have each value, and which values were acknowledged.
    let mut sides: BTreeMap<u64, (bool, bool)> = BTreeMap::new();
    let mut told = Vec::new();
    trial.run(Instant(end.0), |record, _| {
        match (&record.what, record.who) {
            (What::Noted(Note::Holds(held)), Some(Address::Node(who))) => {
                let known = sides.entry(held.value).or_default();
                if who <= MINORITY { known.0 = true } else { known.1 = true }
            }
            (
                What::Client(ClientNote::Returned {
                    op: Op::Write { value, .. },
                    outcome: Outcome::Written,
                    ..
                }),
                _,
            ) => told.push(*value),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let mut apart = Apart::default();
    for value in told {
        match sides.get(&value) {
            Some((true, false)) => apart.minority += 1,
            Some((false, true)) => apart.majority += 1,
            _ => {}
        }
    }
    apart
}
