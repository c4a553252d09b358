//! What faults do to a cluster once their levers are pulled, told as stories.

use std::ops::ControlFlow;

use faultlab::faults::{Cut, FaultSpec, Target};
use faultlab::lab::scenario::{PlannedFault, Scenario};
use faultlab::lab::{Trial, read_scenario};
use faultlab::sim::{
    Address, ClientNote, Instant, Keep, Lever, Life, Mood, Rate, Record, Span, What, Whom, Withheld,
};

const SEED: u64 = 7;

fn scenario(faults: Vec<(&str, FaultSpec)>) -> Scenario {
    let text = include_str!("../assets/scenarios/steady.ron");
    let mut scenario = read_scenario("steady.ron", text).expect("it is a file of the project");
    scenario.until = Span::secs(6);
    let plan = |(k, (at, fault)): (usize, (&str, FaultSpec))| PlannedFault {
        id: format!("f{k}"),
        at: Span::parse(at).expect("a span"),
        until: None,
        fault,
    };
    scenario.faults = faults.into_iter().enumerate().map(plan).collect();
    scenario.check().expect("the story makes sense");
    scenario
}

fn play(scenario: &Scenario) -> Vec<Record> {
    let mut records = Vec::new();
    let mut trial = Trial::new(scenario, SEED, Keep::Everything);
    trial.run(Instant(scenario.until.0), |record, _| {
        records.push(record.clone());
        ControlFlow::Continue(())
    });
    records
}

fn node(number: u16) -> Target {
    Target::Node(Address::Node(number))
}

fn lives(records: &[Record]) -> Vec<(Address, Instant, Life)> {
    let life = |record: &Record| match record.what {
        What::Life(life) => Some((record.who?, record.at, life)),
        _ => None,
    };
    records.iter().filter_map(life).collect()
}

fn pulled(records: &[Record]) -> Vec<Lever> {
    let lever = |record: &Record| match &record.what {
        What::Pulled { lever, .. } => Some(Lever::clone(lever)),
        _ => None,
    };
    records.iter().filter_map(lever).collect()
}

/// A crash that had to wait for a leader lasts as long as one that had not.
#[test]
fn a_crash_holds_from_when_it_strikes() {
    let down = Span::millis(700);
    let fault = FaultSpec::CrashRecovery { node: Target::NextLeader, disk: Mood::Wiped, down };
    let records = play(&scenario(vec![("0s", fault)]));
    let [(who, fell, Life::Down), (again, rose, Life::Up)] = lives(&records)[..] else {
        panic!("it falls and rises once: {:?}", lives(&records));
    };
    assert!(fell > Instant(100_000), "nobody leads at first");
    assert_eq!((again, rose), (who, fell + down));
    let only = Whom::Only(vec![who]);
    let disk = Lever::Disk { node: only.clone(), mood: Mood::Wiped };
    assert_eq!(pulled(&records), [disk, Lever::Power { node: only, to: Life::Down }]);
}

/// A pause ends by itself where it has a length, and only then.
#[test]
fn a_pause_without_a_length_lasts() {
    let target = node(4);
    let pause = |lasts| FaultSpec::Pause { node: target.clone(), lasts };
    let short = play(&scenario(vec![("2s", pause(Some(Span::secs(1))))]));
    let ends: Vec<Instant> = lives(&short).iter().map(|(_, at, _)| *at).collect();
    assert_eq!(ends, [Instant(2_000_000), Instant(3_000_000)]);
    let long = play(&scenario(vec![("2s", pause(None))]));
    assert_eq!(lives(&long).len(), 1);
}

/// A partial cut around a leader leaves it one bridge, and the same to both directions.
#[test]
fn a_leader_that_is_partly_cut_off_keeps_a_bridge() {
    let fault = FaultSpec::Partition { kind: Cut::Partial, isolate: Target::Leader };
    let levers = pulled(&play(&scenario(vec![("2s", fault)])));
    let [Lever::Link { from, to, .. }, Lever::Link { from: back_from, to: back_to, .. }] =
        &levers[..]
    else {
        panic!("two directions: {levers:?}");
    };
    assert_eq!((from, to), (back_to, back_from));
    let (Whom::Only(leader), Whom::Only(beyond)) = (from, to) else {
        panic!("the world names whom it cuts");
    };
    assert_eq!((leader.len(), beyond.len()), (1, 3));
    let mut others: Vec<Address> = (1..=5).map(Address::Node).collect();
    others.retain(|node| !leader.contains(node));
    assert_eq!(beyond[..], others[1..], "the lowest of the others is the bridge");
}

