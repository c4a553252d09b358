//! Accountability: a fork names those who made it, and nobody else.
//!
//! Where agreement is broken, more than `f` of `n` have broken a promise. Their signatures are left
//! behind, so that as soon as the honest can speak to each other again, evidence names at least
//! `f + 1` (`CometBFT`, fork accountability). And no evidence ever names who is honest. A node
//! whose disk was wiped is not: it has forgotten what it promised, and voted again.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, FaultId, Instant, Lever, Life, Note, Record, Span, What, Whom};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "accountability",
    grade: Grade::Breach,
    says: "Where agreement is broken, evidence names more than f culprits within the bound once \
           all can speak, and never an honest node (CometBFT, fork accountability).",
    hears: Hears::EVIDENCE
        .and(Hears::DECISIONS)
        .and(Hears::LIVES)
        .and(Hears::ROLES)
        .and(Hears::LOGS)
        .and(Hears::CALLS)
        .and(Hears::REST),
    make: |bounds, nodes| Box::new(Accountability::new(bounds.progress_within, nodes)),
};

/// Remembers who did what, who was named, and since when a fork could have been examined.
#[derive(Clone, Debug)]
struct Accountability {
    within: Span,
    /// How many must be named: one more than may lie.
    needed: usize,
    named: BTreeSet<Address>,
    /// Who broke a promise: it lied, or its disk lost what it had promised.
    guilty: BTreeSet<Address>,
    /// Who has booted, and who did so again and has not said yet what its disk kept.
    booted: BTreeSet<Address>,
    blank: Option<Address>,
    /// Faults that may keep the honest from speaking to each other.
    apart: BTreeSet<FaultId>,
    down: BTreeMap<Address, Life>,
    /// The record of the first fork.
    fork: Option<EventId>,
    /// Since when there is a fork and nothing keeps anybody from examining it.
    since: Option<Instant>,
    said: bool,
}

impl Accountability {
    fn new(within: Span, nodes: u16) -> Accountability {
        Accountability {
            within,
            needed: usize::from(nodes.saturating_sub(1) / 3) + 1,
            named: BTreeSet::new(),
            guilty: BTreeSet::new(),
            booted: BTreeSet::new(),
            blank: None,
            apart: BTreeSet::new(),
            down: BTreeMap::new(),
            fork: None,
            since: None,
            said: false,
        }
    }

    /// Folds in who was struck by what.
    fn fold(&mut self, record: &Record) {
        if let Some(who) = self.blank.take()
            && !(record.who == Some(who) && matches!(record.what, What::Noted(Note::Restored(_))))
        {
            self.guilty.insert(who);
        }
        match (&record.what, record.who) {
            (What::Booted, Some(who)) if !self.booted.insert(who) => self.blank = Some(who),
            (What::Life(life), Some(who)) => match life {
                Life::Up => drop(self.down.remove(&who)),
                life => drop(self.down.insert(who, *life)),
            },
            (What::Pulled { fault, lever }, _) => {
                let liars = liars(lever);
                if liars.is_empty() {
                    self.apart.insert(*fault);
                }
                self.guilty.extend(liars);
            }
            (What::Healed(fault), _) => drop(self.apart.remove(fault)),
            _ => {}
        }
    }

    fn accused(&mut self, record: &Record, culprit: Address, out: &mut Vec<Signal>) {
        if self.named.insert(culprit) && !self.guilty.contains(&culprit) {
            let text = format!("{culprit} is accused, and has kept every promise");
            out.push(KIND.raised(record, Subject::Node(culprit), &[record.id], text));
        }
    }
}

impl Oracle for Accountability {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        self.fold(record);
        match record.what {
            What::Noted(Note::Accuses { culprit, .. }) => self.accused(record, culprit, out),
            What::Noted(Note::Decided { entry, .. }) => {
                let first = truth.decision().map(|first| first.entry.value);
                if first.is_some_and(|first| first != entry.value) {
                    self.fork.get_or_insert(record.id);
                }
            }
            _ => {}
        }
        let open = self.fork.is_some() && self.named.len() < self.needed && !self.said;
        if !open || !self.apart.is_empty() || !self.down.is_empty() {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert(record.at);
        if record.at.since(since) >= self.within {
            self.said = true;
            let (named, needed) = (self.named.len(), self.needed);
            let text = format!("the fork named {named} culprits since {since}, of {needed}");
            let evidence: Vec<EventId> = self.fork.into_iter().collect();
            out.push(KIND.raised(record, Subject::World, &evidence, text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

/// Returns whom a lever makes lie.
fn liars(lever: &Lever) -> &[Address] {
    match lever {
        Lever::Lie { node: Whom::Only(liars), .. } => liars,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    const FORK: &str = "0 n1 boots; 0 n2 boots; 0 n3 boots; 0 n4 boots; 0 n1 decides 1 1 c1#1; \
                        1 n4 decides 1 1 c2#1";

    #[test]
    fn a_fork_that_names_too_few_is_found_after_the_bound() {
        let one = format!("{FORK}; 1 n2 boots; 1 n2 follows 1; 5 n4 accuses n2 1");
        let late = format!("{one}; 2000 n1 decides 2 1 c1#2; 2001 n1 decides 3 1 c1#3");
        assert_eq!(
            signals("accountability", 4, &late),
            ["2.001s + the cluster: the fork named 1 culprits since 0.001s, of 2"]
        );
        let two = format!("{one}; 6 n3 boots; 6 n3 follows 1; 7 n1 accuses n3 1");
        let named = format!("{two}; 2001 n1 decides 2 1 c1#2; 9000 n1 decides 3 1 c1#3");
        assert_eq!(signals("accountability", 4, &named), Vec::<String>::new());
    }

    #[test]
    fn nobody_need_be_named_while_a_node_is_down() {
        let down = format!("{FORK}; 2 n3 down; 5000 n1 decides 2 1 c1#2");
        assert_eq!(signals("accountability", 4, &down), Vec::<String>::new());
        let up = format!("{down}; 6000 n3 up; 6001 n1 follows 2; 8001 n1 follows 3");
        assert_eq!(signals("accountability", 4, &up).len(), 1);
    }

    #[test]
    fn an_honest_node_that_is_named_is_found_at_once() {
        let kept = "0 n2 boots; 1 n2 boots; 1 n2 restores 1:c1#1; 2 n4 accuses n2 1";
        assert_eq!(
            signals("accountability", 4, kept),
            ["0.002s + n2: n2 is accused, and has kept every promise"]
        );
        let wiped = "0 n2 boots; 1 n2 boots; 1 n2 follows 1; 2 n4 accuses n2 1";
        assert_eq!(signals("accountability", 4, wiped), Vec::<String>::new());
    }
}
