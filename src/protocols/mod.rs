//! The algorithms, as they were published, each a step function over plain data.
//!
//! Here: one folder or file for each algorithm, which opens with a lecture and cites its paper's
//! section at each rule, and what several of them share: the key-value
//! store that the replicated ones carry, the set that counts votes. Absent on purpose:
//! faults, clients and judgements. An algorithm does not know what is being done to it.
//!
//! To add one: a file here that implements `sim::Protocol`, and its line in the catalogue.

pub mod atomic;
pub mod block;
pub mod bounds;
pub mod generals;
pub mod gossip;
pub mod hotstuff;
pub mod kv;
pub mod paxos;
pub mod pbft;
pub mod phi_accrual;
pub mod primary_backup;
pub mod quorum_store;
pub mod raft;
pub mod swim;
pub mod tendermint;
pub mod three_phase_commit;
pub mod two_phase_commit;
pub mod voters;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::sim::{MessageKind, Span, SpanRange, Words};

/// Which protocol, with its settings: what a file writes after `protocol:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtocolSpec {
    /// Raft.
    Raft(raft::RaftSpec),
    /// Byzantine generals.
    Generals(generals::GeneralsSpec),
    /// A failure detector: phi accrual.
    PhiAccrual(phi_accrual::PhiSpec),
    /// A quorum store.
    QuorumStore(quorum_store::QuorumSpec),
    /// Gossip: rumour mongering and anti-entropy.
    Gossip(gossip::GossipSpec),
    /// SWIM: membership.
    Swim(swim::SwimSpec),
    /// Paxos that decides one value.
    Paxos(paxos::single::PaxosSpec),
    /// Paxos that decides a log.
    MultiPaxos(paxos::multi::MultiPaxosSpec),
    /// Tendermint.
    Tendermint(tendermint::TendermintSpec),
    /// `HotStuff`.
    HotStuff(hotstuff::HotStuffSpec),
    /// Two-phase commit.
    TwoPhaseCommit(two_phase_commit::TwoPhaseCommitSpec),
    /// Three-phase commit.
    ThreePhaseCommit(three_phase_commit::ThreePhaseCommitSpec),
    /// Primary and backups under a lease.
    PrimaryBackup(primary_backup::PrimaryBackupSpec),
    /// Practical Byzantine fault tolerance.
    Pbft(pbft::PbftSpec),
}

impl ProtocolSpec {
    /// Returns the protocol's line in the catalogue.
    pub const fn entry(&self) -> &'static Entry {
        match self {
            ProtocolSpec::Raft(_) => &raft::ENTRY,
            ProtocolSpec::Generals(_) => &generals::ENTRY,
            ProtocolSpec::PhiAccrual(_) => &phi_accrual::ENTRY,
            ProtocolSpec::QuorumStore(_) => &quorum_store::ENTRY,
            ProtocolSpec::Gossip(_) => &gossip::ENTRY,
            ProtocolSpec::Swim(_) => &swim::ENTRY,
            ProtocolSpec::Paxos(_) => &paxos::single::ENTRY,
            ProtocolSpec::MultiPaxos(_) => &paxos::multi::ENTRY,
            ProtocolSpec::Tendermint(_) => &tendermint::ENTRY,
            ProtocolSpec::HotStuff(_) => &hotstuff::ENTRY,
            ProtocolSpec::TwoPhaseCommit(_) => &two_phase_commit::ENTRY,
            ProtocolSpec::ThreePhaseCommit(_) => &three_phase_commit::ENTRY,
            ProtocolSpec::PrimaryBackup(_) => &primary_backup::ENTRY,
            ProtocolSpec::Pbft(_) => &pbft::ENTRY,
        }
    }

    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        within("nodes", u64::from(nodes), self.entry().nodes.clone())?;
        match self {
            ProtocolSpec::Raft(spec) => spec.check(),
            ProtocolSpec::Generals(spec) => spec.check(nodes),
            ProtocolSpec::PhiAccrual(spec) => spec.check(nodes),
            ProtocolSpec::QuorumStore(spec) => spec.check(nodes),
            ProtocolSpec::Gossip(spec) => spec.check(),
            ProtocolSpec::Swim(spec) => spec.check(),
            ProtocolSpec::Paxos(spec) => spec.check(nodes),
            ProtocolSpec::MultiPaxos(spec) => spec.check(nodes),
            ProtocolSpec::Tendermint(spec) => spec.check(),
            ProtocolSpec::HotStuff(spec) => spec.check(),
            ProtocolSpec::TwoPhaseCommit(spec) => spec.check(nodes),
            ProtocolSpec::ThreePhaseCommit(spec) => spec.check(nodes),
            ProtocolSpec::PrimaryBackup(spec) => spec.check(nodes),
            ProtocolSpec::Pbft(spec) => spec.check(),
        }
    }
}

