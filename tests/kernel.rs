//! The world keeps its rules: told as small stories with a protocol that only beats and stores.

use faultlab::sim::disk::DiskSpec;
use faultlab::sim::{
    Address, Because, CallId, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer, Cue,
    Detail, Event, Fate, FaultId, Glance, Input, Instant, Keep, Latency, Lever, Life, MessageKind,
    Mood, Nature, Network, Op, Outbox, Outcome, Plan, Protocol, Rate, Record, Report, Service,
    Setup, Sim, Span, Tape, TimerKind, Topology, Way, What, Whom, Withheld, World,
};

/// Each node beats every 10 ms to all others, and stores what clients write.
#[derive(Clone, Debug)]
struct Beacon {
    nodes: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Ear {
    me: Address,
    /// Who was heard, when by the node's own clock, with which number.
    heard: Vec<(Address, Instant, u64)>,
    beats: u64,
    /// What the disk held at the start.
    found: Vec<u64>,
}

static BEAT: MessageKind =
    MessageKind { name: "Beat", glyph: '•', nature: Nature::Probe, fields: &["number"] };

const BEAT_EVERY: Span = Span::millis(10);

impl Protocol for Beacon {
    type Msg = u64;
    type Timer = ();
    type State = Ear;
    type Stable = Vec<u64>;
    type Delta = u64;

    fn boot(&self, me: Address, disk: Option<&Vec<u64>>, out: &mut Outbox<Self>) -> Ear {
        out.arm((), BEAT_EVERY..=BEAT_EVERY);
        Ear { me, heard: Vec::new(), beats: 0, found: disk.cloned().unwrap_or_default() }
    }

    fn step(&self, state: &mut Ear, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Deliver { from, msg } => state.heard.push((from, out.now(), msg)),
            Event::Timeout(()) => {
                state.beats += 1;
                let peers = (1..=self.nodes).map(Address::Node);
                for peer in peers.filter(|peer| *peer != state.me) {
                    out.send(peer, state.beats);
                }
                out.arm((), BEAT_EVERY..=BEAT_EVERY);
            }
            Event::Request { call, op: Op::Write { value, .. } } => {
                out.save(value);
                out.answer(call, Outcome::Written);
            }
            Event::Request { .. } | Event::Saved(_) => {}
        }
    }

    fn persist(stable: &mut Vec<u64>, delta: &u64) {
        stable.push(*delta);
    }

    fn glance(&self, state: &Ear) -> Glance {
        Glance { length: state.heard.len() as u64, ..Glance::default() }
    }

    fn report(&self, state: &Ear, _rows: usize) -> Report {
        Report { glance: self.glance(state), ..Report::default() }
    }

    fn describe(msg: &u64) -> Detail {
        Detail::new(&BEAT, [*msg, 0, 0, 0])
    }

    fn timer((): &()) -> TimerKind {
        TimerKind { name: "beat", awaits: false }
    }

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}

/// Writes once, at 1 ms, to n1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OneWrite;

impl Client for OneWrite {
    fn boot(&mut self, out: &mut ClientOutbox) {
        out.arm(ClientTimer::Next, Span::millis(1)..=Span::millis(1));
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        let call = CallId { client: Address::Client(1), serial: 1, attempt: 1 };
        let op = Op::Write { key: 1, value: 42 };
        match event {
            ClientEvent::Heard { .. } => {}
            ClientEvent::Timeout(_) => out.call(Address::Node(1), call, op),
            ClientEvent::Answer { outcome, .. } => {
                out.note(ClientNote::Returned { call, op, outcome });
            }
        }
    }

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}

type Lab = World<Beacon, OneWrite>;

fn lab(keep: Keep, change: impl FnOnce(&mut Setup<Beacon, OneWrite>)) -> (Lab, Tape) {
    let mut setup = Setup {
        protocol: Beacon { nodes: 3 },
        disks: vec![None; 3],
        clients: vec![OneWrite],
        monitors: Vec::new(),
        topology: Topology::default(),
        network: Network::plain(Latency::Fixed(Span::millis(1))),
        disk: DiskSpec { sync: Latency::Fixed(Span::millis(5)), mood: Mood::Durable },
        service: Service::default(),
        seed: 1,
    };
    change(&mut setup);
    let mut tape = Tape::new(keep);
    (World::new(setup, &mut tape), tape)
}

fn node(k: u16) -> Address {
    Address::Node(k)
}

fn only(k: u16) -> Whom {
    Whom::Only(vec![node(k)])
}

