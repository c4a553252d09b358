//! Any enumerable protocol as a model: every order of messages, losses, timeouts and crashes within
//! bounds, each state judged by the oracles that the sweeps use.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use faultlab::oracles::{Bounds, Panel, State as Verdict};
use faultlab::sim::chance::{Chance, Identity};
use faultlab::sim::record::Causes;
use faultlab::sim::{
    Address, CallId, ClientNote, Effect, Enumerable, Event, EventId, Instant, Note, Op, Outbox,
    Outcome, Protocol, Record, Ticket, What,
};
use stateright::{Model, Property};

/// What a run may contain: how many of each.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Timers that run out.
    pub timeouts: u8,
    /// Nodes that crash and come back with their disks.
    pub crashes: u8,
    /// Messages that are lost.
    pub losses: u8,
    /// Messages that may be on their way at once; runs with more are not followed.
    pub flights: usize,
}

/// A protocol, its clients' calls, and how far runs are followed.
#[derive(Clone, Debug)]
pub struct Checked<P: Enumerable> {
    pub protocol: P,
    pub nodes: u16,
    /// The calls, each with the nodes that it goes to; the k-th is client k's first.
    pub calls: Vec<(Vec<u16>, Op)>,
    pub limits: Limits,
    /// The properties that must hold in every state.
    pub judged: &'static [&'static str],
    /// Whether a crash takes the disk with it: amnesia.
    pub forgets: bool,
}

/// One node: what it knows while it is up, its disk, and its armed timers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member<P: Protocol> {
    state: Option<Arc<P::State>>,
    disk: Option<Arc<P::Stable>>,
    saves: u64,
    armed: BTreeSet<P::Timer>,
}

/// A whole world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<P: Protocol> {
    members: Vec<Member<P>>,
    /// Messages on their way, in an order of their own: a network has none.
    flights: Vec<(u16, u16, P::Msg)>,
    /// What nodes and clients said that an oracle hears: who, and what.
    said: BTreeSet<(Address, Note)>,
    returned: BTreeSet<(u16, Outcome)>,
    asked: u8,
    used: [u8; 3],
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Move<P: Protocol> {
    Deliver(u16, u16, P::Msg),
    Lose(u16, u16, P::Msg),
    Timeout(u16, P::Timer),
    Ask,
    Crash(u16),
    Boot(u16),
}

impl<P: Enumerable> Checked<P> {
    fn outbox(world: &World<P>, node: u16) -> Outbox<P> {
        let written = Ticket(world.members[usize::from(node) - 1].saves);
        Outbox::new(Address::Node(node), Instant::ZERO, Chance::new(0), Identity(0), written)
    }

    fn step(&self, world: &mut World<P>, node: u16, event: Event<P>) {
        let place = usize::from(node) - 1;
        let Some(state) = world.members[place].state.clone() else { return };
        let mut out = Checked::outbox(world, node);
        if let Event::Request { call, op } = event {
            out.receive_request(call, op);
        }
        let mut state = (*state).clone();
        self.protocol.step(&mut state, event, &mut out);
        world.members[place].state = Some(Arc::new(state));
        self.carry_out(world, node, out);
    }

    fn boot(&self, world: &mut World<P>, node: u16) {
        let place = usize::from(node) - 1;
        world.members[place].saves = 0;
        let mut out = Checked::outbox(world, node);
        let disk = world.members[place].disk.clone();
        let state = self.protocol.boot(Address::Node(node), disk.as_deref(), &mut out);
        world.members[place].state = Some(Arc::new(state));
        self.carry_out(world, node, out);
    }

    /// Carries out what a step wants; a write is on the disk at once.
    fn carry_out(&self, world: &mut World<P>, node: u16, mut out: Outbox<P>) {
        let place = usize::from(node) - 1;
        let mut saved = None;
        let effects: Vec<Effect<P>> = out.drain().collect();
        for effect in effects {
            match effect {
                Effect::Send { to, msg } => {
                    let to = to.node().expect("nodes send to nodes");
                    world.flights.push((node, to, msg));
                }
                Effect::Answer { call, outcome } => {
                    if let Address::Client(client) = call.client {
                        world.returned.insert((client, outcome));
                    }
                }
                Effect::Save(delta) => {
                    let member = &mut world.members[place];
                    let mut disk = member.disk.as_deref().cloned().unwrap_or_default();
                    P::persist(&mut disk, &delta);
                    member.disk = Some(Arc::new(disk));
                    member.saves += 1;
                    saved = Some(Ticket(member.saves));
                }
                Effect::Arm(timer, _) => {
                    world.members[place].armed.insert(timer);
                }
                Effect::Disarm(timer) => {
                    world.members[place].armed.remove(&timer);
                }
                Effect::Note(note) => {
                    world.said.insert((Address::Node(node), note));
                }
            }
        }
        if let Some(ticket) = saved {
            self.step(world, node, Event::Saved(ticket));
        }
        world.flights.sort_unstable();
    }

