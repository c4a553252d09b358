//! Completeness of membership: a node that is down is declared dead by every node that is up,
//! within a bound (strong completeness: Chandra and Toueg 1996).
//!
//! Counted from when it went down, or from when a node came up that has not heard of it,
//! whichever is later.

use std::collections::BTreeSet;

use imbl::{OrdMap, OrdSet};

use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Instant, Lever, Life, Note, Record, Span, What, Whom};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "completeness",
    grade: Grade::Stall,
    says: "Whoever is down is declared dead by everybody who is up, within the bound (Chandra and \
           Toueg 1996).",
    hears: Hears::SUSPICIONS.and(Hears::LIVES).and(Hears::CALLS).and(Hears::REST),
    make: |bounds, nodes| Box::new(Completeness::new(bounds, nodes)),
};

/// Remembers who is down since when, and who has declared whom dead.
#[derive(Clone, Debug)]
struct Completeness {
    within: Span,
    /// The nodes that are up and have never lied.
    up: OrdSet<Address>,
    /// Who ever lied: what it believes is nobody's business.
    liars: BTreeSet<Address>,
    /// Of those that were declared dead: by whom. Only who is up is counted.
    buried: OrdMap<Address, OrdSet<Address>>,
    /// Those that are down and not declared dead by all, by since when that is asked for.
    due: OrdMap<(Instant, Address), EventId>,
    /// The same, by who is down.
    down: OrdMap<Address, (Instant, EventId)>,
    /// What those who are frozen will believe again when they wake.
    frozen: OrdMap<Address, Vec<Address>>,
    standing: Option<Subject>,
}

impl Completeness {
    fn new(bounds: &Bounds, nodes: u16) -> Completeness {
        Completeness {
            within: bounds.progress_within,
            up: (1..=nodes).map(Address::Node).collect(),
            liars: BTreeSet::new(),
            buried: OrdMap::new(),
            due: OrdMap::new(),
            down: OrdMap::new(),
            frozen: OrdMap::new(),
            standing: None,
        }
    }

    fn missing(&self, whom: Address) -> usize {
        self.up.len() - self.buried.get(&whom).map_or(0, OrdSet::len)
    }

    /// Asks for the death of a node from an instant on, or no more, as the burials stand.
    fn settle(&mut self, whom: Address, now: Instant) {
        let Some((since, event)) = self.down.get(&whom).copied() else { return };
        if self.missing(whom) == 0 {
            self.due.remove(&(since, whom));
        } else if !self.due.contains_key(&(since, whom)) {
            self.down.insert(whom, (now, event));
            self.due.insert((now, whom), event);
        }
    }

    fn bury(&mut self, who: Address, whom: Address, now: Instant) {
        if self.up.contains(&who) {
            self.buried.entry(whom).or_default().insert(who);
            self.settle(whom, now);
        }
    }

    fn trust(&mut self, who: Address, whom: Address, now: Instant) {
        if let Some(by) = self.buried.get_mut(&whom) {
            by.remove(&who);
            self.settle(whom, now);
        }
    }

    /// Counts no more what somebody believes, who is not up any more or starts anew; returns whom
    /// it had declared dead.
    fn forget(&mut self, who: Address, now: Instant) -> Vec<Address> {
        let by_it = self.buried.iter().filter(|(_, by)| by.contains(&who));
        let whoms: Vec<Address> = by_it.map(|(whom, _)| *whom).collect();
        for whom in &whoms {
            self.trust(who, *whom, now);
        }
        whoms
    }

    fn settle_all(&mut self, now: Instant) {
        let down: Vec<Address> = self.down.keys().copied().collect();
        for whom in down {
            self.settle(whom, now);
        }
    }

    fn life(&mut self, record: &Record, who: Address, life: Life) {
        let now = record.at;
        if let Some((since, _)) = self.down.remove(&who) {
            self.due.remove(&(since, who));
        }
        match life {
            Life::Up if self.liars.contains(&who) => {}
            Life::Up => {
                self.up.insert(who);
                for whom in self.frozen.remove(&who).unwrap_or_default() {
                    self.bury(who, whom, now);
                }
            }
            // Who is frozen is asked for nothing until it wakes.
            Life::Paused => {
                let whoms = self.forget(who, now);
                self.frozen.insert(who, whoms);
                self.up.remove(&who);
            }
            Life::Down => {
                self.forget(who, now);
                self.frozen.remove(&who);
                self.up.remove(&who);
                self.down.insert(who, (now, record.id));
            }
        }
        self.settle_all(now);
    }

