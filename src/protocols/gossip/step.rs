//! One step of one node: what all the rules share.

use crate::sim::client::DELETED;
use crate::sim::{Address, CallId, Event, Instant, Note, Op, Outbox, Outcome, Role, Span};

use super::message::{Batch, Claim, Message, Update, Version};
use super::state::{Delta, Hot, Item, State};
use super::{Gossip, HOT_MAX, Timer, UPDATES_MAX};

/// A step under way.
pub(super) struct Step<'a> {
    pub gossip: &'a Gossip,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Gossip>,
}

/// What became of an update that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// It was news, or is news still within this cycle.
    News,
    /// It was known, or something newer.
    Known,
    /// It was turned away.
    Refused,
}

impl<'a> Step<'a> {
    pub fn new(gossip: &'a Gossip, s: &'a mut State, out: &'a mut Outbox<Gossip>) -> Step<'a> {
        Step { gossip, s, out }
    }

    /// Takes the step.
    pub fn take(mut self, event: Event<Gossip>) {
        match event {
            Event::Deliver { from, msg } => self.deliver(from, msg),
            Event::Timeout(Timer::Rumour) => self.rumour_due(),
            Event::Timeout(Timer::Exchange) => self.exchange_due(),
            Event::Request { call, op } => self.request(call, op),
            Event::Saved(_) => {}
        }
    }

    fn deliver(&mut self, from: Address, msg: Message) {
        if from.node().is_none_or(|node| node > self.gossip.nodes) {
            return;
        }
        match msg {
            Message::Rumours { updates, asks } => self.told(from, &updates, asks),
            Message::Ask => self.asked(from),
            Message::Feedback { heard } => self.thanked(&heard),
            Message::Compare { first, last, lines, pulls, pushes } => {
                self.compared(from, (first, last), &lines, pulls, pushes);
            }
            Message::Updates { updates, wants } => self.settled(from, &updates, &wants),
        }
    }

    /// Takes a call: a read is answered from what this node holds, a write is an update like any
    /// other, which begins here.
    fn request(&mut self, call: CallId, op: Op) {
        match op {
            Op::Read { key } => {
                let value = self.s.read(key);
                self.out.answer(call, Outcome::Read(value));
            }
            Op::Write { key, value } => {
                self.write(key, value);
                self.out.answer(call, Outcome::Written);
            }
        }
    }

    fn write(&mut self, key: u64, value: u64) {
        let version = self.next_version(key);
        if value == DELETED && !self.gossip.spec.death_certificates {
            // The item is gone here, and nothing is left that others could be told.
            if self.s.items.contains_key(&key) {
                self.remove(key);
                let by = Address::Node(version.by);
                let held = crate::sim::Held { key, version: (version.stamp, by), value };
                self.out.note(Note::Holds(held));
            }
            return;
        }
        let seal =
            if self.gossip.spec.update_signatures { self.out.signed_request() } else { None };
        self.store(&Update { key, claim: Claim { version, value }, seal });
    }

    /// Returns a version that wins over what this node holds of a key: what its clock reads, unless
    /// that lies behind.
    fn next_version(&self, key: u64) -> Version {
        let known = self.s.items.get(&key).map_or(0, |item| item.claim.version.stamp);
        Version { stamp: self.out.now().0.max(known.saturating_add(1)), by: self.s.me }
    }

    /// Takes an update that somebody offers, if it is news.
    pub fn merge(&mut self, from: Address, update: &Update) -> Merged {
        let known = self.s.items.get(&update.key);
        if let Some(item) = known.filter(|item| item.claim >= update.claim) {
            let fresh = item.claim == update.claim && self.is_fresh(item.learnt);
            return if fresh { Merged::News } else { Merged::Known };
        }
        if self.gossip.spec.update_signatures && !update.is_sealed() {
            self.out.note(Note::Contained { by: "update signature", from });
            return Merged::Refused;
        }
        if update.claim.is_certificate() && !self.keeps(update) {
            return Merged::Refused;
        }
        self.store(update);
        Merged::News
    }

    /// Returns whether a death certificate is one that this node would keep.
    fn keeps(&self, update: &Update) -> bool {
        let age = Span(self.out.now().0.saturating_sub(update.claim.version.stamp));
        self.gossip.spec.death_certificates && age <= self.gossip.spec.certificate_life
    }

    /// Holds an update from now on, and finds it hot.
    fn store(&mut self, update: &Update) {
        let Update { key, claim, seal } = *update;
        let item = Item { claim, seal, learnt: self.out.now() };
        let before = self.s.items.insert(key, item);
        if let Some(old) = before.filter(|old| old.claim.is_certificate()) {
            self.s.certificates.remove(&(old.claim.version, key));
        }
        if claim.is_certificate() {
            self.s.certificates.insert((claim.version, key), ());
        }
        self.s.newest = self.s.newest.max(claim.version);
        self.out.save(Delta::Put(key, item));
        self.out.note(Note::Holds(update.held()));
        self.heat(key);
    }

    fn remove(&mut self, key: u64) {
        if let Some(old) = self.s.items.remove(&key) {
            self.s.certificates.remove(&(old.claim.version, key));
        }
        self.cool(key);
        self.out.save(Delta::Drop(key));
    }

    /// Lets go of death certificates that are old enough (§2).
    pub fn bury(&mut self) {
        let now = self.out.now().0;
        let life = self.gossip.spec.certificate_life.0;
        while let Some(((version, key), ())) = self.s.certificates.get_min().copied() {
            if version.stamp.saturating_add(life) >= now {
                return;
            }
            self.s.certificates.remove(&(version, key));
            let item = self.s.items.get(&key).map(|item| item.claim);
            if item.is_some_and(|claim| claim.is_certificate() && claim.version == version) {
                self.remove(key);
            }
        }
    }

    fn heat(&mut self, key: u64) {
        if !self.gossip.spec.rumours {
            return;
        }
        if let Some(hot) = self.s.hot.iter_mut().find(|hot| hot.key == key) {
            *hot = Hot::new(key);
            return;
        }
        if self.s.hot.len() >= HOT_MAX {
            return;
        }
        if self.s.hot.is_empty() {
            self.out.note(Note::Role { role: Role::Spreader, epoch: 0 });
        }
        self.s.hot.push(Hot::new(key));
        self.arm_rumour();
    }

    fn cool(&mut self, key: u64) {
        let were = self.s.hot.len();
        self.s.hot.retain(|hot| hot.key != key);
        self.cooled(were);
    }

    /// Says that nothing is hot any more, where `were` rumours were.
    pub fn cooled(&mut self, were: usize) {
        if were > 0 && self.s.hot.is_empty() {
            self.out.note(Note::Role { role: Role::Listener, epoch: 0 });
        }
    }

    /// Returns whether something that was learnt at an instant still counts as unknown: in
    /// synchronous cycles, until the end of the cycle.
    pub fn is_fresh(&self, learnt: Instant) -> bool {
        let spec = &self.gossip.spec;
        let cycle = if spec.rumours { spec.period.0 } else { spec.exchange_period.0 };
        spec.synchronous && learnt.0 / cycle == self.out.now().0 / cycle
    }

    /// Lists updates of these keys, as many as one message carries.
    pub fn updates_of(&self, keys: impl Iterator<Item = u64>) -> Batch {
        let items = keys.filter_map(|key| self.s.items.get(&key).map(|item| item.update(key)));
        items.take(UPDATES_MAX).collect()
    }

    /// Picks another node, each equally likely; `None` where there is no other.
    pub fn pick(&mut self) -> Option<Address> {
        let others = u64::from(self.gossip.nodes).checked_sub(1).filter(|others| *others > 0)?;
        let drawn = self.out.draw(&(1..=others)) as u16;
        Some(Address::Node(if drawn >= self.s.me { drawn + 1 } else { drawn }))
    }

    /// Arms a timer for this node's next beat of a period.
    pub fn arm_beat(&mut self, timer: Timer, period: Span) {
        let since = self.out.now().0.wrapping_sub(self.s.phase % period.0);
        let since = since.wrapping_add(period.0) % period.0;
        let wait = Span(period.0 - since);
        self.out.arm(timer, wait..=wait);
    }
}
