//! What a liar says in the place of an honest message, and what a flipped bit does.
//!
//! A liar signs for itself and for those that collude with it. So it can vote as it likes, and
//! propose what it likes, but each lie bears its name: these are the votes that `evidence.rs`
//! convicts.

use std::sync::Arc;

use crate::protocols::block::{Block, BlockId};
use crate::sim::{Flip, Liar, Signed, Untruth};

use super::Tendermint;
use super::message::{Message, Proposal, Vote, VoteKind};
use super::state::State;

/// Says what a liar sends instead.
///
/// - `Contrary`: another block than the one that it proposes or votes for elsewhere, and a vote for
///   the proposal where it votes nil elsewhere.
/// - `Value`: votes for a block that does not exist, and proposals of what was decided before.
/// - `Denial`: it forgets its lock: it prevotes whatever is proposed, precommits without a quorum,
///   and says that it knows no decision.
pub(super) fn forge(state: &State, msg: &Message, liar: &Liar) -> Option<Message> {
    match msg {
        Message::Propose(signed) => {
            let proposal = signed.value();
            let block = match liar.tells() {
                Untruth::Contrary => proposal.block.contrary(),
                Untruth::Value => replay(state, &proposal.block),
                Untruth::Denial => return None,
            };
            let other = Proposal { block, valid_round: None, ..proposal.clone() };
            liar.sign(signed.by(), other).map(Message::Propose)
        }
        Message::Vote(signed) => {
            let vote = signed.value();
            let heard = state.rounds.get(vote.round);
            let proposed = heard.and_then(|heard| heard.proposals.first()).map(Signed::value);
            let proposed = proposed.filter(|proposal| proposal.height == vote.height);
            let other = match liar.tells() {
                Untruth::Contrary => contrary(vote, proposed),
                Untruth::Value => {
                    let invented = BlockId(!vote.block.unwrap_or_default().0);
                    Vote { block: Some(invented), reason: None, ..*vote }
                }
                Untruth::Denial => denial(vote, proposed?),
            };
            liar.sign(signed.by(), other).map(Message::Vote)
        }
        Message::Decisions(_) | Message::Known { .. } if liar.tells() == Untruth::Denial => {
            Some(Message::Status { height: 1, round: 0 })
        }
        _ => None,
    }
}

/// Makes a block that asks for what was decided before; another of the same where nothing was.
fn replay(state: &State, block: &Block) -> Arc<Block> {
    let last = state.chain.last().map(|decided| &decided.commit.block);
    last.map_or_else(|| block.contrary(), |last| block.replayed(last))
}

/// Votes nil for a block, or for another where there is one, and for the proposal instead of nil.
fn contrary(vote: &Vote, proposed: Option<&Proposal>) -> Vote {
    let block = match (vote.block, proposed) {
        (Some(_), Some(proposal)) => Some(proposal.block.contrary().id()),
        (Some(_), None) => None,
        (None, proposal) => proposal.map(|proposal| proposal.block.id()),
    };
    Vote { block, reason: None, ..*vote }
}

/// Votes for the proposal, whatever it was locked on and whatever it has seen.
fn denial(vote: &Vote, proposed: &Proposal) -> Vote {
    let reason = proposed.valid_round.filter(|_| vote.kind == VoteKind::Prevote);
    Vote { block: Some(proposed.block.id()), reason, ..*vote }
}

/// Flips a bit. What is signed is protected: a message that was garbled fits no signature, and a
/// block on the disk that does not fit its proof is found when it is read. A value in memory has
/// no such guard: the validator answers wrongly from then on, and its client believes `f + 1`.
pub(super) fn flip(what: Flip<'_, Tendermint>, bit: u64) -> bool {
    match what {
        Flip::State(state) => state.store.flip(bit),
        Flip::Stable(stable) => {
            let len = stable.chain.len();
            let Some(commit) = stable.chain.get_mut(bit as usize % len.max(1)) else {
                return false;
            };
            let block = commit.block.flipped(bit);
            *commit = Arc::new(super::Commit { block, ..(**commit).clone() });
            true
        }
        Flip::Msg(msg) => {
            *msg = Message::Garbled;
            true
        }
    }
}
