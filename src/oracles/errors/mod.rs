//! Errors: what is wrong inside, whether or not a client ever sees it.
//!
//! Here, in two grades: deviations (a belief that the truth contradicts, a log that lags or has
//! parted), and breaches (a safety invariant of the protocol is broken: agreement and validity,
//! which any consensus promises; the five properties of Raft's Figure 3, and the promise of one
//! vote a term on which they rest; that stores hold what was written and membership lists name who
//! lives).
//! vote a term on which they rest; and that a fork names those who made it).
//! which any consensus promises; what atomic commitment promises; the five properties of Raft's
//! Figure 3, and the promise of one
//! vote a term on which they rest).
//!
//! Absent on purpose: blame. A deviation is no bug; correct Raft is full of them. And a breach is
//! never cleared, since what was broken once was broken.
//!
//! To add one: a file with a `KIND` and an oracle, and its line in `ORACLES`.

pub mod accountability;
pub mod accuracy;
pub mod agreement;
pub mod diverged_log;
pub mod election_safety;
pub mod false_alarm;
pub mod false_suspicion;
pub mod gray_failure;
pub mod integrity;
pub mod lacks_acknowledged_data;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod log_matching;
pub mod no_leader;
pub mod obeys_alike;
pub mod obeys_commander;
pub mod one_certificate;
pub mod one_vote_a_term;
pub mod overloaded;
pub mod proven_culprit;
pub mod resurrection;
pub mod stale_leader;
pub mod stale_write;
pub mod state_machine_safety;
pub mod transactions;
pub mod two_leaders;
pub mod validity;
