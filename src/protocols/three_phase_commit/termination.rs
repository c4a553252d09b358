//! Termination: taking over where the coordinator fell silent, and asking after coming back.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Condition, Message};
use super::{Ballot, Lead, Step, Timer};
use crate::protocols::atomic::{Change, Known, Phase, is_served};
use crate::sim::{Address, CallId, Note};

impl Step<'_> {
    /// Nothing came for too long: who has been up all the while takes over, who came back asks.
    pub(super) fn silence(&mut self, t: CallId) {
        if self.s.recovering.contains_key(&t) {
            return self.ask_everybody(t);
        }
        if self.s.records.prepared.contains_key(&t) {
            self.take_over(t);
        }
    }

    /// Begins the next turn that is this participant's.
    fn take_over(&mut self, t: CallId) {
        let (count, rank) = (Ballot::from(self.p.count()), Ballot::from(self.rank()));
        let obeyed = self.s.obeyed.get(&t).copied().unwrap_or(0);
        let round = obeyed.saturating_sub(1).checked_div(count).unwrap_or(0);
        let mut ballot = round.saturating_mul(count).saturating_add(rank + 1);
        if ballot <= obeyed {
            ballot = ballot.saturating_add(count);
        }
        self.out.note(Note::Other("takes over", [t.key(), u64::from(ballot)]));
        self.s.obeyed.insert(t, ballot);
        self.s.leads.insert(t, Lead { ballot, states: BTreeMap::new(), spread: None });
        let me = self.s.me;
        for node in (1..=self.p.nodes).filter(|node| *node != me) {
            self.send(node, Message::StateRequest(t, ballot));
        }
        self.out.arm(Timer::States(t), self.p.spec.reply_timeout.0.clone());
        self.wait_on(t);
        self.states_may_be_in(t);
    }

    /// Tells who took over how it stands. Who has not voted aborts: nothing can commit without it.
    pub(super) fn state_asked(&mut self, node: u16, t: CallId, ballot: Ballot) {
        let Some(prepared) = self.s.records.prepared.get(&t).copied() else {
            return self.decision_asked(node, t);
        };
        if self.s.recovering.contains_key(&t) {
            let condition = Condition::Recovering(prepared.phase);
            return self.send(node, Message::StateReply(t, ballot, condition));
        }
        if ballot < self.s.obeyed.get(&t).copied().unwrap_or(0) {
            return;
        }
        self.obey(t, ballot);
        let condition = Condition::Operational(prepared.phase);
        self.send(node, Message::StateReply(t, ballot, condition));
        self.wait_on(t);
    }

    pub(super) fn state_told(
        &mut self,
        node: u16,
        t: CallId,
        ballot: Ballot,
        condition: Condition,
    ) {
        let Some(lead) = self.s.leads.get_mut(&t) else { return };
        if lead.ballot == ballot && lead.spread.is_none() {
            lead.states.insert(node, condition);
            self.states_may_be_in(t);
        }
    }

    /// Goes on as soon as every other participant has answered.
    fn states_may_be_in(&mut self, t: CallId) {
        let all = usize::from(self.p.count()) - 1;
        if self.s.leads.get(&t).is_some_and(|lead| lead.states.len() >= all) {
            self.terminate(t);
        }
    }

    /// Decides by how those stand who are left (Skeen's rule). Also what happens when those whom it
    /// told to pre-commit do not all answer: they have stopped.
    pub(super) fn terminate(&mut self, t: CallId) {
        let (Some(lead), Some(prepared)) =
            (self.s.leads.get(&t), self.s.records.prepared.get(&t).copied())
        else {
            return;
        };
        if lead.spread.is_some() {
            return self.conclude(t, true);
        }
        let pre_committed = Condition::Operational(Phase::PreCommitted);
        let some = prepared.phase == Phase::PreCommitted
            || lead.states.values().any(|state| *state == pre_committed);
        if !some {
            return self.conclude(t, false);
        }
        let ballot = lead.ballot;
        let voted = Condition::Operational(Phase::Voted);
        let behind: Vec<u16> =
            lead.states.iter().filter(|(_, s)| **s == voted).map(|(node, _)| *node).collect();
        if prepared.phase == Phase::Voted {
            self.change(Change::PreCommit(t));
        }
        if behind.is_empty() {
            return self.conclude(t, true);
        }
        if let Some(lead) = self.s.leads.get_mut(&t) {
            // Awaited are those who were behind.
            lead.spread = Some(behind.iter().copied().collect::<BTreeSet<u16>>());
        }
        for node in behind {
            self.send(node, Message::PreCommit(t, ballot));
        }
        self.out.arm(Timer::States(t), self.p.spec.reply_timeout.0.clone());
        self.wait_on(t);
    }

    pub(super) fn spread_acknowledged(&mut self, node: u16, t: CallId, ballot: Ballot) {
        let Some(lead) = self.s.leads.get_mut(&t).filter(|lead| lead.ballot == ballot) else {
            return;
        };
        let Some(awaited) = &mut lead.spread else { return };
        awaited.remove(&node);
        if awaited.is_empty() {
            self.conclude(t, true);
        }
    }

    fn conclude(&mut self, t: CallId, commit: bool) {
        self.s.leads.remove(&t);
        self.settle(t, commit);
        self.broadcast(t, commit);
    }

    pub(super) fn broadcast(&mut self, t: CallId, commit: bool) {
        let me = self.s.me;
        for node in (1..=self.p.nodes).filter(|node| *node != me) {
            self.send(node, Message::Outcome(t, commit));
        }
    }

    /// Comes back in doubt of what its log says was not decided, and asks.
    pub(super) fn recovers(&mut self) {
        let doubts: Vec<CallId> = self.s.recovering.keys().copied().collect();
        for t in doubts {
            if self.s.records.prepared.contains_key(&t) {
                self.out.note(Note::TransactionVoted { transaction: t, yes: true });
            }
            self.ask_everybody(t);
        }
    }

    fn ask_everybody(&mut self, t: CallId) {
        if let Some(heard) = self.s.recovering.get_mut(&t) {
            heard.clear();
        }
        let me = self.s.me;
        for node in (1..=self.p.nodes).filter(|node| *node != me) {
            self.send(node, Message::DecisionRequest(t));
        }
        self.out.arm(Timer::Decision(t), self.p.spec.decision_timeout.0.clone());
    }

    /// Tells who came back what became of a transaction. Who has been up and is in doubt says
    /// nothing: it, or another of those, will decide. Who has not voted aborts.
    pub(super) fn decision_asked(&mut self, node: u16, t: CallId) {
        match self.s.records.outcomes.of(t) {
            Known::Committed => return self.send(node, Message::Outcome(t, true)),
            Known::Aborted => return self.send(node, Message::Outcome(t, false)),
            Known::Forgotten => return,
            Known::Nothing => {}
        }
        if self.s.recovering.contains_key(&t) {
            let phase = self.s.records.prepared.get(&t).map(|prepared| prepared.phase);
            return self.send(node, Message::StillInDoubt(t, phase.unwrap_or_default()));
        }
        let open = self.s.records.prepared.contains_key(&t) || self.s.drives.contains_key(&t);
        if open || self.p.coordinates(self.s.me) || !is_served(t) {
            return;
        }
        let ticket = self.change(Change::Settle(t, false, false));
        self.s.unsaid.once(ticket, Note::TransactionEnded { transaction: t, commit: false });
        self.send(node, Message::Outcome(t, false));
    }

    /// If everybody has come back so, nobody is left who knows more, and the logs decide.
    pub(super) fn also_came_back(&mut self, node: u16, t: CallId, phase: Phase) {
        let Some(heard) = self.s.recovering.get_mut(&t) else { return };
        heard.insert(node, phase);
        if heard.len() + 1 < usize::from(self.p.nodes) {
            return;
        }
        let Some(prepared) = self.s.records.prepared.get(&t) else { return };
        // The coordinator stands next to its participants; only theirs counts.
        let coordinator = self.p.spec.coordinator;
        let theirs = heard.iter().filter(|(node, _)| Address::Node(**node) != coordinator);
        let commit = prepared.phase == Phase::PreCommitted
            || theirs.into_iter().any(|(_, phase)| *phase == Phase::PreCommitted);
        self.settle(t, commit);
        self.broadcast(t, commit);
    }
}
