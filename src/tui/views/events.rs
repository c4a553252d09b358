//! What happened, the newest last; what only repeats itself is counted.

use std::iter::Peekable;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::{Kind, Milestone, Session};
use crate::sim::{
    Because, ClientNote, EventId, FaultId, Instant, Nature, Note, Record, Role, What, Withheld,
    Words,
};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{self, Row, count, rows};
use super::super::theme::Ink;
use super::super::words;
use super::{RECORDS_READ_MAX, found_so_far, is_selected, milestones_so_far, open};

pub use super::super::words::describe;

/// How many records after a selected event are read, where it lies far back.
const AFTER_SELECTED: u32 = 400;

/// The events.
#[derive(Debug)]
pub struct Events;

/// One row of the list.
#[derive(Debug)]
enum Line<'a> {
    /// A record that has a row of its own.
    Loud(&'a Record),
    /// What an oracle found at a record.
    Found(EventId, &'a Milestone),
    /// Records that are only counted.
    Quiet(Quiet),
}

/// Records that are only counted.
#[derive(Clone, Copy, Debug, Default)]
struct Quiet {
    at: Instant,
    newest: EventId,
    probes: usize,
    messages: usize,
    writes: usize,
    timers: usize,
    steps: usize,
    updates: usize,
    changes: usize,
    attempts: usize,
    calls: usize,
    answers: usize,
    lost: usize,
    lost_by: Option<FaultId>,
    contained: usize,
    contained_by: &'static str,
    oldest: Instant,
}

impl View for Events {
    fn pane(&self) -> Pane {
        Pane::Events
    }

    fn title(&self) -> &'static str {
        "Events"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    ) {
        let note = Row::new(eyes.theme).say(Ink::Muted, " virtual time, newest last ");
        let inner = open(self, &note, eyes, area, buf);
        if inner.is_empty() {
            return;
        }
        let height = usize::from(inner.height);
        let scroll = if eyes.focus == Pane::Events { eyes.scroll } else { 0 };
        let lines = lines(moment.session, eyes.event, scroll + height);
        let first = first_shown(&lines, eyes.event, scroll, height);
        let shown: Vec<&Line<'_>> = lines.iter().skip(first).take(height).collect();
        for (line, place) in shown.iter().rev().zip(rows(inner)) {
            line.row(moment.words(), eyes).draw(place, buf);
            let target = Selection::Record(line.id());
            if is_selected(eyes, target) && !matches!(line, Line::Quiet(_)) {
                text::select(place, eyes.theme, buf);
            }
            hits.push(Hit { area: place, pane: Pane::Events, target });
        }
    }
}

/// Returns how many of the newest rows are left out, so that the selected one is seen.
fn first_shown(lines: &[Line<'_>], event: Option<EventId>, scroll: usize, height: usize) -> usize {
    let last_page = lines.len().saturating_sub(height);
    let selected = event.and_then(|id| {
        lines.iter().position(|line| !matches!(line, Line::Quiet(_)) && line.id() == id)
    });
    match selected {
        Some(at) if at < scroll || at >= scroll + height => at.saturating_sub(height / 2),
        _ => scroll,
    }
    .min(last_page)
}

/// Builds rows, the newest first, until there are enough and the selected event is among them.
fn lines(session: &Session, selected: Option<EventId>, enough: usize) -> Vec<Line<'_>> {
    let next = session.next_record();
    // An event that lies further back than one frame reads is shown with what came around it.
    let far = |id: &EventId| next.0.saturating_sub(id.0) > RECORDS_READ_MAX as u32 / 2;
    let from = selected.filter(far).map_or(next.0, |id| id.0 + AFTER_SELECTED);
    let mut found = found_so_far(session).skip_while(|(id, _)| id.0 >= from).peekable();
    let mut lines = Vec::new();
    let mut quiet = Quiet::default();
    let mut seen = selected.is_none_or(|id| id >= next);
    let records = (0..from).rev().map_while(|id| session.record(EventId(id)));
    for record in records.take(RECORDS_READ_MAX) {
        let is_selected = selected == Some(record.id);
        seen |= is_selected;
        let known = found_at(&mut found, record.id);
        if known.is_empty() && !is_selected && !is_loud(record) {
            quiet.add(record);
            continue;
        }
        quiet.settle(&mut lines);
        lines.extend(known.into_iter().map(|milestone| Line::Found(record.id, milestone)));
        lines.push(Line::Loud(record));
        if seen && lines.len() > enough {
            break;
        }
    }
    quiet.settle(&mut lines);
    if lines.len() <= enough {
        let oldest = EventId(from.saturating_sub(RECORDS_READ_MAX as u32));
        lines.extend(earlier(session, oldest).take(enough - lines.len()));
    }
    lines
}