    /// Judges a state by the oracles: what was asked comes first, then what was said.
    pub fn is_safe(&self, world: &World<P>) -> bool {
        let mut panel = Panel::new(&Bounds::default(), self.nodes, self.judged);
        let mut id = 0;
        let mut tell = |who: Address, what: What| {
            let (because, at) = (Causes::new(), Instant(u64::from(id)));
            let record = Record { at, id: EventId(id), who: Some(who), because, what };
            id += 1;
            panel.observe(&record, &mut Vec::new());
        };
        for (k, (_, op)) in (1..).zip(&self.calls) {
            let call = CallId { client: Address::Client(k), serial: 1, attempt: 1 };
            tell(call.client, What::Client(ClientNote::Called { call, op: *op }));
        }
        for (who, note) in &world.said {
            tell(*who, What::Noted(note.clone()));
        }
        panel.verdicts(Instant(u64::from(id))).iter().all(|v| v.state != Verdict::Violated)
    }

    fn take(world: &mut World<P>, from: u16, to: u16, msg: &P::Msg) -> bool {
        let place = world.flights.iter().position(|f| (f.0, f.1, &f.2) == (from, to, msg));
        place.map(|place| world.flights.remove(place)).is_some()
    }
}

impl<P: Enumerable + Eq + Hash> Model for Checked<P> {
    type State = World<P>;
    type Action = Move<P>;

    fn init_states(&self) -> Vec<World<P>> {
        let blank = || Member { state: None, disk: None, saves: 0, armed: BTreeSet::new() };
        let mut world = World {
            members: (0..self.nodes).map(|_| blank()).collect(),
            flights: Vec::new(),
            said: BTreeSet::new(),
            returned: BTreeSet::new(),
            asked: 0,
            used: [0; 3],
        };
        (1..=self.nodes).for_each(|node| self.boot(&mut world, node));
        vec![world]
    }

    fn actions(&self, world: &World<P>, moves: &mut Vec<Move<P>>) {
        let mut before = None;
        for flight in &world.flights {
            if before == Some(flight) {
                continue; // which of two equal messages comes is all the same
            }
            before = Some(flight);
            let (from, to, msg) = flight.clone();
            if world.used[1] < self.limits.losses {
                moves.push(Move::Lose(from, to, msg.clone()));
            }
            moves.push(Move::Deliver(from, to, msg));
        }
        if usize::from(world.asked) < self.calls.len() {
            moves.push(Move::Ask);
        }
        for (node, member) in (1..).zip(&world.members) {
            if member.state.is_none() {
                moves.push(Move::Boot(node));
                continue;
            }
            if world.used[0] < self.limits.timeouts {
                moves.extend(member.armed.iter().map(|t| Move::Timeout(node, t.clone())));
            }
            if world.used[2] < self.limits.crashes {
                moves.push(Move::Crash(node));
            }
        }
    }

    fn next_state(&self, last: &World<P>, action: Move<P>) -> Option<World<P>> {
        let mut world = last.clone();
        match action {
            Move::Deliver(from, to, msg) => {
                Checked::take(&mut world, from, to, &msg);
                self.step(&mut world, to, Event::Deliver { from: Address::Node(from), msg });
            }
            Move::Lose(from, to, msg) => {
                Checked::take(&mut world, from, to, &msg);
                world.used[1] += 1;
            }
            Move::Timeout(node, timer) => {
                world.members[usize::from(node) - 1].armed.remove(&timer);
                world.used[0] += 1;
                self.step(&mut world, node, Event::Timeout(timer));
            }
            Move::Ask => {
                let client = u16::from(world.asked) + 1;
                let (nodes, op) = self.calls[usize::from(world.asked)].clone();
                world.asked += 1;
                let call = CallId { client: Address::Client(client), serial: 1, attempt: 1 };
                for node in nodes {
                    self.step(&mut world, node, Event::Request { call, op });
                }
            }
            Move::Crash(node) => {
                let member = &mut world.members[usize::from(node) - 1];
                member.state = None;
                member.armed.clear();
                if self.forgets {
                    member.disk = None;
                }
                world.used[2] += 1;
            }
            Move::Boot(node) => self.boot(&mut world, node),
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every safety property holds", |model: &Self, world| {
                model.is_safe(world)
            }),
            Property::sometimes("a client is answered", |_, world: &World<P>| {
                !world.returned.is_empty()
            }),
        ]
    }

    fn within_boundary(&self, world: &World<P>) -> bool {
        world.flights.len() <= self.limits.flights
    }
}
