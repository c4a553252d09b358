//! Containers around what a majority promised.

use super::Mechanism;

/// The mechanisms.
pub static PROMISES: [Mechanism; 2] = [
    Mechanism {
        name: "quorum",
        contains: "The loss or silence of any minority: any two majorities share a node that knows \
                   what was decided.",
        misses: "The loss of a majority: then nothing is decided any more, and if their disks are \
                 gone, what was decided is gone with them.",
        costs: "It takes 2f + 1 nodes to outlive f, and a round trip for each decision.",
        source: "D. K. Gifford, Weighted voting for replicated data, SOSP 1979",
        switch: None,
    },
    Mechanism {
        name: "sync before speaking",
        contains: "Promises unsaid by a power cut: votes and acknowledgements leave only once the \
                   disk has them.",
        misses: "A disk that says it has them and has not, or that is wiped.",
        costs: "A write to the disk in the path of every vote and every decision.",
        source: "D. Ongaro and J. Ousterhout, In search of an understandable consensus algorithm, \
                 2014, figure 2",
        switch: Some("sync_first"),
    },
];