fn run(world: &mut Lab, tape: &mut Tape, until_ms: u64) {
    while world.next_at().is_some_and(|at| at <= Instant(until_ms * 1_000)) {
        world.advance(tape);
    }
}

/// Injects F1 half a millisecond before `at_ms`.
fn inject(world: &mut Lab, tape: &mut Tape, at_ms: u64, levers: Vec<Lever>) {
    run(world, tape, at_ms - 1);
    let steps = levers.into_iter().map(|lever| (Cue::After(Span::ZERO), lever)).collect();
    let plan = Plan { steps, ..Plan::default() };
    world.apply(Instant(at_ms * 1_000 - 500), &Input::Inject(FaultId(1), plan), tape);
}

/// Heals F1 half a millisecond before `at_ms`.
fn heal(world: &mut Lab, tape: &mut Tape, at_ms: u64) {
    run(world, tape, at_ms - 1);
    world.apply(Instant(at_ms * 1_000 - 500), &Input::Heal(FaultId(1)), tape);
}

/// Counts what a node heard from another.
fn heard(world: &Lab, who: u16, from: u16) -> usize {
    world.state(node(who)).heard.iter().filter(|(peer, _, _)| *peer == node(from)).count()
}

fn numbers(world: &Lab, who: u16, from: u16) -> Vec<u64> {
    let heard = world.state(node(who)).heard.iter().filter(|heard| heard.0 == node(from));
    heard.map(|heard| heard.2).collect()
}

fn returned_at(records: &[Record]) -> Option<Instant> {
    let mut answers = records.iter().filter(|r| matches!(r.what, What::Client(_)));
    answers.next().map(|record| record.at)
}

#[test]
fn an_answer_after_a_save_waits_for_the_disk() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    run(&mut world, &mut tape, 50);
    // 1 ms until the client calls, 1 ms there, 5 ms on the disk, 1 ms back.
    assert_eq!(returned_at(&tape.records), Some(Instant(8_000)));
}

#[test]
fn a_gray_node_takes_calls_or_makes_them_late_and_its_peers_notice_nothing() {
    let gray = |rate, delay_ms| Lever::Gray { node: only(1), rate, delay: Span::millis(delay_ms) };
    let (mut calm, mut untouched) = lab(Keep::Everything, |_| {});
    run(&mut calm, &mut untouched, 50);
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    inject(&mut world, &mut tape, 1, vec![gray(Rate::ALWAYS, 0)]);
    run(&mut world, &mut tape, 50);
    assert_eq!(returned_at(&tape.records), None, "the call is taken");
    for (who, from) in [(1, 2), (2, 1), (3, 1)] {
        assert_eq!(heard(&world, who, from), heard(&calm, who, from), "n{who} heard n{from}");
    }
    // 8 ms as ever, and 20 on top; of two levers of one fault and kind the newer counts.
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    inject(&mut world, &mut tape, 1, vec![gray(Rate::ALWAYS, 90), gray(Rate::ALWAYS, 20)]);
    run(&mut world, &mut tape, 50);
    assert_eq!(returned_at(&tape.records), Some(Instant(28_000)));
    // What still lay there when the process died is not taken in by the next one.
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    inject(&mut world, &mut tape, 1, vec![gray(Rate::ALWAYS, 20)]);
    run(&mut world, &mut tape, 5);
    let power = Lever::Power { node: only(1), to: Life::Down };
    let plan = Plan { steps: vec![(Cue::NOW, power)], ..Plan::default() };
    world.apply(Instant(6_000), &Input::Inject(FaultId(2), plan), &mut tape);
    world.apply(Instant(8_000), &Input::Heal(FaultId(2)), &mut tape);
    run(&mut world, &mut tape, 50);
    assert_eq!(returned_at(&tape.records), None);
}

#[test]
fn an_early_answer_does_not_wait_for_the_disk_and_names_its_lever() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    inject(&mut world, &mut tape, 1, vec![Lever::Early { node: only(1) }]);
    run(&mut world, &mut tape, 50);
    // 1 ms until the client calls, 1 ms there, 1 ms back; the disk takes until 7 ms.
    assert_eq!(returned_at(&tape.records), Some(Instant(3_000)));
    let pulled = tape.records.iter().find(|r| matches!(r.what, What::Pulled { .. }));
    let pulled = pulled.expect("the lever was pulled").id;
    let answer = tape.records.iter().find(|r| {
        matches!(r.what, What::Sent { to: Address::Client(1), .. }) && r.at == Instant(2_000)
    });
    let causes = &answer.expect("it left at once").because;
    assert!(causes.contains(&Because::Of(pulled)), "{causes:?}");
}

