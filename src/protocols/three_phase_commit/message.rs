//! What coordinator and participants say to each other, in the order of the protocol.

use crate::protocols::atomic::{Phase, Write};
use crate::sim::{CallId, Detail, MessageKind, Nature};

/// Which turn at driving a transaction: 0 is the coordinator's own, later ones are of participants
/// that took over. Who has obeyed a later one obeys no earlier one.
pub type Ballot = u32;

/// How a participant stands to a transaction, as it tells who took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// In doubt, and how far.
    Operational(Phase),
    /// In doubt since an earlier life: it knows what it promised, and not what it missed.
    Recovering(Phase),
}

/// A message. Each names its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Phase one: asks for a vote.
    Prepare(CallId, Write),
    /// Votes.
    Vote(CallId, bool),
    /// Phase two: everybody voted YES.
    PreCommit(CallId, Ballot),
    /// Knows that everybody voted YES.
    PreAck(CallId, Ballot),
    /// Phase three: the outcome, or the answer to who asks for it.
    Outcome(CallId, bool),
    /// Has the outcome on its disk.
    Ack(CallId),
    /// Termination: who took over asks how the others stand.
    StateRequest(CallId, Ballot),
    /// Termination: says how it stands.
    StateReply(CallId, Ballot, Condition),
    /// Recovery: who comes back asks what became of a transaction.
    DecisionRequest(CallId),
    /// Recovery: who came back too says how far it had come.
    StillInDoubt(CallId, Phase),
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        let of = |t: CallId| {
            let client = t.key() >> 32;
            (client, u64::from(t.serial), u64::from(t.attempt))
        };
        let plain = |kind: &'static MessageKind, t: CallId| {
            let (client, call, attempt) = of(t);
            Detail::new(kind, [client, call, attempt, 0])
        };
        let turn = |kind: &'static MessageKind, t: CallId, ballot: Ballot, last: u64| {
            let (client, call, _) = of(t);
            Detail::new(kind, [client, call, u64::from(ballot), last])
        };
        match *self {
            Message::Prepare(t, write) => {
                let (client, call, _) = of(t);
                Detail::new(&PREPARE, [client, call, write.key, write.value])
            }
            Message::Vote(t, true) => plain(&VOTE_YES, t),
            Message::Vote(t, false) => plain(&VOTE_NO, t),
            Message::PreCommit(t, ballot) => turn(&PRE_COMMIT, t, ballot, 0),
            Message::PreAck(t, ballot) => turn(&PRE_ACK, t, ballot, 0),
            Message::Outcome(t, true) => plain(&COMMIT, t),
            Message::Outcome(t, false) => plain(&ABORT, t),
            Message::Ack(t) => plain(&ACK, t),
            Message::StateRequest(t, ballot) => turn(&STATE_REQUEST, t, ballot, 0),
            Message::StateReply(t, ballot, condition) => match condition {
                Condition::Operational(phase) => turn(&STATE_REPLY, t, ballot, far(phase)),
                Condition::Recovering(phase) => turn(&STATE_RECOVERING, t, ballot, far(phase)),
            },
            Message::DecisionRequest(t) => plain(&DECISION_REQUEST, t),
            Message::StillInDoubt(t, phase) => turn(&STILL_IN_DOUBT, t, 0, far(phase)),
        }
    }
}

const fn far(phase: Phase) -> u64 {
    matches!(phase, Phase::PreCommitted) as u64
}

const PLAIN: &[&str] = &["client", "call", "attempt"];
const TURN: &[&str] = &["client", "call", "turn"];
const STANDING: &[&str] = &["client", "call", "turn", "pre_committed"];

const fn kind(
    name: &'static str,
    glyph: char,
    nature: Nature,
    fields: &'static [&'static str],
) -> MessageKind {
    MessageKind { name, glyph, nature, fields }
}

/// `Prepare`, as it is shown.
pub static PREPARE: MessageKind =
    kind("Prepare", '◇', Nature::Request, &["client", "call", "key", "value"]);
/// A vote of YES, as it is shown.
pub static VOTE_YES: MessageKind = kind("VoteYes", '◆', Nature::Reply, PLAIN);
/// A vote of NO, as it is shown.
pub static VOTE_NO: MessageKind = kind("VoteNo", '×', Nature::Reply, PLAIN);
/// `PreCommit`, as it is shown.
pub static PRE_COMMIT: MessageKind = kind("PreCommit", '△', Nature::Control, TURN);
/// `PreAck`, as it is shown.
pub static PRE_ACK: MessageKind = kind("PreAck", '▲', Nature::Reply, TURN);
/// The outcome commit, as it is shown.
pub static COMMIT: MessageKind = kind("Commit", '■', Nature::Control, PLAIN);
/// The outcome abort, as it is shown.
pub static ABORT: MessageKind = kind("Abort", '▢', Nature::Control, PLAIN);
/// `Ack`, as it is shown.
pub static ACK: MessageKind = kind("Ack", '□', Nature::Reply, PLAIN);
/// `StateRequest`, as it is shown.
pub static STATE_REQUEST: MessageKind = kind("StateRequest", '?', Nature::Request, TURN);
/// The reply of one that has been up, as it is shown.
pub static STATE_REPLY: MessageKind = kind("StateReply", '~', Nature::Reply, STANDING);
/// The reply of one that came back, as it is shown.
pub static STATE_RECOVERING: MessageKind = kind("StateRecovering", '~', Nature::Reply, STANDING);
/// `DecisionRequest`, as it is shown.
pub static DECISION_REQUEST: MessageKind = kind("DecisionRequest", '?', Nature::Request, PLAIN);
/// `StillInDoubt`, as it is shown.
pub static STILL_IN_DOUBT: MessageKind = kind("StillInDoubt", '~', Nature::Reply, STANDING);
