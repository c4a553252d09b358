//! An inquiry into one finding: propose from the records, then play runs until it is known.
//!
//! The work is done in slices, so that a screen goes on living. What is asked and in which order
//! depends on answers alone: worked at once or bit by bit, an inquiry comes to the same chain.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::lab::{Scenario, Session, Trial};
use crate::oracles::{Finding, Grade, Signal, Subject};
use crate::sim::{EventId, FaultId, Instant, Keep, Placed, Span, What};

use super::but_for::{Answer, Question, Retrial, Shows, Sought};
use super::chain::{Chain, Confirmed, Containment, Named};
use super::containment::{self, Stopped, switch_of};
use super::memory::{Index, Memory, Recalled};
use super::minimise::{self, Suspect, Unknown};
use super::path;
use super::pin;
use super::slice::{Proposal, Slice, Strength};

/// How many faults one inquiry suspects at most, the likeliest ones.
const SUSPECTS_MAX: usize = 10;
/// How much of a run is played at once while its records are made again.
const RECALL_SLICE: Span = Span::millis(20);

/// How far an inquiry has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many runs were played.
    pub done: u32,
    /// How many there will be, as far as can be told.
    pub of: u32,
}

impl Progress {
    /// Returns whether all is known.
    pub const fn is_complete(self) -> bool {
        self.done == self.of
    }
}

/// What the records say, once they were read.
#[derive(Debug)]
struct Case {
    /// The run's inputs with every fault pinned.
    journal: Vec<Placed>,
    proposals: Vec<Proposal>,
    /// Faults that the slice does not reach, with the first thing that they did before the finding.
    others: Vec<(FaultId, EventId)>,
    /// Faults that pulled levers before the finding and did nothing to be seen, with the levers: of
    /// two faults on one link the one that comes first takes every message.
    masked: Vec<(FaultId, EventId)>,
    /// Deviations and breaches on the way.
    errors: Vec<Finding>,
    stopped: Vec<Stopped>,
}

impl Case {
    /// Lists every fault that did anything before the finding.
    fn everyone(&self) -> impl Iterator<Item = FaultId> {
        let others = self.others.iter().chain(&self.masked).map(|(fault, _)| *fault);
        self.proposals.iter().map(|proposal| proposal.fault).chain(others)
    }
}

/// What the runs say.
#[derive(Debug)]
struct Decision {
    /// The causes; `None` where the run played again does not have the finding.
    causes: Option<minimise::Causes>,
}

/// An inquiry into one finding.
#[derive(Debug)]
pub struct Inquiry {
    scenario: Scenario,
    seed: u64,
    inputs: Vec<Placed>,
    finding: Finding,
    failures: Vec<Finding>,
    /// What was found in the run, up to the session's position.
    findings: Vec<Finding>,
    sought: Sought,
    end: Instant,
    recall: Option<(Box<Trial>, Recalled)>,
    case: Option<Case>,
    answers: BTreeMap<Question, Answer>,
    running: Option<(Question, Box<Retrial>)>,
    decision: Option<Decision>,
    complete: bool,
}

impl Inquiry {
    /// Begins an inquiry into one finding of a run.
    pub fn new(session: &Session, finding: &Finding) -> Inquiry {
        Inquiry::of_episode(session, finding, &[])
    }

