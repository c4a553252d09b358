//! Quorum store: every node takes writes, and how many must know of one is up to you.
//!
//! Here: a replicated store of registers in which any node coordinates any call: W replicas must
//! keep a write, R must answer a read, and the highest version wins (Gifford, "Weighted voting for
//! replicated data", SOSP 1979, for quorums; `DeCandia` and others, "Dynamo", SOSP 2007, for the
//! available form; Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems",
//! JACM 42(1), 1995, and its form for many writers, for the one that is linearizable). Absent on
//! purpose: a ring that spreads keys over nodes (each node holds every key), vector clocks and
//! siblings (one version wins, and what lost is gone), hints, Merkle trees, deletes. To add a rule:
//! its switch here, and its arm in the file of its concern.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `shelf.rs` | what a replica holds |
//! | `coordinate.rs` | what the node that was called does |
//! | `reconcile.rs` | how replicas come to hold the same again |
//!
//! # Quorums
//!
//! The node that a client calls coordinates. For a write it makes a version, sends it to all, and
//! answers when W replicas, itself among them, have it on their disks. For a read it asks all, and
//! answers with the newest of the first R copies. If R + W > n, any R and any W replicas have one
//! in common: so a read that begins after a write has ended sees it, or a newer one.
//!
//! That is *regular* (Lamport, "On interprocess communication", 1986), and it is not linearizable:
//! while a write is on its way, one read may find the new value and a later one the old. Two more
//! rules make it so. A read waits until W replicas hold what it is about to return
//! (`wait_for_repair`); and a write asks R replicas for their version first, and goes above
//! (`ask_first`), so that the order of versions is the order of the writes, whatever the clocks
//! say.
//!
//! That holds for what one coordinator carries to its end. Where a client tries a write again at
//! another coordinator, and neither has heard of the other's version, there are two versions of one
//! write, and the later one may win over a write that came between: the store has no log to put
//! them in order.
//!
//! # Versions
//!
//! A version is a stamp and the node that gave it; the higher wins, the last writer as it were.
//! Where the stamp is a clock's reading, "last" means what the clocks say. A clock that is ahead
//! makes its node's writes win over those that come after them: these are acknowledged, and lost.
//! Where the stamp is a counter (Lamport 1978), a node goes above all that it has seen, and may
//! not have seen enough.
//!
//! # The available side
//!
//! When the network is cut, a coordinator that reaches fewer than W can wait, or take the write
//! alone. `sloppy` takes it: both sides go on, and hold different things, until the cut is healed
//! and reconciliation lets the newest win. What the other side wrote to the same key is gone then,
//! though its client was told that it was done. That is the price of the A in CAP, and nothing is
//! broken: it is what was chosen.
//!
//! # How copies become the same
//!
//! A read that finds an old copy sends the newer one back (read repair). And now and then each
//! node compares versions with a peer, in turn, and they exchange what differs (anti-entropy:
//! Demers and others, PODC 1987). The first mends what is read, the second the rest.

mod coordinate;
mod message;
mod reconcile;
mod shelf;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Entry, ProtocolSpec, Wrong, within};
use crate::sim::time::SpanRange;
use crate::sim::{
    Address, CallId, Detail, Event, Flip, Glance, Held, Liar, Note, Op, Outbox, Protocol, Report,
    Role, TimerKind, Untruth, Words,
};

pub use message::{ASK, DIFFERENCES, DIGEST, KEPT, Message, PUT, REPAIR, TELL};
pub use shelf::{CALLS_KEPT, Copy, KEYS_MAX, Shelf, Version};

use coordinate::Step;

/// How many calls a node coordinates at once; more are dropped, and the client tries again.
pub const PENDING_MAX: usize = 4_096;
/// How many keys one exchange of versions covers.
pub const DIGEST_MAX: usize = 512;

/// What a version's stamp is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stamps {
    /// The reading of the coordinator's clock.
    #[default]
    Clock,
    /// One more than the highest that the coordinator has seen.
    Counter,
}

/// How a store is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct QuorumSpec {
    /// R: how many copies a read takes the newest of; a majority where it is not given.
    pub read: Option<u16>,
    /// W: how many replicas must keep a write before it is answered; a majority where it is not
    /// given.
    pub write: Option<u16>,
    /// What orders versions.
    pub stamps: Stamps,
    /// Whether a write asks R replicas for their version first, and goes above.
    pub ask_first: bool,
    /// Whether a read that finds old copies sends the newer one back.
    pub read_repair: bool,
    /// Whether a read waits until W replicas hold what it returns.
    pub wait_for_repair: bool,
    /// Whether a coordinator that runs out of patience answers with fewer than R or W.
    pub sloppy: bool,
    /// Whether replicas compare versions now and then.
    pub reconciliation: bool,
    /// How long a node waits from one comparison to the next, drawn anew each time.
    pub anti_entropy: SpanRange,
    /// How long a coordinator waits for replicas.
    pub patience: SpanRange,
    /// Whether a call that was tried twice is one write, with one version.
    pub idempotency: bool,
}

