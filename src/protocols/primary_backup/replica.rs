//! A copy: keeps what a primary sends it, and asks for the lease itself.

use super::message::{Message, Version};
use super::{Delta, Step, Timer};
use crate::protocols::kv::Store;
use crate::sim::{Address, Note};

impl Step<'_> {
    /// Asks for the lease, or to keep it.
    pub(super) fn ask(&mut self) {
        let (lock, at) = (self.p.spec.lock, self.out.now());
        if let Some(lead) = &self.s.lead {
            self.out.send(lock, Message::Renew { epoch: lead.epoch, at });
            self.out.arm(Timer::Ask, self.p.spec.renew..=self.p.spec.renew);
        } else {
            self.out.send(lock, Message::Acquire { at });
            self.out.arm(Timer::Ask, self.p.spec.poll.0.clone());
        }
    }

    /// Learns who has the lease; who led in an earlier epoch learns that it is over.
    pub(super) fn denied(&mut self, epoch: u64, holder: Option<Address>) {
        self.s.primary = holder;
        if self.s.lead.as_ref().is_some_and(|lead| lead.epoch <= epoch) {
            self.step_down();
        }
    }

    /// Closes all epochs before this one, on the disk, and hands its copy to the new primary.
    pub(super) fn fence_asked(&mut self, from: Address, epoch: u64) {
        if self.p.spec.fencing && self.refuses(from, epoch) {
            return;
        }
        self.obey(epoch);
        self.s.primary = Some(from);
        let (version, store) = (self.s.version, self.s.store.clone());
        self.out.send(from, Message::Copy { epoch, version, store });
    }

    /// Refuses what comes from a closed epoch.
    fn refuses(&mut self, from: Address, epoch: u64) -> bool {
        let closed = epoch < self.s.fence;
        if closed {
            self.out.note(Note::Contained { by: "fencing token", from });
            self.out.send(from, Message::Closed { epoch: self.s.fence });
        }
        closed
    }

    fn obey(&mut self, epoch: u64) {
        if epoch > self.s.fence {
            self.s.fence = epoch;
            self.out.save(Delta::Fence(epoch));
        }
        if self.s.lead.as_ref().is_some_and(|lead| lead.epoch < epoch) {
            self.step_down();
        }
    }

    /// Takes a primary's state as its own. With fencing never one of a closed epoch; without, it
    /// knows no order but that in which one primary numbered its own states.
    pub(super) fn update_came(&mut self, from: Address, version: Version, store: Store) {
        let newer = if self.p.spec.fencing {
            if self.refuses(from, version.epoch) {
                return;
            }
            self.obey(version.epoch);
            version > self.s.version
        } else {
            version.epoch != self.s.version.epoch || version.number > self.s.version.number
        };
        self.s.primary = Some(from);
        if newer {
            self.take(version, store);
        }
        // What was newer already is as good: it holds all that this one holds.
        if self.s.version.epoch == version.epoch {
            self.out.send(from, Message::Ack { version: self.s.version });
        }
    }

    pub(super) fn take(&mut self, version: Version, store: Store) -> crate::sim::Ticket {
        self.out.note(Note::Stored { epoch: version.epoch });
        self.s.version = version;
        self.s.store = store;
        self.out.save(Delta::State(version, self.s.store.clone()))
    }

    /// Says whether this epoch is still obeyed. Without fencing nobody keeps count of epochs, and
    /// each is.
    pub(super) fn confirm_asked(&mut self, from: Address, epoch: u64, round: u64) {
        if self.p.spec.fencing && self.refuses(from, epoch) {
            return;
        }
        self.out.send(from, Message::Confirmed { epoch, round });
    }

    /// Learns that its epoch is closed.
    pub(super) fn closed(&mut self, epoch: u64) {
        if self.s.lead.as_ref().is_some_and(|lead| lead.epoch < epoch) {
            self.step_down();
        }
    }
}
