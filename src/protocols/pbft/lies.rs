//! What a liar says in the place of an honest message, and what a flipped bit makes of one.
//!
//! A liar signs for itself and those that lie with it. So it can order two requests under one
//! number, agree to anything, and deny what it did; it can make up no request, no certificate, and
//! no state that others would believe. Each lie here is tried against those checks.

use std::sync::Arc;

use crate::sim::chance::mix;
use crate::sim::{Flip, Liar, Op, Signed, Untruth};

use super::Pbft;
use super::message::{
    CHECKPOINT, COMMIT, DECISION, Digest, Message, NEW_VIEW, Order, PRE_PREPARE, PREPARE, Phase,
    REQUEST, Request, STATE, Snapshot, Statement, VIEW_CHANGE,
};
use super::proof::{Decision, NewView, Opening, Prepared, ViewChange};
use super::state::State;

impl Pbft {
    /// Says what a liar sends; `None` where the lie has no words for the message.
    pub(super) fn lie(&self, s: &State, msg: &Message, liar: &Liar) -> Option<Message> {
        match liar.tells() {
            Untruth::Contrary => self.contrary(s, msg, liar),
            Untruth::Value => self.false_value(s, msg, liar),
            Untruth::Denial => Pbft::denial(msg, liar),
        }
    }

    /// Another order: each number holds what the one before it holds. Liars that tell it together
    /// tell the same, with nothing to arrange. And another state, which no other liar tells.
    fn contrary(&self, s: &State, msg: &Message, liar: &Liar) -> Option<Message> {
        match msg {
            Message::PrePrepare(order) => {
                let said = order.said.value();
                let request = self.other_request(s, said)?;
                let digest = Digest::of(Some(&request));
                let said = liar.sign(order.said.by(), Statement { digest, ..*said })?;
                Some(Message::PrePrepare(Order { said, request: Some(request) }))
            }
            Message::Vote(vote) => {
                let other = self.other_request(s, vote.value()).map(|r| Digest::of(Some(&r)));
                let digest = other.unwrap_or(Digest(mix(vote.value().digest.0).max(1)));
                let said = Statement { digest, ..*vote.value() };
                liar.sign(vote.by(), said).map(Message::Vote)
            }
            Message::Checkpoint(mark) => {
                let mut value = *mark.value();
                value.digest = mix(value.digest);
                liar.sign(mark.by(), value).map(Message::Checkpoint)
            }
            Message::NewView(new) => {
                let NewView { view, changes, orders } = new.value();
                let nothing = |order: &Signed<Statement>| {
                    let said = Statement { digest: Digest::NULL, ..*order.value() };
                    liar.sign(new.by(), said)
                };
                let orders = orders.iter().map(nothing).collect::<Option<_>>()?;
                let new_view = NewView { view: *view, changes: changes.clone(), orders };
                liar.sign(new.by(), new_view).map(|new| Message::NewView(Arc::new(new)))
            }
            _ => None,
        }
    }

    /// Returns the request that the number before this one holds in the same view.
    fn other_request(&self, s: &State, said: &Statement) -> Option<Request> {
        let slot = s.slots.get(&said.seq.checked_sub(1)?)?;
        let digest = slot.order(self.primary(said.view), said.view)?;
        slot.request(digest).flatten().filter(|_| digest != said.digest)
    }

    /// Another value: a request that no client made, a state that nobody is in, a certificate of
    /// what was never agreed to. Of digests it says the truth: they are no values.
    fn false_value(&self, s: &State, msg: &Message, liar: &Liar) -> Option<Message> {
        match msg {
            Message::Request(request) => false_request(request, liar).map(Message::Request),
            Message::PrePrepare(order) => {
                let request = false_request(order.request.as_ref()?, liar)?;
                let digest = Digest::of(Some(&request));
                let said = Statement { digest, ..*order.said.value() };
                let said = liar.sign(order.said.by(), said)?;
                Some(Message::PrePrepare(Order { said, request: Some(request) }))
            }
            Message::ViewChange(change) => {
                let ViewChange { view, stable, .. } = change.value();
                let prepared = self.false_certificate(s, change.value(), liar);
                let prepared = prepared.map(Arc::new).into_iter().collect();
                let said = ViewChange { view: *view, stable: stable.clone(), prepared };
                liar.sign(change.by(), said).map(|change| Message::ViewChange(Arc::new(change)))
            }
            Message::Decision(decision) => {
                let request = Some(false_request(decision.request.as_ref()?, liar)?);
                let decision = Decision { request, ..(**decision).clone() };
                Some(Message::Decision(Arc::new(decision)))
            }
            Message::State(snapshot) => {
                let mut store = snapshot.store.clone()?;
                let proof = snapshot.proof.clone();
                store
                    .flip(1)
                    .then(|| Message::State(Arc::new(Snapshot { proof, store: Some(store) })))
            }
            _ => None,
        }
    }

