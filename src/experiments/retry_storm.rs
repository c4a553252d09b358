//! When a burst of requests never clears, though the service could serve them all in seconds.
//!
//! So many servers each need an answer from one service, first come, first served, within a time.
//! Who does not get it in time asks again at once, and the old request stays in the line. A burst
//! of `B` requests on a service of capacity `C` with timeout `τ` then never clears if `B ≥ 2Cτ`:
//! after `τ` there are `B − Cτ` stale requests and as many fresh ones, and the stale ones alone use
//! up the time of the fresh. What runs here is the line of this crate's nodes with a client of its
//! own; the law stands beside it. It is our own, worked out for this model, and was not published.
//!
//! Answers to stale requests are worth nothing here, and the servers' own requests are spread
//! evenly: each asks again a fixed time after its last answer.

use crate::sim::client::CallId;
use crate::sim::disk::DiskSpec;
use crate::sim::{
    Address, Client, ClientEvent, ClientOutbox, ClientTimer, Cue, Detail, Event, FaultId, Glance,
    Input, Instant, Keep, Latency, Lever, MessageKind, Mood, Nature, Network, Op, Outbox, Outcome,
    Plan, Protocol, Report, Service, Setup, Sim, Span, Tape, TimerKind, Topology, Whom, World,
};

use super::parameter::{Kind, Parameter, Settings};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "retry-storm",
    title: "whether a burst of requests clears, or retries keep the service busy for ever",
    parameters: PARAMETERS,
    trials: 20,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "burst",
        about: "requests that come at once; each makes a row of its own",
        default: "350;400",
        kind: Kind::Ranges(0.0, 10_000.0),
    },
    Parameter {
        name: "servers",
        about: "servers that ask",
        default: "1000",
        kind: Kind::Whole(1, 10_000),
    },
    Parameter {
        name: "capacity",
        about: "requests that the service serves in a second",
        default: "20",
        kind: Kind::Whole(1, 1_000),
    },
    Parameter {
        name: "timeout_s",
        about: "how long a server waits before it asks again",
        default: "10",
        kind: Kind::Whole(1, 100),
    },
    Parameter {
        name: "refresh_s",
        about: "how long after an answer a server asks anew",
        default: "300",
        kind: Kind::Whole(1, 10_000),
    },
    Parameter {
        name: "policy",
        about: "what is done about it: `at-once`, `cancel` or `backoff`",
        default: "at-once",
        kind: Kind::Name,
    },
];

/// When the burst comes.
const BURST_AT: Span = Span::secs(60);
/// When it is seen who is out: long after any burst could have been served.
const END: Span = Span::secs(600);
/// How many requests may wait: more than come in the time.
const ROOM: usize = 10_000_000;
/// How often a wait doubles at most.
const DOUBLINGS_MAX: u32 = 4;

/// What is done about requests that were not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Policy {
    /// They are asked again at once, and the old ones stay in the line.
    AtOnce,
    /// They are asked again at once, and the old ones are dropped when their turn comes.
    Cancel,
    /// They are asked again after a wait that doubles, drawn by chance.
    Backoff,
}

/// A set-up.
#[derive(Clone, Copy, Debug)]
struct Storm {
    servers: u16,
    capacity: u64,
    timeout: Span,
    refresh: Span,
    policy: Policy,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let policy = match settings.name("policy") {
        "at-once" => Policy::AtOnce,
        "cancel" => Policy::Cancel,
        "backoff" => Policy::Backoff,
        other => {
            return Err(format!("policy: found `{other}`, expected at-once, cancel or backoff"));
        }
    };
    let storm = Storm {
        servers: settings.whole("servers") as u16,
        capacity: settings.whole("capacity"),
        timeout: Span::secs(settings.whole("timeout_s")),
        refresh: Span::secs(settings.whole("refresh_s")),
        policy,
    };
    let mut rows = Vec::new();
    for (burst, _) in settings.ranges("burst") {
        let burst = *burst as u32;
        if burst > u32::from(storm.servers) {
            let servers = storm.servers;
            return Err(format!("burst: found `{burst}`, expected at most the {servers} servers"));
        }
        let outs = trials.run(|seed| storm.rage(burst, seed));
        let stuck = outs.iter().filter(|out| **out == u64::from(storm.servers)).count() as u64;
        let recovered = outs.iter().filter(|out| **out == 0).count() as u64;
        let threshold = 2 * storm.capacity * storm.timeout.0 / 1_000_000;
        rows.push(Row(vec![
            ("burst", Cell::Whole(u64::from(burst))),
            ("policy", Cell::Text(settings.name("policy").to_owned())),
            ("trials", Cell::Whole(trials.count)),
            ("recovered", Cell::Whole(recovered)),
            ("all_out", Cell::Whole(stuck)),
            ("mean_out", Cell::Number(outs.iter().sum::<u64>() as f64 / trials.count as f64)),
            ("law_threshold", Cell::Whole(threshold)),
        ]));
    }
    Ok(Measured { rows, published: None })
}

impl Storm {
    /// Lets one storm rage; returns how many servers are out at its end.
    fn rage(self, burst: u32, seed: u64) -> u64 {
        let mut tape = Tape::new(Keep::Nothing);
        let mut world = self.world(seed, &mut tape);
        let mut applied = false;
        while world.next_at().is_some_and(|at| at <= Instant::ZERO + END) {
            if !applied && world.next_at().is_some_and(|at| at >= Instant::ZERO + BURST_AT) {
                applied = true;
                let client = Whom::Only(self.chosen(burst, seed));
                let steps = vec![(Cue::NOW, Lever::Burst { client, calls: burst })];
                let plan = Plan { steps, ..Plan::default() };
                let input = Input::Inject(FaultId(1), plan);
                world.apply(Instant::ZERO + BURST_AT, &input, &mut tape);
            }
            world.advance(&mut tape);
        }
        let servers = (1..=self.servers).map(|k| world.client(Address::Client(k)));
        servers.filter(|server| server.out).count() as u64
    }

