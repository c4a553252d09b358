//! Integrity: no replica holds, and no client reads, what no client wrote.
//!
//! A store that spreads whatever is newest spreads a made-up value, or one in which a bit has
//! flipped, as well as any other; agreement among the copies proves nothing. What a liar answers is
//! its own lie and no value that anybody holds: once somebody lies, answers prove nothing either.

use std::collections::BTreeSet;

use imbl::{OrdMap, OrdSet};

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::client::DELETED;
use crate::sim::{ClientNote, Held, Lever, Note, Op, Outcome, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "integrity",
    grade: Grade::Breach,
    says: "No node holds a value that no client wrote.",
    hears: Hears::COPIES.and(Hears::CALLS).and(Hears::PROBES).and(Hears::REST),
    make: |_, _| Box::new(Integrity::default()),
};

/// Remembers what was written, and the keys of which something else was held.
#[derive(Clone, Debug, Default)]
struct Integrity {
    /// Values, each with the key that it was written to: no two writes of a run share a value.
    written: OrdMap<u64, u64>,
    /// Keys that a client deleted.
    deleted: OrdSet<u64>,
    broken: BTreeSet<u64>,
    /// Whether a client may have been told a lie.
    lied: bool,
}

impl Integrity {
    fn called(&mut self, op: Op) {
        match op {
            Op::Write { key, value: DELETED } => drop(self.deleted.insert(key)),
            Op::Write { key, value } => drop(self.written.insert(value, key)),
            Op::Read { .. } => {}
        }
    }

    fn is_true(&self, key: u64, value: u64) -> bool {
        match value {
            DELETED => self.deleted.contains(&key),
            _ => self.written.get(&value) == Some(&key),
        }
    }

    fn held(&mut self, record: &Record, held: &Held, out: &mut Vec<Signal>) {
        let Held { key, value, .. } = *held;
        let Some(who) = record.who else { return };
        if self.is_true(key, value) || !self.broken.insert(key) {
            return;
        }
        let text = match value {
            DELETED => format!("{who} holds k{key} to be deleted, which no client asked for"),
            _ => format!("{who} holds k{key} = {value}, which no client wrote"),
        };
        out.push(KIND.raised(record, Subject::Key(key), &[record.id], text));
    }

    fn read(&mut self, record: &Record, key: u64, value: u64, out: &mut Vec<Signal>) {
        let Some(who) = record.who else { return };
        if !self.is_true(key, value) && self.broken.insert(key) {
            let text = format!("{who} reads k{key} = {value}, which no client wrote");
            out.push(KIND.raised(record, Subject::Key(key), &[record.id], text));
        }
    }
}

impl Oracle for Integrity {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        match &record.what {
            What::Client(ClientNote::Called { op, .. }) => self.called(*op),
            What::Client(ClientNote::Returned {
                op, outcome: Outcome::Read(Some(value)), ..
            }) if !self.lied => self.read(record, op.key(), *value, out),
            What::Pulled { lever, .. } => self.lied |= matches!(**lever, Lever::Lie { .. }),
            What::Noted(Note::Holds(held)) => self.held(record, held, out),
            What::Noted(Note::Found(copies)) => {
                copies.iter().for_each(|held| self.held(record, held, out));
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
    fn a_value_that_nobody_wrote_is_found_once_a_key() {
        let story = "0 c1 calls 1 write 2 9; 1 n1 holds 2 5.n1 9; 2 n2 holds 2 6.n2 8; \
                     3 n1 holds 2 6.n2 8; 4 n1 holds 3 5.n1 9; 5 n3 finds 4:1.n3:0";
        assert_eq!(
            signals("integrity", 3, story),
            [
                "0.002s + k2: n2 holds k2 = 8, which no client wrote",
                "0.004s + k3: n1 holds k3 = 9, which no client wrote",
                "0.005s + k4: n3 holds k4 to be deleted, which no client asked for",
            ]
        );
    }

    #[test]
    fn what_is_read_counts_too_and_a_delete_that_was_asked_for_is_true() {
        let story = "0 c1 calls 1 write 2 0; 1 n1 holds 2 5.n1 0; 2 c1 calls 2 read 2; \
                     3 c1 returns 2 7";
        assert_eq!(
            signals("integrity", 3, story),
            ["0.003s + k2: c1 reads k2 = 7, which no client wrote"]
        );
    }
}
