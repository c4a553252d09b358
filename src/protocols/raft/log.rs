//! The replicated log: entries numbered from 1, whose terms never fall from one to the next.

use std::sync::Arc;

use imbl::Vector;

use crate::protocols::kv::{self, Command};
use crate::sim::Slot;

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The term in which a leader took it in.
    pub term: u64,
    /// What it asks of the state machine; nothing in the entry with which a leader begins (§8).
    pub command: Option<Command>,
}

impl Entry {
    /// Makes the entry that asks for nothing.
    pub const fn no_op(term: u64) -> Entry {
        Entry { term, command: None }
    }

    /// Returns the entry as an oracle needs to know it.
    pub fn slot(&self) -> Slot {
        Slot { epoch: self.term, value: self.command.map_or(0, |command| command.call.key()) }
    }
}

/// Entries on their way: shared among the messages that carry them; none at all costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entries(Option<Arc<[Entry]>>);

impl Entries {
    /// No entries: what makes an `AppendEntries` a heartbeat (§5.2).
    pub const NONE: Entries = Entries(None);

    /// Wraps one entry.
    pub fn one(entry: Entry) -> Entries {
        Entries(Some(Arc::new([entry])))
    }

    /// Returns the entries.
    pub fn as_slice(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or(&[])
    }

    /// Returns how many there are.
    pub fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns all but the first `count`; shares them where that is all.
    #[must_use]
    pub fn skip(&self, count: usize) -> Entries {
        if count == 0 { self.clone() } else { self.as_slice()[count..].iter().copied().collect() }
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(iter: I) -> Entries {
        let entries: Arc<[Entry]> = iter.into_iter().collect();
        if entries.is_empty() { Entries::NONE } else { Entries(Some(entries)) }
    }
}

/// The log. Its clones share their entries, so that a snapshot of a long log is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log(Vector<Entry>);

impl Log {
    /// Returns the index of the last entry, or 0 where there is none.
    pub fn last_index(&self) -> u64 {
        self.0.len() as u64
    }

    /// Returns the term of the last entry, or 0 where there is none.
    pub fn last_term(&self) -> u64 {
        self.0.back().map_or(0, |entry| entry.term)
    }

    /// Returns an entry by its index.
    pub fn get(&self, index: u64) -> Option<Entry> {
        if index == self.last_index() {
            return self.0.back().copied();
        }
        self.0.get(index.checked_sub(1)? as usize).copied()
    }

    /// Returns the term of an entry. Before the first entry lies index 0 of term 0, in every log.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == 0 { Some(0) } else { self.get(index).map(|entry| entry.term) }
    }

    /// Puts an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        self.0.push_back(entry);
    }

    /// Flips a bit of a value in one of the entries; returns whether there was one.
    pub(super) fn flip(&mut self, bit: u64) -> bool {
        kv::flip_one(self.0.iter_mut().filter_map(|entry| entry.command.as_mut()), bit)
    }

    /// Cuts off all after `last`.
    pub fn truncate(&mut self, last: u64) {
        self.0.truncate(last as usize);
    }

    /// Returns up to `most` entries from `first` on.
    pub fn slice(&self, first: u64, most: u64) -> Entries {
        if first == self.last_index() {
            return self.get(first).map_or(Entries::NONE, Entries::one);
        }
        let most = most.min((self.last_index() + 1).saturating_sub(first));
        let skipped = first.saturating_sub(1) as usize;
        self.0.focus().narrow(skipped..skipped + most as usize).into_iter().copied().collect()
    }

    /// Returns the entries, first entry first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator + '_ {
        self.0.iter()
    }

    /// Returns the index of the first entry whose term is `term` or later, or one past the end.
    /// Terms never fall along a log, so it can be searched for.
    pub fn first_since(&self, term: u64) -> u64 {
        let (mut low, mut high) = (1, self.last_index() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.term_at(middle).is_some_and(|found| found < term) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
