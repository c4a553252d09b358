//! What a replica keeps: on its disk, and in its memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::Vector;

use crate::protocols::block::{Block, BlockId, Pool};
use crate::protocols::kv::Store;
use crate::sim::{Signed, Slot};

use super::message::{Branch, Certificate, Entry, Message, Phase, Vote, Wish};

/// What a replica must not forget: or it votes twice, or against its lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Promise {
    /// The last view in which it voted.
    pub view: u64,
    /// The last phase of that view in which it voted.
    pub voted: Option<Phase>,
    /// `prepareQC`: the highest certificate of the first phase that it knows.
    pub prepared: Option<Arc<Certificate>>,
    /// `lockedQC`: the highest certificate of the second phase that it voted for.
    pub locked: Option<Arc<Certificate>>,
}

/// What survives a crash, as far as the disk kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The promise.
    pub promise: Promise,
    /// The blocks before the prepared one that are not decided.
    pub branch: Branch,
    /// What was decided, from height 1.
    pub chain: Vector<Decided>,
}

/// A change to what is stable.
#[derive(Clone, Debug)]
pub enum Delta {
    /// A new promise in the place of the old one.
    Promise(Promise, Branch),
    /// One more decision.
    Decided(Decided),
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        match self {
            Delta::Promise(promise, branch) => {
                (stable.promise, stable.branch) = (promise.clone(), Arc::clone(branch));
            }
            Delta::Decided(decided) => {
                // What lies there was found to be broken, where anything does.
                stable.chain.truncate(decided.block.height().saturating_sub(1) as usize);
                stable.chain.push_back(decided.clone());
            }
        }
    }
}

/// A block that is decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decided {
    /// The block.
    pub block: Arc<Block>,
    /// Its certificate; none where a later block was decided, and this one with it.
    pub proof: Option<Arc<Certificate>>,
}

/// All that a replica knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // What is decided.
    /// The chain, from height 1.
    pub chain: Vector<Decided>,
    /// How many slots it fills: one for each request.
    pub slots: u64,
    /// The state machine.
    pub store: Store,
    /// Requests that wait to be proposed.
    pub pool: Pool,

    // On every replica.
    /// What it has said, and is bound by.
    pub promise: Promise,
    /// The view that it is in, from 1.
    pub view: u64,
    /// By what it came there.
    pub entry: Option<Entry>,
    /// Blocks that are not decided, by their hashes.
    pub tree: BTreeMap<BlockId, Arc<Block>>,
    /// A decision whose blocks are not all here.
    pub waiting: Option<Arc<Certificate>>,
    /// A proposal of a later view, until it can be entered.
    pub early: Option<(u16, Message)>,

    // The pacemaker.
    /// How many views in a row ended without a decision.
    pub failures: u32,
    /// Whether the timer of the view is armed.
    pub times: bool,
    /// Whether it has said that the view lasts too long.
    pub wished: bool,
    /// Its last vote.
    pub cast: Option<Signed<Vote>>,
    /// The highest view that each replica wants to leave.
    pub wishes: BTreeMap<u16, Signed<Wish>>,

    // On the leader.
    /// The highest view that each replica said to be in, and what it knew to be prepared.
    pub new_views: BTreeMap<u16, (u64, Option<Arc<Certificate>>)>,
    /// What it sent to everybody last in this view.
    pub announced: Option<Message>,
    /// What it proposed in this view.
    pub proposal: Option<Arc<Block>>,
    /// The votes of each phase for that.
    pub votes: BTreeMap<Phase, BTreeMap<u16, Signed<Vote>>>,
    /// Whose vote came when the view before this was over.
    pub late: BTreeSet<u16>,
}

impl State {
    /// Makes the state of a replica that comes up with nothing on its disk.
    pub fn new(me: u16) -> State {
        State {
            me,
            chain: Vector::new(),
            slots: 0,
            store: Store::default(),
            pool: Pool::default(),
            promise: Promise::default(),
            view: 1,
            entry: None,
            tree: BTreeMap::new(),
            waiting: None,
            early: None,
            failures: 0,
            times: false,
            wished: false,
            cast: None,
            wishes: BTreeMap::new(),
            new_views: BTreeMap::new(),
            announced: None,
            proposal: None,
            votes: BTreeMap::new(),
            late: BTreeSet::new(),
        }
    }

    /// Reads what an earlier life decided and promised. A block that does not stand on the one
    /// before it is none that was written: it and all after it are to be learnt anew. Returns the
    /// slots, and whether any such block was found.
    pub fn restore(&mut self, disk: &Stable) -> (Vec<Slot>, bool) {
        let mut slots = Vec::new();
        self.promise = disk.promise.clone();
        self.view = disk.promise.view.max(1);
        for block in &*disk.branch {
            self.tree.insert(block.id(), Arc::clone(block));
        }
        let certified = [&disk.promise.prepared, &disk.promise.locked];
        for certificate in certified.into_iter().flatten() {
            self.tree.insert(certificate.block.id(), Arc::clone(&certificate.block));
        }
        for decided in &disk.chain {
            let (block, epoch) = (&decided.block, decided.block.height());
            let proven = decided.proof.as_ref().is_none_or(|p| p.block.id() == block.id());
            if block.parent() != self.tip() || epoch != self.height() + 1 || !proven {
                return (slots, true);
            }
            block.execute(&mut self.store, |call, _| {
                slots.push(Slot { epoch, value: call.key() });
            });
            self.slots = slots.len() as u64;
            self.chain.push_back(decided.clone());
        }
        self.tree.retain(|_, block| block.height() > disk.chain.len() as u64);
        (slots, false)
    }

    /// Returns the height of the last block that it decided.
    pub fn height(&self) -> u64 {
        self.chain.len() as u64
    }

    /// Returns the hash of the last block that it decided.
    pub fn tip(&self) -> BlockId {
        self.chain.last().map_or(BlockId::GENESIS, |decided| decided.block.id())
    }

    /// Lists the blocks from the last that is decided to this one, oldest first; `None` where one
    /// of them is not here, or where the block does not stand on what is decided.
    pub fn path(&self, to: &Arc<Block>) -> Option<Vec<Arc<Block>>> {
        let mut path = vec![Arc::clone(to)];
        let mut below = to.parent();
        while below != self.tip() {
            let block = self.tree.get(&below)?;
            if block.height() <= self.height() {
                return None;
            }
            below = block.parent();
            path.push(Arc::clone(block));
        }
        path.reverse();
        let consecutive = (self.height() + 1..).zip(&path).all(|(k, block)| block.height() == k);
        consecutive.then_some(path)
    }

    /// Returns the highest block that it knows to be prepared and not decided.
    pub fn open(&self) -> Option<&Arc<Block>> {
        let block = &self.promise.prepared.as_ref()?.block;
        (block.height() > self.height() && self.path(block).is_some()).then_some(block)
    }

    /// Returns whether there is anything to be decided.
    pub fn has_work(&self) -> bool {
        !self.pool.is_empty() || self.open().is_some() || self.waiting.is_some()
    }
}

/// Returns the view of a certificate; that of the genesis block is 0.
pub fn view_of(certificate: Option<&Arc<Certificate>>) -> u64 {
    certificate.map_or(0, |certificate| certificate.view)
}
