//! The tree keeps its rules: who may import whom, how long a thing may be, what is in its
//! catalogue.
//!
//! One crate cannot enforce a border between its rooms, and a border that nothing enforces dies. So
//! this test reads the sources and fails by file and line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How many lines a file may have.
const FILE_LINES_MAX: usize = 500;
/// How many lines a function may have, from its first line to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// How many columns a line may have.
const COLUMNS_MAX: usize = 100;

/// What each room may import, besides itself. Arrows point down only.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("sim", &[]),
    ("mechanisms", &["sim"]),
    ("protocols", &["mechanisms", "sim"]),
    ("workloads", &["mechanisms", "sim"]),
    ("faults", &["sim"]),
    ("oracles", &["sim"]),
    ("lab", &["protocols", "faults", "mechanisms", "workloads", "oracles", "sim"]),
    ("causes", &["lab", "faults", "mechanisms", "workloads", "oracles", "sim"]),
    (
        "experiments",
        &["lab", "causes", "protocols", "faults", "mechanisms", "workloads", "oracles", "sim"],
    ),
    (
        "lessons",
        &["lab", "causes", "protocols", "faults", "mechanisms", "workloads", "oracles", "sim"],
    ),
    ("tui", &["lessons", "experiments", "causes", "lab", "faults", "mechanisms", "oracles", "sim"]),
];

/// What stands nowhere below the screen: clocks, files, the terminal, chance from outside.
const NOT_BELOW_TUI: &[&str] = &[
    "ratatui",
    "crossterm",
    "tokio",
    "async fn",
    "std::fs",
    "std::env",
    "std::net",
    "SystemTime",
    "Instant::now",
    "HashMap",
    "HashSet",
    "rand::rng(",
    "thread_rng",
    "DefaultHasher",
];

/// What stands nowhere in the screen either: only `main`, `cli` and `files` touch the world
/// outside.
const NOT_IN_TUI: &[&str] = &["std::fs", "std::env", "SystemTime", "HashMap", "HashSet"];

/// Catalogues: each file of the folder has to be named in the file.
const CATALOGUES: &[(&str, &str)] = &[
    ("src/faults", "src/faults/mod.rs"),
    ("src/oracles/errors", "src/oracles/errors/mod.rs"),
    ("src/oracles/failures", "src/oracles/failures/mod.rs"),
    ("src/experiments", "src/experiments/mod.rs"),
    ("src/mechanisms", "src/mechanisms/mod.rs"),
    ("src/cli", "src/cli/mod.rs"),
    ("src/tui/views", "src/tui/views/mod.rs"),
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Returns the room that the file lies in: its folder or name under `src`.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// Lists the lines of code with their numbers: no comments, and nothing after `mod tests`.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.lines().position(|line| line.trim() == "mod tests {");
        let lines = self.text.lines().take(tests.unwrap_or(usize::MAX)).enumerate();
        lines.map(|(k, line)| (k + 1, line)).filter(|(_, line)| !line.trim().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("the folder is there");
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                let path = path.strip_prefix(root()).expect("it lies in the tree");
                found.push(Source { path: path.display().to_string(), text });
            }
        }
    }
    found
}

fn all_sources() -> Vec<Source> {
    ["src", "tests", "benches"].into_iter().flat_map(sources).collect()
}

#[track_caller]
fn none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn rooms_import_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in sources("src") {
        let Some(below) = allowed.get(source.room()) else { continue };
        for (line, code) in source.code() {
            for import in code.split("crate::").skip(1) {
                let end = import.find(|c: char| !c.is_alphanumeric() && c != '_');
                let room = &import[..end.unwrap_or(import.len())];
                seen += 1;
                if room != source.room() && !below.contains(&room) {
                    wrong.push(format!("{}:{line}: {} → {room}", source.path, source.room()));
                }
            }
        }
    }
    assert!(seen > 100, "the reader of imports reads them");
    none("imports that point up or across", &wrong);
}

