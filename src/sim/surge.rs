//! More calls than usual: clients that a fault makes call more often, or all at once.
//!
//! What a client calls of itself keeps its numbers, its instants and its luck; the rest comes on
//! top. So a run without the surge is the same run with those calls left out.

use super::address::Address;
use super::chance::{Identity, mix};
use super::client::Client;
use super::lever::FaultId;
use super::protocol::Protocol;
use super::record::{EventId, Tape};
use super::world::World;

/// A hold of a fault on how often a client calls; of several, what they add is added up.
#[derive(Clone, Copy, Debug)]
pub(super) struct SurgeHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub factor: u32,
}

impl<P: Protocol, C: Client> World<P, C> {
    /// Makes clients call so many times as often.
    pub(super) fn hold_surge(&mut self, clients: &[Address], hold: SurgeHold, tape: &mut Tape) {
        for who in clients.iter().copied().filter(|who| !who.is_node()) {
            let Some(caller) = self.callers.get_mut(who.index()) else { continue };
            caller.surges.push(hold);
            self.settle_surge(who, hold.fault, hold.pulled, tape);
        }
    }

    /// Lets go of what a fault adds.
    pub(super) fn release_surge(&mut self, fault: FaultId, healed: EventId, tape: &mut Tape) {
        for k in 0..self.callers.len() {
            let surges = &mut self.callers[k].surges;
            let before = surges.len();
            surges.retain(|hold| hold.fault != fault);
            if surges.len() < before {
                self.settle_surge(Address::Client(k as u16 + 1), fault, healed, tape);
            }
        }
    }

    fn settle_surge(&mut self, who: Address, fault: FaultId, cause: EventId, tape: &mut Tape) {
        let caller = &mut self.callers[who.index()];
        let more = caller.surges.iter().map(|hold| hold.factor.saturating_sub(1));
        let factor = more.fold(1_u32, u32::saturating_add);
        let identity = of(fault, who).child(u64::from(factor));
        self.client_outbox.reuse(self.now, identity);
        caller.client.surge(factor, &mut self.client_outbox);
        self.carry_out_client(who, cause, identity, tape);
    }

    /// Makes clients call at once, so many times all together.
    pub(super) fn burst(
        &mut self,
        clients: &[Address],
        calls: u32,
        (fault, pulled): (FaultId, EventId),
        tape: &mut Tape,
    ) {
        let known = clients.iter().copied().filter(|who| !who.is_node());
        let known: Vec<Address> = known.filter(|who| who.index() < self.callers.len()).collect();
        let among = known.len() as u32;
        for (k, who) in (0..).zip(known) {
            let share = calls / among + u32::from(k < calls % among);
            let identity = of(fault, who);
            self.client_outbox.reuse(self.now, identity);
            self.callers[who.index()].client.burst(share, &mut self.client_outbox);
            self.carry_out_client(who, pulled, identity, tape);
        }
    }
}

/// Returns who it is that a fault makes a client do.
fn of(fault: FaultId, who: Address) -> Identity {
    Identity(mix(2 << 32 | u64::from(fault.0))).child(who.index() as u64)
}
