//! What membership by probing promises, as it was published: formulas.

/// Where the formulas are from.
pub const SOURCE: &str = "Das, Gupta and Motivala, SWIM, DSN 2002: a crashed member is probed \
    within e/(e-1) = 1.582 periods on average in a large group. For a group of n the same argument \
    gives 1 / (1 - (1 - 1/(n-1))^(n-1)) exactly.";

/// Returns after how many periods on average a member that has crashed is first probed, by others
/// that each probe one of the rest at random in each period.
pub fn first_detection(members: u64) -> f64 {
    let others = (members - 1) as f64;
    1.0 / (1.0 - libm::pow(1.0 - 1.0 / others, others))
}

/// Returns the chance that a probe of a member which lives is not answered, where each message is
/// lost with chance `loss`: the direct probe is two messages, that through a helper four.
pub fn unanswered(loss: f64, helpers: u64) -> f64 {
    let arrives = 1.0 - loss;
    let direct = 1.0 - arrives * arrives;
    let through = 1.0 - arrives * arrives * arrives * arrives;
    (0..helpers).fold(direct, |chance, _| chance * through)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_give_what_they_were_worked_out_to() {
        for (members, expected) in [(10, 1.530), (50, 1.573), (100, 1.577)] {
            assert!((first_detection(members) - expected).abs() < 0.000_6, "{members}");
        }
        let factor = libm::exp(1.0) / (libm::exp(1.0) - 1.0);
        for (helpers, expected) in [(0, 0.154), (1, 0.0286), (2, 0.0053), (3, 0.00098)] {
            let found = unanswered(0.05, helpers) * factor;
            assert!((found / expected - 1.0).abs() < 0.01, "{helpers}: {found}");
        }
    }
}
