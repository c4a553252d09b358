//! Every class of fault at once, on every protocol and at many sizes: nothing panics, a run is the
//! same again, and what an algorithm promises whatever the network, the clocks and the crashes do
//! holds.

use std::ops::ControlFlow;

use faultlab::faults::storm::{Weather, storm};
use faultlab::lab::scenario::PlannedFault;
use faultlab::lab::{Scenario, Trial, read_scenario};
use faultlab::oracles::{Grade, State};
use faultlab::sim::chance::mix;
use faultlab::sim::{Address, Instant, Keep, Span};

/// How many mixes each setting of a protocol is played with.
const MIXES: u64 = 40;
/// When a run ends.
const UNTIL: Span = Span::secs(8);

/// A setting of a protocol, with the fewest and the most nodes that it is played with.
struct Setting {
    protocol: &'static str,
    nodes: (u16, u16),
    /// What is switched on.
    mechanisms: &'static str,
}

const fn setting(protocol: &'static str, nodes: (u16, u16)) -> Setting {
    Setting { protocol, nodes, mechanisms: "Retry, Idempotency" }
}

/// Safe without any assumption on time, with crashes and disks that keep what they confirmed.
const SAFE: [Setting; 9] = [
    setting("Raft()", (1, 9)),
    setting("Paxos()", (1, 7)),
    setting("MultiPaxos()", (1, 7)),
    setting("Pbft()", (1, 10)),
    setting("Tendermint()", (4, 10)),
    setting("HotStuff()", (4, 10)),
    setting("TwoPhaseCommit()", (2, 7)),
    setting("PrimaryBackup(fencing: true)", (3, 6)),
    // A second try at another coordinator would be a second write.
    Setting {
        protocol: "QuorumStore(ask_first: true, wait_for_repair: true)",
        nodes: (1, 7),
        mechanisms: "Idempotency",
    },
];

/// Safe on conditions that a mix does not keep to.
const CONDITIONAL: [Setting; 8] = [
    setting("ThreePhaseCommit()", (2, 6)),
    setting("PrimaryBackup(fencing: false)", (2, 6)),
    setting("QuorumStore()", (1, 7)),
    setting("QuorumStore(sloppy: true)", (2, 7)),
    setting("Generals()", (4, 9)),
    setting("Gossip()", (2, 20)),
    setting("Swim()", (2, 20)),
    setting("PhiAccrual()", (2, 8)),
];

/// Classes that strike beside those that every benign storm has.
const BESIDES: [&str; 3] = ["gray", "overload", "correlated"];
/// Classes of liars, where no safety is asked for.
const LIES: [&str; 3] = ["byzantine", "silent corruption", "configuration"];

/// Makes the mix of a seed.
fn mixed(setting: &Setting, seed: u64, besides: &[&str]) -> Scenario {
    let (fewest, most) = setting.nodes;
    let nodes = fewest + (mix(seed) % u64::from(most - fewest + 1)) as u16;
    let (protocol, mechanisms) = (setting.protocol, setting.mechanisms);
    let loss = ["0.0", "0.1"][(mix(seed ^ 1) % 2) as usize];
    let text = format!(
        "Scenario(title: \"mix\", protocol: {protocol}, nodes: {nodes}, mechanisms: \
         [{mechanisms}], network: (loss: {loss}, duplicate: {loss}, reorder: {loss}))"
    );
    let mut scenario = match read_scenario("mix.ron", &text) {
        Ok(scenario) => scenario,
        Err(report) => panic!("{report}"),
    };
    scenario.until = UNTIL;
    let more = besides[(mix(seed ^ 2) % besides.len() as u64) as usize];
    // A storm strikes between two nodes; where there is one, it can only stop and start.
    let only = (nodes == 1).then_some("crash-recovery");
    for (only, strikes, salt) in [(only, 3, 0), (only.or(Some(more)), 1, 7)] {
        let weather = Weather {
            nodes,
            strikes,
            from: Span::millis(200),
            until: Span::secs(7),
            only: only.map(str::to_owned),
            liars: vec![Address::Node(nodes)],
            amnesia: false,
        };
        let strikes = storm(seed ^ salt, &weather).into_iter().zip(1..);
        scenario.faults.extend(strikes.map(|(strike, k)| PlannedFault {
            id: format!("strike-{salt}-{k}"),
            at: strike.at,
            until: Some(strike.until),
            fault: strike.fault,
        }));
    }
    scenario
}

fn play(scenario: &Scenario, seed: u64) -> Trial {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    trial.run(Instant(UNTIL.0), |_, _| ControlFlow::Continue(()));
    trial
}

/// Says which properties of safety a run broke.
fn broken(trial: &Trial) -> Vec<String> {
    let verdicts = trial.panel().verdicts(Instant(UNTIL.0));
    let wrong = verdicts.into_iter().filter(|verdict| {
        let safety = verdict.grade == Grade::Breach
            || ["linearizable", "durable", "regular"].contains(&verdict.property);
        safety && verdict.state == State::Violated
    });
    wrong.map(|v| format!("{}: {:?}", v.property, v.first.map(|first| first.text))).collect()
}

#[test]
fn what_needs_no_timing_is_safe_in_every_mix() {
    let mut wrong = Vec::new();
    for setting in &SAFE {
        for seed in 0..MIXES {
            let scenario = mixed(setting, seed, &BESIDES);
            let found = broken(&play(&scenario, seed));
            if !found.is_empty() {
                let faults: Vec<_> = scenario.faults.iter().map(|fault| &fault.fault).collect();
                let (name, nodes) = (setting.protocol, scenario.nodes);
                wrong.push(format!("{name}, seed {seed}, {nodes} nodes: {found:?}\n  {faults:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_mix_ends_a_run_and_each_run_is_the_same_again() {
    for setting in SAFE.iter().chain(&CONDITIONAL) {
        for seed in 0..MIXES / 4 {
            let scenario = mixed(setting, seed, &LIES);
            let digest = || {
                let trial = play(&scenario, seed);
                assert!(trial.world().events() > 0);
                trial.world().digest()
            };
            assert_eq!(digest(), digest(), "{}, seed {seed}", setting.protocol);
        }
    }
}

/// The mixes are what they are meant to be: without the rule that keeps an algorithm safe, some of
/// them break it.
#[test]
fn the_mixes_break_what_is_not_safe() {
    let broken_by = |protocol, nodes, mechanisms| {
        let setting = Setting { protocol, nodes, mechanisms };
        let runs = (0..MIXES).map(|seed| play(&mixed(&setting, seed, &BESIDES), seed));
        runs.filter(|trial| !broken(trial).is_empty()).count()
    };
    let always = "Retry, Idempotency";
    assert!(broken_by("QuorumStore(read: 1, write: 1)", (3, 7), always) > 0);
    assert!(broken_by("PrimaryBackup(fencing: false, catch_up: false)", (3, 6), always) > 0);
    assert!(broken_by("ThreePhaseCommit()", (3, 6), always) > 0);
}
