//! Why it happened: the chain from recorded causes, and the runs that confirm it.

pub mod chain;

pub use chain::{Chain, Confirmed, Containment, Named};
