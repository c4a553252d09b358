//! A fault in words: one short line for a journal, a chart or a report.

use std::fmt;

use crate::sim::{Mood, Rate, Span, Spot, Untruth};

use super::catalogue::{Class, Variant};
use super::spec::{Cut, FaultSpec, Target};
use super::{
    FAULTS, byzantine, configuration, correlated, crash_recovery, crash_stop, gray, omission,
    overload, partition, silent_corruption, timing,
};

/// Returns the class that a fault belongs to.
pub fn class(spec: &FaultSpec) -> &'static Class {
    let name = variant(spec).name;
    let mut classes = FAULTS.iter();
    let owner = classes.find(|class| class.variants.iter().any(|variant| variant.name == name));
    owner.expect("every variant is listed by its class, as a test demands")
}

/// Returns the variant that a fault is.
pub fn variant(spec: &FaultSpec) -> &'static Variant {
    match spec {
        FaultSpec::CrashStop { .. } => &crash_stop::HALTING,
        FaultSpec::CrashRecovery { disk: Mood::Durable, .. } => &crash_recovery::DISK_KEPT,
        FaultSpec::CrashRecovery { disk: Mood::UnsyncedLost, .. } => &crash_recovery::UNSYNCED_LOST,
        FaultSpec::CrashRecovery { disk: Mood::Wiped, .. } => &crash_recovery::WIPED,
        FaultSpec::ForgetfulDisk { .. } => &crash_recovery::FORGETFUL,
        FaultSpec::SendOmission { .. } => &omission::SEND,
        FaultSpec::ReceiveOmission { .. } => &omission::RECEIVE,
        FaultSpec::ChannelOmission { .. } => &omission::CHANNEL,
        FaultSpec::Slow { .. } => &timing::SLOW,
        FaultSpec::Pause { .. } => &timing::PAUSED,
        FaultSpec::ClockStep { .. } => &timing::STEPPED,
        FaultSpec::ClockDrift { .. } => &timing::DRIFTING,
        FaultSpec::SlowLink { .. } => &timing::SLOW_LINK,
        FaultSpec::EarlyAnswer { .. } => &timing::EARLY,
        FaultSpec::Gray { .. } => &gray::NODE,
        FaultSpec::Leak { .. } => &gray::LEAK,
        FaultSpec::GrayLink { .. } => &gray::LINK,
        FaultSpec::Equivocate { .. } => &byzantine::EQUIVOCATE,
        FaultSpec::Lie { says: Untruth::Contrary, .. } => &byzantine::CONTRARY,
        FaultSpec::Lie { says: Untruth::Value, .. } => &byzantine::FALSE_VALUE,
        FaultSpec::Lie { says: Untruth::Denial, .. } => &byzantine::DENIAL,
        FaultSpec::Withhold { .. } => &byzantine::WITHHOLD,
        FaultSpec::Replay { .. } => &byzantine::REPLAY,
        FaultSpec::FlipBit { place: Spot::Memory, .. } => &silent_corruption::MEMORY,
        FaultSpec::FlipBit { place: Spot::Disk, .. } => &silent_corruption::DISK,
        FaultSpec::FlipBit { place: Spot::Transit, .. } => &silent_corruption::TRANSIT,
        FaultSpec::FlipBit { place: Spot::Core, .. } | FaultSpec::WrongCore { .. } => {
            &silent_corruption::CORE
        }
        FaultSpec::Correlated { domain, .. } => correlated::variant(*domain),
        FaultSpec::Config { change, .. } => configuration::variant(*change),
        FaultSpec::Surge { .. } => &overload::SURGE,
        FaultSpec::Burst { .. } => &overload::BURSTS,
        FaultSpec::Partition { kind: Cut::Complete, .. } => &partition::COMPLETE,
        FaultSpec::Partition { kind: Cut::Partial, .. } => &partition::PARTIAL,
        FaultSpec::Partition { kind: Cut::CannotSend, .. } => &partition::CANNOT_SEND,
        FaultSpec::Partition { kind: Cut::CannotReceive, .. } => &partition::CANNOT_RECEIVE,
    }
}

/// Says in one short line what a fault does: `crash n2, disk wiped, down 2s`.
pub fn label(spec: &FaultSpec) -> String {
    spec.to_string()
}

