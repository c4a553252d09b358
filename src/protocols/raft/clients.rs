//! Clients: calls taken in, and reads that do not go through the log (§8; diss. ch. 6).

use smallvec::SmallVec;

use crate::protocols::kv::{Applied, Command};
use crate::sim::{CallId, Op, Outcome, Role};

use super::READS_MAX;
use super::log::{Entries, Entry};
use super::state::WaitingRead;
use super::step::Step;

impl Step<'_> {
    /// Takes a client's call in, or tells it who leads (diss. §6.2).
    pub(super) fn request(&mut self, call: CallId, op: Op) {
        if self.s.role != Role::Leader {
            let leader = self.s.leader_address();
            self.out.answer(call, Outcome::Redirect(leader));
            return;
        }
        match op {
            Op::Read { key } if self.raft.spec.read_index => self.read_asked(call, key),
            // The shortcut: a leader that was replaced and does not know it answers with old data.
            Op::Read { key } => self.out.answer(call, Outcome::Read(self.s.store.read(key))),
            Op::Write { .. } => self.write_asked(call, op),
        }
    }

    /// Puts a write into the log, unless it took effect already (diss. §6.3).
    fn write_asked(&mut self, call: CallId, op: Op) {
        let once = self.raft.spec.idempotency;
        if once && let Some(before) = self.s.store.known(call) {
            self.contained("request id", call.client);
            if let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = before {
                self.out.answer(call, outcome);
            }
            return;
        }
        let command = Some(Command { call, op, once });
        self.take_in(Entries::one(Entry { term: self.s.term, command }));
    }

    /// Lets a read wait until it is sure to see every write that was answered before it (diss.
    /// §6.4): the commit index is noted now, and a majority has to confirm by answering a round
    /// that begins now that nobody else led up to this moment.
    fn read_asked(&mut self, call: CallId, key: u64) {
        if self.s.reads.len() >= READS_MAX {
            return; // As if the call were lost: the client tries again.
        }
        // Before the first entry of its own term is committed, a leader does not know how far the
        // log is; that entry comes after all that was committed before (diss. §6.4, step 1).
        let index = self.s.commit.max(self.s.term_start);
        // One round at a time: what comes while one is under way shares the next.
        let alone = self.s.reads.is_empty();
        let round = self.s.round + 1;
        self.s.reads.push_back(WaitingRead { call, key, index, round });
        if alone {
            self.begin_round();
            self.serve_reads();
        }
    }

    /// Answers the reads that waited long enough, and begins the round that the next ones need.
    pub(super) fn serve_reads(&mut self) {
        while !self.s.reads.is_empty() {
            let (commit, confirmed) = (self.s.commit, self.confirmed_round());
            let ready = |read: &mut WaitingRead| read.index <= commit && read.round <= confirmed;
            while let Some(read) = self.s.reads.pop_front_if(ready) {
                self.out.answer(read.call, Outcome::Read(self.s.store.read(read.key)));
            }
            match self.s.reads.front() {
                Some(next) if next.round > self.s.round => self.begin_round(),
                _ => return,
            }
        }
    }

    /// Returns the latest round that a majority has answered.
    fn confirmed_round(&self) -> u64 {
        let mut rounds: SmallVec<[u64; 16]> = self.s.peers.iter().map(|p| p.round).collect();
        rounds[usize::from(self.s.me) - 1] = self.s.round;
        let place = usize::from(self.quorum()) - 1;
        *rounds.select_nth_unstable_by(place, |a, b| b.cmp(a)).1
    }
}
