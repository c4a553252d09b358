//! Where each member stands: region, zone, rack, and which software it runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::Address;

/// The place of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Region, such as `eu`.
    pub region: String,
    /// Zone within the region, such as `a`.
    pub zone: String,
    /// Rack within the zone, such as `1`.
    pub rack: String,
    /// Software version, such as `1.0`.
    pub version: String,
}

/// What nodes may share that fails as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Domain {
    /// A rack in its zone.
    Rack,
    /// A zone in its region.
    Zone,
    /// A region.
    Region,
    /// A version of the software, wherever it runs.
    Version,
}

impl Domain {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Domain::Rack => "rack",
            Domain::Zone => "zone",
            Domain::Region => "region",
            Domain::Version => "version",
        }
    }
}

impl Place {
    /// Returns the whole name of the domain that it lies in: `eu.a.1` for a rack.
    pub fn name(&self, domain: Domain) -> String {
        let parts: &[&String] = match domain {
            Domain::Rack => &[&self.region, &self.zone, &self.rack],
            Domain::Zone => &[&self.region, &self.zone],
            Domain::Region => &[&self.region],
            Domain::Version => &[&self.version],
        };
        let given = parts.iter().filter(|part| !part.is_empty()).map(|part| part.as_str());
        given.collect::<Vec<_>>().join(".")
    }

    /// Returns whether a name is that of the domain that it lies in: the whole one, or its end.
    pub fn is_in(&self, domain: Domain, name: &str) -> bool {
        let whole = self.name(domain);
        whole == name || whole.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// How far apart two members are, in failure domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// In one zone.
    Near,
    /// In two zones of one region.
    CrossZone,
    /// In two regions.
    CrossRegion,
}

/// The places of all nodes. A client is near everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Topology {
    places: Arc<[Place]>,
    flat: bool,
}

impl Topology {
    /// Makes a topology from each node's place, first node first.
    pub fn new(places: Vec<Place>) -> Topology {
        let flat = places.windows(2).all(|p| p[0].zone == p[1].zone && p[0].region == p[1].region);
        Topology { places: places.into(), flat }
    }

    /// Returns the places of all nodes, first node first.
    pub fn places(&self) -> Arc<[Place]> {
        self.places.clone()
    }

    /// Returns where a node stands; a client and an unplaced node stand nowhere in particular.
    pub fn place(&self, who: Address) -> Option<&Place> {
        who.node().and_then(|_| self.places.get(who.index()))
    }

    /// Returns who stands in a domain of this name, of so many nodes.
    pub fn named(&self, domain: Domain, name: &str, nodes: u16) -> Vec<Address> {
        let all = (1..=nodes).map(Address::Node);
        all.filter(|who| self.place_or_default(*who).is_in(domain, name)).collect()
    }

    /// Returns who shares a domain with one of these, of so many nodes; they are among them.
    pub fn sharing(&self, domain: Domain, whom: &[Address], nodes: u16) -> Vec<Address> {
        let theirs: Vec<String> =
            whom.iter().map(|who| self.place_or_default(*who).name(domain)).collect();
        let all = (1..=nodes).map(Address::Node);
        all.filter(|who| theirs.contains(&self.place_or_default(*who).name(domain))).collect()
    }

    fn place_or_default(&self, who: Address) -> Place {
        self.place(who).cloned().unwrap_or_default()
    }

    /// Returns how far apart two members are.
    pub fn distance(&self, a: Address, b: Address) -> Distance {
        if self.flat {
            return Distance::Near;
        }
        match (self.place(a), self.place(b)) {
            (Some(a), Some(b)) if a.region != b.region => Distance::CrossRegion,
            (Some(a), Some(b)) if a.zone != b.zone => Distance::CrossZone,
            _ => Distance::Near,
        }
    }
}
