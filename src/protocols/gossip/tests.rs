//! Rules that are easier to hold by hand than to tell as a story.

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::client::DELETED;
use crate::sim::{CallId, Effect, Instant, Op, Ticket, Untruth};

const CALL: CallId = CallId { client: Address::Client(1), serial: 1, attempt: 1 };

struct Bench {
    gossip: Gossip,
    states: Vec<State>,
    steps: u64,
}

impl Bench {
    fn new(nodes: u16, spec: GossipSpec) -> Bench {
        let mut bench = Bench { gossip: Gossip::new(nodes, spec), states: Vec::new(), steps: 0 };
        for node in 1..=nodes {
            let mut out = bench.outbox(node, 0);
            let state = bench.gossip.boot(Address::Node(node), None, &mut out);
            bench.states.push(state);
        }
        bench
    }

    fn outbox(&mut self, node: u16, now: u64) -> Outbox<Gossip> {
        self.steps += 1;
        let chance = Chance::new(1);
        Outbox::new(Address::Node(node), Instant(now), chance, Identity(self.steps), Ticket(0))
    }

    fn step(&mut self, node: u16, now: u64, event: Event<Gossip>) -> Vec<Effect<Gossip>> {
        let mut out = self.outbox(node, now);
        if let Event::Request { call, op } = event {
            out.receive_request(call, op);
        }
        self.gossip.step(&mut self.states[usize::from(node) - 1], event, &mut out);
        out.drain().collect()
    }

    fn write(&mut self, node: u16, now: u64, key: u64, value: u64) {
        let op = Op::Write { key, value };
        self.step(node, now, Event::Request { call: CALL, op });
    }

    fn update(&self, node: u16, key: u64) -> Update {
        self.states[usize::from(node) - 1].items[&key].update(key)
    }

    fn tell(&mut self, node: u16, now: u64, update: Update) -> Vec<Effect<Gossip>> {
        let updates = std::iter::once(update).collect();
        let msg = Message::Rumours { updates, asks: false };
        self.step(node, now, Event::Deliver { from: Address::Node(1), msg })
    }

    fn read(&self, node: u16, key: u64) -> Option<u64> {
        self.states[usize::from(node) - 1].read(key)
    }
}

fn contained(effects: &[Effect<Gossip>]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Note(Note::Contained { .. })))
}

#[test]
fn a_beat_lies_in_the_phase_of_its_node_wherever_it_is_armed() {
    let mut bench = Bench::new(2, GossipSpec { period: Span(100), ..GossipSpec::default() });
    for (phase, now, wait) in [(0, 0, 100), (0, 30, 70), (30, 0, 30), (30, 30, 100), (230, 131, 99)]
    {
        bench.states[0].phase = phase;
        let mut out = bench.outbox(1, now);
        Step::new(&bench.gossip, &mut bench.states[0], &mut out).arm_beat(Timer::Rumour, Span(100));
        let armed: Vec<_> = out.drain().collect();
        assert!(
            matches!(&armed[..], [Effect::Arm(_, range)] if *range.start() == Span(wait)),
            "{phase} {now}: {armed:?}"
        );
    }
}

#[test]
fn the_higher_version_stays_in_whatever_order_they_come() {
    let mut bench = Bench::new(3, GossipSpec::default());
    bench.write(1, 50, 7, 100);
    bench.write(2, 40, 7, 200);
    let (newer, older) = (bench.update(1, 7), bench.update(2, 7));
    bench.tell(3, 60, older);
    bench.tell(3, 61, newer);
    bench.tell(3, 62, older);
    bench.tell(2, 63, newer);
    assert_eq!((bench.read(3, 7), bench.read(2, 7)), (Some(100), Some(100)));
    // A clock that lies behind what it has heard still makes a version that wins.
    bench.write(3, 10, 7, 300);
    assert!(bench.update(3, 7).claim.version > newer.claim.version);
}

#[test]
fn of_equal_versions_the_larger_value_stays_so_that_all_come_to_the_same() {
    let mut bench = Bench::new(3, GossipSpec::default());
    bench.write(1, 50, 7, 100);
    let mut flipped = bench.update(1, 7);
    flipped.claim.value ^= 1 << 20;
    bench.tell(2, 60, bench.update(1, 7));
    bench.tell(2, 61, flipped);
    bench.tell(1, 61, flipped);
    assert_eq!(bench.read(1, 7), bench.read(2, 7));
}

