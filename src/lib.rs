//! faultlab: a lab in which you break a cluster on purpose.
pub mod oracles;
pub mod sim;
