//! What the node that was called does: asking, choosing, putting, answering, repairing.

use std::collections::{BTreeMap, BTreeSet};

use crate::sim::{Address, CallId, Note, Op, Outbox, Outcome};

use super::message::Message;
use super::shelf::{Copy, Version};
use super::{Delta, PENDING_MAX, Pending, Phase, QuorumStore, Stamps, State, Timer};

/// A step under way.
pub(super) struct Step<'a> {
    pub store: &'a QuorumStore,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<QuorumStore>,
}

impl Step<'_> {
    /// Takes a client's call in: this node coordinates it.
    pub(super) fn request(&mut self, call: CallId, op: Op) {
        // A call that came twice is under way; one too many is as if it were lost, and the client
        // tries again.
        if self.s.pending.contains_key(&call) || self.s.pending.len() >= PENDING_MAX {
            return;
        }
        let own = self.s.shelf.get(op.key());
        let is_write = matches!(op, Op::Write { .. });
        let known = if is_write { self.made_before(call) } else { None };
        let pending = Pending {
            op,
            phase: Phase::Asks,
            told: BTreeMap::from([(self.s.me, own)]),
            made: known,
            kept: BTreeSet::new(),
        };
        self.s.pending.insert(call, pending);
        self.out.arm(Timer::Patience(call), self.store.spec.patience.0.clone());
        if is_write && !self.store.spec.ask_first {
            return self.put(call);
        }
        self.send_to_others(&Message::Ask { call, key: op.key() });
        self.choose(call);
    }

    /// Returns the version that this replica knows an earlier attempt at a write to have.
    fn made_before(&self, call: CallId) -> Option<Version> {
        let once = self.store.spec.idempotency;
        self.s.shelf.version_of(call.key()).filter(|_| once)
    }

    fn others(&self) -> impl Iterator<Item = u16> + use<> {
        let me = self.s.me;
        (1..=self.store.nodes).filter(move |node| *node != me)
    }

    fn send_to_others(&mut self, msg: &Message) {
        for node in self.others() {
            self.out.send(Address::Node(node), msg.clone());
        }
    }

    /// Takes a message in.
    pub(super) fn deliver(&mut self, from: u16, msg: Message) {
        let sender = Address::Node(from);
        match msg {
            Message::Ask { call, key } => {
                let (copy, made) = (self.s.shelf.get(key), self.made_before(call));
                self.out.send(sender, Message::Tell { call, key, copy, made });
            }
            Message::Tell { call, key, copy, made } => self.told(from, call, (key, copy), made),
            Message::Put { call, key, copy, repairs } => {
                let is_news = self.keep(key, copy);
                if repairs && is_news {
                    self.out.note(Note::Contained { by: "read repair", from: sender });
                }
                // It holds this version or a newer one: either way, what was asked is so.
                self.out.send(sender, Message::Kept { call, version: copy.version });
            }
            Message::Kept { call, version } => self.kept(from, call, version),
            Message::Digest { from: first, to, versions } => {
                self.compare(from, (first, to), &versions);
            }
            Message::Differences { copies, wanted } => self.differ(from, copies, &wanted),
        }
    }

    /// Keeps a copy on the shelf and on the disk; returns whether it was news.
    pub(super) fn keep(&mut self, key: u64, copy: Copy) -> bool {
        self.s.highest_stamp = self.s.highest_stamp.max(copy.version.stamp);
        let is_news = self.s.shelf.is_news(key, &copy);
        if is_news {
            self.s.kept += 1;
            self.out.note(Note::Holds(copy.held(key)));
        }
        if is_news || self.s.shelf.version_of(copy.call).is_none() {
            self.s.shelf.keep(key, copy);
            self.out.save(Delta { key, copy });
        }
        is_news
    }

    /// Hears what a replica holds.
    fn told(
        &mut self,
        from: u16,
        call: CallId,
        (key, copy): (u64, Option<Copy>),
        made: Option<Version>,
    ) {
        let Some(pending) = self.s.pending.get_mut(&call) else { return };
        if key != pending.op.key() || pending.told.contains_key(&from) {
            return;
        }
        pending.told.insert(from, copy);
        pending.made = pending.made.max(made.filter(|_| self.store.spec.idempotency));
        match pending.phase {
            Phase::Asks => self.choose(call),
            Phase::Puts(_) => {}
            Phase::Repairs => {
                self.repair(call);
                self.forget_if_all_told(call);
            }
        }
    }

    /// Goes on once R replicas have told.
    fn choose(&mut self, call: CallId) {
        let Some(pending) = self.s.pending.get(&call) else { return };
        if pending.told.len() < self.store.read_quorum() {
            return;
        }
        match pending.op {
            Op::Write { .. } => self.put(call),
            Op::Read { .. } if self.store.spec.wait_for_repair => self.write_back(call),
            Op::Read { .. } => self.answer_read(call),
        }
    }

    /// Puts a write on all replicas, this one first, under a version of its own.
    fn put(&mut self, call: CallId) {
        let Some(pending) = self.s.pending.get(&call) else { return };
        let Op::Write { key, value } = pending.op else { return };
        let version = pending.made.unwrap_or_else(|| self.next_version(key, pending));
        let copy = Copy { version, value, call: call.key() };
        self.send_puts(call, key, copy);
    }

    /// Makes the version of a write. Whoever asked first goes above what it was told, and above
    /// what it has come to hold itself since: that may be another write which it coordinates. No
    /// two writes of a key get one version from one node, even within one tick of its clock.
    fn next_version(&self, key: u64, pending: &Pending) -> Version {
        let held = self.s.shelf.get(key);
        let known = pending.told.values().copied().chain([held]).flatten();
        let above = |stamp: u64| stamp.saturating_add(1);
        let known = known.filter(|_| self.store.spec.ask_first);
        let least = known.map(|copy| above(copy.version.stamp)).max().unwrap_or(0);
        let own = match self.store.spec.stamps {
            Stamps::Clock => self.out.now().0,
            Stamps::Counter => above(self.s.highest_stamp),
        };
        let version = Version { stamp: own.max(least), by: self.s.me };
        let is_taken = held.is_some_and(|copy| copy.version == version);
        if is_taken { Version { stamp: above(version.stamp), ..version } } else { version }
    }

    /// Puts a copy on all replicas and waits for W of them.
    fn send_puts(&mut self, call: CallId, key: u64, copy: Copy) {
        let me = self.s.me;
        let Some(pending) = self.s.pending.get_mut(&call) else { return };
        pending.phase = Phase::Puts(copy);
        pending.kept.insert(me);
        let is_read = matches!(pending.op, Op::Read { .. });
        // Who told of this version, or of a newer one, has it.
        let has = |told: &Option<Copy>| told.is_some_and(|held| held.version >= copy.version);
        let having = pending.told.iter().filter(|(_, told)| is_read && has(told));
        pending.kept.extend(having.map(|(node, _)| *node));
        let kept = pending.kept.clone();
        self.keep(key, copy);
        let msg = Message::Put { call, key, copy, repairs: is_read };
        for node in self.others().filter(|node| !kept.contains(node)) {
            self.out.send(Address::Node(node), msg.clone());
        }
        self.answer_if_kept(call);
    }

    /// Hears that a replica keeps what was put.
    fn kept(&mut self, from: u16, call: CallId, version: Version) {
        let Some(pending) = self.s.pending.get_mut(&call) else { return };
        if !matches!(pending.phase, Phase::Puts(copy) if copy.version == version) {
            return;
        }
        pending.kept.insert(from);
        self.answer_if_kept(call);
    }

    fn answer_if_kept(&mut self, call: CallId) {
        let Some(pending) = self.s.pending.get(&call) else { return };
        let Phase::Puts(copy) = pending.phase else { return };
        if pending.kept.len() < self.store.write_quorum() {
            return;
        }
        let outcome = match pending.op {
            Op::Write { .. } => Outcome::Written,
            Op::Read { .. } => Outcome::Read(Some(copy.value)),
        };
        self.finish(call, outcome);
    }

    fn finish(&mut self, call: CallId, outcome: Outcome) {
        self.s.pending.remove(&call);
        self.out.disarm(Timer::Patience(call));
        self.out.answer(call, outcome);
    }

    /// Returns the newest of the copies that were told.
    fn newest(&self, call: CallId) -> Option<Copy> {
        let pending = self.s.pending.get(&call)?;
        pending.told.values().flatten().copied().max()
    }

    /// Answers a read with the newest copy, and mends old ones.
    fn answer_read(&mut self, call: CallId) {
        let newest = self.newest(call);
        self.out.answer(call, Outcome::Read(newest.map(|copy| copy.value)));
        let Some(pending) = self.s.pending.get_mut(&call) else { return };
        pending.phase = Phase::Repairs;
        self.repair(call);
        self.forget_if_all_told(call);
    }

    /// Sends the newest copy to whoever told of an older one, and believes that they have it now.
    fn repair(&mut self, call: CallId) {
        if !self.store.spec.read_repair {
            return;
        }
        let Some(newest) = self.newest(call) else { return };
        let me = self.s.me;
        let Some(pending) = self.s.pending.get_mut(&call) else { return };
        let key = pending.op.key();
        let mut old = Vec::new();
        for (node, told) in &mut pending.told {
            if told.is_none_or(|copy| copy.version < newest.version) {
                *told = Some(newest);
                old.push(*node);
            }
        }
        for node in old {
            if node == me {
                if self.keep(key, newest) {
                    let from = Address::Node(newest.version.by);
                    self.out.note(Note::Contained { by: "read repair", from });
                }
            } else {
                let msg = Message::Put { call, key, copy: newest, repairs: true };
                self.out.send(Address::Node(node), msg);
            }
        }
    }

    fn forget_if_all_told(&mut self, call: CallId) {
        let all = usize::from(self.store.nodes);
        if self.s.pending.get(&call).is_some_and(|pending| pending.told.len() == all) {
            self.s.pending.remove(&call);
            self.out.disarm(Timer::Patience(call));
        }
    }

    /// Makes sure that W replicas hold what a read returns before it returns it: a later read will
    /// then find it too.
    fn write_back(&mut self, call: CallId) {
        let Some(newest) = self.newest(call) else {
            return self.finish(call, Outcome::Read(None));
        };
        let Some(pending) = self.s.pending.get(&call) else { return };
        let key = pending.op.key();
        self.send_puts(call, key, newest);
    }

    /// Replicas did not answer: a sloppy coordinator answers with what it has, another leaves the
    /// client to try again.
    pub(super) fn out_of_patience(&mut self, call: CallId) {
        let Some(pending) = self.s.pending.get(&call) else { return };
        let op = pending.op;
        if !self.store.spec.sloppy || pending.phase == Phase::Repairs {
            self.s.pending.remove(&call);
            return;
        }
        self.s.sloppy_answers += 1;
        match (op, pending.phase) {
            (Op::Write { .. }, Phase::Asks) => {
                self.put(call);
                if self.s.pending.contains_key(&call) {
                    self.finish(call, Outcome::Written);
                }
            }
            (Op::Write { .. }, _) => self.finish(call, Outcome::Written),
            (Op::Read { .. }, _) => {
                let newest = self.newest(call);
                self.finish(call, Outcome::Read(newest.map(|copy| copy.value)));
            }
        }
    }
}
