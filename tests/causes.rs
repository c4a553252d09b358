//! Why it happened: stories whose cause is known, and measurements over many seeds.

use faultlab::causes::{Chain, Confirmed, Inquiry, LINES_MAX, episodes};
use faultlab::faults::spec::{Cut, Shift};
use faultlab::faults::{FaultSpec, Target};
use faultlab::lab::scenario::{BoundsSpec, DiskSpec, Mechanism, NetworkSpec, PlannedFault};
use faultlab::lab::{Scenario, Session};
use faultlab::oracles::{Finding, Grade, Signal, Subject};
use faultlab::protocols::ProtocolSpec;
use faultlab::protocols::raft::RaftSpec;
use faultlab::sim::chance::mix;
use faultlab::sim::{Address, EventId, FaultId, Instant, Mood, Rate, Span};
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
        title: "a test".to_owned(),
        protocol: ProtocolSpec::Raft(spec),
        nodes,
        topology: Default::default(),
        network: NetworkSpec::default(),
        disk: DiskSpec::default(),
        workload: WorkloadSpec::Register(RegisterSpec {
            deadline: Span::secs(1),
            ..RegisterSpec::default()
        }),
        mechanisms: vec![Mechanism::Retry, Mechanism::Idempotency],
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

#[test]
fn measure() {
    let mut tally = std::collections::BTreeMap::<String, u32>::new();
    let mut bump = |what: String| *tally.entry(what).or_default() += 1;
    for seed in 1..=200 {
        let nodes = 3 + 2 * (seed % 2) as u16;
        let session = play(scenario(nodes, RaftSpec::default(), schedule(seed, nodes)), seed);
        for episode in episodes(&session) {
            let f = &episode.finding;
            let mut inquiry = Inquiry::of_episode(&session, f, &episode.also);
            inquiry.work(0);
            let proposed = inquiry.chain();
            let chain = inquiry.finish();
            bump(format!("{:?} {} episodes", f.grade, f.property));
            bump(format!("{:?} {} named {}", f.grade, f.property, chain.faults.len()));
            bump(format!("shows {:?}", inquiry.shows_again()));
            for named in &chain.faults {
                bump(format!("how {:?}", named.confirmed));
                let p = proposed.faults.iter().any(|p| p.fault == named.fault);
                bump(format!("confirmed, proposed first: {p}"));
            }
            for p in &proposed.faults {
                let ok = chain.faults.iter().any(|named| p.fault == named.fault);
                bump(format!("proposed, confirmed: {ok}"));
            }
            if seed < 12 || chain.faults.is_empty() && seed < 60 {
                println!(
                    "seed {seed} {:?} {:?}: {:#?}",
                    f.grade,
                    episode.faults,
                    chain.tell(&session)
                );
            }
        }
    }
    println!("{tally:#?}");
}
