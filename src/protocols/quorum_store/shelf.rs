//! What a replica holds: the newest version of each key that it has seen, and which calls it knows.

use std::collections::VecDeque;

use imbl::OrdMap;

use crate::sim::{Address, CallId, Held};

/// How many keys a replica holds; what comes for more is not kept.
pub const KEYS_MAX: usize = 1_000_000;
/// How many calls a replica remembers for each client.
pub const CALLS_KEPT: usize = 2 * CallId::OPEN_MAX;

/// Which of two copies is newer: the higher stamp, and where they are equal the higher node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What the coordinator's clock read in microseconds, or its counter.
    pub stamp: u64,
    /// The coordinator.
    pub by: u16,
}

/// One version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Copy {
    /// Which version.
    pub version: Version,
    /// What it holds.
    pub value: u64,
    /// The call that wrote it: `CallId::key`.
    pub call: u64,
}

/// The calls of one client that were kept, oldest first: the key of the call, and its version.
type Calls = VecDeque<(u64, Version)>;

/// What a replica holds. Its clones share what is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shelf {
    copies: OrdMap<u64, Copy>,
    calls: OrdMap<u64, Calls>,
}

impl Shelf {
    /// Returns the copy of a key.
    pub fn get(&self, key: u64) -> Option<Copy> {
        self.copies.get(&key).copied()
    }

    /// Iterates over the keys from one on, smallest first.
    pub fn from(&self, key: u64) -> impl Iterator<Item = (u64, Copy)> + '_ {
        self.copies.range(key..).map(|(key, copy)| (*key, *copy))
    }

    /// Returns how many keys it holds.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// Returns which version a call's write was given, where it is known.
    pub fn version_of(&self, call: u64) -> Option<Version> {
        let calls = self.calls.get(&(call >> 32))?;
        calls.iter().rev().find(|(known, _)| *known == call).map(|(_, version)| *version)
    }

    /// Returns whether a copy is newer than what is held.
    pub fn is_news(&self, key: u64, copy: &Copy) -> bool {
        match self.copies.get(&key) {
            Some(held) => copy.version > held.version,
            None => self.copies.len() < KEYS_MAX,
        }
    }

    /// Keeps a copy where it is newer than what is held, and remembers its call in any case.
    pub fn keep(&mut self, key: u64, copy: Copy) {
        if self.is_news(key, &copy) {
            self.copies.insert(key, copy);
        }
        if self.version_of(copy.call).is_some() {
            return;
        }
        let calls = self.calls.entry(copy.call >> 32).or_default();
        calls.push_back((copy.call, copy.version));
        if calls.len() > CALLS_KEPT {
            calls.pop_front();
        }
    }

    /// Returns the highest stamp that it has seen.
    pub fn highest_stamp(&self) -> u64 {
        self.copies.values().map(|copy| copy.version.stamp).max().unwrap_or(0)
    }

    /// Flips one bit of one value.
    pub(super) fn flip(&mut self, bit: u64) -> bool {
        let count = self.len() as u64;
        let Some(key) = (bit / 32).checked_rem(count) else { return false };
        let Some(key) = self.copies.keys().nth(key as usize).copied() else { return false };
        let copy = self.copies.get_mut(&key);
        copy.is_some_and(|copy| {
            copy.value ^= 1 << (bit % 32);
            true
        })
    }
}

impl Copy {
    /// Returns the copy as it is noted.
    pub const fn held(&self, key: u64) -> Held {
        let version = (self.version.stamp, Address::Node(self.version.by));
        Held { key, version, value: self.value }
    }
}
