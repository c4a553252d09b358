//! Convergence: what one replica holds, all hold in the end, or something newer.
//!
//! The bound counts for each version from when it was first held anywhere, and for a replica that
//! was not up from when it came back. Behind while the world is not stable is what replicas are
//! allowed to be; behind when it has been stable for the bound, or at the end of the run, is not.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;

use crate::oracles::panel::turned_liars;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Held, Instant, Life, Note, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "converges",
    grade: Grade::Stall,
    says: "Once the world is stable, every replica comes to hold, within the bound, the newest \
           version that any holds (eventual consistency, Vogels 2009).",
    hears: Hears::COPIES.and(Hears::LIVES).and(Hears::CALLS).and(Hears::REST),
    make: |bounds, nodes| Box::new(Converges::new(bounds, nodes)),
};

/// How many versions of a key are remembered that not all hold; past it the second oldest goes.
const VERSIONS_MAX: usize = 64;

type Version = (u64, Address);

/// What is known of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Key {
    /// Who holds which version.
    held: BTreeMap<Address, Version>,
    /// Versions that not all hold, in the order in which they were first held.
    open: Vec<(Version, Instant, EventId)>,
}

impl Key {
    fn hold(&mut self, record: &Record, who: Address, version: Version, nodes: usize) {
        self.held.insert(who, version);
        let newest = self.open.iter().all(|(other, ..)| *other < version);
        let known = self.held.iter().any(|(other, held)| *other != who && *held >= version);
        if newest && !known {
            self.open.push((version, record.at, record.id));
            if self.open.len() > VERSIONS_MAX {
                self.open.remove(1);
            }
        }
        if self.held.len() == nodes {
            let least = self.held.values().min().copied();
            self.open.retain(|(version, ..)| Some(*version) > least);
        }
    }

    /// Returns since when a replica lacks something, and the record of that.
    fn lacks(&self, who: Address) -> Option<(Instant, EventId)> {
        let held = self.held.get(&who);
        let missing = self.open.iter().find(|(version, ..)| held.is_none_or(|held| held < version));
        missing.map(|(_, at, event)| (*at, *event))
    }
}

/// Remembers who holds what, and who is behind since when.
#[derive(Clone, Debug)]
struct Converges {
    within: Span,
    /// The replicas that never lied, up or not: what a liar says that it holds is not heard.
    honest: BTreeSet<Address>,
    keys: OrdMap<u64, Key>,
    /// Who is up, and since when.
    up: BTreeMap<Address, Instant>,
    /// Replicas that are up and lack a key, by when that began to count.
    behind: BTreeSet<(Instant, Address, u64)>,
    standing: BTreeSet<(Address, u64)>,
    unforgiven: bool,
}

impl Converges {
    fn new(bounds: &Bounds, nodes: u16) -> Converges {
        Converges {
            within: bounds.progress_within,
            honest: (1..=nodes).map(Address::Node).collect(),
            keys: OrdMap::new(),
            up: (1..=nodes).map(|node| (Address::Node(node), Instant::ZERO)).collect(),
            behind: BTreeSet::new(),
            standing: BTreeSet::new(),
            unforgiven: false,
        }
    }

    /// Counts anew who lacks a key.
    fn settle(&mut self, record: &Record, key: u64, out: &mut Vec<Signal>) {
        self.behind.retain(|(_, _, other)| *other != key);
        let Some(known) = self.keys.get(&key) else { return };
        for (who, up) in &self.up {
            if let Some((since, _)) = known.lacks(*who) {
                self.behind.insert((since.max(*up), *who, key));
            } else if self.standing.remove(&(*who, key)) {
                self.clear(record, out);
            }
        }
    }

    /// Says that all is well again once nobody is behind.
    fn clear(&self, record: &Record, out: &mut Vec<Signal>) {
        if self.standing.is_empty() {
            out.push(KIND.cleared(record, Subject::World));
        }
    }

    fn hold(&mut self, record: &Record, who: Address, held: &Held, out: &mut Vec<Signal>) {
        let nodes = self.honest.len();
        self.keys.entry(held.key).or_default().hold(record, who, held.version, nodes);
        self.settle(record, held.key, out);
    }

    /// Takes note of what a node came back with.
    fn found(&mut self, record: &Record, who: Address, copies: &[Held], out: &mut Vec<Signal>) {
        let keys: Vec<u64> = self.keys.keys().copied().collect();
        for key in keys {
            if let Some(known) = self.keys.get_mut(&key) {
                let was = known.held.remove(&who);
                // What it alone held, or what all held, is open again.
                let newest = was.into_iter().chain(known.held.values().copied()).max();
                if let Some(newest) = newest
                    && known.open.is_empty()
                {
                    known.open.push((newest, record.at, record.id));
                }
                let still = known.held.values().copied().max();
                known.open.retain(|(version, ..)| Some(*version) <= still);
            }
            self.settle(record, key, out);
        }
        for held in copies {
            self.hold(record, who, held, out);
        }
    }

    fn life(&mut self, record: &Record, who: Address, life: Life, out: &mut Vec<Signal>) {
        if life == Life::Up && self.honest.contains(&who) {
            self.up.insert(who, record.at);
        } else {
            self.up.remove(&who);
        }
        self.behind.retain(|(_, other, _)| *other != who);
        let before = self.standing.len();
        self.standing.retain(|(other, _)| *other != who);
        if self.standing.len() < before {
            self.clear(record, out);
        }
        if let Some(up) = self.up.get(&who) {
            let lacking = self.keys.iter().filter_map(|(key, known)| {
                let (since, _) = known.lacks(who)?;
                Some((since.max(*up), who, *key))
            });
            self.behind.extend(lacking);
        }
    }

