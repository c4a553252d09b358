//! Raft: a log that a majority keeps alike, through a leader that a majority elects.
//!
//! Here: Raft as it was published (Ongaro and Ousterhout, "In search of an understandable
//! consensus algorithm", USENIX ATC 2014, extended version; Ongaro's dissertation, 2014, for
//! reads, `PreVote` and `CheckQuorum`). A § alone is of the paper, "diss." of the dissertation.
//! Absent on purpose: changes of membership (§6), compaction of the log (§7) and leases; and
//! anything that Byzantine nodes would call for. To add a rule: the file of its concern below,
//! with its section.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said, in the order of the protocol |
//! | `log.rs`, `state.rs` | what is kept, on the disk and in memory |
//! | `step.rs` | what all rules share: terms, the order of saving and saying, applying |
//! | `election.rs` | who leads |
//! | `replication.rs` | how logs become alike, and when an entry is committed |
//! | `clients.rs` | calls, and reads that pass by the log |
//! | `report.rs` | what a node says of itself |
//! | `lies.rs` | what a liar says in its place, and what a flipped bit changes |
//!
//! # The problem
//!
//! Several machines shall hold one state, so that losing some loses nothing. If each applies the
//! same commands in the same order, each holds the same state: so what they must agree on is a
//! log. Messages may be late, lost, doubled and overtaken; machines stop, and come back with what
//! their disks kept. Nobody lies: against that Raft promises nothing.
//!
//! # Terms
//!
//! Time is cut into terms, numbered upwards (§5.1). A term begins with an election and has at most
//! one leader. Every message carries its sender's term: who sees a newer one joins it as a
//! follower, and what comes from an older one is refused. Thus a leader that was replaced learns
//! of it from the first node that answers, and can do no harm until then, since no majority
//! follows it.
//!
//! # Election
//!
//! A follower that hears no leader for its election timeout raises the term, votes for itself and
//! asks for votes (§5.2). A node gives one vote a term, to who asks first, and writes it down
//! before it says so. A majority makes a leader; two majorities share a node, and that node voted
//! once: so no term has two leaders. That argument stands on the disk. A node that forgets its
//! vote in a crash may vote again, and then a term has two leaders, which here can be tried out.
//!
//! If several stand at once, the votes may split, and nobody wins that term. Timeouts are drawn
//! anew from a range each time, so that most often one node is well ahead of the others. The draw
//! is not made here: a timer is armed with its range and the world draws, so that a run can be
//! repeated.
//!
//! # Replication
//!
//! The leader alone takes commands. It puts each at the end of its log and sends it on, with the
//! index and term of the entry before it (§5.3). A follower that has another entry there refuses,
//! and the leader goes back until they agree, then overwrites what follows. So two logs that have
//! the same term at the same index are equal up to there. An empty message of this kind is the
//! heartbeat: it shows that the leader lives, and finds out what was lost.
//!
//! The leader sends ahead of what was answered, and from its own disk's write too: it waits with
//! counting itself, not with sending (diss. §10.2.1).
//!
//! # Commitment
//!
//! An entry of the leader's own term that lies on a majority of disks is committed, and with it
//! all before it (§5.3). It is then in every later leader's log: a candidate needs a majority's
//! votes, one of these voters has the entry, and nobody votes for a log that ends earlier than its
//! own (§5.4.1). What ends later is first a matter of terms, then of length.
//!
//! For an entry of an *older* term a majority is not enough: a leader may come that lacks it and
//! whose last entry is of a newer term than the one it was first proposed in (figure 8). So old
//! entries are committed only along with one of the leader's own (§5.4.2). In order that it need
//! not wait for a client, a leader begins its term with an entry that asks for nothing.
//!
//! # Clients
//!
//! Who does not lead says who does. A write is answered when it is committed and applied. Where
//! the answer is lost, the client tries again; the request id tells the second attempt from a new
//! call (diss. §6.3). A read changes nothing and need not be in the log, but a leader may have
//! been replaced without knowing: so it notes its commit index, sees a majority answer a round of
//! heartbeats that began after the call came, and only then reads (diss. §6.4).
//!
//! # Two rules for bad links
//!
//! As published, Raft may fail to keep a leader though a majority is connected. A node that is cut
//! off raises its term again and again, and deposes the leader when it comes back: with `PreVote`
//! it asks first whether it could win (diss. §9.6). A leader whose heartbeats go out while no
//! answer comes in is obeyed for ever and commits nothing: with `CheckQuorum` it steps down when
//! it has not heard a majority for an election timeout (diss. §6.2). With either, who hears its
//! leader ignores candidates (diss. §4.2.3).
//!
//! # The order of saving and saying
//!
//! Votes and acknowledgements are promises, and a promise must outlive a crash: term, vote and log
//! are on the disk before the answer leaves (figure 2). The classic bug says it first and saves it
//! then; with the switch `sync_first` off, this does the same.

