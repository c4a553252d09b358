//! Many seeds of chance instead of one story: whatever the network and the machines do within the
//! model, nothing unsafe comes of it, and when they calm down the cluster goes on.

use std::collections::{BTreeMap, BTreeSet};

use faultlab::protocols::raft::{Raft, RaftSpec, Timer};
use faultlab::sim::chance::{Chance, Identity, Purpose};
use faultlab::sim::{Address, CallId, Mood, Op, Outcome, Role, Span};

use crate::desk::Desk;

const SEEDS: u64 = 300;
const MOVES: u64 = 800;
/// All calls touch one key, so that stale reads show.
const KEY: u64 = 1;

struct Storm {
    desk: Desk<Raft>,
    nodes: u16,
    draws: u64,
    chance: Chance,
    serial: u32,
    /// What is asked by each call, by its key: the value, or nothing for a read.
    asked: BTreeMap<u64, Option<u64>>,
    /// For each read on its way: the last slot whose write was answered before it was asked.
    floors: BTreeMap<CallId, u64>,
    /// The last slot whose write was answered.
    answered: u64,
    answers: u64,
}

impl Storm {
    fn new(seed: u64) -> Storm {
        let nodes = 1 + (seed % 5) as u16;
        let spec =
            RaftSpec { pre_vote: seed & 8 > 0, check_quorum: seed & 16 > 0, ..RaftSpec::default() };
        Storm {
            desk: Desk::new(Raft::new(nodes, spec), nodes, false),
            nodes,
            draws: 0,
            chance: Chance::new(seed),
            serial: 0,
            asked: BTreeMap::new(),
            floors: BTreeMap::new(),
            answered: 0,
            answers: 0,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.draws += 1;
        self.chance.number(Identity(self.draws), Purpose::Own, &(0..=end - 1))
    }

    fn node(&mut self) -> u16 {
        self.below(u64::from(self.nodes)) as u16 + 1
    }

    fn is_up(&self, node: u16) -> bool {
        self.desk.state(node).is_some()
    }

    fn a_move(&mut self) {
        let node = self.node();
        match self.below(100) {
            0..2 => self.desk.timeout(node, Timer::Election),
            2..9 => self.desk.timeout(node, Timer::Heartbeat),
            9..10 => self.desk.timeout(node, Timer::CheckQuorum),
            10..24 => self.desk.sync(node, true),
            24..33 => self.ask(node),
            33..34 if self.is_up(node) => {
                let mood = [Mood::Durable, Mood::UnsyncedLost][self.below(2) as usize];
                self.desk.crash(node, mood);
            }
            34..40 if !self.is_up(node) => self.desk.boot(node),
            40..42 => {
                let span = Span::millis(self.below(100));
                self.desk.wait(span);
            }
            _ => self.a_message(),
        }
    }

    /// Brings a message, in whatever order; now and then it is lost, or comes again later.
    fn a_message(&mut self) {
        let count = self.desk.flights.len() as u64;
        if count == 0 {
            return;
        }
        // Mostly one of the oldest, so that elections come to an end.
        let reach = if self.below(4) == 0 { count } else { count.min(3) };
        let place = self.below(reach) as usize;
        let flight = self.desk.flights.remove(place);
        match self.below(20) {
            0 => {}
            1 => {
                self.desk.flights.push(flight.clone());
                self.desk.deliver(flight);
            }
            _ => self.desk.deliver(flight),
        }
    }

    fn leads(&self, node: u16) -> bool {
        self.desk.state(node).is_some_and(|state| state.role == Role::Leader)
    }

    fn ask(&mut self, node: u16) {
        // Clients mostly know who leads, or led.
        let leader = (1..=self.nodes).find(|node| self.leads(*node));
        let node = leader.filter(|_| self.below(4) > 0).unwrap_or(node);
        self.serial += 1;
        // Some calls are second attempts at an earlier one.
        let again = self.serial > 5 && self.below(4) == 0;
        let serial = if again { self.serial - 3 } else { self.serial };
        let call = CallId { client: Address::Client(1), serial, attempt: 1 + u16::from(again) };
        let value = (serial % 3 > 0).then_some(u64::from(serial));
        self.asked.insert(call.key(), value);
        if let Some(value) = value {
            self.desk.request(&[node], call, Op::Write { key: KEY, value });
        } else {
            // Each attempt at a read is judged for itself.
            let call = CallId { attempt: self.serial as u16, ..call };
            self.floors.insert(call, self.answered);
            self.desk.request(&[node], call, Op::Read { key: KEY });
        }
    }

    /// The writes that took effect, by their slots: the first entry of each call.
    fn writes(&self) -> BTreeMap<u64, u64> {
        let mut seen = BTreeSet::new();
        let ledger = self.desk.panel.truth().ledger();
        let decided = (1..=ledger.len()).filter_map(|slot| Some((slot, ledger.get(slot)?.entry)));
        let first = decided.filter(|(_, entry)| entry.value != 0 && seen.insert(entry.value));
        first.filter_map(|(slot, entry)| Some((slot, self.asked[&entry.value]?))).collect()
    }

    fn check_answers(&mut self) {
        for (call, outcome) in std::mem::take(&mut self.desk.answers) {
            let writes = self.writes();
            self.answers += u64::from(!matches!(outcome, Outcome::Redirect(_)));
            match outcome {
                Outcome::Redirect(_) | Outcome::Refused | Outcome::Busy => {}
                Outcome::Written => {
                    let value = self.asked[&call.key()].expect("it was a write");
                    let slot = writes.iter().find(|(_, of)| **of == value);
                    let (slot, _) = slot.expect("what was answered is committed");
                    self.answered = self.answered.max(*slot);
                }
                Outcome::Read(found) => {
                    // Reads are linearizable: the value stood in the store at some point after the
                    // last write that had been answered when the read was asked.
                    let floor = self.floors[&call];
                    let at = match found {
                        Some(value) => *writes.iter().find(|w| *w.1 == value).expect("written").0,
                        None => 0,
                    };
                    let over = writes.range(at + 1..).next().map_or(u64::MAX, |(slot, _)| *slot);
                    assert!(
                        over > floor,
                        "{call} read {found:?}, which is older than slot {floor}"
                    );
                }
            }
        }
    }

    /// No more faults: all come back, one stands, and the rest follows it.
    fn calm(&mut self) {
        for node in 1..=self.nodes {
            if !self.is_up(node) {
                self.desk.boot(node);
            }
        }
        for turn in 0..50 {
            let term = |node: &u16| self.desk.state(*node).map(|state| state.term);
            let leader = (1..=self.nodes).filter(|node| self.leads(*node)).max_by_key(term);
            self.desk.wait(Span::secs(1));
            match leader {
                Some(leader) => self.desk.timeout(leader, Timer::Heartbeat),
                None => self.desk.timeout(1 + (turn % self.nodes), Timer::Election),
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        for _ in 0..200 {
            (1..=self.nodes).for_each(|node| self.desk.sync(node, false));
            let Some(_) = self.desk.flights.first() else { continue };
            let flight = self.desk.flights.remove(0);
            self.desk.deliver(flight);
        }
    }
}

/// Asserts that a disk with nothing on its way holds what its node goes by.
fn assert_disk_agrees(cluster: &Desk<Raft>, node: u16) {
    let (Some(state), disk) = (cluster.state(node), cluster.disk(node)) else { return };
    if disk.written() == disk.synced() {
        let stable = disk.stable().cloned().unwrap_or_default();
        let vote = stable.vote.and_then(Address::node);
        assert_eq!((stable.term, vote), (state.term, state.vote), "the ballot of n{node}");
        assert_eq!(stable.log, state.log, "the log of n{node}");
        assert_eq!(state.synced, state.log.last_index(), "what n{node} holds to be synced");
    }
}

fn play(seed: u64) -> (Storm, Vec<u64>) {
    let mut storm = Storm::new(seed);
    for _ in 0..MOVES {
        storm.a_move();
        storm.check_answers();
        (1..=storm.nodes).for_each(|node| assert_disk_agrees(&storm.desk, node));
        let text = storm.desk.take_text();
        assert!(!text.contains("VIOLATED"), "seed {seed}: {text}");
    }
    storm.calm();
    let text = storm.desk.take_text();
    assert!(!text.contains("VIOLATED"), "seed {seed}: {text}");
    let commits = (1..=storm.nodes).filter_map(|node| storm.desk.state(node));
    let commits = commits.map(|state| state.commit).collect();
    (storm, commits)
}

#[test]
fn no_storm_breaks_safety_and_after_each_the_cluster_goes_on() {
    let (mut answers, mut decided) = (0, 0);
    for seed in 0..SEEDS {
        let (storm, commits) = play(seed);
        let length = storm.desk.state(1).expect("all are up").log.last_index();
        assert!(
            commits.iter().all(|commit| *commit == length && length > 0),
            "seed {seed}: after the storm the commit indexes are {commits:?} of {length}"
        );
        answers += storm.answers;
        decided += length;
    }
    // The storms are mild enough that something happens in them.
    assert!(answers > 5 * SEEDS && decided > 10 * SEEDS, "{answers} answers, {decided} entries");
}

#[test]
fn a_storm_is_the_same_each_time() {
    let run = || play(3).0.desk.state(1).expect("all are up").clone();
    assert_eq!(run(), run());
}
