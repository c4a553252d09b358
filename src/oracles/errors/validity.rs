//! Validity: what is decided was asked for by a client (Lamport 2001, §2.1: only a value that has
//! been proposed may be chosen). A no-op asks for nothing, and so needs nobody who asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{ClientNote, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "validity",
    grade: Grade::Breach,
    says: "What is decided was asked for by a client (Lamport 2001, §2.1).",
    hears: Hears::DECISIONS.and(Hears::CALLS).and(Hears::PROBES),
    make: |_, _| Box::new(Validity::default()),
};

/// Remembers every call that ever was, and the slots that hold none of them.
#[derive(Clone, Debug, Default)]
struct Validity {
    /// Runs of keys (`CallId::key`) without a gap: the first of each, and the last. A client
    /// numbers its calls upwards, so that a client mostly takes one run.
    called: BTreeMap<u64, u64>,
    broken: BTreeSet<u64>,
}

impl Validity {
    fn call(&mut self, key: u64) {
        match self.called.range_mut(..=key).next_back() {
            Some((_, last)) if key <= *last + 1 => *last = key.max(*last),
            _ => {
                self.called.insert(key, key);
            }
        }
    }

    fn was_called(&self, key: u64) -> bool {
        self.called.range(..=key).next_back().is_some_and(|(_, last)| key <= *last)
    }
}

impl Oracle for Validity {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let (slot, entry) = match record.what {
            What::Client(ClientNote::Called { call, .. }) => return self.call(call.key()),
            What::Noted(Note::Decided { slot, entry }) => (slot, entry),
            _ => return,
        };
        let Some(who) = record.who else { return };
        if entry.value != 0 && !self.was_called(entry.value) && self.broken.insert(slot) {
            let what = in_words(entry.value);
            let text = format!("{who} decided {what} in slot {slot}, which nobody had asked for");
            out.push(KIND.raised(record, Subject::Slot(slot), &[record.id], text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracles::story::signals;

    #[test]
    fn a_value_that_nobody_asked_for_is_found_once_a_slot() {
        let story = "0 c1 calls 1 write 2 9; 1 n1 decides 1 1 c1#1; 2 n1 decides 2 1 c1#2; \
                     3 n2 decides 2 1 c1#2; 4 n1 decides 3 1 c2#1; 5 c1 calls 2 read 2";
        assert_eq!(
            signals("validity", 3, story),
            [
                "0.002s + slot 2: n1 decided c1#2 in slot 2, which nobody had asked for",
                "0.004s + slot 3: n1 decided c2#1 in slot 3, which nobody had asked for",
            ]
        );
    }

    #[test]
    fn a_call_that_was_given_up_may_be_decided_and_a_no_op_needs_no_caller() {
        let story = "0 c1 calls 1 write 2 9; 1 c1 gives-up 1; 2 n1 decides 1 1 c1#1; \
                     3 n1 decides 2 1 noop";
        assert_eq!(signals("validity", 3, story), Vec::<String>::new());
    }

    #[test]
    fn numbers_that_a_client_left_out_were_not_called() {
        let mut oracle = Validity::default();
        for key in [5, 6, 7, 7, 9, 10, 3] {
            oracle.call(key);
        }
        let called: Vec<u64> = (0..=12).filter(|key| oracle.was_called(*key)).collect();
        assert_eq!(called, [3, 5, 6, 7, 9, 10]);
        assert_eq!(oracle.called.len(), 3);
    }
}
