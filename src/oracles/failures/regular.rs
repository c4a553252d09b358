//! Regular: a read returns the newest write that had ended before it began, or one under way.
//!
//! With writes that overlap, "newest" is any that no other came wholly after (Lamport 1986, for one
//! writer; Shao, Welch, Pierce and Lee 2011, for many). It is less than linearizability: two reads
//! of one write on its way may see it come and go.

use imbl::{OrdMap, Vector};

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{ClientNote, EventId, Instant, Op, Outcome, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "regular",
    grade: Grade::Failure,
    says: "A read returns nothing older than the newest write that had ended before it began \
           (Lamport 1986).",
    hears: Hears::CALLS,
    make: |_, _| Box::new(Regular::default()),
};

/// A write that had ended, of all up to its end the one that began last.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Instant,
    /// When the one that began last had begun.
    begun: Instant,
    /// The record of that one's end, and its value.
    event: EventId,
    value: u64,
}

/// Remembers when writes ended, by their values, and of each key which were the newest.
#[derive(Clone, Debug, Default)]
struct Regular {
    ended: OrdMap<u64, Instant>,
    asked: OrdMap<u64, ()>,
    newest: OrdMap<u64, Vector<Ended>>,
}

impl Regular {
    fn written(&mut self, record: &Record, key: u64, value: u64, begun: Instant) {
        self.ended.insert(value, record.at);
        let ended = Ended { at: record.at, begun, event: record.id, value };
        let writes = self.newest.entry(key).or_default();
        let last = writes.last().copied().filter(|last| last.begun > begun);
        let newest = last.map_or(ended, |last| Ended { at: record.at, ..last });
        writes.push_back(newest);
    }

    /// Returns the newest write of a key that had ended before an instant.
    fn newest_before(&self, key: u64, instant: Instant) -> Option<Ended> {
        let writes = self.newest.get(&key)?;
        let (mut low, mut high) = (0, writes.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if writes[middle].at < instant {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        writes.get(low.checked_sub(1)?).copied()
    }
}

impl Oracle for Regular {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let (call, op, outcome) = match record.what {
            What::Client(ClientNote::Called { op: Op::Write { value, .. }, .. }) => {
                self.asked.insert(value, ());
                return;
            }
            What::Client(ClientNote::Returned { call, op, outcome }) => (call, op, outcome),
            _ => return,
        };
        let Some(closed) = truth.history().closed() else { return };
        match (op, outcome) {
            (Op::Write { key, value }, Outcome::Written) => {
                self.written(record, key, value, closed.called_at);
            }
            (Op::Read { key }, Outcome::Read(read)) => {
                let subject = Subject::Call(call.client, call.serial);
                if let Some(value) = read.filter(|value| !self.asked.contains_key(value)) {
                    let text = format!("{call} read k{key} = {value}, which nobody wrote");
                    out.push(KIND.raised(record, subject, &[record.id], text));
                    return;
                }
                let Some(newest) = self.newest_before(key, closed.called_at) else { return };
                let is_old = match read {
                    Some(value) => self.ended.get(&value).is_some_and(|end| *end < newest.begun),
                    None => true,
                };
                if is_old {
                    let was = outcome.to_string();
                    let text = format!(
                        "{call} read k{key} {was}, though {} had been written before it began",
                        newest.value
                    );
                    let evidence = [newest.event, closed.called, record.id];
                    out.push(KIND.raised(record, subject, &evidence, text));
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

    const WRITES: &str = "0 c1 calls 1 write 2 10; 10 c1 returns 1 ok; 20 c1 calls 2 write 2 20; \
                          30 c1 returns 2 ok; ";

    fn after(rest: &str) -> Vec<String> {
        signals("regular", 3, &format!("{WRITES}{rest}"))
    }

    #[test]
    fn a_read_of_what_was_overwritten_before_it_began_is_old() {
        assert_eq!(
            after(
                "40 c2 calls 1 read 2; 50 c2 returns 1 10; 60 c2 calls 2 read 2; \
                   70 c2 returns 2 nothing; 80 c2 calls 3 read 2; 90 c2 returns 3 20"
            ),
            [
                "0.050s + c2#1: c2#1 read k2 = 10, though 20 had been written before it began",
                "0.070s + c2#2: c2#2 read k2 = nothing, though 20 had been written before it began",
            ]
        );
    }

    #[test]
    fn a_read_may_see_a_write_under_way_come_and_go() {
        let story = "40 c1 calls 3 write 2 30; 41 c2 calls 1 read 2; 42 c2 returns 1 30; \
                     43 c3 calls 1 read 2; 44 c3 returns 1 20; 50 c1 returns 3 ok";
        assert_eq!(after(story), [""; 0]);
        let unknown = "40 c1 calls 3 write 2 30; 45 c1 gives-up 3; 60 c2 calls 1 read 2; \
                       61 c2 returns 1 30; 62 c2 calls 2 read 2; 63 c2 returns 2 20";
        assert_eq!(after(unknown), [""; 0]);
    }

    #[test]
    fn of_two_writes_at_once_either_may_be_the_newest() {
        let story = "40 c1 calls 3 write 2 30; 40 c2 calls 1 write 2 40; 50 c1 returns 3 ok; \
                     60 c2 returns 1 ok; 70 c3 calls 1 read 2; 80 c3 returns 1 30; \
                     90 c3 calls 2 read 2; 95 c3 returns 2 40";
        assert_eq!(after(story), [""; 0]);
    }

    #[test]
    fn what_nobody_wrote_cannot_be_read() {
        assert_eq!(
            after("40 c2 calls 1 read 2; 50 c2 returns 1 77"),
            ["0.050s + c2#1: c2#1 read k2 = 77, which nobody wrote"]
        );
    }
}
