//! Phi accrual: a failure detector that says how suspicious a silence is, not whether it is proof.
//!
//! Here: the φ accrual failure detector (Hayashibara, Défago, Yared and Katayama, SRDS 2004), the
//! forms in which Akka and Cassandra made it famous, and a fixed timeout beside them. Absent on
//! purpose: any agreement on who has failed. Each node believes what it sees, as detectors do. To
//! add a form: a variant of `Detector` and its arm in `level.rs`.
//!
//! | file | concern |
//! |---|---|
//! | `window.rs` | the intervals that were seen |
//! | `level.rs` | how suspicious a silence is, given these |
//! | `service.rs` | what a node does beside watching |
//! | `report.rs` | what a node says of itself |
//!
//! # The problem
//!
//! A peer that stopped and a peer that is slow are the same silence. A timeout turns silence into a
//! verdict at a fixed time, and whoever chose it chose for good between suspecting too late and
//! suspecting in error. An accrual detector leaves the verdict to its user: it watches when
//! heartbeats come, and says of the silence since the last one how unlikely it would be if the peer
//! lived. The number is
//!
//! ```text
//! φ(now) = −log₁₀ P(a heartbeat comes later than now − last)
//! ```
//!
//! Who acts at φ ≥ Φ is wrong about once in 10^Φ silences: at 1 in ten, at 2 in a hundred, at 3 in
//! a thousand. That holds as long as the distribution is the right one, which is the fine print
//! that
//! "φ = 8 is one mistake in a hundred million" leaves out.
//!
//! # The forms
//!
//! The paper takes the normal distribution with the mean and the variance of the last intervals.
//! Akka puts a logistic curve in its place, believes in no deviation below a least one, and grants
//! a pause on top of the mean. Cassandra takes the exponential distribution, which knows the mean
//! alone, so that its φ is the silence in means over ln 10. At the same Φ = 8, and one heartbeat a
//! second, they suspect after 1 s + 5.6 deviations, after 4.5 s, and after 18.4 s.
//!
//! # What it promises
//!
//! φ of a peer that crashed grows without end: whoever watches it comes to suspect it, for ever
//! (completeness). φ of a peer that lives comes back to zero with each heartbeat; if from some time
//! on heartbeats are never later than a bound, there is a Φ with which mistakes end (accuracy, in
//! the end). With delays that grow without end no Φ suffices: in an asynchronous system no detector
//! is both.
//!
//! It promises nothing of what else the peer does. A node whose heartbeats are punctual and whose
//! service is dead has φ near zero: no mistake of the detector's, for it is not its question.
//!
//! # Which clock
//!
//! Only the watcher's own clock counts, and only differences of it. So a clock that is an hour off
//! does no harm, on either side, and one that runs a little fast is learnt along with the mean. A
//! clock that is *set* while it watches does harm: forwards, and every peer has been silent for
//! that long; backwards, and a crashed one seems to have just spoken. A monotonic clock cannot be
//! set;
//! the switch `monotonic_clock` off reads the other one.

mod level;
mod report;
mod service;
#[cfg(test)]
mod tests;
mod window;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{Entry, ProtocolSpec, TIMER_MAX, Wrong, within};
use crate::sim::time::SpanRange;
use crate::sim::{
    Address, Detail, Event, Flip, Glance, Instant, Liar, MessageKind, Nature, Note, Outbox,
    Protocol, Report, Role, Span, TimerKind, Untruth, Words,
};

pub use level::{Detector, Judge, Level};
pub use service::KEYS_MAX;
pub use window::{INTERVAL_MAX, Window};

/// How many intervals a window may hold.
pub const WINDOW_MAX: u16 = 10_000;

/// Says only that its sender lives.
pub static HEARTBEAT: MessageKind = MessageKind {
    name: "Heartbeat",
    glyph: '♥',
    nature: Nature::Probe,
    fields: &["number", "life"],
};

/// How nodes watch each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhiSpec {
    /// How long a node waits from one heartbeat to the next, drawn anew each time.
    pub heartbeat: SpanRange,
    /// The form of φ: `Normal`, `Akka`, `Cassandra` or `Fixed("2s")`.
    pub detector: Detector,
    /// From which φ on a peer is suspected: Φ.
    pub threshold: Level,
    /// How many intervals are remembered of each peer.
    pub window: u16,
    /// The least deviation that is believed (normal and Akka): without one, a peer that was always
    /// punctual is suspected at its first delay.
    pub min_deviation: Span,
    /// How long a pause is no sign of anything, on top of the mean (normal and Akka).
    pub acceptable_pause: Span,
    /// Who watches; everybody where nobody is named.
    pub monitors: Vec<Address>,
    /// How often a node looks at its peers' φ, as whoever uses a detector does.
    pub look: Span,
    /// Whether silences are measured by a clock that nobody can set.
    pub monotonic_clock: bool,
}

