//! The back-slice: from a finding's evidence through recorded causes to the levers of faults.
//!
//! The records over-blame on purpose, so what comes out is a proposal. Two kinds of steps are told
//! apart. A *deed* is the presence of something or its absence: a message that came, was taken or
//! never left, a node that stopped, a disk that forgot. A *circumstance* only says how it came
//! about that the deed was possible: who armed the timer that ran out, what the node took itself
//! for, what made a message late. A fault that deeds alone lead to is proposed strongly.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use super::memory::{Index, Memory, lever_of};
use crate::oracles::{Finding, Grade, Subject};
use crate::sim::{
    Address, Because, EventId, FaultId, Instant, Lever, Life, Record, Span, What, Withheld,
};

/// How many circumstances a path may have: beyond that everything leads back to everything.
const CIRCUMSTANCES_MAX: u8 = 2;
/// How many records one slice visits at most; what lies further back is not proposed.
const REACH_MAX: usize = 60_000;
/// How many withheld messages one node contributes to a finding that time alone made.
const LACKS_MAX: usize = 16;
/// How far back a finding that time alone made looks for what was withheld, where its evidence does
/// not say since when.
const LOOK_BACK: Span = Span::secs(1);

/// How surely the records say that a fault had a part in a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Through circumstances, such as a delay.
    Weak,
    /// Through deeds alone: something was withheld, stopped or forgotten.
    Strong,
}

/// A fault that the records propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which fault.
    pub fault: FaultId,
    /// How surely.
    pub strength: Strength,
    /// The record with which it began to act on the way to the finding.
    pub via: EventId,
    /// The records from the finding back to the lever, both included.
    pub path: Vec<EventId>,
}

/// How a record was reached.
#[derive(Clone, Copy, Debug)]
struct Reached {
    /// The record that it is a cause of, one step nearer to the finding.
    towards: Option<EventId>,
    circumstances: u8,
}

/// What leads to one finding.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// The faults, strong ones first and then those with the shorter path.
    pub proposals: Vec<Proposal>,
    reached: BTreeMap<EventId, Reached>,
}

/// One step back: to which record, and whether it is only a circumstance.
type Steps = SmallVec<[(EventId, bool); 8]>;

impl Slice {
    /// Follows the causes of a finding back as far as the records are known.
    pub fn cut(memory: &dyn Memory, index: &Index, finding: &Finding) -> Slice {
        let mut slice = Slice::default();
        let mut levels: [VecDeque<EventId>; CIRCUMSTANCES_MAX as usize + 1] = Default::default();
        for (root, circumstance) in roots(memory, index, finding) {
            let level = u8::from(circumstance);
            if slice.reach(root, None, level) {
                levels[usize::from(level)].push_back(root);
            }
        }
        for level in 0..=CIRCUMSTANCES_MAX {
            while let Some(id) = levels[usize::from(level)].pop_front() {
                let stale = slice.reached[&id].circumstances != level;
                if stale || slice.reached.len() >= REACH_MAX {
                    continue;
                }
                let Some(record) = memory.record(id) else { continue };
                if let Some(fault) = index.levers.get(&id) {
                    slice.propose(*fault, id, level);
                    continue;
                }
                for (cause, circumstance) in steps_back(memory, index, record) {
                    let next = level + u8::from(circumstance);
                    if next <= CIRCUMSTANCES_MAX && slice.reach(cause, Some(id), next) {
                        levels[usize::from(next)].push_back(cause);
                    }
                }
            }
        }
        slice.proposals.sort_by_key(|p| (std::cmp::Reverse(p.strength), p.path.len(), p.fault));
        slice
    }

    fn reach(&mut self, id: EventId, towards: Option<EventId>, circumstances: u8) -> bool {
        let better = self.reached.get(&id).is_none_or(|old| old.circumstances > circumstances);
        if better {
            self.reached.insert(id, Reached { towards, circumstances });
        }
        better
    }

