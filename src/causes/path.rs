//! The way from a finding back to a fault, cut down to what a reader can follow.

use std::cmp::Reverse;

use super::chain::Named;
use super::memory::Memory;
use super::slice::Proposal;
use crate::oracles::Finding;
use crate::sim::{EventId, Note, Record, What};

/// How many links a reader follows.
pub const LINKS_MAX: usize = 6;

/// Returns the path to the first fault that is named; the finding alone where none is.
pub(super) fn of(finding: &Finding, named: &[Named], proposals: &[Proposal]) -> Vec<EventId> {
    let ways = named.iter().filter_map(|named| {
        let way = proposals.iter().find(|proposal| proposal.fault == named.fault)?;
        Some(way)
    });
    let plainest = ways.min_by_key(|way| (Reverse(way.strength), way.path.len(), way.fault));
    if let Some(way) = plainest {
        let mut path = way.path.clone();
        if path.first() != Some(&finding.event) {
            path.insert(0, finding.event);
            if path.len() > LINKS_MAX {
                path.remove(1);
            }
        }
        return path;
    }
    let via = named.first().map(|named| named.via).filter(|via| *via != finding.event);
    std::iter::once(finding.event).chain(via).collect()
}

/// Cuts a path down to what is worth telling: both ends, and the weightiest links between them.
pub(super) fn notable(memory: &dyn Memory, path: &[EventId]) -> Vec<EventId> {
    let [first, between @ .., last] = path else { return path.to_vec() };
    let known = between.iter().filter_map(|id| memory.record(*id));
    let weighed = known.map(|record| (record.id, weight(record)));
    let mut links: Vec<(EventId, u8)> = weighed.filter(|(_, weight)| *weight > 0).collect();
    while links.len() > LINKS_MAX - 2 {
        let lightest = links.iter().enumerate().min_by_key(|(place, (_, w))| (*w, *place));
        let Some((place, _)) = lightest else { break };
        links.remove(place);
    }
    let between = links.into_iter().map(|(id, _)| id);
    std::iter::once(*first).chain(between).chain(std::iter::once(*last)).collect()
}

/// Returns how much a link says; what says nothing to a reader is 0.
pub(super) fn weight(record: &Record) -> u8 {
    match &record.what {
        What::Withheld { .. } | What::Life(_) | What::Forgot { .. } => 5,
        What::Noted(Note::Role { .. } | Note::Suspects(_) | Note::Voted { .. }) => 4,
        What::Fired { timer: "heartbeat" | "next call" | "retry" } => 0,
        What::Fired { .. } => 3,
        What::Client(_) | What::Booted | What::Healed(_) => 2,
        What::Delivered { .. } => 1,
        _ => 0,
    }
}
