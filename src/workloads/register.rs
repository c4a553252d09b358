//! Clients that read and write registers. Every write of a run has a value of its own.
//!
//! The load is open: a client calls at its beat, whatever became of its earlier calls, as people
//! do. A client that waited for its answers would fall silent with the cluster, and a run without
//! one fault would make other calls than the run with it. So the beat draws first and decides
//! later, and a beat that is skipped still uses up its number.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::sim::{
    Address, Asks, CallId, Calls, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer, Op,
    Outcome, Span,
};

/// How many clients there are and how they call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterSpec {
    /// How many clients, 0 to 100.
    pub clients: u16,
    /// Calls per virtual second, all clients together, 1 to 10,000.
    pub rate_per_second: u32,
    /// When they begin to call: a cluster that has just started has no leader yet.
    pub start: Span,
    /// How many keys they spread over.
    pub keys: u64,
    /// Share of calls that are reads, in percent.
    pub reads_percent: u8,
    /// How long one attempt waits.
    pub timeout: Span,
    /// How long the whole call waits.
    pub deadline: Span,
    /// How a call is tried again.
    pub retry: RetrySpec,
}

/// How a call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum RetrySpec {
    /// Never.
    Never,
    /// After the same wait each time.
    Fixed {
        /// The wait.
        wait: Span,
        /// How many attempts at most, the first included.
        attempts: u16,
    },
    /// After a wait that doubles, with full jitter (anything from zero to the wait).
    Exponential {
        /// The first wait.
        base: Span,
        /// How many attempts at most, the first included.
        attempts: u16,
    },
}

impl Default for RegisterSpec {
    fn default() -> RegisterSpec {
        RegisterSpec {
            clients: 3,
            rate_per_second: 50,
            start: Span::millis(400),
            keys: 4,
            reads_percent: 50,
            timeout: Span::millis(200),
            deadline: Span::secs(2),
            retry: RetrySpec::Exponential { base: Span::millis(50), attempts: 8 },
        }
    }
}

impl RetrySpec {
    /// Returns how many attempts there are at most, the first included.
    pub const fn attempts(self) -> u16 {
        match self {
            RetrySpec::Never => 1,
            RetrySpec::Fixed { attempts, .. } | RetrySpec::Exponential { attempts, .. } => attempts,
        }
    }

    /// Returns from what range the wait after attempt number `tried` is drawn.
    fn wait(self, tried: u16) -> RangeInclusive<Span> {
        match self {
            RetrySpec::Never => Span::ZERO..=Span::ZERO,
            RetrySpec::Fixed { wait, .. } => wait..=wait,
            RetrySpec::Exponential { base, .. } => {
                let doubled = base.0 << u32::from(tried.saturating_sub(1)).min(DOUBLINGS_MAX);
                Span::ZERO..=Span(doubled)
            }
        }
    }
}

/// How often a wait doubles at most: after that every deadline has long passed.
const DOUBLINGS_MAX: u32 = 16;
/// How many calls of one client may be open at once. A client that reaches it skips a beat, as a
/// pool of connections does when it runs out.
pub const OPEN_CALLS_MAX: usize = 256;
/// How many redirects one attempt follows: nodes that point at each other must not keep it going.
pub const HOPS_MAX: u8 = 3;

/// How many calls of one client are numbered in the low digits of a value before the block of the
/// client is counted up.
const BLOCK: u64 = 1_000_000;
/// How many clients the blocks leave room for.
const CLIENTS: u64 = 1_000;

/// Returns the value that a client's call writes: readable (`c2`'s 17th call writes 2,000,017) and
/// never that of another call of the run.
pub const fn value(client: u16, serial: u32) -> u64 {
    let (round, place) = (serial as u64 / BLOCK, serial as u64 % BLOCK);
    (client as u64 + round * CLIENTS) * BLOCK + place
}

/// A call that is neither answered nor given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Open {
    op: Op,
    /// The number of the newest sending, from 1: each sending of a call has its own.
    attempt: u16,
    /// How many attempts were begun; a redirect that is followed is none.
    tried: u16,
    /// How many redirects this attempt has followed.
    hops: u8,
    /// Whom it was last sent to.
    asked: Address,
    /// Whether an answer to the newest sending is still awaited.
    waits: bool,
}

