//! The moments of a run that a reader jumps to.

use std::fmt;

use imbl::OrdMap;

use crate::oracles::{Grade, Signal, Subject, Truth};
use crate::sim::{Address, EventId, FaultId, Instant, Life, Note, Record, Role, Span, What};

/// What kind of moment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A node took the lead.
    Election,
    /// A slot was decided for the first time.
    Commit,
    /// A node came to believe that another has failed.
    Suspicion,
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
            Happening::Suspects(..) => Kind::Suspicion,
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
            What::Injected(fault) => Happening::Injected(*fault),
            What::Healed(fault) => Happening::Healed(*fault),
            What::Switched { switch, on } => Happening::Switched(switch, *on),
            What::Life(life) => Happening::Life(who?, *life),
            _ => return None,
        };
        Some(Milestone { moves, at: record.at, record: record.id, what })
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
