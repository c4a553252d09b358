//! The chain of faults, errors and failures, in three lanes from cause to effect.
//!
//! Where a chain was computed, its rows say what a run without each fault has shown; before that
//! the lanes say what is so now, side by side, and claim no cause.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::causes::{self, Confirmed, Containment, Named};
use crate::lab::{Fault, Stage};
use crate::oracles::{Finding, Grade};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{self, Row, rows};
use super::super::theme::Ink;
use super::{is_selected, open};

/// From which width three lanes fit beside each other.
const LANES_FROM: u16 = 60;

/// The chain.
#[derive(Debug)]
pub struct Chain;

/// What stands in one lane of one row, and what a hit on it selects.
#[derive(Debug)]
struct Entry<'a> {
    row: Row<'a>,
    target: Selection,
}

/// Fault, error, failure: the entries of each lane, top first.
type Lanes<'a> = [Vec<Entry<'a>>; 3];

impl View for Chain {
    fn pane(&self) -> Pane {
        Pane::Chain
    }

    fn title(&self) -> &'static str {
        "Chain"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    ) {
        let inner = open(self, &Row::new(eyes.theme), eyes, area, buf);
        if inner.is_empty() {
            return;
        }
        let lanes = lanes(moment, eyes);
        if lanes.iter().all(Vec::is_empty) {
            let text = "Nothing is wrong yet. Press 1-4 or 8 to break something.";
            Row::new(eyes.theme).say(Ink::Muted, " ").say(Ink::Text, text).draw(inner, buf);
            return;
        }
        if inner.width < LANES_FROM || inner.height < 2 {
            one_lane(&lanes, eyes, inner, buf, hits);
            return;
        }
        let width = area.width / 3;
        for (lane, (entries, name)) in (0..).zip(lanes.iter().zip(["FAULT", "ERROR", "FAILURE"])) {
            let x = inner.x + lane * width;
            let right = if lane == 2 { inner.right() } else { x + width };
            let place = Rect { x, width: right - x, ..inner };
            draw_lane(name, lane, entries, eyes, place, buf, hits);
        }
    }
}

/// Returns the ink of a fault's stage.
pub(super) const fn stage_ink(stage: Stage) -> Ink {
    match stage {
        Stage::Dormant => Ink::Dormant,
        Stage::Active => Ink::Active,
        Stage::Healed => Ink::Healed,
    }
}

/// Draws one lane: its name on the rule above, its entries below it.
fn draw_lane(
    name: &str,
    lane: u16,
    entries: &[Entry<'_>],
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    let ink = [Ink::Active, Ink::Error, Ink::Failure][usize::from(lane)];
    let head = Rect { y: area.y - 1, height: 1, ..area };
    let indent = if lane == 0 { 11 } else { 0 };
    let inset = Rect { x: head.x + indent, width: head.width.saturating_sub(indent), ..head };
    let arrow = if lane == 0 { " " } else { "→ " };
    Row::new(eyes.theme).say(Ink::Muted, arrow).say(ink, format!("{name} ")).draw(inset, buf);
    let left = entries.len().saturating_sub(usize::from(area.height));
    for (k, (entry, place)) in entries.iter().zip(rows(area)).enumerate() {
        let place = Rect { width: place.width.saturating_sub(1), ..place };
        if left > 0 && k + 1 == usize::from(area.height) {
            let more = text::count(left + 1, "more");
            let more = more.trim_end_matches('s').to_owned();
            Row::new(eyes.theme).say(Ink::Muted, format!("  … {more}")).draw(place, buf);
            break;
        }
        draw_entry(entry, eyes, place, buf, hits);
    }
}

fn draw_entry(
    entry: &Entry<'_>,
    eyes: &Eyes<'_>,
    place: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    entry.row.draw(place, buf);
    if is_selected(eyes, entry.target) {
        text::select(place, eyes.theme, buf);
    }
    hits.push(Hit { area: place, pane: Pane::Chain, target: entry.target });
}

/// Draws the lanes one below the other, each entry with the name of its lane: the gravest first.
fn one_lane(lanes: &Lanes<'_>, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer, hits: &mut Vec<Hit>) {
    let width = 8;
    let first = lanes.iter().zip(["fault", "error", "failure"]).rev();
    let entries = first.flat_map(|(lane, name)| lane.iter().map(move |entry| (name, entry)));
    for ((name, entry), place) in entries.zip(rows(area)) {
        Row::new(eyes.theme).say(Ink::Muted, format!(" {name}")).draw(place, buf);
        let x = (place.x + width + 1).min(place.right());
        draw_entry(entry, eyes, Rect { x, width: place.right() - x, ..place }, buf, hits);
    }
}

/// Fills the lanes: from the chains that were computed, then from what is so now.
fn lanes<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>) -> Lanes<'a> {
    let mut lanes: Lanes<'a> = Default::default();
    for chain in moment.chains {
        explained(moment, eyes, chain, &mut lanes);
    }
    let told = |id| moment.chains.iter().any(|c| c.faults.iter().any(|named| named.fault == id));
    let newest_first = moment.faults.iter().rev().filter(|(fault, _)| !told(fault.id));
    let (healed, standing): (Vec<_>, Vec<_>) =
        newest_first.partition(|(_, stage)| *stage == Stage::Healed);
    let faults = standing.into_iter().chain(healed);
    lanes[0].extend(faults.map(|(fault, stage)| fault_now(eyes, fault, *stage)));
    let explains = |finding: &Finding| {
        let mut chains = moment.chains.iter();
        chains.any(|c| c.errors.iter().chain(&c.failures).any(|known| known.same(finding)))
    };
    let open: Vec<&Finding> =
        moment.standing.iter().copied().filter(|finding| !explains(finding)).collect();
    for (lane, grave) in [(1, false), (2, true)] {
        let of_lane = |finding: &&&Finding| is_failure(finding.grade) == grave;
        let found: Vec<&Finding> = open.iter().filter(of_lane).copied().collect();
        lanes[lane].extend(by_property(eyes, &found));
    }
    let acts = moment.faults.iter().any(|(_, stage)| *stage == Stage::Active);
    if acts && lanes[2].is_empty() {
        let row = Row::new(eyes.theme).say(Ink::Muted, "  no client has seen anything wrong");
        lanes[2].push(Entry { row, target: Selection::Nothing });
    }
    lanes
}

