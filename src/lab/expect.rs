//! Whether what a scenario expects came true.

use crate::oracles::{State, Verdict};

use super::scenario::Expectation;

impl Expectation {
    /// Returns whether the verdicts at the end of a run bear this out. A property that no oracle
    /// judges is not borne out.
    pub fn is_met(&self, verdicts: &[Verdict]) -> bool {
        let verdict = verdicts.iter().find(|verdict| verdict.property == self.property());
        verdict.is_some_and(|verdict| match self {
            Expectation::Held(_) => verdict.state == State::Held,
            Expectation::Violated(_) => verdict.state == State::Violated,
            Expectation::Stalled(_) => verdict.state == State::Stalled,
            Expectation::Deviation(_) => verdict.count > 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracles::Grade;

    fn verdict(state: State, count: u64) -> Verdict {
        let (property, grade) = ("progress", Grade::Stall);
        Verdict { property, grade, state, at: None, first: None, count }
    }

    #[test]
    fn each_word_asks_for_its_own_verdict() {
        let name = || "progress".to_owned();
        let words = [
            Expectation::Held(name()),
            Expectation::Violated(name()),
            Expectation::Stalled(name()),
            Expectation::Deviation(name()),
        ];
        for (state, count, met) in [
            (State::Held, 0, [true, false, false, false]),
            (State::Violated, 2, [false, true, false, true]),
            (State::Stalled, 1, [false, false, true, true]),
        ] {
            let found = words.each_ref().map(|word| word.is_met(&[verdict(state, count)]));
            assert_eq!(found, met, "{state:?}");
        }
        assert!(words.iter().all(|word| !word.is_met(&[])), "nobody judges it");
    }
}