impl Default for QuorumSpec {
    fn default() -> QuorumSpec {
        QuorumSpec {
            read: None,
            write: None,
            stamps: Stamps::Clock,
            ask_first: false,
            read_repair: true,
            wait_for_repair: false,
            sloppy: false,
            reconciliation: true,
            anti_entropy: SpanRange::millis(200, 400),
            patience: SpanRange::millis(100, 100),
            idempotency: true,
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "quorum-store",
    also: &["quorum", "dynamo"],
    title: "registers that W of n replicas keep, R of n answer for, and the newest version wins",
    bears: "crashes and partitions that leave R and W replicas; all of them, where it is sloppy",
    breaks: "two reads of one write on its way see it come and go; a clock that is ahead loses \
             later writes; where R + W is no more than n, reads are old; a write that is tried \
             again elsewhere may take effect twice",
    ordinary: "Any node takes a call and asks the others. W must keep a write, R answer a read; \
               the newest version wins.",
    words: Words { length: "writes", roles: &[(Role::Member, "replica")], ..Words::NONE },
    source: "Gifford, SOSP 1979; DeCandia and others, SOSP 2007; Attiya, Bar-Noy and Dolev, 1995",
    nodes: 1..=100,
    judged: &[
        "regular",
        "no lost update",
        "linearizable",
        "available",
        "on time",
        "progress",
        "converges",
    ],
    messages: &[&ASK, &TELL, &PUT, &REPAIR, &KEPT, &DIGEST, &DIFFERENCES],
    make: || ProtocolSpec::QuorumStore(QuorumSpec::default()),
};

impl QuorumSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        super::timers("anti_entropy", &self.anti_entropy)?;
        super::timers("patience", &self.patience)?;
        for (field, quorum) in [("read", self.read), ("write", self.write)] {
            if let Some(quorum) = quorum {
                within(field, u64::from(quorum), 1..=u64::from(nodes))?;
            }
        }
        Ok(())
    }
}

/// A store: `n1` up to as many replicas as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuorumStore {
    /// How many replicas there are.
    pub nodes: u16,
    /// How they are set up.
    pub spec: QuorumSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Replicas did not answer for this call.
    Patience(CallId),
    /// It is time to compare versions with a peer.
    Reconcile,
}

/// What a crash leaves: what was kept.
pub type Stable = Shelf;

/// A change to what is stable: a copy was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delta {
    key: u64,
    copy: Copy,
}

/// What a coordinator waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Copies.
    Asks,
    /// Acknowledgements of this copy.
    Puts(Copy),
    /// Nothing: it has answered, and sends newer copies to whoever tells of old ones.
    Repairs,
}

/// A call that a node coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    op: Op,
    phase: Phase,
    /// Who told what.
    told: BTreeMap<u16, Option<Copy>>,
    /// Which version an earlier attempt at this write was given.
    made: Option<Version>,
    /// Who has kept what is put.
    kept: BTreeSet<u16>,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    me: u16,
    // Holding.
    shelf: Shelf,
    kept: u64,
    // Coordinating.
    highest_stamp: u64,
    pending: BTreeMap<CallId, Pending>,
    sloppy_answers: u64,
    // Reconciling.
    next_peer: u16,
    next_key: u64,
}

impl State {
    /// Returns what it holds.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }
}

impl QuorumStore {
    /// Sets up a store.
    pub fn new(nodes: u16, spec: QuorumSpec) -> QuorumStore {
        assert!(nodes > 0, "a store has at least one replica");
        QuorumStore { nodes, spec }
    }

    /// Returns R.
    pub fn read_quorum(&self) -> usize {
        usize::from(self.spec.read.unwrap_or(self.nodes / 2 + 1))
    }

    /// Returns W.
    pub fn write_quorum(&self) -> usize {
        usize::from(self.spec.write.unwrap_or(self.nodes / 2 + 1))
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "ask_first" => Some(&mut self.spec.ask_first),
            "read_repair" => Some(&mut self.spec.read_repair),
            "wait_for_repair" => Some(&mut self.spec.wait_for_repair),
            "sloppy" => Some(&mut self.spec.sloppy),
            "reconciliation" => Some(&mut self.spec.reconciliation),
            "idempotency" => Some(&mut self.spec.idempotency),
            _ => None,
        }
    }
}

