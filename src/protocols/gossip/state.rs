//! What a node keeps: items on the disk, and in memory what is hot.

use imbl::OrdMap;

use crate::sim::chance::mix;
use crate::sim::{Address, Held, Instant};

use super::message::{Claim, Line, Seal, Update, Version};

/// What a node holds of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// Version and value.
    pub claim: Claim,
    /// The signature of the client that asked for it, where updates are signed.
    pub seal: Option<Seal>,
    /// When this node learnt it, by its own clock.
    pub learnt: Instant,
}

impl Item {
    /// Returns it as it travels.
    pub const fn update(&self, key: u64) -> Update {
        Update { key, claim: self.claim, seal: self.seal }
    }

    /// Returns its line of the table of contents.
    pub const fn line(&self, key: u64) -> Line {
        Line { key, version: self.claim.version, print: mix(self.claim.value) as u32 }
    }

    /// Returns it as oracles know it.
    pub fn held(&self, key: u64) -> Held {
        self.update(key).held()
    }
}

/// A rumour that a node still tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hot {
    /// Its key; the rumour is whatever the node holds of it.
    pub key: u64,
    /// How many tellings were in vain, one after the other.
    pub vain: u16,
    /// Whether somebody who was told since the last beat did not know it.
    pub useful: bool,
    /// Whether somebody who was told since the last beat knew it.
    pub useless: bool,
}

impl Hot {
    /// Makes a rumour that nobody was told yet.
    pub const fn new(key: u64) -> Hot {
        Hot { key, vain: 0, useful: false, useless: false }
    }
}

/// What survives a crash: the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// Items by their keys.
    pub items: OrdMap<u64, Item>,
}

/// A change to the store on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delta {
    /// Holds this from now on.
    Put(u64, Item),
    /// Holds nothing of this key from now on.
    Drop(u64),
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        match self {
            Delta::Put(key, item) => stable.items.insert(*key, *item),
            Delta::Drop(key) => stable.items.remove(key),
        };
    }
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,
    /// Where its beats lie within a period, in microseconds.
    pub phase: u64,

    // What is on the disk, or on its way there.
    /// Items by their keys.
    pub items: OrdMap<u64, Item>,
    /// Death certificates among them, the oldest first.
    pub certificates: OrdMap<(Version, u64), ()>,

    // What is not.
    /// The newest version that it has ever seen.
    pub newest: Version,
    /// Rumours that it still tells, oldest first.
    pub hot: Vec<Hot>,
    /// Whether its beat for rumours is armed.
    pub armed: bool,
    /// From which key on it compares next.
    pub cursor: u64,
    /// How many rumours it has told, each telling counted: its share of the traffic.
    pub told: u64,
}

impl State {
    /// Starts with what the disk holds.
    pub fn new(me: u16, phase: u64, disk: Stable) -> State {
        let certificates = disk.items.iter().filter(|(_, item)| item.claim.is_certificate());
        let certificates = certificates.map(|(key, item)| ((item.claim.version, *key), ()));
        let newest = disk.items.values().map(|item| item.claim.version).max();
        State {
            me,
            phase,
            certificates: certificates.collect(),
            newest: newest.unwrap_or_default(),
            items: disk.items,
            hot: Vec::new(),
            armed: false,
            cursor: 0,
            told: 0,
        }
    }

    /// Returns the value of a key; `None` where it holds none, or knows it to be deleted.
    pub fn read(&self, key: u64) -> Option<u64> {
        let item = self.items.get(&key).filter(|item| !item.claim.is_certificate());
        item.map(|item| item.claim.value)
    }

    /// Returns who this is.
    pub const fn address(&self) -> Address {
        Address::Node(self.me)
    }
}
