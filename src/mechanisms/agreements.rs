//! Containers around what is agreed on though some lie.

use super::Mechanism;

/// The mechanisms.
pub static AGREEMENTS: [Mechanism; 3] = [
    Mechanism {
        name: "hash chain",
        contains: "A block that its disk gives back otherwise than it was written, or that stands \
                   on another block: its hash is not the one that was agreed on.",
        misses: "What was wrong before it was hashed, and values in memory.",
        costs: "A hash for each block, and its check when it is read.",
        source: "S. Haber and W. S. Stornetta, How to time-stamp a digital document, 1991",
        switch: None,
    },
    Mechanism {
        name: "validity check",
        contains: "A proposal that asks for what no client signed, or for what took effect before.",
        misses: "A valid proposal that differs from one replica to another.",
        costs: "Each replica checks each request of each proposal.",
        source: "E. Buchman, J. Kwon and Z. Milosevic, The latest gossip on BFT consensus, 2018, \
                 algorithm 1, line 23",
        switch: None,
    },
    Mechanism {
        name: "lock",
        contains: "A second value after one may have been decided: who helped to decide the first \
                   votes for no other, unless it sees that a quorum did.",
        misses: "Those who forget their lock, where they are a third or more.",
        costs: "A value that was locked and not decided has to be proposed again.",
        source: "C. Dwork, N. Lynch and L. Stockmeyer, Consensus in the presence of partial \
                 synchrony, 1988",
        switch: None,
    },
];
