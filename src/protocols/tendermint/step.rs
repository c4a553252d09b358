//! One step of one validator: what comes in, and how a promise is written down before it leaves.

use crate::protocols::block::{self, bears, quorum};
use crate::protocols::kv::Applied;
use crate::sim::{Address, CallId, Event, Note, Outbox, Role, Signed};

use super::message::{Message, Proposal, Vote, VoteKind, signer};
use super::state::{Delta, Phase, State, reached};
use super::votes::{Choice, PROPOSALS_MAX};
use super::{Tendermint, Timer};

/// How many early messages of one validator are kept: what one says in a round, and a little more.
const EARLY_MAX: usize = 6;

/// A step under way.
pub(super) struct Step<'a> {
    pub t: &'a Tendermint,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Tendermint>,
}

impl Step<'_> {
    /// Takes the step.
    pub fn take(mut self, event: Event<Tendermint>) {
        match event {
            Event::Deliver { from, msg } => {
                let Some(node) = from.node().filter(|node| *node <= self.t.nodes) else { return };
                self.deliver(node, msg);
            }
            Event::Timeout(timer) => self.timeout(timer),
            Event::Request { call, .. } => self.request(call),
            Event::Saved(_) => return,
        }
        self.advance();
    }

    /// Returns how many make a quorum: more than two thirds.
    pub fn quorum(&self) -> u16 {
        quorum(self.t.nodes)
    }

    /// Takes a request in, or repeats the answer of one that took effect.
    fn request(&mut self, call: CallId) {
        match self.s.store.known(call) {
            Some(Applied::Fresh(outcome) | Applied::Duplicate(outcome)) => {
                self.out.note(Note::Contained { by: "request id", from: call.client });
                return self.out.answer(call, outcome);
            }
            Some(Applied::Forgotten) => return,
            None => {}
        }
        let request = self.out.signed_request();
        if let Some(request) = request.filter(block::is_genuine) {
            self.s.pool.insert(request);
            self.begin();
        }
    }

    /// Takes a message in. What is decided from it follows in `advance`.
    fn deliver(&mut self, from: u16, msg: Message) {
        match msg {
            Message::Propose(signed) => self.proposed(from, signed),
            Message::Vote(signed) => self.voted(from, signed),
            Message::Status { height, round } => self.asked(from, height, round),
            Message::Known { proposals, votes } => {
                proposals.iter().for_each(|signed| self.proposed(from, signed.clone()));
                votes.iter().for_each(|signed| self.voted(from, *signed));
            }
            Message::Decisions(commits) => self.taught(from, &commits),
            Message::Testimony { commit, votes } => self.testified(from, &commit, &votes),
            Message::Garbled => {
                let from = Address::Node(from);
                self.out.note(Note::Contained { by: "signature", from });
            }
        }
    }

    /// Hears a proposal: only of the round's proposer, whoever brings it.
    fn proposed(&mut self, from: u16, signed: Signed<Proposal>) {
        let proposal = signed.value();
        let (height, round) = (proposal.height, proposal.round);
        let by = self.t.proposer(height, round);
        if signer(&signed, self.t.nodes) != Some(by) || proposal.block.height() != height {
            return;
        }
        if height != self.s.height() {
            return self.elsewhere(from, by, height, Message::Propose(signed));
        }
        if proposal.block.parent() != self.s.tip() {
            return self.other_chain(from);
        }
        self.begin();
        if !self.hears(by, round) {
            return;
        }
        let valid = self.s.valid_round();
        let heard = self.s.rounds.open(round, valid);
        if heard.proposals.contains(&signed) {
            return;
        }
        let second = heard.proposals.len() == 1;
        if heard.proposals.len() < PROPOSALS_MAX {
            heard.proposals.push(signed);
        }
        if second {
            self.accuse(by, height, "two proposals of one round");
        }
    }

    /// Hears a vote, whoever brings it.
    fn voted(&mut self, from: u16, signed: Signed<Vote>) {
        let vote = *signed.value();
        let Some(by) = signer(&signed, self.t.nodes) else { return };
        if vote.height != self.s.height() {
            return self.elsewhere(from, by, vote.height, Message::Vote(signed));
        }
        self.begin();
        self.compare(by, &signed);
        if self.hears(by, vote.round) {
            let valid = self.s.valid_round();
            let known = vote.block.is_none_or(|id| self.s.rounds.block(id).is_some());
            self.s.rounds.open(vote.round, valid).add(by, signed, known);
        }
    }

    /// Returns whether what a validator says of a round is kept. Of rounds far ahead only its
    /// latest is: that is enough to follow, and a liar fills no memory.
    fn hears(&mut self, by: u16, round: u64) -> bool {
        let next = self.s.round.saturating_add(1);
        let latest = self.s.ahead.get(&by).copied().unwrap_or(0);
        if round > latest {
            self.s.ahead.insert(by, round);
            if latest > next {
                self.s.rounds.forget(latest, by);
            }
        }
        round <= next || round >= latest
    }

    /// Hears something of a height that it does not work on.
    fn elsewhere(&mut self, from: u16, by: u16, height: u64, msg: Message) {
        if height < self.s.height() {
            return self.late(from, by, height, &msg);
        }
        let top = self.s.heights.entry(by).or_default();
        *top = height.max(*top);
        if height == self.s.height() + 1 {
            let kept = self.s.early.iter().filter(|(of, _)| *of == by).count();
            if kept < EARLY_MAX {
                self.s.early.push((by, msg));
            }
        }
        self.watch();
    }

    /// Takes up what came early, now that its height has come.
    pub fn take_early(&mut self) {
        for (by, msg) in std::mem::take(&mut self.s.early) {
            match msg {
                Message::Propose(signed) => self.proposed(by, signed),
                Message::Vote(signed) => self.voted(by, signed),
                _ => {}
            }
        }
    }

    /// Returns whether an honest validator is known to work on a later height.
    pub fn is_behind(&self) -> bool {
        let top = reached(&self.s.heights, bears(self.t.nodes) + 1);
        top.is_some_and(|top| top > self.s.height())
    }

    /// Begins the height, with its round 0, unless it has begun.
    pub fn begin(&mut self) {
        if !self.s.begun {
            self.s.begun = true;
            self.watch();
            self.start_round(0);
        }
    }

    /// Sends to every other validator.
    pub fn broadcast(&mut self, msg: &Message) {
        for node in (1..=self.t.nodes).filter(|node| *node != self.s.me) {
            self.out.send(Address::Node(node), msg.clone());
        }
    }

    /// Writes down what it promised. What is sent after this leaves only once the disk has it: a
    /// vote that a crash could unsay might be given twice.
    pub fn save(&mut self) {
        self.out.save(Delta::Promise(self.s.promise.clone()));
    }

    /// Notes that it is its turn to propose, or no longer.
    pub fn set_role(&mut self) {
        let proposes = self.t.proposer(self.s.height(), self.s.round) == self.s.me;
        let role = if proposes { Role::Proposer } else { Role::Validator };
        self.out.note(Note::Role { role, epoch: self.s.height() });
    }

    /// Casts its vote of a kind in its round, for good.
    pub fn cast(&mut self, kind: VoteKind, (block, reason): Choice) {
        let (height, round) = (self.s.height(), self.s.round);
        let promise = &mut self.s.promise;
        if promise.round != round {
            (promise.prevote, promise.precommit, promise.proposed) = (None, None, false);
        }
        (promise.height, promise.round) = (height, round);
        let (place, phase) = match kind {
            VoteKind::Prevote => (&mut promise.prevote, Phase::Prevote),
            VoteKind::Precommit => (&mut promise.precommit, Phase::Precommit),
        };
        (*place, promise.phase) = (Some((block, reason)), phase);
        self.s.phase = self.s.promise.phase;
        self.save();
        let signed = self.out.sign(Vote { kind, height, round, block, reason });
        self.broadcast(&Message::Vote(signed));
        let (me, valid) = (self.s.me, self.s.valid_round());
        self.s.rounds.open(round, valid).add(me, signed, true);
        let stale = match kind {
            VoteKind::Prevote => Timer::Propose,
            VoteKind::Precommit => Timer::Prevote,
        };
        self.out.disarm(stale);
    }
}

/// Coming up.
impl Step<'_> {
    /// Goes on where an earlier life stopped: what it promised still binds it, and what it said it
    /// says again.
    pub fn come_up(&mut self) {
        let promise = self.s.promise.clone();
        let (height, round) = (promise.height, promise.round);
        let valid = self.s.valid_round();
        for vote in &*promise.grounds {
            let by = vote.by().node().unwrap_or_default();
            self.s.rounds.open(vote.value().round, valid).add(by, *vote, true);
        }
        if promise.proposed || promise.prevote.is_some() || promise.precommit.is_some() {
            self.s.begun = true;
            self.start_round(round);
            self.s.phase = promise.phase;
            let votes =
                [(VoteKind::Prevote, promise.prevote), (VoteKind::Precommit, promise.precommit)];
            for (kind, choice) in votes {
                let Some((block, reason)) = choice else { continue };
                let signed = self.out.sign(Vote { kind, height, round, block, reason });
                self.s.rounds.open(round, valid).add(self.s.me, signed, true);
            }
        } else {
            self.set_role();
        }
        // Who comes up asks where the others are.
        self.watch();
    }
}
