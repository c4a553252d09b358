//! Diverged log: a node holds an entry that is not the decided one, or that the leader elected
//! now does not have (Raft §5.3, Fig. 7).
//!
//! Crashes of leaders leave such tails behind, and log repair takes them away. Until then the node
//! holds state that nobody will ever ask for.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracles::finding::in_words;
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Life, Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "diverged log",
    grade: Grade::Deviation,
    says: "A log holds only what was decided or what the leader has (Raft §5.3, Fig. 7).",
    hears: Hears::LOGS.and(Hears::DECISIONS).and(Hears::ROLES).and(Hears::LIVES),
    make: |_, _| Box::new(DivergedLog::default()),
};

/// A tail that the leader did not have when it was elected, or when the node came back.
#[derive(Clone, Copy, Debug)]
struct Tail {
    /// The last slot that both have.
    common: u64,
    leader: Address,
    epoch: u64,
    elected: EventId,
}

/// Remembers such tails, and whose logs were said to have diverged.
#[derive(Clone, Debug, Default)]
struct DivergedLog {
    tails: BTreeMap<Address, Tail>,
    standing: BTreeSet<Address>,
}

impl DivergedLog {
    /// Holds a node's log against that of the leader of the highest epoch.
    fn compare(&mut self, truth: &Truth, who: Address) {
        self.tails.remove(&who);
        let Some((epoch, led)) = truth.last_led() else { return };
        let (Some(member), Some(leader)) = (truth.member(who), truth.member(led.by)) else {
            return;
        };
        let leads = leader.role == Role::Leader && leader.epoch == epoch;
        if leads && led.by != who && member.lives() {
            let common = member.log.common(&leader.log);
            if common < member.log.len() {
                let tail = Tail { common, leader: led.by, epoch, elected: leader.took_role };
                self.tails.insert(who, tail);
            }
        }
    }

    fn judge(&mut self, record: &Record, truth: &Truth, who: Address, out: &mut Vec<Signal>) {
        let Some(member) = truth.member(who) else { return };
        let against_decided = member.log.held() < member.log.len().min(truth.ledger().len());
        let tail = self.tails.get(&who);
        if !member.lives() || (!against_decided && tail.is_none()) {
            if !self.standing.is_empty() && self.standing.remove(&who) {
                out.push(KIND.cleared(record, Subject::Node(who)));
            }
            return;
        }
        if !self.standing.insert(who) {
            return;
        }
        let slot = match tail {
            Some(tail) if !against_decided => tail.common + 1,
            _ => member.log.held() + 1,
        };
        let Some(entry) = member.log.get(slot) else { return };
        let (what, epoch) = (in_words(entry.slot.value), entry.slot.epoch);
        let (text, against) = match (tail, truth.ledger().get(slot)) {
            (_, Some(decision)) if against_decided => {
                let (decided, term) = (in_words(decision.entry.value), decision.entry.epoch);
                let but = format!("but {decided} of term {term} was decided");
                (
                    format!("slot {slot} of {who} holds {what} of term {epoch}, {but}"),
                    decision.event,
                )
            }
            (Some(tail), _) => {
                let (leader, term) = (tail.leader, tail.epoch);
                let which = format!("which {leader}, elected in term {term}, does not have");
                (
                    format!("slot {slot} of {who} holds {what} of term {epoch}, {which}"),
                    tail.elected,
                )
            }
            _ => return,
        };
        out.push(KIND.raised(record, Subject::Node(who), &[entry.event, against], text));
    }

    fn judge_all(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        for (who, _) in truth.members() {
            self.judge(record, truth, who, out);
        }
    }
}

impl Oracle for DivergedLog {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        if let Some(reborn) = truth.reborn() {
            self.compare(truth, reborn);
            self.judge(record, truth, reborn, out);
        }
        let Some(who) = record.who else { return };
        match &record.what {
            What::Noted(Note::Appended { .. } | Note::Truncated { .. }) => {
                if let Some(cut) = truth.cut()
                    && self.tails.get(&who).is_some_and(|tail| cut.slot <= tail.common + 1)
                {
                    self.tails.remove(&who);
                }
                self.judge(record, truth, who, out);
            }
            What::Noted(Note::Decided { .. }) if truth.first_decided().is_some() => {
                self.judge_all(record, truth, out);
            }
            What::Noted(Note::Role { role: Role::Leader, epoch })
                if truth.last_led().is_some_and(|(newest, _)| newest == *epoch) =>
            {
                for (other, _) in truth.members() {
                    self.compare(truth, other);
                }
                self.judge_all(record, truth, out);
            }
            What::Life(Life::Down) => {
                self.tails.remove(&who);
                self.judge(record, truth, who, out);
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

    #[test]
    fn a_tail_that_the_new_leader_lacks_stands_until_it_is_cut() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 noop; 1 n2 appends 1 1 noop; \
                     2 n1 appends 2 1 c1#1; 3 n2 leads 2; 4 n2 appends 2 2 noop; 5 n1 follows 2; \
                     6 n1 cuts 2; 7 n1 appends 2 2 noop";
        assert_eq!(
            signals("diverged log", 3, story),
            [
                "0.003s + n1: slot 2 of n1 holds c1#1 of term 1, which n2, \
                 elected in term 2, does not have",
                "0.006s - n1",
            ]
        );
    }

    #[test]
    fn an_entry_that_is_not_the_decided_one_has_diverged() {
        let story = "0 n3 appends 1 1 c1#1; 1 n1 appends 1 2 c2#1; 2 n1 decides 1 2 c2#1; \
                     3 n3 appends 2 1 c1#2; 4 n3 appends 1 2 c2#1";
        assert_eq!(
            signals("diverged log", 3, story),
            [
                "0.002s + n3: slot 1 of n3 holds c1#1 of term 1, but c2#1 of term 2 was decided",
                "0.004s - n3",
            ]
        );
    }

    #[test]
    fn the_tail_of_a_crashed_leader_is_seen_when_it_comes_back() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 c1#1; 2 n1 down; 3 n2 leads 2; 4 n1 up; \
                     4 n1 boots; 5 n1 restores 1:c1#1; 6 n1 down";
        assert_eq!(
            signals("diverged log", 3, story),
            [
                "0.005s + n1: slot 1 of n1 holds c1#1 of term 1, which n2, \
                 elected in term 2, does not have",
                "0.006s - n1",
            ]
        );
    }

    #[test]
    fn to_be_behind_is_not_to_have_diverged() {
        let story = "0 n1 leads 1; 1 n1 appends 1 1 noop; 2 n1 appends 2 1 c1#1; \
                     3 n2 appends 1 1 noop; 4 n1 decides 1 1 noop; 5 n1 decides 2 1 c1#1; \
                     6 n1 leads 2";
        assert_eq!(signals("diverged log", 3, story), Vec::<String>::new());
    }
}
