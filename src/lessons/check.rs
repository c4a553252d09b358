//! What a lesson must keep beyond its syntax, each rule with the path to what breaks it.

use std::collections::BTreeSet;

use crate::faults;
use crate::lab::Problem;
use crate::lab::place::Step::{self, Field, Item};
use crate::sim::Span;

use super::lesson::{Beat, Choice, Explain, Label, Lesson, Move, Question, Task, Watch};
use super::names::{self, Scope};
use super::slots::{FIELDS, Piece, RUN, SEEN, SETTINGS, pieces};

/// How many beats a lesson may have.
pub const BEATS_MAX: usize = 100;
/// How long a lesson may take, in minutes: what nobody sits through is two lessons.
pub const MINUTES_MAX: u32 = 60;
/// How many answers a question may have: what one hand can show.
pub const OPTIONS_MAX: usize = 4;
/// How long a watch may last.
pub const WATCH_MAX: Span = Span::secs(60);
/// How many solutions, and moves of one, a task may have.
pub const SOLUTIONS_MAX: usize = 16;
/// How many characters a name may have.
pub const NAME_CHARS_MAX: usize = 40;

type Problems = Vec<Problem>;

/// Lists all that is wrong with a lesson, in the order of its file.
pub(super) fn lesson(lesson: &Lesson) -> Problems {
    let mut problems = Problems::new();
    head(lesson, &mut problems);
    let scenario = lesson.scenario();
    if let Err(problem) = scenario.check() {
        problems.push(problem.under(&[Field("scenario")]));
    }
    let path = [Field("beats")];
    if lesson.beats.is_empty() || lesson.beats.len() > BEATS_MAX {
        let message = format!("{} beats are out of range", lesson.beats.len());
        problems.push(Problem::at(&path, message, format!("1 to {BEATS_MAX} beats")));
    }
    let mut reader = Reader {
        scope: Scope { nodes: scenario.nodes, events: BTreeSet::new() },
        names: BTreeSet::new(),
        open: Vec::new(),
        problems,
    };
    for (k, beat) in lesson.beats.iter().enumerate() {
        reader.beat(beat, &[path[0], Item(k)]);
    }
    for (question, path) in std::mem::take(&mut reader.open) {
        let name = &question.name;
        let message = format!("nothing ever answers the prediction `{name}`");
        let expected = format!("a later Explain with `compares: \"{name}\"`");
        reader.wrong(&path, "name", message, expected);
    }
    reader.problems
}

fn head(lesson: &Lesson, problems: &mut Problems) {
    for (field, text) in [("title", &lesson.title), ("goal", &lesson.goal)] {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            problems.push(Problem::at(&[Field(field)], "this says nothing", "one line of text"));
        }
    }
    if !(1..=MINUTES_MAX).contains(&lesson.minutes) {
        let message = format!("`{}` minutes are out of range", lesson.minutes);
        let expected = format!("1 to {MINUTES_MAX}");
        problems.push(Problem::at(&[Field("minutes")], message, expected));
    }
    if lesson.sources.is_empty() {
        let path = [Field("sources")];
        problems.push(Problem::at(&path, "the lesson names no source", "at least one source"));
    }
    for (k, source) in lesson.sources.iter().enumerate() {
        if source.trim().is_empty() {
            let path = [Field("sources"), Item(k)];
            problems.push(Problem::at(&path, "this names no source", "authors, title, year"));
        }
    }
}

/// What is known while a lesson is read from its first beat to its last.
struct Reader<'a> {
    scope: Scope,
    names: BTreeSet<String>,
    /// Predictions that nothing has answered yet, with their places.
    open: Vec<(&'a Question, Vec<Step>)>,
    problems: Problems,
}

impl<'a> Reader<'a> {
    fn wrong(
        &mut self,
        path: &[Step],
        field: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let path = [path, &[Field(field)]].concat();
        self.problems.push(Problem::at(&path, message, expected));
    }

