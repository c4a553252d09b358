//! Stale write: a copy takes a write from an epoch that is over.
//!
//! It is what a lock that lost its holder cannot prevent and a fencing token does (Burrows 2006,
//! sequencers): the old holder wakes and finishes what it had begun.

use imbl::OrdMap;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "stale write",
    grade: Grade::Breach,
    says: "No copy takes a write of an older epoch after one of a newer (Burrows 2006).",
    hears: Hears::LOGS,
    make: |_, _| Box::new(StaleWrite::default()),
};

/// Remembers the newest epoch that each copy took a write of.
#[derive(Clone, Debug, Default)]
struct StaleWrite {
    newest: OrdMap<Address, (u64, EventId)>,
    broken: OrdMap<Address, ()>,
}

impl Oracle for StaleWrite {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let (What::Noted(Note::Stored { epoch }), Some(who)) = (&record.what, record.who) else {
            return;
        };
        let newest = self.newest.entry(who).or_insert((*epoch, record.id));
        if *epoch > newest.0 {
            *newest = (*epoch, record.id);
        } else if *epoch < newest.0 && self.broken.insert(who, ()).is_none() {
            let text =
                format!("{who} took a write of epoch {epoch} after one of epoch {}", newest.0);
            out.push(KIND.raised(record, Subject::Node(who), &[newest.1, record.id], text));
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
    fn a_write_of_an_older_epoch_after_a_newer_is_stale_at_the_copy_that_took_it() {
        let story = "0 n2 stores 1; 1 n3 stores 1; 2 n3 stores 2; 3 n2 stores 1; 4 n3 stores 1; \
                     5 n3 stores 2; 6 n3 stores 1";
        assert_eq!(
            signals("stale write", 4, story),
            ["0.004s + n3: n3 took a write of epoch 1 after one of epoch 2"]
        );
    }
}
