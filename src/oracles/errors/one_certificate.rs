//! One certificate a number: within a view, a number has one request that a quorum agreed to
//! (Castro and Liskov 1999, §4.2: if `prepared` holds for one request, it holds for no other).
//!
//! This is what agreement rests on: it breaks first, where two quorums share liars alone.

use std::collections::BTreeSet;

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "one certificate a number",
    grade: Grade::Breach,
    says: "Within a view, a quorum agrees to one request for a number (Castro and Liskov 1999, \
           §4.2).",
    hears: Hears::VOTES,
    make: |_, _| Box::new(OneCertificate::default()),
};

/// For how many of the newest numbers certificates are remembered: more than lie between the
/// watermarks of any protocol here.
const NUMBERS_MAX: usize = 4_096;

/// The first certificate of a number in a view.
#[derive(Clone, Copy, Debug)]
struct First {
    value: u64,
    by: Address,
    event: EventId,
}

/// Remembers what each number was certified to hold, in each view.
#[derive(Clone, Debug, Default)]
struct OneCertificate {
    first: imbl::OrdMap<(u64, u64), First>,
    broken: BTreeSet<u64>,
}

impl Oracle for OneCertificate {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Prepared { slot, entry }) = record.what else { return };
        let Some(who) = record.who else { return };
        let first = First { value: entry.value, by: who, event: record.id };
        let known = *self.first.entry((slot, entry.epoch)).or_insert(first);
        if known.value != entry.value && self.broken.insert(slot) {
            let (by, view) = (known.by, entry.epoch);
            let (old, new) = (in_words(known.value), in_words(entry.value));
            let text = format!(
                "slot {slot} of view {view} is certified as {old} to {by} and as {new} to {who}"
            );
            out.push(KIND.raised(record, Subject::Slot(slot), &[known.event, record.id], text));
        }
        if self.first.len() > NUMBERS_MAX {
            self.first = self.first.without_min().1;
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
    fn two_certificates_of_one_view_are_found_once_a_number() {
        let story = "0 n3 prepares 1 0 c1#1; 1 n4 prepares 1 0 c2#1; 2 n4 prepares 1 0 c2#1; \
                     3 n3 prepares 2 0 c1#2; 4 n4 prepares 2 0 c1#2";
        assert_eq!(
            signals("one certificate a number", 4, story),
            ["0.001s + slot 1: slot 1 of view 0 is certified as c1#1 to n3 and as c2#1 to n4"]
        );
    }

    #[test]
    fn a_later_view_may_certify_another_request() {
        let story = "0 n3 prepares 1 0 c1#1; 1 n4 prepares 1 1 c2#1; 2 n3 prepares 1 1 c2#1";
        assert_eq!(signals("one certificate a number", 4, story), Vec::<String>::new());
    }
}
