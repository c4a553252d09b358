//! Rules that are easier to hold by hand than to tell as a story.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{Effect, Instant, Note, Ticket, Untruth};

struct Bench {
    swim: Swim,
    state: State,
    steps: u64,
}

impl Bench {
    /// Makes member `n1` of a group.
    fn new(nodes: u16, spec: SwimSpec) -> Bench {
        let swim = Swim::new(nodes, spec);
        let mut bench = Bench { state: State::new(1), swim, steps: 0 };
        let mut out = bench.outbox();
        bench.state = bench.swim.boot(Address::Node(1), None, &mut out);
        bench
    }

    fn outbox(&mut self) -> Outbox<Swim> {
        self.steps += 1;
        let me = Address::Node(1);
        Outbox::new(me, Instant(0), Chance::new(1), Identity(self.steps), Ticket(0))
    }

    fn step(&mut self, event: Event<Swim>) -> Vec<Effect<Swim>> {
        let mut out = self.outbox();
        self.swim.step(&mut self.state, event, &mut out);
        out.drain().collect()
    }

    fn hear(&mut self, of: u16, incarnation: u64, health: Health) -> Vec<Note> {
        let seal = None;
        let news = std::iter::once(News { of, claim: Claim { incarnation, health }, seal });
        let msg = Message { body: Body::Ping { by: 2, number: 1 }, news: news.collect() };
        let effects = self.step(Event::Deliver { from: Address::Node(2), msg });
        let notes = effects.into_iter().filter_map(|effect| match effect {
            Effect::Note(note) => Some(note),
            _ => None,
        });
        notes.collect()
    }
}

fn sends(effects: &[Effect<Swim>]) -> Vec<(u16, &Message)> {
    let sends = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, msg } => Some((to.node().expect("a member"), msg)),
        _ => None,
    });
    sends.collect()
}

/// The table of the paper: which claim overrides which.
#[test]
fn claims_override_each_other_by_incarnation_and_then_by_gravity() {
    use Health::{Alive, Dead, Suspect};
    let rows = [
        ((1, Alive), (1, Suspect), true),
        ((1, Alive), (0, Suspect), false),
        ((1, Alive), (1, Alive), false),
        ((1, Suspect), (1, Alive), false),
        ((1, Suspect), (2, Alive), true),
        ((1, Suspect), (1, Suspect), false),
        ((1, Suspect), (2, Suspect), true),
        ((1, Suspect), (1, Dead), true),
        ((2, Alive), (1, Dead), false),
        ((1, Dead), (1, Suspect), false),
        ((1, Dead), (1, Alive), false),
        // Not in the paper, where death is final: who comes back outbids it.
        ((1, Dead), (2, Alive), true),
    ];
    for ((old, was), (new, said), overrides) in rows {
        let mut bench = Bench::new(5, SwimSpec::default());
        bench.hear(3, old, was);
        bench.hear(3, new, said);
        let expected = if overrides { (new, said) } else { (old, was) };
        let found = bench.state.member(3).claim;
        assert_eq!((found.incarnation, found.health), expected, "{was:?} {said:?}");
        assert_eq!(bench.state.suspects.len(), usize::from(found.health == Suspect));
        assert_eq!(bench.state.dead.len(), usize::from(found.health == Dead));
    }
}

#[test]
fn a_member_that_is_suspected_says_that_it_lives_under_a_higher_incarnation() {
    let mut bench = Bench::new(5, SwimSpec::default());
    bench.hear(1, 0, Health::Suspect);
    assert_eq!(bench.state.incarnation, 1);
    bench.hear(1, 0, Health::Suspect);
    assert_eq!(bench.state.incarnation, 1, "that is an old suspicion");
    bench.hear(1, 7, Health::Dead);
    assert_eq!(bench.state.incarnation, 8);
    bench.hear(1, u64::MAX, Health::Dead);
    assert_eq!(bench.state.incarnation, 8, "that cannot be outbid");
}

