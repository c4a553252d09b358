//! The world: pop the next event, step whom it is for, carry out what the step wants, record it.
//!
//! Absent on purpose: any loop over all nodes for an event that concerns one, and any polling.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::address::Address;
use super::chance::{Chance, Identity, mix};
use super::client::{Client, ClientEvent, ClientOutbox, ClientTimer};
use super::corrupt::Guards;
use super::disk::{Disk, DiskSpec};
use super::lever::{FaultId, Input, Lever};
use super::lies::Face;
use super::network::{Network, Overlays};
use super::node::{Lack, Node};
use super::outbox::Outbox;
use super::protocol::{Event, Protocol, Ticket};
use super::queue::Queue;
use super::record::{Causes, EventId, Tape, What};
use super::rollout::Changed;
use super::scene::{Inspection, Scene};
use super::seam::Sim;
use super::service::Service;
use super::surge::SurgeHold;
use super::time::{Instant, Span};
use super::timers::Timers;
use super::topology::Topology;

/// What a world is made of, before anything happens.
#[derive(Clone, Debug)]
pub struct Setup<P: Protocol, C: Client> {
    /// The protocol, with its configuration.
    pub protocol: P,
    /// The disk that each node finds at its first start; as many nodes as disks.
    pub disks: Vec<Option<P::Stable>>,
    /// The clients.
    pub clients: Vec<C>,
    /// The monitors: they stand outside as clients do, under names of their own.
    pub monitors: Vec<C>,
    /// Where the nodes stand.
    pub topology: Topology,
    /// The network before any fault.
    pub network: Network,
    /// The disks before any fault.
    pub disk: DiskSpec,
    /// What work costs, and how much may wait.
    pub service: Service,
    /// The seed of every draw.
    pub seed: u64,
}

/// A client or monitor with its timers, as the world keeps it.
#[derive(Clone, Debug)]
pub(super) struct Caller<C> {
    pub client: C,
    pub timers: Timers<ClientTimer>,
    pub lacks: VecDeque<Lack>,
    pub surges: Vec<SurgeHold>,
}

/// A lever that waits for somebody to lead.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub fault: FaultId,
    pub injected: EventId,
    pub lever: Arc<Lever>,
}

/// A fault that is injected and not healed.
#[derive(Clone, Debug)]
pub(super) struct Injected {
    pub record: EventId,
    /// How long it holds once it has pulled a lever; taken when it does.
    pub holds_for: Option<Span>,
    /// What follows the first lever that it pulls; taken when it does.
    pub then: Vec<(Span, Lever)>,
    /// For how long a guard watches what it changed.
    pub guard: Option<Span>,
    /// Whom it changed, where a guard watches.
    pub changed: Vec<Changed>,
}

/// A world of one protocol and its clients.
#[derive(Debug)]
pub struct World<P: Protocol, C: Client> {
    pub(super) protocol: P,
    pub(super) chance: Chance,
    pub(super) topology: Topology,
    pub(super) network: Network,
    pub(super) disk: DiskSpec,
    pub(super) service: Service,
    /// Whether the guard of staged rollouts is on.
    pub(super) watches: bool,
    pub(super) now: Instant,
    pub(super) events: u64,
    pub(super) records: u32,
    pub(super) digest: u64,
    pub(super) queue: Queue<P>,
    /// The nodes, and behind them the second faces of liars.
    pub(super) nodes: Vec<Node<P>>,
    /// How many nodes there are.
    pub(super) size: usize,
    pub(super) faces: Vec<Face>,
    pub(super) guards: Guards,
    /// The clients, and after them the monitors.
    pub(super) callers: Vec<Caller<C>>,
    pub(super) clients: u16,
    pub(super) overlays: Overlays,
    /// Faults that are injected and not healed.
    pub(super) faults: BTreeMap<FaultId, Injected>,
    pub(super) waiting: Vec<Waiting>,
    /// The places of nodes that are not plainly up: spares the look for whom a timer may miss.
    pub(super) stopped: Vec<u16>,
    pub(super) outbox: Outbox<P>,
    /// The lever that bends the clock which the step under way has read.
    pub(super) misread: Option<EventId>,
    pub(super) client_outbox: ClientOutbox,
}

