//! The command line as its user has it: the real program, its output and its exit codes.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use faultlab::lab::token;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faultlab");

fn faultlab(arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_BACKTRACE");
    command.output().expect("the program starts")
}

/// Runs the program, which has to end with this code; returns what it wrote.
#[track_caller]
fn ends(arguments: &[&str], code: i32) -> String {
    let output = faultlab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("it writes text")
}

/// Runs the program, which has to refuse its input: exit code 2, one error, nothing else.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = faultlab(arguments);
    let said = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}: it wrote something else");
    assert_eq!(said.matches("error: ").count(), 1, "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    said
}

#[track_caller]
fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&ends(arguments, 0)).expect("one JSON object")
}

/// Runs a scenario or a token; what is expected of it may come true or not.
#[track_caller]
fn ran(what: &str, more: &[&str]) -> Value {
    let output = faultlab(&[&["run", what, "--json"], more].concat());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{what} {more:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// Writes a file into a folder of its own and returns its path.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command");
    std::fs::create_dir_all(&folder).expect("the folder of the tests");
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the folder can be written to");
    path
}

/// A run whose one expectation cannot come true.
const DISAPPOINTED: &str = r#"Scenario(
    title: "A majority is expected to live through its own death",
    protocol: Raft(),
    nodes: 3,
    faults: [(id: "all", at: "1s", fault: CrashStop(node: Nodes(["n1", "n2", "n3"])))],
    expect: [Held("election safety"), Held("available")],
    until: "6s",
)"#;

#[test]
fn a_run_says_what_came_of_it_in_one_object() {
    let run = json(&["run", "steady", "--until", "3s", "--json"]);
    assert_eq!((&run["seed"], &run["virtual_us"]), (&Value::from(1), &Value::from(3_000_000)));
    let digest = run["digest"].as_str().expect("a text");
    assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    assert!(run["events"].as_u64().is_some_and(|events| events > 500));
    let verdicts = run["verdicts"].as_array().expect("a list");
    assert!(verdicts.len() > 10);
    for verdict in verdicts {
        assert!(verdict["property"].is_string() && verdict["grade"].is_string(), "{verdict}");
        let word = verdict["verdict"].as_str().expect("a word");
        assert!(["held", "violated", "stalled"].contains(&word), "{verdict}");
        assert_eq!(verdict["at_us"].is_null(), word == "held", "{verdict}");
    }
    let expectations = run["expectations"].as_array().expect("a list");
    assert!(!expectations.is_empty() && expectations.iter().all(|one| one["met"] == true));
    assert!(run["token"].as_str().is_some_and(token::is_meant));
    assert_eq!(run["chains"], Value::Array(Vec::new()), "nothing went wrong");
}

