//! What proves what: certificates made of signatures, and how a replica checks them.
//!
//! Nobody believes a replica. A certificate carries enough signatures that one of them at least is
//! an honest replica's, or enough that any two certificates share an honest signer (§4.2). Each is
//! checked here in full, by whoever it comes.

use std::sync::Arc;

use crate::sim::{Address, Signed};

use super::Pbft;
use super::message::{Digest, Mark, Order, Phase, Request, Statement};

/// A stable checkpoint: a quorum signed the same state (§4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// The state.
    pub mark: Mark,
    /// Who signed it, smallest first; nobody needs to at the beginning.
    pub signed: Vec<Signed<Mark>>,
}

/// A prepared certificate: a request has this number in this view, and no other can (§4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prepared {
    /// The primary's pre-prepare.
    pub order: Order,
    /// The backups' prepares, of a quorum less the primary; smallest first.
    pub prepares: Vec<Signed<Statement>>,
}

/// A commit certificate: a quorum was prepared, so that this number holds this request in every
/// view (§4.2, `committed`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decision {
    /// The view in which it was decided.
    pub view: u64,
    /// The number.
    pub seq: u64,
    /// The request; none where it is the null request.
    pub request: Option<Request>,
    /// The commits of a quorum, smallest first.
    pub commits: Vec<Signed<Statement>>,
}

impl Decision {
    /// Returns the request's digest.
    pub fn digest(&self) -> Digest {
        Digest::of(self.request.as_ref())
    }
}

/// `⟨VIEW-CHANGE, v+1, n, C, P, i⟩` (§4.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewChange {
    /// The view that shall begin.
    pub view: u64,
    /// The sender's last stable checkpoint: n and C.
    pub stable: Arc<Proof>,
    /// A certificate for each request that it prepared after that: P, smallest number first.
    pub prepared: Vec<Arc<Prepared>>,
}

/// `⟨NEW-VIEW, v+1, V, O⟩` (§4.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewView {
    /// The view that begins.
    pub view: u64,
    /// The view changes that let it begin, of a quorum: V, smallest sender first.
    pub changes: Vec<Arc<Signed<ViewChange>>>,
    /// The pre-prepares that must begin it: O, without a gap, smallest number first.
    pub orders: Vec<Signed<Statement>>,
}

/// How a view has to begin (§4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The latest stable checkpoint in V: its number is the paper's min-s.
    pub stable: Arc<Proof>,
    /// What the numbers after it hold, up to the highest that somebody prepared (max-s): the
    /// request of the newest certificate, or the null request where there is none.
    pub requests: Vec<Option<Request>>,
}

impl Opening {
    /// Works out how a view begins from what a quorum said when it left the views before.
    pub fn of(changes: &[Arc<Signed<ViewChange>>]) -> Opening {
        let all = || changes.iter().map(|change| change.value());
        let stable = all().map(|change| &change.stable).max_by_key(|proof| proof.mark.seq);
        let stable = stable.cloned().unwrap_or_default();
        let low = stable.mark.seq;
        let certificates = || all().flat_map(|change| &change.prepared);
        let number = |certificate: &Arc<Prepared>| certificate.order.said.value().seq;
        let high = certificates().map(number).max().unwrap_or(low).max(low);
        let mut newest: Vec<Option<&Order>> = vec![None; (high - low) as usize];
        for certificate in certificates().filter(|certificate| number(certificate) > low) {
            let place = &mut newest[(number(certificate) - low - 1) as usize];
            let view = |order: &Order| order.said.value().view;
            if place.is_none_or(|known| view(known) < view(&certificate.order)) {
                *place = Some(&certificate.order);
            }
        }
        let requests = newest.into_iter().map(|order| order.and_then(|order| order.request));
        Opening { requests: requests.collect(), stable }
    }

    /// Returns the pre-prepares of the view, each for its primary to sign.
    pub fn statements(&self, view: u64) -> impl Iterator<Item = Statement> + '_ {
        let numbers = self.stable.mark.seq + 1..;
        numbers.zip(&self.requests).map(move |(seq, request)| {
            let digest = Digest::of(request.as_ref());
            Statement { phase: Phase::PrePrepare, view, seq, digest }
        })
    }
}

impl Pbft {
    /// Returns how many faulty replicas are tolerated: f, for n ≥ 3f + 1 (§3).
    pub const fn faults(&self) -> usize {
        (self.nodes as usize - 1) / 3
    }

