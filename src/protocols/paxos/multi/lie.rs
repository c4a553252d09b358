//! What a liar says in the place of the truth, and what a flipped bit makes of it.

use crate::protocols::kv::Command;
use crate::sim::{Flip, Op, Untruth};

use super::MultiPaxos;
use super::message::{Entries, Entry, Message};

/// What is added to a value to make one that nobody wrote.
const INVENTED: u64 = 1_000_000_000_000;
/// The bit of a call's number that makes one of a call that nobody made.
const NOBODY: u32 = 1 << 31;
/// How many of a value's low bits may flip: the result still looks like a value.
const BITS: u64 = 24;

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

fn invented(command: Option<Command>) -> Option<Command> {
    let mut command = command?;
    command.call.serial |= NOBODY;
    if let Op::Write { value, .. } = &mut command.op {
        *value = value.wrapping_add(INVENTED);
    }
    Some(command)
}

/// Flips a bit of a value that is written, where there is one.
pub(super) fn flip(what: Flip<'_, MultiPaxos>, bit: u64) -> bool {
    let log = match what {
        Flip::Msg(msg) => return in_message(msg, bit),
        Flip::State(state) => &mut state.log,
        Flip::Stable(stable) => &mut stable.log,
    };
    let count = log.len() as u64;
    if count == 0 {
        return false;
    }
    // From a random place on, the first slot that holds a write.
    let skipped = (bit / BITS % count) as usize;
    let writes =
        |entry: &Entry| matches!(entry.command, Some(Command { op: Op::Write { .. }, .. }));
    let slot = log.iter().skip(skipped).find(|(_, entry)| writes(entry)).map(|(slot, _)| *slot);
    slot.and_then(|slot| log.get_mut(&slot)).is_some_and(|entry| in_entry(entry, bit))
}

fn in_message(msg: &mut Message, bit: u64) -> bool {
    match msg {
        Message::Accept { command: Some(command), .. } => in_command(command, bit),
        Message::Promise { accepted: entries, .. } | Message::Teach { entries } => {
            let mut copy = entries.as_slice().to_vec();
            let flipped = copy.iter_mut().any(|(_, entry)| in_entry(entry, bit));
            *entries = copy.into_iter().collect();
            flipped
        }
        _ => false,
    }
}

fn in_entry(entry: &mut Entry, bit: u64) -> bool {
    entry.command.as_mut().is_some_and(|command| in_command(command, bit))
}

fn in_command(command: &mut Command, bit: u64) -> bool {
    let Op::Write { value, .. } = &mut command.op else { return false };
    *value ^= 1 << (bit % BITS);
    true
}