    fn propose(&mut self, fault: FaultId, pulled: EventId, level: u8) {
        if self.proposals.iter().any(|proposal| proposal.fault == fault) {
            return;
        }
        let path = self.path_from(pulled);
        // The record next to the lever is the first that the fault did on this way.
        let via = path.len().checked_sub(2).map_or(pulled, |place| path[place]);
        let strength = if level == 0 { Strength::Strong } else { Strength::Weak };
        self.proposals.push(Proposal { fault, strength, via, path });
    }

    /// Returns the records from the finding back to one that was reached, both included.
    fn path_from(&self, id: EventId) -> Vec<EventId> {
        let mut path = vec![id];
        let mut at = id;
        while let Some(next) = self.reached.get(&at).and_then(|reached| reached.towards) {
            path.push(next);
            at = next;
        }
        path.reverse();
        path
    }

    /// Returns whether a record leads to the finding.
    pub fn holds(&self, id: EventId) -> bool {
        self.reached.contains_key(&id)
    }

    /// Returns how surely a fault is proposed, if it is.
    pub fn strength(&self, fault: FaultId) -> Option<Strength> {
        self.proposals.iter().find(|p| p.fault == fault).map(|p| p.strength)
    }
}

/// Returns where the search begins: the evidence, and what the subject of the finding lacks.
fn roots(memory: &dyn Memory, index: &Index, finding: &Finding) -> Steps {
    let mut roots = Steps::new();
    roots.push((finding.event, false));
    roots.extend(finding.evidence.iter().map(|id| (*id, false)));
    let first = finding.evidence.first().and_then(|id| memory.record(*id)).map(|r| r.at);
    let since = first.unwrap_or(Instant(finding.at.0.saturating_sub(LOOK_BACK.0)));
    let mut speakers: SmallVec<[Address; 4]> = SmallVec::new();
    match finding.subject {
        Subject::Call(client, serial) => {
            let notes = index.calls.get(&(client, serial)).into_iter().flatten();
            roots.extend(notes.filter(|id| **id < finding.event).map(|id| (*id, false)));
        }
        Subject::Node(node) => {
            speakers.push(node);
            let deed = memory.record(finding.event).and_then(|record| record.who) == Some(node);
            if !deed {
                lacks(memory, index, node, (since, finding.event), &mut roots);
            }
        }
        Subject::World => {
            for node in index.withheld.keys().chain(index.lives.keys()) {
                lacks(memory, index, *node, (since, finding.event), &mut roots);
            }
        }
        Subject::Pair(a, b) => speakers.extend([a, b]),
        Subject::Epoch(_) | Subject::Slot(_) | Subject::Key(_) => {}
    }
    if matches!(finding.grade, Grade::Breach | Grade::Failure) {
        let told = finding.evidence.iter().filter_map(|id| memory.record(*id)?.who);
        speakers.extend(told.filter(|who| who.is_node()));
    }
    // Who speaks against what it once said may have forgotten it: that is a deed.
    for who in speakers {
        let boot = Index::last_before(&index.boots, who, finding.event);
        let boot = boot.filter(|boot| memory.record(*boot).is_some_and(|b| forgot(memory, b)));
        roots.extend(boot.map(|boot| (boot, false)));
    }
    roots
}

/// Adds what a node lacks at a finding that time alone made: messages, and itself.
fn lacks(
    memory: &dyn Memory,
    index: &Index,
    node: Address,
    (since, end): (Instant, EventId),
    roots: &mut Steps,
) {
    let withheld = Index::recent(&index.withheld, node, memory, (since, end));
    roots.extend(withheld.take(LACKS_MAX).map(|id| (id, false)));
    let changes = Index::recent(&index.lives, node, memory, (Instant::ZERO, end));
    let mut changes = changes.filter_map(|id| memory.record(id));
    let (last, before) = (changes.next(), changes.next());
    let stopped = last.filter(|last| match last.what {
        // It is back, and what it missed while it was away may still be lacking.
        What::Life(Life::Up) => {
            let away = before.map_or(Span::ZERO, |before| last.at.since(before.at));
            last.at >= since && away > index.noise
        }
        _ => finding_at(memory, end).since(last.at) > index.noise,
    });
    roots.extend(stopped.map(|record| (record.id, false)));
}

fn finding_at(memory: &dyn Memory, event: EventId) -> Instant {
    memory.record(event).map_or(Instant::ZERO, |record| record.at)
}

