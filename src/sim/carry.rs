//! Carrying out what a step wants: sends, saves, timers, answers, notes.

use std::ops::RangeInclusive;

use super::address::Address;
use super::chance::{Identity, Purpose};
use super::client::{Aside, Client, ClientEffect, ClientTimer};
use super::lever::{FaultId, Way};
use super::node::{Armed, Held};
use super::note::Note;
use super::protocol::{Effect, Protocol};
use super::queue::{Load, Pending};
use super::record::{Because, Causes, EventId, Tape, What, Withheld};
use super::time::{Instant, Span};
use super::world::World;

/// How many of the network's longest latencies a message is held back at most to be overtaken.
const REORDER_LATENCIES: u64 = 3;

impl<P: Protocol, C: Client> World<P, C> {
    /// Carries out what a node's step wants, in its order.
    pub(super) fn carry_out(
        &mut self,
        me: Address,
        cause: EventId,
        fed_by: Option<Address>,
        identity: Identity,
        tape: &mut Tape,
    ) {
        let mut effects = self.outbox.lend();
        for (place, effect) in effects.drain(..).enumerate() {
            let child = identity.child(place as u64);
            match effect {
                Effect::Send { to, msg } => self.say(me, to, msg, child, cause, tape),
                Effect::Answer { call, outcome } => {
                    self.tally_answer(me, outcome);
                    let (outcome, bent) = self.tell_client(me, call, outcome);
                    let (outcome, spoilt) = self.spoil_answer(me, outcome, child);
                    let (load, because) = (Load::Answer(call, outcome), (cause, bent.or(spoilt)));
                    self.send(me, call.client, load, child, because, tape);
                }
                Effect::Save(delta) => self.save(me, delta, child, cause, tape),
                Effect::Arm(timer, wait) => self.arm(me, timer, &wait, child, (cause, fed_by)),
                Effect::Disarm(timer) => {
                    self.nodes[me.index()].timers.remove(&timer);
                }
                Effect::Note(note) => self.note(me, note, cause, tape),
            }
        }
        self.outbox.take_back(effects);
    }

    fn note(&mut self, me: Address, note: Note, cause: EventId, tape: &mut Tape) {
        let leads = matches!(note, Note::Role { role, .. } if role.leads());
        let leads = leads && me.index() < self.size;
        let (tainted, misread) = (self.nodes[me.index()].tainted, self.misread);
        let because = || {
            let mut causes = Causes::from_slice(&[Because::Of(cause)]);
            causes.extend(tainted.or(misread).map(Because::Of));
            causes
        };
        self.emit(tape, Some(me), because, What::Noted(note));
        if leads {
            for waiting in std::mem::take(&mut self.waiting) {
                let (fault, injected, lever) = (waiting.fault, waiting.injected, waiting.lever);
                self.queue.push(self.now, Pending::Pull { fault, injected, lever });
            }
        }
    }

    fn save(
        &mut self,
        me: Address,
        delta: P::Delta,
        identity: Identity,
        cause: EventId,
        tape: &mut Tape,
    ) {
        let wait = self.disk.sync.draw(self.chance, identity, Purpose::Sync);
        let wait = self.flushed_after(me, wait);
        let node = &mut self.nodes[me.index()];
        let ticket = node.disk.write(delta);
        node.sync_due = node.sync_due.max(self.now + wait);
        let (at, incarnation) = (node.sync_due, node.incarnation);
        let because = || Causes::from_slice(&[Because::Of(cause)]);
        let saved = self.emit(tape, Some(me), because, What::Saved { ticket: ticket.0 });
        self.queue.push(at, Pending::Synced { node: me, ticket, incarnation, identity, saved });
    }

