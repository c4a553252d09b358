//! How a call is tried again, how long after, and how often at most.
//!
//! Three switches of a client live here: `retry` for trying again at all, `backoff` for waits that
//! double, `jitter` for waits that are drawn; and `retry_budget` for a bound on how many of all
//! tries may be further ones, whatever becomes of the calls.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::sim::Span;

/// How a call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// After a wait that doubles.
    Exponential {
        /// The first wait.
        base: Span,
        /// How many attempts at most, the first included.
        attempts: u16,
        /// How much of the wait is left to chance.
        #[serde(default)]
        jitter: Jitter,
    },
}

/// How much of a wait is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Jitter {
    /// All of it: anything from zero to the wait.
    #[default]
    Full,
    /// Nothing: clients that failed together come again together.
    Never,
}

impl RetrySpec {
    /// Returns how many attempts there are at most, the first included.
    pub const fn attempts(self) -> u16 {
        match self {
            RetrySpec::Never => 1,
            RetrySpec::Fixed { attempts, .. } | RetrySpec::Exponential { attempts, .. } => attempts,
        }
    }

    /// Returns the first wait.
    pub const fn first(self) -> Span {
        match self {
            RetrySpec::Never => Span::ZERO,
            RetrySpec::Fixed { wait, .. } => wait,
            RetrySpec::Exponential { base, .. } => base,
        }
    }
}

/// How often a wait doubles at most: after that every deadline has long passed.
const DOUBLINGS_MAX: u32 = 16;
/// What one further try takes from the budget.
const COST: u32 = 100;
/// How many further tries a budget that was not used holds at most, so that a few calls that fail
/// after a quiet time are not held back.
pub const RESERVE_TRIES: u32 = 10;

/// A client's policy with its switches, and what its budget holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    spec: RetrySpec,
    /// Whether calls are tried again at all.
    pub on: bool,
    /// Whether waits double.
    pub backs_off: bool,
    /// Whether waits are drawn.
    pub jitters: bool,
    /// What bounds further tries.
    pub budget: Budget,
}

/// A bound on how many of all tries are further ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Whether there is one.
    pub on: bool,
    /// What each call adds to it, in percent of a further try.
    percent: u32,
    tokens: u32,
}

/// Why no further try is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMore {
    /// There were as many as there may be.
    Attempts,
    /// The budget is spent.
    Budget,
}

impl Retry {
    /// Makes the policy of a client; `percent` is what each call adds to the budget.
    pub fn new(spec: RetrySpec, percent: u8, (on, budgeted): (bool, bool)) -> Retry {
        let exponential = matches!(spec, RetrySpec::Exponential { .. });
        let jitters = matches!(spec, RetrySpec::Exponential { jitter: Jitter::Full, .. });
        Retry {
            spec,
            on,
            backs_off: exponential,
            jitters,
            budget: Budget {
                on: budgeted,
                percent: u32::from(percent),
                tokens: COST * RESERVE_TRIES,
            },
        }
    }

    /// Takes note of a call: it adds to the budget.
    pub fn called(&mut self) {
        let full = COST * RESERVE_TRIES;
        self.budget.tokens = (self.budget.tokens + self.budget.percent).min(full);
    }

    /// Returns from what range the wait for one more try is drawn, where there may be one after so
    /// many; the budget pays for it.
    ///
    /// # Errors
    /// Says why there may not be one.
    pub fn again(&mut self, tried: u16) -> Result<RangeInclusive<Span>, NoMore> {
        if !self.on || tried >= self.spec.attempts() {
            return Err(NoMore::Attempts);
        }
        if self.budget.on {
            let left = self.budget.tokens.checked_sub(COST);
            self.budget.tokens = left.ok_or(NoMore::Budget)?;
        }
        let doublings = u32::from(tried.saturating_sub(1)).min(DOUBLINGS_MAX);
        let wait = Span(self.spec.first().0 << if self.backs_off { doublings } else { 0 });
        Ok(if self.jitters { Span::ZERO..=wait } else { wait..=wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: RetrySpec =
        RetrySpec::Exponential { base: Span::millis(50), attempts: 100, jitter: Jitter::Full };

    #[test]
    fn waits_double_and_are_drawn_as_the_switches_say() {
        let mut retry = Retry::new(SPEC, 10, (true, false));
        assert_eq!(retry.again(3), Ok(Span::ZERO..=Span::millis(200)));
        retry.jitters = false;
        assert_eq!(retry.again(3), Ok(Span::millis(200)..=Span::millis(200)));
        retry.backs_off = false;
        assert_eq!(retry.again(3), Ok(Span::millis(50)..=Span::millis(50)));
        assert_eq!(retry.again(100), Err(NoMore::Attempts));
        retry.on = false;
        assert_eq!(retry.again(1), Err(NoMore::Attempts));
    }

    #[test]
    fn a_budget_lets_a_tenth_of_the_calls_be_tried_again_and_a_reserve() {
        let mut retry = Retry::new(SPEC, 10, (true, true));
        let tries = (0..1_000).filter(|_| {
            retry.called();
            retry.again(1).is_ok()
        });
        // The first call finds the reserve full, and what is left at the end is less than a try.
        assert_eq!(tries.count(), 99 + RESERVE_TRIES as usize);
        assert_eq!(retry.again(1), Err(NoMore::Budget));
    }
}
