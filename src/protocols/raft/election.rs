//! Elections: how a term gets at most one leader (§5.2, §5.4.1; diss. §4.2.3, §9.6).

use crate::sim::{Address, Note, Outcome, Role, Span};

use super::Timer;
use super::log::{Entries, Entry};
use super::message::{LogEnd, Message};
use super::state::Peer;
use super::step::Step;

impl Step<'_> {
    /// Hears from nobody that leads, for too long (§5.2).
    pub(super) fn election_timeout(&mut self) {
        if self.s.role == Role::Leader {
            return;
        }
        if let Some(leader) = self.s.leader.take() {
            let leader = Address::Node(leader);
            if self.s.suspected.insert(leader) {
                self.out.note(Note::Suspects(leader));
            }
        }
        self.arm_election();
        if self.raft.spec.pre_vote {
            self.ask_first();
        } else {
            self.campaign();
        }
    }

    /// Waits for a leader, for a time that differs from node to node, so that votes are seldom
    /// split (§5.2).
    pub(super) fn arm_election(&mut self) {
        self.out.arm(Timer::Election, self.raft.spec.election_timeout.0.clone());
    }

    /// Asks whether an election could be won, and leaves the term alone until then (diss. §9.6): a
    /// node that was cut off comes back with the term that it left with, and disturbs nobody.
    fn ask_first(&mut self) {
        self.s.voters.clear();
        self.set_role(Role::PreCandidate);
        let (term, log) = (self.s.term + 1, self.s.log_end());
        self.send_to_others(&Message::PreVote { term, log });
        let me = self.s.me;
        self.pre_vote_answered(me, term, true);
    }

    /// Raises the term, votes for itself and asks the others to (§5.2).
    fn campaign(&mut self) {
        let me = self.s.me;
        self.s.voters.clear();
        self.set_ballot(self.s.term + 1, Some(me));
        self.set_role(Role::Candidate);
        self.out.note(Note::Voted { epoch: self.s.term, candidate: Address::Node(me) });
        let request = Message::RequestVote { term: self.s.term, log: self.s.log_end() };
        // The request answers nobody, so it leaves side by side with the write: figure 2 asks for
        // the disk before a response. (The log that it describes is on the disk: a send waits for
        // the writes before it.) What waits is the candidate's own vote, which counts once it
        // cannot be forgotten, like any other; and without it nobody leads: see `saved`.
        self.send_to_others(&request);
        self.s.own_vote = self.save().expect("the ballot has just changed");
        if !self.raft.spec.sync_first {
            self.vote_answered(me, self.s.term, true);
        }
    }

    /// Is asked whether it would vote (diss. §9.6).
    pub(super) fn pre_vote_asked(&mut self, from: u16, asked: u64, log: LogEnd) {
        let granted = asked >= self.s.term && log >= self.s.log_end() && !self.hears_leader();
        if asked < self.s.term {
            self.contained("term check", Address::Node(from));
        } else if !granted {
            self.contained("pre-vote", Address::Node(from));
        }
        self.reply(from, Message::PreVoteReply { term: self.s.term, asked, granted });
    }

    /// Is told whether another would vote for it (diss. §9.6).
    pub(super) fn pre_vote_answered(&mut self, from: u16, asked: u64, granted: bool) {
        if self.s.role != Role::PreCandidate || asked != self.s.term + 1 || !granted {
            return;
        }
        self.s.voters.insert(from);
        if self.s.voters.count() >= self.quorum() {
            self.campaign();
        }
    }

    /// Is asked for its vote (§5.2, §5.4.1).
    pub(super) fn vote_asked(&mut self, from: u16, term: u64, log: LogEnd) {
        let candidate = Address::Node(from);
        let granted = if term < self.s.term {
            self.contained("term check", candidate);
            false
        } else if self.s.vote.is_some_and(|vote| vote != from) {
            // Two majorities share a voter, and a voter has one vote (§5.2).
            self.contained("one vote a term", candidate);
            false
        } else if log < self.s.log_end() {
            // A candidate whose log lacks a committed entry finds no majority (§5.4.1).
            self.contained("election restriction", candidate);
            false
        } else {
            if self.s.vote.is_none() {
                self.set_ballot(term, Some(from));
                self.out.note(Note::Voted { epoch: term, candidate });
            }
            self.arm_election();
            true
        };
        self.reply(from, Message::Vote { term: self.s.term, granted });
    }

    /// Is told whether it has another's vote, or that its own is on the disk (§5.2).
    pub(super) fn vote_answered(&mut self, from: u16, term: u64, granted: bool) {
        if self.s.role != Role::Candidate || term != self.s.term || !granted {
            return;
        }
        self.s.voters.insert(from);
        // A leader whose own term is not on its disk yet could win the same term a second time
        // after
        // a crash, with another log.
        if self.s.voters.count() >= self.quorum() && self.s.voters.contains(self.s.me) {
            self.lead();
        }
    }

    /// Has a majority, and so leads this term (§5.2).
    fn lead(&mut self) {
        self.set_role(Role::Leader);
        self.s.leader = Some(self.s.me);
        let next = self.s.log.last_index() + 1;
        let peer = Peer { next, ..Peer::default() };
        self.s.peers = vec![peer; usize::from(self.raft.nodes)];
        self.s.round = 1;
        self.s.term_start = next;
        self.out.disarm(Timer::Election);
        self.arm_heartbeat();
        self.arm_check();
        // A leader learns which entries are committed by committing one of its own term (§5.4.2,
        // §8), so it begins with one that asks for nothing.
        self.take_in(Entries::one(Entry::no_op(self.s.term)));
    }

    /// Becomes or stays a follower, in this term or a newer one (§5.1).
    pub(super) fn follow(&mut self, term: u64, leader: Option<u16>) {
        let was = self.s.role;
        self.s.leader = leader;
        if term == self.s.term && was == Role::Follower {
            return;
        }
        if term > self.s.term {
            self.set_ballot(term, None);
        }
        if was == Role::Leader {
            self.out.disarm(Timer::Heartbeat);
            self.out.disarm(Timer::CheckQuorum);
            self.s.checking = false;
            self.arm_election();
            self.s.peers = Vec::new();
        }
        self.set_role(Role::Follower);
        self.drop_reads();
    }

    /// Looks whether a majority was heard since the last look (diss. §6.2): a leader that
    /// nobody answers cannot commit, and had better make room.
    pub(super) fn check_quorum(&mut self) {
        self.s.checking = false;
        if self.s.role != Role::Leader || !self.raft.spec.check_quorum {
            return;
        }
        let heard = 1 + self.s.peers.iter().filter(|peer| peer.heard).count();
        if heard < usize::from(self.quorum()) {
            let me = Address::Node(self.s.me);
            self.contained("check quorum", me);
            self.follow(self.s.term, None);
            return;
        }
        self.s.peers.iter_mut().for_each(|peer| peer.heard = false);
        self.arm_check();
    }

    /// Arms the check of the quorum, where it is asked for and not armed. Its period is the
    /// shortest election timeout: the time after which a follower may give up its leader.
    pub(super) fn arm_check(&mut self) {
        if self.raft.spec.check_quorum && !self.s.checking {
            let wait = self.patience();
            self.out.arm(Timer::CheckQuorum, wait..=wait);
            self.s.checking = true;
        }
    }

    /// Returns whether the node leads, or heard its leader within the shortest election timeout.
    fn hears_leader(&self) -> bool {
        let silence: Span = self.out.now().since(self.s.heard_at);
        match self.s.role {
            Role::Leader => true,
            _ => self.s.leader.is_some() && silence < self.patience(),
        }
    }

    /// Returns whether candidates are to be ignored (diss. §4.2.3, which §9.6 builds on).
    pub(super) fn is_led(&self) -> bool {
        (self.raft.spec.pre_vote || self.raft.spec.check_quorum) && self.hears_leader()
    }

    /// Gives back the reads that wait: another node may answer them, since a read has no effect.
    /// Writes are not given back. They stand in the log and may yet be committed, so whoever
    /// called has to find out by trying the same call again.
    fn drop_reads(&mut self) {
        let leader = self.s.leader_address();
        while let Some(read) = self.s.reads.pop_front() {
            self.contained("read index", read.call.client);
            self.out.answer(read.call, Outcome::Redirect(leader));
        }
    }

    pub(super) fn send_to_others(&mut self, msg: &Message) {
        for node in (1..=self.raft.nodes).filter(|node| *node != self.s.me) {
            self.out.send(Address::Node(node), msg.clone());
        }
    }
}
