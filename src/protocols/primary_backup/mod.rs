//! Primary and backups: one copy takes the writes and the others follow it; a lease says which.
//!
//! Here: passive replication (Budhiraja, Marzullo, Schneider and Toueg, The primary-backup
//! approach,
//! in Distributed systems, 1993): the primary executes and ships the state that results. Who is
//! primary says a lock server, by leases (Gray and Cheriton, Leases, SOSP 1989) that are numbered
//! as
//! in Chubby (Burrows, OSDI 2006): the number is the fencing token. Absent on purpose: a lock
//! service that is replicated itself, so that nothing new is granted while its node is down; and
//! logs, which would be cheaper than whole states.
//! To add a rule: the file of its role below.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `lock.rs` | the lock server: one lease at a time, each with a higher number |
//! | `primary.rs` | taking over, writes, reads, and when it is over |
//! | `replica.rs` | keeping a copy, and whose updates to take |
//! | `report.rs` | what a node says of itself |
//! | `lies.rs` | what a liar says, and where bits flip |
//!
//! # Leases
//!
//! A lock that is never given back stands still with its holder. So it is lent for a time. The
//! holder counts from the moment at which it *asked*, the lock server from the moment at which it
//! answered and a `margin` longer: if both clocks run about alike, the holder stops before the
//! server lends again. That is all that a lease gives: *if*.
//!
//! # The gap
//!
//! A primary checks its lease, and then it writes. Between the two lies time: a disk, a network, a
//! pause for collecting garbage. A primary that freezes there wakes, does what it had decided to
//! do, and cannot know that its lease has passed to another. Its writes are stale. No check on its
//! own side closes the gap, however late it is made.
//!
//! # Fencing
//!
//! Therefore the copies check (`fencing`). Each remembers the highest epoch that it was told of,
//! and takes nothing from a lower one. A new primary closes the earlier epochs at a majority before
//! it serves (`Fence`), so a stale primary can no longer reach one. It is then of no importance for
//! the data how wrong clocks are; only how long the copies are without a primary.
//!
//! # Taking over
//!
//! A copy that was away may lack what was acknowledged. So a new primary first catches up
//! (`catch_up`): it asks a majority for their copies, takes the newest, and spreads it to a
//! majority
//! before it serves. Any state that was acknowledged is on a majority, and two majorities share a
//! copy. Without that it would serve, and spread, whatever it happens to hold.
//!
//! # Reads
//!
//! A read of the primary's own copy is as good as its lease (`lease_reads`): fencing does not see
//! it. Else the primary asks a majority first whether its epoch still holds.

mod lies;
mod lock;
mod message;
mod primary;
mod replica;
mod report;

use serde::{Deserialize, Serialize};

use super::kv::Store;
use super::two_phase_commit::one_of;
use super::{Entry, ProtocolSpec, Wrong};
use crate::sim::{
    Address, CallId, Detail, Event, Flip, Glance, Liar, Note, Op, Outbox, Outcome, Protocol,
    Report, Role, Span, SpanRange, TimerKind, Words,
};

pub use message::{
    ACK, ACQUIRE, CLOSED, CONFIRM, CONFIRMED, COPY, DENIED, FENCE, GRANTED, Message, RENEW, UPDATE,
    Version,
};
pub use primary::{Lead, Pending, WaitingRead};

/// How many writes a primary has under way; what comes then is dropped, and the client tries again.
pub const PENDING_MAX: usize = 4_096;
/// How many reads wait for a majority; what comes then is dropped.
pub const READS_MAX: usize = 4_096;

/// How a lock server and its copies are set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct PrimaryBackupSpec {
    /// Which node is the lock server; all others hold copies.
    pub lock: Address,
    /// For how long the lease is lent, counted by its holder from when it asked.
    pub lease: Span,
    /// How much longer the lock server waits before it lends again: what clocks may be apart by
    /// within a lease.
    pub margin: Span,
    /// How often the holder asks to keep the lease; well below its length.
    pub renew: Span,
    /// How often the others ask for it.
    pub poll: SpanRange,
    /// How long the primary waits for acknowledgements before it sends its state again.
    pub resend: SpanRange,
    /// Whether copies refuse what comes from a closed epoch.
    pub fencing: bool,
    /// Whether a new primary catches up from a majority before it serves.
    pub catch_up: bool,
    /// Whether the primary looks at its clock before it serves a call; else it serves until the
    /// timer of its lease runs out.
    pub check_lease: bool,
    /// Whether reads are served from the primary's own copy; else a majority confirms each.
    pub lease_reads: bool,
    /// Whether a write that is tried again takes effect once.
    pub idempotency: bool,
}