impl Default for PhiSpec {
    /// Akka's defaults.
    fn default() -> PhiSpec {
        PhiSpec {
            heartbeat: SpanRange::millis(1_000, 1_000),
            detector: Detector::Akka,
            threshold: Level::thousandths(8_000),
            window: 1_000,
            min_deviation: Span::millis(100),
            acceptable_pause: Span::secs(3),
            monitors: Vec::new(),
            look: Span::millis(100),
            monotonic_clock: true,
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "phi-accrual",
    also: &["phi"],
    title: "a failure detector that says how suspicious a silence is",
    bears: "crashes, jitter, loss now and then, clocks that are off or drift",
    breaks: "a pause or a burst of loss longer than it has learnt to bear; a clock that is set \
             while it measures; a node that is punctual and does not serve",
    ordinary: "Nodes send heartbeats. Who watches turns a silence into a level, phi, and suspects \
               above a threshold.",
    words: Words {
        card: "peer",
        roles: &[(Role::Member, "watcher"), (Role::Participant, "watched")],
        ..Words::NONE
    },
    source: "Hayashibara, Défago, Yared and Katayama, SRDS 2004; Akka; Cassandra",
    nodes: 2..=200,
    judged: &[
        "false suspicion",
        "strong completeness",
        "eventual accuracy",
        "service completeness",
        "available",
        "on time",
    ],
    messages: &[&HEARTBEAT],
    make: || ProtocolSpec::PhiAccrual(PhiSpec::default()),
};

impl PhiSpec {
    /// Checks the settings against the number of nodes.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        super::timers("heartbeat", &self.heartbeat)?;
        super::timer("look", self.look)?;
        if let Detector::Fixed(timeout) = self.detector {
            super::timer("detector", timeout)?;
        }
        within("window", u64::from(self.window), 1..=u64::from(WINDOW_MAX))?;
        let allowances =
            [("min_deviation", self.min_deviation), ("acceptable_pause", self.acceptable_pause)];
        for (field, found) in allowances {
            if found > TIMER_MAX {
                let message = format!("`{found}` is out of range");
                let expected = format!("a duration of at most {TIMER_MAX}");
                return Err(Wrong { field, message, expected });
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for monitor in &self.monitors {
            let is_node = monitor.node().is_some_and(|node| node <= nodes);
            if !is_node || !seen.insert(monitor) {
                let message = format!("`{monitor}` cannot watch");
                let expected = format!("nodes from n1 to n{nodes}, each once");
                return Err(Wrong { field: "monitors", message, expected });
            }
        }
        Ok(())
    }

    /// Returns how silences are judged.
    pub const fn judge(&self) -> Judge {
        Judge {
            detector: self.detector,
            threshold: self.threshold,
            deviation_min: self.min_deviation,
            pause: self.acceptable_pause,
        }
    }

    /// Returns whether a node watches.
    pub fn watches(&self, node: Address) -> bool {
        self.monitors.is_empty() || self.monitors.contains(&node)
    }

    /// Returns the interval that is expected before any was seen: the middle of the range.
    fn expected(&self) -> Span {
        let (low, high) = (*self.heartbeat.0.start(), *self.heartbeat.0.end());
        Span(low.0 + (high - low).0 / 2)
    }
}

/// A cluster whose nodes watch each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhiAccrual {
    /// How many nodes there are.
    pub nodes: u16,
    /// How they watch.
    pub spec: PhiSpec,
}

/// A heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heartbeat {
    /// Its number in the sender's life, from 1: what comes twice, or late, is told apart.
    pub number: u64,
    /// Which life: what the sender's clock read when it started. Only compared for being the same,
    /// so it does not matter how far off that clock is.
    pub life: u64,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Time to say that it lives.
    Beat,
    /// Time to look at what is known of all peers.
    Look,
    /// This peer has been silent for as long as it takes to suspect it.
    Silence(u16),
}

/// When something was heard, by both clocks: so that the switch between them can be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reading {
    wall: Instant,
    monotonic: Instant,
}

impl Reading {
    fn now(out: &Outbox<PhiAccrual>) -> Reading {
        Reading { wall: out.now(), monotonic: out.monotonic() }
    }

