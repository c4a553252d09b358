//! Clients: who calls what, when, and what they were told.

pub mod register;

use serde::{Deserialize, Serialize};

use register::RegisterSpec;

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
