//! A node's disk: what is stable, what is on its way there, and what a crash takes.

use std::collections::VecDeque;

use super::network::Latency;
use super::node::Mood;
use super::protocol::{Flip, Protocol, Ticket};
use super::time::Span;

/// The disks as the scenario describes them, before any fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DiskSpec {
    /// How long a write takes until it is stable.
    pub sync: Latency,
    /// What a crash takes.
    pub mood: Mood,
}

impl Default for DiskSpec {
    fn default() -> DiskSpec {
        DiskSpec { sync: Latency::Fixed(Span::micros(500)), mood: Mood::Durable }
    }
}

/// One node's disk.
#[derive(Debug)]
pub struct Disk<P: Protocol> {
    /// What is stable, or `None` where nothing was ever written.
    stable: Option<P::Stable>,
    /// Writes that are not stable yet, oldest first.
    pending: VecDeque<P::Delta>,
    /// The ticket of the newest write that is stable.
    synced: Ticket,
    /// What a crash takes.
    pub mood: Mood,
    /// What would be stable, had no bit flipped: what a mirror holds.
    sound: Option<P::Stable>,
}

impl<P: Protocol> Clone for Disk<P> {
    fn clone(&self) -> Self {
        Disk {
            stable: self.stable.clone(),
            pending: self.pending.clone(),
            synced: self.synced,
            mood: self.mood,
            sound: self.sound.clone(),
        }
    }
}

impl<P: Protocol> Disk<P> {
    /// Makes a disk that holds what an earlier life left, or nothing.
    pub fn new(stable: Option<P::Stable>, mood: Mood) -> Self {
        Disk { stable, pending: VecDeque::new(), synced: Ticket(0), mood, sound: None }
    }

    /// Returns what is stable.
    pub fn stable(&self) -> Option<&P::Stable> {
        self.stable.as_ref()
    }

    /// Returns the ticket of the newest write that is stable.
    pub fn synced(&self) -> Ticket {
        self.synced
    }

    /// Returns the ticket of the newest write.
    pub fn written(&self) -> Ticket {
        Ticket(self.synced.0 + self.pending.len() as u64)
    }

    /// Takes a write; it is not stable yet.
    pub fn write(&mut self, delta: P::Delta) -> Ticket {
        self.pending.push_back(delta);
        self.written()
    }

    /// Makes every write up to a ticket stable; returns whether there was one.
    pub fn sync(&mut self, up_to: Ticket) -> bool {
        let before = self.synced;
        while self.synced < up_to {
            let Some(delta) = self.pending.pop_front() else { break };
            P::persist(self.stable.get_or_insert_default(), &delta);
            if let Some(sound) = &mut self.sound {
                P::persist(sound, &delta);
            }
            self.synced.0 += 1;
        }
        self.synced > before
    }

    /// Flips one bit of what is stable; returns whether there was one to flip.
    pub fn flip(&mut self, bit: u64) -> bool {
        let Some(stable) = &mut self.stable else { return false };
        let before = stable.clone();
        let flipped = P::flip(Flip::Stable(stable), bit);
        if flipped {
            self.sound.get_or_insert(before);
        }
        flipped
    }

    /// Returns whether a checksum over what is stable is right.
    pub fn is_sound(&self) -> bool {
        self.sound.is_none()
    }

    /// Puts back what a mirror holds.
    pub fn mend(&mut self) {
        if let Some(sound) = self.sound.take() {
            self.stable = Some(sound);
        }
    }

    /// Goes through a crash, as the mood has it; returns how many writes are gone.
    pub fn crash(&mut self) -> u64 {
        let written = self.written();
        let gone = match self.mood {
            Mood::Durable => {
                self.sync(written);
                0
            }
            Mood::UnsyncedLost => self.pending.len() as u64,
            Mood::Wiped => {
                let all = written.0 + u64::from(self.stable.is_some());
                (self.stable, self.sound) = (None, None);
                all
            }
        };
        self.pending.clear();
        self.synced = Ticket(0);
        gone
    }
}
