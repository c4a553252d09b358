//! Containers around who leads.

use super::Mechanism;

const RAFT: &str = "D. Ongaro and J. Ousterhout, In search of an understandable consensus \
                    algorithm, 2014, section 5";
const THESIS: &str = "D. Ongaro, Consensus: bridging theory and practice, 2014, section 9.6";

/// The mechanisms.
pub static ELECTIONS: [Mechanism; 5] = [
    Mechanism {
        name: "term check",
        contains: "What a leader or candidate of an older term says: it is refused, and its \
                   sender learns the newer term.",
        misses: "A node that lies about its term; a stale leader that nobody answers.",
        costs: "One number in each message.",
        source: RAFT,
        switch: None,
    },
    Mechanism {
        name: "one vote a term",
        contains: "Two leaders in one term: two majorities share a voter, and it votes once.",
        misses: "A voter that forgets its vote, by a wiped or unsynced disk, or that lies.",
        costs: "A write to the disk before each vote.",
        source: RAFT,
        switch: None,
    },
    Mechanism {
        name: "election restriction",
        contains: "Loss of what was committed: nobody votes for a log that ends before its own.",
        misses: "A majority whose disks lost the entry.",
        costs: "Some nodes cannot win, however well they are.",
        source: RAFT,
        switch: None,
    },
    Mechanism {
        name: "pre-vote",
        contains: "Disruption by a node that was cut off: it asks whether it could win before it \
                   raises the term.",
        misses: "A leader that still sends but hears nobody: followers who hear it refuse to \
                 replace it.",
        costs: "One more round in each election.",
        source: THESIS,
        switch: Some("pre_vote"),
    },
    Mechanism {
        name: "check quorum",
        contains: "A leader that no majority answers: it steps down after an election timeout, and \
                   frees its followers and clients.",
        misses: "What it answered within that timeout, if reads make sure of nothing.",
        costs: "A leader may step down in a burst of loss that it would have outlived.",
        source: "D. Ongaro, Consensus: bridging theory and practice, 2014, section 6.2",
        switch: Some("check_quorum"),
    },
];
