//! Agreement among nodes of which some lie. Each protocol is shown to be safe with as many liars
//! as it bears, and not to be with one more or with a rule that is left out.
//!
//! Full asynchrony is within reach for one exchange: for views and rounds that follow each other it
//! is only where one replica has stopped for good, so that every other is needed. Liars over
//! several views are therefore checked in lockstep.

use faultlab::protocols::generals::{Generals, GeneralsSpec};
use faultlab::protocols::hotstuff::{self, HotStuff, HotStuffSpec};
use faultlab::protocols::pbft::{self, Pbft, PbftSpec};
use faultlab::protocols::tendermint::{self, Tendermint, TendermintSpec};
use faultlab::sim::Op;

use crate::model::{Checked, Face, Limits, Pace};
use crate::{Search, caught, holds, write};

/// The first replica, which leads first, tells two stories.
const ONE: &[Face] = &[Face { of: 1, seen_by: &[3, 4] }];
/// Two of four, of which only one may: each of the others sees a story of its own.
const TWO: &[Face] = &[Face { of: 1, seen_by: &[4] }, Face { of: 2, seen_by: &[4] }];
/// One of three, of which none may.
const OF_THREE: &[Face] = &[Face { of: 1, seen_by: &[3] }];

const NO_FAULTS: Limits = Limits { timeouts: 0, crashes: 0, losses: 0 };

/// An army that is made for one traitor. Silence counts as an order, so that rounds end only when
/// all that was sent is there.
fn generals(nodes: u16, signatures: bool, traitors: &'static [u16]) -> Checked<Generals> {
    let spec = GeneralsSpec { depth: Some(1), signatures, ..GeneralsSpec::default() };
    Checked {
        calls: vec![(vec![1], write(10))],
        // Two rounds of each of four.
        limits: Limits { timeouts: 8, ..NO_FAULTS },
        pace: Pace::Patient,
        liars: traitors,
        ..Checked::new(Generals::new(nodes, spec), nodes, &["IC1", "IC2"])
    }
}

/// Whatever the traitor says to each of the others or leaves unsaid, in every order.
#[test]
fn four_generals_bear_a_traitor_and_with_signatures_three_do() {
    holds("OM(1), a lieutenant lies", generals(4, false, &[4]), 500);
    holds("OM(1), the commander lies", generals(4, false, &[1]), 6_000);
    holds("SM(1), a lieutenant lies", generals(3, true, &[3]), 10);
    holds("SM(1), the commander lies", generals(3, true, &[1]), 10);
}

#[test]
fn three_generals_bear_no_traitor_and_four_no_second_one() {
    caught("OM(1), one of three lies", generals(3, false, &[3]), Search::Near, "IC2");
    caught("OM(1), two of four lie", generals(4, false, &[1, 4]), Search::Near, "IC1");
}

#[test]
fn generals_bear_no_message_that_is_late() {
    let late = Checked { pace: Pace::Any, ..generals(4, false, &[]) };
    caught("OM(1), late messages", late, Search::Near, "IC1");
}

/// A replica decides in a view that was changed to.
const PBFT_LATER: fn(&pbft::State) -> bool = |state| {
    let decided = |slot: &pbft::Slot| slot.decided.as_ref().is_some_and(|d| d.view > 0);
    state.slots.values().any(decided)
};

/// Four replicas; a client calls one face of the primary, another client the other.
fn pbft(faces: &'static [Face]) -> Checked<Pbft> {
    Checked {
        calls: two_calls(faces, &[1], &[5]),
        runs_out: |timer| *timer == pbft::Timer::View,
        faces,
        ..Checked::new(
            Pbft::new(4, PbftSpec::default()),
            4,
            &["one certificate a number", "agreement", "validity"],
        )
    }
}

/// The second client's call is made only where there is a second face to take it.
fn two_calls(faces: &[Face], first: &[u16], second: &[u16]) -> Vec<(Vec<u16>, Op)> {
    let mut calls = vec![(first.to_vec(), write(10))];
    if !faces.is_empty() {
        calls.push((second.to_vec(), write(20)));
    }
    calls
}

/// View 0 in every order; no timer runs out.
#[test]
fn pbft_bears_a_primary_that_tells_two_stories() {
    holds("pbft, two faces", pbft(ONE), 100_000);
}

