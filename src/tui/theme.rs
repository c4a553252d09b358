//! Colours by role. A stand-in.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// What something on the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ink {
    Text,
    Muted,
    Border,
    Title,
    Accent,
    Selection,
    Healthy,
    Leader,
    Active,
    Error,
    Failure,
    Contained,
    Past,
}

/// The themes: name and file.
pub const THEMES: [(&str, &str); 1] = [("default", "")];

/// How the screen looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
}

impl Theme {
    /// Returns a theme by name.
    pub fn named(name: &str) -> Option<Theme> {
        Some(Theme { name: name.to_owned(), ascii: false })
    }
    /// Holds every glyph to ASCII, or not.
    #[must_use]
    pub fn with_ascii(mut self, ascii: bool) -> Theme {
        self.ascii = ascii;
        self
    }
    /// Takes the colours out.
    #[must_use]
    pub fn without_colour(self) -> Theme {
        self
    }
    /// Returns the style of an ink.
    pub fn ink(&self, ink: Ink) -> Style {
        match ink {
            Ink::Text | Ink::Healthy => Style::new(),
            Ink::Muted | Ink::Border => Style::new().add_modifier(Modifier::DIM),
            Ink::Title => Style::new().add_modifier(Modifier::BOLD),
            Ink::Accent | Ink::Leader | Ink::Past => Style::new().fg(Color::Cyan),
            Ink::Selection => Style::new().add_modifier(Modifier::REVERSED),
            Ink::Active => Style::new().fg(Color::Yellow),
            Ink::Error => Style::new().fg(Color::Magenta),
            Ink::Failure => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Ink::Contained => Style::new().fg(Color::Green),
        }
    }
    /// Writes every glyph in ASCII.
    pub fn finish(&self, _area: Rect, _buf: &mut Buffer) {}
}
