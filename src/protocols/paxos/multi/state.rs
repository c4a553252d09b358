//! What a node keeps: on its disk, and in its memory, grouped by the role that needs it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use imbl::OrdMap;
use smallvec::SmallVec;

use crate::protocols::kv::{Applied, Store};
use crate::protocols::voters::Voters;
use crate::sim::{Address, Role, Ticket};

use super::super::Ballot;
use super::message::Entry;

/// What was accepted, by slots. Clones share their entries.
pub type Log = OrdMap<u64, Entry>;

/// What survives a crash, as far as the disk kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The highest number that was promised, for all slots.
    pub promised: Ballot,
    /// Up to which slot it was known what is decided. It rides along with other writes: a node that
    /// has forgotten it asks again.
    pub decided: u64,
    /// What was accepted.
    pub log: Log,
}

/// A change to what is stable.
#[derive(Clone, Debug)]
pub struct Delta {
    /// The highest number that was promised.
    pub promised: Ballot,
    /// Up to which slot it is known what is decided.
    pub decided: u64,
    /// What was accepted, or learnt to be chosen.
    pub entries: SmallVec<[(u64, Entry); 1]>,
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        (stable.promised, stable.decided) = (self.promised, self.decided);
        for (slot, entry) in &self.entries {
            stable.log.insert(*slot, *entry);
        }
    }
}

/// A proposal of the leader's that is not chosen yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Open {
    /// Who accepted.
    pub accepted: Voters,
    /// Whether a heartbeat has passed since it was sent: one that is still open at the next was
    /// lost somewhere, and is sent again.
    pub old: bool,
}

/// The write of a leader's own acceptance, which counts once it is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Own {
    /// The write.
    pub ticket: Ticket,
    /// Under which number.
    pub ballot: Ballot,
    /// Of which slot.
    pub slot: u64,
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // The acceptor: on the disk, or on its way there.
    /// The highest number that it promised.
    pub promised: Ballot,
    /// What it accepted, or learnt to be chosen.
    pub log: Log,

    // The learner.
    /// Up to where it knows the log to be decided, and has applied it.
    pub decided: u64,
    /// Slots beyond that of which it knows the same.
    pub chosen: BTreeSet<u64>,
    /// The state machine.
    pub store: Store,

    // Whom it follows.
    /// Its role.
    pub role: Role,
    /// Who leads, where it knows.
    pub leader: Option<u16>,
    /// Leaders that fell silent and have not been heard since.
    pub suspected: BTreeSet<Address>,

    // The proposer: candidate, then leader.
    /// The highest number that it heard of.
    pub heard: Ballot,
    /// The number that it proposes under, while it stands or leads.
    pub ballot: Ballot,
    /// Who promised it.
    pub promises: Voters,
    /// For each slot the highest numbered proposal that was reported.
    pub reported: BTreeMap<u64, Entry>,
    /// The next slot that nothing was proposed for.
    pub next: u64,
    /// What was proposed and is not chosen yet.
    pub open: BTreeMap<u64, Open>,
    /// Its own acceptances on their way to the disk.
    pub own: VecDeque<Own>,
}

impl State {
    /// Makes the state of a node that comes up with this on its disk. What it knew to be decided is
    /// applied anew, up to the first slot that is not there.
    pub fn new(me: u16, stable: Stable) -> State {
        let mut state = State {
            me,
            promised: stable.promised,
            log: stable.log,
            decided: 0,
            chosen: BTreeSet::new(),
            store: Store::default(),
            role: Role::Follower,
            leader: None,
            suspected: BTreeSet::new(),
            heard: stable.promised,
            ballot: Ballot::NONE,
            promises: Voters::default(),
            reported: BTreeMap::new(),
            next: 1,
            open: BTreeMap::new(),
            own: VecDeque::new(),
        };
        while state.decided < stable.decided && state.apply_next().is_some() {}
        state
    }

    /// Applies the next slot, which is known to be decided; `None` where it is not there.
    pub fn apply_next(&mut self) -> Option<(Entry, Option<Applied>)> {
        let entry = *self.log.get(&(self.decided + 1))?;
        self.decided += 1;
        let applied = entry.command.map(|command| self.store.apply(&command));
        Some((entry, applied))
    }

    /// Returns the last slot in which it accepted something.
    pub fn last_slot(&self) -> u64 {
        self.log.get_max().map_or(0, |(slot, _)| *slot)
    }

    /// Returns the leader that it knows of, as an address.
    pub fn leader_address(&self) -> Option<Address> {
        self.leader.map(Address::Node)
    }
}
