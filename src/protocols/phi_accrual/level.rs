//! How suspicious a silence is: φ, in its three known forms, and a plain timeout beside them.
//!
//! This is the one place below the statistics that computes with f64. All functions that are not
//! exact come from `libm`, so that a run is the same on every machine, and what leaves this file is
//! a whole number of thousandths.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::window::Window;
use crate::sim::Span;

/// A level of suspicion in thousandths: φ of a silence, or the threshold Φ that it is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u32);

impl Level {
    /// The highest: past it the tail of a distribution is no number any more.
    pub const HIGHEST: Level = Level(1_000_000);
    /// The lowest that makes a threshold.
    pub const LOWEST: Level = Level(1);

    /// Makes a level of thousandths.
    pub const fn thousandths(n: u32) -> Level {
        if n > Level::HIGHEST.0 { Level::HIGHEST } else { Level(n) }
    }

    /// Returns it in thousandths.
    pub const fn as_thousandths(self) -> u32 {
        self.0
    }

    /// Rounds a level down; what is no number is the highest.
    fn of(level: f64) -> Level {
        if level.is_nan() || level >= f64::from(Level::HIGHEST.0) / 1e3 {
            return Level::HIGHEST;
        }
        Level(libm::floor(level.max(0.0) * 1e3) as u32)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Level::HIGHEST {
            return f.pad("beyond measure");
        }
        f.pad(&format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000))
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1e3)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
        let level = f64::deserialize(deserializer)?;
        if (0.001..=1_000.0).contains(&level) {
            return Ok(Level(libm::round(level * 1e3) as u32));
        }
        let wrong = format!("`{level}` is no threshold; expected a number from 0.001 to 1000");
        Err(de::Error::custom(wrong))
    }
}

/// What turns a silence into a level of suspicion.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Detector {
    /// The paper's: the tail of the normal distribution with the window's mean and variance.
    Normal,
    /// Akka's: a logistic curve in the place of the normal distribution's.
    #[default]
    Akka,
    /// Cassandra's: the tail of the exponential distribution with the window's mean.
    Cassandra,
    /// None of them: silence for so long is proof, whatever came before.
    Fixed(Span),
}

impl Detector {
    /// Returns the name of the form.
    pub const fn word(self) -> &'static str {
        match self {
            Detector::Normal => "normal",
            Detector::Akka => "Akka's logistic",
            Detector::Cassandra => "Cassandra's exponential",
            Detector::Fixed(_) => "fixed timeout",
        }
    }
}

/// A way to judge silences: the form and its two allowances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Judge {
    /// The form.
    pub detector: Detector,
    /// From which level on a peer is suspected.
    pub threshold: Level,
    /// The least deviation that is believed (normal and Akka).
    pub deviation_min: Span,
    /// How long a pause is no sign of anything, on top of the mean (normal and Akka).
    pub pause: Span,
}

/// The longest silence that is judged; past it everybody is suspected.
const SILENCE_MAX: Span = Span::secs(24 * 3_600);

impl Judge {
    /// Returns φ of a silence, as a number.
    pub fn exact(&self, silence: Span, window: &Window) -> f64 {
        let silence_us = silence.0 as f64;
        match self.detector {
            Detector::Normal => normal(self.score(silence_us, window)),
            Detector::Akka => logistic(self.score(silence_us, window)),
            Detector::Cassandra if window.is_empty() => 0.0,
            Detector::Cassandra => silence_us / window.mean_us().max(1.0) / std::f64::consts::LN_10,
            // A share of the threshold, so that the screen can show how close it is.
            Detector::Fixed(timeout) => {
                f64::from(self.threshold.0) / 1e3 * silence_us / timeout.0.max(1) as f64
            }
        }
    }

    /// Returns φ of a silence.
    pub fn level(&self, silence: Span, window: &Window) -> Level {
        Level::of(self.exact(silence, window))
    }

    /// Returns whether a silence is long enough to suspect.
    pub fn suspects(&self, silence: Span, window: &Window) -> bool {
        silence >= SILENCE_MAX || self.level(silence, window) >= self.threshold
    }

    /// Returns the shortest silence that is long enough to suspect, to the microsecond.
    pub fn patience(&self, window: &Window) -> Span {
        if let Detector::Fixed(timeout) = self.detector {
            return timeout;
        }
        let (mut low, mut high) = (0, SILENCE_MAX.0);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.suspects(Span(middle), window) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Span(low)
    }

    /// Returns by how many deviations a silence exceeds what is expected.
    fn score(&self, silence_us: f64, window: &Window) -> f64 {
        let beyond = silence_us - (window.mean_us() + self.pause.0 as f64);
        let deviation = window.deviation_us().max(self.deviation_min.0 as f64);
        match (deviation > 0.0, beyond > 0.0) {
            (true, _) => beyond / deviation,
            // Heartbeats that never varied: the first delay is a certainty.
            (false, true) => f64::INFINITY,
            (false, false) => f64::NEG_INFINITY,
        }
    }
}