    /// Begins an inquiry into one finding that stands for others of the same episode.
    pub fn of_episode(session: &Session, finding: &Finding, also: &[Finding]) -> Inquiry {
        let raised = session.signals().filter_map(|signal| match signal {
            Signal::Raised(finding) => Some(finding.clone()),
            Signal::Cleared { .. } => None,
        });
        let is_failure = |f: &&Finding| matches!(f.grade, Grade::Failure | Grade::Stall);
        let mut failures: Vec<Finding> =
            std::iter::once(finding).chain(also).filter(is_failure).cloned().collect();
        failures.sort_by_key(|failure| failure.event);
        failures.dedup();
        let mut inquiry = Inquiry {
            scenario: session.scenario().clone(),
            seed: session.seed(),
            inputs: session.journal().to_vec(),
            failures,
            findings: raised.collect(),
            sought: Sought::new(finding, session.signals()),
            end: session.clock().max(finding.at),
            finding: finding.clone(),
            recall: None,
            case: None,
            answers: BTreeMap::new(),
            running: None,
            decision: None,
            complete: false,
        };
        if session.memory_begins() == EventId(0) {
            inquiry.case = Some(inquiry.read(session));
        } else {
            let trial = Trial::with(
                &inquiry.scenario,
                inquiry.seed,
                inquiry.inputs.clone(),
                Keep::Everything,
            );
            inquiry.recall = Some((Box::new(trial), Recalled::default()));
        }
        inquiry
    }

    /// Reads the case out of the records.
    fn read(&self, memory: &dyn Memory) -> Case {
        let (_, next) = memory.reach();
        let index = Index::read(memory, next, &self.scenario.network);
        let mut slice = Slice::cut(memory, &index, &self.finding);
        slice.proposals.truncate(SUSPECTS_MAX);
        for proposal in &mut slice.proposals {
            proposal.path = path::notable(memory, &proposal.path);
        }
        let is_error = |f: &&Finding| matches!(f.grade, Grade::Deviation | Grade::Breach);
        let on_the_way = |f: &&Finding| {
            f.event <= self.finding.event
                && (f.same(&self.finding) && f.event == self.finding.event
                    || slice.holds(f.event)
                    || f.evidence.iter().any(|id| slice.holds(*id) && is_note(memory, *id)))
        };
        let errors: Vec<Finding> =
            self.findings.iter().filter(is_error).filter(on_the_way).cloned().collect();
        let proposed: BTreeSet<FaultId> = slice.proposals.iter().map(|p| p.fault).collect();
        let acted = index.effects.iter().filter(|(_, effect)| **effect < self.finding.event);
        let others = acted.filter(|(fault, _)| !proposed.contains(fault));
        let others: Vec<_> = others.map(|(f, e)| (*f, *e)).take(SUSPECTS_MAX).collect();
        let suspects: Vec<FaultId> =
            proposed.iter().copied().chain(others.iter().map(|(fault, _)| *fault)).collect();
        let pulled = memory.pulled();
        let mut masked: BTreeMap<FaultId, EventId> = BTreeMap::new();
        for record in pulled.iter().filter(|record| record.id < self.finding.event) {
            if let What::Pulled { fault, .. } = record.what
                && !suspects.contains(&fault)
            {
                masked.entry(fault).or_insert(record.id);
            }
        }
        let masked: Vec<_> = masked.into_iter().take(SUSPECTS_MAX).collect();
        let begin = index.levers.iter().find(|(_, fault)| suspects.contains(fault));
        let begin = begin.map_or(self.finding.event, |(id, _)| *id);
        let around: Vec<&Finding> = errors.iter().collect();
        let stopped = containment::find(memory, &index, (&suspects, begin), &around, &self.finding);
        let journal = pin::pin(&self.inputs, &pulled);
        Case { journal, proposals: slice.proposals, others, masked, errors, stopped }
    }

    /// Works on for about so many events of the runs that it plays; returns how far it has come.
    pub fn work(&mut self, events_max: u64) -> Progress {
        let mut left = events_max;
        while left > 0 && !self.complete {
            let spent = if self.case.is_none() { self.recall(left) } else { self.ask(left) };
            left = left.saturating_sub(spent.max(1));
        }
        self.progress()
    }

    /// Works until all is known.
    pub fn finish(&mut self) -> Chain {
        while !self.work(u64::MAX).is_complete() {}
        self.chain()
    }

