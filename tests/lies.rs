//! Lies and flipped bits, as they act on Raft, which is built for neither.

use std::ops::ControlFlow;

use faultlab::lab::{Scenario, Trial, read_scenario};
use faultlab::oracles::State;
use faultlab::sim::{Address, Instant, Keep, Note, Record, What};

/// Three or five Raft nodes of which the first leads, and what is done to them.
fn scenario(nodes: u16, mechanisms: &str, faults: &str) -> Scenario {
    let text = format!(
        "Scenario(title: \"lies\", protocol: Raft(), nodes: {nodes}, mechanisms: [{mechanisms}], \
         workload: Register(clients: 4, rate_per_second: 100, keys: 3), faults: [{faults}], \
         until: \"6s\")"
    );
    match read_scenario("lies.ron", &text) {
        Ok(scenario) => scenario,
        Err(report) => panic!("{report}"),
    }
}

/// Plays a run and returns how a property stands at its end, and its records.
fn play(scenario: &Scenario, seed: u64) -> (Trial, Vec<Record>) {
    let mut trial = Trial::new(scenario, seed, Keep::Everything);
    let mut records = Vec::new();
    trial.run(Instant(scenario.until.0), |record, _| {
        records.push(record.clone());
        ControlFlow::Continue(())
    });
    (trial, records)
}

fn stands(trial: &Trial, property: &str) -> State {
    let verdicts = trial.panel().verdicts(Instant(6_000_000));
    let verdict = verdicts.iter().find(|verdict| verdict.property == property);
    verdict.expect("the property is judged").state
}

fn life(trial: &Trial) -> &'static str {
    let node = trial.panel().truth().member(Address::Node(1));
    node.expect("there is a first node").life.word()
}

fn contained(records: &[Record], name: &str) -> usize {
    let stopped = records.iter().filter_map(|record| match record.what {
        What::Noted(Note::Contained { by, .. }) => Some(by),
        _ => None,
    });
    stopped.filter(|by| *by == name).count()
}

#[test]
fn a_two_faced_leader_shows_each_face_to_its_own_and_two_histories_grow() {
    let faults = "(id: \"two\", at: \"2s\", fault: Equivocate(nodes: Leader))";
    let mut broken = 0;
    for seed in 1..=20 {
        let (trial, _) = play(&scenario(5, "Retry, Idempotency", faults), seed);
        assert_eq!(trial.panel().liars().len(), 1);
        broken += u64::from(stands(&trial, "state machine safety") == State::Violated);
    }
    assert!(broken >= 15, "half of the others and the liar are a majority of five: {broken}");
}

#[test]
fn one_face_alone_lies_to_nobody() {
    // Nobody sees the second face but a node that is down: the liar is an honest node.
    let faults = "(id: \"down\", at: \"0s\", fault: CrashStop(node: Node(\"n3\"))), (id: \"two\", \
                  at: \"1s\", fault: Equivocate(nodes: Node(\"n2\"), second: Node(\"n3\")))";
    for seed in 1..=20 {
        let (trial, _) = play(&scenario(3, "Retry, Idempotency", faults), seed);
        assert_eq!(stands(&trial, "state machine safety"), State::Held, "seed {seed}");
        assert_eq!(stands(&trial, "election safety"), State::Held, "seed {seed}");
    }
}

#[test]
fn a_lie_that_is_healed_is_over() {
    let faults = "(id: \"lie\", at: \"1s\", until: \"2s\", \
                  fault: Lie(nodes: Leader, says: Value))";
    let (trial, _) = play(&scenario(3, "Retry, Idempotency", faults), 4);
    assert_eq!(stands(&trial, "linearizable"), State::Violated);
    let (trial, _) = play(&scenario(3, "Retry, Idempotency", ""), 4);
    assert_eq!(stands(&trial, "linearizable"), State::Held);
    let twofaced = "(id: \"two\", at: \"1s\", until: \"2s\", fault: Equivocate(nodes: Leader))";
    let (trial, _) = play(&scenario(3, "Retry, Idempotency", twofaced), 4);
    assert_eq!(stands(&trial, "progress"), State::Held, "the first face goes on alone");
}

