//! Files as people write them: good ones play and keep their word, bad ones are told where and why.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use faultlab::faults::FAULTS;
use faultlab::lab::scenario::{Expectation, PlannedFault, Scenario};
use faultlab::lab::{Report, Trial, read_scenario};
use faultlab::oracles::{State, Verdict};
use faultlab::sim::{Instant, Keep, Span};
use proptest::prelude::*;

/// A good file of which each bad one is a change.
const GOOD: &str = r#"Scenario(
    title: "A good one",
    protocol: Raft(election_timeout: "150ms..300ms", heartbeat: "50ms"),
    nodes: 5,
    topology: Spread(zones: ["a", "b"]),
    network: (latency: Uniform("1ms..10ms"), cross_zone: Fixed("5ms"), loss: 0.1),
    disk: (sync: Exponential(min: "1ms", tail: "2ms"), mood: UnsyncedLost),
    workload: Register(
        clients: 3, rate_per_second: 50, keys: 4, timeout: "200ms", deadline: "2s",
        retry: Exponential(base: "50ms", attempts: 8),
    ),
    mechanisms: [Retry, Idempotency],
    faults: [
        (id: "cut", at: "5s", until: "8s", fault: Partition(kind: Complete, isolate: Leader)),
        (id: "slow", at: "6s", fault: SlowLink(from: Node("n1"), to: Nodes(["n2"]), by: "9s")),
    ],
    expect: [Held("linearizable"), Deviation("two leaders")],
    bounds: (on_time: "250ms"),
    until: "20s",
)
"#;

/// What is replaced in the good file, by what, and what the report must say: line, column, the
/// offending text, a part of what was expected.
struct Bad(&'static str, &'static str, (u32, u32), &'static str, &'static str);

const SYNTAX: &[Bad] = &[
    Bad("Scenario(\n", "Scenaro(\n", (1, 1), "Scenaro", "`Scenario`"),
    Bad("Scenario(\n", "Scenario\n", (2, 5), "title", "`(`"),
    Bad("    nodes: 5,\n", "", (19, 1), ")", "`nodes: …`"),
    Bad("nodes: 5,", "nodes: 5", (5, 5), "topology", "`,`"),
    Bad("nodes: 5,", "nodes: 5, nodes: 6,", (4, 15), "nodes", "each field once"),
    Bad("nodes: 5,", "nodes 5,", (4, 11), "5", "`:`"),
    Bad("nodes: 5,", "nodse: 5,", (4, 5), "nodse", "`title`, `cell`, `protocol`, `nodes`, "),
    Bad("nodes: 5,", "nodes: \"5\",", (4, 12), "\"5\"", "a whole number"),
    Bad("nodes: 5,", "nodes: 5.5,", (4, 12), "5.5", "`,`"),
    Bad("nodes: 5,", "nodes: -5,", (4, 12), "-5", "a number that fits"),
    Bad("nodes: 5,", "nodes: 99999999999999999999999,", (4, 12), "99999999999999999999999", "fits"),
    Bad("\"A good one\"", "A good one", (2, 12), "A", "text in quotes"),
    Bad("\"A good one\"", "\"A good one", (3, 39), "150ms..300ms", "`,`"),
    Bad("\"A good one\"", "\"A \\q one\"", (2, 12), "\"A \\q one\"", "an escape"),
    Bad("until: \"20s\",\n)", "until: \"20s\",\n) more", (20, 3), "more", "the end of the file"),
    Bad(
        "until: \"20s\",\n)\n",
        "until: \"20s\",\n",
        (20, 1),
        "the end of the file",
        "a closing bracket",
    ),
    Bad("\n    nodes", "\n    /* nodes", (21, 1), "the end of the file", "`*/`"),
    Bad("zones: [\"a\", \"b\"]", "zones: \"a\"", (5, 29), "\"a\"", "a list"),
    Bad("zones: [\"a\", \"b\"]", "zones: [\"a\" \"b\"]", (5, 34), "\"b\"", "`,`"),
];

