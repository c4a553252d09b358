//! One run, held in the hand: go on, go back, act, branch.
//!
//! Absent on purpose: drawing, and real time. Whoever holds a session says how far virtual time
//! shall go.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::oracles::{Finding, Grade, Panel, Signal, State, Verdict};
use crate::sim::{
    Address, EventId, FaultId, Input, Inspection, Instant, Keep, Placed, Record, Scene, Span, Tape,
};

use super::act::{Act, Fault, Origin, Stage};
use super::build;
use super::course::{Course, Position};
use super::milestone::{Kind, Milestone};
use super::scenario::Scenario;
use super::timeline::{Snapshot, Timeline};

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// After so many moves.
    Moves(u64),
    /// To the last move at or before an instant.
    Time(Instant),
    /// To the move that made a record.
    Record(EventId),
    /// To the next milestone: of a kind, or of any but routine commits.
    Next(Option<Kind>),
    /// To the previous milestone: of a kind, or of any but routine commits.
    Previous(Option<Kind>),
    /// To the beginning.
    Start,
    /// To the frontier: the newest position that was reached.
    End,
}

/// How many moves before a position are lived through again at least where records were let go.
const RELIVED: u64 = 256;

/// A future that was left, with what was done by hand in it.
#[derive(Debug)]
struct Left {
    timeline: Timeline,
    faults: BTreeMap<FaultId, Fault>,
    acts: Vec<(Instant, Act)>,
}

/// A run in the hand.
#[derive(Debug)]
pub struct Session {
    scenario: Arc<Scenario>,
    seed: u64,
    faults: BTreeMap<FaultId, Fault>,
    acts: Vec<(Instant, Act)>,
    current: Timeline,
    others: Vec<Left>,
    /// Where the reader stands, when not at the frontier.
    past: Option<Snapshot>,
    /// Virtual time as the reader sees it: at or after the last move.
    clock: Instant,
    /// Records made again by replay, of a part that the reel has let go.
    again: Vec<Record>,
    branches_made: u32,
}

impl Session {
    /// Begins a run.
    pub fn new(scenario: Scenario, seed: u64) -> Session {
        let scenario = Arc::new(scenario);
        let mut tape = Tape::new(Keep::Everything);
        let world = build::world(&scenario, seed, &mut tape);
        let course = Course::new(world, build::journal(&scenario));
        let panel = build::panel(&scenario);
        let planned = scenario.faults.iter().zip(1..).map(|(planned, id)| {
            let origin = Origin::Scenario(planned.id.clone());
            let spec = planned.fault.clone();
            (FaultId(id), Fault { id: FaultId(id), spec, origin, at: Instant(planned.at.0) })
        });
        Session {
            seed,
            faults: planned.collect(),
            acts: Vec::new(),
            current: Timeline::begin("main".to_owned(), course, panel, &mut tape),
            others: Vec::new(),
            past: None,
            clock: Instant::ZERO,
            again: Vec::new(),
            branches_made: 0,
            scenario,
        }
    }

