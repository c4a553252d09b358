//! A lesson as a file writes it: a world, and the beats that lead through it.

use serde::{Deserialize, Serialize};

use crate::faults::FaultSpec;
use crate::lab::place::Step::{Field, Item};
use crate::lab::wording::{did_you_mean, one_of};
use crate::lab::{Problem, Report, Scenario, embedded, read_ron, read_scenario};
use crate::sim::{FaultId, Span};

use super::check;
use super::predicate::Predicate;

/// A lesson. Any text in it may have slots, such as `{back.time}`, that the run fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// One line.
    pub title: String,
    /// What one can do after it, in one sentence.
    pub goal: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// What it rests on, at least one source.
    pub sources: Vec<String>,
    /// The world.
    pub scenario: World,
    /// The seed of the run.
    pub seed: u64,
    /// What is said, asked and done, in this order.
    pub beats: Vec<Beat>,
}

/// The world of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum World {
    /// A scenario that stands in the lesson itself.
    Inline(Box<Scenario>),
    /// A scenario that comes with the program, by its name. Read, it is as if it stood here.
    Named(String),
}

/// One step of a lesson. Its name is how later beats speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Beat {
    /// Says something.
    Say(Say),
    /// Asks what will happen; the experiment stays locked until the answer and its confidence are
    /// given. A later `Explain` compares the answer with what was seen.
    Predict(Question),
    /// Sets a task, which is done when its goal holds, however that came about.
    Do(Task),
    /// Lets time run until something comes true, and pauses there.
    Watch(Watch),
    /// Shows an event and asks what it is, at a boundary.
    Label(Label),
    /// Explains by the events of this run.
    Explain(Explain),
    /// Asks, and answers at once.
    Quiz(Question),
}

/// Some words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The beat's name.
    pub name: String,
    /// Markdown.
    pub text: String,
}

/// A question with options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The beat's name.
    pub name: String,
    /// The question.
    pub question: String,
    /// Two to four answers; exactly one is right.
    pub options: Vec<Choice>,
    /// Whether one line of reason is asked for; it may be left empty.
    #[serde(default)]
    pub reason: bool,
}

/// One answer that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Choice {
    /// The right one.
    Right {
        /// The answer.
        text: String,
        /// Why it is right; `{seen.…}` speaks of the event that shows it.
        reply: String,
        /// The event of this run that shows it.
        #[serde(default)]
        shown_by: Option<Predicate>,
    },
    /// A wrong one.
    Wrong {
        /// The answer.
        text: String,
        /// The model of the world that is behind it, in a few words.
        misconception: String,
        /// Why it is wrong; `{seen.…}` speaks of the event that refutes it.
        reply: String,
        /// The event of this run that refutes it; a prediction must have one.
        #[serde(default)]
        refuted_by: Option<Predicate>,
    },
}

/// What the learner must bring about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The beat's name; later beats speak by it of the event that fulfilled the goal.
    pub name: String,
    /// The task.
    pub task: String,
    /// What must come true.
    pub goal: Predicate,
    /// Hints, each saying more than the one before.
    pub hints: Vec<String>,
    /// Ways to bring it about, for the linter and for whoever wants to be shown.
    pub solutions: Vec<Vec<Move>>,
}

/// One move of a solution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Move {
    /// Injects a fault.
    Inject(FaultSpec),
    /// Heals a fault, by its number in the run.
    Heal(FaultId),
    /// Turns a switch.
    Set {
        /// Which.
        switch: String,
        /// How it shall stand.
        on: bool,
    },
    /// Lets so much virtual time go by.
    Wait(Span),
}

/// Something to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The beat's name; later beats speak by it of the event at which the run paused.
    pub name: String,
    /// What to look at.
    pub text: String,
    /// Where the run pauses.
    pub until: Predicate,
    /// How much virtual time may go by before it is given up.
    pub limit: Span,
}

/// What something is, at a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tag {
    /// The adjudged cause of an error.
    Fault,
    /// The part of the state that may lead to a failure.
    Error,
    /// The service departs from what is right.
    Failure,
}

impl Tag {
    /// Every tag, in the order of the chain.
    pub const ALL: [Tag; 3] = [Tag::Fault, Tag::Error, Tag::Failure];

    /// Returns the word.
    pub const fn word(self) -> &'static str {
        match self {
            Tag::Fault => "fault",
            Tag::Error => "error",
            Tag::Failure => "failure",
        }
    }
}

