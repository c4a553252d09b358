//! What replicas say to each other, in the order of the protocol (algorithm 2).

use std::sync::Arc;

use crate::protocols::block::{Block, BlockId};
use crate::sim::{Address, Detail, MessageKind, Nature, Signed};

/// The phases of a view in which votes are cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// For the leader's proposal.
    Prepare,
    /// For the first certificate.
    PreCommit,
    /// For the second; who casts it has locked.
    Commit,
}

impl Phase {
    /// Returns the paper's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Prepare => "prepare",
            Phase::PreCommit => "pre-commit",
            Phase::Commit => "commit",
        }
    }
}

/// A vote. It goes to the leader alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    /// In which phase.
    pub phase: Phase,
    /// In which view, from 1.
    pub view: u64,
    /// For which block.
    pub block: BlockId,
}

/// A quorum certificate: the votes of `n - f` replicas for one block in one phase of one view.
///
/// The paper makes one signature of them by a threshold scheme, so that a certificate is as small
/// as a vote; here it is the set of them, and counts as one authenticator all the same. Its block
/// comes with it, where an implementation would send the hash and let the block be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Certificate {
    /// The phase.
    pub phase: Phase,
    /// The view.
    pub view: u64,
    /// The block.
    pub block: Arc<Block>,
    /// The votes, each signer once, in order.
    pub votes: Arc<[Signed<Vote>]>,
}

impl Certificate {
    /// Returns whether the votes prove what it says: enough replicas of `nodes`, each once.
    pub fn is_proven(&self, nodes: u16, quorum: u16) -> bool {
        let wanted = Vote { phase: self.phase, view: self.view, block: self.block.id() };
        let good = |vote: &Signed<Vote>| is_replica(vote.by(), nodes) && *vote.value() == wanted;
        let ordered = self.votes.is_sorted_by(|a, b| a.by() < b.by());
        ordered && self.votes.len() >= usize::from(quorum) && self.votes.iter().all(good)
    }
}

/// A replica's signed word that its view has lasted too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wish {
    /// The view that it wants to leave.
    pub view: u64,
}

/// By what a replica came into its view: what takes others there too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// A certificate: of the view before, or of this one.
    Certified(Arc<Certificate>),
    /// The wishes of `n - f` to leave the view before.
    Wished(Arc<[Signed<Wish>]>),
}

impl Entry {
    /// Returns into which view it lets a replica in, where it proves that.
    pub fn view(&self, nodes: u16, quorum: u16) -> Option<u64> {
        match self {
            Entry::Certified(certificate) => {
                let view = certificate.view;
                let next = view.saturating_add(u64::from(certificate.phase == Phase::Commit));
                certificate.is_proven(nodes, quorum).then_some(next)
            }
            Entry::Wished(wishes) => {
                let view = wishes.first()?.value().view;
                let ordered = wishes.is_sorted_by(|a, b| a.by() < b.by());
                let good =
                    |wish: &Signed<Wish>| is_replica(wish.by(), nodes) && wish.value().view == view;
                let enough = wishes.len() >= usize::from(quorum) && wishes.iter().all(good);
                (ordered && enough).then(|| view.saturating_add(1))
            }
        }
    }
}

/// Returns whether somebody is a replica of a cluster.
pub fn is_replica(who: Address, nodes: u16) -> bool {
    who.node().is_some_and(|node| (1..=nodes).contains(&node))
}

/// Blocks on the way from one that is decided to another, oldest first.
pub type Branch = Arc<[Arc<Block>]>;

/// A message. Who sent it travels with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// To the leader of a view: its sender is there, and this is the highest block that it knows to
    /// be prepared.
    NewView {
        /// The view.
        view: u64,
        /// The highest certificate of the first phase (`prepareQC`); none stands for the one of
        /// the genesis block.
        high: Option<Arc<Certificate>>,
        /// The blocks before that one which are not decided.
        branch: Branch,
    },
    /// The leader's proposal.
    Prepare {
        /// The view.
        view: u64,
        /// The block, on top of that of `high`.
        block: Arc<Block>,
        /// The highest certificate that `n - f` new-view messages brought (`highQC`).
        high: Option<Arc<Certificate>>,
        /// The blocks before it that are not decided.
        branch: Branch,
        /// By what the leader came into its view, for those who are not there yet.
        entry: Option<Entry>,
    },
    /// A vote, to the leader.
    Vote(Signed<Vote>),
    /// A certificate, from the leader: `PRE-COMMIT`, `COMMIT` or `DECIDE`, by its phase.
    Certified(Arc<Certificate>),
    /// To everybody: a view has lasted too long. Part of the pacemaker, which the paper leaves
    /// open (section 4.4).
    Timeout {
        /// The wish.
        wish: Signed<Wish>,
        /// How many blocks its sender has decided.
        height: u64,
    },
    /// Asks for what was decided from a height on.
    Fetch {
        /// The height.
        height: u64,
    },
    /// What was decided, and how to come into the sender's view.
    Decided {
        /// Blocks, one after the other.
        blocks: Branch,
        /// The certificate of the last of them.
        proof: Option<Arc<Certificate>>,
        /// By what the sender came into its view.
        entry: Option<Entry>,
    },
    /// What no signature fits any more, since a bit of it was flipped on the way.
    Garbled,
}

