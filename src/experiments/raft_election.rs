//! How long a Raft cluster is without a leader after its leader crashed.
//!
//! The set-up is that of figure 16 (Ongaro and Ousterhout, USENIX ATC 2014, §9.3; Ongaro's
//! dissertation, §9.4), which asks for the worst: one heartbeat to all just before the crash, so
//! that all timeouts begin at one time and votes are split often; and logs of different lengths, so
//! that only some of the survivors can win. What runs here is the Raft of this crate in a world of
//! this crate, and the crash is a lever like any other.
//!
//! Absent on purpose: a network and a disk of their kind. A latency of 2.5 ms each way and a write
//! of 4 ms stand for the broadcast time of about 15 ms that was measured there (a round trip with
//! the disk write of a vote, and what the machines took on top).

use crate::protocols::raft::{Raft, RaftSpec};
use crate::sim::chance::{Chance, Identity, Purpose};
use crate::sim::disk::DiskSpec;
use crate::sim::network::Fate;
use crate::sim::{
    Address, Cue, FaultId, Input, Instant, Keep, Latency, Lever, Life, Mood, Network, Plan, Role,
    Service, Setup, Sim, Span, SpanRange, Tape, Topology, Whom, World,
};

use super::parameter::{Bounds, Kind, Parameter, Settings};
use super::published::{Published, raft_election as published};
use super::silent::Silent;
use super::statistics::Sample;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "raft-election",
    title: "how long a Raft cluster is without a leader after its leader crashed",
    parameters: PARAMETERS,
    trials: 1_000,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "servers",
        about: "servers in the cluster, the leader included",
        default: "5",
        kind: Kind::Whole(3, 99),
    },
    Parameter {
        name: "timeout_ms",
        about: "range that election timeouts are drawn from; each range is a row",
        default: "150..300",
        kind: Kind::Ranges(1.0, 60_000.0),
    },
    Parameter {
        name: "latency_ms",
        about: "mean one-way latency of a message",
        default: "2.5",
        kind: Kind::Number(0.0, 10_000.0),
    },
    Parameter {
        name: "jitter",
        about: "how far a latency may be off its mean, as a share of it; each is equally likely",
        default: "0.3",
        kind: Kind::Number(0.0, 1.0),
    },
    Parameter {
        name: "write_ms",
        about: "how long a disk takes to keep a vote or an entry",
        default: "4",
        kind: Kind::Number(0.0, 10_000.0),
    },
    Parameter {
        name: "heartbeat",
        about: "time between heartbeats in ms, or half of the shortest timeout",
        default: "half",
        kind: Kind::WordOr("half", 0.1, 60_000.0),
    },
    Parameter {
        name: "electable",
        about: "how many survivors can win: those with the longer logs",
        default: "2",
        kind: Kind::Whole(1, 98),
    },
    Parameter {
        name: "cap_s",
        about: "virtual seconds after which a trial counts as undecided",
        default: "200",
        kind: Kind::Number(0.1, 3_600.0),
    },
];

/// How a trial is set up.
#[derive(Clone, Debug)]
struct Cluster {
    servers: u16,
    electable: u16,
    timeout: SpanRange,
    heartbeat: Span,
    latency: Latency,
    write: Span,
    cap: Span,
}

/// Everybody but the first is down at the beginning, so that the first leads.
const HEAD_START: FaultId = FaultId(1);
/// What would lengthen the short logs is kept from the first leader.
const SHORT_LOGS: FaultId = FaultId(2);
/// The crash that is measured.
const CRASH: FaultId = FaultId(3);
/// In which term the logs of the beginning were written.
const LOG_TERM: u64 = 1;

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let ranges = settings.ranges("timeout_ms");
    let clusters: Vec<(Bounds, Cluster)> = ranges
        .iter()
        .map(|range| Cluster::new(settings, *range).map(|cluster| (*range, cluster)))
        .collect::<Result<_, _>>()?;
    let rows = clusters.iter().map(|(range, cluster)| {
        let sample = Sample::new(trials.run(|seed| cluster.downtime(seed)));
        let mut row = Row(vec![
            ("timeout_ms", Cell::Text(format!("{}..{}", range.0, range.1))),
            ("trials", Cell::Whole(trials.count)),
            ("undecided", Cell::Whole(sample.undecided())),
        ]);
        row.0.extend(sample.columns());
        row
    });
    Ok(Measured { rows: rows.collect(), published: published(settings) })
}

