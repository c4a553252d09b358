//! The cluster by zone and rack, and what is on its way between its members.
//!
//! Here: how densely nodes are drawn (`flow`), one node (`card`), what is known of each (`about`),
//! and what tells equals apart (`crowd`). Absent on purpose: one node in full, which is the
//! inspector's.
//!
//! To show more of a node: a row in `card::rows`, in the order of what matters most.

mod about;
mod card;
mod crowd;
mod flow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::sim::{Life, NodeScene, Role};

use super::super::moment::{Eyes, Hit, Moment, Pane, Selection, View};
use super::super::text::{self, Row, count};
use super::super::theme::Ink;
use super::super::words;
use super::{open, wires};

use about::About;
use crowd::Crowd;
use flow::{Density, Flow};

/// From which width messages are listed beside the nodes rather than below.
const BESIDE_FROM: u16 = 100;
/// Up to how many nodes messages are listed beside them; more nodes need the whole width.
const BESIDE_UP_TO: usize = 24;
/// How wide the list of messages is beside the nodes.
const WIRES_WIDTH: u16 = 48;

/// The grid.
#[derive(Debug)]
pub struct Grid;

impl View for Grid {
    fn pane(&self) -> Pane {
        Pane::Grid
    }

    fn title(&self) -> &'static str {
        "Cluster"
    }

    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    ) {
        let inner = open(self, &summary(moment, eyes), eyes, area, buf);
        if inner.is_empty() {
            return;
        }
        let about = About::read(moment);
        let number = moment.scene.nodes.len();
        let groups = flow::groups(&moment.scene.places, number);
        let fit = |area| Flow::fit(&groups, area);
        let (nodes, beside) = if inner.width >= BESIDE_FROM && number <= BESIDE_UP_TO {
            let width = inner.width - WIRES_WIDTH - 1;
            let beside = Rect { x: inner.x + width + 1, width: WIRES_WIDTH, ..inner };
            (Rect { width, ..inner }, Some(beside))
        } else {
            // Two rows at least are left for what is on its way, if that costs no node its place.
            let kept = if inner.height >= 6 { 2 } else { 0 };
            let above = Rect { height: inner.height - kept, ..inner };
            let all = fit(above).cells.len() == number;
            (if all { above } else { inner }, None)
        };
        let flow = fit(nodes);
        let used = draw_nodes(moment, eyes, &about, &flow, nodes, buf, hits);
        let below = Rect { y: used, height: inner.bottom().saturating_sub(used), ..inner };
        wires::draw(moment, eyes, beside.unwrap_or(below), buf, hits);
    }
}

/// Counts lives and leaders for the pane's rule.
fn summary<'a>(moment: &Moment<'_>, eyes: &Eyes<'a>) -> Row<'a> {
    let nodes = &moment.scene.nodes;
    let mut row = Row::new(eyes.theme).say(Ink::Muted, format!(" {}", count(nodes.len(), "node")));
    for (life, ink) in
        [(Life::Up, Ink::Healthy), (Life::Paused, Ink::Paused), (Life::Down, Ink::Down)]
    {
        let number = nodes.iter().filter(|node| node.life == life).count();
        if number > 0 && number < nodes.len() {
            row.add(ink, format!(", {number} {}", life.word()));
        }
    }
    if let Some(said) = Crowd::of(moment).summary(moment.scene) {
        row.add(Ink::Accent, said);
        return row;
    }
    bound(moment, &mut row);
    if words::are_equals(nodes) {
        row.add(Ink::Muted, " ");
        return row;
    }
    let leads = |node: &&NodeScene| node.life != Life::Down && node.glance.role.leads();
    let waits = |node: &NodeScene| crowd::awaits_leader(node.glance.role);
    let mut leaders = nodes.iter().filter(leads);
    match (leaders.next(), leaders.count()) {
        (None, _) if nodes.iter().any(waits) => row.add(Ink::Candidate, " · nobody leads "),
        (None, _) => row.add(Ink::Muted, " "),
        (Some(leader), 0) => {
            let verb = if leader.glance.role == Role::Proposer { "proposes" } else { "leads" };
            row.add(Ink::Leader, format!(" · {} {verb} ", leader.address));
        }
        // Proposers may well be several: a height ends for one node before it does for another.
        (Some(leader), more) if leader.glance.role == Role::Proposer => {
            row.add(Ink::Leader, format!(" · {} propose ", more + 1));
        }
        (Some(_), more) => row.add(Ink::Error, format!(" · {} believe they lead ", more + 1)),
    }
    row
}

/// Says how many faults the algorithm bears, and whether that bound was passed.
fn bound(moment: &Moment<'_>, row: &mut Row<'_>) {
    let nodes = &moment.scene.nodes;
    let bound = moment.session.scenario().bound();
    let down = nodes.iter().filter(|node| node.life == Life::Down).count();
    let liars = moment.session.panel().liars().len();
    let (may_be_down, may_lie) = (usize::from(bound.down), usize::from(bound.liars));
    if liars > 0 {
        let ink = if liars > may_lie { Ink::Error } else { Ink::Muted };
        row.add(ink, format!(", {liars} lied (bears {may_lie})"));
    }
    if down > may_be_down {
        row.add(Ink::Error, format!(", more down than the {may_be_down} it bears"));
    } else if liars == 0 {
        row.add(Ink::Muted, format!(", bears {may_be_down} down, {may_lie} lying"));
    }
}

/// Draws the nodes as densely as it takes; returns the first row below them.
fn draw_nodes(
    moment: &Moment<'_>,
    eyes: &Eyes<'_>,
    about: &About,
    flow: &Flow,
    area: Rect,
    buf: &mut Buffer,
    hits: &mut Vec<Hit>,
) -> u16 {
    for (label, place) in &flow.labels {
        Row::new(eyes.theme).say(Ink::Muted, label.clone()).draw(*place, buf);
    }
    let mut used = area.top();
    for (node, place) in &flow.cells {
        let scene = &moment.scene.nodes[*node];
        let node = card::Node { scene, about, moment };
        let target = Selection::Member(scene.address);
        match flow.density {
            Density::Card => node.card(eyes, *place, buf),
            Density::Chip => node.chip(eyes, *place, buf),
            Density::Dot => node.dot(eyes, *place, buf),
        }
        if eyes.target == target {
            let head = Rect { height: 1, width: place.width.saturating_sub(1).max(1), ..*place };
            text::select(head, eyes.theme, buf);
        }
        hits.push(Hit { area: *place, pane: Pane::Grid, target });
        used = used.max(place.bottom());
    }
    let left = moment.scene.nodes.len() - flow.cells.len();
    if flow.density == Density::Dot && used < area.bottom() {
        legend(eyes, about.crowd, left, Rect { y: used, height: 1, ..area }, buf);
        used += 1;
    }
    used
}

/// Says what the dots are.
fn legend(eyes: &Eyes<'_>, crowd: Crowd, left: usize, area: Rect, buf: &mut Buffer) {
    let mut row = Row::new(eyes.theme);
    if left > 0 {
        row.add(Ink::Accent, format!("{left} more do not fit. "));
    }
    for &(glyph, ink, word) in crowd.legend().unwrap_or(&card::LEGEND) {
        row.add(ink, glyph.to_string());
        row.add(Ink::Muted, format!(" {word}  "));
    }
    row.draw(area, buf);
}
