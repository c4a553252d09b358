//! The rules that a whole cluster seldom shows, one replica at a time. The stories of whole
//! clusters are in `tests/transcripts`.

use std::sync::Arc;

use super::*;
use crate::protocols::block::{Block, BlockId, Request};
use crate::sim::chance::{Chance, Identity, mix};
use crate::sim::{CallId, Effect, Instant, Op, Signed, Ticket, Untruth};

/// `n4` of four, and what it did last.
struct Node {
    h: HotStuff,
    state: State,
    written: u64,
    disk: Stable,
    effects: Vec<Effect<HotStuff>>,
}

const ME: Address = Address::Node(4);

/// Signs in the name of anybody.
fn sign<T>(by: Address, value: T) -> Signed<T> {
    Liar::new(by, Untruth::Value, Vec::new()).sign(by, value).expect("it signs for itself")
}

fn request(serial: u32) -> Request {
    let client = Address::Client(1);
    let call = CallId { client, serial, attempt: 1 };
    sign(client, (call, Op::Write { key: 1, value: u64::from(serial) }))
}

/// Makes a block that asks for one write.
fn block(below: Option<&Block>, serial: u32) -> Arc<Block> {
    let height = below.map_or(1, |below| below.height() + 1);
    let parent = below.map_or(BlockId::GENESIS, Block::id);
    Block::new(height, parent, 0, [request(serial)].into())
}

/// Makes a certificate with the votes of the first three.
fn certificate(phase: Phase, view: u64, block: &Arc<Block>) -> Arc<Certificate> {
    let vote = Vote { phase, view, block: block.id() };
    let votes = (1..=3).map(|k| sign(Address::Node(k), vote)).collect();
    Arc::new(Certificate { phase, view, block: Arc::clone(block), votes })
}

fn wishes(view: u64) -> Entry {
    Entry::Wished((1..=3).map(|k| sign(Address::Node(k), Wish { view })).collect())
}

impl Node {
    fn start() -> Node {
        let h = HotStuff::new(4, HotStuffSpec::default());
        let (state, disk) = (State::new(4), Stable::default());
        let mut node = Node { h, state, written: 0, disk, effects: Vec::new() };
        node.boot();
        node
    }

    fn out(&self) -> Outbox<HotStuff> {
        Outbox::new(ME, Instant::ZERO, Chance::new(1), Identity(0), Ticket(self.written))
    }

    /// Starts it with what is on its disk.
    fn boot(&mut self) {
        let mut out = self.out();
        self.state = self.h.boot(ME, Some(&self.disk), &mut out);
        self.keep(out);
    }

    fn keep(&mut self, mut out: Outbox<HotStuff>) {
        self.effects = out.drain().collect();
        for effect in &self.effects {
            if let Effect::Save(delta) = effect {
                self.written += 1;
                HotStuff::persist(&mut self.disk, delta);
            }
        }
    }

    fn hear(&mut self, from: u16, msg: Message) {
        let mut out = self.out();
        let event = Event::Deliver { from: Address::Node(from), msg };
        self.h.step(&mut self.state, event, &mut out);
        self.keep(out);
    }

    /// Hears the proposal of a view from its leader.
    fn propose(
        &mut self,
        view: u64,
        block: &Arc<Block>,
        high: Option<&Arc<Certificate>>,
        entry: Option<Entry>,
    ) {
        let (block, high, branch) = (Arc::clone(block), high.cloned(), Branch::default());
        let msg = Message::Prepare { view, block, high, branch, entry };
        self.hear(self.h.leader(view), msg);
    }

    fn certified(&mut self, phase: Phase, view: u64, block: &Arc<Block>) {
        let certificate = certificate(phase, view, block);
        self.hear(self.h.leader(view), Message::Certified(certificate));
    }

    /// Returns the phases in which it voted in its last step, and in which view.
    fn voted(&self) -> Vec<(u64, Phase)> {
        let cast = |effect: &Effect<HotStuff>| match effect {
            Effect::Send { msg: Message::Vote(signed), .. } => {
                Some((signed.value().view, signed.value().phase))
            }
            _ => None,
        };
        self.effects.iter().filter_map(cast).collect()
    }

    /// Locks it on a block in view 1.
    fn locked(on: &Arc<Block>) -> Node {
        let mut node = Node::start();
        node.propose(1, on, None, None);
        assert_eq!(node.voted(), [(1, Phase::Prepare)]);
        node.certified(Phase::Prepare, 1, on);
        assert_eq!(node.voted(), [(1, Phase::PreCommit)]);
        node.certified(Phase::PreCommit, 1, on);
        assert_eq!(node.voted(), [(1, Phase::Commit)]);
        node
    }
}

#[test]
fn who_is_locked_votes_for_nothing_that_does_not_extend_its_block() {
    let (mine, other) = (block(None, 1), block(None, 2));
    let mut node = Node::locked(&mine);
    node.propose(2, &other, None, Some(wishes(1)));
    assert_eq!((node.state.view, node.voted()), (2, vec![]));
    let contained = |effect: &Effect<_>| {
        matches!(effect, Effect::Note(Note::Contained { by: "lock", from: Address::Node(2) }))
    };
    assert!(node.effects.iter().any(contained));
    // What extends it is safe.
    let mut node = Node::locked(&mine);
    let high = certificate(Phase::Prepare, 1, &mine);
    node.propose(2, &block(Some(&mine), 3), Some(&high), Some(wishes(1)));
    assert_eq!(node.voted(), [(2, Phase::Prepare)]);
}

