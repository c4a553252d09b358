//! Durable: a write that a client was told to be done is never lost.
//!
//! It is lost when a node takes the lead whose log lacks it, since followers will cut theirs to
//! match, or when its slot is decided otherwise. No read has to come by for that.

use std::collections::BTreeSet;

use crate::oracles::finding::{call_of, in_words};
use crate::oracles::ledger::Decision;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "durable",
    grade: Grade::Failure,
    says: "A write that was acknowledged is never lost.",
    hears: Hears::ROLES.and(Hears::DECISIONS),
    make: |_, _| Box::new(Durable::default()),
};

/// How many lost writes one election names, the oldest first: it may lose a whole log.
const NAMED_MAX: usize = 8;

/// Remembers what is lost, by the key of the call.
#[derive(Clone, Debug, Default)]
struct Durable {
    lost: BTreeSet<u64>,
}

impl Durable {
    fn lose(
        &mut self,
        record: &Record,
        (decision, told): (&Decision, EventId),
        how: &str,
        out: &mut Vec<Signal>,
    ) {
        let Some((client, serial)) = call_of(decision.entry.value) else { return };
        if self.lost.insert(decision.entry.value) {
            let text = format!("{client}#{serial} was acknowledged, and {how}");
            let subject = Subject::Call(client, serial);
            out.push(KIND.raised(record, subject, &[told, record.id], text));
        }
    }

    fn take_lead(
        &mut self,
        record: &Record,
        truth: &Truth,
        (who, epoch): (Address, u64),
        out: &mut Vec<Signal>,
    ) {
        let (Some(member), ledger) = (truth.member(who), truth.ledger()) else { return };
        // A leader elected late, of an epoch that is past, owes nothing to later ones.
        let up_to = ledger.acknowledged().min(ledger.decided_up_to(epoch));
        let missing = |slot: u64, decision: &Decision| {
            member.log.get(slot).is_none_or(|entry| entry.slot != decision.entry)
        };
        let lost = ledger
            .acknowledged_in(member.log.held(), up_to)
            .filter(|(slot, decision)| missing(*slot, decision));
        for (slot, decision) in lost.take(NAMED_MAX) {
            let term = truth.epoch_word();
            let how = format!("{who} leads {term} {epoch} without it in slot {slot}");
            if let Some(told) = decision.acknowledged {
                self.lose(record, (decision, told), &how, out);
            }
        }
    }
}

impl Oracle for Durable {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let (What::Noted(note), Some(who)) = (&record.what, record.who) else { return };
        match note {
            Note::Role { role: Role::Leader, epoch } => {
                self.take_lead(record, truth, (who, *epoch), out);
            }
            Note::Decided { slot, entry } if truth.first_decided().is_none() => {
                let Some(first) = truth.decision() else { return };
                if let Some(told) = first.acknowledged
                    && first.entry.value != entry.value
                {
                    let instead = in_words(entry.value);
                    let how = format!("{who} decided {instead} in its slot {slot}");
                    self.lose(record, (first, told), &how, out);
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

    const TOLD: &str = "0 n1 leads 1; 0 c1 calls 1 write 2 9; 1 n1 appends 1 1 c1#1; \
                        2 n2 appends 1 1 c1#1; 3 n1 decides 1 1 c1#1; 4 c1 returns 1 ok; ";

    fn after(rest: &str) -> Vec<String> {
        signals("durable", 3, &format!("{TOLD}{rest}"))
    }

    #[test]
    fn a_leader_that_lacks_an_acknowledged_write_loses_it() {
        assert_eq!(
            after("10 n3 leads 2; 20 n3 leads 3"),
            ["0.010s + c1#1: c1#1 was acknowledged, and n3 leads term 2 without it in slot 1"]
        );
    }

    #[test]
    fn a_slot_that_is_decided_otherwise_loses_its_write() {
        assert_eq!(
            after("10 n3 appends 1 2 c2#1; 11 n3 decides 1 2 c2#1"),
            ["0.011s + c1#1: c1#1 was acknowledged, and n3 decided c2#1 in its slot 1"]
        );
    }

    #[test]
    fn a_leader_that_has_it_keeps_it_and_one_of_the_past_does_not_matter() {
        assert_eq!(after("10 n2 leads 2; 11 n2 decides 1 1 c1#1; 12 n3 leads 0"), [""; 0]);
    }

    #[test]
    fn a_write_that_nobody_was_told_of_may_be_lost() {
        let story = "0 n1 leads 1; 0 c1 calls 1 write 2 9; 1 n1 appends 1 1 c1#1; \
                     3 n1 decides 1 1 c1#1; 4 c1 gives-up 1; 10 n3 leads 2";
        assert_eq!(signals("durable", 3, story), Vec::<String>::new());
    }
}
