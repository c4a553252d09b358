//! The verdict on one run of a cell: held, violated or stalled, and which property.

use std::ops::ControlFlow;

use crate::lab::scenario::Expectation;
use crate::lab::{Scenario, Trial};
use crate::oracles::{Grade, Signal, State, Verdict};
use crate::sim::{Instant, Keep};

/// What decides no verdict unless the scenario names it: failures that any fault may bring to a few
/// calls, and that no algorithm promises to spare its clients; and blocking, which two-phase commit
/// never promised to avoid.
const EXPECTED_OF_NOBODY: [&str; 3] = ["available", "on time", "non-blocking"];

/// What one run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub state: State,
    /// The property that did not hold: of those that the scenario names, if one of these did not.
    pub property: Option<&'static str>,
    /// When it first did not hold.
    pub at: Option<Instant>,
    /// Whether all that the scenario expects came true.
    pub as_expected: bool,
}

/// Plays a run to its end and judges it.
pub fn judge(scenario: &Scenario, seed: u64) -> Judgement {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let until = Instant(scenario.until.0);
    trial.run(until, |_, _| ControlFlow::Continue(()));
    judgement(scenario, &trial.panel().verdicts(until))
}

/// Plays a run for as long as it takes to know what it came to: no later word changes that a
/// property is violated which the scenario says will be. What else it expects may still be to come.
pub fn judge_soon(scenario: &Scenario, seed: u64) -> Judgement {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let mut now = Instant(scenario.until.0);
    trial.run(now, |record, signals| {
        let mut found = signals.iter().filter_map(Signal::raised);
        if found.any(|finding| foretold(scenario, finding.property)) {
            now = record.at;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    judgement(scenario, &trial.panel().verdicts(now))
}

/// Returns whether the scenario says that this property will be violated.
fn foretold(scenario: &Scenario, property: &str) -> bool {
    let violated = |expected: &Expectation| matches!(expected, Expectation::Violated(_));
    scenario.expect.iter().any(|expected| violated(expected) && expected.property() == property)
}

/// Judges by the verdicts at the end of a run.
pub fn judgement(scenario: &Scenario, verdicts: &[Verdict]) -> Judgement {
    let as_expected = scenario.expect.iter().all(|expected| expected.is_met(verdicts));
    let worst = verdicts.iter().filter(|verdict| counts(scenario, verdict)).min_by_key(|verdict| {
        let gravity = match verdict.state {
            State::Violated => 0,
            State::Stalled => 1,
            State::Held => 2,
        };
        (gravity, !breaking(scenario, verdict.property), verdict.at)
    });
    match worst {
        Some(verdict) if verdict.state != State::Held => Judgement {
            state: verdict.state,
            property: Some(verdict.property),
            at: verdict.at,
            as_expected,
        },
        _ => Judgement { state: State::Held, property: None, at: None, as_expected },
    }
}

/// Returns whether a property may decide the verdict. A deviation is no end of an algorithm's
/// promise, unless it is just what the scenario expects to see.
fn counts(scenario: &Scenario, verdict: &Verdict) -> bool {
    match verdict.grade {
        Grade::Breach => true,
        Grade::Stall | Grade::Failure => {
            !EXPECTED_OF_NOBODY.contains(&verdict.property) || named(scenario, verdict.property)
        }
        Grade::Deviation => breaks_by_deviation(scenario, verdict.property),
    }
}

fn named(scenario: &Scenario, property: &str) -> bool {
    scenario.expect.iter().any(|expected| expected.property() == property)
}

/// Returns whether the scenario expects this property not to hold.
pub(super) fn breaking(scenario: &Scenario, property: &str) -> bool {
    scenario.expect.iter().any(|expected| {
        expected.property() == property && !matches!(expected, Expectation::Held(_))
    })
}

/// A scenario that must break its algorithm and names a deviation alone means that one.
fn breaks_by_deviation(scenario: &Scenario, property: &str) -> bool {
    let must_break = scenario.cell.as_ref().is_some_and(|cell| cell.id.starts_with('V'));
    let graver = scenario
        .expect
        .iter()
        .any(|expected| matches!(expected, Expectation::Violated(_) | Expectation::Stalled(_)));
    must_break && !graver && breaking(scenario, property)
}
