//! Rows of styled text that never leave their place.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::sim::Instant;

use super::theme::{Ink, Theme};

/// One row of text in the making, from left to right.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    theme: &'a Theme,
    line: Line<'static>,
    width: usize,
}

impl<'a> Row<'a> {
    /// Begins an empty row.
    pub fn new(theme: &'a Theme) -> Row<'a> {
        Row { theme, line: Line::default(), width: 0 }
    }

    /// Adds text in an ink.
    #[must_use]
    pub fn say(mut self, ink: Ink, text: impl Into<Cow<'static, str>>) -> Row<'a> {
        self.add(ink, text);
        self
    }

    /// Adds text in an ink.
    pub fn add(&mut self, ink: Ink, text: impl Into<Cow<'static, str>>) {
        let text = text.into();
        self.width += text.width();
        self.line.spans.push(Span::styled(text, self.theme.ink(ink)));
    }

    /// Adds blanks up to a column, counted from 0; at least one, unless the row is empty.
    pub fn tab(&mut self, column: usize) {
        let least = usize::from(self.width > 0);
        let blanks = column.saturating_sub(self.width).max(least);
        self.add(Ink::Text, " ".repeat(blanks));
    }

    /// Adds all that another row says.
    pub fn join(&mut self, other: Row<'_>) {
        self.width += other.width;
        self.line.spans.extend(other.line.spans);
    }

    /// Returns how many columns the row takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.width == 0
    }

    /// Draws the row on the first row of an area; what does not fit ends in `…`.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        self.clear(Rect { width: area.width.min(self.width as u16), height: 1, ..area }, buf);
        buf.set_line(area.x, area.y, &self.line, area.width);
        if self.width > usize::from(area.width) {
            let last = (area.right() - 1, area.y);
            buf[last].set_symbol("…");
        }
    }

    /// Draws the row at the right end of an area, if it fits there beside so many columns.
    pub fn draw_right(&self, area: Rect, beside: usize, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() || self.width + beside > usize::from(area.width) {
            return;
        }
        let width = self.width as u16;
        let place = Rect { x: area.right() - width, width, height: 1, ..area };
        self.clear(place, buf);
        buf.set_line(place.x, place.y, &self.line, width);
    }

    /// Takes off the looks of what stood there before, a dim rule say, which styles would mix with.
    fn clear(&self, area: Rect, buf: &mut Buffer) {
        buf.set_style(area, Style::reset().patch(self.theme.ink(Ink::Text)));
    }
}

/// Returns the rows of an area, each as an area of its own.
pub fn rows(area: Rect) -> impl Iterator<Item = Rect> {
    (area.top()..area.bottom()).map(move |y| Rect { y, height: 1, ..area })
}

/// Draws one glyph in an ink over whatever is there.
pub fn glyph(at: (u16, u16), glyph: char, ink: Ink, theme: &Theme, buf: &mut Buffer) {
    if let Some(cell) = buf.cell_mut(at) {
        let paper = Style::reset().patch(theme.ink(Ink::Text));
        cell.set_char(glyph).set_style(paper.patch(theme.ink(ink)));
    }
}

/// Marks a row as selected: its ink over whatever is there.
pub fn select(area: Rect, theme: &Theme, buf: &mut Buffer) {
    buf.set_style(area.intersection(buf.area), theme.ink(Ink::Selection));
}

/// Writes virtual time so that nobody takes it for real time: `t=12.345s virtual`.
pub fn virtual_time(at: Instant) -> String {
    format!("t={at} virtual")
}

/// Writes a number of things: `1 call`, `3 calls`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_too_long_says_so_and_stays_in_its_place() {
        let theme = Theme::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        Row::new(&theme).say(Ink::Text, "abcdefgh").draw(Rect::new(1, 0, 5, 1), &mut buf);
        assert_eq!(buf, Buffer::with_lines([" abcd…  "]));
        Row::new(&theme).say(Ink::Text, "abcdefgh").draw(Rect::new(9, 4, 5, 1), &mut buf);
    }

    #[test]
    fn a_row_at_the_right_gives_way() {
        let theme = Theme::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        Row::new(&theme).say(Ink::Text, "xyz").draw_right(buf.area, 4, &mut buf);
        assert_eq!(buf, Buffer::with_lines(["      "]));
        Row::new(&theme).say(Ink::Text, "xyz").draw_right(buf.area, 3, &mut buf);
        assert_eq!(buf, Buffer::with_lines(["   xyz"]));
    }

    #[test]
    fn tabs_keep_words_apart() {
        let theme = Theme::default();
        let mut row = Row::new(&theme).say(Ink::Text, "abc");
        row.tab(2);
        assert_eq!(row.width(), 4);
        row.tab(9);
        assert_eq!(row.width(), 9);
    }
}
