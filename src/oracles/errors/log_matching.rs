//! Log matching: if two logs contain an entry with the same index and term, then the logs are
//! identical in all entries up through that index (Raft Fig. 3, §5.3).
//!
//! A chain hash stands for "all entries up through". The first chain seen for a slot and a term is
//! kept; only one that differs makes the oracle look at the logs themselves.

use std::collections::BTreeSet;

use imbl::{OrdMap, Vector};

use crate::oracles::finding::in_words;
use crate::oracles::ledger::{Entry, Log};
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "log matching",
    grade: Grade::Breach,
    says: "Two logs with an entry of one slot and term are equal up to it (Raft Fig. 3, §5.3).",
    hears: Hears::LOGS,
    make: |_, _| Box::new(LogMatching::default()),
};

/// Remembers a chain for each slot and term; most slots are filled in one term only.
#[derive(Clone, Debug, Default)]
struct LogMatching {
    first: Vector<(u64, u64)>,
    later: OrdMap<(u64, u64), u64>,
    broken: BTreeSet<(Address, Address)>,
}

impl LogMatching {
    /// Remembers the entry's chain; returns whether another was remembered.
    fn differs(&mut self, slot: u64, entry: &Entry) -> bool {
        let (epoch, chain) = (entry.slot.epoch, entry.chain);
        let index = slot as usize - 1;
        if index == self.first.len() {
            self.first.push_back((epoch, chain));
            return false;
        }
        match self.first.get(index) {
            Some(&(seen, old)) if seen == epoch => {
                if old != chain {
                    self.first.set(index, (epoch, chain));
                }
                old != chain
            }
            _ => self.later.insert((slot, epoch), chain).is_some_and(|old| old != chain),
        }
    }

    fn judge(
        &mut self,
        record: &Record,
        truth: &Truth,
        (who, slot, entry): (Address, u64, &Entry),
        out: &mut Vec<Signal>,
    ) {
        if !self.differs(slot, entry) {
            return;
        }
        for (other, member) in truth.members().filter(|(other, m)| *other != who && m.lives()) {
            let Some(theirs) = member.log.get(slot) else { continue };
            let pair = (who.min(other), who.max(other));
            if theirs.slot.epoch == entry.slot.epoch
                && theirs.chain != entry.chain
                && self.broken.insert(pair)
            {
                let (ours, theirs_is) = (in_words(entry.slot.value), in_words(theirs.slot.value));
                let (epoch, evidence) = (entry.slot.epoch, [theirs.event, record.id]);
                let text = if ours == theirs_is {
                    format!("{who} and {other} agree on slot {slot} and not on what precedes it")
                } else {
                    let both = format!("{ours} at {who} and {theirs_is} at {other}");
                    format!("slot {slot} of term {epoch} holds {both}")
                };
                out.push(KIND.raised(record, Subject::Pair(pair.0, pair.1), &evidence, text));
            }
        }
    }

    /// Returns whether a log is, entry for entry, one that was judged before.
    fn knows(&self, log: &Log) -> bool {
        let Some(last) = log.get(log.len()) else { return true };
        self.first.get(log.len() as usize - 1) == Some(&(last.slot.epoch, last.chain))
    }
}

impl Oracle for LogMatching {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(note) = &record.what else { return };
        let Some(who) = record.who else { return };
        let Some(member) = truth.member(who) else { return };
        match note {
            Note::Appended { slot, .. } => {
                if let Some(entry) = truth.appended() {
                    self.judge(record, truth, (who, *slot, entry), out);
                }
            }
            Note::Restored(_) if !self.knows(&member.log) => {
                for slot in 1..=member.log.len() {
                    if let Some(entry) = member.log.get(slot) {
                        self.judge(record, truth, (who, slot, entry), out);
                    }
                }
            }
            _ => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn two_entries_of_one_slot_and_term_differ() {
        let story = "0 n1 appends 1 1 c1#1; 1 n2 appends 1 1 c1#1; 2 n1 appends 2 1 c1#2; \
                     3 n2 appends 2 1 c2#1; 4 n2 appends 3 1 noop; 5 n1 appends 3 1 noop";
        assert_eq!(
            signals("log matching", 3, story),
            ["0.003s + n1 and n2: slot 2 of term 1 holds c2#1 at n2 and c1#2 at n1"]
        );
    }

    #[test]
    fn what_precedes_equal_entries_must_be_equal_too() {
        let story = "0 n1 appends 1 1 c1#1; 1 n2 appends 1 2 c1#1; 2 n1 appends 2 3 noop; \
                     3 n2 appends 2 3 noop";
        assert_eq!(
            signals("log matching", 3, story),
            ["0.003s + n1 and n2: n2 and n1 agree on slot 2 and not on what precedes it"]
        );
    }

    #[test]
    fn logs_of_two_terms_may_differ_and_what_is_gone_does_not_count() {
        let story =
            "0 n1 appends 1 1 c1#1; 1 n2 appends 1 2 c2#1; 2 n2 cuts 1; 3 n3 appends 1 2 noop";
        assert_eq!(signals("log matching", 3, story), Vec::<String>::new());
    }

    #[test]
    fn a_log_that_comes_back_is_judged_as_it_stands() {
        let story = "0 n1 appends 1 1 c1#1; 1 n1 down; 2 n2 appends 1 1 c2#1; 3 n1 up; \
                     3 n1 boots; 3 n1 restores 1:c1#1";
        assert_eq!(
            signals("log matching", 3, story),
            ["0.003s + n1 and n2: slot 1 of term 1 holds c1#1 at n1 and c2#1 at n2"]
        );
    }
}
