//! What ought to be true, and whether it is.
//!
//! Here: oracles, which are folds over the records of a run; the truth that they share; the panel
//! that runs them. An oracle sees what no node can see, says when something became wrong and when
//! it was right again, and names the fewest records that show it.
//!
//! Absent on purpose: any node's state (records are the only input), any cause (`causes` asks why),
//! any clock, and messages: oracles hear milestones alone, so that a verdict is the same whether or
//! not messages are kept.
//!
//! To add an oracle: one file in `errors`, `failures` or `progress` with its `KIND`, and one line
//! in `ORACLES`.

pub mod errors;
pub mod failures;
pub mod finding;
pub mod history;
pub mod ledger;
mod panel;
pub mod progress;
#[cfg(test)]
mod story;
pub mod truth;
pub mod views;
mod zones;

use std::fmt::Debug;

pub use finding::{Finding, Grade, Signal, State, Subject, Verdict};
pub use history::{History, Operation};
pub use panel::{Panel, STANDING_MAX};
pub use truth::Truth;

use crate::sim::{Address, ClientNote, EventId, Instant, Note, Record, Span, What};

/// The spans against which oracles hold a run, and the word in which they speak of leaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// How long a client waits before it gives up, as its workload says.
    pub deadline: Span,
    /// Within what an answer is on time.
    pub on_time: Span,
    /// Within what something is decided while calls wait.
    pub progress_within: Span,
    /// For how long a replica may lack what was acknowledged.
    pub lag: Span,
    /// How long a node works on a line that is full, when nothing more comes.
    pub backlog: Span,
    /// What the algorithm calls that by which an old leader is told from a new one.
    pub epoch: &'static str,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            deadline: Span::secs(2),
            on_time: Span::millis(250),
            progress_within: Span::secs(2),
            lag: Span::secs(1),
            backlog: Span::ZERO,
            epoch: "term",
        }
    }
}

/// Which records an oracle hears, as a set. Nobody hears messages, timers and disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hears(u16);

impl Hears {
    /// No record at all.
    pub const NOTHING: Hears = Hears(0);
    /// Who takes which role.
    pub const ROLES: Hears = Hears(1);
    /// Who votes for whom.
    pub const VOTES: Hears = Hears(1 << 1);
    /// Changes of logs.
    pub const LOGS: Hears = Hears(1 << 2);
    /// What is decided.
    pub const DECISIONS: Hears = Hears(1 << 3);
    /// Who suspects and trusts whom.
    pub const SUSPICIONS: Hears = Hears(1 << 4);
    /// Calls and what came of them.
    pub const CALLS: Hears = Hears(1 << 5);
    /// Who is up, paused or down, and who boots. Every oracle also hears the record at which it
    /// becomes known what a node came back with.
    pub const LIVES: Hears = Hears(1 << 6);
    /// Faults, switches, and remarks that are nothing of the above.
    pub const REST: Hears = Hears(1 << 7);
    /// Which copies replicas hold, in stores that keep no log.
    pub const COPIES: Hears = Hears(1 << 8);
    /// Who is accused.
    pub const EVIDENCE: Hears = Hears(1 << 9);
    /// Transactions: begun, voted on, ended.
    pub const TRANSACTIONS: Hears = Hears(1 << 10);
    /// Who has no room left, and has room again.
    pub const LOAD: Hears = Hears(1 << 11);
    /// Calls of monitors, which are no users.
    pub const PROBES: Hears = Hears(1 << 14);
    /// What users see of nodes, and what monitors judge of them.
    pub const VIEWS: Hears = Hears(1 << 15);

    /// Returns what either hears.
    #[must_use]
    pub const fn and(self, other: Hears) -> Hears {
        Hears(self.0 | other.0)
    }

    /// Returns whether the two have a record in common.
    pub const fn meets(self, other: Hears) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns who hears a record: nobody, where it is no milestone.
    const fn of(record: &Record) -> Hears {
        match &record.what {
            What::Sent { .. }
            | What::Delivered { .. }
            | What::Withheld { .. }
            | What::Fired { .. }
            | What::Saved { .. }
            | What::Synced { .. } => Hears::NOTHING,
            What::Noted(note) => match note {
                Note::Role { .. } => Hears::ROLES,
                Note::Holds(_) | Note::Found(_) => Hears::COPIES,
                Note::Voted { .. } | Note::Prepared { .. } => Hears::VOTES,
                Note::Decided { .. } => Hears::DECISIONS,
                Note::Suspects(_) | Note::Trusts(_) | Note::Buries(_) => Hears::SUSPICIONS,
                Note::Accuses { .. } => Hears::EVIDENCE,
                Note::Appended { .. }
                | Note::Truncated { .. }
                | Note::Restored(_)
                | Note::Stored { .. } => Hears::LOGS,
                Note::TransactionBegan { .. }
                | Note::TransactionVoted { .. }
                | Note::TransactionEnded { .. } => Hears::TRANSACTIONS,
                Note::Overloaded { .. } | Note::Relieved => Hears::LOAD,
                Note::Contained { .. } | Note::Other(..) => Hears::REST,
            },
            What::Client(note) => match (note, record.who) {
                (
                    ClientNote::Saw(_) | ClientNote::Watches { .. } | ClientNote::Judged { .. },
                    _,
                ) => Hears::VIEWS,
                (_, Some(Address::Monitor(_))) => Hears::PROBES,
                _ => Hears::CALLS,
            },
            What::Life(_) | What::Booted => Hears::LIVES,
            _ => Hears::REST,
        }
    }
}

