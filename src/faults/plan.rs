//! From a spec to a plan of levers: a pure function, the same for a file and for a key.

use crate::sim::{Address, Cue, Plan, Spot, Way, Whom};

use super::spec::{FaultSpec, Target};
use super::{
    byzantine, configuration, correlated, crash_recovery, crash_stop, gray, omission, overload,
    partition, silent_corruption, timing,
};

/// Turns a fault into the levers that it pulls, in a cluster of so many nodes.
///
/// `heal_after` is left open: it belongs to whoever knows until when. A crash with a return and a
/// pause with a length carry their own `holds_for`.
pub fn plan(spec: &FaultSpec, nodes: u16) -> Plan {
    match spec {
        FaultSpec::CrashStop { node } => crash_stop::plan(node),
        FaultSpec::CrashRecovery { node, disk, down } => crash_recovery::plan(node, *disk, *down),
        FaultSpec::ForgetfulDisk { node, disk } => crash_recovery::forgetful(node, *disk),
        FaultSpec::SendOmission { node, rate } => omission::plan(node, Way::Send, *rate),
        FaultSpec::ReceiveOmission { node, rate } => omission::plan(node, Way::Receive, *rate),
        FaultSpec::ChannelOmission { from, to, rate } => omission::channel(from, to, *rate),
        FaultSpec::Slow { node, by } => timing::slow(node, *by),
        FaultSpec::Pause { node, lasts } => timing::pause(node, *lasts),
        FaultSpec::ClockStep { node, by } => timing::clock(node, by.micros, 0),
        FaultSpec::ClockDrift { node, ppm } => timing::clock(node, 0, *ppm),
        FaultSpec::SlowLink { from, to, by } => timing::slow_link(from, to, *by),
        FaultSpec::EarlyAnswer { node } => timing::early(node),
        FaultSpec::Gray { node, rate, delay } => gray::plan(node, *rate, *delay),
        FaultSpec::Leak { node, latent, gray, delay } => gray::leak(node, *latent, *gray, *delay),
        FaultSpec::GrayLink { node, rate } => gray::link(node, *rate),
        FaultSpec::Equivocate { nodes, second } => byzantine::equivocate(nodes, second.as_ref()),
        FaultSpec::Lie { nodes, says, to } => byzantine::tell(nodes, *says, to.as_ref()),
        FaultSpec::Withhold { nodes, from } => byzantine::withhold(nodes, from.as_ref()),
        FaultSpec::Replay { nodes, rate } => byzantine::replay(nodes, *rate),
        FaultSpec::FlipBit { node, place, rate } => silent_corruption::plan(node, *place, *rate),
        FaultSpec::WrongCore { node, rate } => silent_corruption::plan(node, Spot::Core, *rate),
        FaultSpec::Correlated { domain, name, of, effect, disk } => {
            correlated::plan(*domain, (name.as_deref(), of.as_ref()), *effect, *disk)
        }
        FaultSpec::Config { change, nodes: at, every, guarded } => {
            configuration::plan(*change, at, (*every, *guarded), nodes)
        }
        FaultSpec::Surge { factor } => overload::surge(*factor),
        FaultSpec::Burst { calls } => overload::burst(*calls),
        FaultSpec::Partition { kind, isolate } => partition::plan(*kind, isolate, nodes),
    }
}

/// Returns when a lever on this target is pulled.
pub(super) fn cue(target: &Target) -> Cue {
    if *target == Target::NextLeader { Cue::OnLeader } else { Cue::NOW }
}

/// Returns when a lever on a link is pulled: if either end is to come, when it comes.
pub(super) fn either(from: &Target, to: &Target) -> Cue {
    cue(from).max(cue(to))
}

/// Returns the nodes that a target names, or `None` where the world must say who it is.
pub(super) fn members(target: &Target) -> Option<&[Address]> {
    match target {
        Target::Leader | Target::NextLeader | Target::All => None,
        Target::Node(node) => Some(std::slice::from_ref(node)),
        Target::Nodes(nodes) => Some(nodes),
    }
}

/// Returns whom a lever on this target takes hold of.
pub(super) fn whom(target: &Target) -> Whom {
    let unnamed = if *target == Target::All { Whom::Nodes } else { Whom::Leader };
    members(target).map_or(unnamed, |nodes| Whom::Only(nodes.to_vec()))
}
