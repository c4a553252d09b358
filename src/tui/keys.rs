//! The keymap: which key asks for which action, read from a file and checked.

use std::fmt;

use crokey::OneToThree;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::action::{self, ACTIONS, Action};

/// The keymap that comes with the program.
const STANDARD: &str = include_str!("../../assets/keys.ron");
/// How large a keymap may be: many times what naming every action takes.
pub const KEYMAP_MAX_BYTES: usize = 64 * 1024;

/// A key with its modifiers, in the one form in which terminals that differ agree.
type Key = (KeyCode, KeyModifiers);

/// Which key asks for what.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Key, Action)>,
}

/// What is wrong with a keymap, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, with the offending text.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeysError { file, line, column, message, expected } = self;
        write!(f, "{file}:{line}:{column}: {message}; expected {expected}")
    }
}

impl std::error::Error for KeysError {}

/// A keymap as its file has it: in its own order, with what is written twice.
struct Lines(Vec<(String, Vec<String>)>);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lines, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Lines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from the names of actions to lists of keys")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lines, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = map.next_entry()? {
                    lines.push(line);
                }
                Ok(Lines(lines))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Default for Keymap {
    fn default() -> Keymap {
        let mut keymap = Keymap { bindings: Vec::new() };
        keymap.change("assets/keys.ron", STANDARD).expect("a test reads the standard keymap");
        keymap
    }
}

impl Keymap {
    /// Changes the keys of the actions that a file names.
    ///
    /// # Errors
    /// Says where the file is no keymap, names what is no action or no key, or gives a key twice.
    pub fn change(&mut self, file: &str, text: &str) -> Result<(), KeysError> {
        let wrong = |line, column, message: String, expected: &str| KeysError {
            file: file.to_owned(),
            line,
            column,
            message,
            expected: expected.to_owned(),
        };
        if text.len() > KEYMAP_MAX_BYTES {
            let message = format!("this keymap has {} bytes", text.len());
            return Err(wrong(1, 1, message, "at most 65,536"));
        }
        let Lines(lines) = ron::from_str(text).map_err(|error| {
            let at = error.span.start;
            let expected = "a map such as { \"run\": [\"space\", \"p\"] }";
            wrong(at.line, at.col, error.code.to_string(), expected)
        })?;
        let mut changed: Vec<&str> = Vec::new();
        for (name, keys) in &lines {
            let (line, column, after) = locate(text, 0, name);
            let Some(entry) = action::find(name) else {
                let expected = "the name of an action, as help lists them";
                return Err(wrong(line, column, format!("`{name}` is no action"), expected));
            };
            if changed.contains(&entry.id) {
                let message = format!("`{name}` is named twice");
                return Err(wrong(line, column, message, "each action once"));
            }
            changed.push(entry.id);
            self.bindings.retain(|(_, action)| *action != entry.action);
            for text_of_key in keys {
                let (line, column, _) = locate(text, after, text_of_key);
                let Some(key) = parse(text_of_key) else {
                    let expected = "a key such as \"a\", \"space\", \"f1\" or \"ctrl-p\"";
                    let message = format!("`{text_of_key}` is no key");
                    return Err(wrong(line, column, message, expected));
                };
                if key == (KeyCode::Char('c'), KeyModifiers::CONTROL) {
                    let message = "`ctrl-c` always quits".to_owned();
                    return Err(wrong(line, column, message, "another key"));
                }
                self.bindings.push((key, entry.action));
            }
        }
        self.clash(&changed).map_or(Ok(()), |(key, one, other)| {
            let (line, column, _) = locate(text, 0, other);
            let key = written(key);
            let message = format!("the key `{key}` is given to `{one}` and to `{other}`");
            Err(wrong(line, column, message, "each key for one action"))
        })
    }

    /// Finds a key that two actions have; the second is one of those that were changed.
    fn clash(&self, changed: &[&'static str]) -> Option<(Key, &'static str, &'static str)> {
        let id = |action: &Action| action.entry().map_or("", |entry| entry.id);
        for (place, (key, action)) in self.bindings.iter().enumerate() {
            let before = &self.bindings[..place];
            if let Some((_, one)) = before.iter().find(|(other, _)| other == key) {
                let (one, other) = (id(one), id(action));
                let swapped = changed.contains(&one) && !changed.contains(&other);
                let (one, other) = if swapped { (other, one) } else { (one, other) };
                return Some((*key, one, other));
            }
        }
        None
    }

    /// Returns what a key asks for.
    pub fn action(&self, event: &KeyEvent) -> Option<Action> {
        let key = plain(event.code, event.modifiers);
        self.bindings.iter().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
    }

    /// Lists the keys of an action, as they are written on the screen.
    pub fn keys(&self, action: Action) -> Vec<String> {
        let keys = self.bindings.iter().filter(|(_, bound)| *bound == action);
        keys.map(|(key, _)| written(*key)).collect()
    }

    /// Returns the first key of an action, or nothing where it has none.
    pub fn key(&self, action: Action) -> String {
        self.keys(action).into_iter().next().unwrap_or_default()
    }

    /// Lists the names of the actions that have no key.
    pub fn without_key(&self) -> Vec<&'static str> {
        let free = ACTIONS.iter().filter(|entry| self.keys(entry.action).is_empty());
        free.map(|entry| entry.id).collect()
    }
}

