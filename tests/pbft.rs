//! PBFT over many seeds: whatever up to f replicas and the network do, nothing unsafe comes of it,
//! and when they calm down the cluster goes on.

use faultlab::experiments::matrix::judge;
use faultlab::lab::{Scenario, read_scenario};
use faultlab::oracles::State;

fn scenario(nodes: u16, rest: &str) -> Scenario {
    let text = format!("(title: \"sweep\", protocol: Pbft(), nodes: {nodes}, {rest})");
    read_scenario("sweep", &text).unwrap_or_else(|report| panic!("{report}"))
}

/// Plays a scenario over seeds; each must end with this verdict.
#[track_caller]
fn all(scenario: &Scenario, seeds: u64, wanted: State) {
    for seed in 0..seeds {
        let found = judge(scenario, seed);
        let word = faultlab::experiments::matrix::token(scenario, seed);
        assert_eq!(found.state, wanted, "seed {seed}: {found:?}\n  faultlab replay {word}");
    }
}

/// The plain case at every size, with f = 0 to 4.
#[test]
fn nothing_fails_where_nothing_is_wrong() {
    for nodes in [1, 2, 3, 4, 5, 6, 7, 10, 13] {
        let steady = "expect: [Held(\"available\"), Held(\"on time\")], until: \"6s\"";
        all(&scenario(nodes, steady), 2, State::Held);
    }
}

/// Up to f crashes, the primary's among them.
#[test]
fn crashes_of_f_replicas_are_survived() {
    for (nodes, down) in
        [(4, "n1"), (5, "n1"), (6, "n1"), (7, "n1\", \"n2"), (10, "n1\", \"n2\", \"n3")]
    {
        let rest = format!(
            "faults: [(id: \"crash\", at: \"2s\", fault: CrashStop(node: Nodes([\"{down}\"])))], until: \"12s\""
        );
        all(&scenario(nodes, &rest), 4, State::Held);
    }
}

/// Three of ten messages are lost.
#[test]
fn loss_is_survived() {
    for nodes in [4, 7] {
        let rest = "network: (latency: Uniform(\"1ms..10ms\"), loss: 0.3, duplicate: 0.1, reorder: 0.1), until: \"15s\"";
        all(&scenario(nodes, rest), 6, State::Held);
    }
}

/// Everybody stops and comes back.
#[test]
fn a_power_cut_of_all_is_survived() {
    let rest = "faults: [(id: \"cut\", at: \"3s\", fault: CrashRecovery(node: Nodes([\"n1\", \"n2\", \"n3\", \"n4\"]), disk: UnsyncedLost, down: \"1s\"))], until: \"12s\"";
    all(&scenario(4, rest), 8, State::Held);
}

/// A partition without a quorum stalls, and passes.
#[test]
fn a_partition_is_survived() {
    let rest = "faults: [(id: \"cut\", at: \"3s\", until: \"8s\", fault: Partition(kind: Complete, isolate: Nodes([\"n1\", \"n2\"])))], until: \"15s\"";
    all(&scenario(4, rest), 8, State::Held);
}
