//! The records of a run as a search wants them: by number, by call, by node, by fault.

use std::collections::{BTreeMap, VecDeque};

use crate::lab::Session;
use crate::lab::scenario::{LatencySpec, NetworkSpec};
use crate::sim::{
    Address, ClientNote, EventId, FaultId, Instant, Lever, Life, Note, Record, Span, What,
};

/// Something that knows records by their numbers.
pub trait Memory {
    /// Returns a record, where it is known.
    fn record(&self, id: EventId) -> Option<&Record>;
    /// Returns the first record that is known, and the first that has not happened yet.
    fn reach(&self) -> (EventId, EventId);
    /// Lists the records of levers that were pulled, in order.
    fn pulled(&self) -> Vec<&Record> {
        let (first, next) = self.reach();
        let known = (first.0..next.0).map_while(|id| self.record(EventId(id)));
        known.filter(|record| matches!(record.what, What::Pulled { .. })).collect()
    }
}

impl Memory for Session {
    fn record(&self, id: EventId) -> Option<&Record> {
        Session::record(self, id)
    }

    fn reach(&self) -> (EventId, EventId) {
        (self.memory_begins(), self.next_record())
    }
}

/// Records that were made again, without a gap, and all levers that were pulled before them.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    records: VecDeque<Record>,
    pulled: Vec<Record>,
}

/// How many records are made again at most, the newest: about 100 MiB.
const RECALLED_MAX: usize = 1_000_000;

impl Recalled {
    /// Adds the next record; the oldest goes where there are too many.
    pub fn push(&mut self, record: &Record) {
        if matches!(record.what, What::Pulled { .. }) {
            self.pulled.push(record.clone());
        }
        if self.records.len() >= RECALLED_MAX {
            self.records.pop_front();
        }
        self.records.push_back(record.clone());
    }
}

impl Memory for Recalled {
    fn record(&self, id: EventId) -> Option<&Record> {
        let first = self.records.front()?.id;
        self.records.get(id.0.checked_sub(first.0)? as usize)
    }

    fn reach(&self) -> (EventId, EventId) {
        let first = self.records.front().map_or(0, |record| record.id.0);
        (EventId(first), EventId(first + self.records.len() as u32))
    }

    fn pulled(&self) -> Vec<&Record> {
        self.pulled.iter().collect()
    }
}

/// Returns the longest that a message may be under way without any fault: a delay that stays below
/// it is nothing that the network does not do by itself.
pub fn noise(network: &NetworkSpec) -> Span {
    let far = [network.cross_zone.as_ref(), network.cross_region.as_ref()];
    let all = std::iter::once(&network.latency).chain(far.into_iter().flatten());
    let longest = all.map(|latency| match latency {
        LatencySpec::Fixed(span) => *span,
        LatencySpec::Uniform(range) => *range.0.end(),
        // Five means of a tail: less than one message in a hundred takes longer.
        LatencySpec::Exponential { min, tail } => *min + Span(tail.0 * 5),
    });
    longest.max().unwrap_or_default()
}

/// Where things stand in the records of a run.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// What a delay has to exceed to count.
    pub noise: Span,
    /// Whose lever, by the record at which it was pulled; and whose fault, by the records of its
    /// injection and its healing.
    pub levers: BTreeMap<EventId, FaultId>,
    /// What clients said of each call, in order.
    pub calls: BTreeMap<(Address, u32), Vec<EventId>>,
    /// What each node took for its role, and whom it suspected, in order.
    pub states: BTreeMap<Address, Vec<EventId>>,
    /// When each node started again, in order.
    pub boots: BTreeMap<Address, Vec<EventId>>,
    /// When each node's life changed, in order.
    pub lives: BTreeMap<Address, Vec<EventId>>,
    /// What a fault or a stop kept from arriving, by both ends, in order.
    pub withheld: BTreeMap<Address, Vec<EventId>>,
    /// The first thing that each fault did and that nothing else would have done.
    pub effects: BTreeMap<FaultId, EventId>,
    /// Nodes that are paused, since which record.
    paused: BTreeMap<Address, EventId>,
}

impl Index {
    /// Reads all records before `end`, as far as they are known.
    pub fn read(memory: &dyn Memory, end: EventId, network: &NetworkSpec) -> Index {
        let mut index = Index { noise: noise(network), ..Index::default() };
        let (first, next) = memory.reach();
        let known = (first.0..next.0.min(end.0)).map_while(|id| memory.record(EventId(id)));
        for record in known {
            index.take_in(memory, record);
        }
        let paused = std::mem::take(&mut index.paused);
        let now = memory.record(EventId(next.0.min(end.0).saturating_sub(1))).map(|last| last.at);
        for since in paused.into_values() {
            index.judge_pause(memory, since, now.unwrap_or_default());
        }
        index
    }

