//! Monitors: observers that ask from outside whether each node is well, and say what they find.
//!
//! A monitor sees only its own way past a node. A ping goes to the process; users' calls go
//! through it. Where the two ways differ, one may be ill and the other well (gray failure: Huang
//! et al. 2017). So each kind of probe here goes further along the users' way than the one before:
//! a ping, a call to the node itself, a whole transaction, and at last what the users saw.
//!
//! A probe other than a ping is a mechanism that can be switched off: the monitor then only pings.

use serde::{Deserialize, Serialize};

use crate::sim::{
    Address, Aside, CallId, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer, Instant,
    Op, Outcome, Span,
};

use super::anomaly::Anomaly;
use super::register::value;

/// How many monitors a scenario may have.
pub const MONITORS_MAX: usize = 16;
/// What the keys of monitors begin above: no client's workload has as many keys.
pub const RESERVED_KEYS: u64 = 1_000_000;
/// How many keys are kept for each monitor: one for each node that there may be.
const KEYS_EACH: u64 = 10_000;
/// What the numbers of monitors begin above where values are made, past those of all clients.
const WRITERS: u16 = 900;
/// For how many of its beats a judgement holds with those who heard it: one may be lost.
const BEATS_HELD: u64 = 3;

/// How a monitor finds out whether a node is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Probe {
    /// Whether the process answers at all: `/health` in its shallowest form.
    Ping,
    /// Whether the node answers a call through its ordinary path; to point at another node is an
    /// answer.
    Deep,
    /// Whether a value that is written through the node is read back through it.
    Synthetic,
    /// Pings, and compares what users saw of the node with what they saw before: success and
    /// latency.
    Anomaly,
}

impl Probe {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Probe::Ping => "ping",
            Probe::Deep => "deep",
            Probe::Synthetic => "synthetic",
            Probe::Anomaly => "anomaly",
        }
    }

    /// Says what it finds out.
    pub const fn says(self) -> &'static str {
        match self {
            Probe::Ping => "does the process answer at all?",
            Probe::Deep => "does it answer a call, as users make them?",
            Probe::Synthetic => "is read back what was written?",
            Probe::Anomaly => "a ping, and do users fare worse than before?",
        }
    }

    /// Returns the switch of the mechanism that it is; a ping is none.
    pub const fn switch(self) -> Option<&'static str> {
        match self {
            Probe::Ping => None,
            Probe::Deep => Some("deep_check"),
            Probe::Synthetic => Some("synthetic"),
            Probe::Anomaly => Some("anomaly"),
        }
    }
}

/// A monitor, as a file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorSpec {
    /// How it finds out.
    pub probe: Probe,
    /// How often it asks each node.
    #[serde(default = "every")]
    pub every: Span,
    /// How long it waits for an answer; less than `every`.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// After how many failed probes in a row it finds a node ill, and after how many good ones
    /// well again; 1 to 100.
    #[serde(default = "misses")]
    pub misses: u16,
}

fn every() -> Span {
    Span::millis(500)
}

fn timeout() -> Span {
    Span::millis(200)
}

const fn misses() -> u16 {
    3
}

impl MonitorSpec {
    /// Returns within what time it finds a node ill that answers nothing.
    pub fn within(&self) -> Span {
        Span(self.every.0 * u64::from(self.misses)) + self.timeout
    }
}

/// What a probe waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// A pong.
    Pong,
    /// An answer of any kind.
    Any,
    /// That the value was written.
    Wrote(u64),
    /// That this value is read back.
    Reads(u64),
}

/// What a monitor knows of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Watched {
    /// The probe that is under way: its number, and what it waits for.
    probing: Option<(u32, Stage)>,
    /// How many probes failed in a row, or were good in a row.
    bad: u16,
    good: u16,
    /// Whether it finds the node ill by its probes.
    ill: bool,
    /// Whether it finds it ill at all, and has said so.
    judged_ill: bool,
}

/// A monitor as a step function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    me: Address,
    spec: MonitorSpec,
    clients: u16,
    /// Whether its mechanism is on; a monitor whose mechanism is off only pings.
    on: bool,
    serial: u32,
    /// First node first.
    nodes: Vec<Watched>,
    anomaly: Anomaly,
}

