//! The chain fault → error → failure of one finding, as data.

use crate::oracles::Finding;
use crate::sim::{EventId, FaultId};

/// Whether a named cause was confirmed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confirmed {
    /// Proposed by the records; no run without it has been made yet.
    Proposed,
    /// The same run without this fault does not have the finding.
    ButFor,
    /// One of the fewest faults that suffice together; others would do without it.
    Minimal,
    /// The records name it plainly, and runs could not show it: played again with every fault by
    /// name, the finding did not come.
    Unconfirmed,
}

/// A fault that a chain names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// Which fault.
    pub fault: FaultId,
    /// The record with which it began to act on the way to the finding.
    pub via: EventId,
    /// Whether it was confirmed.
    pub confirmed: Confirmed,
}

/// What stopped an error on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Containment {
    /// The mechanism's name, as the catalogue has it.
    pub by: &'static str,
    /// The record at which it did.
    pub at: EventId,
    /// One sentence with the facts.
    pub text: String,
    /// Whether the failure came once the mechanism was switched off: `None` where it cannot be
    /// switched off or was not tried yet.
    pub confirmed: Option<bool>,
}

/// Why a finding came about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// What is explained.
    pub finding: Finding,
    /// The faults at its root; empty where it came about without any.
    pub faults: Vec<Named>,
    /// The errors on the way, in order of time; the finding itself where it is one.
    pub errors: Vec<Finding>,
    /// The failures at its end; empty where it was contained, or has not come so far.
    pub failures: Vec<Finding>,
    /// What stopped it.
    pub containment: Vec<Containment>,
    /// The records from the finding back to the first fault, newest first: at most six links that
    /// a reader can follow.
    pub path: Vec<EventId>,
}
