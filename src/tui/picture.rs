//! A drawn screen as a picture: the same screen, the same bytes, on every machine.
//!
//! Absent on purpose: fonts. The picture names a few monospaced ones and pins each run of text to
//! its cells, so that whichever is found keeps the grid.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// How wide a cell is, in the picture's units.
const CELL_WIDTH: usize = 9;
/// How high a cell is, in the picture's units.
const CELL_HEIGHT: usize = 19;
/// How far below a cell's top its text stands.
const BASELINE: usize = 14;
/// How large the text is.
const TEXT_SIZE: usize = 15;

/// The paper that a screen is printed on: what a terminal would have brought along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The colour of text that has none of its own.
    pub foreground: u32,
    /// The colour behind everything.
    pub background: u32,
    /// The sixteen colours that a terminal names, as 24-bit numbers.
    pub palette: [u32; 16],
}

impl Paper {
    /// Dark paper.
    pub const DARK: Paper = Paper {
        foreground: 0xd8_dee9,
        background: 0x14_181f,
        palette: [
            0x2b_303b, 0xe0_6c75, 0x8c_c570, 0xe5_c07b, 0x61_afef, 0xd0_8be0, 0x4f_c3cf, 0xc8_ccd4,
            0x6b_7280, 0xff_8a93, 0xa5_e08a, 0xff_d98f, 0x86_c5ff, 0xe6_a8f5, 0x74_e0ea, 0xff_ffff,
        ],
    };
    /// Light paper.
    pub const LIGHT: Paper = Paper {
        foreground: 0x20_2428,
        background: 0xff_ffff,
        palette: [
            0x20_2428, 0xb0_0020, 0x1b_6e2c, 0x7a_4f00, 0x2b_4bb5, 0x7b_1fa2, 0x00_677d, 0x9a_a0a6,
            0x5f_6368, 0xd0_2040, 0x2b_8e3c, 0x9a_6f10, 0x4b_6bd5, 0x9b_3fc2, 0x20_879d, 0x00_0000,
        ],
    };

    fn colour(&self, colour: Color, otherwise: u32) -> u32 {
        match colour {
            Color::Reset => otherwise,
            Color::Black => self.palette[0],
            Color::Red => self.palette[1],
            Color::Green => self.palette[2],
            Color::Yellow => self.palette[3],
            Color::Blue => self.palette[4],
            Color::Magenta => self.palette[5],
            Color::Cyan => self.palette[6],
            Color::Gray => self.palette[7],
            Color::DarkGray => self.palette[8],
            Color::LightRed => self.palette[9],
            Color::LightGreen => self.palette[10],
            Color::LightYellow => self.palette[11],
            Color::LightBlue => self.palette[12],
            Color::LightMagenta => self.palette[13],
            Color::LightCyan => self.palette[14],
            Color::White => self.palette[15],
            Color::Rgb(red, green, blue) => u32::from_be_bytes([0, red, green, blue]),
            Color::Indexed(index) => self.indexed(index),
        }
    }

    /// The 256 colours of xterm: sixteen names, a cube of 6 × 6 × 6, 24 greys.
    fn indexed(&self, index: u8) -> u32 {
        let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * u32::from(step) };
        match index {
            0..16 => self.palette[usize::from(index)],
            16..232 => {
                let cube = index - 16;
                level(cube / 36) << 16 | level(cube / 6 % 6) << 8 | level(cube % 6)
            }
            232.. => 0x01_0101 * (8 + 10 * u32::from(index - 232)),
        }
    }
}

/// How a cell is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    foreground: u32,
    background: u32,
    modifier: Modifier,
}

impl Print {
    fn of(cell: &Cell, paper: &Paper) -> Print {
        let foreground = paper.colour(cell.fg, paper.foreground);
        let background = paper.colour(cell.bg, paper.background);
        let reversed = cell.modifier.contains(Modifier::REVERSED);
        let (foreground, background) =
            if reversed { (background, foreground) } else { (foreground, background) };
        Print { foreground, background, modifier: cell.modifier }
    }

    /// Writes what a text element says of its looks.
    fn attributes(self) -> String {
        let mut text = format!(" fill=\"#{:06x}\"", self.foreground);
        let set = [
            (Modifier::BOLD, " font-weight=\"bold\""),
            (Modifier::ITALIC, " font-style=\"italic\""),
            (Modifier::UNDERLINED, " text-decoration=\"underline\""),
            (Modifier::DIM, " fill-opacity=\"0.62\""),
        ];
        for (_, attribute) in set.iter().filter(|(modifier, _)| self.modifier.contains(*modifier)) {
            text.push_str(attribute);
        }
        text
    }
}