impl Monitor {
    /// Makes monitor number `number` of a scenario, for so many nodes and clients; `on` says
    /// whether its mechanism is switched on.
    pub fn new(number: u16, spec: MonitorSpec, nodes: u16, clients: u16, on: bool) -> Monitor {
        Monitor {
            me: Address::Monitor(number),
            spec,
            clients,
            on,
            serial: 0,
            nodes: vec![Watched::default(); usize::from(nodes)],
            anomaly: Anomaly::new(nodes, spec.misses),
        }
    }

    fn probe(&self) -> Probe {
        if self.on { self.spec.probe } else { Probe::Ping }
    }

    /// Probes every node that has no probe under way, and says again who is ill.
    fn beat(&mut self, out: &mut ClientOutbox) {
        out.arm(ClientTimer::Next, self.spec.every..=self.spec.every);
        if self.probe() == Probe::Anomaly {
            self.anomaly.weigh(out.now());
        }
        for index in 0..self.nodes.len() {
            if self.nodes[index].probing.is_none() {
                self.send_probe(index, out);
            }
            self.judge(index, out);
            if self.nodes[index].judged_ill {
                self.tell(index, out);
            }
        }
    }

    fn send_probe(&mut self, index: usize, out: &mut ClientOutbox) {
        // A run ends long before it has 2^32 records, so no monitor sends as many probes.
        self.serial = self.serial.saturating_add(1);
        let (serial, to) = (self.serial, node(index));
        let stage = match self.probe() {
            Probe::Ping | Probe::Anomaly => {
                out.say(to, Aside::Ping(serial));
                Stage::Pong
            }
            Probe::Deep => {
                self.ask(serial, index, Op::Read { key: self.key(index) }, out);
                Stage::Any
            }
            Probe::Synthetic => {
                let Address::Monitor(number) = self.me else { return };
                let written = value(WRITERS + number, serial);
                self.ask(serial, index, Op::Write { key: self.key(index), value: written }, out);
                Stage::Wrote(written)
            }
        };
        self.nodes[index].probing = Some((serial, stage));
        out.arm(ClientTimer::Probe { serial }, self.spec.timeout..=self.spec.timeout);
    }

    fn ask(&self, serial: u32, index: usize, op: Op, out: &mut ClientOutbox) {
        let call = CallId { client: self.me, serial, attempt: 1 };
        out.note(ClientNote::Called { call, op });
        out.call(node(index), call, op);
    }

    /// Returns the key that only this monitor touches, and only by way of this node.
    fn key(&self, index: usize) -> u64 {
        RESERVED_KEYS + self.me.index() as u64 * KEYS_EACH + index as u64 + 1
    }

    fn answered(&mut self, from: Address, call: CallId, outcome: Outcome, out: &mut ClientOutbox) {
        let Some(index) = self.probed(from, call.serial) else { return };
        let Some((serial, stage)) = self.nodes[index].probing else { return };
        let op = match stage {
            Stage::Wrote(value) => Op::Write { key: self.key(index), value },
            Stage::Pong => return,
            Stage::Any | Stage::Reads(_) => Op::Read { key: self.key(index) },
        };
        out.note(ClientNote::Returned { call, op, outcome });
        let well = match (stage, outcome) {
            (Stage::Any, _) | (_, Outcome::Redirect(_)) => true,
            (Stage::Wrote(value), Outcome::Written) => {
                // The second half of the transaction goes under a number of its own and within the
                // time of the first.
                out.disarm(ClientTimer::Probe { serial });
                self.serial = self.serial.saturating_add(1);
                let serial = self.serial;
                self.ask(serial, index, Op::Read { key: self.key(index) }, out);
                self.nodes[index].probing = Some((serial, Stage::Reads(value)));
                out.arm(ClientTimer::Probe { serial }, self.spec.timeout..=self.spec.timeout);
                return;
            }
            (Stage::Reads(value), Outcome::Read(found)) => found == Some(value),
            _ => false,
        };
        self.ended(index, well, out);
    }

    /// Returns which node a number's probe is under way to, if it is to this one.
    fn probed(&self, from: Address, serial: u32) -> Option<usize> {
        let index = usize::from(from.node()?).checked_sub(1)?;
        let probing = self.nodes.get(index)?.probing?;
        (probing.0 == serial).then_some(index)
    }

