//! Clients that read and write registers. Every write of a run has a value of its own.
//!
//! The load is open: a client calls at its beat, whatever became of its earlier calls, as people
//! do. A client that waited for its answers would fall silent with the cluster, and a run without
//! one fault would make other calls than the run with it. So the beat draws first and decides
//! later, and a beat that is skipped still uses up its number.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::breaker::{Breaker, Says};
use super::retry::{NoMore, Retry};
use super::rotation::{EJECTION, Rotation, after};
use crate::sim::client::{Circuit, DELETED};
use crate::sim::{
    Address, Asks, CallId, Calls, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer,
    Instant, Op, Outcome, Span,
};

mod spec;
#[cfg(test)]
mod tests;
mod watch;

pub use spec::{RegisterSpec, With};

/// How many calls of one client may be open at once. A client that reaches it skips a beat, as a
/// pool of connections does when it runs out.
pub const OPEN_CALLS_MAX: usize = CallId::OPEN_MAX;
/// How many redirects one attempt follows: nodes that point at each other must not keep it going.
pub const HOPS_MAX: u8 = 3;

/// Where the numbers of calls begin that a surge or a burst adds: a series of their own.
pub const EXTRA_SERIALS: u32 = CallId::SERIES;

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
    /// When it was last sent.
    sent_at: Instant,
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
    deletes_percent: u8,
    timeout: Span,
    deadline: Span,
    retry: Retry,
    breaker: Breaker,
    /// Whether an attempt has a timeout of its own.
    times_out: bool,
    /// The mean time between two calls, or `None` where it never calls.
    gap: Option<Span>,
    /// The mean time between two calls that a surge adds, while it lasts.
    extra: Option<Span>,
    /// How many calls surges and bursts have added.
    extras: u32,
    /// When the first may come.
    start: Span,
    /// The number of the last call.
    serial: u32,
    /// Whom the next call asks: drawn at first.
    rotation: Rotation,
    /// Who wants to know what becomes of each attempt; `None` where nobody monitors.
    tells: Option<Vec<Address>>,
    /// Whom a call asks, and how many equal answers it takes.
    calls: Calls,
    open: BTreeMap<u32, Open>,
    /// Who answered what, where one answer is not enough to be believed.
    heard: BTreeMap<u32, BTreeMap<Address, Outcome>>,
}

