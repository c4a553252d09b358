//! What chained Byzantine protocols agree on: blocks of requests that clients signed.
//!
//! Here: the request as its client signed it, the pool in which requests wait for a proposer, and
//! the block, which names the one before it by its hash, so that who agrees on a block agrees on
//! all before it. Absent on purpose: how a block comes to be agreed on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::kv::{Applied, Command, Store};
use crate::sim::chance::mix;
use crate::sim::{Address, CallId, Op, Signed};

/// A call with its client's signature: a replica can pass it on and cannot make it up.
pub type Request = Signed<(CallId, Op)>;

/// How many requests a block holds at most.
pub const REQUESTS_MAX: usize = 64;
/// How many requests wait for a proposer at most; what comes then is as if lost, and its client
/// tries again.
pub const POOL_MAX: usize = 4_096;

/// Returns whether a request bears the signature of the client that it names.
pub fn is_genuine(request: &Request) -> bool {
    let client = request.value().0.client;
    request.by() == client && !client.is_node()
}

/// The order of requests within a pool and a block: a client's earlier calls first, and no client
/// before its turn.
fn place(request: &Request) -> (u32, Address) {
    let call = request.value().0;
    (call.serial, call.client)
}

/// Returns how many of `nodes` are more than two thirds of them.
pub const fn quorum(nodes: u16) -> u16 {
    (nodes as u32 * 2 / 3 + 1) as u16
}

/// Returns how many liars `nodes` bear: less than a third of them.
pub const fn bears(nodes: u16) -> u16 {
    nodes.saturating_sub(1) / 3
}

/// Requests that wait for a proposer. A client asks every replica, so each has a pool like it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pool(BTreeMap<(u32, Address), Request>);

impl Pool {
    /// Takes a request in, unless the pool is full.
    pub fn insert(&mut self, request: Request) {
        if self.0.len() < POOL_MAX {
            self.0.insert(place(&request), request);
        }
    }

    /// Returns how many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether none waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lists the next requests for a block, but for those that `taken` says are on their way.
    pub fn next(&self, taken: impl Fn(&Request) -> bool) -> Arc<[Request]> {
        self.0.values().filter(|request| !taken(request)).take(REQUESTS_MAX).copied().collect()
    }

    /// Lets go of what took effect, or is so old that nobody knows whether it did.
    pub fn settle(&mut self, block: &Block, store: &Store) {
        for request in block.requests() {
            self.0.remove(&place(request));
        }
        // Others have been forgotten only where a client called very often since.
        while let Some(first) = self.0.first_entry() {
            if store.known(first.get().value().0).is_none() {
                return;
            }
            first.remove();
        }
    }
}

/// A block's hash. Two blocks of one hash among 2^64 is the error that this accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u64);

impl BlockId {
    /// What stands before the first block.
    pub const GENESIS: BlockId = BlockId(0);

    /// Returns a short number for a reader, never 0.
    pub const fn short(self) -> u64 {
        self.0 % 9_999 + 1
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == BlockId::GENESIS {
            return f.pad("genesis");
        }
        f.pad(&format!("#{}", self.short()))
    }
}

/// A block. It cannot be changed, so that its hash is true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    id: BlockId,
    height: u64,
    parent: BlockId,
    salt: u64,
    requests: Arc<[Request]>,
}

impl Block {
    /// Makes a block at a height from 1, on top of its parent. `salt` is of the proposer's choice:
    /// two blocks of the same requests are two where it differs, as they do in a real chain by
    /// their time and proposer.
    pub fn new(height: u64, parent: BlockId, salt: u64, requests: Arc<[Request]>) -> Arc<Block> {
        let mut hash = mix(height ^ mix(parent.0 ^ mix(salt)));
        for request in &*requests {
            let (call, op) = request.value();
            let op = match op {
                Op::Read { key } => mix(key << 1),
                Op::Write { key, value } => mix(*value ^ mix(key << 1 | 1)),
            };
            hash = mix(hash ^ mix(call.key() ^ op));
        }
        Arc::new(Block { id: BlockId(hash.max(1)), height, parent, salt, requests })
    }

    /// Returns its hash.
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// Returns its height, from 1.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// Returns the hash of the block before it.
    pub fn parent(&self) -> BlockId {
        self.parent
    }

