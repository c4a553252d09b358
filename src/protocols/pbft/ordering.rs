//! The normal case: requests, the three phases, execution (§4.1, §4.2).

use std::sync::Arc;

use crate::protocols::kv::{Applied, Command};
use crate::sim::{Address, CallId, Note, Outcome, Signed, Slot as Entry};

use super::WAITING_MAX;
use super::message::{Digest, Message, Order, Phase, Request, Statement};
use super::proof::{Decision, Prepared};
use super::state::{Delta, Slot, Waiting};
use super::step::Step;

impl Step<'_> {
    /// Takes a client's call in (§4.1). A backup tells who asked it first whom to ask, which in the
    /// paper the view number in each reply does. Who asks again asks everybody, since the primary
    /// may be faulty: then a backup passes the request on, and waits for it to be executed.
    pub(super) fn called(&mut self, call: CallId) {
        let Some(request) = self.out.signed_request() else { return };
        if let Some(before) = self.s.store.known(call) {
            self.answer_again(call, before);
            return;
        }
        let primary = self.pbft.primary(self.s.view);
        if self.s.active && primary != self.s.me && call.attempt == 1 {
            self.out.answer(call, Outcome::Redirect(Some(Address::Node(primary))));
            return;
        }
        self.wait_for(request);
        if self.leads() {
            self.propose();
        } else if self.s.active && self.s.waiting.get(&call.key()).is_some_and(|w| !w.ordered) {
            self.send(primary, Message::Request(request));
        }
    }

    /// Takes in a request that a backup passed on.
    pub(super) fn passed_on(&mut self, from: Address, request: Request) {
        if !super::Pbft::is_signed_by_client(&request) {
            return self.contained("client signature", from);
        }
        let call = request.value().0;
        if let Some(before) = self.s.store.known(call) {
            self.answer_again(call, before);
        } else {
            self.wait_for(request);
            self.propose();
        }
    }

    /// Answers a call that was executed before: it takes effect once (§4.1).
    fn answer_again(&mut self, call: CallId, before: Applied) {
        self.contained("request id", call.client);
        if let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = before {
            self.out.answer(call, outcome);
        }
    }

    /// Remembers a request until it is executed.
    fn wait_for(&mut self, request: Request) {
        let key = request.value().0.key();
        let full = self.s.waiting.len() >= WAITING_MAX; // As if lost: the client asks again.
        if full || self.s.waiting.contains_key(&key) {
            return;
        }
        self.s.arrivals += 1;
        let arrival = self.s.arrivals;
        let waiting = Waiting { request, arrival, ordered: false, late: false };
        self.s.waiting.insert(key, waiting);
    }

    /// Remembers that a request has a number in this view.
    pub(super) fn is_ordered(&mut self, request: &Request) {
        if self.s.store.known(request.value().0).is_none() {
            self.wait_for(*request);
        }
        if let Some(waiting) = self.s.waiting.get_mut(&request.value().0.key()) {
            waiting.ordered = true;
        }
    }

    /// Gives the requests that wait their numbers, oldest first, as far as the high watermark
    /// (§4.2). Only the primary of a view that has begun may.
    pub(super) fn propose(&mut self) {
        if !self.s.active || !self.leads() {
            return;
        }
        let mut unordered: Vec<(u64, Request)> = self
            .s
            .waiting
            .values()
            .filter(|w| !w.ordered)
            .map(|waiting| (waiting.arrival, waiting.request))
            .collect();
        unordered.sort_unstable_by_key(|(arrival, _)| *arrival);
        for (_, request) in unordered {
            let seq = self.s.given.max(self.s.low()) + 1;
            if seq > self.high() {
                return;
            }
            self.s.given = seq;
            let (view, digest) = (self.s.view, Digest::of(Some(&request)));
            let said = self.out.sign(Statement { phase: Phase::PrePrepare, view, seq, digest });
            let order = Order { said, request: Some(request) };
            self.is_ordered(&request);
            self.save(Delta::Accepted(order));
            let me = self.s.me;
            self.put_order(me, &order);
            self.tell(&Message::PrePrepare(order));
            self.advance(seq);
        }
    }

    /// Puts an order down with its request; returns whether it is new.
    pub(super) fn put_order(&mut self, primary: u16, order: &Order) -> bool {
        let said = order.said.value();
        let slot = self.slot(said.seq);
        let new = slot.put(primary, order.said);
        if new && let Some(request) = order.request {
            slot.requests.insert(said.digest, request);
            slot.forget_requests();
        }
        new
    }

    /// Takes in a pre-prepare (§4.2): it has to be the primary's, its request the client's, its
    /// number between the watermarks, and the first of its view for that number.
    pub(super) fn pre_prepared(&mut self, from: u16, order: &Order) {
        let said = *order.said.value();
        let sender = Address::Node(from);
        if order.request.as_ref().is_some_and(|request| !super::Pbft::is_signed_by_client(request))
        {
            return self.contained("client signature", sender);
        }
        // Null requests fill gaps when a view begins, and come with what proves that (§4.4).
        let Some(request) = order.request.filter(|_| self.pbft.is_order(order)) else {
            return self.contained("signature", sender);
        };
        if said.view < self.s.view {
            return;
        }
        if !self.in_window(said.seq) {
            return self.out_of_window(from, said.seq);
        }
        let primary = self.pbft.primary(said.view);
        if !self.put_order(primary, order) {
            let known = self.slot(said.seq).order(primary, said.view);
            if known.is_some_and(|known| known != said.digest) {
                self.contained("one order a number", sender);
            }
            return;
        }
        if said.view == self.s.view {
            self.is_ordered(&request);
            self.accept(said.seq);
        }
    }

    /// Agrees to what the primary of this view ordered, once in a view (§4.2).
    pub(super) fn accept(&mut self, seq: u64) {
        let (me, view) = (self.s.me, self.s.view);
        let primary = self.pbft.primary(view);
        let Some(slot) = self.s.slots.get(&seq).filter(|_| self.s.active) else { return };
        let Some((order, digest)) = slot.accepted(primary, view) else { return };
        let agreed = slot.said.get(&(Phase::Prepare, me));
        if primary != me && agreed.is_none_or(|said| said.value().view < view) {
            self.save(Delta::Accepted(order));
            self.say(Statement { phase: Phase::Prepare, view, seq, digest });
        }
        self.advance(seq);
    }

    /// Takes in a prepare or a commit, by whomever it is brought: its author signed it (§4.2).
    pub(super) fn voted(&mut self, from: Address, said: Signed<Statement>) {
        let Some(by) = self.pbft.signer(&said) else { return self.contained("signature", from) };
        let Statement { phase, view, seq, digest } = *said.value();
        if phase == Phase::PrePrepare {
            return self.contained("signature", from);
        }
        if !self.in_window(seq) {
            return self.out_of_window(by, seq);
        }
        let ours = view == self.s.view && phase == Phase::Prepare;
        let primary = self.pbft.primary(view);
        let slot = self.slot(seq);
        if !slot.put(by, said) {
            return;
        }
        let differs = ours && slot.order(primary, view).is_some_and(|order| order != digest);
        if differs && !std::mem::replace(&mut slot.warned, true) {
            // Two replicas were told different things, or one of them says so.
            self.contained("prepare quorum", from);
        }
        self.advance(seq);
    }

    /// Goes on to the next phase of a number, if enough replicas have come so far.
    pub(super) fn advance(&mut self, seq: u64) {
        self.prepare(seq);
        if let Some(slot) = self.s.slots.get_mut(&seq)
            && slot.decided.is_none()
            && let Some(decision) = slot.decision(seq, self.pbft.quorum())
        {
            slot.decided = Some(Arc::new(decision));
            self.execute();
        }
    }

    /// Commits to a request as soon as it is prepared: the primary and enough backups to make a
    /// quorum have given it this number in this view, so no other request can get it (§4.2).
    fn prepare(&mut self, seq: u64) {
        let (view, quorum) = (self.s.view, self.pbft.quorum());
        let primary = self.pbft.primary(view);
        let Some(slot) = self.s.slots.get_mut(&seq).filter(|_| self.s.active) else { return };
        let already = slot.prepared.as_ref().is_some_and(|p| p.order.said.value().view == view);
        let Some((order, digest)) = slot.accepted(primary, view).filter(|_| !already) else {
            return;
        };
        let agreed = Statement { phase: Phase::Prepare, view, seq, digest };
        let backups = slot.phase(Phase::Prepare).filter(|(by, _)| *by != primary);
        let prepares: Vec<_> =
            backups.map(|(_, said)| *said).filter(|said| *said.value() == agreed).collect();
        if prepares.len() + 1 < quorum {
            return;
        }
        let certificate = Arc::new(Prepared { order, prepares });
        slot.prepared = Some(certificate.clone());
        let entry = entry(view, order.request.as_ref());
        self.out.note(Note::Prepared { slot: seq, entry });
        self.save(Delta::Prepared(certificate));
        self.say(Statement { phase: Phase::Commit, view, seq, digest });
    }

    /// Executes what is decided, in the order of the numbers, and answers the clients (§4.2).
    pub(super) fn execute(&mut self) {
        while let Some(decision) = self.s.slots.get(&(self.s.executed + 1))
            && let Some(decision) = decision.decided.clone()
        {
            self.s.executed += 1;
            let entry = entry(decision.view, decision.request.as_ref());
            self.out.note(Note::Decided { slot: decision.seq, entry });
            if let Some(request) = decision.request {
                self.apply(&request);
            }
            // The view works, and what was missed is here.
            self.s.doubled = 0;
            self.s.ahead.clear();
            if self.s.executed.is_multiple_of(self.pbft.spec.checkpoint_every) {
                self.take_checkpoint();
            }
        }
    }

    fn apply(&mut self, request: &Request) {
        let (call, op) = *request.value();
        let applied = self.s.store.apply(&Command { call, op, once: true });
        self.s.waiting.remove(&call.key());
        match applied {
            Applied::Fresh(outcome) => self.out.answer(call, outcome),
            before => self.answer_again(call, before),
        }
    }
}