impl Default for PrimaryBackupSpec {
    fn default() -> PrimaryBackupSpec {
        PrimaryBackupSpec {
            lock: Address::Node(1),
            lease: Span::millis(400),
            margin: Span::millis(50),
            renew: Span::millis(100),
            poll: SpanRange::millis(80, 160),
            resend: SpanRange::millis(100, 150),
            fencing: true,
            catch_up: true,
            check_lease: true,
            lease_reads: false,
            idempotency: true,
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "primary-backup",
    also: &["primary-copy"],
    title: "one copy takes the writes and the others follow it; a lease says which",
    bears: "copies that stop and come back, as long as a majority of them and the lock server are \
            up; with fencing also pauses, delays and clocks of any kind",
    breaks: "without fencing a primary that slept past its lease overwrites what its successor \
             wrote; without catching up a copy that was away takes over with old data; reads under \
             a lease are as good as the clocks",
    ordinary: "One node holds a lease and is the primary: it takes each write and answers when \
               its backups have it.",
    words: Words {
        epoch: "epoch",
        length: "writes",
        decided: "acknowledged",
        roles: &[(Role::Member, "lock service")],
        ..Words::NONE
    },
    source: "Budhiraja, Marzullo, Schneider and Toueg 1993; Gray and Cheriton 1989; Burrows 2006",
    nodes: 2..=1_000,
    judged: &["two leaders", "stale write", "linearizable", "available", "on time", "progress"],
    messages: &[
        &ACQUIRE, &RENEW, &GRANTED, &DENIED, &FENCE, &COPY, &UPDATE, &ACK, &CONFIRM, &CONFIRMED,
        &CLOSED,
    ],
    make: || ProtocolSpec::PrimaryBackup(PrimaryBackupSpec::default()),
};

impl PrimaryBackupSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        one_of("lock", self.lock, nodes)?;
        super::timer("lease", self.lease)?;
        super::timer("renew", self.renew)?;
        super::timers("poll", &self.poll)?;
        super::timers("resend", &self.resend)?;
        if self.margin > super::TIMER_MAX {
            let message = format!("`{}` is out of range", self.margin);
            let expected = format!("up to {}", super::TIMER_MAX);
            return Err(Wrong { field: "margin", message, expected });
        }
        if self.renew < self.lease {
            return Ok(());
        }
        let message = format!("the lease is renewed after `{}`", self.renew);
        let expected = format!("less than the lease, {}", self.lease);
        Err(Wrong { field: "renew", message, expected })
    }
}

/// A lock server and its copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryBackup {
    /// How many nodes there are, the lock server included.
    pub nodes: u16,
    /// How they are set up.
    pub spec: PrimaryBackupSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Time to ask for the lease, or to keep it.
    Ask,
    /// The holder's lease was not renewed.
    LeaseEnds,
    /// The lock server has not heard from the holder.
    LeaseOver,
    /// Acknowledgements are missing.
    Resend,
}

/// What survives a crash, as far as the disk kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The lock server: the newest epoch that it granted.
    pub granted: u64,
    /// A copy: the highest epoch that it was told of.
    pub fence: u64,
    /// A copy: which state it holds.
    pub version: Version,
    /// A copy: the data.
    pub store: Store,
}

/// A change to what is stable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Delta {
    /// The lease is granted in this epoch.
    Grant(u64),
    /// All epochs before this one are closed.
    Fence(u64),
    /// A new state.
    State(Version, Store),
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // The lock server.
    /// The newest epoch that it granted.
    pub granted: u64,
    /// Who holds the lease.
    pub holder: Option<Address>,
    /// Whether it has just come back and lets a lease that it may have forgotten run out.
    pub waits: bool,

    // Copies.
    /// The highest epoch that it was told of.
    pub fence: u64,
    /// Which state it holds.
    pub version: Version,
    /// The data.
    pub store: Store,
    /// Who is primary, as far as it knows.
    pub primary: Option<Address>,

    // The primary.
    /// What it leads.
    pub lead: Option<Lead>,
}

/// A step under way.
struct Step<'a> {
    p: &'a PrimaryBackup,
    s: &'a mut State,
    out: &'a mut Outbox<PrimaryBackup>,
}

impl PrimaryBackup {
    /// Sets up a lock server and its copies; `nodes` counts both.
    pub fn new(nodes: u16, spec: PrimaryBackupSpec) -> PrimaryBackup {
        PrimaryBackup { nodes, spec }
    }

    fn locks(&self, node: u16) -> bool {
        self.spec.lock == Address::Node(node)
    }

    fn copies(&self) -> impl Iterator<Item = u16> + use<> {
        let lock = self.spec.lock;
        (1..=self.nodes).filter(move |node| lock != Address::Node(*node))
    }

