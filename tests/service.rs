//! Work that takes time: lines at nodes, their bound, and what is done with what finds no room.

use std::ops::RangeInclusive;

use faultlab::sim::disk::DiskSpec;
use faultlab::sim::{
    Address, CallId, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer, Cue, Detail,
    Event, FaultId, Glance, Input, Instant, Keep, Latency, Lever, Life, MessageKind, Mood, Nature,
    Network, Note, Op, Outbox, Outcome, Plan, Protocol, Record, Report, Service, Setup, Sim, Span,
    Tape, TimerKind, Topology, What, Whom, Withheld, World,
};

/// Answers each call at once, and beats every 10 ms to its peer.
#[derive(Clone, Debug)]
struct Clerk;

static BEAT: MessageKind =
    MessageKind { name: "Beat", glyph: '♥', nature: Nature::Probe, fields: &[] };
const BEAT_WAIT: RangeInclusive<Span> = Span::millis(10)..=Span::millis(10);

impl Protocol for Clerk {
    type Msg = ();
    type Timer = ();
    /// Who it is, and when it last heard its peer.
    type State = (u16, Instant);
    type Stable = ();
    type Delta = ();

    fn boot(&self, me: Address, _: Option<&()>, out: &mut Outbox<Self>) -> (u16, Instant) {
        out.arm((), BEAT_WAIT);
        (me.node().expect("a node"), Instant::ZERO)
    }

    fn step(&self, state: &mut (u16, Instant), event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Timeout(()) => {
                out.send(node(3 - state.0), ());
                out.arm((), BEAT_WAIT);
            }
            Event::Deliver { .. } => state.1 = out.now(),
            Event::Request { call, .. } => out.answer(call, Outcome::Written),
            Event::Saved(_) => {}
        }
    }

    fn persist((): &mut (), (): &()) {}

    fn glance(&self, _: &(u16, Instant)) -> Glance {
        Glance::default()
    }

    fn report(&self, _: &(u16, Instant), _: usize) -> Report {
        Report::default()
    }

    fn describe((): &()) -> Detail {
        Detail::new(&BEAT, [0; 4])
    }

    fn timer((): &()) -> TimerKind {
        TimerKind { name: "beat", awaits: false }
    }

    fn set(&mut self, _: &str, _: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}

/// Makes so many calls to the first node at once, and keeps what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Crowd(u32);

impl Client for Crowd {
    fn boot(&mut self, out: &mut ClientOutbox) {
        out.arm(ClientTimer::Next, Span::millis(1)..=Span::millis(1));
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        let op = Op::Write { key: 1, value: 1 };
        match event {
            ClientEvent::Heard { .. } => {}
            ClientEvent::Timeout(_) => {
                for serial in 1..=self.0 {
                    let call = CallId { client: Address::Client(1), serial, attempt: 1 };
                    out.call(node(1), call, op);
                }
            }
            ClientEvent::Answer { call, outcome, .. } => {
                out.note(ClientNote::Returned { call, op, outcome });
            }
        }
    }

