//! The phases of a view (algorithm 2): what the leader does, and what every replica does.

use std::sync::Arc;

use crate::protocols::block::{Block, BlockId};
use crate::sim::{Address, Note, Signed};

use super::message::{Branch, Certificate, Entry, Message, Phase, Vote, is_replica};
use super::state::view_of;
use super::step::Step;

// The leader.
impl Step<'_> {
    /// Hears that a replica is in a view, and what it knows to be prepared.
    pub(super) fn new_view(
        &mut self,
        from: u16,
        view: u64,
        high: Option<Arc<Certificate>>,
        branch: &Branch,
    ) {
        let known = self.s.new_views.get(&from).map_or(0, |(known, _)| *known);
        if view < self.s.view || view < known || self.h.leader(view) != self.s.me {
            return;
        }
        if high.as_ref().is_some_and(|high| !self.is_prepared(high)) {
            return;
        }
        branch.iter().for_each(|block| self.keep(block));
        if let Some(high) = &high {
            self.keep(&high.block);
        }
        self.s.new_views.insert(from, (view, high));
    }

    /// Returns whether a certificate is of the first phase, and proves it.
    fn is_prepared(&self, high: &Certificate) -> bool {
        high.phase == Phase::Prepare && high.is_proven(self.h.nodes, self.quorum())
    }

    /// Prepare phase, leader: waits for `n - f` new-view messages, and proposes a block on top of
    /// the highest that any of them knows to be prepared.
    pub(super) fn propose(&mut self) {
        let view = self.s.view;
        let waits = self.h.leader(view) == self.s.me && self.s.proposal.is_none();
        if !waits || self.s.promise.view >= view || !self.s.has_work() {
            return;
        }
        let here = self.s.new_views.values().filter(|(of, _)| *of == view);
        let highs: Vec<&Arc<Certificate>> = here.clone().filter_map(|(_, h)| h.as_ref()).collect();
        // It is here itself.
        if here.count() + 1 < usize::from(self.quorum()) {
            return;
        }
        let mine = self.s.promise.prepared.as_ref();
        let high = highs.into_iter().chain(mine).max_by_key(|high| high.view).cloned();
        let Some((path, parent, height)) = self.above(high.as_ref()) else {
            // It lacks blocks below, or is behind: whoever knows them tells, or the view fails.
            return;
        };
        let taken = |request: &_| path.iter().any(|block: &Arc<Block>| block.holds(request));
        let requests = self.s.pool.next(taken);
        if requests.is_empty() && path.is_empty() {
            return;
        }
        let block = Block::new(height, parent, view, requests);
        self.s.proposal = Some(Arc::clone(&block));
        self.keep(&block);
        let (branch, entry) = (self.branch(high.as_ref()), self.s.entry.clone());
        let proposal = Message::Prepare {
            view,
            block: Arc::clone(&block),
            high: high.clone(),
            branch: Arc::clone(&branch),
            entry,
        };
        self.broadcast(&proposal);
        self.s.announced = Some(proposal);
        self.prepare(self.s.me, view, &block, high.as_ref(), &branch);
    }

    /// Returns what a block on top of a certified one would stand on: the blocks that are not
    /// decided, the hash below, and its height.
    fn above(&self, high: Option<&Arc<Certificate>>) -> Option<(Vec<Arc<Block>>, BlockId, u64)> {
        let parent = high.map(|high| &high.block);
        let id = parent.map_or(BlockId::GENESIS, |block| block.id());
        if id == self.s.tip() {
            return Some((Vec::new(), id, self.s.height() + 1));
        }
        let path = self.s.path(parent?)?;
        Some((path, id, parent?.height() + 1))
    }

    /// Collects a vote for what it proposed; `n - f` make a certificate, which everybody is sent.
    pub(super) fn voted(&mut self, signed: Signed<Vote>) {
        let vote = *signed.value();
        let Some(block) = self.s.proposal.clone().filter(|block| block.id() == vote.block) else {
            return;
        };
        if vote.view != self.s.view || !is_replica(signed.by(), self.h.nodes) {
            return;
        }
        let quorum = usize::from(self.quorum());
        let votes = self.s.votes.entry(vote.phase).or_default();
        if votes.len() >= quorum {
            return;
        }
        votes.insert(signed.by().node().unwrap_or_default(), signed);
        if votes.len() < quorum {
            return;
        }
        let votes = votes.values().copied().collect();
        let Vote { phase, view, .. } = vote;
        let certificate = Arc::new(Certificate { phase, view, block, votes });
        let announced = Message::Certified(Arc::clone(&certificate));
        self.broadcast(&announced);
        self.s.announced = Some(announced);
        self.certified(self.s.me, &certificate);
    }
}

