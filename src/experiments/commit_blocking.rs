//! How long participants hold their locks when the coordinator stops, and who can be helped.
//!
//! Transactions run all the time, messages are lost now and then, and the coordinator stops at a
//! random moment and comes back. A participant that voted YES holds its lock until it knows the
//! outcome: about a round trip where nothing stops, and as long as the coordinator is away where it
//! stopped in between (Bernstein, Hadzilacos and Goodman 1987, chapter 7). With cooperative
//! termination those transactions stay blocked of which *every* participant is in doubt: one that
//! knows the outcome, or has not voted, would end it. Three-phase commit blocks nobody here.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::faults::{FaultSpec, Target};
use crate::lab::Trial;
use crate::lab::scenario::{LatencySpec, NetworkSpec, PlannedFault, Scenario};
use crate::protocols::ProtocolSpec;
use crate::protocols::three_phase_commit::ThreePhaseCommitSpec;
use crate::protocols::two_phase_commit::TwoPhaseCommitSpec;
use crate::sim::chance::{Chance, Identity, Purpose};
use crate::sim::{
    Address, CallId, Instant, Keep, Life, Mood, Note, Rate, Record, Span, SpanRange, What,
};
use crate::workloads::WorkloadSpec;
use crate::workloads::register::RegisterSpec;

use super::parameter::{Kind, Parameter, Settings};
use super::statistics::Sample;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "commit-blocking",
    title: "how long locks are held when the coordinator stops, and which can be freed without it",
    parameters: PARAMETERS,
    trials: 200,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "participants",
        about: "participants beside the coordinator",
        default: "3",
        kind: Kind::Whole(1, 20),
    },
    Parameter {
        name: "outage_ms",
        about: "for how long the coordinator is away",
        default: "1500",
        kind: Kind::Whole(1_000, 10_000),
    },
    Parameter {
        name: "loss",
        about: "share of messages that are lost",
        default: "0.05",
        kind: Kind::Number(0.0, 0.5),
    },
];

/// When the coordinator stops at the earliest, and within what time after that.
const STOPS: (Span, Span) = (Span::millis(700), Span::millis(300));
/// How long a run goes on after it came back.
const AFTER: Span = Span::millis(700);

/// One participant's hold on one lock.
#[derive(Clone, Copy, Debug)]
struct Hold {
    from: Instant,
    until: Option<Instant>,
}

/// What one run showed.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// Transactions of which somebody was in doubt when the coordinator stopped.
    struck: u64,
    /// Those of them of which somebody was in doubt still when it came back.
    blocked: u64,
    /// Those of them of which everybody was.
    helpless: u64,
    /// How long locks were held that were free again before the coordinator stopped.
    usual: Vec<Span>,
    /// How long those were held that were not free when it came back, less its time away from the
    /// vote on.
    beyond: Vec<Span>,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let participants = settings.whole("participants") as u16;
    let outage = Span::millis(settings.whole("outage_ms"));
    let loss = Rate::from_share(settings.number("loss").unwrap_or(0.0))?;
    let mut rows = Vec::new();
    for (name, protocol) in protocols() {
        let scenario = scenario(protocol, participants + 1, outage, loss);
        let tallies = trials.run(|seed| run(&scenario, seed, participants));
        rows.push(row(name, &tallies));
    }
    Ok(Measured { rows, published: None })
}

