//! One frame: the state as it is, drawn. Nothing is changed here.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::action::{ACTIONS, Action, Entry};
use super::lab::Lab;
use super::moment::{Eyes, Moment, Pane};
use super::prompt::Prompt;
use super::state::{Drawn, Over, Place, State};
use super::theme::Ink;
use super::{help, home, palette, views};

/// The smallest terminal in which the lab can be read, in columns and rows.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Draws the whole screen, and says what lies where.
pub fn draw(state: &State, area: Rect, buf: &mut Buffer) -> Drawn {
    let mut drawn = Drawn::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let text = format!("too small: {}x{}, needs {width}x{height}", area.width, area.height);
        put(buf, area, area.height / 2, &text, Style::new());
        return drawn;
    }
    let main = Rect { height: area.height - 2, ..area };
    let bottom = Rect { y: area.y + area.height - 2, height: 2, ..area };
    match (state.place, &state.lab) {
        (Place::Lab, Some(lab)) => draw_lab(state, lab, main, buf, &mut drawn),
        _ => home::draw(state, main, buf, &mut drawn),
    }
    draw_bottom(state, bottom, buf);
    match &state.over {
        None => {}
        Some(Over::Help(scroll)) => help::draw(state, *scroll, area, buf),
        Some(Over::Palette(palette)) => {
            drawn = Drawn::default();
            palette::draw(state, palette, area, buf, &mut drawn);
        }
        Some(Over::Prompt(prompt)) => draw_prompt(state, prompt, area, bottom, buf, &mut drawn),
    }
    state.theme.finish(area, buf);
    drawn
}

fn draw_lab(state: &State, lab: &Lab, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let standing = lab.session.standing();
    let moment = Moment {
        session: &lab.session,
        scene: &lab.scene,
        standing: &standing,
        faults: &lab.faults,
        chains: &lab.chains,
    };
    let eyes = Eyes {
        theme: &state.theme,
        focus: lab.focus,
        target: lab.shown_target(),
        event: lab.event,
        scroll: lab.scroll,
        reduced_motion: state.options.reduced_motion,
        pace: super::moment::Pace { running: lab.running, speed: lab.pace.words() },
    };
    if lab.zoomed {
        views::draw_one(lab.focus, &moment, &eyes, area, buf, &mut drawn.hits);
    } else {
        views::draw(&moment, &eyes, area, buf, &mut drawn.hits);
    }
}

/// Draws what is said, and the keys that work now.
fn draw_bottom(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    match (&state.toast, &state.lab) {
        (Some(toast), _) => put(buf, area, 0, &toast.text, theme.ink(Ink::Accent)),
        (None, Some(lab)) if state.place == Place::Lab => {
            put(buf, area, 0, &lab.news.text, theme.ink(lab.news.ink));
        }
        _ => {}
    }
    let mut x = area.x;
    if let (Place::Lab, Some(lab)) = (state.place, &state.lab) {
        let (words, ink) = run_words(lab);
        x += show(buf, Rect { x, ..area }, 1, &words, theme.ink(ink));
    }
    for (keys, word) in footer(state) {
        let wide = (keys.width() + word.width() + 4) as u16;
        if x + wide > area.x + area.width {
            break;
        }
        let right = |x: u16| Rect { x, width: area.x + area.width - x, ..area };
        x += if x > area.x { 2 } else { 0 };
        x += show(buf, right(x), 1, &keys, theme.ink(Ink::Accent));
        x += 1;
        x += show(buf, right(x), 1, word, theme.ink(Ink::Muted));
    }
}

/// Says whether virtual time runs, and how fast; or how far in the past the reader stands.
fn run_words(lab: &Lab) -> (String, Ink) {
    let past = || format!("PAST, {} behind", lab.behind());
    match (lab.running, lab.session.in_past()) {
        (true, false) => (format!("▶ {}", lab.pace.words()), Ink::Healthy),
        (true, true) => (format!("▶ {}, {}", past(), lab.pace.words()), Ink::Past),
        (false, true) => (format!("‖ {}", past()), Ink::Past),
        (false, false) => ("‖ paused".to_owned(), Ink::Accent),
    }
}

/// Lists the keys that work now with their words; neighbours with the same word stand together.
pub fn footer(state: &State) -> Vec<(String, &'static str)> {
    let at_home = |entry: &&Entry| home::FOOTER.iter().any(|(action, _)| *action == entry.action);
    let shown = |entry: &&Entry| state.place == Place::Lab || at_home(entry);
    let works = |entry: &&Entry| entry.action.unavailable(state).is_none();
    let mut footer: Vec<(Vec<String>, &'static str)> = Vec::new();
    for entry in ACTIONS.iter().filter(shown).filter(works) {
        let Some(word) = hint(state, entry) else { continue };
        let key = state.keymap.key(entry.action);
        if key.is_empty() || (entry.action == Action::Open && opens_nothing_new(state)) {
            continue;
        }
        match footer.last_mut().filter(|(_, last)| *last == word) {
            Some((keys, _)) => keys.push(key),
            None => footer.push((vec![key], word)),
        }
    }
    footer.into_iter().map(|(keys, word)| (together(&keys), word)).collect()
}

/// Returns the word of an action in the footer.
fn hint(state: &State, entry: &Entry) -> Option<&'static str> {
    let runs = state.lab.as_ref().is_some_and(|lab| lab.running);
    if entry.action == Action::Run && runs { Some("pause") } else { entry.hint }
}

