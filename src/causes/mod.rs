//! Why it happened: the chain from recorded causes, and the runs that confirm it.
//!
//! Here: the back-slice that proposes which faults led to a finding, the runs of the same seed
//! without them that confirm or refute it, what contained what, and the chain in words. An inquiry
//! holds these together and works in slices. A chain is computed for the run at hand, never
//! written down beforehand.
//!
//! Absent on purpose: threads (an inquiry is worked a little at a time), any judgement of what is
//! right (`oracles`), any knowledge of one protocol or one class of faults, and drawing.
//!
//! To teach the slice a new kind of cause: an arm in `slice::steps_back`. To name a container that
//! can be switched off: a line in `containment::switch_of`. To measure either: `tests/causes.rs`.

pub mod but_for;
pub mod chain;
mod containment;
pub mod episodes;
pub mod inquiry;
pub mod memory;
pub mod minimise;
mod path;
pub mod pin;
pub mod slice;
mod tell;

pub use chain::{Chain, Confirmed, Containment, Named};
pub use episodes::{Episode, episodes};
pub use inquiry::{Inquiry, Progress};
pub use pin::pinned;
pub use tell::LINES_MAX;