const VALUES: &[Bad] = &[
    Bad("protocol: Raft", "protocol: Rift", (3, 15), "Rift", "`Raft`"),
    Bad("\"50ms\")", "50)", (3, 65), "50", "text in quotes"),
    Bad("\"50ms\")", "\"50 ms\")", (3, 65), "\"50 ms\"", "a number and a unit"),
    Bad("\"50ms\")", "\"0ms\")", (3, 65), "\"0ms\"", "from 1ms to 1m"),
    Bad("\"50ms\")", "\"150ms\")", (3, 65), "\"150ms\"", "less than the shortest election timeout"),
    Bad("\"50ms\")", "\"50ms\", pre_vote: yes)", (3, 83), "yes", "`true` or `false`"),
    Bad(
        "\"150ms..300ms\"",
        "\"300ms..150ms\"",
        (3, 38),
        "\"300ms..150ms\"",
        "the shorter duration",
    ),
    Bad("\"150ms..300ms\"", "\"0ms..300ms\"", (3, 38), "\"0ms..300ms\"", "from 1ms to 1m"),
    Bad("nodes: 5,", "nodes: 0,", (4, 12), "0", "from 1 to 1000"),
    Bad("nodes: 5,", "nodes: 1001,", (4, 12), "1001", "from 1 to 1000"),
    Bad("\"A good one\"", "\"\"", (2, 12), "\"\"", "one line of 1 to 120"),
    Bad("zones: [\"a\", \"b\"]", "zones: []", (5, 29), "[", "1 to 100 zones"),
    Bad("zones: [\"a\", \"b\"]", "zones: [\"a\", \"a\"]", (5, 35), "\"a\"", "each zone once"),
    Bad("zones: [\"a\", \"b\"]", "zones: [\"a\", \"b c\"]", (5, 35), "\"b c\"", "letters, digits"),
    Bad("Spread(zones: [\"a\", \"b\"])", "Places([()])", (5, 22), "[", "5 places"),
    Bad("loss: 0.1", "loss: 1.1", (6, 78), "1.1", "from 0.0 to 1.0"),
    Bad("loss: 0.1", "loss: often", (6, 78), "often", "a number"),
    Bad("Fixed(\"5ms\")", "Fixed(\"0ms\")", (6, 64), "\"0ms\"", "from 1us to 1m"),
    Bad("Uniform(\"1ms..10ms\")", "Uniform(\"1ms..2h\")", (6, 32), "\"1ms..2h\"", "from 1us to 1m"),
    Bad("Uniform(\"1ms..10ms\")", "Normal(\"1ms\")", (6, 24), "Normal", "`Fixed`, `Uniform` or"),
    Bad("tail: \"2ms\"", "tail: \"2h\"", (7, 48), "\"2h\"", "to 1m"),
    Bad("mood: UnsyncedLost", "mood: Wipd", (7, 62), "Wipd", "`UnsyncedLost` or `Wiped`"),
    Bad("clients: 3", "clients: 101", (9, 18), "101", "from 0 to 100"),
    Bad("rate_per_second: 50", "rate_per_second: 0", (9, 38), "0", "from 1 to 10000"),
    Bad("keys: 4", "keys: 0", (9, 48), "0", "from 1 to 1000000"),
    Bad("attempts: 8", "attempts: 8, budget: 3", (10, 55), "budget", "`base`, `attempts`"),
    Bad("tail: \"2ms\"", "tail: \"2ms\", max: \"9ms\"", (7, 55), "max", "`min` or `tail`"),
    Bad("deadline: \"2s\"", "deadline: \"1ms\"", (9, 79), "\"1ms\"", "at least the timeout"),
    Bad("keys: 4", "keys: 4, start: \"2h\"", (9, 58), "\"2h\"", "to 1h"),
    Bad("attempts: 8", "attempts: 0", (10, 52), "0", "from 1 to 100"),
    Bad("base: \"50ms\"", "base: \"0s\"", (10, 34), "\"0s\"", "from 1ms"),
    Bad("[Retry, Idempotency]", "[Retry, Retry]", (12, 25), "Retry", "each mechanism once"),
    Bad("[Retry, Idempotency]", "[Retry, Hope]", (12, 25), "Hope", "`Retry`, `Idempotency`"),
    Bad("on_time: \"250ms\"", "on_time: \"0s\"", (18, 23), "\"0s\"", "from 1us to 1h"),
    Bad("until: \"20s\"", "until: \"2h\"", (19, 12), "\"2h\"", "to 1h"),
];

