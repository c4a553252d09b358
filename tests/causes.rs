//! Why it happened: stories whose cause is known, and measurements over many seeds.

use faultlab::causes::{Chain, Confirmed, Inquiry, LINES_MAX, episodes, pinned};
use faultlab::faults::spec::{Cut, Shift};
use faultlab::faults::{FaultSpec, Target};
use faultlab::lab::scenario::{
    BoundsSpec, DiskSpec, Mechanism, NetworkSpec, PlannedFault, TopologySpec,
};
use faultlab::lab::{Scenario, Session};
use faultlab::oracles::{Finding, Grade, Signal};
use faultlab::protocols::ProtocolSpec;
use faultlab::protocols::raft::RaftSpec;
use faultlab::sim::chance::mix;
use faultlab::sim::{Address, Cue, FaultId, Input, Instant, Lever, Mood, Rate, Span, Whom};
use faultlab::workloads::WorkloadSpec;
use faultlab::workloads::register::RegisterSpec;

const RUN: Span = Span::secs(5);

fn node(number: u16) -> Target {
    Target::Node(Address::Node(number))
}

/// Plans a fault by milliseconds; the id is its place.
fn planned(at: u64, until: Option<u64>, fault: FaultSpec) -> PlannedFault {
    let until = until.map(Span::millis);
    PlannedFault { id: String::new(), at: Span::millis(at), until, fault }
}

fn scenario(nodes: u16, spec: RaftSpec, faults: Vec<PlannedFault>) -> Scenario {
    let named = faults.into_iter().enumerate();
    let faults = named.map(|(k, fault)| PlannedFault { id: format!("f{k}"), ..fault }).collect();
    Scenario {
        cell: None,
        title: "a test".to_owned(),
        protocol: ProtocolSpec::Raft(spec),
        nodes,
        topology: TopologySpec::default(),
        network: NetworkSpec::default(),
        disk: DiskSpec::default(),
        service: None,
        versions: None,
        workload: WorkloadSpec::Register(RegisterSpec {
            deadline: Span::secs(1),
            ..RegisterSpec::default()
        }),
        mechanisms: vec![Mechanism::Retry, Mechanism::Idempotency],
        monitors: Vec::new(),
        faults,
        expect: Vec::new(),
        bounds: BoundsSpec::default(),
        until: RUN,
    }
}

fn play(scenario: Scenario, seed: u64) -> Session {
    let until = Instant(scenario.until.0);
    let mut session = Session::new(scenario, seed);
    assert!(session.advance_to(until, u64::MAX), "a run comes to its end");
    session
}

fn findings(session: &Session) -> Vec<Finding> {
    let raised = session.signals().filter_map(|signal| match signal {
        Signal::Raised(finding) => Some(finding.clone()),
        Signal::Cleared { .. } => None,
    });
    raised.collect()
}

fn first(session: &Session, property: &str) -> Finding {
    let found = findings(session).into_iter().find(|finding| finding.property == property);
    found.unwrap_or_else(|| panic!("the run has `{property}`"))
}

fn named(chain: &Chain) -> Vec<(u32, Confirmed)> {
    chain.faults.iter().map(|named| (named.fault.0, named.confirmed)).collect()
}

/// Returns a fault schedule for a seed: two to four faults of many classes, at random times.
fn schedule(seed: u64, nodes: u16) -> Vec<PlannedFault> {
    let draw = |k: u64, below: u64| mix(seed.wrapping_mul(1_000) + k) % below;
    let count = 2 + draw(1, 3);
    let one = |k: u64| {
        let base = 100 * (k + 1);
        let target = match draw(base, 3) {
            0 => Target::Leader,
            _ => node(1 + draw(base + 1, u64::from(nodes)) as u16),
        };
        let peer = node(1 + draw(base + 2, u64::from(nodes)) as u16);
        let at = 500 + draw(base + 3, 3_000);
        let lasts = 300 + draw(base + 4, 1_500);
        let rate = Rate::ppm(300_000 + draw(base + 5, 700_000) as u32);
        let kinds = [Cut::Complete, Cut::Partial, Cut::CannotSend, Cut::CannotReceive];
        let moods = [Mood::Durable, Mood::UnsyncedLost, Mood::Wiped];
        let (kind, disk) = (kinds[draw(base + 6, 4) as usize], moods[draw(base + 6, 3) as usize]);
        let down = Span::millis(lasts);
        let fault = match draw(base + 7, 8) {
            0 => FaultSpec::CrashStop { node: target },
            1 => FaultSpec::CrashRecovery { node: target, disk, down },
            2 => FaultSpec::SendOmission { node: target, rate },
            3 => FaultSpec::ReceiveOmission { node: target, rate },
            4 => FaultSpec::Pause { node: target, lasts: Some(down) },
            5 => FaultSpec::Slow { node: target, by: Span::millis(1 + draw(base + 8, 20)) },
            6 => FaultSpec::SlowLink { from: target, to: peer, by: Span::millis(100) },
            _ => FaultSpec::Partition { kind, isolate: target },
        };
        let heals = !matches!(fault, FaultSpec::CrashRecovery { .. } | FaultSpec::Pause { .. });
        planned(at, heals.then_some(at + lasts), fault)
    };
    (0..count).map(one).collect()
}

