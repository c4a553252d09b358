//! Boards: pages over the whole screen, each of which shows one thing that runs have shown.
//!
//! Here: the switches of the run, the table of algorithms and failure classes, the lattice. A board
//! works out what it shows in slices, while it is on the screen, and can be left at any time.
//! Absent on purpose: any outcome that no run produced.
//!
//! To add one: a file here, a variant of `Board`, and its action.

mod lattice;
mod switches;
mod table;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use lattice::Lattice;
pub use table::Table;

use super::action::Way;
use super::state::{Drawn, Over, State};

/// A page over the whole screen.
#[derive(Debug)]
pub enum Board {
    /// The switches of the run, and which of them is selected.
    Switches(usize),
    /// The table of algorithms and failure classes.
    Table(Box<Table>),
    /// Which class can imitate which.
    Lattice(Box<Lattice>),
}

impl Board {
    /// Returns whether something is still being worked out.
    pub fn is_busy(&self) -> bool {
        match self {
            Board::Switches(_) => false,
            Board::Table(table) => table.is_busy(),
            Board::Lattice(lattice) => lattice.is_busy(),
        }
    }
}

/// Takes a key.
pub(super) fn key(state: &mut State, key: &KeyEvent) {
    let way = match key.code {
        KeyCode::Up | KeyCode::Char('k') => Way::Up,
        KeyCode::Down | KeyCode::Char('j') => Way::Down,
        KeyCode::Left | KeyCode::Char('h') => Way::Left,
        KeyCode::Right | KeyCode::Char('l') => Way::Right,
        KeyCode::Esc | KeyCode::Char('q') => {
            state.over = None;
            return;
        }
        KeyCode::Enter | KeyCode::Char(' ') => return open(state),
        _ => return state.say("arrows move, Enter opens, Esc leaves"),
    };
    let switches = switches::count(state);
    let Some(Over::Board(board)) = &mut state.over else { return };
    match board {
        Board::Switches(selected) => match way {
            Way::Up | Way::Left => *selected = selected.saturating_sub(1),
            Way::Down | Way::Right => *selected = (*selected + 1).min(switches.saturating_sub(1)),
        },
        Board::Table(table) => table.step(way),
        Board::Lattice(lattice) => lattice.step(way),
    }
}

fn open(state: &mut State) {
    let Some(Over::Board(board)) = &state.over else { return };
    match board {
        Board::Switches(selected) => {
            let selected = *selected;
            switches::turn(state, selected);
        }
        Board::Table(table) => {
            if let Some(start) = table.opened() {
                state.open(start);
            }
        }
        Board::Lattice(lattice) => match lattice.opened() {
            Some(Ok(start)) => state.open(start),
            Some(Err(wrong)) => state.say(wrong),
            None => state.say("this one is not played yet; one moment"),
        },
    }
}

/// Works on what the board shows until the frame must be drawn.
pub(super) fn tick(state: &mut State, out_of_time: &mut dyn FnMut() -> bool) {
    let Some(Over::Board(board)) = &mut state.over else { return };
    while board.is_busy() {
        match board {
            Board::Switches(_) => {}
            Board::Table(table) => table.work(),
            Board::Lattice(lattice) => lattice.work(),
        }
        if out_of_time() {
            return;
        }
    }
}

/// Draws the board.
pub(super) fn draw(state: &State, board: &Board, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    *drawn = Drawn::default();
    match board {
        Board::Switches(selected) => switches::draw(state, *selected, area, buf),
        Board::Table(table) => table.draw(state, area, buf),
        Board::Lattice(lattice) => lattice.draw(state, area, buf),
    }
}
