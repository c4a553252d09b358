//! What is done to a world from outside: faults injected, levers pulled, faults healed, switches.

use std::sync::Arc;

use super::address::Address;
use super::client::Client;
use super::lever::{Cue, FaultId, Lever, Lie, Plan, Whom};
use super::network::Overlay;
use super::node::{DriftHold, EarlyHold, GrayHold, Life, MoodHold, Omission, PowerHold, Slowness};
use super::protocol::Protocol;
use super::queue::Pending;
use super::record::{Because, Causes, EventId, Tape, What};
use super::surge::SurgeHold;
use super::time::Span;
use super::world::{Injected, Waiting, World};

impl<P: Protocol, C: Client> World<P, C> {
    pub(super) fn inject(&mut self, fault: FaultId, plan: &Plan, tape: &mut Tape) {
        let injected = self.emit(tape, None, Causes::new, What::Injected(fault));
        let then = plan.then.clone();
        let holds_for = plan.holds_for;
        self.faults.insert(fault, Injected { record: injected, holds_for, then });
        for (cue, lever) in &plan.steps {
            match cue {
                Cue::After(span) if span.0 == 0 => self.pull(fault, injected, lever, tape),
                Cue::After(span) => {
                    let lever = Arc::new(lever.clone());
                    self.queue.push(self.now + *span, Pending::Pull { fault, injected, lever });
                }
                Cue::OnLeader => {
                    let lever = Arc::new(lever.clone());
                    self.waiting.push(Waiting { fault, injected, lever });
                }
            }
        }
        if let Some(after) = plan.heal_after {
            self.queue.push(self.now + after, Pending::Heal { fault });
        }
    }

    /// Pulls a lever, or lets it wait where it needs a leader and nobody leads.
    pub(super) fn pull(
        &mut self,
        fault: FaultId,
        injected: EventId,
        lever: &Lever,
        tape: &mut Tape,
    ) {
        if self.faults.get(&fault).map(|fault| fault.record) != Some(injected) {
            return; // healed before its time came
        }
        let Some(lever) = self.resolve(lever) else {
            let lever = Arc::new(lever.clone());
            self.waiting.push(Waiting { fault, injected, lever });
            return;
        };
        let lever = Arc::new(lever);
        let because = || Causes::from_slice(&[Because::Of(injected)]);
        let what = What::Pulled { fault, lever: lever.clone() };
        let pulled = self.emit(tape, None, because, what);
        self.hold(fault, pulled, &lever, tape);
        let Some(held) = self.faults.get_mut(&fault) else { return };
        let (holds_for, then) = (held.holds_for.take(), std::mem::take(&mut held.then));
        if let Some(span) = holds_for {
            self.queue.push(self.now + span, Pending::Heal { fault });
        }
        for (span, mut next) in then {
            *next.groups_mut().0 = lever.groups().0.clone();
            let lever = Arc::new(next);
            self.queue.push(self.now + span, Pending::Pull { fault, injected, lever });
        }
    }

    fn hold(&mut self, fault: FaultId, pulled: EventId, lever: &Lever, tape: &mut Tape) {
        let now = self.now;
        match lever {
            Lever::Link { from, to, fate } => {
                let overlay = Overlay { fault, pulled, fate: fate.clone() };
                self.overlays.hold(from.members(), to.members(), overlay);
            }
            Lever::Omit { node, way, rate } => self.each(node, |node| {
                node.omissions.push(Omission { fault, pulled, way: *way, rate: *rate });
            }),
            Lever::Power { node, to } => {
                let bodies = node.members().iter().flat_map(|who| self.bodies(*who));
                for who in bodies.collect::<Vec<_>>() {
                    self.hold_power(who, PowerHold { fault, pulled, life: *to }, tape);
                }
            }
            Lever::Disk { node, mood } => self.each(node, |node| {
                node.moods.push(MoodHold { fault, pulled, mood: *mood });
                node.disk.mood = *mood;
            }),
            Lever::Clock { node, step_us, drift_ppm } => self.each(node, |node| {
                node.clock.step(*step_us);
                node.drifts.push(DriftHold { fault, pulled, ppm: *drift_ppm });
                node.settle_clock(now);
            }),
            Lever::Service { node, time } => self.each(node, |node| {
                node.services.push(Slowness { fault, pulled, time: *time });
                node.stopped.get_or_insert((now, pulled));
            }),
            Lever::Gray { node, rate, delay } => self.each(node, |node| {
                let takes = |delay: Span| delay == Span::ZERO;
                node.grays.retain(|old| old.fault != fault || takes(old.delay) != takes(*delay));
                node.grays.push(GrayHold { fault, pulled, rate: *rate, delay: *delay });
            }),
            Lever::Surge { client, factor } => {
                let hold = SurgeHold { fault, pulled, factor: *factor };
                self.hold_surge(client.members(), hold, tape);
            }
            Lever::Burst { client, calls } => {
                self.burst(client.members(), *calls, (fault, pulled), tape);
            }
            Lever::Early { node } => self.each(node, |node| {
                node.early.push(EarlyHold { fault, pulled });
            }),
            Lever::Lie { node, lie } => {
                for who in node.members() {
                    self.hold_lie(*who, node.members(), (fault, pulled), lie);
                }
            }
            Lever::Corrupt { node, spot, rate } => {
                for who in node.members().iter().filter(|who| who.is_node()) {
                    self.hold_corruption(*who, (fault, pulled), (*spot, *rate), tape);
                }
            }
        }
        self.count_stopped();
    }

