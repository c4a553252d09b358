//! Whatever stands outside of the cluster, as the one kind of client that a world steps.

use crate::sim::{Client, ClientEvent, ClientOutbox};

use super::monitor::Monitor;
use super::register::RegisterClient;

/// A client or a monitor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Calls for its own sake.
    Register(RegisterClient),
    /// Watches.
    Monitor(Monitor),
}

impl Client for Actor {
    fn boot(&mut self, out: &mut ClientOutbox) {
        match self {
            Actor::Register(client) => client.boot(out),
            Actor::Monitor(monitor) => monitor.boot(out),
        }
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        match self {
            Actor::Register(client) => client.step(event, out),
            Actor::Monitor(monitor) => monitor.step(event, out),
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        match self {
            Actor::Register(client) => client.set(switch, on),
            Actor::Monitor(monitor) => monitor.set(switch, on),
        }
    }

    fn surge(&mut self, factor: u32, out: &mut ClientOutbox) {
        if let Actor::Register(client) = self {
            client.surge(factor, out);
        }
    }

    fn burst(&mut self, calls: u32, out: &mut ClientOutbox) {
        if let Actor::Register(client) = self {
            client.burst(calls, out);
        }
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        match self {
            Actor::Register(client) => client.switches(),
            Actor::Monitor(monitor) => monitor.switches(),
        }
    }
}
