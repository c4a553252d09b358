//! Crash-recovery: the node stops and starts again, with as much as its disk kept.
//!
//! Cristian tells these crashes apart by what the node comes back with. The difference decides
//! safety: a voter that forgets its vote is as bad as one that lies.

use crate::sim::{Lever, Life, Mood, Plan, Span};

use super::catalogue::{Aim, CRISTIAN, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{FaultSpec, Target};

/// How long a crashed node stays down where nobody says.
pub const DOWN: Span = Span::secs(2);

const VOLATILE: &str = "Its volatile state, its inbox, and sends that waited for its disk.";
const SILENCE_THEN: &str = "Silence, then a node that speaks again. Its own word is the only sign \
                            that it was away.";
const BY_ITSELF: &str = "By itself: the node starts again when its time down is over.";

/// The class, for the catalogue.
pub static CRASH_RECOVERY: Class = Class {
    name: "crash-recovery",
    digit: '2',
    summary: "The node stops and starts again, with as much as its disk kept.",
    variants: &[DISK_KEPT, UNSYNCED_LOST, WIPED, FORGETFUL],
};

/// Partial amnesia in Cristian's terms: memory goes, the disk stays.
pub const DISK_KEPT: Variant = Variant {
    letter: 'k',
    name: "disk kept",
    summary: "The process dies and starts again; the machine lives and its disk has all writes.",
    lost: VOLATILE,
    kept: "Every write, synced or not.",
    observed: SILENCE_THEN,
    heals: BY_ITSELF,
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| recovery(target, Mood::Durable),
};

/// Partial amnesia that reaches into the disk's cache.
pub const UNSYNCED_LOST: Variant = Variant {
    letter: 'u',
    name: "unsynced lost",
    summary: "The machine loses power: writes that were not synced are gone.",
    lost: "Volatile state, and every write that the disk did not have yet.",
    kept: "Every write that was synced. Who syncs before it speaks breaks no promise.",
    observed: SILENCE_THEN,
    heals: BY_ITSELF,
    takes: &[Aim::Node, Aim::Group],
    source: "T. S. Pillai et al., All file systems are not created equal, OSDI 2014",
    make: |target, _| recovery(target, Mood::UnsyncedLost),
};

/// An amnesia crash: it comes back in its initial state.
pub const WIPED: Variant = Variant {
    letter: 'w',
    name: "disk wiped",
    summary: "The node comes back with an empty disk under its old name: amnesia.",
    lost: "Everything, promises to others included.",
    kept: "Nothing but its name.",
    observed: "A member that others remember and that remembers nothing. No omission can imitate \
               that: it no longer follows the state machine that it was in.",
    heals: "The node starts again by itself; what it forgot does not come back.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| recovery(target, Mood::Wiped),
};

/// A disk that lies about what is stable. It lies dormant until the node crashes.
pub const FORGETFUL: Variant = Variant {
    letter: 'f',
    name: "forgetful disk",
    summary: "The disk confirms writes that it will not keep; nothing shows before the next crash.",
    lost: "Nothing yet; at the next crash, what the disk was set to lose.",
    kept: "Everything, as long as the node does not crash.",
    observed: "Nothing at all: the fault is dormant. Reads and syncs succeed.",
    heals: "By hand: the disk is honest again from then on.",
    takes: &[Aim::Node, Aim::Group],
    source: "A. Avižienis et al., Basic concepts and taxonomy, IEEE TDSC 1(1), 2004, on dormancy",
    make: |target, _| FaultSpec::ForgetfulDisk { node: target.clone(), disk: Mood::Wiped },
};

fn recovery(target: &Target, disk: Mood) -> FaultSpec {
    FaultSpec::CrashRecovery { node: target.clone(), disk, down: DOWN }
}

/// Plans a crash with a return. Letting go brings the node up and then gives the disk its mood
/// back, in this order, so that the node starts with what the crash left.
pub(super) fn plan(node: &Target, disk: Mood, down: Span) -> Plan {
    let mut plan = if disk == Mood::Durable { Plan::default() } else { forgetful(node, disk) };
    plan.steps.push((cue(node), Lever::Power { node: whom(node), to: Life::Down }));
    plan.holds_for = Some(down);
    plan
}

pub(super) fn forgetful(node: &Target, mood: Mood) -> Plan {
    let steps = vec![(cue(node), Lever::Disk { node: whom(node), mood })];
    Plan { steps, ..Plan::default() }
}
