//! Where something stands in a text of RON: words and values by offset or by path.
//!
//! A reader of values loses their places, and a check of values can only name a path. This finds
//! the place again. It is honest rather than clever: of a path that it cannot follow to the end it
//! returns the last place that it found. It never fails, whatever the text.

use std::ops::Range;

/// How deep values may lie in each other; the reader of values refuses what is deeper.
pub const DEPTH_MAX: usize = 64;

/// One step of a path into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A field by its name.
    Field(&'static str),
    /// A thing of a list by its number, or the content of `Node("n1")`, which is its number 0.
    Item(usize),
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A name, such as `Leader` or `nodes`.
    Word,
    /// A number, a string, a character.
    Literal,
    /// One of `( ) [ ] { } : ,` or what has no business in a file.
    Mark(char),
}

/// A piece of the text that belongs together.
#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    range: Range<usize>,
}

/// Returns the token that covers an offset or is the next after it; at the end, an empty range.
pub fn token_at(text: &str, offset: usize) -> Range<usize> {
    let mut tokens = Tokens { text, at: 0 };
    let found = tokens.find(|token| token.range.end > offset);
    found.map_or(text.len()..text.len(), |token| token.range)
}

/// Returns how deep brackets lie in each other at most, and where that is first too deep.
pub fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut depth = 0_usize;
    let mut deep = Tokens { text, at: 0 }.filter(|token| match token.kind {
        Kind::Mark('(' | '[' | '{') => {
            depth += 1;
            depth > DEPTH_MAX
        }
        Kind::Mark(')' | ']' | '}') => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => false,
    });
    deep.next().map(|token| token.range)
}

/// Returns the byte offset of a line and column, both counted from 1, columns in characters.
pub fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for (number, row) in text.split_inclusive('\n').enumerate() {
        if number + 1 == line {
            let place = row.char_indices().nth(column.saturating_sub(1));
            return start + place.map_or(row.len(), |(at, _)| at);
        }
        start += row.len();
    }
    text.len()
}

/// Returns the line and column of a byte offset, both counted from 1, columns in characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// Returns the place of the value that a path leads to, or of the last value on the way to it that
/// the text has.
pub fn locate(text: &str, path: &[Step]) -> Range<usize> {
    let tokens: Vec<Token> = Tokens { text, at: 0 }.collect();
    let mut finder = Finder { text, tokens: &tokens, at: 0 };
    let mut place = finder.value_head();
    for step in path {
        let Some(found) = finder.enter(*step) else { break };
        place = found;
    }
    place
}

/// Walks over tokens towards the end of a path.
struct Finder<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The first token of the value that was reached.
    at: usize,
}

impl Finder<'_> {
    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Returns the place of the value that begins here: its name, its literal or its bracket.
    fn value_head(&self) -> Range<usize> {
        let end = self.text.len();
        self.tokens.get(self.at).map_or(end..end, |token| token.range.clone())
    }

    /// Steps into the value; returns the head of what is there, or stays where it is.
    fn enter(&mut self, step: Step) -> Option<Range<usize>> {
        let mut at = self.at;
        if self.kind(at) == Some(Kind::Word) {
            at += 1;
        }
        if !matches!(self.kind(at)?, Kind::Mark('(' | '[' | '{')) {
            return None;
        }
        at += 1;
        let mut number = 0;
        loop {
            if matches!(self.kind(at)?, Kind::Mark(')' | ']' | '}')) {
                return None;
            }
            let named =
                self.kind(at) == Some(Kind::Word) && self.kind(at + 1) == Some(Kind::Mark(':'));
            let hit = match step {
                Step::Field(name) => named && self.text[self.tokens[at].range.clone()] == *name,
                Step::Item(wanted) => !named && number == wanted,
            };
            at += if named { 2 } else { 0 };
            if hit {
                self.at = at;
                return Some(self.value_head());
            }
            at = self.skip_value(at);
            number += 1;
            if self.kind(at) == Some(Kind::Mark(',')) {
                at += 1;
            }
        }
    }

    /// Returns the first token after the value that begins here.
    fn skip_value(&self, mut at: usize) -> usize {
        let mut depth = 0_usize;
        loop {
            match self.kind(at) {
                None => return at,
                Some(Kind::Mark('(' | '[' | '{')) => depth += 1,
                Some(Kind::Mark(')' | ']' | '}' | ',')) if depth == 0 => return at,
                Some(Kind::Mark(')' | ']' | '}')) => depth -= 1,
                Some(_) => {}
            }
            at += 1;
        }
    }
}

