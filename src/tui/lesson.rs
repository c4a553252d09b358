//! A lesson's page, drawn: what the tutor shows at this moment, and nothing of its own.
//!
//! Markdown is read as far as lessons use it: paragraphs, lists, bold, italics and code. A page
//! that is longer than its area keeps its head and its newest part: what was just said is seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::lessons::Page;
use crate::lessons::page::{Block, HOW_SURE, IDEA, Mark, Reply, WHY, agreement};

use super::text::{Row, rows};
use super::theme::{Ink, Theme};

/// How wide a page is at most: longer lines are hard to follow back.
const COLUMNS_MAX: u16 = 76;
/// From which width what was predicted and what was seen stand side by side.
const SIDES_FROM: usize = 56;

/// A word in its ink. It is parted from the one before by a blank, unless it goes on with it.
#[derive(Clone, Debug)]
struct Word {
    ink: Ink,
    text: String,
    goes_on: bool,
}

/// The rows of a page in the making.
struct Sheet<'a> {
    theme: &'a Theme,
    width: usize,
    rows: Vec<Row<'a>>,
}

/// Draws a page into an area.
pub fn draw(page: &Page, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let area = Rect { width: area.width.min(COLUMNS_MAX), ..area };
    if area.is_empty() {
        return;
    }
    let (head, body, foot) = lay_out(page, theme, usize::from(area.width));
    let height = usize::from(area.height);
    // The head stands before all; the foot says which keys work, and gives way to no text.
    let foot_from = height.saturating_sub(foot.len()).max(1);
    let room = foot_from.saturating_sub(head.len());
    let skipped = body.len().saturating_sub(room);
    let gap = room.saturating_sub(body.len());
    let blank = || Row::new(theme);
    let above = if skipped > 0 && room > 1 {
        vec![blank().say(Ink::Muted, format!("… {} rows above", skipped + 1))]
    } else {
        Vec::new()
    };
    let body = body.into_iter().skip(skipped + above.len());
    let gap = std::iter::repeat_with(blank).take(gap);
    let all = head.into_iter().chain(above).chain(body).chain(gap).chain(foot);
    for (row, place) in all.zip(rows(area)) {
        row.draw(place, buf);
    }
}

/// Returns how many rows a page takes at a width, so that a layout may make room for it.
pub fn height(page: &Page, theme: &Theme, width: u16) -> u16 {
    let (head, body, foot) = lay_out(page, theme, usize::from(width.min(COLUMNS_MAX)));
    (head.len() + body.len() + foot.len()) as u16
}

/// Lays out head, body and foot of a page.
fn lay_out<'a>(
    page: &Page,
    theme: &'a Theme,
    width: usize,
) -> (Vec<Row<'a>>, Vec<Row<'a>>, Vec<Row<'a>>) {
    let mut head = Sheet { theme, width, rows: Vec::new() };
    let place = format!("{}/{} {}", page.beat, page.of, page.kind);
    let mut title = Row::new(theme).say(Ink::Title, page.title.clone());
    title.add(Ink::Muted, "  ");
    title.add(Ink::Accent, place);
    head.rows.push(title);
    let mut body = Sheet { theme, width, rows: Vec::new() };
    let mut last: Option<&Block> = None;
    for block in &page.blocks {
        if !last.is_some_and(|last| last.goes_on(block)) {
            body.blank();
        }
        body.block(block);
        last = Some(block);
    }
    let mut foot = Sheet { theme, width, rows: Vec::new() };
    if !page.offers.is_empty() {
        foot.blank();
        let mut words = Vec::new();
        for offer in &page.offers {
            words.push(word(Ink::Accent, &offer.key));
            // What a key does is not torn from it.
            words.push(word(Ink::Muted, &format!("{}  ", offer.does)));
        }
        foot.flow(&words, 0, 0);
    }
    (head.rows, body.rows, foot.rows)
}

fn word(ink: Ink, text: &str) -> Word {
    Word { ink, text: text.to_owned(), goes_on: false }
}

