//! Linearizability of one register, exactly and as it happens.
//!
//! Since every write of a run has a value of its own, each read says which write it saw, and the
//! question that is NP-complete in general becomes easy (Gibbons and Korach 1997, "Testing shared
//! memories", §4). A write and the reads that saw it are a cluster. Its zone lies between the first
//! end and the last beginning of its calls: *forward* where the first end comes before the last
//! beginning (the value must have been there all the time between), *backward* otherwise (the value
//! may have been there for just one moment in it). The history is linearizable if and only if
//! nobody read what was not yet written, no two forward zones overlap, and no backward zone lies
//! within a forward one.
//!
//! Calls end in the order of time, so that zones only ever grow forwards: the first end of a
//! cluster never changes, and the last beginning only moves later. What a new answer can break is
//! therefore found beside the one zone that it moves.

use imbl::OrdMap;

/// One call as the theorem sees it. Times are record numbers plus `FIRST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Party {
    /// `CallId::key` of the call; 0 for the write of the beginning, which nobody called.
    pub key: u64,
    /// When it began.
    pub began: u64,
    /// When it ended; `OPEN` where it has not.
    pub ended: u64,
    /// Whether it is a read.
    pub reads: bool,
}

/// When the first record is: before it lie the two ends of the write of the beginning.
pub(super) const FIRST: u64 = 2;
/// The end of a call that has none.
pub(super) const OPEN: u64 = u64::MAX;

/// What a register may hold: nothing, or a value.
type Value = Option<u64>;

/// A write and the reads that saw it, as far as they bound the zone.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// The call that ended first, once one has.
    first: Option<Party>,
    /// The call that began last.
    last: Party,
}

/// Two values that each must have been there before the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    /// One value, and the other.
    pub values: (Value, Value),
    /// This call, of the first value, ended before that one, of the second, began.
    pub there: (Party, Party),
    /// This call, of the second value, ended before that one, of the first, began.
    pub back: (Party, Party),
}

/// Why an answer cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nobody had begun to write what was read.
    Unwritten,
    /// Two values exclude each other.
    Clash(Clash),
}

/// One register and all that it was said to hold.
#[derive(Clone, Debug)]
pub(super) struct Register {
    clusters: OrdMap<Value, Cluster>,
    /// Forward zones by their beginning, which is the first end: where they end, and whose they are.
    forward: OrdMap<u64, (u64, Value)>,
    /// Backward zones by their end, which is the first end: where they begin, and whose they are.
    backward: OrdMap<u64, (u64, Value)>,
}

impl Register {
    /// Makes a register that holds nothing, as if somebody had written nothing before everything.
    pub fn new() -> Register {
        let origin = Party { key: 0, began: 0, ended: 1, reads: false };
        let cluster = Cluster { first: Some(origin), last: origin };
        Register {
            clusters: OrdMap::unit(None, cluster),
            forward: OrdMap::new(),
            backward: OrdMap::unit(1, (0, None)),
        }
    }

    /// Takes the beginning of a write, which may take effect from now on, or never.
    pub fn write_began(&mut self, value: u64, write: Party) {
        self.clusters.entry(Some(value)).or_insert(Cluster { first: None, last: write });
    }

    /// Takes the end of a write. It breaks nothing: its zone ends now, and no forward zone does.
    pub fn write_ended(&mut self, value: u64, ended: u64) {
        let Some(cluster) = self.clusters.get_mut(&Some(value)) else { return };
        if !cluster.last.reads {
            cluster.last.ended = ended;
        }
        if cluster.first.is_none() {
            cluster.first = Some(cluster.last);
            self.backward.insert(ended, (cluster.last.began, Some(value)));
        }
    }

    /// Takes the end of a read.
    ///
    /// # Errors
    /// Says why no order of the calls explains what was read. From then on none ever will, and the
    /// register is not to be asked again.
    pub fn read_ended(&mut self, value: Value, read: Party) -> Result<(), Wrong> {
        let cluster = self.clusters.get_mut(&value).ok_or(Wrong::Unwritten)?;
        let before = cluster.last.began;
        if read.began > before {
            cluster.last = read;
        }
        let Some(first) = cluster.first else {
            // Nothing of this value had ended: the zone ends now, so nothing can hold it within.
            cluster.first = Some(read);
            self.backward.insert(read.ended, (cluster.last.began, value));
            return Ok(());
        };
        if read.began <= before {
            return Ok(());
        }
        if read.began < first.ended {
            return self.shrink_backward(value, first.ended, read.began);
        }
        if before < first.ended {
            self.backward.remove(&first.ended);
        }
        self.grow_forward(value, (first.ended, before), read.began)
    }

    /// A backward zone begins later now: a forward zone may hold it within.
    fn shrink_backward(&mut self, value: Value, end: u64, begin: u64) -> Result<(), Wrong> {
        self.backward.insert(end, (begin, value));
        match self.forward.get_prev(&begin) {
            Some((_, &(theirs, other))) if theirs > end => Err(self.clash(other, value)),
            _ => Ok(()),
        }
    }

