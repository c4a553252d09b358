//! Time that a node takes for what comes to it, and how much may wait for its turn.
//!
//! A node works on one thing after the other, first come, first served. What finds no room is lost,
//! or refused at once where load is shed. Without a bulkhead there is one line for all that comes,
//! so that a flood of calls keeps heartbeats waiting; with one, calls have a line and a worker of
//! their own. A node for which nothing costs time has no line, and no event more than it had.

use std::collections::VecDeque;

use super::address::Address;
use super::chance::{Identity, mix};
use super::client::{Client, Outcome};
use super::node::{Armed, INBOX_MAX, Life, Node};
use super::note::Note;
use super::protocol::Protocol;
use super::queue::{Load, Pending};
use super::record::{Because, Causes, EventId, Tape, What, Withheld};
use super::time::Span;
use super::world::World;

/// What work costs before any fault, and by what rules it waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// How long a node works on each call of a client.
    pub call: Span,
    /// How long it works on each message of a peer; a timer takes no time and waits its turn.
    pub message: Span,
    /// How many calls and messages may wait in one line.
    pub room: usize,
    /// Whether a call that finds no room is refused at once.
    pub shedding: bool,
    /// Whether calls wait in a line of their own.
    pub bulkhead: bool,
    /// Whether a call that nobody waits for any more is dropped when its turn comes.
    pub deadlines: bool,
    /// How long a client waits for one attempt.
    pub patience: Span,
}

impl Default for Service {
    /// Nothing takes time.
    fn default() -> Service {
        Service {
            call: Span::ZERO,
            message: Span::ZERO,
            room: INBOX_MAX,
            shedding: false,
            bulkhead: false,
            deadlines: false,
            patience: Span::LONGEST,
        }
    }
}

/// The switch of load shedding.
pub const SHEDDING: &str = "load_shedding";
/// The switch of the bulkhead.
pub const BULKHEAD: &str = "bulkhead";
/// The switch of deadlines that travel with a call.
pub const DEADLINES: &str = "deadlines";

impl Service {
    /// Returns whether anything takes time.
    pub fn takes_time(&self) -> bool {
        self.call > Span::ZERO || self.message > Span::ZERO
    }

    /// Turns a switch by name; returns whether there is one of that name, which there is only where
    /// something takes time.
    pub fn set(&mut self, switch: &str, on: bool) -> bool {
        let place = match switch {
            SHEDDING => &mut self.shedding,
            BULKHEAD => &mut self.bulkhead,
            DEADLINES => &mut self.deadlines,
            _ => return false,
        };
        let (call, message) = (self.call, self.message);
        *place = on;
        call > Span::ZERO || message > Span::ZERO
    }

    /// Names the switches and says how they stand.
    pub fn switches(&self) -> Vec<(&'static str, bool)> {
        if !self.takes_time() {
            return Vec::new();
        }
        vec![(SHEDDING, self.shedding), (BULKHEAD, self.bulkhead), (DEADLINES, self.deadlines)]
    }
}

/// The line of peers' messages and timers, and of calls where there is no bulkhead.
const COMMON: usize = 0;
/// The line of calls behind a bulkhead.
const CALLS: usize = 1;

/// One worker of a node and what waits for it.
#[derive(Debug)]
pub(super) struct Line<P: Protocol> {
    /// What is worked on.
    current: Option<Pending<P>>,
    /// What waits, in its order.
    waiting: VecDeque<Pending<P>>,
    /// Whether the work was done while the node was paused.
    frozen: bool,
    /// Whether something found no room since half of the room was last free.
    full: bool,
}

impl<P: Protocol> Clone for Line<P> {
    fn clone(&self) -> Self {
        Line {
            current: self.current.clone(),
            waiting: self.waiting.clone(),
            frozen: self.frozen,
            full: self.full,
        }
    }
}

impl<P: Protocol> Line<P> {
    pub const fn new() -> Self {
        Line { current: None, waiting: VecDeque::new(), frozen: false, full: false }
    }

    pub const fn is_idle(&self) -> bool {
        self.current.is_none()
    }

    /// Returns how many wait, the one that is worked on too.
    pub fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.current.is_some())
    }

    /// Returns the record of the sending of what is worked on.
    pub fn works_on(&self) -> Option<EventId> {
        match &self.current {
            Some(Pending::Deliver { sent, .. }) => Some(*sent),
            _ => None,
        }
    }
}

impl<P: Protocol> Node<P> {
    /// Returns whether nothing waits at this node.
    pub fn is_idle(&self) -> bool {
        self.lines.iter().all(Line::is_idle)
    }

    /// Empties the lines, as a crash does.
    pub fn leave_lines(&mut self) {
        self.lines = [Line::new(), Line::new()];
    }
}

