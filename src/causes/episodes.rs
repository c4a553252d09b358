//! Which findings deserve a chain: one for each episode, not one for each call that failed in it.

use std::collections::{BTreeMap, BTreeSet};

use super::memory::Index;
use super::slice::{Slice, Strength};
use crate::lab::Session;
use crate::oracles::{Finding, Grade, Signal};
use crate::sim::FaultId;

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
    let mut groups: BTreeMap<BTreeSet<FaultId>, Vec<&Finding>> = BTreeMap::new();
    let mut last: BTreeMap<&'static str, BTreeSet<FaultId>> = BTreeMap::new();
    let grave = raised.iter().filter(|finding| finding.grade != Grade::Deviation);
    for (place, finding) in grave.enumerate() {
        let key = match last.get(finding.property) {
            Some(known) if place >= SLICES_MAX => known.clone(),
            _ => blamed(&Slice::cut(session, &index, finding)),
        };
        last.insert(finding.property, key.clone());
        groups.entry(key).or_default().push(finding);
    }
    let failed: BTreeSet<FaultId> = groups.keys().flatten().copied().collect();
    let calm = session
        .faults()
        .into_iter()
        .any(|(fault, _)| !failed.contains(&fault.id) && index.effects.contains_key(&fault.id));
    let mild = raised.iter().filter(|finding| finding.grade == Grade::Deviation);
    for finding in mild.take(if calm { SLICES_MAX } else { 0 }) {
        let key = blamed(&Slice::cut(session, &index, finding));
        if !key.is_empty() && key.iter().all(|fault| !failed.contains(fault)) {
            groups.entry(key).or_default().push(finding);
        }
    }
    let mut episodes: Vec<Episode> =
        groups.into_iter().filter_map(|(faults, found)| episode(faults, &found)).collect();
    episodes.sort_by_key(|episode| episode.finding.event);
    episodes
}

/// Returns whom a slice blames: those that deeds lead to, or else whoever it reaches.
fn blamed(slice: &Slice) -> BTreeSet<FaultId> {
    let surest = slice.proposals.iter().map(|p| p.strength).max().unwrap_or(Strength::Weak);
    let sure = slice.proposals.iter().filter(|p| p.strength == surest);
    sure.map(|proposal| proposal.fault).collect()
}

fn episode(faults: BTreeSet<FaultId>, found: &[&Finding]) -> Option<Episode> {
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
