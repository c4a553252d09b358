//! Lacks acknowledged data: a replica without a write that a client was told to be done.
//!
//! A majority is enough for a promise, so a minority may lack it for a while; past the bound, or
//! after a restart, it is an error that one more crash can turn into a failure.

use std::collections::BTreeMap;

use imbl::Vector;

use crate::oracles::finding::in_words;
use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Instant, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "lacks acknowledged data",
    grade: Grade::Deviation,
    says: "Every replica that runs has what clients were told is done, at most the lag later.",
    hears: Hears::LOGS.and(Hears::CALLS).and(Hears::LIVES).and(Hears::ROLES),
    make: |bounds, _| Box::new(LacksAcknowledgedData::new(bounds)),
};

/// Remembers which promises are not old enough yet, and who lacks what.
#[derive(Clone, Debug)]
struct LacksAcknowledgedData {
    lag: Span,
    /// When up to which slot writes were acknowledged; what is older than the lag is in `due`.
    young: Vector<(Instant, u64)>,
    newest: u64,
    due: u64,
    /// Up to which slot each must have the log before it has caught up.
    standing: BTreeMap<Address, u64>,
}

impl LacksAcknowledgedData {
    fn new(bounds: &Bounds) -> LacksAcknowledgedData {
        LacksAcknowledgedData {
            lag: bounds.lag,
            young: Vector::new(),
            newest: 0,
            due: 0,
            standing: BTreeMap::new(),
        }
    }

    /// Lets promises grow old; returns whether one is due now.
    fn age(&mut self, record: &Record, truth: &Truth) -> bool {
        let acknowledged = truth.ledger().acknowledged();
        if acknowledged > self.newest {
            self.newest = acknowledged;
            self.young.push_back((record.at, acknowledged));
        }
        let before = self.due;
        while let Some(&(at, slot)) = self.young.front()
            && record.at.since(at) > self.lag
        {
            self.due = slot;
            self.young.pop_front();
        }
        self.due > before
    }

    fn judge(
        &mut self,
        record: &Record,
        truth: &Truth,
        (who, up_to): (Address, u64),
        out: &mut Vec<Signal>,
    ) {
        let Some(member) = truth.member(who) else { return };
        let held = member.log.held();
        if held >= up_to || !member.lives() || self.standing.contains_key(&who) {
            return;
        }
        let ledger = truth.ledger();
        let missing = ledger.acknowledged_in(held, up_to).next();
        let named = missing.or_else(|| ledger.get(up_to).map(|decision| (up_to, decision)));
        let Some((slot, decision)) = named else { return };
        let what = in_words(decision.entry.value);
        let told = decision.acknowledged.unwrap_or(decision.event);
        let reborn = truth.reborn() == Some(who);
        let text = match (reborn, member.held_before >= slot, truth.cut()) {
            (true, true, _) => {
                format!("{who} came back without slot {slot} ({what}), which it had")
            }
            (true, false, _) => {
                format!("{who} came back without slot {slot} ({what}), acknowledged by then")
            }
            (_, _, Some(cut)) if cut.slot <= slot && record.who == Some(who) => {
                format!("{who} gave up slot {slot} ({what}), which was acknowledged")
            }
            _ => {
                let lag = self.lag;
                format!("{who} lacks slot {slot} ({what}), acknowledged more than {lag} ago")
            }
        };
        let evidence = if reborn { vec![told, record.id] } else { vec![told] };
        out.push(KIND.raised(record, Subject::Node(who), &evidence, text));
        self.standing.insert(who, up_to);
    }

    fn clear_if_right(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let Some(who) = record.who else { return };
        let Some(target) = self.standing.get(&who) else { return };
        let right = truth
            .member(who)
            .is_none_or(|member| !member.lives() || member.log.held() >= self.due.max(*target));
        if right {
            self.standing.remove(&who);
            out.push(KIND.cleared(record, Subject::Node(who)));
        }
    }
}

impl Oracle for LacksAcknowledgedData {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        if !self.standing.is_empty() && matches!(record.what, What::Noted(_) | What::Life(_)) {
            self.clear_if_right(record, truth, out);
        }
        if self.age(record, truth) {
            for (who, _) in truth.members() {
                self.judge(record, truth, (who, self.due), out);
            }
        }
        if let Some(who) = truth.reborn() {
            self.judge(record, truth, (who, truth.ledger().acknowledged()), out);
        }
        if let (Some(_), Some(who)) = (truth.cut(), record.who) {
            self.judge(record, truth, (who, self.due), out);
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    /// Slot 1 is decided by n1 and n2, and c1 knows; n3 never heard of it.
    const TOLD: &str = "0 n1 leads 1; 0 c1 calls 1 write 2 9; 1 n1 appends 1 1 c1#1; \
                        2 n2 appends 1 1 c1#1; 3 n1 decides 1 1 c1#1; 4 c1 returns 1 ok; ";

    fn after(rest: &str) -> Vec<String> {
        signals("lacks acknowledged data", 3, &format!("{TOLD}{rest}"))
    }

    #[test]
    fn a_replica_may_lag_for_a_while_and_no_longer() {
        assert_eq!(after("1000 n1 leads 1; 1004 n3 appends 1 1 c1#1"), Vec::<String>::new());
        assert_eq!(
            after(
                "1004 n1 leads 1; 1005 n1 leads 1; 1006 n1 leads 1; \
                 2000 n3 appends 1 1 c1#1"
            ),
            ["1.005s + n3: n3 lacks slot 1 (c1#1), acknowledged more than 1s ago", "2.000s - n3",]
        );
    }

    #[test]
    fn a_replica_that_is_down_lacks_nothing() {
        assert_eq!(after("900 n3 down; 1005 n1 leads 1"), Vec::<String>::new());
        assert_eq!(
            after("1005 n1 leads 1; 1100 n3 down"),
            ["1.005s + n3: n3 lacks slot 1 (c1#1), acknowledged more than 1s ago", "1.100s - n3"]
        );
    }

    #[test]
    fn a_node_that_forgot_what_it_had_is_told_from_one_that_never_had_it() {
        let story = "10 n2 down; 10 n3 down; 20 n2 up; 20 n2 boots; 21 n2 follows 1; \
                     30 n3 up; 30 n3 boots; 31 n3 restores; 40 n2 appends 1 1 c1#1";
        assert_eq!(
            after(story),
            [
                "0.021s + n2: n2 came back without slot 1 (c1#1), which it had",
                "0.031s + n3: n3 came back without slot 1 (c1#1), acknowledged by then",
                "0.040s - n2",
            ]
        );
    }

    #[test]
    fn a_node_that_comes_back_with_all_of_it_lacks_nothing() {
        let story = "10 n2 down; 20 n2 up; 20 n2 boots; 20 n2 restores 1:c1#1; 21 n2 follows 1";
        assert_eq!(after(story), Vec::<String>::new());
    }

    #[test]
    fn to_cut_what_was_acknowledged_is_to_lack_it_at_once() {
        assert_eq!(
            after("900 n3 appends 1 1 c1#1; 1500 n2 cuts 1"),
            ["1.500s + n2: n2 gave up slot 1 (c1#1), which was acknowledged"]
        );
    }
}
