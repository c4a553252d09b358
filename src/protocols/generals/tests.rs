//! Armies without a world: every message is carried by hand, and traitors forge what they send.

use std::collections::VecDeque;

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{Effect, Instant, Op, Ticket};

/// Who lies, how, and to whom.
struct Traitor {
    who: u16,
    tells: Untruth,
    to: Vec<u16>,
}

fn traitor(who: u16, to: &[u16]) -> Traitor {
    Traitor { who, tells: Untruth::Contrary, to: to.to_vec() }
}

/// What one order came to.
struct Outcome {
    /// What each general decided, by its number less one; nobody decides twice.
    decided: Vec<Vec<Option<Order>>>,
    /// How many messages were sent.
    messages: u64,
    states: Vec<State>,
}

const GIVEN: Order = Order { call: 1 << 32 | 1, key: 1, value: 7 };

fn army(nodes: u16, depth: u16, signatures: bool) -> Generals {
    let spec = GeneralsSpec { depth: Some(depth), signatures, ..GeneralsSpec::default() };
    Generals::new(nodes, spec)
}

fn outbox(me: u16) -> Outbox<Generals> {
    Outbox::new(Address::Node(me), Instant::ZERO, Chance::new(0), Identity(0), Ticket(0))
}

/// Plays one order to its end: messages round by round, then the clocks of all rounds.
fn play(army: &Generals, traitors: &[Traitor]) -> Outcome {
    let boot = |me| army.boot(Address::Node(me), None, &mut outbox(me));
    let states = (1..=army.nodes).map(boot).collect();
    let nobody = vec![Vec::new(); usize::from(army.nodes)];
    let mut run = Outcome { decided: nobody, messages: 0, states };
    let mut flights = VecDeque::new();
    let call = CallId { client: Address::Client(1), serial: 1, attempt: 1 };
    let op = Op::Write { key: GIVEN.key, value: GIVEN.value };
    step(army, traitors, &mut run, 1, Event::Request { call, op }, &mut flights);
    while let Some((from, to, msg)) = flights.pop_front() {
        let event = Event::Deliver { from: Address::Node(from), msg };
        step(army, traitors, &mut run, to, event, &mut flights);
    }
    for _ in 0..=army.depth() {
        for me in 2..=army.nodes {
            step(army, traitors, &mut run, me, Event::Timeout(Timer::Round(1)), &mut flights);
        }
    }
    run
}

fn step(
    army: &Generals,
    traitors: &[Traitor],
    run: &mut Outcome,
    me: u16,
    event: Event<Generals>,
    flights: &mut VecDeque<(u16, u16, Message)>,
) {
    let mut out = outbox(me);
    let state = &mut run.states[usize::from(me) - 1];
    army.step(state, event, &mut out);
    let with: Vec<Address> = traitors.iter().map(|other| Address::Node(other.who)).collect();
    for effect in out.drain() {
        match effect {
            Effect::Send { to, mut msg } => {
                let to = to.node().expect("generals talk to generals");
                let lies = traitors.iter().find(|t| t.who == me && t.to.contains(&to));
                if let Some(lies) = lies {
                    let liar = Liar::new(Address::Node(me), lies.tells, with.clone());
                    msg = army.forge(state, &msg, Address::Node(to), &liar).unwrap_or(msg);
                }
                run.messages += 1;
                flights.push_back((me, to, msg));
            }
            Effect::Note(Note::Decided { entry, .. }) => {
                let order = (entry.value != 0).then_some(Order { call: entry.value, ..GIVEN });
                run.decided[usize::from(me) - 1].push(order);
            }
            _ => {}
        }
    }
}

/// Returns what the lieutenants that are loyal decided.
fn loyal(run: &Outcome, traitors: &[Traitor]) -> Vec<Option<Order>> {
    let lieutenants = (2..).zip(&run.decided[1..]);
    let loyal = lieutenants.filter(|(who, _)| traitors.iter().all(|t| t.who != *who));
    let one = |(who, orders): (u16, &Vec<Option<Order>>)| {
        assert_eq!(orders.len(), 1, "n{who} decides once");
        orders[0]
    };
    loyal.map(one).collect()
}

fn everybody(nodes: u16) -> Vec<u16> {
    (1..=nodes).collect()
}

