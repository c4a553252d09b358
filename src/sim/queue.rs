//! What is to come, in the order of its time; what is due together comes in the order of its
//! making.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::address::Address;
use super::chance::Identity;
use super::client::{Aside, CallId, ClientTimer, Op, Outcome};
use super::lever::{FaultId, Lever};
use super::protocol::{Protocol, Ticket};
use super::record::EventId;
use super::time::Instant;

/// What a message carries.
#[derive(Clone, Debug)]
pub(super) enum Load<M> {
    /// A message of the protocol.
    Peer(M),
    /// A client's call.
    Call(CallId, Op),
    /// The answer to a call, with what was asked.
    Answer(CallId, Outcome),
    /// What is no word of the protocol and no call.
    Aside(Aside),
}

/// Something that is to come.
#[derive(Clone, Debug)]
pub(super) enum Pending<P: Protocol> {
    /// A message arrives.
    Deliver {
        from: Address,
        to: Address,
        load: Load<P::Msg>,
        sent: EventId,
        sent_at: Instant,
        identity: Identity,
        /// The lever that delayed it, if one did.
        delayed: Option<EventId>,
        /// The life of the node that has left it lying for as long as a gray fault makes it.
        left_by: Option<u32>,
        /// The lever that broke it on its way, so that a checksum tells.
        broken: Option<EventId>,
    },
    /// A scrubber has read a node's disk.
    Scrub { node: Address },
    /// A node's timer may have run out.
    Timer { node: Address, timer: P::Timer },
    /// A client's timer may have run out.
    ClientTimer { client: Address, timer: ClientTimer },
    /// A disk has all writes up to this ticket.
    Synced { node: Address, ticket: Ticket, incarnation: u32, identity: Identity, saved: EventId },
    /// A node is done with what it works on.
    Turn { node: Address, desk: usize, incarnation: u32 },
    /// A node that died of what it took in is to be started again.
    Restart { node: Address, fault: FaultId, incarnation: u32 },
    /// A guard looks at what a fault changed.
    Judge { fault: FaultId, injected: EventId },
    /// A fault's lever is to be pulled.
    Pull { fault: FaultId, injected: EventId, lever: Arc<Lever> },
    /// A fault heals by itself.
    Heal { fault: FaultId },
}

impl<P: Protocol> Pending<P> {
    /// Returns the nodes between which it travels, where it is a message of peers.
    pub fn ends(&self) -> [Option<Address>; 2] {
        match self {
            Pending::Deliver { from, to, load: Load::Peer(_), .. } => [Some(*from), Some(*to)],
            _ => [None, None],
        }
    }

    /// Returns the node that has to take it, where it is a node.
    pub fn node(&self) -> Option<Address> {
        match self {
            Pending::Deliver { to, .. } => Some(*to).filter(|to| to.is_node()),
            Pending::Timer { node, .. } | Pending::Synced { node, .. } => Some(*node),
            Pending::ClientTimer { .. }
            | Pending::Scrub { .. }
            | Pending::Turn { .. }
            | Pending::Restart { .. }
            | Pending::Judge { .. }
            | Pending::Pull { .. }
            | Pending::Heal { .. } => None,
        }
    }
}

/// One entry: when (64 bits), in which order of making (40), in which slot of the slab (24), in one
/// number, so that one comparison orders two of them.
type Entry = Reverse<u128>;

const SLOT_BITS: u32 = 24;
const MADE_BITS: u32 = 40;
/// How many events may be to come at once: what a world of 1,000 nodes needs, many times over.
const PENDING_MAX: usize = 1 << SLOT_BITS;

/// The queue: a heap of small keys over a slab, so that what moves in the heap is 16 bytes.
#[derive(Debug)]
pub(super) struct Queue<P: Protocol> {
    heap: BinaryHeap<Entry>,
    slab: Vec<Option<Pending<P>>>,
    free: Vec<u32>,
    made: u64,
}

impl<P: Protocol> Clone for Queue<P> {
    fn clone(&self) -> Self {
        Queue {
            heap: self.heap.clone(),
            slab: self.slab.clone(),
            free: self.free.clone(),
            made: self.made,
        }
    }
}

impl<P: Protocol> Queue<P> {
    pub fn new() -> Self {
        Queue { heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), made: 0 }
    }

    pub fn push(&mut self, at: Instant, pending: Pending<P>) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = Some(pending);
            slot
        } else {
            assert!(self.slab.len() < PENDING_MAX, "more is to come than any world needs");
            self.slab.push(Some(pending));
            self.slab.len() as u32 - 1
        };
        self.made += 1;
        debug_assert!(self.made < 1 << MADE_BITS, "a run ends before 2^40 events");
        let order = u128::from(self.made << SLOT_BITS | u64::from(slot));
        self.heap.push(Reverse(u128::from(at.0) << 64 | order));
    }

    pub fn pop(&mut self) -> Option<(Instant, Pending<P>)> {
        let Reverse(entry) = self.heap.pop()?;
        let slot = slot_of(entry);
        let pending = self.slab[slot].take().expect("an entry of the heap has its slot");
        self.free.push(slot as u32);
        Some((at_of(entry), pending))
    }

    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| at_of(*entry))
    }

    /// Lists what is to come, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &Pending<P>)> {
        self.heap.iter().map(|Reverse(entry)| {
            let pending = self.slab[slot_of(*entry)].as_ref();
            (at_of(*entry), pending.expect("an entry of the heap has its slot"))
        })
    }
}

const fn at_of(entry: u128) -> Instant {
    Instant((entry >> 64) as u64)
}

const fn slot_of(entry: u128) -> usize {
    entry as usize & (PENDING_MAX - 1)
}