fn forgot(memory: &dyn Memory, boot: &Record) -> bool {
    let mut causes = boot.because.iter().filter_map(|cause| memory.record(cause.id()));
    causes.any(|cause| matches!(cause.what, What::Forgot { .. }))
}

/// Returns what a record came from.
fn steps_back(memory: &dyn Memory, index: &Index, record: &Record) -> Steps {
    let mut steps = Steps::new();
    match &record.what {
        What::Fired { timer } => {
            // The first cause armed it. A wait before another try goes on with what failed.
            let armed = record.because.first().copied().map(Because::id);
            steps.extend(armed.map(|id| (id, *timer != "retry")));
            let rest = record.because.iter().skip(1);
            let armed = armed.and_then(|id| memory.record(id));
            steps.extend(rest.filter_map(|cause| {
                step_of_timer(memory, index, *cause, record, armed.map(|armed| armed.at))
            }));
        }
        What::Delivered { .. } => {
            let mut causes = record.because.iter();
            steps.extend(causes.next().map(|sent| (sent.id(), false)));
            if index.is_late(memory, record) {
                let waited = |id: EventId| match memory.record(id) {
                    Some(Record { what: What::Life(_), at, .. }) => {
                        record.at.since(*at) > index.noise
                    }
                    _ => true,
                };
                steps.extend(causes.map(|d| (d.id(), true)).filter(|(id, _)| waited(*id)));
            }
        }
        What::Withheld { why, .. } => {
            let mut causes = record.because.iter();
            steps.extend(causes.next().map(|sent| (sent.id(), true)));
            // A pause that filled the inbox is only a circumstance; what stood before it in a line
            // that was full is a deed.
            let brief = |id| {
                let cause = memory.record(id);
                *why == Withheld::Overflow
                    && cause.is_some_and(|cause| matches!(cause.what, What::Life(_)))
            };
            steps.extend(causes.map(|cause| (cause.id(), brief(cause.id()))));
        }
        What::Sent { .. } | What::Noted(_) => {
            steps.extend(record.because.first().map(|cause| (cause.id(), false)));
            // A fault may have let it leave too early.
            let rest = record.because.iter().skip(1).map(|cause| cause.id());
            let is_lever = |id: &EventId| memory.record(*id).is_some_and(|r| lever_of(r).is_some());
            steps.extend(rest.filter(is_lever).map(|id| (id, false)));
            if let Some(who) = record.who {
                let state = Index::last_before(&index.states, who, record.id);
                let boot = Index::last_before(&index.boots, who, record.id);
                steps.extend(state.into_iter().chain(boot).map(|id| (id, true)));
            }
        }
        _ => steps.extend(record.because.iter().map(|cause| (cause.id(), false))),
    }
    steps
}

/// Judges what a timer ran out for want of, or was bent by.
fn step_of_timer(
    memory: &dyn Memory,
    index: &Index,
    cause: Because,
    fired: &Record,
    armed: Option<Instant>,
) -> Option<(EventId, bool)> {
    let id = cause.id();
    let lacked = memory.record(id)?;
    let Because::LackOf(_) = cause else {
        // Late by a pause, a slow node or a clock: a pause within the noise made nothing late.
        let brief = fired.at.since(lacked.at) <= index.noise;
        let pause = matches!(lacked.what, What::Life(_));
        // A call that comes of a surge is the surge's own deed.
        if lever_of(lacked).is_some_and(|lever| matches!(lever, Lever::Surge { .. })) {
            return Some((id, false));
        }
        return (!(pause && brief)).then_some((id, true));
    };
    match &lacked.what {
        What::Withheld { .. } => Some((id, false)),
        What::Life(life) => {
            let wait = armed.map_or(Span::ZERO, |armed| fired.at.since(armed));
            let missed = fired.at.since(lacked.at).min(wait);
            let mattered = missed.0 * 2 >= wait.0;
            match life {
                Life::Paused if missed <= index.noise => None,
                _ => Some((id, !mattered)),
            }
        }
        _ => {
            let slow = lever_of(lacked).is_some_and(|lever| matches!(lever, Lever::Service { .. }));
            Some((id, slow))
        }
    }
}
