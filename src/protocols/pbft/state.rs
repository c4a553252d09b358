//! What a replica keeps: on its disk, and in its memory, grouped by the rule that needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::OrdMap;

use crate::protocols::kv::Store;
use crate::sim::{Address, Signed};

use super::message::{Digest, Mark, Order, Phase, Request, Statement};
use super::proof::{Decision, NewView, Prepared, Proof, ViewChange};

/// A state of the store that a replica may give to who lacks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// What it came to.
    pub mark: Mark,
    /// The state.
    pub store: Store,
}

/// What the disk keeps of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The newest order that the replica accepted.
    pub order: Option<Order>,
    /// The newest certificate that it had.
    pub prepared: Option<Arc<Prepared>>,
}

/// What survives a crash, as far as the disk kept it.
///
/// The paper counts a replica that crashed as a faulty one, and keeps nothing on disks. Here each
/// phase is on the disk before it is said, so that a crash is an omission: any number of replicas
/// may stop and come back. One whose disk is gone is a faulty one still.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The view.
    pub view: u64,
    /// Whether the replica waits for that view to begin.
    pub waits: bool,
    /// What began the view.
    pub new_view: Option<Arc<Signed<NewView>>>,
    /// The last stable checkpoint.
    pub proof: Option<Arc<Proof>>,
    /// The newest stable state that the replica had.
    pub checkpoint: Checkpoint,
    /// What it said of the numbers after that.
    pub kept: OrdMap<u64, Kept>,
}

/// A change to what is stable.
#[derive(Clone, Debug)]
pub enum Delta {
    /// The replica leaves its view and waits for this one.
    Leave(u64),
    /// The view begins.
    Enter(Arc<Signed<NewView>>),
    /// An order was accepted.
    Accepted(Order),
    /// A request is prepared.
    Prepared(Arc<Prepared>),
    /// A checkpoint is stable.
    Proof(Arc<Proof>),
    /// Its state is here.
    Checkpoint(Checkpoint),
}

impl Delta {
    /// Carries the change out.
    pub fn persist(&self, stable: &mut Stable) {
        match self {
            Delta::Leave(view) => (stable.view, stable.waits) = (*view, true),
            Delta::Enter(new) => {
                (stable.view, stable.waits) = (new.value().view, false);
                stable.new_view = Some(new.clone());
            }
            Delta::Accepted(order) => {
                stable.kept.entry(order.said.value().seq).or_default().order = Some(*order);
            }
            Delta::Prepared(certificate) => {
                let kept = stable.kept.entry(certificate.order.said.value().seq).or_default();
                kept.prepared = Some(certificate.clone());
            }
            Delta::Proof(proof) => {
                stable.kept = stable.kept.split(&proof.mark.seq).1;
                stable.proof = Some(proof.clone());
            }
            Delta::Checkpoint(checkpoint) => stable.checkpoint = checkpoint.clone(),
        }
    }
}

/// What is known of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The newest statement of each phase by each replica, its own included. A replica can
    /// overwrite its own statements alone, and a view's first order is the one that counts.
    pub said: BTreeMap<(Phase, u16), Signed<Statement>>,
    /// The requests that these orders name.
    pub requests: BTreeMap<Digest, Request>,
    /// The newest certificate.
    pub prepared: Option<Arc<Prepared>>,
    /// What the number holds in every view.
    pub decided: Option<Arc<Decision>>,
    /// Whether it was said that somebody agreed to another order.
    pub warned: bool,
}

impl Slot {
    /// Returns the order that a replica gave as the primary of a view.
    pub fn order(&self, primary: u16, view: u64) -> Option<Digest> {
        let said = self.said.get(&(Phase::PrePrepare, primary))?.value();
        (said.view == view).then_some(said.digest)
    }

    /// Returns the request of a digest: `Some(None)` is the null request, `None` is not known.
    pub fn request(&self, digest: Digest) -> Option<Option<Request>> {
        if digest == Digest::NULL {
            return Some(None);
        }
        self.requests.get(&digest).copied().map(Some)
    }

    /// Puts a statement down, unless its author said as much of the phase in that view or a newer
    /// one.
    pub fn put(&mut self, by: u16, said: Signed<Statement>) -> bool {
        let place = (said.value().phase, by);
        let newer = self.said.get(&place).is_none_or(|old| old.value().view < said.value().view);
        if newer {
            self.said.insert(place, said);
        }
        newer
    }

