//! Clients: who calls what, when, and what they were told.
//!
//! Here: one file a kind of client, each a step function over its own state. Absent on purpose:
//! any judgement of the answers (that is for the oracles), and any knowledge of faults: a client
//! knows what it called and what it heard.
//!
//! To add a workload: a file with its spec and its client, and a variant of `WorkloadSpec`.

pub mod actor;
mod anomaly;
pub mod breaker;
pub mod monitor;
pub mod register;
pub mod retry;
pub mod rotation;

use serde::{Deserialize, Serialize};

use crate::sim::{Calls, Span};

pub use actor::Actor;
pub use breaker::BreakerSpec;
pub use monitor::{Monitor, MonitorSpec, Probe};
pub use register::{RegisterClient, RegisterSpec, With};
pub use retry::{Jitter, RetrySpec};
pub use rotation::Pick;

/// Who calls: what a file writes after `workload:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WorkloadSpec {
    /// Clients that read and write registers with unique values.
    Register(RegisterSpec),
    /// Nobody.
    Silent,
}

impl Default for WorkloadSpec {
    fn default() -> WorkloadSpec {
        WorkloadSpec::Register(RegisterSpec::default())
    }
}

impl WorkloadSpec {
    /// Makes the clients, first client first, for a cluster of so many nodes that wants to be
    /// called so, with these mechanisms.
    pub fn clients(&self, nodes: u16, calls: Calls, with: With) -> Vec<RegisterClient> {
        match self {
            WorkloadSpec::Register(spec) => (1..=spec.clients)
                .map(|number| RegisterClient::new(number, spec, nodes, with).calling(calls))
                .collect(),
            WorkloadSpec::Silent => Vec::new(),
        }
    }

    /// Returns how many clients there are.
    pub fn count(&self) -> u16 {
        match self {
            WorkloadSpec::Register(spec) => spec.clients,
            WorkloadSpec::Silent => 0,
        }
    }

    /// Returns how long one attempt waits for its answer.
    pub fn patience(&self) -> Span {
        match self {
            WorkloadSpec::Register(spec) => spec.timeout,
            WorkloadSpec::Silent => Span::LONGEST,
        }
    }

    /// Returns how long a call may stay open: what is neither answered nor given up by then was
    /// left open by the end of the run.
    pub fn deadline(&self) -> Span {
        match self {
            WorkloadSpec::Register(spec) => spec.deadline,
            WorkloadSpec::Silent => Span::ZERO,
        }
    }
}
