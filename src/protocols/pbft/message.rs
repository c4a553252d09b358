//! What the replicas say to each other, in the order of the protocol.

use std::sync::Arc;

use crate::protocols::kv::Store;
use crate::sim::chance::mix;
use crate::sim::{Address, CallId, Detail, MessageKind, Nature, Op, Signed};

use super::proof::{Decision, NewView, Proof, ViewChange};

/// What a client asks, with its signature: a primary can order it and cannot invent it (§4.1).
pub type Request = Signed<(CallId, Op)>;

/// A short name of a request that no other request has (§2: nobody finds two messages with one
/// digest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest of the null request, which fills a gap and does nothing (§4.4).
    pub const NULL: Digest = Digest(0);

    /// Returns the digest of a request, or of the null request where there is none.
    pub fn of(request: Option<&Request>) -> Digest {
        let Some((call, op)) = request.map(Signed::value) else { return Digest::NULL };
        let (kind, key, value) = match *op {
            Op::Read { key } => (1, key, 0),
            Op::Write { key, value } => (2, key, value),
        };
        let parts = [call.key(), kind, key, value];
        let digest = parts.into_iter().fold(0, |digest, part| mix(digest ^ mix(part)));
        Digest(digest.max(1))
    }
}

/// Which of the three phases of the normal case a statement belongs to (§4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The primary gives a request a number.
    PrePrepare,
    /// A backup agrees to that.
    Prepare,
    /// A replica knows that a quorum agrees.
    Commit,
}

/// What a replica signs in each phase: `⟨PRE-PREPARE, v, n, d⟩` and its like (§4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Statement {
    /// The phase.
    pub phase: Phase,
    /// The view, from 0.
    pub view: u64,
    /// The sequence number, from 1.
    pub seq: u64,
    /// The request.
    pub digest: Digest,
}

/// A pre-prepare with the request that it orders, which travels beside what is signed (§4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// What the primary signed.
    pub said: Signed<Statement>,
    /// The request; none where it is the null request.
    pub request: Option<Request>,
}

/// What a replica signs of its state: `⟨CHECKPOINT, n, d⟩` (§4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The last request that the state reflects.
    pub seq: u64,
    /// The digest of the state.
    pub digest: u64,
}

/// Where a replica is: what it asks the others to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    /// Its view.
    pub view: u64,
    /// Whether it takes part in that view, or waits for it to begin.
    pub active: bool,
    /// Its last stable checkpoint.
    pub stable: u64,
    /// Up to where it has executed; 0 where it knows its state to be wrong.
    pub executed: u64,
}

/// A stable checkpoint, with the state where the receiver lacks it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snapshot {
    /// What proves it.
    pub proof: Arc<Proof>,
    /// The state.
    pub store: Option<Store>,
}

/// A message between replicas.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// A client's request, which a backup passes on to the primary (§4.1, §4.4).
    Request(Request),
    /// The primary gives a request a number (§4.2).
    PrePrepare(Order),
    /// A prepare or commit (§4.2).
    Vote(Signed<Statement>),
    /// What the state came to at a checkpoint (§4.3).
    Checkpoint(Signed<Mark>),
    /// Leaves a view, and says what may have been decided in it (§4.4).
    ViewChange(Arc<Signed<ViewChange>>),
    /// Begins a view, and shows that it had to begin so (§4.4).
    NewView(Arc<Signed<NewView>>),
    /// Asks for what the sender lacks. The paper leaves open how replicas complete each other.
    Status(Status),
    /// A request that is decided, and what proves it.
    Decision(Arc<Decision>),
    /// A stable checkpoint (§4.3), for who is behind it.
    State(Arc<Snapshot>),
    /// A message whose bits were changed on the way or before it was signed: its signature does
    /// not fit. What it was is all that is left of it.
    Garbled(&'static MessageKind),
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::Request(request) => {
                let (call, op) = request.value();
                let client = match call.client {
                    Address::Client(k) | Address::Node(k) | Address::Monitor(k) => u64::from(k),
                };
                Detail::new(&REQUEST, [client, u64::from(call.serial), op.key(), 0])
            }
            Message::PrePrepare(order) => of_statement(&PRE_PREPARE, order.said.value()),
            Message::Vote(said) => {
                let commits = said.value().phase == Phase::Commit;
                of_statement(if commits { &COMMIT } else { &PREPARE }, said.value())
            }
            Message::Checkpoint(mark) => {
                let Mark { seq, digest } = *mark.value();
                Detail::new(&CHECKPOINT, [seq, brief(digest), 0, 0])
            }
            Message::ViewChange(change) => {
                let ViewChange { view, stable, prepared } = change.value();
                let values = [*view, stable.mark.seq, prepared.len() as u64, 0];
                Detail::new(&VIEW_CHANGE, values)
            }
            Message::NewView(new) => {
                let NewView { view, changes, orders } = new.value();
                Detail::new(&NEW_VIEW, [*view, changes.len() as u64, orders.len() as u64, 0])
            }
            Message::Status(status) => {
                let Status { view, active, stable, executed } = *status;
                Detail::new(&STATUS, [view, u64::from(active), stable, executed])
            }
            Message::Decision(decision) => {
                let values = [decision.view, decision.seq, brief(decision.digest().0), 0];
                Detail::new(&DECISION, values)
            }
            Message::State(snapshot) => {
                let Mark { seq, digest } = snapshot.proof.mark;
                let holds = u64::from(snapshot.store.is_some());
                Detail::new(&STATE, [seq, brief(digest), holds, 0])
            }
            Message::Garbled(_) => Detail::new(&GARBLED, [0; 4]),
        }
    }
}

