//! Logs as oracles know them: what each node holds, and what was decided.
//!
//! A log is never compared entry by entry. Each entry carries a chain hash over itself and all
//! before it, so that two logs are equal up to a slot where their chains are equal there, and the
//! place where two logs part is found by halving. Two different chains of one value in 2^64 is the
//! error that this accepts.

use std::collections::BTreeMap;

use imbl::Vector;

use crate::sim::chance::mix;
use crate::sim::{Address, EventId, Slot};

/// One entry of a node's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What it holds, and from which epoch.
    pub slot: Slot,
    /// A hash of this entry and all before it.
    pub chain: u64,
    /// The record that put it there.
    pub event: EventId,
}

fn chained(before: u64, slot: Slot) -> u64 {
    mix(before ^ mix(slot.epoch ^ mix(slot.value)))
}

/// The log of one node, from slot 1.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vector<Entry>,
    /// The chain at the end.
    chain: u64,
    held: u64,
}

impl Log {
    /// Returns how many entries there are, which is also the last slot.
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entry of a slot, from 1.
    pub fn get(&self, slot: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(slot.checked_sub(1)?).ok()?)
    }

    /// Returns up to which slot the log agrees with what was decided, without a gap.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Returns up to which slot two logs are equal.
    pub fn common(&self, other: &Log) -> u64 {
        let same = |slot| match (self.get(slot), other.get(slot)) {
            (Some(a), Some(b)) => a.chain == b.chain,
            _ => false,
        };
        last_true(self.len().min(other.len()), same)
    }

    /// Puts an entry at the end.
    pub(super) fn push(&mut self, slot: Slot, event: EventId) -> Entry {
        self.chain = chained(self.chain, slot);
        let entry = Entry { slot, chain: self.chain, event };
        self.entries.push_back(entry);
        entry
    }

    /// Cuts the log down to `len` entries; returns the first that is gone.
    pub(super) fn cut(&mut self, len: u64) -> Option<Entry> {
        let first = self.get(len + 1).copied()?;
        self.entries.truncate(len as usize);
        self.chain = self.entries.last().map_or(0, |entry| entry.chain);
        self.held = self.held.min(len);
        Some(first)
    }

    /// Replaces the log. What both have in common is kept, with the records that put it there.
    pub(super) fn restore(&mut self, slots: &[Slot], event: EventId) {
        let same = |slot: &(&Slot, &Entry)| *slot.0 == slot.1.slot;
        let common = slots.iter().zip(&self.entries).take_while(same).count();
        self.cut(common as u64);
        for slot in &slots[common..] {
            self.push(*slot, event);
        }
    }

    /// Sees whether the next slot agrees with what was decided; all that a new entry can change.
    pub(super) fn hold_next(&mut self, ledger: &Ledger) {
        let next = self.held + 1;
        if next > ledger.len() || next > self.len() {
            return;
        }
        let decided = if next == ledger.len() { Some(ledger.chain) } else { ledger.chain_at(next) };
        if self.get(next).map(|entry| entry.chain) == decided {
            self.held = next;
        }
    }

    /// Finds anew up to which slot the log agrees with what was decided.
    pub(super) fn hold_all(&mut self, ledger: &Ledger) {
        let same = |slot| self.get(slot).map(|entry| entry.chain) == ledger.chain_at(slot);
        self.held = last_true(self.len().min(ledger.len()), same);
    }
}

/// Finds the last slot up to `len` for which `holds`, where it holds for none after the first
/// for which it does not; 0 where it holds for none.
fn last_true(len: u64, holds: impl Fn(u64) -> bool) -> u64 {
    if len == 0 || holds(len) {
        return len;
    }
    let (mut low, mut high) = (0, len);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

/// What a slot was first decided to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What it holds, and from which epoch.
    pub entry: Slot,
    /// Who knew first.
    pub by: Address,
    /// In which epoch that node was when it knew.
    pub epoch: u64,
    /// The record of it.
    pub event: EventId,
    /// The record at which the client was told, where it is a write that was acknowledged.
    pub acknowledged: Option<EventId>,
    /// A hash of this decision and all before it, as in a node's log.
    chain: u64,
}

impl Decision {
    /// Makes a decision that no client was told of yet.
    pub(super) fn new(entry: Slot, by: Address, epoch: u64, event: EventId) -> Decision {
        Decision { entry, by, epoch, event, acknowledged: None, chain: 0 }
    }
}

/// What was decided, slot by slot: the log that everybody ought to have.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    dense: Vector<Decision>,
    /// Decisions that came before one of an earlier slot.
    ahead: BTreeMap<u64, Decision>,
    /// The last slot decided up to each epoch.
    last_in: BTreeMap<u64, u64>,
    acknowledged: u64,
    /// The chain at the end of what is decided without a gap.
    chain: u64,
}

