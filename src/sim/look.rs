//! Drawing a world as plain data that a reader may see.

use super::address::Address;
use super::client::{ANSWER, Aside, CALL, Client, JUDGEMENT, PING, PONG, REPORT};
use super::corrupt::{CHECKSUM, SCRUB};
use super::lever::FaultId;
use super::network::Fate;
use super::protocol::{Detail, Protocol};
use super::queue::{Load, Pending};
use super::rollout::STAGED_ROLLOUT;
use super::scene::{Flight, Inspection, LinkScene, NodeScene, Scene};
use super::service::Line;
use super::time::Span;
use super::world::World;

impl<M> Load<M> {
    /// Names what a message carries.
    pub(super) fn describe<P: Protocol<Msg = M>>(&self) -> Detail {
        match self {
            Load::Peer(msg) => P::describe(msg),
            Load::Call(call, op) => Detail::new(&CALL, [u64::from(call.serial), op.key(), 0, 0]),
            Load::Answer(call, _) => Detail::new(&ANSWER, [u64::from(call.serial), 0, 0, 0]),
            Load::Aside(aside) => describe_aside(*aside),
        }
    }
}

fn describe_aside(aside: Aside) -> Detail {
    let number = |node: Address| u64::from(node.node().unwrap_or(0));
    match aside {
        Aside::Ping(serial) => Detail::new(&PING, [u64::from(serial), 0, 0, 0]),
        Aside::Pong(serial) => Detail::new(&PONG, [u64::from(serial), 0, 0, 0]),
        Aside::Saw(saw) => Detail::new(&REPORT, [number(saw.node), saw.took.0, 0, 0]),
        Aside::Ill(node, _) => Detail::new(&JUDGEMENT, [number(node), 1, 0, 0]),
        Aside::Well(node) => Detail::new(&JUDGEMENT, [number(node), 0, 0, 0]),
    }
}

impl<P: Protocol, C: Client> World<P, C> {
    pub(super) fn draw_scene(&self) -> Scene {
        let nodes = (1..=self.size as u16).map(Address::Node);
        let mut flights: Vec<Flight> = self.queue.iter().filter_map(flight).collect();
        flights.sort_by_key(|flight| (flight.due, flight.sent));
        let mut switches = self.protocol.switches();
        switches.push((CHECKSUM, self.guards.checksum));
        switches.push((SCRUB, self.guards.scrub));
        for switch in self.callers.iter().flat_map(|caller| caller.client.switches()) {
            if !switches.iter().any(|(known, _)| *known == switch.0) {
                switches.push(switch);
            }
        }
        switches.extend(self.service.switches());
        if self.faults.values().any(|fault| fault.guard.is_some()) {
            switches.push((STAGED_ROLLOUT, self.watches));
        }
        let links = self.overlays.list().into_iter().map(|(from, to, overlay)| LinkScene {
            from,
            to,
            fault: overlay.fault,
            cut: overlay.fate == Fate::CUT,
        });
        Scene {
            now: self.now,
            nodes: nodes.map(|who| self.draw_node(who)).collect(),
            places: self.topology.places(),
            clients: self.clients,
            monitors: self.callers.len() as u16 - self.clients,
            links: links.collect(),
            flights,
            switches,
        }
    }

    fn draw_node(&self, who: Address) -> NodeScene {
        let node = &self.nodes[who.index()];
        let mut faults: Vec<FaultId> = node.power.iter().map(|hold| hold.fault).collect();
        faults.extend(node.omissions.iter().map(|hold| hold.fault));
        faults.extend(node.services.iter().map(|hold| hold.fault));
        faults.extend(node.moods.iter().map(|hold| hold.fault));
        faults.extend(node.drifts.iter().map(|hold| hold.fault));
        faults.extend(node.grays.iter().map(|hold| hold.fault));
        faults.extend(node.early.iter().map(|hold| hold.fault));
        faults.extend(node.settings.iter().map(|hold| hold.fault));
        faults.extend(node.lies.iter().map(|hold| hold.fault));
        faults.extend(node.flips.iter().map(|hold| hold.fault));
        faults.extend(node.spoilt.map(|(fault, _)| fault));
        faults.sort_unstable();
        faults.dedup();
        NodeScene {
            address: who,
            glance: self.protocol.glance(&node.state),
            life: node.life,
            mood: node.disk.mood,
            unsynced: node.disk.written().0 - node.disk.synced().0,
            inbox: node.inbox.len() + node.lines.iter().map(Line::len).sum::<usize>(),
            clock_offset_us: node.clock.offset_us(self.now),
            clock_drift_ppm: node.clock.drift_ppm(),
            service: node.services.iter().fold(Span::ZERO, |sum, hold| sum + hold.time),
            faults,
        }
    }

    pub(super) fn look_into(&self, who: Address, rows: usize) -> Option<Inspection> {
        let node =
            self.nodes.get(who.index()).filter(|_| who.is_node() && who.index() < self.size)?;
        let timers = node.timers.iter();
        let mut timers: Vec<_> =
            timers.map(|(timer, armed)| (P::timer(timer).name, armed.due)).collect();
        timers.sort_by_key(|(name, due)| (*due, *name));
        let report = self.protocol.report(&node.state, rows);
        Some(Inspection { node: self.draw_node(who), report, timers })
    }
}

fn flight<P: Protocol>(entry: (super::time::Instant, &Pending<P>)) -> Option<Flight> {
    let (due, pending) = entry;
    let Pending::Deliver { from, to, load, sent, sent_at, .. } = pending else { return None };
    let detail = load.describe::<P>();
    Some(Flight { from: *from, to: *to, detail, sent_at: *sent_at, due, sent: *sent })
}
