//! What a lesson shows at a moment: plain data for the screen and for a terminal that only prints.

use crate::sim::{EventId, Instant};

use super::tutor::Input;

/// A page of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The lesson's title.
    pub title: String,
    /// Which beat, from 1.
    pub beat: usize,
    /// Of how many.
    pub of: usize,
    /// The word for the beat's kind.
    pub kind: &'static str,
    /// What stands on it, from top to bottom.
    pub blocks: Vec<Block>,
    /// What may be done now.
    pub offers: Vec<Offer>,
    /// Why the experiment is locked, where it is.
    pub locked: Option<&'static str>,
}

/// Something that may be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What.
    pub input: Input,
    /// The key that does it where nobody gave it another: `enter`, `1-4`.
    pub key: String,
    /// What it does, in a word or two.
    pub does: &'static str,
}

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Words, in Markdown.
    Text(String),
    /// What is asked.
    Question(String),
    /// An answer that may be chosen.
    Choice {
        /// The digit that chooses it.
        digit: u8,
        /// The answer.
        text: String,
        /// How it stands.
        mark: Mark,
    },
    /// Asks how sure the learner is, from 1 to 3.
    Confidence,
    /// Asks for one line of the learner's own.
    Reason,
    /// What is to be brought about.
    Task {
        /// The task.
        text: String,
        /// Whether it is done.
        done: bool,
    },
    /// An event of the run.
    Event {
        /// Its record.
        record: EventId,
        /// When.
        at: Instant,
        /// It in words.
        text: String,
    },
    /// What was predicted beside what was seen.
    Sides {
        /// What was predicted, with how sure.
        predicted: String,
        /// What was seen.
        seen: String,
        /// Whether they agree; `None` where nothing was predicted.
        agree: Option<bool>,
    },
    /// What is said to an answer.
    Reply {
        /// To which.
        to: Reply,
        /// The misconception behind it.
        misconception: Option<String>,
        /// Why.
        text: String,
    },
    /// A hint.
    Hint {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// The hint.
        text: String,
    },
    /// Where it comes from.
    Source(String),
}

/// To what a reply is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To the learner's right answer.
    Right,
    /// To the learner's wrong answer.
    Wrong,
    /// To the right answer, which the learner did not give.
    Told,
}

impl Reply {
    /// Returns how the reply begins.
    pub const fn word(self) -> &'static str {
        match self {
            Reply::Right => "Right.",
            Reply::Wrong => "Not so.",
            Reply::Told => "The right answer:",
        }
    }
}

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It may be chosen.
    Open,
    /// It was chosen, and nothing is said of it yet.
    Chosen,
    /// It is the right one.
    Right,
    /// It was chosen and is wrong.
    Wrong,
    /// It was not chosen, and is wrong.
    Other,
}

impl Mark {
    /// Returns the glyph; the word beside it is in `word`.
    pub const fn glyph(self) -> char {
        match self {
            Mark::Open | Mark::Other => '○',
            Mark::Chosen => '●',
            Mark::Right => '✓',
            Mark::Wrong => '✖',
        }
    }

    /// Returns the word, where the answer is no longer open.
    pub const fn word(self) -> &'static str {
        match self {
            Mark::Open | Mark::Other => "",
            Mark::Chosen => "your answer",
            Mark::Right => "right",
            Mark::Wrong => "your answer, wrong",
        }
    }
}

impl Page {
    /// Writes the page as lines of text, for a terminal that only prints.
    pub fn plain(&self) -> String {
        let mut text = format!("{} ({}/{}, {})\n", self.title, self.beat, self.of, self.kind);
        let mut last: Option<&Block> = None;
        for block in &self.blocks {
            if !last.is_some_and(|last| last.goes_on(block)) {
                text.push('\n');
            }
            text.push_str(&block.plain());
            text.push('\n');
            last = Some(block);
        }
        let offers = self.offers.iter().map(|offer| format!("{}: {}", offer.key, offer.does));
        let offers = offers.collect::<Vec<_>>().join(" | ");
        if !offers.is_empty() {
            text.extend(["\n", &offers, "\n"]);
        }
        text
    }
}

impl Block {
    /// Returns whether another block belongs to this one, so that no empty line parts them.
    pub const fn goes_on(&self, next: &Block) -> bool {
        matches!(
            (self, next),
            (Block::Choice { .. }, Block::Choice { .. })
                | (Block::Event { .. } | Block::Reply { .. }, Block::Event { .. })
                | (Block::Task { .. }, Block::Event { .. })
                | (Block::Source(_), Block::Source(_))
        )
    }

    /// Writes the block as text.
    pub fn plain(&self) -> String {
        match self {
            Block::Text(text) => text.trim_end().to_owned(),
            Block::Question(text) => text.clone(),
            Block::Choice { digit, text, mark } => match mark.word() {
                "" => format!("  {digit}  {text}"),
                word => format!("  {digit}  {text} [{word}]"),
            },
            Block::Confidence => HOW_SURE.to_owned(),
            Block::Reason => WHY.to_owned(),
            Block::Task { text, done } => {
                format!("[{}] {text}", if *done { "done" } else { "to do" })
            }
            Block::Event { record, at, text } => format!("  {at} {record}  {text}"),
            Block::Sides { predicted, seen, agree } => {
                let word = agreement(*agree);
                format!("Predicted: {predicted}\nSeen:      {seen}\n           {word}")
            }
            Block::Reply { to, misconception, text } => {
                let model = misconception
                    .as_ref()
                    .map_or_else(String::new, |model| format!(" {IDEA} {model}."));
                format!("{}{model} {text}", to.word())
            }
            Block::Hint { number, of, text } => format!("Hint {number} of {of}: {text}"),
            Block::Source(text) => format!("  source: {text}"),
        }
    }
}

/// The question that follows an answer.
pub const HOW_SURE: &str = "How sure are you? 1 a guess, 2 rather sure, 3 certain";
/// The question that may follow that.
pub const WHY: &str = "Why? One line of yours, or nothing.";
/// How the misconception behind an answer is named.
pub const IDEA: &str = "The idea behind it:";

/// Says whether what was predicted is what was seen.
pub const fn agreement(agree: Option<bool>) -> &'static str {
    match agree {
        Some(true) => "(they agree)",
        Some(false) => "(they differ)",
        None => "(no prediction was made)",
    }
}

/// Returns the word for how sure somebody is.
pub const fn sureness(confidence: u8) -> &'static str {
    match confidence {
        0 | 1 => "a guess",
        2 => "rather sure",
        _ => "certain",
    }
}