/// Cuts a text into tokens; comments and white space are none.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Tokens<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Skips white space and comments, which may lie in each other.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let blank = rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                comment_length(trimmed)
            } else {
                0
            };
            self.at += blank + comment;
            if blank + comment == 0 {
                return;
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = if let Some(length) = string_length(rest) {
            (Kind::Literal, length)
        } else if first.is_alphabetic() || first == '_' {
            (Kind::Word, run(rest, |c| c.is_alphanumeric() || c == '_'))
        } else if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') {
            let more = run(&rest[1..], |c| c.is_alphanumeric() || matches!(c, '.' | '_'));
            (Kind::Literal, 1 + more)
        } else {
            (Kind::Mark(first), first.len_utf8())
        };
        let range = self.at..self.at + length;
        self.at = range.end;
        Some(Token { kind, range })
    }
}

/// Returns how many bytes from the start have only such characters.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Returns the length of the comment that begins here, to the end of the text if it never ends.
fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Returns the length of the string or character that begins here, if one does; one that is never
/// closed ends with its line.
fn string_length(text: &str) -> Option<usize> {
    let prefix = usize::from(text.starts_with('b'));
    let body = &text[prefix..];
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = run(raw, |c| c == '#');
        if raw[hashes..].starts_with('"') {
            let open = prefix + 1 + hashes + 1;
            let close = format!("\"{}", &raw[..hashes]);
            let end = text[open..].find(&close).map(|at| open + at + close.len());
            return Some(end.unwrap_or(text.len()));
        }
    }
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    Some(prefix + run(body, |c| c != '\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"// five nodes, "quoted (
Scenario(
    title: "a ) \" title", /* nodes: 3, /* deep */ */
    nodes: 5,
    network: (latency: Uniform("1ms..2ms"), loss: -0.5),
    faults: [(id: "a", fault: CrashStop(node: Nodes(["n1", "n9"]))), (id: r#"b"c"#, at: "1s")],
)
"##;

    fn at(path: &[Step]) -> &'static str {
        &TEXT[locate(TEXT, path)]
    }

    #[test]
    fn a_path_leads_to_its_value() {
        use Step::{Field, Item};
        assert_eq!(at(&[]), "Scenario");
        assert_eq!(at(&[Field("title")]), r#""a ) \" title""#);
        assert_eq!(at(&[Field("nodes")]), "5");
        assert_eq!(at(&[Field("network"), Field("loss")]), "-0.5");
        assert_eq!(at(&[Field("network"), Field("latency"), Item(0)]), "\"1ms..2ms\"");
        let group = [Field("faults"), Item(0), Field("fault"), Field("node"), Item(0), Item(1)];
        assert_eq!(at(&group), "\"n9\"");
        assert_eq!(at(&[Field("faults"), Item(1), Field("id")]), "r#\"b\"c\"#");
    }

    #[test]
    fn a_path_that_leads_nowhere_ends_where_it_was_last_right() {
        use Step::{Field, Item};
        assert_eq!(at(&[Field("network"), Field("duplicate")]), "(");
        assert_eq!(at(&[Field("faults"), Item(7), Field("id")]), "[");
        assert_eq!(at(&[Field("nodes"), Field("deeper")]), "5");
        assert_eq!(locate("", &[Field("nodes")]), 0..0);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "é(\n  ü: 1)";
        assert_eq!(line_and_column(text, offset(text, 2, 6)), (2, 6));
        assert_eq!(&text[token_at(text, offset(text, 2, 5))], "1");
        assert_eq!(offset(text, 9, 9), text.len());
        assert_eq!(token_at(text, text.len()), text.len()..text.len());
    }

    #[test]
    fn what_lies_too_deep_is_found_before_anybody_falls_in() {
        let fine = "[".repeat(DEPTH_MAX);
        assert_eq!(too_deep(&fine), None);
        assert_eq!(too_deep(&format!("{fine}[")), Some(DEPTH_MAX..DEPTH_MAX + 1));
        assert_eq!(too_deep(&"[]".repeat(DEPTH_MAX * 2)), None);
    }
}
