//! Failures: what clients see go wrong.
//!
//! Here: wrong answers (linearizable), promises not kept (durable), no answers (available), late
//! answers (on time). Absent on purpose: everything inside of the cluster, but for durability,
//! which looks at the logs so that a loss is seen when it happens and not when somebody asks.
//!
//! To add one: a file with a `KIND` and an oracle, and its line in `ORACLES`.

pub mod available;
pub mod durable;
pub mod keeps_updates;
pub mod linearizable;
pub mod on_time;
pub mod regular;
