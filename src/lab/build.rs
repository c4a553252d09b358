//! Turns a scenario into a world and a journal of inputs.

use crate::faults;
use crate::oracles::{Bounds, OF_LOAD, OF_MONITORS, Panel};
use crate::protocols::generals::Generals;
use crate::protocols::hotstuff::HotStuff;
use crate::protocols::paxos::{multi::MultiPaxos, single::Paxos};
use crate::protocols::pbft::Pbft;
use crate::protocols::phi_accrual::PhiAccrual;
use crate::protocols::primary_backup::PrimaryBackup;
use crate::protocols::quorum_store::QuorumStore;
use crate::protocols::tendermint::Tendermint;
use crate::protocols::three_phase_commit::ThreePhaseCommit;
use crate::protocols::{
    ProtocolSpec, gossip::Gossip, raft::Raft, swim::Swim, two_phase_commit::TwoPhaseCommit,
};
use crate::sim::corrupt::{CHECKSUM, SCRUB};
use crate::sim::disk::DiskSpec as SimDisk;
use crate::sim::{
    Address, FaultId, Input, Instant, Latency, Network, Place, Placed, Plan, Protocol, Service,
    Setup, Sim, Span, Tape, Topology, World,
};

use crate::workloads::{Actor, Monitor, Probe, RegisterClient, With};

use super::scenario::{LatencySpec, Mechanism, NetworkSpec, Scenario, TopologySpec, VersionsSpec};

