//! A store without a world: messages are carried by hand, and clocks are told.

use std::collections::VecDeque;

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{Effect, Instant, Outcome, Ticket};

/// A store in the hand.
struct Desk {
    store: QuorumStore,
    states: Vec<State>,
    /// What each node's clock reads.
    clocks: Vec<u64>,
    flights: VecDeque<(u16, u16, Message)>,
    answers: Vec<(CallId, Outcome)>,
    /// Nodes that hear and say nothing.
    cut: Vec<u16>,
}

impl Desk {
    fn new(nodes: u16, spec: QuorumSpec) -> Desk {
        let store = QuorumStore::new(nodes, spec);
        let boot = |me| store.boot(Address::Node(me), None, &mut outbox(me, 0));
        let states = (1..=nodes).map(boot).collect();
        Desk {
            states,
            clocks: vec![1_000; usize::from(nodes)],
            store,
            flights: VecDeque::new(),
            answers: Vec::new(),
            cut: Vec::new(),
        }
    }

    fn step(&mut self, me: u16, event: Event<QuorumStore>) {
        let place = usize::from(me) - 1;
        let mut out = outbox(me, self.clocks[place]);
        self.store.step(&mut self.states[place], event, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Send { to: Address::Node(to), msg } => {
                    self.flights.push_back((me, to, msg));
                }
                Effect::Answer { call, outcome } => self.answers.push((call, outcome)),
                _ => {}
            }
        }
    }

    fn settle(&mut self) {
        while let Some((from, to, msg)) = self.flights.pop_front() {
            if !self.cut.contains(&from) && !self.cut.contains(&to) {
                self.step(to, Event::Deliver { from: Address::Node(from), msg });
            }
        }
    }

    /// Lets a client call, and returns what it is told when all is quiet.
    fn call(&mut self, node: u16, call: CallId, op: Op) -> Option<Outcome> {
        self.answers.clear();
        self.step(node, Event::Request { call, op });
        self.settle();
        self.answers.first().map(|(_, outcome)| *outcome)
    }

    fn value(&self, node: u16, key: u64) -> Option<u64> {
        self.states[usize::from(node) - 1].shelf().get(key).map(|copy| copy.value)
    }
}

fn outbox(me: u16, clock: u64) -> Outbox<QuorumStore> {
    Outbox::new(Address::Node(me), Instant(clock), Chance::new(0), Identity(0), Ticket(0))
}

fn call(serial: u32, attempt: u16) -> CallId {
    CallId { client: Address::Client(1), serial, attempt }
}

const READ: Op = Op::Read { key: 1 };

const fn write(value: u64) -> Op {
    Op::Write { key: 1, value }
}

#[test]
fn quorums_that_meet_see_what_was_written_and_mend_who_missed_it() {
    let mut desk = Desk::new(3, QuorumSpec::default());
    desk.cut = vec![3];
    assert_eq!(desk.call(1, call(1, 1), write(10)), Some(Outcome::Written));
    assert_eq!((desk.value(2, 1), desk.value(3, 1)), (Some(10), None));
    desk.cut = vec![1];
    assert_eq!(desk.call(3, call(2, 1), READ), Some(Outcome::Read(Some(10))));
    assert_eq!(desk.value(3, 1), Some(10), "read repair");
}

#[test]
fn too_few_replicas_are_waited_for_unless_the_store_is_sloppy() {
    for sloppy in [false, true] {
        let mut desk = Desk::new(3, QuorumSpec { sloppy, ..QuorumSpec::default() });
        desk.cut = vec![2, 3];
        assert_eq!(desk.call(1, call(1, 1), write(10)), None);
        desk.step(1, Event::Timeout(Timer::Patience(call(1, 1))));
        let told = desk.answers.first().map(|(_, outcome)| *outcome);
        assert_eq!(told, sloppy.then_some(Outcome::Written));
        assert_eq!(desk.call(1, call(2, 1), READ), None);
        desk.step(1, Event::Timeout(Timer::Patience(call(2, 1))));
        let told = desk.answers.first().map(|(_, outcome)| *outcome);
        assert_eq!(told, sloppy.then_some(Outcome::Read(Some(10))));
    }
}

#[test]
fn a_clock_that_is_ahead_loses_the_writes_that_come_after() {
    let mut desk = Desk::new(3, QuorumSpec::default());
    desk.clocks[0] = 9_000_000;
    desk.call(1, call(1, 1), write(10));
    assert_eq!(desk.call(2, call(2, 1), write(20)), Some(Outcome::Written));
    assert_eq!(desk.call(3, call(3, 1), READ), Some(Outcome::Read(Some(10))));
}

#[test]
fn who_asks_first_goes_above_whatever_the_clocks_say() {
    for stamps in [Stamps::Clock, Stamps::Counter] {
        let spec = QuorumSpec { ask_first: true, stamps, ..QuorumSpec::default() };
        let mut desk = Desk::new(3, spec);
        desk.clocks[0] = 9_000_000;
        desk.call(1, call(1, 1), write(10));
        assert_eq!(desk.call(2, call(2, 1), write(20)), Some(Outcome::Written));
        assert_eq!(desk.call(3, call(3, 1), READ), Some(Outcome::Read(Some(20))));
    }
}

