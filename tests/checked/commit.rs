//! Atomic commitment: two-phase and three-phase commit.

use faultlab::protocols::atomic::{Phase, Prepared};
use faultlab::protocols::three_phase_commit::{self, ThreePhaseCommit, ThreePhaseCommitSpec};
use faultlab::protocols::two_phase_commit::{self, TwoPhaseCommit, TwoPhaseCommitSpec};

use crate::model::{Checked, Limits, Pace};
use crate::{Search, caught, holds, write};

const JUDGED: &[&str] = &["AC1 agreement", "AC2 no reversal", "AC3 unanimity"];
/// AC4 is about runs in which nothing fails, and a model has no clock to say since when.
const WITHOUT_FAULTS: &[&str] =
    &["AC1 agreement", "AC2 no reversal", "AC3 unanimity", "AC4 no needless abort"];

/// A coordinator, two participants and one transaction.
fn two_phases(spec: TwoPhaseCommitSpec) -> Checked<TwoPhaseCommit> {
    Checked {
        calls: vec![(vec![1], write(10))],
        limits: Limits { timeouts: 2, crashes: 1, losses: 0 },
        ..Checked::new(TwoPhaseCommit::new(3, spec), 3, JUDGED)
    }
}

/// The second participant votes NO.
fn refused() -> TwoPhaseCommitSpec {
    TwoPhaseCommitSpec { refuses: 2, ..TwoPhaseCommitSpec::default() }
}

/// Every order of messages, of any two timers that run out, and of one crash or one loss.
#[test]
fn two_phases_end_alike() {
    let model = two_phases(TwoPhaseCommitSpec::default());
    holds("2pc", model.clone(), 130_000);
    let limits = Limits { timeouts: 2, crashes: 0, losses: 1 };
    holds("2pc, a lost message", Checked { limits, ..model }, 15_000);
}

/// Two transactions on one key: either participant may have to vote NO on either.
#[test]
fn two_transactions_end_alike() {
    let calls = vec![(vec![1], write(10)), (vec![1], write(20))];
    let limits = Limits { timeouts: 1, ..Limits::default() };
    let two = two_phases(TwoPhaseCommitSpec::default());
    holds("2pc, two", Checked { calls, limits, judged: WITHOUT_FAULTS.to_vec(), ..two }, 60_000);
}

#[test]
fn two_phases_end_differently_where_a_log_is_lost() {
    for property in ["AC1 agreement", "AC2 no reversal"] {
        let model = Checked { forgets: true, ..two_phases(TwoPhaseCommitSpec::default()) };
        caught("2pc, lost log", model, Search::Near, property);
    }
}

#[test]
fn two_phases_end_differently_where_the_coordinator_lies_or_an_operator_guesses() {
    let liar = Checked { liars: &[1], ..two_phases(TwoPhaseCommitSpec::default()) };
    caught("2pc, a liar", liar, Search::Near, "AC1 agreement");
    let guesses = TwoPhaseCommitSpec { heuristic: true, heuristic_asks: 1, ..refused() };
    caught("2pc, a guess", two_phases(guesses), Search::Near, "AC1 agreement");
}

#[test]
fn a_coordinator_that_misreads_votes_is_found_out() {
    let takes_no_for_yes = |msg: &mut _| {
        if let two_phase_commit::Message::Vote(_, yes) = msg {
            *yes = true;
        }
    };
    let model = Checked { hears: takes_no_for_yes, ..two_phases(refused()) };
    caught("2pc, NO is YES", model, Search::Near, "AC3 unanimity");
    let takes_yes_for_no = |msg: &mut _| {
        if let two_phase_commit::Message::Vote(_, yes) = msg {
            *yes = false;
        }
    };
    let calm = Checked { limits: Limits::default(), ..two_phases(TwoPhaseCommitSpec::default()) };
    let model = Checked { hears: takes_yes_for_no, ..calm };
    caught("2pc, YES is NO", model, Search::Near, "AC4 no needless abort");
}

/// A coordinator, two participants and one transaction, where silence means that somebody stopped.
fn three_phases() -> Checked<ThreePhaseCommit> {
    Checked {
        calls: vec![(vec![1], write(10))],
        limits: Limits { timeouts: 3, crashes: 2, losses: 0 },
        pace: Pace::Patient,
        ..Checked::new(ThreePhaseCommit::new(3, ThreePhaseCommitSpec::default()), 3, JUDGED)
    }
}

/// Any three timers that run out and any two crashes, of the coordinator too: every order, and with
/// a third participant in lockstep.
#[test]
fn three_phases_end_alike() {
    holds("3pc", three_phases(), 300_000);
    let four = ThreePhaseCommit::new(4, ThreePhaseCommitSpec::default());
    let rounds = Checked { protocol: four, nodes: 4, pace: Pace::Lockstep, ..three_phases() };
    holds("3pc, four in rounds", rounds, 400_000);
}

/// Two transactions on one key, of which a participant refuses the second that it hears of.
#[test]
fn two_transactions_in_three_phases_end_alike() {
    let calls = vec![(vec![1], write(10)), (vec![1], write(20))];
    let limits = Limits { timeouts: 2, ..Limits::default() };
    holds(
        "3pc, two",
        Checked { calls, limits, judged: WITHOUT_FAULTS.to_vec(), ..three_phases() },
        3_000,
    );
}

/// What it rests on is time: a message that is late and a partition have the same effect.
#[test]
fn three_phases_end_differently_where_messages_are_late_or_lost() {
    let limits = Limits { timeouts: 2, crashes: 0, losses: 0 };
    let late = Checked { pace: Pace::Any, limits, ..three_phases() };
    caught("3pc, late messages", late, Search::Near, "AC1 agreement");
    let limits = Limits { timeouts: 3, crashes: 0, losses: 4 };
    let lost = Checked { limits, ..three_phases() };
    caught("3pc, lost messages", lost, Search::Near, "AC1 agreement");
}

/// In the very bounds in which three phases end alike: who takes over finds nobody that knows that
/// all voted YES, and the coordinator has committed before it stopped.
#[test]
fn a_third_phase_that_nobody_remembers_is_none() {
    let forgoes = |state: &mut three_phase_commit::State| {
        let prepared = &state.records.prepared;
        let voted = prepared.iter().map(|(t, p)| (*t, Prepared { phase: Phase::Voted, ..*p }));
        state.records.prepared = voted.collect();
    };
    let model = Checked { forgoes, ..three_phases() };
    caught("3pc, no third phase", model, Search::Near, "AC1 agreement");
}

#[test]
fn a_participant_that_forgets_reverses_what_it_decided() {
    let limits = Limits { timeouts: 2, crashes: 1, losses: 1 };
    let model = Checked { forgets: true, limits, ..three_phases() };
    caught("3pc, lost log", model, Search::Near, "AC2 no reversal");
}

#[test]
fn a_coordinator_that_misreads_votes_in_three_phases_is_found_out() {
    let takes_no_for_yes = |msg: &mut _| {
        if let three_phase_commit::Message::Vote(_, yes) = msg {
            *yes = true;
        }
    };
    let calls = vec![(vec![1], write(10)), (vec![1], write(20))];
    let model = Checked {
        calls,
        hears: takes_no_for_yes,
        limits: Limits { timeouts: 1, ..Limits::default() },
        pace: Pace::Any,
        ..three_phases()
    };
    caught("3pc, NO is YES", model, Search::Near, "AC3 unanimity");
}
