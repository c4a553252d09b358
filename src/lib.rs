//! faultlab: a lab in which you break a cluster on purpose.
pub mod experiments;
pub mod faults;
pub mod protocols;
pub mod sim;
pub mod workloads;
