//! How densely nodes are drawn, and where: by zone, then rack, then number.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::sim::Place;

/// How much of each node is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Density {
    /// Several rows of words.
    Card,
    /// Name, role, term and a mark.
    Chip,
    /// One glyph.
    Dot,
}

/// Sizes of one node, the roomiest first; the first that fits all nodes is taken.
const SIZES: [(Density, u16, u16); 14] = [
    (Density::Card, 34, 8),
    (Density::Card, 30, 7),
    (Density::Card, 26, 7),
    (Density::Card, 30, 6),
    (Density::Card, 26, 6),
    (Density::Card, 22, 6),
    (Density::Card, 19, 6),
    (Density::Card, 22, 5),
    (Density::Card, 19, 5),
    (Density::Card, 15, 5),
    (Density::Card, 15, 4),
    (Density::Chip, 13, 1),
    (Density::Chip, 11, 1),
    (Density::Dot, 1, 1),
];
/// How wide a zone's name may be where it stands beside its nodes.
const LABEL_MAX: usize = 10;

/// Where everything is drawn.
#[derive(Debug)]
pub(super) struct Flow {
    pub density: Density,
    /// Zones' names, each with its place.
    pub labels: Vec<(String, Rect)>,
    /// Nodes by their index, each with its place; where not all fit, the first ones.
    pub cells: Vec<(usize, Rect)>,
}

/// Nodes of one zone, or of one rack.
#[derive(Debug)]
pub(super) struct Group {
    label: String,
    nodes: Vec<usize>,
}

impl Flow {
    /// Finds the roomiest way in which so many nodes fit.
    pub fn fit(groups: &[Group], area: Rect) -> Flow {
        let nodes: usize = groups.iter().map(|group| group.nodes.len()).sum();
        let mut last = None;
        for (density, width, height) in SIZES {
            let flow = match density {
                Density::Card => shelves(groups, (width, height), area),
                Density::Chip | Density::Dot => lines(groups, density, width, area),
            };
            if flow.cells.len() == nodes {
                return flow;
            }
            last = Some(flow);
        }
        last.expect("there are sizes")
    }
}

/// Puts nodes together by region, zone and rack, in the order of their names.
pub(super) fn groups(places: &[Place], nodes: usize) -> Vec<Group> {
    static UNPLACED: Place = Place {
        region: String::new(),
        zone: String::new(),
        rack: String::new(),
        version: String::new(),
    };
    let place = |node: usize| places.get(node).unwrap_or(&UNPLACED);
    // Zones are few and racks mostly in order, so that this costs little with a thousand nodes.
    let mut zones: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for node in 0..nodes {
        let key = (place(node).region.as_str(), place(node).zone.as_str());
        zones.entry(key).or_default().push(node);
    }
    let mut racks = 0;
    for zone in zones.values_mut() {
        let rank = |node: usize| (place(node).rack.len(), place(node).rack.as_str());
        zone.sort_by(|a, b| rank(*a).cmp(&rank(*b)));
        racks += zone.chunk_by(|a, b| place(*a).rack == place(*b).rack).count();
    }
    // A rack is a group of its own only where racks hold more than one node.
    let by_rack = racks * 2 <= nodes;
    let chunks = zones
        .values()
        .flat_map(|zone| zone.chunk_by(move |a, b| !by_rack || place(*a).rack == place(*b).rack));
    let chunks = chunks.map(|nodes| {
        let label = label(place(nodes[0]), by_rack);
        Group { label, nodes: nodes.to_vec() }
    });
    chunks.collect()
}

fn label(place: &Place, by_rack: bool) -> String {
    let rack = if by_rack { place.rack.as_str() } else { "" };
    let parts = [place.region.as_str(), place.zone.as_str(), rack];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!("zone {}", parts.join("/")),
    }
}