/// A client of registers as a step function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RegisterClient {
    me: Address,
    nodes: u16,
    keys: u64,
    reads_percent: u8,
    timeout: Span,
    deadline: Span,
    retry: RetrySpec,
    retries: bool,
    /// The mean time between two calls, or `None` where it never calls.
    gap: Option<Span>,
    /// When the first may come.
    start: Span,
    /// The number of the last call.
    serial: u32,
    /// Whom the next call asks: drawn at first, then whoever answered or was pointed at.
    favourite: Address,
    /// Whom a call asks, and how many equal answers it takes.
    calls: Calls,
    open: BTreeMap<u32, Open>,
    /// Who answered what, where one answer is not enough to be believed.
    heard: BTreeMap<u32, BTreeMap<Address, Outcome>>,
}

impl RegisterClient {
    /// Makes client number `number` of a workload, for a cluster of so many nodes.
    pub fn new(number: u16, spec: &RegisterSpec, nodes: u16, retries: bool) -> RegisterClient {
        let all = u64::from(spec.clients) * 1_000_000;
        let gap = all.checked_div(u64::from(spec.rate_per_second)).map(|us| Span(us.max(1)));
        RegisterClient {
            me: Address::Client(number),
            nodes,
            keys: spec.keys,
            reads_percent: spec.reads_percent,
            timeout: spec.timeout,
            deadline: spec.deadline,
            retry: spec.retry,
            retries,
            gap,
            start: spec.start,
            serial: 0,
            favourite: Address::Node(1),
            calls: Calls::default(),
            open: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }

    /// Makes it call as a protocol wants to be called.
    #[must_use]
    pub fn calling(mut self, calls: Calls) -> RegisterClient {
        self.calls = calls;
        self
    }

    /// Returns how many calls are open.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Takes a beat. The next beat is armed first and all dice are thrown always, so that neither
    /// when nor what a client calls depends on what it was told.
    fn beat(&mut self, out: &mut ClientOutbox) {
        let Some(gap) = self.gap else { return };
        out.arm(ClientTimer::Next, Span(gap.0 / 2)..=Span(gap.0 + gap.0 / 2));
        let key = out.draw(&(1..=self.keys.max(1)));
        let reads = out.draw(&(1..=100)) <= u64::from(self.reads_percent);
        // A run ends long before it has 2^32 records, so no client reaches as many calls.
        self.serial = self.serial.saturating_add(1);
        if self.open.len() >= OPEN_CALLS_MAX {
            return;
        }
        let Address::Client(number) = self.me else { return };
        let write = Op::Write { key, value: value(number, self.serial) };
        let op = if reads { Op::Read { key } } else { write };
        let call = CallId { client: self.me, serial: self.serial, attempt: 1 };
        out.note(ClientNote::Called { call, op });
        let asked = self.favourite;
        let open = Open { op, attempt: 1, tried: 1, hops: 0, asked, waits: true };
        self.open.insert(self.serial, open);
        self.ask(asked, 1, call, op, out);
        out.arm(ClientTimer::Patience { serial: call.serial }, self.timeout..=self.timeout);
        out.arm(ClientTimer::Deadline { serial: call.serial }, self.deadline..=self.deadline);
    }

    /// Sends a call to one node, or to all of them. A redirect that is followed is no new try.
    fn ask(&self, to: Address, tried: u16, call: CallId, op: Op, out: &mut ClientOutbox) {
        let all = match self.calls.asks {
            Asks::One => false,
            Asks::OneThenAll => tried > 1,
            Asks::All => true,
        };
        if !all {
            return out.call(to, call, op);
        }
        for node in 1..=self.nodes {
            out.call(Address::Node(node), call, op);
        }
    }

    /// Returns whether enough nodes gave this answer; each node's last one counts.
    fn believes(&mut self, from: Address, serial: u32, outcome: Outcome) -> bool {
        if self.calls.matching <= 1 {
            return true;
        }
        let heard = self.heard.entry(serial).or_default();
        heard.insert(from, outcome);
        let same = heard.values().filter(|other| **other == outcome).count();
        same >= usize::from(self.calls.matching)
    }

    /// Sends an open call again, to whom its last answer pointed or to the favourite.
    fn resend(&mut self, serial: u32, to: Address, out: &mut ClientOutbox) {
        let Some(open) = self.open.get_mut(&serial) else { return };
        open.attempt = open.attempt.saturating_add(1);
        (open.asked, open.waits) = (to, true);
        let call = CallId { client: self.me, serial, attempt: open.attempt };
        let (op, tried) = (open.op, open.tried);
        out.note(ClientNote::Retried { call, to });
        self.ask(to, tried, call, op, out);
        out.arm(ClientTimer::Patience { serial }, self.timeout..=self.timeout);
    }

    fn answered(&mut self, from: Address, call: CallId, outcome: Outcome, out: &mut ClientOutbox) {
        let serial = call.serial;
        let Some(open) = self.open.get_mut(&serial) else { return };
        let Outcome::Redirect(to) = outcome else {
            // The answer to an earlier attempt is as good: the call took effect.
            let op = open.op;
            if !self.believes(from, serial, outcome) {
                return;
            }
            // Of several who answer alike the last one is no better than the others: whom to ask a
            // redirect says, or a try that fails.
            if self.calls.matching <= 1 {
                self.favourite = from;
            }
            self.close(serial, out);
            return out.note(ClientNote::Returned { call, op, outcome });
        };
        if call.attempt != open.attempt || !open.waits {
            return; // a redirect that comes after the client has moved on
        }
        match to {
            Some(to) if open.hops < HOPS_MAX => {
                open.hops += 1;
                self.favourite = to;
                self.resend(serial, to, out);
            }
            _ => self.attempt_failed(serial, out),
        }
    }

    /// Ends an attempt without an answer: another one follows after the wait, at another node, or
    /// the call is given up where none is left.
    fn attempt_failed(&mut self, serial: u32, out: &mut ClientOutbox) {
        let Some(open) = self.open.get_mut(&serial) else { return };
        open.waits = false;
        // Only the first of the calls that fail at a node moves the favourite on.
        if self.favourite == open.asked {
            self.favourite = after(open.asked, self.nodes);
        }
        if !self.retries || open.tried >= self.retry.attempts() {
            return self.give_up(serial, out);
        }
        let wait = self.retry.wait(open.tried);
        open.tried += 1;
        open.hops = 0;
        out.disarm(ClientTimer::Patience { serial });
        out.arm(ClientTimer::Retry { serial }, wait);
    }

    fn give_up(&mut self, serial: u32, out: &mut ClientOutbox) {
        if let Some(open) = self.close(serial, out) {
            let call = CallId { client: self.me, serial, attempt: open.attempt };
            out.note(ClientNote::GaveUp { call, op: open.op });
        }
    }

    fn close(&mut self, serial: u32, out: &mut ClientOutbox) -> Option<Open> {
        out.disarm(ClientTimer::Patience { serial });
        out.disarm(ClientTimer::Retry { serial });
        out.disarm(ClientTimer::Deadline { serial });
        self.heard.remove(&serial);
        self.open.remove(&serial)
    }
}

/// Returns the next node, the first after the last.
fn after(node: Address, nodes: u16) -> Address {
    Address::Node(node.node().unwrap_or(0) % nodes.max(1) + 1)
}

impl Client for RegisterClient {
    fn boot(&mut self, out: &mut ClientOutbox) {
        let first = out.draw(&(1..=u64::from(self.nodes.max(1))));
        self.favourite = Address::Node(first as u16);
        if let Some(gap) = self.gap {
            // Anywhere in the first gap, so that clients do not march in step.
            out.arm(ClientTimer::Next, self.start..=self.start + gap);
        }
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        match event {
            ClientEvent::Timeout(ClientTimer::Next) => self.beat(out),
            ClientEvent::Timeout(ClientTimer::Patience { serial }) => {
                self.attempt_failed(serial, out);
            }
            ClientEvent::Timeout(ClientTimer::Retry { serial }) => {
                self.resend(serial, self.favourite, out);
            }
            ClientEvent::Timeout(ClientTimer::Deadline { serial }) => self.give_up(serial, out),
            ClientEvent::Answer { from, call, outcome } => {
                self.answered(from, call, outcome, out);
            }
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        let known = switch == RETRY;
        if known {
            self.retries = on;
        }
        known
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        vec![(RETRY, self.retries)]
    }
}

/// The switch that lets clients try again.
pub const RETRY: &str = "retry";

#[cfg(test)]
mod tests;
