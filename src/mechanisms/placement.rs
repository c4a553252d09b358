//! Containers around what fails as one: where nodes stand, what they run, how changes reach them.

use super::Mechanism;

/// The mechanisms.
pub static PLACEMENT: [Mechanism; 3] = [
    Mechanism {
        name: "anti-affinity",
        contains: "The loss of a rack or a zone: replicas are kept apart, so that no domain which \
                   fails as one holds a majority.",
        misses: "Causes that no place explains: the same software, the same settings, the same \
                 operator.",
        costs: "Messages that cross from zone to zone, and a zone more than two.",
        source: "B. Burns et al., Borg, Omega, and Kubernetes, ACM Queue 14(1), 2016",
        switch: None,
    },
    Mechanism {
        name: "staggered versions",
        contains: "An input that kills a version: as long as no version runs on a majority, the \
                   others go on without those that run it.",
        misses: "What two versions have in common, and what the new one does to the old.",
        costs: "Two versions have to understand each other, for as long as the rollout lasts.",
        source: "J. C. Knight and N. G. Leveson, An experimental evaluation of the assumption of \
                 independence in multiversion programming, IEEE TSE 12(1), 1986",
        switch: None,
    },
    Mechanism {
        name: "staged rollout",
        contains: "A wrong change: it reaches one node after the other, each is watched for a \
                   while, and all of it is undone at the first that is found ill.",
        misses: "What does not show while it is watched: a setting that matters only in a power \
                 cut, a node that nobody calls.",
        costs: "A change takes as long as there are nodes, and two settings run side by side.",
        source: "B. Beyer et al., Site Reliability Engineering, 2016, on release engineering",
        switch: Some("staged_rollout"),
    },
];
