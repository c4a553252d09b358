//! Where an error stopped, and by whom.
//!
//! Three kinds of containers are known by what they leave in the records. A node says that it
//! stopped something by a rule. A client gets on a later try what a fault took from an earlier one.
//! A majority decides while a fault keeps others from hearing of it. Whether it was the container
//! that kept the failure away is shown by the same run with the mechanism switched off.

use std::collections::BTreeMap;

use super::chain::Containment;
use super::memory::{Index, Memory, called};
use crate::mechanisms::observers;
use crate::oracles::{Finding, Subject};
use crate::sim::client::Circuit;
use crate::sim::{
    Address, Because, ClientNote, EventId, FaultId, Instant, Nature, Note, Record, Span, What,
};

/// For how long after the finding containers are looked for.
pub(super) const LOOK_AHEAD: Span = Span::secs(5);
/// How many faults are told apart at most: one bit each.
const FAULTS_MAX: usize = 64;

/// A container that stopped something, and for which faults.
#[derive(Clone, Debug)]
pub(super) struct Stopped {
    pub what: Containment,
    /// The faults from which that descends which it stopped; empty where it is the finding's own
    /// subject that was stopped.
    pub faults: Vec<FaultId>,
    /// How often.
    pub times: u32,
}

/// Returns the switch that turns a container off, where there is one.
pub(super) fn switch_of(by: &str) -> Option<&'static str> {
    crate::mechanisms::find(by)?.switch
}

/// Which faults a record descends from, one bit each.
type Descent = u64;

struct Search<'a> {
    memory: &'a dyn Memory,
    index: &'a Index,
    suspects: &'a [FaultId],
    /// Nodes that the errors are about, and since when.
    wrong: BTreeMap<Address, Instant>,
    descent: BTreeMap<EventId, Descent>,
    /// When each node took in the entry of a slot.
    appended: BTreeMap<(Address, u64), Instant>,
    /// To whom a node's request did not come, when, and by whose doing.
    unheard: BTreeMap<Address, Vec<(Instant, Address, Descent)>>,
    /// Tries of a call that were lost to faults.
    lost: BTreeMap<(Address, u32), Descent>,
    /// What made a monitor judge a node ill.
    judged: BTreeMap<Address, Descent>,
    /// What made a client's circuit breaker open.
    tripped: BTreeMap<Address, Descent>,
    found: BTreeMap<&'static str, Stopped>,
}

/// Looks for what contained the effects of the suspects around a finding.
pub(super) fn find(
    memory: &dyn Memory,
    index: &Index,
    (suspects, begin): (&[FaultId], EventId),
    errors: &[&Finding],
    finding: &Finding,
) -> Vec<Stopped> {
    let mut wrong = BTreeMap::new();
    for error in errors {
        let (a, b) = match error.subject {
            Subject::Node(node) => (Some(node), None),
            Subject::Pair(a, b) => (Some(a), Some(b)),
            _ => (None, None),
        };
        for who in a.into_iter().chain(b) {
            let since = wrong.entry(who).or_insert(error.at);
            *since = error.at.min(*since);
        }
    }
    let suspects = &suspects[..suspects.len().min(FAULTS_MAX)];
    let mut search = Search {
        memory,
        index,
        suspects,
        wrong,
        descent: BTreeMap::new(),
        appended: BTreeMap::new(),
        unheard: BTreeMap::new(),
        lost: BTreeMap::new(),
        judged: BTreeMap::new(),
        tripped: BTreeMap::new(),
        found: BTreeMap::new(),
    };
    let (first, next) = memory.reach();
    let end = finding.at + LOOK_AHEAD;
    for id in first.max(begin).0..next.0 {
        let Some(record) = memory.record(EventId(id)) else { continue };
        if record.at > end {
            break;
        }
        search.read(record);
    }
    search.found.into_values().collect()
}

