//! The replicated state machine under the algorithms: a key-value store that knows its callers.
//!
//! A call that was tried twice must take effect once (linearizability asks for no less; Ongaro's
//! dissertation, §6.3). So the store keeps, beside its values, which calls it has applied and what
//! they came to, and answers a second attempt from there. That table is part of what is replicated:
//! each replica fills it from the same log in the same order, so all agree on what is second.
//!
//! Absent on purpose: time, sessions that expire, and any word on how commands come to be agreed
//! on.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use imbl::OrdMap;

use crate::sim::chance::mix;
use crate::sim::{Address, CallId, Op, Outcome};

/// How many applied calls the store remembers of each series of a client's calls.
///
/// A client may have several calls open, so the last one alone is not enough; and the table may not
/// grow for ever. What falls out of it is a call that its client has given up.
pub const CALLS_KEPT: usize = 2 * CallId::OPEN_MAX;

/// A stable hash over numbers, the same on every machine.
#[derive(Debug, Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        mix(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ mix(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}

/// What a log entry asks of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command {
    /// Who asks, and which attempt this is.
    pub call: CallId,
    /// What is asked.
    pub op: Op,
    /// Whether a second attempt has to be recognised. It stands in the entry rather than in the
    /// configuration, so that replicas agree even where the switch is turned between their steps.
    pub once: bool,
}

/// What a false value is off by: more than any client ever writes, so that nobody wrote it.
const FALSE_BY: u64 = 900_000_000_000;

impl Command {
    /// Returns the command with another value than its client gave it; a read has none.
    #[must_use]
    pub fn with_false_value(mut self) -> Command {
        if let Op::Write { value, .. } = &mut self.op {
            *value = value.wrapping_add(FALSE_BY);
        }
        self
    }

    /// Returns whether it writes.
    pub const fn writes(&self) -> bool {
        matches!(self.op, Op::Write { .. })
    }
}

/// How many low bits of a value may flip: those that a client's values use.
pub const BITS: u64 = 32;

/// Flips a bit of a value that one of the commands writes; `bit` is a random number that picks
/// which. Returns whether there was one.
pub fn flip_one<'a>(commands: impl Iterator<Item = &'a mut Command>, bit: u64) -> bool {
    let mut values: Vec<&mut u64> = commands
        .filter_map(|command| match &mut command.op {
            Op::Write { value, .. } => Some(value),
            Op::Read { .. } => None,
        })
        .collect();
    let count = values.len() as u64;
    if count == 0 {
        return false;
    }
    *values[(bit / BITS % count) as usize] ^= 1 << (bit % BITS);
    true
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applied {
    /// It took effect now.
    Fresh(Outcome),
    /// It took effect before, and came to this; nothing changed.
    Duplicate(Outcome),
    /// It is so old that nobody knows whether it took effect; nothing changed. Nothing can be
    /// answered either: the caller has long stopped waiting, or will.
    Forgotten,
}

/// What the store remembers of one series of a client's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Session {
    /// Of calls up to this serial the store keeps nothing any more.
    forgotten: u32,
    /// What the last calls came to, by their serials, smallest first: nearly always in the order
    /// in which they come, so that a queue is cheaper than a tree.
    outcomes: VecDeque<(u32, Outcome)>,
}

impl Session {
    fn place(&self, serial: u32) -> Result<usize, usize> {
        self.outcomes.binary_search_by_key(&serial, |(known, _)| *known)
    }
}

/// The values, and what is known of the calls that made them. Its clones share what is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Store {
    values: OrdMap<u64, u64>,
    sessions: OrdMap<(Address, u32), Session>,
}

impl Store {
    /// Returns what a key holds.
    pub fn read(&self, key: u64) -> Option<u64> {
        self.values.get(&key).copied()
    }

