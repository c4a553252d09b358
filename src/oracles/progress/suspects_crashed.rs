//! Strong completeness: whoever crashes comes to be suspected by everybody who watches.
//!
//! The bound counts from the crash, or from when the watcher was last started or woken, whichever
//! is later. Watchers are the nodes that say so: detectors and members take the role `Member`.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracles::panel::turned_liars;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Instant, Life, Note, Record, Role, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "strong completeness",
    grade: Grade::Stall,
    says: "Everybody who watches comes to suspect, within the bound, whoever has crashed (Chandra \
           and Toueg 1996).",
    hears: Hears::SUSPICIONS.and(Hears::ROLES).and(Hears::LIVES).and(Hears::CALLS).and(Hears::REST),
    make: |bounds, _| Box::new(SuspectsCrashed::new(bounds)),
};

/// Remembers who is down since when, who watches since when, and who suspects whom.
#[derive(Clone, Debug)]
struct SuspectsCrashed {
    within: Span,
    down: BTreeMap<Address, (Instant, EventId)>,
    watching: BTreeMap<Address, Instant>,
    /// Who watches once it wakes.
    frozen: BTreeSet<Address>,
    /// Who ever lied: what it says of its beliefs is not heard, so nothing is asked of it.
    liars: BTreeSet<Address>,
    suspicions: BTreeSet<(Address, Address)>,
    standing: BTreeSet<(Address, Address)>,
    missed: bool,
}

impl SuspectsCrashed {
    fn new(bounds: &Bounds) -> SuspectsCrashed {
        SuspectsCrashed {
            within: bounds.progress_within,
            down: BTreeMap::new(),
            watching: BTreeMap::new(),
            frozen: BTreeSet::new(),
            liars: BTreeSet::new(),
            suspicions: BTreeSet::new(),
            standing: BTreeSet::new(),
            missed: false,
        }
    }

    /// Lists the watchers that should suspect a crashed node by now and do not.
    fn overdue(&self, now: Instant) -> impl Iterator<Item = (Address, Address, EventId)> + '_ {
        self.down.iter().flat_map(move |(whom, (since, crash))| {
            let late = move |watching: Instant| now.since(watching.max(*since)) >= self.within;
            let due = self.watching.iter().filter(move |(_, watching)| late(**watching));
            let missing = due.filter(|(who, _)| !self.suspicions.contains(&(**who, *whom)));
            missing.map(|(who, _)| (*who, *whom, *crash))
        })
    }

    fn clear(
        &mut self,
        record: &Record,
        out: &mut Vec<Signal>,
        gone: impl Fn(Address, Address) -> bool,
    ) {
        self.standing.retain(|&(who, whom)| {
            let gone = gone(who, whom);
            if gone {
                out.push(KIND.cleared(record, Subject::Pair(who, whom)));
            }
            !gone
        });
    }

    fn life(&mut self, record: &Record, who: Address, life: Life, out: &mut Vec<Signal>) {
        match life {
            Life::Up => {
                if self.frozen.remove(&who) {
                    self.watching.insert(who, record.at);
                }
                self.down.remove(&who);
                self.clear(record, out, |_, whom| whom == who);
            }
            Life::Paused => {
                if self.watching.remove(&who).is_some() {
                    self.frozen.insert(who);
                }
                self.clear(record, out, |by, _| by == who);
            }
            Life::Down => {
                self.watching.remove(&who);
                self.frozen.remove(&who);
                self.suspicions.retain(|(by, _)| *by != who);
                self.down.insert(who, (record.at, record.id));
                self.clear(record, out, |by, _| by == who);
            }
        }
    }
}

impl Oracle for SuspectsCrashed {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        // What is overdue at this instant was so before the record.
        let overdue: Vec<_> = self.overdue(record.at).collect();
        for (who, whom, crash) in overdue {
            if self.standing.insert((who, whom)) {
                self.missed = true;
                let span = crate::oracles::finding::in_millis(self.within);
                let text = format!("{who} does not suspect {whom}, which has been down for {span}");
                out.push(KIND.raised(record, Subject::Pair(who, whom), &[crash], text));
            }
        }
        for liar in turned_liars(record) {
            self.liars.insert(*liar);
            self.watching.remove(liar);
            self.frozen.remove(liar);
            self.clear(record, out, |by, _| by == *liar);
        }
        let Some(who) = record.who else { return };
        match &record.what {
            What::Noted(Note::Suspects(whom)) => {
                self.suspicions.insert((who, *whom));
                self.clear(record, out, |by, of| (by, of) == (who, *whom));
            }
            What::Noted(Note::Trusts(whom)) => {
                self.suspicions.remove(&(who, *whom));
            }
            What::Noted(Note::Role { role: Role::Member, .. }) => {
                self.watching.entry(who).or_insert(record.at);
            }
            What::Life(life) if who.is_node() => self.life(record, who, *life, out),
            _ => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        self.missed || self.overdue(now).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    const WATCH: &str = "0 n1 joins; 0 n2 joins; 0 n3 joins; ";

    #[test]
    fn a_crash_that_one_watcher_misses_is_a_stall_until_it_notices() {
        let story = format!(
            "{WATCH} 1000 n3 down; 1500 n1 suspects n3; 2999 c1 calls 1 read 1; \
             3000 c1 returns 1 nothing; 4000 n2 suspects n3"
        );
        assert_eq!(
            signals("strong completeness", 3, &story),
            [
                "3.000s + n2 and n3: n2 does not suspect n3, which has been down for 2000ms",
                "4.000s - n2 and n3",
            ]
        );
        assert_eq!(verdict("strong completeness", 3, &story, 5_000), State::Stalled);
    }

    #[test]
    fn whoever_is_suspected_in_time_or_comes_back_is_no_stall() {
        let story = format!(
            "{WATCH} 1000 n3 down; 1500 n1 suspects n3; 2900 n2 suspects n3; 9000 n3 up; \
             9000 n3 boots; 9000 n3 joins"
        );
        assert_eq!(verdict("strong completeness", 3, &story, 20_000), State::Held);
        let back = format!("{WATCH} 1000 n3 down; 2999 n3 up; 2999 n3 boots");
        assert_eq!(verdict("strong completeness", 3, &back, 20_000), State::Held);
    }

    #[test]
    fn a_watcher_that_was_down_or_frozen_has_its_time_from_when_it_is_back() {
        let story = format!(
            "{WATCH} 1000 n3 down; 1000 n1 suspects n3; 1000 n2 paused; 8000 n2 up; \
             9999 c1 calls 1 read 1"
        );
        assert_eq!(verdict("strong completeness", 3, &story, 9_999), State::Held);
        assert_eq!(verdict("strong completeness", 3, &story, 10_000), State::Stalled);
    }

    #[test]
    fn who_only_takes_part_does_not_have_to_suspect() {
        let story = "0 n1 joins; 1000 n3 down; 1100 n1 suspects n3";
        assert_eq!(verdict("strong completeness", 3, story, 9_000), State::Held);
    }
}
