//! Which faults: decided from runs without some of them.
//!
//! First each fault that was proposed is left out alone. Where the finding is gone, the fault is a
//! cause: but for it, this would not have happened. Where two faults are each enough, leaving out
//! either shows nothing; so the faults are thinned out to a set that still gives the finding and
//! from which none can be spared (Zeller and Hildebrandt's 1-minimal set, 2002). What such a set
//! does without is looked through again, since there may be a second one.
//!
//! The procedure asks and reads as if answers came at once. Where one is not known yet it breaks
//! off, and begins again when it is: answers are kept, so that nothing is played twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::sim::FaultId;

use super::but_for::Shows;
use super::chain::Confirmed;
use super::slice::Strength;

/// Says that a run has to be played first: without these faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(pub BTreeSet<FaultId>);

/// The causes, and how each was confirmed.
pub type Causes = BTreeMap<FaultId, Confirmed>;

/// How many sets of faults that suffice together are looked for.
const SETS_MAX: usize = 3;

/// A fault and how surely it is proposed; the least likely come first.
pub type Suspect = (FaultId, Strength);

/// Returns the suspects that are causes, or `None` where the run that has them all does not show
/// the finding, so that nothing can be learnt. `ask` says how much of it is left without some.
///
/// # Errors
/// Names the run that has to be played before it can go on.
pub fn decide(
    suspects: &[Suspect],
    mut ask: impl FnMut(&BTreeSet<FaultId>) -> Result<Shows, Unknown>,
) -> Result<Option<Causes>, Unknown> {
    let mut causes = Causes::new();
    let everyone: BTreeSet<FaultId> = suspects.iter().map(|(fault, _)| *fault).collect();
    let whole = ask(&BTreeSet::new())?;
    if whole == Shows::Nothing {
        return Ok(None);
    }
    // Where it is there without all of them, none of them is a cause.
    if ask(&everyone)? >= whole {
        return Ok(Some(causes));
    }
    for (fault, strength) in suspects {
        if ask(&BTreeSet::from([*fault]))? < enough(*strength, whole) {
            causes.insert(*fault, Confirmed::ButFor);
        }
    }
    // What each set needs besides those that every set needs is left out of the next search.
    let mut spent = BTreeSet::new();
    for _ in 0..SETS_MAX {
        let left = |fault: &&FaultId| !causes.contains_key(*fault);
        let rest: BTreeSet<FaultId> = everyone.iter().filter(left).copied().collect();
        let without: BTreeSet<FaultId> = spent.union(&rest).copied().collect();
        if rest.is_empty() || ask(&spent)? < whole || ask(&without)? >= whole {
            break;
        }
        let set = thin_out(suspects, &rest, &spent, whole, &mut ask)?;
        if set.is_empty() {
            break;
        }
        causes.extend(set.iter().map(|fault| (*fault, Confirmed::Minimal)));
        spent.extend(set);
    }
    Ok(Some(causes))
}

/// Leaves out one fault after the other as long as the finding stays; returns those that could not
/// be spared.
fn thin_out(
    suspects: &[Suspect],
    rest: &BTreeSet<FaultId>,
    spent: &BTreeSet<FaultId>,
    whole: Shows,
    ask: &mut impl FnMut(&BTreeSet<FaultId>) -> Result<Shows, Unknown>,
) -> Result<BTreeSet<FaultId>, Unknown> {
    let mut gone = spent.clone();
    let mut needed = BTreeSet::new();
    let mut level = whole;
    for (fault, strength) in suspects.iter().filter(|(fault, _)| rest.contains(fault)) {
        let mut without = gone.clone();
        without.insert(*fault);
        let shows = ask(&without)?;
        if shows >= enough(*strength, level) {
            level = level.min(shows);
            gone = without;
        } else {
            needed.insert(*fault);
        }
    }
    Ok(needed)
}

/// Returns how much of the finding must be left for a fault to be spared.
fn enough(strength: Strength, level: Shows) -> Shows {
    match strength {
        Strength::Strong => level,
        Strength::Weak => level.min(Shows::Alike),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: Strength = Strength::Strong;

    fn suspects(count: u32) -> Vec<Suspect> {
        (1..=count).map(|k| (FaultId(k), STRONG)).collect()
    }

    /// Decides with a rule that says whether the finding comes with the faults that are left.
    fn causes(count: u32, comes: impl Fn(&dyn Fn(u32) -> bool) -> bool) -> Vec<(u32, Confirmed)> {
        let ask = |gone: &BTreeSet<FaultId>| {
            let there = comes(&|k| !gone.contains(&FaultId(k)));
            Ok(if there { Shows::Exactly } else { Shows::Nothing })
        };
        let decided = decide(&suspects(count), ask).expect("every answer is known");
        let decided = decided.expect("the finding is there with all faults");
        decided.into_iter().map(|(fault, how)| (fault.0, how)).collect()
    }

    #[test]
    fn one_fault_without_which_it_does_not_happen_is_the_cause() {
        assert_eq!(causes(3, |has| has(2)), [(2, Confirmed::ButFor)]);
    }

    #[test]
    fn two_faults_that_it_takes_are_both_causes() {
        let both = [(1, Confirmed::ButFor), (3, Confirmed::ButFor)];
        assert_eq!(causes(3, |has| has(1) && has(3)), both);
    }

    #[test]
    fn two_faults_of_which_each_is_enough_are_both_found() {
        let both = [(1, Confirmed::Minimal), (3, Confirmed::Minimal)];
        assert_eq!(causes(3, |has| has(1) || has(3)), both);
    }

    #[test]
    fn one_that_it_always_takes_and_two_that_replace_each_other() {
        let found = causes(4, |has| has(4) && (has(1) || has(2)));
        let all = [(1, Confirmed::Minimal), (2, Confirmed::Minimal), (4, Confirmed::ButFor)];
        assert_eq!(found, all);
    }

    #[test]
    fn what_happens_anyway_has_no_cause_among_them() {
        assert_eq!(causes(3, |_| true), []);
    }

    #[test]
    fn a_weak_suspect_is_no_cause_where_something_alike_is_left() {
        let ask = |gone: &BTreeSet<FaultId>| {
            Ok(match (gone.contains(&FaultId(1)), gone.contains(&FaultId(2))) {
                (_, true) => Shows::Nothing,
                (true, false) => Shows::Alike,
                (false, false) => Shows::Exactly,
            })
        };
        let suspects = [(FaultId(1), Strength::Weak), (FaultId(2), Strength::Strong)];
        let decided = decide(&suspects, ask).expect("every answer is known");
        assert_eq!(decided, Some(BTreeMap::from([(FaultId(2), Confirmed::ButFor)])));
    }

    #[test]
    fn it_breaks_off_at_the_first_answer_that_it_does_not_have() {
        let asked = decide(&suspects(2), |gone| Err(Unknown(gone.clone())));
        assert_eq!(asked, Err(Unknown(BTreeSet::new())));
    }
}
