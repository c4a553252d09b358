//! Linearizable: every call seems to take effect at one moment between its beginning and its end
//! (Herlihy and Wing 1990). Keys are independent (locality, §3.1), so each is judged by itself.
//!
//! Exact and at once: the finding is raised at the answer with which no order of the calls agrees
//! any more. A call that was given up may have taken effect, and may yet, or never.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::oracles::finding::call_of;
use crate::oracles::zones::{Clash, FIRST, OPEN, Party, Register, Wrong};
use crate::oracles::{Finding, Grade, Hears, Kind, Operation, Oracle, Signal, Subject, Truth};
use crate::sim::{CallId, ClientNote, EventId, Instant, Op, Outcome, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "linearizable",
    grade: Grade::Failure,
    says: "Each call takes effect at one moment between its beginning and its end (Herlihy and \
           Wing 1990).",
    hears: Hears::CALLS,
    make: |_, _| Box::new(Linearizable::default()),
};

/// Remembers each key as far as it is still explained.
#[derive(Clone, Debug, Default)]
struct Linearizable {
    registers: OrdMap<u64, Register>,
    broken: BTreeSet<u64>,
}

/// One end of a call.
#[derive(Clone, Copy)]
struct Moment {
    key: u64,
    began: EventId,
    at: Instant,
    event: EventId,
}

impl Linearizable {
    fn register(&mut self, key: u64) -> &mut Register {
        if !self.registers.contains_key(&key) {
            self.registers.insert(key, Register::new());
        }
        self.registers.get_mut(&key).expect("it was put there")
    }

    fn began(&mut self, key: u64, event: EventId, op: Op) {
        if let Op::Write { key: register, value } = op
            && !self.broken.contains(&register)
        {
            let began = FIRST + u64::from(event.0);
            let write = Party { key, began, ended: OPEN, reads: false };
            self.register(register).write_began(value, write);
        }
    }

    fn ended(&mut self, moment: Moment, op: Op, outcome: Outcome) -> Option<Finding> {
        let register = op.key();
        if self.broken.contains(&register) {
            return None;
        }
        let ended = FIRST + u64::from(moment.event.0);
        let place = self.register(register);
        let (value, read) = match (op, outcome) {
            (Op::Write { value, .. }, Outcome::Written) => {
                place.write_ended(value, ended);
                return None;
            }
            (Op::Read { .. }, Outcome::Read(value)) => {
                let began = FIRST + u64::from(moment.began.0);
                (value, Party { key: moment.key, began, ended, reads: true })
            }
            _ => return None,
        };
        let wrong = place.read_ended(value, read).err()?;
        self.registers.remove(&register);
        self.broken.insert(register);
        let (text, parties) = match wrong {
            Wrong::Unwritten => {
                let value = value.map_or_else(String::new, |value| value.to_string());
                let who = name(read);
                let text =
                    format!("{who} read {value} from k{register}, which nobody had begun to write");
                (text, vec![read])
            }
            Wrong::Clash(clash) => (say(register, &clash), parties_of(&clash)),
        };
        let evidence: Vec<EventId> = parties.into_iter().map(witness).collect();
        Some(KIND.finding(moment.at, moment.event, Subject::Key(register), &evidence, text))
    }
}

fn name(party: Party) -> String {
    call_of(party.key).map_or_else(String::new, |(client, serial)| format!("{client}#{serial}"))
}

/// Returns the record that speaks for a call: its end, or its beginning where it has none.
fn witness(party: Party) -> EventId {
    let time = if party.ended == OPEN { party.began } else { party.ended };
    EventId((time - FIRST) as u32)
}

fn parties_of(clash: &Clash) -> Vec<Party> {
    let all = [clash.there.0, clash.there.1, clash.back.0, clash.back.1];
    all.into_iter().filter(|party| party.key != 0).collect()
}

/// Says in one sentence why two values exclude each other.
fn say(register: u64, clash: &Clash) -> String {
    // Nothing was there only at the beginning, and takes no turns.
    let (values, there, back) = match clash.values {
        (_, None) => ((None, clash.values.0), clash.back, clash.there),
        values => (values, clash.there, clash.back),
    };
    let word = |value: Option<u64>| value.map_or("nothing".to_owned(), |v| v.to_string());
    let (one, other) = (word(values.0), word(values.1));
    let (late, between) = (name(back.1), name(back.0));
    let one_write = !back.0.reads && back.0.key == there.1.key;
    if back.1.reads && (one_write || values.0.is_none()) {
        let did = if back.0.reads { "read" } else { "written" };
        return format!(
            "{late} read {one} from k{register}, but {between} had {did} {other} before"
        );
    }
    let (early, since) = (name(there.0), name(there.1));
    format!(
        "k{register} held {one} before {other}, since {early} ended before {since} began, and \
         {other} before {one}, since {between} ended before {late} began"
    )
}

