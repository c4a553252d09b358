//! What the kernel costs, held against a bare loop in the same run: ratios, never absolute times.
//!
//! `cargo bench` prints the table of ratios first and then each part's own figures.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant as Wall};

use faultlab::lab::{Scenario, Seek, Session, Trial, build, embedded, read_scenario};
use faultlab::oracles::history::History;
use faultlab::protocols::ProtocolSpec;
use faultlab::protocols::raft::RaftSpec;
use faultlab::sim::chance::mix;
use faultlab::sim::{Instant, Keep, Record, Tape};
use faultlab::workloads::WorkloadSpec;
use faultlab::workloads::register::RegisterSpec;

/// How many events each loop takes.
const EVENTS: u64 = 200_000;
/// How often each is measured; the best counts, since noise only ever adds.
const ROUNDS: usize = 5;

/// How long the live lab is held, in virtual seconds, and how many frames it draws in one.
const LIVE_SECONDS: u64 = 20;
const FRAMES: u64 = 30;

fn scenario() -> Scenario {
    let spec = RegisterSpec { clients: 4, rate_per_second: 100, keys: 10, ..Default::default() };
    let plain = Scenario::plain("bench", ProtocolSpec::Raft(RaftSpec::default()), 5);
    Scenario { workload: WorkloadSpec::Register(spec), ..plain }
}

/// A heap of events as small as a world's, each of which makes one more: what no simulator of this
/// kind can beat.
fn bare_loop() -> u64 {
    let mut heap = BinaryHeap::new();
    let mut sum = 0;
    for k in 0..64_u64 {
        heap.push(Reverse((k, k, [k; 6])));
    }
    for made in 64..64 + EVENTS {
        let Reverse((at, _, load)) = heap.pop().expect("each event makes another");
        sum ^= mix(load[0]);
        heap.push(Reverse((at + mix(made) % 9_000 + 1_000, made, [made; 6])));
    }
    sum
}

/// Five Raft nodes with clients, no oracles.
fn world(keep: Keep) -> u64 {
    let mut tape = Tape::new(keep);
    let mut world = build::world(&scenario(), 7, &mut tape);
    while world.events() < EVENTS && world.advance(&mut tape) {
        if tape.records.len() > 4_096 {
            tape.records.clear();
        }
    }
    world.digest()
}

/// The same with every oracle; returns virtual microseconds.
fn judged() -> u64 {
    let mut trial = Trial::new(&scenario(), 7, Keep::Milestones);
    let mut last = 0;
    trial.run(Instant(100_000_000), |record, _| {
        last = record.at.0;
        ControlFlow::Continue(())
    });
    last
}

fn best<T>(work: impl Fn() -> T) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Wall::now();
        black_box(work());
        start.elapsed()
    });
    rounds.min().expect("there are rounds")
}

fn ratios() {
    let bare = best(bare_loop).as_secs_f64();
    println!("bare heap loop                 1.00  ({:.1} M events/s)", per_second(bare));
    for (name, keep) in [("without records", Keep::Nothing), ("with records", Keep::Everything)] {
        let took = best(|| world(keep)).as_secs_f64();
        println!(
            "five Raft nodes, {name:<16} {:.2}  ({:.1} M events/s)",
            bare / took,
            per_second(took)
        );
    }
    let took = best(judged).as_secs_f64();
    println!("five Raft nodes, 100 operations/s, all oracles: {:.0} times real time", 100.0 / took);
}

/// A thousand nodes in the hand, as the live lab holds them: every record, every oracle, snapshots,
/// and a scene for each frame.
fn thousands() {
    for name in ["gossip-thousand", "swim-thousand"] {
        let text = embedded::find(name).expect("it comes with the program");
        let scenario = read_scenario(name, text).unwrap_or_else(|report| panic!("{report}"));
        let before = resident_mib();
        let mut session = Session::new(scenario, 7);
        let start = Wall::now();
        let mut scenes = Duration::ZERO;
        for frame in 1..=LIVE_SECONDS * FRAMES {
            session.advance_to(Instant(frame * 1_000_000 / FRAMES), u64::MAX);
            let drawn = Wall::now();
            black_box(session.scene());
            scenes += drawn.elapsed();
        }
        let took = start.elapsed().as_secs_f64();
        let (real, moves) = (LIVE_SECONDS as f64 / took, session.frontier().moves);
        println!(
            "{name}: {real:.1} times real time, {moves} events, scenes {:.0}%, {:.0} MiB",
            scenes.as_secs_f64() / took * 100.0,
            resident_mib() - before
        );
    }
}

fn per_second(took: f64) -> f64 {
    EVENTS as f64 / took / 1e6
}

fn memory_and_seek() {
    let before = resident_mib();
    let mut session = Session::new(scenario(), 7);
    while session.frontier().moves < 1_000_000 {
        let target = Instant(session.clock().0 + 1_000_000);
        session.advance_to(target, u64::MAX);
    }
    let records = f64::from(session.next_record().0 - session.memory_begins().0);
    let each = size_of::<Record>();
    println!("a record: {each} bytes; {records:.0} kept of {}", session.next_record().0);
    println!("a run of a million events: {:.0} MiB", resident_mib() - before);
    let last = session.frontier().moves;
    let mut took: Vec<Duration> = (0..200)
        .map(|k| {
            let start = Wall::now();
            session.seek(Seek::Moves(mix(k) % last));
            start.elapsed()
        })
        .collect();
    took.sort();
    println!("seek anywhere in it: median {:?}, worst {:?}", took[100], took[199]);
}

/// Returns how much memory the program holds, where the system says so.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1_024.0
}

/// A history of so many operations over ten keys.
fn history(operations: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let mut returned = 0;
    let mut trial = Trial::new(&scenario(), 3, Keep::Milestones);
    trial.run(Instant(u64::MAX), |record, _| {
        if matches!(record.what, faultlab::sim::What::Client(_)) {
            records.push(record.clone());
            returned += 1;
        }
        if returned > operations * 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    records
}

#[divan::bench]
fn heap() -> u64 {
    bare_loop()
}

#[divan::bench]
fn raft_without_records() -> u64 {
    world(Keep::Nothing)
}

#[divan::bench]
fn raft_with_records() -> u64 {
    world(Keep::Everything)
}

#[divan::bench]
fn linearizable_5000_operations_10_keys(bencher: divan::Bencher) {
    let operations = History::whole(&history(5_000));
    bencher.bench(|| faultlab::oracles::failures::linearizable::check(black_box(&operations)));
}

fn main() {
    ratios();
    thousands();
    memory_and_seek();
    divan::main();
}
