//! SWIM: who is in the group and who has failed, at a cost for each member that does not grow with
//! the group.
//!
//! Here: SWIM as it was published (Das, Gupta and Motivala, "SWIM: scalable weakly-consistent
//! infection-style process group membership protocol", DSN 2002): probing at random, probing
//! through others, suspicion with incarnations, and news that rides on probes. Absent on purpose:
//! joining by a newcomer (all names are known from the start), and anything that is stored. To add
//! a rule: the file of its concern below.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said |
//! | `state.rs` | what is kept: who is not simply alive, news to tell, the order of probing |
//! | `step.rs` | one step: periods, probes and answers |
//! | `belief.rs` | which claim about a member overrides which, and what is told |
//! | `lies.rs` | what a liar says, and what a flipped bit does |
//! | `report.rs` | what a member says of itself |
//!
//! # Two parts
//!
//! A *failure detector* finds out who has failed, and *dissemination* tells the others. Where
//! everybody sends heartbeats to everybody, the load of each member grows with the group. Here each
//! member probes one other in each period, and what it has to tell rides on the probes.
//!
//! # Probing
//!
//! Once a period a member picks another and pings it. If no ack comes in time, it asks `helpers`
//! others to ping it too, so that one bad link, or one lost message, accuses nobody. If no ack has
//! come by the end of the period, the member counts as failed. Somebody who has crashed is probed
//! by some other member within e/(e-1) periods on average, however large the group is.
//!
//! Who is next: at random, or `round_robin` through a list that is shuffled anew after each round:
//! then nobody waits longer than two rounds, where by chance somebody may wait for ever.
//!
//! # Suspicion
//!
//! A slow member must not be buried at once. So who does not answer is *suspected* first, and
//! everybody is told; the suspect, when it hears of it, says that it lives, under a higher
//! *incarnation* number, which only it may raise. If that does not come within the time of
//! suspicion, the suspect is declared dead. A claim with a higher incarnation overrides one with a
//! lower; with the same one, suspicion overrides life and death overrides both.
//!
//! In the paper death is final: who comes back joins under a new name. Names are given here, so
//! who comes back, or was buried alive, may outbid its death with a higher incarnation; and so that
//! it hears of its death at all, now and then a dead member is pinged too (`reconnect`).
//!
//! # Dissemination
//!
//! Each ping and ack carries a few pieces of news, those first that were told least often, and
//! each piece is told λ·log n times, which is enough for all to hear of it with high probability.
//!
//! # What it does not bear
//!
//! A member that is frozen for longer than the suspicion lasts is buried alive: suspicion makes
//! that rarer and cannot rule it out. And everybody believes what is said of others: who claims a
//! death with an incarnation that cannot be outbid evicts whom it likes. With the switch
//! `incarnation_signatures`, an incarnation counts only with its owner's signature, and hearsay of
//! a death makes a suspect, no more.

mod belief;
mod lies;
mod message;
mod report;
mod state;
mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Detail, Event, Flip, Glance, Liar, Outbox, Protocol, Report, Span, TimerKind, Words,
};

pub use message::{ACK, Body, Claim, Health, Message, News, PING, PING_REQUEST};
pub use state::{Delta, Member, Probe, Stable, State};

use step::Step;

/// How many pieces of news one message carries at most.
pub const NEWS_MAX: usize = 6;
/// After how many periods on average a dead member is pinged again, in case it lives.
pub const RECONNECT_PERIODS: u64 = 4;

/// How a group is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct SwimSpec {
    /// How often each member probes another; at least three times `ping_timeout`.
    pub period: Span,
    /// How long a ping waits for its ack before others are asked for help: about a round trip.
    pub ping_timeout: Span,
    /// How many others are asked for help, 0 to 20.
    pub helpers: u16,
    /// Whether who does not answer is suspected before it is declared dead.
    pub suspicion: bool,
    /// How long a suspicion lasts: so many times log2 of the group, in periods, 1 to 100.
    pub suspicion_rounds: u16,
    /// How often a piece of news is told: λ times log2 of the group, 1 to 20.
    pub lambda: u16,
    /// Whether members are probed in the order of a shuffled list; else each at random.
    pub round_robin: bool,
    /// Whether dead members are pinged now and then, so that one who lives hears of its death.
    pub reconnect: bool,
    /// Whether all act at the same beat; else each has a phase of its own.
    pub synchronous: bool,
    /// Whether an incarnation counts only with its owner's signature, and hearsay buries nobody.
    pub incarnation_signatures: bool,
}

