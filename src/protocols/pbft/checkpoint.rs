//! Checkpoints: what may be forgotten, and what a replica that is far behind is given (§4.3).

use std::sync::Arc;

use crate::sim::{Address, Note, Signed};

use super::MARKS_MAX;
use super::message::{Mark, Message, Snapshot};
use super::proof::Proof;
use super::state::{Checkpoint, Delta};
use super::step::Step;

impl Step<'_> {
    /// Keeps the state as it is after every so many requests, and tells everybody what it came to
    /// (§4.3).
    pub(super) fn take_checkpoint(&mut self) {
        let mark = Mark { seq: self.s.executed, digest: self.s.store.digest() };
        if mark.seq < self.s.low() {
            return; // What comes is far behind what a quorum holds.
        }
        self.s.checkpoints.insert(mark.seq, Checkpoint { mark, store: self.s.store.clone() });
        if mark.seq == self.s.low() {
            return self.compare();
        }
        let signed = self.out.sign(mark);
        self.tell(&Message::Checkpoint(signed));
        self.count_mark(self.s.me, signed);
    }

    /// Takes in what another replica's state came to.
    pub(super) fn marked(&mut self, from: Address, signed: Signed<Mark>) {
        let Some(by) = self.pbft.signer(&signed) else { return self.contained("signature", from) };
        let seq = signed.value().seq;
        if seq <= self.s.low() || !seq.is_multiple_of(self.pbft.spec.checkpoint_every) {
            return;
        }
        if seq > self.high() {
            self.s.ahead.insert(by);
        }
        self.count_mark(by, signed);
    }

    /// Counts who came to the same state: with a quorum, the checkpoint is stable (§4.3).
    fn count_mark(&mut self, by: u16, signed: Signed<Mark>) {
        let mark = *signed.value();
        let own = self.s.marks.entry(by).or_default();
        let Err(place) = own.binary_search_by_key(&mark.seq, |known| known.value().seq) else {
            return; // The first counts.
        };
        own.insert(place, signed);
        if own.len() > MARKS_MAX {
            own.remove(0);
        }
        let all = self.s.marks.values().flatten();
        let same: Vec<_> = all.filter(|known| *known.value() == mark).copied().collect();
        if same.len() >= self.pbft.quorum() {
            self.stabilise(Arc::new(Proof { mark, signed: same }));
            self.propose();
        }
    }

    /// Moves the watermarks up to a stable checkpoint, and forgets what lies below (§4.3).
    pub(super) fn stabilise(&mut self, proof: Arc<Proof>) {
        let seq = proof.mark.seq;
        if seq <= self.s.low() {
            return;
        }
        self.save(Delta::Proof(proof.clone()));
        self.s.stable = proof;
        self.s.slots = self.s.slots.split(&seq).1;
        let (_, here, later) = self.s.checkpoints.split_lookup(&seq);
        self.s.checkpoints = later;
        self.s.checkpoints.extend(here.map(|checkpoint| (seq, checkpoint)));
        for own in self.s.marks.values_mut() {
            own.retain(|mark| mark.value().seq > seq);
        }
        self.out.note(Note::Other("stable checkpoint", [seq, 0]));
        self.compare();
    }

    /// Compares the state that this replica came to with that of the quorum. A state that differs
    /// is corrupt: it is not given to anybody, and the replica asks for the right one.
    fn compare(&mut self) {
        let (seq, mark) = (self.s.low(), self.s.stable.mark);
        let Some(checkpoint) = self.s.checkpoints.get(&seq).cloned() else { return };
        if checkpoint.mark == mark {
            return self.save(Delta::Checkpoint(checkpoint));
        }
        self.s.checkpoints.remove(&seq);
        self.s.diverged = true;
        self.out.note(Note::Other("state differs from the quorum's", [seq, 0]));
    }

    /// Takes in a stable checkpoint, with the state where this replica lacks it (§4.3: a replica
    /// that is behind is brought up to date by copying the state).
    pub(super) fn state_came(&mut self, from: Address, snapshot: &Snapshot) {
        let Snapshot { proof, store } = snapshot;
        let right = |store: &crate::protocols::kv::Store| store.digest() == proof.mark.digest;
        if !self.pbft.is_proof(proof) || !store.as_ref().is_none_or(right) {
            return self.contained("checkpoint quorum", from);
        }
        self.stabilise(proof.clone());
        let mark = self.s.stable.mark;
        let lacks = self.s.executed < mark.seq || self.s.diverged;
        let Some(store) = store.as_ref().filter(|_| lacks && proof.mark == mark) else { return };
        let checkpoint = Checkpoint { mark, store: store.clone() };
        self.s.store = store.clone();
        (self.s.executed, self.s.diverged, self.s.behind) = (mark.seq, false, true);
        self.s.ahead.clear();
        self.s.checkpoints = imbl::OrdMap::unit(mark.seq, checkpoint.clone());
        self.save(Delta::Checkpoint(checkpoint));
        let known = &self.s.store;
        self.s.waiting.retain(|_, waiting| known.known(waiting.request.value().0).is_none());
        self.out
            .note(Note::Other("state transfer", [mark.seq, u64::from(from.node().unwrap_or(0))]));
        self.execute();
        self.propose();
    }
}