impl<P: Protocol, C: Client> World<P, C> {
    fn desk(&self, pending: &Pending<P>) -> usize {
        let is_call = matches!(pending, Pending::Deliver { load: Load::Call(..), .. });
        if is_call && self.service.bulkhead { CALLS } else { COMMON }
    }

    fn cost(&self, me: Address, pending: &Pending<P>) -> Span {
        let own = match pending {
            Pending::Deliver { load: Load::Call(..), .. } => self.service.call,
            Pending::Deliver { .. } => self.service.message,
            _ => Span::ZERO,
        };
        self.nodes[me.index()].services.iter().fold(own, |sum, hold| sum + hold.time)
    }

    /// Lets an event pass a node that is up, or has it wait for its turn.
    pub(super) fn line_up(
        &mut self,
        me: Address,
        mut pending: Pending<P>,
        tape: &mut Tape,
    ) -> Option<Pending<P>> {
        if !matches!(pending, Pending::Deliver { .. } | Pending::Timer { .. }) {
            return Some(pending); // a disk is not slowed
        }
        if let Pending::Deliver { left_by: Some(_), .. } = pending {
            return Some(pending); // it had its turn, and a gray fault left it lying
        }
        let (desk, cost) = (self.desk(&pending), self.cost(me, &pending));
        let node = &mut self.nodes[me.index()];
        let pulled = node.services.last().map(|service| service.pulled);
        let line = &mut node.lines[desk];
        if line.is_idle() && cost == Span::ZERO {
            return Some(pending);
        }
        let late = pulled.or(line.works_on());
        match &mut pending {
            Pending::Deliver { delayed, .. } => {
                if line.waiting.len() >= self.service.room {
                    self.turn_away(me, desk, pending, tape);
                    return None;
                }
                *delayed = late.or(*delayed);
            }
            Pending::Timer { timer, .. } => {
                let armed = node.timers.get_mut(timer).expect("a timer that runs out is armed");
                (armed.queued, armed.delayed) = (Armed::PARKED, late);
            }
            _ => {}
        }
        if line.is_idle() {
            self.begin(me, desk, pending, cost);
        } else {
            line.waiting.push_back(pending);
        }
        None
    }

    fn begin(&mut self, me: Address, desk: usize, pending: Pending<P>, cost: Span) {
        let node = &mut self.nodes[me.index()];
        node.lines[desk].current = Some(pending);
        let incarnation = node.incarnation;
        self.queue.push(self.now + cost, Pending::Turn { node: me, desk, incarnation });
    }

    /// Has a node done with what it works on, and begins the next.
    pub(super) fn turn(&mut self, me: Address, desk: usize, incarnation: u32, tape: &mut Tape) {
        let node = &mut self.nodes[me.index()];
        if node.incarnation != incarnation {
            return;
        }
        if node.life == Life::Paused {
            node.lines[desk].frozen = true;
            return;
        }
        if let Some(done) = node.lines[desk].current.take()
            && !self.is_stale(me, &done)
        {
            self.take_in(done, tape);
        }
        if self.nodes[me.index()].incarnation == incarnation {
            self.next_in_line(me, desk, tape);
        }
    }

    /// Returns whether a timer was moved or disarmed while it waited for its turn.
    fn is_stale(&self, me: Address, pending: &Pending<P>) -> bool {
        let Pending::Timer { timer, .. } = pending else { return false };
        let armed = self.nodes[me.index()].timers.get(timer);
        armed.is_none_or(|armed| armed.queued != Armed::PARKED)
    }

    fn next_in_line(&mut self, me: Address, desk: usize, tape: &mut Tape) {
        while let Some(next) = self.nodes[me.index()].lines[desk].waiting.pop_front() {
            if self.is_stale(me, &next) {
                continue;
            }
            if self.is_expired(&next) {
                self.drop_expired(me, next, tape);
                continue;
            }
            let cost = self.cost(me, &next);
            self.begin(me, desk, next, cost);
            break;
        }
        self.relieve(me, desk, tape);
    }

    /// Says that there is room again, once half of it is free.
    fn relieve(&mut self, me: Address, desk: usize, tape: &mut Tape) {
        let line = &mut self.nodes[me.index()].lines[desk];
        if !line.full || line.waiting.len() * 2 > self.service.room {
            return;
        }
        line.full = false;
        let node = &mut self.nodes[me.index()];
        node.spared = false;
        if node.life == Life::Up && node.services.is_empty() {
            node.stopped = None;
            self.count_stopped();
        }
        self.emit(tape, Some(me), Causes::new, What::Noted(Note::Relieved));
    }

    /// Returns whether a call has waited for longer than its client waits for it.
    fn is_expired(&self, pending: &Pending<P>) -> bool {
        let Pending::Deliver { load: Load::Call(..), sent_at, .. } = pending else { return false };
        self.service.deadlines && self.now.since(*sent_at) >= self.service.patience
    }

