//! What stands outside and calls in: the contract of a client.
//!
//! Absent on purpose: any client. They live in `workloads`; the world only steps them.

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::ops::RangeInclusive;

use super::address::Address;
use super::chance::{Chance, Identity, Purpose};
use super::protocol::{MessageKind, Nature};
use super::time::{Instant, Span};

/// What a client may ask of a key-value store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Reads a key.
    Read {
        /// Which key.
        key: u64,
    },
    /// Writes a value that no other write of the run uses.
    Write {
        /// Which key.
        key: u64,
        /// The value.
        value: u64,
    },
}

/// The value whose write deletes a key. No other write of a run uses it, and only stores that know
/// deletes are asked for it.
pub const DELETED: u64 = 0;

impl Op {
    /// Returns the key that the operation touches.
    pub const fn key(self) -> u64 {
        match self {
            Op::Read { key } | Op::Write { key, .. } => key,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Read { key } => f.pad(&format!("read k{key}")),
            Op::Write { key, value: DELETED } => f.pad(&format!("delete k{key}")),
            Op::Write { key, value } => f.pad(&format!("write k{key} := {value}")),
        }
    }
}

/// Which call: the request id of exactly-once semantics, and which attempt at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// Who calls.
    pub client: Address,
    /// The client's own number of the call, from 1; the same for each retry.
    pub serial: u32,
    /// Which attempt, from 1.
    pub attempt: u16,
}

impl CallId {
    /// Returns one number for the call, the same for each attempt and never 0.
    pub const fn key(self) -> u64 {
        let client = match self.client {
            Address::Client(k) | Address::Node(k) => k,
            Address::Monitor(k) => CallId::MONITORS + k,
        };
        (client as u64) << 32 | self.serial as u64
    }

    /// How many calls one caller has open at once at most. Whoever recognises calls that are tried
    /// again has to know more than that of each series.
    pub const OPEN_MAX: usize = 256;

    /// How many numbers one series of calls has.
    pub const SERIES: u32 = 100_000_000;

    /// Returns the caller and which of its series the call belongs to. A caller counts its calls in
    /// series of their own: in the first those that it makes of itself, in the second those that a
    /// surge adds. Only within a series do later calls have higher numbers.
    pub const fn series(self) -> (Address, u32) {
        (self.client, self.serial / CallId::SERIES)
    }

    /// What the numbers of monitors begin above in a key, so that each key is of one caller.
    const MONITORS: u16 = Address::LARGEST;

    /// Returns the caller and the number of the call with this key; `None` for 0.
    pub const fn of_key(key: u64) -> Option<(Address, u32)> {
        let (caller, serial) = ((key >> 32) as u16, key as u32);
        match caller {
            _ if key == 0 => None,
            CallId::FIRST_MONITOR.. => Some((Address::Monitor(caller - CallId::MONITORS), serial)),
            _ => Some((Address::Client(caller), serial)),
        }
    }

    const FIRST_MONITOR: u16 = CallId::MONITORS + 1;
}

impl fmt::Display for CallId {
    /// Writes the call as `c1#7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}#{}", self.client, self.serial))
    }
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The key holds this, or nothing.
    Read(Option<u64>),
    /// The write took effect.
    Written,
    /// It did not take effect and will not: aborted, or turned away.
    Refused,
    /// Turned away without a look at it, for want of room: this attempt has no effect and will have
    /// none; of an earlier one that says nothing.
    Busy,
    /// Not here: ask this node, or another where it is not known who leads.
    Redirect(Option<Address>),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Read(Some(value)) => f.pad(&format!("= {value}")),
            Outcome::Read(None) => f.pad("= nothing"),
            Outcome::Written => f.pad("ok"),
            Outcome::Refused => f.pad("refused"),
            Outcome::Busy => f.pad("too busy"),
            Outcome::Redirect(Some(to)) => f.pad(&format!("ask {to}")),
            Outcome::Redirect(None) => f.pad("no leader known"),
        }
    }
}

/// The kind of a client's call as it travels.
pub static CALL: MessageKind =
    MessageKind { name: "call", glyph: '?', nature: Nature::Request, fields: &["call", "key"] };
/// The kind of an answer as it travels.
pub static ANSWER: MessageKind =
    MessageKind { name: "answer", glyph: '!', nature: Nature::Reply, fields: &["call"] };

/// What became of one attempt at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    /// Which node was asked.
    pub node: Address,
    /// How long its answer took, or for how long there was none.
    pub took: Span,
    /// Whether it answered; to say who else is to be asked is an answer.
    pub answered: bool,
}

