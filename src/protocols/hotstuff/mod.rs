//! `HotStuff`: a chain of blocks that a leader drives with messages to and from itself alone.
//!
//! Here: basic `HotStuff` of Yin, Malkhi, Reiter, Golan Gueta and Abraham (BFT consensus
//! with linearity and responsiveness), PODC 2019 (its algorithms 1 and 2), with a leader for each
//! view in turn, and a pacemaker of our own. Absent on purpose: the chained variant, which begins a
//! view in each phase; threshold signatures, which make a certificate as small as a vote (here it
//! is the set of the votes); and changes of the set of replicas.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `state.rs` | what is kept |
//! | `step.rs` | what comes in, and what a decision does |
//! | `phases.rs` | algorithm 2: what the leader and the replicas do |
//! | `pacemaker.rs` | when a view ends, and how replicas come into one view together |
//! | `lies.rs` | what a liar says, and what a flipped bit does |
//! | `report.rs` | what a replica says of itself |
//!
//! # The problem
//!
//! As PBFT and Tendermint do, `n ≥ 3f + 1` replicas decide one chain though `f` of them lie. There
//! everybody sends every vote to everybody, which is `n²` messages for each step. Here votes go to
//! the leader. It puts `n - f` of them together into a certificate, and sends everybody that: `2n`
//! messages a step, at the cost of one more delay.
//!
//! # A view
//!
//! 1. **Prepare**: the leader waits for `n - f` replicas to say what they know to be prepared,
//!    takes the highest certificate that any of them has, and proposes a block on top of its block.
//!    A replica votes if the block is safe.
//! 2. **Pre-commit**: the votes make a certificate (`prepareQC`). Who gets it remembers it and
//!    votes.
//! 3. **Commit**: these votes make the next one (`precommitQC`). Who gets it *locks* its block,
//!    and votes.
//! 4. **Decide**: these make the last (`commitQC`). Who gets it executes the block and all before
//!    it, and answers.
//!
//! # Why it is safe
//!
//! Two certificates of one phase and view would share an honest replica that voted twice. Between
//! views: a decided block is locked by `n - f`, and a replica that is locked votes only for what
//! extends its block, or for what carries a certificate newer than the lock (`safeNode`). For a
//! block that does not extend a decided one there is no such certificate: the first one would need
//! votes of replicas that are locked.
//!
//! # Why three phases
//!
//! The second half of `safeNode` is what keeps a lock from holding up the chain. It works because
//! of the phase in between: if a replica is locked, then `n - f` know its block to be prepared, so
//! that any `n - f` of which a new leader hears include one that does. The leader need not wait for
//! the slowest to hear of all locks, and goes on as fast as messages come (responsiveness); with
//! two phases it would have to wait for the longest delay, as Tendermint does.
//!
//! # Messages
//!
//! Where nothing fails a block takes eight times `n - 1` messages: prepare, pre-commit, commit,
//! decide, a vote for each of the first three, and a new-view message each to the next leader.
//! Nine delays lie between the client's request and its reply: the request, seven within the view,
//! and the reply. The client asks every replica and believes an answer that `f + 1` gave.

mod lies;
mod message;
mod pacemaker;
mod phases;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::block::bears;
use super::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Asks, Calls, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Outbox, Protocol,
    Report, Role, Span, TimerKind, Words,
};

pub use message::{
    Branch, COMMIT, COMMIT_VOTE, Certificate, DECIDE, DECIDED, Entry, FETCH, GARBLED, Message,
    NEW_VIEW, PRE_COMMIT, PRE_COMMIT_VOTE, PREPARE, PREPARE_VOTE, Phase, TIMEOUT, Vote, Wish,
};
pub use state::{Decided, Delta, Promise, Stable, State};

use step::Step;

/// How often the patience of a view doubles at most, while views fail one after the other.
pub const PATIENCE_DOUBLINGS_MAX: u32 = 6;

/// How a cluster of `HotStuff` replicas is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotStuffSpec {
    /// How long a view may last without a decision, after one that had one; it doubles with each
    /// view that fails. A view takes eight messages one after the other.
    pub timeout: Span,
}

impl Default for HotStuffSpec {
    fn default() -> HotStuffSpec {
        HotStuffSpec { timeout: Span::millis(200) }
    }
}

impl HotStuffSpec {
    /// Checks the settings.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::timer("timeout", self.timeout)
    }
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "hotstuff",
    also: &[],
    title: "a chain of blocks that a leader drives, with as many messages as there are replicas",
    bears: "fewer than a third that lie, stop or forget; loss, delays and partitions, as long as \
            messages arrive in time in the end",
    breaks: "a third that lies or forgets its votes lets two chains be decided; a third that is \
             silent stops it",
    ordinary: "In each view a leader proposes a block and gathers votes, phase by phase, until a \
               quorum made it final.",
    words: Words {
        epoch: "view",
        length: "log",
        decided: "committed",
        entry: "height",
        roles: &[(Role::Proposer, "leader")],
        ..Words::NONE
    },
    source: "Yin, Malkhi, Reiter, Golan Gueta and Abraham, HotStuff: BFT consensus with linearity \
             and responsiveness, PODC 2019",
    nodes: 4..=100,
    judged: &[
        "agreement",
        "validity",
        "linearizable",
        "durable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[
        &NEW_VIEW,
        &PREPARE,
        &PREPARE_VOTE,
        &PRE_COMMIT,
        &PRE_COMMIT_VOTE,
        &COMMIT,
        &COMMIT_VOTE,
        &DECIDE,
        &TIMEOUT,
        &FETCH,
        &DECIDED,
        &GARBLED,
    ],
    make: || ProtocolSpec::HotStuff(HotStuffSpec::default()),
};

/// A cluster of `HotStuff` replicas: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HotStuff {
    /// How many replicas there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: HotStuffSpec,
}

/// A replica's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The view has lasted too long.
    View,
    /// It is time to say once more that it has.
    Retry,
}

impl HotStuff {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: HotStuffSpec) -> HotStuff {
        assert!(nodes > 0, "a cluster has at least one node");
        HotStuff { nodes, spec }
    }

    /// Returns who leads a view: each in its turn.
    pub fn leader(&self, view: u64) -> u16 {
        (view.wrapping_sub(1) % u64::from(self.nodes)) as u16 + 1
    }
}

impl Protocol for HotStuff {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<HotStuff>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let mut state = State::new(me);
        if let Some(disk) = disk {
            let (slots, broken) = state.restore(disk);
            out.note(Note::Restored(slots.into()));
            if broken {
                out.note(Note::Contained { by: "hash chain", from: Address::Node(me) });
            }
        }
        let mut step = Step { h: self, s: &mut state, out };
        step.set_role();
        step.say_view();
        step.pace();
        state
    }

    fn step(&self, state: &mut State, event: Event<HotStuff>, out: &mut Outbox<HotStuff>) {
        Step { h: self, s: state, out }.take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        delta.persist(stable);
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
            Timer::View => TimerKind { name: "view timeout", awaits: true },
            Timer::Retry => TimerKind { name: "retry", awaits: true },
        }
    }

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn calls(&self) -> Calls {
        Calls { asks: Asks::All, matching: bears(self.nodes) + 1 }
    }

    fn forge(&self, state: &State, msg: &Message, _to: Address, liar: &Liar) -> Option<Message> {
        lies::forge(state, msg, liar)
    }

    fn flip(what: Flip<'_, HotStuff>, bit: u64) -> bool {
        lies::flip(what, bit)
    }
}

impl Enumerable for HotStuff {}
