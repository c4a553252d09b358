//! How fast virtual time runs against real time, in integers.
//!
//! Absent on purpose: a clock. Whoever drives a run says how much real time went by.

use crate::sim::Span;

/// The speeds that keys choose from: virtual time over real time. The last is as fast as it goes.
const SPEEDS: [(u64, u64); 11] = [
    (1, 100),
    (1, 50),
    (1, 20),
    (1, 10),
    (1, 5),
    (1, 2),
    (1, 1),
    (2, 1),
    (5, 1),
    (10, 1),
    (FULL, 1),
];
/// More than any machine can do.
const FULL: u64 = 1_000_000;
/// A tenth of real time: an election, 150 to 300 ms long, can then be followed by eye.
const FIRST: usize = 3;
/// What one tick may count as real time, in microseconds: a program that was held up does not
/// rush afterwards.
const TICK_MAX_US: u64 = 100_000;

/// How fast virtual time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    chosen: usize,
    /// What is left of a virtual microsecond, in parts of the speed's divisor.
    left_over: u64,
    /// Thousandths of real time that were really made of late; 0 where nothing was measured yet.
    measured: u64,
    behind: bool,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { chosen: FIRST, left_over: 0, measured: 0, behind: false }
    }
}

impl Pace {
    /// Chooses the next faster speed; returns whether there is one.
    pub fn faster(&mut self) -> bool {
        let there_is = self.chosen + 1 < SPEEDS.len();
        self.choose(self.chosen + usize::from(there_is));
        there_is
    }

    /// Chooses the next slower speed; returns whether there is one.
    pub fn slower(&mut self) -> bool {
        let there_is = self.chosen > 0;
        self.choose(self.chosen - usize::from(there_is));
        there_is
    }

    fn choose(&mut self, chosen: usize) {
        *self = Pace { chosen, ..Pace::default() };
    }

    /// Returns how much virtual time is due for so much real time.
    pub fn due(&mut self, real_us: u64) -> Span {
        let (times, over) = SPEEDS[self.chosen];
        let parts = real_us.min(TICK_MAX_US) * times + self.left_over;
        self.left_over = parts % over;
        Span(parts / over)
    }

    /// Takes note of how much virtual time was made in so much real time, and whether that was
    /// less than was due.
    pub fn made(&mut self, made: Span, real_us: u64, behind: bool) {
        let now = made.0.saturating_mul(1_000) / real_us.clamp(1, TICK_MAX_US);
        // A quarter of the newest figure, so that the number on the screen can be read.
        self.measured =
            if self.measured == 0 { now } else { (self.measured * 3).saturating_add(now) / 4 };
        self.behind = behind;
    }

    /// Says how fast virtual time runs: `1/10 of real time`, `full speed, 212 times real time`.
    pub fn words(&self) -> String {
        let (times, over) = SPEEDS[self.chosen];
        let chosen = match (times, over) {
            (FULL, _) => "full speed".to_owned(),
            (1, 1) => "real time".to_owned(),
            (1, over) => format!("1/{over} of real time"),
            (times, _) => format!("{times} times real time"),
        };
        if !self.behind || self.measured == 0 {
            return chosen;
        }
        let (whole, tenths) = (self.measured / 1_000, self.measured / 100 % 10);
        let made = if whole >= 10 { whole.to_string() } else { format!("{whole}.{tenths}") };
        if times == FULL {
            format!("full speed, {made} times real time")
        } else {
            format!("{chosen}, reached {made}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_microsecond_is_lost_at_slow_speeds() {
        let mut pace = Pace::default();
        let made: u64 = (0..1_000).map(|_| pace.due(33).0).sum();
        assert_eq!(made, 3_300);
    }

    #[test]
    fn speeds_end_at_both_ends() {
        let mut pace = Pace::default();
        while pace.slower() {}
        assert_eq!(pace.words(), "1/100 of real time");
        while pace.faster() {}
        assert_eq!(pace.words(), "full speed");
    }

    #[test]
    fn a_speed_that_is_not_reached_is_said() {
        let mut pace = Pace::default();
        while pace.faster() {}
        pace.made(Span::secs(5), 100_000, true);
        assert_eq!(pace.words(), "full speed, 50 times real time");
    }

    #[test]
    fn a_program_that_was_held_up_does_not_rush() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(60_000_000), Span(TICK_MAX_US / 10));
    }
}
