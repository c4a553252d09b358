//! The fewest faults that still break a run: each that can be spared is left out.

use crate::lab::Scenario;

use super::judge::{Judgement, judge};

/// Leaves out one fault after the other as long as the run comes to the same verdict on the same
/// property, until none can be spared (a 1-minimal set: Zeller and Hildebrandt 2002).
pub fn shrink(scenario: &Scenario, seed: u64, found: &Judgement) -> Scenario {
    let same = |other: &Judgement| {
        other.state == found.state
            && other.property == found.property
            && other.as_expected == found.as_expected
    };
    let mut least = scenario.clone();
    let mut k = 0;
    let mut spared = false;
    loop {
        if k == least.faults.len() {
            if !spared {
                return least;
            }
            (k, spared) = (0, false);
            continue;
        }
        let mut without = least.clone();
        without.faults.remove(k);
        if same(&judge(&without, seed)) {
            (least, spared) = (without, true);
        } else {
            k += 1;
        }
    }
}
