//! Everything that a fault may do to a world, as data: few levers, many faults.
//!
//! A plan is data, so that it can be shown, shared, hashed and replayed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::chance::Identity;
use super::network::Fate;
use super::node::{Life, Mood};
use super::rollout::Setting;
use super::signed::Untruth;
use super::time::{Instant, Rate, Span};
use super::topology::Domain;

/// Which fault of a run, from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct FaultId(pub u32);

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("F{}", self.0))
    }
}

impl From<FaultId> for Identity {
    /// Makes the identity of what is done to the world for a fault.
    fn from(fault: FaultId) -> Identity {
        Identity(u64::from(fault.0))
    }
}

/// Whom a lever takes hold of. All but `Only` are resolved in the world, when the lever is pulled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// Just these.
    Only(Vec<Address>),
    /// Whoever leads in the highest epoch; waits for somebody to lead where nobody does.
    Leader,
    /// Every node but the leader; waits as `Leader` does.
    NotLeader,
    /// Every node but the leader and its bridge, the lowest of the others; waits as `Leader` does.
    BeyondBridge,
    /// The later half of the nodes that the lever does not strike: whom a liar tells the second
    /// story where nobody says to whom.
    OtherHalf,
    /// Every node.
    Nodes,
    /// Every client.
    Clients,
    /// Every node of a failure domain.
    Domain(Domain, Of),
    /// Every node that is not of it.
    Outside(Domain, Of),
}

/// Which failure domain: by its name, or as that of somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The one of this name.
    Name(String),
    /// Those in which these nodes stand.
    Nodes(Vec<Address>),
    /// The one in which the leader stands; waits for one where nobody leads.
    Leader,
}

impl Whom {
    /// Returns the members of a group that is resolved; nobody where it is not.
    pub fn members(&self) -> &[Address] {
        match self {
            Whom::Only(these) => these,
            _ => &[],
        }
    }
}

/// Which side of a node a fault sits on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Before the network: what the node sends.
    Send,
    /// After the network: what the node receives.
    Receive,
}

/// How a node lies. What another has signed it cannot make up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lie {
    /// Says something else in the place of what it should say, as its protocol's `forge` has it.
    Tell {
        /// What kind of untruth.
        says: Untruth,
        /// To whom; to everybody where it is not given.
        to: Option<Whom>,
    },
    /// Is two honest nodes under one name: one to those who are told the second story and to
    /// clients of even number, the other to everybody else. Liars of one lever share both stories.
    Equivocate {
        /// Who is told the second story.
        second: Whom,
    },
    /// Says nothing to some, and the truth to all others.
    Withhold {
        /// To whom nothing is said.
        from: Whom,
    },
    /// Says again what it said before.
    Replay {
        /// After what share of its messages.
        rate: Rate,
    },
}

/// Where a bit is flipped without a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Spot {
    /// In memory, once.
    Memory,
    /// On the disk, once; it is read when the node next starts.
    Disk,
    /// On the way, in a share of what the node sends; a checksum finds it.
    Transit,
    /// In the core that computes it, in a share of what the node sends; a checksum over the wrong
    /// result is right.
    Core,
}

impl Spot {
    /// Returns the words for it, before a node's name.
    pub const fn words(self) -> &'static str {
        match self {
            Spot::Memory => "in the memory of",
            Spot::Disk => "on the disk of",
            Spot::Transit => "in messages of",
            Spot::Core => "in results of",
        }
    }
}

/// One hold on the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lever {
    /// Bends the directed links from one group to another.
    Link {
        /// Senders.
        from: Whom,
        /// Receivers.
        to: Whom,
        /// What becomes of messages between them.
        fate: Fate,
    },
    /// Drops a share of what a node sends, before the network, or receives, after it.
    Omit {
        /// Which nodes.
        node: Whom,
        /// Which side.
        way: Way,
        /// How many.
        rate: Rate,
    },
    /// Changes a node's life.
    Power {
        /// Which nodes.
        node: Whom,
        /// Up, paused or down.
        to: Life,
    },
    /// Changes what a node's disk keeps through a crash.
    Disk {
        /// Which nodes.
        node: Whom,
        /// The mood.
        mood: Mood,
    },
    /// Bends a node's clock.
    Clock {
        /// Which nodes.
        node: Whom,
        /// A jump, in microseconds, forwards or backwards.
        step_us: i64,
        /// How much too fast the clock runs, in parts per million; negative is too slow.
        drift_ppm: i32,
    },
    /// Makes a node take this long for each event, one after the other.
    Service {
        /// Which nodes.
        node: Whom,
        /// How long each event takes.
        time: Span,
    },
    /// Takes a share of the client calls that reach a node, or makes them late. Peers and health
    /// checks are answered as ever. A lever of the same fault and kind replaces the one before.
    Gray {
        /// Which nodes.
        node: Whom,
        /// How many calls.
        rate: Rate,
        /// How much later the node takes them in; zero where it never does.
        delay: Span,
    },
    /// Sets something wrongly at a node.
    Setting {
        /// Which nodes.
        node: Whom,
        /// What.
        setting: Setting,
    },
    /// Makes clients call more often.
    Surge {
        /// Which clients.
        client: Whom,
        /// How many times as often.
        factor: u32,
    },
    /// Makes clients call at once, beside what they call of themselves.
    Burst {
        /// Which clients.
        client: Whom,
        /// How many calls, all clients together.
        calls: u32,
    },
    /// Lets what a node says leave before its disk has what was saved before it.
    Early {
        /// Which nodes.
        node: Whom,
    },
    /// Makes a node lie.
    Lie {
        /// Which nodes: they collude.
        node: Whom,
        /// How.
        lie: Lie,
    },
    /// Flips bits without a signal.
    Corrupt {
        /// Which nodes.
        node: Whom,
        /// Where.
        spot: Spot,
        /// In what share of what the node sends, for `Transit` and `Core`.
        rate: Rate,
    },
}

