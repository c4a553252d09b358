//! The mouse, and the arrows: what lies where on the screen.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::lab::Seek;

use super::action::Way;
use super::moment::{Hit, Pane, Selection};
use super::state::{Over, Place, State};
use super::views::timeline;
use super::{app, home, palette, prompt};

/// How many rows one turn of the wheel scrolls.
const WHEEL: isize = 3;

/// Takes in the mouse; returns whether anything may look different now.
pub(super) fn input(state: &mut State, event: MouseEvent) -> bool {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => press(state, at),
        MouseEventKind::Drag(MouseButton::Left) => {
            if state.over.is_some() || pane_at(state, at) != Some(Pane::Timeline) {
                return false;
            }
            seek_to(state, at);
        }
        MouseEventKind::ScrollUp => wheel(state, at, true),
        MouseEventKind::ScrollDown => wheel(state, at, false),
        _ => return false,
    }
    true
}

fn hit(state: &State, at: Position) -> Option<Hit> {
    state.drawn.hits.iter().rev().find(|hit| hit.area.contains(at)).copied()
}

fn pane_at(state: &State, at: Position) -> Option<Pane> {
    hit(state, at).map(|hit| hit.pane)
}

fn press(state: &mut State, at: Position) {
    state.toast = None;
    let row = state.drawn.rows.iter().find(|(area, _)| area.contains(at)).map(|(_, row)| *row);
    match (&state.over, row) {
        (Some(Over::Palette(_)), Some(row)) => palette::choose(state, row),
        (Some(Over::Prompt(prompt::Prompt::Branch { .. })), Some(row)) => {
            prompt::choose_branch(state, row);
        }
        (Some(_), _) => state.over = None,
        (None, Some(row)) if state.place == Place::Home => {
            state.home.selected = row;
            home::choose(state, row);
        }
        (None, _) => press_lab(state, at),
    }
}

fn press_lab(state: &mut State, at: Position) {
    let Some(hit) = hit(state, at) else { return };
    let Some(lab) = state.shown_lab() else { return };
    let again = lab.shown_target() == hit.target && hit.target != Selection::Nothing;
    if lab.focus != hit.pane {
        lab.focus = hit.pane;
        lab.scroll = 0;
    }
    lab.select(hit.target);
    if hit.pane == Pane::Timeline {
        match hit.target {
            Selection::Record(id) => {
                lab.seek(Seek::Record(id));
                lab.refresh();
            }
            _ => seek_to(state, at),
        }
    } else if again {
        app::open(lab);
        lab.refresh();
    }
}

/// Goes to the instant that a place on the timeline stands for.
fn seek_to(state: &mut State, at: Position) {
    let found = state.drawn.hits.iter().find(|hit| hit.pane == Pane::Timeline);
    let Some(area) = found.map(|hit| hit.area) else { return };
    let Some(lab) = state.shown_lab() else { return };
    let Some(instant) = timeline::instant_at(&lab.session, area, at.x) else { return };
    lab.seek(Seek::Time(instant));
    lab.refresh();
}

fn wheel(state: &mut State, at: Position, up: bool) {
    let rows = if up { -WHEEL } else { WHEEL };
    let turn = |scroll: usize| scroll.saturating_add_signed(rows);
    let most = super::help::scroll_max(state);
    match &mut state.over {
        Some(Over::Help(scroll)) => *scroll = turn(*scroll).min(most),
        Some(Over::Palette(palette)) => {
            palette.selected = turn(palette.selected).min(palette.found.len().saturating_sub(1));
        }
        Some(Over::Prompt(_) | Over::Why | Over::Board(_)) => {}
        None if state.place == Place::Home => home::step(state, if up { -1 } else { 1 }),
        None => {
            let pane = pane_at(state, at);
            if let (Some(lab), Some(pane)) = (state.shown_lab(), pane) {
                if lab.focus != pane {
                    (lab.focus, lab.scroll) = (pane, 0);
                }
                lab.scroll_by(rows);
            }
        }
    }
}

/// Moves the selection of the lab to what lies nearest in a direction; where nothing does, a list
/// scrolls.
pub(super) fn move_selection(state: &mut State, way: Way) {
    let hits = std::mem::take(&mut state.drawn.hits);
    if let Some(lab) = state.shown_lab() {
        let aside = matches!(way, Way::Left | Way::Right);
        // In a list nothing lies aside: there the arrows go from node to node.
        let pane = match lab.focus {
            Pane::Grid | Pane::Chain => lab.focus,
            _ if aside => Pane::Grid,
            other => other,
        };
        let mine = |hit: &&Hit| hit.pane == pane && hit.target != Selection::Nothing;
        let here = hits.iter().filter(mine);
        let shown = if pane == Pane::Grid { lab.aim } else { lab.shown_target() };
        let from = here.clone().find(|hit| hit.target == shown);
        let next = match from {
            Some(from) => nearest(from.area, here, way),
            None => here.map(|hit| hit.target).next(),
        };
        match (next, way) {
            (Some(next), _) => lab.select(next),
            (None, Way::Up | Way::Down) if lab.focus == Pane::Events && lab.event.is_some() => {
                lab.select_beside(way == Way::Down);
            }
            (None, Way::Up) => lab.scroll_by(-1),
            (None, Way::Down) => lab.scroll_by(1),
            (None, Way::Left | Way::Right) => {}
        }
    }
    state.drawn.hits = hits;
}

/// Finds what lies nearest in a direction: far to the side counts twice.
fn nearest<'a>(from: Rect, hits: impl Iterator<Item = &'a Hit>, way: Way) -> Option<Selection> {
    // Twice the middle, so that nothing is lost in halving.
    let middle = |area: Rect| {
        let x = 2 * i32::from(area.x) + i32::from(area.width);
        // A row of text is about twice as high as a column is wide.
        let y = 4 * i32::from(area.y) + 2 * i32::from(area.height);
        (x, y)
    };
    let (x, y) = middle(from);
    let cost = |hit: &Hit| {
        let (right, down) = (middle(hit.area).0 - x, middle(hit.area).1 - y);
        let (along, aside) = match way {
            Way::Up => (-down, right),
            Way::Down => (down, right),
            Way::Left => (-right, down),
            Way::Right => (right, down),
        };
        (along > 0).then(|| along + 2 * aside.abs())
    };
    let ahead = hits.filter_map(|hit| cost(hit).map(|cost| (cost, hit.target)));
    ahead.min_by_key(|(cost, _)| *cost).map(|(_, target)| target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Address;

    #[test]
    fn an_arrow_goes_to_what_lies_there() {
        let hit = |number: u16, x: u16, y: u16| Hit {
            area: Rect::new(x, y, 10, 3),
            pane: Pane::Grid,
            target: Selection::Member(Address::Node(number)),
        };
        let hits = [hit(1, 0, 0), hit(2, 12, 0), hit(3, 0, 4), hit(4, 12, 4), hit(5, 24, 4)];
        let go = |from: usize, way| match nearest(hits[from - 1].area, hits.iter(), way) {
            Some(Selection::Member(Address::Node(number))) => Some(number),
            _ => None,
        };
        assert_eq!(go(1, Way::Right), Some(2));
        assert_eq!(go(1, Way::Down), Some(3));
        assert_eq!(go(4, Way::Up), Some(2));
        assert_eq!(go(5, Way::Left), Some(4));
        assert_eq!(go(1, Way::Up), None);
    }
}