/// In the grid the selection matters more than Enter: its place in the footer goes to the rest.
fn opens_nothing_new(state: &State) -> bool {
    let lab = state.lab.as_ref().filter(|_| state.place == Place::Lab);
    lab.is_some_and(|lab| lab.focus == Pane::Grid)
}

/// Writes keys side by side; digits that follow each other as a range: `1-4 8`.
fn together(keys: &[String]) -> String {
    let digit = |key: &String| key.parse::<u8>().ok();
    let mut ranges: Vec<(&str, &str)> = Vec::new();
    for key in keys {
        match ranges.last_mut() {
            Some((_, end))
                if digit(key).is_some_and(|d| (*end).parse() == Ok(d.wrapping_sub(1))) =>
            {
                *end = key;
            }
            _ => ranges.push((key, key)),
        }
    }
    let words = ranges
        .into_iter()
        .map(|(from, to)| if from == to { from.to_owned() } else { format!("{from}-{to}") });
    words.collect::<Vec<_>>().join(" ")
}

fn draw_prompt(
    state: &State,
    prompt: &Prompt,
    area: Rect,
    bottom: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let theme = &state.theme;
    match prompt {
        Prompt::Variant(class) => {
            Clear.render(bottom, buf);
            let whom = state.lab.as_ref().map_or_else(String::new, |lab| lab.target_words());
            let words = class.variants.iter().map(|v| format!("{} {}", v.letter, v.name));
            let words = words.collect::<Vec<_>>().join("  ");
            let text = format!("{} of {whom}:  {words}", class.name);
            put(buf, bottom, 0, &text, theme.ink(Ink::Active));
            let said = state.toast.as_ref().map(|toast| format!("  ({})", toast.text));
            let how = format!(
                "a letter chooses · {} takes the first · Esc leaves{}",
                class.digit,
                said.unwrap_or_default()
            );
            put(buf, bottom, 1, &how, theme.ink(Ink::Muted));
        }
        Prompt::Text { ask, input, wrong } => {
            Clear.render(bottom, buf);
            let question = wrong.clone().unwrap_or_else(|| ask.question().to_owned());
            let ink = if wrong.is_some() { Ink::Error } else { Ink::Accent };
            put(buf, bottom, 0, &question, theme.ink(ink));
            put(buf, bottom, 1, ">", theme.ink(Ink::Accent));
            let line = Rect { x: bottom.x + 2, width: bottom.width - 2, ..bottom };
            let width = usize::from(line.width) - 1;
            let scroll = input.visual_scroll(width);
            let typed: String = input.value().chars().skip(scroll).collect();
            put(buf, line, 1, &typed, theme.ink(Ink::Text));
            let cursor = input.visual_cursor().saturating_sub(scroll).min(width) as u16;
            drawn.cursor = Some(Position::new(line.x + cursor, line.y + 1));
        }
        Prompt::Branch { items, selected } => {
            let height = (items.len() as u16).saturating_add(2).min(area.height);
            let inner = boxed(state, area, 70, height, " Go over to which future? ", buf);
            *drawn = Drawn::default();
            let room = usize::from(inner.height);
            let first = (selected + 1).saturating_sub(room);
            let shown = items.iter().enumerate().skip(first).take(room);
            for (row, (place, item)) in (0..).zip(shown) {
                let ink = if place == *selected { Ink::Selection } else { Ink::Text };
                put(buf, inner, row, item, theme.ink(ink));
                drawn.rows.push((Rect { y: inner.y + row, height: 1, ..inner }, place));
            }
        }
    }
}

/// Draws an empty box in the middle of an area; returns what is inside.
pub(super) fn boxed(
    state: &State,
    area: Rect,
    width: u16,
    height: u16,
    title: &str,
    buf: &mut Buffer,
) -> Rect {
    let width = Constraint::Length(width.min(area.width));
    let area = area.centered(width, Constraint::Length(height.min(area.height)));
    Clear.render(area, buf);
    let block = Block::bordered().title(title).border_style(state.theme.ink(Ink::Accent));
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// Writes a line in a row of an area, cut where the area ends.
pub(super) fn put(buf: &mut Buffer, area: Rect, row: u16, text: &str, style: Style) {
    show(buf, area, row, text, style);
}

/// Writes a line and returns how many columns it takes.
fn show(buf: &mut Buffer, area: Rect, row: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if row >= area.height || area.width == 0 {
        return 0;
    }
    let y = area.y + row;
    let (end, _) = buf.set_stringn(area.x, y, text, usize::from(area.width), style);
    end - area.x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_follow_each_other_are_a_range() {
        let keys: Vec<String> = ["1", "2", "3", "4", "8"].map(str::to_owned).to_vec();
        assert_eq!(together(&keys), "1-4 8");
        assert_eq!(together(&[",".to_owned(), ".".to_owned()]), ", .");
    }
}
