//! `faultlab protocols`: the algorithms, and a page on each.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::experiments::matrix::cells;
use crate::oracles;
use crate::protocols::{Entry, PROTOCOLS, ProtocolSpec};
use crate::sim::Nature;

use super::{Result, say, say_json};

/// What `protocols` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the page of one algorithm
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// Lists the algorithms, or shows the page of one.
pub fn run(args: &Args) -> Result<ExitCode> {
    let Some(name) = &args.name else { return list(args.json) };
    let entry = crate::protocols::named(name)?;
    let page = Page::of(entry)?;
    if args.json {
        say_json(&page.to_json())?;
    } else {
        say(page.in_words())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(as_json: bool) -> Result<ExitCode> {
    if as_json {
        let all: Vec<Value> = PROTOCOLS.iter().copied().map(in_brief).collect();
        say_json(&json!({ "protocols": all }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = PROTOCOLS.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
    for entry in PROTOCOLS {
        say(format_args!("{:<width$}  {}\n", entry.name, entry.title))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_brief(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "also": entry.also,
        "title": entry.title,
        "bears": entry.bears,
        "breaks": entry.breaks,
        "source": entry.source,
    })
}

/// All that is known of one algorithm.
struct Page {
    entry: &'static Entry,
    settings: ProtocolSpec,
    /// Its cells in the table: number, class, scenario, what happens.
    cells: Vec<(String, String, String, String)>,
}

impl Page {
    fn of(entry: &'static Entry) -> Result<Page> {
        let cells = cells()?.into_iter().filter(|cell| cell.protocol == entry.name);
        let cells = cells.map(|cell| (cell.id, cell.class, cell.name, cell.scenario.title));
        Ok(Page { entry, settings: (entry.make)(), cells: cells.collect() })
    }

    fn settings(&self) -> String {
        crate::lab::write_ron(&self.settings).unwrap_or_default()
    }

    fn to_json(&self) -> Value {
        let entry = self.entry;
        let messages = entry.messages.iter().map(|kind| {
            let nature = word(kind.nature);
            json!({"name": kind.name, "glyph": kind.glyph, "nature": nature, "fields": kind.fields})
        });
        let judged = entry.judged.iter().map(|name| {
            let says = oracles::find(name).map(|kind| kind.says);
            json!({ "property": name, "says": says })
        });
        let cells = self.cells.iter().map(|(id, class, scenario, title)| {
            json!({ "id": id, "class": class, "scenario": scenario, "title": title })
        });
        let mut page = in_brief(entry);
        page["nodes"] = json!([entry.nodes.start(), entry.nodes.end()]);
        page["settings"] = json!(self.settings());
        page["messages"] = Value::Array(messages.collect());
        page["judged"] = Value::Array(judged.collect());
        page["cells"] = Value::Array(cells.collect());
        page
    }

    fn in_words(&self) -> String {
        let entry = self.entry;
        let mut text = format!("{}: {}\n", entry.name, entry.title);
        if !entry.also.is_empty() {
            let _ = writeln!(text, "also called {}", entry.also.join(", "));
        }
        let _ = writeln!(text, "\nbears   {}\nbreaks  {}", entry.bears, entry.breaks);
        let _ = writeln!(text, "source  {}", entry.source);
        let _ = writeln!(text, "nodes   {} to {}", entry.nodes.start(), entry.nodes.end());
        text.push_str("\nWhat its nodes say\n");
        for kind in entry.messages {
            let fields = kind.fields.join(", ");
            let (glyph, name, nature) = (kind.glyph, kind.name, word(kind.nature));
            let _ = writeln!(text, "  {glyph}  {name:<18} {nature:<8} {fields}");
        }
        text.push_str("\nWhat it is judged by\n");
        for name in entry.judged {
            let says = oracles::find(name).map_or("", |kind| kind.says);
            let _ = writeln!(text, "  {name:<28} {says}");
        }
        if !self.cells.is_empty() {
            text.push_str("\nIts cells in the table (`faultlab matrix --protocol ");
            let _ = writeln!(text, "{}` plays them)", entry.name);
        }
        for (id, class, scenario, title) in &self.cells {
            let _ = writeln!(text, "  {id:<4} {class:<18} {scenario:<34} {title}");
        }
        let _ = write!(text, "\nIts settings, as a scenario has them\n{}", self.settings());
        text
    }
}

const fn word(nature: Nature) -> &'static str {
    match nature {
        Nature::Request => "request",
        Nature::Reply => "reply",
        Nature::Probe => "probe",
        Nature::Control => "control",
    }
}
