//! Any enumerable protocol as a model: every order of messages, losses, timeouts, crashes and lies
//! within bounds, each state judged by the oracles that the sweeps use.
//!
//! A write is on the disk at once: what a disk that lags does is for the sweeps.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use faultlab::sim::chance::{Chance, Identity};
use faultlab::sim::{
    Address, CallId, ClientNote, Effect, Enumerable, Event, Instant, Liar, Op, Outbox, Outcome,
    Protocol, Ticket, Untruth, What,
};
use stateright::{Model, Property};

use crate::judge::{Judge, bears_on};

/// What a run may contain: how many of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Timers that run out.
    pub timeouts: u8,
    /// Nodes that crash and come back with their disks.
    pub crashes: u8,
    /// Messages that are lost.
    pub losses: u8,
}

/// A liar that is two honest nodes under one name, as `sim::lies` has it: its first face is the
/// node itself, the second a body behind the last node. Liars share both stories.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// Whose.
    pub of: u16,
    /// Who sees the second face, and not the first.
    pub seen_by: &'static [u16],
}

/// A protocol, its clients' calls, and how far runs are followed.
#[derive(Clone, Debug)]
pub struct Checked<P: Protocol> {
    pub protocol: P,
    pub nodes: u16,
    /// The calls, each with the bodies that it goes to; the k-th is client k's first.
    pub calls: Vec<(Vec<u16>, Op)>,
    pub limits: Limits,
    /// The properties that must hold in every state.
    pub judged: &'static [&'static str],
    /// Whether a crash takes the disk with it: amnesia.
    pub forgets: bool,
    /// Whether timers run out only while no message is on its way: silence means that nothing
    /// comes any more, as where delays are bounded and timeouts longer.
    pub patient: bool,
    /// Which timers run out at all.
    pub runs_out: fn(&P::Timer) -> bool,
    /// Nodes that are down throughout.
    pub absent: &'static [u16],
    /// Nodes that tell two stories.
    pub faces: &'static [Face],
    /// Nodes of which each message may arrive as it is, as any lie that `Protocol::forge` has for
    /// it, or not at all.
    pub liars: &'static [u16],
}

/// One node: what it knows while it is up, its disk, and its armed timers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member<P: Protocol> {
    state: Option<Arc<P::State>>,
    disk: Option<Arc<P::Stable>>,
    armed: BTreeSet<P::Timer>,
}

/// A whole world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<P: Protocol> {
    members: Vec<Member<P>>,
    /// Messages on their way, in an order of their own: a network has none.
    flights: Vec<(u16, u16, Arc<P::Msg>)>,
    pub judge: Judge,
    /// Whether a client has got what it asked for.
    pub answered: bool,
    asked: u8,
    used: [u8; 3],
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Move<P: Protocol> {
    Deliver(u16, u16, Arc<P::Msg>),
    /// The lie arrives in the place of the message.
    Lie(u16, u16, Arc<P::Msg>, Arc<P::Msg>),
    Lose(u16, u16, Arc<P::Msg>),
    Timeout(u16, P::Timer),
    Ask,
    Crash(u16),
    Boot(u16),
}

