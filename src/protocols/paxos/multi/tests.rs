//! The rules that a whole cluster seldom shows, one node at a time. The stories of whole clusters
//! are in `tests/transcripts`.

use super::super::Ballot;
use super::*;
use crate::protocols::kv::Command;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{CallId, Effect, Instant, Op, Outcome, Ticket, Untruth};

/// `n1`, its writes counted, and its last effects.
struct Node {
    paxos: MultiPaxos,
    state: State,
    written: Ticket,
    effects: Vec<Effect<MultiPaxos>>,
}

impl Node {
    fn start(nodes: u16, disk: &Stable) -> Node {
        let paxos = MultiPaxos::new(nodes, MultiPaxosSpec::default());
        let mut out = outbox(Ticket(0));
        let state = paxos.boot(Address::Node(1), Some(disk), &mut out);
        Node { paxos, state, written: Ticket(0), effects: Vec::new() }
    }

    /// Makes it lead three nodes by a promise of `n2`.
    fn leading(disk: &Stable) -> Node {
        let mut node = Node::start(3, disk);
        node.step(Event::Timeout(Timer::Election));
        node.sync();
        let (ballot, decided) = (node.state.ballot, disk.decided);
        node.hear(2, Message::Promise { ballot, decided, accepted: Entries::NONE });
        assert_eq!(node.state.role, Role::Leader);
        node
    }

    fn step(&mut self, event: Event<MultiPaxos>) {
        let mut out = outbox(self.written);
        self.paxos.step(&mut self.state, event, &mut out);
        self.effects = out.drain().collect();
        let saves = self.effects.iter().filter(|effect| matches!(effect, Effect::Save(_)));
        self.written.0 += saves.count() as u64;
    }

    fn sync(&mut self) {
        self.step(Event::Saved(self.written));
    }

    fn hear(&mut self, from: u16, msg: Message) {
        self.step(Event::Deliver { from: Address::Node(from), msg });
    }

    fn ask(&mut self, serial: u32) {
        self.step(Event::Request { call: call(serial), op: Op::Write { key: 1, value: 7 } });
    }

    fn sent_to(&self, node: u16) -> Vec<&Message> {
        let to_node = |effect| match effect {
            &Effect::Send { to: Address::Node(to), ref msg } if to == node => Some(msg),
            _ => None,
        };
        self.effects.iter().filter_map(to_node).collect()
    }
}

fn outbox(written: Ticket) -> Outbox<MultiPaxos> {
    Outbox::new(Address::Node(1), Instant::ZERO, Chance::new(1), Identity(0), written)
}

fn call(serial: u32) -> CallId {
    CallId { client: Address::Client(1), serial, attempt: 1 }
}

#[expect(clippy::unnecessary_wraps, reason = "what an entry holds")]
fn command(serial: u32) -> Option<Command> {
    let op = Op::Write { key: 1, value: u64::from(serial) };
    Some(Command { call: call(serial), op, once: true })
}

fn entry(ballot: u64, serial: u32) -> Entry {
    Entry { ballot: Ballot(ballot), command: command(serial) }
}

/// A disk with so many slots accepted under ballot 2, of which some are known to be decided.
fn disk(slots: u64, decided: u64) -> Stable {
    let log = (1..=slots).map(|slot| (slot, entry(2, slot as u32))).collect();
    Stable { promised: Ballot(2), decided, log }
}

#[test]
fn a_leader_proposes_the_highest_that_was_reported_and_fills_gaps() {
    let mut node = Node::start(5, &disk(1, 0));
    node.step(Event::Timeout(Timer::Election));
    let ballot = node.state.ballot;
    assert_eq!(ballot, Ballot(6));
    let promise = |entries: &[(u64, Entry)]| Message::Promise {
        ballot,
        decided: 0,
        accepted: entries.iter().copied().collect(),
    };
    node.hear(2, promise(&[(1, entry(3, 9)), (3, entry(2, 3))]));
    node.hear(3, promise(&[(1, entry(1, 8)), (3, entry(5, 5))]));
    let proposed: Vec<_> = node
        .sent_to(4)
        .into_iter()
        .filter_map(|msg| match msg {
            Message::Accept { slot, command, .. } => Some((*slot, *command)),
            _ => None,
        })
        .collect();
    assert_eq!(proposed, [(1, command(9)), (2, None), (3, command(5))]);
    assert_eq!(node.state.next, 4);
}