    /// Returns how long ago it was; a clock that was set back makes it no time at all.
    fn elapsed(self, out: &Outbox<PhiAccrual>, monotonic: bool) -> Span {
        if monotonic { out.monotonic().since(self.monotonic) } else { out.now().since(self.wall) }
    }
}

/// What is known of one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    window: Window,
    heard: Reading,
    /// Its last heartbeat, where one came.
    last: Option<Heartbeat>,
    /// φ when it was last looked at.
    level: Level,
    /// Whether it is suspected.
    pub suspected: bool,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    me: u16,
    // Sending.
    last: Heartbeat,
    // Watching: nothing of itself, nor of anybody where it does not watch.
    peers: Vec<Option<Peer>>,
    // Its own small service, of which heartbeats say nothing.
    store: OrdMap<u64, u64>,
}

impl State {
    /// Returns what is known of a peer.
    pub fn peer(&self, node: u16) -> Option<&Peer> {
        self.peers.get(usize::from(node).checked_sub(1)?)?.as_ref()
    }

    /// Returns whom it suspects.
    pub fn suspects(&self) -> impl Iterator<Item = Address> + '_ {
        let peers = (1..).zip(&self.peers);
        let suspected = |peer: &Option<Peer>| peer.as_ref().is_some_and(|peer| peer.suspected);
        peers.filter(move |(_, peer)| suspected(peer)).map(|(node, _)| Address::Node(node))
    }
}

impl PhiAccrual {
    /// Sets up a cluster.
    pub fn new(nodes: u16, spec: PhiSpec) -> PhiAccrual {
        assert!(nodes > 0, "a cluster has at least one node");
        PhiAccrual { nodes, spec }
    }

    /// Says that it lives, to all who watch.
    fn beat(&self, state: &mut State, out: &mut Outbox<PhiAccrual>) {
        state.last.number += 1;
        for node in (1..=self.nodes).filter(|node| *node != state.me) {
            if self.spec.watches(Address::Node(node)) {
                out.send(Address::Node(node), state.last);
            }
        }
        out.arm(Timer::Beat, self.spec.heartbeat.0.clone());
    }

    /// Looks at all peers. Who uses a detector asks it now and then, not only when a silence should
    /// be long enough: so a clock that was set shows at once.
    fn look_around(&self, state: &mut State, out: &mut Outbox<PhiAccrual>) {
        out.arm(Timer::Look, self.spec.look..=self.spec.look);
        for node in 1..=self.nodes {
            self.look(state, node, out);
        }
    }

    /// Takes a heartbeat in: the silence ends, and its length is learnt.
    fn heard(&self, state: &mut State, from: u16, beat: Heartbeat, out: &mut Outbox<PhiAccrual>) {
        let Some(Some(peer)) = state.peers.get_mut(usize::from(from) - 1) else { return };
        let known = peer.last.filter(|last| last.life == beat.life);
        if known.is_some_and(|last| beat.number <= last.number) {
            return; // It came twice, or was overtaken: it says nothing new.
        }
        // The silence before a peer's first word, or while it was down, says nothing of its pace.
        if known.is_some() {
            let interval = peer.heard.elapsed(out, self.spec.monotonic_clock);
            peer.window.push(interval, self.spec.window);
        }
        (peer.last, peer.heard, peer.level) = (Some(beat), Reading::now(out), Level::default());
        if std::mem::take(&mut peer.suspected) {
            out.note(Note::Trusts(Address::Node(from)));
        }
        let patience = self.spec.judge().patience(&peer.window).max(Span(1));
        out.arm(Timer::Silence(from), patience..=patience);
    }

    /// Asks how suspicious a peer's silence is by now, and says where that changes the belief.
    fn look(&self, state: &mut State, node: u16, out: &mut Outbox<PhiAccrual>) {
        let Some(Some(peer)) = state.peers.get_mut(usize::from(node) - 1) else { return };
        let judge = self.spec.judge();
        let silence = peer.heard.elapsed(out, self.spec.monotonic_clock);
        peer.level = judge.level(silence, &peer.window);
        let suspected = judge.suspects(silence, &peer.window);
        let was = std::mem::replace(&mut peer.suspected, suspected);
        let about = Address::Node(node);
        match (was, suspected) {
            (false, true) => {
                out.note(Note::Suspects(about));
                out.disarm(Timer::Silence(node));
            }
            (true, false) => out.note(Note::Trusts(about)),
            _ => {}
        }
    }

