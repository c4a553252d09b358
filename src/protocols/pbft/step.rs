//! What all rules share: who is told, what is saved, which timers run.

use crate::sim::{Address, Event, MessageKind, Note, Outbox, Role, Signed, Span};

use super::message::{Message, Phase, Statement};
use super::proof::Opening;
use super::state::{Delta, Slot, Stable, State, Watch};
use super::{DOUBLINGS_MAX, Pbft, Timer};

/// One step of one replica.
pub struct Step<'a> {
    pub pbft: &'a Pbft,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<Pbft>,
}

impl Step<'_> {
    /// Takes the step, and sees which timers have to run after it.
    pub fn take(mut self, event: Event<Pbft>) {
        match event {
            Event::Deliver { from, msg } => self.deliver(from, msg),
            Event::Timeout(Timer::View) => self.lose_patience(),
            Event::Timeout(Timer::Complete) => self.complete(),
            Event::Request { call, op: _ } => self.called(call),
            Event::Saved(_) => {}
        }
        self.settle();
    }

    fn deliver(&mut self, from: Address, msg: Message) {
        let Some(node) = from.node().filter(|node| (1..=self.pbft.nodes).contains(node)) else {
            return;
        };
        match msg {
            Message::Request(request) => self.passed_on(from, request),
            Message::PrePrepare(order) => self.pre_prepared(node, &order),
            Message::Vote(said) => self.voted(from, said),
            Message::Checkpoint(mark) => self.marked(from, mark),
            Message::ViewChange(change) => self.view_change_came(from, change),
            Message::NewView(new) => self.new_view_came(from, new),
            Message::Status(status) => self.asked(node, status),
            Message::Decision(decision) => self.decision_came(from, decision),
            Message::State(snapshot) => self.state_came(from, &snapshot),
            Message::Garbled(kind) => self.garbled(from, kind),
        }
    }

    fn garbled(&mut self, from: Address, _: &'static MessageKind) {
        self.contained("signature", from);
    }

    /// Takes up what the disk kept: what it said before the crash it stands by.
    pub fn restore(&mut self, disk: &Stable) {
        let me = self.s.me;
        if let Some(new) = self.s.new_view.clone() {
            let opening = Opening::of(&new.value().changes);
            self.s.given = opening.stable.mark.seq + opening.requests.len() as u64;
            self.put_opening(&new, &opening);
        }
        for (seq, kept) in &disk.kept {
            if !self.in_window(*seq) {
                continue;
            }
            self.slot(*seq).prepared.clone_from(&kept.prepared);
            let prepared = kept.prepared.iter().map(|p| (Phase::Commit, p.order));
            let order = kept.order.iter().map(|order| (Phase::Prepare, *order));
            for (phase, order) in order.chain(prepared) {
                let said = order.said.value();
                let primary = self.pbft.primary(said.view);
                self.put_order(primary, &order);
                if phase == Phase::Commit || primary != me {
                    let again = self.out.sign(Statement { phase, ..*said });
                    self.slot(*seq).put(me, again);
                }
                if said.view == self.s.view && primary == me {
                    self.s.given = self.s.given.max(*seq);
                }
                if let Some(request) = order.request {
                    self.is_ordered(&request);
                }
            }
        }
        if self.s.active {
            let numbers: Vec<u64> = self.s.slots.keys().copied().collect();
            numbers.into_iter().for_each(|seq| self.accept(seq));
        } else {
            self.own_change();
        }
    }

    /// Returns whether this replica is its view's primary.
    pub fn leads(&self) -> bool {
        self.pbft.primary(self.s.view) == self.s.me
    }

    /// Returns the high watermark H (§4.2).
    pub fn high(&self) -> u64 {
        self.s.low() + self.pbft.window()
    }

    /// Returns whether a number lies between the watermarks (§4.2).
    pub fn in_window(&self, seq: u64) -> bool {
        self.s.low() < seq && seq <= self.high()
    }

    /// Returns what is known of a number between the watermarks.
    pub fn slot(&mut self, seq: u64) -> &mut Slot {
        debug_assert!(self.in_window(seq), "there are slots between the watermarks alone");
        self.s.slots.entry(seq).or_default()
    }

    /// Sends to one replica.
    pub fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }

    /// Sends to every other replica.
    pub fn tell(&mut self, msg: &Message) {
        for to in (1..=self.pbft.nodes).filter(|to| *to != self.s.me) {
            self.out.send(Address::Node(to), msg.clone());
        }
    }

    /// Writes a change to the disk; what is said from here on waits for it.
    pub fn save(&mut self, delta: Delta) {
        self.out.save(delta);
    }

    /// Signs a statement, puts it down, and tells everybody.
    pub fn say(&mut self, statement: Statement) {
        let said: Signed<Statement> = self.out.sign(statement);
        let me = self.s.me;
        self.slot(statement.seq).put(me, said);
        self.tell(&Message::Vote(said));
    }

    /// Notes that a rule stopped something of another's.
    pub fn contained(&mut self, by: &'static str, from: Address) {
        self.out.note(Note::Contained { by, from });
    }

    /// Says which role the replica has in its view.
    pub fn take_role(&mut self) {
        let leads = self.s.active && self.leads();
        let role = if leads { Role::Primary } else { Role::Backup };
        self.out.note(Note::Role { role, epoch: self.s.view });
    }

    /// Lets those timers run that something waits for.
    pub fn settle(&mut self) {
        let watch = self.watch();
        if watch != self.s.watch {
            self.s.watch = watch;
            if watch == Watch::Nothing {
                self.out.disarm(Timer::View);
            } else {
                let patience = self.patience();
                self.out.arm(Timer::View, patience..=patience);
            }
        }
        let lacks = self.lacks();
        if lacks && !self.s.completing {
            self.s.executed_then = self.s.executed;
            let every = self.pbft.spec.complete_every;
            self.out.arm(Timer::Complete, every..=every);
        } else if !lacks && self.s.completing {
            self.out.disarm(Timer::Complete);
        }
        self.s.completing = lacks;
    }

    /// Returns what the view timer has to run for. A backup waits for its oldest request; one that
    /// left its view waits for the next to begin, once a quorum left too (§4.4, §4.5.2), so that
    /// nobody runs ahead alone.
    fn watch(&self) -> Watch {
        if !self.s.active {
            let left = self.s.changes.values().filter(|c| c.value().view >= self.s.view).count();
            let all = left >= self.pbft.quorum();
            return if all { Watch::View(self.s.view) } else { Watch::Nothing };
        }
        let oldest = self.s.oldest().filter(|_| !self.leads());
        oldest.map_or(Watch::Nothing, Watch::Request)
    }

    /// Returns how long the view timer runs: the second view change in a row waits twice as long
    /// as the first, the third four times, until a request is executed (§4.5.2).
    pub fn patience(&self) -> Span {
        let doublings = self.s.doubled.saturating_sub(1).min(DOUBLINGS_MAX);
        Span(self.pbft.spec.view_timeout.0 << doublings)
    }
}
