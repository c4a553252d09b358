//! What a node keeps: on its disk, and in its memory, grouped by the role that needs it (figure 2).

use std::collections::{BTreeSet, VecDeque};

use crate::protocols::kv::Store;
use crate::protocols::voters::Voters;
use crate::sim::{Address, CallId, Instant, Role, Ticket};

use super::log::{Entries, Entry, Log};
use super::message::LogEnd;

/// What survives a crash, as far as the disk kept it (figure 2, persistent state).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The latest term that the node has seen, from 0.
    pub term: u64,
    /// Whom it voted for in that term.
    pub vote: Option<Address>,
    /// The log.
    pub log: Log,
}

impl Stable {
    /// Makes a disk whose log holds entries that ask for nothing, of these terms.
    pub fn with_terms(term: u64, terms: impl IntoIterator<Item = u64>) -> Stable {
        let mut log = Log::default();
        terms.into_iter().for_each(|of| log.push(Entry::no_op(of)));
        Stable { term: term.max(log.last_term()), vote: None, log }
    }
}

/// A change to what is stable. Term and vote are so small that every write carries them.
#[derive(Clone, Debug)]
pub struct Delta {
    /// The term.
    pub term: u64,
    /// The vote.
    pub vote: Option<Address>,
    /// Where the log is cut first: up to this index it stays.
    pub keep: Option<u64>,
    /// What is put at its end then.
    pub entries: Entries,
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        (stable.term, stable.vote) = (self.term, self.vote);
        if let Some(last) = self.keep {
            stable.log.truncate(last);
        }
        self.entries.as_slice().iter().for_each(|entry| stable.log.push(*entry));
    }
}

/// What a leader knows of one follower (figure 2, volatile state on leaders).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The next entry to send (`nextIndex`); optimistic, so that sends can be pipelined.
    pub next: u64,
    /// Up to where its log is known to equal the leader's (`matchIndex`).
    pub matched: u64,
    /// The latest round that it has answered.
    pub round: u64,
    /// How many messages with entries it has not answered yet, as far as that can be known.
    pub unanswered: u16,
    /// Whether the leader looks for where the logs part: then one message is out at a time.
    pub probing: bool,
    /// Whether it was heard since the last check of the quorum.
    pub heard: bool,
}

/// A read that waits until the leader knows that it still leads (diss. §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitingRead {
    /// Which call.
    pub call: CallId,
    /// Which key.
    pub key: u64,
    /// The commit index that the read has to see.
    pub index: u64,
    /// The round that a majority has to answer.
    pub round: u64,
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // What is on the disk, or on its way there.
    /// The latest term that the node has seen.
    pub term: u64,
    /// Whom it voted for in that term.
    pub vote: Option<u16>,
    /// The log.
    pub log: Log,
    /// Up to where the log is on the disk.
    pub synced: u64,
    /// The saves of the log that are on their way, each with the index that it makes stable.
    pub saves: VecDeque<(Ticket, u64)>,

    // On every node.
    /// Its role.
    pub role: Role,
    /// Up to where it knows the log to be committed. An entry is applied in the step that learns
    /// of it, so the paper's `lastApplied` is the same number.
    pub commit: u64,
    /// The state machine.
    pub store: Store,
    /// Who leads this term, where it knows.
    pub leader: Option<u16>,
    /// When it last heard from that leader, by its own clock.
    pub heard_at: Instant,
    /// Leaders that fell silent and have not been heard since.
    pub suspected: BTreeSet<Address>,

    // On candidates.
    /// Who said yes.
    pub voters: Voters,
    /// The save that holds the vote for itself.
    pub own_vote: Ticket,

    // On leaders.
    /// The others, each at its number less one; empty on who does not lead.
    pub peers: Vec<Peer>,
    /// The index of the entry with which the term began.
    pub term_start: u64,
    /// The latest round.
    pub round: u64,
    /// Reads that wait, oldest first.
    pub reads: VecDeque<WaitingRead>,
    /// Whether the timer that checks the quorum is armed.
    pub checking: bool,
}

impl State {
    /// Makes the state of a node that comes up with this on its disk.
    pub fn new(me: u16, stable: Stable) -> State {
        State {
            me,
            term: stable.term,
            vote: stable.vote.and_then(Address::node),
            synced: stable.log.last_index(),
            log: stable.log,
            saves: VecDeque::new(),
            role: Role::Follower,
            commit: 0,
            store: Store::default(),
            leader: None,
            heard_at: Instant::ZERO,
            suspected: BTreeSet::new(),
            voters: Voters::default(),
            own_vote: Ticket::default(),
            peers: Vec::new(),
            term_start: 0,
            round: 0,
            reads: VecDeque::new(),
            checking: false,
        }
    }

    /// Returns where the log ends.
    pub fn log_end(&self) -> LogEnd {
        LogEnd { term: self.log.last_term(), index: self.log.last_index() }
    }

    /// Returns the leader that it knows of, as an address.
    pub fn leader_address(&self) -> Option<Address> {
        self.leader.map(Address::Node)
    }
}