#[test]
fn a_run_that_fails_is_explained_by_its_fault() {
    let path = file("disappointed.ron", DISAPPOINTED);
    let path = path.to_str().expect("a plain name");
    let run: Value =
        serde_json::from_str(&ends(&["run", path, "--json"], 1)).expect("one JSON object");
    assert_eq!(run["expectations"][0]["met"], true);
    assert_eq!(
        run["expectations"][1],
        serde_json::json!({
            "expect": "Held(\"available\")", "met": false
        })
    );
    assert_eq!(run["faults"][0]["planned"], "all");
    let chains = run["chains"].as_array().expect("a list");
    let explained = chains.iter().find(|chain| chain["faults"][0]["id"] == "F1");
    let chain = explained.unwrap_or_else(|| panic!("no chain names the crash: {chains:?}"));
    assert_eq!(chain["confirmed"], true, "{chain}");
    assert!(chain["failures"].as_array().is_some_and(|failures| !failures.is_empty()), "{chain}");
    let words = ends(&["run", path], 1);
    assert!(words.contains("not met  Held(\"available\")"), "{words}");
    assert!(words.contains("F1"), "{words}");
    assert!(ends(&["check", path], 1).contains("not met: Held(\"available\")"));
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_not() {
    let digest = |seed| ran("leader-cut-off", &["--seed", seed, "--until", "6s"])["digest"].clone();
    assert_eq!(digest("7"), digest("7"));
    assert_ne!(digest("7"), digest("8"));
}

#[test]
fn a_token_brings_back_its_run() {
    let path = file("odd.ron", &DISAPPOINTED.replace("Held(\"available\")", "Held(\"durable\")"));
    for scenario in ["leader-cut-off", path.to_str().expect("a plain name")] {
        let first = ran(scenario, &["--seed", "9", "--until", "5s"]);
        let token = first["token"].as_str().expect("a text");
        let again = ran(token, &[]);
        for field in ["digest", "events", "virtual_us", "seed", "title", "token", "verdicts"] {
            assert_eq!(again[field], first[field], "{field} of {scenario}");
        }
        let kept = file("kept.txt", token);
        let kept = kept.to_str().expect("a plain name");
        assert_eq!(ran(kept, &[])["digest"], first["digest"]);
        let longer = ran(token, &["--until", "5500ms"]);
        assert_eq!(longer["virtual_us"], 5_500_000);
        let direct = ran(scenario, &["--seed", "9", "--until", "5500ms"]);
        assert_eq!(longer["digest"], direct["digest"]);
    }
}

#[test]
fn a_bad_token_is_refused_in_words() {
    let run = json(&["run", "steady", "--until", "1s", "--json"]);
    let good = run["token"].as_str().expect("a text").to_owned();
    let changed = |place: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
        String::from_utf8(bytes).expect("still ASCII")
    };
    let carrying = |text: &str| token::wrap(text.as_bytes());
    let inside = token::unwrap(&good).expect("a good token");
    let inside = String::from_utf8(inside).expect("text");
    let with = |from: &str, to: &str| {
        assert!(inside.contains(from), "{from} is not in {inside}");
        carrying(&inside.replacen(from, to, 1))
    };
    let table = [
        ("FL2-".to_owned(), "cut short"),
        ("FL2-A".to_owned(), "cut short"),
        (good[..good.len() / 2].to_owned(), "cut short"),
        (good[..good.len() - 1].to_owned(), "cut short"),
        (format!("{good}A"), "follows the end"),
        (format!("{good}{good}"), "follows the end"),
        (changed(good.len() / 2), "checksum"),
        (changed(good.len() - 3), "checksum"),
        (format!("{}!{}", &good[..20], &good[21..]), "has `!` as its character 21"),
        (format!("{}é{}", &good[..20], &good[21..]), "letters, digits, - and _"),
        (good.replacen("FL2-", "FL1-", 1), "version 1; expected version 2"),
        (good.replacen("FL2-", "FL99999999999999999999-", 1), "expected version 2"),
        (token::wrap(&vec![b' '; 1 << 21]), "more than 1048576 bytes"),
        (token::wrap(&[0xff, 0xfe]), "cannot be unfolded"),
        (carrying("hello"), "token:1:1"),
        (carrying(&"[".repeat(1_000)), "too deep"),
        (with("version:2", "version:7"), "version 7"),
        (with("name:\"steady\"", "name:\"gone\""), "`gone`, which does not come"),
        (with("hash:\"", "hash:\"0123456789abcdef\",was:\""), "token:1:"),
        (with("seed:1", "seed:2"), "not deterministic at move"),
        (with("digest:\"", "digest:\"x"), "16 hexadecimal digits"),
        (with("reached:", "reached:9999999"), "expected at most 20000000"),
        (with("seed:1", "seed:-1"), "token:1:"),
    ];
    for (token, expected) in table {
        let said = refused(&["run", &token, "--json"]);
        assert!(said.contains(expected), "{token:.60}: {said}");
    }
    assert!(refused(&["run", &good, "--seed", "3"]).contains("has its own seed"));
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let typo = file("typo.ron", &DISAPPOINTED.replace("nodes: 3", "nodez: 3"));
    let said = refused(&["run", typo.to_str().expect("a plain name")]);
    assert!(said.contains("typo.ron:4:5") && said.contains("nodez"), "{said}");
    let many = file("many.ron", &DISAPPOINTED.replace("nodes: 3", "nodes: 3000"));
    assert!(refused(&["run", many.to_str().expect("a plain name")]).contains("1 to 1000"));
    let said = refused(&["run", "stedy"]);
    assert!(said.contains("there is no scenario `stedy`") && said.contains("steady"), "{said}");
    assert!(refused(&["run", "no/such/file.ron"]).contains("no/such/file.ron"));
    assert!(refused(&["run", "."]).contains("cannot read"));
    assert!(refused(&["run", "steady", "--until", "5"]).contains("no duration"));
    assert!(refused(&["run", "steady", "--until", "2h"]).contains("at most 1h"));
    assert!(refused(&["run", "steady", "--seed", "x"]).contains("invalid digit"));
    assert!(refused(&["run"]).contains("SCENARIO.ron|TOKEN"));
    assert!(refused(&["rum"]).contains("run"));
    assert!(
        refused(&["render", "steady", "--at", "1s", "--size", "9x9", "--svg", "x"])
            .contains("from 40x10 to 500x300")
    );
    let output = faultlab(&["check", typo.to_str().expect("a plain name")]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_bad_setting_is_refused_in_words() {
    for (experiment, setting, expected) in [
        ("raft-election", "servers", "expected `name=value`"),
        ("raft-election", "servers=", "a whole number from 3 to 99"),
        ("raft-election", "servers=2", "a whole number from 3 to 99"),
        ("raft-election", "servers=five", "found `five`"),
        ("raft-election", "server=5", "expected one of servers, timeout_ms"),
        ("raft-election", "timeout_ms=300..150", "ranges `a..b` within"),
        ("raft-election", "timeout_ms=150..", "ranges `a..b` within"),
        ("raft-election", "timeout_ms=150..300;;", "with `;` between them"),
        ("raft-election", "latency_ms=-1", "a number from 0"),
        ("raft-election", "latency_ms=NaN", "a number from 0"),
        ("raft-election", "heartbeat=quarter", "`half` or a number"),
        ("raft-election", "heartbeat=200", "less than the shortest timeout"),
        ("raft-election", "electable=5", "at most the 4 that survive"),
        ("split-vote", "failed=5", "less than the 5 servers"),
        ("split-vote", "latency=2", "within 0 to 1"),
        ("split-vote", "latency=0.2..0.1", "a range `a..b`"),
    ] {
        let said = refused(&["experiment", experiment, "--set", setting, "--trials", "1"]);
        assert!(said.contains(expected), "{setting}: {said}");
    }
    let said = refused(&["experiment", "raft"]);
    assert!(said.contains("expected one of") && said.contains("raft-election"), "{said}");
    assert!(refused(&["experiment", "split-vote", "--trials", "0"]).contains("1 to 1000000"));
}

#[test]
fn an_experiment_is_one_object_beside_what_was_published() {
    let found = json(&["experiment", "raft-election", "--trials", "50", "--seed", "3", "--json"]);
    assert_eq!(found["experiment"], "raft-election");
    assert_eq!((&found["seed"], &found["trials"]), (&Value::from(3), &Value::from(50)));
    assert_eq!(found["parameters"]["timeout_ms"], "150..300");
    assert!(found["rows"][0]["median_ms"].as_f64().is_some_and(|median| median > 75.0));
    assert_eq!(found["published"]["rows"][0]["median_ms"], 171.0);
    let words = ends(&["experiment", "split-vote", "--trials", "100"], 0);
    assert!(words.contains("p_split_formula") && words.contains("published: Ongaro"), "{words}");
}

#[test]
fn what_happened_is_written_a_line_each() {
    let (trace, history) = (file("trace.jsonl", "old"), file("history.jsonl", "old"));
    let arguments = ["run", "leader-crash", "--until", "7s", "--json", "--trace"];
    let paths = [trace.to_str().expect("a name"), "--history", history.to_str().expect("a name")];
    let run = json(&[&arguments[..], &paths[..]].concat());
    let lines = |path: &Path| -> Vec<Value> {
        let text = std::fs::read_to_string(path).expect("it was written");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    };
    let records = lines(&trace);
    assert!(records.iter().enumerate().all(|(number, record)| record["id"] == number));
    let causes = records.iter().flat_map(|record| {
        let because = record["because"].as_array().expect("a list");
        let id = record["id"].as_u64().expect("a number");
        because.iter().map(move |cause| (id, cause["of"].as_u64().or(cause["lack_of"].as_u64())))
    });
    let (mut count, mut forward) = (0, 0);
    for (id, cause) in causes {
        count += 1;
        forward += u64::from(cause.is_none_or(|cause| cause >= id));
    }
    assert!(count > 1_000 && forward == 0, "{forward} of {count} causes are no earlier records");
    assert!(records.iter().any(|record| record["what"] == "injected"));

    let calls = lines(&history);
    let of_type = |kind: &str| calls.iter().filter(|call| call["type"] == kind).count();
    assert!(of_type("invoke") > 100 && of_type("ok") > 100, "{}", calls.len());
    assert!(of_type("invoke") >= of_type("ok") + of_type("info"));
    for call in &calls {
        assert!(call["process"].as_str().is_some_and(|process| process.starts_with('c')), "{call}");
        assert!(call["at_us"].as_u64().is_some_and(|at| at <= 7_000_000), "{call}");
        assert!(call["operation"] == "read" || call["value"].is_u64(), "{call}");
    }
    assert_eq!(run["virtual_us"], 7_000_000);
}

#[test]
fn what_there_is_can_be_listed() {
    for (list, least) in [
        ("experiments", 2),
        ("protocols", 1),
        ("faults", 5),
        ("mechanisms", 8),
        ("scenarios", 10),
        ("lessons", 1),
    ] {
        let found = json(&[list, "--json"]);
        let entries = found[list].as_array().unwrap_or_else(|| panic!("{list}: {found}"));
        assert!(entries.len() >= least, "{list}: {found}");
        let words = ends(&[list], 0);
        for entry in entries {
            let name = entry["name"].as_str().expect("a name");
            assert!(words.contains(name), "{list}: {name}");
        }
    }
}

#[test]
fn every_scenario_that_comes_along_keeps_its_word() {
    let said = ends(&["check"], 0);
    assert!(
        said.lines().count() >= 10 && said.lines().all(|line| line.ends_with(": ok")),
        "{said}"
    );
}

#[test]
fn a_picture_is_the_same_each_time() {
    let path = file("picture.svg", "");
    let name = path.to_str().expect("a plain name");
    let draw = |theme: &str| {
        let arguments = ["render", "leader-cut-off", "--at", "6s", "--size", "100x30", "--theme"];
        ends(&[&arguments[..], &[theme, "--svg", name]].concat(), 0);
        std::fs::read_to_string(&path).expect("it was written")
    };
    let first = draw("default");
    assert!(first.starts_with("<svg") && first.contains("n5"), "{first:.200}");
    assert_eq!(first, draw("default"));
    assert_ne!(first, draw("light"));
}

#[test]
fn shells_and_manuals_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ends(&["completions", shell], 0);
        assert!(script.contains("experiment") && script.contains("history"), "{shell}");
    }
    let page = ends(&["man"], 0);
    assert!(page.starts_with(".ie") && page.contains("faultlab"), "{page:.100}");
    assert!(ends(&["man", "run"], 0).contains("trace"));
    assert!(refused(&["man", "walk"]).contains("no subcommand `walk`"));
    let help = ends(&["--help"], 0);
    let commands = [
        "lab",
        "learn",
        "replay",
        "run",
        "check",
        "render",
        "experiment",
        "experiments",
        "lessons",
        "protocols",
        "faults",
        "mechanisms",
        "scenarios",
        "completions",
        "man",
    ];
    for command in commands {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
    }
    assert!(help.contains("Exit codes: 0 as expected, 1 not as expected, 2 bad input."));
    assert_eq!(ends(&["--version"], 0).trim(), concat!("faultlab ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_terminal_the_screen_does_not_open() {
    for arguments in [&["lab"][..], &["lab", "raft"], &["lab", "lossy"], &["learn"], &[]] {
        let output = faultlab(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty() && said.lines().count() == 1, "{said}");
        assert!(said.contains("faultlab run"), "{said}");
    }
    assert!(refused(&["lab", "rafd"]).contains("there is no scenario `rafd`"));
    assert!(refused(&["replay", "steady"]).contains("expected a replay"));
}

/// Whoever has read enough closes the pipe, and that is no error.
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = Command::new(PROGRAM)
        .args(["faults", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
    reader.read_line(&mut String::new()).expect("a first line");
    drop(reader);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
    assert_eq!(said, "");
}
