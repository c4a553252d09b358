//! A circuit breaker: who has failed so often in a row that calling again would be in vain is left
//! alone for a while, then tried with one call (Nygard, Release It!, 2007).
//!
//! Closed: calls pass. Open: none does. Half-open: one passes, and what comes of it decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sim::client::Circuit;
use crate::sim::{Address, Instant, Span};

/// How a circuit breaker is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSpec {
    /// How many attempts in a row have to fail until it opens, 1 to 1,000.
    pub failures: u16,
    /// How long it stays open before one call is let through.
    pub open: Span,
    /// What it guards.
    pub scope: Scope,
}

/// What a circuit breaker guards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Each node by itself: where one is left alone, another is asked.
    #[default]
    Node,
    /// The cluster as a whole.
    Whole,
}

impl Default for BreakerSpec {
    fn default() -> BreakerSpec {
        BreakerSpec { failures: 5, open: Span::secs(1), scope: Scope::Node }
    }
}

/// How one circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Closed { failed: u16 },
    Open { until: Instant },
    HalfOpen,
}

/// A client's breaker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Breaker {
    spec: BreakerSpec,
    /// Whether it is there at all.
    pub on: bool,
    /// Circuits that are not closed with nothing to count; `None` is that of the whole cluster.
    circuits: BTreeMap<Option<Address>, State>,
}

/// What a breaker says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It may pass.
    Passes,
    /// It may pass, to try whether the circuit can be closed.
    Tries,
    /// It may not.
    Refuses,
}

impl Breaker {
    /// Makes a breaker whose circuits are all closed.
    pub fn new(spec: BreakerSpec, on: bool) -> Breaker {
        Breaker { spec, on, circuits: BTreeMap::new() }
    }

    /// Returns the circuit in which a node lies: its own, or that of all.
    pub fn circuit(&self, node: Address) -> Option<Address> {
        Some(node).filter(|_| self.spec.scope == Scope::Node)
    }

    /// Asks whether a call to a node may pass.
    pub fn asks(&mut self, node: Address, now: Instant) -> Says {
        let circuit = self.circuit(node);
        let Some(state) = self.circuits.get_mut(&circuit).filter(|_| self.on) else {
            return Says::Passes;
        };
        match *state {
            State::Closed { .. } => Says::Passes,
            State::Open { until } if now >= until => {
                *state = State::HalfOpen;
                Says::Tries
            }
            State::Open { .. } | State::HalfOpen => Says::Refuses,
        }
    }

    /// Takes note of an answer from a node; returns how its circuit stands if that is new.
    pub fn succeeded(&mut self, node: Address) -> Option<Circuit> {
        let was = self.circuits.remove(&self.circuit(node))?;
        let closes = self.on && !matches!(was, State::Closed { .. });
        closes.then_some(Circuit::Closed)
    }

    /// Takes note of an attempt that failed at a node; returns how its circuit stands if that is
    /// new.
    pub fn failed(&mut self, node: Address, now: Instant) -> Option<Circuit> {
        if !self.on {
            return None;
        }
        let open = State::Open { until: now + self.spec.open };
        let failures = self.spec.failures;
        let circuit = self.circuit(node);
        let state = self.circuits.entry(circuit).or_insert(State::Closed { failed: 0 });
        match state {
            State::Closed { failed } => {
                *failed += 1;
                if *failed < failures {
                    return None;
                }
            }
            State::HalfOpen => {}
            // An attempt that was under way when it opened.
            State::Open { .. } => return None,
        }
        *state = open;
        Some(Circuit::Open)
    }

    /// Turns it on or off; its circuits are closed by that.
    pub fn set(&mut self, on: bool) {
        self.on = on;
        self.circuits.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N1: Address = Address::Node(1);
    const N2: Address = Address::Node(2);

    fn breaker(scope: Scope) -> Breaker {
        let spec = BreakerSpec { failures: 2, open: Span::secs(1), scope };
        Breaker::new(spec, true)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_call_try_after_a_while() {
        let mut breaker = breaker(Scope::Node);
        let at = |seconds| Instant::ZERO + Span::secs(seconds);
        assert_eq!(breaker.failed(N1, at(0)), None);
        assert_eq!(breaker.succeeded(N1), None, "not in a row");
        assert_eq!(breaker.failed(N1, at(0)), None);
        assert_eq!(breaker.failed(N1, at(0)), Some(Circuit::Open));
        assert_eq!(breaker.asks(N1, at(0)), Says::Refuses);
        assert_eq!(breaker.asks(N2, at(0)), Says::Passes, "each node has its own");
        assert_eq!(breaker.asks(N1, at(1)), Says::Tries);
        assert_eq!(breaker.asks(N1, at(1)), Says::Refuses, "one is enough");
        assert_eq!(breaker.failed(N1, at(2)), Some(Circuit::Open));
        assert_eq!(breaker.asks(N1, at(2)), Says::Refuses);
        assert_eq!(breaker.asks(N1, at(3)), Says::Tries);
        assert_eq!(breaker.succeeded(N1), Some(Circuit::Closed));
        assert_eq!(breaker.asks(N1, at(3)), Says::Passes);
    }

    #[test]
    fn one_breaker_for_the_whole_cluster_counts_all_nodes_and_none_counts_nothing() {
        let mut whole = breaker(Scope::Whole);
        whole.failed(N1, Instant::ZERO);
        assert_eq!(whole.failed(N2, Instant::ZERO), Some(Circuit::Open));
        assert_eq!(whole.asks(N1, Instant::ZERO), Says::Refuses);
        whole.set(false);
        assert_eq!(whole.failed(N2, Instant::ZERO), None);
        assert_eq!(whole.asks(N1, Instant::ZERO), Says::Passes);
    }
}
