//! What is so, folded from the records: lives, leaders, faults, logs, decisions, calls.
//!
//! No node can know this. It is folded once for all oracles, before they see the record, so that
//! what an oracle reads here is already true after that record.

use std::collections::BTreeMap;

use imbl::OrdMap;

use super::Bounds;
use super::history::History;
use super::ledger::{Decision, Entry, Ledger, Log};
use super::views::Views;
use crate::sim::{
    Address, ClientNote, EventId, FaultId, Instant, Life, Note, Op, Outcome, Record, Role, Span,
    What, Whom,
};

/// One node as it really is.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Whether it runs.
    pub life: Life,
    /// The record of its last change of life.
    pub changed: EventId,
    /// The role that it believes to have; that of a node that is down is `Follower`.
    pub role: Role,
    /// The highest epoch that it spoke of in this life.
    pub epoch: u64,
    /// The record of its last change of role.
    pub took_role: EventId,
    /// Its log; that of a node that is down is the one that it had.
    pub log: Log,
    /// How far the log of its last life agreed with what was decided, at the end of that life.
    pub held_before: u64,
    /// Whether it has lived before, so that its next boot is a return.
    lived: bool,
}

impl Member {
    /// Returns whether it has a mind to be wrong with: it runs, or is frozen.
    pub fn lives(&self) -> bool {
        self.life != Life::Down
    }
}

/// Who first led an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Led {
    /// Who.
    pub by: Address,
    /// The record at which it took the lead.
    pub event: EventId,
}

/// What a record took from the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// The first slot that is gone.
    pub slot: u64,
    /// What it held.
    pub entry: Entry,
}

/// What is so.
#[derive(Clone, Debug)]
pub struct Truth {
    epoch: &'static str,
    members: Vec<Member>,
    leading: Vec<Address>,
    led: OrdMap<u64, Led>,
    active: BTreeMap<FaultId, EventId>,
    not_up: u32,
    stable_since: Option<Instant>,
    ledger: Ledger,
    history: History,
    views: Views,
    /// Which nodes each fault holds, by themselves or by their links.
    holds: BTreeMap<FaultId, Vec<Address>>,
    /// When a fault last let go of a node.
    freed: BTreeMap<Address, Instant>,
    booting: Option<Address>,
    reborn: Option<Address>,
    cut: Option<Cut>,
    first_decided: Option<u64>,
    decision: Option<Decision>,
    appended: Option<Entry>,
}

impl Truth {
    /// Begins with `nodes` nodes that are up, and no fault.
    pub fn new(nodes: u16, bounds: &Bounds) -> Truth {
        Truth {
            epoch: bounds.epoch,
            members: vec![Member::default(); usize::from(nodes)],
            leading: Vec::new(),
            led: OrdMap::new(),
            active: BTreeMap::new(),
            not_up: 0,
            stable_since: Some(Instant::ZERO),
            ledger: Ledger::default(),
            history: History::default(),
            views: Views::new(nodes, bounds.on_time),
            holds: BTreeMap::new(),
            freed: BTreeMap::new(),
            booting: None,
            reborn: None,
            cut: None,
            first_decided: None,
            decision: None,
            appended: None,
        }
    }