    /// Returns how many make a quorum: two share f + 1 replicas, of which one is honest. For
    /// n = 3f + 1 that is 2f + 1 (§4.2).
    pub const fn quorum(&self) -> usize {
        (self.nodes as usize + self.faults() + 1).div_ceil(2)
    }

    /// Returns how many make sure that one of them is honest: f + 1.
    pub const fn weak(&self) -> usize {
        self.faults() + 1
    }

    /// Returns the primary of a view: p = v mod n (§4).
    pub const fn primary(&self, view: u64) -> u16 {
        (view % self.nodes as u64) as u16 + 1
    }

    /// Returns which replica signed, where it was one.
    pub fn signer<T>(&self, signed: &Signed<T>) -> Option<u16> {
        signed.by().node().filter(|node| (1..=self.nodes).contains(node))
    }

    /// Returns whether all are replicas, each counted once since they are in order.
    fn are_distinct<'a, T: 'a>(&self, signed: impl Iterator<Item = &'a Signed<T>>) -> bool {
        let mut last = 0;
        for one in signed {
            match self.signer(one) {
                Some(node) if node > last => last = node,
                _ => return false,
            }
        }
        true
    }

    /// Returns whether a request is what its client signed.
    pub fn is_signed_by_client(request: &Request) -> bool {
        let client = request.value().0.client;
        request.by() == client && matches!(client, Address::Client(_))
    }

    /// Returns whether an order is its view's primary's, and fits the request that came with it.
    pub fn is_order(&self, order: &Order) -> bool {
        let said = order.said.value();
        said.phase == Phase::PrePrepare
            && self.signer(&order.said) == Some(self.primary(said.view))
            && said.digest == Digest::of(order.request.as_ref())
            && order.request.as_ref().is_none_or(Pbft::is_signed_by_client)
    }

    /// Returns whether a stable checkpoint is one.
    pub fn is_proof(&self, proof: &Proof) -> bool {
        let Proof { mark, signed } = proof;
        if mark.seq == 0 {
            return *mark == self.genesis().mark && signed.is_empty();
        }
        mark.seq % self.spec.checkpoint_every == 0
            && signed.len() >= self.quorum()
            && self.are_distinct(signed.iter())
            && signed.iter().all(|one| one.value() == mark)
    }

    /// Returns whether a prepared certificate is one.
    pub fn is_prepared(&self, certificate: &Prepared) -> bool {
        let Prepared { order, prepares } = certificate;
        let said = Statement { phase: Phase::Prepare, ..*order.said.value() };
        self.is_order(order)
            && prepares.len() + 1 >= self.quorum()
            && self.are_distinct(prepares.iter())
            && prepares.iter().all(|one| *one.value() == said && one.by() != order.said.by())
    }

    /// Returns whether a commit certificate is one.
    pub fn is_decision(&self, decision: &Decision) -> bool {
        let Decision { view, seq, request, commits } = decision;
        let digest = decision.digest();
        let said = Statement { phase: Phase::Commit, view: *view, seq: *seq, digest };
        commits.len() >= self.quorum()
            && self.are_distinct(commits.iter())
            && commits.iter().all(|one| *one.value() == said)
            && request.as_ref().is_none_or(Pbft::is_signed_by_client)
    }

    /// Returns whether a view change proves all that it says (§4.4).
    pub fn is_view_change(&self, change: &Signed<ViewChange>) -> bool {
        let ViewChange { view, stable, prepared } = change.value();
        let (low, high) = (stable.mark.seq, stable.mark.seq + self.window());
        let mut last = low;
        self.signer(change).is_some()
            && self.is_proof(stable)
            && prepared.iter().all(|certificate| {
                let said = certificate.order.said.value();
                let in_order = said.seq > last && said.seq <= high && said.view < *view;
                last = said.seq;
                in_order && self.is_prepared(certificate)
            })
    }

    /// Returns how a view begins, where a new-view message proves that it has to begin so (§4.4).
    pub fn opening(&self, new: &Signed<NewView>) -> Option<Opening> {
        let NewView { view, changes, orders } = new.value();
        let proved = self.signer(new) == Some(self.primary(*view))
            && changes.len() >= self.quorum()
            && self.are_distinct(changes.iter().map(AsRef::as_ref))
            && changes.iter().all(|one| one.value().view == *view && self.is_view_change(one));
        let opening = proved.then(|| Opening::of(changes))?;
        let same = opening.statements(*view).eq(orders.iter().map(|order| *order.value()));
        (same && orders.iter().all(|order| order.by() == new.by())).then_some(opening)
    }
}