    /// Returns the scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Returns the seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn here(&self) -> &Snapshot {
        self.past.as_ref().unwrap_or(&self.current.frontier)
    }

    /// Returns where the reader stands.
    pub fn position(&self) -> Position {
        self.here().position()
    }

    /// Returns the newest position that was reached.
    pub fn frontier(&self) -> Position {
        self.current.frontier.position()
    }

    /// Returns whether the reader stands in the past.
    pub fn in_past(&self) -> bool {
        self.past.is_some()
    }

    /// Returns virtual time as the reader sees it: at or after the last move.
    pub fn clock(&self) -> Instant {
        self.clock
    }

    /// Returns a hash of everything that happened up to here.
    pub fn digest(&self) -> u64 {
        self.here().course.world().digest()
    }

    /// Returns all inputs of the current future, planned and made.
    pub fn journal(&self) -> &[Placed] {
        self.current.frontier.course.journal()
    }

    /// Returns what was done by hand in the current future, with its instants.
    pub fn acts(&self) -> &[(Instant, Act)] {
        &self.acts
    }

    /// Goes on to a virtual instant, at most `moves_max` moves; returns whether it got there.
    pub fn advance_to(&mut self, target: Instant, moves_max: u64) -> bool {
        let mut tape = Tape::new(Keep::Everything);
        for _ in 0..moves_max {
            if !self.step_until(target, &mut tape) {
                self.clock = self.clock.max(target);
                return true;
            }
        }
        false
    }

    /// Makes the next move, whenever it is due; returns whether there was one.
    pub fn step(&mut self) -> bool {
        self.step_until(Instant(u64::MAX), &mut Tape::new(Keep::Everything))
    }

    fn step_until(&mut self, until: Instant, tape: &mut Tape) -> bool {
        let went_on = match &mut self.past {
            Some(past) => {
                let went_on = past.course.step(until, &mut Tape::new(Keep::Nothing));
                if past.position().moves >= self.current.frontier.position().moves {
                    self.past = None;
                }
                went_on
            }
            None => self.current.extend(until, tape),
        };
        if went_on {
            self.clock = self.clock.max(self.position().at);
        }
        went_on
    }

    /// Goes back one move; returns whether there was one.
    pub fn back(&mut self) -> bool {
        let moves = self.position().moves;
        moves > 0 && self.seek(Seek::Moves(moves - 1))
    }

    /// Goes where it is told, within what was reached; returns whether that is somewhere else.
    pub fn seek(&mut self, to: Seek) -> bool {
        let (from, clock) = (self.position().moves, self.clock);
        let last = self.frontier().moves;
        let moves = match to {
            Seek::Moves(moves) => moves,
            Seek::Start => 0,
            Seek::End => last,
            Seek::Time(at) => return self.seek_time(at),
            Seek::Record(id) => return self.seek_record(id),
            Seek::Next(kind) => match self.stops(kind).find(|m| m.moves > from) {
                Some(milestone) => milestone.moves,
                None => last,
            },
            Seek::Previous(kind) => {
                let before = self.stops(kind).take_while(|m| m.moves < from).last();
                before.map_or(0, |milestone| milestone.moves)
            }
        };
        self.go(moves.min(last));
        self.position().moves != from || self.clock != clock
    }

    fn stops(&self, kind: Option<Kind>) -> impl Iterator<Item = &Milestone> {
        self.current.milestones.iter().filter(move |milestone| match kind {
            Some(kind) => milestone.kind() == kind,
            None => milestone.kind() != Kind::Commit,
        })
    }

    fn go(&mut self, moves: u64) {
        if moves >= self.frontier().moves {
            self.past = None;
        } else if moves != self.position().moves {
            let mut here = self.current.before(moves);
            here.skip(moves);
            self.past = Some(here);
        }
        self.clock = self.position().at;
        self.remember();
    }

    fn seek_time(&mut self, at: Instant) -> bool {
        let (from, clock) = (self.position().moves, self.clock);
        if at < self.frontier().at {
            let mut here = self.current.start(|snapshot| snapshot.position().at <= at);
            let mut tape = Tape::new(Keep::Nothing);
            while here.course.step(at, &mut tape) {}
            self.past = Some(here);
            self.clock = at;
        } else {
            self.past = None;
            self.clock = self.frontier().at;
        }
        self.remember();
        self.position().moves != from || self.clock != clock
    }

    fn seek_record(&mut self, id: EventId) -> bool {
        let mut here = self.current.start(|s| s.course.world().next_record() <= id);
        let mut tape = Tape::new(Keep::Nothing);
        let last = self.frontier().moves;
        while here.position().moves < last
            && here.course.world().next_record() <= id
            && here.course.step(Instant(u64::MAX), &mut tape)
        {}
        self.seek(Seek::Moves(here.position().moves))
    }

    /// Makes the records around the position again where the reel has let them go.
    fn remember(&mut self) {
        self.again.clear();
        let position = self.position().moves;
        let next = self.here().course.world().next_record();
        if next > self.current.reel.first() || next == EventId(0) {
            return;
        }
        let mut here = self.current.start(|s| s.position().moves + RELIVED <= position);
        let mut tape = Tape::new(Keep::Everything);
        while here.position().moves < position && here.course.step(Instant(u64::MAX), &mut tape) {}
        self.again = tape.records;
    }

    /// Does something now. In the past this begins a new future; the old one is kept as a branch.
    /// Returns the fault that was injected, if one was.
    pub fn make(&mut self, act: Act) -> Option<FaultId> {
        if self.past.is_some() {
            self.branch_here();
        }
        // What is due at this instant comes first: an input precedes the events of its instant.
        let at = self.clock + Span(1);
        while self.step_until(self.clock, &mut Tape::new(Keep::Everything)) {}
        let (input, fault) = self.input(&act, at);
        self.acts.push((at, act));
        let mut frontier = (*self.current.frontier).clone();
        let applied = frontier.course.applied();
        let mut to_come = frontier.course.journal()[applied..].to_vec();
        to_come.insert(0, Placed { at, input });
        frontier.course.plan(to_come);
        self.current.frontier = Arc::new(frontier);
        let mut tape = Tape::new(Keep::Everything);
        while self.step_until(at, &mut tape) {}
        self.clock = at;
        fault
    }

    fn input(&mut self, act: &Act, at: Instant) -> (Input, Option<FaultId>) {
        match act {
            Act::Inject { fault, heal_after } => {
                let id = FaultId(self.faults.len() as u32 + 1);
                let plan = build::plan(&self.scenario, fault, *heal_after);
                let entry = Fault { id, spec: fault.clone(), origin: Origin::Hand, at };
                self.faults.insert(id, entry);
                (Input::Inject(id, plan), Some(id))
            }
            Act::Heal(id) => (Input::Heal(*id), None),
            Act::Set { switch, on } => (Input::Set { switch: intern(self, switch), on: *on }, None),
        }
    }

    fn branch_here(&mut self) {
        let Some(past) = self.past.take() else { return };
        let position = past.position();
        // The past was made for the eye alone; to go on, the oracles must have seen it too.
        let mut here = self.current.before(position.moves);
        here.follow(position.moves);
        let acts = self.acts.clone();
        let kept: Vec<_> = acts.iter().filter(|(at, _)| *at <= position.at).cloned().collect();
        let faults = self.faults.clone();
        let planned = self.scenario.faults.len() as u32;
        self.faults.retain(|id, fault| id.0 <= planned || fault.at <= position.at);
        let to_come = build::journal(&self.scenario).into_iter();
        let applied = here.course.applied();
        let planned_applied = here.course.journal()[..applied].to_vec();
        let to_come = to_come.filter(|placed| !planned_applied.contains(placed));
        here.course.plan(to_come.collect::<Vec<_>>());
        self.branches_made += 1;
        let name = format!("branch {}", self.branches_made);
        let branch = self.current.branch(name, here);
        let old = std::mem::replace(&mut self.current, branch);
        self.others.push(Left { timeline: old, faults, acts });
        self.acts = kept;
    }

    /// Names the futures that were left: each with where it was left and how far it reaches.
    pub fn branches(&self) -> Vec<(String, Option<Position>, Position)> {
        let others = self.others.iter().map(|left| &left.timeline);
        others.map(|t| (t.name.clone(), t.forked_at, t.frontier.position())).collect()
    }

    /// Returns the name of the current future.
    pub fn branch(&self) -> &str {
        &self.current.name
    }

    /// Goes over to another future, at its frontier; the current one is kept.
    pub fn switch_branch(&mut self, place: usize) {
        if place >= self.others.len() {
            return;
        }
        let next = self.others.remove(place);
        let left = Left {
            timeline: std::mem::replace(&mut self.current, next.timeline),
            faults: std::mem::replace(&mut self.faults, next.faults),
            acts: std::mem::replace(&mut self.acts, next.acts),
        };
        self.others.push(left);
        self.past = None;
        self.again.clear();
        self.clock = self.frontier().at;
    }

    /// Draws the world as it is at the position.
    pub fn scene(&self) -> Scene {
        let mut scene = self.here().course.world().scene();
        scene.now = self.clock;
        scene
    }

    /// Looks into one node.
    pub fn inspect(&self, who: Address, rows: usize) -> Option<Inspection> {
        self.here().course.world().inspect(who, rows)
    }

    /// Returns a record up to the position, where it is still known.
    pub fn record(&self, id: EventId) -> Option<&Record> {
        if id >= self.next_record() {
            return None;
        }
        let first = self.again.first().map(|record| record.id);
        match first {
            Some(first) if id >= first => self.again.get((id.0 - first.0) as usize),
            _ => self.current.reel.get(id),
        }
    }

    /// Returns the number that the next record will have: all before it have happened.
    pub fn next_record(&self) -> EventId {
        self.here().course.world().next_record()
    }

    /// Lists the records up to the position, newest first, as far as they are known.
    pub fn newest_records(&self) -> impl Iterator<Item = &Record> {
        let next = self.next_record().0;
        (0..next).rev().map_while(move |id| self.record(EventId(id)))
    }

    /// Returns the first record that is still known without replay: where memory begins.
    pub fn memory_begins(&self) -> EventId {
        let again = self.again.first().map(|record| record.id);
        again.unwrap_or_else(|| self.current.reel.first())
    }

    /// Lists what the oracles said up to the position, in order.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        let next = self.next_record();
        self.current.signals.iter().take_while(move |signal| signal.event() < next)
    }

    /// Lists what is wrong at the position: findings that were raised and not cleared.
    pub fn standing(&self) -> Vec<&Finding> {
        let here = self.here();
        let mut standing: Vec<&Finding> = here.panel.standing().collect();
        for signal in self.said_since(here) {
            match signal {
                Signal::Raised(finding) => standing.push(finding),
                Signal::Cleared { property, subject, .. } => {
                    standing.retain(|old| old.property != *property || old.subject != *subject);
                }
            }
        }
        standing
    }

    /// Returns what each oracle says at the position.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let here = self.here();
        let mut verdicts = here.panel.verdicts(self.position().at);
        for finding in self.said_since(here).filter_map(Signal::raised) {
            let same = |verdict: &&mut Verdict| verdict.property == finding.property;
            let Some(verdict) = verdicts.iter_mut().find(same) else { continue };
            let stalls = finding.grade == Grade::Stall;
            verdict.state = if stalls { State::Stalled } else { State::Violated };
            verdict.at.get_or_insert(finding.at);
            verdict.first.get_or_insert_with(|| finding.clone());
            verdict.count += 1;
        }
        verdicts
    }

    /// Lists what was said up to the position since the panel of a snapshot fell silent: in the
    /// past, the panel is that of the snapshot from which the position was reached.
    fn said_since(&self, here: &Snapshot) -> impl Iterator<Item = &Signal> {
        let next = self.next_record();
        let since = self.current.signals.iter().skip(here.said);
        since.take_while(move |signal| signal.event() < next)
    }

    /// Returns the oracles at the frontier.
    pub fn panel(&self) -> &Panel {
        &self.current.frontier.panel
    }

    /// Lists the milestones of the current future, those ahead of the position too.
    pub fn milestones(&self) -> impl DoubleEndedIterator<Item = &Milestone> {
        self.current.milestones.iter()
    }

    /// Lists the faults up to the position, with the stage of each.
    pub fn faults(&self) -> Vec<(Fault, Stage)> {
        let next = self.next_record();
        let so_far = self.current.fates.iter().take_while(|(record, ..)| *record < next);
        let mut stages: BTreeMap<FaultId, Stage> =
            so_far.map(|(_, fault, stage)| (*fault, *stage)).collect();
        for (id, stage) in &mut stages {
            let acted = self.touched(*id).is_some_and(|record| record < next);
            if *stage == Stage::Dormant && acted {
                *stage = Stage::Active;
            }
        }
        let known = stages
            .into_iter()
            .filter_map(|(id, stage)| self.faults.get(&id).map(|fault| (fault.clone(), stage)));
        known.collect()
    }

    /// Returns the first record that a fault had a part in.
    pub fn touched(&self, fault: FaultId) -> Option<EventId> {
        self.current.frontier.touched.get(&fault).copied()
    }
}

/// Finds the protocol's own name of a switch, which lives as long as the program.
fn intern(session: &Session, name: &str) -> &'static str {
    let switches = session.scene().switches;
    let found = switches.into_iter().find(|(switch, _)| *switch == name);
    found.map_or("", |(switch, _)| switch)
}
