//! The table of algorithms and failure classes: each cell is played, and opens as a run.

use std::ops::ControlFlow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::experiments::matrix::judge::judgement;
use crate::experiments::matrix::{Cell, Demand, Judgement, SEED, cells, glyph};
use crate::faults::FAULTS;
use crate::lab::replay::MOVES_MAX;
use crate::lab::{Seek, Session, Trial};
use crate::oracles::State as Verdict;
use crate::sim::{Instant, Keep, Span};

use super::super::action::Way;
use super::super::frame::{put, wrapped};
use super::super::start::Start;
use super::super::state::State;
use super::super::theme::Ink;

/// How much virtual time is played between two looks at the time.
const SLICE: Span = Span::millis(100);
/// How many columns the names of algorithms have.
const NAME: usize = 19;
/// How many rows are kept for what is said of the selected cell.
const SAYS_ROWS: u16 = 6;

/// The table, as far as it is played.
#[derive(Debug)]
pub struct Table {
    cells: Vec<Cell>,
    found: Vec<Judgement>,
    /// The cell that is being played.
    playing: Option<Trial>,
    selected: usize,
    wrong: Option<String>,
}

impl Table {
    /// Lays the table out; nothing is played yet.
    pub fn new() -> Table {
        let (cells, wrong) = match cells() {
            Ok(cells) => (cells, None),
            Err(report) => (Vec::new(), Some(report.to_string())),
        };
        Table { cells, found: Vec::new(), playing: None, selected: 0, wrong }
    }

    /// Returns whether cells are still to be played.
    pub fn is_busy(&self) -> bool {
        self.found.len() < self.cells.len()
    }

    /// Plays the next cell a little further.
    pub(super) fn work(&mut self) {
        let Some(cell) = self.cells.get(self.found.len()) else { return };
        let until = Instant(cell.scenario.until.0);
        let new = || Trial::new(&cell.scenario, SEED, Keep::Milestones);
        let trial = self.playing.get_or_insert_with(new);
        let world = trial.world();
        // Nothing may be due for longer than a slice.
        let next = world.next_at().map_or(until, |at| at.max(world.now() + SLICE).min(until));
        trial.run(next, |_, _| ControlFlow::Continue(()));
        if next == until {
            self.found.push(judgement(&cell.scenario, &trial.panel().verdicts(until)));
            self.playing = None;
        }
    }

    /// Moves: left and right from cell to cell, up and down from algorithm to algorithm.
    pub(super) fn step(&mut self, way: Way) {
        let last = self.cells.len().saturating_sub(1);
        let protocol = |place: usize| self.cells.get(place).map(|cell| cell.protocol);
        let here = protocol(self.selected);
        self.selected = match way {
            Way::Left => self.selected.saturating_sub(1),
            Way::Right => (self.selected + 1).min(last),
            Way::Down => {
                let next = (self.selected..=last).find(|place| protocol(*place) != here);
                next.unwrap_or(last)
            }
            Way::Up => {
                let before = (0..self.selected).rev().find(|place| protocol(*place) != here);
                let name = before.and_then(protocol);
                (0..=last).find(|place| protocol(*place) == name).unwrap_or(0)
            }
        };
    }

    /// Opens the run of the selected cell: where it first breaks, or from its beginning.
    pub(super) fn opened(&self) -> Option<Start> {
        let cell = self.cells.get(self.selected)?;
        let name = format!("{} {}", cell.protocol, cell.id);
        let Some(at) = self.found.get(self.selected).and_then(|found| found.at) else {
            return Some(Start::lab(cell.scenario.clone(), SEED, name));
        };
        let mut session = Session::new(cell.scenario.clone(), SEED);
        session.advance_to(Instant(cell.scenario.until.0), MOVES_MAX);
        session.seek(Seek::Time(at));
        Some(Start::Replay { session: Box::new(session), name })
    }

