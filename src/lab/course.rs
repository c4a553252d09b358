//! A world on its way through a journal: the one place where inputs and events are merged.

use std::sync::Arc;

use crate::sim::{Instant, Placed, Sim, Tape};

/// A point in a run: after so many moves. A move is one event or one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// How many moves were made.
    pub moves: u64,
    /// Virtual time of the last of them.
    pub at: Instant,
}

/// A world and the inputs that are still to come.
#[derive(Debug)]
pub struct Course {
    world: Box<dyn Sim>,
    journal: Arc<Vec<Placed>>,
    applied: usize,
    moves: u64,
}

impl Clone for Course {
    fn clone(&self) -> Course {
        Course {
            world: self.world.fork(),
            journal: self.journal.clone(),
            applied: self.applied,
            moves: self.moves,
        }
    }
}

impl Course {
    /// Sets a world at its beginning on its way.
    pub fn new(world: Box<dyn Sim>, journal: Vec<Placed>) -> Course {
        Course { world, journal: Arc::new(journal), applied: 0, moves: 0 }
    }

    /// Returns where the course is.
    pub fn position(&self) -> Position {
        Position { moves: self.moves, at: self.world.now() }
    }

    /// Returns the world, to look at.
    pub fn world(&self) -> &dyn Sim {
        &*self.world
    }

    /// Returns all inputs, applied and to come.
    pub fn journal(&self) -> &[Placed] {
        &self.journal
    }

    /// Returns how many inputs were applied.
    pub fn applied(&self) -> usize {
        self.applied
    }

    /// Replaces the inputs that are still to come; those that were applied stay.
    pub fn plan(&mut self, to_come: impl IntoIterator<Item = Placed>) {
        let mut journal = self.journal[..self.applied].to_vec();
        journal.extend(to_come);
        journal[self.applied..].sort_by_key(|placed| placed.at);
        self.journal = Arc::new(journal);
    }

    /// Returns when the next move is due, or `None` where nothing will ever happen again.
    pub fn next_at(&self) -> Option<Instant> {
        let input = self.journal.get(self.applied).map(|placed| placed.at);
        match (input, self.world.next_at()) {
            (Some(input), Some(event)) => Some(input.min(event)),
            (input, event) => input.or(event),
        }
    }

    /// Makes the next move, if it is due by `until`; returns whether one was made.
    pub fn step(&mut self, until: Instant, tape: &mut Tape) -> bool {
        loop {
            let event = self.world.next_at();
            let input = self.journal.get(self.applied);
            if let Some(placed) = input.filter(|p| event.is_none_or(|event| p.at <= event)) {
                if placed.at > until {
                    return false;
                }
                // An input that was placed while time stood still may lie a hair behind.
                let at = placed.at.max(self.world.now());
                self.world.apply(at, &placed.input, tape);
                self.applied += 1;
                self.moves += 1;
                return true;
            }
            if event.is_none_or(|event| event > until) {
                return false;
            }
            let before = self.world.events();
            self.world.advance(tape);
            // What was only a timer that had been moved is no event.
            if self.world.events() > before {
                self.moves += 1;
                return true;
            }
        }
    }
}
