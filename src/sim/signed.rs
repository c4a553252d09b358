//! Signatures that cannot be forged, and liars who may sign for themselves alone.
//!
//! A signature is modelled by a type whose fields nobody else can write: only the outbox of the
//! signer mints one, or the liar that controls it. That is the whole of what the papers assume of
//! cryptography (Castro and Liskov 1999, section 2).

use serde::{Deserialize, Serialize};

use super::address::Address;

/// A value with its author's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signed<T> {
    by: Address,
    value: T,
}

impl<T> Signed<T> {
    /// Signs; only outboxes and liars may.
    pub(super) const fn mint(by: Address, value: T) -> Signed<T> {
        Signed { by, value }
    }

    /// Returns who signed it.
    pub const fn by(&self) -> Address {
        self.by
    }

    /// Returns what was signed.
    pub const fn value(&self) -> &T {
        &self.value
    }
}

/// What kind of untruth a liar tells; each protocol's `forge` says what it means for its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Untruth {
    /// The contrary of what is so, to those peers alone who are told the second story: commit for
    /// abort, one value for another.
    Contrary,
    /// Another value than the true one, to everybody.
    Value,
    /// A false account of what it has done: a vote that it had no right to give, an acknowledgement
    /// of what it did not keep, a log or a promise that it denies.
    Denial,
}

impl Untruth {
    /// Returns the words for it, after a liar's name.
    pub const fn words(self) -> &'static str {
        match self {
            Untruth::Contrary => "say the contrary",
            Untruth::Value => "tell false values",
            Untruth::Denial => "deny what it did",
        }
    }
}

/// A node that lies, and those who lie with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Liar {
    me: Address,
    tells: Untruth,
    with: Vec<Address>,
}

impl Liar {
    /// Makes a liar that controls itself and those who collude with it.
    pub fn new(me: Address, tells: Untruth, with: Vec<Address>) -> Liar {
        Liar { me, tells, with }
    }

    /// Returns who lies.
    pub const fn me(&self) -> Address {
        self.me
    }

    /// Returns what kind of untruth it tells.
    pub const fn tells(&self) -> Untruth {
        self.tells
    }

    /// Returns whether it can sign for a node: itself, or one that colludes with it.
    pub fn controls(&self, who: Address) -> bool {
        who == self.me || self.with.contains(&who)
    }

    /// Signs a value for a node that it controls; `None` for any other.
    pub fn sign<T>(&self, by: Address, value: T) -> Option<Signed<T>> {
        self.controls(by).then(|| Signed::mint(by, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_liar_signs_for_itself_and_its_own_and_for_nobody_else() {
        let n = Address::Node;
        let liar = Liar::new(n(1), Untruth::Value, vec![n(2)]);
        assert_eq!(liar.sign(n(1), 7).map(|signed| signed.by()), Some(n(1)));
        assert_eq!(liar.sign(n(2), 7).map(|signed| *signed.value()), Some(7));
        assert_eq!(liar.sign(n(3), 7), None);
    }
}
