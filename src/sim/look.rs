//! Drawing a world as plain data that a reader may see.

use super::address::Address;
use super::client::{ANSWER, CALL, Client};
use super::corrupt::{CHECKSUM, SCRUB};
use super::lever::FaultId;
use super::network::Fate;
use super::protocol::{Detail, Protocol};
use super::queue::{Load, Pending};
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
        }
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
        switches.extend(self.callers.first().map(|c| c.client.switches()).unwrap_or_default());
        switches.extend(self.service.switches());
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
            clients: self.callers.len() as u16,
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
