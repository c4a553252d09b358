//! Settings that are wrong at a node, and the guard that a staged rollout has against them.
//!
//! A change that goes from node to node can be stopped at the first that is found ill after it.
//! The guard sees what an operator's dashboard shows of a node: whether it crashed, how much of
//! what was sent to it or by it was lost, and how many of the calls to it were answered. What does
//! not show in those it does not see.

use super::address::Address;
use super::client::{Client, Outcome};
use super::lever::{FaultId, Lever};
use super::node::{Life, PowerHold};
use super::protocol::Protocol;
use super::queue::Pending;
use super::record::{Because, EventId, Tape};
use super::time::Span;
use super::world::World;

/// What is set wrongly at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// Its timers run so many times as long as they should.
    Timers {
        /// How many times.
        factor: u32,
    },
    /// Its disk keeps writes to itself for so long before they are stable.
    Flush {
        /// How long.
        after: Span,
    },
    /// Its software dies of whatever it takes in; it is started again and dies of the next.
    Poison,
}

/// A hold of a fault on a setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct SettingHold {
    pub fault: FaultId,
    pub pulled: EventId,
    pub setting: Setting,
}

/// How long it takes until a node that died of what it took in is started again.
pub const RESTART: Span = Span::millis(500);

/// What a dashboard counts of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Messages that it took in.
    pub taken: u64,
    /// Messages to it or from it that were lost.
    pub lost: u64,
    /// Calls that came to it.
    pub calls: u64,
    /// Calls that it answered, or sent on to who can.
    pub answered: u64,
}

/// A node that a guarded fault changed, as it was then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    who: Address,
    pulled: EventId,
    incarnation: u32,
    tally: Tally,
}

/// The switch of the guard.
pub const STAGED_ROLLOUT: &str = "staged_rollout";
/// How many messages a dashboard has to have seen to say that they are lost.
const MESSAGES_MIN: u64 = 10;
/// How many calls it has to have seen to say that they are not answered.
const CALLS_MIN: u64 = 5;

impl<P: Protocol, C: Client> World<P, C> {
    /// Returns how long a timer runs where it should run for `wait`.
    pub(super) fn as_set(&self, me: Address, wait: Span) -> Span {
        let settings = self.nodes[me.index()].settings.iter();
        settings.fold(wait, |wait, hold| match hold.setting {
            Setting::Timers { factor } => Span(wait.0.saturating_mul(u64::from(factor))),
            _ => wait,
        })
    }

    /// Returns how long a write takes to be stable where it should take `wait`.
    pub(super) fn flushed_after(&self, me: Address, wait: Span) -> Span {
        let settings = self.nodes[me.index()].settings.iter();
        settings.fold(wait, |wait, hold| match hold.setting {
            Setting::Flush { after } => wait.max(after),
            _ => wait,
        })
    }

    /// Has a node die of what it takes in, where its software does; returns whether it did.
    pub(super) fn dies_of_input(&mut self, me: Address, tape: &mut Tape) -> bool {
        let mut settings = self.nodes[me.index()].settings.iter();
        let Some(hold) = settings.find(|hold| hold.setting == Setting::Poison).copied() else {
            return false;
        };
        let SettingHold { fault, pulled, .. } = hold;
        self.hold_power(me, PowerHold { fault, pulled, life: Life::Down }, tape);
        let incarnation = self.nodes[me.index()].incarnation;
        self.queue.push(self.now + RESTART, Pending::Restart { node: me, fault, incarnation });
        true
    }

    /// Starts a node again that died of what it took in.
    pub(super) fn restart(
        &mut self,
        me: Address,
        fault: FaultId,
        incarnation: u32,
        tape: &mut Tape,
    ) {
        let node = &mut self.nodes[me.index()];
        if node.incarnation != incarnation {
            return; // it is back already
        }
        let Some(place) = node.power.iter().position(|hold| hold.fault == fault) else { return };
        let hold = node.power.remove(place);
        self.count(fault.into());
        self.settle_life(me, hold.pulled, tape);
    }

    /// Turns the guard by its switch's name; returns whether it is that.
    pub(super) fn watch(&mut self, switch: &str, on: bool) -> bool {
        let known = switch == STAGED_ROLLOUT;
        if known {
            self.watches = on;
        }
        known
    }

    /// Counts an answer to a call.
    pub(super) fn tally_answer(&mut self, me: Address, outcome: Outcome) {
        let good = !matches!(outcome, Outcome::Redirect(None) | Outcome::Refused | Outcome::Busy);
        self.nodes[me.index()].tally.answered += u64::from(good);
    }

    /// Remembers how the nodes stood when a guarded fault changed them.
    pub(super) fn note_change(&mut self, fault: FaultId, lever: &Lever, pulled: EventId) {
        let Some(injected) = self.faults.get_mut(&fault).filter(|f| f.guard.is_some()) else {
            return;
        };
        for who in lever.groups().0.members().iter().copied().filter(|who| who.is_node()) {
            let Some(node) = self.nodes.get(who.index()) else { continue };
            if injected.changed.iter().all(|changed| changed.who != who) {
                let (incarnation, tally) = (node.incarnation, node.tally);
                injected.changed.push(Changed { who, pulled, incarnation, tally });
            }
        }
    }

    /// Takes a change back from everywhere, where a node is found ill after it; returns whether it
    /// did.
    pub(super) fn rolls_back(&mut self, fault: FaultId, tape: &mut Tape) -> bool {
        let Some(injected) = self.faults.get(&fault) else { return false };
        if injected.guard.is_none() || !self.watches {
            return false;
        }
        let Some(ill) = injected.changed.iter().find(|changed| self.is_ill(changed)).copied()
        else {
            return false;
        };
        self.contained(ill.who, "staged rollout", ill.who, ill.pulled, tape);
        self.heal(fault, tape);
        true
    }

    /// Looks at the nodes that a fault changed last, once it has watched them.
    pub(super) fn judge(&mut self, fault: FaultId, injected: EventId, tape: &mut Tape) {
        if self.faults.get(&fault).map(|fault| fault.record) == Some(injected) {
            self.count(fault.into());
            self.rolls_back(fault, tape);
        }
    }

    fn is_ill(&self, since: &Changed) -> bool {
        let node = &self.nodes[since.who.index()];
        if node.life != Life::Up || node.incarnation != since.incarnation {
            return true;
        }
        let (now, then) = (node.tally, since.tally);
        let (taken, lost) = (now.taken - then.taken, now.lost - then.lost);
        let (calls, answered) = (now.calls - then.calls, now.answered - then.answered);
        (taken + lost >= MESSAGES_MIN && lost > taken)
            || (calls >= CALLS_MIN && answered * 2 < calls)
    }

    /// Returns the levers that set a node's timers wrongly.
    pub(super) fn slow_timers(&self, me: Address) -> impl Iterator<Item = Because> {
        let settings = self.nodes[me.index()].settings.iter();
        let timers = settings.filter(|hold| matches!(hold.setting, Setting::Timers { .. }));
        timers.map(|hold| Because::Of(hold.pulled))
    }
}
