//! Silent corruption: a wrong result, and no signal.
//!
//! Nobody lies here: a cell, a cable or a core is broken, and the node passes on in good faith what
//! it holds. Where the wrong value is then replicated everybody holds the same wrong thing (a
//! consistent failure); where replicas compute for themselves, they differ.

use crate::sim::{Lever, Plan, Rate, Spot};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{FaultSpec, Target};

const HOCHSCHILD: &str = "P. Hochschild et al., Cores that don't count, HotOS 2021";
const BAIRAVASUNDARAM: &str = "L. Bairavasundaram et al., An analysis of data corruption in the \
                               storage stack, FAST 2008";
const KEPT: &str = "The node's good faith, its life, its links.";

/// How much of what a node sends is flipped where a key makes it so.
pub const FLIPS: Rate = Rate::ppm(100_000);

/// The class, for the catalogue.
pub static SILENT_CORRUPTION: Class = Class {
    name: "silent corruption",
    digit: '6',
    summary: "A bit flips and nobody is told: in memory, on disk, on the way, in a core.",
    variants: &[MEMORY, DISK, TRANSIT, CORE],
};

/// In memory.
pub const MEMORY: Variant = Variant {
    letter: 'm',
    name: "bit flip in memory",
    summary: "One bit of a value that the node holds in memory flips, once.",
    lost: "One value.",
    kept: KEPT,
    observed: "Nothing, until the value is read or passed on.",
    heals: "Not by itself; a restart reads the disk, which is well.",
    takes: &[Aim::Node, Aim::Group],
    source: HOCHSCHILD,
    make: |target, _| flip(target, Spot::Memory),
};

/// On disk.
pub const DISK: Variant = Variant {
    letter: 'k',
    name: "bit flip on disk",
    summary: "One bit of a value on the node's disk flips; it is read when the node next starts.",
    lost: "One value, unless a mirror holds it.",
    kept: KEPT,
    observed: "Nothing, until the disk is read: a latent error. A checksum then tells.",
    heals: "When healed, the disk is mended from its mirror.",
    takes: &[Aim::Node, Aim::Group],
    source: BAIRAVASUNDARAM,
    make: |target, _| flip(target, Spot::Disk),
};

/// In transit.
pub const TRANSIT: Variant = Variant {
    letter: 't',
    name: "bit flip in transit",
    summary: "A bit flips in a share of the messages that the node sends, after they left it.",
    lost: "What those messages said.",
    kept: KEPT,
    observed: "A checksum over the message tells, if it is made and compared end to end.",
    heals: "When healed; what arrived stays wrong.",
    takes: &[Aim::Node, Aim::Group],
    source: "J. Stone and C. Partridge, When the CRC and TCP checksum disagree, SIGCOMM 2000",
    make: |target, _| flip(target, Spot::Transit),
};

/// In a core.
pub const CORE: Variant = Variant {
    letter: 'o',
    name: "wrong core",
    summary: "A core computes a share of the node's results wrongly, before anything is summed.",
    lost: "What those results say.",
    kept: KEPT,
    observed: "Nothing: a checksum over a wrong result is right. Only who computes it again knows.",
    heals: "When healed; what was said stays wrong.",
    takes: &[Aim::Node, Aim::Group],
    source: HOCHSCHILD,
    make: |target, _| FaultSpec::WrongCore { node: target.clone(), rate: FLIPS },
};

fn flip(target: &Target, place: Spot) -> FaultSpec {
    FaultSpec::FlipBit { node: target.clone(), place, rate: FLIPS }
}

pub(super) fn plan(node: &Target, spot: Spot, rate: Rate) -> Plan {
    let steps = vec![(cue(node), Lever::Corrupt { node: whom(node), spot, rate })];
    Plan { steps, ..Plan::default() }
}