impl<P: Protocol, C: Client> Clone for World<P, C> {
    fn clone(&self) -> Self {
        World {
            protocol: self.protocol.clone(),
            chance: self.chance,
            topology: self.topology.clone(),
            network: self.network.clone(),
            disk: self.disk.clone(),
            service: self.service.clone(),
            watches: self.watches,
            now: self.now,
            events: self.events,
            records: self.records,
            digest: self.digest,
            queue: self.queue.clone(),
            nodes: self.nodes.clone(),
            size: self.size,
            faces: self.faces.clone(),
            guards: self.guards,
            callers: self.callers.clone(),
            clients: self.clients,
            overlays: self.overlays.clone(),
            faults: self.faults.clone(),
            waiting: self.waiting.clone(),
            stopped: self.stopped.clone(),
            outbox: outbox(self.chance),
            misread: None,
            client_outbox: ClientOutbox::new(Instant::ZERO, self.chance, Identity(0)),
        }
    }
}

/// Makes the outbox that a world uses for one step after the other.
fn outbox<P: Protocol>(chance: Chance) -> Outbox<P> {
    Outbox::new(Address::Node(1), Instant::ZERO, chance, Identity(0), Ticket(0))
}

impl<P: Protocol, C: Client> World<P, C> {
    /// Makes a world and starts all of its members at instant zero, nodes first.
    pub fn new(setup: Setup<P, C>, tape: &mut Tape) -> Self {
        let chance = Chance::new(setup.seed);
        let mut outbox = outbox(chance);
        let mut nodes = Vec::with_capacity(setup.disks.len());
        for (k, stable) in setup.disks.into_iter().enumerate() {
            // The state is made anew at once by `start_node`; booting is the only way to make one.
            let me = Address::Node(k as u16 + 1);
            let state = setup.protocol.boot(me, stable.as_ref(), &mut outbox);
            nodes.push(Node::new(state, Disk::new(stable, setup.disk.mood)));
        }
        let clients = setup.clients.len() as u16;
        let callers = setup.clients.into_iter().chain(setup.monitors);
        let mut world = World {
            protocol: setup.protocol,
            chance,
            topology: setup.topology,
            network: setup.network,
            disk: setup.disk,
            service: setup.service,
            watches: true,
            now: Instant::ZERO,
            events: 0,
            records: 0,
            digest: mix(setup.seed),
            queue: Queue::new(),
            size: nodes.len(),
            nodes,
            faces: Vec::new(),
            guards: Guards::default(),
            callers: callers
                .map(|client| Caller {
                    client,
                    timers: Timers::new(),
                    lacks: VecDeque::new(),
                    surges: Vec::new(),
                })
                .collect(),
            clients,
            overlays: Overlays::default(),
            faults: BTreeMap::new(),
            waiting: Vec::new(),
            stopped: Vec::new(),
            outbox,
            misread: None,
            client_outbox: ClientOutbox::new(Instant::ZERO, chance, Identity(0)),
        };
        for k in 0..world.nodes.len() {
            world.start_node(Address::Node(k as u16 + 1), Causes::new(), tape);
        }
        for k in 1..=clients {
            world.start_client(Address::Client(k), tape);
        }
        for k in 1..=world.callers.len() as u16 - clients {
            world.start_client(Address::Monitor(k), tape);
        }
        world
    }

    /// Returns the place of a member among the nodes, or among the callers.
    pub(super) fn seat(&self, who: Address) -> usize {
        match who {
            Address::Node(_) | Address::Client(_) => who.index(),
            Address::Monitor(_) => usize::from(self.clients) + who.index(),
        }
    }

    /// Returns the state of a node, for tests and experiments that know its type.
    pub fn state(&self, who: Address) -> &P::State {
        &self.nodes[who.index()].state
    }

    /// Returns a client, for tests and experiments that know its type.
    pub fn client(&self, who: Address) -> &C {
        &self.callers[who.index()].client
    }