    fn beat(&mut self, beat: &'a Beat, path: &[Step]) {
        self.name(beat.name(), &[path, &[Field("name")]].concat());
        match beat {
            Beat::Say(say) => self.text(&say.text, path, "text", false),
            Beat::Predict(question) => {
                self.question(question, path, true);
                self.open.push((question, path.to_vec()));
            }
            Beat::Quiz(question) => self.question(question, path, false),
            Beat::Do(task) => self.task(task, path),
            Beat::Watch(watch) => self.watch(watch, path),
            Beat::Label(label) => self.label(label, path),
            Beat::Explain(explain) => self.explain(explain, path),
        }
    }

    /// Checks a new name, of a beat or an event.
    fn name(&mut self, name: &str, path: &[Step]) {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
        let (message, expected) = if !fits || !name.chars().all(plain) {
            let expected = format!("1 to {NAME_CHARS_MAX} letters, digits, `-` or `_`");
            (format!("`{name}` is no name"), expected)
        } else if name == SEEN || name == RUN {
            (format!("the name `{name}` is taken"), "a name of its own".to_owned())
        } else if !self.names.insert(name.to_owned()) {
            (format!("the name `{name}` is given twice"), "a name of its own".to_owned())
        } else {
            return;
        };
        self.problems.push(Problem::at(path, message, expected));
    }

    /// Checks that a text says something and that its slots can be filled by then.
    fn text(&mut self, text: &str, path: &[Step], field: &'static str, seen: bool) {
        if text.trim().is_empty() {
            self.wrong(path, field, "this says nothing", "some words");
            return;
        }
        let path = [path, &[Field(field)]].concat();
        self.slots(text, &path, seen);
    }

    fn slots(&mut self, text: &str, path: &[Step], seen: bool) {
        let found = match pieces(text) {
            Ok(found) => found,
            Err(piece) => {
                let short: String = piece.chars().take(NAME_CHARS_MAX).collect();
                let message = format!("`{short}` is no slot");
                let expected = "a name and a field, such as `{back.time}`";
                self.problems.push(Problem::at(path, message, expected));
                return;
            }
        };
        for piece in found {
            let Piece::Slot(name, field) = piece else { continue };
            if name == RUN {
                let settings = SETTINGS.into_iter();
                names::known(field, "setting of the run", settings, path, &mut self.problems);
                continue;
            }
            let fields = FIELDS.iter().map(|(known, _)| *known);
            names::known(field, "field of an event", fields, path, &mut self.problems);
            if name == SEEN && !seen {
                let message = "`seen` is not known here";
                let expected = "it in a reply whose answer names an event";
                self.problems.push(Problem::at(path, message, expected));
            } else if name != SEEN {
                names::event(name, path, &self.scope, &mut self.problems);
            }
        }
    }

    fn question(&mut self, question: &Question, path: &[Step], predicts: bool) {
        self.text(&question.question, path, "question", false);
        let count = question.options.len();
        if !(2..=OPTIONS_MAX).contains(&count) {
            let message = format!("{count} answers are out of range");
            self.wrong(path, "options", message, format!("2 to {OPTIONS_MAX} answers"));
        }
        let right = question.options.iter().filter(|choice| choice.is_right()).count();
        if right != 1 {
            let message = format!("{right} answers are right");
            self.wrong(path, "options", message, "exactly one `Right`");
        }
        for (k, choice) in question.options.iter().enumerate() {
            let path = [path, &[Field("options"), Item(k)]].concat();
            self.choice(choice, &path, predicts);
        }
    }

    fn choice(&mut self, choice: &Choice, path: &[Step], predicts: bool) {
        self.text(choice.text(), path, "text", false);
        if choice.misconception().is_some_and(|model| model.trim().is_empty()) {
            let expected = "the model of the world behind this answer, in a few words";
            self.wrong(path, "misconception", "this names no misconception", expected);
        }
        // What a prediction is answered with is said later, when more events have names.
        let events = choice.evidence();
        if !predicts {
            self.reply(choice, path);
        } else if events.is_none() && !choice.is_right() {
            let message = "nothing in the run refutes this answer";
            let expected = "`refuted_by:` an event of the run";
            self.problems.push(Problem::at(path, message, expected));
        }
    }

    /// Checks a reply and its event by what is known when it is said.
    fn reply(&mut self, choice: &Choice, path: &[Step]) {
        self.text(choice.reply(), path, "reply", choice.evidence().is_some());
        if let Some(predicate) = choice.evidence() {
            let field = if choice.is_right() { "shown_by" } else { "refuted_by" };
            let path = [path, &[Field(field)]].concat();
            names::predicate(predicate, &path, &self.scope, &mut self.problems);
        }
    }

