//! One node of a model, and the turns that it takes.

use std::collections::BTreeSet;
use std::hash::Hash;

use faultlab::sim::chance::{Chance, Identity};
use faultlab::sim::{Address, Effect, Event, Instant, Outbox, Outcome, Protocol, Ticket, What};

use crate::digest::Shared;
use crate::judge::{Said, bears_on};
use crate::model::Checked;

/// One node: what it knows while it is up, its disk, and its armed timers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member<P: Protocol> {
    pub state: Option<P::State>,
    pub disk: Option<P::Stable>,
    pub armed: BTreeSet<P::Timer>,
}

impl<P: Protocol> Member<P> {
    /// Makes a node that was never up.
    pub fn blank() -> Member<P> {
        Member { state: None, disk: None, armed: BTreeSet::new() }
    }

    /// Makes what a crash leaves.
    pub fn crashed(&self, forgets: bool) -> Member<P> {
        let disk = self.disk.clone().filter(|_| !forgets);
        Member { disk, ..Member::blank() }
    }
}

/// A node after an event, and what came of it.
#[derive(Debug)]
pub struct Turn<P: Protocol> {
    pub member: Shared<Member<P>>,
    pub sent: Vec<(u16, Shared<P::Msg>)>,
    /// What it said that an oracle wants to hear.
    pub said: Shared<Vec<Said>>,
    /// Whether a client was told that its write took effect.
    pub answered: bool,
}

impl<P: Protocol + Hash> Turn<P> {
    /// Lets a node of this name boot.
    pub fn boot(checked: &Checked<P>, name: u16, member: &Member<P>) -> Turn<P> {
        let mut out = outbox(name);
        let mut member = member.clone();
        let me = Address::Node(name);
        member.state = Some(checked.protocol.boot(me, member.disk.as_ref(), &mut out));
        Turn::go_on(checked, name, member, out)
    }

    /// Lets a node of this name take a step; `None` where it is down.
    pub fn step(
        checked: &Checked<P>,
        name: u16,
        member: &Member<P>,
        event: Event<P>,
    ) -> Option<Turn<P>> {
        let mut member = member.clone();
        let out = step(checked, name, member.state.as_mut()?, event);
        Some(Turn::go_on(checked, name, member, out))
    }

    /// Carries out what a step wants, and what the steps want that follow from its writes.
    fn go_on(
        checked: &Checked<P>,
        name: u16,
        mut member: Member<P>,
        mut out: Outbox<P>,
    ) -> Turn<P> {
        let (mut sent, mut said, mut answered) = (Vec::new(), Vec::new(), false);
        loop {
            let mut saves = 0;
            for effect in out.drain() {
                match effect {
                    Effect::Send { to, msg } => {
                        let to = to.node().expect("nodes send to nodes");
                        sent.push((to, Shared::new(msg)));
                    }
                    Effect::Answer { outcome, .. } => answered |= outcome == Outcome::Written,
                    Effect::Save(delta) => {
                        P::persist(member.disk.get_or_insert_default(), &delta);
                        saves += 1;
                    }
                    Effect::Arm(timer, _) => {
                        member.armed.insert(timer);
                    }
                    Effect::Disarm(timer) => {
                        member.armed.remove(&timer);
                    }
                    Effect::Note(note) if bears_on(&checked.judged, &note) => {
                        said.push((Some(Address::Node(name)), What::Noted(note)));
                    }
                    Effect::Note(_) => {}
                }
            }
            let Some(state) = member.state.as_mut().filter(|_| saves > 0) else { break };
            out = step(checked, name, state, Event::Saved(Ticket(saves)));
        }
        Turn { member: Shared::new(member), sent, said: Shared::new(said), answered }
    }
}

fn step<P: Protocol>(
    checked: &Checked<P>,
    name: u16,
    state: &mut P::State,
    event: Event<P>,
) -> Outbox<P> {
    let mut out = outbox(name);
    if let Event::Request { call, op } = event {
        out.receive_request(call, op);
    }
    checked.protocol.step(state, event, &mut out);
    (checked.forgoes)(state);
    out
}

/// Opens an outbox. What is written is on the disk before the next step, so that tickets may begin
/// anew with each.
fn outbox<P: Protocol>(name: u16) -> Outbox<P> {
    Outbox::new(Address::Node(name), Instant::ZERO, Chance::new(0), Identity(0), Ticket(0))
}
