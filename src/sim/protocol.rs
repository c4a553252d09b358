//! The contract: all that the author of a protocol reads.
//!
//! A protocol is a step function. It gets an event and writes effects to its outbox; the world
//! carries them out. It reads no clock but `Outbox::now`, draws no dice but `Outbox::draw`, and
//! keeps nothing outside of its state. So the same function runs in the world and in a model
//! checker.
//!
//! What the world promises: a send after a save, in this step or a later one, leaves only once the
//! disk has that save; saves reach the disk in their order; a timer that is armed again moves.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::address::Address;
use super::chance::{Chance, Identity, Purpose};
use super::client::{CallId, Op, Outcome};
use super::time::{Instant, Span};

/// Plain data that can be cloned, compared, ordered, hashed and moved between threads.
pub trait Data: Clone + Debug + Eq + Ord + Hash + Send + Sync + 'static {}
impl<T: Clone + Debug + Eq + Ord + Hash + Send + Sync + 'static> Data for T {}

/// An algorithm as a step function. `self` is configuration: a step never changes it.
pub trait Protocol: Clone + Debug + Send + Sync + 'static {
    /// What nodes say to each other.
    type Msg: Data;
    /// The timers that a node may arm; each is armed at most once at a time.
    type Timer: Data;
    /// What a crash loses.
    type State: Clone + Debug + Eq + Hash + Send + Sync;
    /// What survives a crash, as far as the disk kept it.
    type Stable: Clone + Debug + Default + Eq + Hash + Send + Sync;
    /// A change to what is stable; saves are deltas, so that a log is not written anew each time.
    type Delta: Clone + Debug + Send + Sync;

    /// Starts a node. `disk` is what an earlier life left, or `None` for an empty disk.
    fn boot(&self, me: Address, disk: Option<&Self::Stable>, out: &mut Outbox<Self>)
    -> Self::State;

    /// Takes one step.
    fn step(&self, state: &mut Self::State, event: Event<Self>, out: &mut Outbox<Self>);

    /// Carries out a saved change on the disk's copy.
    fn persist(stable: &mut Self::Stable, delta: &Self::Delta);

    /// Says in a few numbers what the node is: cheap, for the grid, asked for each node each frame.
    fn glance(&self, state: &Self::State) -> Glance;

    /// Says all that the inspector shows of one node; at most `rows` log rows, the newest.
    fn report(&self, state: &Self::State, rows: usize) -> Report;

    /// Names a message and picks the numbers in it that are worth showing.
    fn describe(msg: &Self::Msg) -> Detail;

    /// Names a timer and says whether it waits for something.
    fn timer(timer: &Self::Timer) -> TimerKind;

    /// Turns a switch by name; returns whether the protocol has one of that name.
    fn set(&mut self, switch: &str, on: bool) -> bool;

    /// Names the switches and says how they stand.
    fn switches(&self) -> Vec<(&'static str, bool)>;
}

/// What a node may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<P: Protocol> {
    /// A message arrived.
    Deliver {
        /// Who sent it.
        from: Address,
        /// What it says.
        msg: P::Msg,
    },
    /// A timer that this node armed has run out.
    Timeout(P::Timer),
    /// A client asks. The answer may come in a later step; a call may be asked more than once.
    Request {
        /// Which call this is; the same for each retry but for its attempt.
        call: CallId,
        /// What is asked.
        op: Op,
    },
    /// The save with this ticket, and all before it, are on the disk.
    Saved(Ticket),
}

/// The number of a save, counted for each life of a node from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a node may do to the world.
#[derive(Clone, Debug)]
pub enum Effect<P: Protocol> {
    /// Sends a message; it waits for every save before it.
    Send {
        /// To whom.
        to: Address,
        /// What.
        msg: P::Msg,
    },
    /// Answers a client's call; it waits for every save before it, as a send does.
    Answer {
        /// Which call.
        call: CallId,
        /// With what.
        outcome: Outcome,
    },
    /// Writes to the disk.
    Save(P::Delta),
    /// Arms a timer; the world draws how long it waits, in the node's own time.
    Arm(P::Timer, RangeInclusive<Span>),
    /// Disarms a timer, if it is armed.
    Disarm(P::Timer),
    /// Says something that an oracle, a lesson or a reader may want to know.
    Note(Note),
}

/// What a node role is called. The words are the field's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Follows a leader, or waits for one.
    #[default]
    Follower,
    /// Asks whether an election could be won, without a new term (`PreVote`).
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
}

impl Role {
    /// Returns the role's word.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        }
    }
}

/// One entry of a replicated log, as far as an oracle needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The epoch (term, ballot, view) in which it was proposed.
    pub epoch: u64,
    /// What it holds: `CallId::key` of the call that asked for it, or 0 for a no-op.
    pub value: u64,
}

