//! Protocols that read neither clock nor dice, in every order of events within small bounds: the
//! oracles that judge the sweeps judge every state that can be reached, and a wrong variant of each
//! is caught.

#[path = "checked/model.rs"]
mod model;

use std::hash::Hash;

use faultlab::protocols::paxos::single::{Paxos, PaxosSpec};
use faultlab::protocols::two_phase_commit::{TwoPhaseCommit, TwoPhaseCommitSpec};
use faultlab::sim::{Enumerable, Op};
use stateright::{Checker, Model};

use model::{Checked, Limits};

/// Past this many states a model is too large for a test: its bounds have to be smaller.
const STATES_MAX: usize = 400_000;

/// Returns how many states were looked at, and whether every one of them is safe.
fn explore<P: Enumerable + Eq + Hash>(model: Checked<P>) -> (usize, bool) {
    let checker = model.checker().target_state_count(STATES_MAX).spawn_bfs().join();
    let unsafe_state = checker.discovery("every safety property holds");
    (checker.unique_state_count(), unsafe_state.is_none())
}

fn paxos(spec: PaxosSpec) -> Checked<Paxos> {
    Checked {
        protocol: Paxos::new(2, spec),
        nodes: 2,
        calls: vec![
            (vec![1], Op::Write { key: 1, value: 10 }),
            (vec![2], Op::Write { key: 1, value: 20 }),
        ],
        limits: Limits { timeouts: 0, crashes: 0, losses: 1, flights: 8 },
        judged: &["agreement", "validity"],
        forgets: false,
    }
}

#[test]
fn two_proposers_never_choose_two_values_unless_their_quorums_share_nobody() {
    let (states, safe) = explore(paxos(PaxosSpec::default()));
    assert!(safe && states > 100, "{states} states");
    let apart = PaxosSpec {
        prepare_quorum: Some(1),
        accept_quorum: Some(1),
        disjoint_quorums: true,
        ..PaxosSpec::default()
    };
    assert!(!explore(paxos(apart)).1, "a quorum of one chooses for itself");
}

fn commit(spec: TwoPhaseCommitSpec) -> Checked<TwoPhaseCommit> {
    Checked {
        protocol: TwoPhaseCommit::new(3, spec),
        nodes: 3,
        calls: vec![(vec![1], Op::Write { key: 1, value: 10 })],
        limits: Limits { timeouts: 2, crashes: 1, losses: 0, flights: 6 },
        // What was said is kept without its order, which the other rules would need.
        judged: &["AC1 agreement"],
        forgets: false,
    }
}

#[test]
fn participants_decide_alike_unless_a_log_is_lost() {
    let model = commit(TwoPhaseCommitSpec::default());
    let (states, safe) = explore(model.clone());
    assert!(safe && states > 100, "{states} states");
    assert!(!explore(Checked { forgets: true, ..model }).1, "a lost log is presumed to abort");
}