#[test]
fn what_a_promise_knows_to_be_decided_is_learnt_and_not_proposed_again() {
    let mut node = Node::start(3, &Stable::default());
    node.step(Event::Timeout(Timer::Election));
    let ballot = node.state.ballot;
    let accepted = [(1, entry(2, 1)), (2, entry(2, 2)), (3, entry(2, 3))].into_iter().collect();
    node.hear(2, Message::Promise { ballot, decided: 2, accepted });
    assert_eq!((node.state.decided, node.state.next), (2, 4));
    let slots: Vec<u64> = node.state.open.keys().copied().collect();
    assert_eq!(slots, [3]);
}

#[test]
fn a_leader_counts_itself_when_its_disk_has_it() {
    let mut node = Node::leading(&Stable::default());
    node.ask(1);
    let ballot = node.state.ballot;
    node.hear(2, Message::Accepted { ballot, slot: 1 });
    node.hear(2, Message::Accepted { ballot, slot: 1 });
    assert_eq!(node.state.decided, 0);
    node.sync();
    assert_eq!(node.state.decided, 1);
    let written = |effect: &Effect<MultiPaxos>| {
        matches!(effect, Effect::Answer { outcome: Outcome::Written, .. })
    };
    assert!(node.effects.iter().any(written));
    assert_eq!(node.sent_to(3), [&Message::Learn { ballot, slot: 1 }]);
}

#[test]
fn what_is_open_is_bounded_and_so_is_how_far_ahead_an_acceptor_accepts() {
    let mut node = Node::leading(&Stable::default());
    (1..=OPEN_MAX as u32 + 5).for_each(|serial| node.ask(serial));
    assert_eq!(node.state.open.len() as u64, OPEN_MAX);
    let mut node = Node::start(3, &Stable::default());
    let accept = |slot| Message::Accept { ballot: Ballot(2), slot, command: command(1) };
    for slot in [0, AHEAD_MAX + 1, u64::MAX] {
        node.hear(2, accept(slot));
        assert!(node.state.log.is_empty() && node.sent_to(2).is_empty(), "{slot}");
    }
    node.hear(2, accept(AHEAD_MAX));
    assert_eq!(node.state.log.len(), 1);
}

#[test]
fn reports_and_lessons_from_nowhere_change_nothing() {
    let mut node = Node::start(3, &Stable::default());
    node.step(Event::Timeout(Timer::Election));
    let ballot = node.state.ballot;
    let far = || [(u64::MAX, entry(2, 1))].into_iter().collect();
    node.hear(2, Message::Promise { ballot, decided: 0, accepted: far() });
    node.hear(2, Message::Promise { ballot, decided: u64::MAX, accepted: Entries::NONE });
    assert_eq!(node.state.role, Role::Candidate);
    node.hear(2, Message::Teach { entries: far() });
    node.hear(2, Message::Learn { ballot: Ballot(2), slot: u64::MAX });
    node.hear(2, Message::Ask { first: 0 });
    node.hear(2, Message::Accepted { ballot, slot: u64::MAX });
    node.hear(2, Message::Heartbeat { ballot: Ballot(u64::MAX), decided: u64::MAX });
    node.hear(2, Message::Prepare { ballot: Ballot(u64::MAX), first: u64::MAX });
    assert_eq!((node.state.log.len(), node.state.chosen.len(), node.state.decided), (0, 0, 0));
    node.hear(2, Message::Prepare { ballot: Ballot(5), first: 0 });
    assert_eq!(node.sent_to(2).len(), 1);
}

