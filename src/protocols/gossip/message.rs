//! What gossiping nodes say to each other.

use std::fmt;

use smallvec::SmallVec;

use crate::sim::client::DELETED;
use crate::sim::{Address, CallId, Detail, Held, MessageKind, Nature, Op, Signed};

/// The version of a value: of two values of one key the higher version wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What the clock of the node that took the write read, in microseconds, or just above what
    /// that node knew already.
    pub stamp: u64,
    /// That node.
    pub by: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.n{}", self.stamp, self.by))
    }
}

/// What a client has signed: the call that asked for an update.
pub type Seal = Signed<(CallId, Op)>;

/// What an update claims: what order decides which of two wins. Of equal versions the larger value
/// wins, so that all come to the same where a bit has flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Its version.
    pub version: Version,
    /// The value; `DELETED` is a death certificate.
    pub value: u64,
}

impl Claim {
    /// Returns whether it says that the key is deleted.
    pub const fn is_certificate(self) -> bool {
        self.value == DELETED
    }
}

/// A value of a key, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    /// Which key.
    pub key: u64,
    /// What it holds.
    pub claim: Claim,
    /// The signature of the client that asked for it, where updates are signed.
    pub seal: Option<Seal>,
}

impl Update {
    /// Returns whether the client signed just this.
    pub fn is_sealed(&self) -> bool {
        self.seal.is_some_and(|seal| {
            let (call, op) = *seal.value();
            let asked = Op::Write { key: self.key, value: self.claim.value };
            seal.by() == call.client && op == asked
        })
    }

    /// Returns it as oracles know it.
    pub fn held(&self) -> Held {
        let Claim { version: Version { stamp, by }, value } = self.claim;
        Held { key: self.key, version: (stamp, Address::Node(by)), value }
    }
}

/// One line of a store's table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// Which key.
    pub key: u64,
    /// The version that is held.
    pub version: Version,
    /// A checksum of the value, so that equal versions of unequal values are seen.
    pub print: u32,
}

/// Whether one knew a rumour that one was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heard {
    /// The rumour's key.
    pub key: u64,
    /// Its version.
    pub version: Version,
    /// Whether it was known.
    pub knew: bool,
}

/// Updates in one message: mostly one.
pub type Batch = SmallVec<[Update; 1]>;

/// What nodes say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Rumours that are hot at the sender (§1.4).
    Rumours {
        /// The rumours.
        updates: Batch,
        /// Whether the sender asks for the receiver's own in return.
        asks: bool,
    },
    /// Asks for what is hot.
    Ask,
    /// Says which of the rumours were known already.
    Feedback {
        /// One for each rumour.
        heard: SmallVec<[Heard; 1]>,
    },
    /// Shows what the sender holds of the keys from `first` to `last` (§1.3).
    Compare {
        /// The first key that is covered.
        first: u64,
        /// The last key that is covered.
        last: u64,
        /// What the sender holds of these; what is not listed it does not hold.
        lines: Vec<Line>,
        /// Whether it wants what it lacks.
        pulls: bool,
        /// Whether it offers what the receiver lacks.
        pushes: bool,
    },
    /// Settles differences that a comparison has shown.
    Updates {
        /// What the receiver lacks.
        updates: Batch,
        /// Keys of which the sender wants what the receiver holds.
        wants: SmallVec<[u64; 2]>,
    },
}

/// The kind of `Message::Rumours`.
pub static RUMOURS: MessageKind = MessageKind {
    name: "Rumours",
    glyph: '◆',
    nature: Nature::Request,
    fields: &["updates", "key", "stamp"],
};
/// The kind of `Message::Ask`.
pub static ASK: MessageKind =
    MessageKind { name: "Ask", glyph: '?', nature: Nature::Probe, fields: &[] };
/// The kind of `Message::Feedback`.
pub static FEEDBACK: MessageKind = MessageKind {
    name: "Feedback",
    glyph: '◇',
    nature: Nature::Reply,
    fields: &["rumours", "knew"],
};
/// The kind of `Message::Compare`.
pub static COMPARE: MessageKind =
    MessageKind { name: "Compare", glyph: '≡', nature: Nature::Probe, fields: &["keys"] };
/// The kind of `Message::Updates`.
pub static UPDATES: MessageKind = MessageKind {
    name: "Updates",
    glyph: '▪',
    nature: Nature::Reply,
    fields: &["updates", "wants"],
};

impl Message {
    /// Returns the message in brief.
    pub fn detail(&self) -> Detail {
        match self {
            Message::Rumours { updates, .. } => {
                let first = updates.first().map_or((0, 0), |u| (u.key, u.claim.version.stamp));
                Detail::new(&RUMOURS, [updates.len() as u64, first.0, first.1, 0])
            }
            Message::Ask => Detail::new(&ASK, [0; 4]),
            Message::Feedback { heard } => {
                let knew = heard.iter().filter(|heard| heard.knew).count() as u64;
                Detail::new(&FEEDBACK, [heard.len() as u64, knew, 0, 0])
            }
            Message::Compare { lines, .. } => Detail::new(&COMPARE, [lines.len() as u64, 0, 0, 0]),
            Message::Updates { updates, wants } => {
                Detail::new(&UPDATES, [updates.len() as u64, wants.len() as u64, 0, 0])
            }
        }
    }
}