    /// A forward zone from `begin` ends at `end` now, and no longer at `before` (which lies before
    /// its beginning where it was a backward zone): others may overlap it or lie within.
    fn grow_forward(
        &mut self,
        value: Value,
        (begin, before): (u64, u64),
        end: u64,
    ) -> Result<(), Wrong> {
        self.forward.insert(begin, (end, value));
        if let Some((_, &(theirs, other))) = self.forward.get_prev(&(begin - 1))
            && theirs > begin
        {
            return Err(self.clash(other, value));
        }
        if let Some((&theirs, &(_, other))) = self.forward.get_next(&(begin + 1))
            && theirs < end
        {
            return Err(self.clash(value, other));
        }
        // Zones that end here and began before `begin` were open at `begin`: no more than there are
        // clients. The first that began later lies within, and ends the search.
        let ends = begin.max(before) + 1..end;
        let within = self.backward.range(ends).find(|(_, (theirs, _))| *theirs > begin);
        match within.map(|(_, (_, other))| *other) {
            Some(other) => Err(self.clash(value, other)),
            None => Ok(()),
        }
    }

    fn clash(&self, one: Value, other: Value) -> Wrong {
        let ends = |value| {
            let cluster = self.clusters.get(&value).expect("a zone belongs to a cluster");
            (cluster.first.expect("a zone has a first end"), cluster.last)
        };
        let ((first, last), (others_first, others_last)) = (ends(one), ends(other));
        Wrong::Clash(Clash {
            values: (one, other),
            there: (first, others_last),
            back: (others_first, last),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: u64, began: u64, ended: u64) -> Party {
        Party { key, began, ended, reads: true }
    }

    fn write(key: u64, began: u64) -> Party {
        Party { key, began, ended: OPEN, reads: false }
    }

    fn clash(result: Result<(), Wrong>) -> (Value, Value) {
        match result {
            Err(Wrong::Clash(clash)) => {
                assert!(clash.there.0.ended < clash.there.1.began, "{clash:?}");
                assert!(clash.back.0.ended < clash.back.1.began, "{clash:?}");
                clash.values
            }
            other => panic!("no clash: {other:?}"),
        }
    }

    #[test]
    fn what_was_overwritten_is_not_read_again() {
        let mut register = Register::new();
        register.write_began(7, write(1, 2));
        register.write_ended(7, 3);
        register.write_began(9, write(2, 4));
        assert_eq!(register.read_ended(Some(7), read(3, 5, 6)), Ok(()));
        register.write_ended(9, 7);
        assert_eq!(clash(register.read_ended(Some(7), read(4, 8, 9))), (Some(7), Some(9)));
    }

    #[test]
    fn nothing_is_read_only_before_the_first_write_is_done() {
        let mut register = Register::new();
        register.write_began(7, write(1, 2));
        assert_eq!(register.read_ended(None, read(2, 3, 4)), Ok(()));
        assert_eq!(register.read_ended(Some(7), read(3, 5, 6)), Ok(()));
        assert_eq!(clash(register.read_ended(None, read(4, 7, 8))), (None, Some(7)));
    }

    #[test]
    fn what_nobody_wrote_is_not_read() {
        let mut register = Register::new();
        assert_eq!(register.read_ended(Some(7), read(1, 2, 3)), Err(Wrong::Unwritten));
    }

    #[test]
    fn two_values_do_not_take_turns() {
        let mut register = Register::new();
        register.write_began(7, write(1, 2));
        register.write_began(9, write(2, 3));
        assert_eq!(register.read_ended(Some(7), read(3, 4, 5)), Ok(()));
        assert_eq!(register.read_ended(Some(9), read(4, 6, 7)), Ok(()));
        assert_eq!(clash(register.read_ended(Some(7), read(5, 8, 9))), (Some(7), Some(9)));
    }

    #[test]
    fn a_backward_zone_that_shrinks_into_a_forward_one_is_found() {
        let mut register = Register::new();
        register.write_began(9, write(1, 2));
        register.write_began(7, write(2, 3));
        // A read of 9 runs from 4, and 7 is written by 5: so far 9 may have come first.
        register.write_ended(7, 5);
        assert_eq!(register.read_ended(Some(9), read(3, 4, 7)), Ok(()));
        assert_eq!(register.read_ended(Some(7), read(4, 8, 9)), Ok(()));
        // Another read of 9 began at 6, between the two moments at which 7 was there.
        assert_eq!(clash(register.read_ended(Some(9), read(5, 6, 10))), (Some(7), Some(9)));
    }

    #[test]
    fn a_forward_zone_that_grows_over_another_is_found() {
        let mut register = Register::new();
        register.write_began(7, write(1, 2));
        register.write_began(9, write(2, 3));
        register.write_ended(7, 4);
        assert_eq!(register.read_ended(Some(9), read(3, 5, 6)), Ok(()));
        assert_eq!(register.read_ended(Some(9), read(4, 7, 8)), Ok(()));
        assert_eq!(clash(register.read_ended(Some(7), read(5, 9, 10))), (Some(7), Some(9)));
    }
}
