//! Waiting in doubt: as a deviation, against AC5, and against the promise not to block.
//!
//! A participant that voted YES is in doubt until it learns the outcome. A round trip of it is the
//! protocol at work. Longer is an error, since its locks make others wait; AC5 is broken only if no
//! outcome comes though every failure is repaired; and non-blocking, which two-phase commit does
//! not promise, if a participant that is up waits beyond the bound whatever failed elsewhere.

use imbl::{OrdMap, OrdSet};

use super::name;
use crate::oracles::finding::in_millis;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, CallId, EventId, Instant, Life, Note, Record, Span, What};

/// The deviation's line in the catalogue.
pub static IN_DOUBT: Kind = Kind {
    property: "in doubt",
    grade: Grade::Deviation,
    says: "A participant that is up learns the outcome of what it voted YES on in time.",
    hears: HEARS,
    make: |bounds, _| Box::new(Doubts::new(&IN_DOUBT, bounds.on_time)),
};

/// AC5's line in the catalogue.
pub static AC5: Kind = Kind {
    property: "AC5 termination",
    grade: Grade::Stall,
    says: "Once failures are repaired, everybody who voted YES decides within the bound (AC5, \
           Bernstein, Hadzilacos and Goodman 1987).",
    hears: HEARS,
    make: |bounds, _| Box::new(Doubts::within_progress(&AC5, bounds)),
};

/// Non-blocking's line in the catalogue.
pub static NON_BLOCKING: Kind = Kind {
    property: "non-blocking",
    grade: Grade::Stall,
    says: "A participant that is up decides within the bound, whatever failed elsewhere (Skeen \
           1981; two-phase commit does not promise it).",
    hears: HEARS,
    make: |bounds, _| Box::new(Doubts::within_progress(&NON_BLOCKING, bounds)),
};

const HEARS: Hears =
    Hears::TRANSACTIONS.and(Hears::LIVES).and(Hears::CALLS).and(Hears::ROLES).and(Hears::REST);

/// A vote of YES without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doubt {
    /// Since when its node has been up and in doubt.
    since: Instant,
    voted: EventId,
}

/// Remembers who is in doubt of what.
#[derive(Clone, Debug)]
struct Doubts {
    kind: &'static Kind,
    within: Span,
    open: OrdMap<(Address, CallId), Doubt>,
    /// Nodes that are not up.
    away: OrdSet<Address>,
    /// Since when no fault is active and every node is up, as far as is known.
    stable: Option<Instant>,
    /// Nodes of which it was said that they wait for too long.
    standing: OrdSet<Address>,
    /// Whether it was ever so: no later outcome makes up for it.
    ever: bool,
    /// Before this nobody can have waited for too long.
    quiet_until: Instant,
}

impl Doubts {
    fn new(kind: &'static Kind, within: Span) -> Doubts {
        Doubts {
            kind,
            within,
            open: OrdMap::new(),
            away: OrdSet::new(),
            stable: Some(Instant::ZERO),
            standing: OrdSet::new(),
            ever: false,
            quiet_until: Instant::ZERO,
        }
    }

    fn within_progress(kind: &'static Kind, bounds: &Bounds) -> Doubts {
        Doubts::new(kind, bounds.progress_within)
    }

    /// Returns since when a doubt counts; `None` where it does not now.
    fn counts_since(&self, who: Address, doubt: &Doubt) -> Option<Instant> {
        if self.kind.property == AC5.property {
            return self.stable.map(|stable| stable.max(doubt.since));
        }
        (!self.away.contains(&who)).then_some(doubt.since)
    }

    fn doubts_of(&self, who: Address) -> Vec<(Address, CallId)> {
        self.open.keys().filter(|(node, _)| *node == who).copied().collect()
    }

