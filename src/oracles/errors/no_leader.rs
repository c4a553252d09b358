//! No leader: the cluster had one and has none left, so nothing can be decided.
//!
//! Whoever is only paused still leads in its own eyes and in those of others: that is no gap yet.

use super::two_leaders::changes_leaders;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Life, Record};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "no leader",
    grade: Grade::Deviation,
    says: "Somebody leads: without a leader no client is served (Raft §5.2).",
    hears: Hears::ROLES.and(Hears::LIVES),
    make: |_, _| Box::new(NoLeader::default()),
};

/// Remembers whether the cluster is without.
#[derive(Clone, Debug, Default)]
struct NoLeader {
    standing: bool,
}

impl Oracle for NoLeader {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        if !changes_leaders(&record.what) {
            return;
        }
        // Before the first election there is nothing to lack.
        let Some((epoch, led)) = truth.last_led() else { return };
        let is_led = !truth.leading().is_empty();
        if is_led == self.standing {
            self.standing = !is_led;
            if is_led {
                out.push(KIND.cleared(record, Subject::World));
                return;
            }
            let by = led.by;
            let is_down = truth.member(by).is_some_and(|member| member.life == Life::Down);
            let why = if is_down { "is down" } else { "has stepped down" };
            let term = truth.epoch_word();
            let text = format!("nobody leads: {by}, who led {term} {epoch}, {why}");
            out.push(KIND.raised(record, Subject::World, &[led.event, record.id], text));
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
    fn a_cluster_whose_leader_is_down_has_none_until_the_next_is_elected() {
        let story = "0 n1 follows 1; 5 n1 leads 3; 100 n1 down; 300 n2 leads 4; 400 n1 up";
        assert_eq!(
            signals("no leader", 3, story),
            [
                "0.100s + the cluster: nobody leads: n1, who led term 3, is down",
                "0.300s - the cluster"
            ]
        );
    }

    #[test]
    fn a_leader_that_steps_down_leaves_a_gap_and_one_that_is_frozen_does_not() {
        let story = "0 n1 leads 3; 50 n1 paused; 90 n1 up; 200 n1 follows 4; 300 n3 leads 5";
        let said = signals("no leader", 3, story);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("0.200s +") && said[0].ends_with("has stepped down"));
    }

    #[test]
    fn a_second_leader_elsewhere_fills_the_gap() {
        assert!(signals("no leader", 3, "0 n1 leads 3; 100 n2 leads 4; 200 n1 down").is_empty());
    }
}
