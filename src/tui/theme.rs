//! Colours and glyphs: the one place of the program that names either.
//!
//! A view asks for an ink by its role. Meaning never rests on an ink alone: a glyph and a word
//! stand
//! beside it, so that a terminal without colours, or without these glyphs, says the same.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ron::extensions::Extensions;
use serde::Deserialize;

/// What something on the screen is, as far as its colour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Ink {
    /// Plain text.
    Text,
    /// What may be overlooked.
    Muted,
    /// The rules between panes.
    Border,
    /// Titles.
    Title,
    /// The pane that has the keys, and what asks to be looked at.
    Accent,
    /// What is selected.
    Selection,
    /// A node that is up and follows; a call that was answered.
    Healthy,
    /// A node that leads.
    Leader,
    /// A node that stands for election.
    Candidate,
    /// A node that is down.
    Down,
    /// A node that is paused.
    Paused,
    /// A fault that has touched nothing yet.
    Dormant,
    /// A fault that acts.
    Active,
    /// A fault that was taken back.
    Healed,
    /// An error: a deviation or a breach.
    Error,
    /// A failure, or a stall.
    Failure,
    /// What stopped an error, and what it stopped.
    Contained,
    /// A message on its way.
    Message,
    /// A message that was lost.
    Lost,
    /// The word that one stands in the past.
    Past,
    /// What lies ahead of where one stands.
    Future,
}

impl Ink {
    /// Every ink; a theme must say something of each.
    pub const ALL: [Ink; 21] = [
        Ink::Text,
        Ink::Muted,
        Ink::Border,
        Ink::Title,
        Ink::Accent,
        Ink::Selection,
        Ink::Healthy,
        Ink::Leader,
        Ink::Candidate,
        Ink::Down,
        Ink::Paused,
        Ink::Dormant,
        Ink::Active,
        Ink::Healed,
        Ink::Error,
        Ink::Failure,
        Ink::Contained,
        Ink::Message,
        Ink::Lost,
        Ink::Past,
        Ink::Future,
    ];
}

/// The themes that come with the program, the default first: name and file.
pub const THEMES: [(&str, &str); 4] = [
    ("default", include_str!("../../assets/themes/default.ron")),
    ("light", include_str!("../../assets/themes/light.ron")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.ron")),
    ("colour-blind-safe", include_str!("../../assets/themes/colour-blind-safe.ron")),
];

/// A modifier as a file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum With {
    Bold,
    Dim,
    Italic,
    Underlined,
    Reversed,
}

impl With {
    const fn modifier(self) -> Modifier {
        match self {
            With::Bold => Modifier::BOLD,
            With::Dim => Modifier::DIM,
            With::Italic => Modifier::ITALIC,
            With::Underlined => Modifier::UNDERLINED,
            With::Reversed => Modifier::REVERSED,
        }
    }
}

/// An ink as a file writes it: `(fg: "light red", with: [Bold])`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    with: Vec<With>,
}

impl Look {
    fn style(&self) -> Style {
        let mut style = Style::new();
        (style.fg, style.bg) = (self.fg, self.bg);
        self.with.iter().fold(style, |style, with| style.add_modifier(with.modifier()))
    }
}

/// A theme as a file writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    name: String,
    inks: BTreeMap<Ink, Look>,
}

/// How the screen looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
    inks: [Style; Ink::ALL.len()],
}

impl Default for Theme {
    fn default() -> Theme {
        Theme::named(THEMES[0].0).expect("a test reads every theme of the list")
    }
}

impl Theme {
    /// Returns a theme that comes with the program, or `None` where there is none of that name.
    pub fn named(name: &str) -> Option<Theme> {
        let (_, text) = THEMES.iter().find(|(known, _)| *known == name)?;
        Theme::read(text).ok()
    }

    /// Reads a theme from the text of its file.
    ///
    /// # Errors
    /// Says where the text is no theme, or which ink it leaves out.
    pub fn read(text: &str) -> Result<Theme, String> {
        let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        let file: ThemeFile = options.from_str(text).map_err(|error| error.to_string())?;
        let mut inks = [Style::new(); Ink::ALL.len()];
        for (style, ink) in inks.iter_mut().zip(Ink::ALL) {
            let look = file.inks.get(&ink);
            let look = look.ok_or_else(|| format!("`{}` leaves out the ink {ink:?}", file.name))?;
            *style = look.style();
        }
        Ok(Theme { name: file.name, ascii: false, inks })
    }

