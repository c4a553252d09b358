//! One run, held in the hand.

pub mod scenario;
