//! What may come true in a run, and the record that made it so.
//!
//! Most predicates speak of history: something happened, and the first record of it is the match. A
//! few speak of how things stand (`Fault`, `Life`, `Leads`). A beat looks at what happened since it
//! began; an explanation looks at the whole run; `After` looks on from an event that has a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::faults::Target;
use crate::lab::{Fault, Happening, Session, Stage};
use crate::oracles::{Finding, Grade, Signal, Subject};
use crate::sim::{
    Address, ClientNote, EventId, FaultId, Instant, Lever, Life, Note, Op, Outcome, Record, Role,
    Span, What,
};

use super::words;

/// Something that may be true of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Predicate {
    /// An oracle found that this property does not hold: `Found("durable")`.
    Found(String),
    /// What was found is right again: `Cleared("lacks acknowledged data")`.
    Cleared(String),
    /// A client saw something go wrong: any finding of the grade failure or stall.
    Fails,
    /// A fault of the run, by its number, has come so far.
    Stage {
        /// The fault's number, from 1.
        fault: u32,
        /// How far.
        is: StageName,
    },
    /// There is a fault of this variant, such as `forgetful disk`.
    Fault {
        /// The variant's name in the taxonomy.
        is: String,
        /// How far it has come; any stage where this is not given.
        #[serde(default)]
        stage: Option<StageName>,
        /// On whom.
        #[serde(default)]
        on: Who,
    },
    /// A node is up, paused or down now.
    Life {
        /// Which.
        #[serde(default)]
        who: Who,
        /// How.
        is: LifeName,
    },
    /// A node leads now, and runs.
    Leads(Who),
    /// A node started again.
    Returned(Who),
    /// A crash took writes of a node's disk.
    Forgot(Who),
    /// A node put an entry into its log.
    Appended(Who),
    /// A mechanism, by its name, stopped something at a node.
    Contained {
        /// The mechanism.
        by: String,
        /// Where.
        #[serde(default)]
        at: Who,
    },
    /// So many slots are decided.
    Decided(u64),
    /// So many calls were answered.
    Answered {
        /// Which calls.
        #[serde(default)]
        what: Calls,
        /// How many; one where this is not given.
        #[serde(default = "one")]
        times: u32,
    },
    /// A client gave up a call.
    GaveUp,
    /// So much virtual time went by.
    Passed(Span),
    /// All of these hold.
    All(Vec<Predicate>),
    /// One of these holds.
    Any(Vec<Predicate>),
    /// This does not hold.
    Not(Box<Predicate>),
    /// The event that has this name already, whatever became of it since.
    Event(String),
    /// This holds of what happened after a named event.
    After(String, Box<Predicate>),
}

/// Who.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// Anybody.
    #[default]
    Anybody,
    /// One node: `Node("n2")`.
    Node(Address),
    /// The one that a named event is of: `Same("back")`.
    Same(String),
    /// Whoever leads now.
    Leader,
    /// Whoever does not lead now.
    Follower,
}

/// How far a fault has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageName {
    /// It has touched nothing yet.
    Dormant,
    /// It has had a part in something.
    Active,
    /// It was taken back.
    Healed,
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LifeName {
    /// It runs.
    Up,
    /// It is frozen.
    Paused,
    /// It is off.
    Down,
}

/// Which calls of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Calls {
    /// Any.
    #[default]
    Any,
    /// Reads.
    Read,
    /// Writes.
    Write,
}

impl StageName {
    /// Returns the stage.
    pub const fn stage(self) -> Stage {
        match self {
            StageName::Dormant => Stage::Dormant,
            StageName::Active => Stage::Active,
            StageName::Healed => Stage::Healed,
        }
    }
}

impl LifeName {
    /// Returns the life.
    pub const fn life(self) -> Life {
        match self {
            LifeName::Up => Life::Up,
            LifeName::Paused => Life::Paused,
            LifeName::Down => Life::Down,
        }
    }
}

const fn one() -> u32 {
    1
}

