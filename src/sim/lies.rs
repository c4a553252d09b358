//! Liars: what a node that lies sends in the place of the truth, and its second face.
//!
//! A lie acts on what leaves a node: the node's own state machine is honest throughout, and what it
//! keeps is true. An equivocator is two honest nodes under one name, each with a mind and a disk of
//! its own: whom one of them talks to, the other does not. So it can tell two consistent stories
//! through all phases of any protocol, as long as it likes, and yet sign for nobody but itself.

use std::collections::VecDeque;

use super::address::Address;
use super::chance::{Identity, Purpose};
use super::client::{CallId, Client, Outcome};
use super::disk::Disk;
use super::lever::{FaultId, Lie};
use super::protocol::Protocol;
use super::queue::{Load, Pending};
use super::record::{EventId, Tape};
use super::signed::{Liar, Untruth};
use super::world::World;

/// How many of its messages a node that says them again remembers: the newest.
const SAID_MAX: usize = 64;
/// What a false value is off by: more than any client ever writes, so that nobody wrote it.
const FALSE_BY: u64 = 900_000_000_000;

/// A hold of a fault on what a node says.
#[derive(Clone, Debug)]
pub(super) struct LieHold {
    pub fault: FaultId,
    pub pulled: EventId,
    /// How it lies, with everybody in it named.
    pub lie: Lie,
    /// In whose name it may sign.
    pub liar: Liar,
}

/// The second face of an equivocator: a body of its own behind the last node.
#[derive(Clone, Debug)]
pub(super) struct Face {
    pub fault: FaultId,
    pub pulled: EventId,
    /// Whose name it bears.
    of: Address,
    /// Where it stands among the nodes.
    body: Address,
    /// Who sees it.
    seen_by: Vec<Address>,
}

impl Face {
    /// Returns whether somebody sees this face, and not the first.
    fn is_seen_by(&self, who: Address) -> bool {
        match who {
            Address::Node(_) => self.seen_by.contains(&who),
            Address::Client(number) => number % 2 == 0,
            Address::Monitor(_) => false,
        }
    }
}

/// Where a message goes, and the lever by which it goes there.
pub(super) struct Route {
    pub to: Address,
    pub lever: Option<EventId>,
}

impl<P: Protocol, C: Client> World<P, C> {
    /// Returns the address that others know: that of a second face is the liar's.
    pub(super) fn public(&self, who: Address) -> Address {
        if who.is_node() && who.index() >= self.size {
            let face = self.faces.iter().find(|face| face.body == who);
            return face.map_or(who, |face| face.of);
        }
        who
    }

    /// Lists the bodies of a node: itself, and its second face where it has one.
    pub(super) fn bodies(&self, who: Address) -> impl Iterator<Item = Address> + use<P, C> {
        let face = self.faces.iter().find(|face| face.of == who).map(|face| face.body);
        std::iter::once(who).chain(face)
    }

    /// Takes hold of what a node says.
    pub(super) fn hold_lie(
        &mut self,
        who: Address,
        all: &[Address],
        hold: (FaultId, EventId),
        lie: &Lie,
    ) {
        let (fault, pulled) = hold;
        if !who.is_node() || who.index() >= self.size {
            return;
        }
        let tells = if let Lie::Tell { says, .. } = lie { *says } else { Untruth::Contrary };
        let liar = Liar::new(who, tells, all.to_vec());
        let hold = LieHold { fault, pulled, lie: lie.clone(), liar };
        self.nodes[who.index()].lies.push(hold);
        if let Lie::Equivocate { second } = lie
            && !self.faces.iter().any(|face| face.of == who)
        {
            self.grow_face(who, (fault, pulled), second.members());
        }
    }

    /// Gives a node a second face that begins as the first is now.
    fn grow_face(&mut self, of: Address, (fault, pulled): (FaultId, EventId), seen_by: &[Address]) {
        let mut node = self.nodes[of.index()].clone();
        let body = Address::Node(self.nodes.len() as u16 + 1);
        node.held.clear();
        node.inbox.clear();
        let written = node.disk.written();
        node.disk.sync(written);
        for (timer, armed) in node.timers.iter_mut() {
            armed.identity = armed.identity.child(u64::from(fault.0));
            armed.due = armed.due.max(self.now);
            armed.queued = armed.due;
            let pending = Pending::Timer { node: body, timer: timer.clone() };
            self.queue.push(armed.due, pending);
        }
        self.nodes.push(node);
        let seen_by = seen_by.to_vec();
        self.faces.push(Face { fault, pulled, of, body, seen_by });
    }

