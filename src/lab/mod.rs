//! One run, held in the hand: scenario, session, time travel, branches, replay.
//!
//! Absent on purpose: why things happened (`causes`), drawing (`tui`), files (`files`).

pub mod act;
pub mod build;
mod course;
pub mod milestone;
mod reel;
pub mod scenario;
mod session;
mod timeline;
mod trial;

pub use act::{Act, Fault, Origin, Stage};
pub use course::{Course, Position};
pub use milestone::{Happening, Kind, Milestone};
pub use scenario::Scenario;
pub use session::{Seek, Session};
pub use trial::Trial;
