//! Links: how long a message takes, and whether it arrives at all, for each direction.
//!
//! A link keeps no order, as with datagrams: a message that draws a longer latency is overtaken.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use smallvec::SmallVec;

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

/// The holds of all faults on all links; a link that no fault holds is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overlays(BTreeMap<(Address, Address), SmallVec<[Overlay; 1]>>);

impl Overlays {
    /// Returns whether no link is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes hold of a directed link.
    pub fn hold(&mut self, from: Address, to: Address, overlay: Overlay) {
        self.0.entry((from, to)).or_default().push(overlay);
    }

    /// Lets go of every link that a fault holds.
    pub fn release(&mut self, fault: FaultId) {
        self.0.retain(|_, overlays| {
            overlays.retain(|overlay| overlay.fault != fault);
            !overlays.is_empty()
        });
    }

    /// Returns the holds on a directed link, oldest first.
    pub fn on(&self, from: Address, to: Address) -> &[Overlay] {
        self.0.get(&(from, to)).map_or(&[], |overlays| overlays)
    }

    /// Lists every held link.
    pub fn iter(&self) -> impl Iterator<Item = (Address, Address, &Overlay)> {
        self.0.iter().flat_map(|((from, to), held)| held.iter().map(|o| (*from, *to, o)))
    }
}
