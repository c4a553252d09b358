//! Virtual time in whole microseconds, and how it is written.
//!
//! Absent on purpose: wall-clock time. Nothing below the terminal knows what time it is outside.

use std::fmt;
use std::ops::{Add, AddAssign, RangeInclusive, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in virtual time: whole microseconds since the world began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// A length of virtual time in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// A share in parts per million, from 0 (never) to 1,000,000 (always).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

impl Instant {
    /// The beginning of every world.
    pub const ZERO: Instant = Instant(0);

    /// Returns the span since `earlier`, or zero where `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// Makes a span of whole microseconds.
    pub const fn micros(n: u64) -> Span {
        Span(n)
    }

    /// Makes a span of whole milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n * 1_000)
    }

    /// Makes a span of whole seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000)
    }

    /// Returns the span in milliseconds, as a statistic wants it.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Reads a span such as `150ms`, `1.5s`, `500us`, `2m` or `1h`.
    ///
    /// # Errors
    /// Says what was found and what was expected where the text is no span.
    pub fn parse(text: &str) -> Result<Span, String> {
        let wrong = || {
            format!(
                "`{text}` is no duration; expected a number and a unit, such as \"150ms\" \
                 (us, ms, s, m, h)"
            )
        };
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let scale: u64 = match unit {
            "us" | "µs" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut micros = whole.parse::<u64>().ok().and_then(|n| n.checked_mul(scale));
        let mut place = scale;
        for digit in fraction.chars() {
            place /= 10;
            let digit = u64::from(digit.to_digit(10).ok_or_else(wrong)?);
            micros = micros.and_then(|n| n.checked_add(digit * place));
        }
        let micros = micros.filter(|n| *n <= Span::LONGEST.0).ok_or_else(wrong)?;
        if number.ends_with('.') {
            return Err(wrong());
        }
        Ok(Span(micros))
    }

    /// The longest span that a file may name: 1,000 hours, so that sums never overflow.
    pub const LONGEST: Span = Span(3_600_000_000_000);
}

/// Reads a range of spans such as `150ms..300ms`; one span alone is a range of one.
///
/// # Errors
/// Says what was found and what was expected where the text is no range.
pub fn parse_range(text: &str) -> Result<RangeInclusive<Span>, String> {
    let Some((low, high)) = text.split_once("..") else {
        return Span::parse(text).map(|span| span..=span);
    };
    let (low, high) = (Span::parse(low)?, Span::parse(high)?);
    if low > high {
        return Err(format!("`{text}` runs backwards; expected the shorter duration first"));
    }
    Ok(low..=high)
}

impl Rate {
    /// Never.
    pub const NEVER: Rate = Rate(0);
    /// Always.
    pub const ALWAYS: Rate = Rate(1_000_000);

    /// Makes a rate from parts per million; more than a million counts as always.
    pub const fn ppm(parts: u32) -> Rate {
        if parts > 1_000_000 { Rate::ALWAYS } else { Rate(parts) }
    }

    /// Returns the rate in parts per million.
    pub const fn as_ppm(self) -> u32 {
        self.0
    }

    /// Makes a rate from a share between 0 and 1.
    ///
    /// # Errors
    /// Says what was found and what was expected where the share is out of range.
    pub fn from_share(share: f64) -> Result<Rate, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Rate(libm::round(share * 1e6) as u32))
        } else {
            Err(format!("`{share}` is no share; expected a number from 0.0 to 1.0"))
        }
    }
}

impl Add<Span> for Instant {
    type Output = Instant;
    fn add(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Instant {
    /// Writes seconds to the millisecond: `12.345s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}s", self.0 / 1_000_000, self.0 / 1_000 % 1_000);
        f.pad(&text)
    }
}

impl fmt::Display for Span {
    /// Writes the span in its largest exact unit, as a file writes it: `150ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms")];
        let exact = units.iter().find(|(scale, _)| self.0 > 0 && self.0.is_multiple_of(*scale));
        let (scale, unit) = exact.copied().unwrap_or((1, "us"));
        f.pad(&format!("{}{unit}", self.0 / scale))
    }
}

impl fmt::Display for Rate {
    /// Writes the rate in percent: `12.5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", f64::from(self.0) / 10_000.0))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        Span::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Span(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        Span::deserialize(deserializer).map(|span| Instant(span.0))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1e6)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        Rate::from_share(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A range of spans as a file writes it: `"150ms..300ms"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpanRange(pub RangeInclusive<Span>);

impl SpanRange {
    /// Makes a range from its two ends in milliseconds.
    pub fn millis(low: u64, high: u64) -> SpanRange {
        SpanRange(Span::millis(low)..=Span::millis(high))
    }
}

impl fmt::Display for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}..{}", self.0.start(), self.0.end()))
    }
}

impl Serialize for SpanRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SpanRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SpanRange, D::Error> {
        parse_range(&String::deserialize(deserializer)?).map(SpanRange).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_back() {
        for (text, micros) in
            [("500us", 500), ("1.5s", 1_500_000), ("150ms", 150_000), ("2m", 120_000_000)]
        {
            let span = Span::parse(text).expect("a span");
            assert_eq!(span.0, micros);
            assert_eq!(Span::parse(&span.to_string()), Ok(span));
        }
        for wrong in ["", "5", "ms", "1.ms", "1..2ms", "-1ms", "1 ms", "99999999h", "1e3s"] {
            assert!(Span::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_run_forwards() {
        assert_eq!(parse_range("1ms..2ms"), Ok(Span::millis(1)..=Span::millis(2)));
        assert!(parse_range("2ms..1ms").is_err());
    }
}
