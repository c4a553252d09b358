//! Where a beat begins, and the way back there: the run is played again from its seed with what was
//! done by hand until then.

use serde::{Deserialize, Serialize};

use crate::lab::{Act, Scenario, Session};
use crate::sim::{EventId, Instant, Span};

/// Where a run stood when a beat began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// After how many moves.
    pub moves: u64,
    /// Virtual time, in microseconds.
    pub at_us: u64,
    /// The number that the next record had.
    pub record: u32,
}

impl Start {
    /// Notes where a run stands.
    pub fn of(session: &Session) -> Start {
        Start {
            moves: session.position().moves,
            at_us: session.clock().0,
            record: session.next_record().0,
        }
    }

    /// Returns the number of the first record after it.
    pub const fn record(self) -> EventId {
        EventId(self.record)
    }

    /// Returns virtual time.
    pub const fn at(self) -> Instant {
        Instant(self.at_us)
    }
}

/// Something done by hand, at its instant in microseconds.
pub type Done = (u64, Act);

/// Lists what was done by hand in a run, until an instant.
pub fn done(session: &Session, until: Instant) -> Vec<Done> {
    let acts = session.acts().iter().filter(|(at, _)| *at <= until);
    acts.map(|(at, act)| (at.0, act.clone())).collect()
}

/// Plays a run again as far as a start, with what was done by hand.
pub fn again(scenario: &Scenario, seed: u64, acts: &[Done], start: Start) -> Session {
    let mut session = Session::new(scenario.clone(), seed);
    for (at, act) in acts.iter().filter(|(at, _)| *at <= start.at_us) {
        // A hand acts a hair after all that was due: see `Session::make`.
        session.advance_to(Instant(at.saturating_sub(Span::micros(1).0)), u64::MAX);
        session.make(act.clone());
    }
    while session.position().moves < start.moves && session.step() {}
    if session.clock() < start.at() {
        session.advance_to(start.at(), u64::MAX);
    }
    session
}