    /// Lets go of what a healed fault made nodes say; their first faces stay.
    pub(super) fn release_lies(&mut self, fault: FaultId) {
        for node in &mut self.nodes {
            node.lies.retain(|hold| hold.fault != fault);
            if !node.lies.iter().any(|hold| matches!(hold.lie, Lie::Replay { .. })) {
                node.said.clear();
            }
        }
        for face in self.faces.iter().filter(|face| face.fault == fault) {
            // What is still on its way to it finds nobody.
            let body = &mut self.nodes[face.body.index()];
            body.timers.clear();
            body.held.clear();
            body.disk = Disk::new(None, body.disk.mood);
            body.gone = true;
        }
        self.faces.retain(|face| face.fault != fault);
    }

    /// Returns to which body a message goes; `None` where the face that speaks is not the one that
    /// the receiver is shown.
    pub(super) fn route(&self, from: Address, to: Address) -> Option<Route> {
        if self.faces.is_empty() {
            return Some(Route { to, lever: None });
        }
        let name = self.public(from);
        let ours = self.faces.iter().find(|face| face.of == name);
        let theirs = self.faces.iter().find(|face| face.of == to);
        let second = ours.is_some_and(|face| face.body == from);
        // Liars of one lever talk to each other with both faces, each to its like.
        let share = ours.zip(theirs).is_some_and(|(a, b)| a.fault == b.fault);
        if let Some(face) = ours.filter(|_| !share)
            && face.is_seen_by(to) != second
        {
            return None;
        }
        let lever = ours.map(|face| face.pulled);
        let meets = theirs.filter(|face| if share { second } else { face.is_seen_by(name) });
        Some(Route { to: meets.map_or(to, |face| face.body), lever })
    }

    /// Returns what leaves in the place of a message, and the lever that made it another.
    pub(super) fn tell(&self, me: Address, to: Address, msg: P::Msg) -> (P::Msg, Option<EventId>) {
        let node = &self.nodes[me.index()];
        let (mut msg, mut bent) = (msg, None);
        for hold in node.lies.iter().filter(|hold| hold.tells(to)) {
            if let Some(other) = self.protocol.forge(&node.state, &msg, to, &hold.liar) {
                (msg, bent) = (other, Some(hold.pulled));
            }
        }
        (msg, bent)
    }

    /// Returns the answer that leaves in the place of another, and the lever that made it so.
    pub(super) fn tell_client(
        &self,
        me: Address,
        call: CallId,
        outcome: Outcome,
    ) -> (Outcome, Option<EventId>) {
        let node = &self.nodes[me.index()];
        let Some(hold) = node.lies.iter().find(|hold| hold.tells(call.client)) else {
            return (outcome, None);
        };
        match (hold.liar.tells(), outcome) {
            (Untruth::Denial, Outcome::Read(Some(_))) => (Outcome::Read(None), Some(hold.pulled)),
            (Untruth::Contrary | Untruth::Value, Outcome::Read(value)) => {
                (Outcome::Read(Some(value.unwrap_or(0) + FALSE_BY)), Some(hold.pulled))
            }
            (_, other) => (other, None),
        }
    }

    /// Returns the lever by which a node says nothing to somebody, if it does so.
    pub(super) fn silent(&self, me: Address, to: Address) -> Option<(FaultId, EventId)> {
        let holds = self.nodes[me.index()].lies.iter();
        let mut silent = holds.filter(|hold| match &hold.lie {
            Lie::Withhold { from } => from.members().contains(&to),
            _ => false,
        });
        silent.next().map(|hold| (hold.fault, hold.pulled))
    }

    /// Remembers what a node says, and now and then says again what it said before.
    pub(super) fn replay(
        &mut self,
        me: Address,
        to: Address,
        msg: &P::Msg,
        identity: Identity,
        cause: EventId,
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[me.index()];
        let Some((hold, rate)) = node.lies.iter().find_map(|hold| match hold.lie {
            Lie::Replay { rate } => Some(((hold.fault, hold.pulled), rate)),
            _ => None,
        }) else {
            return;
        };
        remember(&mut node.said, (to, msg.clone()));
        let purpose = Purpose::Fault(hold.0.0);
        if !self.chance.hits(identity.child(7), purpose, rate) {
            return;
        }
        let last = self.nodes[me.index()].said.len() as u64 - 1;
        let pick = self.chance.number(identity.child(8), purpose, &(0..=last));
        let (to, msg) = self.nodes[me.index()].said[pick as usize].clone();
        let because = (cause, Some(hold.1));
        self.send(me, to, Load::Peer(msg), identity.child(12), because, tape);
    }
}

fn remember<T>(said: &mut VecDeque<T>, what: T) {
    if said.len() == SAID_MAX {
        said.pop_front();
    }
    said.push_back(what);
}

impl LieHold {
    /// Returns whether it tells somebody an untruth.
    fn tells(&self, who: Address) -> bool {
        match &self.lie {
            Lie::Tell { to: None, .. } => true,
            Lie::Tell { to: Some(whom), .. } => whom.members().contains(&who),
            _ => false,
        }
    }
}
