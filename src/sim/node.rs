//! One member of the cluster: its state, disk, clock, timers and life.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::chance::Identity;
use super::clock::Clock;
use super::corrupt::Flips;
use super::disk::Disk;
use super::lever::{FaultId, Way};
use super::lies::LieHold;
use super::protocol::{Protocol, Ticket};
use super::queue::Pending;
use super::record::{Because, EventId};
use super::rollout::{SettingHold, Tally};
use super::service::Line;
use super::time::{Instant, Rate, Span};
use super::timers::Timers;

/// Whether a node runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// It runs.
    #[default]
    Up,
    /// It is frozen with all that it knows; its inbox fills.
    Paused,
    /// It is off; what was volatile is gone.
    Down,
}

impl Life {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Life::Up => "up",
            Life::Paused => "paused",
            Life::Down => "down",
        }
    }
}

/// What a disk keeps through a crash.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Mood {
    /// Every write, synced or not: the process died and the machine lives.
    #[default]
    Durable,
    /// Only what was synced: the machine lost power.
    UnsyncedLost,
    /// Nothing: the node comes back with amnesia.
    Wiped,
}

impl Mood {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Mood::Durable => "durable",
            Mood::UnsyncedLost => "unsynced lost",
            Mood::Wiped => "forgets",
        }
    }
}

/// How many events a node's inbox holds while it is paused; what comes later is lost.
pub const INBOX_MAX: usize = 10_000;
/// How many withheld messages a node remembers as what may be lacking; older ones are forgotten.
pub(super) const LACKS_MAX: usize = 256;

/// A timer that is armed.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    /// When it runs out, in true time.
    pub due: Instant,
    /// Who it is, for draws.
    pub identity: Identity,
    /// When it was armed.
    pub since: Instant,
    /// The record that armed it.
    pub by: Because,
    /// Whose message armed it, where it was one; for a client's timer, whom it called.
    pub fed_by: Option<Address>,
    /// The record that made it fire late, if one did.
    pub delayed: Option<EventId>,
    /// Whether an entry for it stands in the queue, and for when: a timer that is moved later
    /// keeps its old entry, which then finds that it came too soon.
    pub queued: Instant,
}

impl Armed {
    /// The place in the queue of a timer that ran out while its node was paused.
    pub const PARKED: Instant = Instant(u64::MAX);
}

/// A send that waits for the disk.
#[derive(Clone, Debug)]
pub(super) struct Held<P: Protocol> {
    /// The save that it waits for.
    pub after: Ticket,
    /// Who it is, for draws.
    pub identity: Identity,
    /// What caused it, and the lever that made it another.
    pub because: (EventId, Option<EventId>),
    /// Whether it is broken on its way, and by which lever.
    pub broken: Option<EventId>,
    /// To whom and what.
    pub to: Address,
    /// What.
    pub load: super::queue::Load<P::Msg>,
}

/// A message that did not come, or somebody that stopped, as far as this node may miss it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lack {
    /// When.
    pub at: Instant,
    /// The record.
    pub id: EventId,
    /// Who would have been heard: the sender of a message to this node, or the one that an
    /// unheard message of this node was for.
    pub whose: Address,
}

/// A share of messages that a fault takes at one side of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Omission {
    pub fault: FaultId,
    pub pulled: EventId,
    pub way: Way,
    pub rate: Rate,
}

/// A time that each event takes, by a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slowness {
    pub fault: FaultId,
    pub pulled: EventId,
    pub time: Span,
}

/// A hold of a fault on what a disk keeps; of several, the newest counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct MoodHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub mood: Mood,
}

/// A hold of a fault on how fast a clock runs; several add up.
#[derive(Clone, Copy, Debug)]
pub(super) struct DriftHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub ppm: i32,
}

/// A share of client calls that a fault takes, or makes late.
#[derive(Clone, Copy, Debug)]
pub(super) struct GrayHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub rate: Rate,
    /// How much later they are taken in; zero where they never are.
    pub delay: Span,
}

/// A hold of a fault under which answers do not wait for the disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct EarlyHold {
    pub fault: FaultId,
    pub pulled: EventId,
}

/// A hold of a fault on a node's life.
#[derive(Clone, Copy, Debug)]
pub(super) struct PowerHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub life: Life,
}

