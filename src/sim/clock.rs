//! A member's own clock: true time, bent by skew, steps and drift.

use super::time::{Instant, Span};

/// A local clock. It reads `true time + offset`, and runs too fast or too slow by its drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    /// True time at which the drift last changed.
    since: Instant,
    /// How far it was off at that time, in microseconds.
    offset_us: i64,
    /// How much of that came of steps, in microseconds.
    stepped_us: i64,
    /// How much too fast it runs, in parts per million.
    drift_ppm: i32,
}

impl Clock {
    /// The fastest and slowest that a clock may run: twice as fast, half as fast.
    pub const DRIFT_PPM_MAX: i32 = 1_000_000;
    /// The slowest that a clock may run.
    pub const DRIFT_PPM_MIN: i32 = -500_000;

    /// Returns how far the clock is off, in microseconds.
    pub fn offset_us(&self, now: Instant) -> i64 {
        let elapsed = i128::from(now.since(self.since).0);
        let drifted = elapsed * i128::from(self.drift_ppm) / 1_000_000;
        self.offset_us + drifted as i64
    }

    /// Returns the drift in parts per million.
    pub fn drift_ppm(&self) -> i32 {
        self.drift_ppm
    }

    /// Returns what the clock reads; a clock never reads less than zero.
    pub fn read(&self, now: Instant) -> Instant {
        if self.offset_us == 0 && self.drift_ppm == 0 {
            return now;
        }
        Instant(now.0.saturating_add_signed(self.offset_us(now)))
    }

    /// Returns what a monotonic clock of the same node reads: it drifts alike, and nobody sets it.
    pub fn monotonic(&self, now: Instant) -> Instant {
        if self.stepped_us == 0 {
            return self.read(now);
        }
        let offset = self.offset_us(now).saturating_sub(self.stepped_us);
        Instant(now.0.saturating_add_signed(offset))
    }

    /// Returns how much true time passes while the clock counts `local`. A step does not change it:
    /// timers count a monotonic clock. Rounded up, so that a timer never runs out early by its own
    /// clock: whoever then waits for what is left would wait for no time at all, for ever.
    pub fn stretch(&self, local: Span) -> Span {
        if self.drift_ppm == 0 {
            return local;
        }
        let speed = i64::from(1_000_000 + self.drift_ppm) as u128;
        Span((u128::from(local.0) * 1_000_000).div_ceil(speed) as u64)
    }

    /// Makes the clock jump.
    pub fn step(&mut self, step_us: i64) {
        self.offset_us = self.offset_us.saturating_add(step_us);
        self.stepped_us = self.stepped_us.saturating_add(step_us);
    }

    /// Changes how fast the clock runs, from `now` on.
    pub fn drift(&mut self, now: Instant, drift_ppm: i32) {
        self.offset_us = self.offset_us(now);
        self.since = now;
        self.drift_ppm = drift_ppm.clamp(Clock::DRIFT_PPM_MIN, Clock::DRIFT_PPM_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_adds_up_and_a_step_jumps() {
        let mut clock = Clock::default();
        clock.drift(Instant(1_000), 100_000);
        assert_eq!(clock.read(Instant(11_000)), Instant(12_000));
        assert_eq!(clock.stretch(Span(11_000)), Span(10_000));
        clock.step(-500);
        clock.drift(Instant(11_000), 0);
        assert_eq!(clock.read(Instant(21_000)), Instant(21_500));
        clock.step(-1_000_000);
        assert_eq!(clock.read(Instant(21_000)), Instant(0));
    }

    #[test]
    fn a_monotonic_clock_drifts_and_does_not_jump() {
        let mut clock = Clock::default();
        clock.drift(Instant(1_000), 100_000);
        clock.step(-5_000_000);
        assert_eq!(clock.monotonic(Instant(11_000)), Instant(12_000));
        clock.step(9_000_000);
        clock.drift(Instant(11_000), 0);
        assert_eq!(clock.monotonic(Instant(21_000)), Instant(22_000));
        assert_eq!(clock.read(Instant(21_000)), Instant(4_022_000));
    }
}