fn protocols() -> [(&'static str, ProtocolSpec); 3] {
    let two = |cooperative| {
        ProtocolSpec::TwoPhaseCommit(TwoPhaseCommitSpec {
            cooperative,
            ..TwoPhaseCommitSpec::default()
        })
    };
    let three = ProtocolSpec::ThreePhaseCommit(ThreePhaseCommitSpec::default());
    [("two-phase", two(false)), ("two-phase, cooperative", two(true)), ("three-phase", three)]
}

fn scenario(protocol: ProtocolSpec, nodes: u16, outage: Span, loss: Rate) -> Scenario {
    let calls = RegisterSpec {
        clients: 3,
        rate_per_second: 60,
        // So many that no two transactions want the same.
        keys: 100_000,
        reads_percent: 0,
        ..RegisterSpec::default()
    };
    let latency = LatencySpec::Uniform(SpanRange::millis(5, 10));
    let stop = FaultSpec::CrashRecovery { node: Target::Leader, disk: Mood::Durable, down: outage };
    Scenario {
        workload: WorkloadSpec::Register(calls),
        network: NetworkSpec { latency, loss, ..NetworkSpec::default() },
        faults: vec![PlannedFault { id: "stop".to_owned(), at: STOPS.0, until: None, fault: stop }],
        until: STOPS.0 + STOPS.1 + outage + AFTER,
        ..Scenario::plain("the coordinator stops", protocol, nodes)
    }
}

fn run(scenario: &Scenario, seed: u64, participants: u16) -> Tally {
    let mut scenario = scenario.clone();
    let later = Chance::new(seed).span(Identity(seed), Purpose::Own, &(Span::ZERO..=STOPS.1));
    scenario.faults[0].at = STOPS.0 + later;
    let mut watch = Watch::default();
    let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
    trial.run(Instant(scenario.until.0), |record, _| {
        watch.see(record);
        ControlFlow::Continue(())
    });
    watch.tally(usize::from(participants))
}

/// Looks on and remembers who held what, and when the coordinator was away.
#[derive(Debug, Default)]
struct Watch {
    holds: BTreeMap<(CallId, Address), Hold>,
    away: Option<Instant>,
    back: Option<Instant>,
}

impl Watch {
    fn see(&mut self, record: &Record) {
        let Some(who) = record.who else { return };
        match record.what {
            What::Noted(Note::TransactionVoted { transaction, yes: true }) => {
                let hold = Hold { from: record.at, until: None };
                self.holds.entry((transaction, who)).or_insert(hold);
            }
            What::Noted(Note::TransactionEnded { transaction, .. }) => {
                if let Some(hold) = self.holds.get_mut(&(transaction, who)) {
                    hold.until.get_or_insert(record.at);
                }
            }
            What::Life(Life::Down) => self.away = Some(record.at),
            What::Life(Life::Up) => self.back = Some(record.at),
            _ => {}
        }
    }

    fn tally(&self, participants: usize) -> Tally {
        let mut tally = Tally::default();
        let (Some(away), Some(back)) = (self.away, self.back) else { return tally };
        let held_at =
            |hold: &Hold, at: Instant| hold.from <= at && hold.until.is_none_or(|until| until > at);
        let mut transactions: BTreeMap<CallId, (bool, usize)> = BTreeMap::new();
        for ((transaction, _), hold) in &self.holds {
            let entry = transactions.entry(*transaction).or_default();
            entry.0 |= held_at(hold, away);
            entry.1 += usize::from(held_at(hold, back));
            match hold.until {
                Some(until) if until <= away => tally.usual.push(until.since(hold.from)),
                Some(until) if held_at(hold, back) => tally.beyond.push(until.since(back)),
                _ => {}
            }
        }
        tally.struck = transactions.values().filter(|t| t.0 || t.1 > 0).count() as u64;
        tally.blocked = transactions.values().filter(|t| t.1 > 0).count() as u64;
        tally.helpless = transactions.values().filter(|t| t.1 == participants).count() as u64;
        tally
    }
}

fn row(name: &str, tallies: &[Tally]) -> Row {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let sample = |of: fn(&Tally) -> &Vec<Span>| {
        Sample::new(tallies.iter().flat_map(of).map(|span| Some(*span)))
    };
    let (usual, beyond) = (sample(|tally| &tally.usual), sample(|tally| &tally.beyond));
    let millis = |span: Option<Span>| Cell::from(span.map(Span::as_millis_f64));
    Row(vec![
        ("protocol", Cell::Text(name.to_owned())),
        ("struck", Cell::Whole(sum(|tally| tally.struck))),
        ("blocked", Cell::Whole(sum(|tally| tally.blocked))),
        ("helpless", Cell::Whole(sum(|tally| tally.helpless))),
        ("hold_min_ms", millis(usual.min())),
        ("hold_median_ms", millis(usual.percentile(50))),
        ("freed_median_ms", millis(beyond.percentile(50))),
        ("freed_max_ms", millis(beyond.max())),
    ])
}
