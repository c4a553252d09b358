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
//! Calls end in the order of time. So the first end of a cluster never changes, clusters come in
//! the order of their first ends, and the last beginning only moves later. What a new answer can
//! break is therefore found beside the one zone that it moves, in O(log n + clients).

use imbl::{OrdMap, Vector};

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

/// A write and the reads that saw it, as far as they bound the zone: from the first end to the last
/// beginning (forward), or from the last beginning to the first end (backward).
#[derive(Clone, Copy, Debug)]
struct Zone {
    value: Value,
    /// The call that ended first.
    first: Party,
    /// The call that began last.
    last: Party,
}

impl Zone {
    fn is_forward(&self) -> bool {
        self.first.ended < self.last.began
    }
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nobody had begun to write what was read.
    Unwritten,
    /// Two values exclude each other.
    Clash(Box<Clash>),
}

/// One register and all that it was said to hold.
#[derive(Clone, Debug)]
pub(super) struct Register {
    /// Writes of which no call has ended: they may have taken effect, and nobody can know.
    pending: OrdMap<u64, Party>,
    /// One for each cluster of which a call has ended, in the order of the first ends.
    zones: Vector<Zone>,
    /// Where the zone of a value is.
    places: OrdMap<u64, usize>,
    /// The forward zones by their beginning, which is the first end: where they are.
    forward: OrdMap<u64, usize>,
}

impl Register {
    /// Makes a register that holds nothing, as if somebody had written nothing before everything.
    pub fn new() -> Register {
        let origin = Party { key: 0, began: 0, ended: 1, reads: false };
        Register {
            pending: OrdMap::new(),
            zones: Vector::unit(Zone { value: None, first: origin, last: origin }),
            places: OrdMap::new(),
            forward: OrdMap::new(),
        }
    }

    /// Takes the beginning of a write, which may take effect from now on, or never.
    pub fn write_began(&mut self, value: u64, write: Party) {
        self.pending.insert(value, write);
    }

    /// Takes the end of a write. It breaks nothing: its zone ends now, and no forward zone does.
    pub fn write_ended(&mut self, value: u64, ended: u64) {
        if let Some(write) = self.pending.remove(&value) {
            let write = Party { ended, ..write };
            self.open_zone(Some(value), write, write);
        }
    }

    /// Takes the end of a read.
    ///
    /// # Errors
    /// Says why no order of the calls explains what was read. From then on none ever will, and the
    /// register is not to be asked again.
    pub fn read_ended(&mut self, value: Value, read: Party) -> Result<(), Wrong> {
        let Some(place) = self.place(value) else {
            // Nothing of this value had ended: its zone ends now, so that none can hold it.
            let write = value.and_then(|value| self.pending.remove(&value));
            let write = write.ok_or(Wrong::Unwritten)?;
            let last = if write.began < read.began { read } else { write };
            self.open_zone(value, read, last);
            return Ok(());
        };
        let zone = self.zones.get_mut(place).expect("a place is that of a zone");
        let was = *zone;
        if read.began <= was.last.began {
            return Ok(());
        }
        zone.last = read;
        let zone = *zone;
        if !was.is_forward() {
            self.look_back(&zone)?;
        }
        if zone.is_forward() {
            if !was.is_forward() {
                self.forward.insert(zone.first.ended, place);
            }
            self.look_ahead(place, &zone)?;
        }
        Ok(())
    }

    /// Returns where the zone of a value is; that of nothing comes before all others.
    fn place(&self, value: Value) -> Option<usize> {
        value.map_or(Some(0), |value| self.places.get(&value).copied())
    }

    fn open_zone(&mut self, value: Value, first: Party, last: Party) {
        if let Some(value) = value {
            self.places.insert(value, self.zones.len());
        }
        self.zones.push_back(Zone { value, first, last });
    }

    /// Sees whether an earlier forward zone overlaps this one or holds it within. Forward zones do
    /// not overlap each other, so that only the last that began before this one can.
    fn look_back(&self, zone: &Zone) -> Result<(), Wrong> {
        let begins = zone.last.began.min(zone.first.ended);
        match self.forward.get_prev(&begins).and_then(|(_, other)| self.zones.get(*other)) {
            Some(other) if other.last.began > zone.first.ended => Err(clash(other, zone)),
            _ => Ok(()),
        }
    }

    /// Sees which zones end first within this forward one. Those that are forward overlap
    /// it, and backward ones that began later than it lie within. The others were open when it
    /// began, so that there are no more of them than clients.
    fn look_ahead(&self, place: usize, zone: &Zone) -> Result<(), Wrong> {
        let after = (place + 1..self.zones.len()).map_while(|index| self.zones.get(index));
        let mut within = after.take_while(|other| other.first.ended < zone.last.began);
        match within.find(|other| other.last.began > zone.first.ended) {
            Some(other) => Err(clash(zone, other)),
            None => Ok(()),
        }
    }
}

fn clash(one: &Zone, other: &Zone) -> Wrong {
    Wrong::Clash(Box::new(Clash {
        values: (one.value, other.value),
        there: (one.first, other.last),
        back: (other.first, one.last),
    }))
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
