//! Evidence: signed votes that no honest validator can have given, and what becomes of a fork.
//!
//! Two kinds convict by two votes alone.
//!
//! - **Equivocation**: two different votes of one kind in one round. An honest validator casts each
//!   vote once (lines 22 to 45), and remembers it on its disk.
//! - **Amnesia**: a precommit of a value in round `r`, and a prevote of another in a later round
//!   for a reason older than `r`. Who precommitted is locked (line 38), and prevotes another value
//!   only where a quorum prevoted it in `r` or later (line 29).
//!
//! # Why a fork names `f + 1`
//!
//! Let one block be decided in round `r` and another of the same height in round `s ≥ r`. Two
//! quorums share at least `f + 1` validators. If `s = r`, these precommitted twice. Else take the
//! first round after `r` in which a quorum prevoted anything else than what was decided in `r`:
//! those that this quorum shares with the first one were locked. A prevote is counted only by who
//! has seen its reason, which is a quorum of an earlier round: there is none since `r`, and in `r`
//! itself it would be a second one, whose members in common with the first prevoted twice. So
//! `f + 1` are convicted, and nobody honest can be. This needs an honest validator that counted:
//! fewer than two thirds may lie.
//!
//! The paper stops at safety; the argument is that of fork accountability as `CometBFT` describes
//! it. There an accused validator is asked for the prevotes that excuse it. Here each prevote says
//! its reason, which makes the excuse part of what is signed.
//!
//! # How a fork is noticed
//!
//! A decision is proven by its precommits, so two chains cannot meet unnoticed: the one who is
//! behind is taught a block whose parent it does not know. It answers with its own last decisions,
//! and so the two go back until one of them sees the first block that parts them. That one tells
//! everybody what it saw of that height, and so does everybody that decided otherwise.

use std::sync::Arc;

use crate::protocols::block::BlockId;
use crate::sim::{Address, Note, Signed};

use super::catch_up::{DECISIONS_MAX, votes_of};
use super::message::{Commit, Message, Vote, VoteKind, signer};
use super::step::Step;

/// Says what two votes of one validator prove against it, if anything.
pub fn convicting(a: &Vote, b: &Vote) -> Option<&'static str> {
    if a.height != b.height {
        return None;
    }
    if (a.kind, a.round) == (b.kind, b.round) {
        let same = (a.block, a.reason) == (b.block, b.reason);
        return (!same).then_some("two votes of one round");
    }
    let forgot = |first: &Vote, later: &Vote| {
        first.kind == VoteKind::Precommit
            && later.kind == VoteKind::Prevote
            && first.round < later.round
            && first.block.is_some()
            && later.block.is_some()
            && first.block != later.block
            && later.reason.is_none_or(|reason| reason < first.round)
    };
    (forgot(a, b) || forgot(b, a)).then_some("a vote against its lock")
}

impl Step<'_> {
    /// Holds a vote of this height against all that its signer said before.
    pub(super) fn compare(&mut self, by: u16, signed: &Signed<Vote>) {
        if self.s.accused.contains(&by) {
            return;
        }
        let vote = signed.value();
        let proof = self.s.rounds.votes_of(by).find_map(|known| convicting(known.value(), vote));
        if let Some(proof) = proof {
            self.accuse(by, vote.height, proof);
        }
    }

    /// Holds a vote of a proof of this height against all that its signer said before.
    pub(super) fn compare_any(&mut self, signed: &Signed<Vote>) {
        if let Some(by) = signer(signed, self.t.nodes) {
            self.compare(by, signed);
        }
    }

    /// Holds a vote against those that were seen of its height; returns whether it convicts.
    pub(super) fn convicts(
        &mut self,
        by: u16,
        signed: &Signed<Vote>,
        known: &[Signed<Vote>],
    ) -> bool {
        let vote = signed.value();
        let proof = votes_of(known, by).find_map(|known| convicting(known.value(), vote));
        if let Some(proof) = proof {
            self.accuse(by, vote.height, proof);
        }
        proof.is_some()
    }

    /// Returns whether a proven decision is another than its own.
    pub(super) fn contradicts(&self, commit: &Commit) -> bool {
        let decided = self.s.decided(commit.block.height());
        decided.is_some_and(|decided| decided.commit.block.id() != commit.block.id())
    }

    /// Another stands on a block that it does not know: it is sent the last decisions, so that the
    /// place where the chains part is found.
    pub(super) fn other_chain(&mut self, from: u16) {
        let height = self.s.height();
        if height > 1 {
            self.teach(from, height.saturating_sub(DECISIONS_MAX).max(1));
        }
    }

    /// A proven decision contradicts its own. Where the blocks before are the same this is where
    /// the chain forks; else it lies further back. What it saw there it tells everybody once, and
    /// afterwards who asks: a testimony may have been lost.
    pub(super) fn forked(&mut self, from: u16, commit: &Arc<Commit>, answers: bool) {
        let height = commit.block.height();
        let before = height.checked_sub(2).and_then(|k| self.s.chain.get(k as usize));
        let parent = before.map_or(BlockId::GENESIS, |decided| decided.commit.block.id());
        if commit.block.parent() != parent {
            return self.teach(from, height.saturating_sub(DECISIONS_MAX).max(1));
        }
        let Some(decided) = self.s.decided(height).cloned() else { return };
        self.judge(&commit.votes, &decided.votes);
        self.judge(&commit.votes, &decided.commit.votes);
        let testimony = Message::Testimony { commit: decided.commit, votes: decided.votes };
        if self.s.fork.is_none_or(|known| height < known) {
            self.s.fork = Some(height);
            self.out.note(Note::Other("the chain forks", [height, u64::from(from)]));
            self.broadcast(&testimony);
        } else if answers {
            self.out.send(Address::Node(from), testimony);
        }
    }

    /// Hears what another saw of a height at which the chain forks.
    pub(super) fn testified(&mut self, from: u16, commit: &Arc<Commit>, votes: &[Signed<Vote>]) {
        let most = 2 * super::votes::ROUNDS_MAX * usize::from(self.t.nodes);
        if votes.len() > most || !commit.is_proven(self.t.nodes, self.quorum()) {
            return;
        }
        let Some(decided) = self.s.decided(commit.block.height()).cloned() else { return };
        if self.contradicts(commit) {
            self.forked(from, commit, false);
        }
        for theirs in [votes, &commit.votes] {
            self.judge(theirs, &decided.votes);
            self.judge(theirs, &decided.commit.votes);
        }
        self.judge(votes, votes);
    }

    /// Holds two sets of votes against each other.
    fn judge(&mut self, ours: &[Signed<Vote>], theirs: &[Signed<Vote>]) {
        for vote in ours {
            if let Some(by) = signer(vote, self.t.nodes)
                && !self.s.accused.contains(&by)
            {
                self.convicts(by, vote, theirs);
            }
        }
    }
}
