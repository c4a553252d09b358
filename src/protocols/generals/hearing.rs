//! What a lieutenant was told of one order, and what it makes of it.

use std::collections::BTreeMap;

use super::message::{Order, Path, Vow};
use crate::sim::Address;

/// How many signed orders of one number are kept and passed on: two show that the commander is a
/// traitor, and a third would show no more.
const SIGNED_MAX: usize = 2;

/// What was told of one order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hearing {
    /// Which round it is, from 1: what should have come in an earlier one comes too late.
    pub round: u16,
    /// What was said, by the path on which it came.
    told: BTreeMap<Path, Option<Order>>,
    /// The orders that bear the commander's signature.
    signed: Vec<Vow>,
}

impl Hearing {
    /// Begins to listen.
    pub(super) fn new() -> Hearing {
        Hearing { round: 1, told: BTreeMap::new(), signed: Vec::new() }
    }

    /// Keeps what was said; returns whether it is the first on its path.
    pub(super) fn tell(&mut self, path: Path, order: Option<Order>) -> bool {
        let is_new = !self.told.contains_key(&path);
        self.told.entry(path).or_insert(order);
        is_new
    }

    /// Keeps a signed order; returns whether it is a new one.
    pub(super) fn show(&mut self, vow: &Vow) -> bool {
        let known = self.signed.iter().any(|other| other.value() == vow.value());
        let is_new = !known && self.signed.len() < SIGNED_MAX;
        if is_new {
            self.signed.push(*vow);
        }
        is_new
    }

    /// Returns what was said on a path; silence is "retreat".
    pub fn told(&self, path: &[u16]) -> Option<Order> {
        self.told.get(path).copied().flatten()
    }

    /// Returns how many messages were kept.
    pub(super) fn count(&self) -> usize {
        self.told.len()
    }

    /// Returns the value of OM at a path: what general `me` is to believe that the path's last one
    /// was told, or in the end what it is to do. `depth` is the m of the whole, `nodes` the n.
    pub(super) fn opinion(
        &self,
        path: &Path,
        (me, nodes, depth): (u16, u16, u16),
    ) -> Option<Order> {
        let direct = self.told(path);
        if path.len() > usize::from(depth) {
            return direct; // OM(0): what was said.
        }
        let others = (1..=nodes).filter(|node| *node != me && !path.contains(node));
        let mut values = vec![direct];
        values.extend(others.map(|other| {
            let mut path = path.clone();
            path.push(other);
            self.opinion(&path, (me, nodes, depth))
        }));
        majority(&values)
    }

    /// Returns the choice of SM: the one order that was signed, or "retreat" where there are two or
    /// none.
    pub(super) fn choice(&self) -> Option<Order> {
        match self.signed.as_slice() {
            [one] => one.value().1,
            _ => None,
        }
    }

    /// Returns whether two orders bear the commander's signature, which no loyal one gives.
    pub(super) fn proves_treason(&self) -> bool {
        self.signed.len() > 1
    }

    /// Says what was told, shortest path first.
    pub(super) fn told_in_words(&self, most: usize) -> impl Iterator<Item = String> + '_ {
        let mut oral: Vec<_> = self.told.iter().collect();
        oral.sort_by_key(|(path, _)| path.len());
        let oral = oral.into_iter().map(|(path, order)| {
            let names: Vec<String> =
                path.iter().rev().map(|node| Address::Node(*node).to_string()).collect();
            format!("{}: {}", names.join(" of "), in_words(*order))
        });
        let signed = self.signed.iter().map(|vow| {
            let signed = in_words(vow.value().1);
            format!("signed by {}: {signed}", vow.by())
        });
        oral.chain(signed).take(most)
    }
}

fn in_words(order: Option<Order>) -> String {
    order.map_or_else(|| "retreat".to_owned(), |order| order.to_string())
}

/// Returns the value that more than half have, or "retreat" where none has.
pub fn majority(values: &[Option<Order>]) -> Option<Order> {
    let candidate = values.iter().find(|value| {
        let same = values.iter().filter(|other| other == value).count();
        same * 2 > values.len()
    });
    candidate.copied().flatten()
}
