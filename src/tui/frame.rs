//! One frame: the state as it is, drawn. Nothing is changed here.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::causes::Chain;

use super::action::{ACTIONS, Action, Entry};
use super::guide::Guide;
use super::lab::Lab;
use super::layout::HEIGHT_MIN;
use super::moment::{Eyes, Moment, Pace};
use super::prompt::Prompt;
use super::state::{Drawn, Over, Place, State};
use super::theme::{Ink, Theme};
use super::{boards, help, home, layout, palette, views, why};

/// From which width one row is enough for what is said, and from which height there are two.
const ROOMY: (u16, u16) = (110, 20);

/// Draws the whole screen, and says what lies where.
pub fn draw(state: &State, area: Rect, buf: &mut Buffer) -> Drawn {
    let mut drawn = Drawn::default();
    if layout::too_small(area) {
        views::too_small(&state.theme, area, buf);
        return drawn;
    }
    // What is said and the footer stand below the panes, or over the last row where there is no
    // room for both. A narrow terminal has two rows for what is said.
    let wanted = if area.width < ROOMY.0 && area.height >= ROOMY.1 { 3 } else { 2 };
    let spare = (area.height - HEIGHT_MIN).min(wanted);
    let main = Rect { height: area.height - spare, ..area };
    let rows = spare.max(1);
    let bottom = Rect { y: area.bottom() - rows, height: rows, ..area };
    match (state.place, &state.lab) {
        (Place::Lab, Some(lab)) => draw_lab(state, lab, main, buf, &mut drawn),
        _ => home::draw(state, main, buf, &mut drawn),
    }
    Clear.render(bottom, buf);
    draw_bottom(state, bottom, buf);
    match &state.over {
        None => {}
        Some(Over::Help(scroll)) => help::draw(state, *scroll, area, buf),
        Some(Over::Palette(palette)) => {
            drawn = Drawn::default();
            palette::draw(state, palette, area, buf, &mut drawn);
        }
        Some(Over::Why) => why::draw(state, area, buf),
        Some(Over::Board(board)) => boards::draw(state, board, main, buf, &mut drawn),
        Some(Over::Prompt(prompt)) => {
            let bottom = Rect { y: area.bottom() - 2, height: 2, ..area };
            draw_prompt(state, prompt, area, bottom, buf, &mut drawn);
        }
    }
    state.theme.finish(area, buf);
    drawn
}

/// How wide the page of a lesson is at most, and how much of the screen it may take, in percent.
const PAGE_COLUMNS_MAX: u16 = 64;
const PAGE_PERCENT: u16 = 45;

/// Parts the area between the page of a lesson and the lab. Where both do not fit, one of them is
/// shown: the page while it waits for the learner, the lab while time runs.
fn beside_lesson(guide: &Guide, running: bool, theme: &Theme, area: Rect) -> (Rect, Rect) {
    let none = Rect { width: 0, ..area };
    if area.width < 2 * super::layout::WIDTH_MIN {
        return if running { (none, area) } else { (area, none) };
    }
    let wide = (area.width * PAGE_PERCENT / 100).min(PAGE_COLUMNS_MAX);
    let wide = wide.min(area.width - super::layout::WIDTH_MIN);
    let is_cut = super::lesson::height(&guide.page, theme, wide - 1) > area.height;
    if is_cut && !running {
        return (area, none);
    }
    let page = Rect { width: wide, ..area };
    (page, Rect { x: area.x + wide, width: area.width - wide, ..area })
}

