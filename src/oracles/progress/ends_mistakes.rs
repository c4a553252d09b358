//! Eventual accuracy: mistakes of a failure detector end.
//!
//! A suspicion of a node that is up is a mistake. Mistakes while the world is not stable are the
//! price of not waiting for ever. Wrong is a mistake that is made, or not yet taken back, when the
//! world has been stable for longer than the bound; and a run whose mistakes go on to its end.

use std::collections::BTreeSet;

use crate::oracles::panel::turned_liars;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Instant, Life, Note, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "eventual accuracy",
    grade: Grade::Stall,
    says: "There is a time after which nobody suspects a node that is up (eventual strong \
           accuracy, Chandra and Toueg 1996).",
    hears: Hears::SUSPICIONS.and(Hears::LIVES).and(Hears::CALLS).and(Hears::REST),
    make: |bounds, _| Box::new(EndsMistakes::new(bounds)),
};

/// Remembers who suspects whom, and when that was last wrong.
#[derive(Clone, Debug)]
struct EndsMistakes {
    within: Span,
    suspicions: BTreeSet<(Address, Address)>,
    /// Who ever lied: to suspect it is no mistake, and what it believes is not heard.
    liars: BTreeSet<Address>,
    standing: BTreeSet<(Address, Address)>,
    wrong_at: Option<Instant>,
    wrong_now: bool,
    unforgiven: bool,
}

impl EndsMistakes {
    fn new(bounds: &Bounds) -> EndsMistakes {
        EndsMistakes {
            within: bounds.progress_within,
            suspicions: BTreeSet::new(),
            liars: BTreeSet::new(),
            standing: BTreeSet::new(),
            wrong_at: None,
            wrong_now: false,
            unforgiven: false,
        }
    }

    fn fold(&mut self, record: &Record) {
        self.liars.extend(turned_liars(record));
        let Some(who) = record.who else { return };
        match &record.what {
            What::Noted(Note::Suspects(whom)) if *whom != who => {
                self.suspicions.insert((who, *whom));
            }
            What::Noted(Note::Trusts(whom)) => {
                self.suspicions.remove(&(who, *whom));
            }
            What::Life(Life::Down) | What::Booted => self.suspicions.retain(|(by, _)| *by != who),
            _ => {}
        }
    }
}

/// Returns whether a suspicion is a mistake: both are up, so that one could know better.
fn is_mistake(truth: &Truth, (who, whom): (Address, Address)) -> bool {
    let up = |who| truth.member(who).is_some_and(|member| member.life == Life::Up);
    up(who) && up(whom)
}

impl Oracle for EndsMistakes {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        // What was believed up to this record counts too: time passed since the one before it.
        if self.wrong_now {
            self.wrong_at = Some(record.at);
        }
        self.fold(record);
        if self.suspicions.is_empty() && self.standing.is_empty() {
            self.wrong_now = false;
            return;
        }
        let liars = &self.liars;
        let honest =
            |(who, whom): &(Address, Address)| !liars.contains(who) && !liars.contains(whom);
        let wrong = |pair: &(Address, Address)| honest(pair) && is_mistake(truth, *pair);
        let mistakes: Vec<_> = self.suspicions.iter().copied().filter(wrong).collect();
        self.wrong_now = !mistakes.is_empty();
        if self.wrong_now {
            self.wrong_at = Some(record.at);
        }
        let standing = std::mem::take(&mut self.standing);
        for (who, whom) in &standing {
            if !mistakes.contains(&(*who, *whom)) {
                out.push(KIND.cleared(record, Subject::Pair(*who, *whom)));
            }
        }
        self.standing = standing.into_iter().filter(|pair| mistakes.contains(pair)).collect();
        let stable = truth.stable_for(record.at);
        if stable <= self.within {
            return;
        }
        for (who, whom) in mistakes {
            self.unforgiven = true;
            if self.standing.insert((who, whom)) {
                let span = crate::oracles::finding::in_millis(stable);
                let text = format!(
                    "{who} suspects {whom} though every node is up and no fault is active, for \
                     {span} now"
                );
                out.push(KIND.raised(record, Subject::Pair(who, whom), &[record.id], text));
            }
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        let lately = self.wrong_at.is_some_and(|at| now.since(at) < self.within);
        self.unforgiven || self.wrong_now || lately
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    #[test]
    fn a_mistake_in_a_stable_world_is_not_forgiven() {
        let story = "3000 n1 suspects n2; 3500 n1 trusts n2; 9000 c1 calls 1 read 1";
        assert_eq!(
            signals("eventual accuracy", 3, story),
            [
                "3.000s + n1 and n2: n1 suspects n2 though every node is up and no fault is \
                 active, for 3000ms now",
                "3.500s - n1 and n2",
            ]
        );
        assert_eq!(verdict("eventual accuracy", 3, story, 20_000), State::Stalled);
    }

    #[test]
    fn mistakes_under_a_fault_are_forgiven_once_they_end() {
        let story = "1000 F1 injected; 3000 n1 suspects n2; 6000 n1 trusts n2";
        assert_eq!(verdict("eventual accuracy", 3, story, 7_999), State::Stalled);
        assert_eq!(verdict("eventual accuracy", 3, story, 8_000), State::Held);
        let on = "1000 F1 injected; 3000 n1 suspects n2";
        assert_eq!(verdict("eventual accuracy", 3, on, 60_000), State::Stalled);
    }

    #[test]
    fn to_suspect_what_is_down_is_right_until_it_has_been_back_for_a_while() {
        let story = "1000 n2 down; 3000 n1 suspects n2; 9000 n2 up; 9000 n2 boots; ";
        assert_eq!(verdict("eventual accuracy", 3, story, 9_000), State::Stalled, "it is up");
        let soon = format!("{story} 10000 n1 trusts n2; 12000 c1 calls 1 read 1");
        assert_eq!(verdict("eventual accuracy", 3, &soon, 12_000), State::Held);
        let late = format!("{story} 11001 c1 calls 1 read 1; 12000 n1 trusts n2");
        assert_eq!(verdict("eventual accuracy", 3, &late, 20_000), State::Stalled);
    }
}
