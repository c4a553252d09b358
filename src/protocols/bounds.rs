//! How many faults an algorithm bears among so many nodes, by its own paper.
//!
//! A bound is shown, not enforced: more faults than that is the most instructive case.

use super::ProtocolSpec;
use super::paxos::Quorums;

/// How many faults are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// Nodes that may be down at once while the others go on.
    pub down: u16,
    /// Nodes that may lie while what the others hold stays right.
    pub liars: u16,
}

/// Returns the bound of an algorithm with these settings among so many nodes.
pub fn bound(spec: &ProtocolSpec, nodes: u16) -> Bound {
    let minority = nodes.saturating_sub(1) / 2;
    let third = nodes.saturating_sub(1) / 3;
    let (down, liars) = match spec {
        // A majority has to be up (Ongaro and Ousterhout 2014, §5.1; Lamport 2001, §2.2).
        ProtocolSpec::Raft(_) => (minority, 0),
        ProtocolSpec::Paxos(spec) => {
            (beyond(Quorums::of(nodes, spec.prepare_quorum, spec.accept_quorum), nodes), 0)
        }
        ProtocolSpec::MultiPaxos(spec) => {
            (beyond(Quorums::of(nodes, spec.prepare_quorum, spec.accept_quorum), nodes), 0)
        }
        // Fewer than a third (Castro and Liskov 1999, §2; Buchman, Kwon and Milosevic 2018).
        ProtocolSpec::Pbft(_) | ProtocolSpec::Tendermint(_) | ProtocolSpec::HotStuff(_) => {
            (third, third)
        }
        // Oral messages (Lamport, Shostak and Pease 1982, theorem 1).
        ProtocolSpec::Generals(spec) => (spec.depth_for(nodes), spec.depth_for(nodes)),
        // Whoever has voted waits for the coordinator.
        ProtocolSpec::TwoPhaseCommit(_) => (0, 0),
        // In a synchronous network, any number of crashes but the last node's (Skeen 1981).
        ProtocolSpec::ThreePhaseCommit(_) => (nodes.saturating_sub(1), 0),
        ProtocolSpec::PrimaryBackup(_) => (minority, 0),
        // Both quorums have to be up (Gifford 1979).
        ProtocolSpec::QuorumStore(spec) => {
            let majority = nodes / 2 + 1;
            let needed = spec.read.unwrap_or(majority).max(spec.write.unwrap_or(majority));
            (nodes.saturating_sub(needed), 0)
        }
        // Whoever is up goes on with whoever is up.
        ProtocolSpec::Gossip(_) | ProtocolSpec::Swim(_) | ProtocolSpec::PhiAccrual(_) => {
            (nodes.saturating_sub(1), 0)
        }
    };
    Bound { down, liars }
}

/// Returns how many nodes the larger quorum can do without.
fn beyond(quorums: Quorums, nodes: u16) -> u16 {
    nodes.saturating_sub(quorums.prepare.max(quorums.accept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::find;

    #[test]
    fn the_bounds_are_those_of_the_papers() {
        let of = |name: &str, nodes| {
            let made = (find(name).expect("it is in the catalogue").make)();
            let Bound { down, liars } = bound(&made, nodes);
            (down, liars)
        };
        assert_eq!([3, 4, 5, 6, 7].map(|n| of("raft", n).0), [1, 1, 2, 2, 3]);
        assert_eq!([3, 4, 5].map(|n| of("multi-paxos", n)), [(1, 0), (1, 0), (2, 0)]);
        assert_eq!([4, 6, 7, 10].map(|n| of("pbft", n)), [(1, 1), (1, 1), (2, 2), (3, 3)]);
        assert_eq!(of("tendermint", 13), (4, 4));
        assert_eq!([3, 4, 7].map(|n| of("generals", n).1), [0, 1, 2]);
        assert_eq!(of("two-phase-commit", 4), (0, 0));
    }
}