/// What a node says of itself: typed milestones, not log text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// Took a role in an epoch.
    Role {
        /// The new role.
        role: Role,
        /// Term, ballot or view.
        epoch: u64,
    },
    /// Gave its vote.
    Voted {
        /// In this epoch.
        epoch: u64,
        /// To this candidate.
        candidate: Address,
    },
    /// Put an entry at the end of its log.
    Appended {
        /// Where, from 1.
        slot: u64,
        /// What.
        entry: Slot,
    },
    /// Cut its log: this slot and all after it are gone.
    Truncated {
        /// The first slot that is gone.
        from: u64,
    },
    /// Came back with this log, read from its disk: the entries of slots 1, 2, 3 …
    Restored(Arc<[Slot]>),
    /// Learned that a slot is decided (committed) and holds this.
    Decided {
        /// Which slot, from 1.
        slot: u64,
        /// What.
        entry: Slot,
    },
    /// Believes that another has failed.
    Suspects(Address),
    /// Believes again that another lives.
    Trusts(Address),
    /// Stopped something wrong by a named rule, such as `term check`.
    Contained {
        /// The container's name, as `mechanisms` lists it.
        by: &'static str,
        /// Whose message was stopped.
        from: Address,
    },
    /// Anything else that a reader may want to see.
    Other(&'static str, [u64; 2]),
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nature {
    /// Asks for something.
    Request,
    /// Answers.
    Reply,
    /// Says only that the sender lives.
    Probe,
    /// Steers the protocol: votes, views.
    Control,
}

/// A kind of message: its name, glyph and the names of its numbers. One `static` for each kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKind {
    /// The name in the paper: `RequestVote`.
    pub name: &'static str,
    /// One character for the grid.
    pub glyph: char,
    /// What it is for.
    pub nature: Nature,
    /// The names of the numbers in `Detail::values`.
    pub fields: &'static [&'static str],
}

/// A message in brief: its kind and its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Detail {
    /// Which kind.
    pub kind: &'static MessageKind,
    /// The numbers that `kind.fields` names.
    pub values: [u64; 4],
}

impl Detail {
    /// Makes a message's brief.
    pub const fn new(kind: &'static MessageKind, values: [u64; 4]) -> Detail {
        Detail { kind, values }
    }
}

impl std::fmt::Display for Detail {
    /// Writes the kind and its numbers: `RequestVote term=3 last=4`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind.name)?;
        for (name, value) in self.kind.fields.iter().zip(self.values) {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// What a timer is called, and whether it runs out for want of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerKind {
    /// The timer's name: `election timeout`.
    pub name: &'static str,
    /// Whether it fires because nothing came (a watchdog) rather than at its beat (a metronome).
    pub awaits: bool,
}

/// A node in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Glance {
    /// Its role, as it believes.
    pub role: Role,
    /// Its epoch: term, ballot or view.
    pub epoch: u64,
    /// Whom it believes to lead.
    pub leader: Option<Address>,
    /// How many entries its log holds.
    pub length: u64,
    /// Up to which slot it knows the log to be decided.
    pub decided: u64,
}

/// One row of a node's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Which slot, from 1.
    pub slot: u64,
    /// In which epoch it was proposed.
    pub epoch: u64,
    /// What it holds, in words: `k2 := 17`.
    pub text: String,
    /// Whether the node knows it to be decided.
    pub decided: bool,
}

/// All that the inspector shows of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The node in brief.
    pub glance: Glance,
    /// The protocol's own rows: name and value, in the order in which a reader wants them.
    pub rows: Vec<(&'static str, String)>,
    /// The newest part of the log, oldest first.
    pub log: Vec<LogRow>,
    /// What the state machine holds: key and value.
    pub store: Vec<(u64, u64)>,
}

/// Where a step writes what it wants done.
#[derive(Debug)]
pub struct Outbox<P: Protocol> {
    now: Instant,
    chance: Chance,
    identity: Identity,
    drawn: u64,
    next_ticket: Ticket,
    effects: Vec<Effect<P>>,
}

impl<P: Protocol> Outbox<P> {
    /// Opens an outbox for one step: the node's own clock, its dice, and the number of its last
    /// save.
    pub fn new(now: Instant, chance: Chance, identity: Identity, last_ticket: Ticket) -> Self {
        let next_ticket = Ticket(last_ticket.0 + 1);
        Outbox { now, chance, identity, drawn: 0, next_ticket, effects: Vec::new() }
    }

    /// Opens it anew for the next step and keeps its buffer, so that a step allocates nothing.
    pub(super) fn reuse(&mut self, now: Instant, identity: Identity, last_ticket: Ticket) {
        (self.now, self.identity, self.drawn) = (now, identity, 0);
        self.next_ticket = Ticket(last_ticket.0 + 1);
        self.effects.clear();
    }

    /// Returns the node's own clock, which a fault may bend.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Draws a number from the node's own stream.
    pub fn draw(&mut self, range: &RangeInclusive<u64>) -> u64 {
        self.drawn += 1;
        self.chance.number(self.identity.child(u64::MAX - self.drawn), Purpose::Own, range)
    }

    /// Sends a message.
    pub fn send(&mut self, to: Address, msg: P::Msg) {
        self.effects.push(Effect::Send { to, msg });
    }

    /// Answers a client's call.
    pub fn answer(&mut self, call: CallId, outcome: Outcome) {
        self.effects.push(Effect::Answer { call, outcome });
    }

    /// Writes to the disk; `Event::Saved` with this ticket tells when it is there.
    pub fn save(&mut self, delta: P::Delta) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket = Ticket(ticket.0 + 1);
        self.effects.push(Effect::Save(delta));
        ticket
    }

    /// Arms a timer, or moves it where it is armed.
    pub fn arm(&mut self, timer: P::Timer, wait: RangeInclusive<Span>) {
        self.effects.push(Effect::Arm(timer, wait));
    }

    /// Disarms a timer.
    pub fn disarm(&mut self, timer: P::Timer) {
        self.effects.push(Effect::Disarm(timer));
    }

    /// Says something.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Lends the buffer for as long as its effects are carried out.
    pub(super) fn lend(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.effects)
    }

    /// Takes the buffer back, empty.
    pub(super) fn take_back(&mut self, effects: Vec<Effect<P>>) {
        self.effects = effects;
    }

    /// Takes what was written so far, in its order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect<P>> {
        self.effects.drain(..)
    }
}