    /// Draws the table, and what is known of the selected cell.
    pub(super) fn draw(&self, state: &State, area: Rect, buf: &mut Buffer) {
        Clear.render(area, buf);
        let theme = &state.theme;
        let done = format!("{} of {} cells played", self.found.len(), self.cells.len());
        let title = format!("Algorithms and what they assume: {done}");
        put(buf, area, 0, &title, theme.ink(Ink::Title));
        if let Some(wrong) = &self.wrong {
            return put(buf, area, 2, wrong, theme.ink(Ink::Error));
        }
        let classes: Vec<&str> = FAULTS
            .iter()
            .map(|class| class.name)
            .filter(|name| self.cells.iter().any(|cell| cell.class == *name))
            .collect();
        let room = usize::from(area.width).saturating_sub(NAME);
        let column = (room / classes.len().max(1)).clamp(4, 14);
        let at = |k: usize| Rect {
            x: area.x + (NAME + k * column) as u16,
            width: area.width.saturating_sub((NAME + k * column) as u16),
            ..area
        };
        for (k, class) in classes.iter().enumerate() {
            let short: String = class.chars().take(column - 1).collect();
            put(buf, at(k), 1, &short, theme.ink(Ink::Muted));
        }
        let rows = usize::from(area.height.saturating_sub(SAYS_ROWS + 3)).max(1);
        let chosen = self.cells.get(self.selected).map(|cell| cell.protocol);
        let mut names: Vec<&str> = self.cells.iter().map(|cell| cell.protocol).collect();
        names.dedup();
        let place = names.iter().position(|name| Some(*name) == chosen).unwrap_or(0);
        let first = (place + 1).saturating_sub(rows);
        for (row, name) in (2..).zip(names.iter().skip(first).take(rows)) {
            let ink = if Some(*name) == chosen { Ink::Accent } else { Ink::Text };
            put(buf, area, row, name, theme.ink(ink));
            for (k, class) in classes.iter().enumerate() {
                self.draw_cell(state, (name, class), (at(k), row, column), buf);
            }
        }
        self.draw_selected(state, area, buf);
    }

    /// Draws the marks of one algorithm against one class, side by side.
    fn draw_cell(
        &self,
        state: &State,
        (protocol, class): (&str, &str),
        (area, row, width): (Rect, u16, usize),
        buf: &mut Buffer,
    ) {
        let here = self.cells.iter().enumerate();
        let here = here.filter(|(_, cell)| cell.protocol == protocol && cell.class == class);
        for (k, (place, _)) in here.enumerate().take(width - 1) {
            let (mark, ink) = match self.found.get(place) {
                None => ('·', Ink::Muted),
                Some(found) => (glyph(found.state), ink(found.state)),
            };
            let ink = if place == self.selected { Ink::Selection } else { ink };
            let spot =
                Rect { x: area.x + k as u16, width: area.width.saturating_sub(k as u16), ..area };
            put(buf, spot, row, &mark.to_string(), state.theme.ink(ink));
        }
    }

    fn draw_selected(&self, state: &State, area: Rect, buf: &mut Buffer) {
        let Some(cell) = self.cells.get(self.selected) else { return };
        let theme = &state.theme;
        let top = area.height.saturating_sub(SAYS_ROWS);
        let demand = match cell.demand() {
            Demand::Survive => "must survive",
            Demand::Break => "must break or stall",
        };
        let head = format!("{} {} against {}, {demand}", cell.protocol, cell.id, cell.class);
        put(buf, area, top, &head, theme.ink(Ink::Title));
        let width = usize::from(area.width);
        let title = wrapped(&cell.scenario.title, width);
        for (row, line) in (top + 1..).zip(title.iter().take(2)) {
            put(buf, area, row, line, theme.ink(Ink::Text));
        }
        let (text, ink) = match self.found.get(self.selected) {
            None => ("not played yet".to_owned(), Ink::Muted),
            Some(found) => (verdict(found), ink(found.state)),
        };
        put(buf, area, top + 3, &text, theme.ink(ink));
        let legend =
            "✓ held  ✗ violated  … stalled   arrows move · Enter opens the run · Esc leaves";
        put(buf, area, top + 5, legend, theme.ink(Ink::Muted));
    }
}

impl Default for Table {
    fn default() -> Table {
        Table::new()
    }
}

fn verdict(found: &Judgement) -> String {
    let mut text = found.state.word().to_owned();
    if let Some(property) = found.property {
        text = format!("{text}: {property}");
    }
    if let Some(at) = found.at {
        text = format!("{text}, first at {at}");
    }
    let as_expected = if found.as_expected { "as expected" } else { "NOT as expected" };
    format!("{text} ({as_expected})")
}

const fn ink(state: Verdict) -> Ink {
    match state {
        Verdict::Held => Ink::Contained,
        Verdict::Violated => Ink::Failure,
        Verdict::Stalled => Ink::Paused,
    }
}
