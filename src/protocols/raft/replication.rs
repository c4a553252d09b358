//! Replication: how the followers' logs become the leader's (§5.3), and when an entry counts as
//! committed (§5.4.2).

use smallvec::SmallVec;

use crate::sim::{Address, Note, Role};

use super::log::Entries;
use super::message::{Check, Message};
use super::step::Step;
use super::{ENTRIES_MAX, Timer, UNANSWERED_MAX};

/// The entries that were last cut out of the log, so that followers that need the same share them.
#[derive(Default)]
struct Batch {
    first: u64,
    entries: Entries,
}

impl Step<'_> {
    // The leader.

    /// Takes entries into its log and sends them on. They leave before the leader's own disk has
    /// them, so that its write and those of the followers run side by side; the leader counts
    /// itself only when its write is done (diss. §10.2.1).
    pub(super) fn take_in(&mut self, entries: Entries) {
        let first = self.s.log.last_index() + 1;
        self.append(entries.clone());
        self.replicate(&mut Batch { first, entries });
        self.save();
        if !self.raft.spec.sync_first {
            self.advance_commit();
        }
    }

    fn replicate(&mut self, batch: &mut Batch) {
        for node in 1..=self.raft.nodes {
            if node != self.s.me {
                self.feed(node, batch);
            }
        }
    }

    /// Sends a follower what it lacks, as far as it may have on its way at once.
    fn feed(&mut self, node: u16, batch: &mut Batch) {
        let last = self.s.log.last_index();
        loop {
            let peer = &self.s.peers[usize::from(node) - 1];
            if peer.probing || peer.next > last || peer.unanswered >= UNANSWERED_MAX {
                return;
            }
            let sent = self.send_entries(node, batch);
            let peer = &mut self.s.peers[usize::from(node) - 1];
            peer.next += sent;
            peer.unanswered += 1;
        }
    }

    /// Sends a follower the entries from its `next` on; returns how many.
    fn send_entries(&mut self, node: u16, batch: &mut Batch) -> u64 {
        let next = self.s.peers[usize::from(node) - 1].next;
        if batch.first != next || batch.entries.is_empty() {
            *batch = Batch { first: next, entries: self.s.log.slice(next, ENTRIES_MAX) };
        }
        let sent = batch.entries.len();
        self.send_append(node, next, batch.entries.clone());
        sent
    }

    fn send_append(&mut self, node: u16, next: u64, entries: Entries) {
        let previous_index = next - 1;
        let previous_term = self.s.log.term_at(previous_index).unwrap_or(0);
        let (term, commit, round) = (self.s.term, self.s.commit, self.s.round);
        let msg =
            Message::AppendEntries { term, previous_index, previous_term, entries, commit, round };
        self.send(node, msg);
    }

    pub(super) fn arm_heartbeat(&mut self) {
        let wait = self.raft.spec.heartbeat;
        self.out.arm(Timer::Heartbeat, wait..=wait);
    }

    /// Says that it still leads (§5.2).
    pub(super) fn heartbeat_due(&mut self) {
        if self.s.role != Role::Leader {
            return;
        }
        self.arm_heartbeat();
        self.arm_check();
        self.begin_round();
    }

    /// Begins a round: an empty `AppendEntries` to each, which also finds out what got lost.
    pub(super) fn begin_round(&mut self) {
        self.s.round += 1;
        for node in 1..=self.raft.nodes {
            if node != self.s.me {
                let next = self.s.peers[usize::from(node) - 1].next;
                self.send_append(node, next, Entries::NONE);
            }
        }
    }

    /// Hears what became of an `AppendEntries` (§5.3).
    pub(super) fn append_answered(&mut self, node: u16, round: u64, check: Check) {
        let peer = &mut self.s.peers[usize::from(node) - 1];
        peer.heard = true;
        peer.unanswered = peer.unanswered.saturating_sub(1);
        let newer = round > peer.round;
        peer.round = peer.round.max(round);
        match check {
            Check::Matched { index } => {
                peer.probing = false;
                peer.matched = peer.matched.max(index);
                peer.next = peer.next.max(index + 1);
                if index + 1 == peer.next {
                    peer.unanswered = 0;
                }
                if peer.matched > self.s.commit {
                    self.advance_commit();
                }
                self.feed(node, &mut Batch::default());
            }
            Check::Conflict { at, term, first } => self.go_back(node, at, term, first),
        }
        if newer {
            self.serve_reads();
        }
    }

    /// Goes back to where the logs may still agree, a whole term at a time (the optimisation at the
    /// end of §5.3), and looks there.
    fn go_back(&mut self, node: u16, at: u64, term: u64, first: u64) {
        let peer = &self.s.peers[usize::from(node) - 1];
        let answers_the_latest = at + 1 == peer.next;
        if !answers_the_latest && (peer.probing || at <= peer.matched) {
            return; // It answers something old.
        }
        // Where the leader has entries of the follower's term, the logs may agree up to its last
        // one; otherwise none of that term can stay.
        let after = self.s.log.first_since(term + 1);
        let shared = term > 0 && self.s.log.term_at(after - 1) == Some(term);
        let next = if shared { after } else { first }.clamp(1, at.max(1));
        let peer = &mut self.s.peers[usize::from(node) - 1];
        (peer.next, peer.probing, peer.unanswered) = (next, true, 0);
        self.send_entries(node, &mut Batch::default());
    }

    /// Looks whether more of the log is on a majority of disks (§5.3, §5.4.2).
    pub(super) fn advance_commit(&mut self) {
        if self.s.role != Role::Leader {
            return;
        }
        let mut matched: SmallVec<[u64; 16]> = self.s.peers.iter().map(|p| p.matched).collect();
        let own = if self.raft.spec.sync_first { self.s.synced } else { self.s.log.last_index() };
        matched[usize::from(self.s.me) - 1] = own;
        let place = usize::from(self.quorum()) - 1;
        let (_, index, _) = matched.select_nth_unstable_by(place, |a, b| b.cmp(a));
        let index = *index;
        // Counting says nothing about an entry of an older term: though a majority has it, a later
        // leader may still overwrite it (§5.4.2, figure 8).
        if index > self.s.commit && self.s.log.term_at(index) == Some(self.s.term) {
            self.commit_to(index);
            self.serve_reads();
        }
    }

    // The follower.

    /// Refuses what the leader of an old term sends; the answer tells it of the newer one (§5.1).
    pub(super) fn append_refused(&mut self, from: u16, msg: &Message) {
        let Message::AppendEntries { previous_index, round, .. } = *msg else { return };
        self.contained("term check", Address::Node(from));
        let first = self.s.log.last_index() + 1;
        let check = Check::Conflict { at: previous_index, term: 0, first };
        self.reply(from, Message::AppendReply { term: self.s.term, round, check });
    }

    /// Takes entries from the leader, or only the news that it lives (figure 2, `AppendEntries`).
    pub(super) fn append_asked(&mut self, from: u16, msg: Message) {
        let Message::AppendEntries {
            previous_index, previous_term, entries, commit, round, ..
        } = msg
        else {
            return;
        };
        if self.s.role == Role::Leader {
            // Two leaders in one term: no correct run has them, but a voter that forgot its vote
            // makes them. Each goes on by its own rules, and oracles see what comes of it.
            self.out.note(Note::Other("another leader", [self.s.term, u64::from(from)]));
            return;
        }
        self.follow(self.s.term, Some(from));
        self.s.heard_at = self.out.now();
        self.arm_election();
        let check = self.check_and_append(from, previous_index, previous_term, &entries);
        if let Check::Matched { index } = check {
            self.commit_to(commit.min(index));
        }
        self.reply(from, Message::AppendReply { term: self.s.term, round, check });
    }

    /// Compares the entry before the new ones, and takes those in where it is the same (§5.3).
    fn check_and_append(&mut self, from: u16, at: u64, term: u64, entries: &Entries) -> Check {
        let found = self.s.log.term_at(at);
        if found != Some(term) {
            self.contained("log check", Address::Node(from));
            return match found {
                None => Check::Conflict { at, term: 0, first: self.s.log.last_index() + 1 },
                Some(term) => Check::Conflict { at, term, first: self.s.log.first_since(term) },
            };
        }
        let index = at + entries.len();
        let last = self.s.log.last_index();
        // Entries that are there already stay, with all that follows them: the message may be an
        // old one that others have overtaken (§5.3).
        let same = |k: &u64| {
            let offered = entries.as_slice()[(*k - at - 1) as usize].term;
            self.s.log.term_at(*k) == Some(offered)
        };
        let known = if entries.is_empty() || at == last {
            0
        } else {
            (at + 1..=index.min(last)).take_while(same).count()
        };
        if known < entries.as_slice().len() {
            let keep = at + known as u64;
            if keep < last {
                self.contained("log repair", Address::Node(from));
                self.truncate(keep);
            }
            self.append(entries.skip(known));
        }
        Check::Matched { index }
    }
}
