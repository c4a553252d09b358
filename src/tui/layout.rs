//! Which panes are where. A stand-in.
use super::moment::Pane;
use ratatui::layout::Rect;

/// Lists the panes that fit.
pub fn panes(area: Rect, _focus: Pane) -> Vec<(Pane, Rect)> {
    let half = area.height / 2;
    let rest = area.height.saturating_sub(half).saturating_sub(1);
    vec![
        (Pane::Grid, Rect { height: half, ..area }),
        (Pane::Events, Rect { y: area.y + half, height: rest, ..area }),
        (Pane::Timeline, Rect { y: area.y + half + rest, height: 1.min(area.height), ..area }),
    ]
}
