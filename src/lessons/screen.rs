//! The tutor's page: what a beat shows, and what may be done at it.

use crate::lab::Session;

use super::lesson::{Beat, Choice, Explain, Label, Question, Tag, Task, Watch};
use super::page::{Block, Mark, Offer, Page, Reply, sureness};
use super::predicate::Match;
use super::progress::Answer;
use super::slots::{Filling, NOTHING};
use super::tutor::{CONFIDENCE_MAX, Input, Stage, Tutor};

/// A page as it grows, with the slots that could not be filled.
struct Writer<'a> {
    tutor: &'a Tutor,
    session: &'a Session,
    blocks: Vec<Block>,
    missing: Vec<String>,
}

impl Tutor {
    /// Shows the page of this moment.
    pub fn screen(&self, session: &Session) -> Page {
        self.write(session).0
    }

    /// Shows the page, and lists the slots and events that this run cannot fill.
    pub(super) fn write(&self, session: &Session) -> (Page, Vec<String>) {
        let mut writer = Writer { tutor: self, session, blocks: Vec::new(), missing: Vec::new() };
        if self.away.is_some() {
            writer.words(
                "Free play: do what you like to this run. The lesson waits where you left it.",
            );
        } else {
            writer.beat();
        }
        if self.over {
            writer.sources();
        }
        let locked = self.may_act(session).err();
        let page = Page {
            title: self.lesson.title.clone(),
            beat: self.at + 1,
            of: self.lesson.beats.len(),
            kind: if self.away.is_some() { "free play" } else { self.beat().word() },
            blocks: writer.blocks,
            offers: self.offers(),
            locked,
        };
        (page, writer.missing)
    }

    fn offers(&self) -> Vec<Offer> {
        let mut offers = Vec::new();
        let mut offer = |input: Input, key: &str, does: &'static str| {
            offers.push(Offer { input, key: key.to_owned(), does });
        };
        if self.away.is_some() {
            offer(Input::FreePlay, "F", "back to the lesson");
            return offers;
        }
        match (self.beat(), self.stage) {
            (_, Stage::Chosen(_)) => {
                offer(Input::Digit(CONFIDENCE_MAX), "1-3", "how sure");
                offer(Input::Back, "backspace", "another answer");
            }
            (_, Stage::Reason) => offer(Input::Reason(String::new()), "enter", "done"),
            (_, Stage::Closed | Stage::Missed) if self.over => {}
            (_, Stage::Closed) => offer(Input::Next, "enter", "go on"),
            (_, Stage::Missed) => {
                offer(Input::Next, "enter", "go on");
                offer(Input::Restart, "r", "begin this beat again");
            }
            (Beat::Predict(question) | Beat::Quiz(question), _) => {
                let last = question.options.len() as u8;
                offer(Input::Digit(last), &format!("1-{last}"), "answer");
                offer(Input::Skip, "x", "go on without an answer");
            }
            (Beat::Label(_), _) => {
                offer(Input::Digit(3), "1-3", "name it");
                offer(Input::Skip, "x", "show the answer");
            }
            (Beat::Do(task), _) => {
                if self.hints < task.hints.len() {
                    offer(Input::Hint, "i", "hint");
                }
                offer(Input::Skip, "x", "show how");
                offer(Input::Restart, "r", "begin this beat again");
            }
            (Beat::Watch(_), _) => offer(Input::Skip, "x", "go there at once"),
            _ => {}
        }
        if self.at > 0 && !matches!(self.stage, Stage::Chosen(_) | Stage::Reason) {
            offer(Input::Back, "backspace", "back");
        }
        if self.stage != Stage::Reason {
            offer(Input::FreePlay, "F", "free play");
        }
        offers
    }
}

