//! The rules of algorithm 1, each under the number of its line in the paper.

use std::sync::Arc;

use crate::protocols::block::{Block, bears};
use crate::protocols::kv::Applied;
use crate::sim::{Address, Note, Slot};

use super::Timer;
use super::message::{Commit, Message, Proposal, VoteKind};
use super::state::{Decided, Delta, Phase, Promise, reached};
use super::step::Step;

impl Step<'_> {
    /// Applies the rules until none applies any more.
    pub(super) fn advance(&mut self) {
        while self.decide()
            || self.skip_rounds()
            || self.propose()
            || self.prevote()
            || self.lock()
            || self.precommit_nil()
            || self.arm_waits()
        {}
    }

    /// Line 11: begins a round of the height.
    pub(super) fn start_round(&mut self, round: u64) {
        (self.s.round, self.s.phase) = (round, Phase::Propose);
        (self.s.saw_polka, self.s.waits_prevotes, self.s.waits_precommits) = (false, false, false);
        self.out.disarm(Timer::Prevote);
        self.out.disarm(Timer::Precommit);
        // Line 21. The proposer waits too: it may have nothing to propose.
        self.out.arm(Timer::Propose, self.t.wait(round));
        self.set_role();
    }

    /// Lines 14 to 19: the proposer proposes the last value that was valid, or a fresh one.
    fn propose(&mut self) -> bool {
        let (height, round) = (self.s.height(), self.s.round);
        let promised = self.s.promise.round == round && self.s.promise.proposed;
        let turn = self.s.begun && self.t.proposer(height, round) == self.s.me;
        if !turn || self.s.phase != Phase::Propose || promised {
            return false;
        }
        let (block, valid_round) = match &self.s.promise.valid {
            Some((valid, block)) => (Arc::clone(block), Some(*valid)),
            None if self.s.pool.is_empty() => return false,
            None => {
                let requests = self.s.pool.next(|_| false);
                (Block::new(height, self.s.tip(), round, requests), None)
            }
        };
        let promise = &mut self.s.promise;
        (promise.height, promise.round, promise.phase) = (height, round, Phase::Propose);
        (promise.prevote, promise.precommit, promise.proposed) = (None, None, true);
        self.save();
        let signed = self.out.sign(Proposal { height, round, block, valid_round });
        self.broadcast(&Message::Propose(signed.clone()));
        let valid = self.s.valid_round();
        self.s.rounds.open(round, valid).proposals.push(signed);
        true
    }

    /// Lines 22 and 28: prevotes the proposal, unless it is invalid or a lock is against it.
    fn prevote(&mut self) -> bool {
        if !self.s.begun || self.s.phase != Phase::Propose {
            return false;
        }
        self.s.rounds.settle(self.quorum());
        let heard = self.s.rounds.get(self.s.round);
        let Some(signed) = heard.and_then(|heard| heard.proposals.first()) else { return false };
        let (by, proposal) = (signed.by(), signed.value());
        let (block, reason) = (Arc::clone(&proposal.block), proposal.valid_round);
        let locked = self.s.locked();
        let is_locked = locked.is_some_and(|(_, value)| value == block.id());
        let free = match reason {
            // Line 23.
            None => locked.is_none() || is_locked,
            // Lines 28 and 29: a quorum that prevoted the value in `validRound` frees from an older
            // lock. Until it is heard of there is nothing to be done.
            Some(valid) => {
                let polka = self.s.rounds.polka(valid).filter(|_| valid < self.s.round);
                if polka != Some(block.id()) {
                    return false;
                }
                is_locked || locked.is_none_or(|(since, _)| since <= valid)
            }
        };
        // Who is locked on the value knows a quorum for it itself, and maybe a later one.
        let reason = reason.max(locked.filter(|_| is_locked).map(|(since, _)| since));
        let valid = self.is_valid(&block);
        for (good, by_rule) in [(valid, "validity check"), (free, "lock")] {
            if !good && by != self.s.address() {
                self.out.note(Note::Contained { by: by_rule, from: by });
            }
        }
        let choice = if valid && free { (Some(block.id()), reason) } else { (None, None) };
        self.cast(VoteKind::Prevote, choice);
        true
    }

    /// Line 36: a quorum prevoted the proposal. It becomes the valid value, and who has not
    /// precommitted yet locks it and does.
    fn lock(&mut self) -> bool {
        if !self.s.begun || self.s.phase < Phase::Prevote || self.s.saw_polka {
            return false;
        }
        self.s.rounds.settle(self.quorum());
        let Some(heard) = self.s.rounds.get(self.s.round) else { return false };
        let Some(id) = heard.polka else { return false };
        let Some(block) = heard.block(id).cloned() else { return false };
        if !self.is_valid(&block) {
            return false;
        }
        self.s.saw_polka = true;
        let round = self.s.round;
        self.s.promise.valid = Some((round, Arc::clone(&block)));
        let locks = self.s.phase == Phase::Prevote;
        if locks {
            self.s.promise.locked = Some((round, block));
        }
        let locked = self.s.locked().map_or(id, |(_, locked)| locked);
        self.s.promise.grounds = self.s.rounds.prevotes_for(&[id, locked]);
        if locks {
            self.cast(VoteKind::Precommit, (Some(id), None));
        } else {
            self.save();
        }
        true
    }

    /// Line 44: a quorum prevoted nil.
    fn precommit_nil(&mut self) -> bool {
        if !self.s.begun || self.s.phase != Phase::Prevote {
            return false;
        }
        let heard = self.s.rounds.get(self.s.round);
        if !heard.is_some_and(|heard| heard.is_nil(self.quorum())) {
            return false;
        }
        self.cast(VoteKind::Precommit, (None, None));
        true
    }

    /// Lines 34 and 47: a quorum voted, though maybe not for one value; those that are missing get
    /// a last chance.
    fn arm_waits(&mut self) -> bool {
        if !self.s.begun {
            return false;
        }
        let quorum = self.quorum();
        let Some(heard) = self.s.rounds.get(self.s.round) else { return false };
        let prevotes = heard.has_quorum(VoteKind::Prevote, quorum);
        let precommits = heard.has_quorum(VoteKind::Precommit, quorum);
        if prevotes && self.s.phase == Phase::Prevote && !self.s.waits_prevotes {
            self.s.waits_prevotes = true;
            self.out.arm(Timer::Prevote, self.t.wait(self.s.round));
        }
        if precommits && !self.s.waits_precommits {
            self.s.waits_precommits = true;
            self.out.arm(Timer::Precommit, self.t.wait(self.s.round));
        }
        false
    }

    /// Line 49: a quorum precommitted one value in one round, whichever: it is decided.
    fn decide(&mut self) -> bool {
        let quorum = self.quorum();
        let mut found = None;
        for (round, heard) in self.s.rounds.iter() {
            let Some((id, votes)) = heard.committed(quorum) else { continue };
            let Some(block) = self.s.rounds.block(id) else { continue };
            found = Some((round, Arc::clone(block), votes));
            break;
        }
        let Some((round, block, votes)) = found else { return false };
        self.is_valid(&block) && self.adopt(Arc::new(Commit { block, round, votes }))
    }

    /// Adopts a decision of this height whose proof was checked, answers, and goes on with the next
    /// height (lines 50 to 54).
    pub(super) fn adopt(&mut self, commit: Arc<Commit>) -> bool {
        for vote in &*commit.votes {
            self.compare_any(vote);
        }
        let votes = self.s.rounds.all_votes();
        self.out.save(Delta::Decided(Arc::clone(&commit)));
        self.execute(&commit.block);
        self.s.pool.settle(&commit.block, &self.s.store);
        self.s.chain.push_back(Decided { commit, votes });
        self.next_height();
        true
    }

    /// Applies a block; every validator answers, and the client believes `f + 1` of them.
    fn execute(&mut self, block: &Block) {
        let (out, slots, epoch) = (&mut *self.out, &mut self.s.slots, block.height());
        block.execute(&mut self.s.store, |call, applied| {
            *slots += 1;
            let entry = Slot { epoch, value: call.key() };
            out.note(Note::Decided { slot: *slots, entry });
            if let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = applied {
                out.answer(call, outcome);
            }
        });
    }

    /// Goes on with the next height: at once where there is something to propose or somebody has
    /// begun, else when there is.
    fn next_height(&mut self) {
        let height = self.s.height();
        self.s.promise = Promise { height, ..Promise::default() };
        self.s.rounds.clear();
        self.s.ahead.clear();
        (self.s.begun, self.s.round, self.s.phase) = (false, 0, Phase::Propose);
        self.s.resends = false;
        for timer in [Timer::Propose, Timer::Prevote, Timer::Precommit, Timer::Resend] {
            self.out.disarm(timer);
        }
        self.take_early();
        if !self.s.begun {
            self.set_role();
        }
        if !self.s.pool.is_empty() {
            self.begin();
        }
        if self.is_behind() {
            self.watch();
        }
    }

    /// Line 55: `f + 1` have been heard in later rounds, so at least one honest validator is there.
    fn skip_rounds(&mut self) -> bool {
        let later = reached(&self.s.ahead, bears(self.t.nodes) + 1);
        let Some(round) = later.filter(|round| self.s.begun && *round > self.s.round) else {
            return false;
        };
        self.start_round(round);
        true
    }

    /// Lines 57 to 67: time is up.
    pub(super) fn timeout(&mut self, timer: Timer) {
        match timer {
            Timer::Propose if self.s.phase == Phase::Propose => {
                self.cast(VoteKind::Prevote, (None, None));
            }
            Timer::Prevote if self.s.phase == Phase::Prevote => {
                self.cast(VoteKind::Precommit, (None, None));
            }
            Timer::Precommit => self.start_round(self.s.round.saturating_add(1)),
            Timer::Resend => self.resend(),
            _ => {}
        }
    }

    /// `valid(v)`: the block stands on this chain and asks for what may be asked.
    pub(super) fn is_valid(&self, block: &Block) -> bool {
        block.parent() == self.s.tip() && block.is_valid(&self.s.store)
    }

    /// Accuses a validator, once: what it signed cannot have been signed by an honest one.
    pub(super) fn accuse(&mut self, culprit: u16, height: u64, proof: &'static str) {
        if self.s.accused.insert(culprit) {
            let culprit = Address::Node(culprit);
            self.out.note(Note::Accuses { culprit, slot: height, proof });
        }
    }
}
