//! What a validator has heard of one height: proposals and votes, round by round.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::protocols::block::{Block, BlockId};
use crate::sim::Signed;

use super::message::{Proposal, Vote, VoteKind};

/// How many proposals of one round are kept: an honest proposer makes one, and two convict it.
pub const PROPOSALS_MAX: usize = 2;
/// How many rounds of a height are kept: the oldest are let go. A decision of such a round is then
/// learnt from another validator's proof.
pub const ROUNDS_MAX: usize = 128;

/// How many different votes of one validator in one step of a round are kept: an honest one casts
/// one. A liar's count for each block that it votes for, as in the paper, where each rule counts
/// the messages that it names: else two validators that heard different ones first could never
/// agree on which quorum there was.
pub const VOTES_MAX: usize = 4;

/// Votes of one kind, by who signed them.
pub type Ballots = BTreeMap<u16, SmallVec<[Signed<Vote>; 1]>>;

/// For what a vote is: a value, or nil; of a prevote also why.
pub type Choice = (Option<BlockId>, Option<u64>);

/// One round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Round {
    /// What its proposer proposed, first one first: an honest one proposes once.
    pub proposals: Vec<Signed<Proposal>>,
    /// Prevotes.
    pub prevotes: Ballots,
    /// Precommits.
    pub precommits: Ballots,
    /// The block that a quorum prevoted, as `Rounds::settle` found it.
    pub polka: Option<BlockId>,
}

impl Round {
    /// Returns the votes of a kind.
    pub fn ballots(&self, kind: VoteKind) -> &Ballots {
        match kind {
            VoteKind::Prevote => &self.prevotes,
            VoteKind::Precommit => &self.precommits,
        }
    }

    /// Iterates over all votes.
    pub fn votes(&self) -> impl Iterator<Item = &Signed<Vote>> {
        self.prevotes.values().chain(self.precommits.values()).flatten()
    }

    /// Adds a vote: the first of its signer, and another if it is for a block that is known.
    pub fn add(&mut self, by: u16, signed: Signed<Vote>, known: bool) {
        let ballots = match signed.value().kind {
            VoteKind::Prevote => &mut self.prevotes,
            VoteKind::Precommit => &mut self.precommits,
        };
        let cast = ballots.entry(by).or_default();
        let room = cast.is_empty() || known && cast.len() < VOTES_MAX;
        if room && !cast.contains(&signed) {
            cast.push(signed);
        }
    }

    /// Returns the vote of a kind that a validator cast first.
    pub fn first(&self, kind: VoteKind, by: u16) -> Option<Signed<Vote>> {
        self.ballots(kind).get(&by)?.first().copied()
    }

    /// Returns whether a quorum voted, for whatever.
    pub fn has_quorum(&self, kind: VoteKind, quorum: u16) -> bool {
        self.ballots(kind).len() >= usize::from(quorum)
    }

    /// Returns the block for which a quorum cast votes that count.
    fn chosen(
        &self,
        kind: VoteKind,
        quorum: u16,
        counts: impl Fn(&Vote) -> bool,
    ) -> Option<BlockId> {
        if !self.has_quorum(kind, quorum) {
            return None;
        }
        let mut tally: BTreeMap<BlockId, u16> = BTreeMap::new();
        for cast in self.ballots(kind).values() {
            let good = cast.iter().map(Signed::value).filter(|vote| counts(vote));
            let mut blocks: SmallVec<[BlockId; 2]> = good.filter_map(|vote| vote.block).collect();
            blocks.sort_unstable();
            blocks.dedup();
            for block in blocks {
                *tally.entry(block).or_default() += 1;
            }
        }
        tally.into_iter().find(|(_, count)| *count >= quorum).map(|(block, _)| block)
    }

    /// Returns the block that a quorum precommitted, with one vote of each.
    pub fn committed(&self, quorum: u16) -> Option<(BlockId, Arc<[Signed<Vote>]>)> {
        let block = self.chosen(VoteKind::Precommit, quorum, |_| true)?;
        let of = |cast: &SmallVec<[Signed<Vote>; 1]>| {
            cast.iter().find(|vote| vote.value().block == Some(block)).copied()
        };
        Some((block, self.precommits.values().filter_map(of).collect()))
    }

    /// Returns whether a quorum prevoted nil.
    pub fn is_nil(&self, quorum: u16) -> bool {
        let nil = self
            .prevotes
            .values()
            .filter(|cast| cast.iter().any(|vote| vote.value().block.is_none()));
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
                heard.polka = heard.chosen(VoteKind::Prevote, quorum, known);
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
            let cast = [round.prevotes.get(&node), round.precommits.get(&node)];
            cast.into_iter().flatten().flatten()
        })
    }

    /// Lists the prevotes for some blocks.
    pub fn prevotes_for(&self, blocks: &[BlockId]) -> Arc<[Signed<Vote>]> {
        let prevotes = self.0.values().flat_map(|round| round.prevotes.values().flatten());
        let is_for =
            |vote: &Signed<Vote>| vote.value().block.is_some_and(|id| blocks.contains(&id));
        prevotes.filter(|vote| is_for(vote)).copied().collect()
    }

    /// Lists every vote.
    pub fn all_votes(&self) -> Arc<[Signed<Vote>]> {
        self.0.values().flat_map(Round::votes).copied().collect()
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