    /// Returns what it asks of the store.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Returns whether a replica with this store may vote for it: it asks for something, and for
    /// nothing that no client signed, nor that took effect before.
    pub fn is_valid(&self, store: &Store) -> bool {
        let ordered = self.requests.is_sorted_by(|a, b| place(a) < place(b));
        let count = self.requests.len();
        let fresh =
            |request: &Request| is_genuine(request) && store.known(request.value().0).is_none();
        ordered && (1..=REQUESTS_MAX).contains(&count) && self.requests.iter().all(fresh)
    }

    /// Returns whether it holds a request.
    pub fn holds(&self, request: &Request) -> bool {
        self.requests.binary_search_by_key(&place(request), place).is_ok()
    }

    /// Makes another block that could stand in the place of this one: the story for those who are
    /// to be told the contrary.
    pub fn contrary(&self) -> Arc<Block> {
        let fewer = self.requests.len().saturating_sub(1).max(1).min(self.requests.len());
        let requests = self.requests[..fewer].iter().copied().collect();
        Block::new(self.height, self.parent, !self.salt, requests)
    }

    /// Makes a block that asks for what was asked before, as no honest proposer would.
    pub fn replayed(&self, of: &Block) -> Arc<Block> {
        Block::new(self.height, self.parent, !self.salt, Arc::clone(&of.requests))
    }

    /// Makes what a disk gives back where one of its bits flipped: a block of another hash.
    pub fn flipped(&self, bit: u64) -> Arc<Block> {
        let salt = self.salt ^ 1 << (bit % 64);
        Block::new(self.height, self.parent, salt, Arc::clone(&self.requests))
    }

    /// Applies its requests in their order; `done` is told of each what came of it.
    pub fn execute(&self, store: &mut Store, mut done: impl FnMut(CallId, Applied)) {
        for request in &*self.requests {
            let (call, op) = *request.value();
            // A second attempt is the same request: the client signed it once.
            let applied = store.apply(&Command { call, op, once: true });
            done(call, applied);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Liar, Untruth};

    fn request(client: u16, serial: u32) -> Request {
        let by = Address::Client(client);
        let liar = Liar::new(by, Untruth::Value, Vec::new());
        let call = CallId { client: by, serial, attempt: 1 };
        let op = Op::Write { key: 1, value: u64::from(serial) };
        liar.sign(by, (call, op)).expect("it signs for itself")
    }

    #[test]
    fn two_quorums_share_more_than_the_liars() {
        for nodes in 4..200 {
            assert!(2 * quorum(nodes) - nodes > bears(nodes), "{nodes}");
            assert!(quorum(nodes) + bears(nodes) <= nodes, "{nodes}");
            assert!(3 * bears(nodes) < nodes && 3 * (bears(nodes) + 1) >= nodes);
        }
        assert_eq!([4, 5, 6, 7, 10, 13].map(quorum), [3, 4, 5, 5, 7, 9]);
        assert_eq!([4, 5, 6, 7, 10, 13].map(bears), [1, 1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_pool_gives_each_client_its_turn_and_forgets_what_took_effect() {
        let mut pool = Pool::default();
        for (client, serial) in [(1, 1), (1, 2), (2, 1), (2, 1)] {
            pool.insert(request(client, serial));
        }
        assert_eq!(pool.len(), 3);
        let calls: Vec<String> =
            pool.next(|_| false).iter().map(|r| r.value().0.to_string()).collect();
        assert_eq!(calls, ["c1#1", "c2#1", "c1#2"]);
        let mut store = Store::default();
        let block = Block::new(1, BlockId::GENESIS, 0, [request(1, 1), request(1, 2)].into());
        block.execute(&mut store, |_, _| {});
        pool.settle(&block, &store);
        assert_eq!(pool.len(), 1);
    }

    #[test]
    fn a_block_is_valid_once_and_only_with_signatures() {
        let mut store = Store::default();
        let good = Block::new(1, BlockId::GENESIS, 0, [request(1, 1), request(2, 1)].into());
        assert!(good.is_valid(&store));
        let thief = Liar::new(Address::Client(2), Untruth::Value, Vec::new());
        let stolen = thief.sign(Address::Client(2), *request(1, 1).value()).expect("its own");
        for bad in [vec![], vec![request(1, 1), request(1, 1)], vec![stolen]] {
            assert!(!Block::new(1, BlockId::GENESIS, 0, bad.into()).is_valid(&store));
        }
        let other = good.contrary();
        assert!(other.is_valid(&store) && other.id() != good.id());
        assert_ne!(good.flipped(3).id(), good.id());
        good.execute(&mut store, |_, _| {});
        assert!(!other.is_valid(&store), "it took effect");
        assert!(!Block::new(2, good.id(), 0, [].into()).replayed(&good).is_valid(&store));
    }
}