/// Makes a picture of a screen, as the text of an SVG file.
pub fn svg(buffer: &Buffer, paper: &Paper) -> String {
    let (columns, lines) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (columns * CELL_WIDTH, lines * CELL_HEIGHT);
    let mut out = String::new();
    let families = "'DejaVu Sans Mono','JetBrains Mono','Menlo','Consolas',monospace";
    line(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"{families}\" \
             font-size=\"{TEXT_SIZE}\">"
        ),
    );
    let background = paper.background;
    let whole =
        format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#{background:06x}\"/>");
    line(&mut out, whole);
    for (k, cells) in buffer.content.chunks(columns.max(1)).take(lines).enumerate() {
        backgrounds(&mut out, k, cells, paper);
        texts(&mut out, k, cells, paper);
    }
    out.push_str("</svg>\n");
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string never fails");
}

/// Draws the backgrounds of a line that are not the paper's own, equal neighbours as one.
fn backgrounds(out: &mut String, line_number: usize, cells: &[Cell], paper: &Paper) {
    let y = line_number * CELL_HEIGHT;
    let mut start = 0;
    let print = |cell: &Cell| Print::of(cell, paper).background;
    for run in cells.chunk_by(|a, b| print(a) == print(b)) {
        let background = print(&run[0]);
        if background != paper.background {
            let (x, width) = (start * CELL_WIDTH, run.len() * CELL_WIDTH);
            line(
                out,
                format_args!(
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{CELL_HEIGHT}\" \
                     fill=\"#{background:06x}\" shape-rendering=\"crispEdges\"/>"
                ),
            );
        }
        start += run.len();
    }
}

/// Writes the text of a line. A run of like cells is one element; a glyph that a font may lack, and
/// another font then draws wider, stands alone.
fn texts(out: &mut String, line_number: usize, cells: &[Cell], paper: &Paper) {
    let y = line_number * CELL_HEIGHT + BASELINE;
    let mut start = 0;
    let joins = |a: &Cell, b: &Cell| {
        let same = a.symbol() == b.symbol();
        let plain = a.symbol().is_ascii() && b.symbol().is_ascii();
        Print::of(a, paper) == Print::of(b, paper) && (plain || same)
    };
    for run in cells.chunk_by(joins) {
        let text: String = run.iter().map(Cell::symbol).collect();
        let trimmed = text.trim_end_matches(' ');
        if !trimmed.trim_start().is_empty() {
            let (x, columns) = (start * CELL_WIDTH, trimmed.chars().count());
            let looks = Print::of(&run[0], paper).attributes();
            let length = columns * CELL_WIDTH;
            let text = escaped(trimmed);
            line(
                out,
                format_args!(
                    "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" \
                     lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{looks}>{text}</text>"
                ),
            );
        }
        start += run.len();
    }
}

/// Writes text so that it means itself in XML; what XML may not hold becomes `?`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for glyph in text.chars() {
        match glyph {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            glyph if glyph.is_control() || matches!(glyph, '\u{fffe}' | '\u{ffff}') => {
                out.push('?');
            }
            glyph => out.push(glyph),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn text_is_escaped_and_stands_in_its_cells() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(2, 1, "a<b & ─", Style::new().fg(Color::Red));
        let picture = svg(&buffer, &Paper::DARK);
        assert!(picture.contains("x=\"18\" y=\"33\" textLength=\"45\""), "{picture}");
        assert!(picture.contains("fill=\"#e06c75\">a&lt;b &amp;</text>"), "{picture}");
        assert!(picture.contains("x=\"72\" y=\"33\" textLength=\"9\""), "{picture}");
        assert_eq!(picture, svg(&buffer, &Paper::DARK));
    }

    #[test]
    fn reversed_cells_swap_ink_and_paper() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "x", Style::new().add_modifier(Modifier::REVERSED));
        let picture = svg(&buffer, &Paper::LIGHT);
        assert!(picture.contains("<rect x=\"0\" y=\"0\" width=\"9\""), "{picture}");
        assert!(picture.contains("fill=\"#ffffff\">x</text>"), "{picture}");
    }

    #[test]
    fn indexed_colours_are_those_of_xterm() {
        let colours =
            [(1, 0xe0_6c75), (16, 0), (231, 0xff_ffff), (208, 0xff_8700), (244, 0x80_8080)];
        for (index, colour) in colours {
            assert_eq!(Paper::DARK.indexed(index), colour, "{index}");
        }
    }

    #[test]
    fn an_empty_screen_is_a_picture_too() {
        assert!(svg(&Buffer::empty(Rect::ZERO), &Paper::DARK).ends_with("</svg>\n"));
    }
}
