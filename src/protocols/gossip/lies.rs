//! What a liar says in the place of the truth, and what a flipped bit does.
//!
//! A liar can name any version, and make up any value; the signature of a client it cannot make up.

use smallvec::SmallVec;

use crate::sim::client::DELETED;
use crate::sim::{Flip, Liar, Span, Untruth};

use super::Gossip;
use super::message::{Batch, Claim, Heard, Message, Update, Version};
use super::state::{Item, State};

/// How far a made-up version lies ahead of the true one, so that it wins.
const AHEAD: Span = Span::secs(3_600);
/// What a liar adds to a value: no client ever wrote what comes out.
const UNTRUE: u64 = 500_000_000;
/// How many bits of a value may flip.
const BITS: u64 = 40;

/// Says what a liar says in the place of `msg`.
pub(super) fn forge(state: &State, msg: &Message, liar: &Liar) -> Option<Message> {
    if liar.tells() == Untruth::Denial {
        return deny(msg);
    }
    let lie = |update: &Update| untrue(liar, update);
    match msg {
        Message::Rumours { updates, asks } => {
            Some(Message::Rumours { updates: updates.iter().map(lie).collect(), asks: *asks })
        }
        Message::Updates { updates, wants } => Some(Message::Updates {
            updates: updates.iter().map(lie).collect(),
            wants: wants.clone(),
        }),
        // Rather than show what it holds it tells what it does not.
        Message::Compare { .. } => {
            let updates: Batch =
                state.items.iter().take(1).map(|(k, i)| lie(&i.update(*k))).collect();
            let told = !updates.is_empty();
            told.then_some(Message::Updates { updates, wants: SmallVec::new() })
        }
        Message::Ask | Message::Feedback { .. } => None,
    }
}

/// Makes an update untrue: another value, or for the second story life for death and death for
/// life; with a version that wins.
fn untrue(liar: &Liar, update: &Update) -> Update {
    let Claim { version, value } = update.claim;
    let contrary = liar.tells() == Untruth::Contrary && value != DELETED;
    let value = if contrary { DELETED } else { value % UNTRUE + UNTRUE };
    let by = liar.me().node().unwrap_or(version.by);
    // A lie is not told again an hour further ahead by who has come to believe it.
    let stamp = if version.stamp < AHEAD.0 { version.stamp + AHEAD.0 } else { version.stamp };
    Update { claim: Claim { version: Version { stamp, by }, value }, ..*update }
}

/// Denies: it knew every rumour already, has none, and holds nothing back.
fn deny(msg: &Message) -> Option<Message> {
    match msg {
        Message::Rumours { asks, .. } => {
            Some(Message::Rumours { updates: Batch::new(), asks: *asks })
        }
        Message::Feedback { heard } => {
            let heard = heard.iter().map(|heard| Heard { knew: true, ..*heard }).collect();
            Some(Message::Feedback { heard })
        }
        Message::Updates { .. } => {
            Some(Message::Updates { updates: Batch::new(), wants: SmallVec::new() })
        }
        Message::Ask | Message::Compare { .. } => None,
    }
}

/// Flips a bit of a value in what is given.
pub(super) fn flip(what: Flip<'_, Gossip>, bit: u64) -> bool {
    match what {
        Flip::State(state) => flip_item(&mut state.items, bit),
        Flip::Stable(stable) => flip_item(&mut stable.items, bit),
        Flip::Msg(Message::Rumours { updates, .. } | Message::Updates { updates, .. }) => {
            let place = (bit / BITS) as usize % updates.len().max(1);
            updates.get_mut(place).is_some_and(|update| flip_value(&mut update.claim, bit))
        }
        Flip::Msg(_) => false,
    }
}

fn flip_item(items: &mut imbl::OrdMap<u64, Item>, bit: u64) -> bool {
    let place = (bit / BITS) as usize % items.len().max(1);
    let Some(key) = items.keys().nth(place).copied() else { return false };
    items.get_mut(&key).is_some_and(|item| flip_value(&mut item.claim, bit))
}

fn flip_value(claim: &mut Claim, bit: u64) -> bool {
    claim.value ^= 1 << (bit % BITS);
    true
}
