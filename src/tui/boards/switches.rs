//! The switches of the run: what contains errors, and can be turned while it runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::Act;
use crate::mechanisms;

use super::super::frame::{boxed, put, wrapped};
use super::super::state::State;
use super::super::theme::Ink;

/// How wide the box is at most, in columns.
const WIDTH_MAX: u16 = 100;
/// How many rows are kept for what is said of the selected one.
const SAYS_ROWS: u16 = 9;

/// Returns how many switches the run has.
pub(super) fn count(state: &State) -> usize {
    state.lab.as_ref().map_or(0, |lab| lab.scene.switches.len())
}

/// Turns the selected switch.
pub(super) fn turn(state: &mut State, selected: usize) {
    let Some(lab) = state.lab.as_deref_mut() else { return };
    let Some((switch, on)) = lab.scene.switches.get(selected).copied() else { return };
    let branched = lab.make(Act::Set { switch: switch.to_owned(), on: !on });
    lab.refresh();
    let how = if on { "off" } else { "on" };
    state.say(match branched {
        Some(branch) => format!("{switch} is {how} in a new future: {branch}"),
        None => format!("{switch} is {how} from here on"),
    });
}

/// Draws the switches, and what is known of the selected one.
pub(super) fn draw(state: &State, selected: usize, area: Rect, buf: &mut Buffer) {
    let Some(lab) = &state.lab else { return };
    let switches = &lab.scene.switches;
    let height = (switches.len() as u16 + SAYS_ROWS + 2).min(area.height);
    let title = " Mechanisms: Enter turns one, Esc closes ";
    let inner = boxed(state, area, WIDTH_MAX, height, title, buf);
    let room = usize::from(inner.height.saturating_sub(SAYS_ROWS)).max(1);
    let first = (selected + 1).saturating_sub(room);
    for (row, (place, (switch, on))) in
        (0..).zip(switches.iter().enumerate().skip(first).take(room))
    {
        let name = mechanisms::of_switch(switch).map_or(*switch, |known| known.name);
        let mark = if *on { "● on " } else { "○ off" };
        let ink = match (place == selected, on) {
            (true, _) => Ink::Selection,
            (false, true) => Ink::Contained,
            (false, false) => Ink::Muted,
        };
        put(buf, inner, row, &format!("{mark}  {name}"), state.theme.ink(ink));
    }
    let Some((switch, _)) = switches.get(selected) else { return };
    let width = usize::from(inner.width);
    let lines = match mechanisms::of_switch(switch) {
        Some(known) => vec![
            (Ink::Contained, format!("Contains: {}", known.contains)),
            (Ink::Error, format!("Misses: {}", known.misses)),
            (Ink::Text, format!("Costs: {}", known.costs)),
            (Ink::Muted, known.source.to_owned()),
        ],
        None => vec![(Ink::Muted, format!("`{switch}` is a setting of the protocol."))],
    };
    let rows = lines.iter().flat_map(|(ink, text)| {
        wrapped(text, width).into_iter().map(move |row| (*ink, row)).collect::<Vec<_>>()
    });
    let top = (switches.len().min(room) as u16) + 1;
    for (row, (ink, text)) in (top..inner.height).zip(rows) {
        put(buf, inner, row, &text, state.theme.ink(ink));
    }
}
