//! The rules that a whole cluster seldom shows, one node at a time. The stories of whole clusters
//! are in `tests/transcripts`.

use super::super::{BALLOT_MAX, Ballot};
use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{CallId, Effect, Instant, Op, Outcome, Ticket, Untruth};

/// `n1`, its writes counted, and its last effects.
struct Node {
    paxos: Paxos,
    state: State,
    written: Ticket,
    effects: Vec<Effect<Paxos>>,
}

impl Node {
    fn start(nodes: u16, spec: PaxosSpec) -> Node {
        let paxos = Paxos::new(nodes, spec);
        let mut out = outbox(Ticket(0));
        let state = paxos.boot(Address::Node(1), None, &mut out);
        Node { paxos, state, written: Ticket(0), effects: Vec::new() }
    }

    fn step(&mut self, event: Event<Paxos>) {
        let mut out = outbox(self.written);
        self.paxos.step(&mut self.state, event, &mut out);
        self.effects = out.drain().collect();
        let saves = self.effects.iter().filter(|effect| matches!(effect, Effect::Save(_)));
        self.written.0 += saves.count() as u64;
    }

    fn hear(&mut self, from: u16, msg: Message) {
        self.step(Event::Deliver { from: Address::Node(from), msg });
    }

    fn ask(&mut self, serial: u32, op: Op) {
        self.step(Event::Request { call: call(1, serial), op });
    }

    fn sent(&self) -> Vec<(Address, Message)> {
        let sent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { to, msg } => Some((*to, *msg)),
            _ => None,
        });
        sent.collect()
    }

    fn armed(&self, timer: Timer) -> Option<std::ops::RangeInclusive<Span>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Arm(of, range) if *of == timer => Some(range.clone()),
            _ => None,
        })
    }

    fn answers(&self) -> Vec<(CallId, Outcome)> {
        let answers = self.effects.iter().filter_map(|effect| match effect {
            Effect::Answer { call, outcome } => Some((*call, *outcome)),
            _ => None,
        });
        answers.collect()
    }
}

fn outbox(written: Ticket) -> Outbox<Paxos> {
    Outbox::new(Address::Node(1), Instant::ZERO, Chance::new(1), Identity(0), written)
}

fn call(client: u16, serial: u32) -> CallId {
    CallId { client: Address::Client(client), serial, attempt: 1 }
}

fn proposal(ballot: u64, client: u16) -> Proposal {
    let value = Value { call: call(client, 1), key: 1, value: u64::from(client) * 10 };
    Proposal { ballot: Ballot(ballot), value }
}

fn prepare(ballot: u64) -> Message {
    Message::Prepare { ballot: Ballot(ballot) }
}

const WRITE: Op = Op::Write { key: 1, value: 7 };

#[test]
fn an_acceptor_keeps_what_it_promised_and_says_what_it_accepted() {
    let mut node = Node::start(3, PaxosSpec::default());
    node.hear(2, Message::Accept(proposal(2, 2)));
    node.hear(3, prepare(6));
    let last = Some(proposal(2, 2));
    let promise = Message::Promise { ballot: Ballot(6), accepted: last };
    assert_eq!(node.sent(), [(Address::Node(3), promise)]);
    node.hear(2, Message::Accept(proposal(5, 2)));
    let refusal = Message::Refusal { ballot: Ballot(5), promised: Ballot(6) };
    assert_eq!(node.sent(), [(Address::Node(2), refusal)]);
    assert_eq!((node.state.promised, node.state.accepted), (Ballot(6), last));
    // The same number may be accepted: the promise was for it. And it may be asked again.
    node.hear(3, Message::Accept(proposal(6, 3)));
    assert_eq!(node.state.accepted, Some(proposal(6, 3)));
    node.hear(3, prepare(6));
    assert_eq!(node.sent().len(), 1);
}

#[test]
fn a_promise_is_written_before_it_leaves_and_a_second_one_needs_no_write() {
    let mut node = Node::start(3, PaxosSpec::default());
    node.hear(2, prepare(2));
    let place =
        |node: &Node, found: fn(&Effect<Paxos>) -> bool| node.effects.iter().position(found);
    let save = place(&node, |effect| matches!(effect, Effect::Save(_)));
    let send = place(&node, |effect| matches!(effect, Effect::Send { .. }));
    assert!(save.is_some() && save < send);
    node.hear(2, prepare(2));
    assert!(place(&node, |effect| matches!(effect, Effect::Save(_))).is_none());
    let mut hasty = Node::start(3, PaxosSpec { sync_first: false, ..PaxosSpec::default() });
    hasty.hear(2, prepare(2));
    let save = place(&hasty, |effect| matches!(effect, Effect::Save(_)));
    assert!(save > place(&hasty, |effect| matches!(effect, Effect::Send { .. })));
}

#[test]
fn nobody_uses_anothers_number_nor_two_values_under_one() {
    let mut node = Node::start(3, PaxosSpec::default());
    for msg in [prepare(3), prepare(0), prepare(u64::MAX), Message::Accept(proposal(3, 2))] {
        node.hear(2, msg);
        assert!(node.sent().is_empty(), "{msg:?}");
    }
    node.hear(2, Message::Accept(proposal(2, 2)));
    node.hear(2, Message::Accept(proposal(2, 3)));
    assert!(node.sent().is_empty());
    assert_eq!(node.state.accepted, Some(proposal(2, 2)));
}