/// What passes between nodes, clients and monitors beside calls: no word of any protocol. A node
/// that is up answers a ping by itself; nothing of the protocol is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aside {
    /// A monitor asks whether the node is up: a health check in its shallowest form.
    Ping(u32),
    /// It is.
    Pong(u32),
    /// A client tells a monitor what became of an attempt.
    Saw(Sample),
    /// A monitor tells a client that it finds a node ill, and for how long that holds unless it is
    /// said again.
    Ill(Address, Span),
    /// A monitor tells a client that it finds a node well again.
    Well(Address),
}

/// The kind of a ping as it travels.
pub static PING: MessageKind =
    MessageKind { name: "ping", glyph: '∙', nature: Nature::Probe, fields: &["number"] };
/// The kind of its answer.
pub static PONG: MessageKind =
    MessageKind { name: "pong", glyph: '∘', nature: Nature::Probe, fields: &["number"] };
/// The kind of a client's word to a monitor.
pub static REPORT: MessageKind =
    MessageKind { name: "report", glyph: '↥', nature: Nature::Control, fields: &["node", "us"] };
/// The kind of a monitor's word to a client.
pub static JUDGEMENT: MessageKind = MessageKind {
    name: "judgement",
    glyph: '⚑',
    nature: Nature::Control,
    fields: &["node", "ill"],
};

/// What a client may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Something that is no answer to a call arrived.
    Heard {
        /// From whom.
        from: Address,
        /// What.
        aside: Aside,
    },
    /// An answer arrived.
    Answer {
        /// From which node.
        from: Address,
        /// To which call.
        call: CallId,
        /// With what.
        outcome: Outcome,
    },
    /// A timer has run out.
    Timeout(ClientTimer),
}

/// A client's timers: each pair of a name and a number is one timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientTimer {
    /// Time to make the next call.
    Next,
    /// Time to make the next call of those that a surge adds.
    Extra,
    /// This attempt at this call has waited long enough.
    Patience {
        /// The call's serial.
        serial: u32,
    },
    /// Time to try this call again.
    Retry {
        /// The call's serial.
        serial: u32,
    },
    /// The whole call has waited long enough.
    Deadline {
        /// The call's serial.
        serial: u32,
    },
    /// This probe of a monitor has waited long enough.
    Probe {
        /// The probe's number.
        serial: u32,
    },
}

impl ClientTimer {
    /// Returns the timer's name.
    pub const fn name(self) -> &'static str {
        match self {
            ClientTimer::Next => "next call",
            ClientTimer::Extra => "extra call",
            ClientTimer::Patience { .. } => "attempt timeout",
            ClientTimer::Retry { .. } => "retry",
            ClientTimer::Deadline { .. } => "deadline",
            ClientTimer::Probe { .. } => "probe timeout",
        }
    }

    /// Returns whether it runs out because nothing came.
    pub const fn awaits(self) -> bool {
        matches!(
            self,
            ClientTimer::Patience { .. } | ClientTimer::Deadline { .. } | ClientTimer::Probe { .. }
        )
    }
}

/// What a client says of its calls, which is the history that the oracles judge; and what clients
/// and monitors say of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientNote {
    /// A user's attempt at a node has come to its end; said only where somebody monitors.
    Saw(Sample),
    /// A client turns to another node than it would have, since this one is judged ill.
    Avoided {
        /// For which call.
        call: CallId,
        /// Which node.
        node: Address,
    },
    /// A monitor begins to watch every node.
    Watches {
        /// How it finds out: the name of its probe.
        probe: &'static str,
        /// Within what time it finds a node ill that answers nothing.
        within: Span,
    },
    /// A monitor has changed its mind about a node; before the first time it finds each well.
    Judged {
        /// Which node.
        node: Address,
        /// What it finds now.
        healthy: bool,
        /// How it found out: the name of the probe that decided.
        by: &'static str,
    },
    /// A call begins.
    Called {
        /// Which.
        call: CallId,
        /// What is asked.
        op: Op,
    },
    /// A call is tried again, after a timeout or a redirect.
    Retried {
        /// Which, with its new attempt.
        call: CallId,
        /// At which node.
        to: Address,
    },
    /// A call has its answer.
    Returned {
        /// Which; `attempt` is the one that was answered.
        call: CallId,
        /// What was asked.
        op: Op,
        /// The answer: never a redirect.
        outcome: Outcome,
    },
    /// A mechanism keeps the client from sending an attempt.
    Spared {
        /// Which call, with the attempt that was not made.
        call: CallId,
        /// The mechanism, as `mechanisms` lists it.
        by: &'static str,
    },
    /// A circuit breaker of the client changed.
    Circuit {
        /// The call at which it did.
        call: CallId,
        /// Which node it guards; `None` where it guards them all.
        node: Option<Address>,
        /// How it stands now.
        state: Circuit,
    },
    /// The client stops waiting: the call may or may not have taken effect, or may yet.
    GaveUp {
        /// Which.
        call: CallId,
        /// What was asked.
        op: Op,
    },
}

