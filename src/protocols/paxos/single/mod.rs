//! Single-decree Paxos: one value, decided once. See the door of `paxos` for why it works.
//!
//! The cluster is a register that is written once. A client's write is a proposal; whichever is
//! chosen stays for ever. The write that was chosen is answered as done, every other one is
//! refused, and a read tells what the key holds: the chosen value if it was written to that key,
//! else nothing.
//!
//! A read that comes before anything is known to be chosen is a round of its own. It runs phase 1
//! and proposes nothing. If no acceptor of the quorum reports a proposal, then nothing was chosen
//! when the first of them promised, which was after the read began: so "nothing" is right. If one
//! does, the read completes that proposal as any proposer would, and tells its value.

mod lie;
mod message;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Quorums;
use crate::protocols::{Entry, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Outbox, Protocol, Report, Role,
    Span, SpanRange, TimerKind, Words,
};

pub use message::{
    ACCEPT, ACCEPTED, LEARN, Message, PREPARE, PROMISE, PROMISE_BOUND, Proposal, REFUSAL, Value,
};
pub use state::{Delta, Phase, Round, Stable, State, Waiting};

use step::Step;

/// How many calls may wait for the decision at one node; what comes then is dropped, and the client
/// tries again.
pub const WAITING_MAX: usize = 1_024;
/// How often the wait of the back-off doubles: after that it is far above any round trip.
pub const DOUBLINGS_MAX: u8 = 6;
/// How often the wait for a quorum doubles. It has to, where nobody knows the bound on delays
/// (Dwork, Lynch and Stockmeyer 1988), and not so often that a cluster which was cut off for long
/// takes long to come back.
pub const PATIENCE_DOUBLINGS_MAX: u8 = 2;

/// How a cluster of single-decree Paxos is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct PaxosSpec {
    /// How long a proposer waits for a quorum before it tries a higher number; doubled twice, where
    /// it backs off.
    pub timeout: SpanRange,
    /// How long it waits before it tries again after somebody else was faster; doubled each time.
    pub wait: SpanRange,
    /// How many promises phase 1 needs; a majority where it is not given.
    pub prepare_quorum: Option<u16>,
    /// How many acceptances phase 2 needs; a majority where it is not given.
    pub accept_quorum: Option<u16>,
    /// Whether quorums of the two phases may share nobody. Then two values can be chosen.
    pub disjoint_quorums: bool,
    /// Whether a proposer that was overtaken waits before it tries again (§2.4). Without it two of
    /// them may keep each other from deciding for ever.
    pub back_off: bool,
    /// Whether a learner believes that a value is chosen only when a quorum of acceptors says so
    /// (§2.3). Without it the first acceptor that speaks is believed.
    pub learn_by_quorum: bool,
    /// Whether promises and acceptances wait for the disk (§2.5). Without it a crash can unsay
    /// them.
    pub sync_first: bool,
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "paxos",
    also: &["single-decree-paxos"],
    title: "one value, chosen once by a quorum of acceptors that promise and accept",
    bears: "crashes and restarts with the disk kept, omissions, delays, doubled messages and \
            partitions, as long as a majority is up and connected",
    breaks: "an acceptor that denies what it accepted, by a lie or a wiped disk, has a second \
             value chosen; two proposers that never wait need not decide at all",
    ordinary: "A proposer asks for promises, then for its value to be accepted. What a quorum \
               accepted is chosen for good.",
    words: Words {
        epoch: "ballot",
        length: "holds",
        decided: "chosen",
        settles: "learns what was chosen",
        card: "accepted",
        votes: ["gives its promise to", "gave its promise to"],
        ..Words::NONE
    },
    source: "Lamport, Paxos Made Simple, 2001",
    nodes: 1..=1_000,
    judged: &["agreement", "validity", "linearizable", "available", "on time", "progress"],
    messages: &[&PREPARE, &PROMISE, &PROMISE_BOUND, &ACCEPT, &ACCEPTED, &REFUSAL, &LEARN],
    make: || ProtocolSpec::Paxos(PaxosSpec::default()),
};

impl PaxosSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        crate::protocols::timers("timeout", &self.timeout)?;
        crate::protocols::timers("wait", &self.wait)?;
        self.quorums(nodes).check(nodes, self.disjoint_quorums)
    }

    fn quorums(&self, nodes: u16) -> Quorums {
        Quorums::of(nodes, self.prepare_quorum, self.accept_quorum)
    }
}

impl Default for PaxosSpec {
    fn default() -> PaxosSpec {
        PaxosSpec {
            timeout: SpanRange::millis(100, 200),
            wait: SpanRange::millis(5, 40),
            prepare_quorum: None,
            accept_quorum: None,
            disjoint_quorums: false,
            back_off: true,
            learn_by_quorum: true,
            sync_first: true,
        }
    }
}

/// A cluster of single-decree Paxos: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paxos {
    /// How many nodes there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: PaxosSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The round under way found no quorum.
    Round,
    /// It has backed off long enough.
    BackOff,
}

impl Paxos {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: PaxosSpec) -> Paxos {
        assert!(nodes > 0, "a cluster has at least one node");
        Paxos { nodes, spec }
    }

    /// Returns how many acceptors each phase needs.
    pub fn quorums(&self) -> Quorums {
        self.spec.quorums(self.nodes)
    }

    /// Returns how long a proposer backs off that was overtaken so often in a row.
    fn back_off(&self, failures: u8) -> RangeInclusive<Span> {
        doubled(&self.spec.wait, failures.min(DOUBLINGS_MAX))
    }

    /// Returns how long a proposer waits for a quorum that failed so often in a row.
    fn patience(&self, failures: u8) -> RangeInclusive<Span> {
        let doublings = if self.spec.back_off { failures.min(PATIENCE_DOUBLINGS_MAX) } else { 0 };
        doubled(&self.spec.timeout, doublings)
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "back_off" => Some(&mut self.spec.back_off),
            "learn_by_quorum" => Some(&mut self.spec.learn_by_quorum),
            "sync_first" => Some(&mut self.spec.sync_first),
            _ => None,
        }
    }
}

fn doubled(range: &SpanRange, times: u8) -> RangeInclusive<Span> {
    Span(range.0.start().0 << times)..=Span(range.0.end().0 << times)
}

impl Enumerable for Paxos {}

impl Protocol for Paxos {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Paxos>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let state = State::new(me, &disk.copied().unwrap_or_default());
        out.note(Note::Role { role: Role::Acceptor, epoch: state.promised.0 });
        state
    }

    fn step(&self, state: &mut State, event: Event<Paxos>, out: &mut Outbox<Paxos>) {
        Step { paxos: self, s: state, out, unsaved: false }.take(&event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        *stable = *delta;
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
            Timer::Round => TimerKind { name: "round timeout", awaits: true },
            Timer::BackOff => TimerKind { name: "back-off", awaits: false },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("back_off", spec.back_off),
            ("learn_by_quorum", spec.learn_by_quorum),
            ("sync_first", spec.sync_first),
        ]
    }

    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lie::forge(msg, liar.tells())
    }

    fn flip(what: Flip<'_, Paxos>, bit: u64) -> bool {
        lie::flip(what, bit)
    }
}
