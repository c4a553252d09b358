//! Chains of blocks under liars, loss and crashes, over many seeds: what must never break does not,
//! and when the world calms down the chain goes on.

use std::ops::ControlFlow;

use faultlab::lab::Trial;
use faultlab::lab::scenario::Scenario;
use faultlab::oracles::{State, Verdict};
use faultlab::sim::{Instant, Keep};

/// Plays a scenario to its end and returns the verdicts.
fn play(scenario: &Scenario, seed: u64) -> Vec<Verdict> {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let until = Instant(scenario.until.0);
    trial.run(until, |_, _| ControlFlow::Continue(()));
    trial.panel().verdicts(until)
}

fn state(verdicts: &[Verdict], property: &str) -> State {
    let found = verdicts.iter().find(|verdict| verdict.property == property);
    found.unwrap_or_else(|| panic!("nobody judges {property}")).state
}

#[test]
fn probe() {
    use faultlab::protocols::ProtocolSpec;
    let spec = ProtocolSpec::Tendermint(Default::default());
    for n in [4, 5, 6, 7, 10, 13] {
        let scenario = Scenario::plain("x", spec.clone(), n);
        let verdicts = play(&scenario, 1);
        for v in &verdicts {
            eprintln!("{n} {} {:?} {}", v.property, v.state, v.count);
        }
        let _ = state(&verdicts, "agreement");
    }
}
