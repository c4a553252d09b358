//! What one request costs: messages between nodes, and message delays until the client knows, or
//! until all is said where nobody is to answer it (the generals' order).
//!
//! Nothing is assumed: a cluster runs until it is settled, one client writes, and what is counted
//! is what one of its calls caused (the second, which knows whom to ask), followed from cause to
//! effect through messages, disks and timers. A timer that went off before the call belongs to the
//! cluster's own beat (heartbeats) and is not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::lab::scenario::{NetworkSpec, Scenario};
use crate::lab::{Trial, scenario::LatencySpec};
use crate::protocols::generals::GeneralsSpec;
use crate::protocols::quorum_store::QuorumSpec;
use crate::protocols::three_phase_commit::ThreePhaseCommitSpec;
use crate::protocols::two_phase_commit::TwoPhaseCommitSpec;
use crate::protocols::{self, Entry, ProtocolSpec};
use crate::sim::client::{ANSWER, CALL};
use crate::sim::{Address, Because, ClientNote, EventId, Instant, Keep, Record, Span, What};
use crate::workloads::WorkloadSpec;
use crate::workloads::register::RegisterSpec;

use super::parameter::{Kind, Parameter, Settings};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "messages",
    title: "messages and message delays of one request, where nothing fails",
    parameters: PARAMETERS,
    trials: 1,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "protocol",
        about: "which algorithm; `protocols` lists them",
        default: "raft",
        kind: Kind::Name,
    },
    Parameter {
        name: "nodes",
        about: "the paper's n: nodes, or participants beside their coordinator",
        default: "4",
        kind: Kind::Whole(1, 100),
    },
];

/// How long the cluster settles before the call: leaders are elected, views are old.
const SETTLES: Span = Span::secs(3);
/// How long the call's consequences are followed.
const FOLLOWED: Span = Span::millis(450);

/// What one call caused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    /// Messages between nodes, by their kind.
    kinds: BTreeMap<&'static str, u64>,
    /// Calls from the client, and answers to it.
    calls: u64,
    answers: u64,
    /// Messages one after the other from the call to the answer that let the client go on.
    delays: Option<u64>,
    /// Messages one after the other from the call to the last that came of it.
    longest: u64,
}

impl Count {
    /// Returns the delays until the caller knows, or where nobody answers until all is said.
    fn delays(&self) -> Option<u64> {
        self.delays.or(Some(self.longest).filter(|_| self.answers == 0 && self.longest > 0))
    }
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let name = settings.name("protocol");
    let entry = protocols::named(name)?;
    let n = settings.whole("nodes") as u16;
    let mut rows = Vec::new();
    for (variant, spec) in variants(entry) {
        let scenario = scenario(spec, n);
        if let Err(problem) = scenario.check() {
            return Err(format!("{}; expected {}", problem.message, problem.expected));
        }
        let counts = trials.run(|seed| count(&scenario, earlier(entry), seed));
        for count in distinct(&counts) {
            rows.push(row(entry, variant, n, count));
        }
    }
    Ok(Measured { rows, published: None })
}

/// Returns the settings of an algorithm that are counted, each with what tells it apart.
fn variants(entry: &Entry) -> Vec<(&'static str, ProtocolSpec)> {
    match (entry.make)() {
        ProtocolSpec::TwoPhaseCommit(spec) => acknowledged(|acks| {
            ProtocolSpec::TwoPhaseCommit(TwoPhaseCommitSpec { acks, ..spec.clone() })
        }),
        ProtocolSpec::ThreePhaseCommit(spec) => acknowledged(|acks| {
            ProtocolSpec::ThreePhaseCommit(ThreePhaseCommitSpec { acks, ..spec.clone() })
        }),
        ProtocolSpec::Generals(spec) => {
            let signed = GeneralsSpec { signatures: true, ..spec.clone() };
            vec![
                ("oral messages", ProtocolSpec::Generals(spec)),
                ("signed", ProtocolSpec::Generals(signed)),
            ]
        }
        ProtocolSpec::QuorumStore(spec) => {
            let asks = QuorumSpec { ask_first: true, ..spec.clone() };
            vec![
                ("as it is by default", ProtocolSpec::QuorumStore(spec)),
                ("asks for versions first", ProtocolSpec::QuorumStore(asks)),
            ]
        }
        spec => vec![("as it is by default", spec)],
    }
}

/// Returns a protocol without and with acknowledgements of the outcome.
fn acknowledged(make: impl Fn(bool) -> ProtocolSpec) -> Vec<(&'static str, ProtocolSpec)> {
    vec![("without acknowledgements", make(false)), ("with acknowledgements", make(true))]
}