    fn pulled(&mut self, lever: &Lever, now: Instant) {
        if let Lever::Lie { node: Whom::Only(liars), .. } = lever {
            for liar in liars {
                self.liars.insert(*liar);
                self.forget(*liar, now);
                self.up.remove(liar);
            }
            self.settle_all(now);
        }
    }

    fn unmet(&self, now: Instant) -> Option<(Instant, Address, EventId)> {
        let ((since, whom), event) = self.due.get_min()?;
        (now.since(*since) >= self.within).then_some((*since, *whom, *event))
    }
}

impl Oracle for Completeness {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let now = record.at;
        match (&record.what, record.who) {
            (What::Noted(Note::Buries(whom)), Some(who)) => self.bury(who, *whom, now),
            (What::Noted(Note::Trusts(whom) | Note::Suspects(whom)), Some(who)) => {
                self.trust(who, *whom, now);
            }
            (What::Life(life), Some(who)) => self.life(record, who, *life),
            (What::Pulled { lever, .. }, _) => self.pulled(lever, now),
            _ => {}
        }
        match (self.unmet(now), self.standing) {
            (None, Some(subject)) => {
                self.standing = None;
                out.push(KIND.cleared(record, subject));
            }
            (Some((since, whom, event)), None) => {
                let subject = Subject::Node(whom);
                self.standing = Some(subject);
                let (missing, up) = (self.missing(whom), self.up.len());
                let text = format!("{missing} of {up} have not declared {whom} dead since {since}");
                out.push(KIND.raised(record, subject, &[event], text));
            }
            _ => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        self.standing.is_some() || self.unmet(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    const NAME: &str = "completeness";

    #[test]
    fn who_is_down_is_to_be_declared_dead_by_all_within_the_bound() {
        let story = "0 n3 down; 1000 n1 buries n3; 2000 n1 suspects n2; 3000 n2 buries n3";
        assert_eq!(
            signals(NAME, 3, story),
            ["2.000s + n3: 1 of 2 have not declared n3 dead since 0.000s", "3.000s - n3",]
        );
        assert_eq!(verdict(NAME, 3, story, 9_000), State::Held);
        let one = "0 n3 down; 1000 n1 buries n3";
        assert_eq!(verdict(NAME, 3, one, 1_999), State::Held);
        assert_eq!(verdict(NAME, 3, one, 2_000), State::Stalled);
    }

    #[test]
    fn who_comes_up_has_the_bound_to_hear_of_it() {
        let story = "0 n3 down; 0 n2 down; 1000 n1 buries n3; 1000 n1 buries n2; \
                     5000 n2 up; 5000 n2 boots";
        assert_eq!(verdict(NAME, 3, story, 6_999), State::Held);
        assert_eq!(verdict(NAME, 3, story, 7_000), State::Stalled);
        let heard = format!("{story}; 6000 n2 buries n3");
        assert_eq!(verdict(NAME, 3, &heard, 9_000), State::Held);
    }

    #[test]
    fn who_is_frozen_is_asked_for_nothing_and_wakes_with_what_it_believed() {
        let frozen = "0 n2 paused; 0 n3 down; 1000 n1 buries n3";
        assert_eq!(verdict(NAME, 3, frozen, 9_000), State::Held);
        let wakes = format!("{frozen}; 5000 n2 up");
        assert_eq!(verdict(NAME, 3, &wakes, 9_000), State::Stalled);
        let knew = "0 n3 down; 0 n1 buries n3; 0 n2 buries n3; 100 n2 paused; 200 n2 up";
        assert_eq!(verdict(NAME, 3, knew, 9_000), State::Held);
    }

    #[test]
    fn who_is_up_again_need_not_be_declared_dead() {
        let story = "0 n3 down; 1000 n1 buries n3; 1900 n3 up; 1900 n3 boots; 2500 n1 trusts n3";
        assert_eq!(verdict(NAME, 3, story, 9_000), State::Held);
        let taken_back = "0 n3 down; 0 n1 buries n3; 0 n2 buries n3; 500 n2 trusts n3";
        assert_eq!(verdict(NAME, 3, taken_back, 9_000), State::Stalled);
    }
}
