//! The panes. A stand-in.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::moment::{Eyes, Hit, Moment, Pane, Selection};
use super::theme::Ink;
use crate::sim::Address;

/// Draws the lab's panes.
pub fn draw(m: &Moment<'_>, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer, hits: &mut Vec<Hit>) {
    for (pane, rect) in super::layout::panes(area, eyes.focus) {
        hits.push(Hit { area: rect, pane, target: Selection::Nothing });
        let mut line = |row: u16, text: &str, style: Style| {
            if row < rect.height {
                buf.set_stringn(rect.x, rect.y + row, text, usize::from(rect.width), style);
            }
        };
        match pane {
            Pane::Grid => {
                line(0, m.session.scenario().title.as_str(), eyes.theme.ink(Ink::Accent));
                for (row, node) in (1..).zip(&m.scene.nodes) {
                    let target = Selection::Member(node.address);
                    let style = if target == eyes.target {
                        eyes.theme.ink(Ink::Selection)
                    } else {
                        Style::new()
                    };
                    let glance = node.glance;
                    let text = format!(
                        "{} {} {} term {} log {}/{}",
                        node.address,
                        glance.role.word(),
                        node.life.word(),
                        glance.epoch,
                        glance.decided,
                        glance.length
                    );
                    line(row, &text, style);
                    if row < rect.height {
                        let area = Rect { y: rect.y + row, height: 1, ..rect };
                        hits.push(Hit { area, pane, target });
                    }
                }
            }
            Pane::Timeline => line(0, &format!("t={} virtual", m.session.clock()), Style::new()),
            _ => {
                let records = m.session.newest_records().take(usize::from(rect.height));
                for (row, record) in (0..).zip(records) {
                    let who = record.who.unwrap_or(Address::Node(1));
                    line(row, &format!("{} {who} {:?}", record.at, record.what), Style::new());
                    let area = Rect { y: rect.y + row, height: 1, ..rect };
                    hits.push(Hit { area, pane, target: Selection::Record(record.id) });
                }
            }
        }
    }
}

/// Draws the focused pane alone.
pub fn draw_alone(
    m: &Moment<'_>,
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    draw(m, eyes, area, buf, hits);
}
