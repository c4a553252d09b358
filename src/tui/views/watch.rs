//! Who finds whom well: what users see of a node beside what each monitor judges of it.
//!
//! A cell is drawn as a circle. Its left half is the users, its right half the monitor, and a half
//! is filled where that side finds the node ill: in `◐` users suffer and nobody is told.

use std::cmp::Reverse;

use ratatui::layout::Size;

use crate::oracles::views::{Cell, Eye, LATELY, Standing, Views};
use crate::sim::{Address, Instant, Span};

use super::super::moment::{Eyes, Moment};
use super::super::text::Row;
use super::super::theme::Ink;
use super::super::words::{self, group};

/// From which width the table has room for whole words.
const WIDE: u16 = 79;
/// From which height the table has room for a row that names its columns.
const TALL: u16 = 8;
/// How wide the columns are in the narrow table and in the wide one: a cell, and a time.
const CELLS: [usize; 2] = [10, 24];
const TIMES: [usize; 2] = [4, 9];
/// The times' columns in words, in the order of `Cell::ALL`.
const HEADS: [&str; 4] = ["well", "alarm", "gray", "detected"];

/// Returns who finds whom well at a moment.
pub(super) fn views<'a>(moment: &'a Moment<'_>) -> &'a Views {
    moment.session.panel().truth().views()
}

/// Returns the glyph and the ink of a cell.
pub(super) const fn mark(cell: Cell) -> (char, Ink) {
    match cell {
        Cell::Well => ('○', Ink::Muted),
        Cell::Alarm => ('◑', Ink::Candidate),
        Cell::Gray => ('◐', Ink::Error),
        Cell::Detected => ('●', Ink::Active),
    }
}

/// Returns how much a cell asks for attention: where the two views differ first, then what is ill.
const fn rank(cell: Cell) -> u8 {
    match cell {
        Cell::Well => 0,
        Cell::Detected => 1,
        Cell::Alarm => 2,
        Cell::Gray => 3,
    }
}

/// Finds the monitor from whose view that of the users differs most.
pub(super) fn furthest(views: &Views, node: Address) -> Option<(&Eye, &Standing)> {
    let of: Vec<_> = views.of(node).collect();
    of.into_iter().rev().max_by_key(|(_, standing)| rank(standing.cell))
}

/// Says of a node in one row how users and monitors find it, in the most words that fit; nothing
/// where nobody monitors.
pub(super) fn brief<'a>(
    moment: &Moment<'_>,
    eyes: &Eyes<'a>,
    node: Address,
    width: usize,
) -> Option<(Cell, Row<'a>)> {
    let (eye, standing) = furthest(views(moment), node)?;
    let (monitor, (glyph, ink)) = (eye.monitor, mark(standing.cell));
    let forms = match standing.cell {
        Cell::Well => {
            ["well to users and monitors", "well to all", "found well"].map(str::to_owned)
        }
        Cell::Alarm => [
            format!("ill to {monitor}, well to users"),
            format!("ill to {monitor} alone"),
            format!("ill to {monitor}"),
        ],
        Cell::Gray => [
            format!("gray: ill to users, not {monitor}"),
            format!("gray to {monitor}"),
            "gray".to_owned(),
        ],
        Cell::Detected => [
            format!("detected: ill to {monitor} too"),
            format!("detected by {monitor}"),
            "detected".to_owned(),
        ],
    };
    let fits = forms.iter().find(|text| text.len() + 2 <= width).unwrap_or(&forms[2]);
    Some((standing.cell, Row::new(eyes.theme).say(ink, format!("{glyph} {fits}"))))
}

/// Says in full how users and monitors find a node: a table with a row for each monitor.
pub(super) fn of_node<'a>(
    moment: &Moment<'_>,
    eyes: &Eyes<'a>,
    node: Address,
    size: Size,
) -> Vec<Row<'a>> {
    let views = views(moment);
    if views.eyes().is_empty() {
        return Vec::new();
    }
    let users = views.users(node);
    let (ink, finds) = if users.find_ill() { (Ink::Failure, "ill") } else { (Ink::Text, "well") };
    let lately = words::span(LATELY);
    let said = match users.all {
        0 => format!("did not ask it in the last {lately}"),
        all => format!("find it {finds}: {} of {all} attempts bad in {lately}", users.bad),
    };
    let mut row = Row::new(eyes.theme).say(Ink::Muted, " users");
    row.tab(NAMES);
    let mut lines = vec![row.say(ink, said)];
    lines.extend(heading(eyes, "monitor", size));
    for (eye, standing) in views.of(node) {
        let name = format!("{} {}", eye.monitor, eye.probe);
        lines.push(entry(eyes, &name, standing, moment.scene.now, size));
    }
    lines
}

/// Says in full what a monitor is and how it finds each node.
pub(super) fn of_monitor<'a>(
    moment: &Moment<'_>,
    eyes: &Eyes<'a>,
    monitor: Address,
    size: Size,
) -> Vec<Row<'a>> {
    let pair = |name: &'static str, value: String| {
        let mut row = Row::new(eyes.theme).say(Ink::Muted, format!(" {name}"));
        row.tab(NAMES);
        row.say(Ink::Text, value)
    };
    let Some(spec) = moment.session.scenario().monitors.get(monitor.index()) else {
        return Vec::new();
    };
    let (every, timeout) = (words::span(spec.every), words::span(spec.timeout));
    let mut lines = vec![pair("probe", format!("{}: {}", spec.probe.word(), spec.probe.says()))];
    let is_off = |(switch, on): &&(&str, bool)| spec.probe.switch() == Some(*switch) && !on;
    if let Some((switch, _)) = moment.scene.switches.iter().find(is_off) {
        lines.push(pair("switched off", format!("{switch}: it only pings")));
    }
    lines.extend(heading(eyes, "node bad/all", size));
    let views = views(moment);
    let nodes = moment.scene.nodes.iter().map(|node| node.address);
    let of_mine = |node| views.of(node).find(|(eye, _)| eye.monitor == monitor);
    let mut found: Vec<_> = nodes.filter_map(|node| Some((node, of_mine(node)?.1))).collect();
    found.sort_by_key(|(_, standing)| Reverse(rank(standing.cell)));
    for (node, standing) in found {
        let users = views.users(node);
        let name = format!("{:<4} {}/{}", node.to_string(), users.bad, users.all);
        lines.push(entry(eyes, &name, standing, moment.scene.now, size));
    }
    lines.push(pair("asks", format!("each node every {every}, waits {timeout}")));
    let (misses, within) = (spec.misses, words::span(spec.within()));
    lines.push(pair(
        "finds ill",
        format!("after {misses} misses in a row: a dead node in {within}"),
    ));
    lines
}

