//! The chain of faults, errors and failures, in three lanes from cause to effect.
//!
//! Where a chain was computed, its rows say what a run without each fault has shown; before that
//! the lanes say what is so now, side by side, and claim no cause.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::causes::{self, Confirmed, Containment, Named};
use crate::faults::Target;
use crate::lab::{Fault, Happening, Stage};
use crate::oracles::{Finding, Grade, Subject};
use crate::sim::{EventId, FaultId, What};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{self, Row, rows};
use super::super::theme::Ink;
use super::super::words;
use super::{is_selected, milestones_so_far, open};

/// From which width three lanes fit beside each other.
const LANES_FROM: u16 = 60;
/// From which width of a lane a finding is told in a sentence; below that it names its subject.
const WORDY_FROM: usize = 36;
/// How many faults are listed at most, the newest first.
const FAULTS_MAX: usize = 32;
/// How many records after an injection are searched for what it took hold of.
const PULLED_WITHIN: u32 = 16;

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
        let widths = [inner.width * 9 / 25, inner.width * 17 / 50];
        let lanes = lanes(moment, eyes, usize::from(widths[1]) >= WORDY_FROM);
        if lanes.iter().all(Vec::is_empty) {
            let text = "Nothing is wrong yet. Press 1-9 to break something.";
            Row::new(eyes.theme).say(Ink::Muted, " ").say(Ink::Text, text).draw(inner, buf);
            return;
        }
        if inner.height < 2 {
            summary(moment, eyes).draw(inner, buf);
            return;
        }
        if inner.width < LANES_FROM {
            one_lane(&lanes, eyes, inner, buf, hits);
            return;
        }
        let widths = [widths[0], widths[1], inner.width - widths[0] - widths[1]];
        let mut x = inner.x;
        for (lane, (entries, name)) in lanes.iter().zip(["FAULT", "ERROR", "FAILURE"]).enumerate() {
            let place = Rect { x, width: widths[lane], ..inner };
            draw_lane(name, lane, entries, eyes, place, buf, hits);
            x = place.right();
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
    lane: usize,
    entries: &[Entry<'_>],
    eyes: &Eyes<'_>,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) {
    let ink = [Ink::Active, Ink::Error, Ink::Failure][lane];
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

/// Says in one row how far it has come: `F1● crash n3 → ◆ two leaders → ✖ on time ×4`.
fn summary<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>) -> Row<'a> {
    let mut row = Row::new(eyes.theme).say(Ink::Text, " ");
    let newest = moment.faults.iter().rev().max_by_key(|(_, stage)| *stage != Stage::Healed);
    match newest {
        Some((fault, stage)) => {
            let text = format!("{}{} {}", fault.id, stage.glyph(), stage.word());
            row.add(stage_ink(*stage), text);
        }
        None => row.add(Ink::Muted, "no fault"),
    }
    for (grave, none) in [(false, "no error"), (true, "no failure")] {
        row.add(Ink::Muted, " → ");
        let of_lane = |finding: &&&Finding| is_failure(finding.grade) == grave;
        let found: Vec<&Finding> = moment.standing.iter().filter(of_lane).copied().collect();
        match found.last() {
            Some(finding) => {
                let (glyph, ink) = grade_mark(finding.grade);
                let more =
                    if found.len() > 1 { format!(" +{}", found.len() - 1) } else { String::new() };
                row.add(ink, format!("{glyph} {}{more}", finding.property));
            }
            None => row.add(Ink::Muted, none),
        }
    }
    row
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
fn lanes<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, wordy: bool) -> Lanes<'a> {
    let names = Names::read(moment);
    let mut lanes: Lanes<'a> = Default::default();
    for chain in moment.chains {
        explained(&names, eyes, chain, wordy, &mut lanes);
    }
    let told = |id| moment.chains.iter().any(|c| c.faults.iter().any(|named| named.fault == id));
    let newest_first = moment.faults.iter().rev().filter(|(fault, _)| !told(fault.id));
    let (healed, standing): (Vec<_>, Vec<_>) =
        newest_first.partition(|(_, stage)| *stage == Stage::Healed);
    let faults = standing.into_iter().chain(healed).take(FAULTS_MAX);
    lanes[0].extend(faults.map(|(fault, stage)| fault_now(eyes, &names, fault, *stage)));
    if lanes[0].is_empty() && !moment.standing.is_empty() {
        let row = Row::new(eyes.theme).say(Ink::Muted, " none yet: press 1-9");
        lanes[0].push(Entry { row, target: Selection::Nothing });
    }
    let told = moment.chains.iter().flat_map(|c| c.errors.iter().chain(&c.failures));
    let told: BTreeSet<(&str, Subject)> = told.map(|f| (f.property, f.subject)).collect();
    let explains = |finding: &Finding| told.contains(&(finding.property, finding.subject));
    let open: Vec<&Finding> =
        moment.standing.iter().copied().filter(|finding| !explains(finding)).collect();
    for (lane, grave) in [(1, false), (2, true)] {
        let of_lane = |finding: &&&Finding| is_failure(finding.grade) == grave;
        let found: Vec<&Finding> = open.iter().filter(of_lane).copied().collect();
        lanes[lane].extend(by_property(eyes, &found, wordy));
    }
    let acts = moment.faults.iter().any(|(_, stage)| *stage == Stage::Active);
    if acts && lanes[2].is_empty() {
        let row = Row::new(eyes.theme).say(Ink::Muted, "  no client saw it");
        lanes[2].push(Entry { row, target: Selection::Nothing });
    }
    lanes
}

