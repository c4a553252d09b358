//! What was published, with where it was found; numbers that were read off a drawing say so.
//!
//! Absent on purpose: anything that a measurement reads. These figures stand beside what was
//! measured and never enter it. To add one: a constant in the file of its experiment.

pub mod common_cause;
pub mod raft_election;
pub mod rumour;
pub mod split_vote;
pub mod swim;

use serde::Serialize;

use super::table::Row;

/// Published figures that a measurement can be held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Where they were published.
    pub source: &'static str,
    /// The figures, in columns of the same names as those of the measurement.
    pub rows: Vec<Row>,
}
