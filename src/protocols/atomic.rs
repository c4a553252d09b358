//! What the atomic commitment protocols share: transactions, and what a participant keeps of them.
//!
//! A transaction is one attempt at a client's write. It writes one key at every participant, since
//! each holds a copy of everything: a write must reach all of them, and a read may ask any one.
//! That reads are never stale rests on locks. A participant that votes YES locks the key until it
//! learns the outcome, and lets reads of it wait; a commit needs everybody's YES; so when the first
//! participant shows the new value, nobody shows the old one any more.
//!
//! A transaction is named by the call *with* its attempt: a second attempt at an aborted write is
//! another transaction, whose outcome may be another. That the write takes effect once is left to
//! the store, which knows its callers (`kv`).
//!
//! Absent on purpose: any word on who decides. That is what the protocols differ in.

use std::collections::VecDeque;

use imbl::OrdMap;

use super::kv::{Command, Store};
use crate::sim::{
    Address, CallId, Glance, LogRow, Note, Op, Outbox, Outcome, Protocol, Role, Ticket,
};

/// How many outcomes a node remembers of each client: more than a client has open calls and tries.
pub const OUTCOMES_KEPT: u32 = 2_048;
/// Up to which number clients are served: so that nobody can make a node remember for ever more.
pub const CLIENTS_MAX: u16 = 1_000;
/// How many transactions a participant holds in doubt; it votes NO on what comes then.
pub const PREPARED_MAX: usize = 1_024;
/// How many transactions a coordinator drives at once; what comes then is dropped, and the client
/// tries again.
pub const ACTIVE_MAX: usize = 4_096;
/// How many reads wait for locks at one participant; what comes then is dropped.
pub const READS_MAX: usize = 4_096;

/// What a transaction does: it gives a key a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Write {
    /// Which key.
    pub key: u64,
    /// Its new value.
    pub value: u64,
}

/// How far a transaction in doubt has come at a participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Voted YES. It can neither commit nor abort by itself any more.
    #[default]
    Voted,
    /// Three-phase commit: knows that everybody voted YES.
    PreCommitted,
}

/// A transaction in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prepared {
    /// What it will do if it commits.
    pub write: Write,
    /// How far it has come.
    pub phase: Phase,
}

/// What is remembered of one series of a client's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Kept {
    count: u32,
    /// The newest of its transactions of which nothing is kept: serial and attempt.
    forgotten: Option<(u32, u16)>,
}

/// What became of transactions, the newest of each client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outcomes {
    known: OrdMap<CallId, bool>,
    clients: OrdMap<(Address, u32), Kept>,
    /// How many there were, those too of which nothing is kept, and how many of them commits.
    ended: u64,
    committed: u64,
}

/// What a node knows of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// It committed.
    Committed,
    /// It aborted.
    Aborted,
    /// It is so old that nothing is kept of it.
    Forgotten,
    /// It never had an outcome here.
    Nothing,
}

impl Outcomes {
    /// Returns what is known of a transaction's outcome.
    pub fn of(&self, transaction: CallId) -> Known {
        match self.known.get(&transaction) {
            Some(true) => Known::Committed,
            Some(false) => Known::Aborted,
            None => {
                let kept = self.clients.get(&transaction.series());
                let forgotten = kept.and_then(|kept| kept.forgotten);
                let age = (transaction.serial, transaction.attempt);
                if forgotten.is_some_and(|last| age <= last) {
                    Known::Forgotten
                } else {
                    Known::Nothing
                }
            }
        }
    }

    /// Remembers an outcome; the first one of a transaction stays.
    pub fn remember(&mut self, transaction: CallId, commit: bool) {
        if self.of(transaction) != Known::Nothing {
            return;
        }
        self.known.insert(transaction, commit);
        self.ended += 1;
        self.committed += u64::from(commit);
        let kept = self.clients.entry(transaction.series()).or_default();
        kept.count += 1;
        if kept.count > OUTCOMES_KEPT {
            let series = transaction.series();
            let first = CallId { client: series.0, serial: series.1 * CallId::SERIES, attempt: 0 };
            let oldest = self.known.range(first..).next().map(|(oldest, _)| *oldest);
            if let Some(oldest) = oldest.filter(|oldest| oldest.series() == series) {
                self.known.remove(&oldest);
                kept.count -= 1;
                kept.forgotten = Some((oldest.serial, oldest.attempt));
            }
        }
    }

    /// Says how outcomes are spread.
    pub fn in_words(&self) -> String {
        format!("{} committed, {} aborted", self.committed, self.ended - self.committed)
    }

    /// Returns how many outcomes there were, and how many of them were commits.
    pub const fn counts(&self) -> (u64, u64) {
        (self.ended, self.committed)
    }
}