#[test]
fn who_lacks_too_much_is_taught_before_it_is_promised_anything() {
    let slots = ENTRIES_MAX + 2;
    let mut node = Node::start(3, &disk(slots, slots));
    assert_eq!(node.state.decided, slots);
    node.hear(2, Message::Prepare { ballot: Ballot(5), first: 1 });
    let taught = |msg: &Message| match msg {
        Message::Teach { entries } => Some(entries.as_slice().len()),
        _ => None,
    };
    assert_eq!(node.sent_to(2).into_iter().map(taught).collect::<Vec<_>>(), [Some(TAUGHT_MAX)]);
    assert_eq!(node.state.promised, Ballot(2));
    node.hear(2, Message::Prepare { ballot: Ballot(5), first: 60 });
    assert_eq!(node.state.promised, Ballot(5));
}

#[test]
fn a_restart_applies_what_was_known_to_be_decided_and_keeps_the_rest() {
    let node = Node::start(3, &disk(5, 3));
    assert_eq!((node.state.decided, node.state.last_slot()), (3, 5));
    assert_eq!(node.state.store.read(1), Some(3));
    // A disk that lost a slot is applied up to there.
    let mut broken = disk(5, 5);
    broken.log.remove(&3);
    assert_eq!(Node::start(3, &broken).state.decided, 2);
}

#[test]
fn a_proposal_is_sent_again_at_the_second_heartbeat_to_those_who_are_silent() {
    let mut node = Node::leading(&Stable::default());
    node.ask(1);
    let ballot = node.state.ballot;
    let again = |node: &Node, to| {
        node.sent_to(to).into_iter().filter(|msg| matches!(msg, Message::Accept { .. })).count()
    };
    node.paxos.spec.accept_quorum = Some(3);
    node.hear(2, Message::Accepted { ballot, slot: 1 });
    node.step(Event::Timeout(Timer::Heartbeat));
    assert_eq!((again(&node, 2), again(&node, 3)), (0, 0));
    node.step(Event::Timeout(Timer::Heartbeat));
    assert_eq!((again(&node, 2), again(&node, 3)), (0, 1));
}

#[test]
fn liars_have_words_for_each_kind_of_untruth() {
    let ballot = Ballot(4);
    let accepted: Entries = [(1, entry(2, 1))].into_iter().collect();
    let promise = Message::Promise { ballot, decided: 1, accepted: accepted.clone() };
    let nothing = Message::Promise { ballot, decided: 0, accepted: Entries::NONE };
    assert_eq!(lie::forge(&promise, Untruth::Denial), Some(nothing));
    let refusal = Message::Refusal { ballot, promised: Ballot(5), slot: 7 };
    let claimed = Message::Accepted { ballot, slot: 7 };
    assert_eq!(lie::forge(&refusal, Untruth::Denial), Some(claimed));
    let accept = Message::Accept { ballot, slot: 1, command: command(1) };
    let Some(Message::Accept { command: Some(lied), .. }) = lie::forge(&accept, Untruth::Value)
    else {
        panic!("a lie");
    };
    assert_ne!(lied.call, call(1));
    assert_ne!(lie::forge(&Message::Teach { entries: accepted }, Untruth::Value), None);
    assert_eq!(lie::forge(&Message::Learn { ballot, slot: 1 }, Untruth::Value), None);
}

#[test]
fn a_flipped_bit_changes_a_value_where_there_is_one() {
    let mut empty = Node::start(3, &Stable::default());
    assert!(!MultiPaxos::flip(Flip::State(&mut empty.state), 9));
    let node = Node::start(3, &disk(4, 2));
    for bit in 0..200 {
        let (mut state, mut stable) = (node.state.clone(), disk(4, 2));
        assert!(MultiPaxos::flip(Flip::State(&mut state), bit) && state != node.state);
        assert!(MultiPaxos::flip(Flip::Stable(&mut stable), bit) && stable != disk(4, 2));
    }
    let mut no_op = Message::Accept { ballot: Ballot(1), slot: 1, command: None };
    assert!(!MultiPaxos::flip(Flip::Msg(&mut no_op), 9));
}
