//! What coordinator and participants say to each other, in the order of the protocol.

use crate::protocols::atomic::Write;
use crate::sim::{CallId, Detail, MessageKind, Nature};

/// A message. Each names its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Phase one: the coordinator asks for a vote.
    Prepare(CallId, Write),
    /// A participant votes: YES binds it, NO aborts.
    Vote(CallId, bool),
    /// Phase two: the outcome, from the coordinator or from a peer that knows it.
    Outcome(CallId, bool),
    /// A participant has the commit on its disk: the coordinator may forget.
    Ack(CallId),
    /// A participant in doubt asks what became of a transaction.
    DecisionRequest(CallId),
    /// A peer answers that it is in doubt too.
    Uncertain(CallId),
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match *self {
            Message::Prepare(t, write) => {
                let [client, call, ..] = numbers(t);
                Detail::new(&PREPARE, [client, call, write.key, write.value])
            }
            Message::Vote(t, true) => Detail::new(&VOTE_YES, numbers(t)),
            Message::Vote(t, false) => Detail::new(&VOTE_NO, numbers(t)),
            Message::Outcome(t, true) => Detail::new(&COMMIT, numbers(t)),
            Message::Outcome(t, false) => Detail::new(&ABORT, numbers(t)),
            Message::Ack(t) => Detail::new(&ACK, numbers(t)),
            Message::DecisionRequest(t) => Detail::new(&DECISION_REQUEST, numbers(t)),
            Message::Uncertain(t) => Detail::new(&UNCERTAIN, numbers(t)),
        }
    }
}

/// Returns the numbers of a transaction: client, call, attempt.
const fn numbers(transaction: CallId) -> [u64; 4] {
    let client = transaction.key() >> 32;
    [client, transaction.serial as u64, transaction.attempt as u64, 0]
}

/// The names of the numbers of a transaction.
const TRANSACTION: &[&str] = &["client", "call", "attempt"];

/// `Prepare`, as it is shown.
pub static PREPARE: MessageKind = MessageKind {
    name: "Prepare",
    glyph: '◇',
    nature: Nature::Request,
    fields: &["client", "call", "key", "value"],
};
/// A vote of YES, as it is shown.
pub static VOTE_YES: MessageKind =
    MessageKind { name: "VoteYes", glyph: '◆', nature: Nature::Reply, fields: TRANSACTION };
/// A vote of NO, as it is shown.
pub static VOTE_NO: MessageKind =
    MessageKind { name: "VoteNo", glyph: '×', nature: Nature::Reply, fields: TRANSACTION };
/// The outcome commit, as it is shown.
pub static COMMIT: MessageKind =
    MessageKind { name: "Commit", glyph: '■', nature: Nature::Control, fields: TRANSACTION };
/// The outcome abort, as it is shown.
pub static ABORT: MessageKind =
    MessageKind { name: "Abort", glyph: '▢', nature: Nature::Control, fields: TRANSACTION };
/// `Ack`, as it is shown.
pub static ACK: MessageKind =
    MessageKind { name: "Ack", glyph: '□', nature: Nature::Reply, fields: TRANSACTION };
/// `DecisionRequest`, as it is shown.
pub static DECISION_REQUEST: MessageKind = MessageKind {
    name: "DecisionRequest",
    glyph: '?',
    nature: Nature::Request,
    fields: TRANSACTION,
};
/// `Uncertain`, as it is shown.
pub static UNCERTAIN: MessageKind =
    MessageKind { name: "Uncertain", glyph: '~', nature: Nature::Reply, fields: TRANSACTION };
