//! Crash-stop: the node stops and does not come back by itself (Cristian's halting crash).

use crate::sim::{Lever, Life, Plan};

use super::catalogue::{Aim, CRISTIAN, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{FaultSpec, Target};

/// The class, for the catalogue.
pub static CRASH_STOP: Class = Class {
    name: "crash-stop",
    digit: '1',
    summary: "The node works as it should until it stops, and then never again.",
    variants: &[HALTING],
};

/// The variant that never comes back.
pub const HALTING: Variant = Variant {
    letter: 's',
    name: "crash-stop",
    summary: "The node halts: it takes no step, sends nothing and answers nothing.",
    lost: "Its volatile state, what waited in its inbox, and sends that waited for its disk.",
    kept: "Its disk, which nobody reads as long as it is down.",
    observed: "Silence. Without a bound on delays nobody can tell it from slow, paused or cut off.",
    heals: "Not by itself. Healed by hand, it starts again from its disk: then it was no stop.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::CrashStop { node: target.clone() },
};

pub(super) fn plan(node: &Target) -> Plan {
    let steps = vec![(cue(node), Lever::Power { node: whom(node), to: Life::Down })];
    Plan { steps, ..Plan::default() }
}