    /// Looks at a peer whose silence should be long enough, and waits on where a clock says that it
    /// is not.
    fn silent(&self, state: &mut State, node: u16, out: &mut Outbox<PhiAccrual>) {
        self.look(state, node, out);
        let Some(peer) = state.peer(node).filter(|peer| !peer.suspected) else { return };
        let silence = peer.heard.elapsed(out, self.spec.monotonic_clock);
        let rest = (self.spec.judge().patience(&peer.window) - silence).max(Span(1));
        out.arm(Timer::Silence(node), rest..=rest);
    }
}

impl Protocol for PhiAccrual {
    type Msg = Heartbeat;
    type Timer = Timer;
    type State = State;
    type Stable = ();
    type Delta = ();

    fn boot(&self, me: Address, _: Option<&()>, out: &mut Outbox<PhiAccrual>) -> State {
        let number = me.node().expect("only members of the cluster run the protocol");
        let watches = self.spec.watches(me);
        let role = if watches { Role::Member } else { Role::Participant };
        out.note(Note::Role { role, epoch: 0 });
        // Anywhere in the first interval, so that nodes do not march in step.
        out.arm(Timer::Beat, Span(1)..=*self.spec.heartbeat.0.end());
        if watches {
            out.arm(Timer::Look, self.spec.look..=self.spec.look);
        }
        let peer = Peer {
            window: Window::expecting(self.spec.expected()),
            heard: Reading::now(out),
            last: None,
            level: Level::default(),
            suspected: false,
        };
        let patience = self.spec.judge().patience(&peer.window).max(Span(1));
        let watch = |node: u16| {
            let its = watches && node != number;
            if its {
                out.arm(Timer::Silence(node), patience..=patience);
            }
            its.then(|| peer.clone())
        };
        let peers = (1..=self.nodes).map(watch).collect();
        let last = Heartbeat { number: 0, life: out.now().0 };
        State { me: number, last, peers, store: OrdMap::new() }
    }

    fn step(&self, state: &mut State, event: Event<PhiAccrual>, out: &mut Outbox<PhiAccrual>) {
        match event {
            Event::Deliver { from: Address::Node(from), msg } if from > 0 => {
                self.heard(state, from, msg, out);
            }
            Event::Timeout(Timer::Beat) => self.beat(state, out),
            Event::Timeout(Timer::Look) => self.look_around(state, out),
            Event::Timeout(Timer::Silence(node)) => self.silent(state, node, out),
            Event::Request { call, op } => {
                let outcome = PhiAccrual::serve(state, op);
                out.answer(call, outcome);
            }
            Event::Deliver { .. } | Event::Saved(_) => {}
        }
    }

    fn persist((): &mut (), (): &()) {}

    fn glance(&self, state: &State) -> Glance {
        let watches = self.spec.watches(Address::Node(state.me));
        let role = if watches { Role::Member } else { Role::Participant };
        Glance { role, ..Glance::default() }
    }

    fn report(&self, state: &State, _: usize) -> Report {
        self.in_full(state)
    }

    fn describe(msg: &Heartbeat) -> Detail {
        Detail::new(&HEARTBEAT, [msg.number, msg.life, 0, 0])
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Beat => TimerKind { name: "heartbeat", awaits: false },
            Timer::Look => TimerKind { name: "look", awaits: false },
            Timer::Silence(_) => TimerKind { name: "silence", awaits: true },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        let known = switch == "monotonic_clock";
        if known {
            self.spec.monotonic_clock = on;
        }
        known
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        vec![("monotonic_clock", self.spec.monotonic_clock)]
    }

    /// A heartbeat says little, so there is little to lie about: that it is of another life, from
    /// whose silences nobody learns, or of a far later time, so that true ones seem old.
    fn forge(&self, _: &State, msg: &Heartbeat, _: Address, liar: &Liar) -> Option<Heartbeat> {
        match liar.tells() {
            Untruth::Denial => Some(Heartbeat { life: !msg.life, ..*msg }),
            Untruth::Value => {
                Some(Heartbeat { number: msg.number.saturating_add(1 << 32), ..*msg })
            }
            Untruth::Contrary => None,
        }
    }

    fn flip(what: Flip<'_, PhiAccrual>, bit: u64) -> bool {
        match what {
            Flip::Msg(beat) => {
                beat.number ^= 1 << (bit % 32);
                true
            }
            Flip::State(state) => {
                let watched: Vec<&mut Peer> = state.peers.iter_mut().flatten().collect();
                let count = watched.len().max(1) as u64;
                let peer = watched.into_iter().nth((bit / 64 % count) as usize);
                peer.is_some_and(|peer| peer.window.flip(bit))
            }
            Flip::Stable(()) => false,
        }
    }
}