    /// Returns how far it has come.
    pub fn progress(&self) -> Progress {
        let done = self.answers.len() as u32 + u32::from(self.case.is_some());
        if self.complete {
            return Progress { done, of: done };
        }
        // Everything, nothing, and each suspect alone; then each mechanism that can be switched.
        let planned = self.case.as_ref().map_or(4, |case| {
            3 + case.proposals.len() as u32 + switches(&case.stopped).len() as u32
        });
        Progress { done, of: planned.max(done + 1) }
    }

    /// Makes records again that the session has let go.
    fn recall(&mut self, events_max: u64) -> u64 {
        let Some((mut trial, mut recalled)) = self.recall.take() else { return 1 };
        let end = self.end.min(self.finding.at + containment::LOOK_AHEAD);
        let begun = trial.world().events();
        loop {
            let next = trial.world().next_at().unwrap_or(end);
            let target = (trial.world().now() + RECALL_SLICE).max(next).min(end);
            trial.run(target, |record, _| {
                recalled.push(record);
                ControlFlow::Continue(())
            });
            let spent = trial.world().events() - begun;
            if target >= end {
                self.case = Some(self.read(&recalled));
                return spent;
            }
            if spent >= events_max {
                self.recall = Some((trial, recalled));
                return spent;
            }
        }
    }

    /// Plays the run that answers the next question, or concludes.
    fn ask(&mut self, events_max: u64) -> u64 {
        let running = self.running.take().or_else(|| {
            let question = self.next_question()?;
            let retrial = self.retrial(&question);
            Some((question, Box::new(retrial)))
        });
        let Some((question, mut retrial)) = running else {
            self.complete = true;
            return 1;
        };
        let (spent, answer) = retrial.work(events_max);
        match answer {
            Some(answer) => {
                self.answers.insert(question, answer);
            }
            None => self.running = Some((question, retrial)),
        }
        spent
    }

    fn retrial(&self, question: &Question) -> Retrial {
        let journal = self.case.as_ref().map_or(&self.inputs, |case| &case.journal);
        let looked_for = (&self.sought, self.end);
        Retrial::new((&self.scenario, self.seed), journal, looked_for, question)
    }

    /// Returns the next run that has to be played, or `None` where all is known.
    fn next_question(&mut self) -> Option<Question> {
        if self.decision.is_none() {
            match self.decide() {
                Ok(causes) => self.decision = Some(Decision { causes }),
                Err(Unknown(without)) => return Some(Question::Without(without)),
            }
        }
        let case = self.case.as_ref()?;
        let asked = switches(&self.containers(case)).into_iter().map(Question::SwitchedOff);
        asked.into_iter().find(|question| !self.answers.contains_key(question))
    }

    fn decide(&self) -> Result<Option<minimise::Causes>, Unknown> {
        let Some(case) = &self.case else { return Ok(None) };
        let ask = |without: &BTreeSet<FaultId>| {
            let answer = self.answers.get(&Question::Without(without.clone()));
            answer.map(|answer| answer.shows).ok_or_else(|| Unknown(without.clone()))
        };
        // The least likely first: they are the first to be spared.
        let mut suspects: Vec<Suspect> =
            case.proposals.iter().rev().map(|p| (p.fault, p.strength)).collect();
        let all: BTreeSet<FaultId> = case.everyone().collect();
        let mut causes = minimise::decide(&suspects, ask)?;
        for wider in [&case.others, &case.masked] {
            let Some(found) = &causes else { break };
            // What was found has to be enough by itself; else somebody who was not asked took part.
            let rest = all.iter().filter(|fault| !found.contains_key(fault)).copied();
            if wider.is_empty() || ask(&rest.collect())? > Shows::Nothing {
                continue;
            }
            suspects.splice(0..0, wider.iter().map(|(fault, _)| (*fault, Strength::Weak)));
            causes = minimise::decide(&suspects, ask)?;
        }
        Ok(causes)
    }

