//! Tendermint: a chain of blocks that validators agree on by two votes a round, though some lie.
//!
//! Here: the algorithm of Buchman, Kwon and Milosevic, "The latest gossip on BFT consensus", 2018:
//! its algorithm 1, rule by rule under the numbers of its lines; and evidence against validators
//! that break it, as its implementation `CometBFT` describes it under fork accountability. Absent
//! on purpose: stake (each validator has one vote), changes of the validator set, time in blocks,
//! light clients, and the wait after a decision for late votes.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `votes.rs`, `state.rs` | what was heard of a height, and what is kept |
//! | `step.rs` | what comes in, and how a promise is written down before it leaves |
//! | `rules.rs` | algorithm 1 |
//! | `catch_up.rs` | how what was lost is learnt after all |
//! | `evidence.rs` | who is convicted, and by what |
//! | `lies.rs` | what a liar says, and what a flipped bit does |
//! | `report.rs` | what a validator says of itself |
//!
//! # The problem
//!
//! As in any replicated log, validators shall decide the same blocks in the same order. But up to
//! `f` of `n ≥ 3f + 1` may lie: say one thing here and another there, or nothing, or vote against
//! their word. Signatures cannot be forged; a hash names one block. Messages arrive within a bound
//! that nobody knows, and only from a moment on that nobody knows either.
//!
//! # A round
//!
//! Heights are decided one after the other, each in rounds. Every round has a proposer, in turn. It
//! proposes a block. Who finds it good *prevotes* it, else nil. Who sees more than two thirds
//! prevote it *precommits* it, else nil. Who sees more than two thirds precommit it decides. Any
//! two such quorums share more than `f` validators, so an honest one, and that one votes once a
//! step: in one round, only one block can be decided.
//!
//! # Locks
//!
//! From round to round more is needed. Who precommits a block locks it (line 38): from then on it
//! prevotes nothing else (line 23), unless it is shown that a quorum prevoted something else in the
//! round of its lock or later (lines 28 and 29). If a block was decided, more than two thirds are
//! locked on it, and no quorum for another comes together any more. That is all of the safety.
//!
//! So that a lock does not hold up the chain for ever, a validator also remembers the last block
//! that it saw a quorum prevote, whether it locked it or not (`validValue`, lines 42 and 43), and
//! proposes that when it is its turn, with the round of the quorum as its reason. There is no
//! separate protocol for a change of view: a new proposer needs to ask nobody for what was locked.
//!
//! # Time
//!
//! Three timers end what never comes: a proposal, a quorum for one block among prevotes, and among
//! precommits. Each grows with the round (`initTimeout + r · delta`), so that once messages arrive
//! in time, some round is long enough. No quorum of nil is needed to move: `f + 1` voices of a
//! later round take a validator there (line 55).
//!
//! # Messages
//!
//! Where nothing fails a block takes one proposal to `n − 1` others and two votes of each of `n`
//! validators to `n − 1` others: `(n − 1)(2n + 1)` messages, five delays from the client's request
//! to its reply. The client asks every validator, since any may be the one whose turn it is, and
//! believes an answer that `f + 1` gave.
//!
//! # What breaks it
//!
//! A third that lies, or that forgets what it promised. Then two chains can be decided, and what
//! is left is to say who did it: see `evidence.rs`. More than a third that is silent stops it.

mod catch_up;
mod evidence;
mod lies;
mod message;
mod report;
mod rules;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod votes;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::block::bears;
use super::{Entry as Listed, ProtocolSpec, TIMER_MAX, Wrong};
use crate::sim::{
    Address, Asks, Calls, Detail, Enumerable, Event, Flip, Glance, Liar, Note, Outbox, Protocol,
    Report, Span, TimerKind, Words,
};

pub use evidence::convicting;
pub use message::{
    Commit, DECISIONS, GARBLED, KNOWN, Message, PRECOMMIT, PREVOTE, PROPOSAL, Proposal, STATUS,
    TESTIMONY, Vote, VoteKind,
};
pub use state::{Decided, Delta, Phase, Promise, Stable, State};
pub use votes::{Choice, Round, Rounds};

use step::Step;