#[test]
fn what_follows_a_lever_strikes_whom_the_first_one_struck() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let power = |to| Lever::Power { node: Whom::Leader, to };
    let plan = Plan {
        steps: vec![(Cue::NOW, Lever::Power { node: only(2), to: Life::Paused })],
        then: vec![(Span::millis(4), power(Life::Down))],
        ..Plan::default()
    };
    world.apply(Instant(500), &Input::Inject(FaultId(1), plan), &mut tape);
    run(&mut world, &mut tape, 20);
    let lives = tape.records.iter().filter_map(|record| match record.what {
        What::Life(life) => Some((record.who, record.at, life)),
        _ => None,
    });
    let n2 = Some(node(2));
    let expected = [(n2, Instant(500), Life::Paused), (n2, Instant(4_500), Life::Down)];
    assert_eq!(lives.collect::<Vec<_>>(), expected);
}

#[test]
fn what_a_crash_takes_is_what_the_mood_says() {
    // The write reaches n1 at 2 ms and its disk at 7 ms; the crash comes at 4.5 or 9.5 ms.
    for (mood, crash_ms, kept) in [
        (Mood::Durable, 5, true),
        (Mood::UnsyncedLost, 5, false),
        (Mood::UnsyncedLost, 10, true),
        (Mood::Wiped, 10, false),
    ] {
        let (mut world, mut tape) = lab(Keep::Everything, |_| {});
        let levers = vec![
            Lever::Disk { node: only(1), mood },
            Lever::Power { node: only(1), to: Life::Down },
        ];
        inject(&mut world, &mut tape, crash_ms, levers);
        heal(&mut world, &mut tape, 20);
        run(&mut world, &mut tape, 40);
        let found = &world.state(node(1)).found;
        assert_eq!(found == &[42], kept, "{mood:?} crashed at {crash_ms} ms found {found:?}");
        let forgot = tape.records.iter().any(|r| matches!(r.what, What::Forgot { .. }));
        assert_eq!(forgot, !kept, "{mood:?}: forgetting leaves a record");
        // An answer that waited for the disk dies with the node.
        assert_eq!(returned_at(&tape.records).is_some(), crash_ms > 7, "{mood:?}");
    }
}

#[test]
fn a_paused_node_says_nothing_and_then_works_through_its_inbox_in_order() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let levers = vec![Lever::Power { node: only(3), to: Life::Paused }];
    inject(&mut world, &mut tape, 35, levers);
    run(&mut world, &mut tape, 85);
    assert_eq!((heard(&world, 3, 1), heard(&world, 1, 3)), (3, 3), "frozen since 34.5 ms");
    assert_eq!(world.scene().nodes[2].inbox, 5 * 2 + 1, "five beats of two peers, one timer");
    heal(&mut world, &mut tape, 96);
    run(&mut world, &mut tape, 99);
    assert_eq!(numbers(&world, 3, 1), [1, 2, 3, 4, 5, 6, 7, 8, 9], "nothing lost or reordered");
    assert_eq!(world.state(node(3)).beats, 4, "its timer ran out once, when it woke");
    assert_eq!(heard(&world, 1, 3), 4);
}

