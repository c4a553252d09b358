//! A cluster that moves one delivery or one timer at a time: whoever holds it says which.
//!
//! Nothing fails on a board. Disks write at once, links lose nothing, and there is no clock.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::protocols::paxos::single::Paxos;
use crate::protocols::raft::{Raft, Timer};
use crate::sim::chance::{Chance, Identity};
use crate::sim::{
    Address, CallId, Effect, Event, Instant, Note, Op, Outbox, Protocol, Slot, Ticket,
};

/// A protocol that can be put on a board.
pub(super) trait Contestant: Protocol<State: Debug> {
    /// Its name in the catalogue.
    const NAME: &'static str;

    /// Says what starts the run, and on which nodes: what clients ask.
    fn asked(nodes: u16) -> Vec<u16>;

    /// Returns whether a message has to wait, if nobody is to decide.
    fn is_dangerous(board: &Board<Self>, flight: &Flight<Self::Msg>) -> bool;

    /// Returns the timer that has to run out before any message is delivered, if there is one.
    fn urgent(board: &Board<Self>) -> Option<(u16, Self::Timer)>;
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Flight<M> {
    pub from: u16,
    pub to: u16,
    pub msg: M,
    /// The step in which it was sent.
    sent: u64,
}

/// What may happen next.
#[derive(Clone, Debug)]
pub(super) enum Move<T> {
    /// The message at this place among those on their way is delivered.
    Deliver(usize),
    /// This timer of a node runs out.
    Fire(u16, T),
}

/// The board.
pub(super) struct Board<P: Protocol> {
    protocol: P,
    states: Vec<P::State>,
    written: Vec<Ticket>,
    /// Messages on their way, oldest first.
    pub flights: Vec<Flight<P::Msg>>,
    /// Timers that are armed, in the order of arming.
    pub armed: Vec<(u16, P::Timer)>,
    steps: u64,
    longest_wait: u64,
    first_decided: Option<u64>,
    chosen: BTreeMap<u64, Slot>,
    disagreements: u64,
}

impl<P: Contestant> Board<P> {
    /// Sets up a cluster that has just started, and lets clients ask.
    pub fn new(protocol: P, nodes: u16) -> Board<P> {
        let mut board = Board {
            protocol,
            states: Vec::new(),
            written: vec![Ticket(0); usize::from(nodes)],
            flights: Vec::new(),
            armed: Vec::new(),
            steps: 0,
            longest_wait: 0,
            first_decided: None,
            chosen: BTreeMap::new(),
            disagreements: 0,
        };
        for node in 1..=nodes {
            let mut out = board.outbox(node);
            board.states.push(board.protocol.boot(Address::Node(node), None, &mut out));
            board.carry_out(node, out.drain().collect());
        }
        for node in P::asked(nodes) {
            let call = CallId { client: Address::Client(node), serial: 1, attempt: 1 };
            board.step(node, Event::Request { call, op: Op::Write { key: 1, value: node.into() } });
        }
        board
    }

    /// Returns a node's state.
    pub fn state(&self, node: u16) -> &P::State {
        &self.states[usize::from(node) - 1]
    }

    /// Returns the nodes with their states.
    pub fn states(&self) -> impl Iterator<Item = (u16, &P::State)> {
        (1..).zip(&self.states)
    }

    /// Returns how many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the step in which somebody first decided.
    pub fn decided(&self) -> Option<u64> {
        self.first_decided
    }

    /// Returns for how many steps the message that waited longest had waited, or waits still.
    pub fn longest_wait(&self) -> u64 {
        let waits = self.flights.iter().map(|flight| self.steps - flight.sent);
        waits.max().unwrap_or(0).max(self.longest_wait)
    }

    /// Returns how many decisions contradicted the first one of their slot.
    pub fn disagreements(&self) -> u64 {
        self.disagreements
    }