const fn is_failure(grade: Grade) -> bool {
    matches!(grade, Grade::Failure | Grade::Stall)
}

/// Adds the rows of one chain; each lane is filled up, so that the next chain begins below it.
fn explained<'a>(
    moment: &Moment<'_>,
    eyes: &Eyes<'a>,
    chain: &causes::Chain,
    lanes: &mut Lanes<'a>,
) {
    lanes[0].extend(chain.faults.iter().map(|named| fault_named(moment, eyes, *named)));
    let errors: Vec<&Finding> = chain.errors.iter().collect();
    lanes[1].extend(by_property(eyes, &errors));
    let failures: Vec<&Finding> = chain.failures.iter().collect();
    lanes[2].extend(by_property(eyes, &failures));
    lanes[2].extend(chain.containment.iter().map(|stop| contained(eyes, stop)));
    let deepest = lanes.iter().map(Vec::len).max().unwrap_or(0);
    for lane in lanes {
        while lane.len() < deepest {
            lane.push(Entry { row: Row::new(eyes.theme), target: Selection::Nothing });
        }
    }
}

fn fault_now<'a>(eyes: &Eyes<'a>, fault: &Fault, stage: Stage) -> Entry<'a> {
    let head = format!(" {} {} {} ", fault.id, stage.glyph(), stage.word());
    let row = Row::new(eyes.theme).say(stage_ink(stage), head);
    Entry { row: row.say(Ink::Text, fault.spec.to_string()), target: Selection::Nothing }
}

fn fault_named<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, named: Named) -> Entry<'a> {
    let known = moment.faults.iter().find(|(fault, _)| fault.id == named.fault);
    let text = known.map_or_else(String::new, |(fault, _)| format!(" {}", fault.spec));
    let (glyph, ink, proof) = match named.confirmed {
        Confirmed::ButFor => ('✓', Ink::Active, "without it, it does not happen"),
        Confirmed::Minimal => ('✓', Ink::Active, "one of the fewest that suffice"),
        Confirmed::Proposed => ('?', Ink::Dormant, "proposed by the records"),
        Confirmed::Unconfirmed => ('✗', Ink::Muted, "not confirmed"),
    };
    let row = Row::new(eyes.theme)
        .say(ink, format!(" {glyph} {}", named.fault))
        .say(Ink::Text, text)
        .say(Ink::Muted, format!(": {proof}"));
    Entry { row, target: Selection::Record(named.via) }
}

fn contained<'a>(eyes: &Eyes<'a>, stop: &Containment) -> Entry<'a> {
    let proof = match stop.confirmed {
        Some(true) => " ✓: without it, a failure comes",
        Some(false) => " ✗: without it, none comes either",
        None => "",
    };
    let row = Row::new(eyes.theme)
        .say(Ink::Contained, format!("▣ contained by {}", stop.by))
        .say(Ink::Muted, proof);
    Entry { row, target: Selection::Record(stop.at) }
}

/// Makes one row for each property: the text of its newest finding, and how many there are.
fn by_property<'a>(eyes: &Eyes<'a>, findings: &[&Finding]) -> Vec<Entry<'a>> {
    let mut properties: Vec<(&Finding, usize)> = Vec::new();
    for finding in findings {
        match properties.iter_mut().find(|(other, _)| other.property == finding.property) {
            Some((newest, number)) => {
                *number += 1;
                if newest.at <= finding.at {
                    *newest = finding;
                }
            }
            None => properties.push((finding, 1)),
        }
    }
    properties.sort_by_key(|(finding, _)| std::cmp::Reverse((finding.grade, finding.at)));
    let entry = |(finding, number): (&Finding, usize)| {
        let (glyph, ink) = grade_mark(finding.grade);
        let times = if number > 1 { format!(" ×{number}") } else { String::new() };
        let row = Row::new(eyes.theme)
            .say(ink, format!("{glyph} {}{times} ", finding.property))
            .say(Ink::Text, finding.text.clone());
        Entry { row, target: Selection::Record(finding.event) }
    };
    properties.into_iter().map(entry).collect()
}

/// Returns the glyph and the ink of a grade.
pub(super) const fn grade_mark(grade: Grade) -> (char, Ink) {
    match grade {
        Grade::Deviation | Grade::Breach => ('◆', Ink::Error),
        Grade::Failure => ('✖', Ink::Failure),
        Grade::Stall => ('‖', Ink::Failure),
    }
}
