//! Marks along virtual time, and where on it the reader stands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::{Kind, Session};
use crate::sim::{Instant, Span};

use super::super::moment::{Eyes, Hit, Moment, Pane, View};
use super::super::text::{self, Row, virtual_time};
use super::super::theme::Ink;
use super::super::words;
use super::{MILESTONES_READ_MAX, milestones_so_far};

/// The shortest stretch of virtual time that the axis shows.
const SHOWN_MIN: Span = Span::secs(10);
/// The longest stretch of virtual time that the axis shows: longer runs scroll.
const SHOWN_MAX: Span = Span::secs(60);

/// The timeline.
#[derive(Debug)]
pub struct Timeline;

/// The stretch of virtual time that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Axis {
    from: Instant,
    shown: Span,
    width: u16,
}

impl Axis {
    /// Chooses the stretch for a run: all of it, or a part with the position in it.
    fn of(session: &Session, width: u16) -> Axis {
        let clock = session.clock();
        let end = session.frontier().at.max(clock);
        // Whole seconds, so that marks do not creep while time goes on.
        let whole = Span::secs(end.0 / 5_000_000 * 5 + 5);
        let shown = whole.clamp(SHOWN_MIN, SHOWN_MAX);
        let last = Instant(whole.0.saturating_sub(shown.0));
        let step = shown.0 / 4;
        let around = clock.0.saturating_sub(shown.0 * 3 / 4).div_ceil(step) * step;
        Axis { from: last.min(Instant(around)), shown, width }
    }

    /// Returns the column of an instant, counted from 0, where it is shown.
    fn column(self, at: Instant) -> Option<u16> {
        let past = at.0.checked_sub(self.from.0)?;
        let column = past.saturating_mul(u64::from(self.width)) / self.shown.0.max(1);
        (column < u64::from(self.width)).then_some(column as u16)
    }

    /// Returns the instant at which a column begins.
    fn instant(self, column: u16) -> Instant {
        self.from + Span(self.shown.0 * u64::from(column) / u64::from(self.width.max(1)))
    }
}

/// Returns the instant under a column of the terminal, for a timeline drawn in this area: not past
/// what was reached.
pub fn instant_at(session: &Session, area: Rect, column: u16) -> Option<Instant> {
    let inside = area.width > 0 && (area.left()..area.right()).contains(&column);
    let axis = Axis::of(session, area.width);
    inside.then(|| axis.instant(column - area.x).min(session.frontier().at))
}

impl View for Timeline {
    fn pane(&self) -> Pane {
        Pane::Timeline
    }

    fn title(&self) -> &'static str {
        "Timeline"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        _hits: &mut Vec<Hit>,
    ) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let axis = Axis::of(moment.session, area.width);
        let row = |k: u16| Rect { y: area.y + k, height: 1, ..area };
        draw_axis(moment, eyes, axis, row(0), buf);
        if area.height >= 2 {
            label(moment, eyes, row(1), buf);
        }
        if area.height >= 3 {
            scale(moment, eyes, axis, row(2), buf);
        }
    }
}

/// Returns how much a kind of milestone matters where several share a cell.
const fn weight(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Suspicion => 2,
        Kind::Life => 3,
        Kind::Election => 4,
        Kind::Error => 5,
        Kind::Input => 6,
        Kind::Failure => 7,
        // Of what fails because of it there is plenty, of itself one.
        Kind::Gray => 8,
    }
}

const fn ink(kind: Kind) -> Ink {
    match kind {
        Kind::Commit => Ink::Muted,
        Kind::Suspicion => Ink::Candidate,
        Kind::Life => Ink::Down,
        Kind::Election => Ink::Leader,
        Kind::Input => Ink::Active,
        Kind::Error | Kind::Gray => Ink::Error,
        Kind::Failure => Ink::Failure,
    }
}