/// Two writes under way at once at one node, whose clock is behind all versions: each is told of
/// the same newest version, and they must not go above it by the same step.
#[test]
fn two_writes_at_once_at_one_node_get_two_versions() {
    for ask_first in [true, false] {
        let spec = QuorumSpec { ask_first, ..QuorumSpec::default() };
        let mut desk = Desk::new(3, spec);
        desk.clocks[0] = 9_000_000;
        desk.call(1, call(1, 1), write(10));
        desk.step(2, Event::Request { call: call(2, 1), op: write(20) });
        desk.step(2, Event::Request { call: call(3, 1), op: write(30) });
        desk.settle();
        let mut versions = desk.states[1].shelf().from(0);
        let newest = versions.next().map(|(_, copy)| copy.version.by);
        assert_eq!(newest, Some(if ask_first { 2 } else { 1 }));
        let held = [1, 2, 3].map(|node| desk.value(node, 1));
        assert_eq!(held, [Some(if ask_first { 30 } else { 10 }); 3], "ask first: {ask_first}");
    }
    let mut desk = Desk::new(3, QuorumSpec::default());
    desk.step(2, Event::Request { call: call(2, 1), op: write(20) });
    desk.step(2, Event::Request { call: call(3, 1), op: write(30) });
    desk.settle();
    assert_eq!([1, 2, 3].map(|node| desk.value(node, 1)), [Some(30); 3], "one tick of the clock");
}

#[test]
fn a_counter_goes_above_what_its_node_has_seen_and_no_more() {
    let mut desk = Desk::new(3, QuorumSpec { stamps: Stamps::Counter, ..QuorumSpec::default() });
    desk.cut = vec![3];
    desk.call(1, call(1, 1), write(10));
    desk.call(1, call(2, 1), write(11));
    desk.cut = vec![];
    // n3 has seen nothing: its first stamp is as low as the first one was.
    assert_eq!(desk.call(3, call(3, 1), write(20)), Some(Outcome::Written));
    assert_eq!(desk.call(2, call(4, 1), READ), Some(Outcome::Read(Some(11))));
}

#[test]
fn a_call_that_is_tried_elsewhere_keeps_its_version() {
    let spec = |idempotency| QuorumSpec { ask_first: true, idempotency, ..QuorumSpec::default() };
    for once in [true, false] {
        let mut desk = Desk::new(3, spec(once));
        desk.call(1, call(1, 1), write(10));
        desk.call(2, call(2, 1), write(20));
        assert_eq!(desk.call(3, call(1, 2), write(10)), Some(Outcome::Written));
        let read = if once { 20 } else { 10 };
        assert_eq!(desk.call(2, call(3, 1), READ), Some(Outcome::Read(Some(read))), "{once}");
    }
}

#[test]
fn two_sides_that_went_on_alone_come_to_hold_the_same_and_one_write_is_gone() {
    let spec = QuorumSpec { sloppy: true, read: Some(1), write: Some(1), ..QuorumSpec::default() };
    let mut desk = Desk::new(2, spec);
    desk.cut = vec![2];
    desk.call(1, call(1, 1), write(10));
    desk.call(1, call(2, 1), Op::Write { key: 2, value: 11 });
    desk.clocks[1] = 2_000;
    desk.call(2, call(3, 1), write(20));
    desk.call(2, call(4, 1), Op::Write { key: 3, value: 21 });
    desk.cut = vec![];
    desk.step(1, Event::Timeout(Timer::Reconcile));
    desk.settle();
    for node in [1, 2] {
        let held = [1, 2, 3].map(|key| desk.value(node, key));
        assert_eq!(held, [Some(20), Some(11), Some(21)], "n{node}");
    }
}

#[test]
fn more_keys_than_one_exchange_covers_are_compared_in_turn() {
    let mut desk = Desk::new(3, QuorumSpec { write: Some(1), ..QuorumSpec::default() });
    desk.cut = vec![2, 3];
    let count = DIGEST_MAX as u64 * 2 + 10;
    for key in 1..=count {
        desk.call(1, call(key as u32, 1), Op::Write { key, value: key });
    }
    desk.cut = vec![];
    for _ in 0..6 {
        desk.step(1, Event::Timeout(Timer::Reconcile));
        desk.settle();
    }
    for node in [2, 3] {
        assert_eq!(desk.states[node - 1].shelf().len() as u64, count);
    }
}

#[test]
fn a_read_waits_until_enough_replicas_hold_what_it_returns() {
    let mut desk = Desk::new(3, QuorumSpec { wait_for_repair: true, ..QuorumSpec::default() });
    // A write that only its coordinator has.
    desk.cut = vec![2, 3];
    desk.call(1, call(1, 1), write(10));
    desk.cut = vec![];
    assert_eq!(desk.call(1, call(2, 1), READ), Some(Outcome::Read(Some(10))));
    assert_eq!((desk.value(2, 1), desk.value(3, 1)), (Some(10), Some(10)));
    desk.cut = vec![1];
    assert_eq!(desk.call(2, call(3, 1), READ), Some(Outcome::Read(Some(10))));
}
