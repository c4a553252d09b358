//! A client's day, told in small stories.

use std::collections::BTreeSet;

use super::*;
use crate::sim::Instant;
use crate::sim::chance::{Chance, Identity};
use crate::sim::client::ClientEffect;
use crate::workloads::RetrySpec;

/// A client on a table, with its last effects spread out beside it.
struct Table {
    client: RegisterClient,
    steps: u64,
    effects: Vec<ClientEffect>,
}

impl Table {
    fn new(spec: &RegisterSpec, retries: bool) -> Table {
        let client = RegisterClient::new(2, spec, 3, With { retry: retries, ..With::default() });
        let mut table = Table { client, steps: 0, effects: Vec::new() };
        table.act(Client::boot);
        table
    }

    fn act(&mut self, act: impl FnOnce(&mut RegisterClient, &mut ClientOutbox)) {
        self.steps += 1;
        let identity = Identity(self.steps);
        let mut out = ClientOutbox::new(Instant::ZERO, Chance::new(1), identity);
        act(&mut self.client, &mut out);
        self.effects = out.drain().collect();
    }

    fn fire(&mut self, timer: ClientTimer) {
        self.act(|client, out| client.step(ClientEvent::Timeout(timer), out));
    }

    fn answer(&mut self, from: u16, call: CallId, outcome: Outcome) {
        let event = ClientEvent::Answer { from: Address::Node(from), call, outcome };
        self.act(|client, out| client.step(event, out));
    }

    /// Beats once and returns the call and whom it went to.
    fn call(&mut self) -> (Address, CallId, Op) {
        self.fire(ClientTimer::Next);
        self.sent().expect("a beat calls")
    }

    fn sent(&self) -> Option<(Address, CallId, Op)> {
        self.effects.iter().find_map(|effect| match effect {
            ClientEffect::Call { to, call, op } => Some((*to, *call, *op)),
            _ => None,
        })
    }

    fn notes(&self) -> Vec<ClientNote> {
        let notes = self.effects.iter().filter_map(|effect| match effect {
            ClientEffect::Note(note) => Some(*note),
            _ => None,
        });
        notes.collect()
    }

    fn armed(&self, timer: ClientTimer) -> Option<RangeInclusive<Span>> {
        self.effects.iter().find_map(|effect| match effect {
            ClientEffect::Arm(armed, wait) if *armed == timer => Some(wait.clone()),
            _ => None,
        })
    }
}

fn writer() -> RegisterSpec {
    RegisterSpec { reads_percent: 0, ..RegisterSpec::default() }
}

fn node(number: u16) -> Address {
    Address::Node(number)
}

#[test]
fn values_say_whose_they_are_and_none_comes_twice() {
    assert_eq!(value(2, 17), 2_000_017);
    let mut seen = BTreeSet::new();
    for client in [1, 2, 100] {
        for serial in [1, 17, 999_999, 1_000_000, 1_000_001, 2_000_000, u32::MAX] {
            assert!(seen.insert(value(client, serial)), "c{client} call {serial}");
        }
    }
}

#[test]
fn a_call_is_answered_and_the_next_asks_who_answered() {
    let mut table = Table::new(&writer(), true);
    let (_, call, op) = table.call();
    assert_eq!(table.notes(), [ClientNote::Called { call, op }]);
    assert!(table.armed(ClientTimer::Patience { serial: 1 }).is_some());
    table.answer(3, call, Outcome::Written);
    let returned = ClientNote::Returned { call, op, outcome: Outcome::Written };
    assert_eq!(table.notes(), [returned]);
    assert_eq!(table.client.open(), 0);
    assert_eq!(table.call().0, node(3));
    table.answer(3, call, Outcome::Written);
    assert!(table.effects.is_empty(), "an answer that comes twice is heard once");
}

#[test]
fn a_redirect_is_followed_at_once_and_is_no_attempt_but_a_circle_of_them_ends() {
    let mut table = Table::new(&RegisterSpec { retry: RetrySpec::Never, ..writer() }, true);
    let (_, first, op) = table.call();
    let mut call = first;
    for hop in 0..u16::from(HOPS_MAX) {
        let to = node(hop % 3 + 1);
        table.answer(1, call, Outcome::Redirect(Some(to)));
        let (asked, again, _) = table.sent().expect("it follows");
        assert_eq!((asked, again.serial, again.attempt), (to, 1, call.attempt + 1));
        assert_eq!(table.notes(), [ClientNote::Retried { call: again, to }]);
        call = again;
    }
    table.answer(1, call, Outcome::Redirect(Some(node(2))));
    assert_eq!(table.notes(), [ClientNote::GaveUp { call, op }]);
}

#[test]
fn a_redirect_to_an_attempt_that_was_left_is_ignored() {
    let mut table = Table::new(&writer(), true);
    let (_, call, _) = table.call();
    table.fire(ClientTimer::Patience { serial: 1 });
    table.answer(1, call, Outcome::Redirect(Some(node(2))));
    assert!(table.effects.is_empty(), "it waits to try again and looks at no old redirect");
    table.fire(ClientTimer::Retry { serial: 1 });
    table.answer(1, call, Outcome::Redirect(Some(node(2))));
    assert!(table.effects.is_empty(), "it waits for the answer to its newest attempt");
}

