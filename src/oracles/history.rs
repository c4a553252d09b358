//! Calls and what came of them, as plain data: what a client may testify to.
//!
//! Absent on purpose: messages, attempts, nodes. What the inside of the system did is no testimony.

use std::collections::BTreeMap;

use imbl::Vector;

use crate::sim::{Address, CallId, ClientNote, EventId, Instant, Op, Outcome, Record, What};

/// How many ended calls are kept for the screen: more than any screen has rows.
pub const RECENT_MAX: usize = 256;

/// One call from its beginning to its end, whatever attempts it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Who called, and the client's own number of the call.
    pub call: (Address, u32),
    /// What was asked.
    pub op: Op,
    /// When the call began.
    pub called_at: Instant,
    /// The record of its beginning.
    pub called: EventId,
    /// When it was answered, and with what; `None` while it is open and where the client gave up.
    pub returned: Option<(Instant, Outcome)>,
    /// The record of its end, by an answer or by giving up; `None` while it is open.
    pub ended: Option<EventId>,
    /// In which slot of the log it was first decided, as far as known.
    pub slot: Option<u64>,
}

impl Operation {
    /// Returns the record that speaks best for this call: that of its end, or of its beginning.
    pub fn witness(&self) -> EventId {
        self.ended.unwrap_or(self.called)
    }
}

/// The open calls and the newest of the ended ones.
#[derive(Clone, Debug, Default)]
pub struct History {
    open: BTreeMap<u64, Operation>,
    recent: Vector<Operation>,
    closed: Option<Operation>,
}

impl History {
    /// Folds in one record.
    pub fn observe(&mut self, record: &Record) {
        self.closed = None;
        let What::Client(note) = &record.what else { return };
        if matches!(record.who, Some(Address::Monitor(_))) {
            return; // a probe is no user's call
        }
        match *note {
            ClientNote::Called { call, op } => {
                self.open.insert(call.key(), begun(record, call, op));
            }
            ClientNote::Retried { .. }
            | ClientNote::Spared { .. }
            | ClientNote::Circuit { .. }
            | ClientNote::Saw(_)
            | ClientNote::Avoided { .. }
            | ClientNote::Watches { .. }
            | ClientNote::Judged { .. } => {}
            ClientNote::Returned { call, outcome, .. } => {
                self.close(record, call, Some((record.at, outcome)));
            }
            ClientNote::GaveUp { call, .. } => self.close(record, call, None),
        }
    }

    fn close(&mut self, record: &Record, call: CallId, returned: Option<(Instant, Outcome)>) {
        let Some(open) = self.open.remove(&call.key()) else { return };
        let ended = Operation { returned, ended: Some(record.id), ..open };
        self.closed = Some(ended);
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(ended);
    }

    /// Notes that an open call was decided; the first slot counts.
    pub(super) fn decided(&mut self, value: u64, slot: u64) {
        if let Some(open) = self.open.get_mut(&value) {
            open.slot.get_or_insert(slot);
        }
    }

    /// Returns the call that the record at hand has ended.
    pub fn closed(&self) -> Option<&Operation> {
        self.closed.as_ref()
    }

    /// Iterates over the calls that wait, by client and number.
    pub fn open(&self) -> impl Iterator<Item = &Operation> {
        self.open.values()
    }

    /// Returns how many calls wait.
    pub fn waiting(&self) -> usize {
        self.open.len()
    }

    /// Iterates over the newest ended calls, oldest first; at most `RECENT_MAX`.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Operation> {
        self.recent.iter()
    }

    /// Builds the whole history from records, in the order in which the calls began.
    pub fn whole<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Operation> {
        let mut history = History::default();
        let mut whole = Vec::new();
        for record in records {
            history.observe(record);
            whole.extend(history.closed);
        }
        whole.extend(history.open.values());
        whole.sort_by_key(|operation| operation.called);
        whole
    }
}

fn begun(record: &Record, call: CallId, op: Op) -> Operation {
    Operation {
        call: (call.client, call.serial),
        op,
        called_at: record.at,
        called: record.id,
        returned: None,
        ended: None,
        slot: None,
    }
}
