//! Three-phase commit: one more round, so that nobody has to wait for a coordinator that stopped.
//!
//! Here: the protocol of Skeen (Nonblocking commit protocols, SIGMOD 1981) with its termination
//! protocol and an elected coordinator, as Bernstein, Hadzilacos and Goodman tell it (Concurrency
//! control and recovery in database systems, 1987, chapter 7). Absent on purpose: quorums, which
//! later variants add against partitions (Skeen 1982), and anything against nodes that lie.
//! To add a rule: the file of its role below.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `coordinator.rs` | asks for votes, spreads that all said YES, decides |
//! | `participant.rs` | votes, waits, learns |
//! | `termination.rs` | takes over where the coordinator stopped, and asks after coming back |
//! | `report.rs` | what a node says of itself |
//! | `lies.rs` | what a liar says, and where bits flip |
//!
//! What it shares with two-phase commit (locks, the store, remembered outcomes) is in `atomic`.
//!
//! # Why two phases block
//!
//! In two-phase commit a participant in doubt stands next to both ends: some peer may have
//! committed
//! and some other may have aborted. So when the coordinator stops, those who are left cannot know
//! which. The third phase parts the two. Between YES and commit lies *pre-committed*: everybody
//! voted YES, and everybody is told so before anybody commits. Then of those who are left
//! - if one is pre-committed, nobody has aborted, and all may commit;
//! - if none is, nobody has committed, and all may abort.
//!
//! # Termination
//!
//! A participant that hears nothing for its timeout takes over. Each waits one `turn` longer than
//! the one numbered before it, so that the lowest that is up comes first, and its question makes
//! the others wait on. It asks how all stand, and decides by the rule above; pre-committed it first
//! makes the others, since it may stop too. Turns are numbered, and who has obeyed a later one
//! obeys no earlier one.
//!
//! # Coming back
//!
//! A node that comes back knows what it promised and not what it missed: it asks, and takes no part
//! in termination meanwhile. Only if *all* have come back so, the coordinator too, may they decide
//! by what their logs say.
//!
//! # What it rests on
//!
//! On time. Silence must mean that somebody stopped: then whoever is left is all that is left. In a
//! partition both sides hear silence, each takes itself for what is left, and a side that was
//! pre-committed commits while the other aborts. A slow node has the same effect. That is why
//! atomic commitment that outlives partitions is built on consensus (Gray and Lamport 2006).

mod coordinator;
mod lies;
mod message;
mod participant;
mod report;
mod termination;

use std::collections::{BTreeMap, BTreeSet};

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::atomic::{Change, Locks, Outcomes, Phase, Records, Unsaid};
use super::two_phase_commit::one_of;
use super::{Entry, ProtocolSpec, Wrong};
use crate::sim::{
    Address, CallId, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Op, Outbox, Outcome,
    Protocol, Report, Role, Span, SpanRange, TimerKind, Words,
};

pub use message::{
    ABORT, ACK, Ballot, COMMIT, Condition, DECISION_REQUEST, Message, PRE_ACK, PRE_COMMIT, PREPARE,
    STATE_RECOVERING, STATE_REPLY, STATE_REQUEST, STILL_IN_DOUBT, VOTE_NO, VOTE_YES,
};

/// How a coordinator and its participants are set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreePhaseCommitSpec {
    /// Who coordinates; all others are participants.
    pub coordinator: Address,
    /// How long the coordinator waits for votes before it aborts.
    pub vote_timeout: SpanRange,
    /// How long who drives a transaction waits for the others' answers, and then takes those who
    /// are silent for stopped.
    pub reply_timeout: SpanRange,
    /// How long the first participant waits for the coordinator before it takes over: longer than
    /// any of the timeouts above.
    pub decision_timeout: SpanRange,
    /// How much longer each participant waits than the one before it.
    pub turn: Span,
    /// Whether participants acknowledge the outcome: 6n messages, without it 5n.
    pub acks: bool,
    /// Whether a write that is tried again takes effect once.
    pub idempotency: bool,
}

