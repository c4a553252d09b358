//! What is on its way, and what was lost on it: one row a message.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::sim::{Address, Detail, EventId, Flight, Instant, Nature, Span, What, Withheld};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection};
use super::super::text::{self, Row, rows};
use super::super::theme::Ink;
use super::super::words;
use super::{RECORDS_READ_MAX, is_selected};

/// For how long a lost message is shown, in virtual time.
const LOST_SHOWN: Span = Span::millis(400);
/// From how many nodes on messages of one sender and kind share a row.
const MERGED_FROM: usize = 12;
/// How many kinds of losses are told apart at most.
const LOSSES_MAX: usize = 64;
/// How many cells a message has to travel at least.
const TRACK_MIN: usize = 5;
/// How many cells a message has to travel at most.
const TRACK_MAX: usize = 16;

/// Messages of one kind that were lost on one link for one reason.
#[derive(Clone, Copy, Debug)]
struct Loss {
    from: Address,
    to: Address,
    detail: Detail,
    why: Withheld,
    /// The record of the newest.
    newest: EventId,
    number: usize,
}

/// Draws what was lately lost and what is on its way, the next to arrive first.
pub(super) fn draw(
    moment: &Moment<'_>,
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    if area.is_empty() {
        return;
    }
    let losses = lost(moment);
    let height = usize::from(area.height);
    let mut places = rows(area);
    for loss in losses.iter().take(height.div_ceil(2)) {
        let Some(place) = places.next() else { return };
        loss_row(loss, eyes, usize::from(area.width)).draw(place, buf);
        remark(eyes, Selection::Link(loss.from, loss.to), loss.newest, place, buf, hits);
    }
    let wires = wires(moment);
    let left: Vec<Rect> = places.collect();
    let fits = if wires.len() > left.len() { left.len().saturating_sub(1) } else { wires.len() };
    for ((flight, number), place) in wires.iter().take(fits).zip(&left) {
        let width = usize::from(area.width);
        flight_row(flight, *number, moment.scene.now, eyes, width).draw(*place, buf);
        remark(eyes, Selection::Link(flight.from, flight.to), flight.sent, *place, buf, hits);
    }
    let hidden: usize = wires.iter().skip(fits).map(|(_, number)| number).sum();
    if let Some(last) = left.get(fits).filter(|_| hidden > 0 || wires.is_empty()) {
        let text = match (hidden, fits) {
            (0, _) => "no message is on its way".to_owned(),
            (hidden, 0) => format!("{} on their way", text::count(hidden, "message")),
            (hidden, _) => format!("… and {hidden} more on their way"),
        };
        Row::new(eyes.theme).say(Ink::Muted, text).draw(*last, buf);
    }
}

/// Marks a row that is selected, and says that it can be hit.
fn remark(
    eyes: &Eyes<'_>,
    link: Selection,
    record: EventId,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    if is_selected(eyes, link) || is_selected(eyes, Selection::Record(record)) {
        text::select(area, eyes.theme, buf);
    }
    hits.push(Hit { area, pane: Pane::Grid, target: link });
}

/// Lists what is on its way, each with how many such messages it stands for: what steers the
/// protocol before what only repeats it, and within each the next to arrive first. In a large
/// cluster what one node sends to many is one row.
fn wires<'a>(moment: &Moment<'a>) -> Vec<(&'a Flight, usize)> {
    let flights = &moment.scene.flights;
    let many = moment.scene.nodes.len() > MERGED_FROM;
    let mut wires: Vec<(&Flight, usize)> = Vec::new();
    let mut senders: BTreeMap<(Address, char), usize> = BTreeMap::new();
    for flight in flights {
        let place = *senders.entry((flight.from, flight.detail.kind.glyph)).or_insert(wires.len());
        match wires.get_mut(place).filter(|_| many) {
            Some((_, number)) => *number += 1,
            None => wires.push((flight, 1)),
        }
    }
    wires.sort_by_key(|(flight, _)| weight(flight.detail.kind.nature));
    wires
}

const fn weight(nature: Nature) -> u8 {
    match nature {
        Nature::Control => 0,
        Nature::Request => 1,
        Nature::Probe => 2,
        Nature::Reply => 3,
    }
}

/// Gathers what was lost lately, the newest first, equal ones counted.
fn lost(moment: &Moment<'_>) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    let now = moment.scene.now;
    let newest = moment.session.newest_records().take(RECORDS_READ_MAX);
    for record in newest.take_while(|record| now.since(record.at) <= LOST_SHOWN) {
        let What::Withheld { from, detail, why } = record.what else { continue };
        let Some(to) = record.who else { continue };
        let same = |loss: &&mut Loss| {
            loss.from == from && loss.to == to && loss.detail.kind == detail.kind && loss.why == why
        };
        let room = losses.len() < LOSSES_MAX;
        match losses.iter_mut().find(same) {
            Some(loss) => loss.number += 1,
            None if room => {
                losses.push(Loss { from, to, detail, why, newest: record.id, number: 1 });
            }
            None => break,
        }
    }
    losses
}

/// Returns how long the track is between two names, for a row of this width.
fn track(width: usize) -> usize {
    (width / 6).clamp(TRACK_MIN, TRACK_MAX)
}

fn loss_row<'a>(loss: &Loss, eyes: &Eyes<'a>, width: usize) -> Row<'a> {
    let half = "─".repeat(track(width) / 2);
    let mut row = Row::new(eyes.theme)
        .say(Ink::Text, format!("{:>4} ", loss.from))
        .say(Ink::Lost, format!("{half}✖{half}"))
        .say(Ink::Text, format!(" {} ", loss.to));
    row.tab(track(width) + 11);
    let times = if loss.number > 1 { format!(" ×{}", loss.number) } else { String::new() };
    row.add(
        Ink::Lost,
        format!("{}{times} lost: {}", loss.detail.kind.name, words::withheld(loss.why)),
    );
    row
}

fn flight_row<'a>(
    flight: &Flight,
    number: usize,
    now: Instant,
    eyes: &Eyes<'a>,
    width: usize,
) -> Row<'a> {
    let track = track(width) / 2 * 2 + 1;
    let whole = flight.due.since(flight.sent_at).0.max(1);
    let gone = now.since(flight.sent_at).0.min(whole);
    // In 64 bits: a flight is far shorter than 2^64 over the length of a track.
    let slid = (gone.saturating_mul(track as u64 - 1) / whole) as usize;
    let at = if eyes.reduced_motion { track / 2 } else { slid };
    let mut row = Row::new(eyes.theme)
        .say(Ink::Text, format!("{:>4} ", flight.from))
        .say(Ink::Muted, "─".repeat(at))
        .say(Ink::Message, flight.detail.kind.glyph.to_string())
        .say(Ink::Muted, format!("{}▸", "─".repeat(track - 1 - at)))
        .say(Ink::Text, format!(" {} ", flight.to));
    row.tab(track + 12);
    if number > 1 {
        row.add(Ink::Text, format!("and {} others: ", number - 1));
    }
    row.add(Ink::Message, words::message(&flight.detail));
    row.add(Ink::Muted, format!(", {} to go", words::span(flight.due.since(now))));
    row
}