fn draw_axis(moment: &Moment<'_>, eyes: &Eyes<'_>, axis: Axis, area: Rect, buf: &mut Buffer) {
    let session = moment.session;
    let now = axis.column(session.clock());
    let reached = axis.column(session.frontier().at).unwrap_or(axis.width);
    for column in 0..axis.width {
        let ahead = now.is_none_or(|now| column > now);
        let (glyph, ink) = match (ahead, column <= reached) {
            (false, _) => ('─', Ink::Border),
            (true, true) => ('┄', Ink::Future),
            (true, false) => (' ', Ink::Future),
        };
        text::glyph((area.x + column, area.y), glyph, ink, eyes.theme, buf);
    }
    let mut heaviest = vec![0_u8; usize::from(axis.width)];
    let newest_first = session.milestones().rev().take(MILESTONES_READ_MAX);
    for milestone in newest_first.take_while(|milestone| milestone.at >= axis.from) {
        let Some(column) = axis.column(milestone.at) else { continue };
        let kind = milestone.kind();
        let place = &mut heaviest[usize::from(column)];
        if weight(kind) <= *place {
            continue;
        }
        *place = weight(kind);
        let ahead = milestone.record >= session.next_record();
        let ink = if ahead { Ink::Future } else { ink(kind) };
        text::glyph((area.x + column, area.y), kind.glyph(), ink, eyes.theme, buf);
    }
    mark_selected(moment, eyes, axis, area, buf);
    if let Some(now) = now {
        text::glyph((area.x + now, area.y), '▼', Ink::Accent, eyes.theme, buf);
    }
}

/// Marks the instant of the selected event.
fn mark_selected(moment: &Moment<'_>, eyes: &Eyes<'_>, axis: Axis, area: Rect, buf: &mut Buffer) {
    let record = eyes.event.and_then(|id| moment.session.record(id));
    if let Some(column) = record.and_then(|record| axis.column(record.at)) {
        buf[(area.x + column, area.y)].set_style(eyes.ink(Ink::Selection));
    }
}

/// Says what time it is in the run, what happened last, and how fast time goes.
fn label(moment: &Moment<'_>, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) {
    let session = moment.session;
    let mark = if eyes.focus == Pane::Timeline { "▸" } else { " " };
    let mut row =
        Row::new(eyes.theme).say(Ink::Accent, mark).say(Ink::Title, virtual_time(session.clock()));
    if session.in_past() {
        let behind = session.frontier().at.since(session.clock());
        row.add(Ink::Text, "  ");
        row.add(Ink::Past, format!(" PAST: {} behind ", words::span(behind)));
    }
    let mut speed = Row::new(eyes.theme);
    if !eyes.pace.speed.is_empty() {
        speed.add(Ink::Muted, format!("speed {} ", eyes.pace.speed));
    }
    let mut loud = milestones_so_far(session).filter(|milestone| milestone.kind() != Kind::Commit);
    if let Some(last) = loud.next() {
        row.add(Ink::Muted, "  last: ");
        row.add(ink(last.kind()), format!("{} {last}", last.kind().glyph()));
        row.add(Ink::Muted, format!(", {}", words::ago(session.clock(), last.at)));
    }
    let beside =
        if row.width() + speed.width() < usize::from(area.width) { row.width() } else { 0 };
    let left = usize::from(area.width) - if beside == 0 { speed.width() } else { 0 };
    row.draw(Rect { width: left as u16, ..area }, buf);
    speed.draw_right(area, beside, buf);
}

/// Names some instants below the axis, and what the marks are.
fn scale(moment: &Moment<'_>, eyes: &Eyes<'_>, axis: Axis, area: Rect, buf: &mut Buffer) {
    let mut legend = Row::new(eyes.theme).say(Ink::Muted, " ");
    let kinds = [
        (Kind::Input, "fault or heal"),
        (Kind::Life, "life"),
        (Kind::Suspicion, "suspicion"),
        (Kind::Election, "new leader"),
        (Kind::Gray, "gray"),
        (Kind::Error, "error"),
        (Kind::Failure, "failure"),
        (Kind::Commit, "commit"),
    ];
    let watched = moment.scene.monitors > 0;
    for (kind, word) in kinds.into_iter().filter(|(kind, _)| watched || *kind != Kind::Gray) {
        legend.add(ink(kind), kind.glyph().to_string());
        legend.add(Ink::Muted, format!(" {word}   "));
    }
    legend.draw(area, buf);
    let ends = format!("axis {} to {} virtual ", axis.from, axis.from + axis.shown);
    Row::new(eyes.theme).say(Ink::Muted, ends).draw_right(area, legend.width(), buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_and_its_instant_belong_together() {
        let axis = Axis { from: Instant(5_000_000), shown: Span::secs(10), width: 80 };
        for column in 0..80 {
            assert_eq!(axis.column(axis.instant(column)), Some(column));
        }
        assert_eq!(axis.column(Instant(4_999_999)), None);
        assert_eq!(axis.column(Instant(15_000_000)), None);
    }
}
