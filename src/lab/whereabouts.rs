//! What a scenario must keep about where its nodes stand, what they run, and what fails as one.

use std::collections::BTreeSet;

use crate::faults::FaultSpec;
use crate::sim::Topology;

use super::build;
use super::check::{Checked, ZONES_MAX, name, number, require};
use super::place::Step::{self, Field, Item};
use super::reading::Problem;
use super::scenario::{PlannedFault, Scenario, TopologySpec, VersionsSpec};
use super::wording::{did_you_mean, one_of};

/// How many versions may run side by side.
const VERSIONS_MAX: usize = 100;

pub(super) fn topology(spec: &TopologySpec, nodes: u16) -> Checked {
    let field = |field| [Field("topology"), Field(field)];
    match spec {
        TopologySpec::Together => Ok(()),
        TopologySpec::Spread { zones: each } => zones(&field("zones"), each),
        TopologySpec::Packed { zones: each, per_zone } => {
            zones(&field("zones"), each)?;
            let found = u64::from(per_zone.unwrap_or(1));
            number(&field("per_zone"), found, 1, u64::from(nodes))
        }
        TopologySpec::Places(places) => {
            let path = [Field("topology"), Item(0)];
            let message = format!("there are {} places for {nodes} nodes", places.len());
            let expected = format!("{nodes} places, one for each node");
            require(places.len() == usize::from(nodes), &path, message, expected)?;
            for (k, place) in places.iter().enumerate() {
                let parts = [
                    ("region", &place.region),
                    ("zone", &place.zone),
                    ("rack", &place.rack),
                    ("version", &place.version),
                ];
                for (part, found) in parts.into_iter().filter(|(_, found)| !found.is_empty()) {
                    name(&[path[0], path[1], Item(k), Field(part)], found, part)?;
                }
            }
            Ok(())
        }
    }
}

fn zones(path: &[Step; 2], zones: &[String]) -> Checked {
    let message = format!("{} zones are out of range", zones.len());
    let expected = format!("1 to {ZONES_MAX} zones");
    require((1..=ZONES_MAX).contains(&zones.len()), path, message, expected)?;
    let mut seen = BTreeSet::new();
    for (k, zone) in zones.iter().enumerate() {
        let path = [path[0], path[1], Item(k)];
        name(&path, zone, "zone")?;
        let message = format!("the zone `{zone}` is named twice");
        require(seen.insert(zone), &path, message, "each zone once")?;
    }
    Ok(())
}

pub(super) fn versions(scenario: &Scenario) -> Checked {
    let path = [Field("versions")];
    match &scenario.versions {
        None => Ok(()),
        Some(VersionsSpec::Same(version)) => name(&[path[0], Item(0)], version, "version"),
        Some(VersionsSpec::InTurn(versions)) => {
            let message = format!("{} versions are out of range", versions.len());
            let expected = format!("1 to {VERSIONS_MAX} versions");
            require((1..=VERSIONS_MAX).contains(&versions.len()), &path, message, expected)?;
            let mut each = versions.iter().enumerate();
            each.try_for_each(|(k, version)| name(&[path[0], Item(0), Item(k)], version, "version"))
        }
        Some(VersionsSpec::Staggered { old, new, updated }) => {
            name(&[path[0], Field("old")], old, "version")?;
            name(&[path[0], Field("new")], new, "version")?;
            let most = u64::from(scenario.nodes);
            number(&[path[0], Field("updated")], u64::from(*updated), 0, most)
        }
    }
}

/// A failure domain that is named has to be one in which somebody stands, and no more than one.
pub(super) fn domain(planned: &PlannedFault, scenario: &Scenario) -> Checked {
    let FaultSpec::Correlated { domain, name: Some(name), .. } = &planned.fault else {
        return Ok(());
    };
    let places = build::places(scenario);
    let whole: BTreeSet<String> = places.iter().map(|place| place.name(*domain)).collect();
    let known: Vec<&str> =
        whole.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let struck = Topology::new(places.clone()).named(*domain, name, scenario.nodes);
    let within: BTreeSet<String> =
        struck.iter().map(|who| places[who.index()].name(*domain)).collect();
    let path = [Field("fault"), Field("name")];
    let what = domain.word();
    let expected = if known.is_empty() {
        format!("`of: Node(\"n1\")`, since no {what} has a name here")
    } else {
        one_of(&known)
    };
    if within.len() > 1 {
        let message = format!("`{name}` is more than one {what}");
        return Err(Problem::at(&path, message, expected));
    }
    if struck.is_empty() {
        let message = format!("nobody stands in the {what} `{name}`");
        let mut problem = Problem::at(&path, message, expected);
        problem.help = did_you_mean(name, &known);
        return Err(problem);
    }
    Ok(())
}
