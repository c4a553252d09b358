//! All oracles at one table: one record in, signals out, verdicts at any time.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::Vector;

use super::finding::{Finding, Grade, Signal, State, Subject, Verdict};
use super::{Bounds, Hears, Kind, ORACLES, Oracle, Truth};
use crate::sim::{Address, Instant, Lever, Record, What, Whom};

/// How many standing findings are kept for each property; the oldest beyond that are only counted.
/// Failures of calls stand for ever, and no screen shows more.
pub const STANDING_MAX: usize = 256;

/// One oracle and what it has said.
#[derive(Debug)]
struct Seat {
    oracle: Box<dyn Oracle>,
    hears: Hears,
    standing: Vector<Arc<Finding>>,
    first: Option<Arc<Finding>>,
    count: u64,
}

impl Clone for Seat {
    fn clone(&self) -> Seat {
        Seat {
            oracle: self.oracle.fork(),
            hears: self.hears,
            standing: self.standing.clone(),
            first: self.first.clone(),
            count: self.count,
        }
    }
}

impl Seat {
    fn heard(&mut self, signal: &Signal) {
        match signal {
            Signal::Raised(finding) => {
                let finding = Arc::new(finding.clone());
                self.count += 1;
                self.first.get_or_insert_with(|| Arc::clone(&finding));
                if self.standing.len() == STANDING_MAX {
                    self.standing.pop_front();
                }
                self.standing.push_back(finding);
            }
            Signal::Cleared { subject, .. } => {
                if let Some(index) = self.standing.iter().position(|f| f.subject == *subject) {
                    self.standing.remove(index);
                }
            }
        }
    }

    fn verdict(&self, now: Instant) -> Verdict {
        let (property, grade) = (self.oracle.property(), self.oracle.grade());
        let state = match grade {
            Grade::Stall if self.oracle.stalled(now) => State::Stalled,
            Grade::Stall => State::Held,
            _ if self.count > 0 => State::Violated,
            _ => State::Held,
        };
        let first = self.first.as_deref().cloned();
        let at = first.as_ref().map(|finding| finding.at);
        Verdict { property, grade, state, at, first, count: self.count }
    }
}

/// Returns who lies from this record on.
pub(super) fn turned_liars(record: &Record) -> &[Address] {
    match &record.what {
        What::Pulled { lever, .. } => match &**lever {
            Lever::Lie { node: Whom::Only(liars), .. } => liars,
            _ => &[],
        },
        _ => &[],
    }
}

/// All oracles of one run and the truth that they share. A clone goes its own way from here on, and
/// costs little: what is long is shared.
#[derive(Clone, Debug)]
pub struct Panel {
    truth: Truth,
    seats: Vec<Seat>,
    /// Who ever lied: what such a node says of itself is no evidence of anything.
    liars: BTreeSet<Address>,
}

impl Panel {
    /// Seats the oracles of these properties, in the catalogue's order, for a run with so many
    /// nodes.
    pub fn new(bounds: &Bounds, nodes: u16, judged: &[&str]) -> Panel {
        let seat = |kind: &&Kind| Seat {
            oracle: (kind.make)(bounds, nodes),
            hears: kind.hears,
            standing: Vector::new(),
            first: None,
            count: 0,
        };
        let kinds = ORACLES.iter().filter(|kind| judged.contains(&kind.property));
        let seats = kinds.map(seat).collect();
        Panel { truth: Truth::new(nodes, bounds), seats, liars: BTreeSet::new() }
    }

    /// Returns who ever lied.
    pub fn liars(&self) -> &BTreeSet<Address> {
        &self.liars
    }

    /// Folds in one record; what oracles have to say is put at the end of `out`, in the order of
    /// the catalogue. Records of messages, timers and disks pass unheard,
    /// and so does what a liar says of itself.
    pub fn observe(&mut self, record: &Record, out: &mut Vec<Signal>) {
        let heard = Hears::of(record);
        if heard == Hears::NOTHING {
            return;
        }
        self.liars.extend(turned_liars(record));
        let noted = matches!(record.what, What::Noted(_));
        if noted && record.who.is_some_and(|who| self.liars.contains(&who)) {
            return;
        }
        self.truth.observe(record);
        let by_all = self.truth.reborn().is_some();
        for seat in &mut self.seats {
            if !seat.hears.meets(heard) && !by_all {
                continue;
            }
            let before = out.len();
            seat.oracle.observe(record, &self.truth, out);
            for signal in &out[before..] {
                seat.heard(signal);
            }
        }
    }

    /// Makes a second panel that remembers the same.
    #[must_use]
    pub fn fork(&self) -> Panel {
        self.clone()
    }

    /// Returns what is so.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Returns the verdict on each property, in the order of the catalogue.
    pub fn verdicts(&self, now: Instant) -> Vec<Verdict> {
        self.seats.iter().map(|seat| seat.verdict(now)).collect()
    }

    /// Iterates over the findings that were raised and not cleared, in the order of the catalogue
    /// and then of time; at most `STANDING_MAX` for each property.
    pub fn standing(&self) -> impl Iterator<Item = &Finding> {
        self.seats.iter().flat_map(|seat| seat.standing.iter().map(Arc::as_ref))
    }

    /// Returns whether a finding with this property and subject stands.
    pub fn stands(&self, property: &str, subject: Subject) -> bool {
        self.standing().any(|found| found.property == property && found.subject == subject)
    }
}