impl Sheet<'_> {
    fn blank(&mut self) {
        self.rows.push(Row::new(self.theme));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Text(text) => self.markdown(text, Ink::Text, 0),
            Block::Question(text) => self.markdown(text, Ink::Accent, 0),
            Block::Choice { digit, text, mark } => self.choice(*digit, text, *mark),
            Block::Confidence => self.markdown(HOW_SURE, Ink::Accent, 0),
            Block::Reason => self.markdown(WHY, Ink::Accent, 0),
            Block::Task { text, done } => {
                let (glyph, ink) =
                    if *done { ("✓", Ink::Contained) } else { ("□", Ink::Accent) };
                let state = if *done { "done:" } else { "to do:" };
                let mut words = vec![word(ink, glyph), word(ink, state)];
                words.extend(inline(text, Ink::Text));
                self.flow(&words, 0, 2);
            }
            Block::Event { record, at, text } => {
                let when = format!("{at} {record}");
                let mut words = vec![word(Ink::Muted, "│"), word(Ink::Muted, &when)];
                words.extend(inline(text, Ink::Message));
                self.flow(&words, 0, 2);
            }
            Block::Sides { predicted, seen, agree } => self.sides(predicted, seen, *agree),
            Block::Reply { to, misconception, text } => {
                let ink = match to {
                    Reply::Right | Reply::Told => Ink::Contained,
                    Reply::Wrong => Ink::Error,
                };
                let mut words = inline(to.word(), ink);
                if let Some(model) = misconception {
                    words.extend(inline(&format!("{IDEA} *{model}*."), Ink::Muted));
                }
                words.extend(inline(text, Ink::Text));
                self.flow(&words, 0, 0);
            }
            Block::Hint { number, of, text } => {
                let mut words = inline(&format!("Hint {number} of {of}:"), Ink::Accent);
                words.extend(inline(text, Ink::Text));
                self.flow(&words, 0, 2);
            }
            Block::Source(text) => self.flow(&inline(text, Ink::Muted), 0, 2),
        }
    }

    fn choice(&mut self, digit: u8, text: &str, mark: Mark) {
        let ink = match mark {
            Mark::Open => Ink::Text,
            Mark::Chosen => Ink::Accent,
            Mark::Right => Ink::Contained,
            Mark::Wrong => Ink::Error,
            Mark::Other => Ink::Muted,
        };
        let mut words = vec![word(Ink::Accent, &digit.to_string())];
        words.push(word(ink, &mark.glyph().to_string()));
        words.extend(inline(text, ink));
        if !mark.word().is_empty() {
            words.extend(inline(&format!("({})", mark.word()), ink));
        }
        self.flow(&words, 0, 4);
    }

    /// Sets what was predicted beside what was seen, or above it where there is no room.
    fn sides(&mut self, predicted: &str, seen: &str, agree: Option<bool>) {
        let theme = self.theme;
        let wide = self.width >= SIDES_FROM;
        let width = if wide { self.width / 2 - 1 } else { self.width };
        let side = |title: &str, text: &str| {
            let mut sheet = Sheet { theme, width, rows: Vec::new() };
            sheet.flow(&[word(Ink::Title, title)], 0, 0);
            sheet.flow(&inline(text, Ink::Text), 0, 0);
            sheet.rows
        };
        let (left, right) = (side("Predicted", predicted), side("Seen", seen));
        if wide {
            let blank = || Row::new(theme);
            let count = left.len().max(right.len());
            let mut left = left.into_iter();
            let mut right = right.into_iter();
            for _ in 0..count {
                let mut row = left.next().unwrap_or_else(blank);
                row.tab(width + 1);
                row.join(right.next().unwrap_or_else(blank));
                self.rows.push(row);
            }
        } else {
            self.rows.extend(left.into_iter().chain(right));
        }
        let ink = match agree {
            Some(true) => Ink::Contained,
            Some(false) => Ink::Error,
            None => Ink::Muted,
        };
        self.flow(&[word(ink, agreement(agree))], 0, 0);
    }

    /// Writes Markdown: paragraphs that an empty line parts, and lists.
    fn markdown(&mut self, text: &str, ink: Ink, indent: usize) {
        for (k, paragraph) in text.split("\n\n").enumerate() {
            if k > 0 {
                self.blank();
            }
            let mut open: Vec<Word> = Vec::new();
            for line in paragraph.lines() {
                if let Some(item) = line.trim_start().strip_prefix("- ") {
                    self.flow(&open, indent, indent);
                    open = vec![word(Ink::Muted, "·")];
                    open.extend(inline(item, ink));
                    self.flow(&open, indent, indent + 2);
                    open.clear();
                } else {
                    open.extend(inline(line, ink));
                }
            }
            self.flow(&open, indent, indent);
        }
    }

    /// Lets words flow over rows: the first begins at one column, the others at another.
    fn flow(&mut self, words: &[Word], first: usize, others: usize) {
        if words.is_empty() {
            return;
        }
        let mut row = Row::new(self.theme).say(Ink::Text, " ".repeat(first));
        let mut fresh = true;
        for word in words {
            let blank = usize::from(!fresh && !word.goes_on);
            let full = row.width() + blank + word.text.width() > self.width;
            if full && !fresh {
                self.rows.push(row);
                row = Row::new(self.theme).say(Ink::Text, " ".repeat(others));
            } else if blank == 1 {
                row.add(Ink::Text, " ");
            }
            row.add(word.ink, word.text.clone());
            fresh = false;
        }
        self.rows.push(row);
    }
}