/// The record that made a predicate true, with what a text may say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The record.
    pub record: EventId,
    /// When.
    pub at: Instant,
    /// Whose it is, where it is anybody's.
    pub who: Option<Address>,
    /// The term that it speaks of, where it does.
    pub term: Option<u64>,
    /// It in words.
    pub text: String,
}

/// The events that have a name.
pub type Marks = BTreeMap<String, Match>;

/// A look at a run: from where on, and which events have a name.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    session: &'a Session,
    marks: Option<&'a Marks>,
    since: EventId,
    since_at: Instant,
}

impl<'a> Look<'a> {
    /// Looks at the whole run, and knows no event by name.
    pub fn new(session: &'a Session) -> Look<'a> {
        Look { session, marks: None, since: EventId(0), since_at: Instant::ZERO }
    }

    /// Knows events by name.
    #[must_use]
    pub fn with(mut self, marks: &'a Marks) -> Look<'a> {
        self.marks = Some(marks);
        self
    }

    /// Looks only at what happened from a record on.
    #[must_use]
    pub fn since(mut self, record: EventId, at: Instant) -> Look<'a> {
        (self.since, self.since_at) = (record, at);
        self
    }

    fn mark(&self, name: &str) -> Option<&'a Match> {
        self.marks?.get(name)
    }

    fn records(&self) -> impl Iterator<Item = &'a Record> {
        let begin = self.since.0.max(self.session.memory_begins().0);
        let session = self.session;
        (begin..session.next_record().0).filter_map(move |id| session.record(EventId(id)))
    }

    fn first(&self, fits: impl Fn(&Record) -> bool) -> Option<Match> {
        self.records().find(|record| fits(record)).map(|record| self.of_record(record))
    }

    fn is(&self, who: &Who, found: Option<Address>) -> bool {
        match who {
            Who::Anybody => true,
            Who::Node(node) => found == Some(*node),
            Who::Same(name) => {
                found.is_some() && self.mark(name).is_some_and(|mark| mark.who == found)
            }
            Who::Leader => found.is_some_and(|node| self.leads(node)),
            Who::Follower => found.is_some_and(|node| node.is_node() && !self.leads(node)),
        }
    }

    fn leads(&self, node: Address) -> bool {
        let nodes = self.session.scene().nodes;
        let running =
            nodes.iter().filter(|n| n.life != Life::Down && n.glance.role == Role::Leader);
        running.max_by_key(|n| n.glance.epoch).is_some_and(|leader| leader.address == node)
    }

    fn of_record(&self, record: &Record) -> Match {
        let term = match &record.what {
            What::Noted(Note::Role { epoch, .. } | Note::Voted { epoch, .. }) => Some(*epoch),
            What::Noted(Note::Decided { entry, .. } | Note::Appended { entry, .. }) => {
                Some(entry.epoch)
            }
            _ => None,
        };
        let text = words::record(record, &self.session.scenario().protocol.entry().words);
        Match { record: record.id, at: record.at, who: record.who, term, text }
    }

    fn now(&self) -> Match {
        let record = EventId(self.session.next_record().0.saturating_sub(1));
        let at = self.session.clock();
        let text = format!("so far: {at}");
        Match { record, at, who: None, term: None, text }
    }
}

