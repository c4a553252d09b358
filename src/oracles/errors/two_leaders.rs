//! Two leaders: two nodes live and believe to lead, in one epoch or in two.
//!
//! In two epochs this breaks no invariant of Raft: the older one can decide nothing more. It is an
//! error all the same, and whoever trusts the belief of the older one reads stale data (§8).

use std::collections::BTreeSet;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Life, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "two leaders",
    grade: Grade::Deviation,
    says: "At most one node that lives believes to lead (Raft §8 says why two matter).",
    hears: Hears::ROLES.and(Hears::LIVES),
    make: |_, _| Box::new(TwoLeaders::default()),
};

/// Remembers the pairs that lead now.
#[derive(Clone, Debug, Default)]
struct TwoLeaders {
    standing: BTreeSet<(Address, Address)>,
}

impl Oracle for TwoLeaders {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let (Some(who), true) = (record.who, changes_leaders(&record.what)) else { return };
        let Some(member) = truth.member(who) else { return };
        if !member.role.is_alone() {
            self.standing.retain(|&(a, b)| {
                let gone = a == who || b == who;
                if gone {
                    out.push(KIND.cleared(record, Subject::Pair(a, b)));
                }
                !gone
            });
            return;
        }
        for &other in truth.leading().iter().filter(|other| **other != who) {
            let pair = (who.min(other), who.max(other));
            let Some(rival) = truth.member(other) else { continue };
            if self.standing.insert(pair) {
                let term = truth.epoch_word();
                let text = match (rival.epoch, member.epoch) {
                    (old, new) if old == new => {
                        format!("{} and {} both lead {term} {new}", pair.0, pair.1)
                    }
                    (old, new) => {
                        format!("{other} leads {term} {old} and {who} leads {term} {new}")
                    }
                };
                let evidence = [rival.took_role, record.id];
                out.push(KIND.raised(record, Subject::Pair(pair.0, pair.1), &evidence, text));
            }
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

/// Returns whether a record may change who leads.
pub(super) const fn changes_leaders(what: &What) -> bool {
    matches!(what, What::Noted(Note::Role { .. }) | What::Life(Life::Down) | What::Booted)
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn the_old_leader_that_was_cut_off_still_leads_in_its_own_eyes() {
        let story = "0 n1 leads 3; 100 n3 leads 4; 200 n1 follows 4; 300 n3 leads 5";
        assert_eq!(
            signals("two leaders", 3, story),
            ["0.100s + n1 and n3: n1 leads term 3 and n3 leads term 4", "0.200s - n1 and n3",]
        );
    }

    #[test]
    fn a_paused_leader_counts_and_a_crashed_one_does_not() {
        let story = "0 n1 leads 1; 10 n1 paused; 20 n2 leads 2; 30 n1 down; 40 n3 leads 3; \
                     50 n2 down";
        assert_eq!(
            signals("two leaders", 3, story),
            [
                "0.020s + n1 and n2: n1 leads term 1 and n2 leads term 2",
                "0.030s - n1 and n2",
                "0.040s + n2 and n3: n2 leads term 2 and n3 leads term 3",
                "0.050s - n2 and n3",
            ]
        );
        let down = "0 n1 leads 1; 10 n1 down; 20 n2 leads 2";
        assert_eq!(signals("two leaders", 3, down), Vec::<String>::new());
    }

    #[test]
    fn two_in_one_term_are_named_as_such() {
        assert_eq!(
            signals("two leaders", 3, "0 n3 leads 4; 5 n1 leads 4"),
            ["0.005s + n1 and n3: n1 and n3 both lead term 4"]
        );
    }
}