impl<P: Enumerable> Checked<P> {
    /// Makes a model in which nobody calls, nothing fails, and every timer may run out.
    pub fn new(protocol: P, nodes: u16, judged: &'static [&'static str]) -> Checked<P> {
        Checked {
            protocol,
            nodes,
            calls: Vec::new(),
            limits: Limits::default(),
            judged,
            forgets: false,
            patient: false,
            runs_out: |_| true,
            absent: &[],
            faces: &[],
            liars: &[],
        }
    }

    /// Returns whose name a body bears.
    fn name(&self, body: u16) -> u16 {
        if body <= self.nodes { body } else { self.faces[usize::from(body - self.nodes) - 1].of }
    }

    fn face(&self, name: u16) -> Option<(u16, &Face)> {
        (self.nodes + 1..).zip(self.faces).find(|(_, face)| face.of == name)
    }

    fn lies(&self, name: u16) -> bool {
        self.liars.contains(&name) || self.face(name).is_some()
    }

    /// Returns to which body a message goes; `None` where its receiver is shown the other face, or
    /// is down for good.
    fn route(&self, from: u16, to: u16) -> Option<u16> {
        let name = self.name(from);
        let (ours, theirs) = (self.face(name), self.face(to));
        let second = from > self.nodes;
        let share = ours.is_some() && theirs.is_some();
        let shown = ours.filter(|_| !share).is_none_or(|(_, f)| f.seen_by.contains(&to) == second);
        if !shown || self.absent.contains(&to) {
            return None;
        }
        let meets =
            theirs.filter(|(_, face)| if share { second } else { face.seen_by.contains(&name) });
        Some(meets.map_or(to, |(body, _)| body))
    }

    fn outbox(&self, body: u16) -> Outbox<P> {
        // What is written is saved before the next step, so that tickets may begin anew with it.
        let me = Address::Node(self.name(body));
        Outbox::new(me, Instant::ZERO, Chance::new(0), Identity(0), Ticket(0))
    }

    fn step(&self, world: &mut World<P>, body: u16, event: Event<P>) {
        let place = usize::from(body) - 1;
        let Some(state) = world.members[place].state.clone() else { return };
        let mut out = self.outbox(body);
        if let Event::Request { call, op } = event {
            out.receive_request(call, op);
        }
        let mut state = (*state).clone();
        self.protocol.step(&mut state, event, &mut out);
        world.members[place].state = Some(Arc::new(state));
        self.carry_out(world, body, out);
    }

    fn boot(&self, world: &mut World<P>, body: u16) {
        let place = usize::from(body) - 1;
        let mut out = self.outbox(body);
        let disk = world.members[place].disk.clone();
        let me = Address::Node(self.name(body));
        let state = self.protocol.boot(me, disk.as_deref(), &mut out);
        world.members[place].state = Some(Arc::new(state));
        self.carry_out(world, body, out);
    }

    /// Carries out what a step wants.
    fn carry_out(&self, world: &mut World<P>, body: u16, mut out: Outbox<P>) {
        let member = &mut world.members[usize::from(body) - 1];
        let (mut saves, mut said) = (0, Vec::new());
        for effect in out.drain() {
            match effect {
                Effect::Send { to, msg } => {
                    let to = to.node().expect("nodes send to nodes");
                    if let Some(to) = self.route(body, to) {
                        world.flights.push((body, to, Arc::new(msg)));
                    }
                }
                Effect::Answer { outcome, .. } => world.answered |= outcome == Outcome::Written,
                Effect::Save(delta) => {
                    let mut disk = member.disk.as_deref().cloned().unwrap_or_default();
                    P::persist(&mut disk, &delta);
                    member.disk = Some(Arc::new(disk));
                    saves += 1;
                }
                Effect::Arm(timer, _) => {
                    member.armed.insert(timer);
                }
                Effect::Disarm(timer) => {
                    member.armed.remove(&timer);
                }
                Effect::Note(note) if bears_on(self.judged, &note) => {
                    said.push((Some(Address::Node(self.name(body))), What::Noted(note)));
                }
                Effect::Note(_) => {}
            }
        }
        world.flights.sort_unstable();
        world.judge.hear(said);
        if saves > 0 {
            self.step(world, body, Event::Saved(Ticket(saves)));
        }
    }

    fn ask(&self, world: &mut World<P>) {
        let (bodies, op) = self.calls[usize::from(world.asked)].clone();
        world.asked += 1;
        let client = Address::Client(u16::from(world.asked));
        let call = CallId { client, serial: 1, attempt: 1 };
        let called = What::Client(ClientNote::Called { call, op });
        world.judge.hear(vec![(Some(client), called)]);
        for body in bodies {
            self.step(world, body, Event::Request { call, op });
        }
    }

    fn take(world: &mut World<P>, from: u16, to: u16, msg: &P::Msg) {
        let place = world.flights.iter().position(|f| (f.0, f.1, &*f.2) == (from, to, msg));
        world.flights.remove(place.expect("what arrives was on its way"));
    }

    /// Lists the lies that may arrive in the place of a message.
    fn forged(&self, world: &World<P>, from: u16, to: u16, msg: &P::Msg) -> BTreeSet<P::Msg> {
        let Some(state) = &world.members[usize::from(from) - 1].state else {
            return BTreeSet::new();
        };
        let with: Vec<Address> = self.liars.iter().copied().map(Address::Node).collect();
        let says = [Untruth::Contrary, Untruth::Value, Untruth::Denial];
        let told = says.into_iter().filter_map(|untruth| {
            let liar = Liar::new(Address::Node(from), untruth, with.clone());
            self.protocol.forge(state, msg, Address::Node(to), &liar)
        });
        told.filter(|lie| lie != msg).collect()
    }

    /// What may become of a message: it arrives, another does in its place, or none does.
    fn fates(
        &self,
        world: &World<P>,
        (from, to, msg): &(u16, u16, Arc<P::Msg>),
        moves: &mut Vec<Move<P>>,
    ) {
        let (from, to) = (*from, *to);
        let lies = self.liars.contains(&from);
        if lies {
            let told = self.forged(world, from, to, msg).into_iter();
            moves.extend(told.map(|lie| Move::Lie(from, to, msg.clone(), Arc::new(lie))));
        }
        if lies || world.used[1] < self.limits.losses {
            moves.push(Move::Lose(from, to, msg.clone()));
        }
        moves.push(Move::Deliver(from, to, msg.clone()));
    }
}

