//! Gossip: a store that every node holds, and news of it that spreads as a rumour does.
//!
//! Here: rumour mongering and anti-entropy as they were published (Demers and eight others,
//! "Epidemic algorithms for replicated database maintenance", PODC 1987), with the variants of its
//! tables and with death certificates. A § is of that paper. Absent on purpose: direct mail (§1.2),
//! dormant death certificates (§2.1), networks in which some are nearer than others (§3), and any
//! agreement: there is no leader, no quorum, and no order but that of versions. To add a variant: a
//! setting in `GossipSpec` and its rule in the file of its concern.
//!
//! | file | concern |
//! |---|---|
//! | `message.rs` | what is said |
//! | `state.rs` | what is kept: items, rumours, certificates |
//! | `step.rs` | what all rules share: versions, merging, calls |
//! | `rumour.rs` | rumour mongering: who is told what, and when one loses interest |
//! | `anti_entropy.rs` | comparing whole stores |
//! | `lies.rs` | what a liar says, and what a flipped bit does |
//! | `report.rs` | what a node says of itself |
//!
//! # The problem
//!
//! Many copies of one store shall become alike, though any node takes writes and nobody knows who
//! is up. Each update has a version: a stamp of the clock of who took it, and its name. Of two
//! values of one key the one with the higher version stays, at every node, in whatever order they
//! come. So all that is left to do is to let everybody hear of every update.
//!
//! # Two ways to spread
//!
//! *Anti-entropy* (§1.3): now and then a node picks another at random, and the two compare their
//! stores and settle every difference. It forgets nobody: as long as each can reach each now and
//! then, everybody hears of everything, with certainty. It is dear, since it compares everything.
//!
//! *Rumour mongering* (§1.4): a node that hears something new finds it hot and tells it to others
//! picked at random, until it has told it too often to those who knew. It is cheap and fast, and
//! stops early: some never hear. What share is left out, the residue `s`, falls with the traffic
//! `m`, the tellings for each node, about as `s = e^-m` for every way of pushing.
//!
//! So one uses both: rumours for speed, and rare anti-entropy as what stands behind them (§1.5).
//!
//! # Variants of rumours
//!
//! Who tells (`rumour`): by *push* one tells what is hot; by *pull* one asks what is hot; or both.
//! When interest is lost: *with feedback* one counts only those who knew already, *blind* one
//! counts each telling; with a *counter* it is lost after `k` of them, with a *coin* at each of
//! them with chance 1/k.
//!
//! What "knew already" means decides the numbers. The tables of the paper come out exactly where
//! all act in cycles, one who hears a rumour for the first time in this cycle thanks everybody who
//! tells it within the cycle, and a useful telling sets the counter back to zero. Where one who
//! has just heard it already says "I knew", and the counter is never set back, what comes out is
//! the paper's differential equation, `s = e^-(k+1)(1-s)`. The settings `synchronous` and `reset`
//! choose.
//!
//! # Deletes
//!
//! A delete that only removes the item does not last: the next node that still holds the item
//! brings it back, for to anti-entropy the item is news. So a delete is itself an update, a *death
//! certificate*, which spreads as any other and wins by its version (§2). It cannot be kept for
//! ever; and where it is let go before the last old copy is gone, the item rises again.
//!
//! # What it does not bear
//!
//! Nobody asks whether an update is true. One that somebody made up, or in which a bit has flipped,
//! spreads as fast as a good one, and the higher version wins. With the switch `update_signatures`
//! each update carries the signature of the client that asked for it, and who finds that it says
//! another thing than what was signed drops it.

mod anti_entropy;
mod lies;
mod message;
mod report;
mod rumour;
mod state;
mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Entry as Listed, ProtocolSpec, Wrong};
use crate::sim::{
    Address, Detail, Event, Flip, Glance, Liar, Note, Outbox, Protocol, Report, Role, Span,
    TimerKind, Words,
};

pub use message::{
    ASK, Batch, COMPARE, Claim, FEEDBACK, Line, Message, RUMOURS, UPDATES, Update, Version,
};
pub use state::{Delta, Hot, Item, Stable, State};

