//! Lessons: predict, break, see, explain.
//!
//! Here: a lesson as a file writes it (`lesson`), what may come true in a run (`predicate`), texts
//! with slots that the run fills (`slots`), the tutor that leads through the beats over a session
//! (`tutor`), the page that it shows (`page`), what is kept of a learner's answers (`progress`),
//! and the linter that plays every lesson by each of its ways (`lint`).
//!
//! Absent on purpose: scripted outcomes. A lesson names a world and asks; what happens is what the
//! run does, and a beat is judged by what came true, never by which keys were pressed. Drawing is
//! for `tui`, files are for `files`; due dates and spaced review are not here yet.
//!
//! To add a lesson: a file in `lessons/`, and its line in `LESSONS`. To add a predicate: a variant
//! of `Predicate` and its arms in `predicate`, `names` and `words`. To add a kind of beat: a
//! variant of `Beat` and its arms in `check`, `tutor`, `screen` and `play`.

mod check;
mod checkpoint;
mod conduct;
pub mod lesson;
pub mod lint;
mod names;
pub mod page;
pub mod play;
pub mod predicate;
pub mod progress;
mod screen;
pub mod slots;
pub mod tutor;
mod words;

pub use conduct::GRACE;
pub use lesson::{Beat, Lesson, read_lesson};
pub use lint::lint;
pub use page::Page;
pub use play::{Choices, Transcript, play};
pub use predicate::{Look, Match, Predicate};
pub use progress::{Damage, LessonProgress, Progress};
pub use tutor::{Input, Tutor};

use crate::lab::Report;

/// The lessons that come with the program, in the order in which they build on each other: the name
/// by which each is opened, and its text.
pub const LESSONS: &[(&str, &str)] =
    &[("fault-error-failure", include_str!("../../lessons/l01-fault-error-failure.ron"))];

/// Finds and reads a lesson that comes with the program; `None` where there is none of that name.
///
/// # Errors
/// Where its text is no lesson, which a test rules out.
pub fn find(name: &str) -> Option<Result<Lesson, Report>> {
    let (_, text) = LESSONS.iter().find(|(known, _)| *known == name)?;
    Some(read_lesson(name, text))
}