    /// Picks who bursts: each seed others.
    fn chosen(self, burst: u32, seed: u64) -> Vec<Address> {
        let chance = crate::sim::chance::Chance::new(seed);
        let drawn = |k: u16| {
            let identity = crate::sim::chance::Identity(u64::from(k));
            chance.number(identity, crate::sim::chance::Purpose::Own, &(0..=u64::MAX - 1))
        };
        let mut order: Vec<(u64, u16)> = (1..=self.servers).map(|k| (drawn(k), k)).collect();
        order.sort_unstable();
        order.into_iter().take(burst as usize).map(|(_, k)| Address::Client(k)).collect()
    }

    fn world(self, seed: u64, tape: &mut Tape) -> World<Counter, Server> {
        let place = |k: u64| Span(self.refresh.0 * k / u64::from(self.servers));
        let clients = (0..self.servers).map(|k| Server {
            me: Address::Client(k + 1),
            first: place(u64::from(k)),
            refresh: self.refresh,
            timeout: self.timeout,
            backs_off: self.policy == Policy::Backoff,
            asked: CallId { client: Address::Client(k + 1), serial: 0, attempt: 0 },
            waits: false,
            out: false,
            failures: 0,
        });
        let setup = Setup {
            protocol: Counter,
            disks: vec![None],
            clients: clients.collect(),
            topology: Topology::default(),
            network: Network::plain(Latency::Fixed(Span(1))),
            disk: DiskSpec { sync: Latency::Fixed(Span::ZERO), mood: Mood::Durable },
            monitors: Vec::new(),
            service: Service {
                call: Span(1_000_000 / self.capacity),
                room: ROOM,
                deadlines: self.policy == Policy::Cancel,
                patience: self.timeout,
                ..Service::default()
            },
            seed,
        };
        World::new(setup, tape)
    }
}

/// A server that needs an answer now and then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Server {
    me: Address,
    first: Span,
    refresh: Span,
    timeout: Span,
    backs_off: bool,
    /// The newest request: only an answer to that one counts.
    asked: CallId,
    waits: bool,
    /// Whether a request of it was not answered in time, and none since.
    out: bool,
    failures: u32,
}

impl Server {
    fn ask(&mut self, out: &mut ClientOutbox) {
        self.waits = true;
        self.asked.serial += 1;
        out.call(Address::Node(1), self.asked, Op::Read { key: 1 });
        let serial = self.asked.serial;
        out.arm(ClientTimer::Patience { serial }, self.timeout..=self.timeout);
    }

    fn needs(&mut self, out: &mut ClientOutbox) {
        if !self.waits {
            out.disarm(ClientTimer::Next);
            self.failures = 0;
            self.ask(out);
        }
    }

    fn timed_out(&mut self, out: &mut ClientOutbox) {
        (self.out, self.failures) = (true, self.failures + 1);
        if !self.backs_off {
            return self.ask(out);
        }
        // What is answered from now on is stale.
        self.asked.serial += 1;
        let serial = self.asked.serial;
        let most = Span(self.timeout.0 << self.failures.min(DOUBLINGS_MAX));
        out.arm(ClientTimer::Retry { serial }, Span::ZERO..=most);
    }
}

impl Client for Server {
    fn boot(&mut self, out: &mut ClientOutbox) {
        out.arm(ClientTimer::Next, self.first..=self.first);
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        match event {
            ClientEvent::Timeout(ClientTimer::Next) => self.needs(out),
            ClientEvent::Timeout(ClientTimer::Patience { serial })
                if self.waits && serial == self.asked.serial =>
            {
                self.timed_out(out);
            }
            ClientEvent::Timeout(ClientTimer::Retry { serial }) if serial == self.asked.serial => {
                self.ask(out);
            }
            ClientEvent::Answer { call, .. } if self.waits && call == self.asked => {
                (self.waits, self.out) = (false, false);
                out.disarm(ClientTimer::Patience { serial: call.serial });
                out.arm(ClientTimer::Next, self.refresh..=self.refresh);
            }
            _ => {}
        }
    }

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn burst(&mut self, _calls: u32, out: &mut ClientOutbox) {
        self.needs(out);
    }
}

/// The service: it answers whatever it is asked, once it has its turn.
#[derive(Clone, Copy, Debug)]
struct Counter;

static NOTHING: MessageKind =
    MessageKind { name: "nothing", glyph: '·', nature: Nature::Probe, fields: &[] };

impl Protocol for Counter {
    type Msg = ();
    type Timer = ();
    type State = ();
    type Stable = ();
    type Delta = ();

    fn boot(&self, _me: Address, _disk: Option<&()>, _out: &mut Outbox<Self>) {}

    fn step(&self, (): &mut (), event: Event<Self>, out: &mut Outbox<Self>) {
        if let Event::Request { call, .. } = event {
            out.answer(call, Outcome::Read(None));
        }
    }

    fn persist((): &mut (), (): &()) {}

    fn glance(&self, (): &()) -> Glance {
        Glance::default()
    }

    fn report(&self, (): &(), _rows: usize) -> Report {
        Report::default()
    }

    fn describe((): &()) -> Detail {
        Detail::new(&NOTHING, [0; 4])
    }

    fn timer((): &()) -> TimerKind {
        TimerKind { name: "none", awaits: false }
    }

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}
