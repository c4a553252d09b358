//! What a node keeps: on its disk, and in its memory, grouped by the role that needs it.

use crate::protocols::voters::Voters;
use crate::sim::{CallId, Op, Ticket};

use super::super::Ballot;
use super::message::{Proposal, Value};

/// What survives a crash, as far as the disk kept it: what an acceptor has to remember, and with it
/// the highest number that the proposer beside it has used, since that one promised itself first
/// (§2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The highest number that was promised.
    pub promised: Ballot,
    /// The proposal that was accepted last.
    pub accepted: Option<Proposal>,
}

/// A change to what is stable: so little that every write carries all of it.
pub type Delta = Stable;

/// In which phase a round is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Phase 1: promises are collected.
    Prepare {
        /// Who promised.
        promises: Voters,
        /// The highest numbered proposal that was reported.
        highest: Option<Proposal>,
    },
    /// Phase 2: acceptances are collected.
    Accept {
        /// The value that was proposed.
        value: Value,
        /// Who accepted.
        accepted: Voters,
        /// The write that holds the node's own acceptance, which counts once it is on the disk.
        own: Ticket,
    },
}

/// A proposal under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// Its number.
    pub ballot: Ballot,
    /// How far it is.
    pub phase: Phase,
}

/// A client's call that waits for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiting {
    /// Which call, with its newest attempt.
    pub call: CallId,
    /// What is asked.
    pub op: Op,
    /// Whether it came before the round under way asked anybody: only then does what the round
    /// finds out hold for a moment after the call began.
    pub before_round: bool,
}

/// All that a node knows while it runs; a crash loses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,

    // The acceptor: on the disk, or on its way there.
    /// The highest number that it promised.
    pub promised: Ballot,
    /// The proposal that it accepted last.
    pub accepted: Option<Proposal>,

    // The proposer.
    /// The highest number that it heard of.
    pub heard: Ballot,
    /// The proposal under way.
    pub round: Option<Round>,
    /// Whether it backs off before it tries again.
    pub backing_off: bool,
    /// How many rounds in a row came to nothing; no further than back-off goes.
    pub failures: u8,

    // The learner.
    /// What is chosen, where it knows.
    pub decided: Option<Proposal>,

    // Clients.
    /// Calls that wait, oldest first.
    pub waiting: Vec<Waiting>,
}

impl State {
    /// Makes the state of a node that comes up with this on its disk.
    pub fn new(me: u16, stable: &Stable) -> State {
        State {
            me,
            promised: stable.promised,
            accepted: stable.accepted,
            heard: stable.promised,
            round: None,
            backing_off: false,
            failures: 0,
            decided: None,
            waiting: Vec::new(),
        }
    }
}
