//! Who said yes: what every rule of quorums counts, and counts each node once in.

use smallvec::SmallVec;

/// Who said yes: a set, since a network may bring the same vote twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Voters {
    bits: SmallVec<[u64; 2]>,
    count: u16,
}

impl Voters {
    /// Adds a voter.
    pub fn insert(&mut self, voter: u16) {
        let (word, bit) = (usize::from(voter) / 64, 1 << (voter % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.count += u16::from(self.bits[word] & bit == 0);
        self.bits[word] |= bit;
    }

    /// Returns whether this one said yes.
    pub fn contains(&self, voter: u16) -> bool {
        let word = self.bits.get(usize::from(voter) / 64);
        word.is_some_and(|word| word & 1 << (voter % 64) != 0)
    }

    /// Returns how many there are.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.bits.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voters_are_a_set_of_any_size() {
        let mut voters = Voters::default();
        for voter in [1, 64, 63, 1_000, 64, 1] {
            voters.insert(voter);
        }
        assert_eq!(voters.count(), 4);
        voters.clear();
        assert_eq!(voters.count(), 0);
    }
}
