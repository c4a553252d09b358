//! Two-phase commit: all do it or nobody does, as one coordinator decides.
//!
//! Here: the protocol as Gray described it (Notes on data base operating systems, 1978) with
//! presumed abort (Mohan, Lindsay and Obermarck, Transaction management in the R* distributed
//! database management system, 1986) and cooperative termination (Bernstein, Hadzilacos and
//! Goodman, Concurrency control and recovery in database systems, 1987, chapter 7, of which the
//! names AC1 to AC5 are too). Absent on purpose: transactions of more than one write, locks that
//! wait for each other, a coordinator that is replaced, and anything against nodes that lie.
//! To add a rule: the file of its role below.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `coordinator.rs` | asks for votes, decides, tells, forgets |
//! | `participant.rs` | votes, waits in doubt, asks |
//! | `report.rs` | what a node says of itself |
//! | `lies.rs` | what a liar says, and where bits flip |
//!
//! What it shares with three-phase commit (locks, the store, remembered outcomes) is in `atomic`.
//!
//! # The problem
//!
//! Several nodes hold one transaction's data. Each may have a reason to refuse it, and each may
//! stop at any moment and come back with its log. Yet all must come to the same end. That is not
//! consensus: in consensus a majority may overrule a node, here one NO suffices to abort, and a
//! commit needs everybody.
//!
//! # Two phases
//!
//! The coordinator sends `Prepare`. A participant that can do its part writes that it is prepared
//! to its log and votes YES; one that cannot votes NO and aborts at once. If all votes are YES the
//! coordinator writes the commit to its log, and that write *is* the decision. Then it tells. On a
//! NO, or when a vote does not come in time, it aborts.
//!
//! # The window
//!
//! Before its vote a participant may abort alone. Once it has voted YES it may do neither: somebody
//! else may have voted NO, or all YES and the commit is on its way to others. It is in doubt, keeps
//! its locks, and waits. The window is one round trip long if nothing happens. If the coordinator
//! stops within it, it is as long as the coordinator is away. Nothing is inconsistent then: AC1 to
//! AC4 hold, and AC5 is owed only once failures are repaired. What is lost is that participants
//! never block.
//!
//! # Presumed abort
//!
//! Only commits are logged by the coordinator. Asked for a transaction that it does not know it
//! says abort: either it never decided, or it aborted. A commit it must therefore remember until
//! every participant has acknowledged to have it (`acks`); without acknowledgements (3n messages
//! in the place of 4n) it can never forget one. And it must never lose its log: then what it
//! committed it takes for aborted.
//!
//! # Cooperative termination
//!
//! A participant in doubt asks the coordinator and (`cooperative`) its peers. A peer that knows the
//! outcome tells. One that has not voted aborts, and tells that: without its vote nothing can have
//! committed. One that is in doubt too cannot help. So participants stay blocked exactly if all
//! whom they reach are in doubt.
//!
//! # Heuristics
//!
//! An operator who cannot wait may let a participant commit on its own (`heuristic`). That is a
//! guess, and the protocol has no word for what follows if it was wrong.

mod coordinator;
mod lies;
mod message;
mod participant;
mod report;

use std::collections::BTreeSet;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::atomic::{self, Change, Locks, Outcomes, Records, Unsaid, Write};
use super::{Entry, ProtocolSpec, Wrong};
use crate::sim::{
    Address, CallId, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Op, Outbox, Outcome,
    Protocol, Report, Role, SpanRange, TimerKind, Words,
};

pub use message::{
    ABORT, ACK, COMMIT, DECISION_REQUEST, Message, PREPARE, UNCERTAIN, VOTE_NO, VOTE_YES,
};

/// How a coordinator and its participants are set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct TwoPhaseCommitSpec {
    /// Who coordinates; all others are participants.
    pub coordinator: Address,
    /// How long the coordinator waits for votes before it aborts.
    pub vote_timeout: SpanRange,
    /// How long a participant in doubt waits for the outcome before it asks, and asks again.
    pub decision_timeout: SpanRange,
    /// How long the coordinator waits for acknowledgements before it tells again.
    pub ack_timeout: SpanRange,
    /// Whether participants acknowledge a commit, so that the coordinator may forget it: 4n
    /// messages, without it 3n.
    pub acks: bool,
    /// Whether a participant in doubt asks its peers too.
    pub cooperative: bool,
    /// Whether a participant that has asked long enough commits by itself. It breaks AC1.
    pub heuristic: bool,
    /// Whose operator does that; everybody's where it is not given.
    pub heuristic_by: Option<Address>,
    /// How often it has asked by then, from 1.
    pub heuristic_asks: u16,
    /// On which calls a participant votes NO for a reason of its own: node k on every so many-th,
    /// counted from its k-th; never where this is 0.
    pub refuses: u32,
    /// Whether a write that is tried again takes effect once.
    pub idempotency: bool,
}

