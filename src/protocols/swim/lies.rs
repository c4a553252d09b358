//! What a liar says in the place of the truth, and what a flipped bit does.

use crate::sim::{Address, Flip, Liar, Untruth};

use super::message::{Claim, Health, Message, News};
use super::state::State;
use super::{NEWS_MAX, Swim};

/// An incarnation that nobody can outbid.
const HIGHEST: u64 = u64::MAX;
/// How many bits of an incarnation may flip.
const BITS: u64 = 40;

/// Says what a liar says in the place of `msg`: the same, with untrue news.
///
/// `Value`: the next member after the liar is dead, in an incarnation that it cannot outbid.
/// `Contrary`: the receiver's neighbour is suspect, so that each is told of another.
/// `Denial`: it has heard of nobody's failure.
pub(super) fn forge(
    swim: &Swim,
    state: &State,
    msg: &Message,
    to: Address,
    liar: &Liar,
) -> Option<Message> {
    let mut told = msg.clone();
    let after = |of: u16| of % swim.nodes + 1;
    let me = liar.me().node()?;
    let (of, claim) = match liar.tells() {
        Untruth::Denial => {
            told.news.retain(|news| news.claim.health == Health::Alive);
            return (told != *msg).then_some(told);
        }
        Untruth::Value => (after(me), Claim { incarnation: HIGHEST, health: Health::Dead }),
        Untruth::Contrary => {
            let of = after(to.node()?);
            let incarnation = state.member(of).claim.incarnation;
            (of, Claim { incarnation, health: Health::Suspect })
        }
    };
    if of == me {
        return None;
    }
    // It can repeat what another has signed, and sign nothing in its name.
    let seal = liar.sign(Address::Node(of), claim.incarnation);
    let seal = seal.or_else(|| state.member(of).seal);
    told.news.retain(|news| news.of != of);
    told.news.truncate(NEWS_MAX - 1);
    told.news.insert(0, News { of, claim, seal });
    Some(told)
}

/// Flips a bit of an incarnation in what is given.
pub(super) fn flip(what: Flip<'_, Swim>, bit: u64) -> bool {
    let mask = 1 << (bit % BITS);
    let place = (bit / BITS) as usize;
    match what {
        Flip::State(state) => {
            let count = state.members.len().max(1);
            match state.members.keys().nth(place % count).copied() {
                None => state.incarnation ^= mask,
                Some(of) if of == state.me => state.incarnation ^= mask,
                Some(of) => {
                    if let Some(member) = state.members.get_mut(&of) {
                        member.claim.incarnation ^= mask;
                    }
                }
            }
            true
        }
        Flip::Stable(stable) => {
            stable.incarnation ^= mask;
            true
        }
        Flip::Msg(msg) => {
            let count = msg.news.len().max(1);
            let news = msg.news.get_mut(place % count);
            news.map(|news| news.claim.incarnation ^= mask).is_some()
        }
    }
}