    fn each(&mut self, whom: &Whom, mut change: impl FnMut(&mut super::node::Node<P>)) {
        for who in whom.members().iter().filter(|who| who.is_node()) {
            for body in self.bodies(*who) {
                if let Some(node) = self.nodes.get_mut(body.index()) {
                    change(node);
                }
            }
        }
    }

    pub(super) fn count_stopped(&mut self) {
        let nodes = self.nodes.iter().take(self.size).enumerate();
        let stopped = nodes.filter(|(_, node)| node.stopped.is_some());
        self.stopped = stopped.map(|(k, _)| k as u16).collect();
    }

    /// Heals a fault: every hold that it has on the world is let go.
    pub(super) fn heal(&mut self, fault: FaultId, tape: &mut Tape) {
        let Some(Injected { record: injected, .. }) = self.faults.remove(&fault) else { return };
        let because = || Causes::from_slice(&[Because::Of(injected)]);
        let healed = self.emit(tape, None, because, What::Healed(fault));
        self.overlays.release(fault);
        self.release_surge(fault, healed, tape);
        self.waiting.retain(|waiting| waiting.fault != fault);
        self.release_lies(fault);
        self.release_corruption(fault);
        for k in 0..self.nodes.len() {
            let (now, base) = (self.now, self.disk.mood);
            let node = &mut self.nodes[k];
            node.omissions.retain(|hold| hold.fault != fault);
            node.services.retain(|hold| hold.fault != fault);
            node.drifts.retain(|hold| hold.fault != fault);
            node.grays.retain(|hold| hold.fault != fault);
            node.early.retain(|hold| hold.fault != fault);
            node.settle_clock(now);
            let who = Address::Node(k as u16 + 1);
            if node.power.iter().any(|hold| hold.fault == fault) {
                node.power.retain(|hold| hold.fault != fault);
                self.settle_life(who, healed, tape);
            }
            // Only now: a node that the fault keeps down comes back to what the fault left it.
            let node = &mut self.nodes[k];
            node.moods.retain(|hold| hold.fault != fault);
            node.disk.mood = node.moods.last().map_or(base, |hold| hold.mood);
            if node.life == Life::Up && node.services.is_empty() {
                node.stopped = None;
            }
        }
        self.count_stopped();
    }

    fn hold_power(&mut self, who: Address, hold: PowerHold, tape: &mut Tape) {
        let Some(node) = self.nodes.get_mut(who.index()).filter(|_| who.is_node()) else { return };
        node.power.retain(|old| old.fault != hold.fault);
        if hold.life != Life::Up {
            node.power.push(hold);
        }
        self.settle_life(who, hold.pulled, tape);
    }

    /// Brings a node's life to what the holds on it say: down beats paused beats up.
    fn settle_life(&mut self, who: Address, because: EventId, tape: &mut Tape) {
        let node = &self.nodes[who.index()];
        let before = node.life;
        let after = node.power.iter().map(|hold| hold.life).max().unwrap_or_default();
        if before == after {
            return;
        }
        let causes = || Causes::from_slice(&[Because::Of(because)]);
        let id = self.emit(tape, Some(who), causes, What::Life(after));
        let node = &mut self.nodes[who.index()];
        let stop = node.stopped.map(|(_, id)| id);
        node.life = after;
        node.stopped = (after != Life::Up).then_some((self.now, id));
        if after == Life::Down {
            self.crash(who, id, tape);
        }
        if before == Life::Down {
            if !self.may_start(who, tape) {
                return self.settle_life(who, id, tape);
            }
            let node = &mut self.nodes[who.index()];
            node.incarnation += 1;
            let mut causes = Causes::from_slice(&[Because::Of(id)]);
            causes.extend(node.forgot.take().or(node.tainted).map(Because::Of));
            self.start_node(who, causes, tape);
        } else if before == Life::Paused && after == Life::Up {
            self.wake(who, stop);
        }
    }