/// One member.
#[derive(Debug)]
pub(super) struct Node<P: Protocol> {
    pub state: P::State,
    pub disk: Disk<P>,
    pub clock: Clock,
    pub life: Life,
    /// Counts lives, so that what was meant for an earlier one is known.
    pub incarnation: u32,
    pub timers: Timers<P::Timer>,
    pub held: VecDeque<Held<P>>,
    /// When the newest write will be stable.
    pub sync_due: Instant,
    /// What came while it was paused, in its order.
    pub inbox: VecDeque<Pending<P>>,
    /// What waits for its turn, where work takes time.
    pub lines: [Line<P>; 2],
    /// Whether it was said that a bulkhead spares its peers' messages.
    pub spared: bool,
    pub lacks: VecDeque<Lack>,
    pub omissions: Vec<Omission>,
    pub services: Vec<Slowness>,
    pub grays: Vec<GrayHold>,
    pub early: Vec<EarlyHold>,
    pub settings: Vec<SettingHold>,
    /// What a dashboard shows of it.
    pub tally: Tally,
    pub power: Vec<PowerHold>,
    /// The record since which it is not up, or slow: what peers lack it for.
    pub stopped: Option<(Instant, EventId)>,
    /// The record of the lever under which its disk will forget, or forgot.
    pub moods: Vec<MoodHold>,
    /// The record of the lever that bends its clock.
    pub drifts: Vec<DriftHold>,
    /// The record of what its last crash took, until it starts again.
    pub forgot: Option<EventId>,
    /// How faults make it lie.
    pub lies: Vec<LieHold>,
    /// What it said, where a lie makes it say it again.
    pub said: VecDeque<(Address, P::Msg)>,
    /// How faults flip bits in what it sends.
    pub flips: Vec<Flips>,
    /// The fault that flipped a bit on its disk, and the record of it.
    pub spoilt: Option<(FaultId, EventId)>,
    /// The record of a flipped bit in what it knows: a cause of all that it says since.
    pub tainted: Option<EventId>,
    /// Whether it was the second face of a liar that is honest again: nobody is at home.
    pub gone: bool,
}

impl<P: Protocol> Node<P> {
    /// Makes a node that is up and has not started yet.
    pub fn new(state: P::State, disk: Disk<P>) -> Self {
        Node {
            state,
            disk,
            clock: Clock::default(),
            life: Life::Up,
            incarnation: 0,
            timers: Timers::new(),
            held: VecDeque::new(),
            sync_due: Instant::ZERO,
            inbox: VecDeque::new(),
            lines: [Line::new(), Line::new()],
            spared: false,
            lacks: VecDeque::new(),
            omissions: Vec::new(),
            services: Vec::new(),
            grays: Vec::new(),
            early: Vec::new(),
            settings: Vec::new(),
            tally: Tally::default(),
            power: Vec::new(),
            stopped: None,
            moods: Vec::new(),
            drifts: Vec::new(),
            forgot: None,
            lies: Vec::new(),
            said: VecDeque::new(),
            flips: Vec::new(),
            spoilt: None,
            tainted: None,
            gone: false,
        }
    }

    /// Lets the clock run as fast as all holds on it together say.
    pub fn settle_clock(&mut self, now: Instant) {
        let ppm = self.drifts.iter().fold(0_i32, |sum, hold| sum.saturating_add(hold.ppm));
        if ppm != self.clock.drift_ppm() {
            self.clock.drift(now, ppm);
        }
    }
}

impl<P: Protocol> Clone for Node<P> {
    fn clone(&self) -> Self {
        Node {
            state: self.state.clone(),
            disk: self.disk.clone(),
            clock: self.clock,
            life: self.life,
            incarnation: self.incarnation,
            timers: self.timers.clone(),
            held: self.held.clone(),
            sync_due: self.sync_due,
            inbox: self.inbox.clone(),
            lines: self.lines.clone(),
            spared: self.spared,
            lacks: self.lacks.clone(),
            omissions: self.omissions.clone(),
            services: self.services.clone(),
            grays: self.grays.clone(),
            early: self.early.clone(),
            settings: self.settings.clone(),
            tally: self.tally,
            power: self.power.clone(),
            stopped: self.stopped,
            moods: self.moods.clone(),
            drifts: self.drifts.clone(),
            forgot: self.forgot,
            lies: self.lies.clone(),
            said: self.said.clone(),
            flips: self.flips.clone(),
            spoilt: self.spoilt,
            tainted: self.tainted,
            gone: self.gone,
        }
    }
}