/// Returns −log₁₀ of the normal distribution's tail past `score` deviations.
fn normal(score: f64) -> f64 {
    -libm::log10(0.5 * libm::erfc(score / std::f64::consts::SQRT_2))
}

/// Returns −log₁₀ of the tail of the logistic curve that Akka fits to the normal distribution. The
/// fit is good near the mean and too steep far out: it suspects earlier than the normal does.
fn logistic(score: f64) -> f64 {
    if score.is_infinite() {
        return if score > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let falls = libm::exp(-score * (1.5976 + 0.070_566 * score * score));
    if score > 0.0 {
        -libm::log10(falls / (1.0 + falls))
    } else {
        -libm::log10(1.0 - 1.0 / (1.0 + falls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the score at which a form reaches a level.
    fn score_at(form: fn(f64) -> f64, level: f64) -> f64 {
        let (mut low, mut high) = (0.0, 40.0);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if form(middle) < level { low = middle } else { high = middle }
        }
        high
    }

    fn regular(interval: Span) -> Window {
        let mut window = Window::default();
        (0..100).for_each(|_| window.push(interval, 100));
        window
    }

    fn judge(detector: Detector, deviation_min: Span, pause: Span) -> Judge {
        Judge { detector, threshold: Level::thousandths(8_000), deviation_min, pause }
    }

    #[test]
    fn the_normal_tail_is_reached_at_the_published_offsets() {
        let published = [
            (1.0, 1.282),
            (2.0, 2.326),
            (3.0, 3.090),
            (5.0, 4.265),
            (8.0, 5.612),
            (10.0, 6.361),
            (12.0, 7.035),
        ];
        for (level, offset) in published {
            let found = score_at(normal, level);
            assert!((found - offset).abs() < 1e-3, "φ = {level} at {found} σ, not {offset}");
        }
    }

    #[test]
    fn akkas_curve_leaves_the_normal_tail_far_out() {
        for (level, offset) in [(8.0, 5.226), (12.0, 6.292)] {
            let found = score_at(logistic, level);
            assert!((found - offset).abs() < 1e-3, "φ = {level} at {found} σ, not {offset}");
        }
        // Near the mean the two are the same to two places.
        assert!((normal(1.0) - logistic(1.0)).abs() < 5e-3);
    }

    #[test]
    fn three_products_say_eight_and_mean_three_times() {
        let window = regular(Span::secs(1));
        let akka = judge(Detector::Akka, Span::millis(100), Span::secs(3));
        assert_eq!(akka.patience(&window).0 / 1_000, 4_522);
        assert!((akka.patience(&window).as_millis_f64() - 4_522.6).abs() < 0.1);
        let cassandra = judge(Detector::Cassandra, Span::ZERO, Span::ZERO);
        assert!((cassandra.patience(&window).as_millis_f64() / 1e3 - 18.42).abs() < 1e-3);
        let normal = judge(Detector::Normal, Span::millis(100), Span::ZERO);
        assert!((normal.patience(&window).as_millis_f64() - 1_561.2).abs() < 0.1);
        let fixed = judge(Detector::Fixed(Span::secs(2)), Span::ZERO, Span::ZERO);
        assert_eq!(fixed.patience(&window), Span::secs(2));
    }

    #[test]
    fn without_a_least_deviation_the_first_delay_convicts() {
        let window = regular(Span::secs(1));
        let bare = judge(Detector::Normal, Span::ZERO, Span::ZERO);
        assert_eq!(bare.patience(&window), Span(1_000_001));
        assert_eq!(bare.level(Span::secs(1), &window), Level::thousandths(0));
        assert_eq!(bare.level(Span::millis(1_001), &window), Level::HIGHEST);
    }

    #[test]
    fn suspicion_only_grows_with_silence_and_never_stays_below_any_threshold() {
        let mut window = Window::expecting(Span::secs(1));
        window.push(Span::millis(1_300), 1_000);
        for detector in
            [Detector::Normal, Detector::Akka, Detector::Cassandra, Detector::Fixed(Span::secs(2))]
        {
            let judge = judge(detector, Span::millis(100), Span::ZERO);
            let levels: Vec<Level> =
                (0..200).map(|k| judge.level(Span::millis(k * 100), &window)).collect();
            assert!(levels.is_sorted(), "{detector:?}");
            let patience = judge.patience(&window);
            assert!(judge.suspects(patience, &window), "{detector:?}");
            assert!(!judge.suspects(Span(patience.0 - 1), &window), "{detector:?}");
        }
    }
}
