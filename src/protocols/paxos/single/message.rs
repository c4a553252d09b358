//! What the nodes say to each other, in the order of the protocol.

use crate::sim::{CallId, Detail, MessageKind, Nature, Slot};

use super::super::Ballot;

/// What is proposed: what a client wants the register to hold. The call tells two proposals of the
/// same number apart, and makes the value one that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    /// Who asked for it.
    pub call: CallId,
    /// Which key it is written to.
    pub key: u64,
    /// What is written.
    pub value: u64,
}

/// A proposal: a number and a value (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proposal {
    /// Its number. It stands first, so that proposals are compared by it.
    pub ballot: Ballot,
    /// Its value.
    pub value: Value,
}

impl Proposal {
    /// Returns the proposal as an oracle needs to know it.
    pub fn slot(&self) -> Slot {
        Slot { epoch: self.ballot.0, value: self.value.call.key() }
    }
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Phase 1a: asks for a promise, and for what was accepted last.
    Prepare {
        /// The number that the proposer wants to use.
        ballot: Ballot,
    },
    /// Phase 1b: promises to accept nothing with a lower number any more.
    Promise {
        /// The number that is promised.
        ballot: Ballot,
        /// What the acceptor has accepted last, if anything.
        accepted: Option<Proposal>,
    },
    /// Phase 2a: asks to accept a proposal.
    Accept(Proposal),
    /// Phase 2b: tells the learner what was accepted (§2.3).
    Accepted(Proposal),
    /// Says that a higher number was promised, so that the proposer need not wait in vain. Nothing
    /// but speed rests on it (§2.5).
    Refusal {
        /// The number that is refused.
        ballot: Ballot,
        /// The number that was promised.
        promised: Ballot,
    },
    /// Says what is chosen: the proposer is the distinguished learner, who tells the others (§2.3).
    Learn(Proposal),
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        let of = |proposal: &Proposal| [proposal.ballot.0, proposal.value.value, 0, 0];
        match self {
            Message::Prepare { ballot } => Detail::new(&PREPARE, [ballot.0, 0, 0, 0]),
            Message::Promise { ballot, accepted: None } => {
                Detail::new(&PROMISE, [ballot.0, 0, 0, 0])
            }
            Message::Promise { ballot, accepted: Some(last) } => {
                Detail::new(&PROMISE_BOUND, [ballot.0, last.ballot.0, last.value.value, 0])
            }
            Message::Accept(proposal) => Detail::new(&ACCEPT, of(proposal)),
            Message::Accepted(proposal) => Detail::new(&ACCEPTED, of(proposal)),
            Message::Refusal { ballot, promised } => {
                Detail::new(&REFUSAL, [ballot.0, promised.0, 0, 0])
            }
            Message::Learn(proposal) => Detail::new(&LEARN, of(proposal)),
        }
    }
}

/// `Prepare`, as it is shown.
pub static PREPARE: MessageKind =
    MessageKind { name: "Prepare", glyph: '◇', nature: Nature::Control, fields: &["ballot"] };
/// `Promise` of an acceptor that has accepted nothing, as it is shown.
pub static PROMISE: MessageKind =
    MessageKind { name: "Promise", glyph: '◆', nature: Nature::Control, fields: &["ballot"] };
/// `Promise` that reports an accepted proposal, as it is shown: the proposer is bound to its value.
pub static PROMISE_BOUND: MessageKind = MessageKind {
    name: "Promise",
    glyph: '◈',
    nature: Nature::Control,
    fields: &["ballot", "accepted", "value"],
};
/// `Accept`, as it is shown.
pub static ACCEPT: MessageKind = MessageKind {
    name: "Accept",
    glyph: '■',
    nature: Nature::Request,
    fields: &["ballot", "value"],
};
/// `Accepted`, as it is shown.
pub static ACCEPTED: MessageKind = MessageKind {
    name: "Accepted",
    glyph: '□',
    nature: Nature::Reply,
    fields: &["ballot", "value"],
};
/// `Refusal`, as it is shown.
pub static REFUSAL: MessageKind = MessageKind {
    name: "Refusal",
    glyph: '×',
    nature: Nature::Reply,
    fields: &["ballot", "promised"],
};
/// `Learn`, as it is shown.
pub static LEARN: MessageKind = MessageKind {
    name: "Learn",
    glyph: '▣',
    nature: Nature::Control,
    fields: &["ballot", "value"],
};
