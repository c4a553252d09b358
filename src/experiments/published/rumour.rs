//! How far rumours spread, as it was published.

use crate::experiments::table::{Cell, Row};

/// Where the figures are from.
pub const SOURCE: &str = "Demers, Greene, Hauser, Irish, Larson, Shenker, Sturgis, Swinehart and \
    Terry, Epidemic algorithms for replicated database maintenance, PODC 1987, tables 1 (feedback \
    and counter) and 2 (blind and coin): push, 1,000 sites.";

/// Residue, traffic and the cycle in which the last site hears of it, for k = 1 to 5.
type Lines = [(f64, f64, f64); 5];

const FEEDBACK_COUNTER: Lines = [
    (0.18, 1.7, 16.8),
    (0.037, 3.3, 16.9),
    (0.011, 4.5, 17.4),
    (0.0036, 5.6, 17.5),
    (0.0012, 6.7, 17.7),
];
const BLIND_COIN: Lines = [
    (0.96, 0.04, 38.0),
    (0.20, 1.6, 33.0),
    (0.060, 2.8, 32.0),
    (0.021, 3.9, 32.0),
    (0.008, 4.9, 32.0),
];

/// Returns the line of a table for a variant of pushing, where the paper has one.
pub fn line(feedback: bool, counter: bool, k: u64) -> Option<Row> {
    let lines = match (feedback, counter) {
        (true, true) => FEEDBACK_COUNTER,
        (false, false) => BLIND_COIN,
        _ => return None,
    };
    let (residue, traffic, t_last) = *lines.get(usize::try_from(k.checked_sub(1)?).ok()?)?;
    Some(Row(vec![
        ("sites", Cell::Whole(1_000)),
        ("k", Cell::Whole(k)),
        ("residue", Cell::Number(residue)),
        ("traffic", Cell::Number(traffic)),
        ("t_last", Cell::Number(t_last)),
    ]))
}

/// Returns the paper's first-order term for how many cycles pushing takes to reach all of `sites`
/// (section 1.3): log2 n + ln n, to which a constant is to be added.
pub fn push_cycles(sites: u64) -> f64 {
    libm::log2(sites as f64) + libm::log(sites as f64)
}

/// Solves the paper's differential equation for who never hears of a rumour (section 1.4):
/// s = e^-(k+1)(1-s).
pub fn residue(k: u64) -> f64 {
    let k = k as f64;
    (0..RESIDUE_STEPS).fold(0.0, |s, _| libm::exp(-(k + 1.0) * (1.0 - s)))
}

/// After how many steps the iteration no longer moves.
const RESIDUE_STEPS: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differential_equation_gives_what_it_was_worked_out_to() {
        for (k, expected) in [(1, 0.203), (2, 0.0595), (3, 0.0198), (4, 0.0070), (5, 0.0025)] {
            assert!((residue(k) - expected).abs() < 0.000_6, "{k}: {}", residue(k));
        }
    }

    #[test]
    fn the_first_order_term_is_that_of_the_paper() {
        for (sites, expected) in [(100, 11.3), (1_000, 16.9), (10_000, 22.5)] {
            assert!((push_cycles(sites) - expected).abs() < 0.06, "{sites}");
        }
    }
}
