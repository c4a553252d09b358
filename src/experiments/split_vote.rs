//! How often the first vote after all servers wait is split, so that its term has no leader.
//!
//! Ongaro's dissertation (2014, §9.2) gives the chance by a formula, for timeouts drawn evenly from
//! a range and a fixed latency. What runs here is the Raft of this crate, set up so that what the
//! formula assumes is so: disks write in no time, and timeouts are so much longer than their range
//! that nobody stands a second time before the first vote is over.
//!
//! Absent on purpose: later terms. Each would be the same again, since all timeouts begin anew.

use crate::protocols::raft::{Raft, RaftSpec};
use crate::sim::disk::DiskSpec;
use crate::sim::{
    Address, Cue, FaultId, Input, Instant, Keep, Latency, Lever, Life, Mood, Network, Plan, Role,
    Service, Setup, Sim, Span, SpanRange, Tape, Topology, Whom, World,
};

use super::parameter::{Bounds, Kind, Parameter, Settings, written};
use super::published::{Published, split_vote as published};
use super::silent::Silent;
use super::statistics::share;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "split-vote",
    title: "how often a vote is split, so that a term has no leader",
    parameters: PARAMETERS,
    trials: 10_000,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "servers",
        about: "servers in the cluster",
        default: "5",
        kind: Kind::Whole(1, 99),
    },
    Parameter {
        name: "failed",
        about: "how many of them are down",
        default: "1",
        kind: Kind::Whole(0, 98),
    },
    Parameter {
        name: "latency",
        about: "one-way latency as a share of the range of the timeouts; a range varies evenly",
        default: "0.2",
        kind: Kind::Range(0.0, 1.0),
    },
];

/// The range that timeouts are drawn from: so long that two servers hardly ever draw the same.
const RANGE: Span = Span::secs(1_000);
/// The shortest timeout: no second one runs out before the answers to the first vote are in, which
/// takes up to one range until the last server stands and two latencies more.
const SHORTEST: Span = Span(10 * RANGE.0);

/// A set-up.
#[derive(Clone, Copy, Debug)]
struct Vote {
    servers: u16,
    failed: u16,
    latency: Bounds,
}

/// What a vote came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    split: bool,
    /// When the first server stood, after the shortest timeout.
    first: Span,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let (servers, failed) = (settings.whole("servers"), settings.whole("failed"));
    if failed >= servers {
        return Err(format!(
            "failed: found `{failed}`, expected less than the {servers} servers, so that one is up"
        ));
    }
    let latency = settings.ranges("latency")[0];
    let vote = Vote { servers: servers as u16, failed: failed as u16, latency };
    let tallies = trials.run(|seed| vote.hold(seed));
    let split = tallies.iter().filter(|tally| tally.split).count() as u64;
    let (p_split, p_split_stderr) = share(split, trials.count);
    let first: u64 = tallies.iter().map(|tally| tally.first.0).sum();
    let formula = (latency.0 >= latency.1).then(|| published::chance(servers, failed, latency.0));
    let row = Row(vec![
        ("servers", Cell::Whole(servers)),
        ("failed", Cell::Whole(failed)),
        ("latency", Cell::Text(written(&[latency]))),
        ("trials", Cell::Whole(trials.count)),
        ("p_split", Cell::Number(p_split)),
        ("p_split_stderr", Cell::Number(p_split_stderr)),
        ("p_split_formula", Cell::from(formula)),
        ("first_timeout", Cell::Number(first as f64 / (trials.count * RANGE.0) as f64)),
        ("expected_first_timeout", Cell::Number(1.0 / (servers - failed + 1) as f64)),
    ]);
    let stated = published::stated(servers, failed, latency).or_else(|| {
        let share = published::chance(servers, failed, latency.0);
        formula.map(|_| Row(vec![("p_split", Cell::Number(share))]))
    });
    let published = stated.map(|row| Published { source: published::SOURCE, rows: vec![row] });
    Ok(Measured { rows: vec![row], published })
}

impl Vote {
    /// Holds one vote.
    fn hold(self, seed: u64) -> Tally {
        let mut tape = Tape::new(Keep::Nothing);
        let mut world = self.world(seed, &mut tape);
        if self.failed > 0 {
            let down = (self.servers - self.failed + 1..=self.servers).map(Address::Node);
            let lever = Lever::Power { node: Whom::Only(down.collect()), to: Life::Down };
            let plan = Plan { steps: vec![(Cue::After(Span::ZERO), lever)], ..Plan::default() };
            world.apply(Instant::ZERO, &Input::Inject(FaultId(1), plan), &mut tape);
        }
        let up: Vec<Address> = (1..=self.servers - self.failed).map(Address::Node).collect();
        let mut first = None;
        loop {
            let went_on = world.advance(&mut tape);
            assert!(went_on, "a server that is up has a timer or a message to come");
            let at = world.now();
            let stood = |who: &Address| world.state(*who).term > 0;
            if first.is_none() && up.iter().any(stood) {
                first = Some(at.since(Instant::ZERO + SHORTEST));
            }
            let led = |who: &Address| world.state(*who).role == Role::Leader;
            let over = |who: &Address| world.state(*who).term > 1;
            let elected = up.iter().any(led);
            if elected || up.iter().any(over) {
                let first = first.expect("nobody leads or stands again before the first stood");
                return Tally { split: !elected, first };
            }
        }
    }

    fn world(self, seed: u64, tape: &mut Tape) -> World<Raft, Silent> {
        let share = |share: f64| Span(libm::round(share * RANGE.0 as f64) as u64);
        let spec = RaftSpec {
            election_timeout: SpanRange(SHORTEST..=SHORTEST + RANGE),
            heartbeat: RANGE,
            ..RaftSpec::default()
        };
        let setup = Setup {
            protocol: Raft::new(self.servers, spec),
            disks: vec![None; usize::from(self.servers)],
            clients: Vec::new(),
            monitors: Vec::new(),
            topology: Topology::default(),
            network: Network::plain(Latency::Uniform(share(self.latency.0), share(self.latency.1))),
            disk: DiskSpec { sync: Latency::Fixed(Span::ZERO), mood: Mood::Durable },
            service: Service::default(),
            seed,
        };
        World::new(setup, tape)
    }
}
