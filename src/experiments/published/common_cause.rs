//! What more servers are worth under common causes, as arithmetic.

use crate::experiments::table::{Cell, Row};

/// Where the figures are from.
pub const SOURCE: &str = "the arithmetic of majorities under the beta-factor model, worked out for \
    u = 1 %: independent failures gain thirty times from three servers to five, with a tenth of \
    them common 1.2 times.";

/// Servers, beta, unavailability of the majority for 1 % of each server.
const STATED: [(u16, f64, f64); 6] = [
    (3, 0.0, 2.98e-4),
    (5, 0.0, 9.85e-6),
    (3, 0.01, 3.92e-4),
    (5, 0.01, 1.10e-4),
    (3, 0.1, 1.24e-3),
    (5, 0.1, 1.01e-3),
];

/// Returns the stated figure for a set-up, where there is one.
pub fn stated(servers: u16, unavailable: f64, beta: f64) -> Option<Row> {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let (.., share) = STATED
        .iter()
        .find(|of| of.0 == servers && close(of.1, beta) && close(unavailable, 0.01))?;
    Some(Row(vec![
        ("servers", Cell::Whole(u64::from(servers))),
        ("beta", Cell::Number(beta)),
        ("unavailability_ppm", Cell::Number(share * 1e6)),
    ]))
}

/// Returns for what share of the time no majority is up.
pub fn unavailability(servers: u16, unavailable: f64, beta: f64) -> f64 {
    let (common, own) = (unavailable * beta, unavailable * (1.0 - beta));
    let lost = u64::from(servers / 2 + 1);
    let tolerated = u64::from(servers) - lost;
    // More are down than a majority can spare.
    let few = (tolerated + 1..=u64::from(servers)).map(|k| binomial(u64::from(servers), k, own));
    common + (1.0 - common) * few.sum::<f64>()
}

fn binomial(n: u64, k: u64, p: f64) -> f64 {
    let choose = (1..=k).fold(1.0, |c, j| c * (n - k + j) as f64 / j as f64);
    let power = |base: f64, times: u64| (0..times).fold(1.0, |product, _| product * base);
    choose * power(p, k) * power(1.0 - p, n - k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_gives_what_it_was_worked_out_to() {
        for (servers, beta, expected) in STATED {
            let found = unavailability(servers, 0.01, beta);
            assert!((found / expected - 1.0).abs() < 0.01, "{servers} {beta}: {found}");
        }
        let gain = |beta| unavailability(3, 0.01, beta) / unavailability(5, 0.01, beta);
        assert!((gain(0.0) - 30.0).abs() < 1.0 && (gain(0.1) - 1.2).abs() < 0.05);
    }
}