/// Returns the lines of the figure for these settings. They are those of its set-up alone.
fn published(settings: &Settings) -> Option<Published> {
    let of_the_figure = |parameter: &Parameter| {
        matches!(parameter.name, "timeout_ms" | "cap_s") || settings.is_default(parameter)
    };
    let lines = settings.ranges("timeout_ms").iter().filter_map(|range| published::line(*range));
    let rows: Vec<Row> = lines.collect();
    let known = !rows.is_empty() && PARAMETERS.iter().all(of_the_figure);
    known.then_some(Published { source: published::SOURCE, rows })
}

impl Cluster {
    fn new(settings: &Settings, (low, high): Bounds) -> Result<Cluster, String> {
        let millis = |number: f64| Span(libm::round(number * 1_000.0) as u64);
        let number = |name| settings.number(name).expect("it has no word");
        let servers = settings.whole("servers") as u16;
        let electable = settings.whole("electable") as u16;
        if electable >= servers {
            return Err(format!(
                "electable: found `{electable}`, expected at most the {} that survive",
                servers - 1
            ));
        }
        let half = Span(millis(low).0 / 2);
        let heartbeat = settings.number("heartbeat").map_or(half, millis);
        if heartbeat >= millis(low) {
            return Err(format!(
                "heartbeat: found {heartbeat}, expected less than the shortest timeout, {}",
                millis(low)
            ));
        }
        let (mean, jitter) = (number("latency_ms"), number("jitter"));
        let latency =
            Latency::Uniform(millis(mean * (1.0 - jitter)), millis(mean * (1.0 + jitter)));
        Ok(Cluster {
            servers,
            electable,
            timeout: SpanRange(millis(low)..=millis(high)),
            heartbeat,
            latency,
            write: millis(number("write_ms")),
            cap: Span(libm::round(number("cap_s") * 1e6) as u64),
        })
    }

    /// Makes one trial: returns how long there was no leader that all others had heard, or `None`
    /// where that did not end within the cap.
    fn downtime(&self, seed: u64) -> Option<Span> {
        let mut trial = Trial::begin(self, seed);
        let leader = trial.elect()?;
        trial.settle(leader)?;
        let broadcast = trial.now();
        // "Crashed randomly within its heartbeat interval" (§9.3).
        let interval = 0..=self.heartbeat.0.saturating_sub(1);
        let wait = Chance::new(seed).number(Identity(0), Purpose::Own, &interval);
        trial.run_to(broadcast + Span(wait));
        let crash = Lever::Power { node: Whom::Only(vec![leader]), to: Life::Down };
        let crashed = broadcast + Span(wait);
        trial.inject(crashed, CRASH, crash);
        trial.recover(leader, crashed).map(|recovered| recovered.since(crashed))
    }
}

/// A trial under way.
struct Trial<'a> {
    cluster: &'a Cluster,
    world: World<Raft, Silent>,
    tape: Tape,
    /// Until when the next thing has to have happened.
    limit: Instant,
}