impl RegisterClient {
    /// Makes client number `number` of a workload, for a cluster of so many nodes.
    pub fn new(number: u16, spec: &RegisterSpec, nodes: u16, with: With) -> RegisterClient {
        let all = u64::from(spec.clients) * 1_000_000;
        let gap = all.checked_div(u64::from(spec.rate_per_second)).map(|us| Span(us.max(1)));
        RegisterClient {
            me: Address::Client(number),
            nodes,
            keys: spec.keys,
            reads_percent: spec.reads_percent,
            deletes_percent: spec.deletes_percent,
            timeout: spec.timeout,
            deadline: spec.deadline,
            retry: Retry::new(spec.retry, spec.retry_budget_percent, (with.retry, with.budget)),
            breaker: Breaker::new(spec.breaker, with.breaker),
            times_out: true,
            gap,
            extra: None,
            extras: 0,
            start: spec.start,
            serial: 0,
            rotation: Rotation::new(nodes, spec.pick, false),
            tells: None,
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
        out.arm(ClientTimer::Next, around(gap));
        // A run ends long before it has 2^32 records, so no client reaches as many calls.
        self.serial = self.serial.saturating_add(1);
        self.begin(self.serial, out);
    }

    /// Makes a call that a surge or a burst adds: those of itself keep their numbers and dice.
    fn add(&mut self, out: &mut ClientOutbox) {
        self.extras = self.extras.saturating_add(1);
        self.begin(EXTRA_SERIALS.saturating_add(self.extras), out);
    }

    fn begin(&mut self, serial: u32, out: &mut ClientOutbox) {
        let key = out.draw(&(1..=self.keys.max(1)));
        let reads = out.draw(&(1..=100)) <= u64::from(self.reads_percent);
        if self.open.len() >= OPEN_CALLS_MAX {
            return;
        }
        let Address::Client(number) = self.me else { return };
        // Drawn last, so that a workload without deletes has the luck that it would have anyway.
        let deletes =
            self.deletes_percent > 0 && out.draw(&(1..=100)) <= u64::from(self.deletes_percent);
        let value = if deletes { DELETED } else { value(number, serial) };
        let write = Op::Write { key, value };
        let op = if reads { Op::Read { key } } else { write };
        let call = CallId { client: self.me, serial, attempt: 1 };
        out.note(ClientNote::Called { call, op });
        self.retry.called();
        let (asked, sent_at) = (self.choose(call, out), out.now());
        let open = Open { op, attempt: 1, tried: 1, hops: 0, asked, sent_at, waits: true };
        self.open.insert(serial, open);
        self.attempt(call, out);
        if self.open.contains_key(&serial) {
            out.arm(ClientTimer::Deadline { serial }, self.deadline..=self.deadline);
        }
    }

    /// Makes an attempt at an open call, at whom the breaker lets it go to.
    fn attempt(&mut self, call: CallId, out: &mut ClientOutbox) {
        let Some(open) = self.open.get(&call.serial) else { return };
        let (wanted, tried) = (open.asked, open.tried);
        let Some(to) = self.admitted(wanted, tried, call, out) else {
            out.note(ClientNote::Spared { call, by: "circuit breaker" });
            return self.attempt_failed(call.serial, out);
        };
        let Some(open) = self.open.get_mut(&call.serial) else { return };
        open.asked = to;
        let op = open.op;
        if call.attempt > 1 {
            out.note(ClientNote::Retried { call, to });
        }
        self.ask(to, tried, call, op, out);
        if self.times_out {
            let serial = call.serial;
            out.arm(ClientTimer::Patience { serial }, self.timeout..=self.timeout);
        }
    }

    /// Returns whom an attempt may go to: whom it wants, or the next node that is not left alone.
    /// Who asks everybody asks them past any breaker.
    fn admitted(
        &mut self,
        wanted: Address,
        tried: u16,
        call: CallId,
        out: &mut ClientOutbox,
    ) -> Option<Address> {
        if self.asks_all(tried) {
            return Some(wanted);
        }
        let mut to = wanted;
        for _ in 0..self.nodes.max(1) {
            match self.breaker.asks(to, out.now()) {
                Says::Passes => return Some(to),
                Says::Tries => {
                    let node = self.breaker.circuit(to);
                    out.note(ClientNote::Circuit { call, node, state: Circuit::HalfOpen });
                    return Some(to);
                }
                Says::Refuses => to = after(to, self.nodes),
            }
        }
        None
    }

    /// Sends a call to one node, or to all of them. A redirect that is followed is no new try.
    fn ask(&self, to: Address, tried: u16, call: CallId, op: Op, out: &mut ClientOutbox) {
        if !self.asks_all(tried) {
            return out.call(to, call, op);
        }
        for node in 1..=self.nodes {
            out.call(Address::Node(node), call, op);
        }
    }

    /// Returns whether an attempt goes to every node.
    fn asks_all(&self, tried: u16) -> bool {
        match self.calls.asks {
            Asks::One => false,
            Asks::OneThenAll => tried > 1,
            Asks::All => true,
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
        (open.asked, open.waits, open.sent_at) = (to, true, out.now());
        let call = CallId { client: self.me, serial, attempt: open.attempt };
        self.attempt(call, out);
    }

    fn answered(&mut self, from: Address, call: CallId, outcome: Outcome, out: &mut ClientOutbox) {
        let serial = call.serial;
        self.saw_answer(from, (call, outcome), out);
        let Some(tried) = self.open.get(&serial).map(|open| open.tried) else { return };
        let one = !self.asks_all(tried);
        let Some(open) = self.open.get_mut(&serial) else { return };
        if outcome == Outcome::Busy {
            // Of many that were asked, the others may still answer.
            if one && call.attempt == open.attempt && open.waits {
                self.failed_at(from, call, out);
                self.attempt_failed(serial, out);
            }
            return;
        }
        if let Some(state) = self.breaker.succeeded(from) {
            let node = self.breaker.circuit(from);
            out.note(ClientNote::Circuit { call, node, state });
        }
        let Outcome::Redirect(to) = outcome else {
            // The answer to an earlier attempt is as good: the call took effect.
            let op = open.op;
            if !self.believes(from, serial, outcome) {
                return;
            }
            // Of several who answer alike the last one is no better than the others: whom to ask a
            // redirect says, or a try that fails.
            if self.calls.matching <= 1 {
                self.rotation.prefer(from);
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
                self.rotation.prefer(to);
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
        self.rotation.leave(open.asked);
        let wait = match self.retry.again(open.tried) {
            Ok(wait) => wait,
            Err(no_more) => {
                if no_more == NoMore::Budget {
                    let call = CallId { client: self.me, serial, attempt: open.attempt };
                    out.note(ClientNote::Spared { call, by: "retry budget" });
                }
                return self.give_up(serial, out);
            }
        };
        open.tried += 1;
        open.hops = 0;
        out.disarm(ClientTimer::Patience { serial });
        out.arm(ClientTimer::Retry { serial }, wait);
    }

    /// Tells the breaker that an attempt failed at a node.
    fn failed_at(&mut self, node: Address, call: CallId, out: &mut ClientOutbox) {
        if let Some(state) = self.breaker.failed(node, out.now()) {
            let node = self.breaker.circuit(node);
            out.note(ClientNote::Circuit { call, node, state });
        }
    }

    /// Says, and tells the breaker, that nobody answered an attempt that still waits.
    fn unanswered(&mut self, serial: u32, out: &mut ClientOutbox) {
        self.missed(serial, out);
        let Some(open) = self.open.get(&serial).copied().filter(|open| open.waits) else { return };
        let call = CallId { client: self.me, serial, attempt: open.attempt };
        if !self.asks_all(open.tried) {
            self.failed_at(open.asked, call, out);
        }
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

/// Returns from what range the time until the next call is drawn: about as long as the mean.
fn around(gap: Span) -> RangeInclusive<Span> {
    Span(gap.0 / 2)..=Span(gap.0 + gap.0 / 2)
}

impl Client for RegisterClient {
    fn boot(&mut self, out: &mut ClientOutbox) {
        let first = out.draw(&(1..=u64::from(self.nodes.max(1))));
        self.rotation.begin(Address::Node(first as u16));
        if let Some(gap) = self.gap {
            // Anywhere in the first gap, so that clients do not march in step.
            out.arm(ClientTimer::Next, self.start..=self.start + gap);
        }
    }

    fn step(&mut self, event: ClientEvent, out: &mut ClientOutbox) {
        match event {
            ClientEvent::Timeout(ClientTimer::Next) => self.beat(out),
            ClientEvent::Timeout(ClientTimer::Extra) => {
                if let Some(gap) = self.extra {
                    out.arm(ClientTimer::Extra, around(gap));
                    self.add(out);
                }
            }
            ClientEvent::Timeout(ClientTimer::Patience { serial }) => {
                self.unanswered(serial, out);
                self.attempt_failed(serial, out);
            }
            ClientEvent::Timeout(ClientTimer::Retry { serial }) => {
                let attempt = self.open.get(&serial).map_or(1, |open| open.attempt + 1);
                let to = self.choose(CallId { client: self.me, serial, attempt }, out);
                self.resend(serial, to, out);
            }
            ClientEvent::Timeout(ClientTimer::Deadline { serial }) => {
                self.unanswered(serial, out);
                self.give_up(serial, out);
            }
            ClientEvent::Timeout(ClientTimer::Probe { .. }) => {}
            ClientEvent::Heard { aside, .. } => self.rotation.hear(aside, out.now()),
            ClientEvent::Answer { from, call, outcome } => {
                self.answered(from, call, outcome, out);
            }
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        match switch {
            RETRY => self.retry.on = on,
            BACKOFF => self.retry.backs_off = on,
            JITTER => self.retry.jitters = on,
            BUDGET => self.retry.budget.on = on,
            TIMEOUT => self.times_out = on,
            BREAKER => self.breaker.set(on),
            EJECTION if self.tells.is_some() => self.rotation.set_ejects(on),
            _ => return false,
        }
        true
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let mut switches = vec![
            (RETRY, self.retry.on),
            (BACKOFF, self.retry.backs_off),
            (JITTER, self.retry.jitters),
            (BUDGET, self.retry.budget.on),
            (TIMEOUT, self.times_out),
            (BREAKER, self.breaker.on),
        ];
        switches.extend(self.tells.as_ref().map(|_| (EJECTION, self.rotation.ejects())));
        switches
    }

    fn surge(&mut self, factor: u32, out: &mut ClientOutbox) {
        let more = u64::from(factor.saturating_sub(1));
        self.extra = self.gap.filter(|_| more > 0).map(|gap| Span((gap.0 / more.max(1)).max(1)));
        match self.extra {
            Some(gap) => out.arm(ClientTimer::Extra, Span::ZERO..=gap),
            None => out.disarm(ClientTimer::Extra),
        }
    }

    fn burst(&mut self, calls: u32, out: &mut ClientOutbox) {
        for _ in 0..calls {
            self.add(out);
        }
    }
}

/// The switch that lets clients try again.
pub const RETRY: &str = "retry";
/// The switch that makes waits before another try double.
pub const BACKOFF: &str = "backoff";
/// The switch that lets chance draw those waits.
pub const JITTER: &str = "jitter";
/// The switch that bounds further tries by a budget.
pub const BUDGET: &str = "retry_budget";
/// The switch that gives each attempt a timeout of its own.
pub const TIMEOUT: &str = "timeout";
/// The switch of the circuit breaker.
pub const BREAKER: &str = "circuit_breaker";