impl Predicate {
    /// Returns the record that made it true, if it is.
    pub fn holds(&self, look: &Look<'_>) -> Option<Match> {
        match self {
            Predicate::Found(name) => raised(look, |finding| finding.property == name),
            Predicate::Fails => {
                raised(look, |finding| matches!(finding.grade, Grade::Failure | Grade::Stall))
            }
            Predicate::Cleared(name) => cleared(look, name),
            Predicate::Stage { fault, is } => {
                let wanted = FaultId(*fault);
                fault_of(look, |fault, stage| fault.id == wanted && stage == is.stage())
            }
            Predicate::Fault { is, stage, on } => fault_of(look, |fault, now| {
                crate::faults::variant(&fault.spec).name == is
                    && stage.is_none_or(|stage| stage.stage() == now)
                    && (*on == Who::Anybody || look.is(on, target_of(look.session, fault)))
            }),
            Predicate::Life { who, is } => life(look, who, is.life()),
            Predicate::Leads(who) => leads(look, who),
            Predicate::Decided(slots) => look.first(|record| {
                matches!(record.what, What::Noted(Note::Decided { slot, .. }) if slot >= *slots)
            }),
            Predicate::Answered { what, times } => {
                let answers = look.records().filter(|record| answers(record, *what));
                answers.map(|record| look.of_record(record)).nth(times.saturating_sub(1) as usize)
            }
            Predicate::Passed(span) => {
                let gone = look.session.clock().since(look.since_at);
                let text = format!("{span} went by");
                (gone >= *span).then(|| Match { text, ..look.now() })
            }
            Predicate::All(parts) => {
                let matches: Option<Vec<Match>> =
                    parts.iter().map(|part| part.holds(look)).collect();
                matches?.into_iter().max_by_key(|found| found.record)
            }
            Predicate::Any(parts) => {
                let matches = parts.iter().filter_map(|part| part.holds(look));
                matches.min_by_key(|found| found.record)
            }
            // It held all along: so what holds beside it is what made the whole true.
            Predicate::Not(part) => {
                let holds = part.holds(look).is_none();
                holds.then(|| Match { record: look.since, at: look.since_at, ..look.now() })
            }
            Predicate::Event(name) => look.mark(name).cloned(),
            Predicate::After(name, part) => {
                let mark = look.mark(name)?;
                part.holds(&look.since(EventId(mark.record.0 + 1), mark.at))
            }
            Predicate::Returned(_)
            | Predicate::Forgot(_)
            | Predicate::Appended(_)
            | Predicate::Contained { .. }
            | Predicate::GaveUp => look.first(|record| self.fits(record, look)),
        }
    }

    /// Returns whether one record alone makes it true.
    fn fits(&self, record: &Record, look: &Look<'_>) -> bool {
        match (self, &record.what) {
            // The first start of a node is no return.
            (Predicate::Returned(who), What::Booted) => {
                record.at > Instant::ZERO && look.is(who, record.who)
            }
            (Predicate::Forgot(who), What::Forgot { writes }) => {
                *writes > 0 && look.is(who, record.who)
            }
            (Predicate::Appended(who), What::Noted(Note::Appended { .. })) => {
                look.is(who, record.who)
            }
            (Predicate::Contained { by, at }, What::Noted(Note::Contained { by: found, .. })) => {
                by == found && look.is(at, record.who)
            }
            (Predicate::GaveUp, What::Client(ClientNote::GaveUp { .. })) => true,
            _ => false,
        }
    }

    /// Returns the predicates that it is made of.
    pub fn parts(&self) -> &[Predicate] {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => parts,
            Predicate::Not(part) | Predicate::After(_, part) => std::slice::from_ref(part),
            _ => &[],
        }
    }
}

/// Returns whether a record says that a call was answered with what it asked for.
fn answers(record: &Record, what: Calls) -> bool {
    let What::Client(ClientNote::Returned { op, outcome, .. }) = &record.what else {
        return false;
    };
    let asked = match what {
        Calls::Any => true,
        Calls::Read => matches!(op, Op::Read { .. }),
        Calls::Write => matches!(op, Op::Write { .. }),
    };
    asked && !matches!(outcome, Outcome::Redirect(_))
}

fn raised(look: &Look<'_>, fits: impl Fn(&Finding) -> bool) -> Option<Match> {
    look.session.signals().find_map(|signal| match signal {
        Signal::Raised(finding) if finding.event >= look.since && fits(finding) => {
            Some(of_finding(look.session, finding))
        }
        _ => None,
    })
}

fn cleared(look: &Look<'_>, name: &str) -> Option<Match> {
    look.session.signals().find_map(|signal| match signal {
        Signal::Cleared { property, subject, at, event }
            if *property == name && *event >= look.since =>
        {
            let (who, term) = of_subject(*subject);
            let text = format!("{subject}: {property} no longer");
            Some(Match { record: *event, at: *at, who, term, text })
        }
        _ => None,
    })
}

