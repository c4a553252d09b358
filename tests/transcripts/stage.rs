//! What it takes to put a protocol on the desk. To add one: its `Staged` at the end of this file,
//! a line in the list of folders in `tests/transcripts.rs`, and scripts in its folder.

use std::error::Error;

use faultlab::oracles::{self, Grade};
use faultlab::protocols::Entry;
use faultlab::protocols::generals::{self, Generals, GeneralsSpec};
use faultlab::protocols::gossip::{self, Gossip, GossipSpec};
use faultlab::protocols::hotstuff::{self, HotStuff, HotStuffSpec};
use faultlab::protocols::paxos::multi::{self, MultiPaxos, MultiPaxosSpec};
use faultlab::protocols::paxos::single::{self, Paxos, PaxosSpec};
use faultlab::protocols::pbft::{self, Pbft, PbftSpec};
use faultlab::protocols::phi_accrual::{self, PhiAccrual, PhiSpec};
use faultlab::protocols::primary_backup::{self, PrimaryBackup, PrimaryBackupSpec};
use faultlab::protocols::quorum_store::{self, QuorumSpec, QuorumStore};
use faultlab::protocols::raft::{self, Raft, RaftSpec, Stable};
use faultlab::protocols::swim::{self, Swim, SwimSpec};
use faultlab::protocols::tendermint::{self, Tendermint, TendermintSpec};
use faultlab::protocols::three_phase_commit::{self, ThreePhaseCommit, ThreePhaseCommitSpec};
use faultlab::protocols::two_phase_commit::{self, TwoPhaseCommit, TwoPhaseCommitSpec};
use faultlab::sim::Protocol;
use goldenscript::ArgumentConsumer;
use serde::de::DeserializeOwned;

pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// A protocol that scripts can move.
pub trait Staged: Protocol {
    /// Its settings, as scenarios write them.
    type Spec: Default + DeserializeOwned;
    /// Its line in the catalogue: what it is judged by.
    const ENTRY: &'static Entry;
    /// What the paper calls an epoch.
    const EPOCH: &'static str;
    /// Whether `status` draws logs; else it draws the rows of the report.
    const LOG: bool;

    /// Makes the protocol for so many nodes.
    fn stage(nodes: u16, spec: Self::Spec) -> Self;

    /// disk NODE …: reads what an earlier life left on a disk, where a protocol's scripts need it.
    fn disk(_args: &mut ArgumentConsumer<'_>) -> Fallible<Self::Stable> {
        Err("this protocol's scripts write no disks".into())
    }
}

/// What is not judged: the first two since no time passes here, the third since a vote that a
/// crash took before it left was no promise, while its oracle, which sees no disk, counts it; the
/// last since here nobody tells the oracle of faults what a script does to nodes and timers.
const NOT_JUDGED: &[&str] = &["available", "on time", "one vote a term", "AC4 no needless abort"];

/// Returns the properties that a script must never see broken without saying so: what is judged
/// and is neither a mere deviation nor a matter of time.
pub fn safety_of(entry: &Entry) -> Vec<&'static str> {
    let grave = |property: &&str| {
        let grade = oracles::find(property).map(|kind| kind.grade);
        matches!(grade, Some(Grade::Breach | Grade::Failure)) && !NOT_JUDGED.contains(property)
    };
    entry.judged.iter().copied().filter(grave).collect()
}

impl Staged for Raft {
    type Spec = RaftSpec;
    const ENTRY: &'static Entry = &raft::ENTRY;
    const EPOCH: &'static str = "term";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: RaftSpec) -> Raft {
        Raft::new(nodes, spec)
    }

    /// disk NODE TERM… [term=TERM]: a log of no-ops of these terms, of which 2x64 is sixty-four of
    /// term 2, and the term that the node had seen
    fn disk(args: &mut ArgumentConsumer<'_>) -> Fallible<Stable> {
        let term = args.lookup_parse("term")?.unwrap_or(0);
        let mut terms = Vec::new();
        for argument in args.rest_pos() {
            let (of, times) = argument.value.split_once('x').unwrap_or((&argument.value, "1"));
            terms.extend(std::iter::repeat_n(of.parse::<u64>()?, times.parse()?));
        }
        Ok(Stable::with_terms(term, terms))
    }
}