impl Oracle for Linearizable {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        match record.what {
            What::Client(ClientNote::Called { call, op }) => self.began(call.key(), record.id, op),
            What::Client(ClientNote::Returned { call, op, outcome }) => {
                let Some(closed) = truth.history().closed() else { return };
                let (key, began) = (call.key(), closed.called);
                let moment = Moment { key, began, at: record.at, event: record.id };
                out.extend(self.ended(moment, op, outcome).map(Signal::Raised));
            }
            _ => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

/// Judges a whole history, in whatever order its operations stand.
///
/// # Errors
/// Returns the first finding: the answer with which no order of the calls agrees any more.
pub fn check(history: &[Operation]) -> Result<(), Box<Finding>> {
    let mut ends: Vec<(EventId, bool, &Operation)> = Vec::with_capacity(history.len() * 2);
    for operation in history {
        ends.push((operation.called, false, operation));
        ends.extend(operation.ended.map(|ended| (ended, true, operation)));
    }
    ends.sort_unstable_by_key(|(event, is_end, _)| (*event, *is_end));
    let mut oracle = Linearizable::default();
    for (event, is_end, operation) in ends {
        let (client, serial) = operation.call;
        let key = CallId { client, serial, attempt: 1 }.key();
        if !is_end {
            oracle.began(key, event, operation.op);
        } else if let Some((at, outcome)) = operation.returned {
            let moment = Moment { key, began: operation.called, at, event };
            if let Some(finding) = oracle.ended(moment, operation.op, outcome) {
                return Err(Box::new(finding));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn a_stale_read_is_found_at_its_answer() {
        let story = "0 c1 calls 1 write 2 7; 1 c1 returns 1 ok; 2 c2 calls 1 write 2 9; \
                     3 c2 returns 1 ok; 4 c1 calls 2 read 2; 5 c1 returns 2 7; \
                     6 c1 calls 3 read 2; 7 c1 returns 3 9";
        assert_eq!(
            signals("linearizable", 3, story),
            ["0.005s + k2: c1#2 read 7 from k2, but c2#1 had written 9 before"]
        );
    }

    #[test]
    fn a_lost_write_is_found_by_the_read_that_misses_it() {
        let story = "0 c1 calls 1 write 2 7; 1 c1 returns 1 ok; 2 c2 calls 1 read 2; \
                     3 c2 returns 1 nothing";
        assert_eq!(
            signals("linearizable", 3, story),
            ["0.003s + k2: c2#1 read nothing from k2, but c1#1 had written 7 before"]
        );
    }

    #[test]
    fn a_value_out_of_nowhere_is_found() {
        let story = "0 c1 calls 1 write 3 7; 1 c2 calls 1 read 2; 2 c2 returns 1 7";
        assert_eq!(
            signals("linearizable", 3, story),
            ["0.002s + k2: c2#1 read 7 from k2, which nobody had begun to write"]
        );
    }

    #[test]
    fn values_that_take_turns_are_found() {
        let story = "0 c1 calls 1 write 2 7; 0 c2 calls 1 write 2 9; 1 c3 calls 1 read 2; \
                     2 c3 returns 1 7; 3 c3 calls 2 read 2; 4 c3 returns 2 9; \
                     5 c3 calls 3 read 2; 6 c3 returns 3 7";
        assert_eq!(
            signals("linearizable", 3, story),
            ["0.006s + k2: k2 held 7 before 9, since c3#1 ended before c3#2 began, and \
                 9 before 7, since c3#2 ended before c3#3 began"]
        );
    }

    #[test]
    fn a_write_that_was_given_up_may_take_effect_late_or_never() {
        let story = "0 c1 calls 1 write 2 7; 1 c1 gives-up 1; 2 c2 calls 1 read 2; \
                     3 c2 returns 1 nothing; 4 c2 calls 2 read 2; 5 c2 returns 2 7; \
                     6 c2 calls 3 read 3; 7 c2 returns 3 nothing";
        assert_eq!(signals("linearizable", 3, story), Vec::<String>::new());
    }

    #[test]
    fn calls_that_overlap_may_take_effect_in_any_order() {
        let story = "0 c1 calls 1 write 2 7; 0 c2 calls 1 write 2 9; 1 c1 returns 1 ok; \
                     2 c2 returns 1 ok; 3 c1 calls 2 read 2; 4 c1 returns 2 7";
        assert_eq!(signals("linearizable", 3, story), Vec::<String>::new());
    }
}
