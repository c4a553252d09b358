//! Containers around what data says: whether it is still what it was.

use super::Mechanism;

/// The mechanisms.
pub static INTEGRITY: [Mechanism; 3] = [
    Mechanism {
        name: "checksum",
        contains: "Bits that flipped after the sum was made: on the way, or on a disk. A message \
                   is then lost rather than wrong, and a node stays down rather than start from a \
                   broken disk.",
        misses: "A result that was computed wrongly, or a bit that flipped in memory: the sum over \
                 it is right. Whoever lies makes a right sum over the lie.",
        costs: "A few bytes and a pass over each message and each block.",
        source: "J. Stone and C. Partridge, When the CRC and TCP checksum disagree, SIGCOMM 2000",
        switch: Some("checksum"),
    },
    Mechanism {
        name: "scrub",
        contains: "Latent errors on disks: it reads what nobody asks for, and mends it from a \
                   mirror before a crash makes the node depend on it.",
        misses: "What is read before its round comes by, and what the mirror holds wrong too.",
        costs: "Reads of the whole disk, round after round, and a mirror.",
        source: "T. Schwarz et al., Disk scrubbing in large archival storage systems, MASCOTS 2004",
        switch: Some("scrub"),
    },
    Mechanism {
        name: "signature",
        contains: "Words put into another's mouth: nobody can pass on what another did not sign.",
        misses: "A signer that signs two contradictory things; a value that was wrong before it \
                 was signed.",
        costs: "A signature for each message, and a check for each signature.",
        source: "M. Castro and B. Liskov, Practical Byzantine fault tolerance, OSDI 1999",
        switch: None,
    },
];
