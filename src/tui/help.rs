//! Help: every key, from the same catalogue as the palette and the footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{ACTIONS, Group};
use super::frame::{boxed, put};
use super::state::State;
use super::theme::Ink;

/// How wide help is at most, in columns.
const WIDTH_MAX: u16 = 100;

/// What is true of the whole program, for who opens help first.
const INTRODUCTION: [&str; 6] = [
    "A fault is what goes wrong in a part; an error is what it makes wrong inside;",
    "a failure is what a client sees. You bring the faults, the lab shows the rest.",
    "A digit breaks what is selected; with nothing selected it breaks the leader.",
    "Where a class has variants, a letter chooses; the same digit takes the first.",
    "Break something in the past, and a new future begins; the old one is kept.",
    "The mouse selects, scrolls and drags the timeline. Ctrl-c always quits.",
];

/// Writes help as lines, each with its ink.
pub fn lines(state: &State) -> Vec<(Ink, String)> {
    let mut lines: Vec<(Ink, String)> =
        INTRODUCTION.iter().map(|line| (Ink::Text, (*line).to_owned())).collect();
    for group in Group::ALL {
        lines.push((Ink::Text, String::new()));
        lines.push((Ink::Title, group.title().to_owned()));
        for entry in ACTIONS.iter().filter(|entry| entry.group == group) {
            let keys = state.keymap.keys(entry.action).join(" ");
            let keys = if keys.is_empty() { "palette".to_owned() } else { keys };
            let line = format!("  {keys:<12} {:<24} {}", entry.name, entry.says);
            match entry.action.unavailable(state) {
                None => lines.push((Ink::Text, line)),
                Some(reason) => {
                    lines.push((Ink::Muted, format!("{line} (not now: {reason})")));
                }
            }
        }
    }
    lines
}

/// Returns how many rows help may be scrolled down at most.
pub fn scroll_max(state: &State, height: u16) -> usize {
    lines(state).len().saturating_sub(usize::from(height.saturating_sub(2)))
}

/// Draws help.
pub(super) fn draw(state: &State, scroll: usize, area: Rect, buf: &mut Buffer) {
    let title = " Help: arrows scroll, Esc closes ";
    let inner = boxed(state, area, WIDTH_MAX, area.height, title, buf);
    let scroll = scroll.min(scroll_max(state, area.height));
    for (row, (ink, line)) in (0..).zip(lines(state).into_iter().skip(scroll)) {
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
        let text: Vec<String> = lines(&state).into_iter().map(|(_, line)| line).collect();
        for entry in ACTIONS {
            let key = state.keymap.key(entry.action);
            let named = |line: &&String| line.contains(entry.says) && line.contains(&key);
            assert!(text.iter().find(named).is_some(), "{}", entry.name);
        }
    }
}
