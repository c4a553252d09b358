//! Consensus among nodes that do not lie: Paxos, and a log of it.

use faultlab::protocols::paxos::multi::{MultiPaxos, MultiPaxosSpec};
use faultlab::protocols::paxos::single::{Paxos, PaxosSpec};

use crate::model::{Checked, Limits};
use crate::{caught, holds, write};

/// Two proposers with a value each, and one message may be lost.
fn paxos(spec: PaxosSpec) -> Checked<Paxos> {
    Checked {
        calls: vec![(vec![1], write(10)), (vec![2], write(20))],
        limits: Limits { timeouts: 0, crashes: 0, losses: 1 },
        ..Checked::new(Paxos::new(2, spec), 2, &["agreement", "validity"])
    }
}

#[test]
fn two_proposers_choose_one_value() {
    holds("paxos", paxos(PaxosSpec::default()), 100);
}

#[test]
fn two_proposers_whose_quorums_share_nobody_choose_two_values() {
    let apart = PaxosSpec {
        prepare_quorum: Some(1),
        accept_quorum: Some(1),
        disjoint_quorums: true,
        ..PaxosSpec::default()
    };
    caught("paxos, disjoint quorums", paxos(apart), "agreement");
}

fn multi(spec: MultiPaxosSpec) -> Checked<MultiPaxos> {
    Checked {
        calls: vec![(vec![1, 2], write(10)), (vec![1, 2], write(20))],
        limits: Limits { timeouts: 2, crashes: 0, losses: 0 },
        ..Checked::new(MultiPaxos::new(2, spec), 2, &["agreement", "validity"])
    }
}

#[test]
fn two_leaders_keep_one_log() {
    holds("multi-paxos", multi(MultiPaxosSpec::default()), 100);
}

#[test]
fn two_leaders_whose_quorums_share_nobody_keep_two_logs() {
    let apart = MultiPaxosSpec {
        prepare_quorum: Some(1),
        accept_quorum: Some(1),
        disjoint_quorums: true,
        ..MultiPaxosSpec::default()
    };
    caught("multi-paxos, disjoint quorums", multi(apart), "agreement");
}