/// Cuts a line of Markdown into words: `**bold**`, `*italic*` and `` `code` `` have other inks.
fn inline(text: &str, ink: Ink) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    let mut parted = true;
    while !rest.is_empty() {
        let (inside, marked, after) = next_piece(rest);
        let ink = marked.unwrap_or(ink);
        let begins_blank = inside.starts_with(char::is_whitespace);
        for (k, piece) in inside.split_whitespace().enumerate() {
            let goes_on = k == 0 && !parted && !begins_blank;
            words.push(Word { ink, text: piece.to_owned(), goes_on });
        }
        parted = inside.ends_with(char::is_whitespace);
        rest = after;
    }
    words
}

/// Returns the next piece of a line, the ink of its mark, and what follows.
fn next_piece(text: &str) -> (&str, Option<Ink>, &str) {
    const MARKS: [(&str, Ink); 3] = [("**", Ink::Title), ("*", Ink::Accent), ("`", Ink::Message)];
    for (mark, ink) in MARKS {
        if let Some((inside, after)) = text.strip_prefix(mark).and_then(|t| t.split_once(mark))
            && !inside.is_empty()
        {
            return (inside, Some(ink), after);
        }
    }
    // A mark that nothing closes is a character like any other.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..].find(['*', '`']).map_or(text.len(), |at| first + at);
    (&text[..end], None, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::page::Offer;
    use crate::lessons::{Input, LessonProgress, Tutor, read_lesson};

    fn drawn(page: &Page, width: u16, height: u16) -> Vec<String> {
        let theme = Theme::default();
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        draw(page, &theme, area, &mut buf);
        let line = |y: u16| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    fn page(blocks: Vec<Block>) -> Page {
        let offers = vec![Offer { input: Input::Next, key: "enter".into(), does: "go on" }];
        Page { title: "T".into(), beat: 2, of: 9, kind: "read", blocks, offers, locked: None }
    }

    #[test]
    fn words_flow_and_marks_are_not_shown() {
        let text = "One **two** three, *four*; `five` six\n\n- seven\n- eight nine ten".to_owned();
        let lines = drawn(&page(vec![Block::Text(text)]), 20, 12);
        let wanted = [
            "T  2/9 read",
            "",
            "One two three, four;",
            "five six",
            "",
            "· seven",
            "· eight nine ten",
            "",
            "",
            "",
            "",
            "enter go on",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn a_page_that_is_too_long_keeps_its_head_its_end_and_its_keys() {
        let text = (1..=9).map(|k| format!("line{k}")).collect::<Vec<_>>().join("\n\n");
        let lines = drawn(&page(vec![Block::Text(text)]), 20, 8);
        let wanted =
            ["T  2/9 read", "… 14 rows above", "line7", "", "line8", "", "line9", "enter go on"];
        let seen: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(seen.len(), wanted.len());
        assert_eq!((seen[0], seen[7]), (wanted[0], wanted[7]), "{seen:?}");
        assert!(seen.contains(&"line9") && seen[1].ends_with("rows above"), "{seen:?}");
    }

    #[test]
    fn prediction_and_sight_stand_side_by_side_where_there_is_room() {
        let sides =
            Block::Sides { predicted: "one".into(), seen: "two".into(), agree: Some(false) };
        let wide = drawn(&page(vec![sides.clone()]), 60, 9);
        assert!(wide.iter().any(|line| line.starts_with("one") && line.ends_with("two")));
        let narrow = drawn(&page(vec![sides]), 30, 9);
        assert!(narrow.contains(&"one".to_owned()) && narrow.contains(&"two".to_owned()));
        assert!(narrow.iter().any(|line| line.contains("differ")));
    }

    #[test]
    fn every_page_of_every_lesson_can_be_drawn_at_any_size() {
        for (name, text) in crate::lessons::LESSONS {
            let lesson = read_lesson(name, text).expect("it is a lesson");
            let (mut tutor, mut session) = Tutor::begin(lesson, LessonProgress::default());
            while !tutor.is_over() {
                let page = tutor.screen(&session);
                for (width, height) in [(0, 0), (1, 1), (3, 2), (20, 5), (40, 24), (120, 40)] {
                    drawn(&page, width, height);
                }
                let lines = drawn(&page, 60, height(&page, &Theme::default(), 60));
                assert!(!lines.join(" ").contains("rows above"), "{lines:#?}");
                let done = tutor.step(&mut session, Input::Next).is_err()
                    && tutor.step(&mut session, Input::Skip).is_err();
                assert!(!done, "a beat is either skipped or gone on from");
            }
        }
    }
}