/// What an oracle watches over: its line in the catalogue.
#[derive(Debug)]
pub struct Kind {
    /// The property's name, as scenarios and screens write it.
    pub property: &'static str,
    /// How grave it is where it does not hold.
    pub grade: Grade,
    /// What ought to be true, in one sentence, with its source.
    pub says: &'static str,
    /// Which records it hears.
    pub hears: Hears,
    /// Makes the oracle for a run with these bounds and this many nodes.
    pub make: fn(&Bounds, u16) -> Box<dyn Oracle>,
}

impl Kind {
    /// Says that the property does not hold from this record on.
    fn raised(
        &self,
        record: &Record,
        subject: Subject,
        evidence: &[EventId],
        text: String,
    ) -> Signal {
        Signal::Raised(self.finding(record.at, record.id, subject, evidence, text))
    }

    /// Makes a finding; the evidence is put in order.
    fn finding(
        &self,
        at: Instant,
        event: EventId,
        subject: Subject,
        evidence: &[EventId],
        text: String,
    ) -> Finding {
        let mut evidence = evidence.to_vec();
        evidence.sort_unstable();
        evidence.dedup();
        Finding { property: self.property, grade: self.grade, subject, at, event, evidence, text }
    }

    /// Says that what was raised is right again.
    fn cleared(&self, record: &Record, subject: Subject) -> Signal {
        let property = self.property;
        Signal::Cleared { property, subject, at: record.at, event: record.id }
    }
}

/// A fold over the records of a run that says when a property does not hold.
pub trait Oracle: Send + Sync + Debug {
    /// Returns the oracle's line in the catalogue.
    fn kind(&self) -> &'static Kind;

    /// Folds in one record. `truth` has it already. Raises each subject once until it is cleared.
    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>);

    /// Makes a second oracle that remembers the same.
    fn fork(&self) -> Box<dyn Oracle>;

    /// Returns whether the run counts as stalled at `now`; asked of oracles of grade `Stall` only.
    fn stalled(&self, _now: Instant) -> bool {
        false
    }

    /// Returns the property's name.
    fn property(&self) -> &'static str {
        self.kind().property
    }

    /// Returns how grave it is where the property does not hold.
    fn grade(&self) -> Grade {
        self.kind().grade
    }

    /// Returns what ought to be true, in one sentence, with its source.
    fn says(&self) -> &'static str {
        self.kind().says
    }
}

/// The catalogue, in the order in which oracles see a record: from error to failure.
pub static ORACLES: &[&Kind] = &[
    &errors::false_suspicion::KIND,
    &errors::gray_failure::KIND,
    &errors::false_alarm::KIND,
    &errors::two_leaders::KIND,
    &errors::no_leader::KIND,
    &errors::stale_leader::KIND,
    &errors::lacks_acknowledged_data::KIND,
    &errors::diverged_log::KIND,
    &errors::one_vote_a_term::KIND,
    &errors::election_safety::KIND,
    &errors::leader_append_only::KIND,
    &errors::log_matching::KIND,
    &errors::leader_completeness::KIND,
    &errors::state_machine_safety::KIND,
    &errors::overloaded::KIND,
    &errors::one_certificate::KIND,
    &errors::agreement::KIND,
    &errors::validity::KIND,
    &errors::obeys_alike::KIND,
    &errors::obeys_commander::KIND,
    &errors::integrity::KIND,
    &errors::resurrection::KIND,
    &errors::accuracy::KIND,
    &errors::proven_culprit::KIND,
    &errors::accountability::KIND,
    &errors::stale_write::KIND,
    &errors::transactions::doubts::IN_DOUBT,
    &errors::transactions::outcomes::AC1,
    &errors::transactions::outcomes::AC2,
    &errors::transactions::votes::AC3,
    &errors::transactions::votes::AC4,
    &errors::transactions::doubts::AC5,
    &errors::transactions::doubts::NON_BLOCKING,
    &failures::linearizable::KIND,
    &failures::durable::KIND,
    &failures::regular::KIND,
    &failures::keeps_updates::KIND,
    &failures::available::KIND,
    &failures::on_time::KIND,
    &progress::decides::KIND,
    &progress::converges::KIND,
    &progress::suspects_crashed::KIND,
    &progress::ends_mistakes::KIND,
    &progress::suspects_unserving::KIND,
    &progress::delivers::KIND,
    &progress::completeness::KIND,
    &progress::metastable::KIND,
];

/// What every cluster is judged by whose nodes take time for what they do, whatever it runs.
pub const OF_LOAD: &[&str] = &["overloaded", "metastable"];
/// What is judged besides, whatever the protocol, where anybody monitors.
pub const OF_MONITORS: [&str; 2] =
    [errors::gray_failure::KIND.property, errors::false_alarm::KIND.property];

/// Returns the name of every property.
pub fn every_property() -> Vec<&'static str> {
    ORACLES.iter().map(|kind| kind.property).collect()
}

/// Finds an oracle's line by the property's name.
pub fn find(property: &str) -> Option<&'static Kind> {
    ORACLES.iter().copied().find(|kind| kind.property == property)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_speaks_in_sentences_and_names_each_property_once() {
        for kind in ORACLES {
            let named = ORACLES.iter().filter(|other| other.property == kind.property).count();
            assert_eq!(named, 1, "{}", kind.property);
            assert!(kind.says.ends_with('.'), "{}", kind.says);
            assert!(kind.says.starts_with(char::is_uppercase), "{}", kind.says);
            let made = (kind.make)(&Bounds::default(), 3);
            assert_eq!(made.property(), kind.property);
            assert_eq!(made.fork().property(), kind.property);
            assert_eq!(find(kind.property).map(|found| found.grade), Some(kind.grade));
        }
    }
}
