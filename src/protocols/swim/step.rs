//! One step of one member: periods, probes and answers.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::sim::chance::mix;
use crate::sim::{Address, CallId, Event, Note, Op, Outbox, Outcome, Role, Span};

use super::message::{Body, Health, Message};
use super::state::{Delta, Probe, Stable, State};
use super::{RECONNECT_PERIODS, Swim, Timer};

/// How often a draw is repeated that fell on somebody who does not count; after that the next one
/// who does is taken.
const DRAWS_MAX: u32 = 16;

/// A step under way.
pub(super) struct Step<'a> {
    pub swim: &'a Swim,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Swim>,
}

impl<'a> Step<'a> {
    pub fn new(swim: &'a Swim, s: &'a mut State, out: &'a mut Outbox<Swim>) -> Step<'a> {
        Step { swim, s, out }
    }

    /// Starts. A member that has lived before takes a higher incarnation than ever, to outbid what
    /// was said of it meanwhile.
    pub fn boot(&mut self, disk: Option<&Stable>) {
        let period = self.swim.spec.period;
        let first = if self.swim.spec.synchronous { period } else { Span(1) };
        self.out.arm(Timer::Period, first..=period);
        let incarnation = disk.map_or(0, |disk| disk.incarnation.saturating_add(1));
        self.out.note(Note::Role { role: Role::Member, epoch: incarnation });
        if incarnation > 0 {
            self.raise(incarnation);
        } else {
            // Written so that the next life knows of this one.
            self.out.save(Delta { incarnation });
        }
    }

    /// Takes the step.
    pub fn take(mut self, event: Event<Swim>) {
        match event {
            Event::Deliver { from, msg } => self.deliver(from, &msg),
            Event::Timeout(Timer::Period) => self.begin_period(),
            Event::Timeout(Timer::Ack) => self.ask_for_help(),
            Event::Request { call, op } => self.request(call, op),
            Event::Saved(_) => {}
        }
    }

    /// Answers a read of `k3` with what it believes of `n3`: its incarnation, or nothing where it
    /// is declared dead. There is nothing to write.
    fn request(&mut self, call: CallId, op: Op) {
        let outcome = match op {
            Op::Read { key } => Outcome::Read(self.incarnation_of(key)),
            Op::Write { .. } => Outcome::Refused,
        };
        self.out.answer(call, outcome);
    }

    fn incarnation_of(&self, key: u64) -> Option<u64> {
        let of = u16::try_from(key).ok().filter(|of| (1..=self.swim.nodes).contains(of))?;
        let claim = self.s.member(of).claim;
        (claim.health != Health::Dead).then_some(claim.incarnation)
    }

    fn deliver(&mut self, from: Address, msg: &Message) {
        let Some(node) = from.node().filter(|node| *node <= self.swim.nodes) else { return };
        self.hear(from, &msg.news);
        match msg.body {
            Body::Ping { by, number } => {
                self.send(node, Body::Ack { target: self.s.me, by, number });
            }
            Body::PingRequest { target, number } => {
                if self.is_other(target) {
                    self.send(target, Body::Ping { by: node, number });
                }
            }
            Body::Ack { target, by, number } => self.acked(node, target, by, number),
        }
    }

    fn is_other(&self, of: u16) -> bool {
        (1..=self.swim.nodes).contains(&of) && of != self.s.me
    }

    /// Hears that a member lives. A helper passes it on to whose probe it was, if it comes from
    /// the one who was probed.
    fn acked(&mut self, from: u16, target: u16, by: u16, number: u64) {
        if by != self.s.me {
            if self.is_other(by) && from == target {
                self.send(by, Body::Ack { target, by, number });
            }
            return;
        }
        let period = self.s.period;
        if let Some(probe) = self.s.probe.as_mut()
            && (probe.target, period) == (target, number)
        {
            probe.answered = true;
            self.out.disarm(Timer::Ack);
        }
    }

    /// A period begins: the probe of the last one is over, and the next member is probed.
    fn begin_period(&mut self) {
        let period = self.swim.spec.period;
        self.out.arm(Timer::Period, period..=period);
        self.s.period += 1;
        if let Some(probe) = self.s.probe.take() {
            self.s.probes += 1;
            if !probe.answered {
                self.s.unanswered += 1;
                self.accuse(probe.target);
            }
        }
        self.bury_suspects();
        self.reconnect();
        let Some(target) = self.next_target() else { return };
        self.s.probe = Some(Probe { target, answered: false });
        self.send(target, Body::Ping { by: self.s.me, number: self.s.period });
        let wait = self.swim.spec.ping_timeout;
        self.out.arm(Timer::Ack, wait..=wait);
    }

    /// No ack came in time: asks others to probe the same member.
    fn ask_for_help(&mut self) {
        let Some(Probe { target, answered: false }) = self.s.probe else { return };
        let number = self.s.period;
        let mut helpers: SmallVec<[u16; 4]> = SmallVec::new();
        for _ in 0..self.swim.spec.helpers {
            let fits = |s: &State, of| of != target && !helpers.contains(&of) && !s.is_dead(of);
            let Some(helper) = self.draw(fits) else { break };
            helpers.push(helper);
        }
        for helper in helpers {
            self.send(helper, Body::PingRequest { target, number });
        }
    }

    /// Now and then pings a dead member: the news of its death rides on the ping, and if it lives
    /// it will say so.
    fn reconnect(&mut self) {
        if !self.swim.spec.reconnect
            || self.s.dead.is_empty()
            || self.out.draw(&(1..=RECONNECT_PERIODS)) > 1
        {
            return;
        }
        let from = self.out.draw(&(1..=u64::from(self.swim.nodes))) as u16;
        let later = self.s.dead.range(from..).next();
        let dead = later.or_else(|| self.s.dead.get_min()).copied();
        if let Some(of) = dead {
            // No period has the number 0, so that its ack is no answer to any probe.
            self.send(of, Body::Ping { by: self.s.me, number: 0 });
        }
    }

    /// Returns who is probed next; `None` where nobody else is left.
    fn next_target(&mut self) -> Option<u16> {
        if !self.swim.spec.round_robin {
            return self.draw(|s, of| !s.is_dead(of));
        }
        // What is left of this round, and where nobody is, a whole new one.
        for _ in 0..2 {
            while let Some(of) = self.s.order.get(self.s.place).copied() {
                self.s.place += 1;
                if !self.s.is_dead(of) {
                    return Some(of);
                }
            }
            self.shuffle();
        }
        None
    }

    /// Shuffles the list of all others anew (Fisher and Yates); one draw seeds the whole order.
    fn shuffle(&mut self) {
        let me = self.s.me;
        let mut order: Vec<u16> = (1..=self.swim.nodes).filter(|of| *of != me).collect();
        let mut dice = self.out.draw(&(0..=u64::MAX - 1));
        for last in (1..order.len()).rev() {
            dice = mix(dice);
            order.swap(last, (dice % (last as u64 + 1)) as usize);
        }
        (self.s.order, self.s.place) = (Arc::from(order), 0);
    }

    /// Draws one of the others who fits, each equally likely.
    fn draw(&mut self, fits: impl Fn(&State, u16) -> bool) -> Option<u16> {
        let others = self.swim.nodes - 1;
        if others == 0 {
            return None;
        }
        let me = self.s.me;
        let name = |place: u16| if place >= me { place + 1 } else { place };
        let mut drawn = 1;
        for _ in 0..DRAWS_MAX {
            drawn = self.out.draw(&(1..=u64::from(others))) as u16;
            if fits(self.s, name(drawn)) {
                return Some(name(drawn));
            }
        }
        (0..others).map(|k| name((drawn + k) % others + 1)).find(|of| fits(self.s, *of))
    }

    /// Sends, with the news that rides on it.
    fn send(&mut self, to: u16, body: Body) {
        let news = self.news_for(to);
        self.s.sent += 1;
        self.out.send(Address::Node(to), Message { body, news });
    }
}