/// In lockstep, over all views that three timers and one lost message lead to.
#[test]
fn pbft_bears_a_primary_that_tells_two_stories_while_views_change() {
    let limits = Limits { timeouts: 3, crashes: 0, losses: 1 };
    let rounds = Checked { pace: Pace::Lockstep, limits, comes_to: PBFT_LATER, ..pbft(ONE) };
    holds("pbft, two faces in rounds", rounds, 800_000);
}

/// View 0 in lockstep: each message of the primary may be any lie that it has words for, or may
/// not come, for each receiver apart.
#[test]
fn pbft_bears_a_primary_that_says_anything() {
    let model = Checked { liars: &[1], pace: Pace::Lockstep, ..pbft(&[]) };
    holds("pbft, a liar", model, 30_000);
}

/// One replica is down throughout, and another stops and comes back with its disk: every order.
#[test]
fn pbft_bears_a_restart() {
    let limits = Limits { crashes: 1, ..NO_FAULTS };
    holds("pbft, a restart", Checked { absent: &[4], limits, ..pbft(&[]) }, 13_000);
}

/// One replica is down throughout, one message is lost, and three view timers run out once nothing
/// is on its way: the view changes, in every order of its messages.
#[test]
fn pbft_changes_its_view_and_keeps_what_was_decided() {
    let limits = Limits { timeouts: 3, crashes: 0, losses: 1 };
    let model = Checked { absent: &[4], pace: Pace::Patient, limits, ..pbft(&[]) };
    holds("pbft, view changes", Checked { comes_to: PBFT_LATER, ..model }, 30_000);
}

#[test]
fn pbft_bears_no_third_of_liars() {
    for property in ["one certificate a number", "agreement"] {
        caught("pbft, two of four lie", pbft(TWO), Search::Far, property);
    }
    let three = Pbft::new(3, PbftSpec::default());
    let model = Checked {
        protocol: three,
        nodes: 3,
        calls: two_calls(OF_THREE, &[1], &[4]),
        ..pbft(OF_THREE)
    };
    caught("pbft, one of three lies", model, Search::Near, "agreement");
}

/// A replica decides in a view that was changed to.
const HOTSTUFF_LATER: fn(&hotstuff::State) -> bool = |state| {
    let views = state.chain.iter().filter_map(|decided| Some(decided.proof.as_ref()?.view));
    views.max() > Some(1)
};

/// Four replicas, all of whom a client asks; where there is a second story, those who see it are
/// asked by a second client.
fn hotstuff(faces: &'static [Face]) -> Checked<HotStuff> {
    Checked {
        calls: if faces.is_empty() {
            vec![(vec![1, 2, 3, 4], write(10))]
        } else {
            two_calls(faces, &[1, 2], &[5, 3, 4])
        },
        runs_out: |timer| *timer == hotstuff::Timer::View,
        faces,
        ..Checked::new(HotStuff::new(4, HotStuffSpec::default()), 4, &["agreement", "validity"])
    }
}

/// One replica is down throughout. Two view timers run out, or one does and a replica restarts:
/// every order, so that late messages of a view that was left still come.
#[test]
fn hotstuff_changes_its_view_and_keeps_what_was_decided() {
    let limits = Limits { timeouts: 2, ..NO_FAULTS };
    let model = Checked { absent: &[4], ..hotstuff(&[]) };
    let views = Checked { limits, comes_to: HOTSTUFF_LATER, ..model.clone() };
    holds("hotstuff, a replica down", views, 30_000);
    let limits = Limits { timeouts: 1, crashes: 1, losses: 0 };
    holds("hotstuff, a restart", Checked { limits, ..model }, 25_000);
}

/// In lockstep: the first leader tells two stories over all views that three timers and two lost
/// messages lead to; or it says anything in the first view.
#[test]
fn hotstuff_bears_a_leader_that_lies() {
    let rounds = Checked { pace: Pace::Lockstep, comes_to: HOTSTUFF_LATER, ..hotstuff(ONE) };
    let limits = Limits { timeouts: 3, crashes: 0, losses: 2 };
    holds("hotstuff, two faces", Checked { limits, ..rounds }, 900_000);
    let rounds = Checked { pace: Pace::Lockstep, liars: &[1], ..hotstuff(&[]) };
    holds("hotstuff, a liar", rounds, 14_000);
}

