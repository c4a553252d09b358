//! Containers against those who lie.

use super::Mechanism;

const GENERALS: &str = "L. Lamport, R. Shostak and M. Pease, The Byzantine generals problem, ACM \
                        TOPLAS 4(3), 1982";

const PBFT: &str = "M. Castro and B. Liskov, Practical Byzantine fault tolerance, OSDI 1999, \
                    section 4";

/// The mechanisms.
pub static LIARS: [Mechanism; 8] = [
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
    Mechanism {
        name: "client signature",
        contains: "Requests that no client made: a primary can order or ignore a request, and not \
                   invent one.",
        misses: "A client that lies itself.",
        costs: "Clients need keys that all replicas know.",
        source: PBFT,
        switch: None,
    },
    Mechanism {
        name: "one order a number",
        contains: "A primary that gives one number to two requests: a backup agrees to the first \
                   that it hears of, and to no other in that view.",
        misses: "Two backups that heard of different ones first: that is left to the quorum.",
        costs: "Each number's order is remembered until a checkpoint is stable.",
        source: PBFT,
        switch: None,
    },
    Mechanism {
        name: "prepare quorum",
        contains: "A primary that tells different replicas different orders: two quorums share an \
                   honest replica, which agrees to one of them.",
        misses: "More than f liars: then two quorums may share liars alone.",
        costs: "A round of messages from all to all, and 3f + 1 replicas to outlive f.",
        source: PBFT,
        switch: None,
    },
    Mechanism {
        name: "commit quorum",
        contains: "Decisions that were none: a replica executes what a quorum has signed that it \
                   is prepared to, whoever brings that proof.",
        misses: "More than f liars.",
        costs: "A second round of messages from all to all.",
        source: PBFT,
        switch: None,
    },
    Mechanism {
        name: "prepared certificate",
        contains: "Lies in a view change: what was prepared is shown with its signatures, and how \
                   the view begins is worked out by everybody.",
        misses: "More than f replicas that deny what they prepared.",
        costs: "Large messages whenever a primary is replaced.",
        source: PBFT,
        switch: None,
    },
    Mechanism {
        name: "checkpoint quorum",
        contains: "A corrupt state, one's own or another's: a state is copied only where a quorum \
                   signed its digest, and one that differs from it is replaced.",
        misses: "What goes wrong between two checkpoints, until the next.",
        costs: "A digest of the whole state at each checkpoint.",
        source: PBFT,
        switch: None,
    },
];