    fn arm(
        &mut self,
        me: Address,
        timer: P::Timer,
        wait: &RangeInclusive<Span>,
        identity: Identity,
        (cause, fed_by): (EventId, Option<Address>),
    ) {
        let wait = self.as_set(me, self.chance.span(identity, Purpose::Timer, wait));
        let node = &mut self.nodes[me.index()];
        let due = self.now + node.clock.stretch(wait);
        let queued = node.timers.get(&timer).map(|armed| armed.queued);
        let queued = queued.filter(|queued| *queued <= due && *queued > self.now);
        let armed = Armed {
            due,
            identity,
            since: self.now,
            by: Because::Of(cause),
            fed_by,
            delayed: None,
            queued: queued.unwrap_or(due),
        };
        node.timers.insert(timer.clone(), armed);
        if queued.is_none() {
            self.queue.push(due, Pending::Timer { node: me, timer });
        }
    }

    /// Says what a node wants to say, as far as no fault makes it say something else.
    fn say(
        &mut self,
        me: Address,
        to: Address,
        msg: P::Msg,
        identity: Identity,
        cause: EventId,
        tape: &mut Tape,
    ) {
        let node = &self.nodes[me.index()];
        if node.lies.is_empty() && node.flips.is_empty() {
            return self.send(me, to, Load::Peer(msg), identity, (cause, None), tape);
        }
        let (mut msg, bent) = self.tell(me, to, msg);
        self.replay(me, to, &msg, identity, cause, tape);
        let spoilt = self.spoil(me, &mut msg, identity);
        let lever = bent.or(spoilt.map(|(lever, _)| lever));
        let broken = spoilt.filter(|(_, tells)| *tells).map(|(lever, _)| lever);
        self.send_broken(me, to, Load::Peer(msg), identity, (cause, lever), broken, tape);
    }