impl<P: Enumerable + Eq + Hash> Model for Checked<P> {
    type State = World<P>;
    type Action = Move<P>;

    fn init_states(&self) -> Vec<World<P>> {
        let blank = || Member { state: None, disk: None, armed: BTreeSet::new() };
        let bodies = self.nodes + self.faces.len() as u16;
        let liars = (1..=self.nodes).filter(|name| self.lies(*name)).map(Address::Node);
        let mut world = World {
            members: (0..bodies).map(|_| blank()).collect(),
            flights: Vec::new(),
            judge: Judge::new(self.nodes, self.judged, liars.collect()),
            answered: false,
            asked: 0,
            used: [0; 3],
        };
        let up = (1..=bodies).filter(|body| !self.absent.contains(body));
        up.for_each(|body| self.boot(&mut world, body));
        vec![world]
    }

    fn actions(&self, world: &World<P>, moves: &mut Vec<Move<P>>) {
        let mut before = None;
        for flight in &world.flights {
            // Which of two equal messages comes is all the same.
            if before.replace(flight) != Some(flight) {
                self.fates(world, flight, moves);
            }
        }
        if usize::from(world.asked) < self.calls.len() {
            moves.push(Move::Ask);
        }
        let silent = !self.patient || world.flights.is_empty();
        for (body, member) in (1..).zip(&world.members) {
            if member.state.is_none() {
                if !self.absent.contains(&body) {
                    moves.push(Move::Boot(body));
                }
                continue;
            }
            if silent && world.used[0] < self.limits.timeouts {
                let due = member.armed.iter().filter(|timer| (self.runs_out)(timer));
                moves.extend(due.map(|timer| Move::Timeout(body, timer.clone())));
            }
            if world.used[2] < self.limits.crashes && !self.lies(self.name(body)) {
                moves.push(Move::Crash(body));
            }
        }
    }

    fn next_state(&self, last: &World<P>, action: Move<P>) -> Option<World<P>> {
        let mut world = last.clone();
        match action {
            Move::Deliver(from, to, msg) => {
                Checked::take(&mut world, from, to, &msg);
                let (from, msg) = (Address::Node(self.name(from)), (*msg).clone());
                self.step(&mut world, to, Event::Deliver { from, msg });
            }
            Move::Lie(from, to, msg, lie) => {
                Checked::take(&mut world, from, to, &msg);
                let (from, msg) = (Address::Node(self.name(from)), (*lie).clone());
                self.step(&mut world, to, Event::Deliver { from, msg });
            }
            Move::Lose(from, to, msg) => {
                Checked::take(&mut world, from, to, &msg);
                world.used[1] += u8::from(!self.liars.contains(&from));
            }
            Move::Timeout(body, timer) => {
                world.members[usize::from(body) - 1].armed.remove(&timer);
                world.used[0] += 1;
                self.step(&mut world, body, Event::Timeout(timer));
            }
            Move::Ask => self.ask(&mut world),
            Move::Crash(body) => {
                let member = &mut world.members[usize::from(body) - 1];
                member.state = None;
                member.armed.clear();
                if self.forgets {
                    member.disk = None;
                }
                world.used[2] += 1;
            }
            Move::Boot(body) => self.boot(&mut world, body),
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |_, world: &World<P>| world.judge.broken().is_empty()),
            Property::sometimes(ANSWERED, |_, world: &World<P>| world.answered),
        ]
    }
}

/// The name of what must be so in every state.
pub const SAFE: &str = "every safety property holds";
/// The name of what must be so in some state: a model in which nothing is ever done is of no use.
pub const ANSWERED: &str = "a client is answered";
