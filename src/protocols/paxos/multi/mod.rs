//! Multi-Paxos: one instance of Paxos for each slot of a log (§3), which carries a key-value store.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `state.rs` | what is kept, on the disk and in memory |
//! | `step.rs` | what all rules share, and the acceptor |
//! | `leader.rs` | who leads: phase 1, once for all slots; then phase 2, slot by slot |
//! | `learner.rs` | what is chosen: learning, catching up, applying |
//! | `lie.rs`, `report.rs` | what a liar says, and what a node says of itself |
//!
//! # One promise for all slots
//!
//! If each slot were decided by itself, each would cost both phases. But phase 1 names no value: so
//! a proposer can run it for infinitely many slots at once, and an acceptor can answer in one
//! message, since it has accepted something in few of them only (§3). Whoever has the promises of a
//! quorum leads. From then on a command takes phase 2 alone: two message delays until the leader
//! knows that it is chosen.
//!
//! A leader that is new finds slots in which something may have been chosen: for these it proposes
//! what was reported under the highest number, as ever. Slots before them in which nothing was
//! reported it fills with commands that do nothing, so that the log has no gap (§3).
//!
//! # Who leads
//!
//! Safety asks for no single leader: each number belongs to one proposer, and an acceptor that has
//! promised a higher number refuses the lower one. Progress does (§2.4). Here a follower that hears
//! nothing from its leader for a while stands itself, with a number that is higher than any it
//! heard of; the wait is drawn from a range, so that most often one is ahead. Whoever is refused
//! knows that it was replaced. The paper leaves the election open; this one is the plainest.
//!
//! # Learning
//!
//! The leader is the distinguished learner (§2.3). It counts acceptances, and tells the others
//! which slot is chosen; they have the value already, if they accepted it under the same number.
//! Who lacks something sees it from the leader's heartbeat, asks, and is taught.

mod leader;
mod learner;
mod lie;
mod message;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Quorums;
use crate::protocols::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Outbox, Protocol, Report, Role,
    Span, SpanRange, TimerKind, Words,
};

pub use message::{
    ACCEPT, ACCEPTED, ASK, Entries, Entry, HEARTBEAT, LEARN, Message, PREPARE, PROMISE, REFUSAL,
    TEACH,
};
pub use state::{Delta, Log, Open, Own, Stable, State};

use step::Step;

/// How many slots a leader may have proposed and not decided (the `α` of §3). What a client asks
/// beyond it is dropped, and the client tries again.
pub const OPEN_MAX: u64 = 1_024;
/// How far beyond what it knows to be decided an acceptor accepts: a node that lags may be behind
/// by more than a leader has open, and a liar may not fill its memory.
pub const AHEAD_MAX: u64 = 8 * OPEN_MAX;
/// How many decided slots a promise reports at most. A proposer that lacks more is taught first,
/// and promised later.
pub const ENTRIES_MAX: u64 = 2 * OPEN_MAX;
/// How many slots one answer to `Ask` teaches, so that catching up does not block the link.
pub const TAUGHT_MAX: usize = 64;
/// How many proposals a leader sends again at one heartbeat.
pub const RESENT_MAX: usize = 64;

/// How a cluster of multi-Paxos is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct MultiPaxosSpec {
    /// How long a follower waits for its leader, and a candidate for promises; drawn anew each
    /// time.
    pub election_timeout: SpanRange,
    /// How often a leader shows that it lives; well below the shortest election timeout.
    pub heartbeat: Span,
    /// How many promises phase 1 needs; a majority where it is not given.
    pub prepare_quorum: Option<u16>,
    /// How many acceptances phase 2 needs; a majority where it is not given.
    pub accept_quorum: Option<u16>,
    /// Whether quorums of the two phases may share nobody. Then two values can be chosen.
    pub disjoint_quorums: bool,
    /// Whether a proposer that was overtaken waits for an election timeout before it stands again
    /// (§2.4). Without it two of them may keep each other from leading for ever.
    pub back_off: bool,
    /// Whether a call that was tried twice takes effect once.
    pub idempotency: bool,
    /// Whether promises and acceptances wait for the disk (§2.5). Without it a crash can unsay
    /// them.
    pub sync_first: bool,
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "multi-paxos",
    also: &[],
    title: "a log of instances of Paxos, under a leader that runs phase 1 once for all of them",
    bears: "crashes and restarts with the disk kept, omissions, delays, doubled messages and \
            partitions, as long as a majority is up and connected",
    breaks: "an acceptor that denies what it accepted, by a lie or a wiped disk, has a second \
             value chosen in a slot; without a majority nothing is decided any more",
    ordinary: "Every node is a follower. The first whose election timeout ends asks for promises; \
               a quorum lets it lead.",
    words: Words {
        epoch: "ballot",
        length: "log",
        decided: "decided",
        settles: "knows slot # to be decided",
        votes: ["gives its promise to", "gave its promise to"],
        ..Words::NONE
    },
    source: "Lamport, Paxos Made Simple, 2001, section 3",
    nodes: 1..=1_000,
    judged: &[
        "false suspicion",
        "two leaders",
        "no leader",
        "stale leader",
        "agreement",
        "validity",
        "linearizable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[&PREPARE, &PROMISE, &ACCEPT, &ACCEPTED, &REFUSAL, &LEARN, &HEARTBEAT, &ASK, &TEACH],
    make: || ProtocolSpec::MultiPaxos(MultiPaxosSpec::default()),
};

