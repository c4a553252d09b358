//! The boards: what runs have shown, opened, played and used from the keyboard.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use faultlab::experiments::matrix::cells;
use faultlab::tui::state::Place;
use faultlab::tui::{Options, Start, State, app, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn at_home() -> State {
    State::new(Start::Home, Options::default()).expect("the keymap can be read")
}

fn press(state: &mut State, code: KeyCode) {
    app::input(state, &Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn letter(state: &mut State, letter: char) {
    press(state, KeyCode::Char(letter));
}

fn text(state: &mut State, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    state.size = (width, height);
    state.drawn = frame::draw(state, area, &mut buffer);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let rows = (0..height).map(|y| row(y).trim_end().to_owned());
    rows.collect::<Vec<String>>().join("\n")
}

/// Lets a board play all that it shows.
fn wait(state: &mut State) {
    for _ in 0..100_000 {
        if !state.is_busy() {
            return;
        }
        app::tick(state, 30_000, &mut || true);
    }
    panic!("the board does not end:\n{}", text(state, 120, 36));
}

#[test]
fn the_table_is_played_and_a_cell_opens_as_its_run() {
    let count = cells().expect("the scenarios can be read").len();
    let mut state = at_home();
    letter(&mut state, 't');
    assert!(text(&mut state, 80, 24).contains(&format!("0 of {count} cells played")));
    wait(&mut state);
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        let shown = text(&mut state, width, height);
        assert!(shown.contains(&format!("{count} of {count} cells played")), "{shown}");
        assert!(shown.contains("raft") && shown.contains("must survive"), "{shown}");
    }
    for _ in 1..count {
        let shown = text(&mut state, 120, 36);
        assert!(shown.contains("(as expected)") && !shown.contains("NOT as"), "{shown}");
        press(&mut state, KeyCode::Right);
    }
    // Up from the last algorithm to the first, whose first broken cell opens where it breaks.
    for _ in 0..count {
        press(&mut state, KeyCode::Up);
    }
    let mut shown = text(&mut state, 120, 36);
    while !shown.contains("violated: ") {
        press(&mut state, KeyCode::Right);
        shown = text(&mut state, 120, 36);
    }
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.place, Place::Lab);
    let lab = state.lab.as_ref().expect("a run is open");
    assert!(!lab.running && lab.session.position().moves > 0, "it waits where it broke");
    assert!(lab.session.signals().next().is_some(), "what broke can be asked why");
}

#[test]
fn the_lattice_is_played_and_an_arrow_opens_as_a_run() {
    let mut state = at_home();
    letter(&mut state, 'L');
    wait(&mut state);
    let shown = text(&mut state, 120, 40);
    assert!(shown.contains("omission   can imitate       crash"), "{shown}");
    assert!(shown.contains("omission   cannot imitate    amnesia"), "{shown}");
    assert!(shown.contains("3t+1"), "{shown}");
    assert!(!shown.contains("undecided"), "{shown}");
    text(&mut state, 80, 24);
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.place, Place::Lab);
}

#[test]
fn a_mechanism_is_turned_off_and_the_run_goes_on_without_it() {
    let mut state = at_home();
    press(&mut state, KeyCode::Enter);
    let on = |state: &State, name: &str| {
        let lab = state.lab.as_ref().expect("a run is open");
        lab.scene.switches.iter().find(|(switch, _)| *switch == name).map(|(_, on)| *on)
    };
    assert_eq!(on(&state, "retry"), Some(true));
    letter(&mut state, 'M');
    let lab = state.lab.as_ref().expect("a run is open");
    let place = lab.scene.switches.iter().position(|(switch, _)| *switch == "retry");
    for _ in 0..place.expect("it is one of them") {
        press(&mut state, KeyCode::Down);
    }
    let shown = text(&mut state, 80, 24);
    assert!(shown.contains("Contains: A lost call") && shown.contains("Costs:"), "{shown}");
    press(&mut state, KeyCode::Enter);
    assert_eq!(on(&state, "retry"), Some(false));
    press(&mut state, KeyCode::Esc);
    assert!(state.over.is_none());
}

#[test]
fn a_board_can_be_left_before_it_is_done() {
    for board in ['t', 'L'] {
        let mut state = at_home();
        letter(&mut state, board);
        app::tick(&mut state, 30_000, &mut || true);
        press(&mut state, KeyCode::Esc);
        assert!(state.over.is_none() && !state.is_busy());
    }
}