    /// Takes what a crash takes: all that is volatile, and of the disk what its mood gives up.
    fn crash(&mut self, who: Address, life: EventId, tape: &mut Tape) {
        let node = &mut self.nodes[who.index()];
        node.timers.clear();
        node.inbox.clear();
        node.lacks.clear();
        node.incarnation += 1;
        let unsent: Vec<Address> = node.held.drain(..).map(|held| held.to).collect();
        let gone = node.disk.crash();
        node.sync_due = self.now;
        node.leave_lines();
        let lever = node.moods.last().map(|hold| Because::Of(hold.pulled));
        if gone > 0 {
            let mut causes = Causes::from_slice(&[Because::Of(life)]);
            causes.extend(lever);
            let id = self.emit(tape, Some(who), || causes, What::Forgot { writes: gone });
            self.nodes[who.index()].forgot = Some(id);
        }
        for to in unsent {
            self.lack(to, life, who);
        }
    }

    /// Lets a node work through what came while it was paused, in the order in which it came.
    fn wake(&mut self, who: Address, stop: Option<EventId>) {
        let node = &mut self.nodes[who.index()];
        for pending in std::mem::take(&mut node.inbox) {
            if let Pending::Timer { timer, .. } = &pending {
                let Some(armed) = node.timers.get_mut(timer) else { continue };
                (armed.queued, armed.delayed) = (self.now, stop);
            }
            self.queue.push(self.now, pending);
        }
        self.thaw(who);
    }

    pub(super) fn switch(&mut self, switch: &'static str, on: bool, tape: &mut Tape) {
        let mut known =
            self.protocol.set(switch, on) | self.guard(switch, on) | self.service.set(switch, on);
        for caller in &mut self.callers {
            known |= caller.client.set(switch, on);
        }
        if known {
            self.emit(tape, None, Causes::new, What::Switched { switch, on });
        }
    }

    /// Names whom a lever takes hold of now; `None` where it needs a leader and nobody leads.
    fn resolve(&self, lever: &Lever) -> Option<Lever> {
        let mut lever = lever.clone();
        let (one, two) = lever.groups_mut();
        for whom in std::iter::once(one).chain(two) {
            *whom = Whom::Only(self.name(whom)?);
        }
        if let Lever::Lie { node, lie } = &mut lever {
            *lie = self.resolve_lie(lie, node.members())?;
        }
        Some(lever)
    }

    /// Names everybody in a lie.
    fn resolve_lie(&self, lie: &Lie, liars: &[Address]) -> Option<Lie> {
        let name = |whom: &Whom| match whom {
            Whom::OtherHalf => {
                let nodes = (1..=self.size as u16).map(Address::Node);
                let others: Vec<Address> = nodes.filter(|who| !liars.contains(who)).collect();
                Some(Whom::Only(others[others.len() - others.len() / 2..].to_vec()))
            }
            other => self.name(other).map(Whom::Only),
        };
        Some(match lie {
            Lie::Tell { says, to: None } => Lie::Tell { says: *says, to: None },
            Lie::Tell { says, to: Some(to) } => Lie::Tell { says: *says, to: Some(name(to)?) },
            Lie::Equivocate { second } => Lie::Equivocate { second: name(second)? },
            Lie::Withhold { from } => Lie::Withhold { from: name(from)? },
            Lie::Replay { rate } => Lie::Replay { rate: *rate },
        })
    }

    fn name(&self, whom: &Whom) -> Option<Vec<Address>> {
        let nodes = 1..=self.size as u16;
        Some(match whom {
            Whom::OtherHalf => Vec::new(),
            Whom::Only(these) => these.clone(),
            Whom::Leader => vec![self.leader()?],
            Whom::NotLeader => {
                let leader = self.leader()?;
                nodes.map(Address::Node).filter(|who| *who != leader).collect()
            }
            Whom::BeyondBridge => {
                let leader = self.leader()?;
                nodes.map(Address::Node).filter(|who| *who != leader).skip(1).collect()
            }
            Whom::Nodes => nodes.map(Address::Node).collect(),
            Whom::Clients => (1..=self.callers.len() as u16).map(Address::Client).collect(),
        })
    }

    /// Returns who leads in the highest epoch and is not down.
    pub(super) fn leader(&self) -> Option<Address> {
        let alive = self.nodes.iter().take(self.size).enumerate();
        let alive = alive.filter(|(_, node)| node.life != Life::Down);
        let glances = alive.map(|(k, node)| (self.protocol.glance(&node.state), k));
        let leaders = glances.filter(|(glance, _)| glance.role.leads());
        let newest = leaders.max_by_key(|(glance, k)| (glance.epoch, std::cmp::Reverse(*k)));
        newest.map(|(_, k)| Address::Node(k as u16 + 1))
    }
}