use step::Step;

/// How many updates one message carries at most.
pub const UPDATES_MAX: usize = 64;
/// How many keys one comparison covers at most; a larger store is compared piece by piece.
pub const LINES_MAX: usize = 128;
/// How many rumours may be hot at one node; one that comes when there are more is not spread as a
/// rumour, and is left to anti-entropy.
pub const HOT_MAX: usize = 256;
/// How long a death certificate may be kept at most: an hour, as long as a run.
pub const CERTIFICATE_MAX: Span = Span::secs(3_600);

/// Who tells whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Way {
    /// Who has news tells it.
    Push,
    /// Who wants news asks for it.
    Pull,
    /// Both at once.
    PushPull,
}

impl Way {
    /// Returns whether the one who calls tells.
    pub const fn pushes(self) -> bool {
        matches!(self, Way::Push | Way::PushPull)
    }

    /// Returns whether the one who calls asks.
    pub const fn pulls(self) -> bool {
        matches!(self, Way::Pull | Way::PushPull)
    }

    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Way::Push => "push",
            Way::Pull => "pull",
            Way::PushPull => "push-pull",
        }
    }
}

/// How a group of gossiping nodes is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a reader turns by name")]
pub struct GossipSpec {
    /// Whether news is spread as rumours (§1.4).
    pub rumours: bool,
    /// How rumours are spread.
    pub rumour: Way,
    /// Whether only those who knew already count, 1 to 100 of them; else each telling counts.
    pub feedback: bool,
    /// Whether interest is lost after `k` of them; else at each with chance 1/k.
    pub counter: bool,
    /// How soon interest is lost, 1 to 100.
    pub k: u16,
    /// How often a node tells a rumour, or asks for one.
    pub period: Span,
    /// Whether a useful telling sets the counter back.
    pub reset: bool,
    /// Whether whole stores are compared (§1.3).
    pub anti_entropy: bool,
    /// How stores are compared.
    pub exchange: Way,
    /// How often a node compares its store with another's.
    pub exchange_period: Span,
    /// Whether all act in the same cycles, and news that came within a cycle counts as unknown
    /// until its end: what the paper's tables assume. Else each node has a phase of its own.
    pub synchronous: bool,
    /// Whether a delete leaves a death certificate (§2).
    pub death_certificates: bool,
    /// How long a death certificate is kept.
    pub certificate_life: Span,
    /// Whether updates carry the signature of the client that asked for them.
    pub update_signatures: bool,
}

impl Default for GossipSpec {
    fn default() -> GossipSpec {
        GossipSpec {
            rumours: true,
            rumour: Way::Push,
            feedback: true,
            counter: true,
            k: 2,
            period: Span::millis(100),
            reset: true,
            anti_entropy: true,
            exchange: Way::PushPull,
            exchange_period: Span::millis(500),
            synchronous: false,
            death_certificates: true,
            certificate_life: Span::secs(300),
            update_signatures: false,
        }
    }
}

impl GossipSpec {
    /// Checks the settings.
    ///
    /// # Errors
    /// Where a setting says what cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        super::within("k", u64::from(self.k), 1..=100)?;
        super::timer("period", self.period)?;
        super::timer("exchange_period", self.exchange_period)?;
        let life = self.certificate_life;
        if (super::TIMER_MIN..=CERTIFICATE_MAX).contains(&life) {
            return Ok(());
        }
        let message = format!("`{life}` is out of range");
        let expected = format!("a duration from {} to {CERTIFICATE_MAX}", super::TIMER_MIN);
        Err(Wrong { field: "certificate_life", message, expected })
    }
}