impl Writer<'_> {
    fn fill(&mut self, text: &str, seen: Option<&Match>) -> String {
        let lesson = &self.tutor.lesson;
        let filling = Filling {
            marks: &self.tutor.marks,
            seen,
            scenario: lesson.scenario(),
            seed: lesson.seed,
        };
        let (text, missing) = filling.fill(text);
        self.missing.extend(missing);
        text
    }

    fn words(&mut self, text: &str) {
        let text = self.fill(text, None);
        self.blocks.push(Block::Text(text));
    }

    fn event(&mut self, found: &Match) {
        let Match { record, at, text, .. } = found.clone();
        self.blocks.push(Block::Event { record, at, text });
    }

    fn mark(&mut self, name: &str) {
        if let Some(found) = self.tutor.marks.get(name) {
            self.event(found);
        } else {
            self.missing.push(name.to_owned());
        }
    }

    fn sources(&mut self) {
        let lesson = &self.tutor.lesson;
        let goal = format!("**Done.** {}", lesson.goal);
        self.blocks.push(Block::Text(goal));
        self.blocks.extend(lesson.sources.iter().cloned().map(Block::Source));
    }

    fn beat(&mut self) {
        match self.tutor.beat() {
            Beat::Say(say) => self.words(&say.text),
            Beat::Predict(question) => self.question(question, false),
            Beat::Quiz(question) => self.question(question, self.tutor.stage == Stage::Closed),
            Beat::Do(task) => self.task(task),
            Beat::Watch(watch) => self.watch(watch),
            Beat::Label(label) => self.label(label),
            Beat::Explain(explain) => self.explain(explain),
        }
    }

    fn question(&mut self, question: &Question, told: bool) {
        let text = self.fill(&question.question, None);
        self.blocks.push(Block::Question(text));
        let given = self.tutor.given.get(&question.name);
        let chosen = match self.tutor.stage {
            Stage::Chosen(choice) => Some(choice),
            Stage::Open => None,
            _ => given.and_then(|answer| answer.choice),
        };
        for (k, choice) in question.options.iter().enumerate() {
            let mark = match (told, choice.is_right(), chosen == Some(k)) {
                (true, true, _) => Mark::Right,
                (true, false, true) => Mark::Wrong,
                (true, false, false) => Mark::Other,
                (false, _, true) => Mark::Chosen,
                (false, _, false) => Mark::Open,
            };
            let text = self.fill(choice.text(), None);
            self.blocks.push(Block::Choice { digit: k as u8 + 1, text, mark });
        }
        match self.tutor.stage {
            Stage::Chosen(_) => self.blocks.push(Block::Confidence),
            Stage::Reason => self.blocks.push(Block::Reason),
            _ => {}
        }
        if told {
            self.reply(question, given);
        }
    }

    /// Says why an answer is right or wrong, with the event that shows it.
    fn reply(&mut self, question: &Question, given: Option<&Answer>) {
        let right = question.options.iter().find(|choice| choice.is_right());
        let chosen = given.and_then(|answer| question.options.get(answer.choice?));
        if let Some(choice @ Choice::Wrong { .. }) = chosen {
            self.reply_to(choice, Reply::Wrong);
        }
        if let Some(right) = right {
            let to = if chosen == Some(right) { Reply::Right } else { Reply::Told };
            self.reply_to(right, to);
        }
    }

    fn reply_to(&mut self, choice: &Choice, to: Reply) {
        let seen = choice.evidence().map(|event| event.holds(&self.tutor.look(self.session)));
        let lacks = seen == Some(None);
        let seen = seen.flatten();
        let known = self.missing.len();
        let text = self.fill(choice.reply(), seen.as_ref());
        if lacks {
            // Of what the reply cannot say, this is the reason.
            self.missing.truncate(known);
            self.missing.push(format!("the event behind \"{}\"", choice.text()));
        }
        let misconception = choice.misconception().map(str::to_owned);
        self.blocks.push(Block::Reply { to, misconception, text });
        if let Some(seen) = &seen {
            self.event(seen);
        }
    }

    fn task(&mut self, task: &Task) {
        let text = self.fill(&task.task, None);
        let done = self.tutor.stage == Stage::Closed;
        self.blocks.push(Block::Task { text, done });
        if done {
            self.mark(&task.name);
            return;
        }
        for (k, hint) in task.hints.iter().take(self.tutor.hints).enumerate() {
            let text = self.fill(hint, None);
            self.blocks.push(Block::Hint { number: k + 1, of: task.hints.len(), text });
        }
    }

    fn watch(&mut self, watch: &Watch) {
        self.words(&watch.text);
        match self.tutor.stage {
            Stage::Closed => self.mark(&watch.name),
            Stage::Missed => {
                let text = format!(
                    "It did not come within {}: this run went another way. Begin again, or go on.",
                    watch.limit
                );
                self.blocks.push(Block::Text(text));
            }
            _ => {}
        }
    }

    fn label(&mut self, label: &Label) {
        if self.tutor.stage == Stage::Missed {
            self.missing.push(label.name.clone());
            self.blocks.push(Block::Text(format!("There is no such event {NOTHING}.")));
            return;
        }
        self.mark(&label.name);
        let text = format!("At the boundary of {}: what is this?", label.boundary);
        self.blocks.push(Block::Question(text));
        let told = self.tutor.stage == Stage::Closed;
        let given = self.tutor.given.get(&label.name);
        let chosen = given.filter(|_| told).and_then(|answer| answer.choice);
        for (k, tag) in Tag::ALL.into_iter().enumerate() {
            let mark = match (told, tag == label.answer, chosen == Some(k)) {
                (true, true, _) => Mark::Right,
                (true, false, true) => Mark::Wrong,
                (true, false, false) => Mark::Other,
                (false, ..) => Mark::Open,
            };
            let text = tag.word().to_owned();
            self.blocks.push(Block::Choice { digit: k as u8 + 1, text, mark });
        }
        if told {
            let text = self.fill(&label.reason, None);
            let to = match given {
                Some(answer) if answer.right => Reply::Right,
                Some(Answer { choice: Some(_), .. }) => Reply::Wrong,
                _ => Reply::Told,
            };
            let text = format!("It is {} {}. {text}", article(label.answer), label.answer.word());
            self.blocks.push(Block::Reply { to, misconception: None, text });
        }
    }

    fn explain(&mut self, explain: &Explain) {
        let name = explain.compares.as_ref();
        let question = name.and_then(|name| self.tutor.lesson.question(name));
        if let Some(question) = question {
            let given = self.tutor.given.get(&question.name);
            self.sides(question, given);
            self.reply(question, given);
        }
        self.words(&explain.text);
        for event in &explain.events {
            self.mark(&event.name);
        }
    }

    fn sides(&mut self, question: &Question, given: Option<&Answer>) {
        let chosen = given.and_then(|answer| question.options.get(answer.choice?));
        let predicted = match (chosen, given.and_then(|answer| answer.confidence)) {
            (Some(choice), Some(sure)) => format!("{} ({})", choice.text(), sureness(sure)),
            (Some(choice), None) => choice.text().to_owned(),
            (None, _) => "no prediction".to_owned(),
        };
        let predicted = self.fill(&predicted, None);
        let right = question.options.iter().find(|choice| choice.is_right());
        let seen = right.map_or_else(String::new, |choice| self.fill(choice.text(), None));
        let agree = chosen.map(Choice::is_right);
        self.blocks.push(Block::Sides { predicted, seen, agree });
    }
}

const fn article(tag: Tag) -> &'static str {
    match tag {
        Tag::Error => "an",
        Tag::Fault | Tag::Failure => "a",
    }
}