/// Builds the world of a scenario; what happens at instant zero goes on the tape.
pub fn world(scenario: &Scenario, seed: u64, tape: &mut Tape) -> Box<dyn Sim> {
    let nodes = scenario.nodes;
    match &scenario.protocol {
        ProtocolSpec::Raft(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(Raft { nodes, spec }, scenario, seed, tape)
        }
        ProtocolSpec::Generals(spec) => {
            assemble(Generals { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::PhiAccrual(spec) => {
            assemble(PhiAccrual { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::QuorumStore(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(QuorumStore { nodes, spec }, scenario, seed, tape)
        }
        ProtocolSpec::Gossip(spec) => {
            assemble(Gossip { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::Swim(spec) => {
            assemble(Swim { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::Paxos(spec) => {
            assemble(Paxos::new(nodes, spec.clone()), scenario, seed, tape)
        }
        ProtocolSpec::MultiPaxos(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(MultiPaxos::new(nodes, spec), scenario, seed, tape)
        }
        ProtocolSpec::Tendermint(spec) => {
            assemble(Tendermint { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::HotStuff(spec) => {
            assemble(HotStuff { nodes, spec: spec.clone() }, scenario, seed, tape)
        }
        ProtocolSpec::TwoPhaseCommit(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(TwoPhaseCommit::new(nodes, spec), scenario, seed, tape)
        }
        ProtocolSpec::ThreePhaseCommit(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(ThreePhaseCommit::new(nodes, spec), scenario, seed, tape)
        }
        ProtocolSpec::PrimaryBackup(spec) => {
            let mut spec = spec.clone();
            spec.idempotency &= scenario.mechanisms.contains(&Mechanism::Idempotency);
            assemble(PrimaryBackup::new(nodes, spec), scenario, seed, tape)
        }
        ProtocolSpec::Pbft(spec) => assemble(Pbft::new(nodes, spec.clone()), scenario, seed, tape),
    }
}

/// Puts a protocol into the world that a scenario describes.
fn assemble<P: Protocol>(
    protocol: P,
    scenario: &Scenario,
    seed: u64,
    tape: &mut Tape,
) -> Box<dyn Sim> {
    let on = |mechanism| scenario.mechanisms.contains(&mechanism);
    let with = With {
        retry: on(Mechanism::Retry),
        budget: on(Mechanism::RetryBudget),
        breaker: on(Mechanism::CircuitBreaker),
    };
    let clients = scenario.workload.clients(scenario.nodes, protocol.calls(), with);
    let clients = clients.into_iter().map(|client| watch(client, scenario)).map(Actor::Register);
    let monitors = scenario.monitors.iter().zip(1..).map(|(spec, number)| {
        let mechanism = match spec.probe {
            Probe::Ping => true,
            Probe::Deep => on(Mechanism::DeepCheck),
            Probe::Synthetic => on(Mechanism::Synthetic),
            Probe::Anomaly => on(Mechanism::Anomaly),
        };
        let (nodes, clients) = (scenario.nodes, scenario.workload.count());
        Actor::Monitor(Monitor::new(number, *spec, nodes, clients, mechanism))
    });
    let setup = Setup {
        disks: vec![None; usize::from(scenario.nodes)],
        clients: clients.collect(),
        monitors: monitors.collect(),
        topology: Topology::new(places(scenario)),
        network: network(&scenario.network),
        service: service(scenario),
        disk: SimDisk { sync: latency(&scenario.disk.sync), mood: scenario.disk.mood },
        protocol,
        seed,
    };
    let mut world = World::new(setup, tape);
    for (mechanism, switch) in [(Mechanism::Checksum, CHECKSUM), (Mechanism::Scrub, SCRUB)] {
        world.guard(switch, scenario.mechanisms.contains(&mechanism));
    }
    Box::new(world)
}

/// Says what work costs, and which of its rules are on.
fn service(scenario: &Scenario) -> Service {
    let Some(spec) = &scenario.service else { return Service::default() };
    let on = |mechanism| scenario.mechanisms.contains(&mechanism);
    Service {
        call: spec.time,
        message: spec.message,
        room: spec.queue as usize,
        shedding: on(Mechanism::LoadShedding),
        bulkhead: on(Mechanism::Bulkhead),
        deadlines: on(Mechanism::Deadlines),
        patience: scenario.workload.patience(),
    }
}

/// Lets a client tell the monitors that want to know what becomes of its attempts.
fn watch(client: RegisterClient, scenario: &Scenario) -> RegisterClient {
    if scenario.monitors.is_empty() {
        return client;
    }
    let wants = scenario.monitors.iter().zip(1..).filter(|(spec, _)| spec.probe == Probe::Anomaly);
    let tells = wants.map(|(_, number)| Address::Monitor(number)).collect();
    client.watched(tells, scenario.mechanisms.contains(&Mechanism::Ejection))
}

/// Seats the oracles that judge a scenario's protocol.
pub fn panel(scenario: &Scenario) -> Panel {
    Panel::new(&bounds(scenario), scenario.nodes, &judged(scenario))
}

/// Lists the properties by which a scenario is judged.
pub fn judged(scenario: &Scenario) -> Vec<&'static str> {
    let own = scenario.protocol.entry().judged.iter();
    let load = OF_LOAD.iter().filter(|_| scenario.service.is_some());
    let monitors = OF_MONITORS.iter().filter(|_| !scenario.monitors.is_empty());
    own.chain(load).chain(monitors).copied().collect()
}

/// Lists the inputs that a scenario plans, in the order of their instants.
pub fn journal(scenario: &Scenario) -> Vec<Placed> {
    let faults = scenario.faults.iter().zip(1..);
    let mut journal: Vec<Placed> = faults
        .map(|(fault, id)| {
            let heal_after = fault.until.map(|until| until - fault.at);
            let plan = plan(scenario, &fault.fault, heal_after);
            Placed { at: Instant(fault.at.0), input: Input::Inject(FaultId(id), plan) }
        })
        .collect();
    journal.sort_by_key(|placed| placed.at);
    journal
}

/// Makes the plan of a fault; `heal_after` overrides when it heals by itself.
pub fn plan(scenario: &Scenario, fault: &faults::FaultSpec, heal_after: Option<Span>) -> Plan {
    let mut plan = faults::plan(fault, scenario.nodes);
    plan.heal_after = heal_after.or(plan.heal_after);
    plan
}

/// Returns the bounds that the oracles judge a scenario by.
pub fn bounds(scenario: &Scenario) -> Bounds {
    Bounds {
        deadline: scenario.workload.deadline(),
        on_time: scenario.bounds.on_time,
        progress_within: scenario.bounds.progress_within,
        lag: scenario.bounds.lag,
        backlog: scenario.service.as_ref().map_or(Span::ZERO, |service| {
            Span(service.time.max(service.message).0.saturating_mul(u64::from(service.queue)))
        }),
        epoch: scenario.protocol.entry().words.epoch,
    }
}

fn latency(spec: &LatencySpec) -> Latency {
    match spec {
        LatencySpec::Fixed(span) => Latency::Fixed(*span),
        LatencySpec::Uniform(range) => Latency::Uniform(*range.0.start(), *range.0.end()),
        LatencySpec::Exponential { min, tail } => Latency::Exponential { min: *min, tail: *tail },
    }
}

fn network(spec: &NetworkSpec) -> Network {
    Network {
        latency: latency(&spec.latency),
        cross_zone: spec.cross_zone.as_ref().map(latency),
        cross_region: spec.cross_region.as_ref().map(latency),
        loss: spec.loss,
        duplicate: spec.duplicate,
        reorder: spec.reorder,
    }
}

/// Returns where each node stands, and what it runs.
pub(super) fn places(scenario: &Scenario) -> Vec<Place> {
    let mut places = stand(scenario);
    if let Some(versions) = &scenario.versions {
        for (k, place) in places.iter_mut().enumerate() {
            version(versions, k).clone_into(&mut place.version);
        }
    }
    places
}

fn version(spec: &VersionsSpec, k: usize) -> &str {
    match spec {
        VersionsSpec::Same(version) => version,
        VersionsSpec::InTurn(versions) => &versions[k % versions.len()],
        VersionsSpec::Staggered { new, updated, .. } if k < usize::from(*updated) => new,
        VersionsSpec::Staggered { old, .. } => old,
    }
}

/// Spread, a node has a rack of its own in its zone; packed, all of a zone stand in one.
fn stand(scenario: &Scenario) -> Vec<Place> {
    let count = usize::from(scenario.nodes);
    match &scenario.topology {
        TopologySpec::Together => vec![Place::default(); count],
        TopologySpec::Spread { zones } => (0..count)
            .map(|k| Place {
                zone: zones[k % zones.len()].clone(),
                rack: (k / zones.len() + 1).to_string(),
                ..Place::default()
            })
            .collect(),
        TopologySpec::Packed { zones, per_zone } => {
            let each = usize::from(per_zone.unwrap_or(scenario.nodes / 2 + 1)).max(1);
            let zone = |k: usize| zones[(k / each).min(zones.len() - 1)].clone();
            let place = |k| Place { zone: zone(k), rack: "1".to_owned(), ..Place::default() };
            (0..count).map(place).collect()
        }
        TopologySpec::Places(places) => (0..count)
            .map(|k| {
                places.get(k).map_or_else(Place::default, |place| Place {
                    region: place.region.clone(),
                    zone: place.zone.clone(),
                    rack: place.rack.clone(),
                    version: place.version.clone(),
                })
            })
            .collect(),
    }
}
