//! The rules that a whole cluster seldom shows, one validator at a time. The stories of whole
//! clusters are in `tests/transcripts`.

use std::sync::Arc;

use super::*;
use crate::protocols::block::{Block, BlockId, Request};
use crate::sim::chance::{Chance, Identity, mix};
use crate::sim::{CallId, Effect, Instant, Op, Signed, Ticket, Untruth};

/// `n4` of four, and what it did last.
struct Node {
    t: Tendermint,
    state: State,
    written: u64,
    disk: Stable,
    effects: Vec<Effect<Tendermint>>,
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

/// Makes a block of height 1 that asks for one write.
fn block(serial: u32) -> Arc<Block> {
    Block::new(1, BlockId::GENESIS, 0, [request(serial)].into())
}

fn vote(kind: VoteKind, round: u64, block: Option<&Block>, reason: Option<u64>) -> Vote {
    Vote { kind, height: 1, round, block: block.map(Block::id), reason }
}

impl Node {
    fn start() -> Node {
        let t = Tendermint::new(4, TendermintSpec::default());
        let mut node = Node {
            state: State::new(4),
            t,
            written: 0,
            disk: Stable::default(),
            effects: Vec::new(),
        };
        node.boot();
        node
    }

    fn out(&self) -> Outbox<Tendermint> {
        Outbox::new(ME, Instant::ZERO, Chance::new(1), Identity(0), Ticket(self.written))
    }

    /// Starts it with what is on its disk.
    fn boot(&mut self) {
        let mut out = self.out();
        self.state = self.t.boot(ME, Some(&self.disk), &mut out);
        self.keep(out);
    }

    fn keep(&mut self, mut out: Outbox<Tendermint>) {
        self.effects = out.drain().collect();
        for effect in &self.effects {
            if let Effect::Save(delta) = effect {
                self.written += 1;
                Tendermint::persist(&mut self.disk, delta);
            }
        }
    }

    fn step(&mut self, event: Event<Tendermint>) {
        let mut out = self.out();
        self.t.step(&mut self.state, event, &mut out);
        self.keep(out);
    }

    fn hear(&mut self, from: u16, msg: Message) {
        self.step(Event::Deliver { from: Address::Node(from), msg });
    }

    fn propose(&mut self, round: u64, block: &Arc<Block>, valid_round: Option<u64>) {
        let proposal = Proposal { height: 1, round, block: Arc::clone(block), valid_round };
        let by = self.t.proposer(1, round);
        self.hear(by, Message::Propose(sign(Address::Node(by), proposal)));
    }

    /// Lets validators vote alike.
    fn vote(&mut self, by: &[u16], vote: Vote) {
        for by in by {
            self.hear(*by, Message::Vote(sign(Address::Node(*by), vote)));
        }
    }

    fn timeout(&mut self, timer: Timer) {
        self.step(Event::Timeout(timer));
    }

    /// Returns what it voted to `n1` in its last step.
    fn votes(&self) -> Vec<Vote> {
        let to_first = |effect: &Effect<Tendermint>| match effect {
            Effect::Send { to: Address::Node(1), msg: Message::Vote(signed) } => {
                Some(*signed.value())
            }
            _ => None,
        };
        self.effects.iter().filter_map(to_first).collect()
    }

