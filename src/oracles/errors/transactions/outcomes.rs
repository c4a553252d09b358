//! AC1: all who decide decide alike. AC2: nobody reverses its decision.

use std::collections::BTreeSet;

use imbl::OrdMap;

use super::{name, subject, word};
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Truth};
use crate::sim::{Address, CallId, EventId, Note, Record, What};

/// AC1's line in the catalogue.
pub static AC1: Kind = Kind {
    property: "AC1 agreement",
    grade: Grade::Breach,
    says: "All who decide a transaction decide alike (AC1, Bernstein, Hadzilacos and Goodman \
             1987).",
    hears: Hears::TRANSACTIONS,
    make: |_, _| Box::new(Agreement::default()),
};

/// AC2's line in the catalogue.
pub static AC2: Kind = Kind {
    property: "AC2 no reversal",
    grade: Grade::Breach,
    says: "Who has decided a transaction does not decide it otherwise later (AC2, Bernstein, \
           Hadzilacos and Goodman 1987).",
    hears: Hears::TRANSACTIONS,
    make: |_, _| Box::new(NoReversal::default()),
};

/// A decision that a node made known.
type Decided = (bool, Address, EventId);

/// Remembers who decided each transaction first, and which were decided in two ways.
#[derive(Clone, Debug, Default)]
struct Agreement {
    first: OrdMap<CallId, Decided>,
    broken: BTreeSet<(Address, u32)>,
}

impl Oracle for Agreement {
    fn kind(&self) -> &'static Kind {
        &AC1
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let (What::Noted(Note::TransactionEnded { transaction, commit }), Some(who)) =
            (&record.what, record.who)
        else {
            return;
        };
        let mine = (*commit, who, record.id);
        let (first, by, event) = *self.first.entry(*transaction).or_insert(mine);
        // One node that decides in two ways breaks AC2; AC1 is about two.
        let differs = first != *commit && by != who;
        if differs && self.broken.insert((transaction.client, transaction.serial)) {
            let (t, old, new) = (name(*transaction), word(first), word(*commit));
            let text = format!("{by} {old} {t} and {who} {new} it");
            out.push(AC1.raised(record, subject(*transaction), &[event, record.id], text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

/// Remembers what each node decided.
#[derive(Clone, Debug, Default)]
struct NoReversal {
    decided: OrdMap<(Address, CallId), (bool, EventId)>,
    broken: BTreeSet<(Address, u32)>,
}

impl Oracle for NoReversal {
    fn kind(&self) -> &'static Kind {
        &AC2
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let (What::Noted(Note::TransactionEnded { transaction, commit }), Some(who)) =
            (&record.what, record.who)
        else {
            return;
        };
        let place = self.decided.entry((who, *transaction));
        let (first, event) = *place.or_insert((*commit, record.id));
        if first != *commit && self.broken.insert((transaction.client, transaction.serial)) {
            let (t, old, new) = (name(*transaction), word(first), word(*commit));
            let text = format!("{who} {old} {t} and then {new} it");
            out.push(AC2.raised(record, subject(*transaction), &[event, record.id], text));
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
    fn two_who_decide_otherwise_break_agreement_and_it_is_said_once() {
        let story = "0 n2 commits c1#1; 1 n3 aborts c1#1; 2 n4 aborts c1#1; 3 n2 commits c1#2; \
                     4 n3 commits c1#2";
        assert_eq!(
            signals("AC1 agreement", 4, story),
            ["0.001s + c1#1: n2 committed c1#1 and n3 aborted it"]
        );
        assert_eq!(signals("AC2 no reversal", 4, story), Vec::<String>::new());
    }

    #[test]
    fn a_second_attempt_is_another_transaction() {
        let story = "0 n2 aborts c1#1; 1 n2 commits c1#1.2; 2 n3 commits c1#1.2";
        assert_eq!(signals("AC1 agreement", 4, story), Vec::<String>::new());
        assert_eq!(signals("AC2 no reversal", 4, story), Vec::<String>::new());
    }

    #[test]
    fn one_who_changes_its_mind_breaks_no_reversal_alone() {
        let story = "0 n2 commits c1#1; 1 n2 aborts c1#1; 2 n2 commits c1#1";
        assert_eq!(signals("AC1 agreement", 4, story), Vec::<String>::new());
        assert_eq!(
            signals("AC2 no reversal", 4, story),
            ["0.001s + c1#1: n2 committed c1#1 and then aborted it"]
        );
    }
}
