//! A participant: votes, waits in doubt, asks.

use super::atomic::{CLIENTS_MAX, Change, Known, PREPARED_MAX, Write, is_served};
use super::message::Message;
use super::{Delta, Step, Timer};
use crate::sim::{Address, CallId, Note};

impl Step<'_> {
    /// Votes. YES is a promise and on the disk before it leaves; so is NO, since who has aborted
    /// must not vote YES when the question comes again.
    pub(super) fn prepare_asked(&mut self, t: CallId, write: Write) {
        let coordinator = self.p.spec.coordinator;
        if self.s.records.prepared.contains_key(&t) {
            return self.out.send(coordinator, Message::Vote(t, true));
        }
        match self.s.records.outcomes.of(t) {
            Known::Committed => return self.out.send(coordinator, Message::Ack(t)),
            Known::Aborted | Known::Forgotten => {
                return self.out.send(coordinator, Message::Vote(t, false));
            }
            Known::Nothing => {}
        }
        if !is_served(t) {
            return;
        }
        if self.s.locks.holder(write.key).is_some() || self.is_full() || self.refuses(t) {
            return self.vote_no(t);
        }
        self.s.locks.lock(write.key, t);
        let ticket = self.change(Change::Prepare(t, write));
        self.s.unsaid.once(ticket, Note::TransactionVoted { transaction: t, yes: true });
        self.out.send(coordinator, Message::Vote(t, true));
        self.out.arm(Timer::Decision(t), self.p.spec.decision_timeout.0.clone());
    }

    fn is_full(&self) -> bool {
        self.s.records.prepared.len() >= PREPARED_MAX
    }

    /// A reason of its own to vote NO, which tests and lessons set.
    fn refuses(&self, t: CallId) -> bool {
        let every = self.p.spec.refuses;
        every > 0 && t.serial % every == u32::from(self.s.me) % every
    }

    fn vote_no(&mut self, t: CallId) {
        let ticket = self.change(Change::Settle(t, false, false));
        self.s.unsaid.once(ticket, Note::TransactionVoted { transaction: t, yes: false });
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit: false });
        self.out.send(self.p.spec.coordinator, Message::Vote(t, false));
    }

    fn change(&mut self, change: Change) -> crate::sim::Ticket {
        self.s.records.take(&change);
        self.out.save(Delta::Records(change))
    }

    /// Learns the outcome, from the coordinator or from a peer that was asked.
    pub(super) fn told_outcome(&mut self, t: CallId, commit: bool, from: u16) {
        if !self.p.coordinates(from) && !self.p.spec.cooperative {
            return;
        }
        if self.s.records.prepared.contains_key(&t) {
            self.settle(t, commit);
        } else {
            let known = self.s.records.outcomes.of(t);
            if matches!((known, commit), (Known::Aborted, true) | (Known::Committed, false)) {
                // It has decided otherwise, and may not reverse that (AC2). Somebody guessed, lied
                // or forgot; nothing that the protocol knows can repair it.
                self.out.note(Note::Other("outcomes differ", [t.key(), u64::from(commit)]));
            }
        }
        // Also what it knew before: the first acknowledgement may have been lost.
        if commit && self.p.spec.acks && self.p.coordinates(from) {
            self.out.send(self.p.spec.coordinator, Message::Ack(t));
        }
    }

    fn settle(&mut self, t: CallId, commit: bool) {
        let once = self.p.spec.idempotency;
        let change = Change::Settle(t, commit, once);
        let written = self.s.records.take(&change);
        let ticket = self.out.save(Delta::Records(change));
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit });
        self.s.asked.remove(&t);
        self.out.disarm(Timer::Decision(t));
        if let Some(write) = written {
            self.s.locks.unlock(write.key, &self.s.records.store, self.out);
        }
    }

    /// Asks the coordinator, and its peers where termination is cooperative; an operator who has
    /// lost patience commits instead.
    pub(super) fn still_in_doubt(&mut self, t: CallId) {
        if !self.s.records.prepared.contains_key(&t) {
            return;
        }
        let asked = self.s.asked.entry(t).or_insert(0);
        *asked = asked.saturating_add(1);
        let spec = &self.p.spec;
        let mine = spec.heuristic_by.is_none_or(|who| who == Address::Node(self.s.me));
        if spec.heuristic && mine && *asked > spec.heuristic_asks {
            self.out.note(Note::Other("commits heuristically", [t.key(), 0]));
            return self.settle(t, true);
        }
        self.ask(t);
    }

    fn ask(&mut self, t: CallId) {
        self.out.send(self.p.spec.coordinator, Message::DecisionRequest(t));
        if self.p.spec.cooperative {
            let me = self.s.me;
            for node in self.p.participants().filter(|node| *node != me) {
                self.send(node, Message::DecisionRequest(t));
            }
        }
        self.out.arm(Timer::Decision(t), self.p.spec.decision_timeout.0.clone());
    }

    /// Helps a peer in doubt. Who has not voted aborts, so that the peer may: nothing can commit
    /// without its vote. That is a promise, and on the disk before it leaves.
    pub(super) fn peer_asks(&mut self, node: u16, t: CallId) {
        let answer = match self.s.records.outcomes.of(t) {
            Known::Committed => Message::Outcome(t, true),
            Known::Aborted => Message::Outcome(t, false),
            Known::Forgotten => Message::Uncertain(t),
            Known::Nothing if self.s.records.prepared.contains_key(&t) => Message::Uncertain(t),
            Known::Nothing if !is_served(t) => return,
            Known::Nothing => {
                let ticket = self.change(Change::Settle(t, false, false));
                let ended = Note::TransactionEnded { transaction: t, commit: false };
                self.s.unsaid.once(ticket, ended);
                Message::Outcome(t, false)
            }
        };
        self.send(node, answer);
    }

    /// Comes back bound by what its log says it promised, and asks at once.
    pub(super) fn participant_recovers(&mut self) {
        let doubts: Vec<CallId> = self.s.records.prepared.keys().copied().collect();
        for t in doubts {
            self.out.note(Note::TransactionVoted { transaction: t, yes: true });
            self.ask(t);
        }
    }
}

const _: () = assert!(PREPARED_MAX > CLIENTS_MAX as usize, "each client may have one in doubt");