#[test]
fn a_proposer_adopts_the_highest_value_and_counts_each_acceptor_once() {
    let mut node = Node::start(5, PaxosSpec::default());
    node.ask(1, WRITE);
    let promise = |accepted| Message::Promise { ballot: Ballot(1), accepted };
    node.hear(2, promise(Some(proposal(2, 2))));
    node.hear(2, promise(Some(proposal(2, 2))));
    assert!(node.sent().is_empty(), "two of three");
    node.hear(3, promise(None));
    let adopted = Proposal { ballot: Ballot(1), value: proposal(2, 2).value };
    assert_eq!(node.sent().len(), 4);
    assert!(node.sent().iter().all(|(_, msg)| *msg == Message::Accept(adopted)));
    // Its own acceptance counts when the disk has it; each other's once.
    node.hear(2, Message::Accepted(adopted));
    node.hear(2, Message::Accepted(adopted));
    node.step(Event::Saved(node.written));
    assert_eq!(node.state.decided, None);
    node.hear(4, Message::Accepted(adopted));
    assert_eq!(node.state.decided, Some(adopted));
    assert_eq!(node.answers(), [(call(1, 1), Outcome::Refused)]);
}

#[test]
fn back_off_grows_and_ends_and_can_be_switched_off() {
    let mut node = Node::start(3, PaxosSpec::default());
    node.ask(1, WRITE);
    let mut longest = Vec::new();
    for k in 0..10 {
        let round = node.state.round.as_ref().expect("it proposes").ballot;
        node.hear(2, prepare(round.next(2, 3).expect("far from the end").0));
        let range = node.armed(Timer::BackOff).expect("it waits");
        longest.push(range.end().0);
        assert!(node.state.round.is_none(), "{k}");
        node.step(Event::Timeout(Timer::BackOff));
    }
    assert!(longest.is_sorted());
    assert_eq!(longest[0], 40_000);
    assert_eq!(longest[9], 40_000 << DOUBLINGS_MAX);
    node.paxos.spec.back_off = false;
    node.hear(3, prepare(999));
    assert_eq!(node.state.round.as_ref().map(|round| round.ballot), Some(Ballot(1000)));
}

#[test]
fn a_refusal_that_cannot_be_costs_nothing() {
    let mut node = Node::start(3, PaxosSpec::default());
    node.ask(1, WRITE);
    let refusal = |promised| Message::Refusal { ballot: Ballot(1), promised: Ballot(promised) };
    node.hear(2, refusal(u64::MAX));
    assert!(node.state.round.is_some());
    node.hear(2, refusal(BALLOT_MAX));
    assert!(node.state.round.is_none());
    node.step(Event::Timeout(Timer::BackOff));
    assert!(node.state.round.is_none(), "the numbers are used up, and nothing breaks");
}

#[test]
fn a_call_that_is_tried_again_waits_once_and_waiting_calls_are_bounded() {
    let mut node = Node::start(3, PaxosSpec::default());
    node.ask(1, WRITE);
    let again = CallId { attempt: 2, ..call(1, 1) };
    node.step(Event::Request { call: again, op: WRITE });
    assert_eq!(node.state.waiting.len(), 1);
    (2..2 + WAITING_MAX as u32).for_each(|serial| node.ask(serial, WRITE));
    assert_eq!(node.state.waiting.len(), WAITING_MAX);
    node.hear(2, Message::Learn(proposal(5, 2)));
    let answers = node.answers();
    assert_eq!((answers.len(), answers[0]), (WAITING_MAX, (again, Outcome::Refused)));
    // What was learnt stays, whatever else is told.
    node.hear(3, Message::Learn(proposal(6, 3)));
    assert_eq!(node.state.decided, Some(proposal(5, 2)));
}

#[test]
fn liars_have_words_for_each_kind_of_untruth() {
    let bound = Message::Promise { ballot: Ballot(4), accepted: Some(proposal(2, 2)) };
    let free = Message::Promise { ballot: Ballot(4), accepted: None };
    let refusal = Message::Refusal { ballot: Ballot(4), promised: Ballot(5) };
    assert_eq!(lie::forge(&bound, Untruth::Denial), Some(free));
    assert_eq!(lie::forge(&refusal, Untruth::Denial), Some(free));
    assert_eq!(lie::forge(&free, Untruth::Denial), None);
    let accepted = Message::Accepted(proposal(2, 2));
    for says in [Untruth::Value, Untruth::Contrary] {
        let Some(Message::Accepted(lied)) = lie::forge(&accepted, says) else { panic!("a lie") };
        assert_eq!(lied.ballot, Ballot(2));
        assert!(lied.value.value != 20 && lied.value.call != call(2, 1));
        assert_eq!(lie::forge(&prepare(1), says), None);
    }
}

#[test]
fn a_flipped_bit_changes_a_value_where_there_is_one() {
    let mut node = Node::start(3, PaxosSpec::default());
    assert!(!Paxos::flip(Flip::State(&mut node.state), 5));
    let mut msg = prepare(1);
    assert!(!Paxos::flip(Flip::Msg(&mut msg), 5));
    node.hear(2, Message::Accept(proposal(2, 2)));
    node.hear(2, Message::Learn(proposal(2, 2)));
    for bit in 0..100 {
        let mut flipped = node.state.clone();
        assert!(Paxos::flip(Flip::State(&mut flipped), bit));
        assert_ne!(flipped, node.state);
    }
    let mut stable = Stable { promised: Ballot(2), accepted: Some(proposal(2, 2)) };
    assert!(Paxos::flip(Flip::Stable(&mut stable), 3));
    assert_eq!(stable.accepted.map(|last| last.value.value), Some(28));
}
