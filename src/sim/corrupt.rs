//! Silent corruption: bits that flip without a signal, and what finds them.
//!
//! A checksum finds what changed after it was computed: on the way, and on the disk when it is
//! read. It does not find what was computed wrongly, nor what changed in memory. A scrubber reads
//! disks while nobody asks for them, and mends from a mirror what a checksum finds.

use super::address::Address;
use super::chance::{Identity, Purpose, mix};
use super::client::{Client, Outcome};
use super::lever::{FaultId, Spot};
use super::node::{Life, PowerHold};
use super::note::Note;
use super::protocol::{Flip, Protocol};
use super::queue::Pending;
use super::record::{Because, Causes, EventId, Tape, What};
use super::time::{Rate, Span};
use super::world::World;

/// Within what time a scrubber has read a whole disk.
pub const SCRUB_ROUND: Span = Span::secs(1);
/// The switch that turns checksums.
pub const CHECKSUM: &str = "checksum";
/// The switch that turns the scrubber.
pub const SCRUB: &str = "scrub";

/// A hold of a fault that flips a share of what a node sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flips {
    pub fault: FaultId,
    pub pulled: EventId,
    pub spot: Spot,
    pub rate: Rate,
}

/// What finds flipped bits, as far as it is switched on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guards {
    pub checksum: bool,
    pub scrub: bool,
}

impl<P: Protocol, C: Client> World<P, C> {
    /// Takes hold of a node's bits; what is flipped once is flipped now.
    pub(super) fn hold_corruption(
        &mut self,
        who: Address,
        (fault, pulled): (FaultId, EventId),
        (spot, rate): (Spot, Rate),
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[who.index()];
        let identity = Identity(mix(u64::from(fault.0))).child(who.index() as u64);
        let bit = self.chance.number(identity, Purpose::Fault(fault.0), &(0..=u64::MAX - 1));
        let flipped = match spot {
            Spot::Memory => node.life != Life::Down && P::flip(Flip::State(&mut node.state), bit),
            Spot::Disk => node.disk.flip(bit),
            Spot::Transit | Spot::Core => {
                node.flips.push(Flips { fault, pulled, spot, rate });
                return;
            }
        };
        if !flipped {
            return; // there was nothing to flip
        }
        let because = || Causes::from_slice(&[Because::Of(pulled)]);
        let id = self.emit(tape, Some(who), because, What::Corrupted { spot });
        let node = &mut self.nodes[who.index()];
        if spot == Spot::Memory {
            node.tainted = Some(id);
        } else {
            node.spoilt = Some((fault, id));
            if self.guards.scrub {
                self.queue.push(self.now + SCRUB_ROUND, Pending::Scrub { node: who });
            }
        }
    }

    /// Flips a message that a node's core computed wrongly, or that is bent on its way. Returns the
    /// lever that did it, and whether a checksum over it tells.
    pub(super) fn spoil(
        &self,
        me: Address,
        msg: &mut P::Msg,
        identity: Identity,
    ) -> Option<(EventId, bool)> {
        let mut found = None;
        for flips in &self.nodes[me.index()].flips {
            let purpose = Purpose::Fault(flips.fault.0);
            if !self.chance.hits(identity.child(9), purpose, flips.rate) {
                continue;
            }
            let bit = self.chance.number(identity.child(10), purpose, &(0..=u64::MAX - 1));
            if P::flip(Flip::Msg(msg), bit) {
                found = Some((flips.pulled, flips.spot == Spot::Transit));
            }
        }
        found
    }

    /// Flips an answer that a node's core computed wrongly.
    pub(super) fn spoil_answer(
        &self,
        me: Address,
        outcome: Outcome,
        identity: Identity,
    ) -> (Outcome, Option<EventId>) {
        let Outcome::Read(Some(value)) = outcome else { return (outcome, None) };
        let mut flips = self.nodes[me.index()].flips.iter().filter(|f| f.spot == Spot::Core);
        let hit = flips.find(|flips| {
            self.chance.hits(identity.child(9), Purpose::Fault(flips.fault.0), flips.rate)
        });
        match hit {
            Some(flips) => {
                let purpose = Purpose::Fault(flips.fault.0);
                let bit = self.chance.number(identity.child(10), purpose, &(0..=31));
                (Outcome::Read(Some(value ^ 1 << bit)), Some(flips.pulled))
            }
            None => (outcome, None),
        }
    }

    /// Lets a receiver refuse what its checksum tells to be broken.
    pub(super) fn refuse_broken(
        &mut self,
        to: Address,
        from: Address,
        lever: EventId,
        tape: &mut Tape,
    ) {
        let because = || Causes::from_slice(&[Because::Of(lever)]);
        let note = Note::Contained { by: CHECKSUM, from };
        self.emit(tape, Some(to), because, What::Noted(note));
    }

    /// Returns whether a node may start from its disk. Where a checksum tells that the disk is
    /// broken it does not: it stays down until the fault is healed.
    pub(super) fn may_start(&mut self, who: Address, tape: &mut Tape) -> bool {
        let node = &mut self.nodes[who.index()];
        if node.disk.is_sound() {
            node.spoilt = None;
            return true;
        }
        let Some((fault, id)) = node.spoilt else { return true };
        if !self.guards.checksum {
            node.tainted = Some(id);
            return true;
        }
        node.power.push(PowerHold { fault, pulled: id, life: Life::Down });
        let because = || Causes::from_slice(&[Because::Of(id)]);
        let contained = Note::Contained { by: CHECKSUM, from: who };
        self.emit(tape, Some(who), because, What::Noted(contained));
        false
    }

    /// Lets the scrubber read a node's disk, and mend what is broken on it.
    pub(super) fn scrub(&mut self, who: Address, tape: &mut Tape) {
        let node = &mut self.nodes[who.index()];
        let Some((_, id)) = node.spoilt.filter(|_| self.guards.scrub && !node.disk.is_sound())
        else {
            return;
        };
        node.disk.mend();
        node.spoilt = None;
        let because = || Causes::from_slice(&[Because::Of(id)]);
        let contained = Note::Contained { by: SCRUB, from: who };
        self.emit(tape, Some(who), because, What::Noted(contained));
    }

    /// Lets go of what a healed fault flips; what is flipped on a disk is mended by hand.
    pub(super) fn release_corruption(&mut self, fault: FaultId) {
        for node in &mut self.nodes {
            node.flips.retain(|flips| flips.fault != fault);
            if node.spoilt.is_some_and(|(by, _)| by == fault) {
                node.disk.mend();
                node.spoilt = None;
            }
        }
    }

    /// Turns what finds flipped bits; returns whether there is a guard of this name.
    pub fn guard(&mut self, switch: &str, on: bool) -> bool {
        match switch {
            CHECKSUM => self.guards.checksum = on,
            SCRUB => {
                self.guards.scrub = on;
                for k in 0..self.nodes.len() {
                    if on && self.nodes[k].spoilt.is_some() {
                        let node = Address::Node(k as u16 + 1);
                        self.queue.push(self.now + SCRUB_ROUND, Pending::Scrub { node });
                    }
                }
            }
            _ => return false,
        }
        true
    }
}
