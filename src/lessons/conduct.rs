//! What the tutor lets happen to the run: acts behind the gate, time up to where a beat is done,
//! and the judgement whether it is.

use crate::lab::{Act, Session};
use crate::sim::{EventId, FaultId, Instant, Span, What};

use super::lesson::{Beat, Move, Task};
use super::predicate::Predicate;
use super::tutor::{Stage, Tutor};

/// How long a task's goal may take to come true after the last move of a solution.
pub const GRACE: Span = Span::secs(10);

impl Tutor {
    /// Returns whether virtual time may run now.
    pub fn runs(&self) -> bool {
        self.away.is_some() || self.over || self.stage == Stage::Open && self.awaited().is_some()
    }

    /// Returns what the beat waits for in the run.
    fn awaited(&self) -> Option<&Predicate> {
        match self.beat() {
            Beat::Do(task) => Some(&task.goal),
            Beat::Watch(watch) => Some(&watch.until),
            _ => None,
        }
    }

    /// Does a task by one of its solutions, from where the task began.
    ///
    /// # Errors
    /// Where the beat is no task, or the solution did not fulfil it.
    pub fn show(&mut self, session: &mut Session, solution: usize) -> Result<(), &'static str> {
        let Beat::Do(task) = self.beat() else { return Err("this is no task") };
        let moves = solution_of(task, solution).to_vec();
        self.go_to(session, self.at)?;
        for step in moves {
            self.carry_out(session, step);
        }
        let end = session.clock() + GRACE;
        self.advance(session, end, u64::MAX);
        if self.stage == Stage::Closed { Ok(()) } else { Err("the solution did not fulfil it") }
    }

    fn carry_out(&mut self, session: &mut Session, step: Move) {
        let act = match step {
            Move::Inject(fault) => Act::Inject { fault, heal_after: None },
            Move::Heal(fault) => Act::Heal(fault),
            Move::Set { switch, on } => Act::Set { switch, on },
            Move::Wait(span) => {
                let end = session.clock() + span;
                self.advance(session, end, u64::MAX);
                return;
            }
        };
        // Once the goal holds the rest of a solution is not needed.
        let _ = self.make(session, act);
    }

    /// Says whether something may be done to the run now.
    ///
    /// # Errors
    /// Says why not.
    pub fn may_act(&self, session: &Session) -> Result<(), &'static str> {
        if self.away.is_some() || self.over {
            return Ok(());
        }
        match (self.beat(), self.stage) {
            (Beat::Do(_), Stage::Open) => {
                if session.in_past() && session.position().moves < self.start().moves {
                    return Err("this lies before the task; End goes back to the present");
                }
                Ok(())
            }
            (Beat::Do(_), _) => Err("the task is done; Enter goes on"),
            (Beat::Predict(_), Stage::Chosen(_)) => Err("say how sure you are; then break it"),
            (Beat::Predict(_), _) => Err("predict first; then break it"),
            (Beat::Watch(_), Stage::Open) => Err("watch first how this ends"),
            _ => Err("no task yet; F leaves the lesson to play freely"),
        }
    }

    /// Does something to the run, if it may be done now; returns the fault that was injected.
    ///
    /// # Errors
    /// Says why it may not be done.
    pub fn make(
        &mut self,
        session: &mut Session,
        act: Act,
    ) -> Result<Option<FaultId>, &'static str> {
        self.may_act(session)?;
        let fault = session.make(act);
        self.judge(session);
        Ok(fault)
    }

    /// Lets the run go on to an instant, at most so many moves, and pauses it where the beat is
    /// done; returns whether there is no more to do until then.
    pub fn advance(&mut self, session: &mut Session, target: Instant, moves_max: u64) -> bool {
        if self.away.is_some() || self.over {
            return session.advance_to(target, moves_max);
        }
        if !self.runs() {
            return true;
        }
        let target = match self.beat() {
            Beat::Watch(watch) => target.min(self.start().at() + watch.limit),
            _ => target,
        };
        for _ in 0..moves_max {
            let before = session.next_record();
            let arrived = session.advance_to(target, 1);
            if !session.in_past() && self.stirred(session, before) {
                self.judge(session);
            }
            if arrived {
                self.judge(session);
                self.give_up(session);
            }
            if arrived || self.stage != Stage::Open {
                return true;
            }
        }
        false
    }

    /// Returns whether the newest records may have changed what the beat waits for. Messages and
    /// writes come by the thousand and change nothing but how far a fault has come.
    fn stirred(&self, session: &Session, before: EventId) -> bool {
        if self.awaited().is_some_and(follows_every_move) {
            return true;
        }
        let mut new = (before.0..session.next_record().0).map(EventId);
        new.any(|id| {
            session.record(id).is_none_or(|record| {
                !matches!(
                    record.what,
                    What::Sent { .. }
                        | What::Delivered { .. }
                        | What::Withheld { .. }
                        | What::Fired { .. }
                        | What::Saved { .. }
                        | What::Synced { .. }
                )
            })
        })
    }

    /// Judges whether what the beat waits for has come true; to be asked after whatever was done to
    /// the run by others.
    pub fn judge(&mut self, session: &Session) {
        if self.stage != Stage::Open || self.away.is_some() || session.in_past() {
            return;
        }
        let start = self.start();
        let Some(awaited) = self.awaited() else { return };
        let look = self.look(session).since(start.record(), start.at());
        if let Some(found) = awaited.holds(&look) {
            let name = self.beat().name().to_owned();
            self.marks.insert(name, found);
            self.stage = Stage::Closed;
        }
    }

    fn give_up(&mut self, session: &Session) {
        if let Beat::Watch(watch) = self.beat()
            && self.stage == Stage::Open
            && session.clock() >= self.start().at() + watch.limit
        {
            self.stage = Stage::Missed;
        }
    }
}

/// Returns whether a predicate may come true at any move.
fn follows_every_move(predicate: &Predicate) -> bool {
    matches!(
        predicate,
        Predicate::Passed(_)
            | Predicate::Stage { .. }
            | Predicate::Fault { .. }
            | Predicate::Not(_)
    ) || predicate.parts().iter().any(follows_every_move)
}

/// Returns a solution by its place; beyond the last, the last.
fn solution_of(task: &Task, solution: usize) -> &[Move] {
    task.solutions.get(solution).or(task.solutions.last()).map_or(&[], Vec::as_slice)
}