    /// Returns the faults that are named by what is known so far.
    fn named(&self, case: &Case) -> Vec<Named> {
        let proposals = case.proposals.iter().map(|p| (p.fault, p.via, p.strength));
        let others = case.others.iter().chain(&case.masked);
        let others = others.map(|(fault, via)| (*fault, *via, Strength::Weak));
        let surest = case.proposals.iter().map(|p| p.strength).max();
        let name = |(fault, via, strength): (FaultId, EventId, Strength)| {
            let confirmed = match &self.decision {
                None => (Some(strength) == surest).then_some(Confirmed::Proposed),
                Some(Decision { causes: Some(causes) }) => causes.get(&fault).copied(),
                Some(Decision { causes: None }) => {
                    (strength == Strength::Strong).then_some(Confirmed::Unconfirmed)
                }
            };
            confirmed.map(|confirmed| Named { fault, via, confirmed })
        };
        let mut named: Vec<Named> = if self.decision.is_none() {
            proposals.filter_map(name).collect()
        } else {
            proposals.chain(others).filter_map(name).collect()
        };
        named.sort_by_key(|named| named.fault);
        named
    }

    /// Returns what stopped effects of the faults that are named.
    fn containers(&self, case: &Case) -> Vec<Stopped> {
        let named = self.named(case);
        let is_ours = |stopped: &&Stopped| {
            stopped.faults.is_empty() || named.iter().any(|n| stopped.faults.contains(&n.fault))
        };
        if named.is_empty() {
            Vec::new()
        } else {
            case.stopped.iter().filter(is_ours).cloned().collect()
        }
    }

    /// Returns the chain as far as it is known.
    pub fn chain(&self) -> Chain {
        let Some(case) = &self.case else {
            return Chain {
                finding: self.finding.clone(),
                faults: Vec::new(),
                errors: Vec::new(),
                failures: self.failures.clone(),
                containment: Vec::new(),
                path: vec![self.finding.event],
            };
        };
        let faults = self.named(case);
        let begin = faults.iter().map(|named| named.via).min();
        let errors = case.errors.iter().filter(|e| begin.is_some_and(|begin| e.event >= begin));
        let containment = self.containers(case).into_iter().map(|mut stopped| {
            let answer = switch_of(stopped.what.by)
                .and_then(|switch| self.answers.get(&Question::SwitchedOff(switch)));
            stopped.what.confirmed = answer.map(|answer| self.has_new(answer));
            let Stopped { what, times, .. } = stopped;
            let more = times - 1;
            let text = match more {
                0 => what.text,
                more => format!("{} (and {more} more like it)", what.text),
            };
            Containment { text, ..what }
        });
        Chain {
            finding: self.finding.clone(),
            errors: errors.cloned().collect(),
            failures: self.failures.clone(),
            containment: containment.collect(),
            path: path::of(&self.finding, &faults, &case.proposals),
            faults,
        }
    }

    /// Returns whether something failed in another run that did not fail in this one.
    fn has_new(&self, answer: &Answer) -> bool {
        let known = |failure: &(&'static str, Subject)| {
            self.findings.iter().any(|f| (f.property, f.subject) == *failure)
        };
        answer.failures.iter().any(|failure| !known(failure))
    }

    /// Returns how much of the finding is there when the run is played again as it was: `None`
    /// where that was not tried yet.
    pub fn shows_again(&self) -> Option<Shows> {
        self.answers.get(&Question::Without(BTreeSet::new())).map(|answer| answer.shows)
    }
}

/// Lists the switches of containers, each once.
fn switches(stopped: &[Stopped]) -> BTreeSet<&'static str> {
    stopped.iter().filter_map(|stopped| switch_of(stopped.what.by)).collect()
}

/// Returns whether a record is something that a node said, not only a message on its way.
fn is_note(memory: &dyn Memory, id: EventId) -> bool {
    memory.record(id).is_some_and(|record| matches!(record.what, What::Noted(_)))
}
