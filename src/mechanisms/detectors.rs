//! Containers in failure detectors: what keeps silence from being mistaken.

use super::Mechanism;

const PHI: &str = "N. Hayashibara, X. Défago, R. Yared and T. Katayama, The φ accrual failure \
                   detector, SRDS 2004";

/// The mechanisms.
pub static DETECTORS: [Mechanism; 2] = [
    Mechanism {
        name: "phi accrual",
        contains: "Suspicion of a peer whose heartbeats are irregular: how long a silence is borne \
                   is learnt from those before.",
        misses: "A pause or a burst of loss longer than any that was seen; a peer that is punctual \
                 and does not serve.",
        costs: "A window of intervals for each peer, and a distribution that has to be the right \
                one.",
        source: PHI,
        switch: None,
    },
    Mechanism {
        name: "monotonic clock",
        contains: "Steps of the watcher's clock: silence is measured by one that nobody can set.",
        misses: "A clock that runs too fast or too slow, which is learnt along with the intervals.",
        costs: "Nothing. Its readings are no dates, and mean nothing to another node.",
        source: "POSIX.1-2017, clock_gettime: CLOCK_MONOTONIC cannot be set",
        switch: Some("monotonic_clock"),
    },
];