impl Search<'_> {
    fn read(&mut self, record: &Record) {
        let descent = self.descend(record);
        if descent != 0 {
            self.descent.insert(record.id, descent);
        }
        let Some(who) = record.who else { return };
        match &record.what {
            What::Withheld { from, detail, .. }
                if descent != 0 && detail.kind.nature == Nature::Request && who.is_node() =>
            {
                self.unheard.entry(*from).or_default().push((record.at, who, descent));
            }
            What::Noted(Note::Appended { slot, .. }) => {
                self.appended.insert((who, *slot), record.at);
            }
            What::Noted(Note::Decided { slot, .. }) => self.decided(record, who, *slot),
            What::Noted(Note::Contained { by, from }) => {
                let about = |who: &Address| self.wrong.get(who).is_some_and(|s| *s <= record.at);
                if descent != 0 || about(&who) || about(from) {
                    let text = match *by {
                        "staged rollout" => {
                            format!("the rollout stopped at {who}, which was ill, and was undone")
                        }
                        _ => format!("{who} stopped what came of {from} by its {by}"),
                    };
                    self.stopped(by, record.id, descent, text);
                }
            }
            What::Client(note) => self.client(record, note, descent),
            _ => {}
        }
    }

    /// Returns the faults from which a record descends through what was there or was lacking; who
    /// armed a timer does not count.
    fn descend(&self, record: &Record) -> Descent {
        if let Some(fault) = self.index.levers.get(&record.id) {
            let place = self.suspects.iter().position(|suspect| suspect == fault);
            let deed = matches!(record.what, What::Pulled { .. } | What::Healed(_));
            return place.filter(|_| deed).map_or(0, |place| 1 << place);
        }
        let skipped = match &record.what {
            What::Fired { timer } => usize::from(*timer != "retry"),
            What::Withheld { .. } => 1,
            _ => 0,
        };
        let late = match &record.what {
            What::Delivered { .. } => self.index.is_late(self.memory, record),
            _ => true,
        };
        let count = if late { record.because.len() } else { 1 };
        let causes = record.because.iter().take(count).skip(skipped);
        causes.filter_map(|cause| self.descent.get(&Because::id(*cause))).fold(0, |a, b| a | b)
    }

    fn stopped(&mut self, by: &'static str, at: EventId, descent: Descent, text: String) {
        let suspects = self.suspects.iter().enumerate();
        let faults = suspects.filter(|(place, _)| descent >> place & 1 == 1).map(|(_, f)| *f);
        let entry = self.found.entry(by).or_insert_with(|| {
            let what = Containment { by, at, text, confirmed: None };
            Stopped { what, faults: Vec::new(), times: 0 }
        });
        entry.times += 1;
        for fault in faults {
            if !entry.faults.contains(&fault) {
                entry.faults.push(fault);
            }
        }
    }

    /// A decision that was taken though a fault kept a peer from hearing of it.
    fn decided(&mut self, record: &Record, who: Address, slot: u64) {
        let Some(since) = self.appended.get(&(who, slot)).copied() else { return };
        let Some(unheard) = self.unheard.get(&who) else { return };
        let recent = unheard.iter().rev().take_while(|(at, ..)| *at >= since);
        let mut peers: Vec<Address> = Vec::new();
        let mut descent = 0;
        for (_, peer, of) in recent {
            descent |= of;
            if !peers.contains(peer) {
                peers.push(*peer);
            }
        }
        if descent != 0 {
            peers.sort_unstable();
            let names: Vec<String> = peers.iter().map(Address::to_string).collect();
            let names = names.join(", ");
            let text = format!("{who} decided slot {slot} by a majority, without {names}");
            self.stopped("quorum", record.id, descent, text);
        }
    }

    /// A call that was answered on a later try.
    fn client(&mut self, record: &Record, note: &ClientNote, descent: Descent) {
        if let ClientNote::Judged { node, healthy: false, by } = note
            && descent != 0
        {
            *self.judged.entry(*node).or_default() |= descent;
            if let (Some(by), Some(monitor)) = (observers::of_probe(by), record.who) {
                let text = format!("{monitor} found {node} ill by its {by}");
                self.stopped(by, record.id, descent, text);
            }
        }
        let Some(key) = called(note) else { return };
        match note {
            ClientNote::Avoided { call, node } => {
                if let Some(descent) = self.judged.get(node).copied() {
                    let text = format!("{call} avoided {node}, which was judged ill");
                    self.stopped("ejection", record.id, descent, text);
                }
            }
            ClientNote::Circuit { call, state: Circuit::Open, .. } if descent != 0 => {
                self.tripped.insert(call.client, descent);
            }
            ClientNote::Spared { call, by } => {
                let tripped = self.tripped.get(&call.client).copied().unwrap_or(0);
                let descent = if *by == "circuit breaker" { descent | tripped } else { descent };
                if descent != 0 {
                    let text = format!("{call} was not sent, by the {by}");
                    self.stopped(by, record.id, descent, text);
                }
            }
            ClientNote::Retried { .. } if descent != 0 => {
                *self.lost.entry(key).or_default() |= descent;
            }
            ClientNote::Returned { call, .. } => {
                if let Some(descent) = self.lost.remove(&key) {
                    let attempt = call.attempt;
                    let text = format!("{call} was tried again and answered at attempt {attempt}");
                    self.stopped("retry", record.id, descent, text);
                }
            }
            _ => {}
        }
    }
}
