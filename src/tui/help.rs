//! Help: every key, from the same catalogue as the palette and the footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{ACTIONS, Group};
use super::frame::{boxed, put, wrapped};
use super::state::State;
use super::theme::Ink;

/// How wide help is at most, in columns.
const WIDTH_MAX: u16 = 100;
/// How many columns the keys have.
const KEYS_WIDTH: usize = 14;

/// What is true of the whole program, for who opens help first.
const INTRODUCTION: [&str; 6] = [
    "A fault is what goes wrong in a part; an error is what it makes wrong inside;",
    "a failure is what a client sees. You bring the faults, the lab shows the rest.",
    "A digit breaks what is selected; else the leader, or the first node where nobody leads.",
    "Where a class has variants, a letter chooses; the same digit takes the first.",
    "Break something in the past, and a new future begins; the old one is kept.",
    "The mouse selects, scrolls and drags the timeline. Ctrl-c always quits.",
];

/// Writes help as lines of at most so many columns, each with its ink.
pub fn lines(state: &State, width: usize) -> Vec<(Ink, String)> {
    let mut lines: Vec<(Ink, String)> = Vec::new();
    for line in INTRODUCTION {
        lines.extend(wrapped(line, width).into_iter().map(|row| (Ink::Text, row)));
    }
    for group in Group::ALL {
        lines.push((Ink::Text, String::new()));
        lines.push((Ink::Title, group.title().to_owned()));
        for entry in ACTIONS.iter().filter(|entry| entry.group == group) {
            let keys = state.keymap.keys(entry.action).join(" ");
            let keys = if keys.is_empty() { "palette".to_owned() } else { keys };
            let reason = entry.action.unavailable(state);
            let ink = if reason.is_some() { Ink::Muted } else { Ink::Text };
            let not_now = reason.map(|reason| format!(" (Not now: {reason}.)"));
            let says = format!("{}: {}{}", entry.name, entry.says, not_now.unwrap_or_default());
            let rows = wrapped(&says, width.saturating_sub(KEYS_WIDTH).max(1));
            for (row, text) in rows.into_iter().enumerate() {
                let keys = if row == 0 { keys.as_str() } else { "" };
                lines.push((ink, format!("  {keys:<room$}{text}", room = KEYS_WIDTH - 2)));
            }
        }
    }
    lines
}

/// Returns the size of help on a terminal of this size.
fn size(state: &State) -> (u16, u16) {
    (state.size.0.min(WIDTH_MAX), state.size.1)
}

/// Returns how many rows help may be scrolled down at most.
pub fn scroll_max(state: &State) -> usize {
    let (width, height) = size(state);
    let lines = lines(state, usize::from(width.saturating_sub(2)));
    lines.len().saturating_sub(usize::from(height.saturating_sub(2)))
}

/// Draws help.
pub(super) fn draw(state: &State, scroll: usize, area: Rect, buf: &mut Buffer) {
    let title = " Help: arrows scroll, Esc closes ";
    let inner = boxed(state, area, WIDTH_MAX, area.height, title, buf);
    let lines = lines(state, usize::from(inner.width));
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, (ink, line)) in (0..inner.height).zip(lines.into_iter().skip(scroll)) {
        put(buf, inner, row, &line, state.theme.ink(ink));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{Options, Start};

    #[test]
    fn help_names_every_action_with_its_keys() {
        let state = State::new(Start::Home, Options::default()).expect("the standard keys");
        let text: Vec<String> = lines(&state, 200).into_iter().map(|(_, line)| line).collect();
        for entry in ACTIONS {
            let key = state.keymap.key(entry.action);
            let named = |line: &&String| line.contains(entry.says) && line.contains(&key);
            assert!(text.iter().find(named).is_some(), "{}", entry.name);
        }
    }
}
