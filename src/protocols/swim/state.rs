//! What a member keeps: beliefs that differ from "alive", news to tell, and the order of probing.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::sim::Signed;

use super::message::{Claim, Health, News};

/// What is known of a member, where it is not simply alive in its first incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Member {
    /// The claim that is believed.
    pub claim: Claim,
    /// The owner's signature on the incarnation, where it has raised it.
    pub seal: Option<Signed<u64>>,
    /// At the beginning of which period its time is over, where it is suspected.
    pub over: u64,
    /// How often this was told, as long as it is told.
    pub told: Option<u16>,
}

/// A probe that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Whom.
    pub target: u16,
    /// Whether it was heard.
    pub answered: bool,
}

/// What survives a crash: the incarnation, so that a member that comes back outbids what was said
/// of its last life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The highest incarnation that it took.
    pub incarnation: u64,
}

/// A raised incarnation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delta {
    /// The new one.
    pub incarnation: u64,
}

/// All that a member knows while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who this is.
    pub me: u16,
    /// Its own incarnation.
    pub incarnation: u64,

    // What it believes.
    /// Members that are not simply alive in their first incarnation; itself too.
    pub members: OrdMap<u16, Member>,
    /// Suspects, each with the period at whose beginning its time is over, soonest first.
    pub suspects: OrdSet<(u64, u16)>,
    /// The members that are declared dead.
    pub dead: OrdSet<u16>,

    // What it tells.
    /// Members of whom there is news to tell, by how often that was told.
    pub news: OrdSet<(u16, u16)>,

    // Whom it probes.
    /// How many periods it has begun; also the number of its probe.
    pub period: u64,
    /// The probe of this period.
    pub probe: Option<Probe>,
    /// The order in which it probes, until it is shuffled anew.
    pub order: Arc<[u16]>,
    /// The place in that order of whom it probes next.
    pub place: usize,
    /// How many probes are over.
    pub probes: u64,
    /// How many of them were not answered.
    pub unanswered: u64,
    /// How many messages it has sent.
    pub sent: u64,
}

impl State {
    /// Starts with the belief that everybody lives.
    pub fn new(me: u16) -> State {
        State {
            me,
            incarnation: 0,
            members: OrdMap::new(),
            suspects: OrdSet::new(),
            dead: OrdSet::new(),
            news: OrdSet::new(),
            period: 0,
            probe: None,
            order: Arc::from([]),
            place: 0,
            probes: 0,
            unanswered: 0,
            sent: 0,
        }
    }

    /// Returns what is known of a member.
    pub fn member(&self, of: u16) -> Member {
        self.members.get(&of).copied().unwrap_or_default()
    }

    /// Returns whether a member is declared dead.
    pub fn is_dead(&self, of: u16) -> bool {
        !self.dead.is_empty() && self.dead.contains(&of)
    }

    /// Returns what is believed of a member as a piece of news.
    pub fn as_news(&self, of: u16) -> News {
        let Member { claim, seal, .. } = self.member(of);
        News { of, claim, seal }
    }

    /// Returns what is believed of a member's health.
    pub fn health(&self, of: u16) -> Health {
        self.member(of).claim.health
    }
}
