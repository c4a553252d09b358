//! Containers on the way between a client and the cluster.

use super::Mechanism;

/// The mechanisms.
pub static CLIENTS: [Mechanism; 8] = [
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
        name: "timeout",
        contains: "Waiting for an answer that will not come: each attempt has a time of its own, \
                 and \
                   the client goes on when it is over.",
        misses: "An answer that was only late: the work was done in vain, and will be done again.",
        costs: "Set too short it makes failures of slowness, and load of both.",
        source: "M. T. Nygard, Release It!, 2007, on stability patterns",
        switch: Some("timeout"),
    },
    Mechanism {
        name: "backoff",
        contains: "Tries that come thick and fast at who cannot answer: each wait before another \
                 is \
                   twice the last.",
        misses: "Many clients that wait in step come again in step; first attempts, which nothing \
                 holds back.",
        costs: "A call that fails twice is answered later than it could be.",
        source: "M. Brooker, Exponential backoff and jitter, AWS Architecture Blog, 2015",
        switch: Some("backoff"),
    },
    Mechanism {
        name: "jitter",
        contains: "Clients that come again all at once because they failed all at once: chance \
                   draws each wait.",
        misses: "How often they come: it spreads load and takes none away.",
        costs: "Nothing but that waits are hard to foretell.",
        source: "M. Brooker, Exponential backoff and jitter, AWS Architecture Blog, 2015",
        switch: Some("jitter"),
    },
    Mechanism {
        name: "retry budget",
        contains: "Retry storms: of all that a client sends, only a set share may be further \
                 tries; \
                   beyond it a call that failed has failed.",
        misses: "Nothing that few tries would have won is lost, but a long outage is not waited \
                 out.",
        costs: "Calls are given up that one more try would have saved.",
        source: "B. Beyer et al., Site Reliability Engineering, 2016, on handling overload",
        switch: Some("retry_budget"),
    },
    Mechanism {
        name: "circuit breaker",
        contains: "Calls in vain: who failed many times in a row is left alone for a while, then \
                   tried with one call; so the caller fails fast and the called can recover.",
        misses: "A node that fails one call in two never fails often enough in a row.",
        costs: "Calls fail that would have succeeded, until it closes again.",
        source: "M. T. Nygard, Release It!, 2007, on stability patterns",
        switch: Some("circuit_breaker"),
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
