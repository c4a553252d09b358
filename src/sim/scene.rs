//! Plain data about a world at one moment: all that a reader may see, and nothing that it can
//! change.

use std::sync::Arc;

use super::address::Address;
use super::lever::FaultId;
use super::node::{Life, Mood};
use super::protocol::{Detail, Glance, Report};
use super::record::EventId;
use super::time::{Instant, Span};
use super::topology::Place;

/// A node as the world has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeScene {
    /// Which node.
    pub address: Address,
    /// What it says of itself, in a few numbers. Of a node that is down: what it last said.
    pub glance: Glance,
    /// Whether it runs.
    pub life: Life,
    /// What its disk keeps through a crash.
    pub mood: Mood,
    /// Writes that its disk does not have yet.
    pub unsynced: u64,
    /// Events that wait for their turn, or while it is paused.
    pub inbox: usize,
    /// How far its clock is off, in microseconds.
    pub clock_offset_us: i64,
    /// How much too fast its clock runs, in parts per million.
    pub clock_drift_ppm: i32,
    /// How long a fault makes it take for each event.
    pub service: Span,
    /// Faults that hold this node itself: life, disk, clock, omission, service.
    pub faults: Vec<FaultId>,
}

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// From whom.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// What.
    pub detail: Detail,
    /// When it left.
    pub sent_at: Instant,
    /// When it will be there.
    pub due: Instant,
    /// The record of its leaving.
    pub sent: EventId,
}

/// A fault's hold on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkScene {
    /// From whom.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// Whose hold.
    pub fault: FaultId,
    /// Whether nothing passes.
    pub cut: bool,
}

/// The world at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Virtual time.
    pub now: Instant,
    /// The nodes, first node first.
    pub nodes: Vec<NodeScene>,
    /// Where they stand; never changes during a run.
    pub places: Arc<[Place]>,
    /// How many clients there are.
    pub clients: u16,
    /// How many monitors there are.
    pub monitors: u16,
    /// Messages on their way, in the order of their arrival.
    pub flights: Vec<Flight>,
    /// Links that a fault holds.
    pub links: Vec<LinkScene>,
    /// Switches and how they stand.
    pub switches: Vec<(&'static str, bool)>,
}

/// One node in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The node as the world has it.
    pub node: NodeScene,
    /// What it says of itself.
    pub report: Report,
    /// Its armed timers: name and when each runs out, soonest first.
    pub timers: Vec<(&'static str, Instant)>,
}