    /// Sends, or holds back until the disk has all that was saved before.
    pub(super) fn send(
        &mut self,
        me: Address,
        to: Address,
        load: Load<P::Msg>,
        identity: Identity,
        because: (EventId, Option<EventId>),
        tape: &mut Tape,
    ) {
        self.send_broken(me, to, load, identity, because, None, tape);
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one message")]
    fn send_broken(
        &mut self,
        me: Address,
        to: Address,
        load: Load<P::Msg>,
        identity: Identity,
        because: (EventId, Option<EventId>),
        broken: Option<EventId>,
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[me.index()];
        let after = node.disk.written();
        let early = node.early.first().map(|hold| hold.pulled);
        let held = Held { after, identity, because, broken, to, load };
        if after > node.disk.synced() && early.is_none() {
            node.held.push_back(held);
        } else {
            let early = early.filter(|_| after > node.disk.synced());
            self.leave(me, held, early, tape);
        }
    }

    /// Lets a message leave a node; `freed` is what let it go, where it waited or should have.
    fn leave(&mut self, me: Address, held: Held<P>, freed: Option<EventId>, tape: &mut Tape) {
        let Held { identity, because, broken, to, load, .. } = held;
        let mut causes = Causes::from_slice(&[Because::Of(because.0)]);
        causes.extend(freed.map(Because::Of));
        let Some(route) = self.route(me, to) else { return };
        causes.extend(because.1.or(route.lever).map(Because::Of));
        causes.extend(self.nodes[me.index()].tainted.or(self.misread).map(Because::Of));
        self.transmit((me, route.to), load, identity, &causes, broken, tape);
    }

    /// Lets go of the sends that waited for the disk, now that `synced` says that it has them.
    pub(super) fn release(&mut self, me: Address, synced: EventId, tape: &mut Tape) {
        loop {
            let node = &mut self.nodes[me.index()];
            let ready = node.disk.synced();
            let Some(held) = node.held.pop_front_if(|held| held.after <= ready) else { return };
            self.leave(me, held, Some(synced), tape);
        }
    }

    /// Answers a ping at a node that is up: whatever runs there, it is not asked.
    pub(super) fn answer_ping(
        &mut self,
        (me, to): (Address, Address),
        serial: u32,
        (cause, identity): (EventId, Identity),
        tape: &mut Tape,
    ) {
        let load = Load::Aside(Aside::Pong(serial));
        let causes = Causes::from_slice(&[Because::Of(cause)]);
        self.transmit((me, to), load, identity.child(0), &causes, None, tape);
    }

    /// Puts a message on its link; `freed` is what let it leave: the disk that has what it waited
    /// for, or a fault that does not wait.
    pub(super) fn transmit(
        &mut self,
        (from, to): (Address, Address),
        load: Load<P::Msg>,
        identity: Identity,
        causes: &Causes,
        broken: Option<EventId>,
        tape: &mut Tape,
    ) {
        let body = to;
        let (from, to) = (self.public(from), self.public(to));
        let sent = if super::cause::keeps_messages(tape) {
            let what = What::Sent { to, detail: load.describe::<P>() };
            self.emit(tape, Some(from), || causes.clone(), what)
        } else {
            self.skip_record()
        };
        let travel = self.travel(from, to, identity);
        let make = |load, identity, delayed| Pending::Deliver {
            from,
            to: body,
            load,
            sent,
            sent_at: self.now,
            identity,
            delayed,
            left_by: None,
            broken,
        };
        match travel {
            Travel::Lost(why, lever) => {
                let pending = make(load, identity, None);
                self.withhold(pending, why, lever, tape);
            }
            Travel::Arrives { at, again, delayed } => {
                if let Some(again) = again {
                    let twin = make(load.clone(), identity.child(1), delayed);
                    self.queue.push(again, twin);
                }
                let pending = make(load, identity, delayed);
                self.queue.push(at, pending);
            }
        }
    }

    /// Draws what becomes of a message: first what the sender's faults do, then the network, then
    /// the faults of the link.
    fn travel(&self, from: Address, to: Address, identity: Identity) -> Travel {
        let chance = self.chance;
        if from.is_node()
            && let Some((fault, pulled)) = self.omitted(from, Way::Send, identity)
        {
            return Travel::Lost(Withheld::Fault(fault), Some(pulled));
        }
        if from.is_node()
            && let Some((fault, pulled)) = self.silent(from, to)
        {
            return Travel::Lost(Withheld::Fault(fault), Some(pulled));
        }
        if chance.hits(identity, Purpose::Loss, self.network.loss) {
            return Travel::Lost(Withheld::Network, None);
        }
        let base = self.network.between(&self.topology, from, to);
        let mut wait = base.draw(chance, identity, Purpose::Latency);
        let mut twice = chance.hits(identity, Purpose::Duplicate, self.network.duplicate);
        let mut late = chance.hits(identity, Purpose::Reorder, self.network.reorder);
        let mut delayed = None;
        if !self.overlays.is_empty() {
            for overlay in self.overlays.on(from, to) {
                let purpose = Purpose::Fault(overlay.fault.0);
                if chance.hits(identity, purpose, overlay.fate.loss) {
                    return Travel::Lost(Withheld::Fault(overlay.fault), Some(overlay.pulled));
                }
                if let Some(delay) = &overlay.fate.delay {
                    wait = wait + delay.draw(chance, identity, purpose);
                    delayed = Some(overlay.pulled);
                }
                twice |= chance.hits(identity.child(2), purpose, overlay.fate.duplicate);
                if chance.hits(identity.child(3), purpose, overlay.fate.reorder) {
                    (late, delayed) = (true, Some(overlay.pulled));
                }
            }
        }
        if late {
            let most = Span(base.longest().0 * REORDER_LATENCIES);
            wait = wait + chance.span(identity.child(4), Purpose::Reorder, &(Span(1)..=most));
        }
        let again = twice.then(|| {
            let extra = base.draw(chance, identity.child(1), Purpose::Latency);
            self.now + wait + extra
        });
        Travel::Arrives { at: self.now + wait, again, delayed }
    }

    /// Returns the fault that takes a message at one side of a node, if one does.
    fn omitted(&self, node: Address, way: Way, identity: Identity) -> Option<(FaultId, EventId)> {
        let omissions = self.nodes[node.index()].omissions.iter().filter(|o| o.way == way);
        let mut hits = omissions.filter(|o| {
            let key = if way == Way::Send { identity.child(5) } else { identity.child(6) };
            self.chance.hits(key, Purpose::Fault(o.fault.0), o.rate)
        });
        hits.next().map(|o| (o.fault, o.pulled))
    }

    pub(super) fn omitted_on_receipt(&self, pending: &Pending<P>) -> Option<(FaultId, EventId)> {
        let Pending::Deliver { to, identity, .. } = pending else { return None };
        if !to.is_node() || self.nodes[to.index()].omissions.is_empty() {
            return None;
        }
        self.omitted(*to, Way::Receive, *identity)
    }

    /// Lets through what no gray fault takes or makes late: only calls of clients suffer.
    pub(super) fn pass_gray(
        &mut self,
        mut pending: Pending<P>,
        tape: &mut Tape,
    ) -> Option<Pending<P>> {
        let Pending::Deliver { from, to, load: Load::Call(..), identity, delayed, left_by, .. } =
            &mut pending
        else {
            return Some(pending);
        };
        let (from, to) = (*from, *to);
        let node = &self.nodes[to.index()];
        if let Some(life) = *left_by {
            if life == node.incarnation {
                return Some(pending);
            }
            // It lay in a process that is gone.
            self.refuse(pending, Withheld::Down, None, tape);
            return None;
        }
        let mut wait = Span::ZERO;
        for hold in &node.grays {
            let takes = hold.delay == Span::ZERO;
            let key = if takes { identity.child(7) } else { identity.child(8) };
            if !self.chance.hits(key, Purpose::Fault(hold.fault.0), hold.rate) {
                continue;
            }
            if takes {
                let (why, pulled) = (Withheld::Fault(hold.fault), hold.pulled);
                self.refuse(pending, why, Some(pulled), tape);
                return None;
            }
            wait = wait + hold.delay;
            *delayed = Some(hold.pulled);
        }
        if wait == Span::ZERO {
            return Some(pending);
        }
        *left_by = Some(node.incarnation);
        let pulled = delayed.expect("what is late was made late by a lever");
        self.queue.push(self.now + wait, pending);
        self.lack(from, pulled, to);
        None
    }

    /// Carries out what a client's step wants, in its order.
    pub(super) fn carry_out_client(
        &mut self,
        me: Address,
        cause: EventId,
        identity: Identity,
        tape: &mut Tape,
    ) {
        let mut effects = self.client_outbox.lend();
        let mut called = None;
        for (place, effect) in effects.drain(..).enumerate() {
            let child = identity.child(place as u64);
            match effect {
                ClientEffect::Call { to, call, op } => {
                    called = Some(to);
                    let load = Load::Call(call, op);
                    let causes = Causes::from_slice(&[Because::Of(cause)]);
                    let Some(route) = self.route(me, to) else { continue };
                    self.transmit((me, route.to), load, child, &causes, None, tape);
                }
                ClientEffect::Say { to, aside } => {
                    if let Aside::Ping(_) = aside {
                        called = Some(to);
                    }
                    let causes = Causes::from_slice(&[Because::Of(cause)]);
                    self.transmit((me, to), Load::Aside(aside), child, &causes, None, tape);
                }
                ClientEffect::Arm(timer, wait) => {
                    self.arm_client(me, timer, &wait, child, (cause, called));
                }
                ClientEffect::Disarm(timer) => {
                    let seat = self.seat(me);
                    self.callers[seat].timers.remove(&timer);
                }
                ClientEffect::Note(note) => {
                    let because = || Causes::from_slice(&[Because::Of(cause)]);
                    self.emit(tape, Some(me), because, What::Client(note));
                    self.roll(child.0);
                }
            }
        }
        self.client_outbox.take_back(effects);
    }

    fn arm_client(
        &mut self,
        me: Address,
        timer: ClientTimer,
        wait: &RangeInclusive<Span>,
        identity: Identity,
        (cause, called): (EventId, Option<Address>),
    ) {
        let due = self.now + self.chance.span(identity, Purpose::Timer, wait);
        let armed = Armed {
            due,
            identity,
            since: self.now,
            by: Because::Of(cause),
            fed_by: called,
            delayed: None,
            queued: due,
        };
        let seat = self.seat(me);
        self.callers[seat].timers.insert(timer, armed);
        self.queue.push(due, Pending::ClientTimer { client: me, timer });
    }
}

/// What becomes of a message.
enum Travel {
    Lost(Withheld, Option<EventId>),
    Arrives { at: Instant, again: Option<Instant>, delayed: Option<EventId> },
}
