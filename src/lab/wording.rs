//! What the errors of the reader of values mean, in the words of these pages.

use ron::Error;

/// An error in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
    /// What was probably meant.
    pub help: Option<String>,
}

impl Wording {
    /// Makes a wording without a guess.
    pub fn new(message: impl Into<String>, expected: impl Into<String>) -> Wording {
        Wording { message: message.into(), expected: expected.into(), help: None }
    }
}

/// Returns whether an error is about a token that was read, and not about what should come next.
pub fn is_about_what_was_read(error: &Error) -> bool {
    matches!(
        error,
        Error::Message(_)
            | Error::ExpectedDifferentStructName { .. }
            | Error::ExpectedStringEnd
            | Error::IntegerOutOfBounds
            | Error::InvalidValueForType { .. }
            | Error::ExpectedDifferentLength { .. }
            | Error::NoSuchEnumVariant { .. }
            | Error::NoSuchStructField { .. }
            | Error::DuplicateStructField { .. }
            | Error::UnclosedBlockComment
    )
}

/// Words an error.
pub fn word(error: &Error) -> Wording {
    match error {
        Error::NoSuchEnumVariant { expected, found, outer } => {
            no_such("choice", found, outer.as_deref(), expected)
        }
        Error::NoSuchStructField { expected, found, outer } => {
            no_such("field", found, outer.as_deref(), expected)
        }
        Error::MissingStructField { field, outer } => {
            let place = outer.as_deref().map_or("this".into(), name);
            Wording::new(format!("{place} lacks the field `{field}`"), format!("`{field}: …`"))
        }
        Error::DuplicateStructField { field, .. } => {
            Wording::new(format!("the field `{field}` is given twice"), "each field once")
        }
        Error::ExpectedDifferentStructName { expected, found } => {
            let expected = name(expected);
            Wording::new(format!("`{found}` is not {expected}"), expected)
        }
        Error::InvalidValueForType { expected, found } => {
            Wording::new(format!("{found} does not belong here"), expected.clone())
        }
        Error::ExpectedDifferentLength { expected, found } => {
            Wording::new(format!("there are {found} things here"), expected.clone())
        }
        // Our own checked types speak in the form "what is wrong; expected what".
        Error::Message(text) => match text.split_once("; expected ") {
            Some((message, expected)) => Wording::new(message, expected),
            None => Wording::new(text.clone(), "another value"),
        },
        _ => syntax(error),
    }
}

/// Words an error in how the file is written, rather than in what it says.
fn syntax(error: &Error) -> Wording {
    let (message, expected): (&str, &str) = match error {
        Error::Eof => ("the file ends too early", "a value or a closing bracket"),
        Error::TrailingCharacters => ("something follows the end", "the end of the file"),
        Error::IntegerOutOfBounds => ("this number is out of range", "a number that fits"),
        Error::InvalidIntegerDigit { .. } | Error::UnderscoreAtBeginning => {
            ("this number is not written right", "digits")
        }
        Error::ExpectedInteger => ("this is no whole number", "a whole number"),
        Error::ExpectedFloat | Error::FloatUnderscore => ("this is no number", "a number"),
        Error::ExpectedBoolean => ("this is neither true nor false", "`true` or `false`"),
        Error::ExpectedString => ("this is no text in quotes", "text in quotes"),
        Error::ExpectedStringEnd => ("this text is never closed", "a closing quote"),
        Error::InvalidEscape(_) => ("this escape is not known", "an escape such as `\\n`"),
        Error::ExpectedComma => ("a comma or a closing bracket is missing", "`,` or a bracket"),
        Error::ExpectedArray => ("this is no list", "a list in `[ ]`"),
        Error::ExpectedArrayEnd => ("the list is not closed", "`]`"),
        Error::ExpectedMapColon => ("a field without a value", "`:` and a value"),
        Error::ExpectedStructLike | Error::ExpectedNamedStructLike(_) => {
            ("an opening bracket is missing", "`(`")
        }
        Error::ExpectedStructName(_) => ("a name is missing", "a name and `(`"),
        Error::ExpectedStructLikeEnd => ("a closing bracket is missing", "`)`"),
        Error::ExpectedIdentifier | Error::InvalidIdentifier(_) => {
            ("this is no name", "the name of a field or a choice")
        }
        Error::UnclosedBlockComment => ("this comment is never closed", "`*/`"),
        Error::NoSuchExtension(_) => ("this extension is not known", "no extension"),
        Error::ExceededRecursionLimit => ("this lies too deep", "fewer brackets in each other"),
        _ => return Wording::new(error.to_string(), "RON"),
    };
    Wording::new(message, expected)
}

fn no_such(what: &str, found: &str, outer: Option<&str>, known: &[&str]) -> Wording {
    let place = outer.map_or(String::new(), |outer| format!(" of {}", name(outer)));
    let mut wording = Wording::new(format!("`{found}` is no {what}{place}"), one_of(known));
    wording.help = did_you_mean(found, known);
    wording
}

/// Returns the name of a type as a reader knows it.
fn name(of_type: &str) -> String {
    let plain = of_type.strip_suffix("Spec").unwrap_or(of_type);
    format!("`{}`", if plain == "PlannedFault" { "Fault" } else { plain })
}

/// Lists names: `` `a`, `b` or `c` ``.
pub fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".into(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Asks for the nearest name, if one is near enough to be meant.
pub fn did_you_mean(found: &str, known: &[&str]) -> Option<String> {
    nearest(found, known).map(|name| format!("did you mean `{name}`?"))
}

/// How long a name may be to be compared; a longer one is no typo of ours.
const NAME_CHARS_MAX: usize = 40;

/// Returns the known name that takes the fewest changes of one character, if it takes no more than
/// a third of its length.
fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    if found.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let found = found.to_lowercase();
    let distances = known.iter().map(|name| (distance(&found, &name.to_lowercase()), *name));
    let (changes, name) = distances.min()?;
    (changes * 3 <= name.chars().count().max(3)).then_some(name)
}

/// Counts the changes of one character from one word to another: insert, remove, replace, and swap
/// of neighbours, which is the commonest slip of fingers.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_if_it_is_near() {
        let known = ["Leader", "NextLeader", "Node", "Nodes"];
        assert_eq!(nearest("Leeder", &known), Some("Leader"));
        assert_eq!(nearest("leader", &known), Some("Leader"));
        assert_eq!(nearest("Noed", &known), Some("Node"));
        assert_eq!(nearest("Everybody", &known), None);
        assert_eq!(nearest("", &known), None);
    }

    #[test]
    fn names_are_listed_as_a_sentence_has_them() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
