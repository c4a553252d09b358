//! The tutor: a lesson in progress over a run.
//!
//! The run belongs to whoever shows it; the tutor is handed it, says what may be done to it now,
//! and judges by what came true. It asks for the prediction before the experiment (Crouch, Fagen,
//! Callan and Mazur 2004), says why with every answer, and can go back to where any beat began.
//! Pure: the same inputs give the same pages.

use std::collections::BTreeMap;

use crate::lab::{Seek, Session};
use crate::sim::chance::mix;

use super::checkpoint::{self, Done, Start};
use super::lesson::{Beat, Lesson, Tag};
use super::predicate::{Look, Marks, Match, Predicate};
use super::progress::{Answer, LessonProgress, Place, REASON_CHARS_MAX};

/// How sure one can be, at most.
pub const CONFIDENCE_MAX: u8 = 3;

/// What a learner may ask of the tutor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A digit: chooses an answer, then says how sure one is.
    Digit(u8),
    /// Goes on.
    Next,
    /// Goes on without an answer; is shown a task; sees at once how a watch ends.
    Skip,
    /// Asks for the next hint.
    Hint,
    /// One line of reason; may be empty.
    Reason(String),
    /// Takes an answer back, or goes back to where the beat before began.
    Back,
    /// Goes back to where a beat began, by its place from 0.
    Goto(usize),
    /// Begins the beat anew.
    Restart,
    /// Leaves the lesson to play with the run, or comes back to it.
    FreePlay,
}

/// How far a beat has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for the learner, or for the run.
    Open,
    /// An answer was chosen, and not yet how sure.
    Chosen(usize),
    /// The answer stands, and one line of reason may be given.
    Reason,
    /// It is done: the learner may go on.
    Closed,
    /// What it waited for did not come.
    Missed,
}

/// A lesson in progress.
#[derive(Clone, Debug)]
pub struct Tutor {
    pub(super) lesson: Lesson,
    pub(super) at: usize,
    pub(super) stage: Stage,
    pub(super) marks: Marks,
    /// Where each beat so far began, the present one last.
    starts: Vec<Start>,
    /// What was answered this time, by the beat's name.
    pub(super) given: BTreeMap<String, Answer>,
    kept: LessonProgress,
    pub(super) hints: usize,
    /// Where the run stood when the learner went to play, with what had been done by then.
    pub(super) away: Option<(Start, Vec<Done>)>,
    pub(super) over: bool,
}

impl Tutor {
    /// Begins a lesson; `kept` is what is known from earlier times.
    pub fn begin(lesson: Lesson, kept: LessonProgress) -> (Tutor, Session) {
        let session = Session::new(lesson.scenario().clone(), lesson.seed);
        let mut tutor = Tutor {
            at: 0,
            stage: Stage::Open,
            marks: Marks::new(),
            starts: Vec::new(),
            given: BTreeMap::new(),
            kept: LessonProgress { lesson: hash(&lesson), ..kept },
            hints: 0,
            away: None,
            over: false,
            lesson,
        };
        tutor.enter(&session, 0);
        (tutor, session)
    }

    /// Takes a lesson up where it was left; begins it anew where it was changed since.
    pub fn resume(lesson: Lesson, kept: LessonProgress) -> (Tutor, Session) {
        let place = kept.place.clone().filter(|_| kept.lesson == hash(&lesson));
        let Some((place, start)) = place.and_then(|p| p.starts.last().copied().map(|s| (p, s)))
        else {
            return Tutor::begin(lesson, kept);
        };
        let at = place.starts.len() - 1;
        if at >= lesson.beats.len() {
            return Tutor::begin(lesson, kept);
        }
        let (mut tutor, _) = Tutor::begin(lesson, kept);
        let scenario = tutor.lesson.scenario();
        let session = checkpoint::again(scenario, tutor.lesson.seed, &place.acts, start);
        tutor.marks = place.marks.into_iter().map(|(name, kept)| (name, kept.into())).collect();
        tutor.given.clone_from(&tutor.kept.answers);
        tutor.starts = place.starts;
        tutor.enter(&session, at);
        (tutor, session)
    }

