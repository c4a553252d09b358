//! Eventual delivery: what one node has come to hold, every node that is up holds within a bound.
//!
//! A newer value of the same key will do. Counted from when the first node held it, or from when a
//! node that lacks it came up again, whichever is later. No bound holds across a cut or while
//! everything is lost: a delay while faults last is told and forgiven, but what some still lack at
//! the end of a run was not delivered.

use std::collections::BTreeSet;

use imbl::{OrdMap, Vector};

use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Held, Instant, Lever, Life, Note, Record, Span, What, Whom};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "eventual delivery",
    grade: Grade::Stall,
    says: "Every node that is up holds each update, or a newer one, within the bound (Demers and \
           others 1987).",
    hears: Hears::COPIES.and(Hears::LIVES).and(Hears::CALLS).and(Hears::REST),
    make: |bounds, nodes| Box::new(Delivers::new(bounds, nodes)),
};

/// How many nodes are named before the rest is only counted.
const NAMED_MAX: usize = 5;

type Version = (u64, Address);
/// Below every version that a node can hold.
const NOTHING: Version = (0, Address::Node(0));

/// One key.
#[derive(Clone, Debug)]
struct Copies {
    newest: Version,
    event: EventId,
    /// What each node holds, first node first.
    held: Vector<Version>,
    /// Versions that some node which is up lacks, oldest first, each with when that began.
    due: Vector<(Version, Instant)>,
}

/// A version that some node lacks.
#[derive(Clone, Copy, Debug)]
struct Due {
    /// The record at which it was first held.
    event: EventId,
    /// How many nodes that are up lack it.
    missing: u32,
}

/// Remembers who holds what.
#[derive(Clone, Debug)]
struct Delivers {
    within: Span,
    up: Vector<bool>,
    /// Who ever lied: it is owed nothing, and nobody knows what it holds.
    liars: BTreeSet<Address>,
    count: u32,
    keys: OrdMap<u64, Copies>,
    due: OrdMap<(Instant, u64, Version), Due>,
    standing: Option<Subject>,
    /// Whether it stood at a time when the world had been stable for longer than the bound.
    unforgiven: bool,
}

impl Delivers {
    fn new(bounds: &Bounds, nodes: u16) -> Delivers {
        Delivers {
            within: bounds.progress_within,
            up: std::iter::repeat_n(true, usize::from(nodes)).collect(),
            liars: BTreeSet::new(),
            count: u32::from(nodes),
            keys: OrdMap::new(),
            due: OrdMap::new(),
            standing: None,
            unforgiven: false,
        }
    }

    /// Returns the update that some node has lacked for too long.
    fn unmet(&self, now: Instant) -> Option<(Instant, u64, Version, Due)> {
        let ((since, key, version), due) = self.due.get_min()?;
        (now.since(*since) >= self.within).then_some((*since, *key, *version, *due))
    }

    fn holds(&mut self, record: &Record, index: usize, held: &Held) {
        let Held { key, version, .. } = *held;
        if index >= self.up.len() {
            return;
        }
        let nodes = self.up.len();
        let blank = || Copies {
            newest: NOTHING,
            event: record.id,
            held: std::iter::repeat_n(NOTHING, nodes).collect(),
            due: Vector::new(),
        };
        let copies = self.keys.entry(key).or_insert_with(blank);
        let before = std::mem::replace(&mut copies.held[index], version);
        if version > copies.newest {
            (copies.newest, copies.event) = (version, record.id);
            // Who holds it is one of those that are up; all others lack it.
            if self.count > 1 {
                copies.due.push_back((version, record.at));
                let due = Due { event: record.id, missing: self.count };
                self.due.insert((record.at, key, version), due);
            }
        }
        if self.up[index] {
            self.settle(key, before, version, record.at);
        }
    }

    /// Counts anew who lacks what, where a node that is up holds `after` in the place of `before`.
    fn settle(&mut self, key: u64, before: Version, after: Version, now: Instant) {
        let Some(copies) = self.keys.get_mut(&key) else { return };
        if before == after {
            return;
        }
        if after < copies.newest && copies.due.last().is_none_or(|(v, _)| *v < copies.newest) {
            copies.due.push_back((copies.newest, now));
            let due = Due { event: copies.event, missing: 0 };
            self.due.insert((now, key, copies.newest), due);
        }
        let (low, high) = (before.min(after), before.max(after));
        for (version, since) in copies.due.iter().filter(|(v, _)| (low..=high).contains(v)) {
            let Some(due) = self.due.get_mut(&(*since, key, *version)) else { continue };
            if *version > low {
                due.missing = if after > before { due.missing - 1 } else { due.missing + 1 };
            }
        }
        let all = &mut self.due;
        copies.due.retain(|(version, since)| {
            let at = (*since, key, *version);
            let lacked = all.get(&at).is_some_and(|due| due.missing > 0);
            if !lacked {
                all.remove(&at);
            }
            lacked
        });
    }

    fn life(&mut self, who: Address, life: Life, now: Instant) {
        let life = if self.liars.contains(&who) { Life::Down } else { life };
        let index = who.index();
        let Some(up) = self.up.get_mut(index) else { return };
        let was = std::mem::replace(up, life == Life::Up);
        let keys: Vec<u64> = self.keys.keys().copied().collect();
        if was && life != Life::Up {
            self.count -= 1;
            for key in &keys {
                let (held, newest) = self.copies(*key, index);
                self.settle(*key, held, newest.max(held), now);
            }
        }
        if life == Life::Down {
            for key in &keys {
                if let Some(copies) = self.keys.get_mut(key) {
                    copies.held[index] = NOTHING;
                }
            }
        }
        if !was && life == Life::Up {
            self.count += 1;
            for key in &keys {
                let (held, newest) = self.copies(*key, index);
                self.settle(*key, newest.max(held), held, now);
            }
        }
    }

