//! Stale leader: a node lives and believes to lead, though a later epoch has had a leader.

use std::collections::BTreeSet;

use super::two_leaders::changes_leaders;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Record, Role};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "stale leader",
    grade: Grade::Deviation,
    says: "Whoever believes to lead has no successor in a later term (Raft §5.1).",
    hears: Hears::ROLES.and(Hears::LIVES),
    make: |_, _| Box::new(StaleLeader::default()),
};

/// Remembers who leads in vain.
#[derive(Clone, Debug, Default)]
struct StaleLeader {
    standing: BTreeSet<Address>,
}

impl Oracle for StaleLeader {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        if !changes_leaders(&record.what) {
            return;
        }
        let Some((newest, led)) = truth.last_led() else { return };
        let is_stale = |who: Address| {
            truth.member(who).is_some_and(|m| m.role == Role::Leader && m.epoch < newest)
        };
        self.standing.retain(|&who| {
            if !is_stale(who) {
                out.push(KIND.cleared(record, Subject::Node(who)));
            }
            is_stale(who)
        });
        for &who in truth.leading().iter().filter(|who| is_stale(**who)) {
            let Some(member) = truth.member(who) else { continue };
            if self.standing.insert(who) {
                let (by, term, old) = (led.by, truth.epoch_word(), member.epoch);
                let text = format!(
                    "{who} still leads {term} {old}, though {by} took the lead of {newest}"
                );
                let evidence = [member.took_role, led.event];
                out.push(KIND.raised(record, Subject::Node(who), &evidence, text));
            }
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
    fn a_leader_is_stale_from_the_next_election_until_it_knows() {
        let story = "0 n1 leads 3; 100 n3 leads 5; 150 n3 down; 200 n1 follows 5; 300 n1 leads 6";
        assert_eq!(
            signals("stale leader", 3, story),
            ["0.100s + n1: n1 still leads term 3, though n3 took the lead of 5", "0.200s - n1",]
        );
    }

    #[test]
    fn votes_that_come_late_make_a_leader_that_is_stale_at_once() {
        let story = "0 n1 leads 5; 10 n2 leads 4; 20 n2 down";
        assert_eq!(
            signals("stale leader", 3, story),
            ["0.010s + n2: n2 still leads term 4, though n1 took the lead of 5", "0.020s - n2",]
        );
    }
}
