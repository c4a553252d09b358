//! Parameters of experiments: what may be set, within what bounds, and how it is read.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// How many ranges one parameter may list, so that a typing error does not run for hours.
pub const RANGES_MAX: usize = 32;

/// Something about an experiment that may be set.
#[derive(Debug)]
pub struct Parameter {
    /// Its name, which ends in its unit where it has one.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its value where nobody sets it, written as a setting.
    pub default: &'static str,
    /// What may be set.
    pub kind: Kind,
}

/// What a parameter may be set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// A name of something: letters, digits and dashes.
    Name,
    /// This word, or a number from the first to the second.
    WordOr(&'static str, f64, f64),
    /// A range `a..b` within these bounds; one number alone is a range of one.
    Range(f64, f64),
    /// One range or several, with `;` between them; each makes a row of its own.
    Ranges(f64, f64),
}

/// A range of numbers, both ends included.
pub type Bounds = (f64, f64);

/// What a parameter is set to.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Whole(u64),
    Number(f64),
    Word(&'static str),
    Name(String),
    Ranges(Vec<Bounds>),
}

/// The parameters of an experiment, each with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings(Vec<(&'static str, Value)>);

impl Kind {
    /// Says what may be set.
    pub fn expected(self) -> String {
        match self {
            Kind::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Kind::Number(least, most) => format!("a number from {least} to {most}"),
            Kind::Name => "a name, such as `raft`".to_owned(),
            Kind::WordOr(word, least, most) => {
                format!("`{word}` or a number from {least} to {most}")
            }
            Kind::Range(least, most) => {
                format!("a number or a range `a..b` within {least} to {most}")
            }
            Kind::Ranges(least, most) => {
                format!("ranges `a..b` within {least} to {most}, with `;` between them")
            }
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Kind::Whole(least, most) => {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let whole: u64 = text.parse().ok().filter(|_| digits)?;
                (least..=most).contains(&whole).then_some(Value::Whole(whole))
            }
            Kind::Name => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
                let fits = !text.is_empty() && text.len() <= 40 && text.chars().all(plain);
                fits.then(|| Value::Name(text.to_owned()))
            }
            Kind::WordOr(word, ..) if text == word => Some(Value::Word(word)),
            Kind::Number(least, most) | Kind::WordOr(_, least, most) => {
                number(text, (least, most)).map(Value::Number)
            }
            Kind::Range(least, most) => {
                range(text, (least, most)).map(|range| Value::Ranges(vec![range]))
            }
            Kind::Ranges(least, most) => {
                let ranges = text.split(';').map(|text| range(text.trim(), (least, most)));
                let ranges: Vec<Bounds> = ranges.collect::<Option<_>>()?;
                (ranges.len() <= RANGES_MAX).then_some(Value::Ranges(ranges))
            }
        }
    }
}

/// Reads digits with at most one point; no sign, no exponent and no other word for a number.
fn number(text: &str, (least, most): Bounds) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit());
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    (least..=most).contains(&number).then_some(number)
}

fn range(text: &str, bounds: Bounds) -> Option<Bounds> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let (low, high) = (number(low, bounds)?, number(high, bounds)?);
    (low <= high).then_some((low, high))
}

impl Settings {
    /// Reads settings, each as `name=value`; what is not set has its default.
    ///
    /// # Errors
    /// Says which setting is wrong, and what was expected.
    pub fn read(parameters: &'static [Parameter], settings: &[String]) -> Result<Settings, String> {
        let value = |parameter: &Parameter| {
            let default = parameter.kind.read(parameter.default);
            (parameter.name, default.expect("a default is within its own bounds"))
        };
        let mut values: Vec<_> = parameters.iter().map(value).collect();
        let mut set = vec![false; parameters.len()];
        for setting in settings {
            let Some((name, text)) = setting.split_once('=') else {
                return Err(format!("`{setting}` sets nothing; expected `name=value`"));
            };
            let (name, text) = (name.trim(), text.trim());
            let Some(place) = parameters.iter().position(|parameter| parameter.name == name) else {
                let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
                let names = names.join(", ");
                return Err(format!("there is no parameter `{name}`; expected one of {names}"));
            };
            if std::mem::replace(&mut set[place], true) {
                return Err(format!("`{name}` is set twice; expected it once"));
            }
            let kind = parameters[place].kind;
            values[place].1 = kind
                .read(text)
                .ok_or_else(|| format!("{name}: found `{text}`, expected {}", kind.expected()))?;
        }
        Ok(Settings(values))
    }

    fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.expect("an experiment asks for its own parameters").1
    }

    /// Returns a whole number.
    pub fn whole(&self, name: &str) -> u64 {
        match self.get(name) {
            Value::Whole(whole) => *whole,
            _ => unreachable!("`{name}` is declared as a whole number"),
        }
    }

    /// Returns a name.
    pub fn name(&self, name: &str) -> &str {
        match self.get(name) {
            Value::Name(text) => text,
            _ => unreachable!("`{name}` is declared as a name"),
        }
    }

    /// Returns a number, or `None` where it is set to its word.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Value::Number(number) => Some(*number),
            Value::Word(_) => None,
            _ => unreachable!("`{name}` is declared as a number"),
        }
    }

    /// Returns the ranges that are listed, at least one.
    pub fn ranges(&self, name: &str) -> &[Bounds] {
        match self.get(name) {
            Value::Ranges(ranges) => ranges,
            _ => unreachable!("`{name}` is declared as a range"),
        }
    }

    /// Returns whether a parameter has its default.
    pub fn is_default(&self, parameter: &Parameter) -> bool {
        parameter.kind.read(parameter.default).as_ref() == Some(self.get(parameter.name))
    }
}

/// Writes a range as it is set: `150..300`, or `150` for a range of one.
pub fn written(ranges: &[Bounds]) -> String {
    let one = |(low, high): &Bounds| {
        if low < high { format!("{low}..{high}") } else { low.to_string() }
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(";")
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                Value::Whole(whole) => map.serialize_entry(name, whole)?,
                Value::Number(number) => map.serialize_entry(name, number)?,
                Value::Word(word) => map.serialize_entry(name, word)?,
                Value::Name(text) => map.serialize_entry(name, text)?,
                Value::Ranges(ranges) => match ranges[..] {
                    [(low, high)] if low >= high => map.serialize_entry(name, &low)?,
                    _ => map.serialize_entry(name, &written(ranges))?,
                },
            }
        }
        map.end()
    }
}

impl std::fmt::Display for Settings {
    /// Writes the settings as they are set: `servers=5 latency=0.1..0.2`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            match value {
                Value::Whole(whole) => write!(f, "{space}{name}={whole}")?,
                Value::Number(number) => write!(f, "{space}{name}={number}")?,
                Value::Word(word) => write!(f, "{space}{name}={word}")?,
                Value::Name(text) => write!(f, "{space}{name}={text}")?,
                Value::Ranges(ranges) => write!(f, "{space}{name}={}", written(ranges))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter { name: "count", about: "", default: "5", kind: Kind::Whole(1, 9) },
        Parameter { name: "wait", about: "", default: "half", kind: Kind::WordOr("half", 1., 9.) },
        Parameter { name: "spread", about: "", default: "0.5", kind: Kind::Range(0.0, 1.0) },
        Parameter { name: "out", about: "", default: "1..2", kind: Kind::Ranges(1.0, 9.0) },
    ];

    fn read(settings: &[&str]) -> Result<Settings, String> {
        let settings: Vec<String> = settings.iter().map(|text| (*text).to_owned()).collect();
        Settings::read(PARAMETERS, &settings)
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let settings = read(&["count=7", "out=1..2;3..4.5"]).expect("good settings");
        assert_eq!(settings.to_string(), "count=7 wait=half spread=0.5 out=1..2;3..4.5");
        assert_eq!(settings.ranges("out"), [(1.0, 2.0), (3.0, 4.5)]);
        assert!(settings.is_default(&PARAMETERS[1]) && !settings.is_default(&PARAMETERS[0]));
        let json = serde_json::to_string(&settings).expect("plain data");
        assert_eq!(json, r#"{"count":7,"wait":"half","spread":0.5,"out":"1..2;3..4.5"}"#);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_expected() {
        let many = format!("out={}", vec!["1"; RANGES_MAX + 1].join(";"));
        for (setting, expected) in [
            ("count", "expected `name=value`"),
            ("counts=1", "expected one of count, wait, spread, out"),
            ("count=", "a whole number from 1 to 9"),
            ("count=0", "a whole number from 1 to 9"),
            ("count=+3", "a whole number from 1 to 9"),
            ("count=99999999999999999999", "a whole number"),
            ("wait=inf", "`half` or a number from 1 to 9"),
            ("wait=NaN", "`half` or a number"),
            ("wait=1e0", "`half` or a number"),
            ("spread=0.5..0.1", "a range `a..b` within 0 to 1"),
            ("spread=0..2", "a range `a..b`"),
            ("spread=0...1", "a range `a..b`"),
            ("out=1..2;", "with `;` between them"),
            (many.as_str(), "with `;` between them"),
        ] {
            let error = read(&[setting]).expect_err(setting);
            assert!(error.contains(expected), "{setting}: {error}");
        }
        assert!(read(&["count=1", "count=2"]).expect_err("twice").contains("set twice"));
    }
}
