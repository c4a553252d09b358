//! Who finds whom well: what users see of each node, and what each monitor judges of it.
//!
//! A gray failure is no property of a node but of two views of it (Huang et al. 2017): the users
//! find it ill and the observer finds it well. Both views are folded here from what clients and
//! monitors said, never from what is so; the four cells that they make are counted in time.

use imbl::Vector;

use crate::sim::{Address, ClientNote, EventId, Instant, Record, Sample, Span, What};

/// How far back users' attempts count.
pub const LATELY: Span = Span::secs(2);
/// How many bad attempts of that time it takes at least: one is bad luck.
pub const BAD_MIN: u32 = 2;
/// How many of a hundred attempts they are at least.
pub const BAD_PERCENT: u32 = 1;

/// How a node looks to users and to a monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// To both well: it is, or its fault is latent.
    #[default]
    Well,
    /// To users well, to the monitor ill: a false alarm, or a fault that something masks.
    Alarm,
    /// To users ill, to the monitor well: a gray failure.
    Gray,
    /// To both ill: a failure that was detected.
    Detected,
}

impl Cell {
    /// Every cell, in the order of the paper's table.
    pub const ALL: [Cell; 4] = [Cell::Well, Cell::Alarm, Cell::Gray, Cell::Detected];

    const fn of(users_ill: bool, monitor_ill: bool) -> Cell {
        match (users_ill, monitor_ill) {
            (false, false) => Cell::Well,
            (false, true) => Cell::Alarm,
            (true, false) => Cell::Gray,
            (true, true) => Cell::Detected,
        }
    }

    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Cell::Well => "well",
            Cell::Alarm => "masked or false alarm",
            Cell::Gray => "gray",
            Cell::Detected => "detected",
        }
    }
}

/// What users saw of a node lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Users {
    /// How many attempts ended.
    pub all: u32,
    /// How many got no answer, or a late one.
    pub bad: u32,
}

impl Users {
    /// Returns whether they find it ill. A node that nobody asks is ill to nobody.
    pub const fn find_ill(self) -> bool {
        self.bad >= BAD_MIN && self.bad as u64 * 100 >= self.all as u64 * BAD_PERCENT as u64
    }

    /// Takes an attempt in.
    pub const fn add(&mut self, bad: bool) {
        self.all += 1;
        self.bad += bad as u32;
    }
}

/// Returns whether an attempt was bad: without an answer, or with a late one.
pub fn is_bad(sample: &Sample, on_time: Span) -> bool {
    !sample.answered || sample.took > on_time
}

/// A monitor, as it said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Eye {
    /// Who.
    pub monitor: Address,
    /// How it finds out.
    pub probe: &'static str,
    /// Within what time it finds a node ill that answers nothing.
    pub within: Span,
}

/// How one node stands with one monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standing {
    /// In which cell it is.
    pub cell: Cell,
    /// Since when.
    pub since: Instant,
    /// The record at which that began.
    pub began: EventId,
    /// Whether the monitor finds it ill.
    pub ill: bool,
    /// How long it was in each cell before, in the order of `Cell::ALL`.
    spent: [Span; 4],
}

impl Standing {
    /// Returns how long it has been in a cell by now.
    pub fn time_in(&self, cell: Cell, now: Instant) -> Span {
        let here = if cell == self.cell { now.since(self.since) } else { Span::ZERO };
        self.spent[cell as usize] + here
    }
}

/// A node that has gone from one cell to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// To which monitor.
    pub monitor: Address,
    /// Which node.
    pub node: Address,
    /// Where it was.
    pub was: Cell,
    /// Where it is.
    pub is: Cell,
}

/// The views of all nodes. Nothing is folded where nobody monitors.
#[derive(Clone, Debug)]
pub struct Views {
    on_time: Span,
    nodes: u16,
    eyes: Vec<Eye>,
    /// Attempts of late, oldest first: when, at which node by its place, and whether bad.
    window: Vector<(Instant, u16, bool)>,
    users: Vector<Users>,
    /// Of the first monitor all nodes, then of the second.
    standings: Vector<Standing>,
    changes: Vec<Change>,
}

