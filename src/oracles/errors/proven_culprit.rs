//! Proven culprit: a node holds signed words of another that no honest node can have given.
//!
//! The error is the culprit's, and holding the proof is what is right: a chain that can say who
//! broke it can shut it out. Whether enough are named is asked by "accountability".

use std::collections::BTreeSet;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "proven culprit",
    grade: Grade::Deviation,
    says: "No node has signed what an honest node cannot have signed (CometBFT, fork \
           accountability).",
    hears: Hears::EVIDENCE,
    make: |_, _| Box::new(ProvenCulprit::default()),
};

/// Remembers whom somebody has accused.
#[derive(Clone, Debug, Default)]
struct ProvenCulprit {
    accused: BTreeSet<Address>,
}

impl Oracle for ProvenCulprit {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Accuses { culprit, slot, proof }) = record.what else { return };
        let Some(who) = record.who else { return };
        if self.accused.insert(culprit) {
            let text = format!("{who} can prove against {culprit}: {proof}, at height {slot}");
            out.push(KIND.raised(record, Subject::Node(culprit), &[record.id], text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn a_culprit_is_named_once_however_many_hold_the_proof() {
        let story = "0 n3 accuses n1 7; 1 n4 accuses n1 7; 2 n4 accuses n2 8";
        assert_eq!(
            signals("proven culprit", 4, story),
            [
                "0.000s + n1: n3 can prove against n1: two votes of one round, at height 7",
                "0.002s + n2: n4 can prove against n2: two votes of one round, at height 8",
            ]
        );
    }
}