const fn is_failure(grade: Grade) -> bool {
    matches!(grade, Grade::Failure | Grade::Stall)
}

/// Adds the rows of one chain; each lane is filled up, so that the next chain begins below it.
fn explained<'a>(
    names: &Names<'_>,
    eyes: &Eyes<'a>,
    chain: &causes::Chain,
    wordy: bool,
    lanes: &mut Lanes<'a>,
) {
    lanes[0].extend(chain.faults.iter().flat_map(|named| accused(names, eyes, *named)));
    let errors: Vec<&Finding> = chain.errors.iter().collect();
    lanes[1].extend(by_property(eyes, &errors, wordy));
    let failures: Vec<&Finding> = chain.failures.iter().collect();
    lanes[2].extend(by_property(eyes, &failures, wordy));
    lanes[2].extend(chain.containment.iter().flat_map(|stop| contained(eyes, stop)));
    let deepest = lanes.iter().map(Vec::len).max().unwrap_or(0);
    for lane in lanes {
        while lane.len() < deepest {
            lane.push(Entry { row: Row::new(eyes.theme), target: Selection::Nothing });
        }
    }
}

fn fault_now<'a>(eyes: &Eyes<'a>, names: &Names<'_>, fault: &Fault, stage: Stage) -> Entry<'a> {
    let head = format!(" {} {} {} ", fault.id, stage.glyph(), stage.word());
    let row = Row::new(eyes.theme).say(stage_ink(stage), head).say(Ink::Text, names.tell(fault));
    let target = names.injected.get(&fault.id).map(|id| Selection::Record(*id));
    Entry { row, target: target.unwrap_or_default() }
}

/// What is needed to say in words what each fault did.
#[derive(Debug)]
struct Names<'a> {
    moment: &'a Moment<'a>,
    /// The record of each injection.
    injected: BTreeMap<FaultId, EventId>,
}

impl<'a> Names<'a> {
    fn read(moment: &'a Moment<'a>) -> Names<'a> {
        let injections = milestones_so_far(moment.session).filter_map(|milestone| {
            let Happening::Injected(fault) = milestone.what else { return None };
            Some((fault, milestone.record))
        });
        let injected = injections.take(FAULTS_MAX).collect();
        Names { moment, injected }
    }

    /// Tells what a fault is, with the leader of that moment by its name.
    fn tell(&self, fault: &Fault) -> String {
        let text = fault.spec.to_string();
        match (fault.spec.target(), self.struck(fault.id)) {
            (Some(Target::Leader), Some(who)) => text.replace("the leader", &who),
            _ => text,
        }
    }

    /// Names whom the first lever of a fault took hold of.
    fn struck(&self, id: FaultId) -> Option<String> {
        let first = self.injected.get(&id)?.0 + 1;
        let after = (first..first + PULLED_WITHIN).map(EventId);
        after.map_while(|id| self.moment.session.record(id)).find_map(|record| match &record.what {
            What::Pulled { fault, lever } if *fault == id => words::held_by(lever),
            _ => None,
        })
    }
}

fn accused<'a>(names: &Names<'_>, eyes: &Eyes<'a>, cause: Named) -> [Entry<'a>; 2] {
    let known = names.moment.faults.iter().find(|(fault, _)| fault.id == cause.fault);
    let text = known.map_or_else(String::new, |(fault, _)| format!(" {}", names.tell(fault)));
    let (glyph, ink, word, proof) = match cause.confirmed {
        Confirmed::ButFor => {
            ('✓', Ink::Active, "confirmed", "not so without it: same seed, run again")
        }
        Confirmed::Minimal => {
            ('✓', Ink::Active, "confirmed", "one of the fewest that suffice together")
        }
        Confirmed::Proposed => ('?', Ink::Dormant, "proposed", "no run without it was made yet"),
        Confirmed::Unconfirmed => {
            ('✗', Ink::Muted, "not confirmed", "so without it, too: same seed, run again")
        }
    };
    let head = Row::new(eyes.theme)
        .say(ink, format!(" {glyph} {} {word}:", cause.fault))
        .say(Ink::Text, text);
    let target = Selection::Record(cause.via);
    [Entry { row: head, target }, proof_row(eyes, proof, target)]
}

fn contained<'a>(eyes: &Eyes<'a>, stop: &Containment) -> [Entry<'a>; 2] {
    let (glyph, proof) = match stop.confirmed {
        Some(true) => (" ✓", "fails without it: same seed, run again"),
        Some(false) => (" ✗", "no failure without it, either"),
        None => ("", "it cannot be switched off to try"),
    };
    let row =
        Row::new(eyes.theme).say(Ink::Contained, format!("▣ contained by {}{glyph}", stop.by));
    let target = Selection::Record(stop.at);
    [Entry { row, target }, proof_row(eyes, proof, target)]
}

/// Says below an entry what a run without it has shown.
fn proof_row<'a>(eyes: &Eyes<'a>, proof: &'static str, target: Selection) -> Entry<'a> {
    Entry { row: Row::new(eyes.theme).say(Ink::Muted, "   ").say(Ink::Muted, proof), target }
}

/// Makes one row for each property: its newest finding in words, and how many there are.
fn by_property<'a>(eyes: &Eyes<'a>, findings: &[&Finding], wordy: bool) -> Vec<Entry<'a>> {
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
            .say(Ink::Text, if wordy { finding.text.clone() } else { finding.subject.to_string() });
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
