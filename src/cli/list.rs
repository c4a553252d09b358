//! `faultlab experiments`, `lessons`, `faults`, `mechanisms`, `scenarios`: what there
//! is, from the catalogues.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::experiments::EXPERIMENTS;
use crate::faults::FAULTS;
use crate::lab::{embedded, read_scenario};
use crate::lessons::{LESSONS, read_lesson};
use crate::mechanisms;

use super::{Result, say, say_json};

/// What a list is given.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// One line of a list: a name, what stands beside it, and all that is known.
struct Line {
    name: String,
    says: String,
    all: Value,
}

/// Lists the experiments with their parameters.
pub fn experiments(args: Args) -> Result<ExitCode> {
    let lines = EXPERIMENTS.iter().map(|experiment| {
        let parameters = experiment.parameters.iter();
        let of_parameter = |p: &crate::experiments::Parameter| {
            let expected = p.kind.expected();
            json!({"name": p.name, "about": p.about, "default": p.default, "expected": expected})
        };
        let mut says = experiment.title.to_owned();
        for p in experiment.parameters {
            let _ = write!(says, "\n  --set {}={}  {}", p.name, p.default, p.about);
        }
        let all = json!({
            "name": experiment.name,
            "title": experiment.title,
            "trials": experiment.trials,
            "parameters": parameters.map(of_parameter).collect::<Vec<_>>(),
        });
        Line { name: experiment.name.to_owned(), says, all }
    });
    list("experiments", lines.collect(), args)
}

/// Lists the lessons, in the order in which they build on each other.
pub fn lessons(args: Args) -> Result<ExitCode> {
    let mut lines = Vec::new();
    for (name, text) in LESSONS {
        let lesson = read_lesson(name, text)?;
        let says = lesson.title.clone();
        let all = json!({ "name": name, "title": lesson.title, "minutes": lesson.minutes });
        lines.push(Line { name: (*name).to_owned(), says, all });
    }
    list("lessons", lines, args)
}

/// Lists the classes of faults with their variants.
pub fn faults(args: Args) -> Result<ExitCode> {
    let lines = FAULTS.iter().map(|class| {
        let mut says = class.summary.to_owned();
        for variant in class.variants {
            let _ = write!(says, "\n  {}{} {}", class.digit, variant.letter, variant.name);
        }
        let variants = class.variants.iter().map(|variant| {
            json!({
                "letter": variant.letter,
                "name": variant.name,
                "summary": variant.summary,
                "lost": variant.lost,
                "kept": variant.kept,
                "observed": variant.observed,
                "heals": variant.heals,
                "source": variant.source,
            })
        });
        let all = json!({
            "name": class.name,
            "digit": class.digit,
            "summary": class.summary,
            "variants": variants.collect::<Vec<_>>(),
        });
        Line { name: class.name.to_owned(), says, all }
    });
    list("faults", lines.collect(), args)
}

/// Lists the mechanisms that contain.
pub fn mechanisms(args: Args) -> Result<ExitCode> {
    let lines = mechanisms::all().map(|mechanism| Line {
        name: mechanism.name.to_owned(),
        says: mechanism.contains.to_owned(),
        all: json!({
            "name": mechanism.name,
            "contains": mechanism.contains,
            "misses": mechanism.misses,
            "costs": mechanism.costs,
            "source": mechanism.source,
            "switch": mechanism.switch,
        }),
    });
    list("mechanisms", lines.collect(), args)
}

/// Lists the scenarios that come with the program.
pub fn scenarios(args: Args) -> Result<ExitCode> {
    let mut lines = Vec::new();
    for (name, text) in embedded::SCENARIOS {
        let title = read_scenario(name, text)?.title;
        let all = json!({ "name": name, "title": title });
        lines.push(Line { name: (*name).to_owned(), says: title, all });
    }
    list("scenarios", lines, args)
}

fn list(what: &str, lines: Vec<Line>, args: Args) -> Result<ExitCode> {
    if args.json {
        let all: Vec<Value> = lines.into_iter().map(|line| line.all).collect();
        say_json(&json!({ what: all }))?;
    } else {
        let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
        for Line { name, says, .. } in lines {
            say(format_args!("{name:<width$}  {says}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
