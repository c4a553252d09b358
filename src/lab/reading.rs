//! Reading RON so that every error says where, what was found, and what was expected.
//!
//! Scenarios, lessons and replays are read through here. A file is read whole or not at all: the
//! first error ends it, and nothing panics, whatever the file holds.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use ron::extensions::Extensions;
use serde::de::DeserializeOwned;

use super::place::{self, Step};
use super::wording::{self, Wording};

/// How large a file may be: a thousand times the largest that anybody writes by hand.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// How much of the offending text is marked.
const MARK_BYTES_MAX: usize = 60;
/// How much of the offending text is quoted.
const FOUND_CHARS_MAX: usize = 60;

/// One error in a file, ready to be shown. Displays as the excerpt with the place marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file's name, as the user gave it.
    pub file: Box<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// The offending text; `the end of the file` where there is none.
    pub found: Box<str>,
    /// What was expected instead.
    pub expected: Box<str>,
    /// What is wrong, in one sentence.
    pub message: Box<str>,
    rendered: Box<str>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for Report {}

/// What is wrong with a value that was read, and by which path it is found in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The way to the value, from the top of the file.
    pub path: Vec<Step>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
    /// What was probably meant.
    pub help: Option<String>,
}

impl Problem {
    /// Makes a problem at the end of a path.
    pub fn at(path: &[Step], message: impl Into<String>, expected: impl Into<String>) -> Problem {
        Problem {
            path: path.to_vec(),
            message: message.into(),
            expected: expected.into(),
            help: None,
        }
    }

    /// Returns the same problem in a value that lies inside of another.
    #[must_use]
    pub fn under(mut self, outer: &[Step]) -> Problem {
        self.path.splice(0..0, outer.iter().copied());
        self
    }

    /// Finds the problem's place in its file.
    pub fn report(self, name: &str, text: &str) -> Report {
        let range = place::locate(text, &self.path);
        let wording = Wording { message: self.message, expected: self.expected, help: self.help };
        report(name, text, range, &wording)
    }
}

/// Reads a file's bytes as text.
///
/// # Errors
/// Where the file is too large or is no UTF-8.
pub fn read_text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Report> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let bad = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let wording = Wording::new("the file is no text", "UTF-8");
        let mut report = report(name, &good, good.len()..good.len(), &wording);
        report.found = format!("byte 0x{bad:02x}").into();
        report
    })
}

/// Reads a value from RON. Variants with one content need no second pair of brackets, and what is
/// optional needs no `Some`.
///
/// # Errors
/// Where the text is no such value, says where and what was expected.
pub fn read_ron<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Report> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file is too large: {} bytes", text.len());
        let expected = format!("at most {FILE_BYTES_MAX} bytes");
        return Err(report(name, text, 0..0, &Wording::new(message, expected)));
    }
    if let Some(range) = place::too_deep(text) {
        let expected = format!("at most {} brackets in each other", place::DEPTH_MAX);
        return Err(report(name, text, range, &Wording::new("this lies too deep", expected)));
    }
    options().from_str(text).map_err(|error| {
        let consumed = wording::is_about_what_was_read(&error.code);
        let position = if consumed { error.span.start } else { error.span.end };
        let range = place::token_at(text, place::offset(text, position.line, position.col));
        report(name, text, range, &wording::word(&error.code))
    })
}

/// Writes a value as RON, so that `read_ron` reads it back.
///
/// # Errors
/// Where the value has no form in RON; plain data always has one.
pub fn write_ron<T: serde::Serialize>(value: &T) -> Result<String, ron::Error> {
    let pretty =
        ron::ser::PrettyConfig::new().struct_names(false).depth_limit(2).extensions(extensions());
    options().to_string_pretty(value, pretty)
}

fn extensions() -> Extensions {
    Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES
}

pub(super) fn options() -> ron::Options {
    ron::Options::default().with_default_extension(extensions())
}

/// Makes the report of an error at a range of bytes.
fn report(name: &str, text: &str, range: Range<usize>, wording: &Wording) -> Report {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end).max(start);
    let (line, column) = place::line_and_column(text, start);
    let found = &text[start..end];
    let found = if found.is_empty() { "the end of the file".into() } else { shorten(found) };
    let wording = Wording {
        message: plain(&wording.message),
        expected: plain(&wording.expected),
        help: wording.help.as_deref().map(plain),
    };
    let rendered = render(name, text, start..end, &wording);
    Report {
        file: name.into(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        found: found.into(),
        expected: wording.expected.into(),
        message: wording.message.into(),
        rendered: rendered.into(),
    }
}

fn render(name: &str, text: &str, range: Range<usize>, wording: &Wording) -> String {
    // Only the line in question is shown, so that a report of a large file costs no more.
    let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[range.start..].find('\n').map_or(text.len(), |at| range.start + at);
    let number = text[..line_start].matches('\n').count() + 1;
    let line = &text[line_start..line_end];
    // What fills more than the line is marked at its beginning.
    let end = range.end.min(line_end).min(range.start + MARK_BYTES_MAX);
    let end = text.floor_char_boundary(end);
    let label = format!("expected {}", wording.expected);
    let line = plain(line);
    let mark = range.start - line_start..end - line_start;
    let mark = AnnotationKind::Primary.span(mark).label(&label);
    let snippet = Snippet::source(&line).path(name).line_start(number).annotation(mark);
    let mut group = Group::with_title(Level::ERROR.primary_title(&wording.message));
    group = group.element(snippet);
    if let Some(help) = &wording.help {
        group = group.element(Level::HELP.message(help));
    }
    Renderer::plain().render(&[group])
}

/// Quotes no more of a text than its first line, and no more of that than fits on a screen.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(FOUND_CHARS_MAX).collect();
    plain(&if short.len() < text.len() { format!("{short}…") } else { short })
}

/// Replaces what a terminal would obey rather than show, byte for byte where it can, so that marks
/// stay in their place.
fn plain(text: &str) -> String {
    let show = |c: char| match c {
        c if !c.is_control() => c,
        c if c.len_utf8() == 1 => ' ',
        _ => '¤',
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_the_place_and_what_was_expected() {
        let text = "[\n  1,\n  true,\n]\n";
        let report = read_ron::<Vec<u8>>("list.ron", text).expect_err("a boolean is no number");
        assert_eq!((report.line, report.column), (3, 3));
        assert_eq!((&*report.found, &*report.expected), ("true", "a whole number"));
        let shown = "error: this is no whole number
 --> list.ron:3:3
  |
3 |   true,
  |   ^^^^ expected a whole number";
        assert_eq!(report.to_string(), shown);
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown_to_it() {
        let report = read_ron::<u8>("x.ron", "\u{1b}[2J\u{9b}").expect_err("no number");
        assert!(!report.to_string().chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
    }

    #[test]
    fn a_large_file_a_deep_one_and_one_that_is_no_text_are_refused() {
        let large = " ".repeat(FILE_BYTES_MAX + 1);
        let report = read_ron::<u8>("x.ron", &large).expect_err("too large");
        assert_eq!(&*report.expected, "at most 1048576 bytes");
        let deep = "[".repeat(FILE_BYTES_MAX);
        let report = read_ron::<u8>("x.ron", &deep).expect_err("too deep");
        assert_eq!((report.line, report.column), (1, 65));
        let report = read_text("x.ron", b"(\n a\xff)").expect_err("no text");
        assert_eq!((report.line, report.column, &*report.found), (2, 3, "byte 0xff"));
    }
}
