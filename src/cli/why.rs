//! The chains of a run: every inquiry worked to its end.

use crate::causes::{Chain, Inquiry, episodes};
use crate::lab::Session;

/// How many episodes are explained at most, the oldest first: each takes runs of its own.
const CHAINS_MAX: usize = 32;

/// Explains what went wrong in a run, and what was contained, one chain for each episode.
pub fn chains(session: &Session) -> Vec<Chain> {
    let episodes = episodes(session).into_iter().take(CHAINS_MAX);
    let chain = |episode: crate::causes::Episode| {
        Inquiry::of_episode(session, &episode.finding, &episode.also).finish()
    };
    episodes.map(chain).collect()
}
