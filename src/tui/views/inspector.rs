//! What is selected, in full: a node, a client, a link, a record; with nothing selected, the
//! verdicts.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::oracles::{Grade, State};
use crate::sim::{Address, Because, EventId, Inspection, Life, Span, What};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{Row, rows};
use super::super::theme::Ink;
use super::super::words::{self, life_mark, role_mark};
use super::chain::grade_mark;
use super::{clients, open, watch};

/// How many rows of a node's log are asked for: more than any screen has.
const LOG_ROWS: usize = 64;
/// In which column values begin.
const VALUES: usize = 15;

/// In which column verdicts begin.
const VERDICTS: usize = 25;

/// The inspector.
#[derive(Debug)]
pub struct Inspector;

/// Rows of the inspector, each with what a hit on it selects.
type Lines<'a> = Vec<(Row<'a>, Selection)>;

impl View for Inspector {
    fn pane(&self) -> Pane {
        Pane::Inspector
    }

    fn title(&self) -> &'static str {
        "Inspector"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    ) {
        let (name, lines) = lines(moment, eyes, area.as_size());
        let note = Row::new(eyes.theme).say(Ink::Accent, format!(" {name} "));
        let inner = open(self, &note, eyes, area, buf);
        let height = usize::from(inner.height);
        let scroll = if eyes.focus == Pane::Inspector { eyes.scroll } else { 0 };
        let scroll = scroll.min(lines.len().saturating_sub(height));
        let left = lines.len() - scroll.min(lines.len());
        let more = match left.saturating_sub(height) {
            0 => Row::new(eyes.theme),
            hidden => Row::new(eyes.theme).say(Ink::Muted, format!(" … {hidden} more")),
        };
        let shown = lines.iter().skip(scroll).take(height);
        for ((row, target), place) in shown.zip(rows(inner)) {
            let last = place.bottom() == inner.bottom();
            let kept = if last { more.width() as u16 } else { 0 };
            row.draw(Rect { width: place.width.saturating_sub(kept), ..place }, buf);
            if last {
                more.draw_right(place, 0, buf);
            }
            if *target != Selection::Nothing {
                hits.push(Hit { area: place, pane: Pane::Inspector, target: *target });
            }
        }
    }
}

/// Returns what is selected, by name, and its rows.
fn lines<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, size: Size) -> (String, Lines<'a>) {
    let chosen = match (eyes.target, eyes.event) {
        (Selection::Nothing, Some(event)) => Selection::Record(event),
        (target, _) => target,
    };
    let plain = |rows: Vec<Row<'a>>| -> Lines<'a> {
        rows.into_iter().map(|row| (row, Selection::Nothing)).collect()
    };
    match chosen {
        Selection::Member(who) if who.is_node() => {
            let node = moment.session.inspect(who, LOG_ROWS);
            (
                who.to_string(),
                plain(node.map_or_else(Vec::new, |node| node_rows(moment, eyes, &node, size))),
            )
        }
        Selection::Member(who @ Address::Monitor(_)) => {
            (who.to_string(), plain(watch::of_monitor(moment, eyes, who, size)))
        }
        Selection::Member(who) => (who.to_string(), plain(client_rows(moment, eyes, who))),
        Selection::Link(from, to) => {
            (format!("{from} → {to}"), plain(link_rows(moment, eyes, from, to)))
        }
        Selection::Record(id) => (format!("event {id}"), record_rows(moment, eyes, id)),
        Selection::Nothing => ("the run".to_owned(), plain(run_rows(moment, eyes))),
    }
}

/// Begins a row with a name and puts the value into its column.
fn pair<'a>(eyes: &Eyes<'a>, name: &str, ink: Ink, value: impl Into<String>) -> Row<'a> {
    let mut row = Row::new(eyes.theme).say(Ink::Muted, format!(" {name}"));
    row.tab(VALUES);
    row.say(ink, value.into())
}

fn heading<'a>(eyes: &Eyes<'a>, text: &'static str) -> Row<'a> {
    Row::new(eyes.theme).say(Ink::Title, " ").say(Ink::Title, text)
}