    /// Returns what the algorithm calls that by which an old leader is told from a new one.
    pub const fn epoch_word(&self) -> &'static str {
        self.epoch
    }

    /// Returns how many nodes there are.
    pub fn nodes(&self) -> u16 {
        self.members.len() as u16
    }

    /// Returns a node as it really is; `None` for what is no node of this cluster.
    pub fn member(&self, who: Address) -> Option<&Member> {
        self.members.get(usize::from(who.node()?.checked_sub(1)?))
    }

    /// Iterates over the nodes, first node first.
    pub fn members(&self) -> impl Iterator<Item = (Address, &Member)> {
        (1..).map(Address::Node).zip(&self.members)
    }

    /// Returns the nodes that live and believe to lead, in the order in which they took the lead.
    pub fn leading(&self) -> &[Address] {
        &self.leading
    }

    /// Returns who first led an epoch.
    pub fn led(&self, epoch: u64) -> Option<Led> {
        self.led.get(&epoch).copied()
    }

    /// Returns the highest epoch that anybody led, and who.
    pub fn last_led(&self) -> Option<(u64, Led)> {
        self.led.get_max().map(|(epoch, led)| (*epoch, *led))
    }

    /// Iterates over the faults that are injected and not healed, with their records.
    pub fn faults(&self) -> impl Iterator<Item = (FaultId, EventId)> {
        self.active.iter().map(|(fault, event)| (*fault, *event))
    }

    /// Returns since when no fault is active and every node is up.
    pub fn stable_since(&self) -> Option<Instant> {
        self.stable_since
    }

    /// Returns for how long no fault has been active and every node up; zero where it is not so.
    pub fn stable_for(&self, now: Instant) -> Span {
        self.stable_since.map_or(Span::ZERO, |since| now.since(since))
    }

    /// Returns what was decided.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the calls.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Returns who finds whom well.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Returns whether a fault holds a node or one of its links, or did so within a span.
    pub fn held_within(&self, node: Address, now: Instant, span: Span) -> bool {
        self.holds.values().any(|held| held.contains(&node))
            || self.freed.get(&node).is_some_and(|freed| now.since(*freed) < span)
    }

    /// Returns the node of which it became known with this record which log it came back with.
    pub fn reborn(&self) -> Option<Address> {
        self.reborn
    }

    /// Returns what this record took from its node's log.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Returns the slot that this record was the first to decide.
    pub fn first_decided(&self) -> Option<u64> {
        self.first_decided
    }

    /// Returns the first decision of the slot that this record speaks of as decided: its own, or
    /// the one that was before it.
    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// Returns the entry that this record put at the end of its node's log.
    pub fn appended(&self) -> Option<&Entry> {
        self.appended.as_ref()
    }

    /// Folds in one record.
    pub fn observe(&mut self, record: &Record) {
        (self.cut, self.first_decided, self.decision, self.appended) = (None, None, None, None);
        self.settle_boot(record);
        self.history.observe(record);
        self.views.observe(record);
        match (&record.what, record.who) {
            (What::Noted(note), Some(who)) => self.noted(record, who, note),
            (What::Life(life), Some(who)) => self.life(record, who, *life),
            (What::Booted, Some(who)) => self.booted(who),
            (What::Client(note), _) => self.client(record, note),
            (What::Injected(fault), _) => {
                self.active.insert(*fault, record.id);
                self.settle_stable(record.at);
            }
            (What::Pulled { fault, lever }, _) => {
                let (one, two) = lever.groups();
                let held = self.holds.entry(*fault).or_default();
                for node in std::iter::once(one).chain(two).flat_map(Whom::members) {
                    if node.is_node() && !held.contains(node) {
                        held.push(*node);
                    }
                }
            }
            (What::Healed(fault), _) => {
                for node in self.holds.remove(fault).into_iter().flatten() {
                    self.freed.insert(node, record.at);
                }
                self.active.remove(fault);
                self.settle_stable(record.at);
            }
            _ => {}
        }
    }

    fn member_mut(&mut self, who: Address) -> Option<&mut Member> {
        self.members.get_mut(usize::from(who.node()?.checked_sub(1)?))
    }

    fn settle_stable(&mut self, now: Instant) {
        let stable = self.active.is_empty() && self.not_up == 0;
        self.stable_since = stable.then(|| self.stable_since.unwrap_or(now));
    }

    /// A node that found a log says so right after it booted; one that says anything else, or lets
    /// others speak first, found none.
    fn settle_boot(&mut self, record: &Record) {
        let restores = matches!(record.what, What::Noted(Note::Restored(_)));
        self.reborn = self.booting.take().or(record.who.filter(|_| restores));
        if let Some(who) = self.reborn
            && !(restores && record.who == Some(who))
            && let Some(member) = self.member_mut(who)
        {
            member.log = Log::default();
        }
    }

    fn booted(&mut self, who: Address) {
        let Some(member) = self.member_mut(who) else { return };
        if std::mem::replace(&mut member.lived, true) {
            (member.role, member.epoch) = (Role::Follower, 0);
            member.held_before = member.log.held();
            self.booting = Some(who);
            self.leading.retain(|leader| *leader != who);
        }
    }

    fn life(&mut self, record: &Record, who: Address, life: Life) {
        let Some(member) = self.member_mut(who) else { return };
        let was = std::mem::replace(&mut member.life, life);
        member.changed = record.id;
        if life == Life::Down {
            member.lived = true;
            member.role = Role::Follower;
            self.leading.retain(|leader| *leader != who);
        }
        self.not_up += u32::from(was == Life::Up && life != Life::Up);
        self.not_up -= u32::from(was != Life::Up && life == Life::Up);
        self.settle_stable(record.at);
    }

    fn client(&mut self, record: &Record, note: &ClientNote) {
        if let ClientNote::Returned { outcome: Outcome::Written, op: Op::Write { .. }, .. } = note
            && let Some(slot) = self.history.closed().and_then(|operation| operation.slot)
        {
            self.ledger.acknowledge(slot, record.id);
        }
    }

    fn noted(&mut self, record: &Record, who: Address, note: &Note) {
        let Some(index) = who.node().and_then(|number| number.checked_sub(1)) else { return };
        let Some(member) = self.members.get_mut(usize::from(index)) else { return };
        match note {
            Note::Role { role, epoch } => {
                (member.role, member.epoch, member.took_role) = (*role, *epoch, record.id);
                self.leading.retain(|leader| *leader != who);
                if role.is_alone() {
                    self.leading.push(who);
                    let led = Led { by: who, event: record.id };
                    self.led.entry(*epoch).or_insert(led);
                }
            }
            Note::Voted { epoch, .. } => member.epoch = member.epoch.max(*epoch),
            Note::Appended { slot, entry } => {
                if let Some(len) = slot.checked_sub(1).filter(|len| *len <= member.log.len()) {
                    let cut = member.log.cut(len);
                    self.cut = cut.map(|entry| Cut { slot: *slot, entry });
                    self.appended = Some(member.log.push(*entry, record.id));
                    member.log.hold_next(&self.ledger);
                }
            }
            Note::Truncated { from } => {
                let cut = member.log.cut(from.saturating_sub(1));
                self.cut = cut.map(|entry| Cut { slot: (*from).max(1), entry });
            }
            Note::Restored(slots) => {
                member.log.restore(slots, record.id);
                member.log.hold_all(&self.ledger);
            }
            Note::Decided { slot, entry } if *slot > 0 => {
                let epoch = member.epoch;
                self.decide(*slot, Decision::new(*entry, who, epoch, record.id));
            }
            _ => {}
        }
    }

    fn decide(&mut self, slot: u64, decision: Decision) {
        let before = self.ledger.len();
        if let Some(first) = self.ledger.find(slot) {
            self.decision = Some(*first);
            return;
        }
        self.ledger.decide(slot, decision);
        (self.first_decided, self.decision) = (Some(slot), Some(decision));
        if decision.entry.value != 0 {
            self.history.decided(decision.entry.value, slot);
        }
        for _ in before..self.ledger.len() {
            for member in &mut self.members {
                member.log.hold_next(&self.ledger);
            }
        }
    }
}
