//! Progress of consensus: while calls wait, something is decided within the bound.
//!
//! A read that is answered without a decision of its own (a read index) is progress for reads, and
//! none for writes that wait. A call that is given up was not served: the next one of its kind
//! waits on for it, unless nobody called for as long as the bound.

use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, ClientNote, EventId, Instant, Life, Op, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "progress",
    grade: Grade::Stall,
    says: "While calls wait, something is decided within the bound, once the world is stable \
           (Dwork, Lynch and Stockmeyer 1988).",
    hears: Hears::CALLS.and(Hears::DECISIONS).and(Hears::ROLES).and(Hears::LIVES).and(Hears::REST),
    make: |bounds, _| Box::new(Decides::new(bounds)),
};

/// Calls of one kind that want to be served.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    open: u32,
    /// Since when nobody was served though somebody called, and the record of that.
    since: Option<(Instant, EventId)>,
    /// When the last open call was given up.
    quiet: Option<Instant>,
}

impl Demand {
    fn called(&mut self, record: &Record, within: Span) {
        if self.quiet.take().is_some_and(|quiet| record.at.since(quiet) >= within) {
            self.since = None;
        }
        self.open += 1;
        self.since.get_or_insert((record.at, record.id));
    }

    fn gave_up(&mut self, record: &Record) {
        self.open = self.open.saturating_sub(1);
        self.quiet = (self.open == 0).then_some(record.at);
    }

    fn served(&mut self, record: &Record) {
        self.since = (self.open > 0).then_some((record.at, record.id));
        self.quiet = None;
    }

    /// Returns since when demand has not been met, where that is too long.
    fn unmet(&self, now: Instant, within: Span) -> Option<(Instant, EventId)> {
        let waits = self.open > 0 || self.quiet == Some(now);
        self.since.filter(|(since, _)| waits && now.since(*since) >= within)
    }
}

/// Remembers who waits, and whether that was too long.
#[derive(Clone, Debug)]
struct Decides {
    within: Span,
    writes: Demand,
    reads: Demand,
    standing: bool,
    /// Whether it stood at a time when the world had been stable for longer than the bound.
    unforgiven: bool,
}

impl Decides {
    fn new(bounds: &Bounds) -> Decides {
        Decides {
            within: bounds.progress_within,
            writes: Demand::default(),
            reads: Demand::default(),
            standing: false,
            unforgiven: false,
        }
    }

    fn demand(&mut self, op: Op) -> &mut Demand {
        match op {
            Op::Read { .. } => &mut self.reads,
            Op::Write { .. } => &mut self.writes,
        }
    }

    fn unmet(&self, now: Instant) -> Option<(Instant, EventId)> {
        let (writes, reads) =
            (self.writes.unmet(now, self.within), self.reads.unmet(now, self.within));
        writes.into_iter().chain(reads).min()
    }

    /// Folds in what was asked and served; returns whether anybody was served.
    fn fold(&mut self, record: &Record, truth: &Truth) -> bool {
        let within = self.within;
        match record.what {
            What::Client(ClientNote::Called { op, .. }) => self.demand(op).called(record, within),
            What::Client(ClientNote::GaveUp { op, .. }) => self.demand(op).gave_up(record),
            What::Client(ClientNote::Returned { op, .. }) => {
                let demand = self.demand(op);
                demand.open = demand.open.saturating_sub(1);
                demand.served(record);
                return true;
            }
            _ if truth.first_decided().is_some() => {
                self.writes.served(record);
                self.reads.served(record);
                return true;
            }
            _ => {}
        }
        false
    }
}

/// Says what holds the world back, or that nothing does.
fn circumstances(now: Instant, truth: &Truth) -> String {
    if let Some(since) = truth.stable_since() {
        let span = crate::oracles::finding::in_millis(now.since(since));
        return format!("though every node is up and no fault is active, for {span} now");
    }
    let not_up: Vec<Address> =
        truth.members().filter(|(_, member)| member.life != Life::Up).map(|(who, _)| who).collect();
    let faults: Vec<String> = truth.faults().map(|(fault, _)| fault.to_string()).collect();
    let mut parts = Vec::new();
    if !not_up.is_empty() {
        let names: Vec<String> = not_up.iter().take(NAMED_MAX).map(Address::to_string).collect();
        let nodes = if not_up.len() > 1 { "nodes" } else { "node" };
        let more = if not_up.len() > NAMED_MAX { ", …" } else { "" };
        let (count, names) = (not_up.len(), names.join(", "));
        parts.push(format!("with {count} of {} {nodes} not up ({names}{more})", truth.nodes()));
    }
    if !faults.is_empty() {
        parts.push(format!("under {}", faults.join(", ")));
    }
    parts.join(" and ")
}

