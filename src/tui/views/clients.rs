//! What the clients were told: one row each, and the share of their calls that was answered.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::sim::{Address, CallId, ClientNote, Instant, Op, Outcome, Record, Span, What};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{self, Row, rows};
use super::super::theme::Ink;
use super::super::words;
use super::{RECORDS_READ_MAX, is_selected, open, watch};

/// How many of a client's newest calls count for its share.
pub(super) const RECENT: usize = 8;

/// From which width the share of answered calls has room for its word.
const COUNTED_FROM: usize = 90;
/// A call that has waited this long says more than the one that was answered last.
const LONG: Span = Span::millis(250);

/// The clients.
#[derive(Debug)]
pub struct Clients;

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for an answer.
    Waits,
    /// It has its answer.
    Answered(Outcome),
    /// Its client has given up.
    GivenUp,
}

/// A call as its client knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub id: CallId,
    pub state: State,
    /// What was asked; known once its beginning was found, or from its end.
    pub op: Option<Op>,
    /// When it began, where that is still known.
    pub began: Option<Instant>,
    /// When it was last heard of.
    pub last: Instant,
}

/// The newest calls of one client, the newest first.
pub(super) type Calls = Vec<Call>;

impl View for Clients {
    fn pane(&self) -> Pane {
        Pane::Clients
    }

    fn title(&self) -> &'static str {
        "Clients"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    ) {
        let note = Row::new(eyes.theme).say(Ink::Muted, " what each was last told ");
        let inner = open(self, &note, eyes, area, buf);
        if inner.is_empty() {
            return;
        }
        let number = usize::from(moment.scene.clients);
        let inner = monitors(moment, eyes, inner, buf, hits);
        if number == 0 {
            Row::new(eyes.theme).say(Ink::Muted, " nobody calls in this scenario").draw(inner, buf);
            return;
        }
        let calls = recent(moment);
        let height = usize::from(inner.height);
        let skipped = if eyes.focus == Pane::Clients { eyes.scroll } else { 0 };
        let skipped = skipped.min(number.saturating_sub(height));
        let shown = (1..=number as u16).zip(&calls).skip(skipped);
        for ((client, calls), place) in shown.zip(rows(inner)) {
            let target = Selection::Member(Address::Client(client));
            let share = share(calls, eyes, usize::from(place.width));
            let left = place.width.saturating_sub(share.width() as u16 + 1);
            let words = row(Address::Client(client), calls, moment.scene.now, eyes);
            words.draw(Rect { width: left, ..place }, buf);
            share.draw_right(place, usize::from(left), buf);
            if is_selected(eyes, target) {
                text::select(place, eyes.theme, buf);
            }
            hits.push(Hit { area: place, pane: Pane::Clients, target });
        }
    }
}

/// Draws what monitors say beside what users see, in at most half of the rows; returns the rest.
fn monitors(
    moment: &Moment<'_>,
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) -> Rect {
    let mut used = 0;
    let room = Rect { height: area.height / 2, ..area };
    for ((monitor, row), place) in watch::of_all(moment, eyes).iter().zip(rows(room)) {
        row.draw(place, buf);
        let target = Selection::Member(*monitor);
        if is_selected(eyes, target) {
            text::select(place, eyes.theme, buf);
        }
        hits.push(Hit { area: place, pane: Pane::Clients, target });
        used += 1;
    }
    Rect { y: area.y + used, height: area.height - used, ..area }
}

/// Reads each client's newest calls from the newest records: first client first.
pub(super) fn recent(moment: &Moment<'_>) -> Vec<Calls> {
    let mut clients: Vec<Calls> = vec![Vec::new(); usize::from(moment.scene.clients)];
    for record in moment.session.newest_records().take(RECORDS_READ_MAX) {
        if let What::Client(note) = &record.what {
            hear(&mut clients, record, note);
        }
    }
    clients
}

