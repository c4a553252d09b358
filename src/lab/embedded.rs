//! The scenarios that come with the program, by their names.
//!
//! To add one: a file under `assets/scenarios`, and its line here, in the order of the alphabet.

/// Every scenario that comes with the program: its name, and its text.
pub const SCENARIOS: &[(&str, &str)] = &[
    ("amnesia-double-vote", include_str!("../../assets/scenarios/amnesia-double-vote.ron")),
    ("forgetful-disk", include_str!("../../assets/scenarios/forgetful-disk.ron")),
    ("gc-pause", include_str!("../../assets/scenarios/gc-pause.ron")),
    (
        "generals-s1-four-one-traitor",
        include_str!("../../assets/scenarios/generals-s1-four-one-traitor.ron"),
    ),
    (
        "generals-s2-four-commander-lies",
        include_str!("../../assets/scenarios/generals-s2-four-commander-lies.ron"),
    ),
    (
        "generals-s3-seven-two-traitors",
        include_str!("../../assets/scenarios/generals-s3-seven-two-traitors.ron"),
    ),
    (
        "generals-s4-three-signed",
        include_str!("../../assets/scenarios/generals-s4-three-signed.ron"),
    ),
    (
        "generals-s5-silent-lieutenant",
        include_str!("../../assets/scenarios/generals-s5-silent-lieutenant.ron"),
    ),
    ("generals-s6-restarts", include_str!("../../assets/scenarios/generals-s6-restarts.ron")),
    ("generals-steady", include_str!("../../assets/scenarios/generals-steady.ron")),
    (
        "generals-v1-three-one-traitor",
        include_str!("../../assets/scenarios/generals-v1-three-one-traitor.ron"),
    ),
    (
        "generals-v2-four-two-traitors",
        include_str!("../../assets/scenarios/generals-v2-four-two-traitors.ron"),
    ),
    (
        "generals-v3-seven-three-traitors",
        include_str!("../../assets/scenarios/generals-v3-seven-three-traitors.ron"),
    ),
    ("generals-v4-late", include_str!("../../assets/scenarios/generals-v4-late.ron")),
    (
        "generals-v5-commander-down",
        include_str!("../../assets/scenarios/generals-v5-commander-down.ron"),
    ),
    ("gossip-s1-loss", include_str!("../../assets/scenarios/gossip-s1-loss.ron")),
    ("gossip-s2-crash", include_str!("../../assets/scenarios/gossip-s2-crash.ron")),
    ("gossip-s3-partition", include_str!("../../assets/scenarios/gossip-s3-partition.ron")),
    ("gossip-s4-clocks", include_str!("../../assets/scenarios/gossip-s4-clocks.ron")),
    ("gossip-s5-restart", include_str!("../../assets/scenarios/gossip-s5-restart.ron")),
    ("gossip-s6-flip-checksum", include_str!("../../assets/scenarios/gossip-s6-flip-checksum.ron")),
    ("gossip-s7-lie-signed", include_str!("../../assets/scenarios/gossip-s7-lie-signed.ron")),
    ("gossip-steady", include_str!("../../assets/scenarios/gossip-steady.ron")),
    ("gossip-thousand", include_str!("../../assets/scenarios/gossip-thousand.ron")),
    ("gossip-v1-cut", include_str!("../../assets/scenarios/gossip-v1-cut.ron")),
    ("gossip-v2-residue", include_str!("../../assets/scenarios/gossip-v2-residue.ron")),
    ("gossip-v3-lie", include_str!("../../assets/scenarios/gossip-v3-lie.ron")),
    ("gossip-v4-deletes", include_str!("../../assets/scenarios/gossip-v4-deletes.ron")),
    ("gossip-v5-flip", include_str!("../../assets/scenarios/gossip-v5-flip.ron")),
    (
        "gossip-v6-certificates-expire",
        include_str!("../../assets/scenarios/gossip-v6-certificates-expire.ron"),
    ),
    (
        "hotstuff-s1-equivocating-leader",
        include_str!("../../assets/scenarios/hotstuff-s1-equivocating-leader.ron"),
    ),
    (
        "hotstuff-s2-silent-leader",
        include_str!("../../assets/scenarios/hotstuff-s2-silent-leader.ron"),
    ),
    ("hotstuff-s3-partition", include_str!("../../assets/scenarios/hotstuff-s3-partition.ron")),
    (
        "hotstuff-s4-denies-its-certificates",
        include_str!("../../assets/scenarios/hotstuff-s4-denies-its-certificates.ron"),
    ),
    (
        "hotstuff-s5-loss-and-crashes",
        include_str!("../../assets/scenarios/hotstuff-s5-loss-and-crashes.ron"),
    ),
    (
        "hotstuff-v1-two-equivocate",
        include_str!("../../assets/scenarios/hotstuff-v1-two-equivocate.ron"),
    ),
    ("hotstuff-v1b-amnesia", include_str!("../../assets/scenarios/hotstuff-v1b-amnesia.ron")),
    ("hotstuff-v2-two-down", include_str!("../../assets/scenarios/hotstuff-v2-two-down.ron")),
    ("hotstuff-v3-equal-lies", include_str!("../../assets/scenarios/hotstuff-v3-equal-lies.ron")),
    ("leader-crash", include_str!("../../assets/scenarios/leader-crash.ron")),
    ("leader-cut-off", include_str!("../../assets/scenarios/leader-cut-off.ron")),
    ("lossy", include_str!("../../assets/scenarios/lossy.ron")),
    ("majority-crash", include_str!("../../assets/scenarios/majority-crash.ron")),
    ("minority-crash", include_str!("../../assets/scenarios/minority-crash.ron")),
    (
        "multi-paxos-s1-leader-restarts",
        include_str!("../../assets/scenarios/multi-paxos-s1-leader-restarts.ron"),
    ),
    (
        "multi-paxos-s2-leader-cut-off",
        include_str!("../../assets/scenarios/multi-paxos-s2-leader-cut-off.ron"),
    ),
    (
        "multi-paxos-s3-late-and-doubled",
        include_str!("../../assets/scenarios/multi-paxos-s3-late-and-doubled.ron"),
    ),
    ("multi-paxos-steady", include_str!("../../assets/scenarios/multi-paxos-steady.ron")),
    (
        "multi-paxos-v1-denied-acceptance",
        include_str!("../../assets/scenarios/multi-paxos-v1-denied-acceptance.ron"),
    ),
    (
        "multi-paxos-v2-forgotten-acceptance",
        include_str!("../../assets/scenarios/multi-paxos-v2-forgotten-acceptance.ron"),
    ),
    (
        "multi-paxos-v3-majority-down",
        include_str!("../../assets/scenarios/multi-paxos-v3-majority-down.ron"),
    ),
    ("one-way-leader", include_str!("../../assets/scenarios/one-way-leader.ron")),
    (
        "one-way-leader-check-quorum",
        include_str!("../../assets/scenarios/one-way-leader-check-quorum.ron"),
    ),
    ("overload-bulkhead", include_str!("../../assets/scenarios/overload-bulkhead.ron")),
    ("overload-no-bulkhead", include_str!("../../assets/scenarios/overload-no-bulkhead.ron")),
    ("paxos-disjoint-quorums", include_str!("../../assets/scenarios/paxos-disjoint-quorums.ron")),
    (
        "paxos-s1-acceptor-restarts",
        include_str!("../../assets/scenarios/paxos-s1-acceptor-restarts.ron"),
    ),
    ("paxos-s2-duel-ends", include_str!("../../assets/scenarios/paxos-s2-duel-ends.ron")),
    (
        "paxos-s3-late-and-doubled",
        include_str!("../../assets/scenarios/paxos-s3-late-and-doubled.ron"),
    ),
    ("paxos-steady", include_str!("../../assets/scenarios/paxos-steady.ron")),
    (
        "paxos-v1-denied-acceptance",
        include_str!("../../assets/scenarios/paxos-v1-denied-acceptance.ron"),
    ),
    (
        "paxos-v2-forgotten-acceptance",
        include_str!("../../assets/scenarios/paxos-v2-forgotten-acceptance.ron"),
    ),
    ("paxos-v3-majority-down", include_str!("../../assets/scenarios/paxos-v3-majority-down.ron")),
    (
        "paxos-v4-duel-without-end",
        include_str!("../../assets/scenarios/paxos-v4-duel-without-end.ron"),
    ),
    ("paxos-v5-invented-value", include_str!("../../assets/scenarios/paxos-v5-invented-value.ron")),
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
    ("phi-accrual-s1-crash", include_str!("../../assets/scenarios/phi-accrual-s1-crash.ron")),
    ("phi-accrual-s2-jitter", include_str!("../../assets/scenarios/phi-accrual-s2-jitter.ron")),
    ("phi-accrual-s3-clocks", include_str!("../../assets/scenarios/phi-accrual-s3-clocks.ron")),
    ("phi-accrual-s4-settles", include_str!("../../assets/scenarios/phi-accrual-s4-settles.ron")),
    ("phi-accrual-steady", include_str!("../../assets/scenarios/phi-accrual-steady.ron")),
    ("phi-accrual-v1-gray", include_str!("../../assets/scenarios/phi-accrual-v1-gray.ron")),
    ("phi-accrual-v2-burst", include_str!("../../assets/scenarios/phi-accrual-v2-burst.ron")),
    (
        "phi-accrual-v3-step-ahead",
        include_str!("../../assets/scenarios/phi-accrual-v3-step-ahead.ron"),
    ),
    (
        "phi-accrual-v3-step-back",
        include_str!("../../assets/scenarios/phi-accrual-v3-step-back.ron"),
    ),
    (
        "phi-accrual-v4-growing-delays",
        include_str!("../../assets/scenarios/phi-accrual-v4-growing-delays.ron"),
    ),
    (
        "phi-accrual-v5-no-deviation",
        include_str!("../../assets/scenarios/phi-accrual-v5-no-deviation.ron"),
    ),
    ("power-cut-all", include_str!("../../assets/scenarios/power-cut-all.ron")),
    (
        "primary-backup-s1-pauses-fenced",
        include_str!("../../assets/scenarios/primary-backup-s1-pauses-fenced.ron"),
    ),
    (
        "primary-backup-s2-catches-up",
        include_str!("../../assets/scenarios/primary-backup-s2-catches-up.ron"),
    ),
    ("primary-backup-s3-stops", include_str!("../../assets/scenarios/primary-backup-s3-stops.ron")),
    ("primary-backup-steady", include_str!("../../assets/scenarios/primary-backup-steady.ron")),
    (
        "primary-backup-v1-stale-write",
        include_str!("../../assets/scenarios/primary-backup-v1-stale-write.ron"),
    ),
    (
        "primary-backup-v2-old-data-in-command",
        include_str!("../../assets/scenarios/primary-backup-v2-old-data-in-command.ron"),
    ),
    (
        "primary-backup-v3-clock-steps-back",
        include_str!("../../assets/scenarios/primary-backup-v3-clock-steps-back.ron"),
    ),
    (
        "primary-backup-v4-majority-stops",
        include_str!("../../assets/scenarios/primary-backup-v4-majority-stops.ron"),
    ),
    (
        "quorum-store-s1-partition",
        include_str!("../../assets/scenarios/quorum-store-s1-partition.ron"),
    ),
    ("quorum-store-s2-crashes", include_str!("../../assets/scenarios/quorum-store-s2-crashes.ron")),
    ("quorum-store-s3-loss", include_str!("../../assets/scenarios/quorum-store-s3-loss.ron")),
    ("quorum-store-s4-clocks", include_str!("../../assets/scenarios/quorum-store-s4-clocks.ron")),
    ("quorum-store-steady", include_str!("../../assets/scenarios/quorum-store-steady.ron")),
    (
        "quorum-store-v1-both-sides",
        include_str!("../../assets/scenarios/quorum-store-v1-both-sides.ron"),
    ),
    (
        "quorum-store-v2-no-quorum",
        include_str!("../../assets/scenarios/quorum-store-v2-no-quorum.ron"),
    ),
    (
        "quorum-store-v3-clock-ahead",
        include_str!("../../assets/scenarios/quorum-store-v3-clock-ahead.ron"),
    ),
    (
        "quorum-store-v4-never-mended",
        include_str!("../../assets/scenarios/quorum-store-v4-never-mended.ron"),
    ),
    ("quorum-store-v5-wiped", include_str!("../../assets/scenarios/quorum-store-v5-wiped.ron")),
    ("quorum-store-v6-liar", include_str!("../../assets/scenarios/quorum-store-v6-liar.ron")),
    ("raft-s1-crash-recovery", include_str!("../../assets/scenarios/raft-s1-crash-recovery.ron")),
    ("raft-s10-gray", include_str!("../../assets/scenarios/raft-s10-gray.ron")),
    ("raft-s11-gray-synthetic", include_str!("../../assets/scenarios/raft-s11-gray-synthetic.ron")),
    ("raft-s2-partition", include_str!("../../assets/scenarios/raft-s2-partition.ron")),
    ("raft-s3-stale-leaders", include_str!("../../assets/scenarios/raft-s3-stale-leaders.ron")),
    ("raft-s4-power-cut", include_str!("../../assets/scenarios/raft-s4-power-cut.ron")),
    ("raft-s5-zone-spread", include_str!("../../assets/scenarios/raft-s5-zone-spread.ron")),
    (
        "raft-s6-version-staggered",
        include_str!("../../assets/scenarios/raft-s6-version-staggered.ron"),
    ),
    ("raft-s7-retry-budget", include_str!("../../assets/scenarios/raft-s7-retry-budget.ron")),
    ("raft-s8-deadlines", include_str!("../../assets/scenarios/raft-s8-deadlines.ron")),
    ("raft-s9-staged-rollout", include_str!("../../assets/scenarios/raft-s9-staged-rollout.ron")),
    ("raft-v1-double-vote", include_str!("../../assets/scenarios/raft-v1-double-vote.ron")),
    ("raft-v10-wrong-peers", include_str!("../../assets/scenarios/raft-v10-wrong-peers.ron")),
    ("raft-v11-no-sync", include_str!("../../assets/scenarios/raft-v11-no-sync.ron")),
    ("raft-v12-gray-ping", include_str!("../../assets/scenarios/raft-v12-gray-ping.ron")),
    (
        "raft-v2-lying-acknowledgement",
        include_str!("../../assets/scenarios/raft-v2-lying-acknowledgement.ron"),
    ),
    ("raft-v3-forgotten-vote", include_str!("../../assets/scenarios/raft-v3-forgotten-vote.ron")),
    ("raft-v4-majority-down", include_str!("../../assets/scenarios/raft-v4-majority-down.ron")),
    ("raft-v5-partial-links", include_str!("../../assets/scenarios/raft-v5-partial-links.ron")),
    ("raft-v6-zone-packed", include_str!("../../assets/scenarios/raft-v6-zone-packed.ron")),
    ("raft-v7-zone-wiped", include_str!("../../assets/scenarios/raft-v7-zone-wiped.ron")),
    (
        "raft-v8-version-everywhere",
        include_str!("../../assets/scenarios/raft-v8-version-everywhere.ron"),
    ),
    ("raft-v9-retry-storm", include_str!("../../assets/scenarios/raft-v9-retry-storm.ron")),
    ("slow-leader", include_str!("../../assets/scenarios/slow-leader.ron")),
    ("steady", include_str!("../../assets/scenarios/steady.ron")),
    ("swim-s1-crash", include_str!("../../assets/scenarios/swim-s1-crash.ron")),
    ("swim-s2-loss", include_str!("../../assets/scenarios/swim-s2-loss.ron")),
    ("swim-s3-return", include_str!("../../assets/scenarios/swim-s3-return.ron")),
    ("swim-s4-short-pause", include_str!("../../assets/scenarios/swim-s4-short-pause.ron")),
    ("swim-s5-lie-signed", include_str!("../../assets/scenarios/swim-s5-lie-signed.ron")),
    ("swim-steady", include_str!("../../assets/scenarios/swim-steady.ron")),
    ("swim-thousand", include_str!("../../assets/scenarios/swim-thousand.ron")),
    ("swim-v1-long-pause", include_str!("../../assets/scenarios/swim-v1-long-pause.ron")),
    ("swim-v2-partition", include_str!("../../assets/scenarios/swim-v2-partition.ron")),
    ("swim-v3-lie", include_str!("../../assets/scenarios/swim-v3-lie.ron")),
    ("swim-v4-no-suspicion", include_str!("../../assets/scenarios/swim-v4-no-suspicion.ron")),
    (
        "tendermint-s1-equivocating-proposer",
        include_str!("../../assets/scenarios/tendermint-s1-equivocating-proposer.ron"),
    ),
    (
        "tendermint-s2-silent-proposer",
        include_str!("../../assets/scenarios/tendermint-s2-silent-proposer.ron"),
    ),
    ("tendermint-s3-partition", include_str!("../../assets/scenarios/tendermint-s3-partition.ron")),
    (
        "tendermint-s4-lies-about-its-lock",
        include_str!("../../assets/scenarios/tendermint-s4-lies-about-its-lock.ron"),
    ),
    (
        "tendermint-s5-loss-and-crashes",
        include_str!("../../assets/scenarios/tendermint-s5-loss-and-crashes.ron"),
    ),
    (
        "tendermint-v1-two-equivocate",
        include_str!("../../assets/scenarios/tendermint-v1-two-equivocate.ron"),
    ),
    ("tendermint-v1b-amnesia", include_str!("../../assets/scenarios/tendermint-v1b-amnesia.ron")),
    ("tendermint-v2-two-down", include_str!("../../assets/scenarios/tendermint-v2-two-down.ron")),
    (
        "tendermint-v3-equal-lies",
        include_str!("../../assets/scenarios/tendermint-v3-equal-lies.ron"),
    ),
    (
        "three-phase-commit-s1-coordinator-stops",
        include_str!("../../assets/scenarios/three-phase-commit-s1-coordinator-stops.ron"),
    ),
    (
        "three-phase-commit-s2-participants-stop-too",
        include_str!("../../assets/scenarios/three-phase-commit-s2-participants-stop-too.ron"),
    ),
    (
        "three-phase-commit-steady",
        include_str!("../../assets/scenarios/three-phase-commit-steady.ron"),
    ),
    (
        "three-phase-commit-v1-partition",
        include_str!("../../assets/scenarios/three-phase-commit-v1-partition.ron"),
    ),
    (
        "three-phase-commit-v2-late-messages",
        include_str!("../../assets/scenarios/three-phase-commit-v2-late-messages.ron"),
    ),
    (
        "two-phase-commit-s1-participant-stops",
        include_str!("../../assets/scenarios/two-phase-commit-s1-participant-stops.ron"),
    ),
    (
        "two-phase-commit-s2-voted-yes",
        include_str!("../../assets/scenarios/two-phase-commit-s2-voted-yes.ron"),
    ),
    (
        "two-phase-commit-s3-finishes-its-log",
        include_str!("../../assets/scenarios/two-phase-commit-s3-finishes-its-log.ron"),
    ),
    (
        "two-phase-commit-s4-lost-messages",
        include_str!("../../assets/scenarios/two-phase-commit-s4-lost-messages.ron"),
    ),
    ("two-phase-commit-steady", include_str!("../../assets/scenarios/two-phase-commit-steady.ron")),
    (
        "two-phase-commit-v1-blocked",
        include_str!("../../assets/scenarios/two-phase-commit-v1-blocked.ron"),
    ),
    (
        "two-phase-commit-v2-heuristic",
        include_str!("../../assets/scenarios/two-phase-commit-v2-heuristic.ron"),
    ),
    (
        "two-phase-commit-v3-log-lost",
        include_str!("../../assets/scenarios/two-phase-commit-v3-log-lost.ron"),
    ),
    (
        "two-phase-commit-v4-lying-coordinator",
        include_str!("../../assets/scenarios/two-phase-commit-v4-lying-coordinator.ron"),
    ),
    (
        "two-phase-commit-v5-lying-participant",
        include_str!("../../assets/scenarios/two-phase-commit-v5-lying-participant.ron"),
    ),
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
