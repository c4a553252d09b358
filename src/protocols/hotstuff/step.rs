//! One step of one replica: what comes in, and how a promise is written down before it leaves.

use std::sync::Arc;

use crate::protocols::block::{Block, bears, is_genuine, quorum};
use crate::protocols::kv::Applied;
use crate::sim::{Address, CallId, Event, Note, Outbox, Role, Slot};

use super::message::{Branch, Certificate, Message};
use super::state::{Decided, Delta, State};
use super::{HotStuff, Timer};

/// How many blocks that are not decided are kept: each took a view of its own.
const TREE_MAX: usize = 256;
/// How many blocks a branch that is sent holds at most: what is older is asked for.
const BRANCH_MAX: usize = 64;

/// A step under way.
pub(super) struct Step<'a> {
    pub h: &'a HotStuff,
    pub s: &'a mut State,
    pub out: &'a mut Outbox<HotStuff>,
}

impl Step<'_> {
    /// Takes the step.
    pub fn take(mut self, event: Event<HotStuff>) {
        match event {
            Event::Deliver { from, msg } => {
                let Some(node) = from.node().filter(|node| *node <= self.h.nodes) else { return };
                self.deliver(node, msg);
            }
            Event::Timeout(Timer::View) => self.view_timeout(),
            Event::Timeout(Timer::Retry) => self.retry(),
            Event::Request { call, .. } => self.request(call),
            Event::Saved(_) => return,
        }
        self.propose();
        self.pace();
    }

    /// Returns how many make a quorum: `n - f`, more than two thirds.
    pub fn quorum(&self) -> u16 {
        quorum(self.h.nodes)
    }

    /// Returns how many are sure to hold an honest one.
    pub fn some_honest(&self) -> u16 {
        bears(self.h.nodes) + 1
    }

    /// Takes a request in, or repeats the answer of one that took effect.
    fn request(&mut self, call: CallId) {
        match self.s.store.known(call) {
            Some(Applied::Fresh(outcome) | Applied::Duplicate(outcome)) => {
                self.out.note(Note::Contained { by: "request id", from: call.client });
                return self.out.answer(call, outcome);
            }
            Some(Applied::Forgotten) => return,
            None => {}
        }
        if let Some(request) = self.out.signed_request().filter(is_genuine) {
            self.s.pool.insert(request);
        }
    }

    fn deliver(&mut self, from: u16, msg: Message) {
        match msg {
            Message::NewView { view, .. } if view < self.s.view => self.left_behind(from),
            Message::NewView { view, high, branch } => self.new_view(from, view, high, &branch),
            Message::Prepare { view, .. } if view > self.s.view => self.ahead(from, msg),
            Message::Prepare { view, block, high, branch, .. } => {
                self.prepare(from, view, &block, high.as_ref(), &branch);
            }
            Message::Vote(signed) if signed.value().view < self.s.view => {
                self.late_vote(from, signed.value().view);
            }
            Message::Vote(signed) => self.voted(signed),
            Message::Certified(certificate) => self.certified(from, &certificate),
            Message::Timeout { wish, height } => self.wished(from, wish, height),
            Message::Fetch { height } => self.teach(from, height),
            Message::Decided { blocks, proof, entry } => {
                self.taught(from, &blocks, proof.as_ref(), entry.as_ref());
            }
            Message::Garbled => {
                let from = Address::Node(from);
                self.out.note(Note::Contained { by: "signature", from });
            }
        }
    }

    /// Sends to a replica.
    pub fn send(&mut self, to: u16, msg: Message) {
        self.out.send(Address::Node(to), msg);
    }

    /// Sends to every other replica.
    pub fn broadcast(&mut self, msg: &Message) {
        for node in (1..=self.h.nodes).filter(|node| *node != self.s.me) {
            self.out.send(Address::Node(node), msg.clone());
        }
    }

    /// Writes down what it promised. What is sent after this leaves only once the disk has it.
    pub fn save(&mut self) {
        let branch = self.branch(self.s.promise.prepared.as_ref());
        self.out.save(Delta::Promise(self.s.promise.clone(), branch));
    }

    /// Notes that it leads its view, or does not.
    pub fn set_role(&mut self) {
        let leads = self.h.leader(self.s.view) == self.s.me;
        let role = if leads { Role::Proposer } else { Role::Validator };
        self.out.note(Note::Role { role, epoch: self.s.view });
    }

    /// Keeps a block that is not decided. Where there are too many, the lowest that nothing is
    /// prepared on is let go.
    pub fn keep(&mut self, block: &Arc<Block>) {
        if block.height() <= self.s.height() {
            return;
        }
        if self.s.tree.len() >= TREE_MAX && !self.s.tree.contains_key(&block.id()) {
            let bound = self.s.promise.prepared.as_ref().map(|high| high.block.id());
            let loose = self.s.tree.values().filter(|old| Some(old.id()) != bound);
            let lowest = loose.min_by_key(|old| (old.height(), old.id())).map(|old| old.id());
            lowest.and_then(|old| self.s.tree.remove(&old));
        }
        self.s.tree.insert(block.id(), Arc::clone(block));
    }

    /// Returns the blocks before a certified one that are not decided.
    pub fn branch(&self, high: Option<&Arc<Certificate>>) -> Branch {
        let path = high.and_then(|high| self.s.path(&high.block)).unwrap_or_default();
        let before = path.len().saturating_sub(1);
        path[before.saturating_sub(BRANCH_MAX)..before].iter().cloned().collect()
    }

    /// Decides a block and all before it; asks for those that are not here.
    pub fn decide(&mut self, from: u16, certificate: &Arc<Certificate>) {
        if certificate.block.height() <= self.s.height() {
            return;
        }
        self.keep(&certificate.block);
        let Some(path) = self.s.path(&certificate.block) else {
            self.s.waiting = Some(Arc::clone(certificate));
            let height = self.s.height() + 1;
            return self.send(from, Message::Fetch { height });
        };
        for block in path {
            let proof = (block.id() == certificate.block.id()).then(|| Arc::clone(certificate));
            self.execute(Decided { block, proof });
        }
        self.s.failures = 0;
        self.settle();
    }

    /// Lets go of what a decision has settled.
    pub fn settle(&mut self) {
        let height = self.s.height();
        self.s.tree.retain(|_, block| block.height() > height);
        self.s.waiting = self.s.waiting.take().filter(|last| last.block.height() > height);
    }

    /// Applies a block; every replica answers, and the client believes `f + 1` of them.
    pub fn execute(&mut self, decided: Decided) {
        self.out.save(Delta::Decided(decided.clone()));
        let (out, slots) = (&mut *self.out, &mut self.s.slots);
        let epoch = decided.block.height();
        decided.block.execute(&mut self.s.store, |call, applied| {
            *slots += 1;
            let entry = Slot { epoch, value: call.key() };
            out.note(Note::Decided { slot: *slots, entry });
            if let Applied::Fresh(outcome) | Applied::Duplicate(outcome) = applied {
                out.answer(call, outcome);
            }
        });
        self.s.pool.settle(&decided.block, &self.s.store);
        self.s.chain.push_back(decided);
    }
}
