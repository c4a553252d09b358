//! What the nodes say to each other, in the order of the protocol.

use std::sync::Arc;

use crate::protocols::kv::Command;
use crate::sim::{Detail, MessageKind, Nature, Slot};

use super::super::Ballot;

/// What was accepted in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Under which number.
    pub ballot: Ballot,
    /// What it asks of the store; nothing in a slot that a new leader fills (§3).
    pub command: Option<Command>,
}

impl Entry {
    /// Returns the entry as an oracle needs to know it.
    pub fn slot(&self) -> Slot {
        let value = self.command.map_or(0, |command| command.call.key());
        Slot { epoch: self.ballot.0, value }
    }
}

/// Slots with what was accepted in them, smallest slot first: shared among the messages that carry
/// them; none at all costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entries(Option<Arc<[(u64, Entry)]>>);

impl Entries {
    /// No entries.
    pub const NONE: Entries = Entries(None);

    /// Returns the slots with their entries.
    pub fn as_slice(&self) -> &[(u64, Entry)] {
        self.0.as_deref().unwrap_or(&[])
    }
}

impl FromIterator<(u64, Entry)> for Entries {
    fn from_iter<I: IntoIterator<Item = (u64, Entry)>>(iter: I) -> Entries {
        let entries: Arc<[(u64, Entry)]> = iter.into_iter().collect();
        if entries.is_empty() { Entries::NONE } else { Entries(Some(entries)) }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Phase 1a, for every slot from the first one that the proposer does not know to be decided.
    Prepare {
        /// The number that it wants to use.
        ballot: Ballot,
        /// That slot.
        first: u64,
    },
    /// Phase 1b, for all of these slots at once.
    Promise {
        /// The number that is promised.
        ballot: Ballot,
        /// Up to which slot the acceptor knows what was decided: what it reports of these is that.
        decided: u64,
        /// What it has accepted in these slots.
        accepted: Entries,
    },
    /// Phase 2a, for one slot.
    Accept {
        /// The leader's number.
        ballot: Ballot,
        /// Which slot.
        slot: u64,
        /// What is proposed for it.
        command: Option<Command>,
    },
    /// Phase 2b, for one slot.
    Accepted {
        /// The leader's number.
        ballot: Ballot,
        /// Which slot.
        slot: u64,
    },
    /// Says that a higher number was promised (§2.5).
    Refusal {
        /// The number that is refused.
        ballot: Ballot,
        /// The number that was promised.
        promised: Ballot,
        /// Which slot was asked about; 0 where all were.
        slot: u64,
    },
    /// Says that what was proposed for a slot under this number is chosen (§2.3).
    Learn {
        /// The leader's number.
        ballot: Ballot,
        /// Which slot.
        slot: u64,
    },
    /// Says that the leader lives, and how far it knows what was decided.
    Heartbeat {
        /// The leader's number.
        ballot: Ballot,
        /// Up to which slot.
        decided: u64,
    },
    /// Asks for what was decided, from this slot on.
    Ask {
        /// The first slot that is lacking.
        first: u64,
    },
    /// Tells what was decided.
    Teach {
        /// The slots, without a gap.
        entries: Entries,
    },
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::Prepare { ballot, first } => Detail::new(&PREPARE, [ballot.0, *first, 0, 0]),
            Message::Promise { ballot, decided, accepted } => {
                let count = accepted.as_slice().len() as u64;
                Detail::new(&PROMISE, [ballot.0, *decided, count, 0])
            }
            Message::Accept { ballot, slot, command } => {
                let serial = command.map_or(0, |command| u64::from(command.call.serial));
                Detail::new(&ACCEPT, [ballot.0, *slot, serial, 0])
            }
            Message::Accepted { ballot, slot } => Detail::new(&ACCEPTED, [ballot.0, *slot, 0, 0]),
            Message::Refusal { ballot, promised, slot } => {
                Detail::new(&REFUSAL, [ballot.0, promised.0, *slot, 0])
            }
            Message::Learn { ballot, slot } => Detail::new(&LEARN, [ballot.0, *slot, 0, 0]),
            Message::Heartbeat { ballot, decided } => {
                Detail::new(&HEARTBEAT, [ballot.0, *decided, 0, 0])
            }
            Message::Ask { first } => Detail::new(&ASK, [*first, 0, 0, 0]),
            Message::Teach { entries } => {
                let entries = entries.as_slice();
                let first = entries.first().map_or(0, |(slot, _)| *slot);
                Detail::new(&TEACH, [first, entries.len() as u64, 0, 0])
            }
        }
    }
}

const fn kind(
    name: &'static str,
    glyph: char,
    nature: Nature,
    fields: &'static [&'static str],
) -> MessageKind {
    MessageKind { name, glyph, nature, fields }
}

/// `Prepare`, as it is shown.
pub static PREPARE: MessageKind = kind("Prepare", '◇', Nature::Control, &["ballot", "first"]);
/// `Promise`, as it is shown.
pub static PROMISE: MessageKind =
    kind("Promise", '◆', Nature::Control, &["ballot", "decided", "accepted"]);
/// `Accept`, as it is shown.
pub static ACCEPT: MessageKind = kind("Accept", '■', Nature::Request, &["ballot", "slot", "call"]);
/// `Accepted`, as it is shown.
pub static ACCEPTED: MessageKind = kind("Accepted", '□', Nature::Reply, &["ballot", "slot"]);
/// `Refusal`, as it is shown.
pub static REFUSAL: MessageKind =
    kind("Refusal", '×', Nature::Reply, &["ballot", "promised", "slot"]);
/// `Learn`, as it is shown.
pub static LEARN: MessageKind = kind("Learn", '▣', Nature::Control, &["ballot", "slot"]);
/// `Heartbeat`, as it is shown.
pub static HEARTBEAT: MessageKind = kind("Heartbeat", '•', Nature::Probe, &["ballot", "decided"]);
/// `Ask`, as it is shown.
pub static ASK: MessageKind = kind("Ask", '?', Nature::Request, &["first"]);
/// `Teach`, as it is shown.
pub static TEACH: MessageKind = kind("Teach", '▤', Nature::Reply, &["first", "entries"]);
