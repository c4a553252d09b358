//! What the nodes say to each other, in the order of the protocol.

use crate::sim::{Detail, MessageKind, Nature};

use super::log::Entries;

/// Where a log ends: what two logs are compared by (§5.4.1). The term counts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogEnd {
    /// The term of the last entry.
    pub term: u64,
    /// The index of the last entry.
    pub index: u64,
}

/// A message. Who sent it travels with it, so that a candidate or leader need not name itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Asks whether an election could be won, before the term is raised (diss. §9.6).
    PreVote {
        /// The term of the election that may come: one more than the asker's own.
        term: u64,
        /// Where the asker's log ends.
        log: LogEnd,
    },
    /// Answers `PreVote`.
    PreVoteReply {
        /// The answerer's own term.
        term: u64,
        /// The term that was asked about.
        asked: u64,
        /// Whether the answerer would vote.
        granted: bool,
    },
    /// Asks for a vote (§5.2).
    RequestVote {
        /// The candidate's term.
        term: u64,
        /// Where the candidate's log ends.
        log: LogEnd,
    },
    /// Answers `RequestVote`.
    Vote {
        /// The voter's term.
        term: u64,
        /// Whether the candidate has the vote.
        granted: bool,
    },
    /// Replicates entries, or says only that the leader lives (§5.2, §5.3).
    AppendEntries {
        /// The leader's term.
        term: u64,
        /// The index of the entry before the new ones.
        previous_index: u64,
        /// The term of that entry.
        previous_term: u64,
        /// The new entries.
        entries: Entries,
        /// Up to where the leader knows the log to be committed.
        commit: u64,
        /// The leader's round, which the reply repeats: a majority of replies to a round shows
        /// that it still led when the round began (diss. §6.4).
        round: u64,
    },
    /// Answers `AppendEntries`.
    AppendReply {
        /// The follower's term.
        term: u64,
        /// The round of the request.
        round: u64,
        /// What came of the consistency check.
        check: Check,
    },
}

/// What came of the consistency check of `AppendEntries` (§5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The follower's log equals the leader's up to this index, and is on its disk.
    Matched {
        /// Up to which index.
        index: u64,
    },
    /// The follower's log has another entry, or none, at the index before the new entries. The
    /// rest tells the leader how far to go back at once (the optimisation at the end of §5.3).
    Conflict {
        /// The index that was checked.
        at: u64,
        /// The term that the follower has there, or 0 where its log is shorter.
        term: u64,
        /// The first index that the follower has of that term; one past its end where it is
        /// shorter.
        first: u64,
    },
}

impl Message {
    /// Returns the sender's term; of a `PreVote` the term that it asks about.
    pub const fn term(&self) -> u64 {
        match self {
            Message::PreVote { term, .. }
            | Message::PreVoteReply { term, .. }
            | Message::RequestVote { term, .. }
            | Message::Vote { term, .. }
            | Message::AppendEntries { term, .. }
            | Message::AppendReply { term, .. } => *term,
        }
    }

    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::PreVote { term, log } => {
                Detail::new(&PRE_VOTE, [*term, log.term, log.index, 0])
            }
            Message::PreVoteReply { term, asked, granted } => {
                Detail::new(&PRE_VOTE_REPLY, [*term, *asked, u64::from(*granted), 0])
            }
            Message::RequestVote { term, log } => {
                Detail::new(&REQUEST_VOTE, [*term, log.term, log.index, 0])
            }
            Message::Vote { term, granted } => {
                Detail::new(&VOTE, [*term, u64::from(*granted), 0, 0])
            }
            Message::AppendEntries { term, previous_index, entries, commit, round, .. } => {
                if entries.is_empty() {
                    Detail::new(&HEARTBEAT, [*term, *previous_index, *commit, *round])
                } else {
                    let values = [*term, *previous_index, entries.len(), *commit];
                    Detail::new(&APPEND_ENTRIES, values)
                }
            }
            Message::AppendReply { term, round, check } => match check {
                Check::Matched { index } => Detail::new(&APPEND_REPLY, [*term, *index, *round, 0]),
                Check::Conflict { at, first, .. } => {
                    Detail::new(&APPEND_REFUSAL, [*term, *at, *first, *round])
                }
            },
        }
    }
}

/// `PreVote`, as it is shown.
pub static PRE_VOTE: MessageKind = MessageKind {
    name: "PreVote",
    glyph: '△',
    nature: Nature::Control,
    fields: &["term", "last_term", "last_index"],
};
/// `PreVoteReply`, as it is shown.
pub static PRE_VOTE_REPLY: MessageKind = MessageKind {
    name: "PreVoteReply",
    glyph: '▲',
    nature: Nature::Control,
    fields: &["term", "asked", "granted"],
};
/// `RequestVote`, as it is shown.
pub static REQUEST_VOTE: MessageKind = MessageKind {
    name: "RequestVote",
    glyph: '◇',
    nature: Nature::Control,
    fields: &["term", "last_term", "last_index"],
};
/// `Vote`, as it is shown.
pub static VOTE: MessageKind =
    MessageKind {
        name: "Vote", glyph: '◆', nature: Nature::Control, fields: &["term", "granted"]
    };
/// `AppendEntries` with entries, as it is shown.
pub static APPEND_ENTRIES: MessageKind = MessageKind {
    name: "AppendEntries",
    glyph: '■',
    nature: Nature::Request,
    fields: &["term", "previous", "entries", "commit"],
};
/// `AppendEntries` without entries, as it is shown.
pub static HEARTBEAT: MessageKind = MessageKind {
    name: "Heartbeat",
    glyph: '•',
    nature: Nature::Probe,
    fields: &["term", "previous", "commit", "round"],
};
/// `AppendReply` to what matched, as it is shown.
pub static APPEND_REPLY: MessageKind = MessageKind {
    name: "AppendReply",
    glyph: '□',
    nature: Nature::Reply,
    fields: &["term", "matched", "round"],
};
/// `AppendReply` to what did not match, as it is shown.
pub static APPEND_REFUSAL: MessageKind = MessageKind {
    name: "AppendRefusal",
    glyph: '×',
    nature: Nature::Reply,
    fields: &["term", "at", "first", "round"],
};