    fn fold(&mut self, record: &Record) {
        for liar in super::liars(&record.what, OrdSet::new()) {
            for key in self.doubts_of(liar) {
                self.open.remove(&key);
            }
        }
        let Some(who) = record.who else { return };
        match record.what {
            What::Noted(Note::TransactionVoted { transaction, yes: true }) => {
                let doubt = Doubt { since: record.at, voted: record.id };
                self.open.entry((who, transaction)).or_insert(doubt);
                self.quiet_until = self.quiet_until.min(record.at + self.within);
            }
            What::Noted(Note::TransactionEnded { transaction, .. }) => {
                self.open.remove(&(who, transaction));
            }
            What::Life(Life::Paused) => {
                self.away.insert(who);
            }
            What::Life(Life::Down) => {
                self.away.insert(who);
                for key in self.doubts_of(who) {
                    self.open.remove(&key);
                }
            }
            What::Life(Life::Up) => {
                self.away.remove(&who);
                for key in self.doubts_of(who) {
                    if let Some(doubt) = self.open.get_mut(&key) {
                        doubt.since = record.at;
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the doubt that a node has had for too long, the oldest first.
    fn overdue(&self, now: Instant) -> OrdMap<Address, (CallId, Doubt)> {
        let mut overdue = OrdMap::new();
        for ((who, transaction), doubt) in &self.open {
            let since = self.counts_since(*who, doubt);
            if since.is_some_and(|since| now.since(since) >= self.within) {
                let first = overdue.entry(*who).or_insert((*transaction, *doubt));
                if doubt.since < first.1.since {
                    *first = (*transaction, *doubt);
                }
            }
        }
        overdue
    }

    /// Finds the next instant at which somebody may have waited for too long.
    fn rest(&mut self, now: Instant) {
        let due = self.open.values().map(|doubt| doubt.since + self.within);
        let next = due.filter(|due| *due > now).min();
        self.quiet_until = next.unwrap_or(now + self.within);
    }
}

impl Oracle for Doubts {
    fn kind(&self) -> &'static Kind {
        self.kind
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let now = record.at;
        self.stable = truth.stable_since();
        self.fold(record);
        let calm = self.open.is_empty() || now < self.quiet_until;
        if calm && self.standing.is_empty() {
            return;
        }
        let overdue = self.overdue(now);
        for who in self.standing.clone() {
            if !overdue.contains_key(&who) {
                self.standing.remove(&who);
                out.push(self.kind.cleared(record, Subject::Node(who)));
            }
        }
        for (who, (transaction, doubt)) in &overdue {
            if self.standing.insert(*who).is_none() {
                self.ever = true;
                let (t, span) = (name(*transaction), in_millis(now.since(doubt.since)));
                let text = format!("{who} voted YES on {t} and has no outcome after {span}");
                let evidence = [doubt.voted];
                out.push(self.kind.raised(record, Subject::Node(*who), &evidence, text));
            }
        }
        // Under AC5 the clock starts anew when the world is repaired, which no doubt tells.
        if self.kind.property != AC5.property {
            self.rest(now);
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    /// A block counts even if it ends: others waited for its locks.
    fn stalled(&self, now: Instant) -> bool {
        self.ever || !self.overdue(now).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    #[test]
    fn who_waits_too_long_is_in_doubt_until_it_learns_the_outcome() {
        let story = "0 n2 votes-yes c1#1; 10 n3 votes-yes c1#1; 20 n3 commits c1#1; \
                     249 c1 calls 2 read 1; 250 c1 calls 3 read 1; 300 n2 commits c1#1";
        assert_eq!(
            signals("in doubt", 3, story),
            ["0.250s + n2: n2 voted YES on c1#1 and has no outcome after 250ms", "0.300s - n2"]
        );
        assert_eq!(verdict("non-blocking", 3, story, 5_000), State::Held);
    }

    #[test]
    fn a_block_counts_though_it_ends_and_repairs_are_owed_only_once_made() {
        let story = "0 n2 votes-yes c1#1; 10 n1 down; 2000 c1 calls 2 read 1; 3000 n1 up; \
                     4000 c1 calls 3 read 1; 4100 n2 commits c1#1";
        assert_eq!(signals("non-blocking", 3, story).len(), 2);
        assert_eq!(verdict("non-blocking", 3, story, 5_000), State::Stalled);
        assert_eq!(verdict("AC5 termination", 3, story, 5_000), State::Held);
        let late = "0 n2 votes-yes c1#1; 10 n1 down; 1000 n1 up; 3000 c1 calls 3 read 1";
        assert_eq!(verdict("AC5 termination", 3, late, 5_000), State::Stalled);
    }

    #[test]
    fn who_is_down_or_frozen_does_not_wait() {
        let down = "0 n2 votes-yes c1#1; 10 n2 down; 2500 n2 up; 2500 n2 boots; \
                    2501 n2 votes-yes c1#1; 4400 c1 calls 3 read 1; 4450 n2 aborts c1#1";
        assert_eq!(signals("non-blocking", 3, down), Vec::<String>::new());
        let frozen = "0 n2 votes-yes c1#1; 10 n2 paused; 2500 c1 calls 3 read 1; 2600 n2 up; \
                      4400 c1 calls 4 read 1; 4450 n2 aborts c1#1";
        assert_eq!(signals("non-blocking", 3, frozen), Vec::<String>::new());
        let blocked = format!("{down}; 4500 n2 votes-yes c1#2; 6500 c1 calls 4 read 1");
        assert_eq!(signals("non-blocking", 3, &blocked).len(), 1);
    }
}
