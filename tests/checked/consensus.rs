//! Consensus among nodes that do not lie: Paxos, and a log of it.

use faultlab::protocols::paxos::multi::{MultiPaxos, MultiPaxosSpec};
use faultlab::protocols::paxos::single::{Paxos, PaxosSpec};

use crate::model::{Checked, Limits, Pace};
use crate::{Search, caught, holds, write};

const JUDGED: &[&str] = &["agreement", "validity"];

/// Two proposers with a value each.
fn paxos(nodes: u16, spec: PaxosSpec) -> Checked<Paxos> {
    Checked {
        calls: vec![(vec![1], write(10)), (vec![2], write(20))],
        ..Checked::new(Paxos::new(nodes, spec), nodes, JUDGED)
    }
}

/// Among three every order in which messages can come, and among two any one of them lost besides.
/// Nobody's timer runs out, so that each proposes once.
#[test]
fn two_proposers_choose_one_value() {
    holds("paxos, three", paxos(3, PaxosSpec::default()), 130_000);
    let limits = Limits { losses: 1, ..Limits::default() };
    holds("paxos, two", Checked { limits, ..paxos(2, PaxosSpec::default()) }, 160);
}

#[test]
fn two_proposers_whose_quorums_share_nobody_choose_two_values() {
    let apart = PaxosSpec {
        prepare_quorum: Some(1),
        accept_quorum: Some(1),
        disjoint_quorums: true,
        ..PaxosSpec::default()
    };
    caught("paxos, disjoint quorums", paxos(2, apart), Search::Near, "agreement");
}

#[test]
fn an_acceptor_that_forgets_or_denies_has_a_second_value_chosen() {
    let limits = Limits { crashes: 1, ..Limits::default() };
    let three = paxos(3, PaxosSpec::default());
    let forgets = Checked { forgets: true, limits, ..three.clone() };
    caught("paxos, amnesia", forgets, Search::Near, "agreement");
    for property in JUDGED {
        let liar = Checked { liars: &[3], ..three.clone() };
        caught("paxos, a liar", liar, Search::Near, property);
    }
}

/// Two clients, each of whom asks every node.
fn multi(nodes: u16, spec: MultiPaxosSpec) -> Checked<MultiPaxos> {
    let all: Vec<u16> = (1..=nodes).collect();
    Checked {
        calls: vec![(all.clone(), write(10)), (all, write(20))],
        ..Checked::new(MultiPaxos::new(nodes, spec), nodes, JUDGED)
    }
}

/// Two nodes, two timers that run out, one crash: every order.
#[test]
fn two_nodes_keep_one_log() {
    let limits = Limits { timeouts: 2, crashes: 1, losses: 0 };
    holds("multi-paxos, two", Checked { limits, ..multi(2, MultiPaxosSpec::default()) }, 200_000);
}

/// Three nodes in rounds: any two or three timers run out, one message is lost, and one node
/// crashes where two timers do.
#[test]
fn three_nodes_keep_one_log() {
    let rounds = Checked { pace: Pace::Lockstep, ..multi(3, MultiPaxosSpec::default()) };
    let limits = Limits { timeouts: 3, crashes: 0, losses: 1 };
    holds("multi-paxos, three", Checked { limits, ..rounds.clone() }, 70_000);
    let limits = Limits { timeouts: 2, crashes: 1, losses: 1 };
    holds("multi-paxos, three and a crash", Checked { limits, ..rounds }, 280_000);
}

/// In the very bounds in which three nodes are safe.
#[test]
fn a_node_that_forgets_has_the_log_written_twice() {
    let limits = Limits { timeouts: 2, crashes: 1, losses: 1 };
    let rounds = Checked { pace: Pace::Lockstep, ..multi(3, MultiPaxosSpec::default()) };
    let forgets = Checked { forgets: true, limits, ..rounds };
    caught("multi-paxos, amnesia", forgets, Search::Near, "agreement");
}

#[test]
fn two_leaders_whose_quorums_share_nobody_keep_two_logs() {
    let apart = MultiPaxosSpec {
        prepare_quorum: Some(1),
        accept_quorum: Some(1),
        disjoint_quorums: true,
        ..MultiPaxosSpec::default()
    };
    let limits = Limits { timeouts: 2, ..Limits::default() };
    let model = Checked { limits, ..multi(2, apart) };
    caught("multi-paxos, disjoint quorums", model, Search::Near, "agreement");
}