fn fault_of(look: &Look<'_>, fits: impl Fn(&Fault, Stage) -> bool) -> Option<Match> {
    let faults = look.session.faults();
    let (fault, stage) = faults.into_iter().find(|(fault, stage)| fits(fault, *stage))?;
    let injected = injection(look.session, fault.id)?;
    let record = match stage {
        Stage::Active => look.session.touched(fault.id).unwrap_or(injected),
        Stage::Dormant | Stage::Healed => injected,
    };
    let at = look.session.record(record).map_or(fault.at, |record| record.at);
    let text = format!("{}: {}, {}", fault.id, fault.spec, stage.word());
    Some(Match { record, at, who: target_of(look.session, &fault), term: None, text })
}

/// Returns the record at which a fault was injected.
fn injection(session: &Session, fault: FaultId) -> Option<EventId> {
    let found = session.milestones().find(|m| m.what == Happening::Injected(fault))?;
    Some(found.record)
}

/// How many records after its injection a fault's lever is looked for; a lever that waits longer is
/// not known to be of anybody.
const PULLED_WITHIN: u32 = 64;

/// Returns the node that a fault struck, or the first of several.
fn target_of(session: &Session, fault: &Fault) -> Option<Address> {
    match fault.spec.target() {
        Some(Target::Node(node)) => return Some(*node),
        Some(Target::Nodes(nodes)) => return nodes.first().copied(),
        Some(Target::Leader | Target::NextLeader | Target::All) | None => {}
    }
    let from = injection(session, fault.id)?.0;
    let mut after = (from..from + PULLED_WITHIN).filter_map(|id| session.record(EventId(id)));
    after.find_map(|record| match &record.what {
        What::Pulled { fault: of, lever } if *of == fault.id => struck(lever),
        _ => None,
    })
}

fn struck(lever: &Lever) -> Option<Address> {
    lever.groups().0.members().first().copied()
}

fn life(look: &Look<'_>, who: &Who, wanted: Life) -> Option<Match> {
    let scene = look.session.scene();
    let found = scene.nodes.iter().find(|n| n.life == wanted && look.is(who, Some(n.address)))?;
    let changed =
        |record: &&Record| record.who == Some(found.address) && record.what == What::Life(wanted);
    let record = look.session.newest_records().find(changed);
    let who = Some(found.address);
    Some(record.map_or_else(|| Match { who, ..look.now() }, |record| look.of_record(record)))
}

fn leads(look: &Look<'_>, who: &Who) -> Option<Match> {
    let scene = look.session.scene();
    let leading = scene.nodes.iter().filter(|node| look.leads(node.address));
    let found = leading.map(|node| node.address).find(|node| look.is(who, Some(*node)))?;
    let took = |record: &&Record| {
        let role = matches!(record.what, What::Noted(Note::Role { role: Role::Leader, .. }));
        role && record.who == Some(found)
    };
    let record = look.session.newest_records().find(took);
    Some(
        record.map_or_else(
            || Match { who: Some(found), ..look.now() },
            |record| look.of_record(record),
        ),
    )
}

fn of_finding(session: &Session, finding: &Finding) -> Match {
    let (who, term) = of_subject(finding.subject);
    // Of a finding about a key or a term, whose record showed it.
    let who = who.or_else(|| session.record(finding.event)?.who);
    Match { record: finding.event, at: finding.at, who, term, text: finding.text.clone() }
}

const fn of_subject(subject: Subject) -> (Option<Address>, Option<u64>) {
    match subject {
        Subject::Node(node) | Subject::Pair(node, _) => (Some(node), None),
        Subject::Call(client, _) => (Some(client), None),
        Subject::Epoch(epoch) => (None, Some(epoch)),
        Subject::World | Subject::Slot(_) | Subject::Key(_) => (None, None),
    }
}
