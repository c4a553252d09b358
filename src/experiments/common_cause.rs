//! What more servers are worth where some of their failures have a common cause.
//!
//! Each server is unavailable for a share `u` of the time. Of that share a part `β` is common to
//! all of them (the beta-factor model of reliability engineering), and the rest is each one's own.
//! Which servers are down is drawn for each trial; whether the cluster then serves is not computed
//! but seen: this crate's Raft runs with those servers down, and either it answers a call or not.
//! The arithmetic of majorities stands beside it.

use crate::faults::{FaultSpec, Target};
use crate::lab::scenario::PlannedFault;
use crate::lab::{Scenario, Trial};
use crate::protocols::ProtocolSpec;
use crate::protocols::raft::RaftSpec;
use crate::sim::chance::{Chance, Identity, Purpose};
use crate::sim::{Address, ClientNote, Instant, Keep, Rate, Span, What};

use super::parameter::{Kind, Parameter, Settings};
use super::published::{Published, common_cause as published};
use super::statistics::share;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "common-cause",
    title: "what more servers are worth where part of their failures has a common cause",
    parameters: PARAMETERS,
    trials: 100_000,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "unavailable",
        about: "share of the time that a server is down",
        default: "0.01",
        kind: Kind::Number(0.0, 1.0),
    },
    Parameter {
        name: "beta",
        about: "share of that which is common to all; each makes a row of its own",
        default: "0;0.01;0.1",
        kind: Kind::Ranges(0.0, 1.0),
    },
    Parameter {
        name: "servers",
        about: "servers in the cluster; each makes a row of its own",
        default: "3;5",
        kind: Kind::Ranges(1.0, 9.0),
    },
];

/// By when a cluster that can serve has served: several elections take less.
const UNTIL: Span = Span::secs(10);
/// The most servers that one trial draws for.
const SERVERS_MAX: u64 = 64;

#[expect(clippy::unnecessary_wraps, reason = "what every experiment returns")]
fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let unavailable = settings.number("unavailable").expect("it is a number and no word");
    let (mut rows, mut stated) = (Vec::new(), Vec::new());
    for (beta, _) in settings.ranges("beta") {
        for (servers, _) in settings.ranges("servers") {
            let servers = *servers as u16;
            let results =
                trials.run(|seed| serves(servers, down(servers, unavailable, *beta, seed), seed));
            let failed = results.iter().filter(|serves| !**serves).count() as u64;
            let (measured, stderr) = share(failed, trials.count);
            rows.push(Row(vec![
                ("servers", Cell::Whole(u64::from(servers))),
                ("beta", Cell::Number(*beta)),
                ("trials", Cell::Whole(trials.count)),
                ("unavailability_ppm", Cell::Number(measured * 1e6)),
                ("stderr_ppm", Cell::Number(stderr * 1e6)),
                (
                    "formula_ppm",
                    Cell::Number(published::unavailability(servers, unavailable, *beta) * 1e6),
                ),
            ]));
            stated.extend(published::stated(servers, unavailable, *beta));
        }
    }
    let published =
        (!stated.is_empty()).then_some(Published { source: published::SOURCE, rows: stated });
    Ok(Measured { rows, published })
}

/// Draws which servers are down.
fn down(servers: u16, unavailable: f64, beta: f64, seed: u64) -> Vec<Address> {
    let rate = |share: f64| Rate::ppm(libm::round(share * 1e6) as u32);
    let chance = Chance::new(seed);
    if chance.hits(Identity(SERVERS_MAX), Purpose::Own, rate(unavailable * beta)) {
        return (1..=servers).map(Address::Node).collect();
    }
    let own = rate(unavailable * (1.0 - beta));
    let all = (1..=servers).filter(|k| chance.hits(Identity(u64::from(*k)), Purpose::Own, own));
    all.map(Address::Node).collect()
}

/// Returns whether a cluster with these servers down answers a call. Where none is down nothing is
/// wrong with it, and no run is needed to see that.
fn serves(servers: u16, down: Vec<Address>, seed: u64) -> bool {
    if down.is_empty() {
        return true;
    }
    let raft = ProtocolSpec::Raft(RaftSpec::default());
    let mut scenario = Scenario::plain("servers are down", raft, servers);
    scenario.faults.push(PlannedFault {
        id: "down".to_owned(),
        at: Span::ZERO,
        until: None,
        fault: FaultSpec::CrashStop { node: Target::Nodes(down) },
    });
    let mut served = false;
    let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
    trial.run(Instant::ZERO + UNTIL, |record, _| {
        served |= matches!(record.what, What::Client(ClientNote::Returned { .. }));
        if served { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    });
    served
}
