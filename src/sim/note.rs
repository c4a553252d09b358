//! What a node says of itself: roles, log entries, typed milestones.

use std::sync::Arc;

use super::address::Address;
use super::client::CallId;

/// What a node's role is called. The words are the field's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Follows a leader, or waits for one.
    #[default]
    Follower,
    /// Asks whether an election could be won, without a new term (`PreVote`).
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
    /// Takes part as one among equals: gossip, membership, quorum stores, detectors.
    Member,
    /// Gossip: keeps what it knows and spreads nothing.
    Listener,
    /// Gossip: has news that it still spreads.
    Spreader,
    /// Paxos: asks acceptors to promise and accept.
    Proposer,
    /// Paxos: promises and accepts.
    Acceptor,
    /// Orders requests in its view; the one copy that takes writes.
    Primary,
    /// Follows a primary.
    Backup,
    /// Drives a transaction, or commands a lieutenant.
    Coordinator,
    /// Votes on a transaction, or obeys a commander.
    Participant,
    /// Votes on what is proposed, and proposes in its turn.
    Validator,
}

impl Role {
    /// Returns the role's word.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
            Role::Member => "member",
            Role::Listener => "listener",
            Role::Spreader => "spreader",
            Role::Proposer => "proposer",
            Role::Acceptor => "acceptor",
            Role::Primary => "primary",
            Role::Backup => "backup",
            Role::Coordinator => "coordinator",
            Role::Participant => "participant",
            Role::Validator => "validator",
        }
    }

    /// Returns whether there ought to be one of it at a time.
    pub const fn is_alone(self) -> bool {
        matches!(self, Role::Leader | Role::Primary)
    }

    /// Returns whether others wait for what this one says: whom a fault aimed at "the leader"
    /// strikes.
    pub const fn leads(self) -> bool {
        matches!(self, Role::Leader | Role::Proposer | Role::Primary | Role::Coordinator)
    }
}

/// One entry of a replicated log, as far as an oracle needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The epoch (term, ballot, view) in which it was proposed.
    pub epoch: u64,
    /// What it holds: `CallId::key` of the call that asked for it, or 0 for a no-op.
    pub value: u64,
}

/// A replica's copy of one key, in a store that orders versions instead of agreeing on a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Which key.
    pub key: u64,
    /// Its version, of which the highest wins: a stamp, and who gave it.
    pub version: (u64, Address),
    /// What it holds.
    pub value: u64,
}

/// What a node says of itself: typed milestones, not log text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// Took a role in an epoch.
    Role {
        /// The new role.
        role: Role,
        /// Term, ballot or view.
        epoch: u64,
    },
    /// Gave its vote.
    Voted {
        /// In this epoch.
        epoch: u64,
        /// To this candidate.
        candidate: Address,
    },
    /// Put an entry at the end of its log.
    Appended {
        /// Where, from 1.
        slot: u64,
        /// What.
        entry: Slot,
    },
    /// Cut its log: this slot and all after it are gone.
    Truncated {
        /// The first slot that is gone.
        from: u64,
    },
    /// Came back with this log, read from its disk: the entries of slots 1, 2, 3 …
    Restored(Arc<[Slot]>),
    /// Knows that a quorum agreed to this entry for a slot, in the entry's epoch: no other can be
    /// agreed to in it (a prepared certificate, Castro and Liskov 1999, §4.2).
    Prepared {
        /// Which slot, from 1.
        slot: u64,
        /// What.
        entry: Slot,
    },
    /// Learned that a slot is decided (committed) and holds this.
    Decided {
        /// Which slot, from 1.
        slot: u64,
        /// What.
        entry: Slot,
    },
    /// Holds another copy of a key from here on.
    Holds(Held),
    /// Came back with these copies, read from its disk.
    Found(Arc<[Held]>),
    /// Believes that another has failed.
    Suspects(Address),
    /// Believes again that another lives.
    Trusts(Address),
    /// Declares another dead, and counts it as a member no more.
    Buries(Address),
    /// Began a transaction, as its coordinator: asks so many participants for their votes.
    TransactionBegan {
        /// Which: the call and the attempt at it that it carries out.
        transaction: CallId,
        /// How many have to vote.
        participants: u16,
    },
    /// Voted on a transaction, or came back bound by a YES that its disk kept. With YES the
    /// participant is in doubt until it learns the outcome.
    TransactionVoted {
        /// Which.
        transaction: CallId,
        /// Whether the vote is YES.
        yes: bool,
    },
    /// Learned or took the outcome of a transaction.
    TransactionEnded {
        /// Which.
        transaction: CallId,
        /// Whether it committed; else it aborted.
        commit: bool,
    },
    /// Took a primary's state, or its own as primary, for its copy of the data.
    Stored {
        /// The epoch of the primary that made it.
        epoch: u64,
    },
    /// Stopped something wrong by a named rule, such as `term check`.
    Contained {
        /// The container's name, as `mechanisms` lists it.
        by: &'static str,
        /// Whose message was stopped.
        from: Address,
    },
    /// Holds signed words of another that no honest node can have given.
    Accuses {
        /// Who signed them.
        culprit: Address,
        /// About which height or slot.
        slot: u64,
        /// What they prove: `two votes of one round`.
        proof: &'static str,
    },
    /// Has no room left for what comes: so many wait.
    Overloaded {
        /// How many.
        waiting: u64,
    },
    /// Has room again.
    Relieved,
    /// Anything else that a reader may want to see.
    Other(&'static str, [u64; 2]),
}
