//! The one place where the type of the protocol is forgotten.

use std::fmt::Debug;

use super::address::Address;
use super::lever::Input;
use super::record::{EventId, Tape};
use super::scene::{Inspection, Scene};
use super::time::Instant;

/// The object-safe face of a world.
pub trait Sim: Debug + Send + Sync {
    /// Returns virtual time: that of the last event or input.
    fn now(&self) -> Instant;

    /// Returns when the next event is due, or `None` where nothing will ever happen again.
    fn next_at(&self) -> Option<Instant>;

    /// Takes the next event; returns whether there was one.
    fn advance(&mut self, tape: &mut Tape) -> bool;

    /// Applies an input at its instant, which must not lie before `now` or after the next event.
    fn apply(&mut self, at: Instant, input: &Input, tape: &mut Tape);

    /// Returns how many events were taken.
    fn events(&self) -> u64;

    /// Returns the number that the next record will have.
    fn next_record(&self) -> EventId;

    /// Draws the world at this moment.
    fn scene(&self) -> Scene;

    /// Looks into one node, with at most `rows` of its log; `None` for what is no node.
    fn inspect(&self, who: Address, rows: usize) -> Option<Inspection>;

    /// Makes a second world that goes the same way until one of them is touched.
    fn fork(&self) -> Box<dyn Sim>;

    /// Returns a hash of everything that happened so far, the same on every machine.
    fn digest(&self) -> u64;
}
