//! Plays a lesson without anybody at the keys, by given choices: for the linter and for tests.

use super::checkpoint::Start;
use super::lesson::{Beat, Lesson, Question, Tag};
use super::page::Page;
use super::progress::LessonProgress;
use super::tutor::{Input, Tutor};

/// How questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// All right.
    Right,
    /// All wrong, each by its wrong answer of this place among the wrong ones, from 0; by its last
    /// where it has fewer.
    Wrong(usize),
    /// None at all.
    Skipped,
}

/// How a lesson is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// How questions and labels are answered.
    pub answers: Answers,
    /// Which solution does each task, from 0; the last where it has fewer.
    pub solution: usize,
}

/// Something that did not go as the lesson has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// At which beat, from 0.
    pub beat: usize,
    /// What.
    pub what: TroubleKind,
}

/// What did not go as the lesson has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// A task's goal holds before anything is done.
    DoneBefore,
    /// A solution does not fulfil its task.
    Unsolved(usize),
    /// What is watched for does not come.
    Unseen,
    /// The event of a label does not happen.
    NoEvent,
    /// A slot of the page, or an event that it speaks of, is not in the run.
    Missing(String),
    /// The tutor did not go on.
    Stuck(&'static str),
}

/// What was shown on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Each page as it stood when it was left.
    pub pages: Vec<Page>,
    /// What did not go as the lesson has it.
    pub troubles: Vec<Trouble>,
    /// Whether the lesson came to its end.
    pub over: bool,
    /// What would be kept.
    pub progress: LessonProgress,
    /// Where the run stood at the end.
    pub end: Start,
    /// A hash of the whole run.
    pub digest: u64,
}

impl Transcript {
    /// Writes all pages as text.
    pub fn plain(&self) -> String {
        self.pages.iter().map(Page::plain).collect::<Vec<_>>().join("\n")
    }
}

/// Plays a lesson to its end.
pub fn play(lesson: &Lesson, choices: Choices) -> Transcript {
    let (mut tutor, mut session) = Tutor::begin(lesson.clone(), LessonProgress::default());
    let mut transcript = Transcript::default();
    while !tutor.is_over() {
        let at = tutor.at();
        let trouble = |what| Trouble { beat: at, what };
        match &lesson.beats[at] {
            Beat::Say(_) | Beat::Explain(_) => {}
            Beat::Predict(question) | Beat::Quiz(question) => {
                for input in answer(question, choices.answers) {
                    // The confidence closes a prediction; its last page is the one before.
                    if input == Input::Skip || matches!(tutor.beat(), Beat::Predict(_)) {
                        transcript.pages.push(tutor.screen(&session));
                    }
                    if let Err(why) = tutor.step(&mut session, input) {
                        transcript.troubles.push(trouble(TroubleKind::Stuck(why)));
                    }
                }
            }
            Beat::Label(label) => {
                if tutor.is_missed() {
                    transcript.troubles.push(trouble(TroubleKind::NoEvent));
                } else {
                    let input = name(label.answer, choices.answers);
                    if let Err(why) = tutor.step(&mut session, input) {
                        transcript.troubles.push(trouble(TroubleKind::Stuck(why)));
                    }
                }
            }
            Beat::Do(task) => {
                tutor.judge(&session);
                if tutor.is_closed() {
                    transcript.troubles.push(trouble(TroubleKind::DoneBefore));
                }
                let solution = choices.solution.min(task.solutions.len().saturating_sub(1));
                if tutor.show(&mut session, solution).is_err() {
                    transcript.troubles.push(trouble(TroubleKind::Unsolved(solution)));
                    break;
                }
            }
            Beat::Watch(_) => {
                if tutor.step(&mut session, Input::Skip).is_err() || tutor.is_missed() {
                    transcript.troubles.push(trouble(TroubleKind::Unseen));
                }
            }
        }
        if tutor.at() != at {
            continue;
        }
        let (page, missing) = tutor.write(&session);
        let missing = missing.into_iter().map(|slot| trouble(TroubleKind::Missing(slot)));
        if !tutor.is_missed() {
            transcript.troubles.extend(missing);
        }
        transcript.pages.push(page);
        if let Err(why) = tutor.step(&mut session, Input::Next) {
            transcript.troubles.push(trouble(TroubleKind::Stuck(why)));
            break;
        }
    }
    transcript.over = tutor.is_over();
    transcript.progress = tutor.progress(&session);
    transcript.end = Start::of(&session);
    transcript.digest = session.digest();
    transcript
}

fn answer(question: &Question, answers: Answers) -> Vec<Input> {
    let right = question.options.iter().position(super::lesson::Choice::is_right);
    let mut wrong = (0..question.options.len()).filter(|k| Some(*k) != right);
    let choice = match answers {
        Answers::Skipped => None,
        Answers::Right => right,
        Answers::Wrong(k) => wrong.clone().nth(k).or(wrong.next_back()),
    };
    let Some(choice) = choice else { return vec![Input::Skip] };
    let mut inputs = vec![Input::Digit(choice as u8 + 1), Input::Digit(3)];
    if question.reason {
        inputs.push(Input::Reason("because".to_owned()));
    }
    inputs
}

fn name(tag: Tag, answers: Answers) -> Input {
    let right = Tag::ALL.iter().position(|known| *known == tag).unwrap_or(0);
    match answers {
        Answers::Right => Input::Digit(right as u8 + 1),
        Answers::Wrong(k) => Input::Digit(((right + 1 + k % 2) % Tag::ALL.len()) as u8 + 1),
        Answers::Skipped => Input::Skip,
    }
}
