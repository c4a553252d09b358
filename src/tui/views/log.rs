//! What the engine and the program report, as the logger keeps it.
//!
//! No wall-clock times: they differ from run to run, and would be taken for virtual time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

use super::super::moment::{Eyes, Hit, Moment, Pane, View};
use super::super::text::Row;
use super::super::theme::Ink;
use super::open;

/// The log.
#[derive(Debug)]
pub struct Log;

impl View for Log {
    fn pane(&self) -> Pane {
        Pane::Log
    }

    fn title(&self) -> &'static str {
        "Log"
    }

    fn render(
        &self,
        _moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        _hits: &mut Vec<Hit>,
    ) {
        let note = Row::new(eyes.theme).say(Ink::Muted, " engine and program ");
        let inner = open(self, &note, eyes, area, buf);
        if inner.is_empty() {
            return;
        }
        TuiLoggerWidget::default()
            .style_error(eyes.ink(Ink::Failure))
            .style_warn(eyes.ink(Ink::Active))
            .style_info(eyes.ink(Ink::Text))
            .style_debug(eyes.ink(Ink::Muted))
            .style_trace(eyes.ink(Ink::Muted))
            .output_timestamp(None)
            .output_file(false)
            .output_line(false)
            .output_target(true)
            .output_separator(' ')
            .output_level(Some(TuiLoggerLevelOutput::Abbreviated))
            .render(inner, buf);
    }
}
