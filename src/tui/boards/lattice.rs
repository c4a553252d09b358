//! Which class of failure can imitate which: each arrow is played, and opens as a run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::experiments::Trials;
use crate::experiments::lattice::{ARROWS, BOUNDS, Proved};
use crate::lab::Replay;

use super::super::action::Way;
use super::super::frame::{put, wrapped};
use super::super::start::Start;
use super::super::state::State;
use super::super::theme::Ink;

/// How many runs each arrow is held against here; `faultlab lattice` takes more.
const RUNS: Trials = Trials { count: 3, seed: 1, threads: 1 };

/// The two axes as a picture. What nodes do grows upwards; a line means that the upper class can
/// imitate the lower.
const PICTURE: [&str; 9] = [
    "              byzantine",
    "             /    |",
    "     amnesia    timing        what a node does: upwards",
    "        ╳       /  |",
    "        ╳ omission |          what is known of time: the table below",
    "        ╳   |  \\   |",
    "        ╳   | partition",
    "        ╳   |     /",
    "           crash              ╳  no omission and no delay makes amnesia",
];

/// The lattice, as far as it is played.
#[derive(Debug, Default)]
pub struct Lattice {
    proved: Vec<Proved>,
    selected: usize,
    wrong: Option<String>,
}

impl Lattice {
    /// Returns whether arrows are still to be played.
    pub fn is_busy(&self) -> bool {
        self.wrong.is_none() && self.proved.len() < ARROWS.len()
    }

    /// Plays the next arrow.
    pub(super) fn work(&mut self) {
        let Some(arrow) = ARROWS.get(self.proved.len()) else { return };
        match arrow.prove(&RUNS) {
            Ok(proved) => self.proved.push(proved),
            Err(report) => self.wrong = Some(report.to_string()),
        }
    }

    pub(super) fn step(&mut self, way: Way) {
        self.selected = match way {
            Way::Up | Way::Left => self.selected.saturating_sub(1),
            Way::Down | Way::Right => (self.selected + 1).min(ARROWS.len() - 1),
        };
    }

    /// Opens the run that shows the selected arrow.
    pub(super) fn opened(&self) -> Option<Result<Start, String>> {
        let proved = self.proved.get(self.selected)?;
        let name = format!("{}, {}", proved.by.word(), proved.of.word());
        let opened = Replay::from_token(&proved.token).and_then(|replay| replay.open());
        Some(match opened {
            Ok(session) => Ok(Start::Replay { session: Box::new(session), name }),
            Err(wrong) => Err(wrong.to_string()),
        })
    }

    /// Draws the picture, the arrows, and the second axis.
    pub(super) fn draw(&self, state: &State, area: Rect, buf: &mut Buffer) {
        Clear.render(area, buf);
        let theme = &state.theme;
        let title = format!(
            "Which failure can imitate which: {} of {} arrows played",
            self.proved.len(),
            ARROWS.len()
        );
        put(buf, area, 0, &title, theme.ink(Ink::Title));
        if let Some(wrong) = &self.wrong {
            put(buf, area, 1, wrong, theme.ink(Ink::Error));
        }
        let mut top = 1;
        if area.height >= 36 {
            for line in PICTURE {
                put(buf, area, top, line, theme.ink(Ink::Text));
                top += 1;
            }
            top += 1;
        }
        for (row, (place, arrow)) in (top..).zip(ARROWS.iter().enumerate()) {
            let (mark, how, ink) = match self.proved.get(place).map(|proved| proved.imitates) {
                None => ('·', "can it imitate", Ink::Muted),
                Some(None) => ('?', "undecided against", Ink::Error),
                Some(Some(true)) => ('→', "can imitate", Ink::Contained),
                Some(Some(false)) => ('╳', "cannot imitate", Ink::Failure),
            };
            let ink = if place == self.selected { Ink::Selection } else { ink };
            let line = format!("{mark} {:<10} {how:<17} {}", arrow.by.word(), arrow.of.word());
            put(buf, area, row, &line, theme.ink(ink));
        }
        top += ARROWS.len() as u16 + 1;
        let arrow = &ARROWS[self.selected];
        let evidence = self.proved.get(self.selected).map_or("", |proved| &proved.evidence);
        let width = usize::from(area.width);
        let said = [(Ink::Text, arrow.says), (Ink::Accent, evidence), (Ink::Muted, arrow.source)];
        for (ink, text) in said {
            for line in wrapped(text, width) {
                put(buf, area, top, &line, theme.ink(ink));
                top += 1;
            }
        }
        draw_bounds(state, area, top + 1, buf);
        let legend = "arrows move · Enter opens the run · Esc leaves";
        put(buf, area, area.height.saturating_sub(1), legend, theme.ink(Ink::Muted));
    }
}

/// Draws the second axis: how many nodes bear t faults, by what is known of time.
fn draw_bounds(state: &State, area: Rect, top: u16, buf: &mut Buffer) {
    let head = "fewest nodes for t faults  synchronous  asynchronous  partially synchronous";
    if top + BOUNDS.len() as u16 + 1 >= area.height {
        return;
    }
    put(buf, area, top, head, state.theme.ink(Ink::Title));
    for (row, bound) in (top + 1..).zip(BOUNDS) {
        let (sync, none) = (bound.synchronous, bound.asynchronous);
        let line = format!("{:<26} {sync:<12} {none:<13} {}", bound.fault, bound.partial);
        put(buf, area, row, &line, state.theme.ink(Ink::Text));
    }
}
