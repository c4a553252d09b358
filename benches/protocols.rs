//! What each protocol costs in the world, held against Raft in the same run; and the largest worlds
//! against real time.
//!
//! `cargo bench --bench protocols`

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant as Wall};

use faultlab::lab::scenario::Scenario;
use faultlab::lab::{Trial, build};
use faultlab::protocols::{self, Entry, PROTOCOLS};
use faultlab::sim::{Instant, Keep, Tape};

/// How much virtual time each world runs.
const RUNS_FOR: Instant = Instant(10_000_000);
/// How often each is measured; the best counts, since noise only ever adds.
const ROUNDS: usize = 3;
/// How many nodes: what a small cluster has, and enough for one liar.
const NODES: u16 = 7;
/// The protocols that have to gossip a thousand strong, as fast as real time.
const CROWDS: [&str; 2] = ["gossip", "swim"];

fn scenario(entry: &Entry, nodes: u16) -> Scenario {
    Scenario::plain("bench", (entry.make)(), nodes)
}

/// Runs a world without oracles; returns how many events it had.
fn world(scenario: &Scenario) -> u64 {
    let mut tape = Tape::new(Keep::Nothing);
    let mut world = build::world(scenario, 7, &mut tape);
    while world.next_at().is_some_and(|at| at <= RUNS_FOR) && world.advance(&mut tape) {
        tape.records.clear();
    }
    black_box(world.digest());
    world.events()
}

/// Runs a world with every oracle of its protocol.
fn judged(scenario: &Scenario) {
    let mut trial = Trial::new(scenario, 7, Keep::Milestones);
    trial.run(RUNS_FOR, |_, _| ControlFlow::Continue(()));
    black_box(trial.panel().verdicts(RUNS_FOR));
}

fn best<T>(work: impl Fn() -> T) -> (T, Duration) {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Wall::now();
        (work(), start.elapsed())
    });
    rounds.min_by_key(|(_, took)| *took).expect("there are rounds")
}

fn main() {
    let rate = |entry: &Entry| {
        let scenario = scenario(entry, NODES.max(*entry.nodes.start() as u16));
        let (events, took) = best(|| world(&scenario));
        let ((), with_oracles) = best(|| judged(&scenario));
        let virtual_s = RUNS_FOR.0 as f64 / 1e6;
        let per_second = events as f64 / took.as_secs_f64();
        (events, per_second, virtual_s / with_oracles.as_secs_f64())
    };
    let raft = protocols::find("raft").map(rate).map_or(1.0, |(_, per_second, _)| per_second);
    println!("{:<20} {:>9} {:>12} {:>22}", "protocol", "events", "of raft", "× real time, judged");
    for entry in PROTOCOLS {
        let (events, per_second, real_time) = rate(entry);
        println!("{:<20} {events:>9} {:>12.2} {real_time:>22.0}", entry.name, per_second / raft);
    }
    for entry in CROWDS.iter().filter_map(|name| protocols::find(name)) {
        let crowd = scenario(entry, 1_000);
        let ((), took) = best(|| judged(&crowd));
        let times = RUNS_FOR.0 as f64 / 1e6 / took.as_secs_f64();
        println!("{:<20} {:>9} nodes, judged: {times:.1} × real time", entry.name, 1_000);
    }
}
