//! Accuracy of membership: nobody who lives is declared dead (strong accuracy: Chandra and Toueg
//! 1996).
//!
//! To suspect is a question and may be taken back; to declare dead is an answer. A node that is
//! frozen lives: it will go on where it stopped, and does not know that it was missed.

use std::collections::BTreeSet;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Life, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "accuracy",
    grade: Grade::Breach,
    says: "Nobody who lives is declared dead (accuracy, Chandra and Toueg 1996).",
    hears: Hears::SUSPICIONS,
    make: |_, _| Box::new(Accuracy::default()),
};

/// Remembers who was declared dead alive.
#[derive(Clone, Debug, Default)]
struct Accuracy {
    broken: BTreeSet<Address>,
}

impl Oracle for Accuracy {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Buries(whom)) = record.what else { return };
        let (Some(who), Some(member)) = (record.who, truth.member(whom)) else { return };
        if member.lives() && whom != who && self.broken.insert(whom) {
            let state = if member.life == Life::Paused { "is only paused" } else { "is up" };
            let text = format!("{who} declares {whom} dead, which {state}");
            out.push(KIND.raised(record, Subject::Node(whom), &[record.id], text));
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
    fn to_declare_dead_who_is_up_or_frozen_breaks_it_once() {
        let story = "0 n1 buries n2; 1 n3 buries n2; 2 n3 paused; 3 n1 buries n3; 4 n1 suspects n3";
        assert_eq!(
            signals("accuracy", 3, story),
            [
                "0.000s + n2: n1 declares n2 dead, which is up",
                "0.003s + n3: n1 declares n3 dead, which is only paused",
            ]
        );
    }

    #[test]
    fn to_declare_dead_who_is_down_is_right() {
        assert_eq!(signals("accuracy", 3, "0 n2 down; 5 n1 buries n2"), Vec::<String>::new());
    }
}
