//! What happened, and because of what.
//!
//! The world emits records and does not own them: they go to a `Tape`, which keeps as much as its
//! owner asked for. Event numbers are the same whether or not anything is kept.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::address::Address;
use super::client::ClientNote;
use super::lever::{FaultId, Lever, Spot};
use super::node::Life;
use super::note::Note;
use super::protocol::Detail;
use super::time::Instant;

/// The number of a record in its run, from 0. A run ends before it needs more than 2^32 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u32);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("#{}", self.0))
    }
}

/// A cause: something that was there, or something that was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Because {
    /// This happened.
    Of(EventId),
    /// This would have been, had it not been withheld or stopped. It over-blames on purpose: the
    /// chain proposes, and only the run without the fault confirms.
    LackOf(EventId),
}

impl Because {
    /// Returns the record that is named, by presence or absence.
    pub const fn id(self) -> EventId {
        match self {
            Because::Of(id) | Because::LackOf(id) => id,
        }
    }
}

/// The causes of one record; few, so kept in place.
pub type Causes = SmallVec<[Because; 2]>;

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withheld {
    /// The network lost it by its own base rate.
    Network,
    /// A fault took it.
    Fault(FaultId),
    /// The receiver was down.
    Down,
    /// The receiver's inbox was full.
    Overflow,
    /// The receiver had no room and refused the call at once.
    Shed,
    /// Nobody waited for the call any more when its turn came.
    Expired,
    /// The sender crashed before its disk had what had to be there first.
    Unsent,
    /// The receiver's checksum told that it was broken on its way.
    Checksum,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A node or client started, for the first time or again.
    Booted,
    /// A message left.
    Sent {
        /// To whom.
        to: Address,
        /// What.
        detail: Detail,
    },
    /// A message arrived.
    Delivered {
        /// From whom.
        from: Address,
        /// What.
        detail: Detail,
    },
    /// A message did not arrive. `who` is the one that would have received it.
    Withheld {
        /// From whom.
        from: Address,
        /// What.
        detail: Detail,
        /// Why.
        why: Withheld,
    },
    /// A timer ran out.
    Fired {
        /// The timer's name.
        timer: &'static str,
    },
    /// A write went to the disk.
    Saved {
        /// Its ticket.
        ticket: u64,
    },
    /// The disk has all writes up to this ticket.
    Synced {
        /// The last ticket.
        ticket: u64,
    },
    /// A crash took writes that the disk did not have yet, or all that it had.
    Forgot {
        /// How many writes.
        writes: u64,
    },
    /// A bit flipped, and nobody was told.
    Corrupted {
        /// Where.
        spot: Spot,
    },
    /// A node said something.
    Noted(Note),
    /// A client said something of a call.
    Client(ClientNote),
    /// A node's life changed.
    Life(Life),
    /// A fault was injected; it may lie dormant until it touches something.
    Injected(FaultId),
    /// A lever of a fault was pulled, with its target resolved.
    Pulled {
        /// Whose lever.
        fault: FaultId,
        /// Which.
        lever: Arc<Lever>,
    },
    /// A fault was healed.
    Healed(FaultId),
    /// A switch was turned.
    Switched {
        /// Which.
        switch: &'static str,
        /// How it stands now.
        on: bool,
    },
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When, in virtual microseconds.
    pub at: Instant,
    /// Its number.
    pub id: EventId,
    /// To whom or by whom, where it is anybody.
    pub who: Option<Address>,
    /// Because of what.
    pub because: Causes,
    /// What.
    pub what: What,
}

/// How much a tape keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Nothing: only the state matters.
    Nothing,
    /// What oracles need: notes, clients, lives, faults. No messages, no causes.
    Milestones,
    /// Everything, with causes.
    #[default]
    Everything,
}

/// Where the world writes its records.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// How much is kept.
    pub keep: Keep,
    /// What was kept since the owner last took it.
    pub records: Vec<Record>,
}

impl Tape {
    /// Makes an empty tape.
    pub fn new(keep: Keep) -> Tape {
        Tape { keep, records: Vec::new() }
    }
}