const FAULTS_AND_EXPECTATIONS: &[Bad] = &[
    Bad("id: \"slow\"", "id: \"cut\"", (15, 14), "\"cut\"", "no other fault"),
    Bad("id: \"slow\"", "id: \"\"", (15, 14), "\"\"", "such as \"cut-1\""),
    Bad("at: \"5s\"", "at: \"20s\"", (14, 25), "\"20s\"", "before 20s"),
    Bad("until: \"8s\"", "until: \"5s\"", (14, 38), "\"5s\"", "after 5s"),
    Bad("until: \"8s\"", "until: 8", (14, 38), "8", "text in quotes"),
    Bad("fault: Partition(", "fault: Partitoin(", (14, 51), "Partitoin", "`Partition`"),
    Bad("kind: Complete", "kind: Total", (14, 67), "Total", "`CannotReceive`"),
    Bad("isolate: Leader", "isolate: Leeder", (14, 86), "Leeder", "`Leader`"),
    Bad("isolate: Leader", "isolate: Node(\"n9\")", (14, 91), "\"n9\"", "from n1 to n5"),
    Bad("isolate: Leader", "isolate: Node(\"c1\")", (14, 91), "\"c1\"", "from n1 to n5"),
    Bad("isolate: Leader", "isolate: Node(\"five\")", (14, 91), "\"five\"", "such as \"n1\""),
    Bad("isolate: Leader", "isolate: Nodes([])", (14, 86), "Nodes", "at least one node"),
    Bad(
        "isolate: Leader",
        "isolate: Nodes([\"n1\", \"n1\"])",
        (14, 99),
        "\"n1\"",
        "each node once",
    ),
    Bad(", isolate: Leader", "", (14, 75), ")", "`isolate: …`"),
    Bad("to: Nodes([\"n2\"])", "to: Node(\"n1\")", (15, 70), "Node", "another node"),
    Bad("by: \"9s\"", "by: \"0s\"", (15, 89), "\"0s\"", "more than 0s"),
    Bad("by: \"9s\"", "rate: 0.5", (15, 85), "rate", "`from`, `to` or `by`"),
    Bad("Held(\"linear", "Held(\"lineer", (17, 19), "\"lineerizable\"", "`linearizable`"),
    Bad("Held(\"linear", "Kept(\"linear", (17, 14), "Kept", "`Stalled` or `Deviation`"),
    Bad("Held(\"linear", "Deviation(\"linear", (17, 24), "\"linearizable\"", "`two leaders`"),
    Bad(
        "Held(\"linearizable\")",
        "Held(\"two leaders\")",
        (17, 45),
        "\"two leaders\"",
        "each property",
    ),
];

fn tell(text: &str) -> Report {
    read_scenario("bad.ron", text).expect_err(text)
}

fn all_bad() -> impl Iterator<Item = &'static Bad> {
    SYNTAX.iter().chain(VALUES).chain(FAULTS_AND_EXPECTATIONS)
}

