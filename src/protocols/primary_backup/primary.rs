//! The primary: taking over, writes, reads, and when it is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::message::{Message, Version};
use super::{Delta, PENDING_MAX, READS_MAX, Step, Timer};
use crate::protocols::kv::{Applied, Command, Store};
use crate::sim::{Address, CallId, Instant, Note, Op, Outcome, Role, Ticket};

/// A state that is not on a majority yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// Its number in the epoch.
    pub number: u64,
    /// The write that made it; none for the state with which the epoch begins.
    pub call: Option<CallId>,
    /// The data.
    pub store: Store,
}

/// A read that waits until a majority has confirmed that the epoch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitingRead {
    /// Which call.
    pub call: CallId,
    /// Which key.
    pub key: u64,
    /// The round that a majority has to answer.
    pub round: u64,
}

/// What a primary knows of its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lead {
    /// The number of its lease.
    pub epoch: u64,
    /// When the lease ends, by its own clock.
    pub until: Instant,
    /// The copies that came while it catches up; `None` once it is done.
    pub copies: Option<BTreeMap<u16, (Version, Store)>>,
    /// Whether it serves: the state with which it begins is on a majority, or nobody asked for
    /// that.
    pub serves: bool,
    /// The number of its newest state.
    pub last: u64,
    /// Up to which number each copy has acknowledged.
    pub acked: BTreeMap<u16, u64>,
    /// Its own states on their way to the disk: the ticket of each and its number.
    pub saves: VecDeque<(Ticket, u64)>,
    /// States that are not on a majority yet, oldest first.
    pub pending: VecDeque<Pending>,
    /// The newest state that is on a majority: what reads see.
    pub committed: Store,
    /// The newest round of asking whether the epoch holds.
    pub round: u64,
    /// The newest round that each copy answered.
    pub confirmed: BTreeMap<u16, u64>,
    /// Reads that wait, oldest first.
    pub reads: VecDeque<WaitingRead>,
}