#[test]
fn nothing_below_the_screen_knows_the_world_outside() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let banned = match source.room() {
            "main" | "cli" | "files" | "lib" => continue,
            "tui" => NOT_IN_TUI,
            _ => NOT_BELOW_TUI,
        };
        for (line, code) in source.code() {
            for word in banned.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}:{line}: `{word}`", source.path));
            }
            let threads = code.contains("std::thread") && source.room() != "experiments";
            if threads && source.room() != "tui" {
                wrong.push(format!("{}:{line}: threads", source.path));
            }
        }
    }
    none("words that do not belong here", &wrong);
}

#[test]
fn nothing_grows_beyond_what_a_reader_holds() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        let count = source.text.lines().count();
        if count > FILE_LINES_MAX {
            wrong.push(format!("{}: {count} lines, at most {FILE_LINES_MAX}", source.path));
        }
        for (line, text) in (1..).zip(source.text.lines()) {
            let columns = text.chars().count();
            if columns > COLUMNS_MAX {
                wrong.push(format!("{}:{line}: {columns} columns", source.path));
            }
        }
        wrong.extend(long_functions(&source));
    }
    none("too long", &wrong);
}

/// Finds functions that are too long: from `fn` to the brace that closes at its indentation.
fn long_functions(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (line, text) in (1..).zip(source.text.lines()) {
        let indent = &text[..text.len() - text.trim_start().len()];
        if let Some((start, name, depth)) = &open {
            let only_declared = text.ends_with(';') && text.starts_with(&format!("{depth}->"))
                || text == format!("{depth});");
            if only_declared {
                open = None;
            } else if text == format!("{depth}}}") {
                if line - start + 1 > FUNCTION_LINES_MAX {
                    let length = line - start + 1;
                    wrong.push(format!("{}:{start}: {name} has {length} lines", source.path));
                }
                open = None;
            }
            continue;
        }
        let is_function = text.trim_start().trim_start_matches("pub ").starts_with("fn ")
            || text.contains("pub(super) fn ")
            || text.trim_start().starts_with("async fn ");
        if is_function && !text.trim_end().ends_with(';') && !text.trim_end().ends_with('}') {
            let name = text.trim().split('(').next().unwrap_or_default().to_owned();
            open = Some((line, name, indent.to_owned()));
        }
    }
    wrong
}

#[test]
fn every_file_of_a_catalogue_is_in_it() {
    let mut wrong = Vec::new();
    for (folder, catalogue) in CATALOGUES {
        let list = fs::read_to_string(root().join(catalogue)).expect("the catalogue is there");
        for source in sources(folder) {
            let inside = source.path.strip_prefix(folder).expect("it lies in the folder");
            let name = inside.trim_start_matches('/').trim_end_matches("/mod.rs");
            let name = name.trim_end_matches(".rs");
            if name == "mod" || name.contains('/') {
                continue;
            }
            if !list.contains(&format!("mod {name};")) {
                wrong.push(format!("{} is not in {catalogue}", source.path));
            }
        }
    }
    none("files that nobody lists", &wrong);
}

#[test]
fn every_room_has_a_door() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        if !source.text.starts_with("//!") {
            wrong.push(format!("{} says nothing of itself", source.path));
        }
        let top = source.path.split('/').count() == 3 && source.path.ends_with("/mod.rs");
        let door: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
        if top && !door.to_lowercase().contains("absent on purpose") {
            wrong.push(format!("{} does not say what is absent on purpose", source.path));
        }
    }
    none("rooms without a door", &wrong);
}

#[test]
fn nothing_is_left_undone_or_ignored() {
    // Put together, so that this file does not name what it looks for.
    let banned = [["to", "do!("], ["unimple", "mented!("], ["#[ign", "ore"], ["FIX", "ME"]];
    let mut wrong = Vec::new();
    for source in all_sources() {
        for (line, text) in (1..).zip(source.text.lines()) {
            if banned.iter().any(|word| text.contains(&word.concat())) {
                wrong.push(format!("{}:{line}: {}", source.path, text.trim()));
            }
        }
    }
    none("left undone", &wrong);
}
