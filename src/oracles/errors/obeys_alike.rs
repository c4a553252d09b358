//! IC1: all loyal lieutenants obey the same order.
//!
//! Only the decisions of lieutenants count, and only those of the loyal are heard.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "IC1",
    grade: Grade::Breach,
    says: "All loyal lieutenants obey the same order (Lamport, Shostak and Pease 1982).",
    hears: Hears::DECISIONS,
    make: |_, _| Box::new(ObeysAlike::default()),
};

/// Remembers who was the first to obey each order, and what that was.
#[derive(Clone, Debug, Default)]
struct ObeysAlike {
    first: OrdMap<u64, (Address, u64, EventId)>,
    broken: BTreeSet<u64>,
}

/// Returns who decided which slot how, where a record says that somebody of this role did.
pub(super) fn decision(record: &Record, truth: &Truth, role: Role) -> Option<(Address, u64, u64)> {
    let What::Noted(Note::Decided { slot, entry }) = record.what else { return None };
    let who = record.who.filter(|who| truth.member(*who).is_some_and(|m| m.role == role))?;
    Some((who, slot, entry.value))
}

/// Names an order: what a client asked for, or none of it.
pub(super) fn order(value: u64) -> String {
    if value == 0 { "retreat".to_owned() } else { in_words(value) }
}

impl Oracle for ObeysAlike {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let Some((who, slot, value)) = decision(record, truth, Role::Participant) else { return };
        let (by, first, event) = *self.first.entry(slot).or_insert((who, value, record.id));
        if first != value && self.broken.insert(slot) {
            let (first, value) = (order(first), order(value));
            let text = format!("{by} obeys {first} and {who} obeys {value} as order {slot}");
            out.push(KIND.raised(record, Subject::Slot(slot), &[event, record.id], text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    const ARMY: &str = "0 n1 commands; 0 n2 obeys; 0 n3 obeys; ";

    #[test]
    fn two_lieutenants_that_obey_differently_break_it_whatever_the_commander_says() {
        let story = format!(
            "{ARMY} 1 n1 decides 1 0 c1#1; 2 n2 decides 1 0 c1#1; 3 n3 decides 1 0 noop; \
             4 n3 decides 2 0 c1#2"
        );
        assert_eq!(
            signals("IC1", 3, &story),
            ["0.003s + slot 1: n2 obeys c1#1 and n3 obeys retreat as order 1"]
        );
    }

    #[test]
    fn to_obey_alike_and_not_as_ordered_is_another_matter() {
        let story =
            format!("{ARMY} 1 n1 decides 1 0 c1#1; 2 n2 decides 1 0 noop; 3 n3 decides 1 0 noop");
        assert_eq!(signals("IC1", 3, &story), Vec::<String>::new());
    }
}
