//! What a liar says in the place of what is so, and where bits flip.

use super::message::{Condition, Message};
use super::{Stable, State, ThreePhaseCommit};
use crate::protocols::atomic::{FALSE_VALUE, Phase, flip_value};
use crate::sim::{Flip, Liar, Untruth};

/// Returns the lie in the place of a message, where there is one.
pub(super) fn forge(msg: &Message, liar: &Liar) -> Option<Message> {
    Some(match (liar.tells(), *msg) {
        // The contrary: commit for abort, YES for NO, and whether it knows that all said YES.
        (Untruth::Contrary, Message::Outcome(t, commit)) => Message::Outcome(t, !commit),
        (Untruth::Contrary, Message::Vote(t, yes)) => Message::Vote(t, !yes),
        (Untruth::Contrary, Message::StateReply(t, ballot, condition)) => {
            let condition = match condition {
                Condition::Operational(phase) => Condition::Operational(other(phase)),
                Condition::Recovering(phase) => Condition::Recovering(other(phase)),
            };
            Message::StateReply(t, ballot, condition)
        }
        // Another value: each participant promises something else.
        (Untruth::Value, Message::Prepare(t, mut write)) => {
            write.value += FALSE_VALUE;
            Message::Prepare(t, write)
        }
        // A false account: YES where it aborted, and of all else it says that it knows nothing.
        (Untruth::Denial, Message::Vote(t, false)) => Message::Vote(t, true),
        (Untruth::Denial, Message::StateReply(t, ballot, _)) => {
            Message::StateReply(t, ballot, Condition::Operational(Phase::Voted))
        }
        _ => return None,
    })
}

const fn other(phase: Phase) -> Phase {
    match phase {
        Phase::Voted => Phase::PreCommitted,
        Phase::PreCommitted => Phase::Voted,
    }
}

/// Flips a bit of a value.
pub(super) fn flip(what: &mut Flip<'_, ThreePhaseCommit>, bit: u64) -> bool {
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
