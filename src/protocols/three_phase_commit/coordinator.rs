//! The coordinator: asks for votes, spreads that all said YES, decides.

use std::collections::BTreeSet;

use super::message::Message;
use super::{Delta, Drive, Step, Timer};
use crate::protocols::atomic::{ACTIVE_MAX, Known, Write, is_served, turn};
use crate::sim::{Address, CallId, Note, Op, Outcome};

impl Step<'_> {
    /// Takes a client's call: begins a transaction for a write, sends a read on to a participant.
    pub(super) fn called(&mut self, call: CallId, op: Op) {
        let Op::Write { key, value } = op else {
            let to = self.p.participants().nth(turn(call, self.p.count()));
            return self.out.answer(call, Outcome::Redirect(to.map(Address::Node)));
        };
        let known = self.s.told.of(CallId { attempt: 0, ..call });
        if known != Known::Nothing && (self.p.spec.idempotency || call.attempt <= 1) {
            self.out.note(Note::Contained { by: "request id", from: call.client });
            return match known {
                Known::Committed => self.out.answer(call, Outcome::Written),
                Known::Aborted => self.out.answer(call, Outcome::Refused),
                Known::Forgotten | Known::Nothing => {}
            };
        }
        // One attempt at a time. One of an earlier life may have committed without this node, so
        // that the next must wait until it is known what became of it.
        let attempts = CallId { attempt: 0, ..call }..=CallId { attempt: u16::MAX, ..call };
        let open = self.s.drives.range(attempts.clone()).next().is_some()
            || self.s.recovering.range(attempts).next().is_some();
        if open || self.s.drives.len() >= ACTIVE_MAX || !is_served(call) {
            return;
        }
        self.begin(call, Write { key, value });
    }

    /// Phase one. That it began is on the disk first: unlike in two-phase commit, participants may
    /// come to an end without the coordinator, and it must know that there is something to ask for.
    fn begin(&mut self, t: CallId, write: Write) {
        self.s.drives.insert(t, Drive::Voting(BTreeSet::new()));
        self.out.note(Note::TransactionBegan { transaction: t, participants: self.p.count() });
        self.out.save(Delta::Begin(t));
        for node in self.p.participants() {
            self.send(node, Message::Prepare(t, write));
        }
        self.out.arm(Timer::Votes(t), self.p.spec.vote_timeout.0.clone());
    }

    /// Counts a vote. One NO aborts; when all said YES, all are told so.
    pub(super) fn voted(&mut self, node: u16, t: CallId, yes: bool) {
        let count = usize::from(self.p.count());
        let Some(Drive::Voting(voters)) = self.s.drives.get_mut(&t) else {
            return self.decision_asked(node, t);
        };
        if !yes {
            return self.decide(t, false, Some(node));
        }
        voters.insert(node);
        if voters.len() < count {
            return;
        }
        self.s.drives.insert(t, Drive::PreCommitting(BTreeSet::new()));
        self.out.disarm(Timer::Votes(t));
        for node in self.p.participants() {
            self.send(node, Message::PreCommit(t, 0));
        }
        self.out.arm(Timer::PreAcks(t), self.p.spec.reply_timeout.0.clone());
    }

    /// Nobody has been told that all said YES, so nobody can have committed.
    pub(super) fn votes_missing(&mut self, t: CallId) {
        let Some(Drive::Voting(voters)) = self.s.drives.get(&t).cloned() else { return };
        self.suspect_all_but(&voters);
        self.decide(t, false, None);
    }

    /// Once everybody knows that all said YES, it commits.
    pub(super) fn pre_acknowledged(&mut self, node: u16, t: CallId) {
        let Some(Drive::PreCommitting(known)) = self.s.drives.get_mut(&t) else { return };
        known.insert(node);
        if known.len() == usize::from(self.p.count()) {
            self.decide(t, true, None);
        }
    }

    /// Who is silent has stopped, by what the protocol takes for granted. It will ask when it comes
    /// back; the others need not wait for it.
    pub(super) fn pre_acks_missing(&mut self, t: CallId) {
        let Some(Drive::PreCommitting(known)) = self.s.drives.get(&t).cloned() else { return };
        self.suspect_all_but(&known);
        self.decide(t, true, None);
    }

    fn suspect_all_but(&mut self, heard: &BTreeSet<u16>) {
        for node in self.p.participants().filter(|node| !heard.contains(node)) {
            if self.s.suspected.insert(Address::Node(node)) {
                self.out.note(Note::Suspects(Address::Node(node)));
            }
        }
    }

    /// Phase three.
    fn decide(&mut self, t: CallId, commit: bool, refused_by: Option<u16>) {
        self.out.disarm(Timer::Votes(t));
        self.out.disarm(Timer::PreAcks(t));
        self.learns(t, commit);
        let acked = refused_by.into_iter().collect();
        self.s.telling.insert(t, acked);
        self.tell(t);
    }

    /// Takes an outcome: its own decision, or that of who took over.
    pub(super) fn learns(&mut self, t: CallId, commit: bool) {
        let drives = self.s.drives.remove(&t).is_some();
        let came_back = self.s.recovering.remove(&t).is_some();
        self.out.disarm(Timer::Decision(t));
        if !drives && !came_back {
            let known = self.s.records.outcomes.of(t);
            if matches!((known, commit), (Known::Aborted, true) | (Known::Committed, false)) {
                self.out.note(Note::Other("outcomes differ", [t.key(), u64::from(commit)]));
            }
            return;
        }
        self.out.disarm(Timer::Votes(t));
        self.out.disarm(Timer::PreAcks(t));
        self.s.records.outcomes.remember(t, commit);
        self.s.told.remember(CallId { attempt: 0, ..t }, commit);
        let ticket = self.out.save(Delta::Decide(t, commit));
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit });
        let outcome = if commit { Outcome::Written } else { Outcome::Refused };
        self.out.answer(t, outcome);
    }

    /// Tells the outcome to who has not acknowledged it; without acknowledgements once.
    pub(super) fn tell(&mut self, t: CallId) {
        let commit = match self.s.records.outcomes.of(t) {
            Known::Committed => true,
            Known::Aborted => false,
            Known::Forgotten | Known::Nothing => return,
        };
        let Some(acked) = self.s.telling.get(&t) else { return };
        for node in self.p.participants().filter(|node| !acked.contains(node)) {
            self.out.send(Address::Node(node), Message::Outcome(t, commit));
        }
        if self.p.spec.acks {
            self.out.arm(Timer::Acks(t), self.p.spec.reply_timeout.0.clone());
        } else {
            self.s.telling.remove(&t);
        }
    }

    pub(super) fn acknowledged(&mut self, node: u16, t: CallId) {
        let Some(acked) = self.s.telling.get_mut(&t) else { return };
        acked.insert(node);
        if acked.len() == usize::from(self.p.count()) {
            self.s.telling.remove(&t);
            self.out.disarm(Timer::Acks(t));
        }
    }

    /// Somebody has taken over: the coordinator tells what it decided, or lets go and waits for
    /// what is decided without it.
    pub(super) fn deposed(&mut self, node: u16, t: CallId) {
        if self.s.drives.remove(&t).is_some() {
            self.out.disarm(Timer::Votes(t));
            self.out.disarm(Timer::PreAcks(t));
            self.s.recovering.insert(t, std::collections::BTreeMap::new());
            self.out.arm(Timer::Decision(t), self.p.spec.decision_timeout.0.clone());
        }
        match self.s.records.outcomes.of(t) {
            Known::Committed => self.send(node, Message::Outcome(t, true)),
            Known::Aborted => self.send(node, Message::Outcome(t, false)),
            Known::Forgotten | Known::Nothing => {}
        }
    }
}
