//! Progress: whether the cluster goes on, within a bound.
//!
//! Safety says that nothing bad happens; these say that something good does. No bound can hold
//! while the network may do anything (Fischer, Lynch and Paterson 1985), so a stall while faults
//! last is told and forgiven, and one that outlives them by the bound is not (Dwork, Lynch and
//! Stockmeyer 1988).
//!
//! To add one: a file with a `KIND` of grade `Stall` and an oracle, and its line in `ORACLES`.

pub mod completeness;
pub mod converges;
pub mod decides;
pub mod delivers;
pub mod ends_mistakes;
pub mod metastable;
pub mod suspects_crashed;
pub mod suspects_unserving;
