//! Draws keyed by (seed, identity of what they are for), so that what a fault did not touch keeps
//! its luck.
//!
//! Absent on purpose: a generator that is shared or that remembers. Two draws with the same key are
//! the same draw, in whatever order and on whatever machine they are made.

use std::ops::RangeInclusive;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::time::{Rate, Span};

/// The identity of an event or effect: a hash of its parent's identity and its place in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub u64);

impl Identity {
    /// Returns the identity of the effect at `place` among what this event caused.
    #[must_use]
    pub const fn child(self, place: u64) -> Identity {
        Identity(mix(self.0 ^ mix(place.wrapping_add(0xA076_1D64_78BD_642F))))
    }
}

/// Finalises 64 bits so that each bit of the input changes half of the output (`SplitMix64`,
/// Steele, Lea and Flood 2014). The named stable hash under identities and digests.
pub const fn mix(bits: u64) -> u64 {
    let mut z = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a draw is for. Each purpose is a stream of its own, so that adding one draw shifts no
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How long a message travels.
    Latency,
    /// Whether a message is lost.
    Loss,
    /// Whether a message arrives twice.
    Duplicate,
    /// Whether a message is overtaken.
    Reorder,
    /// How long a timer waits.
    Timer,
    /// How long a disk takes.
    Sync,
    /// What a protocol or client draws for itself.
    Own,
    /// Whether a fault that strikes at a rate strikes here: one stream for each fault.
    Fault(u32),
}

impl Purpose {
    const fn stream(self) -> u64 {
        match self {
            Purpose::Latency => 1,
            Purpose::Loss => 2,
            Purpose::Duplicate => 3,
            Purpose::Reorder => 4,
            Purpose::Timer => 5,
            Purpose::Sync => 6,
            Purpose::Own => 7,
            Purpose::Fault(id) => 1 << 32 | id as u64,
        }
    }
}

/// The source of every draw of one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// Makes the source for a seed.
    pub const fn new(seed: u64) -> Chance {
        Chance { seed }
    }

    /// Returns the seed.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    fn stream(self, identity: Identity, purpose: Purpose) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(mix(self.seed ^ mix(identity.0 ^ mix(purpose.stream()))))
    }

    /// Draws a span from a range, each microsecond equally likely.
    pub fn span(self, identity: Identity, purpose: Purpose, range: &RangeInclusive<Span>) -> Span {
        let (low, high) = (range.start().0, range.end().0);
        if low >= high {
            return Span(low);
        }
        Span(self.stream(identity, purpose).random_range(low..=high))
    }

    /// Draws a whole number from a range, each equally likely.
    pub fn number(self, identity: Identity, purpose: Purpose, range: &RangeInclusive<u64>) -> u64 {
        if range.start() >= range.end() {
            return *range.start();
        }
        self.stream(identity, purpose).random_range(range.clone())
    }

    /// Draws whether something with this rate happens.
    pub fn hits(self, identity: Identity, purpose: Purpose, rate: Rate) -> bool {
        match rate {
            Rate::NEVER => false,
            Rate::ALWAYS => true,
            _ => self.stream(identity, purpose).random_range(0..1_000_000_u32) < rate.as_ppm(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let chance = Chance::new(7);
        let range = Span(0)..=Span(1_000_000);
        let here = Identity(1).child(3);
        let first = chance.span(here, Purpose::Latency, &range);
        let _between = chance.span(Identity(9), Purpose::Latency, &range);
        assert_eq!(first, chance.span(here, Purpose::Latency, &range));
        assert_ne!(first, chance.span(here, Purpose::Timer, &range));
        assert_ne!(first, Chance::new(8).span(here, Purpose::Latency, &range));
    }

    #[test]
    fn the_generator_is_pinned() {
        let range = Span(0)..=Span(1_000_000);
        let draw = |k| Chance::new(1).span(Identity(k), Purpose::Latency, &range).0;
        assert_eq!([draw(1), draw(2), draw(3)], PINNED);
    }

    /// Recorded once. Another value means that every token that anybody has kept is void.
    const PINNED: [u64; 3] = [138_505, 587_220, 812_195];

    #[test]
    fn rates_are_met() {
        let hits = |k: &u64| Chance::new(3).hits(Identity(*k), Purpose::Loss, Rate::ppm(250_000));
        let share = (0..20_000).filter(hits).count();
        assert!((4_800..5_200).contains(&share), "{share}");
    }
}
