//! Algorithms as step functions, each in its file or folder; `PROTOCOLS` is the catalogue.
//!
//! Absent on purpose: clocks, dice, sockets, and any knowledge of faults.

pub mod raft;

use serde::{Deserialize, Serialize};

/// Which protocol, with its settings: what a file writes after `protocol:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtocolSpec {
    /// Raft.
    Raft(raft::RaftSpec),
}