#[test]
fn with_signatures_nothing_but_what_a_client_signed_is_taken_in() {
    let mut bench = Bench::new(2, GossipSpec { update_signatures: true, ..GossipSpec::default() });
    bench.write(1, 50, 7, 100);
    let honest = bench.update(1, 7);
    let mut flipped = honest;
    flipped.claim.value ^= 1;
    let liar = Liar::new(Address::Node(1), Untruth::Value, Vec::new());
    let msg = Message::Rumours { updates: std::iter::once(honest).collect(), asks: false };
    let lie = bench.gossip.forge(&bench.states[0], &msg, Address::Node(2), &liar);
    let Some(Message::Rumours { updates, .. }) = lie else { panic!("{lie:?}") };
    let unsigned = Update { seal: None, ..honest };
    let moved = Update { key: 8, ..honest };
    for bad in [flipped, updates[0], unsigned, moved] {
        assert!(contained(&bench.tell(2, 60, bad)), "{bad:?}");
        assert_eq!(bench.read(2, bad.key), None);
    }
    assert!(!contained(&bench.tell(2, 60, honest)));
    assert_eq!(bench.read(2, 7), Some(100));
}

#[test]
fn without_signatures_a_lie_wins_by_its_version_and_is_not_told_further_ahead() {
    let mut bench = Bench::new(2, GossipSpec::default());
    bench.write(1, 50, 7, 100);
    let liar = Liar::new(Address::Node(1), Untruth::Value, Vec::new());
    let lie = |bench: &Bench| {
        let updates = std::iter::once(bench.update(1, 7)).collect();
        let msg = Message::Rumours { updates, asks: false };
        let lie = bench.gossip.forge(&bench.states[0], &msg, Address::Node(2), &liar);
        let Some(Message::Rumours { updates, .. }) = lie else { panic!("{lie:?}") };
        updates[0]
    };
    let first = lie(&bench);
    bench.tell(2, 60, first);
    assert!(bench.read(2, 7).is_some_and(|value| value != 100));
    bench.tell(1, 70, first);
    assert_eq!(lie(&bench), first);
}

#[test]
fn a_certificate_is_let_go_after_its_life_and_a_delete_without_one_leaves_nothing() {
    let spec = GossipSpec { certificate_life: Span(2_000), ..GossipSpec::default() };
    let mut bench = Bench::new(2, spec);
    bench.write(1, 50, 7, 100);
    let old = bench.update(1, 7);
    bench.write(1, 60, 7, DELETED);
    assert_eq!((bench.read(1, 7), bench.states[0].certificates.len()), (None, 1));
    bench.tell(1, 70, old);
    assert_eq!(bench.read(1, 7), None, "the certificate wins");
    bench.step(1, 2_060, Event::Timeout(Timer::Exchange));
    assert_eq!(bench.states[0].items.len(), 1);
    bench.step(1, 2_061, Event::Timeout(Timer::Exchange));
    assert!(bench.states[0].items.is_empty() && bench.states[0].certificates.is_empty());
    bench.tell(1, 2_070, old);
    assert_eq!(bench.read(1, 7), Some(100), "and then the item rises again");

    let spec = GossipSpec { death_certificates: false, ..GossipSpec::default() };
    let mut bench = Bench::new(2, spec);
    bench.write(1, 50, 7, 100);
    bench.write(1, 60, 7, DELETED);
    assert!(bench.states[0].items.is_empty() && bench.states[0].hot.is_empty());
}

#[test]
fn a_large_store_is_compared_piece_by_piece() {
    let mut bench = Bench::new(2, GossipSpec { rumours: false, ..GossipSpec::default() });
    let keys = LINES_MAX as u64 * 2 + 10;
    for key in 1..=keys {
        bench.write(1, 50, key, key + 1_000);
    }
    // Each comparison covers a piece, and each answer asks for as much as one message carries.
    for round in 0..8 {
        let now = 100 + round;
        let mut queue = bench.step(1, now, Event::Timeout(Timer::Exchange));
        let mut from = 1;
        while let Some(msg) = queue.into_iter().find_map(|effect| match effect {
            Effect::Send { msg, .. } => Some(msg),
            _ => None,
        }) {
            let to = 3 - from;
            queue = bench.step(to, now, Event::Deliver { from: Address::Node(from), msg });
            from = to;
        }
    }
    assert_eq!(bench.states[1].items.len() as u64, keys);
}