    fn drop_expired(&mut self, me: Address, call: Pending<P>, tape: &mut Tape) {
        let Pending::Deliver { from, delayed, .. } = &call else { return };
        let (from, delayed) = (*from, *delayed);
        let dropped = self.refuse(call, Withheld::Expired, delayed, tape);
        self.contained(me, "deadlines", from, dropped, tape);
    }

    pub(super) fn contained(
        &mut self,
        me: Address,
        by: &'static str,
        from: Address,
        cause: EventId,
        tape: &mut Tape,
    ) {
        let because = || Causes::from_slice(&[Because::Of(cause)]);
        self.emit(tape, Some(me), because, What::Noted(Note::Contained { by, from }));
    }

    /// Turns away what finds no room: it is lost, or a call is refused where load is shed.
    fn turn_away(&mut self, me: Address, desk: usize, pending: Pending<P>, tape: &mut Tape) {
        let Pending::Deliver { from, sent, load, identity, .. } = &pending else { return };
        let (from, sent, identity) = (*from, *sent, *identity);
        let call = if let Load::Call(call, _) = load { Some(*call) } else { None };
        let works_on = self.nodes[me.index()].lines[desk].works_on();
        if !self.nodes[me.index()].lines[desk].full {
            self.overload(me, desk, (sent, works_on), tape);
        }
        let Some(call) = call.filter(|_| self.service.shedding) else {
            self.refuse(pending, Withheld::Overflow, works_on, tape);
            return;
        };
        let shed = self.refuse(pending, Withheld::Shed, works_on, tape);
        self.contained(me, "load shedding", from, shed, tape);
        // Refusing is cheap: it needs no turn, and no disk.
        let answer = Load::Answer(call, Outcome::Busy);
        let because = Causes::from_slice(&[Because::Of(shed)]);
        self.transmit((me, from), answer, identity.child(9), &because, None, tape);
    }

    fn overload(
        &mut self,
        me: Address,
        desk: usize,
        (sent, works_on): (EventId, Option<EventId>),
        tape: &mut Tape,
    ) {
        let because = || {
            let mut causes = Causes::from_slice(&[Because::Of(sent)]);
            causes.extend(works_on.map(Because::Of));
            causes
        };
        let waiting = self.nodes[me.index()].lines[desk].waiting.len() as u64;
        let what = What::Noted(Note::Overloaded { waiting });
        let id = self.emit(tape, Some(me), because, what);
        let now = self.now;
        let node = &mut self.nodes[me.index()];
        node.lines[desk].full = true;
        node.stopped.get_or_insert((now, id));
        self.count_stopped();
    }

    /// A peer's message that came to a node whose calls have no room left: without a bulkhead it
    /// would have found none either. Said once for each time that there is none.
    pub(super) fn pass_bulkhead(
        &mut self,
        me: Address,
        from: Address,
        id: EventId,
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[me.index()];
        if node.lines[CALLS].full && !std::mem::replace(&mut node.spared, true) {
            self.contained(me, "bulkhead", from, id, tape);
        }
    }

    /// Goes on with what was worked on when the node was paused.
    pub(super) fn thaw(&mut self, me: Address) {
        let node = &mut self.nodes[me.index()];
        let incarnation = node.incarnation;
        for (desk, line) in node.lines.iter_mut().enumerate() {
            if std::mem::take(&mut line.frozen) {
                self.queue.push(self.now, Pending::Turn { node: me, desk, incarnation });
            }
        }
    }

    /// Returns what a caller's attempt waits behind at a node.
    pub(super) fn waits_behind(&self, me: Address) -> Option<EventId> {
        self.nodes[me.index()].lines.iter().rev().find_map(Line::works_on)
    }

    /// Takes in an event whose turn has come.
    pub(super) fn take_in(&mut self, pending: Pending<P>, tape: &mut Tape) {
        match pending {
            Pending::Deliver { .. } => self.deliver(pending, tape),
            Pending::Timer { node, timer } => self.fire(node, timer, tape),
            Pending::ClientTimer { client, timer } => self.fire_client(client, timer, tape),
            Pending::Synced { node, ticket, incarnation, identity, saved } => {
                if self.nodes[node.index()].incarnation == incarnation {
                    self.synced(node, ticket, (saved, identity), tape);
                }
            }
            Pending::Scrub { node } => {
                self.count(Identity(mix(node.index() as u64)));
                self.scrub(node, tape);
            }
            Pending::Pull { fault, injected, lever } => {
                self.count(fault.into());
                self.pull(fault, injected, &lever, tape);
            }
            Pending::Heal { fault } => {
                self.count(fault.into());
                self.heal(fault, tape);
            }
            Pending::Restart { node, fault, incarnation } => {
                self.restart(node, fault, incarnation, tape);
            }
            Pending::Judge { fault, injected } => self.judge(fault, injected, tape),
            Pending::Turn { .. } => {}
        }
    }
}
