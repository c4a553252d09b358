//! What a liar says in the place of the truth, and what a flipped bit makes of it.

use crate::protocols::kv::{self, Command};
use crate::sim::{Flip, Untruth};

use super::MultiPaxos;
use super::message::{Entries, Entry, Message};
use super::state::Log;

/// The bit of a call's number that makes one of a call that nobody made.
const NOBODY: u32 = 1 << 31;

/// Says what a liar sends instead of a message.
///
/// `Value` and `Contrary` put commands that nobody asked for into what is proposed, reported and
/// taught; the latter is told to some and not to others. `Denial` is the acceptor's: it denies what
/// it accepted, and promises and acknowledges what it should refuse.
pub(super) fn forge(msg: &Message, tells: Untruth) -> Option<Message> {
    if tells == Untruth::Denial {
        return match *msg {
            Message::Promise { ballot, .. } | Message::Refusal { ballot, slot: 0, .. } => {
                Some(Message::Promise { ballot, decided: 0, accepted: Entries::NONE })
            }
            Message::Refusal { ballot, slot, .. } => Some(Message::Accepted { ballot, slot }),
            _ => None,
        };
    }
    let other = |entries: &Entries| -> Entries {
        let entries = entries.as_slice().iter();
        entries
            .map(|(slot, entry)| (*slot, Entry { command: invented(entry.command), ..*entry }))
            .collect()
    };
    match msg {
        Message::Promise { ballot, decided, accepted } => {
            Some(Message::Promise { ballot: *ballot, decided: *decided, accepted: other(accepted) })
        }
        Message::Accept { ballot, slot, command } => {
            Some(Message::Accept { ballot: *ballot, slot: *slot, command: invented(*command) })
        }
        Message::Teach { entries } => Some(Message::Teach { entries: other(entries) }),
        _ => None,
    }
}

/// Makes up a command of a call that nobody made.
fn invented(command: Option<Command>) -> Option<Command> {
    let mut command = command?.with_false_value();
    command.call.serial |= NOBODY;
    Some(command)
}

/// Flips a bit of a value that is written, or that the store holds.
pub(super) fn flip(what: Flip<'_, MultiPaxos>, bit: u64) -> bool {
    match what {
        Flip::State(state) => state.store.flip(bit) || flip_log(&mut state.log, bit),
        Flip::Stable(stable) => flip_log(&mut stable.log, bit),
        Flip::Msg(Message::Accept { command: Some(command), .. }) => {
            kv::flip_one(std::iter::once(command), bit)
        }
        Flip::Msg(Message::Promise { accepted: entries, .. } | Message::Teach { entries }) => {
            let mut copy = entries.as_slice().to_vec();
            let commands = copy.iter_mut().filter_map(|(_, entry)| entry.command.as_mut());
            let flipped = kv::flip_one(commands, bit);
            if flipped {
                *entries = copy.into_iter().collect();
            }
            flipped
        }
        Flip::Msg(_) => false,
    }
}

fn flip_log(log: &mut Log, bit: u64) -> bool {
    let writes = |entry: &Entry| entry.command.as_ref().is_some_and(Command::writes);
    let count = log.values().filter(|entry| writes(entry)).count() as u64;
    let picked = bit.checked_rem(count).unwrap_or(0) as usize;
    let slot = log.iter().filter(|(_, entry)| writes(entry)).nth(picked).map(|(slot, _)| *slot);
    let command = slot.and_then(|slot| log.get_mut(&slot)).and_then(|entry| entry.command.as_mut());
    kv::flip_one(command.into_iter(), bit)
}