/// Brings a key into the form in which all terminals agree: Shift is in the letter.
fn plain(code: KeyCode, modifiers: KeyModifiers) -> Key {
    let held = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
    let mut modifiers = modifiers & (held | KeyModifiers::SUPER);
    let code = match code {
        KeyCode::Char('\r' | '\n') => KeyCode::Enter,
        KeyCode::Char(c) => {
            let shift = modifiers.contains(KeyModifiers::SHIFT);
            modifiers.remove(KeyModifiers::SHIFT);
            let upper = c.to_uppercase().next().filter(|_| shift);
            KeyCode::Char(upper.unwrap_or(c))
        }
        KeyCode::BackTab => {
            modifiers.insert(KeyModifiers::SHIFT);
            KeyCode::Tab
        }
        code => code,
    };
    (code, modifiers)
}

fn parse(text: &str) -> Option<Key> {
    let mut characters = text.chars();
    if let (Some(c), None) = (characters.next(), characters.next()) {
        let printable = !c.is_control() && c != ' ';
        return printable.then(|| plain(KeyCode::Char(c), KeyModifiers::NONE));
    }
    let combination = crokey::parse(text).ok()?;
    match combination.codes {
        OneToThree::One(code) => Some(plain(code, combination.modifiers)),
        _ => None,
    }
}

/// Writes a key as it stands on the screen: `Space`, `Ctrl-p`, `Shift-Tab`, `←`.
fn written((code, modifiers): Key) -> String {
    let name = match code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::PageUp => "PageUp".to_owned(),
        KeyCode::PageDown => "PageDown".to_owned(),
        KeyCode::F(number) => format!("F{number}"),
        code => format!("{code:?}"),
    };
    let held = [
        (KeyModifiers::CONTROL, "Ctrl-"),
        (KeyModifiers::ALT, "Alt-"),
        (KeyModifiers::SHIFT, "Shift-"),
        (KeyModifiers::SUPER, "Cmd-"),
    ];
    let held = held.iter().filter(|(modifier, _)| modifiers.contains(*modifier));
    held.map(|(_, word)| *word).chain([name.as_str()]).collect()
}

/// Finds where a text in quotes stands: line, column, and the byte after it.
fn locate(text: &str, from: usize, quoted: &str) -> (usize, usize, usize) {
    let needle = format!("\"{quoted}\"");
    let found = text.get(from..).and_then(|rest| rest.find(&needle));
    let at = found.map_or(0, |found| from + found);
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column, at + if found.is_some() { needle.len() } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn the_standard_keymap_is_sound_and_keeps_the_promised_keys() {
        let keymap = Keymap::default();
        let ask = |text: &str| {
            let (code, modifiers) = parse(text).expect("a key");
            keymap.action(&press(code, modifiers))
        };
        assert_eq!(ask("space"), Some(Action::Run));
        assert_eq!(ask("p"), Some(Action::Run));
        assert_eq!(ask("ctrl-p"), Some(Action::Palette));
        assert_eq!(ask("-"), Some(Action::Slower));
        assert_eq!(ask("f1"), Some(Action::Help));
        for digit in '1'..='9' {
            assert_eq!(ask(&digit.to_string()), Some(Action::Class(digit)));
        }
        let free = keymap.without_key();
        assert_eq!(
            free,
            ["heal-all", "go-to", "switch-branch", "again", "new-seed", "home", "theme", "motion"]
        );
    }

    #[test]
    fn shift_is_the_same_from_every_terminal() {
        let keymap = Keymap::default();
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            assert_eq!(keymap.action(&press(KeyCode::Char('?'), modifiers)), Some(Action::Help));
            let back_tab = press(KeyCode::BackTab, modifiers);
            assert_eq!(keymap.action(&back_tab), Some(Action::PreviousPane));
        }
        let shouted = press(KeyCode::Char('q'), KeyModifiers::SHIFT);
        assert_eq!(keymap.action(&shouted), None);
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let mut keymap = Keymap::default();
        keymap.change("my.ron", "{ \"run\": [\"r\", \"é\"], \"why\": [] }").expect("sound");
        assert_eq!(keymap.keys(Action::Run), ["r", "é"]);
        assert!(keymap.keys(Action::Why).is_empty());
        assert_eq!(keymap.keys(Action::Quit), ["q"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let table = [
            ("{ \"run\": 5 }", 1, "", "a map such as"),
            ("{\n  \"rum\": [\"r\"],\n}", 2, "`rum` is no action", "the name of an action"),
            ("{ \"run\": [\"bogus\"] }", 1, "`bogus` is no key", "a key such as"),
            ("{ \"run\": [\"\"] }", 1, "`` is no key", "a key such as"),
            ("{\n\n \"run\": [\"q\"] }", 3, "to `quit` and to `run`", "each key for one"),
            ("{ \"run\": [\"r\", \"r\"] }", 1, "to `run` and to `run`", "each key for one"),
            ("{ \"run\": [\"ctrl-c\"] }", 1, "`ctrl-c` always quits", "another key"),
            ("{ \"run\": [\"r\"], \"run\": [\"s\"] }", 1, "`run` is named twice", "each action"),
            ("{ \"run\": [\"a-b\"] }", 1, "`a-b` is no key", "a key such as"),
        ];
        for (text, line, message, expected) in table {
            let error = Keymap::default().change("my.ron", text).expect_err(text);
            assert_eq!((error.file.as_str(), error.line), ("my.ron", line), "{error}");
            assert!(error.message.contains(message), "{error}");
            assert!(error.expected.contains(expected), "{error}");
        }
    }
}