/// How a cluster of Tendermint validators is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TendermintSpec {
    /// How long a validator waits in round 0 for a proposal, and for the last votes
    /// (`initTimeout`).
    pub timeout: Span,
    /// By how much it waits longer in each further round (`timeoutDelta`).
    pub delta: Span,
}

impl Default for TendermintSpec {
    fn default() -> TendermintSpec {
        TendermintSpec { timeout: Span::millis(100), delta: Span::millis(50) }
    }
}

impl TendermintSpec {
    /// Checks the settings.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::timer("timeout", self.timeout)?;
        super::timer("delta", self.delta)
    }
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "tendermint",
    also: &["cometbft"],
    title: "a chain of blocks that validators agree on by two votes a round, though some lie",
    bears: "fewer than a third that lie, stop or forget; loss, delays and partitions, as long as \
            messages arrive in time in the end",
    breaks: "a third that lies or forgets its votes forks the chain, and is named by its own \
             signatures; a third that is silent stops it",
    ordinary: "At each height a proposer sends a block, and validators vote twice. Two thirds and \
               more commit it.",
    words: Words {
        epoch: "height",
        length: "log",
        decided: "committed",
        card: "round",
        ..Words::NONE
    },
    source: "Buchman, Kwon and Milosevic, The latest gossip on BFT consensus, 2018",
    nodes: 4..=100,
    judged: &[
        "proven culprit",
        "accountability",
        "agreement",
        "validity",
        "linearizable",
        "durable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[&PROPOSAL, &PREVOTE, &PRECOMMIT, &STATUS, &KNOWN, &DECISIONS, &TESTIMONY, &GARBLED],
    make: || ProtocolSpec::Tendermint(TendermintSpec::default()),
};

/// A cluster of Tendermint validators: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tendermint {
    /// How many validators there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: TendermintSpec,
}

/// A validator's timers. Each belongs to the round that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// No proposal came (`timeoutPropose`).
    Propose,
    /// No quorum of prevotes for one block came (`timeoutPrevote`).
    Prevote,
    /// No quorum of precommits for one block came (`timeoutPrecommit`).
    Precommit,
    /// Nothing was decided: what was said may have been lost.
    Resend,
}

impl Tendermint {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: TendermintSpec) -> Tendermint {
        assert!(nodes > 0, "a cluster has at least one node");
        Tendermint { nodes, spec }
    }

    /// Returns whose turn it is to propose (`proposer(h, r)`): each in its turn.
    pub fn proposer(&self, height: u64, round: u64) -> u16 {
        let turn = height.wrapping_sub(1).wrapping_add(round) % u64::from(self.nodes);
        turn as u16 + 1
    }

    /// Returns how long the timers of a round wait.
    fn wait(&self, round: u64) -> RangeInclusive<Span> {
        let wait = self.spec.timeout.0.saturating_add(self.spec.delta.0.saturating_mul(round));
        let wait = Span(wait).min(TIMER_MAX);
        wait..=wait
    }
}

impl Protocol for Tendermint {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Tendermint>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let mut state = State::new(me);
        if let Some(disk) = disk {
            let (slots, broken) = state.restore(disk);
            out.note(Note::Restored(slots.into()));
            if broken {
                out.note(Note::Contained { by: "hash chain", from: Address::Node(me) });
            }
            state.promise.height = state.height();
            if disk.promise.height == state.height() {
                state.promise = disk.promise.clone();
            }
        }
        Step { t: self, s: &mut state, out }.come_up();
        state
    }

    fn step(&self, state: &mut State, event: Event<Tendermint>, out: &mut Outbox<Tendermint>) {
        Step { t: self, s: state, out }.take(event);
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
            Timer::Propose => TimerKind { name: "propose timeout", awaits: true },
            Timer::Prevote => TimerKind { name: "prevote timeout", awaits: true },
            Timer::Precommit => TimerKind { name: "precommit timeout", awaits: true },
            Timer::Resend => TimerKind { name: "resend", awaits: true },
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

    fn flip(what: Flip<'_, Tendermint>, bit: u64) -> bool {
        lies::flip(what, bit)
    }
}

impl Enumerable for Tendermint {}
