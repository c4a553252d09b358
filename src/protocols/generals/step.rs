//! One step of a general: giving orders, passing them on, and the rounds.

use std::ops::RangeInclusive;

use crate::sim::{Address, CallId, Event, Note, Op, Outbox, Outcome, Slot, Span};

use super::hearing::Hearing;
use super::message::{Message, Order, Path, Vow};
use super::{
    ANSWERED_MAX, DONE_MAX, Delta, Generals, Given, HEARD_MAX, LogLine, OPEN_MAX, State, Timer,
    WAITING_MAX,
};

/// How many past orders the inspector can show.
const LOG_ROWS_MAX: usize = 64;

/// A step under way.
pub(super) struct Step<'a> {
    pub army: &'a Generals,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Generals>,
}

impl Generals {
    /// Returns how long all rounds of an order last, and one more for those who began late.
    pub(super) fn all_rounds(&self) -> RangeInclusive<Span> {
        let rounds = u64::from(self.depth()) + 2;
        let (low, high) = (self.spec.round.0.start(), self.spec.round.0.end());
        Span(low.0 * rounds)..=Span(high.0 * rounds)
    }

    /// Returns how many messages of one order reach a lieutenant, where nobody is silent.
    fn audience(&self) -> usize {
        let mut of_round: usize = 1;
        (0..self.depth()).fold(1, |sum, hops| {
            of_round *= usize::from(self.nodes).saturating_sub(2 + usize::from(hops));
            sum + of_round
        })
    }
}

impl State {
    /// Returns what a traitor says where it was told to retreat: any order that it heard of.
    pub(super) fn contrary_to_retreat(&self, slot: u64) -> Option<Order> {
        let last = self.last.iter().rev().find(|line| line.slot == slot);
        last.and_then(|line| line.order).or_else(|| self.last.back().and_then(|line| line.order))
    }

    fn is_done(&self, slot: u64) -> bool {
        slot <= self.done_up_to || self.done.contains(&slot)
    }

    fn finish(&mut self, slot: u64) {
        self.done.insert(slot);
        while let Some(next) = self.done_up_to.checked_add(1)
            && self.done.remove(&next)
        {
            self.done_up_to = next;
        }
        if self.done.len() > DONE_MAX
            && let Some(oldest) = self.done.pop_first()
        {
            self.done_up_to = self.done_up_to.max(oldest);
        }
    }
}