/// Goes on with milestones alone where a frame has read all the records that it may.
fn earlier(session: &Session, oldest: EventId) -> impl Iterator<Item = Line<'_>> {
    let loud = milestones_so_far(session).skip_while(move |milestone| milestone.record >= oldest);
    loud.filter(|milestone| milestone.kind() != Kind::Commit).filter_map(
        |milestone| match milestone.kind() {
            Kind::Error | Kind::Failure | Kind::Gray => {
                Some(Line::Found(milestone.record, milestone))
            }
            _ => session.record(milestone.record).map(Line::Loud),
        },
    )
}

/// Takes what was found at a record off the list.
fn found_at<'a>(
    found: &mut Peekable<impl Iterator<Item = (EventId, &'a Milestone)>>,
    record: EventId,
) -> Vec<&'a Milestone> {
    let mut at = Vec::new();
    while let Some((_, milestone)) = found.next_if(|(id, _)| *id >= record) {
        at.push(milestone);
    }
    at
}

/// Returns whether a record has a row of its own.
fn is_loud(record: &Record) -> bool {
    match &record.what {
        What::Sent { .. }
        | What::Saved { .. }
        | What::Synced { .. }
        | What::Noted(Note::Role { epoch: 0, .. }) => false,
        What::Delivered { detail, .. } | What::Withheld { detail, .. } => {
            detail.kind.nature == Nature::Control
        }
        // A timer that runs out because something did not come is what an absence looks like.
        // A period of SWIM ends in any case: there the suspicion that follows says it.
        What::Fired { timer } => {
            let by_node = record.who.is_some_and(crate::sim::Address::is_node);
            wants(record) && by_node && *timer != "period"
        }
        // Turns go round, and of each the proposer is told.
        What::Noted(Note::Role { role: Role::Validator, .. }) => false,
        What::Noted(note) => {
            use Note::{Appended, Contained, Decided, Holds, Prepared, Stored};
            let quiet = matches!(note, Appended { .. } | Decided { .. } | Contained { .. });
            !quiet && !matches!(note, Holds(_) | Prepared { .. } | Stored { .. })
        }
        What::Client(note) => {
            matches!(note, ClientNote::GaveUp { .. } | ClientNote::Judged { .. })
        }
        // That everybody starts at the beginning is no news.
        What::Booted => record.at > Instant::ZERO,
        _ => true,
    }
}

fn wants(record: &Record) -> bool {
    record.because.iter().any(|cause| matches!(cause, Because::LackOf(_)))
}

impl Quiet {
    /// Counts one record; older ones come later.
    fn add(&mut self, record: &Record) {
        if self.total() == 0 {
            (self.at, self.newest) = (record.at, record.id);
        }
        self.oldest = record.at;
        let counter = match &record.what {
            // A message is counted where it ends, a write where it begins.
            What::Sent { .. } | What::Synced { .. } => return,
            What::Delivered { detail, .. } if detail.kind.nature == Nature::Probe => {
                &mut self.probes
            }
            What::Delivered { .. } => &mut self.messages,
            What::Withheld { why, .. } => {
                if let Withheld::Fault(fault) = why {
                    self.lost_by = Some(*fault);
                }
                &mut self.lost
            }
            What::Saved { .. } => &mut self.writes,
            What::Fired { .. } => &mut self.timers,
            What::Client(ClientNote::Called { .. }) => &mut self.calls,
            What::Client(ClientNote::Returned { .. }) => &mut self.answers,
            What::Noted(Note::Contained { by, .. }) => {
                self.contained_by = by;
                &mut self.contained
            }
            What::Client(ClientNote::Retried { .. }) => &mut self.attempts,
            What::Noted(Note::Holds(_) | Note::Stored { .. }) => &mut self.updates,
            What::Noted(Note::Appended { .. } | Note::Prepared { .. } | Note::Decided { .. }) => {
                &mut self.steps
            }
            What::Noted(_) => &mut self.changes,
            _ => return,
        };
        *counter += 1;
    }

