//! The chains of a run: every inquiry worked to its end.

use crate::causes::Chain;
use crate::lab::Session;

/// Explains what went wrong in a run, and what was contained, one chain for each episode.
pub fn chains(_session: &Session) -> Vec<Chain> {
    Vec::new()
}

/// Tells a chain in a few lines.
pub fn tell(_chain: &Chain, _session: &Session) -> Vec<String> {
    Vec::new()
}
