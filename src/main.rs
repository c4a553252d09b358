//! Arguments, and the way into the screen.

use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::Result;
use faultlab::files;
use faultlab::lab::Scenario;
use faultlab::tui::{self, Options, Start};

fn main() -> Result<ExitCode> {
    color_eyre::install()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let start = match words[..] {
        [] => Start::Home,
        ["lab", file] => match scenario(Path::new(file)) {
            Ok(scenario) => Start::lab(scenario, 1, file),
            Err(error) => {
                eprintln!("faultlab: {error}");
                return Ok(ExitCode::from(2));
            }
        },
        _ => {
            eprintln!("faultlab: expected nothing, or `lab SCENARIO.ron`");
            return Ok(ExitCode::from(2));
        }
    };
    tui::run(start, options())
}

fn options() -> Options {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let file = files::config_folder().map(|folder| folder.join("keys.ron"));
    let read = file.map(|file| (files::read_if_there(&file, files::FILE_MAX_BYTES), file));
    let (keys, notice) = match read {
        Some((Ok(Some(text)), file)) => (Some((file.display().to_string(), text)), None),
        Some((Err(error), _)) => (None, Some(error.to_string())),
        _ => (None, None),
    };
    Options {
        keys,
        notice,
        no_colour: is_set("NO_COLOR"),
        reduced_motion: is_set("FAULTLAB_REDUCED_MOTION"),
        panic_key: is_set("FAULTLAB_PANIC_KEY"),
        ..Options::default()
    }
}

fn scenario(file: &Path) -> Result<Scenario, String> {
    let text = files::read(file, files::FILE_MAX_BYTES).map_err(|error| error.to_string())?;
    ron::from_str(&text).map_err(|error| format!("{}:{error}", file.display()))
}
