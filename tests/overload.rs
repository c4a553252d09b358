//! Overload, common causes and wrong changes: what comes of them, and what contains them.

use std::ops::ControlFlow;

use faultlab::causes::{Chain, Inquiry};
use faultlab::lab::scenario::Mechanism;
use faultlab::lab::{Scenario, Session, Trial, embedded, read_scenario};
use faultlab::oracles::{Finding, Signal, State, Verdict};
use faultlab::sim::{Address, ClientNote, Instant, Keep, Lever, Record, Span, What};
use faultlab::workloads::{RetrySpec, WorkloadSpec};

fn scenario(name: &str) -> Scenario {
    read_scenario(name, embedded::find(name).expect("it comes with the program")).expect("it reads")
}

fn verdicts(scenario: &Scenario, seed: u64, mut see: impl FnMut(&Record)) -> Vec<Verdict> {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let end = Instant(scenario.until.0);
    trial.run(end, |record, _| {
        see(record);
        ControlFlow::Continue(())
    });
    trial.panel().verdicts(end)
}

fn state(scenario: &Scenario, seed: u64, property: &str) -> State {
    let verdicts = verdicts(scenario, seed, |_| {});
    verdicts.iter().find(|verdict| verdict.property == property).expect("it is judged").state
}

fn explained(scenario: Scenario, seed: u64, property: &str) -> (Chain, Vec<String>) {
    let until = Instant(scenario.until.0);
    let mut session = Session::new(scenario, seed);
    assert!(session.advance_to(until, u64::MAX), "a run comes to its end");
    let found: Option<Finding> = session.signals().find_map(|signal| match signal {
        Signal::Raised(finding) if finding.property == property => Some(finding.clone()),
        _ => None,
    });
    let found = found.unwrap_or_else(|| panic!("the run has `{property}`"));
    let chain = Inquiry::new(&session, &found).finish();
    let told = chain.tell(&session);
    (chain, told)
}

fn names(chain: &Chain) -> Vec<u32> {
    chain.faults.iter().map(|named| named.fault.0).collect()
}

fn contained(chain: &Chain, by: &str) -> Option<bool> {
    chain.containment.iter().find(|containment| containment.by == by)?.confirmed
}

/// The trigger is over, and only what takes away the further tries ends the overload.
#[test]
fn a_retry_storm_outlives_its_trigger_and_each_cure_ends_it() {
    let storm = scenario("raft-v9-retry-storm");
    let cured = |change: fn(&mut Scenario)| {
        let mut cured = storm.clone();
        change(&mut cured);
        state(&cured, 1, "metastable")
    };
    assert_eq!(cured(|_| {}), State::Stalled);
    // A budget bounds the storm; what is left of it clears where there is room to spare.
    assert_eq!(state(&scenario("raft-s7-retry-budget"), 1, "metastable"), State::Held);
    assert_eq!(cured(|of| of.mechanisms.push(Mechanism::Deadlines)), State::Held);
    // Without the surge the same load is borne, retries and all.
    assert_eq!(cured(|of| of.faults.clear()), State::Held);
    // And shedding alone is no cure where the line is longer than anybody waits.
    assert_eq!(cured(|of| of.mechanisms.push(Mechanism::LoadShedding)), State::Stalled);
}

#[test]
fn what_outlives_its_trigger_is_traced_back_to_it() {
    let (chain, told) = explained(scenario("raft-v9-retry-storm"), 1, "metastable");
    assert_eq!(names(&chain), [1], "{told:#?}");
}

#[test]
fn a_surge_keeps_the_luck_of_what_is_called_anyway() {
    let calls = |scenario: &Scenario| {
        let mut calls = Vec::new();
        verdicts(scenario, 3, |record| {
            if let What::Client(ClientNote::Called { call, op }) = record.what
                && call.serial < 100_000_000
            {
                calls.push((record.at, call, op));
            }
        });
        calls
    };
    let mut calm = scenario("overload-bulkhead");
    let surged = calls(&calm);
    calm.faults.clear();
    assert_eq!(surged, calls(&calm));
}

/// A leader that has no line of its own for what peers say is deposed for being busy.
#[test]
fn a_bulkhead_keeps_the_leader_and_is_named_for_it() {
    let (chain, told) = explained(scenario("overload-bulkhead"), 1, "overloaded");
    assert_eq!(names(&chain), [1], "{told:#?}");
    assert_eq!(contained(&chain, "bulkhead"), Some(true), "{told:#?}");
}

#[test]
fn a_staged_rollout_stops_at_the_first_node_that_is_ill() {
    let guarded = scenario("raft-s9-staged-rollout");
    let mut changed = Vec::new();
    verdicts(&guarded, 1, |record| {
        if let What::Pulled { lever, .. } = &record.what
            && let Lever::Link { from, .. } = &**lever
            && let [only] = from.members()
        {
            changed.push(*only);
        }
    });
    assert_eq!(changed, [Address::Node(1)], "nobody else was touched");
    let (chain, told) = explained(guarded, 1, "false suspicion");
    assert_eq!(names(&chain), [1], "{told:#?}");
    assert_eq!(contained(&chain, "staged rollout"), Some(true), "{told:#?}");
}

/// A node that is down is called in vain until the breaker opens, and hardly ever after that.
#[test]
fn a_circuit_breaker_leaves_a_dead_node_alone() {
    let tried = |breaker: bool| {
        let mut crashed = scenario("minority-crash");
        if let WorkloadSpec::Register(spec) = &mut crashed.workload {
            // Clients who come back to each node in turn.
            spec.retry = RetrySpec::Fixed { wait: Span::millis(1), attempts: 10 };
            spec.pick = faultlab::workloads::Pick::InTurn;
        }
        if breaker {
            crashed.mechanisms.push(Mechanism::CircuitBreaker);
        }
        let (mut spared, mut opened) = (0, 0);
        let late = verdicts(&crashed, 1, |record| match record.what {
            What::Client(ClientNote::Spared { .. }) => spared += 1,
            What::Client(ClientNote::Circuit { .. }) => opened += 1,
            _ => {}
        });
        (opened, spared, late.iter().find(|v| v.property == "on time").map_or(0, |v| v.count))
    };
    let (without, with) = (tried(false), tried(true));
    assert_eq!((without.0, without.1), (0, 0));
    assert!(with.0 > 0, "it opens: {with:?}");
    assert!(with.2 <= without.2, "no call is later for it: {with:?} {without:?}");
}
