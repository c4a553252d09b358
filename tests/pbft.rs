//! PBFT over many seeds: whatever up to f replicas and the network do, nothing unsafe comes of it,
//! and when they calm down the cluster goes on.

#![expect(clippy::format_push_string, reason = "a scenario is put together once a seed")]

use faultlab::experiments::matrix::{Demand, cells, judge, token};
use faultlab::lab::{Scenario, read_scenario};
use faultlab::oracles::State;
use faultlab::sim::chance::{Chance, Identity, Purpose};

fn scenario(nodes: u16, rest: &str) -> Scenario {
    let text = format!("(title: \"sweep\", protocol: Pbft(), nodes: {nodes}, {rest})");
    read_scenario("sweep", &text).unwrap_or_else(|report| panic!("{report}"))
}

/// Plays a scenario over seeds; each must end with this verdict and as it expects.
#[track_caller]
fn all(scenario: &Scenario, seeds: impl Iterator<Item = u64>, wanted: State) {
    for seed in seeds {
        let found = judge(scenario, seed);
        let word = || token(scenario, seed);
        assert!(
            found.state == wanted && found.as_expected,
            "{} seed {seed}: {found:?}\n  faultlab replay {}",
            scenario.title,
            word()
        );
    }
}

/// How many seeds a sweep has: a few here, more where a longer search is asked for.
fn seeds(few: u64) -> u64 {
    std::env::var("PBFT_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// The plain case at every size, with f = 0 to 4.
#[test]
fn nothing_fails_where_nothing_is_wrong() {
    let steady = "expect: [Held(\"available\"), Held(\"on time\"), Held(\"false suspicion\")], \
                  until: \"6s\"";
    for nodes in [1, 2, 3, 4, 5, 6, 7, 10, 13] {
        all(&scenario(nodes, steady), 0..1, State::Held);
    }
}

/// Every cell of the table comes to what it demands, over many seeds.
#[test]
fn each_cell_is_what_it_says() {
    for cell in cells().expect("they can be read").iter().filter(|cell| cell.protocol == "pbft") {
        let wanted = match cell.demand() {
            Demand::Survive => State::Held,
            Demand::Break if cell.id == "V2" || cell.id == "V4" => State::Stalled,
            Demand::Break => State::Violated,
        };
        all(&cell.scenario, 1..=seeds(6), wanted);
    }
}

/// Numbers of one seed, one after the other.
struct Dice(Chance, u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.1 += 1;
        self.0.number(Identity(self.1), Purpose::Own, &(0..=end - 1))
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What a faulty replica does, as a scenario writes it; `{n}` is its name and `{o}` another's.
const MISDEEDS: &[&str] = &[
    "Equivocate(nodes: Node(\"{n}\"))",
    "Equivocate(nodes: Node(\"{n}\"), second: Node(\"{o}\"))",
    "Lie(nodes: Node(\"{n}\"), says: Contrary)",
    "Lie(nodes: Node(\"{n}\"), says: Contrary, to: Node(\"{o}\"))",
    "Lie(nodes: Node(\"{n}\"), says: Value)",
    "Lie(nodes: Node(\"{n}\"), says: Denial)",
    "Withhold(nodes: Node(\"{n}\"))",
    "Replay(nodes: Node(\"{n}\"), rate: 0.3)",
    "CrashStop(node: Node(\"{n}\"))",
    "CrashRecovery(node: Node(\"{n}\"), disk: Wiped, down: \"1s\")",
    "SendOmission(node: Node(\"{n}\"), rate: 0.7)",
    "ReceiveOmission(node: Node(\"{n}\"), rate: 0.7)",
    "WrongCore(node: Node(\"{n}\"), rate: 0.5)",
    "FlipBit(node: Node(\"{n}\"), place: Memory)",
];

/// Draws a cluster, a network and what up to f of its replicas do; now and then a partition that
/// heals comes on top, and a power cut of everybody.
fn misery(seed: u64) -> Scenario {
    let mut dice = Dice(Chance::new(seed), seed << 20);
    let nodes = [4, 5, 6, 7, 10][dice.below(5) as usize];
    let first = dice.below(nodes);
    let mut faults = String::new();
    // Neighbours in the order of primaries, so that one bad primary follows the other.
    for k in 0..(nodes - 1) / 3 {
        let bad = (first + k) % nodes;
        for deed in 0..=dice.below(2) {
            let other = (bad + 1 + dice.below(nodes - 1)) % nodes;
            let what = dice.pick(MISDEEDS).replace("{n}", &format!("n{}", bad + 1));
            let what = what.replace("{o}", &format!("n{}", other + 1));
            let at = 500 + dice.below(4_000);
            let until = match dice.below(3) {
                0 => format!("until: \"{}ms\", ", at + 500 + dice.below(4_000)),
                _ => String::new(),
            };
            faults += &format!("(id: \"{bad}-{deed}\", at: \"{at}ms\", {until}fault: {what}), ");
        }
    }
    if dice.below(3) == 0 {
        let half: Vec<String> = (1..=nodes / 2).map(|n| format!("\"n{n}\"")).collect();
        let kind = dice.pick(&["Complete", "Partial", "CannotSend", "CannotReceive"]);
        faults += &format!(
            "(id: \"cut\", at: \"2s\", until: \"5s\", fault: Partition(kind: {kind}, isolate: \
             Nodes([{}]))), ",
            half.join(", ")
        );
    }
    if dice.below(4) == 0 {
        let all: Vec<String> = (1..=nodes).map(|n| format!("\"n{n}\"")).collect();
        faults += &format!(
            "(id: \"power\", at: \"3s\", fault: CrashRecovery(node: Nodes([{}]), disk: \
             UnsyncedLost, down: \"500ms\")), ",
            all.join(", ")
        );
    }
    let loss = [0, 0, 5, 15, 25][dice.below(5) as usize];
    let rest = format!(
        "network: (latency: Uniform(\"1ms..10ms\"), loss: 0.{loss:02}, duplicate: 0.05, reorder: \
         0.05), faults: [{faults}], bounds: (progress_within: \"4s\"), until: \"16s\""
    );
    scenario(nodes as u16, &rest)
}

/// Up to f replicas do what they like, alone or one after the other, and the network what it can.
#[test]
fn whatever_f_replicas_do_nothing_unsafe_comes_of_it_and_progress_resumes() {
    for seed in 0..seeds(60) {
        all(&misery(seed), std::iter::once(seed), State::Held);
    }
}
