//! Containers on the way between a client and the cluster.

use super::Mechanism;

/// The mechanisms.
pub static CLIENTS: [Mechanism; 3] = [
    Mechanism {
        name: "retry",
        contains: "A lost call, a lost answer, a node that is down: the client asks elsewhere.",
        misses: "A lost answer to a call that took effect: tried again blindly, it takes effect \
                 twice. A cluster that is overloaded gets more load.",
        costs: "More calls just when there is the least room for them; later answers.",
        source: "M. Brooker, Exponential backoff and jitter, AWS Architecture Blog, 2015",
        switch: Some("retry"),
    },
    Mechanism {
        name: "request id",
        contains: "Double effects: a call that is tried again, or a message that arrives twice, \
                   takes effect once.",
        misses: "A call that the client itself makes anew under another number.",
        costs: "Each replica remembers each client's last answers.",
        source: "D. Ongaro, Consensus: bridging theory and practice, 2014, section 6.3",
        switch: Some("idempotency"),
    },
    Mechanism {
        name: "read index",
        contains: "Stale reads: a leader makes sure that it still leads before it answers one.",
        misses: "Nothing that a quorum would not miss; a leader that cannot reach one answers no \
                 reads at all.",
        costs: "One round of heartbeats for a batch of reads.",
        source: "D. Ongaro, Consensus: bridging theory and practice, 2014, section 6.4",
        switch: Some("read_index"),
    },
];
