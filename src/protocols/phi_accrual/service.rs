//! What a node does beside watching: a small service of its own, of which heartbeats say nothing.

use crate::sim::{Op, Outcome};

use super::{PhiAccrual, State};

/// How many keys a node's own service holds; writes to more are refused.
pub const KEYS_MAX: usize = 10_000;

impl PhiAccrual {
    /// Serves a call by itself: each node has a small store of its own, that nobody else copies.
    pub(super) fn serve(state: &mut State, op: Op) -> Outcome {
        match op {
            Op::Read { key } => Outcome::Read(state.store.get(&key).copied()),
            Op::Write { key, value } => {
                if state.store.len() >= KEYS_MAX && !state.store.contains_key(&key) {
                    return Outcome::Refused;
                }
                state.store.insert(key, value);
                Outcome::Written
            }
        }
    }
}