mod clients;
mod election;
mod lies;
mod log;
mod message;
mod replication;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::time::SpanRange;
use crate::sim::{
    Address, Detail, Event, Flip, Glance, Liar, Note, Outbox, Protocol, Report, Role, Span,
    TimerKind, Words,
};

pub use log::{Entries, Entry, Log};
pub use message::{
    APPEND_ENTRIES, APPEND_REFUSAL, APPEND_REPLY, Check, HEARTBEAT, LogEnd, Message, PRE_VOTE,
    PRE_VOTE_REPLY, REQUEST_VOTE, VOTE,
};
pub use state::{Delta, Peer, Stable, State, WaitingRead};

use step::Step;

/// How many entries one message carries at most, so that catching up does not block the link.
pub const ENTRIES_MAX: u64 = 64;
/// How many messages with entries may be unanswered by one follower: more would pile up before one
/// that is cut off. Heartbeats go on, and their answers open the way again.
pub const UNANSWERED_MAX: u16 = 16;
/// How many reads may wait for a round; what comes then is dropped, and the client tries again.
pub const READS_MAX: usize = 10_000;

/// How a cluster of Raft nodes is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct RaftSpec {
    /// How long a follower waits for its leader, and a candidate for votes; drawn anew each time.
    /// The paper recommends 150 to 300 ms (§9.3).
    pub election_timeout: SpanRange,
    /// How often a leader shows that it lives; well below the shortest election timeout.
    pub heartbeat: Span,
    /// Whether a node asks first if it could win an election (diss. §9.6).
    pub pre_vote: bool,
    /// Whether a leader that no majority answers steps down (diss. §6.2).
    pub check_quorum: bool,
    /// Whether a leader makes sure that it still leads before it answers a read (diss.
    /// §6.4). Without it, reads may be stale.
    pub read_index: bool,
    /// Whether a call that was tried twice takes effect once (diss. §6.3).
    pub idempotency: bool,
    /// Whether votes and acknowledgements wait for the disk (figure 2). Without it a crash can
    /// unsay them.
    pub sync_first: bool,
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "raft",
    also: &[],
    title: "a log that a majority keeps alike, through a leader that a majority elects",
    bears: "crashes, omissions, delays and partitions, as long as a majority is up and connected",
    breaks: "a voter that lies or forgets elects two leaders; wiped disks lose what was committed; \
             cut links between nodes that are up can keep it from settling on a leader",
    ordinary: "Every node is a follower and waits for a leader. The first whose election timeout \
               ends will ask for votes.",
    words: Words { epoch: "term", length: "log", decided: "committed", ..Words::NONE },
    source: "Ongaro and Ousterhout, USENIX ATC 2014; Ongaro's dissertation, Stanford 2014",
    nodes: 1..=1_000,
    judged: &[
        "false suspicion",
        "two leaders",
        "no leader",
        "stale leader",
        "lacks acknowledged data",
        "diverged log",
        "one vote a term",
        "election safety",
        "leader append-only",
        "log matching",
        "leader completeness",
        "state machine safety",
        "linearizable",
        "durable",
        "available",
        "on time",
        "progress",
    ],
    messages: &[
        &REQUEST_VOTE,
        &VOTE,
        &PRE_VOTE,
        &PRE_VOTE_REPLY,
        &APPEND_ENTRIES,
        &HEARTBEAT,
        &APPEND_REPLY,
        &APPEND_REFUSAL,
    ],
    make: || ProtocolSpec::Raft(RaftSpec::default()),
};

