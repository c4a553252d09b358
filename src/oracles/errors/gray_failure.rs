//! Gray failure: users find a node ill, and a monitor has had its time and finds it well.
//!
//! A plain crash passes through that cell too, for as long as detection takes. What counts here is
//! what outlasts it: a bad attempt that ends after the time within which the monitor would have
//! found a dead node ill.

use std::collections::BTreeSet;

use crate::oracles::finding::in_millis;
use crate::oracles::views::Cell;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, ClientNote, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "gray failure",
    grade: Grade::Deviation,
    says: "No node is ill to its users and well to a monitor for longer than that monitor takes \
           to find a dead one (differential observability, Huang et al. 2017).",
    hears: Hears::VIEWS,
    make: |_, _| Box::new(GrayFailure::default()),
};

/// Remembers which node is gray to which monitor.
#[derive(Clone, Debug, Default)]
struct GrayFailure {
    standing: BTreeSet<(Address, Address)>,
}

impl Oracle for GrayFailure {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let views = truth.views();
        for change in views.changes().iter().filter(|change| change.was == Cell::Gray) {
            if self.standing.remove(&(change.node, change.monitor)) {
                out.push(KIND.cleared(record, Subject::Pair(change.node, change.monitor)));
            }
        }
        let What::Client(ClientNote::Saw(sample)) = &record.what else { return };
        if !views.is_bad(sample) {
            return;
        }
        let node = sample.node;
        for (eye, standing) in views.of(node).filter(|(_, standing)| standing.cell == Cell::Gray) {
            let lasts = record.at.since(standing.since);
            if lasts < eye.within || !self.standing.insert((node, eye.monitor)) {
                continue;
            }
            let users = views.users(node);
            let (monitor, probe, lasts) = (eye.monitor, eye.probe, in_millis(lasts));
            let text = format!(
                "users find {node} ill ({} bad attempts of {}) and {monitor} finds it well by \
                 {probe}, for {lasts} now",
                users.bad, users.all
            );
            let evidence = [standing.began, record.id];
            out.push(KIND.raised(record, Subject::Pair(node, monitor), &evidence, text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    /// The monitor finds a dead node ill within 700 ms.
    const WATCH: &str = "0 m1 watches ping 700; ";

    #[test]
    fn what_users_miss_for_longer_than_detection_takes_is_gray_until_the_monitor_sees_it() {
        let story = "100 c1 missed n1; 200 c1 missed n1; 500 c2 missed n1; 900 c1 saw n1 20; \
                     901 c1 missed n1; 950 c1 missed n1; 1300 m1 judges n1 ill";
        assert_eq!(
            signals("gray failure", 3, &format!("{WATCH}{story}")),
            [
                "0.901s + n1 and m1: users find n1 ill (4 bad attempts of 5) and m1 finds it well \
                 by ping, for 701ms now",
                "1.300s - n1 and m1",
            ]
        );
    }

    #[test]
    fn a_crash_that_is_detected_in_time_is_not_gray() {
        let story = "100 c1 missed n1; 200 c1 missed n1; 700 m1 judges n1 ill; 901 c1 missed n1";
        let story = format!("{WATCH}{story}");
        assert_eq!(signals("gray failure", 3, &story), Vec::<String>::new());
    }

    #[test]
    fn one_bad_attempt_is_bad_luck_and_old_ones_are_forgotten() {
        let story = "100 c1 missed n1; 2200 c1 missed n1; 2300 c1 saw n2 20; 3200 c1 saw n1 249; \
                     4300 c1 saw n1 251";
        let story = format!("{WATCH}{story}");
        assert_eq!(signals("gray failure", 3, &story), Vec::<String>::new());
    }

    #[test]
    fn late_answers_are_bad_and_it_ends_when_users_are_well_again() {
        let story = "100 c1 saw n2 300; 200 c1 saw n2 300; 1000 c1 saw n2 300; 3100 c1 saw n2 20";
        let said = signals("gray failure", 3, &format!("{WATCH}{story}"));
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[1], "3.100s - n2 and m1");
    }

    #[test]
    fn a_node_is_gray_to_one_monitor_and_not_to_another() {
        let story = "0 m2 watches deep 700; 100 c1 missed n1; 200 c1 missed n1; \
                     600 m2 judges n1 ill; 1000 c1 missed n1";
        let said = signals("gray failure", 3, &format!("{WATCH}{story}"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("1.000s + n1 and m1: "));
    }
}
