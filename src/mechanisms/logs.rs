//! Containers around what the replicas hold.

use super::Mechanism;

const RAFT: &str = "D. Ongaro and J. Ousterhout, In search of an understandable consensus \
                    algorithm, 2014, section 5.3";

/// The mechanisms.
pub static LOGS: [Mechanism; 2] = [
    Mechanism {
        name: "log check",
        contains: "Gaps and strangers: entries are taken only where the one before them matches in \
                   index and term, however messages were lost, doubled or overtaken.",
        misses: "An entry whose content was changed under its right index and term.",
        costs: "Two numbers in each message; a round trip for each step back.",
        source: RAFT,
        switch: None,
    },
    Mechanism {
        name: "log repair",
        contains: "Logs that went apart: a follower's entries that conflict with the leader's are \
                   cut and replaced.",
        misses: "It cuts what the leader lacks, committed or not: it is safe only because the \
                 election restriction chose the leader.",
        costs: "Entries are sent again.",
        source: RAFT,
        switch: None,
    },
];
