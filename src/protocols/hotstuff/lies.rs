//! What a liar says in the place of an honest message, and what a flipped bit does.

use std::sync::Arc;

use crate::protocols::block::BlockId;
use crate::sim::{Flip, Liar, Untruth};

use super::HotStuff;
use super::message::{Message, Vote};
use super::state::State;

/// Says what a liar sends instead.
///
/// - `Contrary`: another block than the one that it proposes elsewhere, and votes for a block that
///   nobody proposed.
/// - `Value`: as a leader, a block of requests that took effect before; as a replica as above.
/// - `Denial`: it denies what it knows to be prepared and decided.
///
/// A certificate it cannot make up: that takes the signatures of others.
pub(super) fn forge(state: &State, msg: &Message, liar: &Liar) -> Option<Message> {
    match (msg, liar.tells()) {
        (Message::Prepare { block, .. }, tells) => {
            let last = state.chain.last().map(|decided| &decided.block);
            let other = match (tells, last) {
                (Untruth::Denial, _) => return None,
                (Untruth::Value, Some(last)) => block.replayed(last),
                _ => block.contrary(),
            };
            let mut lie = msg.clone();
            if let Message::Prepare { block, .. } = &mut lie {
                *block = other;
            }
            Some(lie)
        }
        (Message::Vote(signed), Untruth::Contrary | Untruth::Value) => {
            let vote = *signed.value();
            let other = Vote { block: BlockId(!vote.block.0), ..vote };
            liar.sign(signed.by(), other).map(Message::Vote)
        }
        (Message::NewView { view, .. }, Untruth::Denial) => {
            Some(Message::NewView { view: *view, high: None, branch: Arc::default() })
        }
        (Message::Decided { .. }, Untruth::Denial) => {
            Some(Message::Decided { blocks: Arc::default(), proof: None, entry: None })
        }
        _ => None,
    }
}

/// Flips a bit. What is signed is protected: a message that was garbled fits no signature, and a
/// block on the disk that does not fit the next one, or its proof, is found when it is read. A
/// value in memory has no such guard: the replica answers wrongly from then on, and its client
/// believes `f + 1`.
pub(super) fn flip(what: Flip<'_, HotStuff>, bit: u64) -> bool {
    match what {
        Flip::State(state) => state.store.flip(bit),
        Flip::Stable(stable) => {
            let len = stable.chain.len();
            let Some(decided) = stable.chain.get_mut(bit as usize % len.max(1)) else {
                return false;
            };
            decided.block = decided.block.flipped(bit);
            true
        }
        Flip::Msg(msg) => {
            *msg = Message::Garbled;
            true
        }
    }
}
