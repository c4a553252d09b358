//! Overloaded: a node has more to do than there is room for, and turns away what comes.
//!
//! That is an error and no fault: the node works as it should, on more than it can bear. While the
//! cause lasts it is plain overload; where it outlives its cause, see `progress::metastable`.

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Life, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "overloaded",
    grade: Grade::Deviation,
    says: "What comes to a node finds room: no queue is past its bound.",
    hears: Hears::LOAD.and(Hears::LIVES),
    make: |_, _| Box::new(Overloaded::default()),
};

/// Remembers which nodes are full.
#[derive(Clone, Debug, Default)]
struct Overloaded {
    full: Vec<Subject>,
}

impl Oracle for Overloaded {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _truth: &Truth, out: &mut Vec<Signal>) {
        let Some(who) = record.who else { return };
        let subject = Subject::Node(who);
        match record.what {
            What::Noted(Note::Overloaded { waiting }) if !self.full.contains(&subject) => {
                self.full.push(subject);
                let text =
                    format!("{who} has no room left: {waiting} wait, and more is turned away");
                out.push(KIND.raised(record, subject, &[record.id], text));
            }
            What::Noted(Note::Relieved) | What::Life(Life::Down) => {
                let before = self.full.len();
                self.full.retain(|full| *full != subject);
                if self.full.len() < before {
                    out.push(KIND.cleared(record, subject));
                }
            }
            _ => {}
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
    fn a_node_is_overloaded_until_it_has_room_again_or_goes_down() {
        let story = "0 n1 leads 1; 5 n1 overflows 8; 7 n1 overflows 8; 9 n1 has-room; \
                     11 n2 overflows 8; 12 n2 down; 20 n1 has-room";
        assert_eq!(
            signals("overloaded", 3, story),
            [
                "0.005s + n1: n1 has no room left: 8 wait, and more is turned away",
                "0.009s - n1",
                "0.011s + n2: n2 has no room left: 8 wait, and more is turned away",
                "0.012s - n2",
            ]
        );
    }
}