/// Returns an entry as an oracle needs to know it.
fn entry(view: u64, request: Option<&Request>) -> Entry {
    Entry { epoch: view, value: request.map_or(0, |request| request.value().0.key()) }
}

impl Slot {
    /// Returns the order that the primary of a view gave for this number, with its request.
    fn accepted(&self, primary: u16, view: u64) -> Option<(Order, Digest)> {
        let digest = self.order(primary, view)?;
        let request = self.request(digest)?;
        let said = *self.said.get(&(Phase::PrePrepare, primary))?;
        Some((Order { said, request }, digest))
    }

    /// Returns the decision, where a quorum committed to the same request in the same view. Their
    /// signatures prove it to anybody, so that a replica that missed the other phases need not
    /// have been prepared itself (§4.2, `committed`, of which `committed-local` is the sign).
    fn decision(&self, seq: u64, quorum: usize) -> Option<Decision> {
        // A quorum is more than half: if one is there, it outlasts all that differ from it.
        let (mut most, mut lead) = (None, 0_usize);
        for (_, said) in self.phase(Phase::Commit) {
            if lead == 0 {
                most = Some(*said.value());
            }
            lead = if most == Some(*said.value()) { lead + 1 } else { lead - 1 };
        }
        let Statement { view, digest, .. } = most?;
        let same = self.phase(Phase::Commit).filter(|(_, said)| Some(*said.value()) == most);
        let commits: Vec<_> = same.map(|(_, said)| *said).collect();
        let request = self.request(digest)?;
        (commits.len() >= quorum).then_some(Decision { view, seq, request, commits })
    }

    /// Forgets requests that no order names any more.
    fn forget_requests(&mut self) {
        let named = |digest: &Digest| {
            self.said.iter().any(|((phase, _), said)| {
                *phase == Phase::PrePrepare && said.value().digest == *digest
            })
        };
        let unnamed: Vec<Digest> =
            self.requests.keys().filter(|digest| !named(digest)).copied().collect();
        for digest in unnamed {
            self.requests.remove(&digest);
        }
    }
}
