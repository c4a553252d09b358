//! Atomic commitment: two-phase and three-phase commit.

use faultlab::protocols::three_phase_commit::{ThreePhaseCommit, ThreePhaseCommitSpec};
use faultlab::protocols::two_phase_commit::{TwoPhaseCommit, TwoPhaseCommitSpec};

use crate::model::{Checked, Limits};
use crate::{caught, holds, write};

const JUDGED: &[&str] = &["AC1 agreement", "AC2 no reversal", "AC3 unanimity"];

fn two_phases(spec: TwoPhaseCommitSpec) -> Checked<TwoPhaseCommit> {
    Checked {
        calls: vec![(vec![1], write(10))],
        limits: Limits { timeouts: 2, crashes: 1, losses: 0 },
        ..Checked::new(TwoPhaseCommit::new(3, spec), 3, JUDGED)
    }
}

#[test]
fn two_phases_end_alike() {
    holds("2pc", two_phases(TwoPhaseCommitSpec::default()), 100);
}

#[test]
fn two_phases_end_differently_where_a_log_is_lost() {
    let model = Checked { forgets: true, ..two_phases(TwoPhaseCommitSpec::default()) };
    caught("2pc, lost log", model, "AC1 agreement");
}

fn three_phases() -> Checked<ThreePhaseCommit> {
    Checked {
        calls: vec![(vec![1], write(10))],
        limits: Limits { timeouts: 2, crashes: 1, losses: 0 },
        patient: true,
        ..Checked::new(ThreePhaseCommit::new(3, ThreePhaseCommitSpec::default()), 3, JUDGED)
    }
}

#[test]
fn three_phases_end_alike() {
    holds("3pc", three_phases(), 100);
}

#[test]
fn three_phases_end_differently_where_messages_are_late() {
    caught("3pc, late messages", Checked { patient: false, ..three_phases() }, "AC1 agreement");
}
