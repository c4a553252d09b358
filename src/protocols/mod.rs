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

/// An algorithm in the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The name by which the command line knows it.
    pub name: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// What it bears, and of what.
    pub bears: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

/// Every algorithm that there is.
pub const PROTOCOLS: &[Entry] = &[Entry {
    name: "raft",
    title: "a log that a majority keeps alike, through a leader that a majority elects",
    bears: "crashes, omissions, delays and partitions, as long as a majority is up and connected; \
            no lies, and no disk that forgets",
    source: "Ongaro and Ousterhout, USENIX ATC 2014; Ongaro's dissertation, Stanford 2014",
}];
