//! A run without a hand on it: from the beginning to an instant, as cheap as what is asked of it.

use std::ops::ControlFlow;

use crate::oracles::{Panel, Signal};
use crate::sim::{Instant, Keep, Placed, Record, Sim, Tape};

use super::build;
use super::course::Course;
use super::scenario::Scenario;

/// A world on its way with its oracles, and nothing that it passed.
#[derive(Clone, Debug)]
pub struct Trial {
    course: Course,
    panel: Panel,
    tape: Tape,
    signals: Vec<Signal>,
}

impl Trial {
    /// Begins a run of a scenario with its own faults.
    pub fn new(scenario: &Scenario, seed: u64, keep: Keep) -> Trial {
        Trial::with(scenario, seed, build::journal(scenario), keep)
    }

    /// Begins a run of a scenario with other inputs.
    pub fn with(scenario: &Scenario, seed: u64, journal: Vec<Placed>, keep: Keep) -> Trial {
        let mut tape = Tape::new(keep);
        let world = build::world(scenario, seed, &mut tape);
        let panel = build::panel(scenario);
        Trial { course: Course::new(world, journal), panel, tape, signals: vec![] }
    }

    /// Goes on to an instant and returns whether it got there; `watch` sees each record that is
    /// kept, with what the oracles say to it, and may break off.
    pub fn run(
        &mut self,
        until: Instant,
        mut watch: impl FnMut(&Record, &[Signal]) -> ControlFlow<()>,
    ) -> bool {
        // What happened at instant zero is on the tape already.
        loop {
            if self.read(&mut watch).is_break() {
                return false;
            }
            if !self.course.step(until, &mut self.tape) {
                return true;
            }
        }
    }

    fn read(
        &mut self,
        watch: &mut impl FnMut(&Record, &[Signal]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        for record in self.tape.records.drain(..) {
            self.panel.observe(&record, &mut self.signals);
            if flow.is_continue() {
                flow = watch(&record, &self.signals);
            }
            self.signals.clear();
        }
        flow
    }

    /// Returns the world, to look at.
    pub fn world(&self) -> &dyn Sim {
        self.course.world()
    }

    /// Returns the oracles.
    pub fn panel(&self) -> &Panel {
        &self.panel
    }
}
