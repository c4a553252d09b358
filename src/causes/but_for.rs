//! Would it have happened without? The same seed and inputs but for one thing, and whether the
//! finding is still there.
//!
//! Runs are chaotic: a microsecond more on one message may hand the lead to another node, and then
//! other calls fail. So a finding is looked for in two ways. *Exactly* means the same property of
//! the same subject. *Alike* means the same property of any subject at about the same time. A fault
//! that deeds lead to is a cause where the exact finding is gone without it; one that only made
//! something late is a cause where nothing alike is left.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::lab::{Scenario, Trial};
use crate::oracles::{Finding, Grade, Signal, Subject};
use crate::sim::{FaultId, Input, Instant, Keep, Placed, Span};

use super::pin;

/// How much earlier or later than in the run a finding may come and still be the same one.
pub const GRACE: Span = Span::millis(500);

/// What is asked of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Is the finding there without these faults?
    Without(BTreeSet<FaultId>),
    /// What fails with this mechanism switched off from the beginning?
    SwitchedOff(&'static str),
}

/// How much of a finding a run shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shows {
    /// Nothing like it.
    #[default]
    Nothing,
    /// The same property of another subject, at about the same time.
    Alike,
    /// The finding.
    Exactly,
}

/// What a run answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// How much of the finding it shows.
    pub shows: Shows,
    /// What failed or was broken in it.
    pub failures: BTreeSet<(&'static str, Subject)>,
}

/// A finding as it is looked for in other runs.
#[derive(Clone, Debug)]
pub struct Sought {
    property: &'static str,
    subject: Subject,
    /// From when on a finding counts as this one: not before it was last cleared.
    since: Instant,
    at: Instant,
    /// Until when it may come.
    until: Instant,
}

impl Sought {
    /// Says what to look for; `signals` are those of the run that has the finding.
    pub fn new<'a>(finding: &Finding, signals: impl Iterator<Item = &'a Signal>) -> Sought {
        let (property, subject) = (finding.property, finding.subject);
        let mut since = Instant(finding.at.0.saturating_sub(GRACE.0));
        for signal in signals.take_while(|signal| signal.event() < finding.event) {
            if let Signal::Cleared { at, .. } = signal
                && signal.property() == property
                && signal.subject() == subject
            {
                since = since.max(*at);
            }
        }
        Sought { property, subject, since, at: finding.at, until: finding.at + GRACE }
    }

    /// Returns whether two subjects differ only in a number that each run counts for itself.
    fn is_same(&self, other: Subject) -> bool {
        match (self.subject, other) {
            (Subject::Epoch(_), Subject::Epoch(_)) | (Subject::Slot(_), Subject::Slot(_)) => true,
            (one, other) => one == other,
        }
    }
}

/// A run that is played to answer one question, in slices.
#[derive(Debug)]
pub struct Retrial {
    trial: Trial,
    sought: Sought,
    until: Instant,
    standing: BTreeSet<Subject>,
    answer: Answer,
}

impl Retrial {
    /// Sets up the run that answers a question. What a mechanism prevents may come late, so a run
    /// without one is played to `end`; a run without faults only as long as the finding may come.
    pub fn new(
        (scenario, seed): (&Scenario, u64),
        journal: &[Placed],
        (sought, end): (&Sought, Instant),
        question: &Question,
    ) -> Retrial {
        let (journal, until) = match question {
            Question::Without(gone) => {
                (pin::without(journal, |fault| gone.contains(&fault)), sought.until)
            }
            Question::SwitchedOff(switch) => {
                let input = Input::Set { switch, on: false };
                let off = Placed { at: Instant::ZERO, input };
                (std::iter::once(off).chain(journal.iter().cloned()).collect(), end)
            }
        };
        Retrial {
            trial: Trial::with(scenario, seed, journal, Keep::Milestones),
            sought: sought.clone(),
            until,
            standing: BTreeSet::new(),
            answer: Answer::default(),
        }
    }

    /// Plays on for about so many events; returns how many were spent, and the answer where the
    /// run has come to its end.
    pub fn work(&mut self, events_max: u64) -> (u64, Option<Answer>) {
        let begun = self.trial.world().events();
        loop {
            let slice = self.trial.world().now() + SLICE;
            // Where nothing happens for a while, time alone has to get on.
            let next = self.trial.world().next_at().unwrap_or(self.until);
            let target = slice.max(next).min(self.until);
            let (sought, standing, answer) = (&self.sought, &mut self.standing, &mut self.answer);
            self.trial.run(target, |_, signals| {
                for signal in signals {
                    hear(sought, signal, standing, answer);
                }
                ControlFlow::Continue(())
            });
            let spent = self.trial.world().events() - begun;
            if target >= self.until {
                return (spent, Some(self.conclude()));
            }
            if spent >= events_max {
                return (spent, None);
            }
        }
    }

    /// What began earlier in this run and stood at the finding's instant is there too.
    fn conclude(&mut self) -> Answer {
        let mut answer = std::mem::take(&mut self.answer);
        if self.standing.contains(&self.sought.subject) {
            answer.shows = Shows::Exactly;
        }
        answer
    }
}

/// How much virtual time is played before the clockwork looks up again.
const SLICE: Span = Span::millis(20);

/// Takes in what an oracle says in the other run.
fn hear(sought: &Sought, signal: &Signal, standing: &mut BTreeSet<Subject>, answer: &mut Answer) {
    match signal {
        Signal::Raised(finding) => {
            if matches!(finding.grade, Grade::Failure | Grade::Breach | Grade::Stall) {
                answer.failures.insert((finding.property, finding.subject));
            }
            if finding.property != sought.property || finding.at > sought.until {
                return;
            }
            if finding.at <= sought.at {
                standing.insert(finding.subject);
            }
            if finding.at >= sought.since {
                let same = sought.is_same(finding.subject);
                let shows = if same { Shows::Exactly } else { Shows::Alike };
                answer.shows = answer.shows.max(shows);
            }
        }
        Signal::Cleared { property, subject, at, .. } => {
            if *property == sought.property && *at <= sought.at {
                standing.remove(subject);
            }
        }
    }
}
