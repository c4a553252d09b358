//! One step of one node: as acceptor, proposer, learner, and towards clients.

use crate::protocols::voters::Voters;
use crate::sim::{Address, CallId, Event, Note, Op, Outbox, Outcome, Role, Ticket};

use super::super::Ballot;
use super::message::{Message, Proposal, Value};
use super::state::{Phase, Round, Stable, State, Waiting};
use super::{DOUBLINGS_MAX, Paxos, Timer, WAITING_MAX};

/// The one slot that there is.
const SLOT: u64 = 1;

/// A step under way.
pub(super) struct Step<'a> {
    pub paxos: &'a Paxos,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Paxos>,
    /// Whether promise or acceptance have changed and are not in a write yet.
    pub unsaved: bool,
}

impl Step<'_> {
    /// Takes the step, and saves what it left to be saved.
    pub fn take(mut self, event: &Event<Paxos>) {
        match *event {
            Event::Deliver { from, msg } => self.deliver(from, msg),
            Event::Timeout(Timer::Round) => self.round_timeout(),
            Event::Timeout(Timer::BackOff) => {
                self.s.backing_off = false;
                self.begin_round();
            }
            Event::Request { call, op } => self.request(call, op),
            Event::Saved(ticket) => self.saved(ticket),
        }
        self.save();
    }

    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| *node <= self.paxos.nodes) else { return };
        match msg {
            Message::Prepare { ballot } => self.prepare_asked(node, ballot),
            Message::Promise { ballot, accepted } => self.promised(node, ballot, accepted),
            Message::Accept(proposal) => self.accept_asked(node, proposal),
            Message::Accepted(proposal) => self.accepted(node, proposal),
            Message::Refusal { ballot, promised } => self.refused(ballot, promised),
            Message::Learn(proposal) => self.learn(proposal),
        }
    }

    // What all roles share.

    fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }

    fn send_to_others(&mut self, msg: Message) {
        let me = self.s.me;
        for node in (1..=self.paxos.nodes).filter(|node| *node != me) {
            self.send(node, msg);
        }
    }

    /// Makes sure that what is said next waits for the disk (§2.5); without `sync_first` it does
    /// not, and a crash may unsay it.
    fn sync_first(&mut self) {
        if self.paxos.spec.sync_first {
            self.save();
        }
    }

    /// Writes what has changed, if anything has. Returns the ticket of the write.
    fn save(&mut self) -> Option<Ticket> {
        if !std::mem::take(&mut self.unsaved) {
            return None;
        }
        Some(self.out.save(Stable { promised: self.s.promised, accepted: self.s.accepted }))
    }

    fn contained(&mut self, by: &'static str, from: u16) {
        self.out.note(Note::Contained { by, from: Address::Node(from) });
    }

    /// Hears an answer to a round that is over. To the newest it is one more than it took; to one
    /// that was overtaken it must not count.
    fn too_late(&mut self, from: u16, ballot: Ballot) {
        if ballot < self.s.promised {
            self.contained("ballot check", from);
        }
    }

    /// Returns whether a number belongs to this node: whoever uses another's number lies.
    fn belongs_to(&self, ballot: Ballot, node: u16) -> bool {
        ballot.owner(self.paxos.nodes) == Some(node)
    }

    // The acceptor.

    /// Phase 1b: promises, unless it has promised a higher number (§2.2).
    fn prepare_asked(&mut self, from: u16, ballot: Ballot) {
        if !self.belongs_to(ballot, from) {
            return;
        }
        if ballot < self.s.promised {
            return self.refuse(from, ballot);
        }
        self.promise(ballot);
        self.sync_first();
        self.send(from, Message::Promise { ballot, accepted: self.s.accepted });
        self.overtaken_by(ballot);
    }

    /// Phase 2b: accepts, unless it has promised a higher number (P1a, §2.2).
    fn accept_asked(&mut self, from: u16, proposal: Proposal) {
        if !self.belongs_to(proposal.ballot, from) {
            return;
        }
        if proposal.ballot < self.s.promised {
            return self.refuse(from, proposal.ballot);
        }
        if self.s.accepted.is_some_and(|last| {
            last.ballot == proposal.ballot && last.value.call.key() != proposal.value.call.key()
        }) {
            // A proposer proposes one value a number. One that lies proposes two.
            return self.contained("ballot check", from);
        }
        self.promise(proposal.ballot);
        self.accept(proposal);
        self.sync_first();
        self.send(from, Message::Accepted(proposal));
        self.overtaken_by(proposal.ballot);
    }

    fn promise(&mut self, ballot: Ballot) {
        if ballot > self.s.promised {
            (self.s.promised, self.unsaved) = (ballot, true);
            self.s.heard = self.s.heard.max(ballot);
            let candidate = ballot.owner(self.paxos.nodes).map(Address::Node);
            let candidate = candidate.unwrap_or(Address::Node(self.s.me));
            self.out.note(Note::Voted { epoch: ballot.0, candidate });
        }
    }

    fn accept(&mut self, proposal: Proposal) {
        if self.s.accepted != Some(proposal) {
            (self.s.accepted, self.unsaved) = (Some(proposal), true);
        }
    }

    /// Refuses an old number. Where it knows what is chosen it says that instead: whoever missed it
    /// need not win a round against others to learn of it (§2.3).
    fn refuse(&mut self, from: u16, ballot: Ballot) {
        self.contained("ballot check", from);
        let refusal = Message::Refusal { ballot, promised: self.s.promised };
        self.send(from, self.s.decided.map_or(refusal, Message::Learn));
    }

    // The proposer.

    /// Phase 1a: picks a number higher than any that it heard of, and asks (§2.2). The number is on
    /// the disk before anybody hears of it, so that no later life uses it for another value (§2.5).
    fn begin_round(&mut self) {
        if self.s.decided.is_some() || self.s.waiting.is_empty() {
            return;
        }
        let above = self.s.heard.max(self.s.promised);
        let Some(ballot) = above.next(self.s.me, self.paxos.nodes) else { return };
        self.s.waiting.iter_mut().for_each(|waiting| waiting.before_round = true);
        self.out.note(Note::Role { role: Role::Proposer, epoch: ballot.0 });
        self.promise(ballot);
        self.out.arm(Timer::Round, self.paxos.patience(self.s.failures));
        self.sync_first();
        self.send_to_others(Message::Prepare { ballot });
        let (promises, highest) = (Voters::default(), None);
        self.s.round = Some(Round { ballot, phase: Phase::Prepare { promises, highest } });
        // Its own promise is on the disk before any other can come, since the question waits for
        // it.
        let (me, accepted) = (self.s.me, self.s.accepted);
        self.promised(me, ballot, accepted);
    }

    /// Hears a promise (phase 1b).
    fn promised(&mut self, from: u16, ballot: Ballot, accepted: Option<Proposal>) {
        let quorum = self.paxos.quorums().prepare;
        let Some(round) = self.s.round.as_mut().filter(|round| round.ballot == ballot) else {
            return self.too_late(from, ballot);
        };
        let Phase::Prepare { promises, highest } = &mut round.phase else { return };
        promises.insert(from);
        *highest = (*highest).max(accepted);
        if promises.count() >= quorum {
            let highest = *highest;
            self.choose_value(ballot, highest);
        }
    }

    /// Decides what to propose: the value of the highest numbered proposal that was reported, and
    /// only where none was a value of its own (P2c, §2.2).
    fn choose_value(&mut self, ballot: Ballot, highest: Option<Proposal>) {
        let own = self.s.waiting.iter().find_map(|waiting| match waiting.op {
            Op::Write { key, value } => Some(Value { call: waiting.call, key, value }),
            Op::Read { .. } => None,
        });
        let value = match (highest, own) {
            (Some(bound), own) => {
                let key = |value: Value| value.call.key();
                if own.is_some_and(|own| key(own) != key(bound.value)) {
                    let whose = bound.ballot.owner(self.paxos.nodes).unwrap_or(self.s.me);
                    self.contained("adopted value", whose);
                }
                bound.value
            }
            (None, Some(own)) => own,
            (None, None) => return self.found_nothing(),
        };
        self.propose(Proposal { ballot, value });
    }

    /// Answers the reads that came before the round: nothing was chosen when it began.
    fn found_nothing(&mut self) {
        self.end_round();
        let out = &mut *self.out;
        self.s.waiting.retain(|waiting| {
            if waiting.before_round {
                out.answer(waiting.call, Outcome::Read(None));
            }
            !waiting.before_round
        });
        self.s.failures = 0;
        self.begin_round();
    }

    /// Phase 2a: proposes, to all acceptors. The proposal leaves side by side with the write of the
    /// node's own acceptance, which counts when it is on the disk: see `saved`.
    fn propose(&mut self, proposal: Proposal) {
        self.send_to_others(Message::Accept(proposal));
        self.accept(proposal);
        // Where it happens to have nothing to write, it was accepted under this number before.
        let own = self.save().unwrap_or_default();
        let accepted = Voters::default();
        let phase = Phase::Accept { value: proposal.value, accepted, own };
        self.s.round = Some(Round { ballot: proposal.ballot, phase });
        if !self.paxos.spec.sync_first || own == Ticket::default() {
            let me = self.s.me;
            self.accepted(me, proposal);
        }
    }

    /// Counts its own acceptance once it cannot be forgotten.
    fn saved(&mut self, ticket: Ticket) {
        let Some(Round { ballot, phase: Phase::Accept { value, own, .. } }) = &self.s.round else {
            return;
        };
        if ticket >= *own {
            let (me, proposal) = (self.s.me, Proposal { ballot: *ballot, value: *value });
            self.accepted(me, proposal);
        }
    }

    /// Is told that a higher number is under way, by its own acceptor or by another's refusal. The
    /// round is lost, so it gives it up at once (§2.5) and tries again: after a wait of its own,
    /// or at once, and then two proposers may go on like that for ever (§2.4).
    fn overtaken_by(&mut self, ballot: Ballot) {
        if self.s.round.as_ref().is_none_or(|round| round.ballot >= ballot) {
            return;
        }
        self.end_round();
        if !self.paxos.spec.back_off {
            return self.begin_round();
        }
        self.out.arm(Timer::BackOff, self.paxos.back_off(self.s.failures));
        self.s.backing_off = true;
        self.failed();
    }

    fn failed(&mut self) {
        self.s.failures = (self.s.failures + 1).min(DOUBLINGS_MAX);
    }

    /// Hears that an acceptor has promised a higher number.
    fn refused(&mut self, ballot: Ballot, promised: Ballot) {
        let is_real = promised.owner(self.paxos.nodes).is_some();
        if is_real && self.s.round.as_ref().is_some_and(|round| round.ballot == ballot) {
            self.s.heard = self.s.heard.max(promised);
            self.overtaken_by(promised);
        }
    }

    /// Found no quorum in time: messages were lost, or acceptors are down. Any number may be tried
    /// again later; a higher one is the simplest.
    fn round_timeout(&mut self) {
        self.s.round = None;
        self.failed();
        self.begin_round();
    }

    fn end_round(&mut self) {
        if self.s.round.take().is_some() {
            self.out.disarm(Timer::Round);
            self.out.note(Note::Role { role: Role::Acceptor, epoch: self.s.promised.0 });
        }
    }

    // The learner.

    /// Hears that an acceptor has accepted (phase 2b); a quorum of them has chosen (§2.3).
    fn accepted(&mut self, from: u16, proposal: Proposal) {
        let (quorum, by_quorum) = (self.paxos.quorums().accept, self.paxos.spec.learn_by_quorum);
        let round = self.s.round.as_mut().filter(|round| round.ballot == proposal.ballot);
        let Some(Phase::Accept { value, accepted, .. }) = round.map(|round| &mut round.phase)
        else {
            return self.too_late(from, proposal.ballot);
        };
        if by_quorum && *value != proposal.value {
            return self.contained("learning quorum", from);
        }
        accepted.insert(from);
        if accepted.count() >= quorum || !by_quorum && from != self.s.me {
            self.learn(proposal);
            self.send_to_others(Message::Learn(proposal));
        }
    }

    /// Learns what is chosen, and answers everybody who waited for it.
    fn learn(&mut self, proposal: Proposal) {
        if let Some(known) = self.s.decided {
            if known.value != proposal.value {
                // No correct run comes here. What was told to clients stays told.
                self.out
                    .note(Note::Other("another value learnt", [known.ballot.0, proposal.ballot.0]));
            }
            return;
        }
        self.s.decided = Some(proposal);
        self.out.note(Note::Decided { slot: SLOT, entry: proposal.slot() });
        self.end_round();
        if std::mem::take(&mut self.s.backing_off) {
            self.out.disarm(Timer::BackOff);
        }
        for waiting in std::mem::take(&mut self.s.waiting) {
            self.out.answer(waiting.call, outcome(&proposal.value, waiting.call, waiting.op));
        }
    }

    // Clients.

    /// Takes a client's call in: answers it where the decision is known, else lets it wait for one.
    fn request(&mut self, call: CallId, op: Op) {
        if let Some(decided) = self.s.decided {
            return self.out.answer(call, outcome(&decided.value, call, op));
        }
        let same = |waiting: &&mut Waiting| waiting.call.key() == call.key();
        if let Some(known) = self.s.waiting.iter_mut().find(same) {
            known.call = call; // tried again: the answer goes to the newest attempt
        } else if self.s.waiting.len() < WAITING_MAX {
            self.s.waiting.push(Waiting { call, op, before_round: false });
        }
        if self.s.round.is_none() && !self.s.backing_off {
            self.begin_round();
        }
    }
}

/// Returns what a call comes to once this value is decided.
fn outcome(decided: &Value, call: CallId, op: Op) -> Outcome {
    match op {
        Op::Read { key } => Outcome::Read((decided.key == key).then_some(decided.value)),
        Op::Write { .. } if decided.call.key() == call.key() => Outcome::Written,
        Op::Write { .. } => Outcome::Refused,
    }
}
