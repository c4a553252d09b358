//! Any enumerable protocol as a model: every order of messages, losses, timeouts, crashes and lies
//! within bounds, each state judged by the oracles that the sweeps use.
//!
//! A write is on the disk at once: what a disk that lags does is for the sweeps.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use faultlab::sim::{
    Address, CallId, ClientNote, Enumerable, Event, Liar, Op, Protocol, Untruth, What,
};
use stateright::{Model, Property};

use crate::digest::Shared;
use crate::judge::{Judge, Said};
use crate::node::{Member, Turn};

/// What a run may contain: how many of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Timers that run out.
    pub timeouts: u8,
    /// Nodes that crash, maybe in the middle of what they send, and come back with their disks.
    pub crashes: u8,
    /// Messages that are lost.
    pub losses: u8,
}

/// When messages arrive and timers run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Whenever they like: asynchrony.
    Any,
    /// Messages whenever they like, timers only while no message is on its way: silence means that
    /// nothing comes any more, as where delays are bounded and timeouts longer.
    Patient,
    /// As `Patient`, and in rounds: what is sent in one arrives in the next or never, and clients
    /// call only while nothing is on its way. A node may hear the messages of a round in any order;
    /// nodes hear theirs one after the other, since what one then does another learns in the next
    /// round at the earliest.
    Lockstep,
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
    pub judged: Vec<&'static str>,
    /// Whether a crash takes the disk with it: amnesia.
    pub forgets: bool,
    pub pace: Pace,
    /// Which timers run out at all.
    pub runs_out: fn(&P::Timer) -> bool,
    /// Nodes that are down throughout.
    pub absent: &'static [u16],
    /// Nodes that tell two stories.
    pub faces: &'static [Face],
    /// Nodes of which each message may arrive as it is, as any lie that `Protocol::forge` then has
    /// for it, or not at all; to each receiver as they like.
    pub liars: &'static [u16],
    /// To what some node has to come in some run, or the model is not about what it says.
    pub comes_to: fn(&P::State) -> bool,
    /// What a node of a wrong variant takes for what it hears.
    pub hears: fn(&mut P::Msg),
    /// What a node of a wrong variant forgets after each step.
    pub forgoes: fn(&mut P::State),
}