/// What a participant keeps of transactions: in memory, and the same on its disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Records {
    /// The data.
    pub store: Store,
    /// What is in doubt: voted YES, and not decided.
    pub prepared: OrdMap<CallId, Prepared>,
    /// What was decided.
    pub outcomes: Outcomes,
}

/// A change to the records, as the disk takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Binds itself to do this if the transaction commits.
    Prepare(CallId, Write),
    /// Learned that everybody voted YES.
    PreCommit(CallId),
    /// Learned or took the outcome: whether it committed, and whether a write of the same call that
    /// took effect before has to be recognised.
    Settle(CallId, bool, bool),
}

impl Records {
    /// Carries out a change; returns what a transaction that is settled by it was to write.
    pub fn take(&mut self, change: &Change) -> Option<Write> {
        match *change {
            Change::Prepare(transaction, write) => {
                let prepared = Prepared { write, phase: Phase::Voted };
                self.prepared.insert(transaction, prepared);
                None
            }
            Change::PreCommit(transaction) => {
                if let Some(prepared) = self.prepared.get_mut(&transaction) {
                    prepared.phase = Phase::PreCommitted;
                }
                None
            }
            Change::Settle(transaction, commit, once) => {
                self.outcomes.remember(transaction, commit);
                let Prepared { write, .. } = self.prepared.remove(&transaction)?;
                if commit {
                    let op = Op::Write { key: write.key, value: write.value };
                    self.store.apply(&Command { call: transaction, op, once });
                }
                Some(write)
            }
        }
    }

    /// Says in brief what a participant of this coordinator is.
    pub fn in_brief(&self, coordinator: Address) -> Glance {
        let (ended, commits) = self.outcomes.counts();
        let length = ended + self.prepared.len() as u64;
        let (role, leader) = (Role::Participant, Some(coordinator));
        Glance { role, leader, length, decided: commits, ..Glance::default() }
    }

    /// Draws the rows that every participant has.
    pub fn rows(&self, locks: &Locks) -> Vec<(&'static str, String)> {
        let doubts = self.prepared.len();
        let waits = match doubts {
            0 => "the next transaction".to_owned(),
            _ => "outcomes; it may neither commit nor abort alone".to_owned(),
        };
        let (locked, waiting) = locks.counts();
        vec![
            ("waits for", waits),
            ("in doubt", doubts.to_string()),
            ("locked keys", locked.to_string()),
            ("waiting reads", waiting.to_string()),
            ("outcomes", self.outcomes.in_words()),
        ]
    }

    /// Flips a bit of a value: of the data, or of what is in doubt.
    pub fn flip(&mut self, bit: u64) -> bool {
        let doubts = self.prepared.len() as u64;
        if doubts == 0 || bit.is_multiple_of(2) {
            return self.store.flip(bit / 2);
        }
        let place = (bit / 2 % doubts) as usize;
        let Some(transaction) = self.prepared.keys().nth(place).copied() else { return false };
        let Some(prepared) = self.prepared.get_mut(&transaction) else { return false };
        prepared.write.value = flip_value(prepared.write.value, bit / 64);
        true
    }

    /// Draws what is in doubt as rows of a log, the newest `rows`.
    pub fn log_rows(&self, rows: usize) -> Vec<LogRow> {
        let skipped = self.prepared.len().saturating_sub(rows);
        let doubts = (1..).zip(&self.prepared).skip(skipped);
        let row = |(slot, (transaction, prepared)): (u64, (&CallId, &Prepared))| {
            let Prepared { write, phase } = prepared;
            let how = match phase {
                Phase::Voted => "voted yes",
                Phase::PreCommitted => "pre-committed",
            };
            let text = format!("{} k{} := {} {how}", name(*transaction), write.key, write.value);
            LogRow { slot, epoch: 0, text, decided: false }
        };
        doubts.map(row).collect()
    }
}

/// How far off a false value is: no client writes such a one.
pub const FALSE_VALUE: u64 = 900_000_000;
/// In how many of its low bits a value flips: as many as the values of clients have.
const FLIPPED_BITS: u64 = 24;

/// Flips one of the low bits of a value.
pub const fn flip_value(value: u64, bit: u64) -> u64 {
    value ^ 1 << (bit % FLIPPED_BITS)
}

/// Names a transaction: `c1#7`, and from its second attempt on `c1#7.2`.
pub fn name(transaction: CallId) -> String {
    match transaction.attempt {
        0 | 1 => transaction.to_string(),
        attempt => format!("{transaction}.{attempt}"),
    }
}

/// Keys that are locked, and reads that wait for them. Lost in a crash: the locks come back from
/// what is in doubt on the disk, and the clients ask again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Locks {
    held: OrdMap<u64, CallId>,
    waiting: VecDeque<(CallId, u64)>,
}

