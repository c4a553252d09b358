//! One run, held in the hand.

mod check;
pub mod place;
pub mod reading;
pub mod scenario;
mod wording;

pub use reading::{Problem, Report, read_ron, read_text, write_ron};
pub use scenario::{Scenario, read_scenario};
