//! What is kept of a learner's way: beats, predictions, confidence, and where each lesson was left.
//!
//! Plain data with a version. Absent on purpose: files, and any clock; whoever writes it says when.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sim::{Address, EventId, Instant};

use super::checkpoint::{Done, Start};
use super::predicate::Match;

/// The version of the form that is written here.
pub const VERSION: u32 = 1;
/// How many bytes a file of progress may have; what is longer was not written here.
pub const BYTES_MAX: usize = 8 << 20;
/// How many characters of a reason are kept.
pub const REASON_CHARS_MAX: usize = 200;

/// All that is kept of one learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    /// Each lesson by its name.
    pub lessons: BTreeMap<String, LessonProgress>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { version: VERSION, lessons: BTreeMap::new() }
    }
}

/// What is kept of one lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonProgress {
    /// A hash of the lesson's beats: where it differs, the lesson was changed since, and its place
    /// is not gone back to.
    pub lesson: u64,
    /// How many beats were finished, at most.
    pub reached: usize,
    /// How often it was brought to its end.
    pub finished: u32,
    /// The first answer to each question and label, by the beat's name.
    pub answers: BTreeMap<String, Answer>,
    /// Where it was left, unless at its end.
    pub place: Option<Place>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which option, from 0; `None` where the learner went on without an answer.
    pub choice: Option<usize>,
    /// How sure, from 1 to 3; `None` where it was not asked or not said.
    pub confidence: Option<u8>,
    /// Whether it was right.
    pub right: bool,
    /// The misconception behind it.
    pub misconception: Option<String>,
    /// The learner's reason, in their own words.
    pub reason: Option<String>,
}

/// Where a lesson was left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Where the run stood when each beat began, the one that was left last.
    pub starts: Vec<Start>,
    /// What was done by hand before that.
    pub acts: Vec<Done>,
    /// The events that had a name by then.
    pub marks: BTreeMap<String, KeptMatch>,
}

/// An event that has a name, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptMatch {
    record: u32,
    at_us: u64,
    who: Option<Address>,
    term: Option<u64>,
    text: String,
}

impl From<&Match> for KeptMatch {
    fn from(found: &Match) -> KeptMatch {
        let Match { record, at, who, term, text } = found.clone();
        KeptMatch { record: record.0, at_us: at.0, who, term, text }
    }
}

impl From<KeptMatch> for Match {
    fn from(kept: KeptMatch) -> Match {
        let KeptMatch { record, at_us, who, term, text } = kept;
        Match { record: EventId(record), at: Instant(at_us), who, term, text }
    }
}

/// Why progress could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The text is no progress.
    Broken {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It was written by a later version of the program.
    Newer(u32),
    /// It is too long to be one.
    TooLarge(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Broken { line, column, message } => {
                write!(f, "progress is damaged at line {line}, column {column}: {message}")
            }
            Damage::Newer(version) => {
                write!(f, "progress is of version {version}; this program knows {VERSION}")
            }
            Damage::TooLarge(bytes) => {
                write!(f, "progress has {bytes} bytes; at most {BYTES_MAX} are read")
            }
        }
    }
}

impl std::error::Error for Damage {}

impl Progress {
    /// Reads what was kept.
    ///
    /// # Errors
    /// Says where and how it is damaged, or that it is of a later version.
    pub fn read(text: &str) -> Result<Progress, Damage> {
        /// The part that every version has.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        if text.len() > BYTES_MAX {
            return Err(Damage::TooLarge(text.len()));
        }
        let broken = |error: serde_json::Error| Damage::Broken {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        };
        let Version { version } = serde_json::from_str(text).map_err(broken)?;
        if version > VERSION {
            return Err(Damage::Newer(version));
        }
        serde_json::from_str(text).map_err(broken)
    }

    /// Writes it as text.
    pub fn write(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with names for keys")
    }

    /// Takes in what was kept elsewhere: nothing that was finished or answered is lost, and where
    /// both know an answer, this one's stays.
    pub fn merge(&mut self, other: Progress) {
        for (name, theirs) in other.lessons {
            match self.lessons.get_mut(&name) {
                Some(ours) => ours.merge(theirs),
                None => drop(self.lessons.insert(name, theirs)),
            }
        }
    }
}

impl LessonProgress {
    /// Takes in what was kept of the same lesson elsewhere.
    pub fn merge(&mut self, other: LessonProgress) {
        for (name, answer) in other.answers {
            self.answers.entry(name).or_insert(answer);
        }
        self.finished = self.finished.max(other.finished);
        if other.reached > self.reached {
            (self.reached, self.place, self.lesson) = (other.reached, other.place, other.lesson);
        }
    }

    /// Lists the answers that were wrong, the surest first: these are corrected best (Butterfield
    /// and Metcalfe 2001).
    pub fn errors(&self) -> Vec<(&str, &Answer)> {
        let wrong = self.answers.iter().filter(|(_, a)| !a.right && a.choice.is_some());
        let mut wrong: Vec<(&str, &Answer)> = wrong.map(|(name, a)| (name.as_str(), a)).collect();
        wrong.sort_by_key(|(_, answer)| std::cmp::Reverse(answer.confidence));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(confidence: u8, right: bool) -> Answer {
        Answer { choice: Some(1), confidence: Some(confidence), right, ..Answer::default() }
    }

    fn progress(reached: usize, answers: &[(&str, Answer)]) -> Progress {
        let answers = answers.iter().map(|(name, answer)| ((*name).to_owned(), answer.clone()));
        let lesson = LessonProgress { reached, answers: answers.collect(), ..Default::default() };
        let mut progress = Progress::default();
        progress.lessons.insert("l".to_owned(), lesson);
        progress
    }

    #[test]
    fn what_was_written_is_read_back() {
        let mut written = progress(3, &[("when", answer(2, false))]);
        let start = Start { moves: 7, at_us: 9, record: 3 };
        written.lessons.get_mut("l").expect("it is there").place =
            Some(Place { starts: vec![start], ..Place::default() });
        assert_eq!(Progress::read(&written.write()), Ok(written));
    }

    #[test]
    fn damage_is_named_with_its_place_and_a_later_version_is_told_apart() {
        let text = progress(3, &[]).write();
        let cut = &text[..text.len() / 2];
        let damage = Progress::read(cut).expect_err("half of it is none");
        assert!(matches!(damage, Damage::Broken { line: 2.., .. }), "{damage}");
        assert!(Progress::read("").is_err());
        assert!(Progress::read("{\"version\": 1, \"lessons\": {}, \"more\": 1}").is_err());
        let newer = Progress::read("{\"version\": 9, \"shape\": \"other\"}");
        assert_eq!(newer, Err(Damage::Newer(9)));
    }

    #[test]
    fn a_merge_loses_nothing_and_keeps_the_first_answer() {
        let mut ours = progress(2, &[("a", answer(3, false))]);
        ours.merge(progress(5, &[("a", answer(1, true)), ("b", answer(1, true))]));
        let merged = &ours.lessons["l"];
        assert_eq!(merged.reached, 5);
        assert_eq!(merged.answers["a"], answer(3, false));
        assert_eq!(merged.answers["b"], answer(1, true));
    }

    #[test]
    fn confident_errors_come_first() {
        let all = [("a", answer(1, false)), ("b", answer(3, false)), ("c", answer(3, true))];
        let progress = progress(1, &all);
        let names: Vec<&str> =
            progress.lessons["l"].errors().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a"]);
    }
}
