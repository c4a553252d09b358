//! What a validator has heard of one height: proposals and votes, round by round.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::protocols::block::{Block, BlockId};
use crate::sim::Signed;

use super::message::{Proposal, Vote, VoteKind};

/// How many proposals of one round are kept: an honest proposer makes one, and two convict it.
pub const PROPOSALS_MAX: usize = 2;
/// How many rounds of a height are kept: the oldest are let go. A decision of such a round is then
/// learnt from another validator's proof.
pub const ROUNDS_MAX: usize = 128;

/// For what a vote is: a value, or nil; of a prevote also why.
pub type Choice = (Option<BlockId>, Option<u64>);

/// One round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Round {
    /// What its proposer proposed, first one first.
    pub proposals: Vec<Signed<Proposal>>,
    /// Prevotes, by who signed them; the first of each counts.
    pub prevotes: BTreeMap<u16, Signed<Vote>>,
    /// Precommits, likewise.
    pub precommits: BTreeMap<u16, Signed<Vote>>,
    /// The block that a quorum prevoted, as `Rounds::settle` found it.
    pub polka: Option<BlockId>,
}

impl Round {
    /// Returns the votes of a kind.
    pub fn votes(&self, kind: VoteKind) -> &BTreeMap<u16, Signed<Vote>> {
        match kind {
            VoteKind::Prevote => &self.prevotes,
            VoteKind::Precommit => &self.precommits,
        }
    }

    /// Returns the votes of a kind, to add one.
    pub fn votes_mut(&mut self, kind: VoteKind) -> &mut BTreeMap<u16, Signed<Vote>> {
        match kind {
            VoteKind::Prevote => &mut self.prevotes,
            VoteKind::Precommit => &mut self.precommits,
        }
    }

    /// Returns whether a quorum voted, for whatever.
    pub fn has_quorum(&self, kind: VoteKind, quorum: u16) -> bool {
        self.votes(kind).len() >= usize::from(quorum)
    }

    /// Returns for what most votes of a kind are, a block or nil, and how many.
    fn most(&self, kind: VoteKind, counts: impl Fn(&Vote) -> bool) -> (Option<BlockId>, usize) {
        let mut tally: BTreeMap<Option<BlockId>, usize> = BTreeMap::new();
        for vote in self.votes(kind).values().map(Signed::value).filter(|vote| counts(vote)) {
            *tally.entry(vote.block).or_default() += 1;
        }
        tally.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default()
    }

    /// Returns the block that a quorum precommitted.
    pub fn committed(&self, quorum: u16) -> Option<BlockId> {
        if !self.has_quorum(VoteKind::Precommit, quorum) {
            return None;
        }
        let (block, count) = self.most(VoteKind::Precommit, |_| true);
        block.filter(|_| count >= usize::from(quorum))
    }

    /// Returns whether a quorum prevoted nil.
    pub fn is_nil(&self, quorum: u16) -> bool {
        let nil = self.prevotes.values().filter(|vote| vote.value().block.is_none());
        nil.count() >= usize::from(quorum)
    }

    /// Finds a proposed block by its hash.
    pub fn block(&self, id: BlockId) -> Option<&Arc<Block>> {
        let blocks = self.proposals.iter().map(|signed| &signed.value().block);
        blocks.into_iter().find(|block| block.id() == id)
    }
}

/// All rounds of one height.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rounds(BTreeMap<u64, Round>);

impl Rounds {
    /// Returns a round, if anything was heard of it.
    pub fn get(&self, round: u64) -> Option<&Round> {
        self.0.get(&round)
    }

    /// Returns a round, to add to it. The oldest is let go where there are too many, unless a
    /// value was valid in it.
    pub fn open(&mut self, round: u64, valid: Option<u64>) -> &mut Round {
        if self.0.len() >= ROUNDS_MAX && !self.0.contains_key(&round) {
            let old = self.0.keys().copied().find(|old| Some(*old) != valid);
            old.and_then(|old| self.0.remove(&old));
        }
        self.0.entry(round).or_default()
    }

    /// Finds the quorums of prevotes that have come about (the field calls one a polka). A prevote
    /// counts only once its reason is known here too: a quorum for the same block in that round.
    pub fn settle(&mut self, quorum: u16) {
        let mut polkas: BTreeMap<u64, BlockId> = BTreeMap::new();
        for (round, heard) in &mut self.0 {
            if heard.polka.is_none() && heard.has_quorum(VoteKind::Prevote, quorum) {
                let known = |vote: &Vote| match vote.reason {
                    None => true,
                    Some(reason) => polkas.get(&reason).copied() == vote.block,
                };
                let (block, count) = heard.most(VoteKind::Prevote, known);
                heard.polka = block.filter(|_| count >= usize::from(quorum));
            }
            heard.polka.and_then(|block| polkas.insert(*round, block));
        }
    }

    /// Returns the block that a quorum prevoted in a round.
    pub fn polka(&self, round: u64) -> Option<BlockId> {
        self.get(round)?.polka
    }

    /// Iterates over the rounds, first one first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Round)> {
        self.0.iter().map(|(round, heard)| (*round, heard))
    }

    /// Finds a proposed block by its hash.
    pub fn block(&self, id: BlockId) -> Option<&Arc<Block>> {
        self.0.values().find_map(|round| round.block(id))
    }

    /// Iterates over the votes of one validator.
    pub fn votes_of(&self, node: u16) -> impl Iterator<Item = &Signed<Vote>> {
        self.0.values().flat_map(move |round| {
            round.prevotes.get(&node).into_iter().chain(round.precommits.get(&node))
        })
    }

    /// Lists every vote.
    pub fn all_votes(&self) -> Arc<[Signed<Vote>]> {
        let rounds = self.0.values();
        rounds
            .flat_map(|round| round.prevotes.values().chain(round.precommits.values()))
            .copied()
            .collect()
    }

    /// Forgets what a validator said in one round.
    pub fn forget(&mut self, round: u64, node: u16) {
        if let Some(heard) = self.0.get_mut(&round) {
            heard.prevotes.remove(&node);
            heard.precommits.remove(&node);
            if heard.prevotes.is_empty()
                && heard.precommits.is_empty()
                && heard.proposals.is_empty()
            {
                self.0.remove(&round);
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