fn of_statement(kind: &'static MessageKind, said: &Statement) -> Detail {
    Detail::new(kind, [said.view, said.seq, brief(said.digest.0), 0])
}

/// Shortens a digest to what an eye can compare.
pub const fn brief(digest: u64) -> u64 {
    digest % 1_000
}

const STATEMENT: &[&str] = &["view", "seq", "digest"];

/// A request that is passed on, as it is shown.
pub static REQUEST: MessageKind = MessageKind {
    name: "Request",
    glyph: '▷',
    nature: Nature::Request,
    fields: &["client", "serial", "key"],
};
/// `PRE-PREPARE`, as it is shown.
pub static PRE_PREPARE: MessageKind =
    MessageKind { name: "PrePrepare", glyph: '■', nature: Nature::Request, fields: STATEMENT };
/// `PREPARE`, as it is shown.
pub static PREPARE: MessageKind =
    MessageKind { name: "Prepare", glyph: '□', nature: Nature::Reply, fields: STATEMENT };
/// `COMMIT`, as it is shown.
pub static COMMIT: MessageKind =
    MessageKind { name: "Commit", glyph: '▣', nature: Nature::Reply, fields: STATEMENT };
/// `CHECKPOINT`, as it is shown.
pub static CHECKPOINT: MessageKind = MessageKind {
    name: "Checkpoint",
    glyph: '▪',
    nature: Nature::Control,
    fields: &["seq", "digest"],
};
/// `VIEW-CHANGE`, as it is shown.
pub static VIEW_CHANGE: MessageKind = MessageKind {
    name: "ViewChange",
    glyph: '◇',
    nature: Nature::Control,
    fields: &["view", "stable", "prepared"],
};
/// `NEW-VIEW`, as it is shown.
pub static NEW_VIEW: MessageKind = MessageKind {
    name: "NewView",
    glyph: '◆',
    nature: Nature::Control,
    fields: &["view", "changes", "orders"],
};
/// `Status`, as it is shown.
pub static STATUS: MessageKind = MessageKind {
    name: "Status",
    glyph: '•',
    nature: Nature::Probe,
    fields: &["view", "active", "stable", "executed"],
};
/// `Decision`, as it is shown.
pub static DECISION: MessageKind =
    MessageKind { name: "Decision", glyph: '▤', nature: Nature::Reply, fields: STATEMENT };
/// `State`, as it is shown.
pub static STATE: MessageKind = MessageKind {
    name: "State",
    glyph: '▦',
    nature: Nature::Reply,
    fields: &["seq", "digest", "store"],
};
/// What is left of a message whose signature does not fit, as it is shown.
pub static GARBLED: MessageKind =
    MessageKind { name: "Garbled", glyph: '×', nature: Nature::Control, fields: &[] };
