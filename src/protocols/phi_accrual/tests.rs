//! A watcher and what it hears, without a world around it.

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{CallId, Effect, Op, Outcome, Ticket};

/// A node in the hand: its two clocks are told to it.
struct Watcher {
    phi: PhiAccrual,
    state: State,
    at: Instant,
}

impl Watcher {
    fn new(spec: PhiSpec) -> Watcher {
        let phi = PhiAccrual::new(3, spec);
        let mut out = outbox(Instant::ZERO);
        let state = phi.boot(Address::Node(1), None, &mut out);
        Watcher { phi, state, at: Instant::ZERO }
    }

    fn step(&mut self, event: Event<PhiAccrual>) -> Vec<Effect<PhiAccrual>> {
        let mut out = outbox(self.at);
        self.phi.step(&mut self.state, event, &mut out);
        out.drain().collect()
    }

    fn hear(&mut self, number: u64) -> Vec<Effect<PhiAccrual>> {
        let msg = Heartbeat { number, life: 0 };
        self.step(Event::Deliver { from: Address::Node(2), msg })
    }

    /// Lets heartbeats come each second, for so long.
    fn settle(&mut self, seconds: u64) {
        for number in 1..=seconds {
            self.at += Span::secs(1);
            self.hear(number);
        }
    }
}

fn outbox(at: Instant) -> Outbox<PhiAccrual> {
    Outbox::new(Address::Node(1), at, Chance::new(1), Identity(at.0), Ticket(0))
}

fn notes(effects: &[Effect<PhiAccrual>]) -> Vec<&Note> {
    let mut notes = Vec::new();
    for effect in effects {
        if let Effect::Note(note) = effect {
            notes.push(note);
        }
    }
    notes
}

fn patience(effects: &[Effect<PhiAccrual>]) -> Option<Span> {
    effects.iter().find_map(|effect| match effect {
        Effect::Arm(Timer::Silence(2), wait) => Some(*wait.end()),
        _ => None,
    })
}

#[test]
fn a_silence_is_borne_for_as_long_as_the_form_says_and_no_longer() {
    let mut watcher = Watcher::new(PhiSpec { window: 50, ..PhiSpec::default() });
    watcher.settle(60);
    watcher.at += Span::secs(1);
    let patience = patience(&watcher.hear(61)).expect("it waits for the next");
    assert_eq!(patience.0 / 1_000, 4_522);
    watcher.at += Span(patience.0 - 1);
    let early = watcher.step(Event::Timeout(Timer::Silence(2)));
    assert!(notes(&early).is_empty(), "a microsecond too early is too early");
    watcher.at += Span(1);
    let suspects = watcher.step(Event::Timeout(Timer::Silence(2)));
    assert_eq!(notes(&suspects), [&Note::Suspects(Address::Node(2))]);
    let trusts = watcher.hear(62);
    assert_eq!(notes(&trusts), [&Note::Trusts(Address::Node(2))]);
}

#[test]
fn a_heartbeat_that_comes_twice_or_late_says_nothing_new() {
    let mut watcher = Watcher::new(PhiSpec::default());
    watcher.settle(5);
    let before = watcher.state.clone();
    watcher.at += Span::millis(500);
    assert!(watcher.hear(5).is_empty() && watcher.hear(3).is_empty());
    assert_eq!(watcher.state, before);
}

#[test]
fn nothing_is_learnt_from_the_silence_of_a_node_that_was_down() {
    let mut watcher = Watcher::new(PhiSpec::default());
    watcher.settle(5);
    let learnt = watcher.state.peer(2).map(|peer| peer.window.clone());
    watcher.at += Span::secs(100);
    let msg = Heartbeat { number: 1, life: 77 };
    watcher.step(Event::Deliver { from: Address::Node(2), msg });
    assert_eq!(watcher.state.peer(2).map(|peer| peer.window.clone()), learnt);
}

#[test]
fn who_does_not_watch_hears_and_believes_nothing() {
    let spec = PhiSpec { monitors: vec![Address::Node(3)], ..PhiSpec::default() };
    let mut node = Watcher::new(spec);
    node.settle(3);
    assert_eq!(node.state.peer(2), None);
    let sent = node.step(Event::Timeout(Timer::Beat));
    let to: Vec<_> = sent
        .iter()
        .filter_map(|effect| if let Effect::Send { to, .. } = effect { Some(*to) } else { None })
        .collect();
    assert_eq!(to, [Address::Node(3)]);
}

#[test]
fn the_service_answers_whatever_the_heartbeats_say() {
    let mut node = Watcher::new(PhiSpec::default());
    let call = CallId { client: Address::Client(1), serial: 1, attempt: 1 };
    node.step(Event::Request { call, op: Op::Write { key: 1, value: 9 } });
    let read = node.step(Event::Request { call, op: Op::Read { key: 1 } });
    assert!(matches!(read[..], [Effect::Answer { outcome: Outcome::Read(Some(9)), .. }]));
}

#[test]
fn settings_that_cannot_be_are_said_with_their_field() {
    let wrong = |spec: PhiSpec| spec.check(3).expect_err("it cannot be").field;
    let node = Address::Node;
    assert_eq!(wrong(PhiSpec { window: 0, ..PhiSpec::default() }), "window");
    let late = Span::secs(61);
    assert_eq!(wrong(PhiSpec { acceptable_pause: late, ..PhiSpec::default() }), "acceptable_pause");
    for monitors in [vec![node(4)], vec![node(1), node(1)], vec![Address::Client(1)]] {
        assert_eq!(wrong(PhiSpec { monitors, ..PhiSpec::default() }), "monitors");
    }
}