/// What came of the chains of many runs.
#[derive(Debug, Default)]
struct Tally {
    episodes: u32,
    explained: u32,
    named: u32,
    confirmed: u32,
    proposed: u32,
    proposed_rightly: u32,
}

impl Tally {
    fn count(&mut self, session: &Session) -> Vec<Chain> {
        let chains = episodes(session).into_iter().map(|episode| {
            let mut inquiry = Inquiry::of_episode(session, &episode.finding, &episode.also);
            let proposed = inquiry.chain();
            let chain = inquiry.finish();
            let is_sure = |how| matches!(how, Confirmed::ButFor | Confirmed::Minimal);
            let sure = chain.faults.iter().filter(|named| is_sure(named.confirmed));
            let sure: Vec<FaultId> = sure.map(|named| named.fault).collect();
            self.episodes += 1;
            self.explained += u32::from(!sure.is_empty());
            self.named += chain.faults.len() as u32;
            self.confirmed += sure.len() as u32;
            self.proposed += proposed.faults.len() as u32;
            let right = proposed.faults.iter().filter(|named| sure.contains(&named.fault));
            self.proposed_rightly += right.count() as u32;
            chain
        });
        chains.collect()
    }
}

#[test]
fn a_leader_that_stops_leaves_calls_waiting() {
    let faults = vec![planned(2_000, None, FaultSpec::CrashStop { node: Target::Leader })];
    let session = play(scenario(3, RaftSpec::default(), faults), 1);
    let late = findings(&session).into_iter().find(|f| f.at > Instant(2_000_000));
    let mut inquiry = Inquiry::new(&session, &late.expect("calls come late"));
    assert_eq!(named(&inquiry.chain()), [(1, Confirmed::Proposed)]);
    assert!(!inquiry.progress().is_complete());
    let chain = inquiry.finish();
    assert_eq!(named(&chain), [(1, Confirmed::ButFor)]);
    assert_eq!(chain.path.first(), Some(&chain.finding.event));
    let told = chain.tell(&session);
    assert!(told.len() <= LINES_MAX, "{told:#?}");
    assert!(told[0].starts_with(&chain.finding.text), "{told:#?}");
    assert!(told.contains(&"← n1 was down".to_owned()), "{told:#?}");
    assert!(told.contains(&"← F1: stop the leader for good (n1)".to_owned()), "{told:#?}");
    let last = "Without F1 this does not happen (same seed, run again).";
    assert_eq!(told.last().map(String::as_str), Some(last));
}

#[test]
fn what_happens_before_any_fault_needs_none() {
    let faults = vec![planned(2_000, None, FaultSpec::CrashStop { node: Target::Leader })];
    let mut hurried = scenario(3, RaftSpec::default(), faults);
    hurried.bounds.on_time = Span::millis(15);
    let session = play(hurried, 1);
    let early = findings(&session).remove(0);
    assert!(early.at < Instant(2_000_000), "a bound that the network alone breaks");
    let chain = Inquiry::new(&session, &early).finish();
    assert_eq!(named(&chain), []);
}

