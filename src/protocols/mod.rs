//! The algorithms, as they were published, each a step function over plain data.
//!
//! Here: one folder or file for each algorithm, which opens with a lecture and cites its paper's
//! section at each rule, and the key-value store that the replicated ones carry. Absent on purpose:
//! faults, clients and judgements. An algorithm does not know what is being done to it.
//!
//! To add one: a file here that implements `sim::Protocol`, and its line in the catalogue.

pub mod kv;
pub mod raft;

use serde::{Deserialize, Serialize};

/// Which protocol, with its settings: what a file writes after `protocol:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtocolSpec {
    /// Raft.
    Raft(raft::RaftSpec),
}
