//! Quantiles and means of what trials took, in whole microseconds of virtual time.
//!
//! Quantiles are by nearest rank (type 1 of Hyndman and Fan, The American Statistician 50, 1996):
//! the value at rank `ceil(p × n)`, so that each is a value that was measured and no arithmetic is
//! needed that could differ from machine to machine.

use crate::sim::Span;

use super::table::Cell;

/// What a number of trials took, those that came to no end apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// What the trials took that came to an end, shortest first.
    sorted: Vec<u64>,
    /// How many did not come to an end.
    undecided: u64,
}

impl Sample {
    /// Takes the results of trials; `None` is one that came to no end.
    pub fn new(results: impl IntoIterator<Item = Option<Span>>) -> Sample {
        let mut sample = Sample::default();
        for result in results {
            match result {
                Some(span) => sample.sorted.push(span.0),
                None => sample.undecided += 1,
            }
        }
        sample.sorted.sort_unstable();
        sample
    }

    /// Returns how many trials came to no end.
    pub fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Returns the quantile at so many percent. A trial without an end counts as longer than any
    /// other, so that a quantile which lies among those is not known.
    pub fn percentile(&self, percent: u64) -> Option<Span> {
        let all = self.sorted.len() as u64 + self.undecided;
        let rank = (percent * all).div_ceil(100).max(1);
        self.sorted.get((rank - 1) as usize).map(|micros| Span(*micros))
    }

    /// Returns the shortest.
    pub fn min(&self) -> Option<Span> {
        self.sorted.first().map(|micros| Span(*micros))
    }

    /// Returns the longest of those that came to an end.
    pub fn max(&self) -> Option<Span> {
        self.sorted.last().map(|micros| Span(*micros))
    }

    /// Returns the mean of those that came to an end, in milliseconds.
    pub fn mean_millis(&self) -> Option<f64> {
        let sum: u128 = self.sorted.iter().map(|micros| u128::from(*micros)).sum();
        let count = self.sorted.len() as u128;
        // Rounded to the microsecond: more digits would pretend to more than was measured.
        (count > 0).then(|| Span(((sum + count / 2) / count) as u64).as_millis_f64())
    }

    /// Returns the usual columns, in milliseconds.
    pub fn columns(&self) -> Vec<(&'static str, Cell)> {
        let millis = |span: Option<Span>| Cell::from(span.map(Span::as_millis_f64));
        vec![
            ("min_ms", millis(self.min())),
            ("p10_ms", millis(self.percentile(10))),
            ("p25_ms", millis(self.percentile(25))),
            ("median_ms", millis(self.percentile(50))),
            ("mean_ms", Cell::from(self.mean_millis())),
            ("p75_ms", millis(self.percentile(75))),
            ("p90_ms", millis(self.percentile(90))),
            ("p99_ms", millis(self.percentile(99))),
            ("max_ms", millis(self.max())),
        ]
    }
}

/// Returns a share and its standard error, `sqrt(p(1 − p) / n)`.
pub fn share(hits: u64, of: u64) -> (f64, f64) {
    let share = hits as f64 / of as f64;
    (share, libm::sqrt(share * (1.0 - share) / of as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sample = Sample::new((1..=10).rev().map(|k| Some(Span::millis(k))));
        let at = |percent| sample.percentile(percent).map(|span| span.0 / 1_000);
        assert_eq!([at(1), at(10), at(50), at(51), at(99)], [1, 1, 5, 6, 10].map(Some));
        assert_eq!(sample.mean_millis(), Some(5.5));
        assert_eq!((sample.min(), sample.max()), (Some(Span(1_000)), Some(Span(10_000))));
    }

    #[test]
    fn what_never_ended_is_longer_than_anything() {
        let sample = Sample::new([Some(Span(3_000)), None, Some(Span(1_000)), None, None]);
        assert_eq!(sample.percentile(40), Some(Span(3_000)));
        assert_eq!(sample.percentile(50), None);
        assert_eq!(sample.undecided(), 3);
        assert_eq!(Sample::new([None]).mean_millis(), None);
    }

    #[test]
    fn a_share_knows_how_far_it_may_be_off() {
        assert_eq!(share(50, 100), (0.5, 0.05));
        assert_eq!(share(0, 100), (0.0, 0.0));
    }
}