impl FaultSpec {
    /// Returns whom the fault strikes: of a link, who sends; `None` where it is no node.
    pub fn target(&self) -> Option<&Target> {
        Some(match self {
            FaultSpec::CrashStop { node }
            | FaultSpec::CrashRecovery { node, .. }
            | FaultSpec::ForgetfulDisk { node, .. }
            | FaultSpec::SendOmission { node, .. }
            | FaultSpec::ReceiveOmission { node, .. }
            | FaultSpec::Slow { node, .. }
            | FaultSpec::Pause { node, .. }
            | FaultSpec::ClockStep { node, .. }
            | FaultSpec::ClockDrift { node, .. }
            | FaultSpec::EarlyAnswer { node }
            | FaultSpec::Gray { node, .. }
            | FaultSpec::Leak { node, .. }
            | FaultSpec::GrayLink { node, .. }
            | FaultSpec::FlipBit { node, .. }
            | FaultSpec::WrongCore { node, .. } => node,
            FaultSpec::Equivocate { nodes, .. }
            | FaultSpec::Lie { nodes, .. }
            | FaultSpec::Withhold { nodes, .. }
            | FaultSpec::Replay { nodes, .. } => nodes,
            FaultSpec::ChannelOmission { from, .. } | FaultSpec::SlowLink { from, .. } => from,
            FaultSpec::Partition { isolate, .. } => isolate,
            FaultSpec::Config { nodes, .. } => nodes,
            FaultSpec::Correlated { of, .. } => return of.as_ref(),
            FaultSpec::Surge { .. } | FaultSpec::Burst { .. } => return None,
        })
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultSpec::CrashStop { node } => write!(f, "stop {node} for good"),
            FaultSpec::CrashRecovery { node, disk, down } => {
                write!(f, "crash {node}, {}, down {down}", kept(*disk))
            }
            FaultSpec::ForgetfulDisk { node, disk } => {
                write!(f, "forgetful disk at {node}: {} by its next crash", kept(*disk))
            }
            FaultSpec::SendOmission { node, rate } => write!(f, "{node} fails to send {rate}"),
            FaultSpec::ReceiveOmission { node, rate } => {
                write!(f, "{node} fails to receive {rate}")
            }
            FaultSpec::ChannelOmission { from, to, rate } => {
                write!(f, "link from {from} to {to} loses {rate}")
            }
            FaultSpec::Slow { node, by } => write!(f, "slow {node}, {by} for each event"),
            FaultSpec::Pause { node, lasts: Some(span) } => write!(f, "pause {node} for {span}"),
            FaultSpec::Pause { node, lasts: None } => write!(f, "pause {node}"),
            FaultSpec::ClockStep { node, by } => write!(f, "clock of {node} jumps {by}"),
            FaultSpec::ClockDrift { node, ppm } => write!(f, "clock of {node} drifts {ppm:+} ppm"),
            FaultSpec::SlowLink { from, to, by } => {
                write!(f, "link from {from} to {to} slower by {by}")
            }
            FaultSpec::EarlyAnswer { node } => write!(f, "{node} answers before its disk has it"),
            FaultSpec::Gray { node, rate, delay } => gray_label(node, *rate, *delay, f),
            FaultSpec::Leak { node, latent, gray, .. } => {
                write!(f, "{node} leaks, gray from {latent} on, dies after {gray} more")
            }
            FaultSpec::GrayLink { node, rate } => {
                write!(f, "links of clients to {node} lose {rate}")
            }
            FaultSpec::Equivocate { nodes, second } => {
                write!(f, "{nodes} tells two stories, the second to {}", others(second.as_ref()))
            }
            FaultSpec::Lie { nodes, says, to: None } if *says != Untruth::Contrary => {
                write!(f, "{nodes} lies: {}", says.words())
            }
            FaultSpec::Lie { nodes, says, to } => {
                write!(f, "{nodes} lies to {}: {}", others(to.as_ref()), says.words())
            }
            FaultSpec::Withhold { nodes, from } => {
                write!(f, "{nodes} says nothing to {}", others(from.as_ref()))
            }
            FaultSpec::Replay { nodes, rate } => write!(f, "{nodes} says {rate} of it again"),
            FaultSpec::FlipBit { node, place: Spot::Transit, rate } => {
                write!(f, "bits flip in {rate} of the messages of {node}")
            }
            FaultSpec::FlipBit { node, place, .. } => {
                write!(f, "a bit flips {} {node}", place.words())
            }
            FaultSpec::WrongCore { node, rate } => {
                write!(f, "a core of {node} computes {rate} wrongly")
            }
            FaultSpec::Correlated { domain, name, of, effect, .. } => {
                f.write_str(&correlated::label(*domain, (name.as_deref(), of.as_ref()), *effect))
            }
            FaultSpec::Config { change, nodes, every, guarded } => {
                f.write_str(&configuration::label(*change, nodes, *every, *guarded))
            }
            FaultSpec::Surge { factor } => write!(f, "all clients call {factor} times as often"),
            FaultSpec::Burst { calls } => write!(f, "{calls} calls at once"),
            FaultSpec::Partition { kind, isolate } => {
                write!(f, "cut off {isolate}{}", but(*kind))
            }
        }
    }
}

fn gray_label(
    node: &Target,
    rate: Rate,
    delay: Option<Span>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match delay {
        None => write!(f, "gray {node}, drops {rate} of its calls"),
        Some(delay) => write!(f, "gray {node}, {rate} of its calls wait {delay}"),
    }
}

fn others(some: Option<&Target>) -> String {
    some.map_or_else(|| "half of the others".to_owned(), ToString::to_string)
}

fn kept(disk: Mood) -> &'static str {
    match disk {
        Mood::Durable => "disk kept",
        Mood::UnsyncedLost => "unsynced lost",
        Mood::Wiped => "disk wiped",
    }
}

fn but(kind: Cut) -> &'static str {
    match kind {
        Cut::Complete => "",
        Cut::Partial => " but for a bridge",
        Cut::CannotSend => ", it cannot send",
        Cut::CannotReceive => ", it cannot receive",
    }
}
