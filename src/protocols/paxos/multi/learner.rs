//! The learner: what is chosen, how the others come to know it, and the store that it is applied
//! to.

use crate::protocols::kv::Applied;
use crate::sim::{Address, Note, Role};

use super::super::Ballot;
use super::message::{Entries, Message};
use super::step::Step;
use super::{AHEAD_MAX, TAUGHT_MAX};

impl Step<'_> {
    /// Knows that what it has in a slot is chosen, and applies what has no gap before it any more.
    pub(super) fn choose(&mut self, slot: u64) {
        if slot > self.s.decided && slot <= self.s.decided + AHEAD_MAX {
            self.s.chosen.insert(slot);
        }
        while self.s.chosen.first() == Some(&(self.s.decided + 1)) {
            let Some((entry, applied)) = self.s.apply_next() else { break };
            self.s.chosen.pop_first();
            self.out.note(Note::Decided { slot: self.s.decided, entry: entry.slot() });
            let Some(command) = entry.command.filter(|_| self.s.role == Role::Leader) else {
                continue;
            };
            // Only who leads answers: the callers of an earlier leader ask this one.
            match applied {
                Some(Applied::Fresh(outcome)) => self.out.answer(command.call, outcome),
                Some(Applied::Duplicate(outcome)) => {
                    self.out.note(Note::Contained { by: "request id", from: command.call.client });
                    self.out.answer(command.call, outcome);
                }
                _ => {}
            }
        }
    }

    /// Is told that a slot is chosen. Where it accepted under the same number it has the value: a
    /// leader proposes one value a slot and number.
    pub(super) fn learn(&mut self, ballot: Ballot, slot: u64) {
        if self.s.log.get(&slot).is_some_and(|entry| entry.ballot == ballot) {
            self.choose(slot);
        }
    }

    /// Hears that the leader of this number lives, and how far it is.
    pub(super) fn heartbeat(&mut self, from: u16, ballot: Ballot, decided: u64) {
        if !self.belongs_to(ballot, from) {
            return;
        }
        if ballot < self.s.promised {
            return self.refuse(from, ballot, 0);
        }
        self.hear_leader(from, ballot);
        while self.s.decided < decided {
            let slot = self.s.decided + 1;
            match self.s.log.get(&slot) {
                Some(entry) if entry.ballot == ballot => self.choose(slot),
                _ => break,
            }
        }
        if self.s.decided < decided {
            self.send(from, Message::Ask { first: self.s.decided + 1 });
        }
    }

    /// Follows whoever leads under this number.
    pub(super) fn hear_leader(&mut self, from: u16, ballot: Ballot) {
        self.s.heard = self.s.heard.max(ballot);
        self.overtaken_by(ballot);
        if self.s.role == Role::Follower {
            self.s.leader = Some(from);
            self.arm_election();
        }
    }

    /// Tells what was decided from a slot on, as far as it knows.
    pub(super) fn teach(&mut self, to: u16, first: u64) {
        let upto = self.s.decided;
        if first == 0 || first > upto {
            return;
        }
        let known = self.s.log.range(first..=upto).take(TAUGHT_MAX);
        let entries: Entries = known.map(|(slot, entry)| (*slot, *entry)).collect();
        self.send(to, Message::Teach { entries });
    }

    /// Takes in what it is taught, and asks for more while its teacher sends all that it may.
    pub(super) fn taught(&mut self, from: u16, entries: &Entries) {
        let before = self.s.decided;
        self.take_decided(entries, u64::MAX);
        if self.s.decided > before && entries.as_slice().len() >= TAUGHT_MAX {
            self.out.send(Address::Node(from), Message::Ask { first: self.s.decided + 1 });
        }
    }

    /// Takes in entries up to a slot, which their sender knows to be decided. Whoever holds an
    /// entry of a ballot must not accept one of a lower ballot in its place, so it promises it.
    pub(super) fn take_decided(&mut self, entries: &Entries, upto: u64) {
        for (slot, entry) in entries.as_slice() {
            if *slot > self.s.decided && *slot <= upto && !self.s.chosen.contains(slot) {
                if *slot > self.s.decided + AHEAD_MAX {
                    return;
                }
                self.promise(entry.ballot);
                self.overtaken_by(entry.ballot);
                self.accept(*slot, *entry);
                self.choose(*slot);
            }
        }
    }
}
