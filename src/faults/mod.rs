//! The taxonomy: one file a class, each a spec turned into a plan of levers.

pub mod spec;

pub use spec::{Cut, FaultSpec, Target};
