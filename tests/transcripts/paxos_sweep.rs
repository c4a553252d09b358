//! Many seeds of chance instead of one story, for both kinds of Paxos: whatever the network and the
//! machines do within the model, nothing unsafe comes of it, and when they calm down it goes on.
//!
//! Beside the oracles, which hear what nodes say, a witness reads the disks after each move. It
//! knows what is chosen before anybody does: a value that a quorum has accepted under one number.
//! From then on everything that is accepted under a higher number must carry that value (P2b,
//! §2.2), and no disk may take back a promise.

use std::collections::BTreeMap;

use faultlab::protocols::paxos::Ballot;
use faultlab::protocols::paxos::multi::{self, MultiPaxos, MultiPaxosSpec};
use faultlab::protocols::paxos::single::{self, Paxos, PaxosSpec};
use faultlab::sim::chance::{Chance, Identity, Purpose};
use faultlab::sim::{Address, CallId, Mood, Op, Outcome, Protocol};

use crate::desk::Desk;
use crate::stage::Staged;

const SEEDS: u64 = 200;
const MOVES: u64 = 400;
const KEY: u64 = 1;

/// What an acceptor has in a slot: under which number, and whose call.
type Acceptance = (u64, Ballot, u64);

/// A kind of Paxos that a witness can look into.
trait Witnessed: Staged {
    /// Sets up a cluster for a seed: of one to five nodes.
    fn for_seed(seed: u64) -> (Self, u16);
    /// Returns how many acceptances make a choice.
    fn needed(&self) -> u16;
    /// Returns what a disk promises.
    fn promised(stable: &Self::Stable) -> Ballot;
    /// Returns what was accepted, as a disk has it.
    fn accepted(stable: &Self::Stable) -> Vec<Acceptance>;
    /// Returns a timer that makes a node go on, where it is stuck.
    fn prods(timer: &Self::Timer) -> bool;
}

impl Witnessed for Paxos {
    fn for_seed(seed: u64) -> (Paxos, u16) {
        let nodes = 1 + (seed % 5) as u16;
        let flexible = seed & 16 > 0;
        let accept_quorum = flexible.then_some(1 + nodes / 3);
        let prepare_quorum = accept_quorum.map(|accept| nodes + 1 - accept);
        let back_off = seed & 8 > 0;
        let spec = PaxosSpec { back_off, prepare_quorum, accept_quorum, ..PaxosSpec::default() };
        (Paxos::new(nodes, spec), nodes)
    }

    fn needed(&self) -> u16 {
        self.quorums().accept
    }

    fn promised(stable: &single::Stable) -> Ballot {
        stable.promised
    }

    fn accepted(stable: &single::Stable) -> Vec<Acceptance> {
        let last = stable.accepted.iter();
        last.map(|last| (1, last.ballot, last.value.call.key())).collect()
    }

    fn prods(_: &single::Timer) -> bool {
        true
    }
}

impl Witnessed for MultiPaxos {
    fn for_seed(seed: u64) -> (MultiPaxos, u16) {
        let nodes = 1 + (seed % 5) as u16;
        let flexible = seed & 16 > 0;
        let accept_quorum = flexible.then_some(1 + nodes / 3);
        let prepare_quorum = accept_quorum.map(|accept| nodes + 1 - accept);
        let back_off = seed & 8 > 0;
        let spec =
            MultiPaxosSpec { back_off, prepare_quorum, accept_quorum, ..MultiPaxosSpec::default() };
        (MultiPaxos::new(nodes, spec), nodes)
    }

    fn needed(&self) -> u16 {
        self.quorums().accept
    }

    fn promised(stable: &multi::Stable) -> Ballot {
        stable.promised
    }

    fn accepted(stable: &multi::Stable) -> Vec<Acceptance> {
        let entries = stable.log.iter();
        entries.map(|(slot, entry)| (*slot, entry.ballot, entry.slot().value)).collect()
    }

    fn prods(timer: &multi::Timer) -> bool {
        MultiPaxos::timer(timer).awaits
    }
}

/// Knows what is chosen.
#[derive(Default)]
struct Witness {
    promised: BTreeMap<u16, Ballot>,
    /// Who accepted what, ever, by slot and number.
    accepted: BTreeMap<(u64, Ballot), (u64, Vec<u16>)>,
    chosen: BTreeMap<u64, (Ballot, u64)>,
}

impl Witness {
    fn look<P: Witnessed>(&mut self, desk: &Desk<P>, seed: u64) {
        for node in 1..=desk.nodes() {
            let Some(stable) = desk.disk(node).stable() else { continue };
            let promised = P::promised(stable);
            let before = self.promised.insert(node, promised).unwrap_or_default();
            assert!(before <= promised, "seed {seed}: n{node} takes a promise back");
            for (slot, ballot, value) in P::accepted(stable) {
                self.accept(desk.protocol.needed(), node, (slot, ballot, value), seed);
            }
        }
    }

