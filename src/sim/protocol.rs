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

use super::address::Address;
use super::client::{CallId, Op, Outcome};
use super::note::{Note, Role};
use super::outbox::Outbox;
use super::signed::Liar;
use super::time::Span;

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

    /// Says how clients are to call: whom they ask and how many equal answers they wait for.
    fn calls(&self) -> Calls {
        Calls::default()
    }

    /// Says what a liar sends in the place of `msg`, which an honest node with this state would
    /// send to `to`; `None` where the lie has no words for this message, which then goes as it is.
    ///
    /// What another has signed cannot be made up: `Liar::sign` signs for the liar and those who
    /// collude with it, and for nobody else.
    fn forge(
        &self,
        _state: &Self::State,
        _msg: &Self::Msg,
        _to: Address,
        _liar: &Liar,
    ) -> Option<Self::Msg> {
        None
    }

    /// Flips one bit of a value in what is given; `bit` is a random number that picks which.
    /// Returns whether there was anything to flip. What is flipped stays well-formed: no parser
    /// would notice.
    fn flip(_what: Flip<'_, Self>, _bit: u64) -> bool {
        false
    }
}

/// A protocol that reads neither clock nor dice: a step depends on state and event alone, so that a
/// model checker may enumerate its runs.
pub trait Enumerable: Protocol {}

/// How clients call a protocol's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Calls {
    /// Whom a call goes to.
    pub asks: Asks,
    /// How many nodes must give the same answer before a client believes it, from 1.
    pub matching: u16,
}

impl Default for Calls {
    /// One node is asked and believed.
    fn default() -> Calls {
        Calls { asks: Asks::One, matching: 1 }
    }
}

/// Whom a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asks {
    /// The node that answered last, or another where it does not answer.
    One,
    /// One node at first, and every node when the call is tried again (PBFT, section 4.1).
    OneThenAll,
    /// Every node at once.
    All,
}

/// Where a bit is flipped.
#[derive(Debug)]
pub enum Flip<'a, P: Protocol> {
    /// In memory.
    State(&'a mut P::State),
    /// On the disk.
    Stable(&'a mut P::Stable),
    /// On the way, or by a core that computed it wrongly.
    Msg(&'a mut P::Msg),
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

/// What an algorithm calls the numbers of a node's `Glance`; empty where it has no such number.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// What tells an old leader from a new one: `term`, `view`, `ballot`.
    pub epoch: &'static str,
    /// What a length counts: `log`.
    pub length: &'static str,
    /// What became of those that are settled: `committed`.
    pub decided: &'static str,
    /// What an entry of the log is numbered by, where that is not by who proposed it: `height`.
    pub entry: &'static str,
    /// How a node learns that a slot is settled; `#` stands for the slot.
    pub settles: &'static str,
    /// Which rows of a node's report its card shows too.
    pub card: &'static str,
    /// What its roles are called, where that is not their own word.
    pub roles: &'static [(Role, &'static str)],
    /// How one node lets another lead, now and once it has: `votes for`, `voted for`.
    pub votes: [&'static str; 2],
}

impl Words {
    /// Those of an algorithm in which nobody leads and nothing is counted.
    pub const NONE: Words = Words {
        epoch: "",
        length: "",
        decided: "",
        entry: "",
        settles: "knows slot # to be committed",
        card: "",
        roles: &[],
        votes: ["votes for", "voted for"],
    };

    /// Names a role.
    pub fn role(&self, role: Role) -> &'static str {
        let own = self.roles.iter().find(|(of, _)| *of == role);
        own.map_or(role.word(), |(_, word)| word)
    }

    /// Names an epoch: `term 4`; nothing where there is no such number.
    pub fn epoch(&self, number: u64) -> String {
        if self.epoch.is_empty() { String::new() } else { format!("{} {number}", self.epoch) }
    }

    /// Says in which epoch something is: ` in term 4`; nothing where there is no such number.
    pub fn within(&self, number: u64) -> String {
        match self.epoch {
            "" => String::new(),
            "height" => format!(" at height {number}"),
            word => format!(" in {word} {number}"),
        }
    }
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
