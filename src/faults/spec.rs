//! A fault as a scenario names it and as a key makes it: class, variant, target.

use serde::{Deserialize, Serialize};

use crate::sim::{Address, Mood, Rate, Span};

/// Whom a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// Whoever leads when the fault is injected; waits for a leader where nobody leads.
    Leader,
    /// Whoever next takes the lead after the fault is injected.
    NextLeader,
    /// One node: `Node("n2")`.
    Node(Address),
    /// A group of nodes: `Nodes(["n1", "n2"])`.
    Nodes(Vec<Address>),
}

/// How a partition cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cut {
    /// Nothing passes between the two sides, in either direction.
    Complete,
    /// Both sides still reach one bridge node, the lowest of the larger side.
    Partial,
    /// What the isolated side sends is lost; what is sent to it arrives.
    OneWay,
}

/// A fault: what a file writes after `fault:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FaultSpec {
    /// The node stops and does not come back by itself.
    CrashStop {
        /// Whom.
        node: Target,
    },
    /// The node stops and starts again.
    CrashRecovery {
        /// Whom.
        node: Target,
        /// What its disk keeps.
        #[serde(default)]
        disk: Mood,
        /// How long it is down.
        #[serde(default = "two_seconds")]
        down: Span,
    },
    /// The disk will not keep what it says it keeps; nothing shows until the node next crashes.
    ForgetfulDisk {
        /// Whose.
        node: Target,
        /// What a crash will take.
        disk: Mood,
    },
    /// The node does not send a share of what it should.
    SendOmission {
        /// Whom.
        node: Target,
        /// How many.
        rate: Rate,
    },
    /// The node does not take in a share of what reaches it.
    ReceiveOmission {
        /// Whom.
        node: Target,
        /// How many.
        rate: Rate,
    },
    /// One direction of one link loses a share of its messages.
    ChannelOmission {
        /// From whom.
        from: Target,
        /// To whom.
        to: Target,
        /// How many.
        rate: Rate,
    },
    /// The node takes this long for each event, one after the other.
    Slow {
        /// Whom.
        node: Target,
        /// How long.
        by: Span,
    },
    /// The node freezes, as in a garbage collection; its inbox fills and its timers wait.
    Pause {
        /// Whom.
        node: Target,
    },
    /// The node's clock jumps.
    ClockStep {
        /// Whose.
        node: Target,
        /// How far, in microseconds; negative is backwards.
        by_us: i64,
    },
    /// The node's clock, and so its timers, run too fast or too slow.
    ClockDrift {
        /// Whose.
        node: Target,
        /// How much too fast, in parts per million; negative is too slow.
        ppm: i32,
    },
    /// Links between two groups of nodes are cut; the nodes are well.
    Partition {
        /// How.
        kind: Cut,
        /// One side; the other is everybody else.
        isolate: Target,
    },
}

/// How long a crashed node stays down where a scenario does not say.
fn two_seconds() -> Span {
    Span::secs(2)
}
