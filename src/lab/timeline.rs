//! One future of a run: its inputs, records, findings and snapshots up to its frontier.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::{OrdMap, Vector};

use crate::oracles::{Panel, Signal};
use crate::sim::{EventId, FaultId, Instant, Keep, Record, Tape, What};

use super::act::Stage;
use super::course::{Course, Position};
use super::milestone::{Milestone, Told};
use super::reel::Reel;

/// How many moves lie between two snapshots at first, for each so many nodes: a snapshot of a large
/// cluster is large, and so there are fewer of them.
const STRIDE: u64 = 8_192;
/// How many nodes one stride is for.
const STRIDE_NODES: usize = 128;
/// How many snapshots are kept; beyond that every other one goes and the stride doubles.
const SNAPSHOTS_MAX: usize = 256;

/// A world and its oracles at one position.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub course: Course,
    pub panel: Panel,
    pub touched: OrdMap<FaultId, EventId>,
    pub levers: OrdMap<EventId, FaultId>,
    pub told: Told,
    /// How many signals of its future lie before it: what its panel has said.
    pub said: usize,
}

/// What is known of one future, up to its frontier.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub name: String,
    /// Where it left the future that it was branched off from.
    pub forked_at: Option<Position>,
    pub reel: Reel,
    pub signals: Vector<Signal>,
    pub milestones: Vector<Milestone>,
    /// Where faults were injected and healed.
    pub fates: Vector<(EventId, FaultId, Stage)>,
    pub snapshots: BTreeMap<u64, Arc<Snapshot>>,
    /// The newest position that was reached, ready to go on.
    pub frontier: Arc<Snapshot>,
    stride: u64,
}

impl Snapshot {
    pub fn position(&self) -> Position {
        self.course.position()
    }

    /// Lets the oracles and the notebook read a record.
    fn read(&mut self, record: &Record, signals: &mut Vec<Signal>) -> Option<Milestone> {
        self.note_touch(record);
        self.panel.observe(record, signals);
        let moves = self.position().moves;
        Milestone::of_record(record, moves, self.panel.truth(), &mut self.told)
    }

    /// Makes moves until so many were made, oracles included.
    pub fn follow(&mut self, moves: u64) {
        let mut tape = Tape::new(Keep::Everything);
        let mut signals = Vec::new();
        while self.position().moves < moves && self.course.step(Instant(u64::MAX), &mut tape) {
            for record in tape.records.drain(..) {
                self.read(&record, &mut signals);
            }
            self.said += signals.len();
            signals.clear();
        }
    }

    /// Makes moves until so many were made, for the state of the world alone.
    pub fn skip(&mut self, moves: u64) {
        let mut tape = Tape::new(Keep::Nothing);
        while self.position().moves < moves && self.course.step(Instant(u64::MAX), &mut tape) {}
    }

    /// Remembers the first record that a fault's lever had a part in: with it the fault is active.
    fn note_touch(&mut self, record: &Record) {
        match &record.what {
            What::Pulled { fault, .. } => {
                self.levers.insert(record.id, *fault);
            }
            What::Injected(_) | What::Healed(_) => {}
            _ if self.levers.is_empty() => {}
            _ => {
                for cause in &record.because {
                    if let Some(fault) = self.levers.get(&cause.id())
                        && !self.touched.contains_key(fault)
                    {
                        self.touched.insert(*fault, record.id);
                    }
                }
            }
        }
    }
}

impl Timeline {
    /// Begins a run: what happened at instant zero is on the tape.
    pub fn begin(name: String, course: Course, panel: Panel, tape: &mut Tape) -> Timeline {
        let strides = usize::from(panel.truth().nodes()).div_ceil(STRIDE_NODES);
        let start = Snapshot {
            course,
            panel,
            touched: OrdMap::new(),
            levers: OrdMap::new(),
            told: Told::default(),
            said: 0,
        };
        let mut timeline = Timeline {
            name,
            forked_at: None,
            reel: Reel::default(),
            signals: Vector::new(),
            milestones: Vector::new(),
            fates: Vector::new(),
            snapshots: BTreeMap::new(),
            frontier: Arc::new(start.clone()),
            stride: STRIDE * strides.next_power_of_two() as u64,
        };
        let mut start = start;
        timeline.take_in(&mut start, tape);
        timeline.frontier = Arc::new(start);
        timeline.snapshots.insert(0, timeline.frontier.clone());
        timeline
    }