/// How a circuit breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Circuit {
    /// Calls pass.
    Closed,
    /// None passes.
    Open,
    /// One passes, to try.
    HalfOpen,
}

impl Circuit {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Circuit::Closed => "closed",
            Circuit::Open => "open",
            Circuit::HalfOpen => "half-open",
        }
    }
}

impl ClientNote {
    /// Returns the call that it is about, if it is about one.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            ClientNote::Called { call, .. }
            | ClientNote::Retried { call, .. }
            | ClientNote::Returned { call, .. }
            | ClientNote::GaveUp { call, .. }
            | ClientNote::Spared { call, .. }
            | ClientNote::Circuit { call, .. }
            | ClientNote::Avoided { call, .. } => Some(*call),
            ClientNote::Saw(_) | ClientNote::Watches { .. } | ClientNote::Judged { .. } => None,
        }
    }
}

/// A client as a step function over its own state.
pub trait Client: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// Starts the client.
    fn boot(&mut self, out: &mut ClientOutbox);
    /// Takes one step.
    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox);
    /// Turns a switch by name; returns whether the client has one of that name.
    fn set(&mut self, switch: &str, on: bool) -> bool;
    /// Names the switches and says how they stand.
    fn switches(&self) -> Vec<(&'static str, bool)>;
    /// Makes it call so many times as often as of itself, from now on; once is as it was.
    fn surge(&mut self, _factor: u32, _out: &mut ClientOutbox) {}
    /// Makes it call so many times at once, beside what it calls of itself.
    fn burst(&mut self, _calls: u32, _out: &mut ClientOutbox) {}
}

/// What a client may do to the world.
#[derive(Clone, Debug)]
pub enum ClientEffect {
    /// Sends a call.
    Call {
        /// To which node.
        to: Address,
        /// Which call.
        call: CallId,
        /// What is asked.
        op: Op,
    },
    /// Says something that is no call.
    Say {
        /// To whom.
        to: Address,
        /// What.
        aside: Aside,
    },
    /// Arms a timer.
    Arm(ClientTimer, RangeInclusive<Span>),
    /// Disarms a timer.
    Disarm(ClientTimer),
    /// Says something of a call.
    Note(ClientNote),
}

/// Where a client's step writes what it wants done.
#[derive(Debug)]
pub struct ClientOutbox {
    now: Instant,
    chance: Chance,
    identity: Identity,
    drawn: u64,
    effects: Vec<ClientEffect>,
}

impl ClientOutbox {
    /// Opens an outbox for one step.
    pub fn new(now: Instant, chance: Chance, identity: Identity) -> ClientOutbox {
        ClientOutbox { now, chance, identity, drawn: 0, effects: Vec::new() }
    }

    /// Opens it anew for the next step and keeps its buffer.
    pub(super) fn reuse(&mut self, now: Instant, identity: Identity) {
        (self.now, self.identity, self.drawn) = (now, identity, 0);
        self.effects.clear();
    }

    /// Returns the client's clock.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Draws a number from the client's own stream.
    pub fn draw(&mut self, range: &RangeInclusive<u64>) -> u64 {
        self.drawn += 1;
        self.chance.number(self.identity.child(u64::MAX - self.drawn), Purpose::Own, range)
    }

    /// Sends a call.
    pub fn call(&mut self, to: Address, call: CallId, op: Op) {
        self.effects.push(ClientEffect::Call { to, call, op });
    }

    /// Says something that is no call.
    pub fn say(&mut self, to: Address, aside: Aside) {
        self.effects.push(ClientEffect::Say { to, aside });
    }

    /// Arms a timer, or moves it where it is armed.
    pub fn arm(&mut self, timer: ClientTimer, wait: RangeInclusive<Span>) {
        self.effects.push(ClientEffect::Arm(timer, wait));
    }

    /// Disarms a timer.
    pub fn disarm(&mut self, timer: ClientTimer) {
        self.effects.push(ClientEffect::Disarm(timer));
    }

    /// Says something of a call.
    pub fn note(&mut self, note: ClientNote) {
        self.effects.push(ClientEffect::Note(note));
    }

    /// Lends the buffer for as long as its effects are carried out.
    pub(super) fn lend(&mut self) -> Vec<ClientEffect> {
        std::mem::take(&mut self.effects)
    }

    /// Takes the buffer back, empty.
    pub(super) fn take_back(&mut self, effects: Vec<ClientEffect>) {
        self.effects = effects;
    }

    /// Takes what was written so far, in its order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, ClientEffect> {
        self.effects.drain(..)
    }
}
