//! Nodes that are equals: in gossip who has the newest update, in membership who suspects whom.
//!
//! A node cannot know that it lacks something; whoever sees all of them can.

use crate::oracles::Subject;
use crate::sim::{Glance, Life, Role, Scene};

use super::super::super::moment::Moment;
use super::super::super::theme::Ink;
use super::super::super::words;
use super::about::Known;
use super::card::WORDY;

/// A glyph, its ink and what it means.
type Mark = (char, Ink, &'static str);

/// What the dots of gossip are.
const GOSSIP: [Mark; 6] = [
    ('●', Ink::Leader, "has the newest, tells it"),
    ('•', Ink::Healthy, "has it"),
    ('○', Ink::Candidate, "lacks it"),
    ('‖', Ink::Paused, "paused"),
    ('↓', Ink::Down, "down"),
    ('⊘', Ink::Active, "cut off"),
];
/// What the dots of membership are.
const MEMBERS: [Mark; 6] = [
    ('◦', Ink::Healthy, "suspects nobody"),
    ('◇', Ink::Candidate, "suspects somebody"),
    ('?', Ink::Error, "up and suspected"),
    ('‖', Ink::Paused, "paused"),
    ('↓', Ink::Down, "down"),
    ('⊘', Ink::Active, "cut off"),
];

/// What kind of equals the nodes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Crowd {
    /// None: they have leaders, or nothing to tell apart.
    #[default]
    No,
    /// They gossip; the newest update that any of them has.
    Gossip {
        /// Its stamp, 0 where there is none yet.
        newest: u64,
    },
    /// They watch each other.
    Members,
}

impl Crowd {
    /// Finds out what kind they are.
    pub fn of(moment: &Moment<'_>) -> Crowd {
        match moment.session.scenario().protocol.entry().name {
            "gossip" => {
                let up = moment.scene.nodes.iter().filter(|node| node.life != Life::Down);
                Crowd::Gossip { newest: up.map(|node| node.glance.epoch).max().unwrap_or(0) }
            }
            "swim" => Crowd::Members,
            _ => Crowd::No,
        }
    }

    /// Returns what a node that is up is drawn as, where its role does not say it.
    pub fn mark(self, glance: &Glance, known: &Known) -> Option<Mark> {
        match self {
            Crowd::No => None,
            Crowd::Gossip { newest } if glance.epoch < newest => {
                Some(('○', Ink::Candidate, "lacks the newest"))
            }
            Crowd::Gossip { .. } if glance.role == Role::Spreader => {
                Some(('●', Ink::Leader, "tells the newest"))
            }
            Crowd::Gossip { .. } => Some(('•', Ink::Healthy, "has the newest")),
            Crowd::Members if !known.suspected_by.is_empty() => {
                Some(('?', Ink::Error, "suspected"))
            }
            Crowd::Members if glance.decided > 0 => Some(('◇', Ink::Candidate, "suspects")),
            Crowd::Members => Some(('◦', Ink::Healthy, "member")),
        }
    }

    /// Returns what a card says of a node in numbers.
    pub fn numbers(self, glance: &Glance, width: usize) -> Option<String> {
        let (epoch, length, decided) = (glance.epoch, glance.length, glance.decided);
        let roomy = width >= WORDY;
        match self {
            Crowd::No => None,
            Crowd::Gossip { .. } if !roomy => Some(format!("{length} keys, {decided} hot")),
            Crowd::Gossip { .. } => {
                let newest = words::span(crate::sim::Span(epoch));
                Some(format!("{length} keys to {newest}, {decided} hot"))
            }
            Crowd::Members if !roomy => Some(format!("{length} alive, ?{decided}")),
            Crowd::Members => Some(format!("{length} alive, suspects {decided}")),
        }
    }

    /// Returns what each dot is, where the usual ones do not fit.
    pub const fn legend(self) -> Option<&'static [Mark]> {
        match self {
            Crowd::No => None,
            Crowd::Gossip { .. } => Some(&GOSSIP),
            Crowd::Members => Some(&MEMBERS),
        }
    }

    /// Counts what tells the nodes apart, for the pane's rule.
    pub fn summary(self, scene: &Scene) -> Option<String> {
        let up = || scene.nodes.iter().filter(|node| node.life == Life::Up);
        match self {
            Crowd::No => None,
            Crowd::Gossip { newest: 0 } => Some(" · nothing new yet ".to_owned()),
            Crowd::Gossip { newest } => {
                let have = up().filter(|node| node.glance.epoch >= newest).count();
                Some(format!(" · {have} of {} up have the newest ", up().count()))
            }
            Crowd::Members => {
                let suspect = up().filter(|node| node.glance.decided > 0).count();
                let alive = scene.nodes.len() as u64;
                let buried = up().filter(|node| node.glance.length < alive).count();
                let dead = match buried {
                    0 => String::new(),
                    many => format!(", {many} hold somebody dead"),
                };
                Some(format!(" · {suspect} suspect somebody{dead} "))
            }
        }
    }
}

/// Returns whether a node of this role lacks something while nobody leads.
pub(super) const fn awaits_leader(role: Role) -> bool {
    matches!(role, Role::Backup | Role::Candidate | Role::Follower | Role::PreCandidate)
}

/// Lists who is up and suspected, by whom, as far as the oracles say so.
pub(super) fn suspected<'a>(
    moment: &'a Moment<'_>,
) -> impl Iterator<Item = (crate::sim::Address, crate::sim::Address)> + 'a {
    let false_ones = moment.standing.iter().filter(|found| found.property == "false suspicion");
    false_ones.filter_map(|found| match found.subject {
        Subject::Pair(who, whom) => Some((who, whom)),
        _ => None,
    })
}
