//! The coordinator: asks for votes, decides, tells, forgets.

use std::collections::BTreeSet;

use super::atomic::{ACTIVE_MAX, Known, Write, is_served, turn};
use super::message::Message;
use super::{Active, Delta, Step, Timer};
use crate::sim::{Address, CallId, Note, Op, Outcome};

impl Step<'_> {
    /// Takes a client's call: begins a transaction for a write, sends a read on to a participant.
    pub(super) fn called(&mut self, call: CallId, op: Op) {
        let Op::Write { key, value } = op else {
            let to = self.p.participants().nth(turn(call, self.p.count()));
            return self.out.answer(call, Outcome::Redirect(to.map(Address::Node)));
        };
        let once = self.p.spec.idempotency;
        match self.s.told.of(CallId { attempt: 0, ..call }) {
            Known::Nothing => {}
            _ if !once && call.attempt > 1 => {}
            known => {
                self.out.note(Note::Contained { by: "request id", from: call.client });
                return self.answer_again(call, known);
            }
        }
        // One attempt at a time: what it comes to is told to whoever waits for the call.
        if self.is_under_way(call) || self.s.active.len() >= ACTIVE_MAX || !is_served(call) {
            return;
        }
        self.begin(call, Write { key, value });
    }

    fn answer_again(&mut self, call: CallId, known: Known) {
        match known {
            Known::Committed => self.out.answer(call, Outcome::Written),
            Known::Aborted => self.out.answer(call, Outcome::Refused),
            Known::Forgotten | Known::Nothing => {}
        }
    }

    fn is_under_way(&self, call: CallId) -> bool {
        let attempts = CallId { attempt: 0, ..call }..=CallId { attempt: u16::MAX, ..call };
        self.s.active.range(attempts).next().is_some()
    }

    /// Phase one. Nothing is logged: a coordinator that forgets this transaction aborts it.
    fn begin(&mut self, t: CallId, write: Write) {
        self.s.active.insert(t, Active { write, yes: BTreeSet::new() });
        self.out.note(Note::TransactionBegan { transaction: t, participants: self.p.count() });
        for node in self.p.participants() {
            self.send(node, Message::Prepare(t, write));
        }
        self.out.arm(Timer::Votes(t), self.p.spec.vote_timeout.0.clone());
    }

    /// Counts a vote. The last YES commits, one NO aborts.
    pub(super) fn voted(&mut self, node: u16, t: CallId, yes: bool) {
        if self.s.suspected.remove(&Address::Node(node)) {
            self.out.note(Note::Trusts(Address::Node(node)));
        }
        let Some(active) = self.s.active.get_mut(&t) else {
            // Of a transaction that is not known any more: presumed abort, unless it committed.
            if yes {
                self.outcome_asked(node, t);
            }
            return;
        };
        if !yes {
            return self.abort(t, Some(node));
        }
        active.yes.insert(node);
        if active.yes.len() == usize::from(self.p.count()) {
            self.commit(t);
        }
    }

    /// A vote that does not come is as good as a NO: who sent none has promised nothing, and whose
    /// YES was lost will ask.
    pub(super) fn votes_missing(&mut self, t: CallId) {
        let Some(active) = self.s.active.get(&t) else { return };
        let silent = self.p.participants().filter(|node| !active.yes.contains(node));
        for node in silent.collect::<Vec<_>>() {
            if self.s.suspected.insert(Address::Node(node)) {
                self.out.note(Note::Suspects(Address::Node(node)));
            }
        }
        self.abort(t, None);
    }

    /// Phase two, commit. The log's write is the decision: nobody hears of it before.
    fn commit(&mut self, t: CallId) {
        self.s.active.remove(&t);
        self.out.disarm(Timer::Votes(t));
        self.s.committed.insert(t, BTreeSet::new());
        self.s.told.remember(CallId { attempt: 0, ..t }, true);
        let ticket = self.out.save(Delta::Commit(t));
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit: true });
        self.tell_commit(t);
        self.out.answer(t, Outcome::Written);
    }

    fn tell_commit(&mut self, t: CallId) {
        let Some(acked) = self.s.committed.get(&t) else { return };
        let missing = self.p.participants().filter(|node| !acked.contains(node));
        for node in missing.collect::<Vec<_>>() {
            self.send(node, Message::Outcome(t, true));
        }
        if self.p.spec.acks {
            self.out.arm(Timer::Acks(t), self.p.spec.ack_timeout.0.clone());
        }
    }

    /// Phase two, abort. It is told without waiting for the disk, and not told again: who misses
    /// it asks, and what the coordinator does not know it presumes aborted. Only the client's
    /// answer waits: a late attempt at the same call must not commit once it was refused.
    fn abort(&mut self, t: CallId, refused_by: Option<u16>) {
        self.s.active.remove(&t);
        self.out.disarm(Timer::Votes(t));
        self.out.note(Note::TransactionEnded { transaction: t, commit: false });
        for node in self.p.participants() {
            if Some(node) != refused_by {
                self.send(node, Message::Outcome(t, false));
            }
        }
        self.s.told.remember(CallId { attempt: 0, ..t }, false);
        self.out.save(Delta::Refuse(t));
        self.out.answer(t, Outcome::Refused);
    }

    /// A participant has the commit on its disk; once all have, it may be forgotten.
    pub(super) fn acknowledged(&mut self, node: u16, t: CallId) {
        let Some(acked) = self.s.committed.get_mut(&t) else { return };
        acked.insert(node);
        if acked.len() == usize::from(self.p.count()) {
            self.s.committed.remove(&t);
            self.out.disarm(Timer::Acks(t));
            self.out.save(Delta::Forget(t));
        }
    }

    pub(super) fn acks_missing(&mut self, t: CallId) {
        self.tell_commit(t);
    }

    /// Tells what became of a transaction; one that is not known is presumed to have aborted.
    pub(super) fn outcome_asked(&mut self, node: u16, t: CallId) {
        if self.s.active.contains_key(&t) {
            return; // Not decided: the outcome comes by itself.
        }
        let commit = self.s.committed.contains_key(&t);
        self.send(node, Message::Outcome(t, commit));
    }

    /// Finishes what the log says was decided. What was not has no trace, and is aborted thereby.
    pub(super) fn coordinator_recovers(&mut self) {
        if !self.p.spec.acks {
            return; // Who is still in doubt is not known, and will ask.
        }
        let decided: Vec<CallId> = self.s.committed.keys().copied().collect();
        for t in decided {
            self.tell_commit(t);
        }
    }
}