impl Step<'_> {
    /// Has the lease: anew, or still. It counts from when it was asked for.
    pub(super) fn granted(&mut self, epoch: u64, at: Instant) {
        let until = at + self.p.spec.lease;
        if let Some(lead) = self.s.lead.as_mut().filter(|lead| lead.epoch == epoch) {
            lead.until = lead.until.max(until);
            return self.arm_end();
        }
        // A lease that it led under before, or that ran out on its way, is worth nothing.
        let late = self.p.spec.check_lease && self.out.now() >= until;
        if epoch <= self.s.fence || late {
            return;
        }
        self.s.lead = Some(Lead {
            epoch,
            until,
            copies: Some(BTreeMap::new()),
            serves: false,
            last: 0,
            acked: BTreeMap::new(),
            saves: VecDeque::new(),
            pending: VecDeque::new(),
            committed: Store::default(),
            round: 0,
            confirmed: BTreeMap::new(),
            reads: VecDeque::new(),
        });
        self.s.primary = Some(Address::Node(self.s.me));
        self.s.fence = epoch;
        self.out.save(Delta::Fence(epoch));
        self.out.note(Note::Role { role: Role::Primary, epoch });
        self.arm_end();
        self.out.arm(Timer::Ask, self.p.spec.renew..=self.p.spec.renew);
        self.out.arm(Timer::Resend, self.p.spec.resend.0.clone());
        if self.p.spec.catch_up {
            self.send_to_others(&Message::Fence { epoch });
            self.copies_may_do();
        } else {
            // Serves whatever it holds.
            self.begin(self.s.store.clone(), true);
        }
    }

    fn arm_end(&mut self) {
        let Some(lead) = &self.s.lead else { return };
        let left = lead.until.since(self.out.now());
        self.out.arm(Timer::LeaseEnds, left..=left);
    }

    /// The lease was not renewed in time. Who looks at its clock looks again.
    pub(super) fn lease_ends(&mut self) {
        let Some(lead) = &self.s.lead else { return };
        if self.p.spec.check_lease && self.out.now() < lead.until {
            return self.arm_end();
        }
        self.step_down();
    }

    /// Is primary no longer. Calls that wait get no answer: they may have taken effect, or may yet.
    pub(super) fn step_down(&mut self) {
        self.s.lead = None;
        self.out.disarm(Timer::LeaseEnds);
        self.out.disarm(Timer::Resend);
        self.out.arm(Timer::Ask, self.p.spec.poll.0.clone());
        self.out.note(Note::Role { role: Role::Backup, epoch: self.s.fence });
        if self.s.primary == Some(Address::Node(self.s.me)) {
            self.s.primary = None;
        }
    }

    pub(super) fn copy_came(&mut self, node: u16, epoch: u64, version: Version, store: Store) {
        let Some(lead) = self.s.lead.as_mut().filter(|lead| lead.epoch == epoch) else { return };
        if let Some(copies) = &mut lead.copies {
            copies.insert(node, (version, store));
            self.copies_may_do();
        }
    }

    /// Takes the newest of a majority of copies, its own among them, and spreads it.
    fn copies_may_do(&mut self) {
        let Some(copies) = self.s.lead.as_ref().and_then(|lead| lead.copies.as_ref()) else {
            return;
        };
        if copies.len() + 1 < self.p.majority() {
            return;
        }
        let theirs = copies.values().max_by_key(|(version, _)| *version);
        let newest = theirs.filter(|(version, _)| *version > self.s.version);
        let store = newest.map_or_else(|| self.s.store.clone(), |(_, store)| store.clone());
        self.begin(store, false);
    }

    /// Makes the first state of its epoch.
    fn begin(&mut self, store: Store, serves: bool) {
        let Some(lead) = &mut self.s.lead else { return };
        (lead.copies, lead.serves) = (None, serves);
        if serves {
            lead.committed = store.clone();
        }
        self.spread(None, store);
    }

    /// Makes a new state its own and sends it to all copies.
    fn spread(&mut self, call: Option<CallId>, store: Store) {
        let Some(lead) = &mut self.s.lead else { return };
        lead.last += 1;
        let number = lead.last;
        let version = Version { epoch: lead.epoch, number };
        lead.pending.push_back(Pending { number, call, store: store.clone() });
        let ticket = self.take(version, store.clone());
        if let Some(lead) = &mut self.s.lead {
            lead.saves.push_back((ticket, number));
        }
        self.send_to_others(&Message::Update { version, store });
    }

    /// Serves a call, if the lease still holds: a check that is worth what lies between it and what
    /// it allows.
    pub(super) fn serve(&mut self, call: CallId, op: Op) {
        let Some(lead) = &self.s.lead else { return };
        if self.p.spec.check_lease && self.out.now() >= lead.until {
            self.out.note(Note::Contained { by: "lease", from: call.client });
            self.step_down();
            return self.out.answer(call, Outcome::Redirect(None));
        }
        if !lead.serves {
            return self.out.answer(call, Outcome::Redirect(None));
        }
        match op {
            Op::Read { key } => self.read(call, key),
            Op::Write { .. } => self.write(call, op),
        }
    }

    fn write(&mut self, call: CallId, op: Op) {
        let Some(lead) = &self.s.lead else { return };
        let once = self.p.spec.idempotency;
        let same = |pending: &Pending| pending.call.is_some_and(|one| one.key() == call.key());
        if lead.pending.len() >= PENDING_MAX || (once && lead.pending.iter().any(same)) {
            return; // Its answer comes with the first attempt's, or the client tries again.
        }
        let mut store = self.s.store.clone();
        match store.apply(&Command { call, op, once }) {
            Applied::Fresh(_) => self.spread(Some(call), store),
            Applied::Duplicate(outcome) => {
                self.out.note(Note::Contained { by: "request id", from: call.client });
                self.out.answer(call, outcome);
            }
            Applied::Forgotten => {}
        }
    }

    fn read(&mut self, call: CallId, key: u64) {
        let Some(lead) = &mut self.s.lead else { return };
        if self.p.spec.lease_reads {
            let value = lead.committed.read(key);
            return self.out.answer(call, Outcome::Read(value));
        }
        if lead.reads.len() >= READS_MAX {
            return;
        }
        lead.round += 1;
        let (epoch, round) = (lead.epoch, lead.round);
        lead.reads.push_back(WaitingRead { call, key, round });
        self.send_to_others(&Message::Confirm { epoch, round });
        self.answer_reads();
    }

    pub(super) fn confirmed(&mut self, node: u16, epoch: u64, round: u64) {
        let Some(lead) = self.s.lead.as_mut().filter(|lead| lead.epoch == epoch) else { return };
        let newest = lead.confirmed.entry(node).or_insert(0);
        *newest = round.max(*newest).min(lead.round);
        self.answer_reads();
    }

    fn answer_reads(&mut self) {
        let needed = self.p.majority() - 1;
        let Some(lead) = &mut self.s.lead else { return };
        let confirmed = nth_highest(lead.confirmed.values().copied(), needed, lead.round);
        while let Some(read) = lead.reads.pop_front_if(|read| read.round <= confirmed) {
            self.out.answer(read.call, Outcome::Read(lead.committed.read(read.key)));
        }
    }

    pub(super) fn acknowledged(&mut self, node: u16, version: Version) {
        let Some(lead) = self.s.lead.as_mut().filter(|lead| lead.epoch == version.epoch) else {
            return;
        };
        let acked = lead.acked.entry(node).or_insert(0);
        *acked = version.number.max(*acked);
        self.advance();
    }

    /// Its own disk counts like another's.
    pub(super) fn saved(&mut self, ticket: Ticket) {
        let me = self.s.me;
        let Some(lead) = &mut self.s.lead else { return };
        let mut own = None;
        while let Some((_, number)) = lead.saves.pop_front_if(|(of, _)| *of <= ticket) {
            own = Some(number);
        }
        if let Some(number) = own {
            lead.acked.insert(me, number);
            self.advance();
        }
    }

    /// Answers the writes whose states are on a majority.
    fn advance(&mut self) {
        let needed = self.p.majority();
        let Some(lead) = &mut self.s.lead else { return };
        let safe = nth_highest(lead.acked.values().copied(), needed, 0);
        while let Some(done) = lead.pending.pop_front_if(|pending| pending.number <= safe) {
            lead.committed = done.store;
            lead.serves = true;
            if let Some(call) = done.call {
                self.out.answer(call, Outcome::Written);
            }
        }
    }

    /// Sends its newest state to the copies that lack it, and its question to those that have not
    /// answered.
    pub(super) fn resend(&mut self) {
        let me = self.s.me;
        let Some(lead) = &self.s.lead else { return };
        let (epoch, round) = (lead.epoch, lead.round);
        let others = self.p.copies().filter(|node| *node != me);
        if let Some(copies) = &lead.copies {
            let silent: Vec<u16> = others.filter(|node| !copies.contains_key(node)).collect();
            for node in silent {
                self.out.send(Address::Node(node), Message::Fence { epoch });
            }
        } else {
            let version = Version { epoch, number: lead.last };
            let behind = |node: &u16| lead.acked.get(node).is_none_or(|a| *a < version.number);
            let behind: BTreeSet<u16> = others.filter(behind).collect();
            let asks = !lead.reads.is_empty();
            for node in behind {
                let store = self.s.store.clone();
                self.out.send(Address::Node(node), Message::Update { version, store });
            }
            if asks {
                self.send_to_others(&Message::Confirm { epoch, round });
            }
        }
        self.out.arm(Timer::Resend, self.p.spec.resend.0.clone());
    }
}

/// Returns the highest number that so many of these reach; `none` where nobody has to.
fn nth_highest(numbers: impl Iterator<Item = u64>, needed: usize, none: u64) -> u64 {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    match needed.checked_sub(1) {
        None => none,
        Some(place) => numbers.get(place).copied().unwrap_or(0),
    }
}
