//! What an argument names: a scenario by name or path, or a replay as a token or by path.

use std::path::Path;

use crate::files;
use crate::lab::reading::FILE_BYTES_MAX;
use crate::lab::{Replay, Scenario, embedded, read_scenario, read_text, token};
use crate::sim::{Instant, Span};

use super::{Result, Trouble};

/// The seed of a run where nobody gives one.
pub const SEED: u64 = 1;

/// The longest run that may be asked for: as long as any scenario may be.
const UNTIL_MAX: Span = Span::secs(3_600);

/// What is to be run.
#[derive(Debug)]
pub enum Given {
    /// A scenario, with the name that it was given by.
    Scenario(String, Box<Scenario>),
    /// A run that was kept.
    Replay(Box<Replay>),
}

/// Finds what an argument names: a token, a scenario that comes with the program, or a file.
pub fn given(argument: &str) -> Result<Given> {
    if token::is_meant(argument) {
        return Ok(Given::Replay(Box::new(Replay::from_token(argument)?)));
    }
    if let Some(text) = embedded::find(argument) {
        let scenario = Box::new(read_scenario(argument, text)?);
        return Ok(Given::Scenario(argument.to_owned(), scenario));
    }
    let path = Path::new(argument);
    if !path.exists() && path.extension().is_none() && path.components().count() < 2 {
        return Err(Trouble::from(unknown(argument)));
    }
    let bytes = files::read_bytes(path, FILE_BYTES_MAX as u64)?;
    let text = read_text(argument, &bytes)?;
    if token::is_meant(text) {
        return Ok(Given::Replay(Box::new(Replay::from_token(text)?)));
    }
    if looks_like_replay(text) {
        return Ok(Given::Replay(Box::new(Replay::from_ron(argument, text)?)));
    }
    Ok(Given::Scenario(name(path), Box::new(read_scenario(argument, text)?)))
}

/// Tells a replay from a scenario by two fields that only a replay has.
fn looks_like_replay(text: &str) -> bool {
    let has = |field: &str| text.lines().any(|line| line.trim_start().starts_with(field));
    has("version:") && has("digest:")
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = embedded::SCENARIOS.iter().map(|(name, _)| *name).collect();
    format!(
        "there is no scenario `{name}`; expected a file, a token that begins with FL2-, or one of \
         {}",
        names.join(", ")
    )
}

/// Returns the name of a file without its folder and ending.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// Reads an instant of a run for an argument.
pub fn instant(text: &str) -> std::result::Result<Instant, String> {
    let span = Span::parse(text)?;
    if span > UNTIL_MAX {
        return Err(format!("`{text}` is too long; expected at most {UNTIL_MAX}"));
    }
    Ok(Instant(span.0))
}