    fn accept(&mut self, needed: u16, node: u16, (slot, ballot, value): Acceptance, seed: u64) {
        let (known, who) = self.accepted.entry((slot, ballot)).or_insert((value, Vec::new()));
        assert_eq!(*known, value, "seed {seed}: two values in slot {slot} under {ballot:?}");
        if who.contains(&node) {
            return;
        }
        who.push(node);
        if let Some((chosen, of)) = self.chosen.get(&slot) {
            assert!(
                ballot < *chosen || *of == value,
                "seed {seed}: slot {slot} has {of} chosen under {chosen:?}, and n{node} accepts \
                 {value} under {ballot:?}"
            );
        }
        if who.len() >= usize::from(needed) {
            let first = self.chosen.entry(slot).or_insert((ballot, value));
            *first = (*first).min((ballot, value));
        }
    }
}

struct Storm<P: Witnessed> {
    desk: Desk<P>,
    nodes: u16,
    seed: u64,
    chance: Chance,
    draws: u64,
    serial: u32,
    witness: Witness,
    answers: u64,
}

impl<P: Witnessed> Storm<P> {
    fn new(seed: u64) -> Storm<P> {
        let (protocol, nodes) = P::for_seed(seed);
        Storm {
            desk: Desk::new(protocol, nodes, false),
            nodes,
            seed,
            chance: Chance::new(seed),
            draws: 0,
            serial: 0,
            witness: Witness::default(),
            answers: 0,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.draws += 1;
        self.chance.number(Identity(self.draws), Purpose::Own, &(0..=end as u64 - 1)) as usize
    }

    fn a_move(&mut self) {
        let node = self.below(usize::from(self.nodes)) as u16 + 1;
        let up = self.desk.state(node).is_some();
        match self.below(100) {
            0..4 if !self.desk.armed(node).is_empty() => {
                let timer = self.below(self.desk.armed(node).len());
                let timer = self.desk.armed(node)[timer].clone();
                self.desk.timeout(node, timer);
            }
            4..22 => self.desk.sync(node, true),
            22..28 => self.ask(node),
            28..30 if up => {
                let mood = [Mood::Durable, Mood::UnsyncedLost][self.below(2)];
                self.desk.crash(node, mood);
            }
            30..40 if !up => self.desk.boot(node),
            _ => self.a_message(),
        }
        self.look();
    }

    /// Brings a message, in whatever order; now and then it is lost, or comes again later.
    fn a_message(&mut self) {
        let count = self.desk.flights.len();
        if count == 0 {
            return;
        }
        let reach = if self.below(4) == 0 { count } else { count.min(3) };
        let place = self.below(reach);
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

    fn ask(&mut self, node: u16) {
        let again = self.serial > 0 && self.below(4) == 0;
        if !again {
            self.serial += 1;
        }
        // Some calls are second attempts at an earlier one.
        let serial = if again { 1 + self.below(self.serial as usize) as u32 } else { self.serial };
        let call = CallId { client: Address::Client(1), serial, attempt: 1 + u16::from(again) };
        let op = match serial % 3 {
            0 => Op::Read { key: KEY },
            _ => Op::Write { key: KEY, value: u64::from(serial) },
        };
        self.desk.request(&[node], call, op);
    }

    fn look(&mut self) {
        let (text, seed) = (self.desk.take_text(), self.seed);
        assert!(!text.contains("VIOLATED"), "seed {seed}:\n{text}");
        self.witness.look(&self.desk, seed);
        let told = self.desk.answers.drain(..);
        self.answers += told.filter(|(_, o)| !matches!(o, Outcome::Redirect(_))).count() as u64;
    }

    /// Lets everything come up and get through, one timer at a time, until a call is answered.
    /// Where nobody backed off they begin to now: two proposers in step would go on for ever.
    fn calm(&mut self) {
        let seed = self.seed;
        self.desk.protocol.set("back_off", true);
        for node in 1..=self.nodes {
            if self.desk.state(node).is_none() {
                self.desk.boot(node);
            }
        }
        let before = self.answers;
        for turn in 0..40 {
            for _ in 0..5_000 {
                (1..=self.nodes).for_each(|node| self.desk.sync(node, false));
                self.look();
                if self.desk.flights.is_empty() {
                    break;
                }
                let flight = self.desk.flights.remove(0);
                self.desk.deliver(flight);
                self.look();
            }
            (1..=self.nodes).for_each(|node| self.ask(node));
            self.look();
            if self.answers > before {
                return;
            }
            let node = 1 + turn % self.nodes;
            let timer = self.desk.armed(node).iter().find(|timer| P::prods(timer)).cloned();
            if let Some(timer) = timer {
                self.desk.timeout(node, timer);
            }
        }
        panic!("seed {seed}: nobody is answered though all is well");
    }
}

fn sweep<P: Witnessed>() {
    let (mut answers, mut chosen) = (0, 0);
    for seed in 0..SEEDS {
        let mut storm = Storm::<P>::new(seed);
        (0..MOVES).for_each(|_| storm.a_move());
        answers += storm.answers;
        storm.calm();
        chosen += storm.witness.chosen.len() as u64;
    }
    assert!(
        answers > SEEDS && chosen > SEEDS * 9 / 10,
        "the storm leaves room: {answers}, {chosen}"
    );
}

#[test]
fn no_storm_makes_single_decree_paxos_unsafe() {
    sweep::<Paxos>();
}

#[test]
fn no_storm_makes_multi_paxos_unsafe() {
    sweep::<MultiPaxos>();
}