    fn timed_out(&mut self, serial: u32, out: &mut ClientOutbox) {
        let under_way = |watched: &Watched| watched.probing.is_some_and(|(s, _)| s == serial);
        let Some(index) = self.nodes.iter().position(under_way) else { return };
        let op = match self.nodes[index].probing {
            Some((_, Stage::Wrote(value))) => Some(Op::Write { key: self.key(index), value }),
            Some((_, Stage::Any | Stage::Reads(_))) => Some(Op::Read { key: self.key(index) }),
            Some((_, Stage::Pong)) | None => None,
        };
        if let Some(op) = op {
            let call = CallId { client: self.me, serial, attempt: 1 };
            out.note(ClientNote::GaveUp { call, op });
        }
        self.ended(index, false, out);
    }

    /// Counts how a probe ended.
    fn ended(&mut self, index: usize, well: bool, out: &mut ClientOutbox) {
        let watched = &mut self.nodes[index];
        if let Some((serial, _)) = watched.probing.take() {
            out.disarm(ClientTimer::Probe { serial });
        }
        let (up, down) = if well {
            (&mut watched.good, &mut watched.bad)
        } else {
            (&mut watched.bad, &mut watched.good)
        };
        (*up, *down) = (up.saturating_add(1), 0);
        if *up >= self.spec.misses {
            watched.ill = !well;
        }
        self.judge(index, out);
    }

    /// Says what it finds of a node, where that has changed.
    fn judge(&mut self, index: usize, out: &mut ClientOutbox) {
        let by_users = self.probe() == Probe::Anomaly && self.anomaly.finds_ill(index);
        let ill = self.nodes[index].ill || by_users;
        if std::mem::replace(&mut self.nodes[index].judged_ill, ill) != ill {
            // An anomaly monitor pings too, and a monitor whose mechanism is off only pings.
            let by = match self.probe() {
                Probe::Anomaly if self.nodes[index].ill => Probe::Ping,
                probe => probe,
            };
            out.note(ClientNote::Judged { node: node(index), healthy: !ill, by: by.word() });
            self.tell(index, out);
        }
    }

    /// Tells the clients what it finds of a node.
    fn tell(&self, index: usize, out: &mut ClientOutbox) {
        let holds = Span(self.spec.every.0 * BEATS_HELD);
        let aside = if self.nodes[index].judged_ill {
            Aside::Ill(node(index), holds)
        } else {
            Aside::Well(node(index))
        };
        for client in 1..=self.clients {
            out.say(Address::Client(client), aside);
        }
    }

    fn heard(&mut self, from: Address, aside: Aside, now: Instant, out: &mut ClientOutbox) {
        match aside {
            Aside::Pong(serial) => {
                if let Some(index) = self.probed(from, serial)
                    && self.nodes[index].probing == Some((serial, Stage::Pong))
                {
                    self.ended(index, true, out);
                }
            }
            Aside::Saw(sample) => self.anomaly.take_in(now, sample),
            Aside::Ping(_) | Aside::Ill(..) | Aside::Well(_) => {}
        }
    }
}

/// Returns the node with this place.
const fn node(index: usize) -> Address {
    Address::Node(index as u16 + 1)
}

impl Client for Monitor {
    fn boot(&mut self, out: &mut ClientOutbox) {
        let (probe, within) = (self.spec.probe.word(), self.spec.within());
        out.note(ClientNote::Watches { probe, within });
        // Anywhere in the first period, so that monitors do not march in step.
        out.arm(ClientTimer::Next, Span::ZERO..=self.spec.every);
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        match event {
            ClientEvent::Timeout(ClientTimer::Next) => self.beat(out),
            ClientEvent::Timeout(ClientTimer::Probe { serial }) => self.timed_out(serial, out),
            ClientEvent::Timeout(_) => {}
            ClientEvent::Answer { from, call, outcome } => self.answered(from, call, outcome, out),
            ClientEvent::Heard { from, aside } => self.heard(from, aside, out.now(), out),
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        let known = self.spec.probe.switch() == Some(switch);
        if known {
            self.on = on;
        }
        known
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        self.spec.probe.switch().map(|switch| (switch, self.on)).into_iter().collect()
    }
}