/// Lays cards out in rows, each row with the zones' names above it.
fn shelves(groups: &[Group], (width, height): (u16, u16), area: Rect) -> Flow {
    let mut flow = Flow { density: Density::Card, labels: Vec::new(), cells: Vec::new() };
    let named = groups.iter().any(|group| !group.label.is_empty());
    let head = u16::from(named);
    let (mut x, mut y) = (area.left(), area.top());
    for group in groups {
        let mut labelled = false;
        let needed = width * group.nodes.len() as u16;
        // A zone that fits a row of its own is not torn in two.
        if x > area.left() && x + needed > area.right() + 1 && needed <= area.width + 1 {
            (x, y) = (area.left(), y + head + height);
        }
        for node in &group.nodes {
            if x + width > area.right() + 1 {
                (x, y) = (area.left(), y + head + height);
                labelled = false;
            }
            let bottom = y + head + height;
            if bottom > area.bottom() || width > area.width + 1 {
                return flow;
            }
            if named && !labelled {
                let place = Rect::new(x, y, width - 1, 1);
                flow.labels.push((group.label.clone(), place));
                labelled = true;
            }
            let cell = Rect::new(x, y + head, width, height);
            flow.cells.push((*node, cell.intersection(area)));
            x += width;
        }
    }
    flow
}

/// Lays chips or dots out in lines, each zone beginning a line with its name.
fn lines(groups: &[Group], density: Density, width: u16, area: Rect) -> Flow {
    let mut flow = Flow { density, labels: Vec::new(), cells: Vec::new() };
    let longest = groups.iter().map(|group| group.label.len()).max().unwrap_or(0).min(LABEL_MAX);
    let margin = if longest == 0 { 0 } else { longest as u16 + 1 };
    let left = area.left() + margin.min(area.width);
    // A dot more at the bottom is worth less than the row that says what dots are.
    let bottom = area.bottom() - u16::from(density == Density::Dot && area.height > 1);
    let mut y = area.top();
    for group in groups {
        let mut x = left;
        if y < bottom && margin > 0 {
            flow.labels.push((group.label.clone(), Rect::new(area.x, y, left - area.x - 1, 1)));
        }
        for node in &group.nodes {
            if x + width > area.right() {
                (x, y) = (left, y + 1);
            }
            if y >= bottom || x + width > area.right() {
                return flow;
            }
            flow.cells.push((*node, Rect::new(x, y, width, 1)));
            x += width;
        }
        y += 1;
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(nodes: usize, zones: &[&str]) -> Vec<Place> {
        let place = |k: usize| Place {
            zone: zones[k % zones.len()].to_owned(),
            rack: (k / zones.len() + 1).to_string(),
            ..Place::default()
        };
        (0..nodes).map(place).collect()
    }

    #[test]
    fn more_nodes_are_drawn_more_densely_and_none_is_left_out() {
        let area = Rect::new(0, 0, 110, 40);
        let zones = ["a", "b", "c"];
        let cases = [(5, Density::Card), (200, Density::Chip), (1_000, Density::Dot)];
        for (nodes, density) in cases {
            let flow = Flow::fit(&groups(&spread(nodes, &zones), nodes), area);
            assert_eq!((flow.density, flow.cells.len()), (density, nodes));
        }
    }

    #[test]
    fn nodes_never_overlap_and_stay_inside() {
        for (nodes, width, height) in [(5, 80, 9), (7, 60, 10), (30, 38, 5), (1_000, 38, 5)] {
            let area = Rect::new(2, 3, width, height);
            let flow = Flow::fit(&groups(&spread(nodes, &["a", "b"]), nodes), area);
            for (k, (_, cell)) in flow.cells.iter().enumerate() {
                assert_eq!(cell.intersection(area), *cell);
                assert!(!flow.cells[k + 1..].iter().any(|(_, other)| other.intersects(*cell)));
            }
        }
    }

    #[test]
    fn racks_are_told_apart_where_they_hold_more_than_one_node() {
        let mut places = spread(8, &["a"]);
        for (k, place) in places.iter_mut().enumerate() {
            place.rack = (k / 4 + 1).to_string();
        }
        let labels: Vec<String> = groups(&places, 8).into_iter().map(|group| group.label).collect();
        assert_eq!(labels, ["zone a/1", "zone a/2"]);
    }
}
