//! The pacemaker: when a view has lasted too long, and how replicas come into one view together.
//!
//! The paper asks of it only that in the end all honest replicas are in one view with an honest
//! leader for long enough, and leaves open how (section 4.4). Here a view is entered by proof: a
//! certificate shows that the view before has decided, or that others are there; or `n - f`
//! replicas have signed that they want to leave it. `f + 1` such wishes, of which one is honest,
//! make others join. Each view that ends without a decision doubles the patience of the next.
//!
//! A view that decides costs the pacemaker one message of each replica to the next leader. A view
//! that fails costs `n (n - 1)` wishes: the linear view change of the paper is that of its votes
//! and certificates, not of this.

use std::sync::Arc;

use crate::protocols::block::Block;
use crate::sim::{Signed, Span};

use super::message::{Certificate, Entry, Message, Phase, Wish, is_replica};
use super::state::Decided;
use super::step::Step;
use super::{PATIENCE_DOUBLINGS_MAX, Timer, phases};

/// How many decided blocks one message carries, unless it takes more to reach one with a proof.
pub const BLOCKS_MAX: u64 = 32;

impl Step<'_> {
    /// Keeps the timer of the view running while there is anything to be decided.
    pub(super) fn pace(&mut self) {
        let runs = self.s.has_work() && !self.s.wished;
        if runs && !self.s.times {
            let doublings = self.s.failures.min(PATIENCE_DOUBLINGS_MAX);
            let wait = Span(self.h.spec.timeout.0 << doublings).min(super::super::TIMER_MAX);
            self.out.arm(Timer::View, wait..=wait);
            self.arm_retry();
        } else if !runs && self.s.times {
            self.out.disarm(Timer::View);
            if !self.s.wished {
                self.out.disarm(Timer::Retry);
            }
        }
        self.s.times = runs;
    }

    /// The view has lasted too long.
    pub(super) fn view_timeout(&mut self) {
        self.s.times = false;
        self.wish();
    }

    /// Says that it wants to leave its view, and again while it cannot.
    pub(super) fn wish(&mut self) {
        self.s.wished = true;
        let (view, height) = (self.s.view, self.s.height());
        let wish = self.out.sign(Wish { view });
        self.s.wishes.insert(self.s.me, wish);
        self.broadcast(&Message::Timeout { wish, height });
        self.arm_retry();
        self.leave();
    }

    fn arm_retry(&mut self) {
        let again = Span(self.h.spec.timeout.0 / 2).max(super::super::TIMER_MIN);
        self.out.arm(Timer::Retry, again..=again);
    }

    /// What it said last may have been lost: it says so again. The paper's links lose nothing.
    pub(super) fn retry(&mut self) {
        if self.s.wished {
            return self.wish();
        }
        self.arm_retry();
        if let Some(last) = self.s.announced.clone() {
            self.broadcast(&last);
        }
        match (self.s.promise.voted, &self.s.cast) {
            (Some(_), Some(cast)) if self.s.promise.view == self.s.view => {
                let (leader, cast) = (self.h.leader(self.s.view), *cast);
                if leader != self.s.me {
                    self.send(leader, Message::Vote(cast));
                }
            }
            _ => self.say_view(),
        }
        if self.s.waiting.is_some() {
            let height = self.s.height() + 1;
            self.broadcast(&Message::Fetch { height });
        }
    }

    /// A vote came when its view was over. `n - f` of them were enough, so the others are late and
    /// what they led to is on its way to them; only who votes there once more was left behind.
    pub(super) fn late_vote(&mut self, from: u16, view: u64) {
        let just_over = view.saturating_add(1) == self.s.view;
        if !just_over || !self.s.late.insert(from) {
            self.left_behind(from);
        }
    }

    /// A replica is still in an earlier view: it is shown how to leave it.
    pub(super) fn left_behind(&mut self, from: u16) {
        let height = self.s.height();
        self.teach(from, height);
    }

    /// Another wants to leave a view.
    pub(super) fn wished(&mut self, from: u16, wish: Signed<Wish>, height: u64) {
        let view = wish.value().view;
        if !is_replica(wish.by(), self.h.nodes) {
            return;
        }
        if view < self.s.view || height < self.s.height() {
            self.teach(from, height.saturating_add(1));
        }
        let by = wish.by().node().unwrap_or_default();
        let known = self.s.wishes.get(&by).map(|known| known.value().view);
        if view < self.s.view || known.is_some_and(|known| known >= view) {
            return;
        }
        self.s.wishes.insert(by, wish);
        // The highest view that an honest replica wants to leave, too.
        let mut views: Vec<u64> = self.s.wishes.values().map(|wish| wish.value().view).collect();
        views.sort_unstable_by(|a, b| b.cmp(a));
        let joined = views.get(usize::from(self.some_honest()) - 1).copied();
        if let Some(joined) = joined.filter(|joined| *joined >= self.s.view) {
            if joined > self.s.view {
                self.enter(joined, None);
            }
            if !self.s.wished {
                return self.wish();
            }
        }
        self.leave();
    }

    /// Leaves the view once `n - f` want to.
    fn leave(&mut self) {
        let view = self.s.view;
        let wishes: Arc<[Signed<Wish>]> =
            self.s.wishes.values().filter(|wish| wish.value().view == view).copied().collect();
        if wishes.len() >= usize::from(self.quorum()) {
            self.s.failures = self.s.failures.saturating_add(1);
            self.enter(view.saturating_add(1), Some(Entry::Wished(wishes)));
        }
    }

    /// Comes into the view that a proof leads to, if that is later than its own.
    pub(super) fn enter_by(&mut self, entry: Entry) {
        let view = entry.view(self.h.nodes, self.quorum());
        if let Some(view) = view.filter(|view| *view > self.s.view) {
            self.enter(view, Some(entry));
        }
    }

    /// Comes into a view, and says so to its leader with the highest block that it knows to be
    /// prepared (the `nextView` interrupt of algorithm 2).
    fn enter(&mut self, view: u64, entry: Option<Entry>) {
        (self.s.view, self.s.entry) = (view, entry);
        phases::forget_view(self);
        (self.s.times, self.s.wished) = (false, false);
        self.out.disarm(Timer::View);
        self.out.disarm(Timer::Retry);
        self.set_role();
        self.say_view();
        if let Some((from, early)) = self.s.early.take() {
            self.ahead(from, early);
        }
    }

    /// Tells the leader of its view that it is there.
    pub(super) fn say_view(&mut self) {
        let (view, leader) = (self.s.view, self.h.leader(self.s.view));
        if leader != self.s.me {
            let high = self.s.promise.prepared.clone();
            let branch = self.branch(high.as_ref());
            self.send(leader, Message::NewView { view, high, branch });
        }
    }

    /// A proposal of a later view, or one that was kept until its view has come.
    pub(super) fn ahead(&mut self, from: u16, msg: Message) {
        let Message::Prepare { view, block, high, branch, entry } = &msg else { return };
        if from != self.h.leader(*view) {
            return;
        }
        if *view > self.s.view {
            let proven = |entry: &Entry| entry.view(self.h.nodes, self.quorum()) == Some(*view);
            let before = high.iter().any(|high| {
                high.view.checked_add(1) == Some(*view)
                    && high.is_proven(self.h.nodes, self.quorum())
            });
            if !before && !entry.as_ref().is_some_and(proven) {
                let kept = matches!(&self.s.early, Some((_, Message::Prepare { view: kept, .. }))
                    if kept > view);
                if !kept {
                    self.s.early = Some((from, msg));
                }
                return;
            }
            let entry = entry.clone().or_else(|| high.clone().map(Entry::Certified));
            self.s.early = None;
            self.enter(*view, entry);
        }
        self.prepare(from, *view, block, high.as_ref(), branch);
    }

    /// Sends what was decided from a height on, and how to come into its view.
    pub(super) fn teach(&mut self, to: u16, first: u64) {
        let first = first.max(1);
        let mut blocks = Vec::new();
        let mut proof = None;
        for decided in self.s.chain.iter().skip(first as usize - 1) {
            blocks.push(Arc::clone(&decided.block));
            proof.clone_from(&decided.proof);
            if blocks.len() as u64 >= BLOCKS_MAX && proof.is_some() {
                break;
            }
        }
        let (blocks, entry) = (blocks.into(), self.s.entry.clone());
        self.send(to, Message::Decided { blocks, proof, entry });
    }

    /// Learns what was decided: the certificate of the last block proves all before it.
    pub(super) fn taught(
        &mut self,
        from: u16,
        blocks: &[Arc<Block>],
        proof: Option<&Arc<Certificate>>,
        entry: Option<&Entry>,
    ) {
        let proven = |proof: &&Arc<Certificate>| {
            let last = blocks.last().map(|block| block.id());
            proof.phase == Phase::Commit
                && last == Some(proof.block.id())
                && proof.is_proven(self.h.nodes, self.quorum())
        };
        if let Some(proof) = proof.filter(proven) {
            self.learn(blocks, proof);
            if blocks.len() as u64 >= BLOCKS_MAX {
                let height = self.s.height() + 1;
                self.send(from, Message::Fetch { height });
            }
        }
        if let Some(waiting) = self.s.waiting.take() {
            self.decide_if_here(&waiting);
        }
        if let Some(entry) = entry {
            self.enter_by(entry.clone());
        }
    }

    fn learn(&mut self, blocks: &[Arc<Block>], proof: &Arc<Certificate>) {
        let height = self.s.height();
        let fresh: Vec<&Arc<Block>> =
            blocks.iter().filter(|block| block.height() > height).collect();
        let mut below = (self.s.tip(), height);
        for block in &fresh {
            if block.parent() != below.0 || block.height() != below.1 + 1 {
                return;
            }
            below = (block.id(), block.height());
        }
        for block in fresh {
            let proof = (block.id() == proof.block.id()).then(|| Arc::clone(proof));
            self.execute(Decided { block: Arc::clone(block), proof });
        }
        self.settle();
    }

    /// Decides what it has waited for, if its blocks are here now; else it waits on.
    fn decide_if_here(&mut self, waiting: &Arc<Certificate>) {
        if waiting.block.height() <= self.s.height() {
            return;
        }
        match self.s.path(&waiting.block) {
            Some(_) => self.decide(self.s.me, waiting),
            None => self.s.waiting = Some(Arc::clone(waiting)),
        }
    }
}
