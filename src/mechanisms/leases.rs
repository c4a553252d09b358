//! Containers around a lock that was lent: for how long, by which number, and to whom.

use super::Mechanism;

/// The mechanisms.
pub static LEASES: [Mechanism; 3] = [
    Mechanism {
        name: "lease",
        contains: "A lock whose holder is gone: it comes back by itself, and a holder that looks \
                 at \
                   its clock stops before another begins.",
        misses: "A holder that freezes between looking and doing; clocks that step or run apart \
                 by more than the margin.",
        costs: "Nobody leads until a lost lease has run out; renewals all the time.",
        source: "C. Gray and D. Cheriton, Leases: an efficient fault-tolerant mechanism for \
                 distributed file cache consistency, SOSP 1989",
        switch: Some("check_lease"),
    },
    Mechanism {
        name: "fencing token",
        contains: "Stale writes: each lease has a higher number, writes carry it, and who stores \
                   them refuses a number lower than one that it has seen.",
        misses: "Reads that never reach the store; a lock server that forgets its numbers; a store \
                 that does not check.",
        costs: "One number in each write, and one on each disk that takes writes.",
        source: "M. Burrows, The Chubby lock service for loosely-coupled distributed systems, OSDI \
                 2006, where it is called a sequencer",
        switch: Some("fencing"),
    },
    Mechanism {
        name: "catch-up",
        contains: "Old data in command: a copy that was away learns from a majority what it missed \
                   before it serves.",
        misses: "The loss of a majority of disks: what they held is nowhere to be found.",
        costs: "A round trip and a copy of the state before the first call is served.",
        source: "N. Budhiraja, K. Marzullo, F. Schneider and S. Toueg, The primary-backup \
                 approach, \
                 in Distributed systems, 1993",
        switch: Some("catch_up"),
    },
];