impl Locks {
    /// Takes again the locks of what is in doubt.
    pub fn of(records: &Records) -> Locks {
        let held = records.prepared.iter().map(|(who, prepared)| (prepared.write.key, *who));
        Locks { held: held.collect(), waiting: VecDeque::new() }
    }

    /// Returns which transaction holds a key.
    pub fn holder(&self, key: u64) -> Option<CallId> {
        self.held.get(&key).copied()
    }

    /// Returns how many keys are locked, and how many reads wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.waiting.len())
    }

    /// Locks a key.
    pub fn lock(&mut self, key: u64, transaction: CallId) {
        self.held.insert(key, transaction);
    }

    /// Unlocks a key and answers the reads that waited for it.
    pub fn unlock<P: Protocol>(&mut self, key: u64, store: &Store, out: &mut Outbox<P>) {
        self.held.remove(&key);
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|(call, wanted)| {
            if *wanted == key {
                out.answer(*call, Outcome::Read(store.read(key)));
            }
            *wanted != key
        });
        self.waiting = waiting;
    }

    /// Answers a read, or lets it wait where a transaction in doubt holds the key.
    pub fn read<P: Protocol>(
        &mut self,
        call: CallId,
        key: u64,
        store: &Store,
        out: &mut Outbox<P>,
    ) {
        if !self.held.contains_key(&key) {
            out.answer(call, Outcome::Read(store.read(key)));
        } else if self.waiting.len() < READS_MAX {
            self.waiting.push_back((call, key));
        }
    }
}

/// Votes and outcomes that count only once the disk has them: a crash before that unsays them, and
/// they were never said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unsaid {
    waiting: VecDeque<(Ticket, Note)>,
}

impl Unsaid {
    /// Says something once the disk has a write.
    pub fn once(&mut self, ticket: Ticket, note: Note) {
        self.waiting.push_back((ticket, note));
    }

    /// Says what the disk has by now.
    pub fn say<P: Protocol>(&mut self, ticket: Ticket, out: &mut Outbox<P>) {
        while let Some((_, note)) = self.waiting.pop_front_if(|(after, _)| *after <= ticket) {
            out.note(note);
        }
    }
}

/// Returns whether a transaction may be served: it is a client's, and of one that is served.
pub fn is_served(transaction: CallId) -> bool {
    matches!(transaction.client, Address::Client(number) if number <= CLIENTS_MAX)
}

/// Picks which of `count` participants a read that came to the coordinator goes to, from 0: they
/// take turns.
pub fn turn(call: CallId, count: u16) -> usize {
    let client = call.key() >> 32;
    ((client + u64::from(call.serial)) % u64::from(count.max(1))) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(serial: u32, attempt: u16) -> CallId {
        CallId { client: Address::Client(1), serial, attempt }
    }

    #[test]
    fn the_first_outcome_of_a_transaction_stays() {
        let mut outcomes = Outcomes::default();
        outcomes.remember(transaction(3, 1), true);
        outcomes.remember(transaction(3, 1), false);
        assert_eq!(outcomes.of(transaction(3, 1)), Known::Committed);
        assert_eq!(outcomes.of(transaction(3, 2)), Known::Nothing);
    }

    #[test]
    fn what_is_older_than_what_is_kept_is_forgotten_and_not_unknown() {
        let mut outcomes = Outcomes::default();
        for serial in 1..=OUTCOMES_KEPT + 2 {
            outcomes.remember(transaction(serial, 1), true);
        }
        assert_eq!(outcomes.known.len() as u32, OUTCOMES_KEPT);
        assert_eq!(outcomes.of(transaction(2, 1)), Known::Forgotten);
        assert_eq!(outcomes.of(transaction(3, 1)), Known::Committed);
        let other = CallId { client: Address::Client(2), ..transaction(1, 1) };
        assert_eq!(outcomes.of(other), Known::Nothing);
    }

    #[test]
    fn a_second_attempt_that_commits_too_writes_once() {
        let mut records = Records::default();
        for (attempt, value) in [(1, 10), (2, 10)] {
            let t = transaction(1, attempt);
            records.take(&Change::Prepare(t, Write { key: 5, value }));
            records.take(&Change::Settle(t, true, true));
            let (other, write) = (transaction(2, attempt), Write { key: 5, value: 20 });
            records.take(&Change::Prepare(other, write));
            records.take(&Change::Settle(other, true, true));
        }
        assert_eq!(records.store.read(5), Some(20));
        assert!(records.prepared.is_empty());
    }

    #[test]
    fn locks_come_back_from_what_is_in_doubt() {
        let mut records = Records::default();
        records.take(&Change::Prepare(transaction(1, 1), Write { key: 5, value: 10 }));
        assert_eq!(Locks::of(&records).holder(5), Some(transaction(1, 1)));
        assert_eq!(Locks::of(&records).holder(6), None);
    }
}
