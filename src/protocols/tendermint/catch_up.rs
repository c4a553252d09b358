//! How what was lost, missed or slept through is learnt after all.
//!
//! The paper builds on gossip: what one correct process has, every correct process gets in the
//! end. Here each sends its own messages once, which makes the counts of the normal case exact, and
//! who has waited for a round's timeout says where it is. Who knows more tells it.

use std::sync::Arc;

use crate::sim::{Address, Signed};

use super::Timer;
use super::message::{Commit, Message, Proposal, Vote, VoteKind};
use super::step::Step;

/// How many decisions one message carries at most.
pub const DECISIONS_MAX: u64 = 32;

impl Step<'_> {
    /// Arms the timer at whose end it says where it is.
    pub(super) fn watch(&mut self) {
        if !self.s.resends {
            self.s.resends = true;
            self.out.arm(Timer::Resend, self.t.wait(self.s.round));
        }
    }

    /// Says again what it said in this round, and where it is.
    pub(super) fn resend(&mut self) {
        self.s.resends = false;
        let (height, round, me) = (self.s.height(), self.s.round, self.s.me);
        if self.s.begun || self.is_behind() {
            self.watch();
        }
        if let Some(heard) = self.s.rounds.get(round).filter(|_| self.s.begun) {
            let mine = heard.proposals.first().filter(|signed| signed.by() == self.s.address());
            let votes = [VoteKind::Prevote, VoteKind::Precommit];
            let votes = votes.map(|kind| heard.first(kind, me));
            let mine = mine.cloned().map(Message::Propose);
            for msg in mine.into_iter().chain(votes.into_iter().flatten().map(Message::Vote)) {
                self.broadcast(&msg);
            }
        }
        self.broadcast(&Message::Status { height, round });
    }

    /// Another says where it is.
    pub(super) fn asked(&mut self, from: u16, height: u64, round: u64) {
        let to = Address::Node(from);
        if height < self.s.height() {
            return self.teach(from, height);
        }
        if height > self.s.height() {
            let top = self.s.heights.entry(from).or_default();
            *top = height.max(*top);
            let (height, round) = (self.s.height(), self.s.round);
            return self.out.send(to, Message::Status { height, round });
        }
        // What may help it: its round, this one's, and the reasons for a value.
        let locked = self.s.locked().map(|(round, _)| round);
        let rounds = [Some(round), Some(self.s.round), self.s.valid_round(), locked];
        let (mut proposals, mut votes) = (Vec::<Signed<Proposal>>::new(), Vec::new());
        for (_, heard) in self.s.rounds.iter().filter(|(of, _)| rounds.contains(&Some(*of))) {
            proposals.extend(heard.proposals.iter().cloned());
            votes.extend(heard.votes().filter(|vote| vote.by() != to).copied());
        }
        let grounds = self
            .s
            .promise
            .grounds
            .iter()
            .filter(|vote| vote.by() != to && !rounds.contains(&Some(vote.value().round)));
        votes.extend(grounds.copied());
        if !proposals.is_empty() || !votes.is_empty() {
            let (proposals, votes) = (proposals.into(), votes.into());
            self.out.send(to, Message::Known { proposals, votes });
        }
    }

    /// Sends what was decided from a height on.
    pub(super) fn teach(&mut self, to: u16, first: u64) {
        let first = first.max(1);
        let last = (first + DECISIONS_MAX).min(self.s.height());
        let decided = (first..last).filter_map(|height| self.s.decided(height));
        let commits: Arc<[Arc<Commit>]> =
            decided.map(|decided| Arc::clone(&decided.commit)).collect();
        if !commits.is_empty() {
            self.out.send(Address::Node(to), Message::Decisions(commits));
        }
    }

    /// Learns decisions from another: the proof counts, not who brings it.
    pub(super) fn taught(&mut self, from: u16, commits: &[Arc<Commit>]) {
        let mut learnt = 0;
        for commit in commits.iter().take(DECISIONS_MAX as usize) {
            if !commit.is_proven(self.t.nodes, self.quorum()) {
                return;
            }
            let height = commit.block.height();
            if height < self.s.height() {
                if self.contradicts(commit) {
                    return self.forked(from, commit, true);
                }
            } else if height == self.s.height() {
                if commit.block.parent() != self.s.tip() {
                    return self.other_chain(from);
                }
                if !self.is_valid(&commit.block) {
                    return;
                }
                learnt += u64::from(self.adopt(Arc::clone(commit)));
            }
        }
        if learnt == DECISIONS_MAX || learnt > 0 && self.is_behind() {
            let (height, round) = (self.s.height(), self.s.round);
            self.out.send(Address::Node(from), Message::Status { height, round });
        }
    }

    /// Hears something of a height that is done. Who votes for another block than the one that was
    /// decided is behind, or on another chain: it is sent the proof either way.
    pub(super) fn late(&mut self, from: u16, by: u16, height: u64, msg: &Message) {
        let Some(decided) = self.s.decided(height) else { return };
        let (known, id) = (Arc::clone(&decided.votes), decided.commit.block.id());
        let agrees = match msg {
            Message::Vote(signed) => {
                let block = signed.value().block;
                self.convicts(by, signed, &known) || block.is_none_or(|block| block == id)
            }
            Message::Propose(signed) => signed.value().block.id() == id,
            _ => true,
        };
        if !agrees {
            self.teach(from, height);
        }
    }
}

/// Returns the votes of one validator among many.
pub(super) fn votes_of(votes: &[Signed<Vote>], node: u16) -> impl Iterator<Item = &Signed<Vote>> {
    votes.iter().filter(move |vote| vote.by() == Address::Node(node))
}