impl Trial<'_> {
    fn begin(cluster: &Cluster, seed: u64) -> Trial<'_> {
        let spec = RaftSpec {
            election_timeout: cluster.timeout.clone(),
            heartbeat: cluster.heartbeat,
            ..RaftSpec::default()
        };
        let long = cluster.electable + 1;
        let disk = |k| Some(Raft::disk_with(LOG_TERM, if k < long { 2 } else { 1 }));
        let mut tape = Tape::new(Keep::Nothing);
        let setup = Setup {
            protocol: Raft::new(cluster.servers, spec),
            disks: (0..cluster.servers).map(disk).collect(),
            clients: Vec::new(),
            monitors: Vec::new(),
            topology: Topology::default(),
            network: Network::plain(cluster.latency.clone()),
            disk: DiskSpec { sync: Latency::Fixed(cluster.write), mood: Mood::Durable },
            service: Service::default(),
            seed,
        };
        let world = World::new(setup, &mut tape);
        let limit = Instant::ZERO + cluster.cap;
        Trial { cluster, world, tape, limit }
    }

    fn now(&self) -> Instant {
        self.world.now()
    }

    fn nodes(&self) -> impl Iterator<Item = Address> + use<> {
        (1..=self.cluster.servers).map(Address::Node)
    }

    fn inject(&mut self, at: Instant, fault: FaultId, lever: Lever) {
        let plan = Plan { steps: vec![(Cue::After(Span::ZERO), lever)], ..Plan::default() };
        self.world.apply(at, &Input::Inject(fault, plan), &mut self.tape);
    }

    /// Takes the next event; `None` where the time is up.
    fn step(&mut self) -> Option<()> {
        self.world.next_at().filter(|at| *at <= self.limit)?;
        self.world.advance(&mut self.tape);
        Some(())
    }

    fn run_to(&mut self, at: Instant) {
        while self.world.next_at().is_some_and(|next| next < at) {
            self.world.advance(&mut self.tape);
        }
    }

    /// Elects the first leader. Where all timeouts are equal nobody would ever be elected, so the
    /// first server runs alone until it stands; it has the longest log, and the others come back
    /// in time to vote.
    fn elect(&mut self) -> Option<Address> {
        let others: Vec<Address> = self.nodes().skip(1).collect();
        let down = Lever::Power { node: Whom::Only(others), to: Life::Down };
        self.inject(Instant::ZERO, HEAD_START, down);
        let stands = self.world.next_at()?;
        self.world.apply(stands, &Input::Heal(HEAD_START), &mut self.tape);
        loop {
            self.step()?;
            let leads = |who: &Address| self.world.state(*who).role == Role::Leader;
            if let Some(leader) = self.nodes().find(leads) {
                return Some(leader);
            }
        }
    }

    /// Lets the new leader's first entry reach those with long logs, keeps it from the others, and
    /// goes on to the next heartbeat after that.
    ///
    /// A leader mends a short log once it hears of it; so it does not hear of it. The servers with
    /// short logs hear every heartbeat, and what they answer is lost until that leader is gone.
    fn settle(&mut self, leader: Address) -> Option<()> {
        let short: Vec<Address> =
            self.nodes().skip(usize::from(self.cluster.electable) + 1).collect();
        if !short.is_empty() {
            let to = Whom::Only(vec![leader]);
            let cut = Lever::Link { from: Whom::Only(short), to, fate: Fate::CUT };
            self.inject(self.now(), SHORT_LOGS, cut);
        }
        let round_trip = Span(2 * self.cluster.latency.longest().0) + self.cluster.write;
        let settled = self.now() + Span(2 * round_trip.0);
        loop {
            let round = self.world.state(leader).round;
            self.step()?;
            let state = self.world.state(leader);
            if state.role != Role::Leader {
                return None; // It does not last: the timeouts are too short for the latency.
            }
            if self.now() >= settled && state.round > round {
                return Some(());
            }
        }
    }

    /// Goes on until one of the survivors leads and all others have heard it.
    fn recover(&mut self, gone: Address, crashed: Instant) -> Option<Instant> {
        self.limit = crashed + self.cluster.cap;
        let survivors: Vec<Address> = self.nodes().filter(|who| *who != gone).collect();
        loop {
            self.step()?;
            let state = |who: &Address| self.world.state(*who);
            let leads = |who: &&Address| state(who).role == Role::Leader;
            let Some(leader) = survivors.iter().find(leads) else { continue };
            let term = state(leader).term;
            let follows =
                |who: &Address| state(who).term == term && state(who).leader == leader.node();
            if survivors.iter().all(follows) {
                return Some(self.now());
            }
        }
    }
}