fn node_rows<'a>(
    moment: &Moment<'_>,
    eyes: &Eyes<'a>,
    node: &Inspection,
    size: Size,
) -> Vec<Row<'a>> {
    let scene = &node.node;
    let role = scene.glance.role;
    let (glyph, ink) = if scene.life == Life::Up { role_mark(role) } else { life_mark(scene.life) };
    let state = match scene.life {
        Life::Up => format!("{glyph} {}", moment.words().role(role)),
        life => format!("{glyph} {}, last {}", life.word(), moment.words().role(role)),
    };
    let mut lines = vec![pair(eyes, "is", ink, state)];
    for id in &scene.faults {
        if let Some((fault, stage)) = moment.faults.iter().find(|(fault, _)| fault.id == *id) {
            let text = format!("{id} {} {}: {}", stage.glyph(), stage.word(), fault.spec);
            lines.push(pair(eyes, "fault", super::chain::stage_ink(*stage), text));
        }
    }
    lines.extend(watch::of_node(moment, eyes, scene.address, size));
    if scene.life == Life::Down {
        lines.push(heading(eyes, "as it was when it went down"));
    }
    // The core's term stands among the protocol's own rows, which say it better.
    for (name, value) in &node.report.rows {
        lines.push(pair(eyes, name, Ink::Text, value.clone()));
    }
    for (name, due) in &node.timers {
        let left = due.since(moment.scene.now);
        let text = match scene.life {
            Life::Paused => format!("{name}, frozen"),
            _ => format!("{name} in {}", words::span(left)),
        };
        lines.push(pair(eyes, "timer", Ink::Text, text));
    }
    lines.push(disk_row(eyes, node));
    lines.push(clock_row(eyes, node));
    lines.extend(work_row(eyes, node));
    lines.extend(log_rows(moment, eyes, node));
    if !node.report.store.is_empty() {
        let pairs = node.report.store.iter().take(16).map(|(key, value)| format!("k{key}={value}"));
        lines.push(pair(eyes, "store", Ink::Text, pairs.collect::<Vec<_>>().join(" ")));
    }
    lines
}

fn disk_row<'a>(eyes: &Eyes<'a>, node: &Inspection) -> Row<'a> {
    let unsynced = match node.node.unsynced {
        0 => "all synced".to_owned(),
        writes => format!("{writes} not synced yet"),
    };
    pair(eyes, "disk", Ink::Text, format!("{}, {unsynced}", node.node.mood.word()))
}

fn clock_row<'a>(eyes: &Eyes<'a>, node: &Inspection) -> Row<'a> {
    let (offset, drift) = (node.node.clock_offset_us, node.node.clock_drift_ppm);
    if (offset, drift) == (0, 0) {
        return pair(eyes, "clock", Ink::Text, "true");
    }
    let sign = if offset < 0 { "behind" } else { "ahead" };
    let off = words::span(Span(offset.unsigned_abs()));
    let drift = if drift == 0 { String::new() } else { format!(", drifts {drift:+} ppm") };
    pair(eyes, "clock", Ink::Active, format!("{off} {sign}{drift}"))
}

fn work_row<'a>(eyes: &Eyes<'a>, node: &Inspection) -> Option<Row<'a>> {
    let (inbox, service) = (node.node.inbox, node.node.service);
    if inbox == 0 && service == Span::ZERO {
        return None;
    }
    let slow = match service {
        Span::ZERO => String::new(),
        time => format!(", each event takes {}", words::span(time)),
    };
    Some(pair(eyes, "inbox", Ink::Active, format!("{inbox} wait{slow}")))
}

/// The newest of the log first: what is decided and what is not are told apart by glyph and word.
fn log_rows<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, node: &Inspection) -> Vec<Row<'a>> {
    let mut lines = Vec::new();
    // The first letter of its word: `t4` for term 4. Transactions have none.
    let words = moment.words();
    let letter = if words.entry.is_empty() { words.epoch } else { words.entry }.get(..1);
    let settled = if words.decided.is_empty() { "committed" } else { words.decided };
    for (k, entry) in node.report.log.iter().rev().enumerate() {
        let name = if k == 0 { "log" } else { "" };
        let (glyph, ink, word) = if entry.decided {
            ('✓', Ink::Text, settled.to_owned())
        } else {
            ('…', Ink::Candidate, format!("not {settled}"))
        };
        let epoch = letter.map_or_else(String::new, |letter| format!("{letter}{} ", entry.epoch));
        let text = format!("{glyph} {:>4} {epoch}{:<18}", entry.slot, entry.text);
        lines.push(pair(eyes, name, ink, text).say(Ink::Muted, word));
    }
    lines
}

fn client_rows<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, who: Address) -> Vec<Row<'a>> {
    let recent = clients::recent(moment);
    let calls = recent.get(who.index()).map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![heading(eyes, "calls, newest first")];
    for call in calls {
        let mut row = Row::new(eyes.theme).say(Ink::Muted, format!(" {:<8}", call.id));
        if call.state == clients::State::Waits {
            clients::waiting(&mut row, call, moment.scene.now);
            let op = call.op.map_or_else(String::new, |op| format!(" for {op}"));
            row.add(Ink::Text, op);
        } else {
            clients::told(&mut row, call);
        }
        lines.push(row);
    }
    lines
}

