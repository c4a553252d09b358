//! The lock server: one lease at a time, each with a higher number.

use super::message::Message;
use super::{Delta, Step, Timer};
use crate::sim::{Address, Instant};

impl Step<'_> {
    /// Comes back. A lease may be out that it does not remember, so it waits as long as one lasts.
    pub(super) fn lock_boots(&mut self) {
        if self.s.waits {
            self.await_end();
        }
    }

    fn await_end(&mut self) {
        let whole = self.p.spec.lease + self.p.spec.margin;
        self.out.arm(Timer::LeaseOver, whole..=whole);
    }

    /// Lends the lease if nobody has it. Its number is on the disk before it is told: numbers must
    /// grow though the server forgets.
    pub(super) fn acquire_asked(&mut self, from: Address, at: Instant) {
        if self.s.holder.is_some() || self.s.waits {
            return self.deny(from);
        }
        self.s.granted += 1;
        self.s.holder = Some(from);
        self.out.save(Delta::Grant(self.s.granted));
        self.out.send(from, Message::Granted { epoch: self.s.granted, at });
        self.await_end();
    }

    /// Lets the holder keep it. One that was too late asks anew, and gets another number.
    pub(super) fn renew_asked(&mut self, from: Address, epoch: u64, at: Instant) {
        if self.s.holder != Some(from) || epoch != self.s.granted {
            return self.deny(from);
        }
        self.out.send(from, Message::Granted { epoch, at });
        self.await_end();
    }

    fn deny(&mut self, to: Address) {
        let (epoch, holder) = (self.s.granted, self.s.holder);
        self.out.send(to, Message::Denied { epoch, holder });
    }

    /// Nobody has renewed the lease: it is free.
    pub(super) fn lease_over(&mut self) {
        (self.s.holder, self.s.waits) = (None, false);
    }
}
