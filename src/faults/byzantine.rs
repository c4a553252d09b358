//! Byzantine: the node does anything at all, short of forging what another has signed.
//!
//! What makes it worst is that it need not be the same to everybody: an inconsistent failure. Each
//! variant is one kind of deed; several may be laid over each other. How many liars a protocol
//! bears is its own bound (a third for PBFT, none for Raft), and here it may be passed.

use crate::sim::{Lever, Lie, Plan, Rate, Untruth, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{FaultSpec, Target};

const SOURCE: &str = "L. Lamport, R. Shostak and M. Pease, The Byzantine generals problem, ACM \
                      TOPLAS 4(3), 1982";
const LOST: &str = "Trust in what it says. What it keeps is well, and of no use to others.";
const KEPT: &str = "Everybody else's signatures: it can sign for itself and its accomplices alone.";
const HEALS: &str = "When healed it is honest again; what it said stays said.";

/// After what share of its messages a node that a key makes say them again does so.
pub const REPLAYS: Rate = Rate::ppm(200_000);

/// The class, for the catalogue.
pub static BYZANTINE: Class = Class {
    name: "byzantine",
    digit: '6',
    summary: "The node does anything at all: it lies, and not to everybody alike.",
    variants: &[EQUIVOCATE, CONTRARY, FALSE_VALUE, DENIAL, WITHHOLD, REPLAY],
};

/// Two faces.
pub const EQUIVOCATE: Variant = Variant {
    letter: 'e',
    name: "equivocation",
    summary: "It is two honest nodes under one name: some are told one story, the others a second.",
    lost: LOST,
    kept: KEPT,
    observed: "Nothing, to either side: each story is consistent. Only who compares signed \
               messages from both sides finds two that contradict each other.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::Equivocate { nodes: target.clone(), second: None },
};

/// The contrary of the truth, to half of the others.
pub const CONTRARY: Variant = Variant {
    letter: 'c',
    name: "contrary answers",
    summary: "It says yes for no and no for yes to some, and the truth to the others.",
    lost: LOST,
    kept: KEPT,
    observed: "Votes and answers that no honest node with its state would give.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| lie(target, Untruth::Contrary),
};

/// A false value.
pub const FALSE_VALUE: Variant = Variant {
    letter: 'v',
    name: "false values",
    summary: "It passes on another value than it was given, and answers clients with one.",
    lost: LOST,
    kept: KEPT,
    observed: "A value that nobody wrote. Signatures show it, where requests are signed.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| lie(target, Untruth::Value),
};

/// A false account of its own deeds.
pub const DENIAL: Variant = Variant {
    letter: 'd',
    name: "denial",
    summary: "It denies what it promised and claims what it did not do: a second vote, an \
              acknowledgement of what it threw away, an empty log.",
    lost: LOST,
    kept: KEPT,
    observed: "Nothing, until somebody relies on what it promised.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| lie(target, Untruth::Denial),
};

/// Silence to some.
pub const WITHHOLD: Variant = Variant {
    letter: 'w',
    name: "withholding",
    summary: "It says nothing to some, on purpose, and the truth to all others.",
    lost: "Every message from it to those.",
    kept: "What it says to the others is true.",
    observed: "To some it is silent as a crashed node; to the others it is well.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::Withhold { nodes: target.clone(), from: None },
};

/// Old messages again.
pub const REPLAY: Variant = Variant {
    letter: 'r',
    name: "replay",
    summary: "It says again, now and then, what it said long ago.",
    lost: "Nothing: old words come on top of the new ones.",
    kept: KEPT,
    observed: "Messages of old terms, views and ballots, rightly signed.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::Replay { nodes: target.clone(), rate: REPLAYS },
};

fn lie(target: &Target, says: Untruth) -> FaultSpec {
    FaultSpec::Lie { nodes: target.clone(), says, to: None }
}

fn plan(nodes: &Target, lie: Lie) -> Plan {
    let steps = vec![(cue(nodes), Lever::Lie { node: whom(nodes), lie })];
    Plan { steps, ..Plan::default() }
}

/// Names whom a lie is for; half of the others where nobody says.
fn audience(some: Option<&Target>) -> Whom {
    some.map_or(Whom::OtherHalf, whom)
}

pub(super) fn equivocate(nodes: &Target, second: Option<&Target>) -> Plan {
    plan(nodes, Lie::Equivocate { second: audience(second) })
}

pub(super) fn tell(nodes: &Target, says: Untruth, to: Option<&Target>) -> Plan {
    let to = match (to, says) {
        (None, Untruth::Contrary) => Some(Whom::OtherHalf),
        (to, _) => to.map(whom),
    };
    plan(nodes, Lie::Tell { says, to })
}

pub(super) fn withhold(nodes: &Target, from: Option<&Target>) -> Plan {
    plan(nodes, Lie::Withhold { from: audience(from) })
}

pub(super) fn replay(nodes: &Target, rate: Rate) -> Plan {
    plan(nodes, Lie::Replay { rate })
}
