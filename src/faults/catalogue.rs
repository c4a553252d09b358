//! What the taxonomy says of itself: classes, variants, and the words for each.

use std::fmt;

use super::spec::{FaultSpec, Target};

/// What a variant can be aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aim {
    /// One node.
    Node,
    /// One direction between a node and others.
    Link,
    /// Several nodes at once.
    Group,
    /// All clients, whatever is selected.
    Clients,
}

/// A class of faults: one digit of the keyboard, one file of this folder.
#[derive(Debug)]
pub struct Class {
    /// The name that the field uses.
    pub name: &'static str,
    /// The key, which is its place in the taxonomy's order.
    pub digit: char,
    /// One line that says what the class is.
    pub summary: &'static str,
    /// Its variants; the first is what the digit pressed twice takes.
    pub variants: &'static [Variant],
}

/// One way in which a fault of a class comes.
#[derive(Debug)]
pub struct Variant {
    /// Its letter within the class.
    pub letter: char,
    /// Its name, once in the whole taxonomy.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// What is lost.
    pub lost: &'static str,
    /// What is kept.
    pub kept: &'static str,
    /// What others can observe, and from what they cannot tell it.
    pub observed: &'static str,
    /// How it ends.
    pub heals: &'static str,
    /// What it can be aimed at.
    pub takes: &'static [Aim],
    /// Where the field describes it.
    pub source: &'static str,
    /// Makes the fault that a key makes, for a target in a cluster of so many nodes.
    pub make: fn(&Target, u16) -> FaultSpec,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// Where the terms of most variants come from.
pub(super) const CRISTIAN: &str =
    "F. Cristian, Understanding fault-tolerant distributed systems, CACM 34(2), 1991";