impl Protocol for QuorumStore {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<QuorumStore>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        if let Some(shelf) = disk {
            let held: Vec<Held> = shelf.from(0).map(|(key, copy)| copy.held(key)).collect();
            out.note(Note::Found(held.into()));
        }
        out.note(Note::Role { role: Role::Member, epoch: 0 });
        out.arm(Timer::Reconcile, self.spec.anti_entropy.0.clone());
        let held = disk.cloned().unwrap_or_default();
        State {
            me,
            kept: held.len() as u64,
            highest_stamp: held.highest_stamp(),
            shelf: held,
            pending: BTreeMap::new(),
            sloppy_answers: 0,
            next_peer: me,
            next_key: 0,
        }
    }

    fn step(&self, state: &mut State, event: Event<QuorumStore>, out: &mut Outbox<QuorumStore>) {
        let mut step = Step { store: self, s: state, out };
        match event {
            Event::Request { call, op } => step.request(call, op),
            Event::Deliver { from: Address::Node(from), msg } => step.deliver(from, msg),
            Event::Timeout(Timer::Patience(call)) => step.out_of_patience(call),
            Event::Timeout(Timer::Reconcile) => step.reconcile(),
            Event::Deliver { .. } | Event::Saved(_) => {}
        }
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        stable.keep(delta.key, delta.copy);
    }

    fn glance(&self, state: &State) -> Glance {
        let kept = state.kept;
        Glance { role: Role::Member, length: kept, decided: kept, ..Glance::default() }
    }

    fn report(&self, state: &State, _: usize) -> Report {
        let (nodes, spec) = (self.nodes, &self.spec);
        let (read, write) = (self.read_quorum(), self.write_quorum());
        let meet = if read + write > usize::from(nodes) { "always" } else { "do not always" };
        let stamps = match spec.stamps {
            Stamps::Clock => "by its clock",
            Stamps::Counter => "by its counter",
        };
        let mut rows = vec![
            ("quorums", format!("R = {read}, W = {write} of {nodes}: they {meet} meet")),
            ("versions", stamps.to_owned()),
            ("highest stamp", state.highest_stamp.to_string()),
            ("keys", state.shelf.len().to_string()),
            ("coordinates", format!("{} calls", state.pending.len())),
        ];
        if state.sloppy_answers > 0 {
            rows.push(("answered alone", format!("{} calls", state.sloppy_answers)));
        }
        let store = state.shelf.from(0).map(|(key, copy)| (key, copy.value)).collect();
        Report { glance: self.glance(state), rows, log: Vec::new(), store }
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Patience(_) => TimerKind { name: "patience", awaits: true },
            Timer::Reconcile => TimerKind { name: "anti-entropy", awaits: false },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("ask_first", spec.ask_first),
            ("read_repair", spec.read_repair),
            ("wait_for_repair", spec.wait_for_repair),
            ("sloppy", spec.sloppy),
            ("reconciliation", spec.reconciliation),
            ("idempotency", spec.idempotency),
        ]
    }

    /// A liar hands out a value that nobody wrote, as newer than all (`Value`) or under the true
    /// version, which no comparison of versions finds (`Contrary`); or it denies that it holds
    /// anything.
    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        let mut lie = msg.clone();
        if liar.tells() == Untruth::Denial {
            match &mut lie {
                Message::Tell { copy, made, .. } => (*copy, *made) = (None, None),
                Message::Digest { versions, .. } => versions.clear(),
                Message::Differences { copies, .. } => copies.clear(),
                Message::Ask { .. } | Message::Put { .. } | Message::Kept { .. } => return None,
            }
            return Some(lie);
        }
        let copy = lie.copy_mut()?;
        copy.value = copy.value.wrapping_add(1 << 40);
        if liar.tells() == Untruth::Value {
            copy.version.stamp = copy.version.stamp.saturating_add(1);
        }
        Some(lie)
    }

    fn flip(what: Flip<'_, QuorumStore>, bit: u64) -> bool {
        match what {
            Flip::Msg(msg) => msg.copy_mut().is_some_and(|copy| {
                copy.value ^= 1 << (bit % 32);
                true
            }),
            Flip::State(state) => state.shelf.flip(bit),
            Flip::Stable(shelf) => shelf.flip(bit),
        }
    }
}
