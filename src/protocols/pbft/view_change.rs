//! View changes: a primary that fails is replaced, and nothing that was decided is lost (§4.4).

use std::sync::Arc;

use crate::sim::{Address, Note, Signed};

use super::message::{Message, Phase};
use super::proof::{NewView, Opening, ViewChange};
use super::state::{Delta, Watch};
use super::step::Step;

impl Step<'_> {
    /// The view timer has run out: a request was not executed in time, or a view did not begin.
    /// The replica stops taking part in its view and asks for the next (§4.4).
    pub(super) fn lose_patience(&mut self) {
        self.s.watch = Watch::Nothing;
        let primary = Address::Node(self.pbft.primary(self.s.view));
        if self.s.suspected.insert(primary) {
            self.out.note(Note::Suspects(primary));
        }
        self.leave_for(self.s.view + 1);
        self.gather();
    }

    /// Leaves for a view, and says what may have been decided in the views before it: the last
    /// stable checkpoint, and a certificate of each request that was prepared after it (§4.4).
    fn leave_for(&mut self, view: u64) {
        (self.s.view, self.s.active) = (view, false);
        self.s.doubled = self.s.doubled.saturating_add(1);
        self.save(Delta::Leave(view));
        self.take_role();
        let change = self.own_change();
        self.tell(&Message::ViewChange(change));
    }

    /// Signs this replica's view change for the view that it waits for.
    pub(super) fn own_change(&mut self) -> Arc<Signed<ViewChange>> {
        let prepared = self.s.slots.values().filter_map(|slot| slot.prepared.clone()).collect();
        let change = ViewChange { view: self.s.view, stable: self.s.stable.clone(), prepared };
        let change = Arc::new(self.out.sign(change));
        self.s.changes.insert(self.s.me, change.clone());
        change
    }

    /// Takes in a view change, where it proves what it says. One for a view that has begun comes
    /// too late; its sender will ask where everybody is.
    pub(super) fn view_change_came(&mut self, from: Address, change: Arc<Signed<ViewChange>>) {
        let by = self.pbft.signer(&change).filter(|_| self.pbft.is_view_change(&change));
        let Some(by) = by else { return self.contained("prepared certificate", from) };
        let view = change.value().view;
        let begun = self.s.active && view <= self.s.view;
        if by != self.s.me
            && !begun
            && self.s.changes.get(&by).is_none_or(|known| known.value().view < view)
        {
            self.s.changes.insert(by, change);
            self.gather();
        }
    }

    /// Joins a view change as soon as f + 1 others are past this view, without waiting for its own
    /// timer: one of them is honest (§4.5.2). Then sees whether it may begin the view itself.
    pub(super) fn gather(&mut self) {
        loop {
            let (me, view) = (self.s.me, self.s.view);
            let others = self.s.changes.iter().filter(|(by, _)| **by != me);
            let later = others.map(|(_, change)| change.value().view).filter(|to| *to > view);
            let (count, least) = later.fold((0, u64::MAX), |(n, least), to| (n + 1, least.min(to)));
            if count < self.pbft.weak() {
                break;
            }
            self.out.note(Note::Other("joins a view change", [least, count as u64]));
            self.leave_for(least);
        }
        if !self.s.active && self.leads() {
            self.begin();
        }
    }

    /// Begins a view as its primary, once a quorum asks for it (§4.4).
    fn begin(&mut self) {
        let view = self.s.view;
        let asked = self.s.changes.values().filter(|change| change.value().view == view);
        let changes: Vec<_> = asked.cloned().collect();
        if changes.len() < self.pbft.quorum() {
            return;
        }
        let opening = Opening::of(&changes);
        let orders = opening.statements(view).map(|said| self.out.sign(said)).collect();
        let new = self.out.sign(NewView { view, changes, orders });
        self.enter(Arc::new(new), &opening);
    }

    /// Takes in a new view, where it proves that it has to begin as it does (§4.4).
    pub(super) fn new_view_came(&mut self, from: Address, new: Arc<Signed<NewView>>) {
        let view = new.value().view;
        if view < self.s.view || (view == self.s.view && self.s.active) {
            return;
        }
        match self.pbft.opening(&new) {
            Some(opening) => self.enter(new, &opening),
            None => self.contained("prepared certificate", from),
        }
    }

    /// Takes part in a view from here on. What the view orders at its beginning goes through the
    /// three phases again, and is not executed twice (§4.4).
    #[expect(clippy::needless_pass_by_value, reason = "it is kept")]
    fn enter(&mut self, new: Arc<Signed<NewView>>, opening: &Opening) {
        let view = new.value().view;
        (self.s.view, self.s.active) = (view, true);
        self.s.new_view = Some(new.clone());
        self.save(Delta::Enter(new.clone()));
        self.take_role();
        if self.leads() {
            self.tell(&Message::NewView(new.clone()));
        }
        self.s.given = opening.stable.mark.seq + opening.requests.len() as u64;
        for waiting in self.s.waiting.values_mut() {
            (waiting.ordered, waiting.late) = (false, false);
        }
        self.stabilise(opening.stable.clone());
        self.put_opening(&new, opening);
        for primary in std::mem::take(&mut self.s.suspected) {
            self.out.note(Note::Trusts(primary));
        }
        let numbers: Vec<u64> = self.s.slots.keys().copied().collect();
        for seq in numbers {
            self.accept(seq);
        }
        self.propose();
    }

    /// Puts the orders down with which a view begins. They stand against whatever a primary of
    /// that view may have sent before.
    pub(super) fn put_opening(&mut self, new: &Signed<NewView>, opening: &Opening) {
        let primary = self.pbft.primary(new.value().view);
        for (order, request) in new.value().orders.iter().zip(&opening.requests) {
            let said = order.value();
            if !self.in_window(said.seq) {
                continue;
            }
            let slot = self.slot(said.seq);
            slot.said.insert((Phase::PrePrepare, primary), *order);
            if let Some(request) = request {
                slot.requests.insert(said.digest, *request);
                self.is_ordered(request);
            }
        }
    }
}
