//! What a liar says in the place of what is so, and where bits flip.

use super::message::Message;
use super::{Stable, State, TwoPhaseCommit};
use crate::protocols::atomic::{FALSE_VALUE, flip_value};
use crate::sim::{Flip, Liar, Untruth};

/// Returns the lie in the place of a message, where there is one.
pub(super) fn forge(msg: &Message, liar: &Liar, coordinates: bool) -> Option<Message> {
    Some(match (liar.tells(), *msg) {
        // The contrary: commit for abort, YES for NO.
        (Untruth::Contrary, Message::Outcome(t, commit)) => Message::Outcome(t, !commit),
        (Untruth::Contrary, Message::Vote(t, yes)) => Message::Vote(t, !yes),
        // Another value: each participant promises something else.
        (Untruth::Value, Message::Prepare(t, mut write)) => {
            write.value += FALSE_VALUE;
            Message::Prepare(t, write)
        }
        // A false account: YES where it aborted, abort where it is bound by its YES or has
        // committed, and where it was the coordinator that committed.
        (Untruth::Denial, Message::Vote(t, false)) => Message::Vote(t, true),
        (Untruth::Denial, Message::Uncertain(t)) => Message::Outcome(t, false),
        (Untruth::Denial, Message::Outcome(t, true)) if !coordinates => Message::Outcome(t, false),
        _ => return None,
    })
}

/// Flips a bit of a value.
pub(super) fn flip(what: &mut Flip<'_, TwoPhaseCommit>, bit: u64) -> bool {
    match what {
        Flip::State(State { records, .. }) | Flip::Stable(Stable { records, .. }) => {
            records.flip(bit)
        }
        Flip::Msg(Message::Prepare(_, write)) => {
            write.value = flip_value(write.value, bit);
            true
        }
        Flip::Msg(Message::Vote(_, outcome) | Message::Outcome(_, outcome)) => {
            *outcome = !*outcome;
            true
        }
        Flip::Msg(_) => false,
    }
}
