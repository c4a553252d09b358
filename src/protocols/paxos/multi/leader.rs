//! The proposer: how a node comes to lead (phase 1, once for all slots), and what it then does with
//! each command (phase 2).

use std::collections::BTreeMap;

use crate::protocols::kv::{Applied, Command};
use crate::protocols::voters::Voters;
use crate::sim::{Address, CallId, Note, Op, Outcome, Role, Ticket};

use super::super::Ballot;
use super::message::{Entries, Entry, Message};
use super::state::Open;
use super::step::Step;
use super::{AHEAD_MAX, OPEN_MAX, RESENT_MAX, Timer};

impl Step<'_> {
    // Phase 1.

    /// Hears from nobody that leads, for too long.
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
        self.stand();
    }

    /// Phase 1a: picks a number higher than any that it heard of, and asks. The number is on the
    /// disk before anybody hears of it, so that no later life uses it again (§2.5).
    pub(super) fn stand(&mut self) {
        self.arm_election();
        let above = self.s.heard.max(self.s.promised);
        let Some(ballot) = above.next(self.s.me, self.paxos.nodes) else { return };
        self.s.ballot = ballot;
        (self.s.promises, self.s.reported) = (Voters::default(), BTreeMap::new());
        self.set_role(Role::Candidate, ballot);
        self.promise(ballot);
        self.sync_first();
        let first = self.s.decided + 1;
        self.send_to_others(&Message::Prepare { ballot, first });
        // Its own promise is on the disk before any other can come, since the question waits for
        // it.
        let (me, decided, accepted) = (self.s.me, self.s.decided, self.report_from(first));
        self.promised(me, ballot, decided, &accepted);
    }

    /// Waits for a leader, for a time that differs from node to node.
    pub(super) fn arm_election(&mut self) {
        self.out.arm(Timer::Election, self.paxos.spec.election_timeout.0.clone());
    }

    /// Hears a promise, and what was accepted (phase 1b).
    pub(super) fn promised(&mut self, from: u16, ballot: Ballot, decided: u64, accepted: &Entries) {
        if ballot != self.s.ballot || self.s.role == Role::Follower {
            return self.contained("ballot check", from);
        }
        if self.s.role == Role::Leader {
            return; // one promise more than it takes
        }
        let highest = self.s.decided + 2 * AHEAD_MAX;
        if decided > highest || accepted.as_slice().iter().any(|(slot, _)| *slot > highest) {
            return; // no acceptor that keeps to its bound can be so far ahead
        }
        // What the acceptor knows to be decided needs no proposal any more.
        self.take_decided(accepted, decided);
        for (slot, entry) in accepted.as_slice().iter().filter(|(slot, _)| *slot > decided) {
            let known = self.s.reported.entry(*slot).or_insert(*entry);
            if known.ballot < entry.ballot {
                *known = *entry;
            }
        }
        self.s.promises.insert(from);
        if self.s.promises.count() >= self.paxos.quorums().prepare {
            self.lead();
        }
    }

    /// Has the promises of a quorum, and so leads. For slots in which something was reported it
    /// proposes that; those between, in which nothing was, it fills with commands that do nothing
    /// (§3).
    fn lead(&mut self) {
        let ballot = self.s.ballot;
        self.set_role(Role::Leader, ballot);
        self.s.leader = Some(self.s.me);
        self.s.open = BTreeMap::new();
        self.out.disarm(Timer::Election);
        self.arm_heartbeat();
        let decided = self.s.decided;
        let mut reported = std::mem::take(&mut self.s.reported);
        let last = reported.last_key_value().map_or(0, |(slot, _)| *slot).max(decided);
        let last = self.s.chosen.last().map_or(last, |slot| last.max(*slot));
        self.s.next = last + 1;
        for slot in decided + 1..=last {
            if self.s.chosen.contains(&slot) {
                continue;
            }
            let command = reported.remove(&slot).and_then(|entry| entry.command);
            self.propose(slot, command);
        }
        // So that the others know at once whom to follow.
        self.say_alive();
        self.settle_proposals();
    }

    /// Is told of a higher number than the one that it stands or leads under: it was replaced.
    /// Returns whether it stood and had not won yet.
    pub(super) fn overtaken_by(&mut self, ballot: Ballot) -> bool {
        if self.s.role == Role::Follower || self.s.ballot >= ballot {
            return false;
        }
        let led = self.s.role == Role::Leader;
        self.s.open = BTreeMap::new();
        self.s.reported = BTreeMap::new();
        if self.s.leader == Some(self.s.me) {
            self.s.leader = None;
        }
        self.set_role(Role::Follower, ballot);
        if led {
            self.out.disarm(Timer::Heartbeat);
        }
        self.arm_election();
        !led
    }

    /// Hears that an acceptor has promised a higher number.
    pub(super) fn refused(&mut self, ballot: Ballot, promised: Ballot) {
        let is_real = promised.owner(self.paxos.nodes).is_some();
        if !is_real || ballot != self.s.ballot || self.s.role == Role::Follower {
            return;
        }
        self.s.heard = self.s.heard.max(promised);
        if self.overtaken_by(promised) && !self.paxos.spec.back_off {
            self.stand();
        }
    }

    // Phase 2.

    /// Phase 2a: proposes a command for a slot. The proposal leaves side by side with the write of
    /// the leader's own acceptance, which counts when it is on the disk: see `saved`.
    fn propose(&mut self, slot: u64, command: Option<Command>) {
        let ballot = self.s.ballot;
        self.send_to_others(&Message::Accept { ballot, slot, command });
        self.s.open.insert(slot, Open::default());
        self.accept(slot, Entry { ballot, command });
    }

    /// Writes its own acceptances.
    fn settle_proposals(&mut self) {
        self.save();
        if !self.paxos.spec.sync_first {
            self.saved(Ticket(u64::MAX));
        }
    }

    /// Counts its own acceptances once they cannot be forgotten.
    pub(super) fn saved(&mut self, ticket: Ticket) {
        while let Some(own) = self.s.own.pop_front_if(|own| own.ticket <= ticket) {
            let me = self.s.me;
            if own.ballot == self.s.ballot && self.s.role == Role::Leader {
                self.accepted(me, own.ballot, own.slot);
            }
        }
    }

    /// Hears that an acceptor has accepted (phase 2b); a quorum of them has chosen.
    pub(super) fn accepted(&mut self, from: u16, ballot: Ballot, slot: u64) {
        if ballot != self.s.ballot || self.s.role != Role::Leader {
            return self.contained("ballot check", from);
        }
        let Some(open) = self.s.open.get_mut(&slot) else { return };
        open.accepted.insert(from);
        if open.accepted.count() >= self.paxos.quorums().accept {
            self.s.open.remove(&slot);
            self.choose(slot);
            self.send_to_others(&Message::Learn { ballot, slot });
        }
    }

    // Heartbeats.

    fn arm_heartbeat(&mut self) {
        let wait = self.paxos.spec.heartbeat;
        self.out.arm(Timer::Heartbeat, wait..=wait);
    }

    fn say_alive(&mut self) {
        let (ballot, decided) = (self.s.ballot, self.s.decided);
        self.send_to_others(&Message::Heartbeat { ballot, decided });
    }

    /// Says that it still leads, and sends again what was not answered since the last time.
    pub(super) fn heartbeat_due(&mut self) {
        if self.s.role != Role::Leader {
            return;
        }
        self.arm_heartbeat();
        self.say_alive();
        let ballot = self.s.ballot;
        let mut again: Vec<(u64, Voters)> = Vec::new();
        for (slot, open) in &mut self.s.open {
            if std::mem::replace(&mut open.old, true) && again.len() < RESENT_MAX {
                again.push((*slot, open.accepted.clone()));
            }
        }
        for (slot, accepted) in again {
            let Some(command) = self.s.log.get(&slot).map(|entry| entry.command) else { continue };
            let me = self.s.me;
            let silent = |node: &u16| *node != me && !accepted.contains(*node);
            for node in (1..=self.paxos.nodes).filter(silent) {
                self.send(node, Message::Accept { ballot, slot, command });
            }
        }
    }

    // Clients.

    /// Takes a client's call in, or tells it who leads. Reads go through the log as writes do.
    pub(super) fn request(&mut self, call: CallId, op: Op) {
        if self.s.role != Role::Leader {
            let leader = self.s.leader_address();
            return self.out.answer(call, Outcome::Redirect(leader));
        }
        let once = self.paxos.spec.idempotency;
        if once && let Some(before) = self.s.store.known(call) {
            self.out.note(Note::Contained { by: "request id", from: call.client });
            if let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = before {
                self.out.answer(call, outcome);
            }
            return;
        }
        if self.s.next > self.s.decided + OPEN_MAX {
            return; // As if the call were lost: the client tries again.
        }
        let slot = self.s.next;
        self.s.next += 1;
        self.propose(slot, Some(Command { call, op, once }));
        self.settle_proposals();
    }
}
