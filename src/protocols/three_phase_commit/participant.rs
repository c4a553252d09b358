//! A participant: votes, waits, learns.

use super::message::Message;
use super::{Ballot, Delta, Step, Timer};
use crate::protocols::atomic::{Change, Known, PREPARED_MAX, Phase, Write, is_served};
use crate::sim::{CallId, Note, Span, Ticket};

impl Step<'_> {
    /// Votes. Either vote is on the disk before it leaves.
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
        let full = self.s.records.prepared.len() >= PREPARED_MAX;
        if full || self.s.locks.holder(write.key).is_some() {
            let ticket = self.change(Change::Settle(t, false, false));
            self.s.unsaid.once(ticket, Note::TransactionVoted { transaction: t, yes: false });
            self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit: false });
            return self.out.send(coordinator, Message::Vote(t, false));
        }
        self.s.locks.lock(write.key, t);
        let ticket = self.change(Change::Prepare(t, write));
        self.s.unsaid.once(ticket, Note::TransactionVoted { transaction: t, yes: true });
        self.out.send(coordinator, Message::Vote(t, true));
        self.wait_on(t);
    }

    pub(super) fn change(&mut self, change: Change) -> Ticket {
        self.s.records.take(&change);
        self.out.save(Delta::Records(change))
    }

    /// Waits for who drives the transaction, a turn longer than the participant before.
    pub(super) fn wait_on(&mut self, t: CallId) {
        let turns = u64::from(self.rank());
        let longer = Span(self.p.spec.turn.0.saturating_mul(turns));
        let base = &self.p.spec.decision_timeout.0;
        self.out.arm(Timer::Decision(t), *base.start() + longer..=*base.end() + longer);
    }

    /// Returns the place of this participant among them, from 0.
    pub(super) fn rank(&self) -> u16 {
        let me = self.s.me;
        self.p.participants().take_while(|node| *node < me).count() as u16
    }

    /// Learns that everybody voted YES, unless a later turn has begun or it has just come back.
    pub(super) fn pre_committed(&mut self, node: u16, t: CallId, ballot: Ballot) {
        if ballot == 0 && !self.p.coordinates(node) {
            return; // Only the coordinator drives in the first turn.
        }
        let Some(prepared) = self.s.records.prepared.get(&t).copied() else {
            return self.decision_asked(node, t);
        };
        let obeyed = self.s.obeyed.get(&t).copied().unwrap_or(0);
        if ballot < obeyed || self.s.recovering.contains_key(&t) {
            return;
        }
        self.obey(t, ballot);
        if prepared.phase == Phase::Voted {
            self.change(Change::PreCommit(t));
        }
        self.send(node, Message::PreAck(t, ballot));
        self.wait_on(t);
    }

    /// Obeys a turn: what this one has taken over in an earlier one it lets go.
    pub(super) fn obey(&mut self, t: CallId, ballot: Ballot) {
        self.s.obeyed.insert(t, ballot);
        if self.s.leads.get(&t).is_some_and(|lead| lead.ballot < ballot) {
            self.s.leads.remove(&t);
            self.out.disarm(Timer::States(t));
        }
    }

    /// Learns the outcome.
    pub(super) fn told_outcome(&mut self, node: u16, t: CallId, commit: bool) {
        if self.s.records.prepared.contains_key(&t) {
            let led = self.s.leads.remove(&t).is_some();
            self.settle(t, commit);
            if led {
                self.broadcast(t, commit);
            }
        } else {
            let known = self.s.records.outcomes.of(t);
            if matches!((known, commit), (Known::Aborted, true) | (Known::Committed, false)) {
                self.out.note(Note::Other("outcomes differ", [t.key(), u64::from(commit)]));
            }
        }
        if self.p.spec.acks && self.p.coordinates(node) {
            self.send(node, Message::Ack(t));
        }
    }

    pub(super) fn settle(&mut self, t: CallId, commit: bool) {
        let once = self.p.spec.idempotency;
        let change = Change::Settle(t, commit, once);
        let written = self.s.records.take(&change);
        let ticket = self.out.save(Delta::Records(change));
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit });
        self.s.obeyed.remove(&t);
        self.s.recovering.remove(&t);
        self.out.disarm(Timer::Decision(t));
        self.out.disarm(Timer::States(t));
        if let Some(write) = written {
            self.s.locks.unlock(write.key, &self.s.records.store, self.out);
        }
    }
}
