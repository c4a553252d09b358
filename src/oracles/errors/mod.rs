//! Errors: what is wrong inside, whether or not a client ever sees it.
//!
//! Here, in two grades: deviations (a belief that the truth contradicts, a log that lags or has
//! parted), and breaches (a safety invariant of the protocol is broken: agreement and validity,
//! which any consensus promises; the five properties of Raft's Figure 3, and the promise of one
//! vote a term on which they rest).
//!
//! Absent on purpose: blame. A deviation is no bug; correct Raft is full of them. And a breach is
//! never cleared, since what was broken once was broken.
//!
//! To add one: a file with a `KIND` and an oracle, and its line in `ORACLES`.

pub mod agreement;
pub mod diverged_log;
pub mod election_safety;
pub mod false_suspicion;
pub mod lacks_acknowledged_data;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod log_matching;
pub mod no_leader;
pub mod one_certificate;
pub mod one_vote_a_term;
pub mod stale_leader;
pub mod state_machine_safety;
pub mod two_leaders;
pub mod validity;
