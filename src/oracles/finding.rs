//! What an oracle says: findings, signals and verdicts.

use std::fmt;

use crate::sim::{Address, CallId, EventId, Instant, Span};

/// How far along the chain from fault to failure a finding lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// An error of the milder kind: a belief that the truth contradicts, or state that lags behind
    /// what was promised. Correct protocols live through many.
    Deviation,
    /// An error of the graver kind: a safety invariant of the protocol is broken.
    Breach,
    /// A client saw it.
    Failure,
    /// Nothing is wrong, and nothing can go on.
    Stall,
}

impl Grade {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Grade::Deviation => "deviation",
            Grade::Breach => "breach",
            Grade::Failure => "failure",
            Grade::Stall => "stall",
        }
    }
}

/// What a finding is about. Two runs have the same finding where property and subject are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The cluster as a whole.
    World,
    /// A term, ballot or view.
    Epoch(u64),
    /// A slot of the log, from 1.
    Slot(u64),
    /// One node.
    Node(Address),
    /// Two nodes; the lower first, unless the property has a direction.
    Pair(Address, Address),
    /// A client's call: the client and its own number of the call.
    Call(Address, u32),
    /// A key of the store.
    Key(u64),
}

impl Subject {
    /// Makes the subject of two nodes between which there is no direction.
    pub fn pair(a: Address, b: Address) -> Subject {
        Subject::Pair(a.min(b), a.max(b))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::World => f.pad("the cluster"),
            Subject::Epoch(epoch) => f.pad(&format!("term {epoch}")),
            Subject::Slot(slot) => f.pad(&format!("slot {slot}")),
            Subject::Node(node) => f.pad(&node.to_string()),
            Subject::Pair(a, b) => f.pad(&format!("{a} and {b}")),
            Subject::Call(client, serial) => f.pad(&format!("{client}#{serial}")),
            Subject::Key(key) => f.pad(&format!("k{key}")),
        }
    }
}

/// Something that ought not to be, with the least evidence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// The property that does not hold, by its name in the catalogue.
    pub property: &'static str,
    /// How grave it is.
    pub grade: Grade,
    /// What it is about.
    pub subject: Subject,
    /// When it was found: at the record that made it so.
    pub at: Instant,
    /// The record that made it so.
    pub event: EventId,
    /// The fewest records that show it, oldest first.
    pub evidence: Vec<EventId>,
    /// One sentence with the facts.
    pub text: String,
}

impl Finding {
    /// Returns whether two findings, maybe of two runs, are the same one.
    pub fn same(&self, other: &Finding) -> bool {
        self.property == other.property && self.subject == other.subject
    }
}

/// What an oracle has to say about one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Something is wrong from here on.
    Raised(Finding),
    /// What was wrong is so no longer.
    Cleared {
        /// The property.
        property: &'static str,
        /// What it is about.
        subject: Subject,
        /// When.
        at: Instant,
        /// The record that set it right.
        event: EventId,
    },
}

impl Signal {
    /// Returns the property that the signal is about.
    pub const fn property(&self) -> &'static str {
        match self {
            Signal::Raised(finding) => finding.property,
            Signal::Cleared { property, .. } => property,
        }
    }

    /// Returns the finding that is raised, if one is.
    pub const fn raised(&self) -> Option<&Finding> {
        match self {
            Signal::Raised(finding) => Some(finding),
            Signal::Cleared { .. } => None,
        }
    }

    /// Returns the record at which it was said.
    pub const fn event(&self) -> EventId {
        match self {
            Signal::Raised(finding) => finding.event,
            Signal::Cleared { event, .. } => *event,
        }
    }

    /// Returns what the signal is about.
    pub const fn subject(&self) -> Subject {
        match self {
            Signal::Raised(finding) => finding.subject,
            Signal::Cleared { subject, .. } => *subject,
        }
    }
}

/// The three verdicts, the same words everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The property held so far.
    Held,
    /// The property was violated at least once.
    Violated,
    /// Nothing was violated, and the cluster does not go on.
    Stalled,
}

impl State {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            State::Held => "held",
            State::Violated => "violated",
            State::Stalled => "stalled",
        }
    }
}

/// What came of one property so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The property, by its name in the catalogue.
    pub property: &'static str,
    /// How grave it is where it does not hold.
    pub grade: Grade,
    /// The verdict.
    pub state: State,
    /// When it first did not hold.
    pub at: Option<Instant>,
    /// The first finding.
    pub first: Option<Finding>,
    /// How many findings there were.
    pub count: u64,
}

/// Writes a span in milliseconds, exactly: `312ms`, `312.345ms`.
pub(super) fn in_millis(span: Span) -> String {
    match (span.0 / 1_000, span.0 % 1_000) {
        (whole, 0) => format!("{whole}ms"),
        (whole, rest) => format!("{whole}.{rest:03}ms"),
    }
}

/// Writes what a slot of a log holds: `c1#7`, or `a no-op`. See `CallId::key`.
pub(super) fn in_words(value: u64) -> String {
    match call_of(value) {
        Some((client, serial)) => format!("{client}#{serial}"),
        None => "a no-op".to_owned(),
    }
}

/// Returns the call whose `CallId::key` this is, or `None` for that of a no-op.
pub(super) const fn call_of(value: u64) -> Option<(Address, u32)> {
    CallId::of_key(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_again_by_its_key() {
        let call = CallId { client: Address::Client(3), serial: 70_000, attempt: 2 };
        assert_eq!(call_of(call.key()), Some((call.client, call.serial)));
        assert_eq!(in_words(call.key()), call.to_string());
        assert_eq!(in_words(0), "a no-op");
        let probe = CallId { client: Address::Monitor(3), ..call };
        assert_eq!(call_of(probe.key()), Some((probe.client, call.serial)));
    }

    #[test]
    fn a_pair_has_no_direction_unless_it_is_given_one() {
        let (a, b) = (Address::Node(1), Address::Node(3));
        assert_eq!(Subject::pair(b, a), Subject::Pair(a, b));
        assert_eq!(Subject::pair(b, a).to_string(), "n1 and n3");
    }

    #[test]
    fn spans_are_written_to_the_microsecond() {
        assert_eq!(in_millis(Span(312_045)), "312.045ms");
        assert_eq!(in_millis(Span(250_000)), "250ms");
    }
}
