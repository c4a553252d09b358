//! The moments of a run that a reader jumps to.

use std::fmt;

use imbl::OrdMap;

use crate::oracles::views::{Cell, Users};
use crate::oracles::{Grade, Signal, Subject, Truth};
use crate::sim::{
    Address, ClientNote, EventId, FaultId, Instant, Life, Note, Record, Role, Span, What,
};

/// What kind of moment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A node took the lead.
    Election,
    /// A slot was decided for the first time.
    Commit,
    /// A node came to believe that another has failed, or a monitor judges a node anew.
    Suspicion,
    /// A node became gray, or is so no more: users find it ill, and a monitor finds it well.
    Gray,
    /// A fault was injected or healed, or a switch turned.
    Input,
    /// A node's life changed.
    Life,
    /// An error: a deviation or a breach of an invariant.
    Error,
    /// A failure, or progress that stalls.
    Failure,
}

impl Kind {
    /// Returns the glyph of the timeline's mark.
    pub const fn glyph(self) -> char {
        match self {
            Kind::Election => '♛',
            Kind::Commit => '·',
            Kind::Suspicion => '?',
            Kind::Gray => '◐',
            Kind::Input => '▲',
            Kind::Life => '↕',
            Kind::Error => '◆',
            Kind::Failure => '✖',
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A node took the lead.
    Leads {
        /// Which node.
        who: Address,
        /// As what.
        role: Role,
        /// Of what, in the algorithm's word: `term`.
        word: &'static str,
        /// Of which.
        epoch: u64,
    },
    /// A slot was decided.
    Decided(u64),
    /// A node suspects another.
    Suspects(Address, Address),
    /// A monitor judges a node ill, or well again.
    Judged {
        /// Which monitor.
        monitor: Address,
        /// Which node.
        node: Address,
        /// Whether it finds it well.
        healthy: bool,
        /// By what kind of probe.
        by: &'static str,
    },
    /// A node became gray to monitors, or left that for another cell.
    Gray {
        /// Which node.
        node: Address,
        /// To which monitors, each with its kind of probe.
        monitors: Vec<(Address, &'static str)>,
        /// In which cell it is now.
        is: Cell,
        /// What users see of it.
        users: Users,
    },
    /// A fault was injected.
    Injected(FaultId),
    /// A fault was healed.
    Healed(FaultId),
    /// A switch was turned.
    Switched(&'static str, bool),
    /// A node's life changed.
    Life(Address, Life),
    /// An oracle found something.
    Found(&'static str, Grade, Subject),
}

/// A moment worth a jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// After how many moves.
    pub moves: u64,
    /// When.
    pub at: Instant,
    /// Its record.
    pub record: EventId,
    /// What.
    pub what: Happening,
}

/// Within what time what many come to believe of one node is one moment.
const CROWD: Span = Span::secs(1);

/// What milestones have told already, so that a crowd of nodes makes one and not a thousand.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The highest slot that was decided.
    decided: u64,
    /// Of whom something was last said: a suspicion, or a finding by its property.
    crowds: OrdMap<(&'static str, Address), Instant>,
}

impl Told {
    /// Returns whether this is the first that is said of a node for a while.
    fn is_first(&mut self, what: &'static str, of: Address, now: Instant) -> bool {
        let before = self.crowds.insert((what, of), now);
        before.is_none_or(|before| now.since(before) > CROWD)
    }
}

impl Milestone {
    /// Returns what kind of moment it is.
    pub fn kind(&self) -> Kind {
        match &self.what {
            Happening::Leads { .. } => Kind::Election,
            Happening::Decided(_) => Kind::Commit,
            Happening::Suspects(..) | Happening::Judged { .. } => Kind::Suspicion,
            Happening::Gray { .. } => Kind::Gray,
            Happening::Injected(_) | Happening::Healed(_) | Happening::Switched(..) => Kind::Input,
            Happening::Life(..) => Kind::Life,
            Happening::Found(_, Grade::Deviation | Grade::Breach, _) => Kind::Error,
            Happening::Found(..) => Kind::Failure,
        }
    }

    /// Reads a record.
    pub(super) fn of_record(
        record: &Record,
        moves: u64,
        truth: &Truth,
        told: &mut Told,
    ) -> Option<Milestone> {
        let who = record.who;
        let what = match &record.what {
            What::Noted(Note::Role { role, epoch }) if role.is_alone() => {
                Happening::Leads { who: who?, role: *role, word: truth.epoch_word(), epoch: *epoch }
            }
            What::Noted(Note::Decided { slot, .. }) if *slot > told.decided => {
                told.decided = *slot;
                Happening::Decided(*slot)
            }
            What::Noted(Note::Suspects(about)) => {
                told.is_first("", *about, record.at).then_some(())?;
                Happening::Suspects(who?, *about)
            }
            What::Client(ClientNote::Judged { node, healthy, by }) => {
                Happening::Judged { monitor: who?, node: *node, healthy: *healthy, by }
            }
            What::Injected(fault) => Happening::Injected(*fault),
            What::Healed(fault) => Happening::Healed(*fault),
            What::Switched { switch, on } => Happening::Switched(switch, *on),
            What::Life(life) => Happening::Life(who?, *life),
            _ => return None,
        };
        Some(Milestone { moves, at: record.at, record: record.id, what })
    }

    /// Lists who became gray with a record, and who is so no more.
    pub(super) fn of_views(record: &Record, moves: u64, truth: &Truth) -> Vec<Milestone> {
        let mut found: Vec<Milestone> = Vec::new();
        // Views change with nothing else, and remember their last change.
        if !matches!(record.what, What::Client(ClientNote::Saw(_) | ClientNote::Judged { .. })) {
            return found;
        }
        let views = truth.views();
        for change in views.changes().iter().filter(|c| Cell::Gray == c.was || Cell::Gray == c.is) {
            let eye = views.eyes().iter().find(|eye| eye.monitor == change.monitor);
            let Some(monitor) = eye.map(|eye| (eye.monitor, eye.probe)) else { continue };
            // What several monitors do not see at once is one moment.
            match found.last_mut().map(|last| &mut last.what) {
                Some(Happening::Gray { node, monitors, is, .. })
                    if (*node, *is) == (change.node, change.is) =>
                {
                    monitors.push(monitor);
                }
                _ => found.push(Milestone {
                    moves,
                    at: record.at,
                    record: record.id,
                    what: Happening::Gray {
                        node: change.node,
                        monitors: vec![monitor],
                        is: change.is,
                        users: views.users(change.node),
                    },
                }),
            }
        }
        found
    }

    /// Reads a signal of the oracles.
    pub(super) fn of_signal(signal: &Signal, moves: u64, told: &mut Told) -> Option<Milestone> {
        let Signal::Raised(finding) = signal else { return None };
        if let Subject::Pair(_, of) = finding.subject
            && finding.grade == Grade::Deviation
            && !told.is_first(finding.property, of, finding.at)
        {
            return None;
        }
        let what = Happening::Found(finding.property, finding.grade, finding.subject);
        Some(Milestone { moves, at: finding.at, record: finding.event, what })
    }
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Happening::Leads { who, word, epoch, .. } => write!(f, "{who} leads {word} {epoch}"),
            Happening::Decided(slot) => write!(f, "slot {slot} committed"),
            Happening::Suspects(who, about) => write!(f, "{who} suspects {about}"),
            Happening::Judged { monitor, node, healthy: true, by } => {
                write!(f, "{monitor} finds {node} well again by {by}")
            }
            Happening::Judged { monitor, node, healthy: false, by } => {
                write!(f, "{monitor} finds {node} ill by {by}")
            }
            Happening::Gray { node, monitors, is, users } => gray(f, *node, monitors, *is, *users),
            Happening::Injected(fault) => write!(f, "{fault} injected"),
            Happening::Healed(fault) => write!(f, "{fault} healed"),
            Happening::Switched(name, on) => {
                write!(f, "{name} switched {}", if *on { "on" } else { "off" })
            }
            Happening::Life(who, life) => write!(f, "{who} {}", life.word()),
            Happening::Found(property, _, subject) => write!(f, "{property}: {subject}"),
        }
    }
}

/// Says that a node became gray, or what it is instead.
fn gray(
    f: &mut fmt::Formatter<'_>,
    node: Address,
    monitors: &[(Address, &'static str)],
    is: Cell,
    users: Users,
) -> fmt::Result {
    let mut probes: Vec<&str> = monitors.iter().map(|(_, probe)| *probe).collect();
    probes.dedup();
    let verb = if probes.len() == 1 { "finds" } else { "find" };
    let probes = probes.join(" and ");
    match is {
        Cell::Gray => {
            let Users { bad, all } = users;
            write!(
                f,
                "{node} is gray: users get no answer ({bad} of {all}), {probes} {verb} it well"
            )
        }
        Cell::Detected => write!(f, "{node} is gray no more: {probes} {verb} it ill too"),
        Cell::Well | Cell::Alarm => write!(f, "{node} is gray no more: users get their answers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracles::Bounds;
    use crate::sim::CallId;
    use crate::sim::Sample;
    use crate::sim::record::Causes;

    /// Folds notes of clients and monitors, one a millisecond, and lists what views make of them.
    fn told(notes: &[(Address, ClientNote)]) -> Vec<String> {
        let mut truth = Truth::new(3, &Bounds::default());
        let mut said = Vec::new();
        for (k, (who, note)) in (1..).zip(notes) {
            let (at, id) = (Instant(k * 1_000), EventId(k as u32));
            let what = What::Client(*note);
            let record = Record { at, id, who: Some(*who), because: Causes::new(), what };
            truth.observe(&record);
            let milestones = Milestone::of_views(&record, k, &truth);
            said.extend(milestones.iter().map(ToString::to_string));
        }
        said
    }

    #[test]
    fn who_becomes_gray_and_who_is_so_no_more_is_told_once_for_all_monitors() {
        let (n1, within) = (Address::Node(1), Span::millis(700));
        let [m1, m2, c1] = [Address::Monitor(1), Address::Monitor(2), Address::Client(1)];
        let saw = |answered| ClientNote::Saw(Sample { node: n1, took: Span::millis(9), answered });
        let judged = |healthy, by| ClientNote::Judged { node: n1, healthy, by };
        let call = CallId { client: c1, serial: 1, attempt: 1 };
        let notes = [
            (m1, ClientNote::Watches { probe: "ping", within }),
            (m2, ClientNote::Watches { probe: "deep", within }),
            (c1, saw(true)),
            (c1, saw(false)),
            (c1, saw(false)),
            (m2, judged(false, "deep")),
            (m2, judged(true, "deep")),
            (c1, ClientNote::Avoided { call, node: n1 }),
        ];
        assert_eq!(
            told(&notes),
            [
                "n1 is gray: users get no answer (2 of 3), ping and deep find it well",
                "n1 is gray no more: deep finds it ill too",
                "n1 is gray: users get no answer (2 of 3), deep finds it well",
            ]
        );
    }
}