/// Each bad file is told its line, its column, the offending text and what was expected.
#[test]
fn bad_files_are_told_where_and_why() {
    assert!(all_bad().count() >= 40);
    let mut wrong = Vec::new();
    for Bad(old, new, place, found, expected) in all_bad() {
        assert_eq!(GOOD.matches(old).count(), 1, "`{old}` stands once in the good file");
        let report = tell(&GOOD.replace(old, new));
        let shown = report.to_string();
        let (line, column) = *place;
        let right = (report.line, report.column) == *place
            && &*report.found == *found
            && report.expected.contains(expected)
            && shown.contains(&format!("--> bad.ron:{line}:{column}"))
            && shown.contains(&*report.expected)
            && shown.contains(&*report.message);
        if !right {
            let (found, expected) = (&report.found, &report.expected);
            wrong.push(format!("{old} -> {new}\nfound {found:?}, expected {expected}\n{shown}\n"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} reports are not as they should be:\n{}",
        wrong.len(),
        wrong.concat()
    );
}

/// A name that is nearly right is answered with the right one.
#[test]
fn a_typo_is_met_with_the_nearest_name() {
    for (old, new, meant) in [
        ("nodes: 5", "nodse: 5", "nodes"),
        ("isolate: Leader", "isolate: leader", "Leader"),
        ("Partition(", "Partitoin(", "Partition"),
        ("\"linearizable\"", "\"linearisable\"", "linearizable"),
        ("Idempotency", "Idempotence", "Idempotency"),
    ] {
        let shown = tell(&GOOD.replace(old, new)).to_string();
        assert!(shown.contains(&format!("did you mean `{meant}`?")), "{shown}");
    }
    let shown = tell(&GOOD.replace("Raft(", "Zab(")).to_string();
    assert!(!shown.contains("did you mean"), "{shown}");
}

/// Files that are made to hurt are refused, and say so.
#[test]
fn hostile_files_are_refused() {
    let deep = format!("Scenario(title: {}", "(".repeat(500_000));
    assert_eq!(&*tell(&deep).found, "(");
    let large = format!("{GOOD}//{}", " ".repeat(1 << 20));
    assert!(tell(&large).message.contains("too large"));
    let wide = GOOD.replace("[\"n2\"]", &format!("[{}]", "\"n2\",".repeat(100_000)));
    let report = tell(&wide);
    assert_eq!((&*report.found, &*report.expected), ("\"n2\"", "each node once"));
    assert!(report.to_string().len() < 1_000, "a report is for a screen");
    for text in ["", " ", "//", "/*", "\u{feff}", "\0", "(", ")", "\"", "r#\"", "Scenario("] {
        assert_eq!(tell(text).line, 1, "{text:?}");
    }
}

/// What is written is read back as it was, for every fault that there is.
#[test]
fn a_scenario_reads_back_from_what_it_writes() {
    let mut scenario = read_scenario("good.ron", GOOD).expect("it is good");
    for (k, variant) in FAULTS.iter().flat_map(|class| class.variants).enumerate() {
        let target = scenario.faults[0].fault.target().expect("a node is struck").clone();
        scenario.faults.push(PlannedFault {
            id: format!("f{k}"),
            at: Span::secs(1),
            until: Some(Span::millis(1_500)),
            fault: (variant.make)(&target, scenario.nodes),
        });
    }
    let text = scenario.to_ron();
    let again = read_scenario("again.ron", &text).unwrap_or_else(|report| panic!("{report}{text}"));
    assert_eq!(again, scenario);
}

fn scenarios() -> Vec<(String, Scenario)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/scenarios");
    let entries = std::fs::read_dir(&folder).expect("the folder is part of the project");
    let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a file that can be read");
        let scenario = read_scenario(&name, &text).unwrap_or_else(|report| panic!("{report}"));
        (name, scenario)
    };
    paths.into_iter().map(read).collect()
}

fn holds(expectation: &Expectation, verdicts: &[Verdict]) -> bool {
    let named = verdicts.iter().find(|verdict| verdict.property == expectation.property());
    let state = named.expect("a scenario names only properties that are watched").state;
    state
        == match expectation {
            Expectation::Held(_) => State::Held,
            Expectation::Violated(_) | Expectation::Deviation(_) => State::Violated,
            Expectation::Stalled(_) => State::Stalled,
        }
}

/// How many seeds each scenario of the project is played with.
const SEEDS: u64 = 10;

/// Each scenario of the project keeps its word, whatever the seed.
#[test]
fn the_scenarios_of_the_project_come_out_as_they_say() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 10);
    for (name, scenario) in scenarios {
        assert!(!scenario.expect.is_empty(), "{name} expects nothing");
        for seed in 1..=SEEDS {
            let mut trial = Trial::new(&scenario, seed, Keep::Milestones);
            let end = Instant(scenario.until.0);
            assert!(trial.run(end, |_, _| ControlFlow::Continue(())));
            let verdicts = trial.panel().verdicts(end);
            for expectation in &scenario.expect {
                assert!(holds(expectation, &verdicts), "{name}, seed {seed}: {expectation:?}");
            }
        }
    }
}

/// A change that a slip of the hand or a broken disk makes: remove, repeat, insert, cut.
fn mutate(text: &str, changes: &[(u16, u8, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (place, what, with) in changes {
        let at = usize::from(*place) % bytes.len().max(1);
        let end = (at + usize::from(*with % 32)).min(bytes.len());
        match what % 4 {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..at, text.as_bytes()[..usize::from(*with)].to_vec())),
            2 => bytes.insert(at.min(bytes.len()), *with),
            _ => bytes.truncate(at),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever becomes of a good file, it is read or told where it is wrong, within its bounds.
    #[test]
    fn a_broken_file_never_breaks_the_reader(
        changes in prop::collection::vec(any::<(u16, u8, u8)>(), 1..6),
    ) {
        let text = mutate(GOOD, &changes);
        if let Err(report) = read_scenario("broken.ron", &text) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!((1..=lines).contains(&(report.line as usize)), "{report}");
            prop_assert!(!report.found.is_empty() && !report.expected.is_empty());
            let place = format!("broken.ron:{}:{}", report.line, report.column);
            prop_assert!(report.to_string().contains(&place), "{report}");
        }
    }
}
