//! PBFT: a log that replicas keep alike though some of them lie.
//!
//! Here: practical Byzantine fault tolerance as it was published (Castro and Liskov, OSDI 1999; a §
//! is of that paper), with signatures throughout. Absent on purpose: reads that pass by the log and
//! tentative replies (§5.1), authenticators in the place of signatures (§5.2), batches, and changes
//! of membership. To add a rule: the file of its concern below, with its section.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `proof.rs` | what proves what, and how it is checked |
//! | `state.rs` | what is kept, on the disk and in memory |
//! | `step.rs` | what all rules share: sending, saving, timers |
//! | `ordering.rs` | the three phases, and execution |
//! | `checkpoint.rs` | what may be forgotten, and states that are copied |
//! | `view_change.rs` | how a primary is replaced |
//! | `completing.rs` | how what was lost is said again |
//! | `lies.rs` | what a liar says in the place of the truth |
//! | `report.rs` | what a replica says of itself |
//!
//! # The problem
//!
//! Several machines shall hold one state, though up to f of them do anything at all: fall silent,
//! lie, tell one this and another that, and lie together. What they cannot do is sign for others.
//! It takes n ≥ 3f + 1 (§3): n − f must suffice to go on, since f may never speak; of these n − f
//! again f may be liars, while f honest ones are only slow; and the honest among them have to
//! outnumber the liars: n − 2f > f.
//!
//! # Quorums
//!
//! Any two sets of 2f + 1 of 3f + 1 replicas share f + 1, of which one is honest; with any n it is
//! the same for the half of n + f + 1. An honest replica does not say two things, so two such
//! quorums never agree to different things. A set of f + 1 has an honest member: what f + 1 say,
//! one says truly. All the rest is these two facts, again and again.
//!
//! # The normal case
//!
//! Views are numbered from 0, and the primary of view v is replica v mod n (§4). A client signs its
//! request, so nobody can make one up. The primary gives it the next number and says so
//! (pre-prepare). A backup that has seen no other request with that number in this view tells
//! everybody (prepare). With the pre-prepare and prepares of a quorum a replica is *prepared*: in
//! this view no other request can get the number. It tells everybody so (commit). With commits of a
//! quorum the request is *committed*: enough replicas are prepared that any quorum which leaves
//! this view has an honest one among them who will say so. Prepare holds the order within a view,
//! commit across views; with two phases alone a new primary could not know what was decided (§4.2).
//!
//! Each replica executes in the order of the numbers and answers the client, which believes what
//! f + 1 of them say alike (§4.1). From request to answer that takes five message delays, and
//! between n replicas (n − 1) + (n − 1)² + n (n − 1) = 2 n (n − 1) messages.
//!
//! # Watermarks and checkpoints
//!
//! A faulty primary could skip to the highest number there is and leave none; so numbers are taken
//! only between a low watermark and one that is two checkpoints higher (§4.2). A checkpoint is the
//! state after every so many requests. When a quorum signed the same digest of it, it is stable:
//! what lies below is forgotten, the watermarks move up (§4.3), and a replica that is behind copies
//! that state, whoever gives it, since the digest is proved.
//!
//! # View changes
//!
//! A client that gets no answers asks all. A backup that knows of a request and does not see it
//! executed in time leaves the view, and says what it prepared, each with its certificate (§4.4).
//! The next primary gathers a quorum of these messages and shows them to everybody, with what
//! follows from them: each number holds what the newest certificate says, and gaps hold nothing.
//! Everybody works that out anew. A primary that leaves out what was prepared, and a replica that
//! claims what was not, are found out, since neither can make up signatures.
//!
//! Each view change in a row waits twice as long as the one before, so that at some time the timers
//! are longer than messages take (§4.5.2). Who sees f + 1 others leave joins them at once; who
//! leaves alone waits for a quorum before its timer runs on. So liars can neither start view
//! changes by themselves nor hold them up for long. Safety never depends on time; progress does,
//! and must: messages that may take for ever let nobody decide (Fischer, Lynch and Paterson 1985).
//!
//! # Past the bound
//!
//! With f + 1 liars two quorums may share liars alone. A primary and one other of four can tell one
//! honest replica one thing and the other another, in every phase, and both will commit. With f + 1
//! silent nobody goes on, and nothing is wrong. Both can be tried out here.

mod checkpoint;
mod completing;
mod lies;
mod message;
mod ordering;
mod proof;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod view_change;

use serde::{Deserialize, Serialize};

use super::kv::Store;
use super::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Asks, Calls, Detail, Enumerable, Event, Flip, Glance, Liar, Outbox, Protocol, Report,
    Span, TimerKind, Words,
};

pub use message::{
    CHECKPOINT, COMMIT, DECISION, Digest, GARBLED, Mark, Message, NEW_VIEW, Order, PRE_PREPARE,
    PREPARE, Phase, REQUEST, Request, STATE, STATUS, Snapshot, Statement, Status, VIEW_CHANGE,
};
pub use proof::{Decision, NewView, Opening, Prepared, Proof, ViewChange};
pub use state::{Checkpoint, Delta, Kept, Slot, Stable, State, Waiting, Watch};

use step::Step;

/// How many requests may wait to be executed; what comes then is as if lost, and asked again.
pub const WAITING_MAX: usize = 256;
/// How many of each replica's checkpoints are remembered: two fit between the watermarks, and those
/// of one that is ahead must not push them all out.
pub const MARKS_MAX: usize = 4;
/// How often the view timer doubles at most: 64 times the first is longer than any run.
pub const DOUBLINGS_MAX: u32 = 6;
/// For how many numbers a replica says again what it said, each time.
pub const PUSHED_MAX: usize = 16;
/// How many requests a backup passes on again, each time.
pub const RELAYED_MAX: usize = 32;
/// How many decisions a replica that is behind is sent at once.
pub const DECISIONS_MAX: usize = 64;
/// How many checkpoints lie between the watermarks (§4.2: big enough that nobody waits for one).
const CHECKPOINTS_AHEAD: u64 = 2;