    /// Returns the keys and their values, smallest key first.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.values.iter().map(|(key, value)| (*key, *value))
    }

    /// Returns what is known of a call that was applied already, or `None` where it is new.
    pub fn known(&self, call: CallId) -> Option<Applied> {
        let session = self.sessions.get(&call.series())?;
        if call.serial <= session.forgotten {
            return Some(Applied::Forgotten);
        }
        let place = session.place(call.serial).ok()?;
        Some(Applied::Duplicate(session.outcomes[place].1))
    }

    /// Applies a command, unless it has to be recognised as one that was applied before.
    pub fn apply(&mut self, command: &Command) -> Applied {
        if command.once
            && let Some(before) = self.known(command.call)
        {
            return before;
        }
        let outcome = match command.op {
            Op::Read { key } => Outcome::Read(self.read(key)),
            Op::Write { key, value } => {
                self.values.insert(key, value);
                Outcome::Written
            }
        };
        self.remember(command.call, outcome);
        Applied::Fresh(outcome)
    }

    /// Returns a number that two stores share only where they hold the same.
    pub fn digest(&self) -> u64 {
        let mut digest = Mixer::default();
        self.hash(&mut digest);
        digest.finish()
    }

    /// Flips a bit of one of the values; `bit` is a random number that picks which. Returns whether
    /// there was a value.
    pub fn flip(&mut self, bit: u64) -> bool {
        let count = self.values.len() as u64;
        if count == 0 {
            return false;
        }
        let key = self.values.keys().nth((bit / BITS % count) as usize).copied();
        let place = key.and_then(|key| self.values.get_mut(&key));
        place.map(|value| *value ^= 1 << (bit % BITS)).is_some()
    }

    fn remember(&mut self, call: CallId, outcome: Outcome) {
        let session = self.sessions.entry(call.series()).or_default();
        match session.place(call.serial) {
            Ok(place) => session.outcomes[place].1 = outcome,
            Err(place) => session.outcomes.insert(place, (call.serial, outcome)),
        }
        if session.outcomes.len() > CALLS_KEPT
            && let Some((oldest, _)) = session.outcomes.pop_front()
        {
            session.forgotten = session.forgotten.max(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(serial: u32, attempt: u16, value: u64) -> Command {
        let call = CallId { client: Address::Client(1), serial, attempt };
        Command { call, op: Op::Write { key: 1, value }, once: true }
    }

    #[test]
    fn a_second_attempt_changes_nothing_and_gets_the_first_answer() {
        let mut store = Store::default();
        assert_eq!(store.apply(&write(1, 1, 10)), Applied::Fresh(Outcome::Written));
        assert_eq!(store.apply(&write(2, 1, 20)), Applied::Fresh(Outcome::Written));
        let before = store.clone();
        assert_eq!(store.apply(&write(1, 2, 10)), Applied::Duplicate(Outcome::Written));
        assert_eq!(store, before);
        assert_eq!(store.read(1), Some(20));
    }

    #[test]
    fn without_request_ids_a_second_attempt_brings_back_the_old_value() {
        let mut store = Store::default();
        store.apply(&write(1, 1, 10));
        store.apply(&write(2, 1, 20));
        store.apply(&Command { once: false, ..write(1, 2, 10) });
        assert_eq!(store.read(1), Some(10));
    }

    #[test]
    fn a_read_in_the_log_is_answered_as_it_was_the_first_time() {
        let mut store = Store::default();
        let call = CallId { client: Address::Client(2), serial: 1, attempt: 1 };
        let read = Command { call, op: Op::Read { key: 1 }, once: true };
        assert_eq!(store.apply(&read), Applied::Fresh(Outcome::Read(None)));
        store.apply(&write(1, 1, 10));
        assert_eq!(store.apply(&read), Applied::Duplicate(Outcome::Read(None)));
    }

    #[test]
    fn calls_out_of_order_are_each_applied_once() {
        let mut store = Store::default();
        store.apply(&write(2, 1, 20));
        assert_eq!(store.apply(&write(1, 1, 10)), Applied::Fresh(Outcome::Written));
        assert_eq!(store.apply(&write(2, 2, 20)), Applied::Duplicate(Outcome::Written));
        assert_eq!(store.read(1), Some(10));
    }

    #[test]
    fn what_is_older_than_the_window_is_refused_and_the_window_stays_bounded() {
        let mut store = Store::default();
        let last = CALLS_KEPT as u32 + 3;
        for serial in 1..=last {
            store.apply(&write(serial, 1, u64::from(serial)));
        }
        assert_eq!(store.apply(&write(3, 2, 3)), Applied::Forgotten);
        assert_eq!(store.apply(&write(4, 2, 4)), Applied::Duplicate(Outcome::Written));
        assert_eq!(store.read(1), Some(u64::from(last)));
        let session = store.sessions.get(&(Address::Client(1), 0)).expect("it called");
        assert_eq!((session.outcomes.len(), session.forgotten), (CALLS_KEPT, 3));
    }

    /// Calls of a surge have the higher numbers, and those that come after it the lower ones.
    #[test]
    fn a_series_forgets_nothing_of_another() {
        let mut store = Store::default();
        for k in 1..=2 * CALLS_KEPT as u32 {
            store.apply(&write(CallId::SERIES + k, 1, 7));
        }
        assert_eq!(store.apply(&write(1, 1, 10)), Applied::Fresh(Outcome::Written));
        assert_eq!(store.read(1), Some(10));
        assert_eq!(store.apply(&write(1, 2, 10)), Applied::Duplicate(Outcome::Written));
    }

    #[test]
    fn a_digest_tells_stores_apart_and_nothing_else() {
        let mut store = Store::default();
        let empty = store.digest();
        store.apply(&write(1, 1, 10));
        let one = store.digest();
        assert_ne!(one, empty);
        assert_eq!(store.clone().digest(), one);
        assert_eq!(one, 2_859_010_018_301_767_511, "the same on every machine");
        assert!(store.flip(5) && store.digest() != one);
        assert!(store.flip(5) && store.digest() == one);
        store.apply(&write(1, 2, 10));
        assert_eq!(store.digest(), one, "nothing changed");
    }

    #[test]
    fn the_calls_of_two_clients_are_told_apart() {
        let mut store = Store::default();
        store.apply(&write(1, 1, 10));
        let mut other = write(1, 1, 30);
        other.call.client = Address::Client(2);
        assert_eq!(store.apply(&other), Applied::Fresh(Outcome::Written));
        assert_eq!(store.read(1), Some(30));
    }
}