impl Step<'_> {
    pub(super) fn take(&mut self, event: Event<Generals>) {
        match event {
            Event::Request { call, op } => self.request(call, op),
            Event::Deliver { from: Address::Node(from), msg } => self.hear(from, msg),
            Event::Timeout(Timer::Round(slot)) if self.s.given.contains_key(&slot) => {
                self.commanded_round_over(slot);
            }
            Event::Timeout(Timer::Round(slot)) => self.round_over(slot),
            Event::Timeout(Timer::Rejoin) => self.s.sits_out = false,
            Event::Deliver { .. } | Event::Saved(_) => {}
        }
    }

    // Commanding.

    fn request(&mut self, call: CallId, op: Op) {
        let commander = self.army.commander();
        if self.s.me != commander {
            return self.out.answer(call, Outcome::Redirect(Some(Address::Node(commander))));
        }
        match op {
            Op::Read { key } => {
                self.out.answer(call, Outcome::Read(self.s.store.get(&key).copied()));
            }
            Op::Write { key, value } => self.asked(call, Order::of(call, key, value)),
        }
    }

    /// Takes a write in: gives the order, or lets it wait for its turn.
    fn asked(&mut self, call: CallId, order: Order) {
        if self.s.answered.contains(&order.call) {
            return self.out.answer(call, Outcome::Written);
        }
        let waits = self.s.waiting.iter().any(|(_, other)| other.call == order.call);
        let open = self.s.given.values().any(|given| given.order.call == order.call);
        if waits || open {
            return; // It was tried again; the answer comes when the order is through.
        }
        if self.s.given.len() >= OPEN_MAX {
            if self.s.waiting.len() < WAITING_MAX {
                self.s.waiting.push_back((call, order));
            }
            return;
        }
        self.give(call, order);
    }

    /// OM(m) (1), SM(m) (1): the commander sends his order to every lieutenant.
    fn give(&mut self, call: CallId, order: Order) {
        self.s.begun += 1;
        let slot = self.s.begun;
        // The number is on the disk before anybody hears it: it must never mean a second order.
        self.out.save(Delta::Begun(slot));
        let me = self.s.me;
        let msg = if self.army.spec.signatures {
            Message::Signed { order: self.out.sign((slot, Some(order))), chain: Vec::new() }
        } else {
            Message::Oral { slot, order: Some(order), path: Path::from_slice(&[me]) }
        };
        for lieutenant in (1..=self.army.nodes).filter(|node| *node != me) {
            self.out.send(Address::Node(lieutenant), msg.clone());
        }
        self.decided(slot, Some(order));
        self.s.given.insert(slot, Given { call, order, round: 1 });
        self.out.arm(Timer::Round(slot), self.army.spec.round.0.clone());
    }

    /// Once all rounds are over, whoever is loyal has obeyed: the client may be told.
    fn commanded_round_over(&mut self, slot: u64) {
        let rounds = self.army.depth() + 1;
        let Some(given) = self.s.given.get_mut(&slot) else { return };
        if given.round < rounds {
            given.round += 1;
            return self.out.arm(Timer::Round(slot), self.army.spec.round.0.clone());
        }
        let Some(Given { call, order, .. }) = self.s.given.remove(&slot) else { return };
        self.obey(slot, Some(order));
        self.s.answered.push_back(order.call);
        if self.s.answered.len() > ANSWERED_MAX {
            self.s.answered.pop_front();
        }
        self.out.answer(call, Outcome::Written);
        if let Some((call, order)) = self.s.waiting.pop_front() {
            self.give(call, order);
        }
    }

    // Obeying.

    /// Takes a message in, if it is one that can be, and not too late.
    fn hear(&mut self, from: u16, msg: Message) {
        let (slot, path) = (msg.slot(), msg.path());
        if self.s.me == self.army.commander() || !self.is_possible(from, &path) {
            return;
        }
        if self.s.is_done(slot) {
            return;
        }
        if self.s.sits_out {
            // What it missed of this order it cannot know: it takes no part in it.
            return self.s.finish(slot);
        }
        if !self.s.hearings.contains_key(&slot) {
            if self.s.hearings.len() >= HEARD_MAX {
                return;
            }
            self.s.hearings.insert(slot, Hearing::new());
            self.out.arm(Timer::Round(slot), self.army.spec.round.0.clone());
        }
        let Some(hearing) = self.s.hearings.get_mut(&slot) else { return };
        if path.len() < usize::from(hearing.round) {
            return; // Its round is over: as if it had not been sent.
        }
        match msg {
            Message::Oral { order, .. } if !self.army.spec.signatures => {
                if hearing.tell(path.clone(), order) {
                    self.report(slot, order, path);
                    self.decide_if_all_was_said(slot);
                }
            }
            Message::Signed { order, chain } if self.army.spec.signatures => {
                let same = chain.iter().all(|vow| vow.value() == order.value());
                if same && hearing.show(&order) {
                    self.countersign(&order, &chain, &path);
                }
            }
            Message::Oral { .. } | Message::Signed { .. } => {}
        }
    }

    /// Returns whether a message can have come this way: from the commander, through generals that
    /// are not this one, each once, the sender last, and not through too many.
    fn is_possible(&self, from: u16, path: &Path) -> bool {
        let known = |node: &u16| (1..=self.army.nodes).contains(node) && *node != self.s.me;
        let once = path.iter().enumerate().all(|(k, node)| !path[..k].contains(node));
        path.first() == Some(&self.army.commander())
            && path.last() == Some(&from)
            && path.len() <= usize::from(self.army.depth()) + 1
            && path.iter().all(known)
            && once
    }

    /// OM(m) (2): acts as the commander of OM(m − 1) toward all who have not had this.
    fn report(&mut self, slot: u64, order: Option<Order>, mut path: Path) {
        if path.len() > usize::from(self.army.depth()) {
            return;
        }
        let me = self.s.me;
        path.push(me);
        for node in (1..=self.army.nodes).filter(|node| !path.contains(node)) {
            let msg = Message::Oral { slot, order, path: path.clone() };
            self.out.send(Address::Node(node), msg);
        }
    }

    /// SM(m) (2)(B): passes a new order on with its own signature under it.
    fn countersign(&mut self, order: &Vow, chain: &[Vow], path: &Path) {
        if path.len() > usize::from(self.army.depth()) {
            return;
        }
        let mut chain = chain.to_vec();
        chain.push(self.out.sign(*order.value()));
        let me = self.s.me;
        for node in (1..=self.army.nodes).filter(|node| *node != me && !path.contains(node)) {
            let msg = Message::Signed { order: *order, chain: chain.clone() };
            self.out.send(Address::Node(node), msg);
        }
    }

    /// Nothing more can come where everybody has said everything.
    fn decide_if_all_was_said(&mut self, slot: u64) {
        let all = self.army.audience();
        if self.s.hearings.get(&slot).is_some_and(|hearing| hearing.count() >= all) {
            self.decide(slot);
        }
    }

    fn round_over(&mut self, slot: u64) {
        let rounds = self.army.depth() + 1;
        let Some(hearing) = self.s.hearings.get_mut(&slot) else { return };
        hearing.round += 1;
        if hearing.round <= rounds {
            return self.out.arm(Timer::Round(slot), self.army.spec.round.0.clone());
        }
        self.decide(slot);
    }

    /// OM(m) (3), SM(m) (3): takes the majority, or the one order that was signed.
    fn decide(&mut self, slot: u64) {
        let Some(hearing) = self.s.hearings.remove(&slot) else { return };
        self.out.disarm(Timer::Round(slot));
        let (army, me) = (self.army, self.s.me);
        let commander = army.commander();
        let order = if army.spec.signatures {
            if hearing.proves_treason() {
                let from = Address::Node(commander);
                self.out.note(Note::Contained { by: "signed orders", from });
            }
            hearing.choice()
        } else {
            let shape = (me, army.nodes, army.depth());
            let root = Path::from_slice(&[commander]);
            let order = hearing.opinion(&root, shape);
            if hearing.told(&root) != order {
                self.outvoted(commander);
            }
            if army.depth() > 0 {
                for other in (1..=army.nodes).filter(|node| *node != me && *node != commander) {
                    let path = Path::from_slice(&[commander, other]);
                    if hearing.opinion(&path, shape) != order {
                        self.outvoted(other);
                    }
                }
            }
            order
        };
        self.s.finish(slot);
        self.decided(slot, order);
        self.obey(slot, order);
    }

    fn outvoted(&mut self, who: u16) {
        self.out.note(Note::Contained { by: "majority of reports", from: Address::Node(who) });
    }

    fn decided(&mut self, slot: u64, order: Option<Order>) {
        let entry = Slot { epoch: 0, value: order.map_or(0, |order| order.call) };
        self.out.note(Note::Decided { slot, entry });
    }

    fn obey(&mut self, slot: u64, order: Option<Order>) {
        if let Some(order) = order {
            self.s.store.insert(order.key, order.value);
        }
        self.s.obeyed += 1;
        self.s.last.push_back(LogLine { slot, order });
        if self.s.last.len() > LOG_ROWS_MAX {
            self.s.last.pop_front();
        }
    }
}
