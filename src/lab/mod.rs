//! One run, held in the hand: scenario, session, time travel, branches, replay.
//!
//! Absent on purpose: why things happened (`causes`), drawing (`tui`), files (`files`).

pub mod act;
pub mod build;
mod check;
mod course;
pub mod embedded;
mod expect;
pub mod milestone;
pub mod place;
pub mod reading;
mod reel;
pub mod replay;
pub mod scenario;
mod session;
mod timeline;
pub mod token;
mod trial;
mod whereabouts;
pub mod wording;

pub use act::{Act, Fault, Origin, Stage};
pub use course::{Course, Position};
pub use milestone::{Happening, Kind, Milestone};
pub use reading::{Problem, Report, read_ron, read_text, write_ron};
pub use replay::Replay;
pub use scenario::{Scenario, read_scenario};
pub use session::{Seek, Session};
pub use trial::Trial;
