//! Overload: more is asked than the cluster can bear.
//!
//! No component is broken. It shows only where work takes time (the scenario's `service`): then
//! lines grow, what finds no room is turned away, and clients that try again ask for more still.
//! The trigger passes; whether the overload does is the question.

use crate::sim::{Cue, Lever, Plan, Span, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::spec::FaultSpec;

/// How many times as often clients call in a surge made by a key.
pub const FACTOR: u32 = 10;
/// How many calls come at once in a burst made by a key.
pub const BURST: u32 = 200;

const SOURCE: &str = "N. Bronson et al., Metastable failures in distributed systems, HotOS 2021";

/// The class, for the catalogue.
pub static OVERLOAD: Class = Class {
    name: "overload",
    digit: '9',
    summary: "More is asked than can be borne; every part works as it should.",
    variants: &[SURGE, BURSTS],
};

/// Clients that call more often for a while.
pub const SURGE: Variant = Variant {
    letter: 's',
    name: "surge",
    summary: "All clients call many times as often as usual.",
    lost: "What finds no room in a line, and the time of all that waits in one.",
    kept: "Every node, every disk, every link; what clients called before they still call.",
    observed: "Late answers and none; from outside nothing tells it from a slow cluster.",
    heals: "When healed the load is what it was. Whether the lines get shorter again depends on \
             how \
            often clients try.",
    takes: &[Aim::Clients],
    source: SOURCE,
    make: |_, _| FaultSpec::Surge { factor: FACTOR },
};

/// Clients that call all at once.
pub const BURSTS: Variant = Variant {
    letter: 'b',
    name: "burst",
    summary: "Many calls come in one instant, as when a cache is lost or a link comes back.",
    lost: "What finds no room in a line.",
    kept: "Every node, every disk, every link; the load before and after.",
    observed: "One wave of late answers, or one that does not end.",
    heals: "It is over at once.",
    takes: &[Aim::Clients],
    source: SOURCE,
    make: |_, _| FaultSpec::Burst { calls: BURST },
};

pub(super) fn surge(factor: u32) -> Plan {
    let steps = vec![(Cue::NOW, Lever::Surge { client: Whom::Clients, factor })];
    Plan { steps, ..Plan::default() }
}

pub(super) fn burst(calls: u32) -> Plan {
    let steps = vec![(Cue::NOW, Lever::Burst { client: Whom::Clients, calls })];
    // What is done is done: nothing is left to hold.
    Plan { steps, holds_for: Some(Span(1)), ..Plan::default() }
}
