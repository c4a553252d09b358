//! One kind of address for all that can send and receive, so that links, timers and clocks serve
//! all.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Who sends, receives or is observed. Numbers begin at 1, as on the screen: `n1`, `c1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A member of the cluster, which runs the protocol.
    Node(u16),
    /// A client, which stands outside and calls in.
    Client(u16),
    /// A monitor, which stands outside and asks whether nodes are well.
    Monitor(u16),
}

impl Address {
    /// The largest number that an address may have.
    pub const LARGEST: u16 = 10_000;

    /// Returns whether this is a member of the cluster.
    pub const fn is_node(self) -> bool {
        matches!(self, Address::Node(_))
    }

    /// Returns the place of this address among its own kind, from 0.
    pub const fn index(self) -> usize {
        match self {
            Address::Node(k) | Address::Client(k) | Address::Monitor(k) => k as usize - 1,
        }
    }

    /// Returns the number of a node, or `None` for what is no node.
    pub const fn node(self) -> Option<u16> {
        match self {
            Address::Node(k) => Some(k),
            Address::Client(_) | Address::Monitor(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Node(k) => f.pad(&format!("n{k}")),
            Address::Client(k) => f.pad(&format!("c{k}")),
            Address::Monitor(k) => f.pad(&format!("m{k}")),
        }
    }
}

impl FromStr for Address {
    type Err = String;
    fn from_str(text: &str) -> Result<Address, String> {
        let wrong = || {
            format!(
                "`{text}` is no address; expected a node such as \"n1\" or a client such as \"c1\""
            )
        };
        let kind = text.chars().next().ok_or_else(wrong)?;
        let number: u16 = text[kind.len_utf8()..].parse().map_err(|_| wrong())?;
        match (kind, number) {
            (_, 0) => Err(wrong()),
            (_, k) if k > Address::LARGEST => Err(wrong()),
            ('n', k) => Ok(Address::Node(k)),
            ('c', k) => Ok(Address::Client(k)),
            ('m', k) => Ok(Address::Monitor(k)),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
