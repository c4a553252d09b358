//! The linter: what a lesson's author is told, with the place in the file.
//!
//! It reads the lesson, measures its texts, and plays it to its end by each solution of its tasks
//! and by each wrong answer: an event that a reply refers to must be there in the run.

use crate::lab::place::Step::{self, Field, Item};
use crate::lab::{Problem, Report};

use super::lesson::{Beat, Lesson, read_with_problems};
use super::page::{Block, Reply};
use super::play::{Answers, Choices, Trouble, TroubleKind, play};

/// How many words a beat may have that the learner reads before doing anything: half a minute.
pub const BEAT_WORDS_MAX: usize = 80;
/// How fast a text of this kind is read, in words a minute: a choice of ours on the slow side, as
/// not all read in their first language.
pub const WORDS_PER_MINUTE: usize = 200;

/// Lints a lesson from its file's text; nothing found means that it is fit to be taught.
pub fn lint(name: &str, text: &str) -> Vec<Report> {
    let (lesson, mut problems) = match read_with_problems(name, text) {
        Ok(read) => read,
        Err(report) => return vec![report],
    };
    // What cannot be right in itself is not worth playing.
    if problems.is_empty() {
        lengths(&lesson, &mut problems);
        ways(&lesson, &mut problems);
    }
    problems.into_iter().map(|problem| problem.report(name, text)).collect()
}