#[test]
fn a_suspicion_that_nobody_answers_ends_in_a_death_after_its_periods() {
    let mut bench = Bench::new(5, SwimSpec { helpers: 0, ..SwimSpec::default() });
    assert_eq!(bench.hear(3, 0, Health::Suspect), [Note::Suspects(Address::Node(3))]);
    let patience = bench.swim.patience();
    assert_eq!(patience, 9);
    for _ in 1..patience {
        bench.step(Event::Timeout(Timer::Period));
        // Nobody answers here at all: whom it accuses on the way is another matter.
        assert_eq!(bench.state.health(3), Health::Suspect);
    }
    let last = bench.step(Event::Timeout(Timer::Period));
    assert!(last.iter().any(|e| matches!(e, Effect::Note(Note::Buries(Address::Node(3))))));
}

#[test]
fn in_turn_everybody_is_probed_once_a_round_in_an_order_that_changes() {
    let mut bench = Bench::new(20, SwimSpec::default());
    let mut round = || -> Vec<u16> {
        let probed = (0..19).map(|_| {
            bench.step(Event::Timeout(Timer::Period));
            let probe = bench.state.probe.as_mut().expect("somebody is left");
            probe.answered = true;
            probe.target
        });
        probed.collect()
    };
    let (first, second) = (round(), round());
    let all: BTreeSet<u16> = (2..=20).collect();
    assert_eq!(first.iter().copied().collect::<BTreeSet<u16>>(), all);
    assert_eq!(second.iter().copied().collect::<BTreeSet<u16>>(), all);
    assert_ne!(first, second);
}

#[test]
fn helpers_are_others_who_are_not_dead_and_are_asked_once() {
    for nodes in [2, 3, 5, 30] {
        let mut bench = Bench::new(nodes, SwimSpec::default());
        if nodes > 3 {
            bench.hear(nodes, 0, Health::Dead);
        }
        bench.step(Event::Timeout(Timer::Period));
        let target = bench.state.probe.expect("somebody is left").target;
        let effects = bench.step(Event::Timeout(Timer::Ack));
        let asked: Vec<u16> = sends(&effects).iter().map(|(to, _)| *to).collect();
        let fit = nodes - 2 - u16::from(nodes > 3);
        assert_eq!(asked.len() as u16, fit.min(3), "{nodes}");
        assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len());
        assert!(asked.iter().all(|of| *of != 1 && *of != target && (nodes <= 3 || *of != nodes)));
    }
}

#[test]
fn news_is_told_as_often_as_it_takes_and_to_who_is_accused_first() {
    let mut bench = Bench::new(5, SwimSpec::default());
    bench.hear(3, 0, Health::Suspect);
    bench.state.news.clear();
    bench.state.members.get_mut(&3).expect("it was heard of").told = None;
    bench.hear(4, 3, Health::Alive);
    let enough = bench.swim.tellings();
    assert_eq!(enough, 9);
    let mut told = 1; // on the ack of the ping that brought it
    for _ in 0..20 {
        let msg = Message { body: Body::Ping { by: 2, number: 1 }, news: SmallVec::new() };
        let effects = bench.step(Event::Deliver { from: Address::Node(2), msg });
        told += sends(&effects)[0].1.news.iter().filter(|news| news.of == 4).count();
    }
    assert_eq!(told, usize::from(enough));
    let msg = Message { body: Body::Ping { by: 3, number: 1 }, news: SmallVec::new() };
    let effects = bench.step(Event::Deliver { from: Address::Node(3), msg });
    assert_eq!(sends(&effects)[0].1.news[0].of, 3, "the suspect is told, however old the news");
}

#[test]
fn with_signatures_only_who_owns_an_incarnation_can_raise_it_and_hearsay_buries_nobody() {
    let spec = SwimSpec { incarnation_signatures: true, ..SwimSpec::default() };
    let mut bench = Bench::new(5, spec);
    let liar = Liar::new(Address::Node(2), Untruth::Value, Vec::new());
    let msg = Message { body: Body::Ping { by: 2, number: 1 }, news: SmallVec::new() };
    let lie = bench.swim.forge(&bench.state, &msg, Address::Node(1), &liar).expect("a lie");
    assert_eq!((lie.news[0].of, lie.news[0].claim.health), (3, Health::Dead));
    let effects = bench.step(Event::Deliver { from: Address::Node(2), msg: lie });
    let by = "incarnation signature";
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::Note(Note::Contained { by: b, .. }) if *b == by))
    );
    assert_eq!(bench.state.health(3), Health::Alive);
    assert_eq!(bench.hear(3, 0, Health::Dead), [Note::Suspects(Address::Node(3))]);
}
