//! Texts with slots that the run fills: `{back.who} came back at {back.time}`.
//!
//! A lesson never states what a run did: it names the event, and the number comes from the record.

use crate::lab::Scenario;

use super::predicate::{Marks, Match};

/// What a text may say of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// When it happened.
    Time,
    /// Whose it is.
    Who,
    /// Its term.
    Term,
    /// The event in words.
    Text,
    /// Its number in the run.
    Event,
}

/// The fields by their names.
pub const FIELDS: [(&str, Field); 5] = [
    ("time", Field::Time),
    ("who", Field::Who),
    ("term", Field::Term),
    ("text", Field::Text),
    ("event", Field::Event),
];

/// The name by which a reply speaks of the event that shows or refutes an answer.
pub const SEEN: &str = "seen";
/// The name by which any text speaks of the run's own settings: `{run.nodes}`.
pub const RUN: &str = "run";
/// What a text may say of the run's settings.
pub const SETTINGS: [&str; 4] = ["nodes", "majority", "seed", "clients"];

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// A slot: the event's name, and what is said of it.
    Slot(&'a str, &'a str),
}

/// Cuts a text into words and slots.
///
/// # Errors
/// Returns the offending piece where a brace opens no slot or closes none.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, &str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (words, slot) = rest.split_at(open);
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        let inside = slot.strip_prefix('{').and_then(|slot| slot.split_once('}'));
        let named = inside.and_then(|(inside, after)| Some((inside.split_once('.')?, after)));
        let named = named.filter(|((name, field), _)| is_plain(name) && is_plain(field));
        let Some(((name, field), after)) = named else {
            let line = slot.lines().next().unwrap_or_default();
            return Err(line);
        };
        pieces.push(Piece::Slot(name, field));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest));
    }
    Ok(pieces)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// Returns what a text may say under a name, or `None` where there is no such field.
pub fn field(name: &str) -> Option<Field> {
    FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
}

/// What fills slots.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The events that have a name.
    pub marks: &'a Marks,
    /// The event that a reply speaks of.
    pub seen: Option<&'a Match>,
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// The seed of the run.
    pub seed: u64,
}

/// What stands where a run has no such event.
pub const NOTHING: &str = "(not in this run)";

impl Filling<'_> {
    /// Fills the slots of a text. What cannot be filled says so in its place and is listed.
    pub fn fill(&self, text: &str) -> (String, Vec<String>) {
        let mut missing = Vec::new();
        let mut filled = String::with_capacity(text.len());
        // A text that cannot be cut was refused when the lesson was read.
        for piece in pieces(text).unwrap_or_else(|_| vec![Piece::Words(text)]) {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Slot(name, field) => {
                    let value = self.value(name, field).unwrap_or_else(|| {
                        missing.push(format!("{name}.{field}"));
                        NOTHING.to_owned()
                    });
                    filled.push_str(&value);
                }
            }
        }
        (filled, missing)
    }

    fn value(&self, name: &str, wanted: &str) -> Option<String> {
        if name == RUN {
            return self.setting(wanted);
        }
        let found = if name == SEEN { self.seen } else { self.marks.get(name) }?;
        Some(match field(wanted)? {
            Field::Time => found.at.to_string(),
            Field::Who => found.who?.to_string(),
            Field::Term => found.term?.to_string(),
            Field::Text => found.text.clone(),
            Field::Event => found.record.to_string(),
        })
    }

    fn setting(&self, name: &str) -> Option<String> {
        let nodes = self.scenario.nodes;
        Some(match name {
            "nodes" => nodes.to_string(),
            "majority" => (nodes / 2 + 1).to_string(),
            "seed" => self.seed.to_string(),
            "clients" => self.scenario.workload.count().to_string(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_slots() {
        let found = pieces("at {back.time}, {back.who}.");
        let whole = [
            Piece::Words("at "),
            Piece::Slot("back", "time"),
            Piece::Words(", "),
            Piece::Slot("back", "who"),
            Piece::Words("."),
        ];
        assert_eq!(found.as_deref(), Ok(&whole[..]));
    }

    #[test]
    fn a_brace_that_makes_no_slot_is_shown() {
        assert_eq!(pieces("a {b c"), Err("{b c"));
        assert_eq!(pieces("a } b"), Err("} b"));
        assert_eq!(pieces("a {back} b"), Err("{back} b"));
        assert_eq!(pieces("a {back.time {b.time}"), Err("{back.time {b.time}"));
    }
}
