//! Completeness for the service: while clients are not served, somebody is suspected.
//!
//! A failure detector that watches heartbeats promises no such thing, and its users believe it all
//! the same. A node that is punctual and does not serve is found healthy by its observer and
//! unhealthy by its users: differential observability, which is what makes a failure gray.

use std::collections::BTreeSet;

use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, ClientNote, EventId, Instant, Life, Note, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "service completeness",
    grade: Grade::Stall,
    says: "Clients do not go unserved for as long as the bound while nobody is suspected (the \
           contrary is a gray failure: Huang and others 2017).",
    hears: Hears::SUSPICIONS.and(Hears::CALLS).and(Hears::LIVES),
    make: |bounds, _| Box::new(SuspectsUnserving::new(bounds)),
};

/// Remembers since when calls have been given up while nobody was suspected.
#[derive(Clone, Debug)]
struct SuspectsUnserving {
    within: Span,
    suspicions: BTreeSet<(Address, Address)>,
    /// The first call that was given up, and when the last was.
    unserved: Option<(Instant, EventId)>,
    last: Instant,
    standing: bool,
    missed: bool,
}

impl SuspectsUnserving {
    fn new(bounds: &Bounds) -> SuspectsUnserving {
        SuspectsUnserving {
            within: bounds.progress_within,
            suspicions: BTreeSet::new(),
            unserved: None,
            last: Instant::ZERO,
            standing: false,
            missed: false,
        }
    }

    fn gave_up(&mut self, record: &Record, out: &mut Vec<Signal>) {
        let now = record.at;
        if now.since(self.last) >= self.within {
            self.unserved = None;
        }
        self.last = now;
        let (since, first) = *self.unserved.get_or_insert((now, record.id));
        if now.since(since) >= self.within && !self.standing {
            (self.standing, self.missed) = (true, true);
            let text = format!("clients give calls up since {since}, and nobody is suspected");
            out.push(KIND.raised(record, Subject::World, &[first, record.id], text));
        }
    }
}

impl Oracle for SuspectsUnserving {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        match (&record.what, record.who) {
            (What::Noted(Note::Suspects(whom)), Some(who)) => {
                self.suspicions.insert((who, *whom));
            }
            (What::Noted(Note::Trusts(whom)), Some(who)) => {
                self.suspicions.remove(&(who, *whom));
            }
            (What::Life(Life::Down) | What::Booted, Some(who)) => {
                self.suspicions.retain(|(by, _)| *by != who);
            }
            (What::Client(ClientNote::GaveUp { .. }), _) if self.suspicions.is_empty() => {
                self.gave_up(record, out);
            }
            _ => {}
        }
        if !self.suspicions.is_empty() {
            self.unserved = None;
            if std::mem::take(&mut self.standing) {
                out.push(KIND.cleared(record, Subject::World));
            }
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, _: Instant) -> bool {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    const CALLS: &str = "0 c1 calls 1 read 1; 0 c1 calls 2 read 1; 0 c1 calls 3 read 1; \
                         1000 c1 gives-up 1; 2000 c1 gives-up 2; ";

    #[test]
    fn calls_that_fail_for_the_bound_while_all_are_trusted_are_a_gray_failure() {
        let story = format!("{CALLS} 3000 c1 gives-up 3; 3500 n1 suspects n2");
        assert_eq!(
            signals("service completeness", 3, &story),
            [
                "3.000s + the cluster: clients give calls up since 1.000s, and nobody is suspected",
                "3.500s - the cluster",
            ]
        );
        assert_eq!(verdict("service completeness", 3, &story, 9_000), State::Stalled);
    }

    #[test]
    fn a_suspicion_in_time_or_a_single_bad_moment_is_none() {
        let seen = format!("{CALLS} 2500 n1 suspects n2; 3000 c1 gives-up 3");
        assert_eq!(verdict("service completeness", 3, &seen, 9_000), State::Held);
        let rare = format!("{CALLS} 4000 c1 gives-up 3");
        assert_eq!(verdict("service completeness", 3, &rare, 9_000), State::Held);
    }
}
