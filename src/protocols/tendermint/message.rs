//! What validators say to each other, in the order of the protocol (algorithm 1).

use std::sync::Arc;

use crate::protocols::block::{Block, BlockId};
use crate::sim::{Address, Detail, MessageKind, Nature, Signed};

/// `PROPOSAL(h, r, v, validRound)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proposal {
    /// The height, from 1.
    pub height: u64,
    /// The round, from 0.
    pub round: u64,
    /// The value.
    pub block: Arc<Block>,
    /// The round in which the proposer saw a quorum prevote this value; none for a fresh value
    /// (the paper writes -1).
    pub valid_round: Option<u64>,
}

/// Which of the two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VoteKind {
    /// `PREVOTE`.
    Prevote,
    /// `PRECOMMIT`.
    Precommit,
}

/// `PREVOTE(h, r, id(v))` or `PRECOMMIT(h, r, id(v))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    /// Which.
    pub kind: VoteKind,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u64,
    /// For which value; none is nil.
    pub block: Option<BlockId>,
    /// Of a prevote: the `validRound` of the proposal that it answers. The paper's prevote does
    /// not say why it was given. With this, a vote against one's own lock is convicted by two
    /// signed votes alone, and nobody need be asked for an excuse (see `evidence.rs`).
    pub reason: Option<u64>,
}

/// A decided block and the precommits that prove it: whoever sees it may decide, whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commit {
    /// The value.
    pub block: Arc<Block>,
    /// The round in which it was decided.
    pub round: u64,
    /// Precommits for it of that round, by more than two thirds.
    pub votes: Arc<[Signed<Vote>]>,
}

impl Commit {
    /// Returns whether the votes prove what it says: enough validators of `nodes`, each once.
    pub fn is_proven(&self, nodes: u16, quorum: u16) -> bool {
        let wanted = Vote {
            kind: VoteKind::Precommit,
            height: self.block.height(),
            round: self.round,
            block: Some(self.block.id()),
            reason: None,
        };
        // Each signer stands once, in order: what is not so is no commit of ours.
        let ordered = self.votes.is_sorted_by(|a, b| a.by() < b.by());
        let good = |vote: &Signed<Vote>| {
            let known = vote.by().node().is_some_and(|node| (1..=nodes).contains(&node));
            known && *vote.value() == wanted
        };
        ordered && self.votes.len() >= usize::from(quorum) && self.votes.iter().all(good)
    }
}

/// A message. Who sent it travels with it; who signed what is in it counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// A proposer's proposal.
    Propose(Signed<Proposal>),
    /// A vote.
    Vote(Signed<Vote>),
    /// Says how far its sender is, when nothing has come for a while: what it lacks is to be sent.
    /// This and the next two stand for the gossip that the paper builds on (section 2: what a
    /// correct process has received, every correct process receives in the end).
    Status {
        /// The height that it works on.
        height: u64,
        /// The round of it.
        round: u64,
    },
    /// What the sender knows of the height that the asker works on.
    Known {
        /// Proposals.
        proposals: Arc<[Signed<Proposal>]>,
        /// Votes, whoever signed them.
        votes: Arc<[Signed<Vote>]>,
    },
    /// Decisions that the asker lacks, or contradicts, in the order of their heights.
    Decisions(Arc<[Arc<Commit>]>),
    /// After a fork: what the sender decided at the height where it begins, and every vote of that
    /// height that it saw.
    Testimony {
        /// What it decided.
        commit: Arc<Commit>,
        /// What it saw.
        votes: Arc<[Signed<Vote>]>,
    },
    /// What no signature fits any more, since a bit of it was flipped on the way.
    Garbled,
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::Propose(signed) => {
                let proposal = signed.value();
                let requests = proposal.block.requests().len() as u64;
                let id = proposal.block.id().short();
                Detail::new(&PROPOSAL, [proposal.height, proposal.round, id, requests])
            }
            Message::Vote(signed) => {
                let vote = signed.value();
                let kind = match vote.kind {
                    VoteKind::Prevote => &PREVOTE,
                    VoteKind::Precommit => &PRECOMMIT,
                };
                let id = vote.block.map_or(0, BlockId::short);
                Detail::new(kind, [vote.height, vote.round, id, 0])
            }
            Message::Status { height, round } => Detail::new(&STATUS, [*height, *round, 0, 0]),
            Message::Known { proposals, votes } => {
                Detail::new(&KNOWN, [proposals.len() as u64, votes.len() as u64, 0, 0])
            }
            Message::Decisions(commits) => {
                let first = commits.first().map_or(0, |commit| commit.block.height());
                Detail::new(&DECISIONS, [first, commits.len() as u64, 0, 0])
            }
            Message::Testimony { commit, votes } => {
                let values = [commit.block.height(), commit.block.id().short(), votes.len() as u64];
                Detail::new(&TESTIMONY, [values[0], values[1], values[2], 0])
            }
            Message::Garbled => Detail::new(&GARBLED, [0; 4]),
        }
    }
}

/// Returns the number of who signed, where it is a validator.
pub fn signer<T>(signed: &Signed<T>, nodes: u16) -> Option<u16> {
    match signed.by() {
        Address::Node(node) if (1..=nodes).contains(&node) => Some(node),
        _ => None,
    }
}

/// `Proposal`, as it is shown; `block` is a short form of its hash.
pub static PROPOSAL: MessageKind = MessageKind {
    name: "Proposal",
    glyph: '■',
    nature: Nature::Request,
    fields: &["height", "round", "block", "requests"],
};
/// `Prevote`, as it is shown; block 0 is nil.
pub static PREVOTE: MessageKind = MessageKind {
    name: "Prevote",
    glyph: '◇',
    nature: Nature::Control,
    fields: &["height", "round", "block"],
};
/// `Precommit`, as it is shown; block 0 is nil.
pub static PRECOMMIT: MessageKind = MessageKind {
    name: "Precommit",
    glyph: '◆',
    nature: Nature::Control,
    fields: &["height", "round", "block"],
};
/// `Status`, as it is shown.
pub static STATUS: MessageKind =
    MessageKind {
        name: "Status", glyph: '•', nature: Nature::Probe, fields: &["height", "round"]
    };
/// `Known`, as it is shown.
pub static KNOWN: MessageKind = MessageKind {
    name: "Known",
    glyph: '□',
    nature: Nature::Reply,
    fields: &["proposals", "votes"],
};
/// `Decisions`, as it is shown.
pub static DECISIONS: MessageKind = MessageKind {
    name: "Decisions",
    glyph: '▣',
    nature: Nature::Reply,
    fields: &["height", "count"],
};
/// `Testimony`, as it is shown.
pub static TESTIMONY: MessageKind = MessageKind {
    name: "Testimony",
    glyph: '!',
    nature: Nature::Control,
    fields: &["height", "block", "votes"],
};
/// What was garbled on the way, as it is shown.
pub static GARBLED: MessageKind =
    MessageKind { name: "Garbled", glyph: '×', nature: Nature::Control, fields: &[] };
