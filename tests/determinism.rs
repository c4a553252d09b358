//! Same scenario, seed and inputs: the same run, to the last byte; and time travel keeps to it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use faultlab::faults::storm::{Weather, storm};
use faultlab::faults::{FaultSpec, Target};
use faultlab::lab::scenario::PlannedFault;
use faultlab::lab::{Act, Kind, Scenario, Seek, Session, Stage, Trial};
use faultlab::sim::{Address, FaultId, Instant, Keep, Record, Span};

fn steady() -> Scenario {
    ron::from_str("(title: \"steady\", protocol: Raft(()), nodes: 5)").expect("a scenario")
}

fn stormy(seed: u64) -> Scenario {
    let weather = Weather {
        nodes: 5,
        strikes: 5,
        from: Span::millis(500),
        until: Span::secs(4),
        only: None,
        liars: Vec::new(),
        amnesia: true,
    };
    let strikes = storm(seed, &weather).into_iter().enumerate();
    let faults = strikes.map(|(k, strike)| PlannedFault {
        id: format!("f{k}"),
        at: strike.at,
        until: Some(strike.until),
        fault: strike.fault,
    });
    Scenario { faults: faults.collect(), ..steady() }
}

fn crash(k: u16) -> Act {
    let node = Target::Node(Address::Node(k));
    Act::Inject { fault: FaultSpec::CrashStop { node }, heal_after: None }
}

fn records_of(scenario: &Scenario, seed: u64) -> (Vec<Record>, u64) {
    let mut records = Vec::new();
    let mut trial = Trial::new(scenario, seed, Keep::Everything);
    trial.run(Instant(5_000_000), |record, _| {
        records.push(record.clone());
        ControlFlow::Continue(())
    });
    (records, trial.world().digest())
}

#[test]
fn the_same_seed_gives_the_same_records_and_another_seed_others() {
    for seed in 0..12 {
        let scenario = stormy(seed);
        let (first, digest) = records_of(&scenario, seed);
        let (again, same) = records_of(&scenario, seed);
        assert!(first == again && digest == same, "seed {seed} went two ways");
        assert_ne!(digest, records_of(&scenario, seed + 1).1);
    }
}

#[test]
fn a_session_goes_the_way_of_a_trial_and_finds_what_it_finds() {
    for seed in 0..6 {
        let scenario = stormy(seed);
        let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
        let mut said = Vec::new();
        trial.run(Instant(5_000_000), |_, signals| {
            said.extend_from_slice(signals);
            ControlFlow::Continue(())
        });
        let mut session = Session::new(scenario, seed);
        // However the way is cut into pieces.
        for piece in 1..=100 {
            session.advance_to(Instant(piece * 50_000), u64::MAX);
        }
        assert_eq!(session.digest(), trial.world().digest());
        assert_eq!(session.signals().cloned().collect::<Vec<_>>(), said);
    }
}

#[test]
fn a_seek_anywhere_meets_the_world_that_was_there() {
    let mut session = Session::new(stormy(3), 3);
    let mut seen = Vec::new();
    while session.position().at < Instant(5_000_000) && session.step() {
        if session.position().moves.is_multiple_of(499) {
            let wrong: BTreeSet<String> =
                session.standing().iter().map(|f| f.text.clone()).collect();
            let broken = session.verdicts().iter().filter(|v| v.count > 0).count();
            let known = (wrong, session.faults(), broken);
            seen.push((session.position(), session.digest(), session.scene(), known));
        }
    }
    let end = (session.position(), session.digest());
    assert!(seen.iter().any(|(.., known)| !known.0.is_empty()), "something went wrong in it");
    assert!(seen.len() > 5, "the run was long enough to look around in");
    for k in [3, 0, 4, 1, 2, 4, 0] {
        let (position, digest, scene, known) = &seen[k];
        session.seek(Seek::Moves(position.moves));
        assert_eq!((session.position(), session.digest()), (*position, *digest));
        let mut there = session.scene();
        there.now = scene.now;
        assert_eq!(there, *scene);
        let wrong = session.standing().iter().map(|f| f.text.clone()).collect();
        let broken = session.verdicts().iter().filter(|v| v.count > 0).count();
        assert_eq!((wrong, session.faults(), broken), *known);
        assert!(session.in_past());
    }
    session.seek(Seek::End);
    assert_eq!((session.position(), session.digest()), end);
    assert!(!session.in_past());
}

