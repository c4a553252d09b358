//! Where a step writes what it wants done, and what it may ask of its node: clock, dice, signature.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use super::address::Address;
use super::chance::{Chance, Identity, Purpose};
use super::client::{CallId, Op, Outcome};
use super::note::Note;
use super::protocol::{Effect, Protocol, Ticket};
use super::signed::Signed;
use super::time::{Instant, Span};

/// Where a step writes what it wants done.
#[derive(Debug)]
pub struct Outbox<P: Protocol> {
    me: Address,
    request: Option<(CallId, Op)>,
    now: Instant,
    monotonic: Instant,
    chance: Chance,
    identity: Identity,
    drawn: u64,
    next_ticket: Ticket,
    effects: Vec<Effect<P>>,
    /// Whether the step has asked what time it is.
    asked_time: AtomicBool,
}

impl<P: Protocol> Outbox<P> {
    /// Opens an outbox for one step of a node: its own clock, its dice, and the number of its last
    /// save.
    pub fn new(
        me: Address,
        now: Instant,
        chance: Chance,
        identity: Identity,
        last_ticket: Ticket,
    ) -> Self {
        let next_ticket = Ticket(last_ticket.0 + 1);
        let effects = Vec::new();
        Outbox {
            me,
            request: None,
            now,
            monotonic: now,
            chance,
            identity,
            drawn: 0,
            next_ticket,
            effects,
            asked_time: AtomicBool::new(false),
        }
    }

    /// Opens it anew for the next step and keeps its buffer, so that a step allocates nothing.
    pub(super) fn reuse(
        &mut self,
        me: Address,
        now: Instant,
        identity: Identity,
        last_ticket: Ticket,
    ) {
        (self.me, self.request) = (me, None);
        (self.now, self.identity, self.drawn) = (now, identity, 0);
        self.monotonic = now;
        *self.asked_time.get_mut() = false;
        self.next_ticket = Ticket(last_ticket.0 + 1);
        self.effects.clear();
    }

    /// Says what the node's monotonic clock reads, where that is not what its clock reads.
    pub(super) fn set_monotonic(&mut self, monotonic: Instant) {
        self.monotonic = monotonic;
    }

    /// Lets the step sign on with the client's signature on the request that it is about.
    pub fn receive_request(&mut self, call: CallId, op: Op) {
        self.request = Some((call, op));
    }

    /// Returns the request of this step with its client's signature, the same for each attempt;
    /// `None` in a step that is about no request. A node can pass it on and cannot make it up.
    pub fn signed_request(&self) -> Option<Signed<(CallId, Op)>> {
        let (call, op) = self.request?;
        let call = CallId { attempt: 1, ..call };
        Some(Signed::mint(call.client, (call, op)))
    }

    /// Signs a value with this node's own name.
    pub fn sign<T>(&self, value: T) -> Signed<T> {
        Signed::mint(self.me, value)
    }

    /// Returns the node's own clock, which a fault may bend.
    pub fn now(&self) -> Instant {
        self.asked_time.store(true, Ordering::Relaxed);
        self.now
    }

    /// Returns whether the step has read the node's clock, so that a bent one has a part in it.
    pub(super) fn has_read_clock(&self) -> bool {
        self.asked_time.load(Ordering::Relaxed)
    }

    /// Returns the node's monotonic clock: a fault may let it run too fast or too slow, and no step
    /// of the other one moves it. Two of its readings can be subtracted; none is a date.
    pub fn monotonic(&self) -> Instant {
        self.monotonic
    }

    /// Draws a number from the node's own stream.
    pub fn draw(&mut self, range: &RangeInclusive<u64>) -> u64 {
        self.drawn += 1;
        self.chance.number(self.identity.child(u64::MAX - self.drawn), Purpose::Own, range)
    }

    /// Sends a message.
    pub fn send(&mut self, to: Address, msg: P::Msg) {
        self.effects.push(Effect::Send { to, msg });
    }

    /// Answers a client's call.
    pub fn answer(&mut self, call: CallId, outcome: Outcome) {
        self.effects.push(Effect::Answer { call, outcome });
    }

    /// Writes to the disk; `Event::Saved` with this ticket tells when it is there.
    pub fn save(&mut self, delta: P::Delta) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket = Ticket(ticket.0 + 1);
        self.effects.push(Effect::Save(delta));
        ticket
    }

    /// Arms a timer, or moves it where it is armed.
    pub fn arm(&mut self, timer: P::Timer, wait: RangeInclusive<Span>) {
        self.effects.push(Effect::Arm(timer, wait));
    }

    /// Disarms a timer.
    pub fn disarm(&mut self, timer: P::Timer) {
        self.effects.push(Effect::Disarm(timer));
    }

    /// Says something.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Lends the buffer for as long as its effects are carried out.
    pub(super) fn lend(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.effects)
    }

    /// Takes the buffer back, empty.
    pub(super) fn take_back(&mut self, effects: Vec<Effect<P>>) {
        self.effects = effects;
    }

    /// Takes what was written so far, in its order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect<P>> {
        self.effects.drain(..)
    }
}
