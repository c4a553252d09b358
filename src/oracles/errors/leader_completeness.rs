//! Leader completeness: if an entry is committed in a given term, it is present in the logs of the
//! leaders of all higher-numbered terms (Raft Fig. 3, §5.4).
//!
//! The term in which an entry was committed is that of the first node that knew it to be.

use std::collections::BTreeSet;

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "leader completeness",
    grade: Grade::Breach,
    says: "What was decided is in the log of every leader of a later term (Raft Fig. 3, §5.4).",
    hears: Hears::ROLES.and(Hears::DECISIONS),
    make: |_, _| Box::new(LeaderCompleteness::default()),
};

/// Remembers the terms whose leader was found to lack something.
#[derive(Clone, Debug, Default)]
struct LeaderCompleteness {
    broken: BTreeSet<u64>,
}

impl LeaderCompleteness {
    /// Judges a leader by what was decided up to a slot.
    fn judge(
        &mut self,
        record: &Record,
        truth: &Truth,
        (who, up_to): (Address, u64),
        out: &mut Vec<Signal>,
    ) {
        let Some(member) = truth.member(who) else { return };
        let slot = member.log.held() + 1;
        let Some(decision) = truth.ledger().get(slot).filter(|_| slot <= up_to) else { return };
        if self.broken.insert(member.epoch) {
            let (epoch, earlier) = (member.epoch, decision.epoch);
            let what = in_words(decision.entry.value);
            let text = format!(
                "{who} leads term {epoch} without slot {slot} ({what}), decided in term {earlier}"
            );
            let evidence = [decision.event, member.took_role];
            out.push(KIND.raised(record, Subject::Epoch(epoch), &evidence, text));
        }
    }
}

impl Oracle for LeaderCompleteness {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        match (&record.what, record.who) {
            (What::Noted(Note::Role { role: Role::Leader, epoch }), Some(who)) => {
                let up_to = truth.ledger().decided_up_to(epoch.saturating_sub(1));
                self.judge(record, truth, (who, up_to), out);
            }
            // A leader of an earlier term may decide after the next one was elected.
            (What::Noted(Note::Decided { .. }), Some(by)) if truth.first_decided().is_some() => {
                let epoch = truth.member(by).map_or(0, |member| member.epoch);
                for &who in truth.leading() {
                    if truth.member(who).is_some_and(|leader| leader.epoch > epoch) {
                        self.judge(record, truth, (who, truth.ledger().decided_up_to(epoch)), out);
                    }
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
    fn a_leader_without_what_was_decided_before_breaks_it() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 c1#1; 2 n1 decides 1 1 c1#1; 3 n3 leads 2; \
                     4 n3 leads 2";
        assert_eq!(
            signals("leader completeness", 3, story),
            ["0.003s + term 2: n3 leads term 2 without slot 1 (c1#1), decided in term 1"]
        );
    }

    #[test]
    fn an_entry_that_is_decided_late_must_be_there_too() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 c1#1; 2 n3 leads 2; 3 n1 decides 1 1 c1#1";
        assert_eq!(
            signals("leader completeness", 3, story),
            ["0.003s + term 2: n3 leads term 2 without slot 1 (c1#1), decided in term 1"]
        );
    }

    #[test]
    fn a_second_leader_of_the_same_term_breaks_another_property() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 c1#1; 2 n1 decides 1 1 c1#1; 3 n3 leads 1";
        assert_eq!(signals("leader completeness", 3, story), Vec::<String>::new());
        assert_eq!(signals("election safety", 3, story).len(), 1);
    }

    #[test]
    fn a_leader_that_has_it_or_is_of_an_earlier_term_breaks_nothing() {
        let story = "0 n1 leads 3; 1 n1 appends 1 3 c1#1; 1 n2 appends 1 3 c1#1; \
                     2 n1 decides 1 3 c1#1; 3 n2 leads 4; 4 n3 leads 2";
        assert_eq!(signals("leader completeness", 3, story), Vec::<String>::new());
    }
}
