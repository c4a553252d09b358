//! What a liar says in the place of the truth, and what a flipped bit makes of it.

use crate::sim::{Flip, Untruth};

use super::Paxos;
use super::message::{Message, Proposal, Value};
use super::state::{Phase, State};

/// What is added to a value to make one that nobody wrote.
const INVENTED: u64 = 1_000_000_000_000;
/// The bit of a call's number that makes one of a call that nobody made.
const NOBODY: u32 = 1 << 31;
/// How many of a value's low bits may flip: the result still looks like a value.
const BITS: u64 = 24;

/// Says what a liar sends instead of a message.
///
/// `Value` and `Contrary` put a value that nobody proposed into every proposal; the latter is told
/// to some and not to others. `Denial` is the acceptor's: it denies what it accepted, and promises
/// what it should refuse.
pub(super) fn forge(msg: &Message, tells: Untruth) -> Option<Message> {
    if tells == Untruth::Denial {
        return match *msg {
            Message::Promise { ballot, accepted: Some(_) } | Message::Refusal { ballot, .. } => {
                Some(Message::Promise { ballot, accepted: None })
            }
            _ => None,
        };
    }
    let other = |proposal: Proposal| Proposal { value: invented(proposal.value), ..proposal };
    match *msg {
        Message::Promise { ballot, accepted: Some(last) } => {
            Some(Message::Promise { ballot, accepted: Some(other(last)) })
        }
        Message::Accept(proposal) => Some(Message::Accept(other(proposal))),
        Message::Accepted(proposal) => Some(Message::Accepted(other(proposal))),
        Message::Learn(proposal) => Some(Message::Learn(other(proposal))),
        Message::Prepare { .. } | Message::Promise { .. } | Message::Refusal { .. } => None,
    }
}

fn invented(mut value: Value) -> Value {
    value.call.serial |= NOBODY;
    value.value = value.value.wrapping_add(INVENTED);
    value
}

/// Flips a bit of a value, where there is one.
pub(super) fn flip(what: Flip<'_, Paxos>, bit: u64) -> bool {
    let place = match what {
        Flip::State(state) => in_memory(state, bit / BITS),
        Flip::Stable(stable) => stable.accepted.as_mut().map(|last| &mut last.value),
        Flip::Msg(
            Message::Accept(proposal)
            | Message::Accepted(proposal)
            | Message::Learn(proposal)
            | Message::Promise { accepted: Some(proposal), .. },
        ) => Some(&mut proposal.value),
        Flip::Msg(_) => None,
    };
    place.map(|value| value.value ^= 1 << (bit % BITS)).is_some()
}

/// Picks one of the values that a node holds.
fn in_memory(state: &mut State, pick: u64) -> Option<&mut Value> {
    let under_way = match state.round.as_mut().map(|round| &mut round.phase) {
        Some(Phase::Accept { value, .. }) => Some(value),
        _ => None,
    };
    let decided = state.decided.as_mut().map(|proposal| &mut proposal.value);
    let accepted = state.accepted.as_mut().map(|proposal| &mut proposal.value);
    let mut values: Vec<&mut Value> =
        [decided, accepted, under_way].into_iter().flatten().collect();
    let count = values.len() as u64;
    (count > 0).then(|| values.swap_remove((pick % count) as usize))
}
