//! How replicas complete each other: what was lost is said again, and who is behind is brought up.
//!
//! The paper assumes that messages are sent again until they arrive (§2) and says what a replica
//! that is behind needs (§4.3, §4.4). How they find out is made here in the simplest way: who lacks
//! something says where it is, says again what it said, and is sent what it lacks. Nothing of this
//! is sent where nothing is missed.

use std::sync::Arc;

use crate::sim::Address;

use super::message::{Message, Order, Phase, Snapshot, Status};
use super::proof::Decision;
use super::state::Slot;
use super::step::Step;
use super::{DECISIONS_MAX, PUSHED_MAX, RELAYED_MAX};

impl Step<'_> {
    /// Returns whether something is to be waited for: a request, a view, a number, a state.
    pub(super) fn lacks(&self) -> bool {
        let s = &*self.s;
        !s.active
            || !s.waiting.is_empty()
            || s.executed < s.low()
            || s.diverged
            || s.behind
            || s.ahead.len() >= self.pbft.weak()
            || s.slots.range(s.executed + 1..).any(|(_, slot)| self.is_alive(slot))
    }

    /// Returns whether a number is on its way to be decided: the primary of this view ordered it,
    /// or so many speak of it that one of them is honest.
    fn is_alive(&self, slot: &Slot) -> bool {
        let view = self.s.view;
        let newer = slot.said.iter().filter(|(_, said)| said.value().view >= view);
        let mut authors: smallvec::SmallVec<[u16; 16]> = newer.map(|((_, by), _)| *by).collect();
        authors.sort_unstable();
        authors.dedup();
        slot.decided.is_some()
            || authors.len() >= self.pbft.weak()
            || slot.order(self.pbft.primary(view), view).is_some()
    }

    /// Remembers who speaks of numbers above the high watermark: with f + 1 of them, this replica
    /// is behind.
    pub(super) fn out_of_window(&mut self, by: u16, seq: u64) {
        if seq > self.high() {
            self.s.ahead.insert(by);
        }
    }

    /// The timer of completing has run out: if nothing was executed all the while, this replica
    /// says where it is, and says again what it said.
    pub(super) fn complete(&mut self) {
        let stuck = self.s.executed == self.s.executed_then;
        self.s.completing = false;
        if stuck || self.s.behind || !self.s.active {
            let status = self.status();
            self.tell(&Message::Status(status));
        }
        self.s.behind = false;
        if !self.s.active {
            let change = self.s.changes.get(&self.s.me).cloned();
            if let Some(change) = change {
                self.tell(&Message::ViewChange(change));
            }
        } else if stuck {
            self.push();
        }
        self.pass_on();
    }

    fn status(&self) -> Status {
        let s = &*self.s;
        let executed = if s.diverged { 0 } else { s.executed };
        Status { view: s.view, active: s.active, stable: s.low(), executed }
    }

    /// Says again what this replica said of the numbers that come next, and of its state.
    fn push(&mut self) {
        let (me, view) = (self.s.me, self.s.view);
        let mut again = Vec::new();
        let next = self.s.slots.range(self.s.executed + 1..).map(|(_, slot)| slot);
        for slot in next.filter(|slot| slot.decided.is_none()).take(PUSHED_MAX) {
            for (phase, by) in [Phase::PrePrepare, Phase::Prepare, Phase::Commit].map(|p| (p, me)) {
                let said = slot.said.get(&(phase, by)).filter(|said| said.value().view == view);
                let Some(said) = said.copied() else { continue };
                let request = slot.request(said.value().digest).flatten();
                again.push(match (phase, request) {
                    // What a view began with came with the new view, null requests and all.
                    (Phase::PrePrepare, None) => continue,
                    (Phase::PrePrepare, request) => Message::PrePrepare(Order { said, request }),
                    _ => Message::Vote(said),
                });
            }
        }
        let marks = self.s.marks.get(&me).into_iter().flatten();
        again.extend(marks.map(|mark| Message::Checkpoint(*mark)));
        again.iter().for_each(|msg| self.tell(msg));
    }

    /// Passes the requests on again that the primary has not ordered for a whole round.
    fn pass_on(&mut self) {
        let passes = self.s.active && !self.leads();
        let primary = self.pbft.primary(self.s.view);
        let late = self.s.waiting.values().filter(|w| passes && w.late && !w.ordered);
        let late: Vec<_> = late.map(|waiting| waiting.request).take(RELAYED_MAX).collect();
        for request in late {
            self.send(primary, Message::Request(request));
        }
        self.s.waiting.values_mut().for_each(|waiting| waiting.late = true);
    }

    /// Sends another replica what it lacks and this one has: the view, the checkpoint, decisions.
    pub(super) fn asked(&mut self, from: u16, status: Status) {
        let theirs = (status.view, status.active);
        if let Some(new) = self.s.new_view.clone().filter(|new| (new.value().view, true) > theirs) {
            self.send(from, Message::NewView(new));
        }
        let low = self.s.low();
        let checkpoint = self.s.checkpoints.get(&low).filter(|c| c.mark == self.s.stable.mark);
        if let Some(checkpoint) = checkpoint
            && (status.stable < low || status.executed < low)
        {
            let store = (status.executed < low).then(|| checkpoint.store.clone());
            let snapshot = Snapshot { proof: self.s.stable.clone(), store };
            self.send(from, Message::State(Arc::new(snapshot)));
        }
        let after = status.executed.max(low).saturating_add(1);
        let decided = self.s.slots.range(after..).map_while(|(_, slot)| slot.decided.clone());
        let decided: Vec<_> = decided.take(DECISIONS_MAX).collect();
        for decision in decided {
            self.send(from, Message::Decision(decision));
        }
    }

    /// Takes in what is proved to be decided.
    pub(super) fn decision_came(&mut self, from: Address, decision: Arc<Decision>) {
        if !self.in_window(decision.seq) {
            return;
        }
        if !self.pbft.is_decision(&decision) {
            return self.contained("commit quorum", from);
        }
        let slot = self.slot(decision.seq);
        if slot.decided.is_none() {
            slot.decided = Some(decision);
            self.s.behind = true;
            self.execute();
        }
    }
}
