//! Election safety: at most one leader can be elected in a given term (Raft Fig. 3, §5.2).

use std::collections::BTreeSet;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "election safety",
    grade: Grade::Breach,
    says: "At most one leader is elected in a term (Raft Fig. 3, §5.2).",
    hears: Hears::ROLES,
    make: |_, _| Box::new(ElectionSafety::default()),
};

/// Remembers the terms in which it was broken; who led which is in the truth.
#[derive(Clone, Debug, Default)]
struct ElectionSafety {
    broken: BTreeSet<u64>,
}

impl Oracle for ElectionSafety {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Role { role: Role::Leader, epoch }) = record.what else { return };
        let (Some(who), Some(led)) = (record.who, truth.led(epoch)) else { return };
        if led.by != who && self.broken.insert(epoch) {
            let (a, b) = (who.min(led.by), who.max(led.by));
            let text = format!("{a} and {b} were both elected in term {epoch}");
            out.push(KIND.raised(record, Subject::Epoch(epoch), &[led.event, record.id], text));
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
    fn one_term_has_one_leader_even_if_the_first_is_gone() {
        let story = "0 n1 leads 4; 50 n1 down; 100 n3 leads 4; 200 n2 leads 4; 300 n2 leads 5";
        assert_eq!(
            signals("election safety", 3, story),
            ["0.100s + term 4: n1 and n3 were both elected in term 4"]
        );
    }

    #[test]
    fn the_same_node_twice_or_two_terms_break_nothing() {
        let story = "0 n1 leads 1; 10 n2 leads 2; 20 n2 leads 2; 30 n1 leads 3";
        assert_eq!(signals("election safety", 3, story), Vec::<String>::new());
    }
}