    /// Lists what was said in one phase, smallest author first.
    pub fn phase(&self, phase: Phase) -> impl Iterator<Item = (u16, &Signed<Statement>)> {
        let range = (phase, 0)..=(phase, u16::MAX);
        self.said.range(range).map(|((_, by), said)| (*by, said))
    }
}

/// A request that waits to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// The request.
    pub request: Request,
    /// When it came, counted in requests.
    pub arrival: u64,
    /// Whether it has a number in this view.
    pub ordered: bool,
    /// Whether it has waited for a whole round of completing.
    pub late: bool,
}

/// What the view timer runs for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Watch {
    /// Nothing: it is not armed.
    #[default]
    Nothing,
    /// The request that has waited longest, by its call's key.
    Request(u64),
    /// A view that a quorum asked for.
    View(u64),
}

/// All that a replica knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a phase that the replica is in")]
pub struct State {
    /// Who this is.
    pub me: u16,

    // What is on the disk, or on its way there.
    /// The view.
    pub view: u64,
    /// Whether it takes part in the view, or waits for it to begin.
    pub active: bool,
    /// What began the view; nothing in view 0.
    pub new_view: Option<Arc<Signed<NewView>>>,
    /// The last stable checkpoint: its number is the low watermark h.
    pub stable: Arc<Proof>,
    /// What is known of the numbers above it, up to the high watermark H.
    pub slots: OrdMap<u64, Slot>,

    // The state machine.
    /// Up to where it has executed.
    pub executed: u64,
    /// What it holds.
    pub store: Store,
    /// Its states at the last stable checkpoint and those after it.
    pub checkpoints: OrdMap<u64, Checkpoint>,
    /// What each replica signed of its states, oldest first.
    pub marks: BTreeMap<u16, Vec<Signed<Mark>>>,
    /// Whether a quorum has another state than this replica came to.
    pub diverged: bool,

    // Requests.
    /// Requests that are known and not executed, by their calls' keys.
    pub waiting: BTreeMap<u64, Waiting>,
    /// How many there have been.
    pub arrivals: u64,
    /// The last number that this replica gave as the primary of its view.
    pub given: u64,

    // View changes.
    /// The newest view change of each replica, its own included.
    pub changes: BTreeMap<u16, Arc<Signed<ViewChange>>>,
    /// How often the view timer has doubled.
    pub doubled: u32,
    /// What the view timer runs for.
    pub watch: Watch,
    /// Primaries that it gave up and that no view has replaced yet.
    pub suspected: BTreeSet<Address>,

    // Completing each other.
    /// Whether the timer is armed.
    pub completing: bool,
    /// Up to where it had executed when that timer last ran out.
    pub executed_then: u64,
    /// Whether it may lack what others have: it has just started, or was helped.
    pub behind: bool,
    /// Who spoke of numbers above the high watermark since it last executed something.
    pub ahead: BTreeSet<u16>,
}

impl State {
    /// Makes the state of a replica that comes up for the first time; `genesis` is the checkpoint
    /// that everybody begins with.
    pub fn new(me: u16, genesis: &Proof) -> State {
        let checkpoint = Checkpoint { mark: genesis.mark, store: Store::default() };
        State {
            me,
            view: 0,
            active: true,
            new_view: None,
            stable: Arc::new(genesis.clone()),
            slots: OrdMap::new(),
            executed: 0,
            store: Store::default(),
            checkpoints: OrdMap::unit(0, checkpoint),
            marks: BTreeMap::new(),
            diverged: false,
            waiting: BTreeMap::new(),
            arrivals: 0,
            given: 0,
            changes: BTreeMap::new(),
            doubled: 0,
            watch: Watch::Nothing,
            suspected: BTreeSet::new(),
            completing: false,
            executed_then: 0,
            behind: false,
            ahead: BTreeSet::new(),
        }
    }

    /// Returns the low watermark h.
    pub fn low(&self) -> u64 {
        self.stable.mark.seq
    }

    /// Returns the request that has waited longest.
    pub fn oldest(&self) -> Option<u64> {
        self.waiting.iter().min_by_key(|(_, waiting)| waiting.arrival).map(|(key, _)| *key)
    }
}