impl Message {
    /// Returns the message's kind and the numbers in it that are worth showing.
    pub fn detail(&self) -> Detail {
        match self {
            Message::NewView { view, high, .. } => {
                let high = high.as_ref().map_or(0, |high| high.view);
                Detail::new(&NEW_VIEW, [*view, high, 0, 0])
            }
            Message::Prepare { view, block, high, .. } => {
                let high = high.as_ref().map_or(0, |high| high.view);
                let requests = block.requests().len() as u64;
                Detail::new(&PREPARE, [*view, block.id().short(), requests, high])
            }
            Message::Vote(signed) => {
                let vote = signed.value();
                let kind = match vote.phase {
                    Phase::Prepare => &PREPARE_VOTE,
                    Phase::PreCommit => &PRE_COMMIT_VOTE,
                    Phase::Commit => &COMMIT_VOTE,
                };
                Detail::new(kind, [vote.view, vote.block.short(), 0, 0])
            }
            Message::Certified(certificate) => {
                let kind = match certificate.phase {
                    Phase::Prepare => &PRE_COMMIT,
                    Phase::PreCommit => &COMMIT,
                    Phase::Commit => &DECIDE,
                };
                Detail::new(kind, [certificate.view, certificate.block.id().short(), 0, 0])
            }
            Message::Timeout { wish, height } => {
                Detail::new(&TIMEOUT, [wish.value().view, *height, 0, 0])
            }
            Message::Fetch { height } => Detail::new(&FETCH, [*height, 0, 0, 0]),
            Message::Decided { blocks, .. } => {
                let first = blocks.first().map_or(0, |block| block.height());
                Detail::new(&DECIDED, [first, blocks.len() as u64, 0, 0])
            }
            Message::Garbled => Detail::new(&GARBLED, [0; 4]),
        }
    }
}

const fn kind(
    name: &'static str,
    glyph: char,
    nature: Nature,
    fields: &'static [&'static str],
) -> MessageKind {
    MessageKind { name, glyph, nature, fields }
}

/// `NewView`, as it is shown.
pub static NEW_VIEW: MessageKind = kind("NewView", '△', Nature::Control, &["view", "high"]);
/// `Prepare`, as it is shown; `block` is a short form of its hash.
pub static PREPARE: MessageKind =
    kind("Prepare", '■', Nature::Request, &["view", "block", "requests", "high"]);
/// A vote of the first phase, as it is shown.
pub static PREPARE_VOTE: MessageKind = kind("PrepareVote", '□', Nature::Reply, &["view", "block"]);
/// `PreCommit`, as it is shown.
pub static PRE_COMMIT: MessageKind = kind("PreCommit", '◇', Nature::Control, &["view", "block"]);
/// A vote of the second phase, as it is shown.
pub static PRE_COMMIT_VOTE: MessageKind =
    kind("PreCommitVote", '□', Nature::Reply, &["view", "block"]);
/// `Commit`, as it is shown.
pub static COMMIT: MessageKind = kind("Commit", '◆', Nature::Control, &["view", "block"]);
/// A vote of the third phase, as it is shown.
pub static COMMIT_VOTE: MessageKind = kind("CommitVote", '□', Nature::Reply, &["view", "block"]);
/// `Decide`, as it is shown.
pub static DECIDE: MessageKind = kind("Decide", '▣', Nature::Control, &["view", "block"]);
/// `Timeout`, as it is shown.
pub static TIMEOUT: MessageKind = kind("Timeout", '▲', Nature::Control, &["view", "height"]);
/// `Fetch`, as it is shown.
pub static FETCH: MessageKind = kind("Fetch", '•', Nature::Request, &["height"]);
/// `Decided`, as it is shown.
pub static DECIDED: MessageKind = kind("Decided", '▣', Nature::Reply, &["height", "count"]);
/// What was garbled on the way, as it is shown.
pub static GARBLED: MessageKind = kind("Garbled", '×', Nature::Control, &[]);