/// How a cluster of PBFT replicas is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PbftSpec {
    /// How long a backup waits for a request to be executed before it asks for another primary;
    /// doubled for each view change in a row (§4.4, §4.5.2).
    pub view_timeout: Span,
    /// How long a replica waits without progress before it says again what it said, and asks for
    /// what it lacks; well below the view timeout.
    pub complete_every: Span,
    /// How many requests lie between two checkpoints, 4 to 1,000; the paper's example is 100
    /// (§4.3).
    pub checkpoint_every: u64,
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "pbft",
    also: &[],
    title: "a log that replicas keep alike though some of them lie",
    bears: "up to f replicas of 3f + 1 that crash, fall silent or lie in any way, together too; \
            delays and partitions cost time and nothing else",
    breaks: "f + 1 liars let two honest replicas commit different requests, and with f + 1 equal \
             lies a client believes what never was; f + 1 that are silent stall it",
    ordinary: "The primary orders each request; replicas prepare and commit it by quorums of \
               votes, and then execute it.",
    words: Words {
        epoch: "view",
        length: "log",
        decided: "executed",
        settles: "executes request #",
        ..Words::NONE
    },
    source: "Castro and Liskov, Practical Byzantine fault tolerance, OSDI 1999",
    nodes: 1..=100,
    judged: &[
        "false suspicion",
        "one certificate a number",
        "agreement",
        "validity",
        "linearizable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[
        &REQUEST,
        &PRE_PREPARE,
        &PREPARE,
        &COMMIT,
        &CHECKPOINT,
        &VIEW_CHANGE,
        &NEW_VIEW,
        &STATUS,
        &DECISION,
        &STATE,
        &GARBLED,
    ],
    make: || ProtocolSpec::Pbft(PbftSpec::default()),
};

impl PbftSpec {
    /// Checks the settings.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::timer("view_timeout", self.view_timeout)?;
        super::timer("complete_every", self.complete_every)?;
        super::within("checkpoint_every", self.checkpoint_every, 4..=1_000)?;
        if self.complete_every < self.view_timeout {
            return Ok(());
        }
        let (found, timeout) = (self.complete_every, self.view_timeout);
        let message = format!("`{found}` is no shorter than the view timeout");
        let expected = format!("less than the view timeout, {timeout}");
        Err(Wrong { field: "complete_every", message, expected })
    }
}

impl Default for PbftSpec {
    fn default() -> PbftSpec {
        PbftSpec {
            view_timeout: Span::millis(500),
            complete_every: Span::millis(100),
            checkpoint_every: 100,
        }
    }
}

/// A cluster of PBFT replicas: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pbft {
    /// How many replicas there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: PbftSpec,
}

/// A replica's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A request was not executed in time, or a view did not begin.
    View,
    /// It is time to see whether anything was missed.
    Complete,
}

impl Pbft {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: PbftSpec) -> Pbft {
        assert!(nodes > 0, "a cluster has at least one node");
        Pbft { nodes, spec }
    }

    /// Returns the checkpoint with which everybody begins, and which nobody needs to sign.
    pub fn genesis(&self) -> Proof {
        let mark = Mark { seq: 0, digest: Store::default().digest() };
        Proof { mark, signed: Vec::new() }
    }

    /// Returns how many numbers lie between the watermarks (§4.2, L).
    pub const fn window(&self) -> u64 {
        self.spec.checkpoint_every * CHECKPOINTS_AHEAD
    }

    /// Makes the state of a replica that comes up with this on its disk, as far as that can be
    /// proved.
    fn state_from(&self, me: u16, disk: Option<&Stable>) -> State {
        let genesis = self.genesis();
        let mut state = State::new(me, &genesis);
        let Some(disk) = disk else { return state };
        (state.view, state.active) = (disk.view, !disk.waits);
        state.new_view.clone_from(&disk.new_view);
        // Those that stay up may have gone on, and what it was told last may be lost.
        state.behind = true;
        if let Some(proof) = &disk.proof {
            state.stable = proof.clone();
        }
        let Checkpoint { mark, store } = &disk.checkpoint;
        if *mark == Mark::default() {
            return state;
        }
        if store.digest() != mark.digest {
            // A disk that gives back something else than it was given: ask the others.
            state.diverged = true;
            return state;
        }
        (state.executed, state.store) = (mark.seq, store.clone());
        state.checkpoints = imbl::OrdMap::unit(mark.seq, disk.checkpoint.clone());
        state
    }
}

impl Protocol for Pbft {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Pbft>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let mut state = self.state_from(me, disk);
        let mut step = Step { pbft: self, s: &mut state, out };
        step.take_role();
        if let Some(disk) = disk {
            step.restore(disk);
        }
        step.settle();
        state
    }

    fn step(&self, state: &mut State, event: Event<Pbft>, out: &mut Outbox<Pbft>) {
        Step { pbft: self, s: state, out }.take(event);
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
            Timer::Complete => TimerKind { name: "complete", awaits: false },
        }
    }

    fn set(&mut self, _: &str, _: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn calls(&self) -> Calls {
        Calls { asks: Asks::OneThenAll, matching: self.weak() as u16 }
    }

    fn forge(&self, state: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        self.lie(state, msg, liar)
    }

    fn flip(what: Flip<'_, Pbft>, bit: u64) -> bool {
        lies::flip(what, bit)
    }
}

impl Enumerable for Pbft {}
