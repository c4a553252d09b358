//! Available: every call is answered before its client gives up.

use crate::oracles::finding::in_millis;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{ClientNote, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "available",
    grade: Grade::Failure,
    says: "Every call is answered before its client gives up (readiness for correct service).",
    hears: Hears::CALLS,
    make: |bounds, _| Box::new(Available::new(bounds)),
};

/// Remembers only the bound: each call is given up at most once.
#[derive(Clone, Debug)]
struct Available {
    deadline: Span,
}

impl Available {
    fn new(bounds: &Bounds) -> Available {
        Available { deadline: bounds.deadline }
    }
}

impl Oracle for Available {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let What::Client(ClientNote::GaveUp { call, op }) = record.what else { return };
        let Some(closed) = truth.history().closed() else { return };
        let waited = record.at.since(closed.called_at);
        let (client, serial) = closed.call;
        let bound = if waited >= self.deadline { ", its deadline" } else { "" };
        let text = format!("{call} ({op}) was given up after {}{bound}", in_millis(waited));
        let evidence = [closed.called, record.id];
        out.push(KIND.raised(record, Subject::Call(client, serial), &evidence, text));
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn a_call_that_is_given_up_is_a_failure() {
        let story = "0 c1 calls 1 write 2 9; 5 c2 calls 1 read 2; 1000 c2 gives-up 1; \
                     1999 c1 returns 1 ok; 2000 c1 calls 2 read 2; 4000 c1 gives-up 2";
        assert_eq!(
            signals("available", 3, story),
            [
                "1.000s + c2#1: c2#1 (read k2) was given up after 995ms",
                "4.000s + c1#2: c1#2 (read k2) was given up after 2000ms, its deadline",
            ]
        );
    }
}
