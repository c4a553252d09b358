//! No lost update: a write that was acknowledged is overridden by later ones only.
//!
//! In a store in which the highest version wins, a write is lost that was told to be done though a
//! write that had ended before it began has a higher version: no replica will ever answer with it.
//! It is lost too when no replica holds it, or anything newer, any more.

use std::collections::BTreeMap;

use imbl::{OrdMap, Vector};

use crate::oracles::{Grade, Hears, Kind, Operation, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, ClientNote, EventId, Instant, Note, Op, Outcome, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "no lost update",
    grade: Grade::Failure,
    says: "An acknowledged write gives way to later writes only, and some replica holds it until \
           then.",
    hears: Hears::CALLS.and(Hears::COPIES).and(Hears::LIVES),
    make: |_, _| Box::new(KeepsUpdates::default()),
};

/// How many keys that one lost disk took are named.
const NAMED_MAX: usize = 8;

type Version = (u64, Address);

/// A write that was acknowledged, of all up to its end the one with the highest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    at: Instant,
    version: Version,
    event: EventId,
    call: (Address, u32),
}

/// Remembers which version each value has, what was acknowledged of each key, and who holds what.
#[derive(Clone, Debug, Default)]
struct KeepsUpdates {
    versions: OrdMap<u64, Version>,
    told: OrdMap<u64, Vector<Told>>,
    held: BTreeMap<Address, OrdMap<u64, Version>>,
    /// Keys of which the newest acknowledged write is lost, and which write that was.
    gone: OrdMap<u64, (Address, u32)>,
}

impl KeepsUpdates {
    /// Returns the highest version of a key that had been acknowledged before an instant.
    fn highest_before(&self, key: u64, instant: Instant) -> Option<Told> {
        let told = self.told.get(&key)?;
        let (mut low, mut high) = (0, told.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if told[middle].at < instant {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        told.get(low.checked_sub(1)?).copied()
    }

    fn written(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let Some(closed) = truth.history().closed() else { return };
        let Op::Write { key, value } = closed.op else { return };
        let (client, serial) = closed.call;
        let Some(version) = self.versions.get(&value).copied() else {
            return self.never_held(key, closed, record, out);
        };
        if let Some(earlier) = self.highest_before(key, closed.called_at)
            && earlier.version > version
        {
            let (by, number) = earlier.call;
            let text = format!(
                "{client}#{serial} was acknowledged, and every replica prefers {by}#{number}, \
                 which had ended before it began"
            );
            let evidence = [earlier.event, closed.called, record.id];
            out.push(KIND.raised(record, Subject::Call(client, serial), &evidence, text));
        }
        let told = Told { at: record.at, version, event: record.id, call: closed.call };
        let all = self.told.entry(key).or_default();
        let highest = all.last().copied().filter(|last| last.version > version);
        all.push_back(highest.map_or(told, |highest| Told { at: record.at, ..highest }));
    }

    /// Judges a write that was acknowledged and that no replica ever held, since each held
    /// something
    /// newer: it is lost, unless what they hold may have come after it.
    fn never_held(&self, key: u64, closed: &Operation, record: &Record, out: &mut Vec<Signal>) {
        let Some(earlier) = self.highest_before(key, closed.called_at) else { return };
        let held = self.held.values().filter_map(|held| held.get(&key));
        if held.max().is_none_or(|newest| *newest > earlier.version) {
            return;
        }
        let ((client, serial), (by, number)) = (closed.call, earlier.call);
        let text = format!(
            "{client}#{serial} was acknowledged, and no replica ever held it: all prefer \
             {by}#{number}, which had ended before it began"
        );
        let evidence = [earlier.event, closed.called, record.id];
        out.push(KIND.raised(record, Subject::Call(client, serial), &evidence, text));
    }

    /// Looks for what nobody holds any more, once it is known what a node came back with.
    fn look_for_gone(&mut self, record: &Record, out: &mut Vec<Signal>) {
        let holds = |held: &OrdMap<u64, Version>, key: u64, version: Version| {
            held.get(&key).is_some_and(|held| *held >= version)
        };
        let newest = self.told.iter().filter_map(|(key, told)| Some((*key, *told.last()?)));
        let gone: Vec<(u64, Told)> = newest
            .filter(|(key, told)| {
                let kept = self.held.values().any(|held| holds(held, *key, told.version));
                !kept && self.gone.get(key) != Some(&told.call)
            })
            .take(NAMED_MAX)
            .collect();
        for (key, told) in gone {
            self.gone.insert(key, told.call);
            let (client, serial) = told.call;
            let text =
                format!("{client}#{serial} was acknowledged, and no replica holds k{key} so");
            let subject = Subject::Call(client, serial);
            out.push(KIND.raised(record, subject, &[told.event, record.id], text));
        }
    }
}

impl Oracle for KeepsUpdates {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        match (&record.what, record.who) {
            (What::Noted(Note::Holds(held)), Some(who)) => {
                let version = self.versions.entry(held.value).or_insert(held.version);
                *version = (*version).max(held.version);
                self.held.entry(who).or_default().insert(held.key, held.version);
            }
            (What::Noted(Note::Found(copies)), Some(who)) => {
                let found = copies.iter().map(|copy| (copy.key, copy.version)).collect();
                self.held.insert(who, found);
            }
            (What::Client(ClientNote::Returned { outcome: Outcome::Written, .. }), _) => {
                self.written(record, truth, out);
            }
            _ => {}
        }
        if let Some(reborn) = truth.reborn() {
            let found = matches!(record.what, What::Noted(Note::Found(_)));
            if !(found && record.who == Some(reborn)) {
                self.held.remove(&reborn);
            }
            self.look_for_gone(record, out);
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    const FIRST: &str = "0 c1 calls 1 write 2 10; 5 n1 holds 2 900.n1 10; 6 n2 holds 2 900.n1 10; \
                         10 c1 returns 1 ok; ";

    fn after(rest: &str) -> Vec<String> {
        signals("no lost update", 3, &format!("{FIRST}{rest}"))
    }

    #[test]
    fn a_write_that_an_earlier_one_overrides_is_lost() {
        assert_eq!(
            after("20 c2 calls 1 write 2 20; 21 n2 holds 2 21.n1 20; 30 c2 returns 1 ok"),
            ["0.030s + c2#1: c2#1 was acknowledged, and every replica prefers c1#1, which had \
                 ended before it began"]
        );
    }

    #[test]
    fn of_two_writes_at_once_either_may_win_and_a_later_one_wins() {
        assert_eq!(
            after("9 c2 calls 1 write 2 20; 21 n2 holds 2 21.n1 20; 30 c2 returns 1 ok"),
            [""; 0]
        );
        assert_eq!(
            after("20 c2 calls 1 write 2 20; 21 n2 holds 2 901.n1 20; 30 c2 returns 1 ok"),
            [""; 0]
        );
    }

    #[test]
    fn what_no_replica_holds_any_more_is_lost() {
        let first = "20 n1 down; 30 n1 up; 30 n1 boots; 31 n1 joins; ";
        assert_eq!(after(first), [""; 0], "n2 has it");
        let both = format!("{first} 40 n2 down; 50 n2 up; 50 n2 boots; 51 n2 joins");
        assert_eq!(
            after(&both),
            ["0.051s + c1#1: c1#1 was acknowledged, and no replica holds k2 so"]
        );
        let kept = format!("{first} 40 n2 down; 50 n2 up; 50 n2 boots; 50 n2 finds 2:900.n1:10");
        assert_eq!(after(&kept), [""; 0]);
    }
}
