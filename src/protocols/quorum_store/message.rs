//! What replicas say to each other, in the order of the protocol.

use crate::sim::{CallId, Detail, MessageKind, Nature};

use super::shelf::{Copy, Version};

/// Asks what a replica holds of a key.
pub static ASK: MessageKind =
    MessageKind { name: "Ask", glyph: '?', nature: Nature::Request, fields: &["key"] };
/// Says what a replica holds of a key.
pub static TELL: MessageKind = MessageKind {
    name: "Tell",
    glyph: '=',
    nature: Nature::Reply,
    fields: &["key", "value", "stamp", "by"],
};
/// Asks a replica to keep a copy.
pub static PUT: MessageKind = MessageKind {
    name: "Put",
    glyph: '+',
    nature: Nature::Request,
    fields: &["key", "value", "stamp", "by"],
};
/// Asks a replica that answered with an old copy to keep the newer one.
pub static REPAIR: MessageKind = MessageKind {
    name: "Repair",
    glyph: '+',
    nature: Nature::Request,
    fields: &["key", "value", "stamp", "by"],
};
/// Says that a replica holds this version or a newer one.
pub static KEPT: MessageKind =
    MessageKind { name: "Kept", glyph: '✓', nature: Nature::Reply, fields: &["stamp", "by"] };
/// Says which versions a replica holds, to find out where two differ.
pub static DIGEST: MessageKind =
    MessageKind { name: "Digest", glyph: '#', nature: Nature::Control, fields: &["keys", "from"] };
/// Carries the copies that the other lacks, and names those that the sender lacks.
pub static DIFFERENCES: MessageKind = MessageKind {
    name: "Differences",
    glyph: '≠',
    nature: Nature::Control,
    fields: &["copies", "wanted"],
};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Asks what the receiver holds of a key.
    Ask {
        /// For which call.
        call: CallId,
        /// Which key.
        key: u64,
    },
    /// Answers that.
    Tell {
        /// For which call.
        call: CallId,
        /// Which key.
        key: u64,
        /// The copy, where it holds one.
        copy: Option<Copy>,
        /// Which version the write of this call has, where an earlier attempt at it was kept.
        made: Option<Version>,
    },
    /// Asks the receiver to keep a copy.
    Put {
        /// For which call.
        call: CallId,
        /// Which key.
        key: u64,
        /// The copy.
        copy: Copy,
        /// Whether the receiver had answered with an older one.
        repairs: bool,
    },
    /// Answers that: the receiver holds this version or a newer one.
    Kept {
        /// For which call.
        call: CallId,
        /// Which version.
        version: Version,
    },
    /// Says which versions the sender holds of all keys in a range.
    Digest {
        /// The first key of the range.
        from: u64,
        /// The last.
        to: u64,
        /// The keys that it holds, each with its version, smallest first.
        versions: Vec<(u64, Version)>,
    },
    /// Says where the two differ.
    Differences {
        /// What the receiver lacks.
        copies: Vec<(u64, Copy)>,
        /// What the sender lacks.
        wanted: Vec<u64>,
    },
}

impl Message {
    /// Names it.
    pub(super) fn detail(&self) -> Detail {
        let of_copy = |key: u64, copy: &Copy| {
            let Copy { version, value, .. } = copy;
            [key, *value, version.stamp, u64::from(version.by)]
        };
        match self {
            Message::Ask { key, .. } => Detail::new(&ASK, [*key, 0, 0, 0]),
            Message::Tell { key, copy: Some(copy), .. } => Detail::new(&TELL, of_copy(*key, copy)),
            Message::Tell { key, copy: None, .. } => Detail::new(&TELL, [*key, 0, 0, 0]),
            Message::Put { key, copy, repairs, .. } => {
                Detail::new(if *repairs { &REPAIR } else { &PUT }, of_copy(*key, copy))
            }
            Message::Kept { version, .. } => {
                Detail::new(&KEPT, [version.stamp, u64::from(version.by), 0, 0])
            }
            Message::Digest { from, versions, .. } => {
                Detail::new(&DIGEST, [versions.len() as u64, *from, 0, 0])
            }
            Message::Differences { copies, wanted } => {
                Detail::new(&DIFFERENCES, [copies.len() as u64, wanted.len() as u64, 0, 0])
            }
        }
    }

    /// Returns the copy that it carries first.
    pub(super) fn copy_mut(&mut self) -> Option<&mut Copy> {
        match self {
            Message::Tell { copy, .. } => copy.as_mut(),
            Message::Put { copy, .. } => Some(copy),
            Message::Differences { copies, .. } => copies.first_mut().map(|(_, copy)| copy),
            Message::Ask { .. } | Message::Kept { .. } | Message::Digest { .. } => None,
        }
    }
}
