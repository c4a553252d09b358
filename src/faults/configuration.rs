//! Configuration: a wrong change that somebody makes, at one node or at many.
//!
//! The change is a fault of the operational kind, and made by a human: no part is broken, and every
//! node does what it was told. All nodes at once is the way to break all of them at once. A staged
//! rollout changes one after the other and stops at the first that is found ill after its change.

use crate::sim::{Address, Cue, Fate, Lever, Mood, Plan, Setting, Span, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{Change, FaultSpec, Target};

/// How many times as long timers run where a key sets them wrongly.
pub const TIMERS_FACTOR: u32 = 10;
/// How long a disk that is not told to sync keeps writes to itself: about what a kernel takes.
pub const FLUSH_AFTER: Span = Span::secs(5);
/// How long a guarded change is watched where it does not say from node to node.
pub const WATCHED: Span = Span::secs(1);

const SOURCE: &str = "A. Avižienis et al., Basic concepts and taxonomy, IEEE TDSC 1(1), 2004, on \
                      operational faults";
const TOLD: &str = "Every part: each does what it was told.";

/// The class, for the catalogue.
pub static CONFIGURATION: Class = Class {
    name: "configuration",
    digit: '9',
    summary: "A wrong change is made at one node or at many; every part does as it is told.",
    variants: &[DROP_PEERS, NO_SYNC, SLOW_TIMERS, BAD_VERSION],
};

/// A peer list or a firewall that is wrong.
pub const DROP_PEERS: Variant = Variant {
    letter: 'p',
    name: "drop peers",
    summary: "The node no longer knows its peers: nothing goes to them, nothing comes from them.",
    lost: "Every message between it and other nodes; clients still reach it.",
    kept: TOLD,
    observed: "To its peers it fell silent; to clients it is there and knows no leader.",
    heals: "When the change is undone.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| make(target, Change::DropPeers),
};

/// A setting that promises speed.
pub const NO_SYNC: Variant = Variant {
    letter: 'n',
    name: "no sync",
    summary: "The node no longer waits for its disk, which keeps writes to itself for seconds.",
    lost: "Nothing yet; when power fails, seconds of promises that others rely on.",
    kept: TOLD,
    observed: "Nothing but that it got faster: the fault is dormant until power fails.",
    heals: "When the change is undone; what was not written by then is written soon after.",
    takes: &[Aim::Node, Aim::Group],
    source: "T. S. Pillai et al., All file systems are not created equal, OSDI 2014",
    make: |target, _| make(target, Change::NoSync),
};

/// Seconds where there should be tenths.
pub const SLOW_TIMERS: Variant = Variant {
    letter: 't',
    name: "slow timers",
    summary: "The node's timers run many times as long as they should: beats, timeouts, retries.",
    lost: "Beats that others wait for, and the haste of its own suspicions.",
    kept: TOLD,
    observed: "A leader that is deposed again and again though it is well; a follower that waits.",
    heals: "When the change is undone, from the next time that a timer is armed.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| make(target, Change::SlowTimers(TIMERS_FACTOR)),
};

/// A program that does not bear what comes in.
pub const BAD_VERSION: Variant = Variant {
    letter: 'v',
    name: "bad version",
    summary: "The node is given a version of its software that dies of whatever it takes in.",
    lost: "Its volatile state, again and again: it comes back and dies of the next input.",
    kept: "Its disk.",
    observed: "A crash loop.",
    heals: "When the change is undone: it comes back and stays.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| make(target, Change::BadVersion),
};

fn make(target: &Target, change: Change) -> FaultSpec {
    FaultSpec::Config { change, nodes: target.clone(), every: None, guarded: false }
}

/// Returns the variant of a change.
pub(super) fn variant(change: Change) -> &'static Variant {
    match change {
        Change::DropPeers => &DROP_PEERS,
        Change::NoSync => &NO_SYNC,
        Change::SlowTimers(_) => &SLOW_TIMERS,
        Change::BadVersion => &BAD_VERSION,
    }
}

/// Says in one short line what it does.
pub(super) fn label(change: Change, nodes: &Target, every: Option<Span>, guarded: bool) -> String {
    let what = match change {
        Change::DropPeers => "wrong peers".to_owned(),
        Change::NoSync => "no sync".to_owned(),
        Change::SlowTimers(factor) => format!("timers {factor} times as long"),
        Change::BadVersion => "a bad version".to_owned(),
    };
    let pace = every.map_or_else(String::new, |every| format!(", one each {every}"));
    let guard = if guarded { ", guarded" } else { "" };
    format!("{what} at {nodes}{pace}{guard}")
}

pub(super) fn plan(
    change: Change,
    target: &Target,
    (every, guarded): (Option<Span>, bool),
    nodes: u16,
) -> Plan {
    let one_by_one: Vec<Whom> = match target {
        Target::All => (1..=nodes).map(|k| Whom::Only(vec![Address::Node(k)])).collect(),
        Target::Nodes(group) => group.iter().map(|node| Whom::Only(vec![*node])).collect(),
        _ => vec![whom(target)],
    };
    let wait = every.unwrap_or(Span::ZERO);
    let mut steps = Vec::new();
    for (k, node) in (0..).zip(one_by_one) {
        let when = match cue(target) {
            Cue::OnLeader => Cue::OnLeader,
            Cue::After(_) => Cue::After(Span(wait.0 * k)),
        };
        steps.extend(levers(change, &node).into_iter().map(|lever| (when, lever)));
    }
    let guard = guarded.then(|| every.unwrap_or(WATCHED));
    Plan { steps, guard, ..Plan::default() }
}

fn levers(change: Change, node: &Whom) -> Vec<Lever> {
    let own = || node.clone();
    let set = |setting| Lever::Setting { node: own(), setting };
    match change {
        Change::DropPeers => {
            let cut = |from, to| Lever::Link { from, to, fate: Fate::CUT };
            vec![cut(own(), Whom::Nodes), cut(Whom::Nodes, own())]
        }
        Change::NoSync => vec![
            Lever::Early { node: own() },
            set(Setting::Flush { after: FLUSH_AFTER }),
            Lever::Disk { node: own(), mood: Mood::UnsyncedLost },
        ],
        Change::SlowTimers(factor) => vec![set(Setting::Timers { factor })],
        Change::BadVersion => vec![set(Setting::Poison)],
    }
}