#[test]
fn an_order_takes_as_many_messages_as_the_recursion_says() {
    for (nodes, depth, count) in [(4, 1, 9), (7, 2, 156), (10, 3, 3_609)] {
        assert_eq!(messages(nodes, depth), count);
        let run = play(&army(nodes, depth, false), &[]);
        assert_eq!(run.messages, count, "n = {nodes}");
        assert!(loyal(&run, &[]).iter().all(|order| *order == Some(GIVEN)));
        assert_eq!(GeneralsSpec::default().depth_for(nodes), depth);
    }
    assert_eq!(messages(13, 4), 108_384);
}

#[test]
fn three_generals_fail_with_one_traitor_and_four_bear_him() {
    let lieutenant = [traitor(3, &[2])];
    let run = play(&army(3, 1, false), &lieutenant);
    assert_eq!(loyal(&run, &lieutenant), [None], "IC2 is broken");
    for nodes in [4, 5, 6] {
        for who in 2..=nodes {
            let lies = [traitor(who, &everybody(nodes))];
            let run = play(&army(nodes, 1, false), &lies);
            assert!(loyal(&run, &lies).iter().all(|order| *order == Some(GIVEN)), "n{who} lies");
        }
        for tell in 1_u16..1 << (nodes - 1) {
            // The commander tells the contrary to any group of lieutenants.
            let to: Vec<u16> = (2..=nodes).filter(|who| tell >> (who - 2) & 1 == 1).collect();
            let lies = [traitor(1, &to)];
            let decided = loyal(&play(&army(nodes, 1, false), &lies), &lies);
            assert!(decided.iter().all(|order| *order == decided[0]), "{to:?}: {decided:?}");
        }
    }
}

#[test]
fn seven_generals_bear_two_traitors_and_not_three() {
    let of = |who: &[u16]| who.iter().map(|w| traitor(*w, &everybody(7))).collect::<Vec<_>>();
    for a in 2..=7 {
        for b in a + 1..=7 {
            let lies = of(&[a, b]);
            let decided = loyal(&play(&army(7, 2, false), &lies), &lies);
            assert!(decided.iter().all(|order| *order == Some(GIVEN)), "n{a} and n{b} lie");
        }
    }
    let lies = of(&[5, 6, 7]);
    let decided = loyal(&play(&army(7, 2, false), &lies), &lies);
    assert_eq!(decided, [None; 3], "all obey alike, and not as they were told");
    // With the commander among the three, the loyal do not even obey alike.
    let lies = [traitor(1, &[4, 5]), traitor(6, &[4, 5]), traitor(7, &[4, 5])];
    let decided = loyal(&play(&army(7, 2, false), &lies), &lies);
    assert_eq!(decided, [Some(GIVEN), Some(GIVEN), None, None]);
}

#[test]
fn signatures_bear_any_number_of_traitors() {
    let lies = [traitor(3, &[2])];
    assert_eq!(loyal(&play(&army(3, 1, true), &lies), &lies), [Some(GIVEN)]);
    // A commander who signs two orders is found out: both loyal ones have both.
    let lies = [traitor(1, &[2]), traitor(4, &[2, 3])];
    assert_eq!(loyal(&play(&army(4, 2, true), &lies), &lies), [None, None]);
}

#[test]
fn silence_counts_as_retreat_and_decides_all_the_same() {
    // n2 takes part in nothing that comes late: its rounds are over.
    let army = army(4, 1, false);
    let mut state = army.boot(Address::Node(2), None, &mut outbox(2));
    let said = |from: u16, path: &[u16]| {
        let (order, path) = (Some(GIVEN), Path::from_slice(path));
        Event::Deliver { from: Address::Node(from), msg: Message::Oral { slot: 1, order, path } }
    };
    let mut out = outbox(2);
    army.step(&mut state, said(1, &[1]), &mut out);
    army.step(&mut state, Event::Timeout(Timer::Round(1)), &mut out);
    army.step(&mut state, said(3, &[1, 3]), &mut out);
    army.step(&mut state, Event::Timeout(Timer::Round(1)), &mut out);
    let decided = out.drain().filter_map(|effect| match effect {
        Effect::Note(Note::Decided { entry, .. }) => Some(entry.value),
        _ => None,
    });
    assert_eq!(decided.collect::<Vec<_>>(), [GIVEN.call], "two of three say so");
}

