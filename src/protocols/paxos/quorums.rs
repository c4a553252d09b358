//! How many acceptors each phase asks: majorities, or any two numbers whose quorums meet.
//!
//! All that the proof needs is that a quorum of phase 1 shares an acceptor with every quorum of
//! phase 2 (P2c, §2.2): so their sizes have to exceed the number of nodes together. Howard, Malkhi
//! and Spiegelman ("Flexible Paxos", 2016) make that a setting. Two majorities are the special case
//! in which both phases cost the same.

use crate::protocols::{Wrong, within};

/// How many acceptors each phase needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quorums {
    /// Promises before a value may be proposed (phase 1).
    pub prepare: u16,
    /// Acceptances before a value is chosen (phase 2).
    pub accept: u16,
}

impl Quorums {
    /// Returns the quorums of so many nodes; what is not given is a majority.
    pub fn of(nodes: u16, prepare: Option<u16>, accept: Option<u16>) -> Quorums {
        let majority = nodes / 2 + 1;
        Quorums { prepare: prepare.unwrap_or(majority), accept: accept.unwrap_or(majority) }
    }

    /// Checks that quorums of the two phases share a node, unless that bound is to be passed.
    ///
    /// # Errors
    /// Where a quorum is empty or larger than the cluster, or where two may be disjoint.
    pub fn check(self, nodes: u16, disjoint: bool) -> Result<(), Wrong> {
        let most = u64::from(nodes);
        within("prepare_quorum", u64::from(self.prepare), 1..=most)?;
        within("accept_quorum", u64::from(self.accept), 1..=most)?;
        let together = u64::from(self.prepare) + u64::from(self.accept);
        if together > most || disjoint {
            return Ok(());
        }
        let message =
            format!("quorums of {} and {} of {nodes} may share nobody", self.prepare, self.accept);
        let expected =
            format!("more than {nodes} together; or `disjoint_quorums: true`, to see what happens");
        Err(Wrong { field: "prepare_quorum", message, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_meet_unless_somebody_asks_that_they_need_not() {
        let check = |nodes, a, b, disjoint| Quorums::of(nodes, a, b).check(nodes, disjoint);
        assert_eq!(check(5, None, None, false), Ok(()));
        assert_eq!(check(5, Some(4), Some(2), false), Ok(()));
        assert_eq!(check(5, Some(1), Some(5), false), Ok(()));
        assert!(check(5, Some(3), Some(2), false).is_err());
        assert_eq!(check(5, Some(3), Some(2), true), Ok(()));
        assert!(check(5, Some(0), None, true).is_err() && check(5, None, Some(6), true).is_err());
        assert_eq!(Quorums::of(4, None, None), Quorums { prepare: 3, accept: 3 });
    }
}
