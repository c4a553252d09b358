//! State machine safety: no two nodes ever apply different entries at one index (Raft Fig. 3,
//! §5.4.3).
//!
//! Two entries count as different where they hold different calls: what a state machine applies is
//! the call, and two no-ops of two terms leave it the same. It is Raft's name for `agreement`.

use super::agreement::OneValueASlot;
use crate::oracles::{Grade, Hears, Kind};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "state machine safety",
    grade: Grade::Breach,
    says: "No two nodes decide one slot differently (Raft Fig. 3, §5.4.3).",
    hears: Hears::DECISIONS,
    make: |_, _| Box::new(OneValueASlot::judging(&KIND)),
};

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn one_slot_is_decided_in_two_ways() {
        let story = "0 n1 decides 1 1 c1#1; 1 n2 decides 1 1 c1#1; 2 n3 decides 1 2 c2#1; \
                     3 n2 decides 1 2 c2#1; 4 n3 decides 2 2 noop";
        assert_eq!(
            signals("state machine safety", 3, story),
            ["0.002s + slot 1: slot 1 is c1#1 to n1 and c2#1 to n3"]
        );
    }

    #[test]
    fn a_slot_that_is_decided_again_alike_breaks_nothing() {
        let story = "0 n1 decides 2 1 c1#1; 1 n1 decides 1 1 noop; 2 n3 decides 2 1 c1#1";
        assert_eq!(signals("state machine safety", 3, story), Vec::<String>::new());
    }
}