#[test]
fn a_one_way_cut_stops_one_direction_and_names_its_lever() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let cut = Lever::Link { from: only(1), to: only(2), fate: Fate::CUT };
    inject(&mut world, &mut tape, 5, vec![cut]);
    run(&mut world, &mut tape, 105);
    assert_eq!((heard(&world, 2, 1), heard(&world, 1, 2)), (0, 10));
    let pulled = tape.records.iter().find(|r| matches!(r.what, What::Pulled { .. }));
    let pulled = pulled.expect("the lever was pulled").id;
    let withheld = tape.records.iter().filter(|r| matches!(r.what, What::Withheld { .. }));
    let mut count = 0;
    for record in withheld {
        assert_eq!(record.who, Some(node(2)));
        assert!(record.because.iter().any(|because| because.id() == pulled));
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn omission_strikes_before_the_network_or_after_it() {
    for (way, at_us) in [(Way::Send, 10_000), (Way::Receive, 11_000)] {
        let (mut world, mut tape) = lab(Keep::Everything, |_| {});
        let omit = Lever::Omit { node: only(2), way, rate: Rate::ALWAYS };
        inject(&mut world, &mut tape, 5, vec![omit]);
        run(&mut world, &mut tape, 15);
        let why = Withheld::Fault(FaultId(1));
        let withheld = tape.records.iter().filter(|record| match record.what {
            What::Withheld { why: w, .. } => w == why,
            _ => false,
        });
        let at: Vec<u64> = withheld.map(|record| record.at.0).collect();
        assert_eq!(at, [at_us, at_us], "{way:?}");
        let (sent, received) = (heard(&world, 1, 2), heard(&world, 2, 1));
        assert_eq!((sent, received), if way == Way::Send { (0, 1) } else { (1, 0) });
    }
}

#[test]
fn what_a_fault_does_not_touch_keeps_its_luck() {
    let uneven = |setup: &mut Setup<Beacon, OneWrite>| {
        setup.network = Network::plain(Latency::Uniform(Span::millis(1), Span::millis(9)));
        setup.network.loss = Rate::ppm(300_000);
    };
    let (mut plain, mut tape) = lab(Keep::Nothing, uneven);
    run(&mut plain, &mut tape, 500);
    let (mut struck, mut tape) = lab(Keep::Nothing, uneven);
    let lossy = Fate { loss: Rate::ppm(500_000), ..Fate::default() };
    let lever = Lever::Link { from: only(1), to: only(2), fate: lossy };
    inject(&mut struck, &mut tape, 5, vec![lever]);
    run(&mut struck, &mut tape, 500);
    assert_eq!(plain.state(node(3)), struck.state(node(3)));
    assert_eq!(plain.state(node(1)), struck.state(node(1)));
    let (before, after) = (&plain.state(node(2)).heard, &struck.state(node(2)).heard);
    assert!(after.len() < before.len(), "the fault took something");
    assert!(after.iter().all(|heard| before.contains(heard)), "and changed nothing else");
}

#[test]
fn healing_takes_every_hold_back() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let levers = vec![
        Lever::Link { from: only(1), to: only(2), fate: Fate::CUT },
        Lever::Omit { node: only(1), way: Way::Send, rate: Rate::ALWAYS },
        Lever::Power { node: only(3), to: Life::Down },
        Lever::Disk { node: only(2), mood: Mood::Wiped },
        Lever::Clock { node: only(2), step_us: 0, drift_ppm: 1_000 },
        Lever::Service { node: only(1), time: Span::millis(3) },
    ];
    let (calm, _) = lab(Keep::Nothing, |_| {});
    inject(&mut world, &mut tape, 5, levers);
    let held = world.scene();
    assert!(held.nodes.iter().all(|node| node.faults == [FaultId(1)]));
    assert_eq!(held.links.len(), 1);
    heal(&mut world, &mut tape, 15);
    let healed = world.scene();
    assert!(healed.links.is_empty());
    for (node, calm) in healed.nodes.iter().zip(calm.scene().nodes) {
        assert_eq!((node.faults.len(), node.life, node.mood), (0, Life::Up, calm.mood));
        assert_eq!((node.service, node.clock_drift_ppm), (Span::ZERO, 0));
    }
    run(&mut world, &mut tape, 100);
    assert!(heard(&world, 1, 3) > 6, "the node that was down beats again");
}

#[test]
fn a_heal_takes_back_only_what_its_fault_held() {
    let (mut world, mut tape) = lab(Keep::Nothing, |_| {});
    run(&mut world, &mut tape, 4);
    let mood = |mood| vec![(Cue::NOW, Lever::Disk { node: only(1), mood })];
    for (k, held) in [(1, Mood::UnsyncedLost), (2, Mood::Wiped)] {
        let plan = Plan { steps: mood(held), ..Plan::default() };
        world.apply(Instant(4_500), &Input::Inject(FaultId(k), plan), &mut tape);
    }
    assert_eq!(world.scene().nodes[0].mood, Mood::Wiped);
    world.apply(Instant(4_600), &Input::Heal(FaultId(2)), &mut tape);
    assert_eq!(world.scene().nodes[0].mood, Mood::UnsyncedLost, "the older hold stands");
    world.apply(Instant(4_700), &Input::Heal(FaultId(1)), &mut tape);
    assert_eq!(world.scene().nodes[0].mood, Mood::Durable);
}