#[test]
fn a_certificate_newer_than_the_lock_frees_from_it() {
    let (mine, other) = (block(None, 1), block(None, 2));
    let mut node = Node::locked(&mine);
    let newer = certificate(Phase::Prepare, 2, &other);
    node.propose(3, &block(Some(&other), 3), Some(&newer), Some(wishes(2)));
    assert_eq!(node.voted(), [(3, Phase::Prepare)]);
    // One of the view of the lock does not.
    let mut node = Node::locked(&mine);
    let same = certificate(Phase::Prepare, 1, &other);
    node.propose(3, &block(Some(&other), 3), Some(&same), Some(wishes(2)));
    assert_eq!((node.state.view, node.voted()), (3, vec![]));
}

#[test]
fn a_certificate_takes_three_votes_for_its_block_each_of_another_replica() {
    let (mine, other) = (block(None, 1), block(None, 2));
    let good = certificate(Phase::Prepare, 1, &mine);
    assert!(good.is_proven(4, 3));
    let two = Certificate { votes: good.votes[..2].into(), ..(*good).clone() };
    let first = good.votes[0];
    let one = Certificate { votes: [first, first, first].into(), ..(*good).clone() };
    let view = Certificate { view: 2, ..(*good).clone() };
    let stolen = Certificate { block: Arc::clone(&other), ..(*good).clone() };
    let phase = Certificate { phase: Phase::Commit, ..(*good).clone() };
    let vote = *first.value();
    let stranger = [first, good.votes[1], sign(Address::Node(5), vote)];
    let outside = Certificate { votes: stranger.into(), ..(*good).clone() };
    for bad in [two, one, view, stolen, phase, outside] {
        assert!(!bad.is_proven(4, 3), "{bad:?}");
        let mut node = Node::start();
        node.hear(1, Message::Certified(Arc::new(bad)));
        assert_eq!((node.voted(), node.state.height()), (vec![], 0));
    }
}

#[test]
fn it_votes_once_a_phase_also_after_it_comes_back() {
    let (mine, other) = (block(None, 1), block(None, 2));
    let mut node = Node::start();
    node.propose(1, &mine, None, None);
    node.boot();
    node.propose(1, &other, None, None);
    assert_eq!(node.voted(), []);
    node.certified(Phase::Prepare, 1, &mine);
    assert_eq!(node.voted(), [(1, Phase::PreCommit)]);
    node.certified(Phase::PreCommit, 1, &mine);
    node.boot();
    assert_eq!(node.state.promise.locked.as_ref().map(|lock| lock.block.id()), Some(mine.id()));
    node.certified(Phase::PreCommit, 1, &mine);
    assert_eq!(node.voted(), []);
}

#[test]
fn a_later_view_is_entered_by_proof_alone() {
    let mine = block(None, 1);
    let mut node = Node::start();
    node.propose(5, &mine, None, None);
    assert_eq!((node.state.view, node.voted()), (1, vec![]));
    // The wishes of three to leave view 4 let it in; what was proposed too early is not kept.
    for k in 1..=3 {
        let wish = sign(Address::Node(k), Wish { view: 4 });
        node.hear(k, Message::Timeout { wish, height: 0 });
    }
    assert_eq!((node.state.view, node.voted()), (5, vec![]));
    let wrong = Entry::Wished([sign(Address::Node(1), Wish { view: 8 })].into());
    node.propose(9, &mine, None, Some(wrong));
    assert_eq!(node.state.view, 5);
    // One liar's wish moves nobody, nor makes anybody join.
    let wish = sign(Address::Node(2), Wish { view: u64::MAX });
    node.hear(2, Message::Timeout { wish, height: u64::MAX });
    assert_eq!((node.state.view, node.state.wished), (5, false));
}

#[test]
fn a_decision_whose_blocks_are_not_here_is_asked_for() {
    let first = block(None, 1);
    let second = block(Some(&first), 2);
    let mut node = Node::start();
    node.certified(Phase::Commit, 2, &second);
    let asked = |effect: &Effect<_>| {
        matches!(effect, Effect::Send { msg: Message::Fetch { height: 1 }, .. })
    };
    assert!(node.effects.iter().any(asked));
    assert_eq!((node.state.height(), node.state.view), (0, 3));
    let proof = Some(certificate(Phase::Commit, 2, &second));
    let blocks: Branch = [first, second].into();
    node.hear(1, Message::Decided { blocks: Arc::clone(&blocks), proof: None, entry: None });
    assert_eq!(node.state.height(), 0, "nothing proves it");
    node.hear(1, Message::Decided { blocks, proof, entry: None });
    assert_eq!((node.state.height(), node.state.slots), (2, 2));
    node.boot();
    assert_eq!(node.state.height(), 2);
    assert!(HotStuff::flip(Flip::Stable(&mut node.disk), 0));
    node.boot();
    assert_eq!(node.state.height(), 1, "the hash of the second no longer names the first");
}

#[test]
fn a_liar_fills_no_memory() {
    let mut node = Node::start();
    for k in 0..2_000_u64 {
        let serial = (mix(k) as u32).max(1);
        let lie = Block::new(mix(k) % 400, BlockId(mix(k)), k, [request(serial)].into());
        let branch: Branch = (0..20).map(|j| lie.flipped(j)).collect();
        let view = mix(k) % 8;
        node.hear(3, Message::NewView { view, high: None, branch: Arc::clone(&branch) });
        let (block, high, entry) = (lie, None, None);
        node.hear(1, Message::Prepare { view, block, high, branch, entry });
    }
    assert!(node.state.tree.len() <= 256 && node.state.new_views.len() <= 4);
    assert_eq!(node.state.view, 1);
}
