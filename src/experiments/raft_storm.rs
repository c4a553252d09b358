//! How Raft bears storms: random benign faults over each other, beyond what it tolerates too.
//!
//! Raft is safe whatever is lost, late, doubled, reordered, paused, slowed, cut off or crashed, as
//! long as a disk keeps what it has synced (Ongaro and Ousterhout 2014, §5.4, figure 3). So every
//! column of breaches and of failed histories has to be zero, for any seed; with `amnesia` disks
//! may be wiped, which Raft does not bear. Clusters of three to seven, lossy networks, and the
//! switches of `PreVote` and `CheckQuorum` are dealt out by seed.

use std::ops::ControlFlow;

use crate::faults::storm::{Weather, storm};
use crate::lab::replay::Replay;
use crate::lab::scenario::{NetworkSpec, PlannedFault, Scenario};
use crate::lab::{Session, Trial};
use crate::oracles::Grade;
use crate::protocols::ProtocolSpec;
use crate::protocols::raft::RaftSpec;
use crate::sim::chance::mix;
use crate::sim::{Instant, Keep, Rate, Span};
use crate::workloads::WorkloadSpec;
use crate::workloads::register::RegisterSpec;

use super::parameter::{Kind, Parameter, Settings};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "raft-storm",
    title: "whether Raft stays safe under random benign faults, and commits again after them",
    parameters: PARAMETERS,
    trials: 1_000,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "strikes",
        about: "faults in each storm",
        default: "6",
        kind: Kind::Whole(0, 50),
    },
    Parameter {
        name: "seconds",
        about: "virtual seconds that the storm lasts; then all is healed",
        default: "6",
        kind: Kind::Whole(2, 600),
    },
    Parameter {
        name: "amnesia",
        about: "1 lets crashes wipe disks, which is beyond what Raft bears",
        default: "0",
        kind: Kind::Whole(0, 1),
    },
];

/// How long after the storm the cluster has to commit again and clients to get their answers.
const CALM: Span = Span::secs(4);

/// What a storm came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    seed: u64,
    breaches: u64,
    not_linearizable: u64,
    not_durable: u64,
    /// Whether something was committed in the calm after the storm.
    recovered: bool,
    decided: u64,
    events: u64,
}

#[expect(clippy::unnecessary_wraps, reason = "the catalogue lets a measurement refuse")]
fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let outcomes = trials.run(|seed| weather(seed, settings));
    let count = |bad: fn(&Outcome) -> bool| outcomes.iter().filter(|o| bad(o)).count() as u64;
    let first_bad = outcomes.iter().find(|o| broken(o) || !o.recovered);
    let row = Row(vec![
        ("trials", Cell::Whole(trials.count)),
        ("breached", Cell::Whole(count(|o| o.breaches > 0))),
        ("not_linearizable", Cell::Whole(count(|o| o.not_linearizable > 0))),
        ("not_durable", Cell::Whole(count(|o| o.not_durable > 0))),
        ("stalled_after", Cell::Whole(count(|o| !o.recovered))),
        ("first_bad_seed", first_bad.map_or(Cell::Unknown, |o| Cell::Text(o.seed.to_string()))),
        (
            "first_bad_token",
            first_bad.map_or(Cell::Unknown, |o| Cell::Text(token(o.seed, settings))),
        ),
        ("decided", Cell::Whole(outcomes.iter().map(|o| o.decided).sum())),
        ("events", Cell::Whole(outcomes.iter().map(|o| o.events).sum())),
    ]);
    Ok(Measured { rows: vec![row], published: None })
}

fn broken(outcome: &Outcome) -> bool {
    outcome.breaches + outcome.not_linearizable + outcome.not_durable > 0
}

fn weather(seed: u64, settings: &Settings) -> Outcome {
    let scenario = set_up(seed, settings);
    let mut outcome = Outcome { seed, ..Outcome::default() };
    let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
    let mut count = |signals: &[crate::oracles::Signal]| {
        for signal in signals {
            let crate::oracles::Signal::Raised(finding) = signal else { continue };
            outcome.breaches += u64::from(finding.grade == Grade::Breach);
            outcome.not_linearizable += u64::from(finding.property == "linearizable");
            outcome.not_durable += u64::from(finding.property == "durable");
        }
    };
    let storm_ends = Instant(scenario.until.0 - CALM.0);
    trial.run(storm_ends, |_, signals| {
        count(signals);
        ControlFlow::Continue(())
    });
    let before = trial.panel().truth().ledger().len();
    trial.run(Instant(scenario.until.0), |_, signals| {
        count(signals);
        ControlFlow::Continue(())
    });
    outcome.decided = trial.panel().truth().ledger().len();
    outcome.recovered = outcome.decided > before;
    outcome.events = trial.world().events();
    outcome
}

/// Returns the word that opens a storm at its end.
fn token(seed: u64, settings: &Settings) -> String {
    let scenario = set_up(seed, settings);
    let until = Instant(scenario.until.0);
    let mut session = Session::new(scenario, seed);
    session.advance_to(until, u64::MAX);
    Replay::of(&session).to_token()
}

fn set_up(seed: u64, settings: &Settings) -> Scenario {
    scenario(
        seed,
        settings.whole("strikes") as u32,
        Span::secs(settings.whole("seconds")),
        settings.whole("amnesia") == 1,
    )
}

/// Returns the scenario of one storm: cluster, network, switches and faults by seed.
pub fn scenario(seed: u64, strikes: u32, lasts: Span, amnesia: bool) -> Scenario {
    let dealt = mix(seed ^ 0x5EED);
    let nodes = 3 + (dealt % 5) as u16;
    let until = Span::millis(500) + lasts;
    let from = Span::millis(500);
    let liars = Vec::new();
    let weather = Weather { nodes, strikes, from, until, only: None, liars, amnesia };
    let strikes = storm(seed, &weather).into_iter().zip(1..);
    let faults = strikes.map(|(strike, k)| PlannedFault {
        id: format!("strike-{k}"),
        at: strike.at,
        until: Some(strike.until),
        fault: strike.fault,
    });
    let share = |shift: u32| Rate::ppm((dealt >> shift & 3) as u32 * 50_000);
    let spec = RaftSpec {
        pre_vote: dealt >> 10 & 1 == 1,
        check_quorum: dealt >> 11 & 1 == 1,
        ..RaftSpec::default()
    };
    let clients = RegisterSpec { keys: 3, clients: 3, rate_per_second: 60, ..Default::default() };
    Scenario {
        network: NetworkSpec {
            loss: share(12),
            duplicate: share(14),
            reorder: share(16),
            ..NetworkSpec::default()
        },
        workload: WorkloadSpec::Register(clients),
        faults: faults.collect(),
        until: until + CALM,
        ..Scenario::plain("a storm", ProtocolSpec::Raft(spec), nodes)
    }
}