#[test]
fn an_answer_to_an_earlier_attempt_ends_the_call() {
    let mut table = Table::new(&writer(), true);
    let (_, call, op) = table.call();
    table.fire(ClientTimer::Patience { serial: 1 });
    table.fire(ClientTimer::Retry { serial: 1 });
    assert_eq!(table.sent().map(|(_, call, _)| call.attempt), Some(2));
    table.answer(1, call, Outcome::Written);
    assert_eq!(table.notes(), [ClientNote::Returned { call, op, outcome: Outcome::Written }]);
}

#[test]
fn silence_is_waited_out_and_another_node_is_asked_after_a_growing_wait() {
    let mut table = Table::new(&writer(), true);
    let (first, _, _) = table.call();
    let mut asked = vec![first];
    for longest in [50, 100] {
        table.fire(ClientTimer::Patience { serial: 1 });
        assert_eq!(table.sent(), None);
        let wait = table.armed(ClientTimer::Retry { serial: 1 });
        assert_eq!(wait, Some(Span::ZERO..=Span::millis(longest)));
        table.fire(ClientTimer::Retry { serial: 1 });
        asked.push(table.sent().expect("it tries again").0);
    }
    asked.sort();
    assert_eq!(asked, [node(1), node(2), node(3)], "each in turn");
}

#[test]
fn calls_that_fail_at_one_node_move_the_favourite_once() {
    let mut table = Table::new(&writer(), true);
    let (first, _, _) = table.call();
    table.call();
    table.fire(ClientTimer::Patience { serial: 1 });
    table.fire(ClientTimer::Patience { serial: 2 });
    let (next, _) = table.client.rotation.choose(Instant::ZERO);
    assert_eq!(next, node(first.node().expect("a node") % 3 + 1));
}

#[test]
fn the_last_attempt_and_the_deadline_give_up() {
    let retry = RetrySpec::Fixed { wait: Span::millis(5), attempts: 2 };
    let mut table = Table::new(&RegisterSpec { retry, ..writer() }, true);
    let (_, call, op) = table.call();
    table.fire(ClientTimer::Patience { serial: 1 });
    table.fire(ClientTimer::Retry { serial: 1 });
    table.fire(ClientTimer::Patience { serial: 1 });
    let second = CallId { attempt: 2, ..call };
    assert_eq!(table.notes(), [ClientNote::GaveUp { call: second, op }]);
    let (_, call, op) = table.call();
    table.fire(ClientTimer::Deadline { serial: 2 });
    assert_eq!(table.notes(), [ClientNote::GaveUp { call, op }]);
    assert_eq!(table.client.open(), 0);
    table.answer(1, call, Outcome::Written);
    assert!(table.effects.is_empty(), "what comes after that is not heard");
}

#[test]
fn without_retries_one_attempt_is_all() {
    let mut table = Table::new(&writer(), true);
    assert!(table.client.set(RETRY, false) && !table.client.set("other", false));
    assert!(table.client.switches().contains(&(RETRY, false)));
    let (_, call, op) = table.call();
    table.answer(1, call, Outcome::Redirect(Some(node(3))));
    let (to, again, _) = table.sent().expect("a redirect is no failure");
    assert_eq!(to, node(3));
    table.answer(3, again, Outcome::Redirect(None));
    assert_eq!(table.notes(), [ClientNote::GaveUp { call: again, op }]);
}

#[test]
fn what_a_client_is_told_changes_neither_its_beat_nor_its_later_calls() {
    let ops = |answered: bool| {
        let mut table = Table::new(&RegisterSpec::default(), true);
        let mut seen = Vec::new();
        for beat in 0..(OPEN_CALLS_MAX as u64 + 20) {
            table.steps = beat * 2 + 100;
            table.fire(ClientTimer::Next);
            let first = table.effects.first().cloned();
            assert!(matches!(first, Some(ClientEffect::Arm(ClientTimer::Next, _))), "{beat}");
            let Some((_, call, op)) = table.sent() else { continue };
            seen.push((call.serial, op));
            if answered {
                table.answer(1, call, Outcome::Redirect(Some(node(2))));
                let (_, again, _) = table.sent().expect("it follows");
                table.answer(2, again, Outcome::Written);
            }
        }
        seen
    };
    let (heard, unheard) = (ops(true), ops(false));
    assert_eq!(unheard.len(), OPEN_CALLS_MAX, "a client with too much open skips its beat");
    assert_eq!(heard[..OPEN_CALLS_MAX], unheard[..]);
}

#[test]
fn clients_share_the_rate() {
    let spec = RegisterSpec { clients: 5, rate_per_second: 100, ..RegisterSpec::default() };
    let mut table = Table::new(&spec, true);
    let gap = Span::millis(50);
    assert_eq!(table.armed(ClientTimer::Next), Some(spec.start..=spec.start + gap));
    table.fire(ClientTimer::Next);
    let wait = table.armed(ClientTimer::Next);
    assert_eq!(wait, Some(Span::millis(25)..=Span::millis(75)));
}
