//! The scenarios that come with the program, by their names.
//!
//! To add one: a file under `assets/scenarios`, and its line here, in the order of the alphabet.

/// Every scenario that comes with the program: its name, and its text.
pub const SCENARIOS: &[(&str, &str)] = &[
    ("amnesia-double-vote", include_str!("../../assets/scenarios/amnesia-double-vote.ron")),
    ("forgetful-disk", include_str!("../../assets/scenarios/forgetful-disk.ron")),
    ("gc-pause", include_str!("../../assets/scenarios/gc-pause.ron")),
    ("leader-crash", include_str!("../../assets/scenarios/leader-crash.ron")),
    ("leader-cut-off", include_str!("../../assets/scenarios/leader-cut-off.ron")),
    ("lossy", include_str!("../../assets/scenarios/lossy.ron")),
    ("majority-crash", include_str!("../../assets/scenarios/majority-crash.ron")),
    ("minority-crash", include_str!("../../assets/scenarios/minority-crash.ron")),
    ("one-way-leader", include_str!("../../assets/scenarios/one-way-leader.ron")),
    (
        "one-way-leader-check-quorum",
        include_str!("../../assets/scenarios/one-way-leader-check-quorum.ron"),
    ),
    (
        "pbft-s1-equivocating-primary",
        include_str!("../../assets/scenarios/pbft-s1-equivocating-primary.ron"),
    ),
    ("pbft-s10-flipped-bits", include_str!("../../assets/scenarios/pbft-s10-flipped-bits.ron")),
    ("pbft-s2-silent-primary", include_str!("../../assets/scenarios/pbft-s2-silent-primary.ron")),
    ("pbft-s3-two-and-two", include_str!("../../assets/scenarios/pbft-s3-two-and-two.ron")),
    (
        "pbft-s4-lie-in-view-change",
        include_str!("../../assets/scenarios/pbft-s4-lie-in-view-change.ron"),
    ),
    (
        "pbft-s5-two-of-seven-crash",
        include_str!("../../assets/scenarios/pbft-s5-two-of-seven-crash.ron"),
    ),
    ("pbft-s6-all-come-back", include_str!("../../assets/scenarios/pbft-s6-all-come-back.ron")),
    ("pbft-s7-lossy", include_str!("../../assets/scenarios/pbft-s7-lossy.ron")),
    (
        "pbft-s8-no-clock-is-trusted",
        include_str!("../../assets/scenarios/pbft-s8-no-clock-is-trusted.ron"),
    ),
    ("pbft-s9-split-in-halves", include_str!("../../assets/scenarios/pbft-s9-split-in-halves.ron")),
    ("pbft-steady", include_str!("../../assets/scenarios/pbft-steady.ron")),
    ("pbft-v1-two-liars", include_str!("../../assets/scenarios/pbft-v1-two-liars.ron")),
    (
        "pbft-v2-two-of-four-crash",
        include_str!("../../assets/scenarios/pbft-v2-two-of-four-crash.ron"),
    ),
    ("pbft-v3-equal-lies", include_str!("../../assets/scenarios/pbft-v3-equal-lies.ron")),
    (
        "pbft-v4-cut-apart-for-good",
        include_str!("../../assets/scenarios/pbft-v4-cut-apart-for-good.ron"),
    ),
    ("power-cut-all", include_str!("../../assets/scenarios/power-cut-all.ron")),
    ("raft-s1-crash-recovery", include_str!("../../assets/scenarios/raft-s1-crash-recovery.ron")),
    ("raft-s2-partition", include_str!("../../assets/scenarios/raft-s2-partition.ron")),
    ("raft-s3-stale-leaders", include_str!("../../assets/scenarios/raft-s3-stale-leaders.ron")),
    ("raft-s4-power-cut", include_str!("../../assets/scenarios/raft-s4-power-cut.ron")),
    ("raft-v1-double-vote", include_str!("../../assets/scenarios/raft-v1-double-vote.ron")),
    (
        "raft-v2-lying-acknowledgement",
        include_str!("../../assets/scenarios/raft-v2-lying-acknowledgement.ron"),
    ),
    ("raft-v3-forgotten-vote", include_str!("../../assets/scenarios/raft-v3-forgotten-vote.ron")),
    ("raft-v4-majority-down", include_str!("../../assets/scenarios/raft-v4-majority-down.ron")),
    ("raft-v5-partial-links", include_str!("../../assets/scenarios/raft-v5-partial-links.ron")),
    ("slow-leader", include_str!("../../assets/scenarios/slow-leader.ron")),
    ("steady", include_str!("../../assets/scenarios/steady.ron")),
];

/// The scenario that the lab opens where nobody names one.
pub const DEFAULT: &str = "steady";

/// Returns the text of a scenario that comes with the program.
pub fn find(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::read_scenario;

    #[test]
    fn every_scenario_can_be_read_and_is_found_by_its_name() {
        assert!(SCENARIOS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(find(DEFAULT).is_some());
        for (name, text) in SCENARIOS {
            if let Err(report) = read_scenario(name, text) {
                panic!("{report}");
            }
        }
    }
}