#[test]
fn one_step_back_and_one_forward_is_no_step() {
    let mut session = Session::new(steady(), 5);
    session.advance_to(Instant(1_500_000), u64::MAX);
    let (position, digest) = (session.position(), session.digest());
    assert!(session.back() && session.back());
    assert_eq!(session.position().moves, position.moves - 2);
    assert!(session.step() && session.step());
    assert_eq!((session.position(), session.digest()), (position, digest));
}

#[test]
fn a_fault_made_by_hand_stands_in_the_journal_and_is_met_again() {
    let mut session = Session::new(steady(), 5);
    session.advance_to(Instant(1_000_000), u64::MAX);
    assert_eq!(session.make(crash(2)), Some(FaultId(1)));
    assert_eq!(session.faults()[0].1, Stage::Active, "a crash acts at once");
    session.advance_to(Instant(3_000_000), u64::MAX);
    let end = session.digest();
    let before = session.journal()[0].at;
    assert_eq!(before, Instant(1_000_001), "an input comes after the events of its instant");
    session.seek(Seek::Start);
    assert!(session.faults().is_empty());
    session.seek(Seek::Time(Instant(2_000_000)));
    assert_eq!(session.faults().len(), 1);
    while session.in_past() {
        session.step();
    }
    assert_eq!(session.digest(), end);
    let mut trial = Trial::with(&steady(), 5, session.journal().to_vec(), Keep::Nothing);
    trial.run(Instant(3_000_000), |_, _| ControlFlow::Continue(()));
    assert_eq!(trial.world().digest(), end);
}

#[test]
fn an_act_in_the_past_begins_a_future_and_keeps_the_old_one() {
    let mut session = Session::new(steady(), 9);
    session.advance_to(Instant(1_000_000), u64::MAX);
    session.make(crash(1));
    session.advance_to(Instant(2_000_000), u64::MAX);
    let old = (session.frontier(), session.digest());
    session.seek(Seek::Time(Instant(500_000)));
    session.make(crash(3));
    assert_eq!(session.branch(), "branch 1");
    assert_eq!(session.faults().len(), 1, "the other crash lies in the other future");
    session.advance_to(Instant(2_000_000), u64::MAX);
    assert_ne!(session.digest(), old.1);
    let branches = session.branches();
    assert_eq!(branches.len(), 1);
    assert_eq!((branches[0].0.as_str(), branches[0].2), ("main", old.0));
    session.switch_branch(0);
    assert_eq!((session.frontier(), session.digest()), old);
    assert_eq!(session.branch(), "main");
    // The branch is what a run with these inputs alone would be.
    session.switch_branch(0);
    let mut trial = Trial::with(&steady(), 9, session.journal().to_vec(), Keep::Nothing);
    trial.run(Instant(2_000_000), |_, _| ControlFlow::Continue(()));
    assert_eq!(trial.world().digest(), session.digest());
}

#[test]
fn milestones_are_stops_in_both_directions() {
    let mut session = Session::new(steady(), 2);
    session.advance_to(Instant(1_000_000), u64::MAX);
    session.make(crash(1));
    session.advance_to(Instant(3_000_000), u64::MAX);
    session.seek(Seek::Start);
    session.seek(Seek::Next(Some(Kind::Election)));
    let elected = session.position();
    assert!(session.scene().nodes.iter().any(|node| node.glance.role.word() == "leader"));
    session.seek(Seek::Next(Some(Kind::Input)));
    assert!(session.position() > elected);
    session.seek(Seek::Previous(Some(Kind::Election)));
    assert_eq!(session.position(), elected);
    session.seek(Seek::Next(Some(Kind::Commit)));
    assert!(session.position().at > elected.at, "the leader's first entry is committed");
}

#[test]
fn records_that_were_let_go_are_made_again() {
    let mut session = Session::new(steady(), 4);
    session.advance_to(Instant(320_000_000), u64::MAX);
    assert!(session.memory_begins().0 > 0, "the run is long enough to let records go");
    let late: Vec<Record> = session.newest_records().take(50).cloned().collect();
    assert_eq!(late.len(), 50);
    session.seek(Seek::Time(Instant(2_000_000)));
    let early: Vec<&Record> = session.newest_records().take(100).collect();
    assert_eq!(early.len(), 100);
    let (fresh, _) = records_of(&steady(), 4);
    for record in early {
        assert_eq!(*record, fresh[record.id.0 as usize]);
    }
}

#[test]
fn every_stable_bit_of_the_run_is_pinned() {
    // Recorded once. Another digest means that tokens and lessons made before are void: then the
    // version in every token has to change.
    let (_, digest) = records_of(&steady(), 1);
    assert_eq!(format!("{digest:016x}"), "b4b2b2647f0c53e9");
}
