//! Byzantine generals: a commander's order, and lieutenants of whom some may be traitors.
//!
//! Here: the two algorithms of Lamport, Shostak and Pease ("The Byzantine Generals Problem", ACM
//! TOPLAS 4(3), 1982; the bound goes back to their "Reaching agreement in the presence of faults",
//! JACM 27(2), 1980): OM(m) with oral messages, and SM(m) with signed ones. Absent on purpose:
//! asynchrony (a message that is late counts as one that was not sent), and any log: each order is
//! a problem of its own. To add a variant: its message, and its arm where slots are heard.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said |
//! | `hearing.rs` | what a lieutenant was told of one order, and what it makes of it |
//! | `step.rs` | giving orders, passing them on, rounds |
//!
//! # The problem
//!
//! A commander sends an order to n − 1 lieutenants. Traitors, the commander maybe among them, may
//! say anything to anybody, and something else to somebody else. Wanted is
//!
//! - IC1: all loyal lieutenants obey the same order;
//! - IC2: if the commander is loyal, every loyal lieutenant obeys the order that he sends.
//!
//! With three generals and one traitor there is no way. A lieutenant that hears "attack" from the
//! commander and "he told me to retreat" from the other cannot tell which of the two lies; whatever
//! rule it follows, there is a run in which it is the wrong one. So it goes for any number up to
//! three times the traitors. What it takes is n > 3m.
//!
//! # Oral messages: OM(m)
//!
//! It is assumed that what is sent arrives, that the receiver knows who sent it, and that silence
//! can be noticed: that there is a bound on delay. OM(0): each lieutenant takes what the commander
//! says. OM(m): each lieutenant passes on what it was told by acting as the commander of OM(m − 1)
//! toward all who have not had that message yet; then it takes the majority of what it was told and
//! of what it believes that each other one was told. Without a majority, or where nothing came, it
//! is "retreat".
//!
//! Unfolded, a message carries its path: "n4 says that n2 says that the commander says". The number
//! of messages is (n−1) + (n−1)(n−2) + … of m + 1 terms: 9 for (n, m) = (4, 1), 156 for (7, 2),
//! 3,609 for (10, 3).
//!
//! Silence is passed on as silence: a lieutenant that was told nothing sends nothing, and to its
//! peers a report that is missing counts as "retreat", just as if it had been said.
//!
//! # Signed messages: SM(m)
//!
//! With signatures that nobody can forge, a traitor cannot say that the commander said what he did
//! not. A lieutenant collects the orders that bear the commander's signature, and passes each new
//! one on with its own signature under it, for m + 1 rounds. If it has one order in the end it
//! obeys it; if it has two, the commander is a traitor, and all who are loyal have the same two.
//! This bears any number of traitors.
//!
//! # What stands for what
//!
//! A client's write is an order, and "retreat" is not to write. The commander takes the order to
//! be obeyed when its rounds are over. A general that was down has missed words that others heard:
//! it sits out whatever it hears of until a whole set of rounds has passed.

mod hearing;
mod message;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{Entry, ProtocolSpec, Wrong};
use crate::sim::time::SpanRange;
use crate::sim::{
    Address, CallId, Detail, Enumerable, Event, Flip, Glance, Liar, LogRow, Note, Outbox, Protocol,
    Report, Role, TimerKind, Untruth, Words,
};

pub use hearing::{Hearing, majority};
pub use message::{Message, ORDER, Order, Path, REPORT, SIGNED_ORDER, SIGNED_REPORT};

use step::Step;

/// How many orders a commander has under way at once; more wait for their turn.
pub const OPEN_MAX: usize = 16;
/// How many orders wait for their turn; the client tries again.
pub const WAITING_MAX: usize = 1_024;
/// How many orders a lieutenant hears of at once: traitors may make them up.
pub const HEARD_MAX: usize = 256;
/// How many past orders are remembered one by one; of older ones nothing is heard any more.
pub const DONE_MAX: usize = 4_096;
/// How many answered calls the commander remembers, so that one that is tried again is not ordered
/// again.
pub const ANSWERED_MAX: usize = 1_024;
/// How many messages one order may take: more would stop the world.
pub const MESSAGES_MAX: u64 = 200_000;
/// How many rows of what was told the inspector shows.
const TOLD_LISTED: usize = 9;

/// How the generals talk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneralsSpec {
    /// Who commands.
    pub commander: Address,
    /// How many traitors it is made for: m. As many as n > 3m allows where it is not given.
    pub depth: Option<u16>,
    /// Whether orders are signed: SM(m) in the place of OM(m).
    pub signatures: bool,
    /// How long a round lasts: longer than a message takes, twice.
    pub round: SpanRange,
}

impl Default for GeneralsSpec {
    fn default() -> GeneralsSpec {
        GeneralsSpec {
            commander: Address::Node(1),
            depth: None,
            signatures: false,
            round: SpanRange::millis(30, 30),
        }
    }
}

