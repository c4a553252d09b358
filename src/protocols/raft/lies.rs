//! What a node may say that no honest node would, and what a flipped bit changes.
//!
//! Raft is built for nodes that do not lie (§2): nothing here is refused by anybody. One liar among
//! three is enough to elect two leaders in one term, or to lose what was committed.

use crate::protocols::kv::{self, Command};
use crate::sim::{Flip, Untruth};

use super::Raft;
use super::log::{Entries, Entry};
use super::message::{Check, LogEnd, Message};
use super::state::State;

/// Says what a liar says in the place of an honest message.
pub(super) fn forge(state: &State, msg: &Message, tells: Untruth) -> Option<Message> {
    match tells {
        Untruth::Contrary => contrary(msg),
        Untruth::Value => value(msg),
        Untruth::Denial => denial(state, msg),
    }
}

/// Yes for no, and no for yes.
fn contrary(msg: &Message) -> Option<Message> {
    Some(match msg {
        Message::Vote { term, granted } => Message::Vote { term: *term, granted: !granted },
        Message::PreVoteReply { term, asked, granted } => {
            Message::PreVoteReply { term: *term, asked: *asked, granted: !granted }
        }
        Message::AppendReply { term, round, check } => {
            let check = match *check {
                Check::Matched { index } => Check::Conflict { at: index, term: 0, first: index },
                Check::Conflict { at, .. } => Check::Matched { index: at },
            };
            Message::AppendReply { term: *term, round: *round, check }
        }
        _ => return None,
    })
}

/// Another value than the client wrote.
fn value(msg: &Message) -> Option<Message> {
    let Message::AppendEntries { entries, .. } = msg else { return None };
    let (mut lied, mut told) = (msg.clone(), false);
    let Message::AppendEntries { entries: place, .. } = &mut lied else { return None };
    let change = |entry: &Entry| {
        let command = entry.command.map(Command::with_false_value);
        told |= command != entry.command;
        Entry { command, ..*entry }
    };
    *place = entries.as_slice().iter().map(change).collect();
    told.then_some(lied)
}

/// A vote that was given already, a log that nobody has, an acknowledgement of nothing.
fn denial(state: &State, msg: &Message) -> Option<Message> {
    Some(match msg {
        Message::Vote { term, granted: false } => Message::Vote { term: *term, granted: true },
        Message::PreVoteReply { term, asked, granted: false } => {
            Message::PreVoteReply { term: *term, asked: *asked, granted: true }
        }
        Message::RequestVote { term, .. } => {
            let log = LogEnd { term: *term, index: state.log.last_index() };
            Message::RequestVote { term: *term, log }
        }
        Message::AppendReply { term, round, check: Check::Conflict { at, .. } } => {
            let check = Check::Matched { index: *at };
            Message::AppendReply { term: *term, round: *round, check }
        }
        _ => return None,
    })
}

/// Flips a bit of a value, or of an answer.
pub(super) fn flip(what: Flip<'_, Raft>, bit: u64) -> bool {
    match what {
        Flip::State(state) => state.store.flip(bit) || state.log.flip(bit),
        Flip::Stable(stable) => stable.log.flip(bit),
        Flip::Msg(Message::AppendEntries { entries, .. }) => flip_one(entries, bit),
        Flip::Msg(Message::Vote { granted, .. } | Message::PreVoteReply { granted, .. }) => {
            *granted = !*granted;
            true
        }
        Flip::Msg(_) => false,
    }
}

fn flip_one(entries: &mut Entries, bit: u64) -> bool {
    let mut copy: Vec<Entry> = entries.as_slice().to_vec();
    let values = copy.iter_mut().filter_map(|entry| entry.command.as_mut());
    let flipped = kv::flip_one(values, bit);
    if flipped {
        *entries = copy.into_iter().collect();
    }
    flipped
}
