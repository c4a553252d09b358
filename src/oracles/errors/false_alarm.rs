//! False alarm: a monitor judges a node ill that its users find well and that no fault holds.
//!
//! With a fault on the node the same view is right: something masks the fault, and the monitor
//! sees it all the same. Only the truth tells the two apart.

use std::collections::BTreeSet;

use crate::oracles::views::Cell;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, ClientNote, Life, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "false alarm",
    grade: Grade::Deviation,
    says: "No monitor judges a node ill that its users find well and that no fault holds or held \
           while it was asked (accuracy, Chandra and Toueg 1996).",
    hears: Hears::VIEWS,
    make: |_, _| Box::new(FalseAlarm::default()),
};

/// Remembers which node is ill to which monitor against all reason.
#[derive(Clone, Debug, Default)]
struct FalseAlarm {
    standing: BTreeSet<(Address, Address)>,
}

impl Oracle for FalseAlarm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let views = truth.views();
        for change in views.changes().iter().filter(|change| change.was == Cell::Alarm) {
            if self.standing.remove(&(change.node, change.monitor)) {
                out.push(KIND.cleared(record, Subject::Pair(change.node, change.monitor)));
            }
        }
        let What::Client(ClientNote::Judged { node, healthy: false, .. }) = record.what else {
            return;
        };
        let found = views.of(node).find(|(eye, _)| Some(eye.monitor) == record.who);
        let Some((eye, standing)) = found else { return };
        let is_up = truth.member(node).is_some_and(|member| member.life == Life::Up);
        let free = is_up && !truth.held_within(node, record.at, eye.within);
        if standing.cell == Cell::Alarm && free && self.standing.insert((node, eye.monitor)) {
            let (monitor, probe) = (eye.monitor, eye.probe);
            let text = format!(
                "{monitor} finds {node} ill by {probe}, but its users find it well and no fault \
                 holds it"
            );
            out.push(KIND.raised(record, Subject::Pair(node, monitor), &[record.id], text));
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
    fn who_is_judged_ill_without_a_fault_and_with_happy_users_is_wronged() {
        let story = "0 m1 watches ping 700; 100 c1 saw n1 20; 200 m1 judges n1 ill; \
                     900 m1 judges n1 well";
        assert_eq!(
            signals("false alarm", 3, story),
            [
                "0.200s + n1 and m1: m1 finds n1 ill by ping, but its users find it well and no \
                 fault holds it",
                "0.900s - n1 and m1",
            ]
        );
    }

    #[test]
    fn a_fault_that_is_masked_is_no_false_alarm() {
        for story in [
            "0 m1 watches ping 700; 50 n1 down; 200 m1 judges n1 ill",
            "0 m1 watches ping 700; 50 f1 strikes n1; 200 m1 judges n1 ill",
            "0 m1 watches ping 700; 50 f1 strikes n1; 150 f1 healed; 200 m1 judges n1 ill",
            "0 m1 watches ping 700; 50 c1 missed n1; 60 c1 missed n1; 200 m1 judges n1 ill",
        ] {
            assert_eq!(signals("false alarm", 3, story), Vec::<String>::new(), "{story}");
        }
        let late = "0 m1 watches ping 700; 50 f1 strikes n1; 150 f1 healed; 900 m1 judges n1 ill";
        assert_eq!(signals("false alarm", 3, late).len(), 1);
    }
}