/// Returns how many nodes the paper's n makes: a coordinator stands beside its participants.
const fn nodes(spec: &ProtocolSpec, n: u16) -> u16 {
    match spec {
        ProtocolSpec::TwoPhaseCommit(_) | ProtocolSpec::ThreePhaseCommit(_) => n + 1,
        _ => n,
    }
}

/// Makes a cluster of the paper's `n` that one client calls once.
fn scenario(protocol: ProtocolSpec, n: u16) -> Scenario {
    let calls = RegisterSpec {
        clients: 1,
        rate_per_second: 1,
        reads_percent: 0,
        start: SETTLES,
        ..RegisterSpec::default()
    };
    let latency = LatencySpec::Fixed(Span::millis(5));
    let nodes = nodes(&protocol, n);
    Scenario {
        workload: WorkloadSpec::Register(calls),
        network: NetworkSpec { latency, ..NetworkSpec::default() },
        ..Scenario::plain("one request", protocol, nodes)
    }
}

/// Returns how many calls come before the one that is counted. Where one value is decided once, the
/// first call is the only one.
fn earlier(entry: &Entry) -> u32 {
    u32::from(entry.name != "paxos")
}

fn count(scenario: &Scenario, earlier: u32, seed: u64) -> Count {
    let mut trial = Trial::new(scenario, seed, Keep::Everything);
    let mut trace = Trace { earlier, ..Trace::default() };
    trial.run(Instant(scenario.until.0), |record, _| trace.follow(record));
    trace.count
}

/// Follows one call from cause to effect.
#[derive(Debug, Default)]
struct Trace {
    count: Count,
    /// How many calls are still to come before the one that counts.
    earlier: u32,
    began: Option<Instant>,
    /// Timers that went off before the call.
    beats: BTreeSet<(Option<Address>, &'static str)>,
    /// What the call caused, each with how many messages lie between.
    caused: BTreeMap<EventId, u64>,
}

impl Trace {
    fn follow(&mut self, record: &Record) -> ControlFlow<()> {
        let Some(began) = self.began else {
            self.wait(record);
            return ControlFlow::Continue(());
        };
        if record.at.since(began) > FOLLOWED {
            return ControlFlow::Break(());
        }
        if let What::Fired { timer } = record.what
            && self.beats.contains(&(record.who, timer))
        {
            return ControlFlow::Continue(());
        }
        let causes = record.because.iter().filter(|cause| matches!(cause, Because::Of(_)));
        let depth = causes.filter_map(|cause| self.caused.get(&cause.id())).max().copied();
        let called = matches!(&record.what, What::Sent { detail, .. } if *detail.kind == CALL);
        if let Some(depth) = depth.or(called.then_some(0)) {
            self.took(record, depth);
        }
        ControlFlow::Continue(())
    }

    /// Waits for the call.
    fn wait(&mut self, record: &Record) {
        match &record.what {
            What::Fired { timer } => {
                self.beats.insert((record.who, timer));
            }
            What::Client(ClientNote::Called { .. }) if self.earlier > 0 => self.earlier -= 1,
            What::Client(ClientNote::Called { .. }) => self.began = Some(record.at),
            _ => {}
        }
    }

    fn took(&mut self, record: &Record, depth: u64) {
        let mut depth = depth;
        match &record.what {
            What::Sent { detail, .. } if *detail.kind == CALL => self.count.calls += 1,
            What::Sent { detail, .. } if *detail.kind == ANSWER => self.count.answers += 1,
            What::Sent { detail, .. } => {
                *self.count.kinds.entry(detail.kind.name).or_default() += 1;
            }
            What::Delivered { .. } => {
                depth += 1;
                self.count.longest = self.count.longest.max(depth);
            }
            What::Client(ClientNote::Returned { .. }) => {
                self.count.delays.get_or_insert(depth);
            }
            _ => {}
        }
        self.caused.insert(record.id, depth);
    }
}

/// Lists what trials came to, each once: where nothing fails, luck should change nothing.
fn distinct(counts: &[Count]) -> Vec<&Count> {
    let mut found: Vec<&Count> = Vec::new();
    for count in counts {
        if !found.contains(&count) {
            found.push(count);
        }
    }
    found
}

fn row(entry: &Entry, variant: &str, n: u16, count: &Count) -> Row {
    let of_kinds = count.kinds.iter().map(|(kind, number)| format!("{kind} {number}"));
    Row(vec![
        ("protocol", Cell::Text(entry.name.to_owned())),
        ("variant", Cell::Text(variant.to_owned())),
        ("n", Cell::Whole(u64::from(n))),
        ("messages", Cell::Whole(count.kinds.values().sum())),
        ("calls", Cell::Whole(count.calls)),
        ("answers", Cell::Whole(count.answers)),
        ("delays", count.delays().map_or(Cell::Unknown, Cell::Whole)),
        ("kinds", Cell::Text(of_kinds.collect::<Vec<_>>().join(", "))),
    ])
}