    fn take_in(&mut self, memory: &dyn Memory, record: &Record) {
        let who = record.who;
        match &record.what {
            What::Pulled { fault, .. } | What::Injected(fault) | What::Healed(fault) => {
                self.levers.insert(record.id, *fault);
                return;
            }
            What::Client(note) => {
                if let Some(call) = called(note) {
                    self.calls.entry(call).or_default().push(record.id);
                }
            }
            What::Noted(Note::Role { .. } | Note::Suspects(_)) => {
                push(&mut self.states, who, record.id);
            }
            What::Booted if !record.because.is_empty() => push(&mut self.boots, who, record.id),
            What::Life(life) => self.live(memory, record, *life),
            What::Withheld { from, .. } if record.because.len() > 1 => {
                push(&mut self.withheld, who, record.id);
                push(&mut self.withheld, Some(*from), record.id);
            }
            _ => {}
        }
        self.judge(memory, record);
    }

    fn live(&mut self, memory: &dyn Memory, record: &Record, life: Life) {
        push(&mut self.lives, record.who, record.id);
        let Some(who) = record.who else { return };
        if let Some(since) = self.paused.remove(&who) {
            self.judge_pause(memory, since, record.at);
        }
        if life == Life::Paused {
            self.paused.insert(who, record.id);
        }
    }

    /// Notes what a record shows a fault to have done.
    fn judge(&mut self, memory: &dyn Memory, record: &Record) {
        for cause in &record.because {
            let Some(fault) = self.levers.get(&cause.id()).copied() else { continue };
            let counts = match &record.what {
                What::Delivered { .. } => self.is_late(memory, record),
                What::Life(life) => *life == Life::Down,
                What::Healed(_) => false,
                _ => true,
            };
            if counts {
                self.effects.entry(fault).or_insert(record.id);
            }
        }
    }

    fn judge_pause(&mut self, memory: &dyn Memory, since: EventId, until: Instant) {
        let Some(record) = memory.record(since) else { return };
        let pulled = record.because.iter().find_map(|cause| self.levers.get(&cause.id()));
        if let Some(fault) = pulled.copied()
            && until.since(record.at) > self.noise
        {
            let first = self.effects.entry(fault).or_insert(since);
            *first = (*first).min(since);
        }
    }

    /// Returns whether a message was under way for longer than without any fault.
    pub fn is_late(&self, memory: &dyn Memory, record: &Record) -> bool {
        let sent = record.because.first().and_then(|cause| memory.record(cause.id()));
        sent.is_some_and(|sent| record.at.since(sent.at) > self.noise)
    }

    /// Returns the last of these records before another.
    pub fn last_before(
        of: &BTreeMap<Address, Vec<EventId>>,
        who: Address,
        end: EventId,
    ) -> Option<EventId> {
        let these = of.get(&who)?;
        let place = these.partition_point(|id| *id < end);
        place.checked_sub(1).map(|place| these[place])
    }

    /// Returns the records of one node from an instant on and before another record, newest first.
    pub fn recent<'a>(
        of: &'a BTreeMap<Address, Vec<EventId>>,
        who: Address,
        memory: &'a dyn Memory,
        (since, end): (Instant, EventId),
    ) -> impl Iterator<Item = EventId> + 'a {
        let these = of.get(&who).map_or(&[][..], Vec::as_slice);
        let place = these.partition_point(|id| *id <= end);
        let newest_first = these[..place].iter().rev().copied();
        newest_first.take_while(move |id| memory.record(*id).is_some_and(|r| r.at >= since))
    }
}

/// Returns the call that a client speaks of, if it speaks of one.
pub fn called(note: &ClientNote) -> Option<(Address, u32)> {
    note.call().map(|call| (call.client, call.serial))
}

/// Returns the lever that was pulled at a record.
pub fn lever_of(record: &Record) -> Option<&Lever> {
    match &record.what {
        What::Pulled { lever, .. } => Some(lever),
        _ => None,
    }
}

fn push(to: &mut BTreeMap<Address, Vec<EventId>>, who: Option<Address>, id: EventId) {
    if let Some(who) = who {
        to.entry(who).or_default().push(id);
    }
}