/// What a lieutenant of three has to go by: the commander's word, and what the other one says that
/// he was told. True is "attack".
type Heard = (bool, bool);

/// Lets a lieutenant of three hear both, and returns what it has to go by.
fn hears(me: u16, ordered: bool, reported: bool) -> Heard {
    let army = army(3, 1, false);
    let other = 5 - me;
    let mut state = army.boot(Address::Node(me), None, &mut outbox(me));
    let word = |attack: bool| attack.then_some(GIVEN);
    let ours = Path::from_slice(&[1]);
    let theirs = Path::from_slice(&[1, other]);
    let msg = Message::Oral { slot: 1, order: word(ordered), path: ours.clone() };
    army.step(&mut state, Event::Deliver { from: Address::Node(1), msg }, &mut outbox(me));
    // As far as it has come the two words are all that it knows; with the second it decides.
    let direct = state.hearing(1).map(|hearing| hearing.told(&ours).is_some());
    let msg = Message::Oral { slot: 1, order: word(reported), path: theirs };
    let mut out = outbox(me);
    army.step(&mut state, Event::Deliver { from: Address::Node(other), msg }, &mut out);
    assert!(state.hearing(1).is_none(), "it has heard all that there is");
    (direct.expect("it listens"), reported)
}

/// A rule: what to do for each of the four things that can be heard.
fn obeys(rule: u8, (ordered, reported): Heard) -> bool {
    rule >> (u8::from(ordered) * 2 + u8::from(reported)) & 1 == 1
}

#[test]
fn whatever_rule_three_generals_follow_one_traitor_has_a_run_in_which_they_lose() {
    let words = [false, true];
    for (second, third) in (0..16).flat_map(|a| (0..16).map(move |b| (a, b))) {
        // A loyal commander, and one lieutenant that says what it likes: IC2 for the other.
        let loses_to_lieutenant = words.iter().any(|&order| {
            words.iter().any(|&lie| {
                obeys(second, hears(2, order, lie)) != order
                    || obeys(third, hears(3, order, lie)) != order
            })
        });
        // A traitor commands, and the lieutenants report truly: IC1.
        let loses_to_commander = words.iter().any(|&to_second| {
            words.iter().any(|&to_third| {
                obeys(second, hears(2, to_second, to_third))
                    != obeys(third, hears(3, to_third, to_second))
            })
        });
        assert!(loses_to_lieutenant || loses_to_commander, "rules {second:04b} and {third:04b}");
    }
}

#[test]
fn a_message_that_cannot_have_come_this_way_is_not_heard() {
    let army = army(4, 1, false);
    let fresh = army.boot(Address::Node(2), None, &mut outbox(2));
    for (from, path) in [
        (3, &[1][..]),
        (3, &[3]),
        (3, &[1, 2, 3]),
        (3, &[1, 4, 3]),
        (1, &[1, 1]),
        (3, &[]),
        (9, &[1, 9]),
    ] {
        let mut state = fresh.clone();
        let msg = Message::Oral { slot: 1, order: Some(GIVEN), path: Path::from_slice(path) };
        let event = Event::Deliver { from: Address::Node(from), msg };
        army.step(&mut state, event, &mut outbox(2));
        assert_eq!(state, fresh, "{path:?} from n{from}");
    }
}

#[test]
fn who_was_down_sits_out_what_it_hears_of_until_a_set_of_rounds_has_passed() {
    let army = army(4, 1, false);
    let mut state = army.boot(Address::Node(2), Some(&Stable::default()), &mut outbox(2));
    let order = |slot| Event::Deliver {
        from: Address::Node(1),
        msg: Message::Oral { slot, order: Some(GIVEN), path: Path::from_slice(&[1]) },
    };
    army.step(&mut state, order(5), &mut outbox(2));
    assert!(state.hearing(5).is_none());
    army.step(&mut state, Event::Timeout(Timer::Rejoin), &mut outbox(2));
    army.step(&mut state, order(5), &mut outbox(2));
    army.step(&mut state, order(6), &mut outbox(2));
    assert!(state.hearing(5).is_none() && state.hearing(6).is_some());
}