    /// Lets something happen.
    pub fn make(&mut self, next: Move<P::Timer>) {
        self.steps += 1;
        match next {
            Move::Deliver(place) => {
                let Flight { from, to, msg, sent } = self.flights.remove(place);
                self.longest_wait = self.longest_wait.max(self.steps - sent);
                self.step(to, Event::Deliver { from: Address::Node(from), msg });
            }
            Move::Fire(node, timer) => {
                self.armed.retain(|armed| *armed != (node, timer.clone()));
                self.step(node, Event::Timeout(timer));
            }
        }
    }

    fn outbox(&self, node: u16) -> Outbox<P> {
        let written = self.written[usize::from(node) - 1];
        let (chance, identity) = (Chance::new(0), Identity(self.steps));
        Outbox::new(Address::Node(node), Instant::ZERO, chance, identity, written)
    }

    fn step(&mut self, node: u16, event: Event<P>) {
        let mut out = self.outbox(node);
        self.protocol.step(&mut self.states[usize::from(node) - 1], event, &mut out);
        self.carry_out(node, out.drain().collect());
    }

    fn carry_out(&mut self, node: u16, effects: Vec<Effect<P>>) {
        let before = self.written[usize::from(node) - 1];
        for effect in effects {
            match effect {
                Effect::Send { to, msg } => {
                    let Some(to) = to.node() else { continue };
                    self.flights.push(Flight { from: node, to, msg, sent: self.steps });
                }
                Effect::Save(_) => self.written[usize::from(node) - 1].0 += 1,
                Effect::Arm(timer, _) => {
                    self.armed.retain(|armed| *armed != (node, timer.clone()));
                    self.armed.push((node, timer));
                }
                Effect::Disarm(timer) => self.armed.retain(|armed| *armed != (node, timer.clone())),
                Effect::Note(Note::Decided { slot, entry }) => self.decide(slot, entry),
                Effect::Note(_) | Effect::Answer { .. } => {}
            }
        }
        let written = self.written[usize::from(node) - 1];
        if written > before {
            self.step(node, Event::Saved(written));
        }
    }

    fn decide(&mut self, slot: u64, entry: Slot) {
        self.first_decided.get_or_insert(self.steps);
        let first = self.chosen.entry(slot).or_insert(entry);
        self.disagreements += u64::from(first.value != entry.value);
    }
}

impl Contestant for Paxos {
    const NAME: &'static str = "paxos";

    /// Two nodes have a value to propose.
    fn asked(_: u16) -> Vec<u16> {
        vec![1, 2]
    }

    /// A proposal that would be accepted: held back until the acceptor has promised a higher
    /// number. All else brings nobody nearer to a decision.
    fn is_dangerous(
        board: &Board<Paxos>,
        flight: &Flight<crate::protocols::paxos::single::Message>,
    ) -> bool {
        use crate::protocols::paxos::single::Message::Accept;
        matches!(&flight.msg, Accept(of) if of.ballot >= board.state(flight.to).promised)
    }

    fn urgent(_: &Board<Paxos>) -> Option<(u16, crate::protocols::paxos::single::Timer)> {
        None
    }
}

impl Contestant for Raft {
    const NAME: &'static str = "raft";

    /// Nobody leads who could take a command. A leader begins by committing an entry of its own.
    fn asked(_: u16) -> Vec<u16> {
        Vec::new()
    }

    fn is_dangerous(_: &Board<Raft>, _: &Flight<crate::protocols::raft::Message>) -> bool {
        false
    }

    /// Whoever has a vote left in the newest term stands for it himself before he is asked: then
    /// each has voted for himself, and nobody wins.
    fn urgent(board: &Board<Raft>) -> Option<(u16, Timer)> {
        let newest = board.states().map(|(_, state)| state.term).max()?;
        let mut behind = board.states().filter(|(_, state)| state.term < newest);
        let (node, _) = behind.next()?;
        board.armed.contains(&(node, Timer::Election)).then_some((node, Timer::Election))
    }
}