    fn set(&mut self, _: &str, _: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}

type Office = World<Clerk, Crowd>;

fn node(k: u16) -> Address {
    Address::Node(k)
}

/// Two clerks who take 10 ms for a call, with room for four that wait.
fn office(calls: u32, change: impl FnOnce(&mut Service)) -> (Office, Tape) {
    let mut service = Service { call: Span::millis(10), room: 4, ..Service::default() };
    change(&mut service);
    let setup = Setup {
        protocol: Clerk,
        disks: vec![None; 2],
        clients: vec![Crowd(calls)],
        monitors: Vec::new(),
        topology: Topology::default(),
        network: Network::plain(Latency::Fixed(Span::millis(1))),
        disk: DiskSpec { sync: Latency::Fixed(Span::millis(1)), mood: Mood::Durable },
        service,
        seed: 1,
    };
    let mut tape = Tape::new(Keep::Everything);
    (World::new(setup, &mut tape), tape)
}

fn run(world: &mut Office, tape: &mut Tape, until_ms: u64) {
    while world.next_at().is_some_and(|at| at <= Instant(until_ms * 1_000)) {
        world.advance(tape);
    }
}

/// When each answer came, in milliseconds, and whether it was one.
fn answers(records: &[Record]) -> Vec<(u64, bool)> {
    let answers = records.iter().filter_map(|record| match record.what {
        What::Client(ClientNote::Returned { outcome, .. }) => {
            Some((record.at.0 / 1_000, outcome == Outcome::Written))
        }
        _ => None,
    });
    answers.collect()
}

fn withheld(records: &[Record], reason: Withheld) -> usize {
    let withheld =
        |record: &&Record| matches!(record.what, What::Withheld { why, .. } if why == reason);
    records.iter().filter(withheld).count()
}

fn notes(records: &[Record]) -> Vec<(u64, &Note)> {
    let notes = records.iter().filter_map(|record| match &record.what {
        What::Noted(note) => Some((record.at.0 / 1_000, note)),
        _ => None,
    });
    notes.collect()
}

#[test]
fn calls_are_worked_on_one_after_the_other() {
    let (mut world, mut tape) = office(3, |_| {});
    run(&mut world, &mut tape, 100);
    // Sent at 1 ms and there at 2 ms; each takes 10 ms, and its answer a millisecond.
    assert_eq!(answers(&tape.records), [(13, true), (23, true), (33, true)]);
    assert!(notes(&tape.records).is_empty(), "nobody was turned away");
}

#[test]
fn what_finds_no_room_is_lost_and_the_node_says_when_it_is_full_and_has_room_again() {
    let (mut world, mut tape) = office(8, |_| {});
    run(&mut world, &mut tape, 100);
    // One is worked on and four wait; the other three are lost, and beats while it is full.
    assert_eq!(answers(&tape.records).len(), 5);
    assert!(withheld(&tape.records, Withheld::Overflow) >= 3);
    // Its own beat and those of its peer wait too: half of the room is free with the last answer.
    let [(2, Note::Overloaded { waiting: 4 }), (52, Note::Relieved)] = notes(&tape.records)[..]
    else {
        panic!("{:?}", notes(&tape.records))
    };
}

#[test]
fn where_load_is_shed_a_call_without_room_is_refused_at_once() {
    let (mut world, mut tape) = office(8, |service| service.shedding = true);
    run(&mut world, &mut tape, 100);
    let answers = answers(&tape.records);
    assert_eq!(answers[..3], [(3, false); 3], "there at 2 ms, back at 3 ms");
    assert_eq!(answers.len(), 8, "everybody is told something");
    assert_eq!(withheld(&tape.records, Withheld::Shed), 3);
    let by = |note: &&(u64, &Note)| matches!(note.1, Note::Contained { by: "load shedding", .. });
    assert_eq!(notes(&tape.records).iter().filter(by).count(), 3);
}

#[test]
fn a_flood_of_calls_keeps_heartbeats_waiting_unless_a_bulkhead_keeps_it_apart() {
    let heard = |bulkhead| {
        let (mut world, mut tape) = office(100, |service| {
            (service.bulkhead, service.room) = (bulkhead, 50);
        });
        run(&mut world, &mut tape, 400);
        let spared = notes(&tape.records)
            .iter()
            .any(|note| matches!(note.1, Note::Contained { by: "bulkhead", .. }));
        (world.state(node(2)).1, spared)
    };
    // Without it, the flooded node's own timer waits behind half a second of calls.
    assert_eq!(heard(false), (Instant::ZERO, false));
    assert_eq!(heard(true), (Instant(391_000), true));
}

#[test]
fn a_call_that_nobody_waits_for_any_more_is_dropped_unserved() {
    let (mut world, mut tape) = office(5, |service| {
        (service.deadlines, service.patience) = (true, Span::millis(25));
    });
    run(&mut world, &mut tape, 100);
    // The third has its turn at 22 ms and is in time; the fourth at 32 ms is not.
    assert_eq!(answers(&tape.records).len(), 3);
    assert_eq!(withheld(&tape.records, Withheld::Expired), 2);
}

#[test]
fn a_crash_empties_the_line_and_a_pause_keeps_it() {
    let stopped = |to| {
        let (mut world, mut tape) = office(5, |_| {});
        run(&mut world, &mut tape, 14);
        let node = Whom::Only(vec![node(1)]);
        let plan = Plan { steps: vec![(Cue::NOW, Lever::Power { node, to })], ..Plan::default() };
        world.apply(Instant(15_000), &Input::Inject(FaultId(1), plan), &mut tape);
        run(&mut world, &mut tape, 59);
        world.apply(Instant(60_000), &Input::Heal(FaultId(1)), &mut tape);
        run(&mut world, &mut tape, 200);
        answers(&tape.records).into_iter().map(|(at, _)| at).collect::<Vec<u64>>()
    };
    assert_eq!(stopped(Life::Down), [13], "what waited is gone");
    assert_eq!(stopped(Life::Paused), [13, 61, 71, 81, 91], "what waited goes on");
}

#[test]
fn a_switch_turns_a_rule_while_the_world_runs_and_there_is_none_where_nothing_takes_time() {
    let (mut world, mut tape) = office(8, |_| {});
    let on = Input::Set { switch: "load_shedding", on: true };
    world.apply(Instant(500), &on, &mut tape);
    assert!(world.scene().switches.contains(&("load_shedding", true)));
    run(&mut world, &mut tape, 100);
    assert_eq!(withheld(&tape.records, Withheld::Shed), 3);
    let (world, _) = office(8, |service| service.call = Span::ZERO);
    let switches = world.scene().switches;
    assert!(switches.iter().all(|(switch, _)| *switch != "load_shedding"), "{switches:?}");
}