impl Default for ThreePhaseCommitSpec {
    fn default() -> ThreePhaseCommitSpec {
        ThreePhaseCommitSpec {
            coordinator: Address::Node(1),
            vote_timeout: SpanRange::millis(100, 150),
            reply_timeout: SpanRange::millis(100, 150),
            decision_timeout: SpanRange::millis(300, 350),
            turn: Span::millis(150),
            acks: true,
            idempotency: true,
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "three-phase-commit",
    also: &["3pc"],
    title: "one more round, so that nobody waits for a coordinator that stopped",
    bears: "any node that stops, the coordinator too, where messages arrive in time: who is left \
            decides, and alike",
    breaks: "a partition or a delay past its timeouts while some know that all voted YES and some \
             do not: one side commits and the other aborts",
    ordinary: "All vote; then all hear that all voted YES; only then anybody commits. So nobody \
               waits for who stops.",
    words: Words { length: "asked", decided: "committed", card: "in doubt", ..Words::NONE },
    source: "Skeen, SIGMOD 1981; Bernstein, Hadzilacos and Goodman 1987",
    nodes: 2..=1_000,
    judged: super::two_phase_commit::ENTRY.judged,
    messages: &[
        &PREPARE,
        &VOTE_YES,
        &VOTE_NO,
        &PRE_COMMIT,
        &PRE_ACK,
        &COMMIT,
        &ABORT,
        &ACK,
        &STATE_REQUEST,
        &STATE_REPLY,
        &STATE_RECOVERING,
        &DECISION_REQUEST,
        &STILL_IN_DOUBT,
    ],
    make: || ProtocolSpec::ThreePhaseCommit(ThreePhaseCommitSpec::default()),
};

impl ThreePhaseCommitSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        one_of("coordinator", self.coordinator, nodes)?;
        super::timers("vote_timeout", &self.vote_timeout)?;
        super::timers("reply_timeout", &self.reply_timeout)?;
        super::timers("decision_timeout", &self.decision_timeout)?;
        super::timer("turn", self.turn)?;
        let longest = (*self.vote_timeout.0.end()).max(*self.reply_timeout.0.end());
        let decision = *self.decision_timeout.0.start();
        if decision > longest {
            return Ok(());
        }
        let message = format!("a participant may take over after `{decision}`");
        let expected = format!("longer than the coordinator's own timeouts, up to {longest}");
        Err(Wrong { field: "decision_timeout", message, expected })
    }
}

/// A coordinator and its participants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThreePhaseCommit {
    /// How many nodes there are, the coordinator included.
    pub nodes: u16,
    /// How they are set up.
    pub spec: ThreePhaseCommitSpec,
}

/// A node's timers, each for one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The votes did not come.
    Votes(CallId),
    /// The answers to a pre-commit did not come.
    PreAcks(CallId),
    /// The acknowledgements of the outcome did not come.
    Acks(CallId),
    /// Nothing came from who drives the transaction.
    Decision(CallId),
    /// The others' states did not come.
    States(CallId),
}

/// What survives a crash, as far as the disk kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The data, what is in doubt and what was decided; of the coordinator only the last.
    pub records: Records,
    /// As a coordinator: what was begun and is not decided.
    pub begun: OrdSet<CallId>,
    /// As a coordinator: what clients were told, by their calls (attempt 0).
    pub told: Outcomes,
}

/// A change to what is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delta {
    /// Of the participant's records.
    Records(Change),
    /// The coordinator begins a transaction.
    Begin(CallId),
    /// The coordinator decides, or learns what was decided.
    Decide(CallId, bool),
}

/// Where a transaction stands that the coordinator drives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Drive {
    /// Votes are awaited; these said YES.
    Voting(BTreeSet<u16>),
    /// All said YES, and these know it.
    PreCommitting(BTreeSet<u16>),
}

/// Where a transaction stands that a participant has taken over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lead {
    /// Which turn this is.
    pub ballot: Ballot,
    /// How the others said that they stand.
    pub states: BTreeMap<u16, Condition>,
    /// Who knows that all said YES; `None` as long as states are awaited.
    pub spread: Option<BTreeSet<u16>>,
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,
    /// The data, what is in doubt and what was decided; of the coordinator only the last.
    pub records: Records,

    // Participants.
    /// Locked keys, and reads that wait for them.
    pub locks: Locks,
    /// The latest turn that it has obeyed for each transaction in doubt.
    pub obeyed: OrdMap<CallId, Ballot>,
    /// What it has taken over.
    pub leads: OrdMap<CallId, Lead>,

    // The coordinator.
    /// What it drives.
    pub drives: OrdMap<CallId, Drive>,
    /// What is decided and not acknowledged by all, each with who acknowledged it.
    pub telling: OrdMap<CallId, BTreeSet<u16>>,
    /// What clients were told, by their calls (attempt 0).
    pub told: Outcomes,
    /// Participants that fell silent.
    pub suspected: BTreeSet<Address>,

    // Both.
    /// In doubt since an earlier life, each with who else said that it came back so.
    pub recovering: OrdMap<CallId, BTreeMap<u16, Phase>>,
    /// Votes and outcomes that count once the disk has them.
    pub unsaid: Unsaid,
}

