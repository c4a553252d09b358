//! The home screen: what this is, what to press first, and what there is to open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::frame::put;
use super::start::{Listed, Room};
use super::state::{Drawn, Place, State};
use super::theme::Ink;

/// What faultlab is, in one line.
const WHAT_IT_IS: &str =
    "Break a cluster; watch a fault become an error, a failure, or be contained.";

/// The first minute, key by key.
const FIRST_MINUTE: [(&str, &str); 5] = [
    ("Enter", "starts the lab: five Raft nodes, live"),
    ("1", "stops the leader; watch who notices, and what it costs"),
    ("8 8", "cuts the leader off: it is well, and still thinks that it leads"),
    (", .", "step back and forth through what happened; Space lets it run"),
    ("w", "asks why; ? shows every key"),
];

/// The home screen.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// Which line is selected.
    pub selected: usize,
    /// What there is to open; `None` until the first frame is drawn.
    pub listed: Option<Vec<Listed>>,
}

/// A line of the home screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// Goes back to the run that is open.
    Return(&'a str),
    /// Starts the lab.
    FirstRun,
    /// Opens something that is listed.
    Listed(&'a Listed),
}

/// Lists the lines that can be chosen, in their order.
pub fn choices(state: &State) -> Vec<Choice<'_>> {
    let open = state.lab.as_ref().map(|lab| Choice::Return(&lab.name));
    let listed = state.home.listed.iter().flatten().map(Choice::Listed);
    open.into_iter().chain([Choice::FirstRun]).chain(listed).collect()
}

/// Opens the line at a place.
pub(super) fn choose(state: &mut State, place: usize) {
    let Some(choice) = choices(state).get(place).copied() else { return };
    match choice {
        Choice::Return(_) => state.place = Place::Lab,
        Choice::FirstRun => state.open_first_run(),
        Choice::Listed(listed) => {
            let (room, name) = (listed.room, listed.name.clone());
            match (state.options.open)(room, &name) {
                Ok(start) => state.open(start),
                Err(reason) => state.say(reason),
            }
        }
    }
}

/// Moves the selection by so many lines.
pub(super) fn step(state: &mut State, by: isize) {
    let last = choices(state).len().saturating_sub(1);
    state.home.selected = state.home.selected.saturating_add_signed(by).min(last);
}

const fn heading(room: Room) -> &'static str {
    match room {
        Room::Lesson => "Lessons",
        Room::Scenario => "Scenarios",
        Room::Replay => "Recent runs",
    }
}

/// What one row of the list shows.
enum Row {
    Space,
    Heading(&'static str),
    Choice(usize, String, String),
}

fn rows(state: &State) -> Vec<Row> {
    let mut rows = vec![Row::Heading("Start")];
    let mut room = None;
    for (place, choice) in choices(state).into_iter().enumerate() {
        let (name, line) = match choice {
            Choice::Return(name) => ("back to the run".to_owned(), name.to_owned()),
            Choice::FirstRun => ("the lab".to_owned(), "five Raft nodes, live".to_owned()),
            Choice::Listed(listed) => {
                if room != Some(listed.room) {
                    room = Some(listed.room);
                    rows.extend([Row::Space, Row::Heading(heading(listed.room))]);
                }
                (listed.name.clone(), listed.line.clone())
            }
        };
        rows.push(Row::Choice(place, name, line));
    }
    rows
}

/// Draws the home screen.
pub(super) fn draw(state: &State, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let theme = &state.theme;
    let margin = if area.width >= 60 { 2 } else { 0 };
    let area = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
    put(buf, area, 0, "faultlab", theme.ink(Ink::Accent));
    put(buf, area, 1, WHAT_IT_IS, theme.ink(Ink::Text));
    let mut top = 3;
    if area.height >= 18 {
        put(buf, area, top, "Your first minute", theme.ink(Ink::Title));
        for (key, says) in FIRST_MINUTE {
            top += 1;
            put(buf, area, top, &format!("  {key:<6}"), theme.ink(Ink::Accent));
            let right = Rect { x: area.x + 9, width: area.width.saturating_sub(9), ..area };
            put(buf, right, top, says, theme.ink(Ink::Text));
        }
        top += 2;
    }
    let room = usize::from(area.height.saturating_sub(top));
    let rows = rows(state);
    let is_selected = |row: &Row| matches!(row, Row::Choice(at, ..) if *at == state.home.selected);
    let selected = rows.iter().position(is_selected).unwrap_or(0);
    let first = (selected + 1).saturating_sub(room);
    for (row, line) in (top..).zip(rows.iter().skip(first).take(room)) {
        match line {
            Row::Space => {}
            Row::Heading(text) => put(buf, area, row, text, theme.ink(Ink::Title)),
            Row::Choice(place, name, says) => {
                let chosen = *place == state.home.selected;
                let mark = if chosen { ">" } else { " " };
                let ink = if chosen { Ink::Selection } else { Ink::Text };
                let text = format!("{mark} {name:<26} {says}");
                let text = format!("{text:<width$}", width = usize::from(area.width));
                put(buf, area, row, &text, theme.ink(ink));
                drawn.rows.push((Rect { y: area.y + row, height: 1, ..area }, *place));
            }
        }
    }
}

/// The actions that the footer of the home screen names.
pub(super) const FOOTER: [(Action, &str); 4] = [
    (Action::Open, "open"),
    (Action::Palette, "palette"),
    (Action::Help, "help"),
    (Action::Quit, "quit"),
];
