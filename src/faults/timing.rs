//! Timing: the right thing at the wrong time.
//!
//! Late is a fault only against a bound. An asynchronous system promises none; what breaks there
//! is the timeout that somebody chose.

use crate::sim::{Fate, Latency, Lever, Life, Plan, Span};

use super::catalogue::{Aim, CRISTIAN, Class, Variant};
use super::omission::peer;
use super::plan::{cue, either, whom};
use super::spec::{FaultSpec, Shift, Target};

/// How long each event takes on a node that a key slows.
pub const SLOW_BY: Span = Span::millis(20);
/// How long a pause made by a key lasts: a long garbage collection, past any election timeout.
pub const PAUSE: Span = Span::secs(1);
/// How far a clock jumps where a key makes it.
pub const STEP: Span = Span::secs(10);
/// How much too slow a clock runs where a key makes it: a fifth.
pub const DRIFT_PPM: i32 = -200_000;
/// How much longer a message takes on a link that a key slows.
pub const LINK_BY: Span = Span::millis(100);

/// The class, for the catalogue.
pub static TIMING: Class = Class {
    name: "timing",
    digit: '4',
    summary: "The node does the right thing at the wrong time, or its clock tells it wrong.",
    variants: &[SLOW, PAUSED, STEPPED, DRIFTING, SLOW_LINK, EARLY],
};

/// A performance failure of a node.
pub const SLOW: Variant = Variant {
    letter: 's',
    name: "slow node",
    summary: "Each event takes the node this long, one after the other; its inbox grows.",
    lost: "Nothing but time.",
    kept: "Its state, its disk, every message.",
    observed: "Late answers: a performance failure, if somebody promised a bound.",
    heals: "When healed; it then works off what waits.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::Slow { node: target.clone(), by: SLOW_BY },
};

/// A stop with all memory kept, as a garbage collection makes it.
pub const PAUSED: Variant = Variant {
    letter: 'p',
    name: "pause",
    summary: "The node and its timers freeze, as in a garbage collection, while its inbox fills.",
    lost: "Nothing, unless its inbox overflows.",
    kept: "All that it knew, the belief that it leads included: it does not know that it was away.",
    observed: "Silence, exactly as in a crash; then a node that acts on old beliefs.",
    heals: "By itself when its time is over; it then works through its inbox.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::Pause { node: target.clone(), lasts: Some(PAUSE) },
};

/// A clock that jumps.
pub const STEPPED: Variant = Variant {
    letter: 'j',
    name: "clock step",
    summary: "The node's clock jumps forwards or backwards, once.",
    lost: "The truth of every timestamp that it reads from now on.",
    kept: "Its timers, which count a monotonic clock, and all of its state.",
    observed: "Nothing, to who compares no timestamps: constant skew cannot be seen from outside.",
    heals: "When healed the clock is not set back: a jump is done.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::ClockStep { node: target.clone(), by: Shift::forwards(STEP) },
};

/// A clock that runs at the wrong speed.
pub const DRIFTING: Variant = Variant {
    letter: 'd',
    name: "clock drift",
    summary: "The node's clock, and its timers with it, run too fast or too slow.",
    lost: "Agreement on how long a timeout is.",
    kept: "Its state, its disk, every message.",
    observed: "It times out too early, or keeps others waiting too long.",
    heals: "When healed it runs at the right speed; how far it is off by then remains.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::ClockDrift { node: target.clone(), ppm: DRIFT_PPM },
};

/// A performance failure of a link.
pub const SLOW_LINK: Variant = Variant {
    letter: 'l',
    name: "slow link",
    summary: "One direction of one link takes longer than it should.",
    lost: "Nothing but time.",
    kept: "Both nodes, every message, the other direction and every other link.",
    observed: "Two nodes find each other slow; to all others both are well.",
    heals: "When healed; what is on its way still comes late.",
    takes: &[Aim::Link],
    source: "C. Dwork, N. Lynch and L. Stockmeyer, Consensus in the presence of partial \
             synchrony, JACM 35(2), 1988",
    make: |target, nodes| FaultSpec::SlowLink {
        from: target.clone(),
        to: peer(target, nodes),
        by: LINK_BY,
    },
};

/// The right answer before its time: the early half of a timing failure.
pub const EARLY: Variant = Variant {
    letter: 'e',
    name: "early answer",
    summary: "What the node says leaves at once and does not wait for its disk to have it.",
    lost: "Nothing yet; in a power cut, whatever it promised and had not written.",
    kept: "Its state, its disk, every message, and the right content of each.",
    observed: "A node that is quicker than its disk. Nothing is wrong before it loses power.",
    heals: "When healed it waits for its disk again.",
    takes: &[Aim::Node, Aim::Group],
    source: CRISTIAN,
    make: |target, _| FaultSpec::EarlyAnswer { node: target.clone() },
};

pub(super) fn early(node: &Target) -> Plan {
    let steps = vec![(cue(node), Lever::Early { node: whom(node) })];
    Plan { steps, ..Plan::default() }
}

pub(super) fn slow(node: &Target, time: Span) -> Plan {
    let steps = vec![(cue(node), Lever::Service { node: whom(node), time })];
    Plan { steps, ..Plan::default() }
}

pub(super) fn pause(node: &Target, lasts: Option<Span>) -> Plan {
    let steps = vec![(cue(node), Lever::Power { node: whom(node), to: Life::Paused })];
    Plan { steps, holds_for: lasts, ..Plan::default() }
}

pub(super) fn clock(node: &Target, step_us: i64, drift_ppm: i32) -> Plan {
    let steps = vec![(cue(node), Lever::Clock { node: whom(node), step_us, drift_ppm })];
    Plan { steps, ..Plan::default() }
}

pub(super) fn slow_link(from: &Target, to: &Target, by: Span) -> Plan {
    let fate = Fate { delay: Some(Latency::Fixed(by)), ..Fate::default() };
    let lever = Lever::Link { from: whom(from), to: whom(to), fate };
    Plan { steps: vec![(either(from, to), lever)], ..Plan::default() }
}
