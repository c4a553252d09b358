//! faultlab: a lab in which you break a cluster on purpose.
pub mod causes;
pub mod cli;
pub mod experiments;
pub mod faults;
pub mod files;
pub mod lab;
pub mod lessons;
pub mod mechanisms;
pub mod oracles;
pub mod protocols;
pub mod sim;
pub mod tui;
pub mod workloads;