    /// Makes up a certificate: that the number after the last stable checkpoint holds a request
    /// that really has another. It bears the signatures of the liars alone.
    fn false_certificate(&self, s: &State, change: &ViewChange, liar: &Liar) -> Option<Prepared> {
        let (seq, view) = (change.stable.mark.seq + 1, change.view.checked_sub(1)?);
        let requests = s.slots.iter().filter(|(number, _)| **number != seq);
        let request = requests.flat_map(|(_, slot)| slot.requests.values()).next().copied()?;
        let digest = Digest::of(Some(&request));
        let said = |phase| Statement { phase, view, seq, digest };
        let nodes = (1..=self.nodes).map(crate::sim::Address::Node);
        let primary = crate::sim::Address::Node(self.primary(view));
        let signs = |by| liar.sign(by, said(Phase::Prepare));
        let prepares = nodes.filter(|node| *node != primary).filter_map(signs).collect();
        let order = liar
            .sign(primary, said(Phase::PrePrepare))
            .or_else(|| liar.sign(liar.me(), said(Phase::PrePrepare)))?;
        Some(Prepared { order: Order { said: order, request: Some(request) }, prepares })
    }

    /// A false account of itself: that it prepared nothing, that nobody who asks for a view did,
    /// that it is prepared when it is not, that it has nothing.
    fn denial(msg: &Message, liar: &Liar) -> Option<Message> {
        match msg {
            Message::ViewChange(change) => {
                let ViewChange { view, stable, .. } = change.value();
                let (stable, prepared) = (stable.clone(), Vec::new());
                let said = ViewChange { view: *view, stable, prepared };
                liar.sign(change.by(), said).map(|change| Message::ViewChange(Arc::new(change)))
            }
            Message::NewView(new) => {
                // Its own word it can change. What the others prepared it can only leave out, and
                // then the orders do not follow from what it shows.
                let NewView { view, changes, .. } = new.value();
                let bare = |change: &Signed<ViewChange>| {
                    let ViewChange { view, stable, .. } = change.value();
                    ViewChange { view: *view, stable: stable.clone(), prepared: Vec::new() }
                };
                let deny = |change: &Arc<Signed<ViewChange>>| {
                    let denied = liar.sign(change.by(), bare(change));
                    denied.map_or_else(|| change.clone(), Arc::new)
                };
                let changes: Vec<_> = changes.iter().map(deny).collect();
                let opening = Opening::of(&changes);
                let said = |mut said: Statement| {
                    said.digest = Digest::NULL;
                    liar.sign(new.by(), said)
                };
                let orders = opening.statements(*view).map(said).collect::<Option<_>>()?;
                let new_view = NewView { view: *view, changes, orders };
                liar.sign(new.by(), new_view).map(|new| Message::NewView(Arc::new(new)))
            }
            Message::Vote(vote) if vote.value().phase == Phase::Prepare => {
                let said = Statement { phase: Phase::Commit, ..*vote.value() };
                liar.sign(vote.by(), said).map(Message::Vote)
            }
            Message::Status(status) => {
                let mut status = *status;
                (status.stable, status.executed) = (0, 0);
                Some(Message::Status(status))
            }
            _ => None,
        }
    }
}

/// Makes up a request. It cannot bear its client's signature.
fn false_request(request: &Request, liar: &Liar) -> Option<Request> {
    let (call, op) = *request.value();
    let op = match op {
        Op::Read { key } => Op::Read { key: key ^ 1 },
        Op::Write { key, value } => Op::Write { key, value: value ^ 1 },
    };
    liar.sign(liar.me(), (call, op))
}

/// Flips a bit of a value that is held, or of a message. Most messages are signed, and a signature
/// does not fit what was changed after it: all that is left is that something came.
pub(super) fn flip(what: Flip<'_, Pbft>, bit: u64) -> bool {
    match what {
        Flip::State(state) => state.store.flip(bit),
        Flip::Stable(stable) => stable.checkpoint.store.flip(bit),
        Flip::Msg(msg) => {
            let kind = match msg {
                Message::Status(status) => {
                    status.executed ^= 1 << (bit % u64::from(u16::BITS));
                    return true;
                }
                Message::Garbled(_) => return false,
                Message::State(snapshot) => {
                    let mut changed = (**snapshot).clone();
                    if changed.store.as_mut().is_some_and(|store| store.flip(bit)) {
                        *snapshot = Arc::new(changed);
                        return true;
                    }
                    &STATE
                }
                Message::Request(_) => &REQUEST,
                Message::PrePrepare(_) => &PRE_PREPARE,
                Message::Vote(vote) if vote.value().phase == Phase::Commit => &COMMIT,
                Message::Vote(_) => &PREPARE,
                Message::Checkpoint(_) => &CHECKPOINT,
                Message::ViewChange(_) => &VIEW_CHANGE,
                Message::NewView(_) => &NEW_VIEW,
                Message::Decision(_) => &DECISION,
            };
            *msg = Message::Garbled(kind);
            true
        }
    }
}