    /// Takes the colours out and leaves bold, dim and the like: for `NO_COLOR`.
    #[must_use]
    pub fn without_colour(mut self) -> Theme {
        let paper = self.ink(Ink::Text).bg;
        for style in &mut self.inks {
            // Where a background of its own told it, reversed tells it.
            if style.bg != paper {
                *style = style.add_modifier(Modifier::REVERSED);
            }
            (style.fg, style.bg) = (None, None);
        }
        "no-colour".clone_into(&mut self.name);
        self
    }

    /// Holds every glyph to ASCII, or not.
    #[must_use]
    pub fn with_ascii(mut self, ascii: bool) -> Theme {
        self.ascii = ascii;
        self
    }

    /// Returns the style of an ink.
    pub fn ink(&self, ink: Ink) -> Style {
        self.inks[ink as usize]
    }

    /// Writes every glyph of an area in ASCII, where the theme is held to it: the last thing that
    /// is done to a frame.
    pub fn finish(&self, area: Rect, buf: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for position in area.intersection(buf.area).positions() {
            let cell = &mut buf[position];
            if !cell.symbol().is_ascii() {
                let glyph = cell.symbol().chars().next().unwrap_or(' ');
                cell.set_char(ascii(glyph));
            }
        }
    }
}

/// Returns what stands for a glyph where only ASCII can be drawn; the word beside it tells apart
/// what shares a letter.
pub const fn ascii(glyph: char) -> char {
    match glyph {
        ' '..='~' => glyph,
        '─' | '━' | '–' => '-',
        '·' | '┄' => '.',
        '◦' | '○' => 'o',
        '│' | '┃' | '▏' => '|',
        '┬' | '┴' | '┼' | '├' | '┤' | '┌' | '┐' | '└' | '┘' | '▣' => '+',
        '♛' => 'L',
        '◇' => 'c',
        '△' | '▲' => '^',
        '◆' => '!',
        '✖' | '✗' | '×' => 'x',
        '✓' => 'v',
        '●' => '*',
        '◐' => '(',
        '◑' => ')',
        '◌' => '_',
        '•' => ',',
        '■' => '#',
        '□' => '=',
        '↓' => 'd',
        '▼' => 'V',
        '‖' => 'p',
        '↕' => ':',
        '⊘' => '%',
        '→' | '▶' | '▸' | '›' => '>',
        '←' | '‹' => '<',
        '≈' | '…' => '~',
        'µ' => 'u',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_of_the_list_is_whole_and_bears_its_name() {
        for (name, text) in THEMES {
            let theme = Theme::read(text);
            assert_eq!(theme.as_ref().map(|theme| theme.name.as_str()), Ok(name), "{theme:?}");
        }
        assert_eq!(Theme::named("plaid"), None);
        assert!(Ink::ALL.iter().enumerate().all(|(place, ink)| place == *ink as usize));
    }

    #[test]
    fn a_theme_that_leaves_out_an_ink_says_which() {
        let wrong = Theme::read("(name: \"x\", inks: {Text: ()})");
        assert_eq!(wrong, Err("`x` leaves out the ink Muted".to_owned()));
        assert!(Theme::read("(name: \"x\", inks: {Plaid: ()})").is_err());
    }

    #[test]
    fn without_colours_what_matters_most_still_differs_from_plain_text() {
        for (name, _) in THEMES {
            let theme = Theme::named(name).expect("it is in the list").without_colour();
            let plain = theme.ink(Ink::Text);
            for ink in [Ink::Selection, Ink::Accent, Ink::Error, Ink::Failure, Ink::Past] {
                assert_ne!(theme.ink(ink), plain, "{name} {ink:?}");
            }
            assert!(Ink::ALL.iter().all(|ink| theme.ink(*ink).fg.is_none()), "{name}");
        }
    }
}