    fn task(&mut self, task: &Task, path: &[Step]) {
        self.text(&task.task, path, "task", false);
        let goal = [path, &[Field("goal")]].concat();
        names::predicate(&task.goal, &goal, &self.scope, &mut self.problems);
        if task.hints.is_empty() {
            self.wrong(path, "hints", "there is no hint", "at least one");
        }
        for (k, hint) in task.hints.iter().enumerate() {
            self.slots(hint, &[path, &[Field("hints"), Item(k)]].concat(), false);
        }
        if task.solutions.is_empty() || task.solutions.len() > SOLUTIONS_MAX {
            let message = format!("{} solutions are out of range", task.solutions.len());
            self.wrong(path, "solutions", message, format!("1 to {SOLUTIONS_MAX} solutions"));
        }
        for (k, solution) in task.solutions.iter().enumerate() {
            let path = [path, &[Field("solutions"), Item(k)]].concat();
            if solution.is_empty() || solution.len() > SOLUTIONS_MAX {
                let message = format!("{} moves are out of range", solution.len());
                let expected = format!("1 to {SOLUTIONS_MAX} moves");
                self.problems.push(Problem::at(&path, message, expected));
            }
            for (k, step) in solution.iter().enumerate() {
                self.step(step, &[&path[..], &[Item(k)]].concat());
            }
        }
        self.scope.events.insert(task.name.clone());
    }

    fn step(&mut self, step: &Move, path: &[Step]) {
        let Move::Inject(fault) = step else { return };
        if let Err(wrong) = faults::check(fault, self.scope.nodes) {
            let mut path = [path, &[Item(0), Field(wrong.field)]].concat();
            if let Some(member) = wrong.member {
                path.extend([Item(0), Item(member)]);
            } else if wrong.names_a_node {
                path.push(Item(0));
            }
            self.problems.push(Problem::at(&path, wrong.message, wrong.expected));
        }
    }

    fn watch(&mut self, watch: &Watch, path: &[Step]) {
        self.text(&watch.text, path, "text", false);
        let until = [path, &[Field("until")]].concat();
        names::predicate(&watch.until, &until, &self.scope, &mut self.problems);
        if watch.limit == Span::ZERO || watch.limit > WATCH_MAX {
            let message = format!("`{}` is out of range", watch.limit);
            self.wrong(path, "limit", message, format!("a duration up to {WATCH_MAX}"));
        }
        self.scope.events.insert(watch.name.clone());
    }

    fn label(&mut self, label: &Label, path: &[Step]) {
        let event = [path, &[Field("event")]].concat();
        names::predicate(&label.event, &event, &self.scope, &mut self.problems);
        if label.boundary.trim().is_empty() {
            let expected = "whose boundary, such as \"the disk\"";
            self.wrong(path, "boundary", "this names no boundary", expected);
        }
        self.scope.events.insert(label.name.clone());
        self.text(&label.reason, path, "reason", false);
    }

    fn explain(&mut self, explain: &Explain, path: &[Step]) {
        for (k, event) in explain.events.iter().enumerate() {
            let path = [path, &[Field("events"), Item(k)]].concat();
            self.name(&event.name, &[&path[..], &[Field("name")]].concat());
            let is = [&path[..], &[Field("is")]].concat();
            names::predicate(&event.is, &is, &self.scope, &mut self.problems);
            self.scope.events.insert(event.name.clone());
        }
        self.text(&explain.text, path, "text", false);
        let Some(name) = &explain.compares else { return };
        let Some(place) = self.open.iter().position(|(open, _)| open.name == *name) else {
            let path = [path, &[Field("compares")]].concat();
            let open = self.open.iter().map(|(open, _)| open.name.as_str());
            let what = "prediction that waits for its answer";
            names::known(name, what, open, &path, &mut self.problems);
            return;
        };
        let (question, path) = self.open.remove(place);
        for (k, choice) in question.options.iter().enumerate() {
            self.reply(choice, &[&path[..], &[Field("options"), Item(k)]].concat());
        }
    }
}