    pub(super) fn start_node(&mut self, me: Address, because: Causes, tape: &mut Tape) {
        let id = self.emit(tape, Some(me), || because, What::Booted);
        let incarnation = u64::from(self.nodes[me.index()].incarnation);
        let identity = Identity(mix(me.index() as u64 + 1)).child(incarnation);
        let name = self.public(me);
        let node = &mut self.nodes[me.index()];
        self.outbox.reuse(name, node.clock.read(self.now), identity, Ticket(0));
        self.outbox.set_monotonic(node.clock.monotonic(self.now));
        node.state = self.protocol.boot(name, node.disk.stable(), &mut self.outbox);
        self.carry_out(me, id, None, identity, tape);
    }

    fn start_client(&mut self, me: Address, tape: &mut Tape) {
        let id = self.emit(tape, Some(me), Causes::new, What::Booted);
        let (kind, seat) = (u64::from(matches!(me, Address::Monitor(_))) + 1, self.seat(me));
        let identity = Identity(mix(kind << 32 | me.index() as u64));
        self.client_outbox.reuse(self.now, identity);
        self.callers[seat].client.boot(&mut self.client_outbox);
        self.carry_out_client(me, id, identity, tape);
    }

    /// Steps a node and carries out what it wants. `fed_by` is whose message this is, if it is one.
    pub(super) fn step_node(
        &mut self,
        me: Address,
        event: Event<P>,
        cause: (EventId, Identity),
        fed_by: Option<Address>,
        tape: &mut Tape,
    ) {
        let name = self.public(me);
        let node = &mut self.nodes[me.index()];
        self.outbox.reuse(name, node.clock.read(self.now), cause.1, node.disk.written());
        self.outbox.set_monotonic(node.clock.monotonic(self.now));
        if let Event::Request { call, op } = event {
            self.outbox.receive_request(call, op);
        }
        self.protocol.step(&mut node.state, event, &mut self.outbox);
        let bent = node.drifts.last().map(|hold| hold.pulled);
        self.misread = bent.filter(|_| self.outbox.has_read_clock());
        self.carry_out(me, cause.0, fed_by, cause.1, tape);
        self.misread = None;
        let glance = self.protocol.glance(&self.nodes[me.index()].state);
        let role = glance.role as u64;
        self.roll(glance.epoch << 8 | role);
        self.roll(glance.length << 32 ^ glance.decided);
    }

    pub(super) fn step_client(
        &mut self,
        me: Address,
        event: ClientEvent,
        cause: (EventId, Identity),
        tape: &mut Tape,
    ) {
        self.client_outbox.reuse(self.now, cause.1);
        let seat = self.seat(me);
        self.callers[seat].client.step(event, &mut self.client_outbox);
        self.carry_out_client(me, cause.0, cause.1, tape);
    }

    /// Rolls the digest on.
    pub(super) fn roll(&mut self, bits: u64) {
        self.digest = mix(self.digest ^ bits);
    }
}

impl<P: Protocol, C: Client> Sim for World<P, C> {
    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        self.queue.next_at()
    }

    fn advance(&mut self, tape: &mut Tape) -> bool {
        let Some((at, pending)) = self.queue.pop() else { return false };
        debug_assert!(at >= self.now, "virtual time never runs backwards");
        let (before, events) = (self.now, self.events);
        self.now = at;
        self.happen(pending, tape);
        if self.events == events {
            // What was only a timer's old place in the queue is no event, and no time to stand at.
            self.now = before;
        }
        true
    }

    fn apply(&mut self, at: Instant, input: &Input, tape: &mut Tape) {
        assert!(at >= self.now, "an input is applied at its instant");
        self.now = at;
        self.roll(at.0);
        match input {
            Input::Inject(fault, plan) => self.inject(*fault, plan, tape),
            Input::Heal(fault) => self.heal(*fault, tape),
            Input::Set { switch, on } => self.switch(switch, *on, tape),
        }
    }

    fn events(&self) -> u64 {
        self.events
    }

    fn next_record(&self) -> EventId {
        EventId(self.records)
    }

    fn scene(&self) -> Scene {
        self.draw_scene()
    }

    fn inspect(&self, who: Address, rows: usize) -> Option<Inspection> {
        self.look_into(who, rows)
    }

    fn fork(&self) -> Box<dyn Sim> {
        Box::new(self.clone())
    }

    fn digest(&self) -> u64 {
        self.digest
    }
}
