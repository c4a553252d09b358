//! The panes: one file, one way of looking at the run.
//!
//! Here: views, which read a `Moment` and draw it. Absent on purpose: keys, and any change to the
//! run. What two views need alike lies in `text` and `words`.
//!
//! To add one: a file with a type that is a `View`, its `Pane`, its line in `VIEWS` and its place
//! in
//! `layout`.

pub mod chain;
pub mod clients;
pub mod events;
pub mod grid;
pub mod inspector;
pub mod log;
pub mod timeline;
mod watch;
mod wires;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::{Kind, Milestone, Session};
use crate::sim::EventId;

use super::layout::{self, HEIGHT_MIN, WIDTH_MIN};
use super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::text::Row;
use super::theme::{Ink, Theme};

/// Every view, in the order in which `Tab` goes through them.
pub static VIEWS: [&dyn View; 7] = [
    &grid::Grid,
    &chain::Chain,
    &inspector::Inspector,
    &clients::Clients,
    &events::Events,
    &log::Log,
    &timeline::Timeline,
];

/// How many records a view reads at most for one frame: what is older is left out.
const RECORDS_READ_MAX: usize = 6_000;
/// How many milestones a view reads at most for one frame.
const MILESTONES_READ_MAX: usize = 20_000;

/// Returns the view of a pane.
pub fn view(pane: Pane) -> &'static dyn View {
    let found = VIEWS.iter().find(|view| view.pane() == pane);
    *found.expect("a test looks for the view of each pane")
}

/// Draws the lab: the title bar and every pane that there is room for; says what can be hit.
pub fn draw(
    moment: &Moment<'_>,
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    buf.set_style(area, eyes.ink(Ink::Text));
    if layout::too_small(area) {
        too_small(eyes.theme, area, buf);
        return;
    }
    title(moment, eyes, layout::title(area), buf);
    for (pane, place) in layout::panes(area, eyes.focus) {
        hits.push(Hit { area: place, pane, target: Selection::Nothing });
        view(pane).render(moment, eyes, place, buf, hits);
    }
    eyes.theme.finish(area, buf);
}

/// Draws one pane alone over the whole area, below the title bar.
pub fn draw_one(
    pane: Pane,
    moment: &Moment<'_>,
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    let area = area.intersection(buf.area);
    if area.is_empty() || layout::too_small(area) {
        draw(moment, eyes, area, buf, hits);
        return;
    }
    buf.set_style(area, eyes.ink(Ink::Text));
    title(moment, eyes, layout::title(area), buf);
    let place = Rect { y: area.y + 1, height: area.height - 1, ..area };
    hits.push(Hit { area: place, pane, target: Selection::Nothing });
    view(pane).render(moment, eyes, place, buf, hits);
    eyes.theme.finish(area, buf);
}

/// Says that there is no room, and how much is needed.
pub fn too_small(theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (width, height) = (area.width, area.height);
    let text = format!("too small: {width}x{height}, needs {WIDTH_MIN}x{HEIGHT_MIN}");
    let middle = Rect { y: area.y + height / 2, height: 1, ..area };
    Row::new(theme).say(Ink::Accent, text).draw(middle, buf);
    theme.finish(area, buf);
}

/// Draws the title bar: what is run, under which seed, and whether it goes on.
fn title(moment: &Moment<'_>, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) {
    let session = moment.session;
    let row = Row::new(eyes.theme)
        .say(Ink::Accent, "faultlab ")
        .say(Ink::Title, session.scenario().title.clone());
    let mut state = Row::new(eyes.theme);
    if session.branch() != "main" {
        state.add(Ink::Muted, format!("{}  ", session.branch().to_owned()));
    }
    state.add(Ink::Muted, format!("seed {}  ", session.seed()));
    match (session.in_past(), eyes.pace.running) {
        (true, true) => state.add(Ink::Past, " PAST, running "),
        (true, false) => state.add(Ink::Past, " PAST "),
        (false, true) => state.add(Ink::Healthy, "▶ running"),
        (false, false) => state.add(Ink::Title, "paused"),
    }
    let left = usize::from(area.width).saturating_sub(state.width() + 1);
    row.draw(Rect { width: left as u16, ..area }, buf);
    state.draw_right(area, 0, buf);
}

/// Draws the rule over a pane, with its title and a note at its right end; returns what is left.
fn open(view: &dyn View, note: &Row<'_>, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let focused = eyes.focus == view.pane();
    let rule = "─".repeat(usize::from(area.width));
    Row::new(eyes.theme).say(Ink::Border, rule).draw(area, buf);
    let (mark, ink) = if focused { (" ▸ ", Ink::Accent) } else { (" ", Ink::Title) };
    let title = Row::new(eyes.theme).say(ink, mark).say(ink, view.title()).say(ink, " ");
    title.draw(Rect { x: area.x + 1, width: area.width - 1, ..area }, buf);
    if !note.is_empty() {
        let right = Rect { width: area.width.saturating_sub(1), ..area };
        note.draw_right(right, title.width() + 2, buf);
    }
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Lists the milestones up to the position, newest first.
fn milestones_so_far(session: &Session) -> impl Iterator<Item = &Milestone> {
    let next = session.next_record();
    let newest_first = session.milestones().rev().take(MILESTONES_READ_MAX);
    newest_first.skip_while(move |milestone| milestone.record >= next)
}

/// Lists what was found up to the position, newest first, beyond what records say by themselves:
/// the record at which it was found, and what.
fn found_so_far(session: &Session) -> impl Iterator<Item = (EventId, &Milestone)> {
    milestones_so_far(session)
        .filter(|milestone| matches!(milestone.kind(), Kind::Error | Kind::Failure | Kind::Gray))
        .map(|milestone| (milestone.record, milestone))
}

/// Returns whether an event, a node or a link that is selected is this one.
fn is_selected(eyes: &Eyes<'_>, target: Selection) -> bool {
    match target {
        Selection::Nothing => false,
        Selection::Record(id) => eyes.event == Some(id) || eyes.target == target,
        _ => eyes.target == target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_has_one_view() {
        for pane in Pane::ALL {
            assert_eq!(view(pane).pane(), pane);
        }
        assert_eq!(VIEWS.len(), Pane::ALL.len());
    }
}
