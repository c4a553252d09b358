//! Which panes are shown where, for any size of the terminal.
//!
//! The first row of the lab is its title bar; the panes have the rest.

use ratatui::layout::Rect;

use super::moment::Pane;

/// The least width in which the lab is usable, in columns.
pub const WIDTH_MIN: u16 = 40;
/// The least height in which the lab is usable, in rows.
pub const HEIGHT_MIN: u16 = 10;
/// From which width there is room for two columns of panes.
const WIDE: u16 = 110;
/// From which height there is room for two columns of panes.
const TALL: u16 = 30;

/// Returns whether an area is too small to be of use.
pub fn too_small(area: Rect) -> bool {
    area.width < WIDTH_MIN || area.height < HEIGHT_MIN
}

/// Returns the title bar's row.
pub fn title(area: Rect) -> Rect {
    Rect { height: area.height.min(1), ..area }
}

/// Lists the panes that an area has room for, each with its place. Where there is room for few, one
/// place is switched: it shows the pane in focus, or events where that pane is shown anyway.
pub fn panes(area: Rect, focus: Pane) -> Vec<(Pane, Rect)> {
    if too_small(area) {
        return Vec::new();
    }
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if area.width >= WIDE && area.height >= TALL { wide(body) } else { narrow(body, focus) }
}

/// Cuts rows off the bottom: what is left, and what was cut off.
fn cut_bottom(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let top = Rect { height: area.height - height, ..area };
    (top, Rect { y: top.bottom(), height, ..area })
}

/// Cuts columns off the left, and leaves one blank between the two.
fn cut_left(area: Rect, width: u16) -> (Rect, Rect) {
    let left = Rect { width: width.min(area.width), ..area };
    let x = (left.right() + 1).min(area.right());
    (left, Rect { x, width: area.right() - x, ..area })
}

/// One column: the grid, one pane that is switched, the chain as a strip, the timeline.
fn narrow(body: Rect, focus: Pane) -> Vec<(Pane, Rect)> {
    let timeline = if body.height >= 14 { 2 } else { 1 };
    let strip = match body.height {
        26.. => 6,
        18.. => 4,
        14.. => 3,
        _ => 2,
    };
    let (rest, timeline) = cut_bottom(body, timeline);
    let (rest, chain) = cut_bottom(rest, strip);
    let (grid, switched) = cut_bottom(rest, rest.height * 2 / 5);
    let shown = match focus {
        Pane::Grid | Pane::Chain | Pane::Timeline => Pane::Events,
        other => other,
    };
    vec![(Pane::Grid, grid), (shown, switched), (Pane::Chain, chain), (Pane::Timeline, timeline)]
}

/// Two columns: what is so and why on the left, details on the right.
fn wide(body: Rect) -> Vec<(Pane, Rect)> {
    let timeline = if body.height >= 50 { 3 } else { 2 };
    let (rest, timeline) = cut_bottom(body, timeline);
    let (left, right) = cut_left(rest, body.width * 3 / 5);
    let (left, clients) = cut_bottom(left, (rest.height / 6).clamp(5, 9));
    let (grid, chain) = cut_bottom(left, (rest.height / 4).clamp(7, 14));
    let (right, log) = cut_bottom(right, (rest.height / 8).clamp(4, 8));
    let (inspector, events) = cut_bottom(right, right.height / 2);
    vec![
        (Pane::Grid, grid),
        (Pane::Chain, chain),
        (Pane::Clients, clients),
        (Pane::Inspector, inspector),
        (Pane::Events, events),
        (Pane::Log, log),
        (Pane::Timeline, timeline),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_the_area_below_the_title_and_never_overlap() {
        for (width, height) in [(40, 10), (80, 22), (80, 24), (109, 60), (120, 34), (200, 60)] {
            let area = Rect::new(3, 5, width, height);
            for focus in Pane::ALL {
                let panes = panes(area, focus);
                assert!(panes.iter().any(|(pane, _)| *pane == focus), "{focus:?} {area}");
                for (k, (pane, place)) in panes.iter().enumerate() {
                    assert!(!place.is_empty(), "{pane:?} {area}");
                    assert_eq!(place.intersection(area), *place, "{pane:?} {area}");
                    assert!(place.y > area.y, "{pane:?} {area}");
                    let others = &panes[k + 1..];
                    assert!(!others.iter().any(|(_, other)| other.intersects(*place)), "{pane:?}");
                }
            }
        }
    }

    #[test]
    fn every_pane_is_shown_at_once_from_120_columns_and_36_rows() {
        let shown = panes(Rect::new(0, 0, 120, 34), Pane::Grid);
        assert!(Pane::ALL.iter().all(|pane| shown.iter().any(|(other, _)| other == pane)));
    }

    #[test]
    fn what_is_too_small_shows_nothing() {
        assert!(panes(Rect::new(0, 0, 39, 60), Pane::Grid).is_empty());
        assert!(panes(Rect::new(0, 0, 200, 9), Pane::Grid).is_empty());
    }
}
