//! The catalogue keeps its word: each variant makes itself, passes its own check and pulls levers.

use std::collections::BTreeSet;

use crate::sim::{Address, Cue, Lever, Life, Mood, Span, Whom};

use super::*;

fn targets() -> Vec<Target> {
    let group = vec![Address::Node(1), Address::Node(3)];
    vec![Target::Leader, Target::NextLeader, Target::Node(Address::Node(5)), Target::Nodes(group)]
}

#[test]
fn every_variant_makes_itself_and_pulls_a_lever() {
    for class in FAULTS {
        for variant in class.variants {
            for target in targets() {
                let spec = (variant.make)(&target, 5);
                assert_eq!(super::variant(&spec).name, variant.name);
                assert_eq!(super::class(&spec).digit, class.digit, "{}", variant.name);
                assert_eq!(check(&spec, 5), Ok(()), "{}", variant.name);
                let strikes_nodes = variant.takes != [Aim::Clients];
                assert_eq!(spec.target(), Some(&target).filter(|_| strikes_nodes));
                assert!(!plan(&spec, 5).steps.is_empty(), "{}", variant.name);
                let named = spec.to_string().contains(&target.to_string());
                assert_eq!(named, strikes_nodes, "{spec}");
            }
        }
    }
}

#[test]
fn digits_letters_and_names_are_each_given_once() {
    let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for class in FAULTS {
        for variant in class.variants {
            assert!(keys.insert((class.digit, variant.letter)), "{}", variant.name);
            assert!(names.insert(variant.name), "{}", variant.name);
            assert!(!variant.takes.is_empty());
        }
    }
}

#[test]
fn the_next_leader_is_waited_for_with_every_lever() {
    let strikes_nodes = |variant: &&Variant| variant.takes != [Aim::Clients];
    for variant in FAULTS.iter().flat_map(|class| class.variants).filter(strikes_nodes) {
        let next = plan(&(variant.make)(&Target::NextLeader, 5), 5);
        assert!(next.steps.iter().all(|(cue, _)| *cue == Cue::OnLeader), "{}", variant.name);
        let now = plan(&(variant.make)(&Target::Leader, 5), 5);
        assert!(now.steps.iter().all(|(cue, _)| *cue == Cue::NOW), "{}", variant.name);
    }
}

#[test]
fn a_crash_with_a_return_sets_the_disk_before_the_power_goes_and_holds_for_its_time() {
    let node = Target::Node(Address::Node(2));
    let only = Whom::Only(vec![Address::Node(2)]);
    let down = Span::millis(700);
    let power = (Cue::NOW, Lever::Power { node: only.clone(), to: Life::Down });
    let wiped = FaultSpec::CrashRecovery { node: node.clone(), disk: Mood::Wiped, down };
    let disk = (Cue::NOW, Lever::Disk { node: only, mood: Mood::Wiped });
    assert_eq!(plan(&wiped, 3).steps, [disk, power.clone()]);
    assert_eq!(plan(&wiped, 3).holds_for, Some(down));
    assert_eq!(wiped.to_string(), "crash n2, disk wiped, down 700ms");
    let kept = FaultSpec::CrashRecovery { node, disk: Mood::Durable, down };
    assert_eq!(plan(&kept, 3).steps, [power], "a forgetful disk must still be able to forget");
}

#[test]
fn a_fault_reads_back_from_what_it_writes() {
    for variant in FAULTS.iter().flat_map(|class| class.variants) {
        for target in targets() {
            let spec = (variant.make)(&target, 5);
            let text = ron::to_string(&spec).expect("a fault is plain data");
            assert_eq!(ron::from_str::<FaultSpec>(&text), Ok(spec), "{text}");
        }
    }
}
