//! The safety properties of figure 3, watched while a script runs.

use std::collections::BTreeMap;

use faultlab::protocols::raft::Log;
use faultlab::sim::{Note, Role, Slot};

/// What was seen so far.
#[derive(Default)]
pub struct Invariants {
    leaders: BTreeMap<u64, u16>,
    decided: BTreeMap<u64, (Slot, u16)>,
    proposed: BTreeMap<(u64, u64), Slot>,
}

impl Invariants {
    /// Returns what was decided, by slot.
    pub fn decided(&self) -> impl Iterator<Item = (u64, Slot)> + '_ {
        self.decided.iter().map(|(slot, (entry, _))| (*slot, *entry))
    }

    /// Looks at what a node noted; `log` is its log after the step. Returns what is broken by it.
    pub fn observe(&mut self, node: u16, said: &Note, log: Option<&Log>) -> Vec<String> {
        match said {
            Note::Role { role: Role::Leader, epoch } => {
                let mut broken = self.election_safety(node, *epoch);
                broken.extend(self.leader_completeness(node, *epoch, log));
                broken
            }
            Note::Decided { slot, entry } => self.state_machine_safety(node, *slot, *entry),
            Note::Appended { slot, entry } => {
                // One leader a term makes one entry at an index, so logs match.
                let first = *self.proposed.entry((*slot, entry.epoch)).or_insert(*entry);
                let differ = first != *entry;
                let text =
                    || format!("log matching: two entries of term {} at {slot}", entry.epoch);
                differ.then(text).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn election_safety(&mut self, node: u16, term: u64) -> Vec<String> {
        let first = *self.leaders.entry(term).or_insert(node);
        let text = || format!("election safety: n{first} and n{node} both lead term {term}");
        (first != node).then(text).into_iter().collect()
    }

    fn leader_completeness(&self, node: u16, term: u64, log: Option<&Log>) -> Vec<String> {
        let lacks = |(slot, (entry, _)): &(&u64, &(Slot, u16))| {
            let held = log.and_then(|log| log.get(**slot)).map(|held| held.slot());
            held != Some(*entry)
        };
        let lacking = self.decided.iter().find(lacks);
        let text = |(slot, _)| {
            format!(
                "leader completeness: n{node} leads term {term} without the committed entry {slot}"
            )
        };
        lacking.map(text).into_iter().collect()
    }

    fn state_machine_safety(&mut self, node: u16, slot: u64, entry: Slot) -> Vec<String> {
        let (first, by) = *self.decided.entry(slot).or_insert((entry, node));
        let text = || {
            let (old, new) = (first.epoch, entry.epoch);
            let applied = format!("n{by} applied an entry of term {old}, n{node} one of {new}");
            format!("state machine safety: at {slot} {applied}")
        };
        (first != entry).then(text).into_iter().collect()
    }
}