/// Takes in what a client said; later records come first.
fn hear(clients: &mut [Calls], record: &Record, note: &ClientNote) {
    let (call, state, op) = match *note {
        ClientNote::Called { call, op } => (call, State::Waits, Some(op)),
        ClientNote::Retried { call, .. } | ClientNote::Spared { call, .. } => {
            (call, State::Waits, None)
        }
        ClientNote::Returned { call, op, outcome } => (call, State::Answered(outcome), Some(op)),
        ClientNote::Circuit { .. } => return,
        ClientNote::GaveUp { call, op } => (call, State::GivenUp, Some(op)),
        ClientNote::Saw(_)
        | ClientNote::Avoided { .. }
        | ClientNote::Watches { .. }
        | ClientNote::Judged { .. } => return,
    };
    let Address::Client(_) = call.client else { return };
    let Some(calls) = clients.get_mut(call.client.index()) else { return };
    let began = matches!(note, ClientNote::Called { .. }).then_some(record.at);
    let room = calls.len() <= RECENT * 2;
    match calls.iter_mut().find(|known| known.id.serial == call.serial) {
        Some(known) => {
            known.began = known.began.or(began);
            known.op = known.op.or(op);
        }
        None if room => {
            calls.push(Call { id: call, state, op, began, last: record.at });
        }
        None => {}
    }
}

fn row<'a>(client: Address, calls: &Calls, now: Instant, eyes: &Eyes<'a>) -> Row<'a> {
    let mut row = Row::new(eyes.theme).say(Ink::Text, format!(" {client} "));
    row.tab(5);
    let waits = calls.iter().filter(|call| call.state == State::Waits && call.began.is_some());
    let oldest = waits.min_by_key(|call| call.began);
    let ended = calls.iter().find(|call| call.state != State::Waits);
    let long = |call: &&Call| call.began.is_some_and(|began| now.since(began) >= LONG);
    match (ended, oldest) {
        (None, None) => row.add(Ink::Muted, "has not called lately"),
        (Some(call), None) => told(&mut row, call),
        (None, Some(call)) => waiting(&mut row, call, now),
        (Some(told_last), Some(waits)) => {
            if long(&waits) {
                waiting(&mut row, waits, now);
                row.add(Ink::Muted, " · ");
                told(&mut row, told_last);
            } else {
                told(&mut row, told_last);
                row.add(Ink::Muted, " · ");
                waiting(&mut row, waits, now);
            }
        }
    }
    row
}

/// Adds how an ended call ended.
pub(super) fn told(row: &mut Row<'_>, call: &Call) {
    let op = call.op.map_or_else(|| call.id.to_string(), |op| op.to_string());
    let took = call.began.map(|began| words::span(call.last.since(began)));
    match call.state {
        State::Waits => {}
        State::Answered(outcome) => {
            row.add(Ink::Healthy, "✓ ");
            let result =
                if outcome == Outcome::Written { String::new() } else { format!(" {outcome}") };
            row.add(Ink::Text, format!("{op}{result}"));
            row.add(Ink::Muted, took.map_or_else(String::new, |took| format!(" in {took}")));
        }
        State::GivenUp => {
            row.add(Ink::Failure, "✖ no answer");
            row.add(Ink::Text, took.map_or_else(String::new, |took| format!(" in {took}")));
            row.add(Ink::Muted, format!(" to {op}"));
        }
    }
}

/// Adds how long an open call has been waiting.
pub(super) fn waiting(row: &mut Row<'_>, call: &Call, now: Instant) {
    let began = call.began.unwrap_or(call.last);
    row.add(Ink::Candidate, format!("… waits for {}", words::span(now.since(began))));
    if call.id.attempt > 1 {
        row.add(Ink::Candidate, format!(", attempt {}", call.id.attempt));
    }
}

/// Tells how the newest calls ended, oldest first, and counts those that were answered, as far as
/// a row of this width has room.
fn share<'a>(calls: &Calls, eyes: &Eyes<'a>, width: usize) -> Row<'a> {
    let ended = calls.iter().filter(|call| call.state != State::Waits).take(RECENT);
    let ended: Vec<bool> = ended.map(|call| call.state != State::GivenUp).collect();
    let mut row = Row::new(eyes.theme);
    for answered in ended.iter().rev() {
        let (glyph, ink) = if *answered { ("✓", Ink::Healthy) } else { ("✖", Ink::Failure) };
        row.add(ink, glyph);
    }
    let answered = ended.iter().filter(|answered| **answered).count();
    if !ended.is_empty() {
        let word = if width >= COUNTED_FROM { " answered" } else { "" };
        row.add(Ink::Muted, format!(" {answered} of {}{word} ", ended.len()));
    }
    row
}
