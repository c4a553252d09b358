//! Which findings deserve a chain: one for each episode, not one for each call that failed in it.

use std::collections::{BTreeMap, BTreeSet};

use super::memory::Index;
use super::slice::{Slice, Strength};
use crate::lab::Session;
use crate::oracles::{Finding, Grade, Signal, Subject};
use crate::sim::{FaultId, Span, What};

/// How many findings are sliced at most; what comes beyond joins an episode of its property.
const SLICES_MAX: usize = 96;

/// Findings that the records trace to the same faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// The finding that stands for them: the first failure, or else the first error.
    pub finding: Finding,
    /// The others, in order.
    pub also: Vec<Finding>,
    /// The faults that the records propose; the runs of an inquiry decide.
    pub faults: BTreeSet<FaultId>,
}

/// Lists the episodes of a run up to the session's position, oldest first: those that failed or
/// broke something, and those of faults that had effects and were contained.
pub fn episodes(session: &Session) -> Vec<Episode> {
    let index = Index::read(session, session.next_record(), &session.scenario().network);
    let raised: Vec<&Finding> = session
        .signals()
        .filter_map(|signal| match signal {
            Signal::Raised(finding) => Some(finding),
            Signal::Cleared { .. } => None,
        })
        .collect();
    let mut groups: BTreeMap<(Class, BTreeSet<FaultId>), Vec<&Finding>> = BTreeMap::new();
    let mut last: BTreeMap<&'static str, BTreeSet<FaultId>> = BTreeMap::new();
    let grave = raised.iter().filter(|finding| finding.grade != Grade::Deviation);
    for (place, finding) in grave.enumerate() {
        let key = match last.get(finding.property) {
            Some(known) if place >= SLICES_MAX => known.clone(),
            _ => blamed(&Slice::cut(session, &index, finding)),
        };
        last.insert(finding.property, key.clone());
        groups.entry((class(session, finding), key)).or_default().push(finding);
    }
    let failed: BTreeSet<FaultId> = groups.keys().flat_map(|(_, faults)| faults).copied().collect();
    let calm = session
        .faults()
        .into_iter()
        .any(|(fault, _)| !failed.contains(&fault.id) && index.effects.contains_key(&fault.id));
    let mild = raised.iter().filter(|finding| finding.grade == Grade::Deviation);
    for finding in mild.take(if calm { SLICES_MAX } else { 0 }) {
        let key = blamed(&Slice::cut(session, &index, finding));
        if !key.is_empty() && key.iter().all(|fault| !failed.contains(fault)) {
            groups.entry((Class::Error, key)).or_default().push(finding);
        }
    }
    let groups = groups.into_iter().map(|((class, faults), found)| Group { class, faults, found });
    let merged = merge(groups.collect());
    let mut episodes: Vec<Episode> = merged.into_iter().filter_map(episode).collect();
    episodes.sort_by_key(|episode| episode.finding.event);
    episodes
}

/// In what way something went wrong: what is of different classes has chains of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// A deviation.
    Error,
    /// Calls that came late or to nothing, and progress that stalled.
    Fate,
    /// What broke a promise: this invariant, or this property of what clients saw.
    Promise(&'static str),
}

fn class(session: &Session, finding: &Finding) -> Class {
    let said = || session.record(finding.event).map(|record| &record.what);
    match (finding.grade, finding.subject) {
        (Grade::Deviation, _) => Class::Error,
        (Grade::Stall, _) => Class::Fate,
        (Grade::Failure, Subject::Call(..)) if matches!(said(), Some(What::Client(_)) | None) => {
            Class::Fate
        }
        _ => Class::Promise(finding.property),
    }
}

/// Findings of one class and the faults that are blamed for them.
struct Group<'a> {
    class: Class,
    faults: BTreeSet<FaultId>,
    found: Vec<&'a Finding>,
}

/// Puts together what shares a fault, goes wrong in the same way and lies close in time: an outage
/// in which calls fail for different mixtures of the same faults is one.
fn merge(mut groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    groups.sort_by_key(|group| group.found.first().map(|finding| finding.event));
    let mut merged: Vec<Group<'_>> = Vec::new();
    for group in groups {
        let fits = |other: &&mut Group<'_>| {
            let shared = !other.faults.is_disjoint(&group.faults);
            other.class == group.class && shared && close(&other.found, &group.found)
        };
        match merged.iter_mut().find(fits) {
            Some(other) => {
                other.faults.extend(group.faults);
                other.found.extend(group.found);
                other.found.sort_by_key(|finding| finding.event);
            }
            None => merged.push(group),
        }
    }
    merged
}

/// Returns whether some finding of the later group comes soon after one of the earlier.
fn close(earlier: &[&Finding], later: &[&Finding]) -> bool {
    let end = earlier.iter().map(|finding| finding.at).max();
    let begin = later.iter().map(|finding| finding.at).min();
    end.zip(begin).is_some_and(|(end, begin)| begin.since(end) <= LULL)
}

/// How long nothing may go wrong within an episode.
const LULL: Span = Span::secs(1);

/// Returns whom a slice blames: those that deeds lead to, or else whoever it reaches.
fn blamed(slice: &Slice) -> BTreeSet<FaultId> {
    let surest = slice.proposals.iter().map(|p| p.strength).max().unwrap_or(Strength::Weak);
    let sure = slice.proposals.iter().filter(|p| p.strength == surest);
    sure.map(|proposal| proposal.fault).collect()
}

fn episode(group: Group<'_>) -> Option<Episode> {
    let Group { faults, found, .. } = group;
    // A failure tells more than the stall or the breach behind it.
    let rank = |finding: &Finding| match finding.grade {
        Grade::Failure => 0,
        Grade::Breach => 1,
        Grade::Stall => 2,
        Grade::Deviation => 3,
    };
    let first = found.iter().min_by_key(|finding| (rank(finding), finding.event))?;
    let also = found.iter().filter(|other| other.event != first.event || !other.same(first));
    Some(Episode {
        finding: (*first).clone(),
        also: also.map(|finding| (*finding).clone()).collect(),
        faults,
    })
}