    /// Locks it on a block in round 0, and takes it to round 1.
    fn locked(on: &Arc<Block>) -> Node {
        let mut node = Node::start();
        node.propose(0, on, None);
        node.vote(&[1, 2], vote(VoteKind::Prevote, 0, Some(on), None));
        assert_eq!(node.votes(), [vote(VoteKind::Precommit, 0, Some(on), None)]);
        node.vote(&[1, 2], vote(VoteKind::Precommit, 0, None, None));
        node.timeout(Timer::Precommit);
        assert_eq!((node.state.round, node.state.locked()), (1, Some((0, on.id()))));
        node
    }
}

#[test]
fn who_is_locked_prevotes_nothing_else() {
    let (mine, other) = (block(1), block(2));
    let mut node = Node::locked(&mine);
    node.propose(1, &other, None);
    assert_eq!(node.votes(), [vote(VoteKind::Prevote, 1, None, None)]);
    let contained = |effect: &Effect<_>| {
        matches!(effect, Effect::Note(Note::Contained { by: "lock", from: Address::Node(2) }))
    };
    assert!(node.effects.iter().any(contained));
}

#[test]
fn a_later_quorum_for_another_block_frees_from_a_lock() {
    let (mine, other) = (block(1), block(2));
    let mut node = Node::locked(&mine);
    // In round 1 the others prevote the other block; this one learns of it only now, in round 2.
    node.timeout(Timer::Propose);
    node.vote(&[1, 2, 3], vote(VoteKind::Precommit, 1, None, None));
    node.timeout(Timer::Precommit);
    node.propose(2, &other, Some(1));
    assert_eq!(node.votes(), [], "it has not seen the quorum that is the reason");
    node.vote(&[1, 2], vote(VoteKind::Prevote, 1, Some(&other), None));
    assert_eq!(node.votes(), []);
    node.vote(&[3], vote(VoteKind::Prevote, 1, Some(&other), None));
    assert_eq!(node.votes(), [vote(VoteKind::Prevote, 2, Some(&other), Some(1))]);
}

#[test]
fn a_quorum_older_than_the_lock_does_not() {
    let (mine, other) = (block(1), block(2));
    let mut node = Node::start();
    node.timeout(Timer::Propose);
    // Some honest validators are in round 1, and it follows them.
    node.vote(&[1, 2], vote(VoteKind::Prevote, 1, Some(&mine), None));
    node.propose(1, &mine, None);
    assert_eq!(node.state.locked(), Some((1, mine.id())));
    node.vote(&[1, 2, 3], vote(VoteKind::Prevote, 0, Some(&other), None));
    node.vote(&[1, 2, 3], vote(VoteKind::Precommit, 1, None, None));
    node.timeout(Timer::Precommit);
    node.propose(2, &other, Some(0));
    assert_eq!(node.votes(), [vote(VoteKind::Prevote, 2, None, None)]);
}

#[test]
fn a_prevote_counts_only_for_who_knows_its_reason() {
    let mine = block(1);
    let mut node = Node::start();
    node.vote(&[1, 2, 3], vote(VoteKind::Prevote, 3, Some(&mine), Some(1)));
    node.propose(3, &mine, None);
    assert_eq!(node.state.round, 3);
    assert_eq!(node.state.locked(), None, "they give a reason that nobody has seen");
    node.vote(&[1, 2, 3], vote(VoteKind::Prevote, 1, Some(&mine), None));
    assert_eq!(node.state.locked(), Some((3, mine.id())));
}

#[test]
fn it_votes_as_it_did_after_it_comes_back() {
    let (mine, other) = (block(1), block(2));
    let mut node = Node::start();
    node.propose(0, &mine, None);
    assert_eq!(node.votes(), [vote(VoteKind::Prevote, 0, Some(&mine), None)]);
    node.boot();
    node.propose(0, &other, None);
    assert_eq!(node.votes(), []);
    node.timeout(Timer::Resend);
    assert_eq!(node.votes(), [vote(VoteKind::Prevote, 0, Some(&mine), None)]);
    node.vote(&[1, 2], vote(VoteKind::Prevote, 0, Some(&mine), None));
    node.boot();
    assert_eq!(node.state.locked(), None, "the block came after the crash, from nobody");
    node.propose(0, &mine, None);
    node.vote(&[1, 2], vote(VoteKind::Prevote, 0, Some(&mine), None));
    assert_eq!(node.state.locked(), Some((0, mine.id())));
    node.boot();
    assert_eq!(node.state.locked(), Some((0, mine.id())));
}

#[test]
fn two_votes_convict_who_votes_twice_or_against_its_lock_and_nobody_else() {
    let (a, b) = (block(1), block(2));
    let prevote = |round, block, reason| vote(VoteKind::Prevote, round, block, reason);
    let precommit = |round, block| vote(VoteKind::Precommit, round, block, None);
    for (first, second) in [
        (prevote(0, Some(&*a), None), prevote(0, Some(&*b), None)),
        (prevote(0, Some(&*a), None), prevote(0, None, None)),
        (precommit(2, Some(&*a)), precommit(2, Some(&*b))),
        (precommit(1, Some(&*a)), prevote(2, Some(&*b), None)),
        (precommit(1, Some(&*a)), prevote(3, Some(&*b), Some(0))),
    ] {
        assert!(convicting(&first, &second).is_some(), "{first:?} {second:?}");
        assert_eq!(convicting(&first, &second), convicting(&second, &first));
    }
    for (first, second) in [
        (prevote(0, Some(&*a), None), prevote(0, Some(&*a), None)),
        (prevote(0, Some(&*a), None), precommit(0, None)),
        (prevote(0, Some(&*a), None), prevote(1, Some(&*b), None)),
        (precommit(1, Some(&*a)), prevote(2, Some(&*a), None)),
        (precommit(1, Some(&*a)), prevote(2, None, None)),
        (precommit(1, Some(&*a)), prevote(2, Some(&*b), Some(1))),
        (precommit(1, None), prevote(2, Some(&*b), None)),
        (precommit(1, Some(&*a)), prevote(0, Some(&*b), None)),
        (precommit(1, Some(&*a)), precommit(2, Some(&*b))),
    ] {
        assert_eq!(convicting(&first, &second), None, "{first:?} {second:?}");
    }
    let other_height = Vote { height: 2, ..prevote(0, Some(&b), None) };
    assert_eq!(convicting(&prevote(0, Some(&a), None), &other_height), None);
}

#[test]
fn a_proposal_without_a_reason_frames_nobody_who_has_locked_anew() {
    // Locked on one block in round 0, and on another, for a good reason, in round 2. A proposer
    // that hides that reason proposes the other block as if it were new.
    let (first, second) = (block(1), block(2));
    let mut node = Node::locked(&first);
    let mut said = vec![vote(VoteKind::Precommit, 0, Some(&first), None)];
    node.vote(&[1, 2, 3], vote(VoteKind::Prevote, 1, Some(&second), None));
    node.timeout(Timer::Propose);
    node.vote(&[1, 2, 3], vote(VoteKind::Precommit, 1, None, None));
    node.timeout(Timer::Precommit);
    node.propose(2, &second, Some(1));
    said.extend(node.votes());
    node.vote(&[1, 2], vote(VoteKind::Prevote, 2, Some(&second), Some(1)));
    said.extend(node.votes());
    assert_eq!(node.state.locked(), Some((2, second.id())));
    node.vote(&[1, 2, 3], vote(VoteKind::Precommit, 2, None, None));
    node.timeout(Timer::Precommit);
    // The turn of round 3 is its own; round 4 is `n1`'s again.
    node.vote(&[1, 2, 3], vote(VoteKind::Precommit, 3, None, None));
    node.timeout(Timer::Precommit);
    assert_eq!(node.state.round, 4);
    node.propose(4, &second, None);
    said.extend(node.votes());
    assert_eq!(said.last(), Some(&vote(VoteKind::Prevote, 4, Some(&second), Some(2))));
    for (k, a) in said.iter().enumerate() {
        assert!(said[k..].iter().all(|b| convicting(a, b).is_none()), "{said:?}");
    }
}

#[test]
fn a_liar_fills_no_memory_and_moves_nobody_alone() {
    let mut node = Node::start();
    for k in 0..10_000 {
        let round = mix(k) >> (k % 64);
        let invented = BlockId(mix(k));
        let kind = [VoteKind::Prevote, VoteKind::Precommit][(k % 2) as usize];
        let lie = Vote { kind, height: 1, round, block: Some(invented), reason: None };
        node.vote(&[3], lie);
        node.vote(&[3], Vote { height: mix(k) % 4, ..lie });
    }
    assert_eq!(node.state.round, 0, "one is not more than may lie");
    assert!(node.state.rounds.iter().count() <= 200);
    assert!(node.state.early.len() <= 10);
    // Two may; the round that both have reached is what is believed.
    node.vote(&[1], vote(VoteKind::Prevote, 7, None, None));
    assert_eq!(node.state.round, 7);
}

#[test]
fn each_round_waits_longer_and_each_proposer_has_its_turn() {
    let t = Tendermint::new(4, TendermintSpec::default());
    let waits: Vec<Span> = (0..4).map(|round| *t.wait(round).start()).collect();
    assert_eq!(waits, [100, 150, 200, 250].map(Span::millis));
    assert_eq!(*t.wait(u64::MAX).end(), TIMER_MAX);
    let turns: Vec<u16> = (1..=5).map(|height| t.proposer(height, 0)).collect();
    assert_eq!(turns, [1, 2, 3, 4, 1]);
    assert_eq!(t.proposer(1, 2), 3);
}

#[test]
fn lies_are_signed_by_the_liar_and_a_flipped_bit_by_nobody() {
    let mine = block(1);
    let state = State::new(4);
    let honest = Message::Vote(sign(ME, vote(VoteKind::Prevote, 0, Some(&mine), None)));
    for tells in [Untruth::Contrary, Untruth::Value] {
        let liar = Liar::new(ME, tells, Vec::new());
        let lie = lies::forge(&state, &honest, &liar).expect("it has words for a vote");
        let Message::Vote(signed) = &lie else { panic!("{lie:?}") };
        assert_eq!(signed.by(), ME);
        assert_ne!(lie, honest);
    }
    let other = Message::Vote(sign(Address::Node(1), vote(VoteKind::Prevote, 0, None, None)));
    let liar = Liar::new(ME, Untruth::Contrary, Vec::new());
    assert_eq!(lies::forge(&state, &other, &liar), None);
    let mut msg = honest;
    assert!(Tendermint::flip(Flip::Msg(&mut msg), 3));
    let mut node = Node::start();
    node.hear(1, msg);
    let dropped = |effect: &Effect<_>| {
        matches!(effect, Effect::Note(Note::Contained { by: "signature", .. }))
    };
    assert!(node.effects.iter().any(dropped));
}

#[test]
fn a_block_that_its_disk_broke_is_learnt_anew() {
    let mine = block(1);
    let mut node = Node::start();
    node.propose(0, &mine, None);
    node.vote(&[1, 2], vote(VoteKind::Prevote, 0, Some(&mine), None));
    node.vote(&[1, 2], vote(VoteKind::Precommit, 0, Some(&mine), None));
    assert_eq!((node.state.height(), node.disk.chain.len()), (2, 1));
    node.boot();
    assert_eq!(node.state.height(), 2);
    assert!(Tendermint::flip(Flip::Stable(&mut node.disk), 9));
    node.boot();
    assert_eq!((node.state.height(), node.state.slots), (1, 0));
}
