//! Containers against those who lie.

use super::Mechanism;

const GENERALS: &str = "L. Lamport, R. Shostak and M. Pease, The Byzantine generals problem, ACM \
                        TOPLAS 4(3), 1982";

/// The mechanisms.
pub static LIARS: [Mechanism; 2] = [
    Mechanism {
        name: "majority of reports",
        contains: "Two stories told to two peers: each says what it was told, and the majority of \
                   all that was said counts.",
        misses: "As many liars as a third of all, who outvote the truth.",
        costs: "Messages that grow with the number of nodes to the power of liars, and rounds that \
                last as long as the slowest message may take.",
        source: GENERALS,
        switch: None,
    },
    Mechanism {
        name: "signed orders",
        contains: "False accounts of what another said: whoever signed two orders is found out by \
                   his own signatures.",
        misses: "A lie about what only the liar knows; keys that are stolen.",
        costs: "Signatures, and their checking, on each message.",
        source: GENERALS,
        switch: Some("signatures"),
    },
];
