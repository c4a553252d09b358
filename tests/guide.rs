//! A lesson on the screen: only what it offers is pressed, and what it locks says why.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use faultlab::lessons::{Input, LESSONS};
use faultlab::tui::guide::Guide;
use faultlab::tui::{Options, Start, State, app, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn begin(lesson: &str) -> State {
    let start = Start::Lesson(lesson.to_owned());
    State::new(start, Options::default()).expect("the keymap can be read")
}

fn press(state: &mut State, code: KeyCode) {
    app::input(state, &Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn guide(state: &State) -> &Guide {
    let lab = state.lab.as_ref().expect("a run is open");
    lab.guide.as_ref().expect("a lesson leads through it")
}

fn text(state: &mut State, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    state.size = (width, height);
    state.drawn = frame::draw(state, area, &mut buffer);
    let rows = (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>());
    rows.collect::<Vec<String>>().join("\n")
}

/// Lets real time go by, as much as a lesson wants.
fn wait(state: &mut State) {
    for _ in 0..20_000 {
        if !state.is_busy() {
            return;
        }
        app::tick(state, 100_000, &mut || false);
    }
    panic!("time runs and the lesson does not go on:\n{}", text(state, 120, 36));
}

/// Returns the key of what the page offers first: the way on.
fn way_on(state: &State) -> Option<KeyCode> {
    let offers = &guide(state).page.offers;
    let skip = offers.iter().find(|offer| offer.input == Input::Skip);
    let first = offers.first()?;
    Some(match first.input {
        Input::Digit(_) => KeyCode::Char('1'),
        // A reason is typed into a line of its own, which Enter ends.
        Input::Next | Input::Reason(_) => KeyCode::Enter,
        Input::Hint => KeyCode::Char('i'),
        _ if skip.is_some() => KeyCode::Char('x'),
        _ => return None,
    })
}

#[test]
fn a_newcomer_who_presses_only_what_is_offered_comes_to_the_end() {
    for (name, _) in LESSONS {
        let mut state = begin(name);
        let mut pressed = 0;
        while let Some(key) = way_on(&state) {
            pressed += 1;
            assert!(pressed < 300, "{name} does not end:\n{}", text(&mut state, 120, 36));
            press(&mut state, key);
            if guide(&state).runs() && pressed % 2 == 0 {
                // Sometimes the run is watched rather than skipped.
                app::tick(&mut state, 30_000, &mut || false);
            }
            text(&mut state, 80, 24);
        }
        let page = &guide(&state).page;
        assert_eq!(page.beat, page.of, "{name} ended early");
        assert!(pressed > page.of, "{name} asks something at some beats");
    }
}

#[test]
fn the_experiment_is_locked_until_the_prediction_is_made() {
    let mut state = begin("fault-error-failure");
    press(&mut state, KeyCode::Enter);
    wait(&mut state);
    press(&mut state, KeyCode::Enter);
    assert_eq!(guide(&state).page.kind, "predict");
    press(&mut state, KeyCode::Char('8'));
    let said = state.toast.as_ref().expect("a locked key says why").text.clone();
    assert!(said.contains("predict first"), "{said}");
    assert!(text(&mut state, 120, 36).contains("predict first"));
    assert!(state.lab.as_ref().is_some_and(|lab| lab.session.faults().is_empty()));
    // The digits choose the answer and then say how sure one is; only then do they break things.
    press(&mut state, KeyCode::Char('1'));
    press(&mut state, KeyCode::Char('3'));
    assert_eq!(guide(&state).page.kind, "do");
    press(&mut state, KeyCode::Char('2'));
    assert!(text(&mut state, 120, 36).contains("A letter chooses"));
    press(&mut state, KeyCode::Char('f'));
    assert!(state.lab.as_ref().is_some_and(|lab| lab.session.faults().len() == 1));
}

#[test]
fn a_page_that_does_not_fit_beside_the_lab_is_shown_whole() {
    let mut state = begin("fault-error-failure");
    let wide = text(&mut state, 120, 36);
    assert!(wide.contains("Three words") && wide.contains("Cluster"), "{wide}");
    let small = text(&mut state, 80, 12);
    assert!(small.contains("one of each") && !small.contains("Cluster"), "{small}");
}