/// Its line in the catalogue.
pub static ENTRY: Entry = Entry {
    name: "generals",
    also: &["byzantine-generals", "om"],
    title: "an order that all loyal lieutenants obey alike, whoever lies",
    bears: "m traitors among more than 3m generals; any number where orders are signed",
    breaks: "a third of traitors; a message that is late, since silence counts as an order",
    ordinary: "The commander orders, the lieutenants tell each other what they heard, and then \
               the loyal shall obey alike.",
    words: Words {
        length: "orders",
        decided: "obeyed",
        settles: "obeys order #",
        roles: &[(Role::Coordinator, "commander"), (Role::Participant, "lieutenant")],
        ..Words::NONE
    },
    source: "Lamport, Shostak and Pease, ACM TOPLAS 4(3), 1982",
    nodes: 2..=16,
    judged: &["IC1", "IC2", "validity", "available", "on time", "progress"],
    messages: &[&ORDER, &REPORT, &SIGNED_ORDER, &SIGNED_REPORT],
    make: || ProtocolSpec::Generals(GeneralsSpec::default()),
};

impl GeneralsSpec {
    /// Checks the settings against the number of generals.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self, nodes: u16) -> Result<(), Wrong> {
        super::timers("round", &self.round)?;
        if self.commander.node().is_none_or(|node| node > nodes) {
            let message = format!("`{}` cannot command", self.commander);
            let expected = format!("a node from n1 to n{nodes}");
            return Err(Wrong { field: "commander", message, expected });
        }
        let depth = self.depth_for(nodes);
        let sent = messages(nodes, depth);
        if depth < nodes && sent <= MESSAGES_MAX {
            return Ok(());
        }
        let message =
            format!("with {nodes} generals, `{depth}` rounds of reports are out of range");
        let fits = |depth: &u16| messages(nodes, *depth) <= MESSAGES_MAX;
        let most = (0..nodes).rev().find(fits).unwrap_or(0);
        let expected = format!("at most {most}: an order takes up to {MESSAGES_MAX} messages");
        Err(Wrong { field: "depth", message, expected })
    }

    /// Returns m for a number of generals.
    pub fn depth_for(&self, nodes: u16) -> u16 {
        self.depth.unwrap_or(nodes.saturating_sub(1) / 3)
    }
}

/// Returns how many messages OM(m) takes with so many generals.
pub fn messages(nodes: u16, depth: u16) -> u64 {
    let mut of_round: u64 = 1;
    (0..=depth).fold(0, |sum: u64, hops| {
        let audience = u64::from(nodes).saturating_sub(1 + u64::from(hops));
        of_round = of_round.saturating_mul(audience);
        sum.saturating_add(of_round)
    })
}

/// An army: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generals {
    /// How many generals there are, the commander among them.
    pub nodes: u16,
    /// How they talk.
    pub spec: GeneralsSpec,
}

/// A general's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A round of this order is over.
    Round(u64),
    /// All rounds of an order that was begun before this general came back are over.
    Rejoin,
}

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stable {
    /// The last order that was begun, from 1 (commander).
    begun: u64,
}

/// A change to what is stable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Delta {
    /// It has lived.
    Lived,
    /// This order was begun.
    Begun(u64),
}

/// An order under way, at the commander.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Given {
    call: CallId,
    order: Order,
    round: u16,
}

/// A general.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    me: u16,
    // Commanding.
    begun: u64,
    given: BTreeMap<u64, Given>,
    waiting: VecDeque<(CallId, Order)>,
    answered: VecDeque<u64>,
    // Obeying.
    hearings: BTreeMap<u64, Hearing>,
    done: BTreeSet<u64>,
    done_up_to: u64,
    /// Whether it was down, and has to sit out what it hears of.
    sits_out: bool,
    // What was obeyed.
    store: OrdMap<u64, u64>,
    obeyed: u64,
    last: VecDeque<LogLine>,
}

/// One of the last orders: which, and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LogLine {
    slot: u64,
    order: Option<Order>,
}

impl State {
    /// Returns what a lieutenant was told of an order that is not decided yet.
    pub fn hearing(&self, slot: u64) -> Option<&Hearing> {
        self.hearings.get(&slot)
    }
}

impl Generals {
    /// Sets up an army.
    pub fn new(nodes: u16, spec: GeneralsSpec) -> Generals {
        assert!(nodes > 0, "an army has at least one general");
        Generals { nodes, spec }
    }

    /// Returns m.
    pub fn depth(&self) -> u16 {
        self.spec.depth_for(self.nodes)
    }

    /// Returns the number of the commander.
    fn commander(&self) -> u16 {
        self.spec.commander.node().unwrap_or(1)
    }

    fn role(&self, me: u16) -> Role {
        if me == self.commander() { Role::Coordinator } else { Role::Participant }
    }
}