fn link_rows<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, from: Address, to: Address) -> Vec<Row<'a>> {
    let mut lines = Vec::new();
    let held = moment.scene.links.iter().filter(|link| (link.from, link.to) == (from, to));
    for link in held {
        let (glyph, what) = if link.cut { ('⊘', "nothing passes") } else { ('≈', "bent") };
        let known = moment.faults.iter().find(|(fault, _)| fault.id == link.fault);
        let spec = known.map_or_else(String::new, |(fault, _)| format!(", {}", fault.spec));
        lines.push(pair(
            eyes,
            "held by",
            Ink::Active,
            format!("{} {glyph} {what}{spec}", link.fault),
        ));
    }
    if lines.is_empty() {
        lines.push(pair(eyes, "held by", Ink::Text, "no fault"));
    }
    let flights = moment.scene.flights.iter();
    for flight in flights.filter(|flight| (flight.from, flight.to) == (from, to)).take(32) {
        let left = words::span(flight.due.since(moment.scene.now));
        let text = format!("{} {}, {left} to go", flight.detail.kind.glyph, flight.detail);
        lines.push(pair(eyes, "on its way", Ink::Message, text));
    }
    let newest = moment.session.newest_records().take(super::RECORDS_READ_MAX);
    let lost = newest.filter_map(|record| match record.what {
        What::Withheld { from: sender, detail, why }
            if sender == from && record.who == Some(to) =>
        {
            Some((record.at, detail, why))
        }
        _ => None,
    });
    for (at, detail, why) in lost.take(8) {
        let ago = words::ago(moment.scene.now, at);
        let text = format!("✖ {} {ago}: {}", detail.kind.name, words::withheld(why));
        lines.push(pair(eyes, "lost", Ink::Lost, text));
    }
    lines
}

/// A record and its causes, present and absent; a hit on a cause selects it.
fn record_rows<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>, id: EventId) -> Lines<'a> {
    let Some(record) = moment.session.record(id) else {
        let row = Row::new(eyes.theme).say(Ink::Muted, " lies ahead, or is no longer remembered");
        return vec![(row, Selection::Nothing)];
    };
    let (glyph, ink) = words::mark(record);
    let named = moment.words();
    let when = format!("{} virtual, {}", record.at, words::ago(moment.scene.now, record.at));
    let mut lines = vec![
        (
            pair(eyes, "what", ink, format!("{glyph} {}", words::describe(record, named))),
            Selection::Nothing,
        ),
        (pair(eyes, "when", Ink::Text, when), Selection::Nothing),
    ];
    for cause in &record.because {
        let name = match cause {
            Because::Of(_) => "because",
            Because::LackOf(_) => "for lack of",
        };
        let known = moment.session.record(cause.id());
        let text = known.map_or_else(
            || "no longer remembered".to_owned(),
            |cause| words::describe(cause, named),
        );
        let row = pair(eyes, name, Ink::Text, format!("{} ", cause.id())).say(Ink::Text, text);
        lines.push((row, Selection::Record(cause.id())));
    }
    if record.because.is_empty() {
        lines.push((pair(eyes, "because", Ink::Muted, "nothing before it"), Selection::Nothing));
    }
    let found = moment.standing.iter().filter(|finding| finding.event == id);
    for finding in found {
        let (glyph, ink) = grade_mark(finding.grade);
        let text = format!("{glyph} {}: {}", finding.grade.word(), finding.text);
        lines.push((pair(eyes, "found", ink, text), Selection::Nothing));
    }
    lines
}

/// The verdicts so far, and how the switches stand.
fn run_rows<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>) -> Vec<Row<'a>> {
    let mut verdicts = moment.session.verdicts();
    verdicts.sort_by_key(|verdict| verdict.state == State::Held);
    let mut lines = Vec::new();
    for verdict in &verdicts {
        let (glyph, ink) = grade_mark(verdict.grade);
        let times = if verdict.count > 1 { format!(" ×{}", verdict.count) } else { String::new() };
        let first = verdict.at.map_or_else(String::new, |at| format!(" at {at}"));
        // A deviation is named by what is wrong; it is seen, or not.
        let (ink, text) = match (verdict.state, verdict.grade) {
            (State::Held, Grade::Deviation) => (Ink::Muted, "– not seen".to_owned()),
            (State::Held, _) => (Ink::Healthy, "✓ held".to_owned()),
            (_, Grade::Deviation) => (ink, format!("{glyph} seen{first}{times}")),
            (state, _) => (ink, format!("{glyph} {}{first}{times}", state.word())),
        };
        lines.push(verdict_row(eyes, verdict.property, ink, text));
    }
    for (switch, on) in &moment.scene.switches {
        let text = if *on { "on" } else { "off" };
        lines.push(verdict_row(eyes, switch, Ink::Muted, text.to_owned()));
    }
    lines
}

fn verdict_row<'a>(eyes: &Eyes<'a>, name: &str, ink: Ink, text: String) -> Row<'a> {
    let mut row = Row::new(eyes.theme).say(Ink::Text, format!(" {name}"));
    row.tab(VERDICTS);
    row.say(ink, text)
}
