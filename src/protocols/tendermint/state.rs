//! What a validator keeps: on its disk, and in its memory (algorithm 1, lines 1 to 9).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::Vector;

use crate::protocols::block::{Block, BlockId, Pool};
use crate::protocols::kv::Store;
use crate::sim::{Address, Signed, Slot};

use super::message::{Commit, Message, Vote};
use super::votes::{Choice, Rounds};

/// The steps of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Waits for the proposal.
    #[default]
    Propose,
    /// Has prevoted.
    Prevote,
    /// Has precommitted.
    Precommit,
}

impl Phase {
    /// Returns the paper's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Propose => "propose",
            Phase::Prevote => "prevote",
            Phase::Precommit => "precommit",
        }
    }
}

/// What a validator must not forget while it works on a height: or it votes twice, or against its
/// lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Promise {
    /// The height.
    pub height: u64,
    /// The latest round in which it said anything.
    pub round: u64,
    /// How far it is in that round.
    pub phase: Phase,
    /// Whether it has proposed in that round.
    pub proposed: bool,
    /// What it prevoted in that round.
    pub prevote: Option<Choice>,
    /// What it precommitted in that round.
    pub precommit: Option<Choice>,
    /// `lockedRound` and `lockedValue`: the last value that it precommitted.
    pub locked: Option<(u64, Arc<Block>)>,
    /// `validRound` and `validValue`: the last value that it saw a quorum prevote.
    pub valid: Option<(u64, Arc<Block>)>,
    /// The prevotes for these two blocks. Without them nobody may follow a proposal of the valid
    /// value (line 28): were they lost in every memory at once, locks would hold for ever.
    pub grounds: Arc<[Signed<Vote>]>,
}

/// What survives a crash, as far as the disk kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The promise of the height that it worked on.
    pub promise: Promise,
    /// What was decided, from height 1.
    pub chain: Vector<Arc<Commit>>,
}

/// A change to what is stable.
#[derive(Clone, Debug)]
pub enum Delta {
    /// A new promise in the place of the old one.
    Promise(Promise),
    /// One more decision.
    Decided(Arc<Commit>),
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        match self {
            Delta::Promise(promise) => stable.promise = promise.clone(),
            Delta::Decided(commit) => {
                // What lies there was found to be broken, where anything does.
                stable.chain.truncate(commit.block.height().saturating_sub(1) as usize);
                stable.chain.push_back(Arc::clone(commit));
            }
        }
    }
}

/// A height that is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decided {
    /// What was decided, and the proof.
    pub commit: Arc<Commit>,
    /// Every vote of the height that this validator saw before it decided: what it can testify.
    /// What it saw in an earlier life is gone.
    pub votes: Arc<[Signed<Vote>]>,
}

/// All that a validator knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a `first time` of its own in the paper")]
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

    // The height that it works on.
    /// What it has said, and is bound by.
    pub promise: Promise,
    /// The round that it is in.
    pub round: u64,
    /// How far it is in that round.
    pub phase: Phase,
    /// Whether it has begun; it waits for something to propose, or for another to begin.
    pub begun: bool,
    /// What it has heard.
    pub rounds: Rounds,
    /// Whether a quorum prevoted the proposal of this round already (line 36: for the first time).
    pub saw_polka: bool,
    /// Whether the timer after a quorum of prevotes was armed in this round (line 34).
    pub waits_prevotes: bool,
    /// Whether the timer after a quorum of precommits was armed in this round (line 47).
    pub waits_precommits: bool,

    // What is still to come.
    /// Requests that wait to be proposed.
    pub pool: Pool,
    /// What came early: messages of the next height, by who sent them.
    pub early: Vec<(u16, Message)>,
    /// The highest round of this height in which each validator was heard.
    pub ahead: BTreeMap<u16, u64>,
    /// The highest height at which each validator was heard.
    pub heights: BTreeMap<u16, u64>,
    /// Whether the timer is armed at whose end it says where it is.
    pub resends: bool,

    // Evidence.
    /// Whom it has accused.
    pub accused: BTreeSet<u16>,
    /// The lowest height at which it knows the chain to be forked.
    pub fork: Option<u64>,
}

impl State {
    /// Makes the state of a validator that comes up with nothing on its disk.
    pub fn new(me: u16) -> State {
        State {
            me,
            chain: Vector::new(),
            slots: 0,
            store: Store::default(),
            promise: Promise { height: 1, ..Promise::default() },
            round: 0,
            phase: Phase::Propose,
            begun: false,
            rounds: Rounds::default(),
            saw_polka: false,
            waits_prevotes: false,
            waits_precommits: false,
            pool: Pool::default(),
            early: Vec::new(),
            ahead: BTreeMap::new(),
            heights: BTreeMap::new(),
            resends: false,
            accused: BTreeSet::new(),
            fork: None,
        }
    }

    /// Reads what an earlier life decided. A block that does not fit the proof beside it, or the
    /// block before it, is none that was written: it and all after it are to be learnt anew.
    /// Returns the slots, and whether any such block was found.
    pub fn restore(&mut self, disk: &Stable) -> (Vec<Slot>, bool) {
        let mut slots = Vec::new();
        for commit in &disk.chain {
            let proves = commit.votes.first().map(|vote| vote.value().block);
            let fits = commit.block.height() == self.height()
                && commit.block.parent() == self.tip()
                && proves == Some(Some(commit.block.id()));
            if !fits {
                return (slots, true);
            }
            let epoch = self.height();
            commit.block.execute(&mut self.store, |call, _| {
                slots.push(Slot { epoch, value: call.key() });
            });
            self.slots = slots.len() as u64;
            let votes = Arc::clone(&commit.votes);
            self.chain.push_back(Decided { commit: Arc::clone(commit), votes });
        }
        (slots, false)
    }

    /// Returns the height that it works on.
    pub fn height(&self) -> u64 {
        self.chain.len() as u64 + 1
    }

    /// Returns the hash of the last block that it decided.
    pub fn tip(&self) -> BlockId {
        self.chain.last().map_or(BlockId::GENESIS, |decided| decided.commit.block.id())
    }

    /// Returns what it decided at a height.
    pub fn decided(&self, height: u64) -> Option<&Decided> {
        self.chain.get(usize::try_from(height.checked_sub(1)?).ok()?)
    }

    /// Returns the value that it is locked on, and since which round.
    pub fn locked(&self) -> Option<(u64, BlockId)> {
        self.promise.locked.as_ref().map(|(round, block)| (*round, block.id()))
    }

    /// Returns the round in which a value was last valid.
    pub fn valid_round(&self) -> Option<u64> {
        self.promise.valid.as_ref().map(|(round, _)| *round)
    }

    /// Returns who it is, as an address.
    pub fn address(&self) -> Address {
        Address::Node(self.me)
    }
}

/// Returns the highest number that at least `count` validators have reached: at least one of them
/// is honest, where `count` are more than may lie.
pub fn reached(by: &BTreeMap<u16, u64>, count: u16) -> Option<u64> {
    let mut numbers: Vec<u64> = by.values().copied().collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.get(usize::from(count).checked_sub(1)?).copied()
}