impl Default for SwimSpec {
    fn default() -> SwimSpec {
        SwimSpec {
            period: Span::millis(200),
            ping_timeout: Span::millis(50),
            helpers: 3,
            suspicion: true,
            suspicion_rounds: 3,
            lambda: 3,
            round_robin: true,
            reconnect: true,
            synchronous: false,
            incarnation_signatures: false,
        }
    }
}

impl SwimSpec {
    /// Checks the settings. A period has room for a direct probe and for one through others.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::timer("period", self.period)?;
        super::timer("ping_timeout", self.ping_timeout)?;
        super::within("helpers", u64::from(self.helpers), 0..=20)?;
        super::within("suspicion_rounds", u64::from(self.suspicion_rounds), 1..=100)?;
        super::within("lambda", u64::from(self.lambda), 1..=20)?;
        if self.period.0 >= self.ping_timeout.0 * 3 {
            return Ok(());
        }
        let message = format!("the period `{}` leaves no room for a second probe", self.period);
        let expected = format!("at least three times the ping timeout, {}", self.ping_timeout);
        Err(Wrong { field: "period", message, expected })
    }
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "swim",
    also: &["membership"],
    title: "who is in the group and who has failed, found by probing at random and told as gossip",
    bears: "crashes and lost messages; slow members and bad links, as long as they answer before \
            a suspicion runs out",
    breaks: "a member that is frozen or cut off for longer than that is declared dead though it \
             lives; a lie about another's incarnation evicts whom it likes",
    ordinary: "Each node probes another at random. Who answers nobody is suspected, and at last \
               declared dead.",
    words: Words { epoch: "incarnation", ..Words::NONE },
    source: "Das, Gupta and Motivala, DSN 2002",
    nodes: 1..=1_000,
    judged: &["false suspicion", "accuracy", "completeness"],
    messages: &[&PING, &PING_REQUEST, &ACK],
    make: || ProtocolSpec::Swim(SwimSpec::default()),
};

/// A group of members: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Swim {
    /// How many members there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: SwimSpec,
}

/// A member's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A period begins, and the probe of the last one is over.
    Period,
    /// The ack of a direct ping did not come in time.
    Ack,
}

impl Swim {
    /// Sets up a group.
    pub fn new(nodes: u16, spec: SwimSpec) -> Swim {
        assert!(nodes > 0, "a group has at least one member");
        Swim { nodes, spec }
    }

    /// Returns log2 of the group, rounded up, at least 1.
    pub fn log(&self) -> u64 {
        u64::from((self.nodes - 1).checked_ilog2().map_or(1, |log| log + 1))
    }

    /// Returns for how many periods a suspicion lasts.
    pub fn patience(&self) -> u64 {
        u64::from(self.spec.suspicion_rounds) * self.log()
    }

    /// Returns how often a piece of news is told.
    pub fn tellings(&self) -> u16 {
        self.spec.lambda * self.log() as u16
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "suspicion" => Some(&mut self.spec.suspicion),
            "round_robin" => Some(&mut self.spec.round_robin),
            "reconnect" => Some(&mut self.spec.reconnect),
            "incarnation_signatures" => Some(&mut self.spec.incarnation_signatures),
            _ => None,
        }
    }
}

impl Protocol for Swim {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Swim>) -> State {
        let me = me.node().expect("only members of the group run the protocol");
        let mut state = State::new(me);
        Step::new(self, &mut state, out).boot(disk);
        state
    }

    fn step(&self, state: &mut State, event: Event<Swim>, out: &mut Outbox<Swim>) {
        Step::new(self, state, out).take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        stable.incarnation = delta.incarnation;
    }

    fn glance(&self, state: &State) -> Glance {
        self.in_brief(state)
    }

    fn report(&self, state: &State, _rows: usize) -> Report {
        self.in_full(state)
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Period => TimerKind { name: "period", awaits: true },
            Timer::Ack => TimerKind { name: "ack timeout", awaits: true },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("suspicion", spec.suspicion),
            ("round_robin", spec.round_robin),
            ("reconnect", spec.reconnect),
            ("incarnation_signatures", spec.incarnation_signatures),
        ]
    }

    fn forge(&self, state: &State, msg: &Message, to: Address, liar: &Liar) -> Option<Message> {
        lies::forge(self, state, msg, to, liar)
    }

    fn flip(what: Flip<'_, Swim>, bit: u64) -> bool {
        lies::flip(what, bit)
    }
}