    fn copies(&self, key: u64, index: usize) -> (Version, Version) {
        self.keys.get(&key).map_or((NOTHING, NOTHING), |c| (c.held[index], c.newest))
    }

    fn fold(&mut self, record: &Record) {
        if let What::Pulled { lever, .. } = &record.what
            && let Lever::Lie { node: Whom::Only(liars), .. } = &**lever
        {
            for liar in liars {
                self.liars.insert(*liar);
                self.life(*liar, Life::Down, record.at);
            }
        }
        let Some(who) = record.who.filter(|who| who.is_node()) else { return };
        match &record.what {
            What::Noted(Note::Holds(held)) => self.holds(record, who.index(), held),
            What::Noted(Note::Found(copies)) => {
                copies.iter().for_each(|held| self.holds(record, who.index(), held));
            }
            What::Life(life) => self.life(who, *life, record.at),
            _ => {}
        }
    }

    /// Says who lacks an update.
    fn lack(&self, key: u64, version: Version, missing: u32) -> String {
        let held = self.keys.get(&key).map(|copies| copies.held.iter());
        let up = held.into_iter().flatten().zip(&self.up).zip(1..);
        let lack = up.filter(|((held, up), _)| **up && **held < version);
        let names: Vec<String> =
            lack.take(NAMED_MAX).map(|(_, k)| Address::Node(k).to_string()).collect();
        let more = if missing as usize > NAMED_MAX { ", …" } else { "" };
        format!("{missing} of {} ({}{more})", self.count, names.join(", "))
    }
}

impl Oracle for Delivers {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let now = record.at;
        self.fold(record);
        let late = truth.stable_for(now) > self.within;
        match (self.unmet(now), self.standing) {
            (None, Some(subject)) => {
                self.standing = None;
                out.push(KIND.cleared(record, subject));
            }
            (Some((since, key, version, due)), None) => {
                let subject = Subject::Key(key);
                self.standing = Some(subject);
                self.unforgiven |= late;
                let who = self.lack(key, version, due.missing);
                let text = format!("{who} lack an update of k{key} since {since}");
                out.push(KIND.raised(record, subject, &[due.event], text));
            }
            (Some(_), Some(_)) => self.unforgiven |= late,
            (None, None) => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        self.standing.is_some() || self.unforgiven || self.unmet(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    const NAME: &str = "eventual delivery";

    #[test]
    fn an_update_that_some_lack_for_the_bound_was_not_delivered() {
        let story = "0 F1 injected; 100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9; \
                     2099 c1 calls 1 read 2; 2100 c1 calls 2 read 2; 3000 n3 holds 2 5.n1 9";
        assert_eq!(
            signals(NAME, 3, story),
            ["2.100s + k2: 1 of 3 (n3) lack an update of k2 since 0.100s", "3.000s - k2"]
        );
        assert_eq!(verdict(NAME, 3, story, 9_000), State::Held);
        let end = "100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9";
        assert_eq!(verdict(NAME, 3, end, 2_099), State::Held);
        assert_eq!(verdict(NAME, 3, end, 2_100), State::Stalled);
    }

    #[test]
    fn a_delay_in_a_stable_world_is_not_forgiven() {
        let story = "100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9; 2200 c1 calls 1 read 2; \
                     2300 n3 holds 2 5.n1 9";
        assert_eq!(verdict(NAME, 3, story, 9_000), State::Stalled);
    }

    #[test]
    fn a_newer_value_will_do_and_an_older_one_that_comes_late_is_asked_of_nobody() {
        let story = "0 n1 holds 2 5.n1 9; 100 n2 holds 2 6.n2 10; 200 n3 holds 2 6.n2 10; \
                     300 n1 holds 2 6.n2 10; 400 n3 holds 3 5.n3 11; 500 n1 holds 3 6.n1 12; \
                     600 n2 holds 3 6.n1 12; 700 n3 holds 3 6.n1 12";
        assert_eq!(verdict(NAME, 3, story, 9_000), State::Held);
    }

    #[test]
    fn who_is_not_up_need_not_hold_it_and_who_comes_back_must() {
        let down = "0 n3 down; 100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9";
        assert_eq!(verdict(NAME, 3, down, 9_000), State::Held);
        let back = format!("{down}; 5000 n3 up; 5000 n3 boots");
        assert_eq!(verdict(NAME, 3, &back, 6_999), State::Held);
        assert_eq!(verdict(NAME, 3, &back, 7_000), State::Stalled);
        let found = format!("{back}; 5000 n3 finds 2:5.n1:9");
        assert_eq!(verdict(NAME, 3, &found, 9_000), State::Held);
        let dies = "100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9; 300 n3 paused; 400 n3 down";
        assert_eq!(verdict(NAME, 3, dies, 9_000), State::Held);
        let alone = "100 n1 holds 2 5.n1 9; 200 n1 down; 300 n2 down";
        assert_eq!(verdict(NAME, 3, alone, 9_000), State::Stalled);
    }

    #[test]
    fn who_loses_what_it_held_lacks_it_again() {
        let story = "100 n1 holds 2 5.n1 9; 200 n2 holds 2 5.n1 9; 300 n3 holds 2 5.n1 9; \
                     1000 n2 holds 2 4.n1 8";
        assert_eq!(verdict(NAME, 3, story, 2_999), State::Held);
        assert_eq!(verdict(NAME, 3, story, 3_000), State::Stalled);
    }
}
