//! Omission: messages that should have been there and are not.
//!
//! Where a message is lost decides who can know of it: before the network (send), after it
//! (receive), or on one direction of one link (channel).

use crate::sim::{Address, Fate, Lever, Plan, Rate, Way};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, either, whom};
use super::spec::{FaultSpec, Target};

/// How many messages a fault made by a key takes: enough to show, too few to look like a crash.
pub const RATE: Rate = Rate::ppm(500_000);

const SOURCE: &str =
    "V. Hadzilacos and S. Toueg, A modular approach to fault-tolerant broadcasts, 1994";

/// The class, for the catalogue.
pub static OMISSION: Class = Class {
    name: "omission",
    digit: '3',
    summary: "Messages that should have been sent or taken in are not; the rest are right.",
    variants: &[SEND, RECEIVE, CHANNEL],
};

/// Messages lost before the network.
pub const SEND: Variant = Variant {
    letter: 's',
    name: "send omission",
    summary: "The node believes that it sends, and a share of it never reaches the network.",
    lost: "A share of its messages, answers to clients included.",
    kept: "Its state, its disk, all that it receives.",
    observed: "Gaps. The sender sees only that replies are missing.",
    heals: "When healed; what was lost stays lost.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::SendOmission { node: target.clone(), rate: RATE },
};

/// Messages lost after the network.
pub const RECEIVE: Variant = Variant {
    letter: 'r',
    name: "receive omission",
    summary: "A share of what reaches the node is never taken in, as with a full socket buffer.",
    lost: "A share of what is sent to it, calls of clients included.",
    kept: "Its state, its disk, all that it sends: others still hear it.",
    observed: "A node that speaks and does not seem to listen.",
    heals: "When healed; what was lost stays lost.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::ReceiveOmission { node: target.clone(), rate: RATE },
};

/// Messages lost on one direction of one link.
pub const CHANNEL: Variant = Variant {
    letter: 'c',
    name: "channel omission",
    summary: "One direction of one link loses a share of its messages (a fair-loss channel).",
    lost: "A share of what goes this way.",
    kept: "Both nodes, the other direction, and every other link.",
    observed: "Two nodes disagree on whether the other lives; to all others both are well.",
    heals: "When healed; what was lost stays lost.",
    takes: &[Aim::Link],
    source: SOURCE,
    make: |target, nodes| FaultSpec::ChannelOmission {
        from: target.clone(),
        to: peer(target, nodes),
        rate: RATE,
    },
};

/// Returns the other end of the link that a key means where only one end is selected: the next
/// node, or everybody where it is not known yet who the first end will be.
pub(super) fn peer(target: &Target, nodes: u16) -> Target {
    let next = |k: u16| Target::Node(Address::Node(k % nodes.max(1) + 1));
    match target {
        Target::Node(Address::Node(k)) => next(*k),
        _ => Target::Nodes((1..=nodes).map(Address::Node).collect()),
    }
}

pub(super) fn plan(node: &Target, way: Way, rate: Rate) -> Plan {
    let steps = vec![(cue(node), Lever::Omit { node: whom(node), way, rate })];
    Plan { steps, ..Plan::default() }
}

pub(super) fn channel(from: &Target, to: &Target, loss: Rate) -> Plan {
    let fate = Fate { loss, ..Fate::default() };
    let lever = Lever::Link { from: whom(from), to: whom(to), fate };
    Plan { steps: vec![(either(from, to), lever)], ..Plan::default() }
}