#[test]
fn withheld_and_repeated_words_break_nothing_that_raft_promises() {
    let faults = "(id: \"mute\", at: \"1s\", until: \"3s\", fault: Withhold(nodes: Leader)), (id: \
                  \"again\", at: \"1s\", until: \"4s\", fault: Replay(nodes: Leader, rate: 0.3))";
    for seed in 1..=20 {
        let (trial, _) = play(&scenario(5, "Retry, Idempotency", faults), seed);
        for property in ["election safety", "state machine safety", "linearizable", "progress"] {
            assert_eq!(stands(&trial, property), State::Held, "{property}, seed {seed}");
        }
    }
}

#[test]
fn a_checksum_turns_a_broken_message_into_a_lost_one_and_knows_nothing_of_a_wrong_core() {
    let transit = "(id: \"cable\", at: \"1s\", until: \"4s\", fault: FlipBit(node: Leader, place: \
                   Transit, rate: 0.2))";
    let core =
        "(id: \"core\", at: \"1s\", until: \"4s\", fault: WrongCore(node: Leader, rate: 0.2))";
    let (guarded, plain) = ("Retry, Idempotency, Checksum", "Retry, Idempotency");
    for seed in 1..=10 {
        let (trial, records) = play(&scenario(3, guarded, transit), seed);
        assert_eq!(stands(&trial, "linearizable"), State::Held, "seed {seed}");
        assert_eq!(stands(&trial, "state machine safety"), State::Held, "seed {seed}");
        assert!(contained(&records, "checksum") > 10, "seed {seed}");
        let (_, records) = play(&scenario(3, guarded, core), seed);
        assert_eq!(contained(&records, "checksum"), 0, "seed {seed}");
    }
    let breaks = |faults| {
        let runs = (1..=10).map(|seed| play(&scenario(3, plain, faults), seed).0);
        runs.filter(|trial| stands(trial, "linearizable") == State::Violated).count()
    };
    // A follower applies what was flipped on its way; it shows when a reader asks that node.
    assert!(breaks(core) > 0, "what a leader computes wrongly is answered");
    let crash = format!("{transit}, (id: \"later\", at: \"3s\", fault: CrashStop(node: Leader))");
    assert!(breaks(&crash) > 0, "what followers took in wrongly is answered by the next leader");
}

#[test]
fn a_broken_disk_is_refused_by_a_checksum_mended_by_a_scrubber_and_believed_by_neither() {
    let faults = "(id: \"rot\", at: \"2s\", fault: FlipBit(node: Node(\"n1\"), place: Disk)), (id: \
                  \"crash\", at: \"4s\", fault: CrashRecovery(node: Node(\"n1\"), \
                  down: \"200ms\"))";
    let (trial, records) = play(&scenario(3, "Retry, Idempotency, Checksum", faults), 1);
    assert_eq!(contained(&records, "checksum"), 1);
    assert_eq!(life(&trial), "down");
    let (trial, records) = play(&scenario(3, "Retry, Idempotency, Checksum, Scrub", faults), 1);
    assert_eq!((contained(&records, "scrub"), contained(&records, "checksum")), (1, 0));
    assert_eq!(life(&trial), "up");
    let (_, records) = play(&scenario(3, "Retry, Idempotency", faults), 1);
    assert_eq!(contained(&records, "checksum"), 0);
    let flipped = |record: &&Record| matches!(record.what, What::Corrupted { .. });
    assert_eq!(records.iter().filter(flipped).count(), 1);
}

#[test]
fn a_run_with_liars_is_the_same_again() {
    let faults = "(id: \"two\", at: \"1s\", until: \"4s\", fault: Equivocate(nodes: Nodes([\"n1\", \
                  \"n2\"]))), (id: \"again\", at: \"2s\", fault: Replay(nodes: Node(\"n3\"), rate: \
                  0.5)), (id: \"rot\", at: \"3s\", fault: FlipBit(node: Node(\"n1\"), \
                  place: Memory))";
    let scenario = scenario(5, "Retry, Idempotency", faults);
    let (_, first) = play(&scenario, 9);
    let (_, second) = play(&scenario, 9);
    assert!(first.len() > 1_000 && first == second);
}