impl Default for TwoPhaseCommitSpec {
    fn default() -> TwoPhaseCommitSpec {
        TwoPhaseCommitSpec {
            coordinator: Address::Node(1),
            vote_timeout: SpanRange::millis(200, 250),
            decision_timeout: SpanRange::millis(150, 200),
            ack_timeout: SpanRange::millis(150, 200),
            acks: true,
            cooperative: true,
            heuristic: false,
            heuristic_by: None,
            heuristic_asks: 5,
            refuses: 0,
            idempotency: true,
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "two-phase-commit",
    also: &["2pc"],
    title: "all do it or nobody does, as one coordinator decides",
    bears: "participants and coordinators that stop and come back with their logs, lost messages, \
            partitions: nobody decides otherwise than another",
    breaks: "a coordinator that stops after the votes leaves participants blocked with their \
             locks; \
             one that loses its log or lies, or a guess by an operator, splits the outcome",
    ordinary: "For each write the coordinator asks all to vote. If all say YES it commits and \
               tells them; else it aborts.",
    words: Words { length: "asked", decided: "committed", card: "in doubt", ..Words::NONE },
    source: "Gray 1978; Mohan, Lindsay and Obermarck 1986; Bernstein, Hadzilacos and Goodman 1987",
    nodes: 2..=1_000,
    judged: &[
        "false suspicion",
        "in doubt",
        "AC1 agreement",
        "AC2 no reversal",
        "AC3 unanimity",
        "AC4 no needless abort",
        "AC5 termination",
        "non-blocking",
        "linearizable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[
        &PREPARE,
        &VOTE_YES,
        &VOTE_NO,
        &COMMIT,
        &ABORT,
        &ACK,
        &DECISION_REQUEST,
        &UNCERTAIN,
    ],
    make: || ProtocolSpec::TwoPhaseCommit(TwoPhaseCommitSpec::default()),
};

/// Checks that a node that a setting names is one of so many.
pub(super) fn one_of(field: &'static str, who: Address, nodes: u16) -> Result<(), Wrong> {
    if who.node().is_some_and(|node| (1..=nodes).contains(&node)) {
        return Ok(());
    }
    let message = format!("`{who}` is no node of this cluster");
    Err(Wrong { field, message, expected: format!("a node from n1 to n{nodes}") })
}

impl TwoPhaseCommitSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        one_of("coordinator", self.coordinator, nodes)?;
        if let Some(who) = self.heuristic_by {
            one_of("heuristic_by", who, nodes)?;
        }
        super::timers("vote_timeout", &self.vote_timeout)?;
        super::timers("decision_timeout", &self.decision_timeout)?;
        super::timers("ack_timeout", &self.ack_timeout)?;
        super::within("heuristic_asks", u64::from(self.heuristic_asks), 1..=1_000)?;
        super::within("refuses", u64::from(self.refuses), 0..=1_000_000)
    }
}

/// A coordinator and its participants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TwoPhaseCommit {
    /// How many nodes there are, the coordinator included.
    pub nodes: u16,
    /// How they are set up.
    pub spec: TwoPhaseCommitSpec,
}

/// A node's timers, each for one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The votes did not come.
    Votes(CallId),
    /// The acknowledgements did not come.
    Acks(CallId),
    /// The outcome did not come.
    Decision(CallId),
}

/// What survives a crash, as far as the disk kept it: the logs of both roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// As a participant.
    pub records: Records,
    /// As a coordinator: what is committed and not acknowledged by all.
    pub committed: OrdSet<CallId>,
    /// As a coordinator: what clients were told, by their calls (attempt 0).
    pub told: Outcomes,
}

/// A change to what is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delta {
    /// Of the participant's records.
    Records(Change),
    /// The coordinator commits: this write is the decision.
    Commit(CallId),
    /// The client is told that its write aborted.
    Refuse(CallId),
    /// Everybody has the commit: it may be forgotten.
    Forget(CallId),
}

/// A transaction that the coordinator has not decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Active {
    /// What it does.
    pub write: Write,
    /// Who voted YES so far.
    pub yes: BTreeSet<u16>,
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // Participants.
    /// The data, what is in doubt and what was decided.
    pub records: Records,
    /// Locked keys, and reads that wait for them.
    pub locks: Locks,
    /// How often it asked about each transaction in doubt.
    pub asked: OrdMap<CallId, u16>,

    // The coordinator.
    /// What is not decided.
    pub active: OrdMap<CallId, Active>,
    /// What is committed, each with who acknowledged it.
    pub committed: OrdMap<CallId, BTreeSet<u16>>,
    /// What clients were told, by their calls (attempt 0).
    pub told: Outcomes,
    /// Participants whose votes did not come.
    pub suspected: BTreeSet<Address>,

    // Both.
    /// Votes and outcomes that count once the disk has them.
    pub unsaid: Unsaid,
}

/// A step under way.
struct Step<'a> {
    p: &'a TwoPhaseCommit,
    s: &'a mut State,
    out: &'a mut Outbox<TwoPhaseCommit>,
}