#[test]
fn a_partition_is_contained_by_a_majority_and_by_trying_again() {
    let cut = FaultSpec::Partition { kind: Cut::Complete, isolate: Target::Leader };
    let mut scenario = scenario(3, RaftSpec::default(), vec![planned(2_000, Some(3_000), cut)]);
    scenario.bounds.on_time = Span::secs(2);
    let session = play(scenario, 3);
    let grave = |finding: &Finding| finding.grade != Grade::Deviation;
    assert!(!findings(&session).iter().any(grave), "nothing fails");
    let episodes = episodes(&session);
    assert_eq!(episodes.len(), 1, "{episodes:#?}");
    let (finding, also) = (&episodes[0].finding, &episodes[0].also);
    let chain = Inquiry::of_episode(&session, finding, also).finish();
    assert_eq!(named(&chain), [(1, Confirmed::ButFor)]);
    assert_eq!(chain.failures, []);
    let held = |by: &str| chain.containment.iter().find(|held| held.by == by);
    assert_eq!(held("quorum").expect("a majority decides").confirmed, None);
    assert_eq!(held("retry").expect("calls are tried again").confirmed, Some(true));
    assert_eq!(held("log repair").expect("the old log is repaired").confirmed, None);
}

#[test]
fn amnesia_loses_what_was_acknowledged_and_takes_all_three_faults() {
    let wiped =
        |k| FaultSpec::CrashRecovery { node: node(k), disk: Mood::Wiped, down: Span::millis(5) };
    let cut = FaultSpec::Partition { kind: Cut::Complete, isolate: node(1) };
    let faults = vec![
        planned(2_000, Some(3_000), cut),
        planned(2_215, None, wiped(2)),
        planned(2_216, None, wiped(3)),
    ];
    let mut scenario = scenario(3, RaftSpec::default(), faults);
    scenario.until = Span::secs(3);
    // The two that forgot must elect one of themselves before the cut heals; not every seed does.
    let mut sessions = (1..20).map(|seed| play(scenario.clone(), seed));
    let loses = |session: &Session| findings(session).iter().any(|f| f.property == "durable");
    let session = sessions.find(loses).expect("acknowledged writes are lost");
    let all = [(1, Confirmed::ButFor), (2, Confirmed::ButFor), (3, Confirmed::ButFor)];
    let chain = Inquiry::new(&session, &first(&session, "durable")).finish();
    assert_eq!(named(&chain), all);
    let errors: Vec<&str> = chain.errors.iter().map(|error| error.property).collect();
    assert!(errors.contains(&"lacks acknowledged data"), "{errors:?}");
}

#[test]
fn two_faults_of_which_each_is_enough_are_found_by_leaving_out_both() {
    let cut = || FaultSpec::Partition { kind: Cut::Complete, isolate: Target::Leader };
    let faults = vec![planned(2_000, Some(4_000), cut()), planned(2_000, Some(4_000), cut())];
    let session = play(scenario(3, RaftSpec::default(), faults), 1);
    let late = findings(&session).into_iter().find(|f| f.at > Instant(2_000_000));
    let chain = Inquiry::new(&session, &late.expect("something goes wrong")).finish();
    assert_eq!(named(&chain), [(1, Confirmed::Minimal), (2, Confirmed::Minimal)]);
}

#[test]
fn a_fault_by_role_is_pinned_to_whom_it_struck() {
    let faults = vec![
        planned(1_000, Some(2_000), FaultSpec::Pause { node: Target::Leader, lasts: None }),
        planned(2_500, None, FaultSpec::CrashStop { node: Target::NextLeader }),
        planned(3_000, None, FaultSpec::CrashStop { node: Target::Leader }),
    ];
    let session = play(scenario(5, RaftSpec::default(), faults), 4);
    let struck = pinned(&session).into_iter().filter_map(|placed| match placed.input {
        Input::Inject(fault, plan) => Some((fault, plan.steps)),
        _ => None,
    });
    for (fault, steps) in struck {
        assert!(!steps.is_empty(), "{fault} struck somebody");
        for (cue, lever) in steps {
            assert!(matches!(cue, Cue::After(_)), "{fault} waits for nobody: {cue:?}");
            let Lever::Power { node, .. } = lever else { panic!("{fault} pulls {lever:?}") };
            assert!(matches!(node, Whom::Only(_)), "{fault} strikes by name: {node:?}");
        }
    }
}

