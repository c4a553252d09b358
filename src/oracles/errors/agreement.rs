//! Agreement: no two nodes decide different values for one slot (Lamport 2001, §2.1: only one value
//! is chosen; Pease, Shostak and Lamport 1980 for nodes that may lie).
//!
//! Values count, not epochs: a value that is proposed again under a later ballot or view is the
//! same. A node that decides a slot a second time, and otherwise, breaks it too.

use std::collections::BTreeSet;

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "agreement",
    grade: Grade::Breach,
    says: "No two nodes decide one slot differently (Lamport 2001, §2.1).",
    hears: Hears::DECISIONS,
    make: |_, _| Box::new(OneValueASlot::judging(&KIND)),
};

/// Remembers the slots that were decided in two ways.
#[derive(Clone, Debug)]
pub(super) struct OneValueASlot {
    kind: &'static Kind,
    broken: BTreeSet<u64>,
}

impl OneValueASlot {
    /// Makes an oracle that says it under this name: each field has its own for the same thing.
    pub(super) fn judging(kind: &'static Kind) -> OneValueASlot {
        OneValueASlot { kind, broken: BTreeSet::new() }
    }
}

impl Oracle for OneValueASlot {
    fn kind(&self) -> &'static Kind {
        self.kind
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Decided { slot, entry }) = record.what else { return };
        let (Some(who), Some(first)) = (record.who, truth.decision()) else { return };
        if first.entry.value != entry.value && self.broken.insert(slot) {
            let (by, old, new) = (first.by, in_words(first.entry.value), in_words(entry.value));
            let text = format!("slot {slot} is {old} to {by} and {new} to {who}");
            let evidence = [first.event, record.id];
            out.push(self.kind.raised(record, Subject::Slot(slot), &evidence, text));
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
    fn two_nodes_decide_one_slot_in_two_ways_and_it_is_said_once() {
        let story = "0 n1 decides 1 1 c1#1; 1 n2 decides 1 2 c2#1; 2 n3 decides 1 2 c2#1; \
                     3 n3 decides 2 2 noop; 4 n1 decides 2 1 c1#2";
        assert_eq!(
            signals("agreement", 3, story),
            [
                "0.001s + slot 1: slot 1 is c1#1 to n1 and c2#1 to n2",
                "0.004s + slot 2: slot 2 is a no-op to n3 and c1#2 to n1",
            ]
        );
    }

    #[test]
    fn the_same_value_under_another_ballot_is_agreement() {
        let story = "0 n1 decides 1 1 c1#1; 1 n2 decides 1 7 c1#1; 2 n3 decides 2 1 noop";
        assert_eq!(signals("agreement", 3, story), Vec::<String>::new());
    }

    #[test]
    fn a_node_that_changes_its_mind_breaks_it_alone() {
        let story = "0 n1 decides 1 1 c1#1; 1 n1 decides 1 1 c2#1";
        assert_eq!(signals("agreement", 3, story).len(), 1);
    }
}
