//! Numbers of proposals: each belongs to one proposer, and any two can be compared (§2.2).

/// No run comes near this number. What exceeds it is a lie or a flipped bit, and is not listened
/// to: otherwise one message could use up all the numbers that there are.
pub const BALLOT_MAX: u64 = 1 << 48;

/// The number of a proposal, from 1; 0 is smaller than all of them and stands for none.
///
/// Of `n` nodes, node `k` takes `k`, `k + n`, `k + 2n` …: so that no two draw from the same set
/// (§2.2), and a number says whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot(pub u64);

impl Ballot {
    /// No proposal at all.
    pub const NONE: Ballot = Ballot(0);

    /// Returns whose number it is among so many nodes; `None` where it is nobody's.
    pub const fn owner(self, nodes: u16) -> Option<u16> {
        if self.0 == 0 || self.0 > BALLOT_MAX || nodes == 0 {
            return None;
        }
        Some(((self.0 - 1) % nodes as u64) as u16 + 1)
    }

    /// Returns the smallest number of a node that is greater than this one; `None` where the
    /// numbers are used up.
    pub const fn next(self, node: u16, nodes: u16) -> Option<Ballot> {
        let (node, nodes) = (node as u64, nodes as u64);
        if self.0 >= BALLOT_MAX - nodes {
            return None;
        }
        let rounds = if self.0 < node { 0 } else { (self.0 - node) / nodes + 1 };
        Some(Ballot(node + rounds * nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_ones_own_and_the_smallest_that_is_greater() {
        for nodes in 1..=7 {
            for node in 1..=nodes {
                for before in 0..40 {
                    let next = Ballot(before).next(node, nodes).expect("far from the end");
                    assert_eq!(next.owner(nodes), Some(node));
                    assert!(next.0 > before && next.0 <= before + u64::from(nodes));
                }
            }
        }
    }

    #[test]
    fn numbers_that_nobody_has_belong_to_nobody_and_come_to_an_end() {
        assert_eq!(Ballot::NONE.owner(3), None);
        assert_eq!(Ballot(u64::MAX).owner(3), None);
        assert_eq!(Ballot(u64::MAX).next(1, 3), None);
        assert_eq!(Ballot(BALLOT_MAX - 3).next(1, 3), None);
        assert!(Ballot(BALLOT_MAX - 4).next(1, 3).is_some());
    }
}
