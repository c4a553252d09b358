//! Where each member stands: region, zone, rack, and which software it runs.

use std::sync::Arc;

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
