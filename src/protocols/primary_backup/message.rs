//! What the lock server and the copies say to each other, in the order of the protocol.

use crate::protocols::kv::Store;
use crate::sim::{Address, Detail, Instant, MessageKind, Nature};

/// Which state of the data: states of one epoch are numbered by its primary, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The epoch of the primary that made it.
    pub epoch: u64,
    /// Its number in that epoch.
    pub number: u64,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Asks the lock server for the lease; `at` is the asker's clock, and comes back.
    Acquire {
        /// When it was asked.
        at: Instant,
    },
    /// Asks to keep the lease.
    Renew {
        /// The epoch of the lease.
        epoch: u64,
        /// When it was asked.
        at: Instant,
    },
    /// The lease is the receiver's, counted from when it asked.
    Granted {
        /// Its epoch: the fencing token.
        epoch: u64,
        /// When it was asked for.
        at: Instant,
    },
    /// The lease is somebody's.
    Denied {
        /// The newest epoch.
        epoch: u64,
        /// Who has it; nobody where it ran out.
        holder: Option<Address>,
    },
    /// A new primary closes all earlier epochs and asks for the receiver's copy.
    Fence {
        /// Its epoch.
        epoch: u64,
    },
    /// Answers `Fence`.
    Copy {
        /// The epoch of the question.
        epoch: u64,
        /// Which state the copy is.
        version: Version,
        /// The data.
        store: Store,
    },
    /// The primary's state, which becomes the receiver's.
    Update {
        /// Which state it is.
        version: Version,
        /// The data.
        store: Store,
    },
    /// The receiver of an update has it on its disk.
    Ack {
        /// Which state it has.
        version: Version,
    },
    /// Asks whether the receiver still obeys this epoch.
    Confirm {
        /// The primary's epoch.
        epoch: u64,
        /// Which round of asking.
        round: u64,
    },
    /// It does.
    Confirmed {
        /// The epoch.
        epoch: u64,
        /// The round.
        round: u64,
    },
    /// What the receiver sent is of an epoch that is closed.
    Closed {
        /// The epoch that is obeyed.
        epoch: u64,
    },
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::Acquire { .. } => Detail::new(&ACQUIRE, [0; 4]),
            Message::Renew { epoch, .. } => Detail::new(&RENEW, [*epoch, 0, 0, 0]),
            Message::Granted { epoch, .. } => Detail::new(&GRANTED, [*epoch, 0, 0, 0]),
            Message::Denied { epoch, holder } => {
                let holder = holder.and_then(Address::node).unwrap_or(0);
                Detail::new(&DENIED, [*epoch, u64::from(holder), 0, 0])
            }
            Message::Fence { epoch } => Detail::new(&FENCE, [*epoch, 0, 0, 0]),
            Message::Copy { epoch, version, .. } => {
                Detail::new(&COPY, [*epoch, version.epoch, version.number, 0])
            }
            Message::Update { version, .. } => of(&UPDATE, *version),
            Message::Ack { version } => of(&ACK, *version),
            Message::Confirm { epoch, round } => Detail::new(&CONFIRM, [*epoch, *round, 0, 0]),
            Message::Confirmed { epoch, round } => Detail::new(&CONFIRMED, [*epoch, *round, 0, 0]),
            Message::Closed { epoch } => Detail::new(&CLOSED, [*epoch, 0, 0, 0]),
        }
    }
}

const fn of(kind: &'static MessageKind, version: Version) -> Detail {
    Detail::new(kind, [version.epoch, version.number, 0, 0])
}

const EPOCH: &[&str] = &["epoch"];
const VERSION: &[&str] = &["epoch", "number"];
const ROUND: &[&str] = &["epoch", "round"];

const fn kind(
    name: &'static str,
    glyph: char,
    nature: Nature,
    fields: &'static [&'static str],
) -> MessageKind {
    MessageKind { name, glyph, nature, fields }
}

/// `Acquire`, as it is shown.
pub static ACQUIRE: MessageKind = kind("Acquire", '◇', Nature::Probe, &[]);
/// `Renew`, as it is shown.
pub static RENEW: MessageKind = kind("Renew", '•', Nature::Probe, EPOCH);
/// `Granted`, as it is shown.
pub static GRANTED: MessageKind = kind("Granted", '◆', Nature::Control, EPOCH);
/// `Denied`, as it is shown.
pub static DENIED: MessageKind = kind("Denied", '×', Nature::Control, &["epoch", "holder"]);
/// `Fence`, as it is shown.
pub static FENCE: MessageKind = kind("Fence", '△', Nature::Control, EPOCH);
/// `Copy`, as it is shown.
pub static COPY: MessageKind =
    kind("Copy", '▲', Nature::Reply, &["epoch", "copy_epoch", "copy_number"]);
/// `Update`, as it is shown.
pub static UPDATE: MessageKind = kind("Update", '■', Nature::Request, VERSION);
/// `Ack`, as it is shown.
pub static ACK: MessageKind = kind("Ack", '□', Nature::Reply, VERSION);
/// `Confirm`, as it is shown.
pub static CONFIRM: MessageKind = kind("Confirm", '?', Nature::Request, ROUND);
/// `Confirmed`, as it is shown.
pub static CONFIRMED: MessageKind = kind("Confirmed", '!', Nature::Reply, ROUND);
/// `Closed`, as it is shown.
pub static CLOSED: MessageKind = kind("Closed", '⊘', Nature::Reply, EPOCH);