impl Staged for Gossip {
    type Spec = GossipSpec;
    const ENTRY: &'static Entry = &gossip::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: GossipSpec) -> Gossip {
        Gossip::new(nodes, spec)
    }
}

impl Staged for Swim {
    type Spec = SwimSpec;
    const ENTRY: &'static Entry = &swim::ENTRY;
    const EPOCH: &'static str = "incarnation";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: SwimSpec) -> Swim {
        Swim::new(nodes, spec)
    }
}

impl Staged for TwoPhaseCommit {
    type Spec = TwoPhaseCommitSpec;
    const ENTRY: &'static Entry = &two_phase_commit::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: TwoPhaseCommitSpec) -> TwoPhaseCommit {
        TwoPhaseCommit::new(nodes, spec)
    }
}

impl Staged for ThreePhaseCommit {
    type Spec = ThreePhaseCommitSpec;
    const ENTRY: &'static Entry = &three_phase_commit::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: ThreePhaseCommitSpec) -> ThreePhaseCommit {
        ThreePhaseCommit::new(nodes, spec)
    }
}

impl Staged for PrimaryBackup {
    type Spec = PrimaryBackupSpec;
    const ENTRY: &'static Entry = &primary_backup::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: PrimaryBackupSpec) -> PrimaryBackup {
        PrimaryBackup::new(nodes, spec)
    }
}

impl Staged for Pbft {
    type Spec = PbftSpec;
    const ENTRY: &'static Entry = &pbft::ENTRY;
    const EPOCH: &'static str = "view";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: PbftSpec) -> Pbft {
        Pbft::new(nodes, spec)
    }
}

impl Staged for Paxos {
    type Spec = PaxosSpec;
    const ENTRY: &'static Entry = &single::ENTRY;
    const EPOCH: &'static str = "ballot";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: PaxosSpec) -> Paxos {
        Paxos::new(nodes, spec)
    }
}

impl Staged for MultiPaxos {
    type Spec = MultiPaxosSpec;
    const ENTRY: &'static Entry = &multi::ENTRY;
    const EPOCH: &'static str = "ballot";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: MultiPaxosSpec) -> MultiPaxos {
        MultiPaxos::new(nodes, spec)
    }
}

impl Staged for Generals {
    type Spec = GeneralsSpec;
    const ENTRY: &'static Entry = &generals::ENTRY;
    const EPOCH: &'static str = "order";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: GeneralsSpec) -> Generals {
        Generals::new(nodes, spec)
    }
}

impl Staged for PhiAccrual {
    type Spec = PhiSpec;
    const ENTRY: &'static Entry = &phi_accrual::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: PhiSpec) -> PhiAccrual {
        PhiAccrual::new(nodes, spec)
    }
}

impl Staged for QuorumStore {
    type Spec = QuorumSpec;
    const ENTRY: &'static Entry = &quorum_store::ENTRY;
    const EPOCH: &'static str = "epoch";
    const LOG: bool = false;

    fn stage(nodes: u16, spec: QuorumSpec) -> QuorumStore {
        QuorumStore::new(nodes, spec)
    }
}

impl Staged for Tendermint {
    type Spec = TendermintSpec;
    const ENTRY: &'static Entry = &tendermint::ENTRY;
    const EPOCH: &'static str = "height";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: TendermintSpec) -> Tendermint {
        Tendermint::new(nodes, spec)
    }
}

impl Staged for HotStuff {
    type Spec = HotStuffSpec;
    const ENTRY: &'static Entry = &hotstuff::ENTRY;
    const EPOCH: &'static str = "view";
    const LOG: bool = true;

    fn stage(nodes: u16, spec: HotStuffSpec) -> HotStuff {
        HotStuff::new(nodes, spec)
    }
}