impl Protocol for Generals {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Generals>) -> State {
        let me = me.node().expect("only members of the cluster run the protocol");
        out.note(Note::Role { role: self.role(me), epoch: 0 });
        // Orders that were begun and not on the disk are among those that were under way: their
        // numbers are not given again.
        let begun = disk.map_or(0, |disk| disk.begun + OPEN_MAX as u64);
        if disk.is_none() {
            out.save(Delta::Lived);
        }
        let state = State {
            me,
            begun,
            given: BTreeMap::new(),
            waiting: VecDeque::new(),
            answered: VecDeque::new(),
            hearings: BTreeMap::new(),
            done: BTreeSet::new(),
            done_up_to: 0,
            sits_out: disk.is_some() && me != self.commander(),
            store: OrdMap::new(),
            obeyed: 0,
            last: VecDeque::new(),
        };
        if state.sits_out {
            out.arm(Timer::Rejoin, self.all_rounds());
        }
        state
    }

    fn step(&self, state: &mut State, event: Event<Generals>, out: &mut Outbox<Generals>) {
        Step { army: self, s: state, out }.take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        match delta {
            Delta::Lived => {}
            Delta::Begun(slot) => stable.begun = stable.begun.max(*slot),
        }
    }

    fn glance(&self, state: &State) -> Glance {
        let commander = self.commander();
        Glance {
            role: self.role(state.me),
            epoch: 0,
            leader: Some(Address::Node(commander)).filter(|_| state.me != commander),
            length: state.obeyed + (state.given.len() + state.hearings.len()) as u64,
            decided: state.obeyed,
        }
    }

    fn report(&self, state: &State, rows: usize) -> Report {
        let depth = self.depth();
        let algorithm = if self.spec.signatures { "SM" } else { "OM" };
        let mut lines = vec![
            ("algorithm", format!("{algorithm}({depth}) with {} generals", self.nodes)),
            ("bears", self.bears()),
        ];
        if state.me == self.commander() {
            lines.push(("under way", state.given.len().to_string()));
            lines.push(("waiting", state.waiting.len().to_string()));
        }
        if state.sits_out {
            lines.push(("sits out", "what was begun before it came back".to_owned()));
        }
        if let Some((slot, hearing)) = state.hearings.last_key_value() {
            lines.push(("hears of", format!("order {slot}, in round {}", hearing.round)));
            lines.extend(hearing.told_in_words(TOLD_LISTED).map(|text| ("told", text)));
        }
        let skipped = state.last.len().saturating_sub(rows);
        let log = state.last.iter().skip(skipped).map(LogLine::row).collect();
        let store = state.store.iter().map(|(key, value)| (*key, *value)).collect();
        Report { glance: self.glance(state), rows: lines, log, store }
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Round(_) => TimerKind { name: "round", awaits: true },
            Timer::Rejoin => TimerKind { name: "rejoin", awaits: false },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        let known = switch == "signatures";
        if known {
            self.spec.signatures = on;
        }
        known
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        vec![("signatures", self.spec.signatures)]
    }

    /// A traitor gives or reports the contrary order, or one that nobody gave; or it denies that
    /// it was told any.
    fn forge(&self, state: &State, msg: &Message, _: Address, liar: &Liar) -> Option<Message> {
        let truth = msg.order();
        let untrue = match (liar.tells(), truth) {
            (Untruth::Contrary | Untruth::Denial, Some(_)) => None,
            (Untruth::Contrary, None) => Some(state.contrary_to_retreat(msg.slot())?),
            (Untruth::Denial, None) => return None,
            (Untruth::Value, truth) => Some(Order::made_up(truth)),
        };
        msg.saying(untrue, liar)
    }

    fn flip(what: Flip<'_, Generals>, bit: u64) -> bool {
        match what {
            Flip::Msg(msg) => msg.flip(bit),
            Flip::State(state) => {
                let Some((key, _)) = state.store.iter().next() else { return false };
                let key = *key;
                if let Some(value) = state.store.get_mut(&key) {
                    *value ^= 1 << (bit % 32);
                }
                true
            }
            Flip::Stable(_) => false,
        }
    }
}

impl Enumerable for Generals {}

impl Generals {
    fn bears(&self) -> String {
        let depth = self.depth();
        let traitors = if depth == 1 { "traitor" } else { "traitors" };
        if self.spec.signatures || self.nodes > 3 * depth {
            format!("{depth} {traitors}")
        } else {
            format!("fewer than {depth} {traitors}: it would take {} generals", 3 * depth + 1)
        }
    }
}

impl LogLine {
    fn row(&self) -> LogRow {
        let text = self.order.map_or_else(|| "retreat".to_owned(), |order| order.to_string());
        LogRow { slot: self.slot, epoch: 0, text, decided: true }
    }
}
