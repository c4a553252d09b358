//! What generals say to each other.

use std::fmt;

use smallvec::SmallVec;

use crate::sim::{Address, CallId, Detail, Liar, MessageKind, Nature, Signed};

/// The commander's order, given by himself.
pub static ORDER: MessageKind = MessageKind {
    name: "Order",
    glyph: '⚑',
    nature: Nature::Request,
    fields: &["order", "attack"],
};
/// What a lieutenant says that it was told.
pub static REPORT: MessageKind = MessageKind {
    name: "Report",
    glyph: '»',
    nature: Nature::Control,
    fields: &["order", "attack", "hops"],
};
/// The commander's order with his signature.
pub static SIGNED_ORDER: MessageKind = MessageKind {
    name: "SignedOrder",
    glyph: '⚑',
    nature: Nature::Request,
    fields: &["order", "attack"],
};
/// An order with the commander's signature, and those of all who passed it on.
pub static SIGNED_REPORT: MessageKind = MessageKind {
    name: "SignedReport",
    glyph: '»',
    nature: Nature::Control,
    fields: &["order", "attack", "hops"],
};

/// What is to be done: a client's write. The other order that there is, "retreat", is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// Who asked for it: `CallId::key`.
    pub call: u64,
    /// Which key to write.
    pub key: u64,
    /// Which value.
    pub value: u64,
}

impl Order {
    /// Makes the order that a call asks for.
    pub const fn of(call: CallId, key: u64, value: u64) -> Order {
        Order { call: call.key(), key, value }
    }

    /// Makes an order up that nobody gave: the true one with another value, as of a call that no
    /// client made.
    pub(super) fn made_up(truth: Option<Order>) -> Order {
        let truth = truth.unwrap_or(Order { call: 1 << 32, key: 1, value: 0 });
        Order { call: truth.call | 1 << 31, value: truth.value.saturating_add(1), ..truth }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("k{} := {}", self.key, self.value))
    }
}

/// Through whom an order came, the commander first, the sender last.
pub type Path = SmallVec<[u16; 6]>;

/// An order with its number, under a signature.
pub type Vow = Signed<(u64, Option<Order>)>;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// OM(m): the last of the path says that the one before said … that the commander ordered this.
    Oral {
        /// Which order, from 1.
        slot: u64,
        /// What is ordered.
        order: Option<Order>,
        /// Through whom it came.
        path: Path,
    },
    /// SM(m): the commander's signature under the order, and under the same those of all who passed
    /// it on.
    Signed {
        /// The order, signed by the commander.
        order: Vow,
        /// The others' signatures, in their order.
        chain: Vec<Vow>,
    },
}

impl Message {
    /// Returns the number of the order that it is about.
    pub fn slot(&self) -> u64 {
        match self {
            Message::Oral { slot, .. } => *slot,
            Message::Signed { order, .. } => order.value().0,
        }
    }

    /// Returns what it says was ordered.
    pub fn order(&self) -> Option<Order> {
        match self {
            Message::Oral { order, .. } => *order,
            Message::Signed { order, .. } => order.value().1,
        }
    }

    /// Returns the same message with another order in it, as far as a liar can make it: a signature
    /// of somebody else's cannot be made.
    pub(super) fn saying(&self, said: Option<Order>, liar: &Liar) -> Option<Message> {
        match self {
            Message::Oral { slot, path, .. } => {
                Some(Message::Oral { slot: *slot, order: said, path: path.clone() })
            }
            Message::Signed { order, chain } => {
                let slot = order.value().0;
                let again = |vow: &Vow| liar.sign(vow.by(), (slot, said));
                let chain = chain.iter().map(again).collect::<Option<Vec<Vow>>>()?;
                Some(Message::Signed { order: again(order)?, chain })
            }
        }
    }

    /// Flips one bit of what an oral message orders; a signature would no longer fit.
    pub(super) fn flip(&mut self, bit: u64) -> bool {
        match self {
            Message::Oral { order: Some(order), .. } => {
                order.value ^= 1 << (bit % 32);
                true
            }
            Message::Oral { .. } | Message::Signed { .. } => false,
        }
    }

    /// Returns through whom a message came.
    pub fn path(&self) -> Path {
        match self {
            Message::Oral { path, .. } => path.clone(),
            Message::Signed { order, chain } => {
                let by = |vow: &Vow| match vow.by() {
                    Address::Node(node) => node,
                    Address::Client(_) | Address::Monitor(_) => 0,
                };
                std::iter::once(order).chain(chain).map(by).collect()
            }
        }
    }

    /// Names it.
    pub(super) fn detail(&self) -> Detail {
        let hops = match self {
            Message::Oral { path, .. } => path.len(),
            Message::Signed { chain, .. } => chain.len() + 1,
        };
        let kind = match (self, hops) {
            (Message::Oral { .. }, 0..=1) => &ORDER,
            (Message::Oral { .. }, _) => &REPORT,
            (Message::Signed { .. }, 0..=1) => &SIGNED_ORDER,
            (Message::Signed { .. }, _) => &SIGNED_REPORT,
        };
        let attack = u64::from(self.order().is_some());
        Detail::new(kind, [self.slot(), attack, hops as u64, 0])
    }
}
