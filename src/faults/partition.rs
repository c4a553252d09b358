//! Partition: links between two groups of nodes are cut, and every node is well.
//!
//! In terms of channels a partition is correlated, lasting omission on a cut set. Clients stand on
//! no side: they reach everybody, as far as the node that they reach can help them.

use crate::sim::{Address, Fate, Lever, Plan, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, members, whom};
use super::spec::{Cut, FaultSpec, Target};

const NO_STATE: &str = "Every node with all that it knows; links within each side.";
const HEALS: &str = "When healed; what was sent meanwhile stays lost.";

/// The class, for the catalogue.
pub static PARTITION: Class = Class {
    name: "partition",
    digit: '8',
    summary: "Links between groups of nodes are cut; every node is well.",
    variants: &[COMPLETE, PARTIAL, CANNOT_SEND, CANNOT_RECEIVE],
};

/// The partition of the textbooks.
pub const COMPLETE: Variant = Variant {
    letter: 'c',
    name: "complete partition",
    summary: "Nothing passes between the two sides, in either direction.",
    lost: "Every message between the sides.",
    kept: NO_STATE,
    observed: "Each side sees the other fall silent, as if it had crashed.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: "S. Gilbert and N. Lynch, Brewer's conjecture, SIGACT News 33(2), 2002",
    make: |target, _| make(target, Cut::Complete),
};

/// A partition that one node bridges.
pub const PARTIAL: Variant = Variant {
    letter: 'b',
    name: "partial partition",
    summary: "The two sides are cut off from each other, but both still reach one bridge node.",
    lost: "Every message between the sides but those of the bridge.",
    kept: NO_STATE,
    observed: "Nodes disagree on who is alive, and each of them is right about its own links.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: "A. Alquraan et al., An analysis of network-partitioning failures, OSDI 2018",
    make: |target, _| make(target, Cut::Partial),
};

/// A one-way partition: mute.
pub const CANNOT_SEND: Variant = Variant {
    letter: 'm',
    name: "one-way, cannot send",
    summary: "What the isolated side sends is lost; what is sent to it arrives.",
    lost: "Every message from the isolated side to the others.",
    kept: NO_STATE,
    observed: "The others see silence; the isolated side hears everybody and wonders.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: "A. Alquraan et al., An analysis of network-partitioning failures, OSDI 2018",
    make: |target, _| make(target, Cut::CannotSend),
};

/// A one-way partition: deaf.
pub const CANNOT_RECEIVE: Variant = Variant {
    letter: 'd',
    name: "one-way, cannot receive",
    summary: "What is sent to the isolated side is lost; what it sends arrives.",
    lost: "Every message from the others to the isolated side.",
    kept: NO_STATE,
    observed: "The others hear it and stay loyal; it hears nobody. A leader so cut off holds its \
               followers and commits nothing.",
    heals: HEALS,
    takes: &[Aim::Node, Aim::Group],
    source: "A. Alquraan et al., An analysis of network-partitioning failures, OSDI 2018",
    make: |target, _| make(target, Cut::CannotReceive),
};

fn make(target: &Target, kind: Cut) -> FaultSpec {
    FaultSpec::Partition { kind, isolate: target.clone() }
}

pub(super) fn plan(kind: Cut, isolate: &Target, nodes: u16) -> Plan {
    let (here, there) = sides(kind, isolate, nodes);
    let out = (cue(isolate), cut(&here, &there));
    let back = (cue(isolate), cut(&there, &here));
    let steps = match kind {
        Cut::Complete | Cut::Partial => vec![out, back],
        Cut::CannotSend => vec![out],
        Cut::CannotReceive => vec![back],
    };
    Plan { steps, ..Plan::default() }
}

/// Returns the groups between which nothing passes. A bridge belongs to neither.
fn sides(kind: Cut, isolate: &Target, nodes: u16) -> (Whom, Whom) {
    let Some(named) = members(isolate) else {
        let there = if kind == Cut::Partial { Whom::BeyondBridge } else { Whom::NotLeader };
        return (whom(isolate), there);
    };
    let all = (1..=nodes).map(Address::Node);
    let mut here = named.to_vec();
    let mut there: Vec<Address> = all.filter(|node| !named.contains(node)).collect();
    if kind == Cut::Partial {
        let larger = if here.len() > there.len() { &mut here } else { &mut there };
        let bridge = larger.iter().copied().min();
        larger.retain(|node| Some(*node) != bridge);
    }
    (Whom::Only(here), Whom::Only(there))
}

fn cut(from: &Whom, to: &Whom) -> Lever {
    Lever::Link { from: from.clone(), to: to.clone(), fate: Fate::CUT }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Cue;

    fn only(numbers: &[u16]) -> Whom {
        Whom::Only(numbers.iter().copied().map(Address::Node).collect())
    }

    fn group(numbers: &[u16]) -> Target {
        Target::Nodes(numbers.iter().copied().map(Address::Node).collect())
    }

    #[test]
    fn the_bridge_is_the_lowest_of_the_larger_side() {
        let small = sides(Cut::Partial, &group(&[1, 4]), 5);
        assert_eq!(small, (only(&[1, 4]), only(&[3, 5])), "n2 bridges for the other side");
        let large = sides(Cut::Partial, &group(&[5, 2, 3]), 5);
        assert_eq!(large, (only(&[5, 3]), only(&[1, 4])), "n2 bridges from the named side");
        let equal = sides(Cut::Partial, &group(&[1, 2]), 4);
        assert_eq!(equal, (only(&[1, 2]), only(&[4])), "where equal, the side that was not named");
    }

    #[test]
    fn a_one_way_partition_cuts_one_direction() {
        let node = Target::Node(Address::Node(2));
        let mute = plan(Cut::CannotSend, &node, 3);
        assert_eq!(mute.steps, [(Cue::NOW, cut(&only(&[2]), &only(&[1, 3])))]);
        let deaf = plan(Cut::CannotReceive, &node, 3);
        assert_eq!(deaf.steps, [(Cue::NOW, cut(&only(&[1, 3]), &only(&[2])))]);
    }

    #[test]
    fn a_cut_around_a_leader_waits_for_it_in_both_directions() {
        let plan = plan(Cut::Partial, &Target::NextLeader, 5);
        let (out, back) =
            (cut(&Whom::Leader, &Whom::BeyondBridge), cut(&Whom::BeyondBridge, &Whom::Leader));
        assert_eq!(plan.steps, [(Cue::OnLeader, out), (Cue::OnLeader, back)]);
    }
}
