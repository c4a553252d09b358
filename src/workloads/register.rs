//! Clients that read and write registers. Every write of a run has a value of its own.

use serde::{Deserialize, Serialize};

use crate::sim::Span;

/// How many clients there are and how they call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterSpec {
    /// How many clients, 0 to 100.
    pub clients: u16,
    /// Calls per virtual second, all clients together.
    pub rate_per_second: u32,
    /// How many keys they spread over.
    pub keys: u64,
    /// Share of calls that are reads, in percent.
    pub reads_percent: u8,
    /// How long one attempt waits.
    pub timeout: Span,
    /// How long the whole call waits.
    pub deadline: Span,
    /// How a call is tried again.
    pub retry: RetrySpec,
}

/// How a call is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RetrySpec {
    /// Never.
    Never,
    /// After the same wait each time.
    Fixed {
        /// The wait.
        wait: Span,
        /// How many attempts at most, the first included.
        attempts: u16,
    },
    /// After a wait that doubles, with full jitter (anything from zero to the wait).
    Exponential {
        /// The first wait.
        base: Span,
        /// How many attempts at most, the first included.
        attempts: u16,
    },
}

impl Default for RegisterSpec {
    fn default() -> RegisterSpec {
        RegisterSpec {
            clients: 3,
            rate_per_second: 50,
            keys: 4,
            reads_percent: 50,
            timeout: Span::millis(200),
            deadline: Span::secs(2),
            retry: RetrySpec::Exponential { base: Span::millis(50), attempts: 8 },
        }
    }
}
