//! The records of a run, in shared chunks, so that a branch costs little; the oldest are let go
//! and can be made again by replay.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sim::{EventId, Record};

/// How many records one chunk holds.
const CHUNK: usize = 1_024;
/// How many chunks are kept: about half a million records, some 50 MiB.
const CHUNKS_MAX: usize = 512;

/// Records with consecutive numbers.
#[derive(Clone, Debug, Default)]
pub struct Reel {
    /// The number of the first record that is kept.
    first: u32,
    chunks: VecDeque<Arc<Vec<Record>>>,
}

impl Reel {
    /// Returns the number of the first record that is kept: where memory begins.
    pub fn first(&self) -> EventId {
        EventId(self.first)
    }

    /// Returns the number that the next record must have.
    pub fn next(&self) -> EventId {
        let full = self.chunks.len().saturating_sub(1) * CHUNK;
        EventId(self.first + (full + self.chunks.back().map_or(0, |c| c.len())) as u32)
    }

    /// Adds the next record.
    pub fn push(&mut self, record: Record) {
        debug_assert_eq!(record.id, self.next(), "records are numbered one after the other");
        if self.chunks.back().is_none_or(|chunk| chunk.len() >= CHUNK) {
            if self.chunks.len() >= CHUNKS_MAX {
                self.chunks.pop_front();
                self.first += CHUNK as u32;
            }
            self.chunks.push_back(Arc::new(Vec::with_capacity(CHUNK)));
        }
        let last = self.chunks.back_mut().expect("one was pushed if there was none");
        Arc::make_mut(last).push(record);
    }

    /// Returns a record by its number, where it is kept.
    pub fn get(&self, id: EventId) -> Option<&Record> {
        let place = id.0.checked_sub(self.first)? as usize;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// Lets go of this record and all after it.
    pub fn truncate(&mut self, from: EventId) {
        if from.0 < self.first {
            // All that is kept came after it: what is made next begins a memory of its own.
            self.chunks.clear();
            self.first = from.0;
            return;
        }
        let keep = (from.0 - self.first) as usize;
        self.chunks.truncate(keep.div_ceil(CHUNK));
        if !keep.is_multiple_of(CHUNK)
            && self.chunks.len() * CHUNK > keep
            && let Some(last) = self.chunks.back_mut()
        {
            Arc::make_mut(last).truncate(keep % CHUNK);
        }
    }
}