/// A step under way.
struct Step<'a> {
    p: &'a ThreePhaseCommit,
    s: &'a mut State,
    out: &'a mut Outbox<ThreePhaseCommit>,
}

impl ThreePhaseCommit {
    /// Sets up a coordinator and its participants; `nodes` counts both.
    pub fn new(nodes: u16, spec: ThreePhaseCommitSpec) -> ThreePhaseCommit {
        ThreePhaseCommit { nodes, spec }
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
            "idempotency" => Some(&mut self.spec.idempotency),
            _ => None,
        }
    }
}

impl Step<'_> {
    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.p.nodes) else { return };
        let coordinates = self.p.coordinates(self.s.me);
        if coordinates && self.s.suspected.remove(&from) {
            self.out.note(Note::Trusts(from));
        }
        match msg {
            Message::Prepare(t, write) if !coordinates && self.p.coordinates(node) => {
                self.prepare_asked(t, write);
            }
            Message::Vote(t, yes) if coordinates => self.voted(node, t, yes),
            Message::PreCommit(t, ballot) if !coordinates => self.pre_committed(node, t, ballot),
            Message::PreAck(t, 0) if coordinates => self.pre_acknowledged(node, t),
            Message::PreAck(t, ballot) => self.spread_acknowledged(node, t, ballot),
            Message::Outcome(t, commit) if coordinates => self.learns(t, commit),
            Message::Outcome(t, commit) => self.told_outcome(node, t, commit),
            Message::Ack(t) if coordinates => self.acknowledged(node, t),
            Message::StateRequest(t, _) if coordinates => self.deposed(node, t),
            Message::StateRequest(t, ballot) => self.state_asked(node, t, ballot),
            Message::StateReply(t, ballot, condition) => {
                self.state_told(node, t, ballot, condition);
            }
            Message::DecisionRequest(t) => self.decision_asked(node, t),
            Message::StillInDoubt(t, phase) => self.also_came_back(node, t, phase),
            Message::Ack(_) | Message::Vote(..) | Message::Prepare(..) | Message::PreCommit(..) => {
            }
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

impl Protocol for ThreePhaseCommit {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Self>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let Stable { records, begun, told } = disk.cloned().unwrap_or_default();
        let in_doubt = records.prepared.keys().chain(&begun).copied();
        let mut state = State {
            me,
            recovering: in_doubt.map(|t| (t, BTreeMap::new())).collect(),
            locks: Locks::of(&records),
            records,
            obeyed: OrdMap::new(),
            leads: OrdMap::new(),
            drives: OrdMap::new(),
            telling: OrdMap::new(),
            told,
            suspected: BTreeSet::new(),
            unsaid: Unsaid::default(),
        };
        let coordinates = self.coordinates(me);
        let role = if coordinates { Role::Coordinator } else { Role::Participant };
        out.note(Note::Role { role, epoch: 0 });
        Step { p: self, s: &mut state, out }.recovers();
        state
    }

    fn step(&self, state: &mut State, event: Event<Self>, out: &mut Outbox<Self>) {
        let mut step = Step { p: self, s: state, out };
        match event {
            Event::Deliver { from, msg } => step.deliver(from, msg),
            Event::Timeout(Timer::Votes(t)) => step.votes_missing(t),
            Event::Timeout(Timer::PreAcks(t)) => step.pre_acks_missing(t),
            Event::Timeout(Timer::Acks(t)) => step.tell(t),
            Event::Timeout(Timer::Decision(t)) => step.silence(t),
            Event::Timeout(Timer::States(t)) => step.terminate(t),
            Event::Request { call, op } => step.request(call, op),
            Event::Saved(ticket) => step.s.unsaid.say(ticket, step.out),
        }
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        match *delta {
            Delta::Records(change) => {
                stable.records.take(&change);
            }
            Delta::Begin(t) => {
                stable.begun.insert(t);
            }
            Delta::Decide(t, commit) => {
                stable.begun.remove(&t);
                stable.records.outcomes.remember(t, commit);
                stable.told.remember(CallId { attempt: 0, ..t }, commit);
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
        let name = match timer {
            Timer::Votes(_) => "vote timeout",
            Timer::PreAcks(_) => "pre-commit timeout",
            Timer::Acks(_) => "acknowledgement timeout",
            Timer::Decision(_) => "decision timeout",
            Timer::States(_) => "state timeout",
        };
        TimerKind { name, awaits: true }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        vec![("acks", self.spec.acks), ("idempotency", self.spec.idempotency)]
    }

    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lies::forge(msg, liar)
    }

    fn flip(mut what: Flip<'_, Self>, bit: u64) -> bool {
        lies::flip(&mut what, bit)
    }
}

impl Enumerable for ThreePhaseCommit {}
