//! Leader append-only: a leader never overwrites or deletes entries in its log; it only appends
//! new ones (Raft Fig. 3, §5.3).

use std::collections::BTreeSet;

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Record, Role};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "leader append-only",
    grade: Grade::Breach,
    says: "A leader never overwrites or deletes entries of its log (Raft Fig. 3, §5.3).",
    hears: Hears::LOGS,
    make: |_, _| Box::new(LeaderAppendOnly::default()),
};

/// Remembers who broke it.
#[derive(Clone, Debug, Default)]
struct LeaderAppendOnly {
    broken: BTreeSet<Address>,
}

impl Oracle for LeaderAppendOnly {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let (Some(cut), Some(who)) = (truth.cut(), record.who) else { return };
        let Some(member) = truth.member(who) else { return };
        if member.role == Role::Leader && self.broken.insert(who) {
            let (slot, epoch, what) = (cut.slot, member.epoch, in_words(cut.entry.slot.value));
            let text = format!("{who} leads term {epoch} and took {what} out of its slot {slot}");
            let evidence = [member.took_role, cut.entry.event, record.id];
            out.push(KIND.raised(record, Subject::Node(who), &evidence, text));
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
    fn a_leader_that_cuts_or_overwrites_breaks_it() {
        let text = "n1: n1 leads term 1 and took c1#1 out of its slot 2";
        for change in ["n1 cuts 2", "n1 appends 2 1 noop"] {
            let story = format!(
                "0 n1 leads 1; 1 n1 appends 1 1 noop; 2 n1 appends 2 1 c1#1; 3 {change}; \
                 4 n1 cuts 1"
            );
            assert_eq!(signals("leader append-only", 3, &story), [format!("0.003s + {text}")]);
        }
    }

    #[test]
    fn a_follower_may_cut_and_a_leader_may_cut_nothing() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 noop; 2 n1 cuts 2; 3 n1 follows 2; 4 n1 cuts 1";
        assert_eq!(signals("leader append-only", 3, story), Vec::<String>::new());
    }
}