impl Lever {
    /// Returns the groups that it takes hold of: of a link, senders and receivers.
    pub const fn groups(&self) -> (&Whom, Option<&Whom>) {
        match self {
            Lever::Link { from, to, .. } => (from, Some(to)),
            Lever::Setting { node, .. }
            | Lever::Surge { client: node, .. }
            | Lever::Burst { client: node, .. }
            | Lever::Omit { node, .. }
            | Lever::Power { node, .. }
            | Lever::Disk { node, .. }
            | Lever::Clock { node, .. }
            | Lever::Service { node, .. }
            | Lever::Gray { node, .. }
            | Lever::Lie { node, .. }
            | Lever::Corrupt { node, .. }
            | Lever::Early { node } => (node, None),
        }
    }

    /// Returns the same groups, to be renamed.
    pub const fn groups_mut(&mut self) -> (&mut Whom, Option<&mut Whom>) {
        match self {
            Lever::Link { from, to, .. } => (from, Some(to)),
            Lever::Setting { node, .. }
            | Lever::Surge { client: node, .. }
            | Lever::Burst { client: node, .. }
            | Lever::Omit { node, .. }
            | Lever::Power { node, .. }
            | Lever::Disk { node, .. }
            | Lever::Clock { node, .. }
            | Lever::Service { node, .. }
            | Lever::Gray { node, .. }
            | Lever::Lie { node, .. }
            | Lever::Corrupt { node, .. }
            | Lever::Early { node } => (node, None),
        }
    }

    /// Returns the nodes that it took hold of, once they are resolved: of a link, the smaller end.
    pub fn held(&self) -> Option<&[Address]> {
        let known = |whom: &Whom| matches!(whom, Whom::Only(_));
        let (one, two) = self.groups();
        let groups = std::iter::once(one).chain(two).filter(|whom| known(whom));
        groups.map(Whom::members).min_by_key(|members| members.len())
    }
}

/// When a lever is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cue {
    /// This long after the fault was injected.
    After(Span),
    /// When somebody next takes the lead, after the fault was injected.
    OnLeader,
}

impl Cue {
    /// At the injection.
    pub const NOW: Cue = Cue::After(Span::ZERO);
}

/// What a fault does, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plan {
    /// The levers, each with its cue.
    pub steps: Vec<(Cue, Lever)>,
    /// What follows, each so long after the first lever that was pulled and at whom that took hold
    /// of: a fault that grows grows where it began, whoever leads by then.
    pub then: Vec<(Span, Lever)>,
    /// Where a guard watches: for how long after a change it does. If a node is ill by then, all
    /// changes are undone.
    pub guard: Option<Span>,
    /// When the fault heals by itself, counted from its injection.
    pub heal_after: Option<Span>,
    /// When the fault heals by itself, counted from the first lever that it pulled: a crash that
    /// had to wait for a leader still lasts as long as it should.
    pub holds_for: Option<Span>,
}

/// What may be done to a world from outside. Together with the seed, inputs are all that a run is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Injects a fault.
    Inject(FaultId, Plan),
    /// Heals a fault: takes all of its levers back.
    Heal(FaultId),
    /// Turns a switch of the protocol or of the clients.
    Set {
        /// Which.
        switch: &'static str,
        /// How it shall stand.
        on: bool,
    },
}

/// An input at its virtual instant; it comes before the events of that instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Placed {
    /// When.
    pub at: Instant,
    /// What.
    pub input: Input,
}