impl Ledger {
    /// Returns how many slots are decided without a gap, which is also the last of them.
    pub fn len(&self) -> u64 {
        self.dense.len() as u64
    }

    /// Returns whether nothing is decided.
    pub fn is_empty(&self) -> bool {
        self.dense.is_empty()
    }

    /// Returns what a slot was first decided to hold; only slots before any gap are known here.
    pub fn get(&self, slot: u64) -> Option<&Decision> {
        self.dense.get(usize::try_from(slot.checked_sub(1)?).ok()?)
    }

    /// Returns the first decision of a slot, before or after a gap.
    pub fn find(&self, slot: u64) -> Option<&Decision> {
        self.get(slot).or_else(|| self.ahead.get(&slot))
    }

    /// Returns the last slot that holds a write that a client was told to be done, or 0.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Returns the last slot decided in an epoch up to this one, or 0.
    pub fn decided_up_to(&self, epoch: u64) -> u64 {
        self.last_in.range(..=epoch).next_back().map_or(0, |(_, slot)| *slot)
    }

    /// Takes the first decision of a slot.
    pub(super) fn decide(&mut self, slot: u64, decision: Decision) {
        debug_assert!(slot > 0 && self.find(slot).is_none(), "only the first of a slot is kept");
        if slot > self.len() + 1 {
            self.ahead.insert(slot, decision);
            return;
        }
        self.push(decision);
        while let Some(next) = self.ahead.remove(&(self.len() + 1)) {
            self.push(next);
        }
    }

    fn push(&mut self, decision: Decision) {
        self.chain = chained(self.chain, decision.entry);
        self.dense.push_back(Decision { chain: self.chain, ..decision });
        let slot = self.dense.len() as u64;
        self.last_in.entry(decision.epoch).or_default();
        // A leader of the past that decides late decides for later epochs too.
        self.last_in.range_mut(decision.epoch..).for_each(|(_, last)| *last = slot);
    }

    fn chain_at(&self, slot: u64) -> Option<u64> {
        self.get(slot).map(|decision| decision.chain)
    }

    /// Notes that the client of a decided write was told.
    pub(super) fn acknowledge(&mut self, slot: u64, event: EventId) {
        let Some(index) = slot.checked_sub(1) else { return };
        let place = self.dense.get_mut(index as usize).or_else(|| self.ahead.get_mut(&slot));
        if let Some(decision) = place {
            decision.acknowledged.get_or_insert(event);
            self.acknowledged = self.acknowledged.max(slot);
        }
    }

    /// Iterates over the acknowledged slots in `(after, up_to]`, seeing at most `SEEN_MAX` slots.
    pub fn acknowledged_in(
        &self,
        after: u64,
        up_to: u64,
    ) -> impl Iterator<Item = (u64, &Decision)> {
        (after + 1..=up_to.min(after + SEEN_MAX))
            .filter_map(|slot| self.get(slot).map(|decision| (slot, decision)))
            .filter(|(_, decision)| decision.acknowledged.is_some())
    }
}

/// How many slots are looked at to name what is missing. Past that, the log says how much it is.
const SEEN_MAX: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn log(slots: &[(u64, u64)]) -> Log {
        let mut log = Log::default();
        for (epoch, value) in slots {
            log.push(Slot { epoch: *epoch, value: *value }, EventId(0));
        }
        log
    }

    #[test]
    fn the_place_where_two_logs_part_is_found() {
        let long: Vec<(u64, u64)> = (1..=100).map(|k| (1, k)).collect();
        for parted in 0..100 {
            let mut other = long.clone();
            other[parted].0 = 2;
            assert_eq!(log(&long).common(&log(&other)), parted as u64);
        }
        assert_eq!(log(&long).common(&log(&long[..40])), 40);
    }

    #[test]
    fn a_decision_that_comes_early_waits_for_those_before_it() {
        let mut ledger = Ledger::default();
        let decision = |value| {
            Decision::new(Slot { epoch: 1, value }, Address::Node(1), 1, EventId(value as u32))
        };
        ledger.decide(2, decision(20));
        assert_eq!((ledger.len(), ledger.find(2).map(|d| d.entry.value)), (0, Some(20)));
        ledger.decide(1, decision(10));
        assert_eq!(ledger.len(), 2);
        let mut log = log(&[(1, 10), (1, 20), (1, 30)]);
        log.hold_all(&ledger);
        assert_eq!(log.held(), 2);
    }

    #[test]
    fn a_restored_log_keeps_what_it_had() {
        let mut log = log(&[(1, 10), (1, 20), (1, 30)]);
        let slots = [Slot { epoch: 1, value: 10 }, Slot { epoch: 2, value: 20 }];
        log.restore(&slots, EventId(9));
        let events: Vec<u32> = (1..=2).filter_map(|s| log.get(s)).map(|e| e.event.0).collect();
        assert_eq!((log.len(), events), (2, vec![0, 9]));
    }
}