/// Its line in the catalogue.
pub static ENTRY: Listed = Listed {
    name: "gossip",
    also: &["epidemic", "anti-entropy"],
    title: "copies of a store that become alike by telling each other at random",
    bears: "crashes, omissions, delays and partitions that end: whoever can be reached hears of \
            every update in the end, as long as anti-entropy stands behind the rumours",
    breaks: "rumours alone leave some out; a cut that never heals keeps its sides apart; a false \
             update with a higher version wins everywhere; a delete without a death certificate \
             does not last",
    ordinary: "A client writes to any node. Who has news tells it to others at random, until \
               every node has it.",
    words: Words::NONE,
    source: "Demers, Greene, Hauser, Irish, Larson, Shenker, Sturgis, Swinehart and Terry, \
             PODC 1987",
    nodes: 1..=1_000,
    judged: &["integrity", "resurrection", "available", "on time", "eventual delivery"],
    messages: &[&RUMOURS, &ASK, &FEEDBACK, &COMPARE, &UPDATES],
    make: || ProtocolSpec::Gossip(GossipSpec::default()),
};

/// A group of gossiping nodes: `n1` up to as many as there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gossip {
    /// How many nodes there are, at least one.
    pub nodes: u16,
    /// How they are set up.
    pub spec: GossipSpec,
}

/// A node's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// It is time to tell what is hot, or to ask for it.
    Rumour,
    /// It is time to compare stores.
    Exchange,
}

impl Gossip {
    /// Sets up a group.
    pub fn new(nodes: u16, spec: GossipSpec) -> Gossip {
        assert!(nodes > 0, "a group has at least one node");
        Gossip { nodes, spec }
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "rumours" => Some(&mut self.spec.rumours),
            "feedback" => Some(&mut self.spec.feedback),
            "counter" => Some(&mut self.spec.counter),
            "anti_entropy" => Some(&mut self.spec.anti_entropy),
            "death_certificates" => Some(&mut self.spec.death_certificates),
            "update_signatures" => Some(&mut self.spec.update_signatures),
            _ => None,
        }
    }
}

impl Protocol for Gossip {
    type Msg = Message;
    type Timer = Timer;
    type State = State;
    type Stable = Stable;
    type Delta = Delta;

    fn boot(&self, me: Address, disk: Option<&Stable>, out: &mut Outbox<Gossip>) -> State {
        let me = me.node().expect("only members of the group run the protocol");
        let longest = self.spec.period.max(self.spec.exchange_period).0;
        let phase = if self.spec.synchronous { 0 } else { out.draw(&(0..=longest - 1)) };
        let state = State::new(me, phase, disk.cloned().unwrap_or_default());
        if disk.is_some() {
            // What was hot is forgotten in a crash; what was stored is not.
            out.note(Note::Found(state.items.iter().map(|(key, item)| item.held(*key)).collect()));
        }
        out.note(Note::Role { role: Role::Listener, epoch: 0 });
        let mut state = state;
        let mut step = Step::new(self, &mut state, out);
        step.arm_exchange();
        step.arm_rumour();
        state
    }

    fn step(&self, state: &mut State, event: Event<Gossip>, out: &mut Outbox<Gossip>) {
        Step::new(self, state, out).take(event);
    }

    fn persist(stable: &mut Stable, delta: &Delta) {
        delta.persist(stable);
    }

    fn glance(&self, state: &State) -> Glance {
        Gossip::in_brief(state)
    }

    fn report(&self, state: &State, rows: usize) -> Report {
        self.in_full(state, rows)
    }

    fn describe(msg: &Message) -> Detail {
        msg.detail()
    }

    fn timer(timer: &Timer) -> TimerKind {
        match timer {
            Timer::Rumour => TimerKind { name: "rumour", awaits: false },
            Timer::Exchange => TimerKind { name: "exchange", awaits: false },
        }
    }

    fn set(&mut self, switch: &str, on: bool) -> bool {
        self.switch(switch).map(|place| *place = on).is_some()
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        let spec = &self.spec;
        vec![
            ("rumours", spec.rumours),
            ("feedback", spec.feedback),
            ("counter", spec.counter),
            ("anti_entropy", spec.anti_entropy),
            ("death_certificates", spec.death_certificates),
            ("update_signatures", spec.update_signatures),
        ]
    }

    fn forge(&self, state: &State, msg: &Message, _to: Address, liar: &Liar) -> Option<Message> {
        lies::forge(state, msg, liar)
    }

    fn flip(what: Flip<'_, Gossip>, bit: u64) -> bool {
        lies::flip(what, bit)
    }
}
