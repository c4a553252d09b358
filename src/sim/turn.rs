//! One turn of the world: who the next event is for, whether it can be taken now, and what it does.

use super::address::Address;
use super::chance::Identity;
use super::client::{Aside, Client, ClientEvent, ClientTimer};
use super::node::{Armed, INBOX_MAX, Life};
use super::protocol::{Event, Protocol, Ticket};
use super::queue::{Load, Pending};
use super::record::{Because, Causes, EventId, Tape, What, Withheld};
use super::world::World;

impl<P: Protocol, C: Client> World<P, C> {
    pub(super) fn count(&mut self, identity: Identity) {
        self.events += 1;
        self.roll(self.now.0 ^ identity.0);
    }

    pub(super) fn happen(&mut self, pending: Pending<P>, tape: &mut Tape) {
        if let Pending::Timer { node, timer, .. } = &pending
            && !self.runs_out(*node, timer)
        {
            return;
        }
        if let Pending::Turn { node, desk, incarnation } = pending {
            return self.turn(node, desk, incarnation, tape);
        }
        if let Some(pending) = self.admit(pending, tape) {
            self.take_in(pending, tape);
        }
    }

    /// Lets an event through to a node that can take it now; what a node that is down, paused or
    /// slow does with it is done here.
    fn admit(&mut self, pending: Pending<P>, tape: &mut Tape) -> Option<Pending<P>> {
        let Some(node) = pending.node() else { return Some(pending) };
        let takes_time = self.service.takes_time();
        let state = &mut self.nodes[node.index()];
        if state.gone {
            return None;
        }
        match state.life {
            Life::Up if !takes_time && state.services.is_empty() && state.is_idle() => {
                Some(pending)
            }
            Life::Up => self.line_up(node, pending, tape),
            Life::Paused => {
                self.park(node, pending, tape);
                None
            }
            Life::Down => {
                if let Pending::Deliver { .. } = pending {
                    let stop = state.stopped.map(|(_, id)| id);
                    self.refuse(pending, Withheld::Down, stop, tape);
                }
                None
            }
        }
    }

    /// Keeps what comes while a node is paused, in its order.
    fn park(&mut self, me: Address, mut pending: Pending<P>, tape: &mut Tape) {
        let node = &mut self.nodes[me.index()];
        let stop = node.stopped.map(|(_, id)| id);
        if node.inbox.len() >= INBOX_MAX {
            if let Pending::Deliver { .. } = pending {
                self.refuse(pending, Withheld::Overflow, stop, tape);
            }
            return;
        }
        match &mut pending {
            Pending::Deliver { delayed, .. } => *delayed = stop,
            Pending::Timer { timer, .. } => {
                let armed = node.timers.get_mut(timer).expect("a timer that runs out is armed");
                armed.queued = Armed::PARKED;
            }
            _ => {}
        }
        node.inbox.push_back(pending);
    }

    /// Withholds a message at its receiver: an event of its own.
    pub(super) fn refuse(
        &mut self,
        at: Pending<P>,
        why: Withheld,
        lever: Option<EventId>,
        tape: &mut Tape,
    ) -> EventId {
        if let Pending::Deliver { identity, .. } = &at {
            self.count(*identity);
        }
        self.withhold(at, why, lever, tape)
    }

