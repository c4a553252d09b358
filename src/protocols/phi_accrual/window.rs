//! The window of inter-arrival times, in whole microseconds, with its sums kept up to date.

use imbl::Vector;

use crate::sim::Span;

/// The longest interval that is learnt as such; a longer one counts as this. It keeps the sums
/// within their integers.
pub const INTERVAL_MAX: Span = Span::secs(3_600);

/// The last intervals between heartbeats of one peer. Its clones share what is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Window {
    intervals: Vector<u64>,
    sum: u64,
    squares: u128,
}

impl Window {
    /// Makes a window as if two heartbeats had come around the interval that is expected, a quarter
    /// of it too early and too late: so that the first silence can be judged at all.
    pub fn expecting(interval: Span) -> Window {
        let mut window = Window::default();
        let quarter = interval.0 / 4;
        window.push(Span(interval.0 - quarter), 2);
        window.push(Span(interval.0 + quarter), 2);
        window
    }

    /// Learns an interval, and forgets the oldest where there are more than `most`.
    pub fn push(&mut self, interval: Span, most: u16) {
        let interval = interval.min(INTERVAL_MAX).0;
        self.intervals.push_back(interval);
        self.sum += interval;
        self.squares += u128::from(interval) * u128::from(interval);
        while self.intervals.len() > usize::from(most.max(1)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.intervals.pop_front() {
            self.sum -= oldest;
            self.squares -= u128::from(oldest) * u128::from(oldest);
        }
    }

    /// Returns how many intervals it holds.
    pub fn len(&self) -> usize {
        self.intervals.len()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Returns the mean in microseconds; zero where nothing was learnt.
    pub fn mean_us(&self) -> f64 {
        if self.is_empty() { 0.0 } else { self.sum as f64 / self.len() as f64 }
    }

    /// Returns the standard deviation in microseconds, of the window as a whole population.
    pub fn deviation_us(&self) -> f64 {
        let count = self.len() as u128;
        if count == 0 {
            return 0.0;
        }
        // Exact up to here, so that equal intervals deviate by zero and not by a rounding error.
        let sum = u128::from(self.sum);
        let spread = (count * self.squares).saturating_sub(sum * sum);
        libm::sqrt(spread as f64) / count as f64
    }

    /// Flips one bit of one interval; the sums follow, as if that had been measured.
    pub(super) fn flip(&mut self, bit: u64) -> bool {
        let count = self.len() as u64;
        if count == 0 {
            return false;
        }
        let place = (bit / 32 % count) as usize;
        let was = self.intervals[place];
        let is = (was ^ 1 << (bit % 32)).min(INTERVAL_MAX.0);
        self.intervals[place] = is;
        self.sum = self.sum - was + is;
        let squared = |interval: u64| u128::from(interval) * u128::from(interval);
        self.squares = self.squares - squared(was) + squared(is);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_follow_what_is_in_the_window() {
        let mut window = Window::default();
        for ms in [900, 1_000, 1_100, 1_200] {
            window.push(Span::millis(ms), 3);
        }
        assert_eq!(window.len(), 3);
        assert!((window.mean_us() - 1_100_000.0).abs() < 1e-6);
        assert!((window.deviation_us() - 81_649.658).abs() < 1e-3);
        window.flip(5);
        let by_hand: u64 = window.intervals.iter().sum();
        assert_eq!(window.sum, by_hand);
    }

    #[test]
    fn equal_intervals_deviate_by_nothing_and_endless_ones_fit() {
        let mut window = Window::default();
        for _ in 0..1_000 {
            window.push(Span::LONGEST, 1_000);
        }
        assert!(window.deviation_us().abs() < f64::EPSILON);
        assert!((window.mean_us() - INTERVAL_MAX.0 as f64).abs() < 1e-3);
    }

    #[test]
    fn before_anything_is_heard_the_interval_that_is_expected_stands_in() {
        let window = Window::expecting(Span::secs(1));
        assert!((window.mean_us() - 1e6).abs() < 1e-6);
        assert!((window.deviation_us() - 250_000.0).abs() < 1e-6);
    }
}