/// An algorithm in the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The name by which the command line knows it.
    pub name: &'static str,
    /// Other names by which it is known.
    pub also: &'static [&'static str],
    /// What it is, in one line.
    pub title: &'static str,
    /// What it bears, and of what.
    pub bears: &'static str,
    /// What breaks it, and how.
    pub breaks: &'static str,
    /// What goes on while nothing fails, in a sentence or two for who has never seen it.
    pub ordinary: &'static str,
    /// What the numbers of its nodes are called.
    pub words: Words,
    /// Where it was published.
    pub source: &'static str,
    /// How many nodes it runs with.
    pub nodes: RangeInclusive<u64>,
    /// The properties by which it is judged, as the oracles name them.
    pub judged: &'static [&'static str],
    /// What its nodes say to each other.
    pub messages: &'static [&'static MessageKind],
    /// Makes it with its default settings.
    pub make: fn() -> ProtocolSpec,
}

/// Every algorithm that there is.
pub static PROTOCOLS: &[&Entry] = &[
    &raft::ENTRY,
    &quorum_store::ENTRY,
    &generals::ENTRY,
    &gossip::ENTRY,
    &swim::ENTRY,
    &phi_accrual::ENTRY,
    &paxos::single::ENTRY,
    &paxos::multi::ENTRY,
    &tendermint::ENTRY,
    &hotstuff::ENTRY,
    &two_phase_commit::ENTRY,
    &three_phase_commit::ENTRY,
    &primary_backup::ENTRY,
    &pbft::ENTRY,
];

/// Finds an algorithm by its name or one of its other names.
pub fn find(name: &str) -> Option<&'static Entry> {
    PROTOCOLS.iter().copied().find(|entry| entry.name == name || entry.also.contains(&name))
}

/// Finds an algorithm by its name or one of its other names.
///
/// # Errors
/// Names those that there are.
pub fn named(name: &str) -> Result<&'static Entry, String> {
    find(name).ok_or_else(|| {
        let names: Vec<&str> = PROTOCOLS.iter().map(|entry| entry.name).collect();
        format!("there is no protocol `{name}`; expected one of {}", names.join(", "))
    })
}

/// What is wrong with a protocol's settings, and in which of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field, as a file names it.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
}

/// How short a timer may be: shorter ones would turn the world without moving its clock.
pub const TIMER_MIN: Span = Span::millis(1);
/// How long a timer may be.
pub const TIMER_MAX: Span = Span::secs(60);

/// Checks that a number lies in a range.
///
/// # Errors
/// Where it does not.
pub(crate) fn within(
    field: &'static str,
    found: u64,
    range: RangeInclusive<u64>,
) -> Result<(), Wrong> {
    if range.contains(&found) {
        return Ok(());
    }
    let message = format!("`{found}` is out of range");
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    Err(Wrong { field, message, expected })
}

/// Checks that a timer runs for a time that makes sense.
///
/// # Errors
/// Where it does not.
pub(crate) fn timer(field: &'static str, found: Span) -> Result<(), Wrong> {
    timers(field, &SpanRange(found..=found))
}

/// Checks that a range of times for a timer makes sense.
///
/// # Errors
/// Where it does not.
pub(crate) fn timers(field: &'static str, found: &SpanRange) -> Result<(), Wrong> {
    if *found.0.start() >= TIMER_MIN && *found.0.end() <= TIMER_MAX {
        return Ok(());
    }
    let message = format!("`{found}` is out of range");
    Err(Wrong { field, message, expected: format!("durations from {TIMER_MIN} to {TIMER_MAX}") })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_leads_to_one_protocol_and_each_makes_itself() {
        let mut names = BTreeSet::new();
        for entry in PROTOCOLS {
            for name in entry.also.iter().chain([&entry.name]) {
                assert!(names.insert(*name), "{name}");
                assert_eq!(find(name).map(|found| found.name), Some(entry.name));
            }
            let made = (entry.make)();
            assert_eq!(made.entry().name, entry.name);
            assert_eq!(made.check(4.max(*entry.nodes.start() as u16)), Ok(()), "{}", entry.name);
            for text in [entry.bears, entry.breaks, entry.ordinary, entry.source] {
                assert!(!text.is_empty(), "{}", entry.name);
            }
        }
    }
}
