//! On time: every answer comes within the bound (timing failures: Cristian 1991).
//!
//! Only answers are judged: a call without one is a matter of availability.

use crate::oracles::finding::in_millis;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{ClientNote, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "on time",
    grade: Grade::Failure,
    says: "Every answer comes within the bound (performance failures, Cristian 1991).",
    hears: Hears::CALLS,
    make: |bounds, _| Box::new(OnTime::new(bounds)),
};

/// Remembers only the bound: each call is answered at most once.
#[derive(Clone, Debug)]
struct OnTime {
    within: Span,
}

impl OnTime {
    fn new(bounds: &Bounds) -> OnTime {
        OnTime { within: bounds.on_time }
    }
}

impl Oracle for OnTime {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Client(ClientNote::Returned { call, op, .. }) = record.what else { return };
        let Some(closed) = truth.history().closed() else { return };
        let took = record.at.since(closed.called_at);
        if took > self.within {
            let (client, serial) = closed.call;
            let (took, within) = (in_millis(took), in_millis(self.within));
            let text = format!("{call} ({op}) was answered after {took}, not within {within}");
            let evidence = [closed.called, record.id];
            out.push(KIND.raised(record, Subject::Call(client, serial), &evidence, text));
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
    fn an_answer_after_the_bound_is_late() {
        let story = "0 c1 calls 1 write 2 9; 250 c1 returns 1 ok; 300 c1 calls 2 write 2 10; \
                     551 c1 returns 2 ok";
        assert_eq!(
            signals("on time", 3, story),
            ["0.551s + c1#2: c1#2 (write k2 := 10) was answered after 251ms, not within 250ms"]
        );
    }

    #[test]
    fn a_call_without_an_answer_is_not_late() {
        let story = "0 c1 calls 1 write 2 9; 2000 c1 gives-up 1";
        assert_eq!(signals("on time", 3, story), Vec::<String>::new());
    }
}