/// In which column values stand beside their names.
const NAMES: usize = 15;
/// In which column of the table the judgement stands.
const SAYS: usize = 14;

/// Names the columns, where there is room for that.
fn heading<'a>(eyes: &Eyes<'a>, name: &str, size: Size) -> Option<Row<'a>> {
    let mut row = Row::new(eyes.theme).say(Ink::Title, format!(" {name}"));
    row.tab(SAYS);
    let wide = usize::from(size.width >= WIDE);
    let that = ["is, for s", "that is, for seconds:"][wide];
    row.add(Ink::Title, format!("{:<5}{that:<1$}", "says", CELLS[wide]));
    for (cell, head) in Cell::ALL.into_iter().zip(HEADS) {
        let head = if wide == 1 { head.to_owned() } else { mark(cell).0.to_string() };
        row.add(mark(cell).1, format!("{head:>0$}", TIMES[wide]));
    }
    (size.height >= TALL).then_some(row)
}

/// Says how a monitor finds a node, in which cell that is, and for how many seconds it was in
/// each. Without a heading each time bears its cell's glyph, and what never was is left out.
fn entry<'a>(
    eyes: &Eyes<'a>,
    name: &str,
    standing: &Standing,
    now: Instant,
    size: Size,
) -> Row<'a> {
    let wide = usize::from(size.width >= WIDE);
    let (glyph, ink) = mark(standing.cell);
    let (said, judged) = if standing.ill { (Ink::Candidate, "ill") } else { (Ink::Text, "well") };
    let word = if wide == 1 { standing.cell.word() } else { HEADS[standing.cell as usize] };
    let mut row = Row::new(eyes.theme).say(Ink::Text, format!(" {name}"));
    row.tab(SAYS);
    row.add(said, format!("{judged:<5}"));
    row.add(ink, format!("{:<1$}", format!("{glyph} {word}"), CELLS[wide]));
    for cell in Cell::ALL {
        let spent = standing.time_in(cell, now);
        let ink = if cell == standing.cell { Ink::Text } else { Ink::Muted };
        if size.height >= TALL {
            row.add(ink, format!("{:>1$}", seconds(spent), TIMES[wide]));
        } else if spent > Span::ZERO {
            row.add(ink, format!(" {}{}", mark(cell).0, seconds(spent)));
        }
    }
    row.say(Ink::Muted, if size.height < TALL { " s" } else { "" })
}

/// Writes seconds in at most four columns, up to the longest run.
fn seconds(span: Span) -> String {
    match span.0 {
        0 => "–".to_owned(),
        us @ ..10_000_000 => format!("{}.{}", us / 1_000_000, us / 100_000 % 10),
        us => (us / 1_000_000).to_string(),
    }
}

/// Says for each monitor in one row how what it finds differs from what users find.
pub(super) fn of_all<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>) -> Vec<(Address, Row<'a>)> {
    let views = views(moment);
    let nodes: Vec<Address> = moment.scene.nodes.iter().map(|node| node.address).collect();
    let mut rows = Vec::new();
    for eye in views.eyes() {
        let (monitor, probe) = (eye.monitor, eye.probe);
        let is_in = |node: &Address, cell| {
            views.of(*node).any(|(eye, standing)| eye.monitor == monitor && standing.cell == cell)
        };
        let mut row = Row::new(eyes.theme).say(Ink::Text, format!(" {monitor} "));
        row.tab(5);
        let begins = row.width();
        for cell in [Cell::Gray, Cell::Alarm, Cell::Detected] {
            let those: Vec<Address> =
                nodes.iter().copied().filter(|node| is_in(node, cell)).collect();
            if those.is_empty() {
                continue;
            }
            let bad = match those.as_slice() {
                [one] => format!(" ({} of {} bad)", views.users(*one).bad, views.users(*one).all),
                _ => String::new(),
            };
            let (names, (glyph, ink)) = (group(those.iter().copied(), 4), mark(cell));
            if row.width() > begins {
                row.add(Ink::Muted, " · ");
            }
            row.add(
                ink,
                match cell {
                    Cell::Gray => {
                        format!("{glyph} {names} gray: ill to users{bad}, well to {probe}")
                    }
                    Cell::Alarm => format!("{glyph} {names} ill to {probe}, well to users{bad}"),
                    _ => format!("{glyph} {names} ill to {probe} and to users{bad}"),
                },
            );
        }
        if row.width() == begins {
            row.add(Ink::Muted, format!("{} all well to {probe} and to users", mark(Cell::Well).0));
        }
        rows.push((monitor, row));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_takes_at_most_four_columns() {
        for (us, text) in [(0, "–"), (2_149_000, "2.1"), (9_999_999, "9.9"), (61_000_000, "61")] {
            assert_eq!(seconds(Span(us)), text);
        }
    }
}
