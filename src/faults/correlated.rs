//! Correlated: several parts fail together, because of one cause.
//!
//! What they share is the domain of the failure: a rack's power, a zone's network, a region, or the
//! version of the software that they run. Since the cause is one, the failures are not independent,
//! and to count nodes says nothing about how many of them one cause can take.

use crate::sim::{Address, Domain, Fate, Lever, Life, Mood, Of, Plan, Setting, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, members};
use super::spec::{Effect, FaultSpec, Target};

const SOURCE: &str = "A. Avižienis et al., Basic concepts and taxonomy, IEEE TDSC 1(1), 2004, on \
                      related faults";

/// The class, for the catalogue.
pub static CORRELATED: Class = Class {
    name: "correlated",
    digit: '7',
    summary: "One cause strikes all that share a rack, a zone, a region or a version.",
    variants: &[RACK, ZONE, REGION, VERSION],
};

/// One power strip.
pub const RACK: Variant = Variant {
    letter: 'r',
    name: "rack",
    summary: "The rack of the selected node loses power: all that stands in it goes down at once.",
    lost: "Volatile state of all of them, and every write that their disks did not have yet.",
    kept: "Every write that was synced; every node that stands elsewhere.",
    observed: "Several nodes fall silent in the same instant.",
    heals: "When healed power is back, and all of them start again from their disks.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| make(target, Domain::Rack, Effect::PowerLoss),
};

/// One data centre: what a rack is, larger.
pub const ZONE: Variant = Variant {
    letter: 'z',
    name: "zone",
    summary: "The zone of the selected node loses power: all that stands in it goes down at once.",
    make: |target, _| make(target, Domain::Zone, Effect::PowerLoss),
    ..RACK
};

/// One part of the world.
pub const REGION: Variant = Variant {
    letter: 'g',
    name: "region",
    summary: "The region of the selected node is cut off from all others; every node is well.",
    lost: "Every message between the region and the rest.",
    kept: "Every node with all that it knows; links within the region.",
    observed: "Each side sees the other fall silent, as if it had crashed.",
    heals: "When healed; what was sent meanwhile stays lost.",
    make: |target, _| make(target, Domain::Region, Effect::CutOff),
    ..RACK
};

/// One program.
pub const VERSION: Variant = Variant {
    letter: 'v',
    name: "version",
    summary: "Nodes that run the version of the selected one die of whatever they take in.",
    lost: "Their volatile state, again and again: they come back and die of the next input.",
    kept: "Their disks; every node that runs another version, wherever it stands.",
    observed: "Crash loops that no rack and no zone explains.",
    heals: "When healed, as with a new version: they come back and stay.",
    make: |target, _| make(target, Domain::Version, Effect::Poison),
    ..RACK
};

fn make(target: &Target, domain: Domain, effect: Effect) -> FaultSpec {
    FaultSpec::Correlated { domain, name: None, of: Some(target.clone()), effect, disk: None }
}

/// Returns the variant of a domain.
pub(super) fn variant(domain: Domain) -> &'static Variant {
    match domain {
        Domain::Rack => &RACK,
        Domain::Zone => &ZONE,
        Domain::Region => &REGION,
        Domain::Version => &VERSION,
    }
}

/// Says in one short line what it does.
pub(super) fn label(
    domain: Domain,
    (name, of): (Option<&str>, Option<&Target>),
    effect: Effect,
) -> String {
    let what = domain.word();
    let whom = match (name, of) {
        (Some(name), _) => format!("{what} {name}"),
        (None, Some(of)) => format!("the {what} of {of}"),
        (None, None) => format!("no {what}"),
    };
    match effect {
        Effect::PowerLoss => format!("{whom} loses power"),
        Effect::CutOff => format!("{whom} is cut off"),
        Effect::Slow(by) => format!("{whom} slow, {by} for each event"),
        Effect::Poison => format!("{whom} dies of its input"),
    }
}

pub(super) fn plan(
    domain: Domain,
    (name, of): (Option<&str>, Option<&Target>),
    effect: Effect,
    disk: Option<Mood>,
) -> Plan {
    let cue = of.map_or(crate::sim::Cue::NOW, cue);
    let of = match (name, of) {
        (Some(name), _) => Of::Name(name.to_owned()),
        (None, Some(target)) => {
            members(target).map_or(Of::Leader, |nodes| Of::Nodes(nodes.to_vec()))
        }
        (None, None) => Of::Nodes(Vec::<Address>::new()),
    };
    let whom = || Whom::Domain(domain, of.clone());
    let levers = match effect {
        Effect::PowerLoss => {
            let mood = disk.unwrap_or(Mood::UnsyncedLost);
            let disk = (mood != Mood::Durable).then(|| Lever::Disk { node: whom(), mood });
            disk.into_iter().chain([Lever::Power { node: whom(), to: Life::Down }]).collect()
        }
        Effect::CutOff => {
            let outside = || Whom::Outside(domain, of.clone());
            let cut = |from, to| Lever::Link { from, to, fate: Fate::CUT };
            vec![cut(whom(), outside()), cut(outside(), whom())]
        }
        Effect::Slow(time) => vec![Lever::Service { node: whom(), time }],
        Effect::Poison => vec![Lever::Setting { node: whom(), setting: Setting::Poison }],
    };
    Plan { steps: levers.into_iter().map(|lever| (cue, lever)).collect(), ..Plan::default() }
}
