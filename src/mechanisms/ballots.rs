//! Containers around numbered proposals: what keeps a second value from being chosen.

use super::Mechanism;

const PAXOS: &str = "L. Lamport, Paxos Made Simple, 2001";

/// The mechanisms.
pub static BALLOTS: [Mechanism; 4] = [
    Mechanism {
        name: "ballot check",
        contains: "Proposals that come late: an acceptor that promised a higher number refuses \
                   them, and answers to a round that is over count for nothing.",
        misses: "An acceptor that forgets what it promised, or lies about it.",
        costs: "One number in each message, and a write to the disk before each promise.",
        source: PAXOS,
        switch: None,
    },
    Mechanism {
        name: "adopted value",
        contains: "A second choice: a proposer gives up its own value for the one that was \
                   accepted under the highest number, since that may have been chosen.",
        misses: "What no acceptor of its quorum reports, because it denies it or has forgotten.",
        costs: "A proposer may have to push another's value.",
        source: PAXOS,
        switch: None,
    },
    Mechanism {
        name: "learning quorum",
        contains: "An acceptor that invents a value: a learner believes what a quorum has \
                   accepted, not what one says.",
        misses: "A proposer that tells what was chosen, and lies; a quorum of liars.",
        costs: "Waiting for the slowest of the quorum.",
        source: PAXOS,
        switch: Some("learn_by_quorum"),
    },
    Mechanism {
        name: "back-off",
        contains: "Proposers that overtake each other for ever: one that was overtaken waits for a \
                   random time, longer each time.",
        misses: "A network that delays messages by what they say: no wait outlasts it for certain.",
        costs: "Time, where nobody else would have come in between.",
        source: PAXOS,
        switch: Some("back_off"),
    },
];