    pub(super) fn deliver(&mut self, pending: Pending<P>, tape: &mut Tape) {
        let taken = self.omitted_on_receipt(&pending);
        if let Some((fault, pulled)) = taken {
            self.refuse(pending, Withheld::Fault(fault), Some(pulled), tape);
            return;
        }
        if let Pending::Deliver { from, to, broken: Some(lever), .. } = pending
            && self.guards.checksum
        {
            self.refuse_broken(to, from, lever, tape);
            self.refuse(pending, Withheld::Checksum, Some(lever), tape);
            return;
        }
        let Some(pending) = self.pass_gray(pending, tape) else { return };
        let Pending::Deliver { from, to, load, sent, identity, delayed, .. } = pending else {
            return;
        };
        self.count(identity);
        let because = || {
            let mut causes = Causes::from_slice(&[Because::Of(sent)]);
            causes.extend(delayed.map(Because::Of));
            causes
        };
        let id = if super::cause::keeps_messages(tape) {
            let what = What::Delivered { from, detail: load.describe::<P>() };
            self.emit(tape, Some(to), because, what)
        } else {
            self.skip_record()
        };
        if to.is_node() {
            let tally = &mut self.nodes[to.index()].tally;
            tally.taken += 1;
            tally.calls += u64::from(matches!(load, Load::Call(..)));
            if self.dies_of_input(to, tape) {
                return;
            }
        }
        match load {
            Load::Peer(msg) => {
                self.pass_bulkhead(to, from, id, tape);
                self.step_node(to, Event::Deliver { from, msg }, (id, identity), Some(from), tape);
            }
            Load::Call(call, op) => {
                let event = Event::Request { call, op };
                self.step_node(to, event, (id, identity), Some(from), tape);
            }
            Load::Answer(call, outcome) => {
                let event = ClientEvent::Answer { from, call, outcome };
                self.step_client(to, event, (id, identity), tape);
            }
            Load::Aside(Aside::Ping(serial)) if to.is_node() => {
                self.answer_ping((to, from), serial, (id, identity), tape);
            }
            Load::Aside(_) if to.is_node() => {}
            Load::Aside(aside) => {
                let event = ClientEvent::Heard { from, aside };
                self.step_client(to, event, (id, identity), tape);
            }
        }
    }

    /// Returns whether an entry of the queue is that of an armed timer and its time has come. The
    /// entry of a timer that was moved meanwhile goes back into the queue.
    fn runs_out(&mut self, me: Address, timer: &P::Timer) -> bool {
        let node = &mut self.nodes[me.index()];
        let Some(armed) = node.timers.get_mut(timer) else { return false };
        if armed.queued != self.now {
            return false;
        }
        if armed.due > self.now {
            armed.queued = armed.due;
            let pending = Pending::Timer { node: me, timer: timer.clone() };
            self.queue.push(armed.due, pending);
            return false;
        }
        true
    }

    pub(super) fn fire(&mut self, me: Address, timer: P::Timer, tape: &mut Tape) {
        let node = &mut self.nodes[me.index()];
        let armed = node.timers.remove(&timer).expect("a timer that runs out is armed");
        let identity = armed.identity;
        self.count(identity);
        let kind = P::timer(&timer);
        let because = self.why_fired(me, &armed, kind.awaits, tape);
        let id = self.emit(tape, Some(me), || because, What::Fired { timer: kind.name });
        self.step_node(me, Event::Timeout(timer), (id, identity), None, tape);
    }

    pub(super) fn fire_client(&mut self, me: Address, timer: ClientTimer, tape: &mut Tape) {
        let seat = self.seat(me);
        let caller = &mut self.callers[seat];
        let Some(armed) = caller.timers.get_mut(&timer) else { return };
        if armed.queued != self.now {
            return;
        }
        if armed.due > self.now {
            armed.queued = armed.due;
            let at = armed.due;
            return self.queue.push(at, Pending::ClientTimer { client: me, timer });
        }
        let armed = caller.timers.remove(&timer).expect("it was there just now");
        let identity = armed.identity;
        self.count(identity);
        let because = self.why_client_fired(me, &armed, timer, tape);
        let id = self.emit(tape, Some(me), || because, What::Fired { timer: timer.name() });
        self.step_client(me, ClientEvent::Timeout(timer), (id, identity), tape);
    }

    pub(super) fn synced(
        &mut self,
        me: Address,
        ticket: Ticket,
        (saved, identity): (EventId, Identity),
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[me.index()];
        if !node.disk.sync(ticket) {
            return;
        }
        self.count(identity);
        let because = || Causes::from_slice(&[Because::Of(saved)]);
        let id = self.emit(tape, Some(me), because, What::Synced { ticket: ticket.0 });
        self.release(me, id, tape);
        self.step_node(me, Event::Saved(ticket), (id, identity), None, tape);
    }
}
