//! Resurrection: a deleted item comes back.
//!
//! To a store that compares copies, an item that one side has and the other has not is news,
//! whichever of the two is older: so a delete has to leave something behind (Demers and others
//! 1987, section 2).

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::client::DELETED;
use crate::sim::{Address, EventId, Held, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "resurrection",
    grade: Grade::Breach,
    says: "Nobody who deleted an item holds an older value of it again (Demers and others 1987).",
    hears: Hears::COPIES.and(Hears::LIVES),
    make: |_, _| Box::new(Resurrection::default()),
};

/// Remembers who deleted what, and the keys that came back.
#[derive(Clone, Debug, Default)]
struct Resurrection {
    deleted: OrdMap<(Address, u64), ((u64, Address), EventId)>,
    broken: BTreeSet<u64>,
}

impl Resurrection {
    fn held(&mut self, record: &Record, who: Address, held: &Held, out: &mut Vec<Signal>) {
        let Held { key, version, value } = *held;
        let before = self.deleted.get(&(who, key)).copied();
        if value == DELETED {
            if before.is_none_or(|(deleted, _)| deleted < version) {
                self.deleted.insert((who, key), (version, record.id));
            }
            return;
        }
        let Some((deleted, event)) = before else { return };
        if version > deleted {
            self.deleted.remove(&(who, key));
        } else if self.broken.insert(key) {
            let text = format!("{who} had deleted k{key} and holds the older value {value} again");
            out.push(KIND.raised(record, Subject::Key(key), &[event, record.id], text));
        }
    }

    /// Who starts again knows only what its disk kept: it has deleted nothing yet.
    fn forget(&mut self, who: Address) {
        let after = (who, u64::MIN)..=(who, u64::MAX);
        let keys: Vec<_> = self.deleted.range(after).map(|(key, _)| *key).collect();
        for key in keys {
            self.deleted.remove(&key);
        }
    }
}

impl Oracle for Resurrection {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let Some(who) = record.who else { return };
        match &record.what {
            What::Noted(Note::Holds(held)) => self.held(record, who, held, out),
            What::Noted(Note::Found(copies)) => {
                copies.iter().for_each(|held| self.held(record, who, held, out));
            }
            What::Booted => self.forget(who),
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
    fn an_older_value_at_who_had_deleted_it_is_a_resurrection() {
        let story = "0 n1 holds 2 5.n1 9; 1 n1 holds 2 7.n1 0; 2 n2 holds 2 5.n1 9; \
                     3 n1 holds 2 5.n1 9; 4 n1 holds 2 5.n1 9";
        assert_eq!(
            signals("resurrection", 3, story),
            ["0.003s + k2: n1 had deleted k2 and holds the older value 9 again"]
        );
    }

    #[test]
    fn a_newer_value_is_a_new_item_and_who_was_wiped_had_deleted_nothing() {
        let story = "0 n1 holds 2 7.n1 0; 1 n1 holds 2 8.n2 9; 2 n3 holds 2 7.n1 0; 3 n3 down; \
                     4 n3 up; 4 n3 boots; 5 n3 holds 2 5.n1 9";
        assert_eq!(signals("resurrection", 3, story), Vec::<String>::new());
    }
}
