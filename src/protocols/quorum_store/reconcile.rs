//! How replicas come to hold the same again: each compares versions with a peer, in turn.

use std::collections::BTreeMap;

use crate::sim::{Address, Note};

use super::coordinate::Step;
use super::message::Message;
use super::shelf::{Copy, Version};
use super::{DIGEST_MAX, Timer};

impl Step<'_> {
    /// Tells the next peer which versions this node holds, of the next run of keys.
    pub(super) fn reconcile(&mut self) {
        self.out.arm(Timer::Reconcile, self.store.spec.anti_entropy.0.clone());
        if !self.store.spec.reconciliation || self.store.nodes < 2 {
            return;
        }
        let peer = self.next_peer();
        let from = self.s.next_key;
        let run: Vec<(u64, Copy)> = self.s.shelf.from(from).take(DIGEST_MAX + 1).collect();
        // Where more keys follow the run ends before them, and the next one begins there.
        let next = run.get(DIGEST_MAX).map(|(key, _)| *key);
        let to = next.map_or(u64::MAX, |key| key - 1);
        // Keys move on when every peer had its turn.
        if self.peer_after(peer) == self.first_peer() {
            self.s.next_key = next.unwrap_or(0);
        }
        let run = run.iter().take(DIGEST_MAX);
        let versions = run.map(|(key, copy)| (*key, copy.version)).collect();
        self.out.send(Address::Node(peer), Message::Digest { from, to, versions });
    }

    /// Returns whose turn it is.
    fn next_peer(&mut self) -> u16 {
        self.s.next_peer = self.peer_after(self.s.next_peer);
        self.s.next_peer
    }

    fn first_peer(&self) -> u16 {
        self.peer_after(self.s.me)
    }

    /// Returns the peer after a node, the first after the last.
    fn peer_after(&self, node: u16) -> u16 {
        let after = |node: u16| node % self.store.nodes + 1;
        let next = after(node);
        if next == self.s.me { after(next) } else { next }
    }

    /// Finds out where two replicas differ in a range of keys.
    pub(super) fn compare(
        &mut self,
        from: u16,
        (first, last): (u64, u64),
        versions: &[(u64, Version)],
    ) {
        let theirs: BTreeMap<u64, Version> = versions.iter().take(DIGEST_MAX).copied().collect();
        let ours = self.s.shelf.from(first).take_while(|(key, _)| *key <= last);
        let newer = |(key, copy): &(u64, Copy)| {
            theirs.get(key).is_none_or(|version| *version < copy.version)
        };
        let copies: Vec<(u64, Copy)> = ours.filter(newer).take(DIGEST_MAX).collect();
        let lacks = |(key, version): &(&u64, &Version)| {
            self.s.shelf.get(**key).is_none_or(|copy| copy.version < **version)
        };
        let wanted: Vec<u64> = theirs.iter().filter(lacks).map(|(key, _)| *key).collect();
        if !copies.is_empty() || !wanted.is_empty() {
            self.out.send(Address::Node(from), Message::Differences { copies, wanted });
        }
    }

    /// Takes what this node lacks, and sends what the other lacks.
    pub(super) fn differ(&mut self, from: u16, copies: Vec<(u64, Copy)>, wanted: &[u64]) {
        let mut mended = false;
        for (key, copy) in copies.into_iter().take(DIGEST_MAX) {
            mended |= self.keep(key, copy);
        }
        if mended {
            let from = Address::Node(from);
            self.out.note(Note::Contained { by: "reconciliation", from });
        }
        let held = |key: &u64| Some((*key, self.s.shelf.get(*key)?));
        let copies: Vec<(u64, Copy)> = wanted.iter().take(DIGEST_MAX).filter_map(held).collect();
        if !copies.is_empty() {
            self.out.send(Address::Node(from), Message::Differences { copies, wanted: Vec::new() });
        }
    }
}