impl<P: Enumerable + Hash> Checked<P> {
    /// Makes a model in which nobody calls, nothing fails, and every timer may run out.
    pub fn new(protocol: P, nodes: u16, judged: &[&'static str]) -> Checked<P> {
        Checked {
            protocol,
            nodes,
            calls: Vec::new(),
            limits: Limits::default(),
            judged: judged.to_vec(),
            forgets: false,
            pace: Pace::Any,
            runs_out: |_| true,
            absent: &[],
            faces: &[],
            liars: &[],
            comes_to: |_| true,
            hears: |_| (),
            forgoes: |_| (),
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

    /// Lists the lies that may arrive in the place of a message.
    fn forged(&self, world: &World<P>, flight: &Flight<P>) -> BTreeSet<Shared<P::Msg>> {
        let (from, to, msg) = flight;
        let Some(state) = &world.member(*from).state else { return BTreeSet::new() };
        let with: Vec<Address> = self.liars.iter().copied().map(Address::Node).collect();
        let says = [Untruth::Contrary, Untruth::Value, Untruth::Denial];
        let told = says.into_iter().filter_map(|untruth| {
            let liar = Liar::new(Address::Node(*from), untruth, with.clone());
            self.protocol.forge(state, msg, Address::Node(*to), &liar)
        });
        told.map(Shared::new).filter(|lie| lie != msg).collect()
    }

    /// What may become of a message: it arrives, another does in its place, or none does.
    fn fates(&self, world: &World<P>, flight: &Flight<P>, moves: &mut Vec<Move<P>>) {
        let lies = self.liars.contains(&flight.0);
        // Who stops may have stopped before it had sent this to everybody.
        let stopped = world.member(flight.0).state.is_none();
        if lies {
            let told = self.forged(world, flight).into_iter();
            moves.extend(told.map(|lie| Move::Lie(flight.clone(), lie)));
        }
        if lies || stopped || world.used[1] < self.limits.losses {
            moves.push(Move::Lose(flight.clone()));
        }
        moves.push(Move::Deliver(flight.clone()));
    }
}

/// A message on its way: from which body, to which, and what it says.
pub type Flight<P> = (u16, u16, Shared<<P as Protocol>::Msg>);

/// A whole world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<P: Protocol> {
    members: Vec<Shared<Member<P>>>,
    /// Messages on their way, in an order of their own: a network has none.
    flights: Vec<Flight<P>>,
    /// What was sent in this round, where there are rounds.
    next: Vec<Flight<P>>,
    pub judge: Judge,
    /// Whether a client has got what it asked for.
    pub answered: bool,
    asked: u8,
    used: [u8; 3],
}

impl<P: Protocol + Hash> World<P> {
    fn member(&self, body: u16) -> &Shared<Member<P>> {
        &self.members[usize::from(body) - 1]
    }

    fn put(&mut self, body: u16, member: Member<P>) {
        self.members[usize::from(body) - 1] = Shared::new(member);
    }

    fn take(&mut self, flight: &Flight<P>) {
        let place = self.flights.binary_search(flight);
        self.flights.remove(place.expect("what arrives was on its way"));
    }

    /// Begins the next round where this one is over.
    fn turn_round(&mut self) {
        if self.flights.is_empty() {
            std::mem::swap(&mut self.flights, &mut self.next);
        }
    }
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Move<P: Protocol> {
    Deliver(Flight<P>),
    /// The lie arrives in the place of the message.
    Lie(Flight<P>, Shared<P::Msg>),
    Lose(Flight<P>),
    Timeout(u16, P::Timer),
    Ask,
    Crash(u16),
    Boot(u16),
}

/// Which turn: of which body, as it was, and which message came from whom.
type Occasion = (u16, u64, u16, u64);

/// A model under exploration. A node that is as it was and hears what it heard does what it did,
/// and so do oracles: each such turn is worked out once, though it is taken in many worlds.
pub struct Exploration<P: Protocol> {
    checked: Checked<P>,
    turns: Mutex<BTreeMap<Occasion, Option<Arc<Turn<P>>>>>,
    /// By what they remember, and what is said.
    hearings: Mutex<BTreeMap<(u64, u64), Judge>>,
}

/// Why a lock can be had.
const NO_PANIC: &str = "a panic ends the exploration";

impl<P: Enumerable + Hash> Exploration<P> {
    pub fn of(checked: Checked<P>) -> Exploration<P> {
        Exploration { checked, turns: Mutex::default(), hearings: Mutex::default() }
    }

    fn deliver(&self, world: &mut World<P>, flight: &Flight<P>, says: &Shared<P::Msg>) {
        world.take(flight);
        let (from, to) = (self.checked.name(flight.0), flight.1);
        let member = world.member(to);
        let occasion = (to, member.digest(), from, says.digest());
        let known = self.turns.lock().expect(NO_PANIC).get(&occasion).cloned();
        let turn = known.unwrap_or_else(|| {
            let mut msg = (**says).clone();
            (self.checked.hears)(&mut msg);
            let event = Event::Deliver { from: Address::Node(from), msg };
            let turn = Turn::step(&self.checked, self.checked.name(to), member, event);
            let turn = turn.map(Arc::new);
            let mut turns = self.turns.lock().expect(NO_PANIC);
            turns.insert(occasion, turn.clone());
            turn
        });
        if let Some(turn) = turn {
            self.take_turn(world, to, &turn);
        }
    }

    fn step(&self, world: &mut World<P>, body: u16, event: Event<P>) {
        let name = self.checked.name(body);
        if let Some(turn) = Turn::step(&self.checked, name, world.member(body), event) {
            self.take_turn(world, body, &turn);
        }
    }

    fn boot(&self, world: &mut World<P>, body: u16) {
        let turn = Turn::boot(&self.checked, self.checked.name(body), world.member(body));
        self.take_turn(world, body, &turn);
    }

    fn take_turn(&self, world: &mut World<P>, body: u16, turn: &Turn<P>) {
        world.members[usize::from(body) - 1] = turn.member.clone();
        let to = |(to, msg): &(u16, Shared<P::Msg>)| {
            self.checked.route(body, *to).map(|to| (body, to, msg.clone()))
        };
        let rounds = self.checked.pace == Pace::Lockstep;
        let sent = if rounds { &mut world.next } else { &mut world.flights };
        sent.extend(turn.sent.iter().filter_map(to));
        sent.sort_unstable();
        world.answered |= turn.answered;
        self.hear(world, &turn.said);
    }

    fn hear(&self, world: &mut World<P>, said: &Shared<Vec<Said>>) {
        if said.is_empty() {
            return;
        }
        let occasion = (world.judge.memory(), said.digest());
        let known = self.hearings.lock().expect(NO_PANIC).get(&occasion).cloned();
        world.judge = known.unwrap_or_else(|| {
            let mut judge = world.judge.clone();
            judge.hear(said);
            self.hearings.lock().expect(NO_PANIC).insert(occasion, judge.clone());
            judge
        });
    }

    fn ask(&self, world: &mut World<P>) {
        let (bodies, op) = self.checked.calls[usize::from(world.asked)].clone();
        world.asked += 1;
        let client = Address::Client(u16::from(world.asked));
        let call = CallId { client, serial: 1, attempt: 1 };
        let called = What::Client(ClientNote::Called { call, op });
        self.hear(world, &Shared::new(vec![(Some(client), called)]));
        for body in bodies {
            self.step(world, body, Event::Request { call, op });
        }
    }
}

impl<P: Enumerable + Eq + Hash> Model for Exploration<P> {
    type State = World<P>;
    type Action = Move<P>;

    fn init_states(&self) -> Vec<World<P>> {
        let checked = &self.checked;
        let bodies = checked.nodes + checked.faces.len() as u16;
        let liars = (1..=checked.nodes).filter(|name| checked.lies(*name)).map(Address::Node);
        let mut world = World {
            members: (0..bodies).map(|_| Shared::new(Member::blank())).collect(),
            flights: Vec::new(),
            next: Vec::new(),
            judge: Judge::new(checked.nodes, &checked.judged, liars.collect()),
            answered: false,
            asked: 0,
            used: [0; 3],
        };
        let up = (1..=bodies).filter(|body| !checked.absent.contains(body));
        up.for_each(|body| self.boot(&mut world, body));
        world.turn_round();
        vec![world]
    }

    fn actions(&self, world: &World<P>, moves: &mut Vec<Move<P>>) {
        let (checked, limits) = (&self.checked, &self.checked.limits);
        let rounds = checked.pace == Pace::Lockstep;
        if usize::from(world.asked) < checked.calls.len() && (world.flights.is_empty() || !rounds) {
            moves.push(Move::Ask);
        }
        let first = world.flights.iter().map(|(_, to, _)| *to).min().filter(|_| rounds);
        let heard =
            world.flights.iter().filter(|(_, to, _)| first.is_none_or(|first| *to == first));
        let mut before = None;
        for flight in heard {
            // Which of two equal messages comes is all the same.
            if before.replace(flight) != Some(flight) {
                checked.fates(world, flight, moves);
            }
        }
        let silent = checked.pace == Pace::Any || world.flights.is_empty();
        for (body, member) in (1..).zip(&world.members) {
            if member.state.is_none() {
                if !checked.absent.contains(&body) {
                    moves.push(Move::Boot(body));
                }
                continue;
            }
            if silent && world.used[0] < limits.timeouts {
                let due = member.armed.iter().filter(|timer| (checked.runs_out)(timer));
                moves.extend(due.map(|timer| Move::Timeout(body, timer.clone())));
            }
            if world.used[2] < limits.crashes && !checked.lies(checked.name(body)) {
                moves.push(Move::Crash(body));
            }
        }
    }

    fn next_state(&self, last: &World<P>, action: Move<P>) -> Option<World<P>> {
        let mut world = last.clone();
        match action {
            Move::Deliver(flight) => self.deliver(&mut world, &flight, &flight.2),
            Move::Lie(flight, lie) => self.deliver(&mut world, &flight, &lie),
            Move::Lose(flight) => {
                world.take(&flight);
                let stopped = world.member(flight.0).state.is_none();
                let free = stopped || self.checked.liars.contains(&flight.0);
                world.used[1] += u8::from(!free);
            }
            Move::Timeout(body, timer) => {
                let mut member = (**world.member(body)).clone();
                member.armed.remove(&timer);
                world.put(body, member);
                world.used[0] += 1;
                self.step(&mut world, body, Event::Timeout(timer));
            }
            Move::Ask => self.ask(&mut world),
            Move::Crash(body) => {
                let left = world.member(body).crashed(self.checked.forgets);
                world.put(body, left);
                world.used[2] += 1;
            }
            Move::Boot(body) => self.boot(&mut world, body),
        }
        world.turn_round();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |_, world: &World<P>| world.judge.broken().is_empty()),
            Property::sometimes(ANSWERED, |_, world: &World<P>| world.answered),
            Property::sometimes(SHOWN, |model: &Self, world: &World<P>| {
                let mut states = world.members.iter().filter_map(|member| member.state.as_ref());
                states.any(model.checked.comes_to)
            }),
        ]
    }
}

/// The name of what must be so in every state.
pub const SAFE: &str = "every safety property holds";
/// The name of what must be so in some state: a model in which nothing is ever done is of no use.
pub const ANSWERED: &str = "a client is answered";
/// The name of what must be so in some state too: what the model is about.
pub const SHOWN: &str = "a node comes to what it should";