    fn total(&self) -> usize {
        let messages = self.probes + self.messages + self.lost;
        let notes = self.steps + self.updates + self.changes + self.contained;
        let calls = self.calls + self.attempts + self.answers;
        messages + self.writes + self.timers + notes + calls
    }

    /// Puts what was counted on the list, and begins anew.
    fn settle(&mut self, lines: &mut Vec<Line<'_>>) {
        if self.total() > 0 {
            lines.push(Line::Quiet(*self));
        }
        *self = Quiet::default();
    }

    fn row<'a>(&self, eyes: &Eyes<'a>) -> Row<'a> {
        let mut row = Row::new(eyes.theme).say(Ink::Muted, format!("{:>9} ", self.at));
        if self.lost > 0 {
            let by = self.lost_by.map_or_else(String::new, |fault| format!(" to {fault}"));
            row.add(Ink::Lost, format!("✖ {} lost{by}  ", count(self.lost, "message")));
        }
        if self.contained > 0 {
            let by = self.contained_by;
            row.add(Ink::Contained, format!("▣ {} stopped by {by}  ", self.contained));
        }
        let counted = [
            (self.answers, "answer"),
            (self.probes, "heartbeat"),
            (self.messages, "message"),
            (self.writes, "disk write"),
            (self.steps, "log step"),
            (self.updates, "update"),
            (self.changes, "state change"),
            (self.attempts, "attempt"),
        ];
        let counted = counted.into_iter().filter(|(number, _)| *number > 0);
        let counts: Vec<String> = counted.map(|(number, one)| count(number, one)).collect();
        if !counts.is_empty() {
            let lasted = words::span(self.at.since(self.oldest));
            row.add(Ink::Muted, format!("· {} in {lasted}", counts.join(", ")));
        } else if self.calls > 0 {
            row.add(Ink::Muted, format!("· {}", count(self.calls, "call")));
        } else if self.lost + self.contained == 0 {
            row.add(Ink::Muted, format!("· {}", count(self.timers, "timer")));
        }
        row
    }
}

impl Line<'_> {
    fn id(&self) -> EventId {
        match self {
            Line::Loud(record) => record.id,
            Line::Found(id, _) => *id,
            Line::Quiet(quiet) => quiet.newest,
        }
    }

    fn row<'a>(&self, words: &Words, eyes: &Eyes<'a>) -> Row<'a> {
        let row = Row::new(eyes.theme);
        match self {
            Line::Quiet(quiet) => quiet.row(eyes),
            Line::Found(_, milestone) => {
                let (ink, word) = match milestone.kind() {
                    Kind::Failure => (Ink::Failure, "failure: "),
                    // It says itself what it is.
                    Kind::Gray => (Ink::Error, ""),
                    _ => (Ink::Error, "error: "),
                };
                let head = format!("{} {word}", milestone.kind().glyph());
                row.say(Ink::Muted, format!("{:>9} ", milestone.at))
                    .say(ink, head)
                    .say(ink, milestone.to_string())
            }
            Line::Loud(record) => {
                let (glyph, ink) = super::super::words::mark(record);
                let text = if wants(record) { ", for want of a message" } else { "" };
                let plain = matches!(ink, Ink::Muted | Ink::Message);
                row.say(Ink::Muted, format!("{:>9} ", record.at))
                    .say(ink, format!("{glyph} "))
                    .say(if plain { Ink::Text } else { ink }, describe(record, words))
                    .say(Ink::Muted, text)
            }
        }
    }
}