    /// Leaves a liar out of account, and what it alone holds.
    fn leave_out(&mut self, record: &Record, liar: Address, out: &mut Vec<Signal>) {
        self.honest.remove(&liar);
        self.life(record, liar, Life::Down, out);
        self.found(record, liar, &[], out);
    }

    fn overdue(&self, now: Instant) -> impl Iterator<Item = (Instant, Address, u64)> + '_ {
        let late = move |(since, ..): &&(Instant, Address, u64)| now.since(*since) >= self.within;
        self.behind.iter().take_while(late).copied()
    }
}

impl Oracle for Converges {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        // What is overdue at this instant was so before the record.
        let overdue: Vec<_> = self.overdue(record.at).collect();
        for (since, who, key) in overdue {
            if !self.standing.insert((who, key)) || self.standing.len() > 1 {
                continue; // One finding for all that is behind at once.
            }
            let lacked = self.keys.get(&key).and_then(|known| known.lacks(who));
            let event = lacked.map_or(record.id, |(_, event)| event);
            let text =
                format!("{who} lacks the newest k{key} since {since}, though others hold it");
            out.push(KIND.raised(record, Subject::World, &[event], text));
        }
        if !self.standing.is_empty() && truth.stable_for(record.at) > self.within {
            self.unforgiven = true;
        }
        for liar in turned_liars(record) {
            self.leave_out(record, *liar, out);
        }
        match (&record.what, record.who) {
            (What::Noted(Note::Holds(held)), Some(who)) => self.hold(record, who, held, out),
            (What::Life(life), Some(who)) if who.is_node() => self.life(record, who, *life, out),
            _ => {}
        }
        if let Some(reborn) = truth.reborn().filter(|who| self.honest.contains(who)) {
            match &record.what {
                What::Noted(Note::Found(copies)) if record.who == Some(reborn) => {
                    self.found(record, reborn, copies, out);
                }
                _ => self.found(record, reborn, &[], out),
            }
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        self.unforgiven || self.overdue(now).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    #[test]
    fn a_replica_that_stays_behind_in_a_stable_world_does_not_converge() {
        let story = "0 n1 holds 1 5.n1 10; 100 n2 holds 1 5.n1 10; 2100 c1 calls 1 read 1; \
                     3000 n3 holds 1 5.n1 10; 3001 c1 returns 1 10";
        assert_eq!(
            signals("converges", 3, story),
            [
                "2.100s + the cluster: n3 lacks the newest k1 since 0.000s, though others hold it",
                "3.000s - the cluster",
            ]
        );
        assert_eq!(verdict("converges", 3, story, 9_000), State::Stalled);
    }

    #[test]
    fn to_be_behind_while_a_fault_lasts_is_forgiven() {
        let story = "0 F1 injected; 0 n1 holds 1 5.n1 10; 4000 c1 calls 1 read 1; 4000 F1 healed; \
                     5000 n2 holds 1 5.n1 10; 5500 n3 holds 1 5.n1 10; 9000 c1 returns 1 10";
        assert_eq!(signals("converges", 3, story).len(), 2);
        assert_eq!(verdict("converges", 3, story, 9_000), State::Held);
        let cut = "0 F1 injected; 0 n1 holds 1 5.n1 10";
        assert_eq!(verdict("converges", 3, cut, 2_000), State::Stalled, "at the end it counts");
    }

    #[test]
    fn each_version_has_its_own_time_and_a_newer_one_does_for_an_older() {
        let story = "0 n1 holds 1 5.n1 10; 100 n2 holds 1 5.n1 10; 1000 n1 holds 1 6.n1 20; \
                     1900 n3 holds 1 6.n1 20; 2900 n2 holds 1 6.n1 20; 9000 c1 calls 1 read 1";
        assert_eq!(signals("converges", 3, story), Vec::<String>::new());
        let slow = "0 n1 holds 1 5.n1 10; 0 n2 holds 1 5.n1 10; 1000 n1 holds 1 6.n1 20; \
                    1500 n3 holds 1 5.n1 10; 2900 n2 holds 1 6.n1 20; 3000 c1 calls 1 read 1";
        assert_eq!(signals("converges", 3, slow).len(), 1, "n3 lacks the second for 2 s");
    }

    #[test]
    fn a_replica_that_was_down_has_its_time_from_when_it_is_back() {
        let story = "0 n1 holds 1 5.n1 10; 0 n2 holds 1 5.n1 10; 0 n3 holds 1 5.n1 10; \
                     100 n3 down; \
                     200 n1 holds 1 6.n1 20; 210 n2 holds 1 6.n1 20; 5000 n3 up; 5000 n3 boots; \
                     5000 n3 finds 1:5.n1:10; 6900 n3 holds 1 6.n1 20; 9000 c1 calls 1 read 1";
        assert_eq!(signals("converges", 3, story), Vec::<String>::new());
    }

    #[test]
    fn a_disk_that_was_wiped_lacks_what_all_held() {
        let story = "0 n1 holds 1 5.n1 10; 0 n2 holds 1 5.n1 10; 0 n3 holds 1 5.n1 10; \
                     100 n3 down; \
                     5000 n3 up; 5000 n3 boots; 5000 n3 joins; 7001 c1 calls 1 read 1";
        assert_eq!(signals("converges", 3, story).len(), 1);
    }
}