    /// Returns how many copies make a majority of them.
    fn majority(&self) -> usize {
        usize::from(self.nodes.saturating_sub(1) / 2 + 1)
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "fencing" => Some(&mut self.spec.fencing),
            "catch_up" => Some(&mut self.spec.catch_up),
            "check_lease" => Some(&mut self.spec.check_lease),
            "lease_reads" => Some(&mut self.spec.lease_reads),
            "idempotency" => Some(&mut self.spec.idempotency),
            _ => None,
        }
    }
}

impl Step<'_> {
    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.p.nodes) else { return };
        let from_lock = self.p.locks(node);
        if self.p.locks(self.s.me) {
            match msg {
                Message::Acquire { at } => self.acquire_asked(from, at),
                Message::Renew { epoch, at } => self.renew_asked(from, epoch, at),
                _ => {}
            }
            return;
        }
        match msg {
            Message::Granted { epoch, at } if from_lock => self.granted(epoch, at),
            Message::Denied { epoch, holder } if from_lock => self.denied(epoch, holder),
            Message::Fence { epoch } => self.fence_asked(from, epoch),
            Message::Copy { epoch, version, store } => self.copy_came(node, epoch, version, store),
            Message::Update { version, store } => self.update_came(from, version, store),
            Message::Ack { version } => self.acknowledged(node, version),
            Message::Confirm { epoch, round } => self.confirm_asked(from, epoch, round),
            Message::Confirmed { epoch, round } => self.confirmed(node, epoch, round),
            Message::Closed { epoch } => self.closed(epoch),
            _ => {}
        }
    }

    fn request(&mut self, call: CallId, op: Op) {
        if self.p.locks(self.s.me) {
            self.out.answer(call, Outcome::Redirect(self.s.holder));
        } else if self.s.lead.is_some() {
            self.serve(call, op);
        } else {
            let other = self.s.primary.filter(|who| *who != Address::Node(self.s.me));
            self.out.answer(call, Outcome::Redirect(other));
        }
    }

    fn send_to_others(&mut self, msg: &Message) {
        let me = self.s.me;
        for node in self.p.copies().filter(|node| *node != me) {
            self.out.send(Address::Node(node), msg.clone());
        }
    }
}

impl Protocol for PrimaryBackup {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Self>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        let known = disk.is_some();
        let Stable { granted, fence, version, store } = disk.cloned().unwrap_or_default();
        let mut state = State {
            me,
            granted,
            holder: None,
            waits: known && self.locks(me),
            fence,
            version,
            store,
            primary: None,
            lead: None,
        };
        if self.locks(me) {
            out.note(Note::Role { role: Role::Member, epoch: granted });
            Step { p: self, s: &mut state, out }.lock_boots();
        } else {
            out.note(Note::Role { role: Role::Backup, epoch: fence });
            out.arm(Timer::Ask, self.spec.poll.0.clone());
        }
        state
    }

    fn step(&self, state: &mut State, event: Event<Self>, out: &mut Outbox<Self>) {
        let mut step = Step { p: self, s: state, out };
        match event {
            Event::Deliver { from, msg } => step.deliver(from, msg),
            Event::Timeout(Timer::Ask) => step.ask(),
            Event::Timeout(Timer::LeaseEnds) => step.lease_ends(),
            Event::Timeout(Timer::LeaseOver) => step.lease_over(),
            Event::Timeout(Timer::Resend) => step.resend(),
            Event::Request { call, op } => step.request(call, op),
            Event::Saved(ticket) => step.saved(ticket),
        }
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        match delta {
            Delta::Grant(epoch) => stable.granted = *epoch,
            Delta::Fence(epoch) => stable.fence = *epoch,
            Delta::State(version, store) => {
                (stable.version, stable.store) = (*version, store.clone());
            }
        }
    }

    fn glance(&self, state: &State) -> Glance {
        self.in_brief(state)
    }

    fn report(&self, state: &State, _: usize) -> Report {
        self.in_full(state)
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Ask => TimerKind { name: "ask for the lease", awaits: false },
            Timer::LeaseEnds => TimerKind { name: "end of its lease", awaits: true },
            Timer::LeaseOver => TimerKind { name: "lease timeout", awaits: true },
            Timer::Resend => TimerKind { name: "acknowledgement timeout", awaits: true },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("fencing", spec.fencing),
            ("catch_up", spec.catch_up),
            ("check_lease", spec.check_lease),
            ("lease_reads", spec.lease_reads),
            ("idempotency", spec.idempotency),
        ]
    }

    fn forge(&self, _: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lies::forge(msg, liar)
    }

    fn flip(mut what: Flip<'_, Self>, bit: u64) -> bool {
        lies::flip(&mut what, bit)
    }
}