    /// Makes the next move at the frontier; returns whether there was one.
    pub fn extend(&mut self, until: Instant, tape: &mut Tape) -> bool {
        debug_assert_eq!(tape.keep, Keep::Everything);
        let mut frontier = std::mem::replace(&mut self.frontier, self.snapshots[&0].clone());
        let went_on = {
            // Where nobody else holds the frontier it is moved on in place; else it is forked.
            let here = Arc::make_mut(&mut frontier);
            let went_on = here.course.step(until, tape);
            if went_on {
                self.take_in(here, tape);
            }
            went_on
        };
        self.frontier = frontier;
        let moves = self.frontier.position().moves;
        if went_on && moves.is_multiple_of(self.stride) {
            self.snapshots.insert(moves, Arc::new((*self.frontier).clone()));
            self.thin_out();
        }
        went_on
    }

    fn thin_out(&mut self) {
        if self.snapshots.len() > SNAPSHOTS_MAX {
            self.stride *= 2;
            let stride = self.stride;
            self.snapshots.retain(|moves, _| moves.is_multiple_of(stride));
        }
    }

    /// Reads what a move left on the tape: oracles, milestones, which faults have touched anything.
    fn take_in(&mut self, here: &mut Snapshot, tape: &mut Tape) {
        let moves = here.position().moves;
        let mut signals = Vec::new();
        for record in tape.records.drain(..) {
            let milestone = here.read(&record, &mut signals);
            self.milestones.extend(milestone);
            let truth = here.panel.truth();
            self.milestones.extend(Milestone::of_views(&record, moves, truth));
            match record.what {
                What::Injected(fault) => {
                    self.fates.push_back((record.id, fault, Stage::Dormant));
                }
                What::Healed(fault) => self.fates.push_back((record.id, fault, Stage::Healed)),
                _ => {}
            }
            for signal in signals.drain(..) {
                self.milestones.extend(Milestone::of_signal(&signal, moves, &mut here.told));
                self.signals.push_back(signal);
            }
            self.reel.push(record);
        }
        here.said = self.signals.len();
    }

    /// Branches off at a position: the same past, and a future of its own.
    pub fn branch(&self, name: String, here: Snapshot) -> Timeline {
        let position = here.position();
        let next = here.course.world().next_record();
        let mut branch = self.clone();
        branch.name = name;
        branch.forked_at = Some(position);
        branch.reel.truncate(next);
        let signals = self.signals.iter().take_while(|signal| signal.event() < next).count();
        branch.signals.truncate(signals);
        let milestones = self.milestones.iter().take_while(|m| m.record < next).count();
        branch.milestones.truncate(milestones);
        let fates = self.fates.iter().take_while(|(record, ..)| *record < next).count();
        branch.fates.truncate(fates);
        // The branch keeps the signals that its panel has said, as `follow` counted them.
        debug_assert_eq!(here.said, signals, "the oracles said the same again");
        branch.snapshots.retain(|moves, _| *moves <= position.moves);
        branch.frontier = Arc::new(here);
        branch
    }

    /// Returns the newest snapshot that `fits`, ready to go on with the inputs of this future.
    pub fn start(&self, fits: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let newest_first = self.snapshots.values().rev();
        let found = std::iter::once(&self.frontier).chain(newest_first).find(|s| fits(s));
        let mut here = (**found.unwrap_or(&self.snapshots[&0])).clone();
        let applied = here.course.applied();
        let to_come = self.frontier.course.journal()[applied..].to_vec();
        here.course.plan(to_come);
        here
    }

    /// Returns the newest snapshot at or before a position, ready to go on.
    pub fn before(&self, moves: u64) -> Snapshot {
        self.start(|snapshot| snapshot.position().moves <= moves)
    }
}