impl MultiPaxosSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        crate::protocols::timers("election_timeout", &self.election_timeout)?;
        crate::protocols::timer("heartbeat", self.heartbeat)?;
        self.quorums(nodes).check(nodes, self.disjoint_quorums)?;
        let (heartbeat, shortest) = (self.heartbeat, *self.election_timeout.0.start());
        if heartbeat < shortest {
            return Ok(());
        }
        let message =
            format!("the heartbeat `{heartbeat}` is no shorter than the election timeout");
        let expected = format!("less than the shortest election timeout, {shortest}");
        Err(Wrong { field: "heartbeat", message, expected })
    }

    fn quorums(&self, nodes: u16) -> Quorums {
        Quorums::of(nodes, self.prepare_quorum, self.accept_quorum)
    }
}

impl Default for MultiPaxosSpec {
    fn default() -> MultiPaxosSpec {
        MultiPaxosSpec {
            election_timeout: SpanRange::millis(150, 300),
            heartbeat: Span::millis(50),
            prepare_quorum: None,
            accept_quorum: None,
            disjoint_quorums: false,
            back_off: true,
            idempotency: true,
            sync_first: true,
        }
    }
}

/// A cluster of multi-Paxos: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MultiPaxos {
    /// How many nodes there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: MultiPaxosSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The leader, or the promises, did not come.
    Election,
    /// It is time to show that the leader lives.
    Heartbeat,
}

impl MultiPaxos {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: MultiPaxosSpec) -> MultiPaxos {
        assert!(nodes > 0, "a cluster has at least one node");
        MultiPaxos { nodes, spec }
    }

    /// Returns how many acceptors each phase needs.
    pub fn quorums(&self) -> Quorums {
        self.spec.quorums(self.nodes)
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "back_off" => Some(&mut self.spec.back_off),
            "idempotency" => Some(&mut self.spec.idempotency),
            "sync_first" => Some(&mut self.spec.sync_first),
            _ => None,
        }
    }
}

impl Enumerable for MultiPaxos {}

impl Protocol for MultiPaxos {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<MultiPaxos>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let state = State::new(me, disk.cloned().unwrap_or_default());
        out.note(Note::Role { role: Role::Follower, epoch: state.promised.0 });
        out.arm(Timer::Election, self.spec.election_timeout.0.clone());
        state
    }

    fn step(&self, state: &mut State, event: Event<MultiPaxos>, out: &mut Outbox<MultiPaxos>) {
        Step::new(self, state, out).take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        delta.persist(stable);
    }

    fn glance(&self, state: &State) -> Glance {
        MultiPaxos::in_brief(state)
    }

    fn report(&self, state: &State, rows: usize) -> Report {
        self.in_full(state, rows)
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Election => TimerKind { name: "election timeout", awaits: true },
            Timer::Heartbeat => TimerKind { name: "heartbeat", awaits: false },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("back_off", spec.back_off),
            ("idempotency", spec.idempotency),
            ("sync_first", spec.sync_first),
        ]
    }

    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lie::forge(msg, liar.tells())
    }

    fn flip(what: Flip<'_, MultiPaxos>, bit: u64) -> bool {
        lie::flip(what, bit)
    }
}