/// How many nodes are named before the rest is only counted.
const NAMED_MAX: usize = 5;

impl Oracle for Decides {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let now = record.at;
        if self.standing && truth.stable_for(now) > self.within {
            self.unforgiven = true;
        }
        let served = self.fold(record, truth);
        let unmet = self.unmet(now);
        if self.standing {
            if served && unmet.is_none() {
                self.standing = false;
                out.push(KIND.cleared(record, Subject::World));
            }
        } else if let Some((since, event)) = unmet {
            self.standing = true;
            self.unforgiven |= truth.stable_for(now) > self.within;
            let why = circumstances(now, truth);
            let text = format!("calls wait and nothing was decided since {since}, {why}");
            out.push(KIND.raised(record, Subject::World, &[event], text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, now: Instant) -> bool {
        self.standing || self.unforgiven || self.unmet(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::State;
    use crate::oracles::story::{signals, verdict};

    #[test]
    fn a_call_that_waits_for_the_bound_without_a_decision_is_a_stall() {
        let story = "0 F1 injected; 0 n2 down; 0 n3 down; 100 c1 calls 1 write 2 9; \
                     1000 n1 stands 2; 2099 n1 stands 3; 2100 n1 stands 4; 2200 n1 stands 5; \
                     3000 n1 decides 1 5 c1#1; 3001 c1 returns 1 ok";
        assert_eq!(
            signals("progress", 3, story),
            [
                "2.100s + the cluster: calls wait and nothing was decided since 0.100s, \
                 with 2 of 3 nodes not up (n2, n3) and under F1",
                "3.000s - the cluster",
            ]
        );
        assert_eq!(verdict("progress", 3, story, 4_000), State::Held);
    }

    #[test]
    fn a_stall_of_a_stable_world_is_not_forgiven() {
        let story = "0 n1 leads 1; 100 c1 calls 1 write 2 9; 2100 n1 leads 2; \
                     2101 n1 decides 1 2 c1#1; 2102 c1 returns 1 ok";
        assert_eq!(
            signals("progress", 3, story),
            [
                "2.100s + the cluster: calls wait and nothing was decided since 0.100s, \
                 though every node is up and no fault is active, for 2100ms now",
                "2.101s - the cluster",
            ]
        );
        assert_eq!(verdict("progress", 3, story, 4_000), State::Stalled);
    }

    #[test]
    fn a_stall_that_outlives_its_fault_by_the_bound_is_not_forgiven() {
        let healed = |decided: u64| {
            format!(
                "0 F1 injected; 100 c1 calls 1 write 2 9; 2500 n1 leads 1; 3000 F1 healed; \
                 {decided} n1 decides 1 1 c1#1; {decided} c1 returns 1 ok"
            )
        };
        assert_eq!(verdict("progress", 3, &healed(5_000), 9_000), State::Held);
        assert_eq!(verdict("progress", 3, &healed(5_001), 9_000), State::Stalled);
    }

    #[test]
    fn at_the_end_of_a_run_the_open_calls_count() {
        let story = "0 n1 down; 100 c1 calls 1 write 2 9";
        assert_eq!(verdict("progress", 3, story, 2_099), State::Held);
        assert_eq!(verdict("progress", 3, story, 2_100), State::Stalled);
    }

    #[test]
    fn a_client_that_gives_up_and_calls_again_still_waits() {
        let story = "0 n1 down; 100 c1 calls 1 write 2 9; 1600 c1 gives-up 1; \
                     1700 c1 calls 2 write 2 10; 2100 n2 stands 1";
        assert_eq!(signals("progress", 3, story).len(), 1);
        let quiet = "0 n1 down; 100 c1 calls 1 write 2 9; 1600 c1 gives-up 1; \
                     3600 c1 calls 2 write 2 10; 3700 n2 stands 1";
        assert_eq!(signals("progress", 3, quiet), Vec::<String>::new());
    }

    #[test]
    fn reads_that_are_answered_are_no_progress_for_writes() {
        let reads = "0 c1 calls 1 read 2; 900 c2 calls 1 read 2; 1000 c1 returns 1 nothing; \
                     1100 c1 calls 2 read 2; 2000 c2 returns 1 nothing; 2500 c1 returns 2 nothing";
        assert_eq!(signals("progress", 3, reads), Vec::<String>::new());
        let writes = format!("0 c3 calls 1 write 2 9; {reads}");
        assert_eq!(signals("progress", 3, &writes).len(), 1);
    }
}
