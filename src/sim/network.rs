//! Links: how long a message takes, and whether it arrives at all, for each direction.
//!
//! A link keeps no order, as with datagrams: a message that draws a longer latency is overtaken.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::address::Address;
use super::chance::{Chance, Identity, Purpose};
use super::lever::FaultId;
use super::record::EventId;
use super::time::{Rate, Span};
use super::topology::{Distance, Topology};

/// How long something takes: a distribution over whole microseconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Latency {
    /// Always the same.
    Fixed(Span),
    /// Anything in a range, each microsecond equally likely.
    Uniform(Span, Span),
    /// A least time and an exponential tail with this mean above it.
    Exponential {
        /// The least.
        min: Span,
        /// The mean of what comes on top.
        tail: Span,
    },
}

impl Latency {
    /// Draws how long this one takes.
    pub fn draw(&self, chance: Chance, identity: Identity, purpose: Purpose) -> Span {
        match *self {
            Latency::Fixed(span) => span,
            Latency::Uniform(low, high) => chance.span(identity, purpose, &(low..=high)),
            Latency::Exponential { min, tail } => {
                const STEPS: u64 = 1 << 24;
                let range: RangeInclusive<u64> = 1..=STEPS;
                let share = chance.number(identity, purpose, &range) as f64 / STEPS as f64;
                min + Span(libm::round(-libm::log(share) * tail.0 as f64) as u64)
            }
        }
    }

    /// Returns the longest that is likely: the bound of a range, or five means of a tail.
    pub fn longest(&self) -> Span {
        match *self {
            Latency::Fixed(span) | Latency::Uniform(_, span) => span,
            Latency::Exponential { min, tail } => min + Span(tail.0 * 5),
        }
    }
}

/// What becomes of the messages of a link, on top of what the network does anyway.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fate {
    /// How many are lost.
    pub loss: Rate,
    /// How many arrive twice.
    pub duplicate: Rate,
    /// How many are held back so that later ones overtake them.
    pub reorder: Rate,
    /// How much longer each takes.
    pub delay: Option<Latency>,
}

impl Fate {
    /// The fate of a link that is cut.
    pub const CUT: Fate =
        Fate { loss: Rate::ALWAYS, duplicate: Rate::NEVER, reorder: Rate::NEVER, delay: None };
}

/// The network as the scenario describes it, before any fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Latency within a zone, and between clients and nodes.
    pub latency: Latency,
    /// Latency between zones, where it differs.
    pub cross_zone: Option<Latency>,
    /// Latency between regions, where it differs.
    pub cross_region: Option<Latency>,
    /// How many messages are lost.
    pub loss: Rate,
    /// How many arrive twice.
    pub duplicate: Rate,
    /// How many are held back so that later ones overtake them.
    pub reorder: Rate,
}

impl Network {
    /// Makes a network that loses, doubles and holds back nothing.
    pub fn plain(latency: Latency) -> Network {
        Network {
            latency,
            cross_zone: None,
            cross_region: None,
            loss: Rate::NEVER,
            duplicate: Rate::NEVER,
            reorder: Rate::NEVER,
        }
    }

    /// Returns the latency between two members.
    pub fn between(&self, topology: &Topology, a: Address, b: Address) -> &Latency {
        let far = match topology.distance(a, b) {
            Distance::Near => None,
            Distance::CrossZone => self.cross_zone.as_ref(),
            Distance::CrossRegion => self.cross_region.as_ref().or(self.cross_zone.as_ref()),
        };
        far.unwrap_or(&self.latency)
    }
}

/// A fault's hold on one directed link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Overlay {
    /// Whose.
    pub fault: FaultId,
    /// The record of the lever.
    pub pulled: EventId,
    /// What it does.
    pub fate: Fate,
}

/// A set of members, as bits, so that to ask whether somebody belongs costs the same for all sizes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Group(Arc<[u64]>);

impl Group {
    fn of(members: &[Address]) -> Group {
        let last = members.iter().map(|who| Group::bit(*who)).max().unwrap_or(0);
        let mut words = vec![0; last / 64 + 1];
        for who in members {
            let bit = Group::bit(*who);
            words[bit / 64] |= 1 << (bit % 64);
        }
        Group(words.into())
    }

    fn bit(who: Address) -> usize {
        who.index() * 2 + usize::from(!who.is_node())
    }

    fn has(&self, who: Address) -> bool {
        let bit = Group::bit(who);
        self.0.get(bit / 64).is_some_and(|word| word & 1 << (bit % 64) != 0)
    }

    fn members(&self) -> impl Iterator<Item = Address> {
        let bits = self.0.len() * 64;
        let all = (0..bits).map(|bit| {
            let number = (bit / 2 + 1) as u16;
            if bit % 2 == 0 { Address::Node(number) } else { Address::Client(number) }
        });
        all.filter(|who| self.has(*who))
    }
}

/// A hold on all links from one group to another, but for those of a member to itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Hold {
    from: Group,
    to: Group,
    overlay: Overlay,
}

/// The holds of all faults on all links, oldest first. Held by groups: a cut through a thousand
/// nodes takes half a million links, and a copy of the world must not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overlays(Vec<Hold>);

impl Overlays {
    /// Returns whether no link is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes hold of each directed link from one group to another.
    pub fn hold(&mut self, from: &[Address], to: &[Address], overlay: Overlay) {
        self.0.push(Hold { from: Group::of(from), to: Group::of(to), overlay });
    }

    /// Lets go of every link that a fault holds.
    pub fn release(&mut self, fault: FaultId) {
        self.0.retain(|hold| hold.overlay.fault != fault);
    }

    /// Iterates over the holds on a directed link, oldest first.
    pub fn on(&self, from: Address, to: Address) -> impl Iterator<Item = &Overlay> {
        let holds = self.0.iter().filter(move |hold| hold.from.has(from) && hold.to.has(to));
        holds.map(|hold| &hold.overlay).filter(move |_| from != to)
    }

    /// Lists every held link with its holds, by sender and receiver.
    pub fn list(&self) -> Vec<(Address, Address, &Overlay)> {
        let mut links = Vec::new();
        for Hold { from, to, overlay } in &self.0 {
            for sender in from.members() {
                let receivers = to.members().filter(|receiver| *receiver != sender);
                links.extend(receivers.map(|receiver| (sender, receiver, overlay)));
            }
        }
        links.sort_by_key(|(from, to, _)| (*from, *to));
        links
    }
}