    /// Returns the lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// Returns the present beat's place, from 0.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns whether the lesson came to its end.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Returns whether the beat is done, or what it waited for did not come.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::Missed)
    }

    /// Returns whether what the beat waited for did not come.
    pub fn is_missed(&self) -> bool {
        self.stage == Stage::Missed
    }

    /// Returns the events that have a name so far.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    pub(super) fn beat(&self) -> &Beat {
        &self.lesson.beats[self.at]
    }

    pub(super) fn start(&self) -> Start {
        self.starts.last().copied().unwrap_or_default()
    }

    /// Looks at the whole run with the names that are known.
    pub(super) fn look<'a>(&'a self, session: &'a Session) -> Look<'a> {
        Look::new(session).with(&self.marks)
    }

    fn enter(&mut self, session: &Session, at: usize) {
        self.at = at;
        self.hints = 0;
        self.starts.truncate(at);
        self.starts.push(Start::of(session));
        self.kept.reached = self.kept.reached.max(at);
        let found: Vec<(String, Option<Match>)> = match self.beat() {
            Beat::Label(label) => {
                vec![(label.name.clone(), label.event.holds(&self.look(session)))]
            }
            Beat::Explain(explain) => {
                let events = explain.events.iter();
                let found = |is: &Predicate| is.holds(&self.look(session));
                events.map(|event| (event.name.clone(), found(&event.is))).collect()
            }
            _ => Vec::new(),
        };
        let missing = found.iter().any(|(_, found)| found.is_none());
        self.marks.extend(found.into_iter().filter_map(|(name, found)| Some((name, found?))));
        self.stage = match self.beat() {
            Beat::Say(_) | Beat::Explain(_) => Stage::Closed,
            Beat::Label(_) if missing => Stage::Missed,
            _ => Stage::Open,
        };
    }

    /// Carries out what the learner asks for.
    ///
    /// # Errors
    /// Says why it does nothing now.
    pub fn step(&mut self, session: &mut Session, input: Input) -> Result<(), &'static str> {
        if input == Input::FreePlay {
            self.play_or_return(session);
            return Ok(());
        }
        if self.away.is_some() {
            return Err("this is free play; F goes back to the lesson");
        }
        match input {
            Input::Digit(digit) => self.digit(session, digit),
            Input::Next => self.next(session),
            Input::Skip => self.skip(session),
            Input::Hint => self.hint(),
            Input::Reason(text) => self.reason(session, &text),
            Input::Back if matches!(self.stage, Stage::Chosen(_)) => {
                self.stage = Stage::Open;
                Ok(())
            }
            Input::Back if self.at == 0 => Err("this is the first beat"),
            Input::Back => self.go_to(session, self.at - 1),
            Input::Goto(at) => self.go_to(session, at),
            Input::Restart => self.go_to(session, self.at),
            Input::FreePlay => Ok(()),
        }
    }

    fn digit(&mut self, session: &Session, digit: u8) -> Result<(), &'static str> {
        let place = usize::from(digit.wrapping_sub(1));
        match (self.beat(), self.stage) {
            (Beat::Predict(question) | Beat::Quiz(question), Stage::Open) => {
                if place >= question.options.len() {
                    return Err("there is no such answer");
                }
                self.stage = Stage::Chosen(place);
            }
            (Beat::Predict(question) | Beat::Quiz(question), Stage::Chosen(choice)) => {
                if !(1..=CONFIDENCE_MAX).contains(&digit) {
                    return Err("how sure: 1 a guess, 2 rather sure, 3 certain");
                }
                let (name, chosen) = (question.name.clone(), &question.options[choice]);
                let answer = Answer {
                    choice: Some(choice),
                    confidence: Some(digit),
                    right: chosen.is_right(),
                    misconception: chosen.misconception().map(str::to_owned),
                    reason: None,
                };
                let reason = question.reason;
                self.answer(name, answer);
                self.close_question(session, reason);
            }
            (Beat::Label(label), Stage::Open) => {
                let tag = Tag::ALL.get(place).copied().ok_or("1 fault, 2 error, 3 failure")?;
                let right = tag == label.answer;
                let answer = Answer { choice: Some(place), right, ..Answer::default() };
                self.answer(label.name.clone(), answer);
                self.stage = Stage::Closed;
            }
            _ => return Err("there is nothing to choose here"),
        }
        Ok(())
    }

    fn answer(&mut self, name: String, answer: Answer) {
        self.given.insert(name.clone(), answer.clone());
        self.kept.answers.entry(name).or_insert(answer);
    }

    /// Goes on after a question: a prediction is answered by the run, a quiz at once.
    fn close_question(&mut self, session: &Session, asks_reason: bool) {
        if asks_reason {
            self.stage = Stage::Reason;
        } else if matches!(self.beat(), Beat::Predict(_)) && self.at + 1 < self.lesson.beats.len() {
            self.enter(session, self.at + 1);
        } else {
            self.stage = Stage::Closed;
        }
    }

    fn reason(&mut self, session: &Session, text: &str) -> Result<(), &'static str> {
        if self.stage != Stage::Reason {
            return Err("no reason is asked for here");
        }
        let plain = text.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX);
        let reason = Some(plain.collect::<String>().trim().to_owned()).filter(|r| !r.is_empty());
        let name = self.beat().name().to_owned();
        for answers in [&mut self.given, &mut self.kept.answers] {
            if let Some(answer) = answers.get_mut(&name)
                && answer.reason.is_none()
            {
                answer.reason.clone_from(&reason);
            }
        }
        self.close_question(session, false);
        Ok(())
    }

    fn next(&mut self, session: &Session) -> Result<(), &'static str> {
        match (self.beat(), self.stage) {
            (_, Stage::Closed | Stage::Missed) => self.finish_beat(session),
            (_, Stage::Reason) => return self.reason(session, ""),
            (_, Stage::Chosen(_)) => return Err("say how sure you are: 1, 2 or 3"),
            (Beat::Do(_), _) => return Err("the task is not done yet; i gives a hint"),
            (Beat::Watch(_), _) => return Err("it has not come yet; x goes there at once"),
            _ => return Err("choose an answer; x goes on without one"),
        }
        Ok(())
    }

    fn finish_beat(&mut self, session: &Session) {
        if self.at + 1 < self.lesson.beats.len() {
            self.enter(session, self.at + 1);
        } else if !self.over {
            self.over = true;
            self.kept.finished += 1;
            self.kept.reached = self.lesson.beats.len();
        }
    }

    fn skip(&mut self, session: &mut Session) -> Result<(), &'static str> {
        match (self.beat(), self.stage) {
            (_, Stage::Closed | Stage::Missed) => return Err("there is nothing to skip"),
            (Beat::Do(_), _) => return self.show(session, 0),
            (Beat::Watch(watch), _) => {
                let end = self.start().at() + watch.limit;
                self.advance(session, end, u64::MAX);
            }
            (Beat::Predict(_), _) => {
                // No prediction is an answer of its own, and is kept as one.
                self.answer(self.beat().name().to_owned(), Answer::default());
                self.close_question(session, false);
            }
            _ => {
                self.answer(self.beat().name().to_owned(), Answer::default());
                self.stage = Stage::Closed;
            }
        }
        Ok(())
    }

    fn hint(&mut self) -> Result<(), &'static str> {
        match self.beat() {
            Beat::Do(task) if self.hints < task.hints.len() => {
                self.hints += 1;
                Ok(())
            }
            Beat::Do(_) => Err("there are no more hints; x shows how"),
            _ => Err("there is nothing to hint at"),
        }
    }

    /// Goes back to where a beat began: the run is played again until there.
    pub(super) fn go_to(&mut self, session: &mut Session, at: usize) -> Result<(), &'static str> {
        let Some(&start) = self.starts.get(at) else { return Err("this beat is still to come") };
        if session.in_past() || Start::of(session) != start {
            let acts = checkpoint::done(session, start.at());
            *session = checkpoint::again(self.lesson.scenario(), self.lesson.seed, &acts, start);
        }
        for beat in &self.lesson.beats[at..] {
            self.marks.remove(beat.name());
            if let Beat::Explain(explain) = beat {
                for event in &explain.events {
                    self.marks.remove(&event.name);
                }
            }
        }
        self.over = false;
        self.enter(session, at);
        Ok(())
    }

    fn play_or_return(&mut self, session: &mut Session) {
        if let Some((start, acts)) = self.away.take() {
            *session = checkpoint::again(self.lesson.scenario(), self.lesson.seed, &acts, start);
        } else {
            session.seek(Seek::End);
            let start = Start::of(session);
            self.away = Some((start, checkpoint::done(session, start.at())));
        }
    }

    /// Returns what is to be kept.
    pub fn progress(&self, session: &Session) -> LessonProgress {
        let acts = match &self.away {
            Some((_, acts)) => acts.clone(),
            None => checkpoint::done(session, self.start().at()),
        };
        let acts = acts.into_iter().filter(|(at, _)| *at <= self.start().at_us).collect();
        let marks = self.marks.iter().map(|(name, found)| (name.clone(), found.into())).collect();
        let place = Place { starts: self.starts.clone(), acts, marks };
        LessonProgress { place: (!self.over).then_some(place), ..self.kept.clone() }
    }
}

/// Returns a number for what a lesson is, the same on every machine.
fn hash(lesson: &Lesson) -> u64 {
    let text = crate::lab::write_ron(lesson).expect("a lesson is plain data");
    text.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
}