/// Each one-way cut takes what goes its way, and nothing that goes the other.
#[test]
fn a_one_way_cut_takes_one_direction() {
    for (kind, from_n2) in [(Cut::CannotSend, true), (Cut::CannotReceive, false)] {
        let fault = FaultSpec::Partition { kind, isolate: node(2) };
        let records = play(&scenario(vec![("2s", fault)]));
        let mut taken = 0;
        for record in &records {
            let What::Withheld { from, why: Withheld::Fault(_), .. } = record.what else {
                continue;
            };
            taken += 1;
            let to = record.who.expect("a message is withheld from somebody");
            let side = if from_n2 { from } else { to };
            assert_eq!(side, Address::Node(2), "{from} to {to}");
        }
        assert!(taken > 10, "{kind:?} took {taken}");
    }
}

/// A disk that forgets shows nothing until the node crashes, and then does even where that crash by
/// itself would take nothing.
#[test]
fn a_forgetful_disk_lies_dormant_until_a_crash() {
    let forgetful = FaultSpec::ForgetfulDisk { node: node(3), disk: Mood::Wiped };
    let crash =
        FaultSpec::CrashRecovery { node: node(3), disk: Mood::Durable, down: Span::millis(500) };
    let forgot = |records: &[Record]| {
        let gone = records.iter().find(|record| matches!(record.what, What::Forgot { .. }));
        gone.map(|record| (record.who, record.at))
    };
    let both = play(&scenario(vec![("1s", forgetful.clone()), ("4s", crash.clone())]));
    assert_eq!(forgot(&both), Some((Some(Address::Node(3)), Instant(4_000_000))));
    assert_eq!(forgot(&play(&scenario(vec![("1s", forgetful)]))), None);
    assert_eq!(forgot(&play(&scenario(vec![("4s", crash)]))), None);
}

/// Without a fault the clients make the same calls at the same instants as with it.
#[test]
fn clients_call_the_same_whatever_becomes_of_the_cluster() {
    let calls = |records: &[Record]| {
        let call = |record: &Record| match record.what {
            What::Client(ClientNote::Called { call, op }) => Some((record.at, call, op)),
            _ => None,
        };
        records.iter().filter_map(call).collect::<Vec<_>>()
    };
    let quiet = calls(&play(&scenario(vec![])));
    let majority = Target::Nodes((1..=3).map(Address::Node).collect());
    let hurt = calls(&play(&scenario(vec![("2s", FaultSpec::CrashStop { node: majority })])));
    assert!(quiet.len() > 250, "{}", quiet.len());
    assert_eq!(quiet, hurt);
}

/// A leak grows where it began, though another leads by then, and harms nobody while it is latent.
#[test]
fn a_leak_is_latent_then_gray_then_complete_at_the_node_where_it_began() {
    let spec = |latent, gray| FaultSpec::Leak {
        node: Target::Leader,
        latent: Span::millis(latent),
        gray: Span::millis(gray),
        delay: Span::millis(200),
    };
    let pause = FaultSpec::Pause { node: Target::Leader, lasts: Some(Span::secs(1)) };
    let records = play(&scenario(vec![("1s", spec(1_000, 500)), ("1.2s", pause)]));
    let first = pulled(&records)[0].held().expect("a leader was found").to_vec();
    let end = Lever::Power { node: Whom::Only(first), to: Life::Down };
    assert_eq!(pulled(&records).last(), Some(&end), "whoever leads by then");
    let records = play(&scenario(vec![("1s", spec(2_000, 1_000))]));
    let levers = pulled(&records);
    let first = levers.first().and_then(Lever::held).expect("a leader was found").to_vec();
    let leaks = |lever: &&Lever| matches!(lever, Lever::Gray { .. });
    assert!(levers.iter().filter(leaks).all(|lever| lever.held() == Some(&first)), "{levers:?}");
    assert!(levers.iter().filter(leaks).count() > 8, "it grows in steps");
    let lost = records.iter().filter(|r| match r.what {
        What::Withheld { why: Withheld::Fault(fault), .. } => fault.0 == 1,
        _ => false,
    });
    assert!(lost.clone().count() > 0, "at last it loses calls");
    assert!(lost.clone().all(|r| r.at > Instant(3_000_000) && r.who == Some(first[0])));
    let died = (first[0], Instant(4_000_000), Life::Down);
    assert_eq!(lives(&records).last(), Some(&died), "then it dies");
}

/// Only what goes between clients and the node is lost.
#[test]
fn a_gray_link_spares_the_peers() {
    let all = Target::Nodes((1..=5).map(Address::Node).collect());
    let link = FaultSpec::GrayLink { node: all, rate: Rate::ppm(500_000) };
    let records = play(&scenario(vec![("0s", link)]));
    let mut lost = 0;
    for record in &records {
        if let What::Withheld { from, .. } = record.what {
            let to = record.who.expect("somebody would have received it");
            assert_ne!(from.is_node(), to.is_node(), "{from} to {to}");
            lost += 1;
        }
    }
    assert!(lost > 0);
}