#[test]
fn worked_bit_by_bit_it_comes_to_the_same() {
    let mut all_slices = 0;
    for seed in [2, 7, 12] {
        let nodes = 3 + 2 * (seed % 2) as u16;
        let session = play(scenario(nodes, RaftSpec::default(), schedule(seed, nodes)), seed);
        for episode in episodes(&session) {
            let begin = || Inquiry::of_episode(&session, &episode.finding, &episode.also);
            let at_once = begin().finish();
            let mut inquiry = begin();
            let mut last = inquiry.progress();
            while !last.is_complete() {
                let now = inquiry.work(200);
                assert!(now.done >= last.done, "progress is never lost");
                (all_slices, last) = (all_slices + 1, now);
            }
            assert_eq!(inquiry.chain(), at_once, "seed {seed}");
        }
    }
    assert!(all_slices > 100, "they were worked in slices: {all_slices}");
}

#[test]
fn records_that_were_let_go_are_made_again() {
    let faults = vec![planned(2_000, None, FaultSpec::CrashStop { node: Target::Leader })];
    let mut busy = scenario(5, RaftSpec::default(), faults);
    let load = RegisterSpec { rate_per_second: 2_000, ..RegisterSpec::default() };
    busy.workload = WorkloadSpec::Register(load);
    busy.until = Span::secs(3);
    let mut session = play(busy, 1);
    let finding = findings(&session).into_iter().find(|f| f.at > Instant(2_000_000));
    let finding = finding.expect("calls come late");
    let known = Inquiry::new(&session, &finding).finish();
    let mut at = session.clock();
    while session.memory_begins() <= finding.event {
        at += Span::secs(1);
        session.advance_to(at, u64::MAX);
    }
    assert!(session.record(finding.event).is_none(), "it was let go");
    let again = Inquiry::new(&session, &finding).finish();
    assert_eq!((again.faults, again.path), (known.faults, known.path));
}

#[test]
fn nearly_all_causes_that_are_named_are_confirmed() {
    let (mut tally, mut unexplained) = (Tally::default(), 0);
    for seed in 1..=200 {
        let nodes = 3 + 2 * (seed % 2) as u16;
        let session = play(scenario(nodes, RaftSpec::default(), schedule(seed, nodes)), seed);
        for chain in tally.count(&session) {
            assert!(chain.path.len() <= 6, "seed {seed}: {:?}", chain.path);
            assert!(chain.tell(&session).len() <= LINES_MAX, "seed {seed}");
            let begun = session.faults().iter().any(|(fault, _)| fault.at < chain.finding.at);
            unexplained += u32::from(begun && chain.faults.is_empty());
        }
    }
    let share = 100.0 * f64::from(tally.confirmed) / f64::from(tally.named);
    println!("{share:.1}% of named causes are confirmed: {tally:?}");
    println!("{unexplained} episodes after the first fault name none");
    assert!(tally.named >= 200, "enough was named to measure: {tally:?}");
    assert!(share >= 95.0, "{share:.1}% of named causes are confirmed: {tally:?}");
}

#[test]
fn a_placebo_is_never_named() {
    let mut tally = Tally::default();
    for seed in 1..=60 {
        let draw = |k: u64, below: u64| mix(seed * 7_919 + k) % below;
        let client = |k| Target::Node(Address::Client(k));
        let real = schedule(seed, 3);
        let count = real.len() as u32;
        let mut faults = real;
        let unused =
            FaultSpec::ChannelOmission { from: client(1), to: client(2), rate: Rate::ALWAYS };
        let brief =
            FaultSpec::Pause { node: node(1 + draw(1, 3) as u16), lasts: Some(Span::millis(1)) };
        let by = if draw(2, 2) == 0 {
            Shift::forwards(Span::millis(300))
        } else {
            Shift::backwards(Span::millis(300))
        };
        let jump = FaultSpec::ClockStep { node: node(1 + draw(3, 3) as u16), by };
        faults.push(planned(draw(4, 3_000), None, unused));
        faults.push(planned(1_000 + draw(5, 3_000), None, brief));
        faults.push(planned(1_000 + draw(6, 3_000), None, jump));
        let session = play(scenario(3, RaftSpec::default(), faults), seed);
        for chain in tally.count(&session) {
            let placebo = chain.faults.iter().find(|named| named.fault.0 > count);
            assert_eq!(placebo, None, "seed {seed}: {:#?}", chain.tell(&session));
        }
    }
    assert!(tally.named >= 60, "real faults are named: {tally:?}");
}