// Every replica.
impl Step<'_> {
    /// Prepare phase: votes for the leader's block if it is safe.
    pub(super) fn prepare(
        &mut self,
        from: u16,
        view: u64,
        block: &Arc<Block>,
        high: Option<&Arc<Certificate>>,
        branch: &Branch,
    ) {
        let voted = self.s.promise.view >= view;
        if view != self.s.view || from != self.h.leader(view) || voted {
            return;
        }
        if high.is_some_and(|high| high.view >= view || !self.is_prepared(high)) {
            return;
        }
        branch.iter().for_each(|block| self.keep(block));
        if let Some(high) = high {
            self.keep(&high.block);
        }
        let Some((path, parent, height)) = self.above(high) else {
            let height = self.s.height() + 1;
            return self.send(from, Message::Fetch { height });
        };
        let by = Address::Node(from);
        if block.parent() != parent || block.height() != height || !self.is_valid(block, &path) {
            if from != self.s.me {
                self.out.note(Note::Contained { by: "validity check", from: by });
            }
            return;
        }
        if !self.is_safe(&path, high) {
            self.out.note(Note::Contained { by: "lock", from: by });
            return;
        }
        self.keep(block);
        self.vote(Phase::Prepare, block);
    }

    /// Returns whether a block asks for what may be asked, above blocks that are not decided. One
    /// that asks for nothing may stand there too, so that they are decided with it.
    fn is_valid(&self, block: &Block, path: &[Arc<Block>]) -> bool {
        if block.requests().is_empty() {
            return !path.is_empty();
        }
        let again = |request| path.iter().any(|below| below.holds(request));
        block.is_valid(&self.s.store) && !block.requests().iter().any(again)
    }

    /// `safeNode`: the block extends the one that it is locked on, or its certificate is newer than
    /// the lock, so that a quorum has moved on since.
    fn is_safe(&self, path: &[Arc<Block>], high: Option<&Arc<Certificate>>) -> bool {
        let Some(locked) = &self.s.promise.locked else { return true };
        let extends = locked.block.height() <= self.s.height()
            || path.iter().any(|block| block.id() == locked.block.id());
        extends || view_of(high) > locked.view
    }

    /// Pre-commit, commit and decide phase: a certificate came.
    pub(super) fn certified(&mut self, from: u16, certificate: &Arc<Certificate>) {
        if !certificate.is_proven(self.h.nodes, self.quorum()) {
            return;
        }
        if certificate.phase == Phase::Commit {
            self.decide(from, certificate);
            return self.enter_by(Entry::Certified(Arc::clone(certificate)));
        }
        if certificate.view > self.s.view {
            // Some honest replica is there.
            self.enter_by(Entry::Certified(Arc::clone(certificate)));
        }
        self.keep(&certificate.block);
        match certificate.phase {
            Phase::Prepare if certificate.view > view_of(self.s.promise.prepared.as_ref()) => {
                self.s.promise.prepared = Some(Arc::clone(certificate));
            }
            Phase::PreCommit if certificate.view > view_of(self.s.promise.locked.as_ref()) => {
                self.s.promise.locked = Some(Arc::clone(certificate));
            }
            _ => return,
        }
        let next = match certificate.phase {
            Phase::Prepare => Phase::PreCommit,
            _ => Phase::Commit,
        };
        if certificate.view == self.s.view {
            self.vote(next, &certificate.block);
        } else {
            self.save();
        }
    }

    /// Votes, once a phase of a view, to the leader alone.
    fn vote(&mut self, phase: Phase, block: &Arc<Block>) {
        let view = self.s.view;
        let promise = &mut self.s.promise;
        let before = promise.voted.filter(|_| promise.view == view);
        if promise.view > view || before.is_some_and(|before| before >= phase) {
            return;
        }
        (promise.view, promise.voted) = (view, Some(phase));
        self.save();
        let signed = self.out.sign(Vote { phase, view, block: block.id() });
        self.s.cast = Some(signed);
        let leader = self.h.leader(view);
        if leader == self.s.me {
            self.voted(signed);
        } else {
            self.send(leader, Message::Vote(signed));
        }
    }
}

/// Lets go of what belongs to the view before.
pub(super) fn forget_view(step: &mut Step<'_>) {
    (step.s.proposal, step.s.announced) = (None, None);
    step.s.votes.clear();
    step.s.late.clear();
    let view = step.s.view;
    step.s.new_views.retain(|_, (of, _)| *of >= view);
    step.s.wishes.retain(|_, wish| wish.value().view >= view);
}