fn lengths(lesson: &Lesson, problems: &mut Vec<Problem>) {
    let mut all = 0;
    for (k, beat) in lesson.beats.iter().enumerate() {
        let (field, words) = match beat {
            Beat::Say(say) => ("text", words(&say.text)),
            Beat::Predict(question) | Beat::Quiz(question) => {
                let options = question.options.iter().map(|choice| words(choice.text()));
                ("question", words(&question.question) + options.sum::<usize>())
            }
            Beat::Do(task) => ("task", words(&task.task)),
            Beat::Watch(watch) => ("text", words(&watch.text)),
            Beat::Label(label) => ("reason", words(&label.reason)),
            Beat::Explain(explain) => ("text", words(&explain.text)),
        };
        all += words;
        if words > BEAT_WORDS_MAX {
            let message = format!("{words} words are too many for one beat");
            let expected = format!("at most {BEAT_WORDS_MAX} words");
            problems.push(Problem::at(&[Field("beats"), Item(k), Field(field)], message, expected));
        }
    }
    let minutes = all.div_ceil(WORDS_PER_MINUTE);
    if minutes > lesson.minutes as usize {
        let message = format!("to read it alone takes {minutes} minutes");
        let expected = format!("at least {minutes} minutes, or fewer words");
        problems.push(Problem::at(&[Field("minutes")], message, expected));
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Lists the ways by which a lesson is played: by each solution with right answers, by each wrong
/// answer, and with none.
pub fn every_way(lesson: &Lesson) -> Vec<Choices> {
    let solutions = lesson.beats.iter().map(|beat| match beat {
        Beat::Do(task) => task.solutions.len(),
        _ => 0,
    });
    let wrong = lesson.beats.iter().map(|beat| match beat {
        Beat::Predict(question) | Beat::Quiz(question) => question.options.len() - 1,
        Beat::Label(_) => 2,
        _ => 0,
    });
    let (solutions, wrong) = (solutions.max().unwrap_or(0).max(1), wrong.max().unwrap_or(0));
    let right = (0..solutions).map(|solution| Choices { answers: Answers::Right, solution });
    // Each solution is met by wrong answers too: what refutes them must be in every run.
    let wrong = (0..wrong).flat_map(|k| {
        (0..solutions).map(move |solution| Choices { answers: Answers::Wrong(k), solution })
    });
    let skipped = Choices { answers: Answers::Skipped, solution: 0 };
    right.chain(wrong).chain([skipped]).collect()
}

fn ways(lesson: &Lesson, problems: &mut Vec<Problem>) {
    for choices in every_way(lesson) {
        let transcript = play(lesson, choices);
        for trouble in &transcript.troubles {
            let problem = tell(lesson, choices, trouble);
            if !problems.iter().any(|known| known.path == problem.path) {
                problems.push(problem);
            }
        }
        let mut blocks = transcript.pages.iter().flat_map(|page| &page.blocks);
        let replied = blocks.any(|block| matches!(block, Block::Reply { to: Reply::Wrong, .. }));
        let wrong = matches!(choices.answers, Answers::Wrong(_));
        if wrong && transcript.over && !replied && asks(lesson) {
            let path = [Field("beats")];
            problems.push(Problem::at(&path, "wrong answers meet no reply", "a reply to each"));
        }
    }
}

fn asks(lesson: &Lesson) -> bool {
    let asks = |beat: &Beat| matches!(beat, Beat::Predict(_) | Beat::Quiz(_) | Beat::Label(_));
    lesson.beats.iter().any(asks)
}

fn tell(lesson: &Lesson, choices: Choices, trouble: &Trouble) -> Problem {
    let beat = [Field("beats"), Item(trouble.beat)];
    let at = |inside: &[Step]| [&beat[..], inside].concat();
    let solution = choices.solution + 1;
    match (&trouble.what, &lesson.beats[trouble.beat]) {
        (TroubleKind::DoneBefore, Beat::Do(task)) => {
            let message = format!("nothing is left to do: {}", task.goal);
            Problem::at(&at(&[Field("goal")]), message, "a goal that does not hold yet")
        }
        (TroubleKind::Unsolved(solution), Beat::Do(task)) => {
            let message = format!("this solution does not fulfil the task: {}", task.goal);
            let path = at(&[Field("solutions"), Item(*solution)]);
            Problem::at(&path, message, "moves that bring the goal about")
        }
        (TroubleKind::Unseen, Beat::Watch(watch)) => {
            let message =
                format!("this does not come within {} by solution {solution}", watch.limit);
            Problem::at(&at(&[Field("until")]), message, "what every run of the lesson has")
        }
        (TroubleKind::NoEvent, Beat::Label(label)) => {
            let message = format!("no such event by solution {solution}: {}", label.event);
            Problem::at(&at(&[Field("event")]), message, "an event that every run has")
        }
        (TroubleKind::Missing(what), Beat::Explain(_) | Beat::Quiz(_)) => {
            let path = missing(lesson, trouble.beat, what).unwrap_or_else(|| at(&[Field("text")]));
            let message = format!("{what} is not in the run by solution {solution}");
            Problem::at(&path, message, "what every run of the lesson has")
        }
        (what, _) => {
            let message = format!("the lesson cannot be played on: {what:?}");
            Problem::at(&beat, message, "a beat that every run gets through")
        }
    }
}

/// Finds the answer or the event of an explanation that speaks of what is not in the run.
fn missing(lesson: &Lesson, beat: usize, what: &str) -> Option<Vec<Step>> {
    let of = |k: usize| [Field("beats"), Item(k)];
    let place = match &lesson.beats[beat] {
        Beat::Explain(explain) => {
            // A slot lacks its value where its event did not happen.
            let name = what.split_once('.').map_or(what, |(name, _)| name);
            let event = explain.events.iter().position(|event| event.name == name);
            if let Some(event) = event {
                let path = [Field("events"), Item(event), Field("is")];
                return Some([&of(beat)[..], &path[..]].concat());
            }
            let name = explain.compares.as_deref()?;
            lesson.beats.iter().position(|beat| beat.name() == name)?
        }
        Beat::Quiz(_) => beat,
        _ => return None,
    };
    let question = lesson.question(lesson.beats[place].name())?;
    let named = |text: &str| what == format!("the event behind \"{text}\"");
    let option = question.options.iter().position(|choice| named(choice.text()))?;
    let right = question.options[option].is_right();
    let field = Field(if right { "shown_by" } else { "refuted_by" });
    Some([&of(place)[..], &[Field("options"), Item(option), field]].concat())
}
