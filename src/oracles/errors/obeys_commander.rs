//! IC2: if the commander is loyal, every loyal lieutenant obeys the order that he sends.
//!
//! What a traitor says of himself is not heard, so that without a loyal commander there is no order
//! to hold the lieutenants against. Nor is there one once the commander turns out to be a traitor:
//! he was none only until then.

use std::collections::BTreeSet;

use imbl::OrdMap;

use super::obeys_alike::{decision, order};
use crate::oracles::panel::turned_liars;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Record, Role};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "IC2",
    grade: Grade::Breach,
    says: "If the commander is loyal, every loyal lieutenant obeys the order that he sends \
           (Lamport, Shostak and Pease 1982).",
    hears: Hears::DECISIONS.and(Hears::REST),
    make: |_, _| Box::new(ObeysCommander::default()),
};

/// Remembers what the commander ordered.
#[derive(Clone, Debug, Default)]
struct ObeysCommander {
    ordered: OrdMap<u64, (Address, u64, EventId)>,
    broken: BTreeSet<u64>,
}

impl Oracle for ObeysCommander {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let liars = turned_liars(record);
        if !liars.is_empty() {
            let ordered = std::mem::take(&mut self.ordered).into_iter();
            self.ordered = ordered.filter(|(_, (by, ..))| !liars.contains(by)).collect();
        }
        if let Some((who, slot, value)) = decision(record, truth, Role::Coordinator) {
            self.ordered.insert(slot, (who, value, record.id));
        }
        let Some((who, slot, value)) = decision(record, truth, Role::Participant) else { return };
        let Some(&(by, ordered, event)) = self.ordered.get(&slot) else { return };
        if ordered != value && self.broken.insert(slot) {
            let (ordered, value) = (order(ordered), order(value));
            let text = format!("{by} orders {ordered} and {who} obeys {value} as order {slot}");
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

    #[test]
    fn a_lieutenant_that_obeys_otherwise_breaks_it_once_an_order() {
        let story = "0 n1 commands; 0 n2 obeys; 0 n3 obeys; 1 n1 decides 1 0 c1#1; \
                     2 n2 decides 1 0 noop; 3 n3 decides 1 0 noop; 4 n1 decides 2 0 c1#2; \
                     5 n2 decides 2 0 c1#2";
        assert_eq!(
            signals("IC2", 3, story),
            ["0.002s + slot 1: n1 orders c1#1 and n2 obeys retreat as order 1"]
        );
    }

    #[test]
    fn an_order_of_a_traitor_binds_nobody() {
        let story = "0 n1 commands; 0 n2 obeys; 0 n3 obeys; 1 n1 decides 1 0 c1#1; 2 F1 turns n1; \
                     3 n2 decides 1 0 noop; 4 n3 decides 1 0 noop";
        assert_eq!(signals("IC2", 3, story), Vec::<String>::new());
    }

    #[test]
    fn where_the_commander_says_nothing_of_himself_there_is_nothing_to_obey() {
        let story = "0 n2 obeys; 0 n3 obeys; 1 n2 decides 1 0 c1#1; 2 n3 decides 1 0 noop";
        assert_eq!(signals("IC2", 3, story), Vec::<String>::new());
    }
}