#[test]
fn hotstuff_bears_no_third_of_liars() {
    let model = Checked { calls: two_calls(TWO, &[1, 2, 3], &[5, 6, 4]), ..hotstuff(TWO) };
    caught("hotstuff, two of four lie", model, Search::Far, "agreement");
}

/// In the very bounds in which it is safe with locks.
#[test]
fn hotstuff_without_locks_decides_twice() {
    let limits = Limits { timeouts: 3, crashes: 0, losses: 2 };
    let forgoes = |state: &mut hotstuff::State| {
        (state.promise.locked, state.promise.prepared) = (None, None);
    };
    let model = Checked { forgoes, limits, pace: Pace::Lockstep, ..hotstuff(ONE) };
    caught("hotstuff, no locks", model, Search::Near, "agreement");
}

/// A validator decides in a round after the first.
const TENDERMINT_LATER: fn(&tendermint::State) -> bool =
    |state| state.chain.iter().any(|decided| decided.commit.round > 0);

/// Four validators, all of whom a client asks; where there is a second story, those who see it are
/// asked by a second client.
fn tendermint(faces: &'static [Face]) -> Checked<Tendermint> {
    Checked {
        calls: if faces.is_empty() {
            vec![(vec![1, 2, 3, 4], write(10))]
        } else {
            two_calls(faces, &[1, 2], &[5, 3, 4])
        },
        runs_out: |timer| *timer != tendermint::Timer::Resend,
        faces,
        ..Checked::new(
            Tendermint::new(4, TendermintSpec::default()),
            4,
            // Of accountability only that nobody honest is accused: the rest is about time.
            &["agreement", "validity", "accountability"],
        )
    }
}

/// One validator is down throughout. Six timers run out, or three do and a validator restarts:
/// every order.
#[test]
fn tendermint_goes_from_round_to_round_and_decides_once() {
    let model = Checked { absent: &[4], comes_to: TENDERMINT_LATER, ..tendermint(&[]) };
    let limits = Limits { timeouts: 6, ..NO_FAULTS };
    holds("tendermint, a validator down", Checked { limits, ..model.clone() }, 18_000);
    let limits = Limits { timeouts: 3, crashes: 1, losses: 0 };
    holds("tendermint, a restart", Checked { limits, ..model }, 180_000);
}

/// Round 0 in every order; no timer runs out.
#[test]
fn tendermint_bears_a_proposer_that_tells_two_stories() {
    let calls = two_calls(ONE, &[1], &[5]);
    holds("tendermint, two faces", Checked { calls, ..tendermint(ONE) }, 200_000);
}

/// In lockstep, over all rounds that six timers and two lost messages lead to.
#[test]
fn tendermint_bears_a_proposer_that_tells_two_stories_round_after_round() {
    let limits = Limits { timeouts: 6, crashes: 0, losses: 2 };
    let rounds =
        Checked { pace: Pace::Lockstep, limits, comes_to: TENDERMINT_LATER, ..tendermint(ONE) };
    holds("tendermint, two faces in rounds", rounds, 400_000);
}

/// Round 0 in lockstep: each message of the proposer may be any lie that it has words for, or may
/// not come, for each receiver apart.
#[test]
fn tendermint_bears_a_proposer_that_says_anything() {
    let rounds = Checked { pace: Pace::Lockstep, liars: &[1], ..tendermint(&[]) };
    holds("tendermint, a liar", rounds, 300_000);
}

#[test]
fn tendermint_bears_no_third_of_liars() {
    let model = Checked { calls: two_calls(TWO, &[1, 2, 3], &[5, 6, 4]), ..tendermint(TWO) };
    caught("tendermint, two of four lie", model, Search::Far, "agreement");
}

/// In the very bounds in which it is safe with locks.
#[test]
fn tendermint_without_locks_decides_twice() {
    let limits = Limits { timeouts: 6, crashes: 0, losses: 2 };
    let forgoes = |state: &mut tendermint::State| {
        (state.promise.locked, state.promise.valid) = (None, None);
    };
    for property in ["agreement", "accountability"] {
        let model = Checked { forgoes, limits, pace: Pace::Lockstep, ..tendermint(ONE) };
        caught("tendermint, no locks", model, Search::Near, property);
    }
}