fn draw_lab(state: &State, lab: &Lab, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let mut area = area;
    if let Some(guide) = &lab.guide {
        let (page, rest) = beside_lesson(guide, lab.running, &state.theme, area);
        let inner = Rect { width: page.width.saturating_sub(1), ..page };
        super::lesson::draw(&guide.page, &state.theme, inner, buf);
        area = rest;
        if area.is_empty() {
            return;
        }
    }
    let standing = lab.session.standing();
    // In the past, what was explained of the future is not known yet.
    let next = lab.session.next_record();
    let known = |chain: &&Chain| chain.finding.event < next;
    let chains: Vec<Chain> = lab.chains.iter().filter(known).cloned().collect();
    let moment = Moment {
        session: &lab.session,
        scene: &lab.scene,
        standing: &standing,
        faults: &lab.faults,
        chains: &chains,
    };
    let eyes = Eyes {
        theme: &state.theme,
        focus: lab.focus,
        target: lab.shown_target(),
        event: lab.event,
        scroll: lab.scroll,
        reduced_motion: state.options.reduced_motion,
        pace: Pace { running: lab.running, speed: lab.pace.words() },
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
    let (text, ink) = match (&state.toast, &state.lab) {
        (Some(toast), _) => (toast.text.as_str(), Ink::Accent),
        (None, Some(lab)) if state.place == Place::Lab => (lab.news.text.as_str(), lab.news.ink),
        _ => ("", Ink::Text),
    };
    let said = wrapped(text, usize::from(area.width));
    for (row, line) in (0..area.height.saturating_sub(1).max(1)).zip(&said) {
        put(buf, area, row, line, theme.ink(ink));
    }
    if area.height < 2 {
        return;
    }
    let area = Rect { y: area.bottom() - 1, height: 1, ..area };
    let mut x = area.x;
    for (keys, word) in footer(state) {
        let wide = (keys.width() + word.width() + 4) as u16;
        if x + wide > area.x + area.width {
            break;
        }
        let right = |x: u16| Rect { x, width: area.x + area.width - x, ..area };
        x += if x > area.x { 2 } else { 0 };
        x += show(buf, right(x), 0, &keys, theme.ink(Ink::Accent));
        x += 1;
        x += show(buf, right(x), 0, word, theme.ink(Ink::Muted));
    }
}

/// Lists the keys that work now with their words; neighbours with the same word stand together.
pub fn footer(state: &State) -> Vec<(String, &'static str)> {
    if state.place == Place::Home {
        let key = |(action, word)| (state.keymap.key(action), word);
        return home::FOOTER.map(key).to_vec();
    }
    if matches!(state.over, Some(Over::Board(_))) {
        let keys = [("↑ ↓ ← →", "move"), ("Enter", "open"), ("Esc", "leave")];
        return keys.map(|(key, word)| (key.to_owned(), word)).to_vec();
    }
    let works = |entry: &&Entry| entry.action.unavailable(state).is_none();
    let mut footer: Vec<(Vec<String>, &'static str)> = Vec::new();
    for entry in ACTIONS.iter().filter(works) {
        let Some(word) = hint(state, entry) else { continue };
        let key = state.keymap.key(entry.action);
        if key.is_empty() {
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
        Prompt::Variant(digit) => {
            let whom = state.lab.as_ref().map_or_else(String::new, |lab| lab.target_words());
            let classes = super::action::classes(*digit).map(|class| {
                let words = class.variants.iter().map(|v| format!("{} {}", v.letter, v.name));
                let words = words.collect::<Vec<_>>().join(" · ");
                format!("{} of {whom}: {words}", class.name)
            });
            let text = classes.collect::<Vec<_>>().join(" | ");
            let said = state.toast.as_ref().map(|toast| format!(" ({})", toast.text));
            let how = format!(
                "A letter chooses · {} takes the first · Esc leaves{}",
                digit,
                said.unwrap_or_default()
            );
            let lines = wrapped(&text, usize::from(area.width));
            let rows = (lines.len() as u16 + 1).min(area.height);
            let place = Rect { y: area.bottom() - rows, height: rows, ..area };
            Clear.render(place, buf);
            for (row, line) in (0..rows - 1).zip(&lines) {
                put(buf, place, row, line, theme.ink(Ink::Active));
            }
            put(buf, place, rows - 1, &how, theme.ink(Ink::Muted));
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

/// Breaks a text into rows of at most so many columns, between words where it can.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match rows.last_mut().filter(|row| row.width() + 1 + word.width() <= width) {
            Some(row) => {
                row.push(' ');
                row.push_str(word);
            }
            None => rows.push(word.to_owned()),
        }
    }
    rows
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