impl Views {
    /// Begins for so many nodes; an answer that takes longer than `on_time` is late.
    pub fn new(nodes: u16, on_time: Span) -> Views {
        Views {
            on_time,
            nodes,
            eyes: Vec::new(),
            window: Vector::new(),
            users: Vector::new(),
            standings: Vector::new(),
            changes: Vec::new(),
        }
    }

    /// Folds in one record.
    pub fn observe(&mut self, record: &Record) {
        self.changes.clear();
        let (What::Client(note), Some(who)) = (&record.what, record.who) else { return };
        match note {
            ClientNote::Watches { probe, within } => self.watch(who, probe, *within),
            ClientNote::Saw(sample) if !self.eyes.is_empty() => {
                self.expire(record);
                let Some(place) = self.place(sample.node) else { return };
                let bad = is_bad(sample, self.on_time);
                self.window.push_back((record.at, place as u16, bad));
                self.users[place].add(bad);
                self.settle(place, record);
            }
            ClientNote::Judged { node, healthy, .. } => {
                self.expire(record);
                let eye = self.eyes.iter().position(|eye| eye.monitor == who);
                let (Some(eye), Some(place)) = (eye, self.place(*node)) else { return };
                self.standings[eye * usize::from(self.nodes) + place].ill = !healthy;
                self.settle(place, record);
            }
            _ => {}
        }
    }

    fn watch(&mut self, monitor: Address, probe: &'static str, within: Span) {
        if self.eyes.iter().any(|eye| eye.monitor == monitor) {
            return;
        }
        let count = usize::from(self.nodes);
        if self.users.is_empty() {
            self.users = std::iter::repeat_n(Users::default(), count).collect();
        }
        self.eyes.push(Eye { monitor, probe, within });
        self.standings.extend(std::iter::repeat_n(Standing::default(), count));
    }

    fn place(&self, node: Address) -> Option<usize> {
        let place = usize::from(node.node()?.checked_sub(1)?);
        (place < usize::from(self.nodes)).then_some(place)
    }

    /// Lets go of what is no longer lately.
    fn expire(&mut self, record: &Record) {
        while let Some(&(at, place, bad)) = self.window.front() {
            if record.at.since(at) <= LATELY {
                return;
            }
            self.window.pop_front();
            let place = usize::from(place);
            let users = &mut self.users[place];
            users.all -= 1;
            users.bad -= u32::from(bad);
            self.settle(place, record);
        }
    }

    /// Brings a node into the cell that the views of it make.
    fn settle(&mut self, place: usize, record: &Record) {
        let users_ill = self.users[place].find_ill();
        for (k, eye) in self.eyes.iter().enumerate() {
            let at = k * usize::from(self.nodes) + place;
            let (was, is) = (self.standings[at].cell, Cell::of(users_ill, self.standings[at].ill));
            if was == is {
                continue;
            }
            let standing = &mut self.standings[at];
            standing.spent[was as usize] = standing.time_in(was, record.at);
            (standing.cell, standing.since, standing.began) = (is, record.at, record.id);
            let node = Address::Node(place as u16 + 1);
            self.changes.push(Change { monitor: eye.monitor, node, was, is });
        }
    }

    /// Returns the monitors, first monitor first.
    pub fn eyes(&self) -> &[Eye] {
        &self.eyes
    }

    /// Returns what the record at hand has changed.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns what users saw of a node lately.
    pub fn users(&self, node: Address) -> Users {
        let users = self.place(node).and_then(|place| self.users.get(place));
        users.copied().unwrap_or_default()
    }

    /// Iterates over how a node stands with each monitor.
    pub fn of(&self, node: Address) -> impl Iterator<Item = (&Eye, &Standing)> {
        let nodes = usize::from(self.nodes);
        let place = self.place(node);
        self.eyes
            .iter()
            .enumerate()
            .filter_map(move |(k, eye)| Some((eye, self.standings.get(k * nodes + place?)?)))
    }

    /// Returns whether a sample is bad by the bound of this run.
    pub fn is_bad(&self, sample: &Sample) -> bool {
        is_bad(sample, self.on_time)
    }
}
