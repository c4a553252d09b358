//! One step of one node: what all the rules share.
//!
//! A step changes the state in memory first and writes to the disk once, before the first message
//! that depends on it (figure 2). The world holds
//! back what comes after a save until the disk has it.

use crate::protocols::kv::Applied;
use crate::sim::{Address, Event, Note, Outbox, Role, Span, Ticket};

use super::log::{Entries, Entry};
use super::message::Message;
use super::state::{Delta, State};
use super::{Raft, Timer};

/// A step under way.
pub(super) struct Step<'a> {
    pub raft: &'a Raft,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Raft>,
    /// Whether term or vote have changed and are not in a save yet.
    ballot: bool,
    /// Where the log was cut and the cut is not in a save yet: up to this index it stays.
    keep: Option<u64>,
    /// What was put at the end of the log and is not in a save yet.
    fresh: Entries,
}

impl<'a> Step<'a> {
    pub fn new(raft: &'a Raft, s: &'a mut State, out: &'a mut Outbox<Raft>) -> Step<'a> {
        Step { raft, s, out, ballot: false, keep: None, fresh: Entries::NONE }
    }

    /// Takes the step, and saves what it left to be saved.
    pub fn take(mut self, event: Event<Raft>) {
        match event {
            Event::Deliver { from, msg } => self.deliver(from, msg),
            Event::Timeout(Timer::Election) => self.election_timeout(),
            Event::Timeout(Timer::Heartbeat) => self.heartbeat_due(),
            Event::Timeout(Timer::CheckQuorum) => self.check_quorum(),
            Event::Request { call, op } => self.request(call, op),
            Event::Saved(ticket) => self.saved(ticket),
        }
        self.save();
    }

    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.raft.nodes) else { return };
        if !self.s.suspected.is_empty() && self.s.suspected.remove(&from) {
            self.out.note(Note::Trusts(from));
        }
        // A `PreVote` names a term that nobody is in yet, so it raises nobody's (diss. §9.6); and
        // a node that hears its leader lets no candidate raise its term (diss. §4.2.3).
        let raises = match msg {
            Message::PreVote { .. } => false,
            Message::RequestVote { term, .. } if term > self.s.term && self.is_led() => {
                self.out.note(Note::Other("leader stickiness", [term, u64::from(node)]));
                return;
            }
            _ => msg.term() > self.s.term,
        };
        if raises {
            // Who learns of a newer term joins it at once, whatever it was doing (§5.1).
            let leader = matches!(msg, Message::AppendEntries { .. }).then_some(node);
            self.follow(msg.term(), leader);
        }
        match msg {
            Message::PreVote { term, log } => self.pre_vote_asked(node, term, log),
            Message::PreVoteReply { asked, granted, .. } => {
                self.pre_vote_answered(node, asked, granted);
            }
            Message::RequestVote { term, log } => self.vote_asked(node, term, log),
            Message::Vote { term, granted } => self.vote_answered(node, term, granted),
            Message::AppendEntries { term, .. } if term < self.s.term => {
                self.append_refused(node, &msg);
            }
            Message::AppendEntries { .. } => self.append_asked(node, msg),
            Message::AppendReply { term, round, check } => {
                if term == self.s.term && self.s.role == Role::Leader {
                    self.append_answered(node, round, check);
                }
            }
        }
    }

    /// Takes what is new on the disk into account.
    fn saved(&mut self, ticket: Ticket) {
        let before = self.s.synced;
        while let Some((_, index)) = self.s.saves.pop_front_if(|(of, _)| *of <= ticket) {
            self.s.synced = self.s.synced.max(index);
        }
        match self.s.role {
            Role::Candidate if ticket >= self.s.own_vote => {
                let me = self.s.me;
                self.vote_answered(me, self.s.term, true);
            }
            Role::Leader if self.s.synced > before => self.advance_commit(),
            _ => {}
        }
    }

    /// Returns how many make a majority.
    pub fn quorum(&self) -> u16 {
        self.raft.nodes / 2 + 1
    }

    /// Returns the shortest election timeout.
    pub fn patience(&self) -> Span {
        *self.raft.spec.election_timeout.0.start()
    }

    /// Sends to a node.
    pub fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }

    /// Sends what must not be said before the disk has what this step changed; without
    /// `sync_first` it says so at once, and a crash may then unsay it.
    pub fn reply(&mut self, to: u16, msg: Message) {
        if self.raft.spec.sync_first {
            self.save();
        }
        self.send(to, msg);
    }

    /// Writes what has changed, if anything has. Returns the ticket of the write.
    pub fn save(&mut self) -> Option<Ticket> {
        let log_changed = self.keep.is_some() || !self.fresh.is_empty();
        if !self.ballot && !log_changed {
            return None;
        }
        let (keep, entries) = (self.keep.take(), std::mem::take(&mut self.fresh));
        let vote = self.s.vote.map(Address::Node);
        self.ballot = false;
        let ticket = self.out.save(Delta { term: self.s.term, vote, keep, entries });
        if log_changed {
            self.s.saves.push_back((ticket, self.s.log.last_index()));
        }
        Some(ticket)
    }

    /// Changes term and vote.
    pub fn set_ballot(&mut self, term: u64, vote: Option<u16>) {
        (self.s.term, self.s.vote) = (term, vote);
        self.ballot = true;
    }

    /// Takes a role in the current term and says so.
    pub fn set_role(&mut self, role: Role) {
        self.s.role = role;
        self.out.note(Note::Role { role, epoch: self.s.term });
    }

    /// Notes that a rule stopped something of another's.
    pub fn contained(&mut self, by: &'static str, from: Address) {
        self.out.note(Note::Contained { by, from });
    }

    /// Cuts the log: up to `last` it stays (§5.3).
    pub fn truncate(&mut self, last: u64) {
        self.s.log.truncate(last);
        self.s.synced = self.s.synced.min(last);
        self.s.saves.iter_mut().for_each(|(_, index)| *index = (*index).min(last));
        self.keep = Some(last);
        self.out.note(Note::Truncated { from: last + 1 });
        if last < self.s.commit {
            // No correct run comes here. What was applied stays applied, so this node's state is
            // wrong from now on, and oracles see it.
            self.out.note(Note::Other("committed entry overwritten", [last + 1, self.s.term]));
        }
    }

    /// Puts entries at the end of the log. A step does so once.
    pub fn append(&mut self, entries: Entries) {
        debug_assert!(self.fresh.is_empty(), "a step appends once");
        for entry in entries.as_slice() {
            self.s.log.push(*entry);
            self.out.note(Note::Appended { slot: self.s.log.last_index(), entry: entry.slot() });
        }
        self.fresh = entries;
    }

    /// Learns that the log is committed up to an index, and applies what is new (§5.3).
    pub fn commit_to(&mut self, index: u64) {
        while self.s.commit < index {
            let Some(entry) = self.s.log.get(self.s.commit + 1) else { break };
            self.s.commit += 1;
            self.out.note(Note::Decided { slot: self.s.commit, entry: entry.slot() });
            self.apply(&entry);
        }
    }

    fn apply(&mut self, entry: &Entry) {
        let Some(command) = entry.command else { return };
        let applied = self.s.store.apply(&command);
        if self.s.role != Role::Leader {
            return;
        }
        if !matches!(applied, Applied::Fresh(_)) {
            self.contained("request id", command.call.client);
        }
        // Only who took the call in answers it: the callers of an earlier leader have moved on.
        if entry.term == self.s.term
            && let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = applied
        {
            self.out.answer(command.call, outcome);
        }
    }
}
