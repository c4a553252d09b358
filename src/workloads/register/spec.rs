//! What a file writes of clients of registers, and the mechanisms that it gives them.

use serde::{Deserialize, Serialize};

use crate::sim::Span;
use crate::workloads::breaker::BreakerSpec;
use crate::workloads::retry::{Jitter, RetrySpec};
use crate::workloads::rotation::Pick;

/// How many clients there are and how they call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterSpec {
    /// How many clients, 0 to 100.
    pub clients: u16,
    /// Calls per virtual second, all clients together, 1 to 10,000.
    pub rate_per_second: u32,
    /// When they begin to call: a cluster that has just started has no leader yet.
    pub start: Span,
    /// How many keys they spread over.
    pub keys: u64,
    /// Share of calls that are reads, in percent.
    pub reads_percent: u8,
    /// Share of the writes that delete their key, in percent, for stores that know deletes.
    pub deletes_percent: u8,
    /// How long one attempt waits.
    pub timeout: Span,
    /// How long the whole call waits.
    pub deadline: Span,
    /// How a call is tried again.
    pub retry: RetrySpec,
    /// Where further tries have a budget: what each call adds to it, in percent of one, 0 to 100.
    pub retry_budget_percent: u8,
    /// How the circuit breaker is set, where there is one.
    pub breaker: BreakerSpec,
    /// Whom a call asks first.
    pub pick: Pick,
}

impl Default for RegisterSpec {
    fn default() -> RegisterSpec {
        RegisterSpec {
            clients: 3,
            rate_per_second: 50,
            start: Span::millis(400),
            keys: 4,
            reads_percent: 50,
            deletes_percent: 0,
            timeout: Span::millis(200),
            deadline: Span::secs(2),
            retry: RetrySpec::Exponential {
                base: Span::millis(50),
                attempts: 8,
                jitter: Jitter::Full,
            },
            retry_budget_percent: 10,
            breaker: BreakerSpec::default(),
            pick: Pick::Favourite,
        }
    }
}

/// The mechanisms of a client that a scenario names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct With {
    /// It tries again.
    pub retry: bool,
    /// Further tries have a budget.
    pub budget: bool,
    /// It has a circuit breaker.
    pub breaker: bool,
}