impl TwoPhaseCommit {
    /// Sets up a coordinator and its participants; `nodes` counts both.
    pub fn new(nodes: u16, spec: TwoPhaseCommitSpec) -> TwoPhaseCommit {
        TwoPhaseCommit { nodes, spec }
    }

    fn coordinates(&self, node: u16) -> bool {
        self.spec.coordinator == Address::Node(node)
    }

    fn participants(&self) -> impl Iterator<Item = u16> + use<> {
        let coordinator = self.spec.coordinator;
        (1..=self.nodes).filter(move |node| coordinator != Address::Node(*node))
    }

    /// Returns how many participants there are.
    fn count(&self) -> u16 {
        self.nodes.saturating_sub(1)
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "acks" => Some(&mut self.spec.acks),
            "cooperative" => Some(&mut self.spec.cooperative),
            "heuristic" => Some(&mut self.spec.heuristic),
            "idempotency" => Some(&mut self.spec.idempotency),
            _ => None,
        }
    }
}

impl Step<'_> {
    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.p.nodes) else { return };
        let coordinates = self.p.coordinates(self.s.me);
        match msg {
            Message::Prepare(t, write) if !coordinates && self.p.coordinates(node) => {
                self.prepare_asked(t, write);
            }
            Message::Vote(t, yes) if coordinates => self.voted(node, t, yes),
            Message::Outcome(t, commit) if !coordinates => self.told_outcome(t, commit, node),
            Message::Ack(t) if coordinates => self.acknowledged(node, t),
            Message::DecisionRequest(t) if coordinates => self.outcome_asked(node, t),
            Message::DecisionRequest(t) if self.p.spec.cooperative => self.peer_asks(node, t),
            _ => {}
        }
    }

    fn request(&mut self, call: CallId, op: Op) {
        if self.p.coordinates(self.s.me) {
            return self.called(call, op);
        }
        match op {
            Op::Read { key } => self.s.locks.read(call, key, &self.s.records.store, self.out),
            Op::Write { .. } => {
                self.out.answer(call, Outcome::Redirect(Some(self.p.spec.coordinator)));
            }
        }
    }

    fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }
}

impl Protocol for TwoPhaseCommit {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Self>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let Stable { records, committed, told } = disk.cloned().unwrap_or_default();
        let mut state = State {
            me,
            locks: Locks::of(&records),
            records,
            asked: OrdMap::new(),
            active: OrdMap::new(),
            committed: committed.into_iter().map(|t| (t, BTreeSet::new())).collect(),
            told,
            suspected: BTreeSet::new(),
            unsaid: Unsaid::default(),
        };
        let coordinates = self.coordinates(me);
        let role = if coordinates { Role::Coordinator } else { Role::Participant };
        out.note(Note::Role { role, epoch: 0 });
        let mut step = Step { p: self, s: &mut state, out };
        if coordinates {
            step.coordinator_recovers();
        } else {
            step.participant_recovers();
        }
        state
    }

    fn step(&self, state: &mut State, event: Event<Self>, out: &mut Outbox<Self>) {
        let mut step = Step { p: self, s: state, out };
        match event {
            Event::Deliver { from, msg } => step.deliver(from, msg),
            Event::Timeout(Timer::Votes(t)) => step.votes_missing(t),
            Event::Timeout(Timer::Acks(t)) => step.acks_missing(t),
            Event::Timeout(Timer::Decision(t)) => step.still_in_doubt(t),
            Event::Request { call, op } => step.request(call, op),
            Event::Saved(ticket) => step.s.unsaid.say(ticket, step.out),
        }
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        match *delta {
            Delta::Records(change) => {
                stable.records.take(&change);
            }
            Delta::Commit(t) => {
                stable.committed.insert(t);
                stable.told.remember(CallId { attempt: 0, ..t }, true);
            }
            Delta::Refuse(t) => stable.told.remember(CallId { attempt: 0, ..t }, false),
            Delta::Forget(t) => {
                stable.committed.remove(&t);
            }
        }
    }

    fn glance(&self, state: &State) -> Glance {
        self.in_brief(state)
    }

    fn report(&self, state: &State, rows: usize) -> Report {
        self.in_full(state, rows)
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Votes(_) => TimerKind { name: "vote timeout", awaits: true },
            Timer::Acks(_) => TimerKind { name: "acknowledgement timeout", awaits: true },
            Timer::Decision(_) => TimerKind { name: "decision timeout", awaits: true },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("acks", spec.acks),
            ("cooperative", spec.cooperative),
            ("heuristic", spec.heuristic),
            ("idempotency", spec.idempotency),
        ]
    }

    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lies::forge(msg, liar, self.coordinates(liar.me().node()?))
    }

    fn flip(mut what: Flip<'_, Self>, bit: u64) -> bool {
        lies::flip(&mut what, bit)
    }
}

impl Enumerable for TwoPhaseCommit {}
