//! Whom a client asks next: its favourite or each in turn, and not who is judged ill.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sim::{Address, Aside, Instant};

/// The switch that lets clients avoid nodes that a monitor judges ill.
pub const EJECTION: &str = "ejection";

/// How a client picks whom it asks first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pick {
    /// Who answered last: a client that has found somebody well stays there.
    #[default]
    Favourite,
    /// Each node in turn, as a load balancer does.
    InTurn,
}

/// Whom a client asks next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rotation {
    nodes: u16,
    pick: Pick,
    /// The favourite, or whose turn it is.
    next: Address,
    ejects: bool,
    /// Who is judged ill, and until when that holds unless it is said again.
    ill: BTreeMap<Address, Instant>,
}

impl Rotation {
    /// Makes a rotation over so many nodes; `ejects` says whether those judged ill are avoided.
    pub fn new(nodes: u16, pick: Pick, ejects: bool) -> Rotation {
        Rotation { nodes, pick, next: Address::Node(1), ejects, ill: BTreeMap::new() }
    }

    /// Begins at a node.
    pub fn begin(&mut self, first: Address) {
        self.next = first;
    }

    /// Picks whom to ask, and names who was passed over as ill. Where more than half are judged
    /// ill nobody is passed over: then it is the judge that is to be doubted, and whoever is left
    /// could not bear the load.
    pub fn choose(&mut self, now: Instant) -> (Address, Option<Address>) {
        let wanted = self.next;
        let mut chosen = wanted;
        if self.ejects && !self.ill.is_empty() {
            self.ill.retain(|_, until| *until > now);
            if self.ill.len() * 2 <= usize::from(self.nodes) {
                while self.ill.contains_key(&chosen) {
                    chosen = after(chosen, self.nodes);
                }
            }
        }
        if self.pick == Pick::InTurn {
            self.next = after(chosen, self.nodes);
        }
        (chosen, (chosen != wanted).then_some(wanted))
    }

    /// Takes to a node that answered, or that another pointed at.
    pub fn prefer(&mut self, node: Address) {
        if self.pick == Pick::Favourite {
            self.next = node;
        }
    }

    /// Turns away from a node that did not answer. Only the first of the calls that fail at a node
    /// moves the favourite on.
    pub fn leave(&mut self, node: Address) {
        if self.pick == Pick::Favourite && self.next == node {
            self.next = after(node, self.nodes);
        }
    }

    /// Hears what a monitor finds.
    pub fn hear(&mut self, aside: Aside, now: Instant) {
        match aside {
            Aside::Ill(node, holds) if node.node().is_some_and(|k| k <= self.nodes) => {
                self.ill.insert(node, now + holds);
            }
            Aside::Well(node) => {
                self.ill.remove(&node);
            }
            _ => {}
        }
    }

    /// Turns ejection on or off.
    pub fn set_ejects(&mut self, on: bool) {
        self.ejects = on;
    }

    /// Returns whether those judged ill are avoided.
    pub const fn ejects(&self) -> bool {
        self.ejects
    }
}

/// Returns the next node, the first after the last.
pub(super) fn after(node: Address, nodes: u16) -> Address {
    Address::Node(node.node().unwrap_or(0) % nodes.max(1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Span;

    const fn n(k: u16) -> Address {
        Address::Node(k)
    }

    #[test]
    fn a_favourite_is_kept_until_it_fails_and_a_turn_goes_round() {
        let mut favourite = Rotation::new(3, Pick::Favourite, true);
        favourite.prefer(n(2));
        assert_eq!([0, 1].map(|k| favourite.choose(Instant(k)).0), [n(2), n(2)]);
        favourite.leave(n(2));
        favourite.leave(n(2));
        assert_eq!(favourite.choose(Instant(2)).0, n(3));
        let mut turns = Rotation::new(3, Pick::InTurn, true);
        turns.prefer(n(2));
        assert_eq!([0, 1, 2, 3].map(|k| turns.choose(Instant(k)).0), [n(1), n(2), n(3), n(1)]);
    }

    #[test]
    fn who_is_judged_ill_is_passed_over_while_that_holds() {
        let mut turns = Rotation::new(3, Pick::InTurn, true);
        turns.hear(Aside::Ill(n(1), Span(10)), Instant(0));
        assert_eq!(turns.choose(Instant(1)), (n(2), Some(n(1))));
        turns.begin(n(1));
        assert_eq!(turns.choose(Instant(11)), (n(1), None), "nobody said it again");
        turns.hear(Aside::Ill(n(2), Span(10)), Instant(12));
        turns.set_ejects(false);
        assert_eq!(turns.choose(Instant(13)), (n(2), None));
    }

    #[test]
    fn where_most_are_judged_ill_nobody_is_passed_over() {
        let mut turns = Rotation::new(3, Pick::InTurn, true);
        turns.hear(Aside::Ill(n(1), Span(10)), Instant(0));
        turns.hear(Aside::Ill(n(2), Span(10)), Instant(0));
        turns.hear(Aside::Ill(n(9), Span(10)), Instant(0));
        assert_eq!(turns.choose(Instant(1)), (n(1), None));
    }
}
