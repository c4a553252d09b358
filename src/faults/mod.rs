//! The taxonomy: one file a class, each a spec turned into a plan of levers.
//!
//! Here: what can be broken, in the field's terms, and what the field says of it (`FAULTS`).
//! Absent on purpose: breaking it. A fault pulls no lever itself; it names levers as data, and
//! `sim` pulls them. Nothing here knows what is right, either: that is for the oracles.
//!
//! To add a variant: a variant of `FaultSpec`, a `Variant` and a plan in the file of its class, its
//! arms in `plan`, `check` and `label`. To add a class: a file like `crash_stop.rs` and its line in
//! `FAULTS`.

pub mod byzantine;
pub mod catalogue;
pub mod check;
pub mod configuration;
pub mod correlated;
pub mod crash_recovery;
pub mod crash_stop;
pub mod gray;
pub mod label;
pub mod omission;
pub mod overload;
pub mod partition;
pub mod plan;
pub mod silent_corruption;
pub mod spec;
pub mod storm;
pub mod timing;

pub use catalogue::{Aim, Class, Variant};
pub use check::{Wrong, check};
pub use label::{class, label, variant};
pub use plan::plan;
pub use spec::{Change, Cut, Effect, FaultSpec, Shift, Target};

/// Every class there is, in the order of its digits.
pub static FAULTS: [&Class; 11] = [
    &crash_stop::CRASH_STOP,
    &crash_recovery::CRASH_RECOVERY,
    &omission::OMISSION,
    &timing::TIMING,
    &gray::GRAY,
    &byzantine::BYZANTINE,
    &silent_corruption::SILENT_CORRUPTION,
    &correlated::CORRELATED,
    &partition::PARTITION,
    &overload::OVERLOAD,
    &configuration::CONFIGURATION,
];

#[cfg(test)]
mod tests;