#[test]
fn a_slow_node_takes_one_event_after_the_other() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let slow = Lever::Service { node: only(2), time: Span::millis(4) };
    inject(&mut world, &mut tape, 5, vec![slow]);
    run(&mut world, &mut tape, 23);
    // At 10 ms its timer runs out, at 11 ms two beats arrive: done at 14, 18 and 22 ms.
    let at: Vec<u64> = world.state(node(2)).heard.iter().map(|heard| heard.1.0).collect();
    assert_eq!(at, [18_000, 22_000]);
    let first = world.state(node(1)).heard.iter().find(|heard| heard.0 == node(2));
    assert_eq!(first.map(|heard| heard.1.0), Some(15_000));
}

#[test]
fn a_fast_clock_makes_timers_run_out_early_and_a_step_does_not() {
    let (mut world, mut tape) = lab(Keep::Nothing, |_| {});
    let fast = Lever::Clock { node: only(1), step_us: 0, drift_ppm: 1_000_000 };
    let step = Lever::Clock { node: only(2), step_us: 3_600_000_000, drift_ppm: 0 };
    inject(&mut world, &mut tape, 12, vec![fast, step]);
    run(&mut world, &mut tape, 110);
    // The timer that was armed at 10 ms keeps its time; then each beat takes 5 ms.
    assert_eq!(world.state(node(1)).beats, 2 + 18);
    assert_eq!(world.state(node(2)).beats, 11);
    let last = world.state(node(2)).heard.last().expect("it heard").1;
    assert!(last > Instant(3_600_000_000), "the stepped clock is read");
}

#[test]
fn duplicates_arrive_twice_and_held_back_messages_are_overtaken() {
    let (mut world, mut tape) = lab(Keep::Nothing, |setup| {
        setup.network.duplicate = Rate::ALWAYS;
    });
    run(&mut world, &mut tape, 105);
    assert_eq!(heard(&world, 1, 2), 20);
    let (mut world, mut tape) = lab(Keep::Nothing, |setup| {
        setup.network = Network::plain(Latency::Fixed(Span::millis(8)));
        setup.network.reorder = Rate::ppm(500_000);
    });
    run(&mut world, &mut tape, 1_000);
    let numbers = numbers(&world, 1, 2);
    assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]), "something was overtaken");
}

#[test]
fn a_fork_goes_the_same_way_until_it_is_touched() {
    let (mut world, mut tape) = lab(Keep::Everything, |setup| {
        setup.network.loss = Rate::ppm(200_000);
    });
    run(&mut world, &mut tape, 50);
    let mut twin = world.fork();
    let mut other = Tape::new(Keep::Everything);
    tape.records.clear();
    run(&mut world, &mut tape, 100);
    while twin.next_at().is_some_and(|at| at <= Instant(100_000)) {
        twin.advance(&mut other);
    }
    assert_eq!(tape.records, other.records);
    assert_eq!(world.digest(), twin.digest());
    twin.apply(Instant(100_500), &Input::Heal(FaultId(9)), &mut other);
    assert_ne!(world.digest(), twin.digest(), "an input is part of what happened");
}

#[test]
fn the_digest_and_the_numbers_do_not_depend_on_what_is_kept() {
    let ends = [Keep::Nothing, Keep::Milestones, Keep::Everything].map(|keep| {
        let (mut world, mut tape) = lab(keep, |_| {});
        let crash = Lever::Power { node: only(1), to: Life::Down };
        inject(&mut world, &mut tape, 30, vec![crash]);
        heal(&mut world, &mut tape, 60);
        run(&mut world, &mut tape, 200);
        (world.digest(), world.next_record(), world.events())
    });
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[1], ends[2]);
}

#[test]
fn a_plan_heals_by_itself_and_its_later_levers_come_in_time() {
    let (mut world, mut tape) = lab(Keep::Everything, |_| {});
    let steps = vec![
        (Cue::After(Span::millis(10)), Lever::Power { node: only(1), to: Life::Down }),
        (Cue::After(Span::millis(20)), Lever::Power { node: only(1), to: Life::Up }),
        (Cue::After(Span::millis(90)), Lever::Power { node: only(2), to: Life::Down }),
    ];
    let plan = Plan { steps, heal_after: Some(Span::millis(50)), ..Plan::default() };
    world.apply(Instant(500), &Input::Inject(FaultId(1), plan), &mut tape);
    run(&mut world, &mut tape, 200);
    let lives = tape.records.iter().filter_map(|record| match record.what {
        What::Life(life) => Some((record.at.0, life)),
        _ => None,
    });
    let lives: Vec<_> = lives.collect();
    assert_eq!(lives, [(10_500, Life::Down), (20_500, Life::Up)], "a healed fault pulls no more");
}