impl RaftSpec {
    /// Checks the settings. A leader must speak before its followers lose patience (§5.6:
    /// broadcast time must be far below the election timeout).
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::timers("election_timeout", &self.election_timeout)?;
        super::timer("heartbeat", self.heartbeat)?;
        let (heartbeat, shortest) = (self.heartbeat, *self.election_timeout.0.start());
        if heartbeat < shortest {
            return Ok(());
        }
        let message =
            format!("the heartbeat `{heartbeat}` is no shorter than the election timeout");
        let expected = format!("less than the shortest election timeout, {shortest}");
        Err(Wrong { field: "heartbeat", message, expected })
    }
}

impl Default for RaftSpec {
    fn default() -> RaftSpec {
        RaftSpec {
            election_timeout: SpanRange::millis(150, 300),
            heartbeat: Span::millis(50),
            pre_vote: false,
            check_quorum: false,
            read_index: true,
            idempotency: true,
            sync_first: true,
        }
    }
}

/// A cluster of Raft nodes: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft {
    /// How many nodes there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: RaftSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The leader, or the votes, did not come.
    Election,
    /// It is time to show that the leader lives.
    Heartbeat,
    /// It is time to count who answered.
    CheckQuorum,
}

impl Raft {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: RaftSpec) -> Raft {
        assert!(nodes > 0, "a cluster has at least one node");
        Raft { nodes, spec }
    }

    /// Makes a disk that holds a log of this many entries of one term, none of which asks for
    /// anything: so that a run may begin with logs of different lengths.
    pub fn disk_with(term: u64, entries: u64) -> Stable {
        Stable::with_terms(term, (0..entries).map(|_| term))
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "pre_vote" => Some(&mut self.spec.pre_vote),
            "check_quorum" => Some(&mut self.spec.check_quorum),
            "read_index" => Some(&mut self.spec.read_index),
            "idempotency" => Some(&mut self.spec.idempotency),
            "sync_first" => Some(&mut self.spec.sync_first),
            _ => None,
        }
    }
}

impl Protocol for Raft {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Raft>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        if let Some(disk) = disk {
            out.note(Note::Restored(disk.log.iter().map(Entry::slot).collect()));
        }
        let state = State::new(me, disk.cloned().unwrap_or_default());
        // Whatever it was, it comes up as a follower (§5.2).
        out.note(Note::Role { role: Role::Follower, epoch: state.term });
        out.arm(Timer::Election, self.spec.election_timeout.0.clone());
        state
    }

    fn step(&self, state: &mut State, event: Event<Raft>, out: &mut Outbox<Raft>) {
        Step::new(self, state, out).take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        delta.persist(stable);
    }

    fn glance(&self, state: &State) -> Glance {
        Raft::in_brief(state)
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
            Timer::CheckQuorum => TimerKind { name: "check quorum", awaits: true },
        }
    }

    fn forge(&self, state: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        lies::forge(state, msg, liar.tells())
    }

    fn flip(what: Flip<'_, Raft>, bit: u64) -> bool {
        lies::flip(what, bit)
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("pre_vote", spec.pre_vote),
            ("check_quorum", spec.check_quorum),
            ("read_index", spec.read_index),
            ("idempotency", spec.idempotency),
            ("sync_first", spec.sync_first),
        ]
    }
}
