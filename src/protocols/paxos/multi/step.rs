//! One step of one node: what all the rules share, and the acceptor.

use smallvec::SmallVec;

use crate::sim::{Address, Event, Note, Outbox, Role, Ticket};

use super::super::Ballot;
use super::message::{Entries, Entry, Message};
use super::state::{Delta, Own, State};
use super::{AHEAD_MAX, ENTRIES_MAX, MultiPaxos, Timer};

/// A step under way.
pub(super) struct Step<'a> {
    pub paxos: &'a MultiPaxos,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<MultiPaxos>,
    /// Whether the promise has changed and is not in a write yet.
    promise_unsaved: bool,
    /// What was accepted or learnt and is not in a write yet.
    unsaved: SmallVec<[(u64, Entry); 1]>,
}

impl<'a> Step<'a> {
    pub fn new(
        paxos: &'a MultiPaxos,
        s: &'a mut State,
        out: &'a mut Outbox<MultiPaxos>,
    ) -> Step<'a> {
        Step { paxos, s, out, promise_unsaved: false, unsaved: SmallVec::new() }
    }

    /// Takes the step, and saves what it left to be saved.
    pub fn take(mut self, event: Event<MultiPaxos>) {
        match event {
            Event::Deliver { from, msg } => self.deliver(from, msg),
            Event::Timeout(Timer::Election) => self.election_timeout(),
            Event::Timeout(Timer::Heartbeat) => self.heartbeat_due(),
            Event::Request { call, op } => self.request(call, op),
            Event::Saved(ticket) => self.saved(ticket),
        }
        self.save();
    }

    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.paxos.nodes) else { return };
        if !self.s.suspected.is_empty() && self.s.suspected.remove(&from) {
            self.out.note(Note::Trusts(from));
        }
        match msg {
            Message::Prepare { ballot, first } => self.prepare_asked(node, ballot, first),
            Message::Promise { ballot, decided, accepted } => {
                self.promised(node, ballot, decided, &accepted);
            }
            Message::Accept { ballot, slot, command } => {
                self.accept_asked(node, slot, Entry { ballot, command });
            }
            Message::Accepted { ballot, slot } => self.accepted(node, ballot, slot),
            Message::Refusal { ballot, promised, .. } => self.refused(ballot, promised),
            Message::Learn { ballot, slot } => self.learn(ballot, slot),
            Message::Heartbeat { ballot, decided } => self.heartbeat(node, ballot, decided),
            Message::Ask { first } => self.teach(node, first),
            Message::Teach { entries } => self.taught(node, &entries),
        }
    }

    // What all roles share.

    pub fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }

    pub fn send_to_others(&mut self, msg: &Message) {
        let me = self.s.me;
        for node in (1..=self.paxos.nodes).filter(|node| *node != me) {
            self.send(node, msg.clone());
        }
    }

    /// Makes sure that what is said next waits for the disk (§2.5); without `sync_first` it does
    /// not, and a crash may unsay it.
    pub fn sync_first(&mut self) {
        if self.paxos.spec.sync_first {
            self.save();
        }
    }

    /// Writes what has changed, if anything has. Returns the ticket of the write.
    pub fn save(&mut self) -> Option<Ticket> {
        if !self.promise_unsaved && self.unsaved.is_empty() {
            return None;
        }
        self.promise_unsaved = false;
        let entries = std::mem::take(&mut self.unsaved);
        let leads = self.s.role == Role::Leader;
        let ballot = self.s.ballot;
        let own: SmallVec<[u64; 1]> = entries
            .iter()
            .filter(|(_, entry)| leads && entry.ballot == ballot)
            .map(|(slot, _)| *slot)
            .collect();
        let (promised, decided) = (self.s.promised, self.s.decided);
        let ticket = self.out.save(Delta { promised, decided, entries });
        self.s.own.extend(own.into_iter().map(|slot| Own { ticket, ballot, slot }));
        Some(ticket)
    }

    pub fn contained(&mut self, by: &'static str, from: u16) {
        self.out.note(Note::Contained { by, from: Address::Node(from) });
    }

    /// Takes a role and says so.
    pub fn set_role(&mut self, role: Role, ballot: Ballot) {
        self.s.role = role;
        self.out.note(Note::Role { role, epoch: ballot.0 });
    }

    /// Returns whether a number belongs to this node: whoever uses another's number lies.
    pub fn belongs_to(&self, ballot: Ballot, node: u16) -> bool {
        ballot.owner(self.paxos.nodes) == Some(node)
    }

    // The acceptor.

    /// Phase 1b: promises for all slots at once, and reports what it accepted from the first one
    /// on that the proposer does not know (§3).
    fn prepare_asked(&mut self, from: u16, ballot: Ballot, first: u64) {
        if !self.belongs_to(ballot, from) {
            return;
        }
        if ballot < self.s.promised {
            return self.refuse(from, ballot, 0);
        }
        if self.s.decided.saturating_sub(first) >= ENTRIES_MAX {
            return self.teach(from, first); // it promises once the other lacks less
        }
        self.promise(ballot);
        self.arm_election();
        self.sync_first();
        let accepted = self.report_from(first);
        let decided = self.s.decided;
        self.send(from, Message::Promise { ballot, decided, accepted });
        if self.overtaken_by(ballot) && !self.paxos.spec.back_off {
            self.stand();
        }
    }

    /// Returns what it accepted from a slot on.
    pub fn report_from(&self, first: u64) -> Entries {
        let entries = self.s.log.range(first..);
        entries.map(|(slot, entry)| (*slot, *entry)).collect()
    }

    /// Phase 2b: accepts, unless it has promised a higher number.
    fn accept_asked(&mut self, from: u16, slot: u64, entry: Entry) {
        let ballot = entry.ballot;
        if !self.belongs_to(ballot, from) {
            return;
        }
        if ballot < self.s.promised {
            return self.refuse(from, ballot, slot);
        }
        self.promise(ballot);
        self.hear_leader(from, ballot);
        if slot == 0 || slot > self.s.decided + AHEAD_MAX {
            return; // too far behind to be of use; the next heartbeat says what is lacking
        }
        self.accept(slot, entry);
        self.sync_first();
        self.send(from, Message::Accepted { ballot, slot });
    }

    pub fn promise(&mut self, ballot: Ballot) {
        self.s.heard = self.s.heard.max(ballot);
        if ballot > self.s.promised {
            (self.s.promised, self.promise_unsaved) = (ballot, true);
            if let Some(owner) = ballot.owner(self.paxos.nodes) {
                let candidate = Address::Node(owner);
                self.out.note(Note::Voted { epoch: ballot.0, candidate });
            }
        }
    }

    /// Puts into a slot what was accepted for it, or learnt to be chosen.
    pub fn accept(&mut self, slot: u64, entry: Entry) {
        let before = self.s.log.insert(slot, entry);
        if before == Some(entry) {
            return;
        }
        self.unsaved.push((slot, entry));
        if slot <= self.s.decided && before.is_none_or(|before| before.command != entry.command) {
            // No correct run comes here. What was applied stays applied.
            self.out.note(Note::Other("decided slot overwritten", [slot, entry.ballot.0]));
        }
    }

    pub fn refuse(&mut self, from: u16, ballot: Ballot, slot: u64) {
        self.contained("ballot check", from);
        let promised = self.s.promised;
        self.send(from, Message::Refusal { ballot, promised, slot });
    }
}
