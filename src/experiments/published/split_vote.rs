//! How often a vote is split, as it was published.

use crate::experiments::parameter::Bounds;
use crate::experiments::table::{Cell, Row};

/// Where the figures and the formula are from.
pub const SOURCE: &str = "Ongaro, Consensus: bridging theory and practice, dissertation, Stanford \
    2014, section 9.2: the formula, and in the text for 5 servers about 16 and 40 percent with \
    latencies of 0.1..0.2 and one or two failed.";

/// What the text states: servers, failed, latency, chance of a split vote.
const STATED: [(u64, u64, Bounds, f64); 2] = [(5, 1, (0.1, 0.2), 0.16), (5, 2, (0.1, 0.2), 0.40)];

/// Returns what the text states for a set-up, where it states a number.
pub fn stated(servers: u64, failed: u64, latency: Bounds) -> Option<Row> {
    let known = |of: &&(u64, u64, Bounds, f64)| (of.0, of.1, of.2) == (servers, failed, latency);
    let (.., share) = STATED.iter().find(known)?;
    Some(Row(vec![("p_split", Cell::Number(*share))]))
}

/// Returns the chance that a vote is split with a fixed latency (dissertation, §9.2): that of the
/// servers which are up, the first `c` time out within one latency of each other, where `c` is how
/// many candidates it takes to leave the first one short of a majority.
///
/// `latency` is one-way, as a share of the range that the timeouts are drawn from, 0 to 1.
pub fn chance(servers: u64, failed: u64, latency: f64) -> f64 {
    let up = servers - failed;
    if up <= servers / 2 {
        return 1.0; // No majority: no vote elects anybody.
    }
    let candidates = up - servers / 2 + 1;
    if candidates > up {
        return 0.0; // One server alone is its own majority.
    }
    let term = |k: u64| {
        let choose = (1..k).fold(1.0, |c, j| c * (up - j + 1) as f64 / j as f64);
        choose * power(latency, k - 1) * power(1.0 - latency, up - k + 1)
    };
    (candidates..=up).map(term).sum::<f64>() + power(latency, up)
}

/// Multiplies a number with itself, in the same order on every machine.
fn power(base: f64, exponent: u64) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_what_it_was_worked_out_to() {
        for (failed, latency, expected) in
            [(1, 0.2, 0.181), (2, 0.2, 0.488), (1, 0.1, 0.052), (2, 0.1, 0.271)]
        {
            let found = chance(5, failed, latency);
            assert!((found - expected).abs() < 0.000_6, "{failed} {latency}: {found}");
        }
    }

    #[test]
    fn the_formula_is_right_where_the_answer_is_known_otherwise() {
        // Two servers split the vote iff their timeouts lie within a latency: 1 − (1 − l)².
        assert!((chance(2, 0, 0.3) - 0.51).abs() < 1e-12);
        assert!((chance(1, 0, 0.5) - 0.0).abs() < 1e-12);
        assert!((chance(5, 3, 0.1) - 1.0).abs() < 1e-12);
        assert!((chance(5, 0, 1.0) - 1.0).abs() < 1e-12);
        assert!((chance(5, 0, 0.0) - 0.0).abs() < 1e-12);
    }
}
