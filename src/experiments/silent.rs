//! The client of experiments in which nobody calls.

use crate::sim::{Client, ClientEvent, ClientOutbox};

/// A client that never calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Silent;

impl Client for Silent {
    fn boot(&mut self, _out: &mut ClientOutbox) {}

    fn step(&mut self, _event: ClientEvent, _out: &mut ClientOutbox) {}

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}