/// An event to be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The beat's name; later beats speak by it of the event.
    pub name: String,
    /// The event.
    pub event: Predicate,
    /// At whose boundary: `the disk`, `the replica`, `the store`.
    pub boundary: String,
    /// What it is there.
    pub answer: Tag,
    /// Why.
    pub reason: String,
}

/// An explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The beat's name.
    pub name: String,
    /// Markdown.
    pub text: String,
    /// Events of this run that the text speaks of, shown below it.
    #[serde(default)]
    pub events: Vec<Named>,
    /// The name of an earlier prediction, which is set beside what was seen.
    #[serde(default)]
    pub compares: Option<String>,
}

/// An event by a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The event.
    pub is: Predicate,
}

/// Reads a lesson from a file's text and checks it.
///
/// # Errors
/// Where the text is no lesson or says what cannot be: with file, line, column, the offending text
/// and what was expected.
pub fn read_lesson(name: &str, text: &str) -> Result<Lesson, Report> {
    let (lesson, problems) = read_with_problems(name, text)?;
    match problems.into_iter().next() {
        Some(problem) => Err(problem.report(name, text)),
        None => Ok(lesson),
    }
}

/// Reads a lesson and lists all that is wrong with it, in the order of its file.
pub(super) fn read_with_problems(name: &str, text: &str) -> Result<(Lesson, Vec<Problem>), Report> {
    let mut lesson: Lesson = read_ron(name, text)?;
    if let World::Named(named) = &lesson.scenario {
        let scenario = find_scenario(named).map_err(|problem| problem.report(name, text))?;
        lesson.scenario = World::Inline(Box::new(scenario));
    }
    let problems = check::lesson(&lesson);
    Ok((lesson, problems))
}

fn find_scenario(name: &str) -> Result<Scenario, Problem> {
    let text = embedded::find(name).ok_or_else(|| {
        let known: Vec<&str> = embedded::SCENARIOS.iter().map(|(known, _)| *known).collect();
        let path = [Field("scenario"), Item(0)];
        let message = format!("`{name}` is no scenario of the program");
        let mut problem = Problem::at(&path, message, one_of(&known));
        problem.help = did_you_mean(name, &known);
        problem
    })?;
    Ok(read_scenario(name, text).expect("a test reads every scenario that comes along"))
}

impl Lesson {
    /// Returns the scenario of the world.
    pub fn scenario(&self) -> &Scenario {
        match &self.scenario {
            World::Inline(scenario) => scenario,
            World::Named(name) => panic!("reading a lesson puts `{name}` in its place"),
        }
    }

    /// Finds a question by its name.
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.beats.iter().find_map(|beat| match beat {
            Beat::Predict(question) | Beat::Quiz(question) if question.name == name => {
                Some(question)
            }
            _ => None,
        })
    }
}

impl Beat {
    /// Returns the beat's name.
    pub fn name(&self) -> &str {
        match self {
            Beat::Say(say) => &say.name,
            Beat::Predict(question) | Beat::Quiz(question) => &question.name,
            Beat::Do(task) => &task.name,
            Beat::Watch(watch) => &watch.name,
            Beat::Label(label) => &label.name,
            Beat::Explain(explain) => &explain.name,
        }
    }

    /// Returns the word for its kind, as the page shows it.
    pub const fn word(&self) -> &'static str {
        match self {
            Beat::Say(_) => "read",
            Beat::Predict(_) => "predict",
            Beat::Do(_) => "do",
            Beat::Watch(_) => "watch",
            Beat::Label(_) => "name it",
            Beat::Explain(_) => "explain",
            Beat::Quiz(_) => "quiz",
        }
    }
}

impl Choice {
    /// Returns the answer.
    pub fn text(&self) -> &str {
        match self {
            Choice::Right { text, .. } | Choice::Wrong { text, .. } => text,
        }
    }

    /// Returns what is said to it.
    pub fn reply(&self) -> &str {
        match self {
            Choice::Right { reply, .. } | Choice::Wrong { reply, .. } => reply,
        }
    }

    /// Returns the event of the run that shows or refutes it.
    pub fn evidence(&self) -> Option<&Predicate> {
        match self {
            Choice::Right { shown_by, .. } => shown_by.as_ref(),
            Choice::Wrong { refuted_by, .. } => refuted_by.as_ref(),
        }
    }

    /// Returns whether it is the right one.
    pub const fn is_right(&self) -> bool {
        matches!(self, Choice::Right { .. })
    }

    /// Returns the misconception behind it, where it is wrong.
    pub fn misconception(&self) -> Option<&str> {
        match self {
            Choice::Right { .. } => None,
            Choice::Wrong { misconception, .. } => Some(misconception),
        }
    }
}
