//! AC3: a commit needs everybody's YES. AC4: if all vote YES and nothing fails, it commits.

use std::collections::BTreeSet;

use imbl::{OrdMap, OrdSet};

use super::{liars, name, subject};
use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Truth};
use crate::sim::{Address, CallId, EventId, Instant, Note, Record, Role, What};

/// AC3's line in the catalogue.
pub static AC3: Kind = Kind {
    property: "AC3 unanimity",
    grade: Grade::Breach,
    says: "A transaction commits only if every participant voted YES (AC3, Bernstein, Hadzilacos \
           and Goodman 1987).",
    hears: Hears::TRANSACTIONS.and(Hears::REST),
    make: |_, nodes| Box::new(Votes::judging(&AC3, nodes)),
};

/// AC4's line in the catalogue.
pub static AC4: Kind = Kind {
    property: "AC4 no needless abort",
    grade: Grade::Breach,
    says: "Where all vote YES, nothing fails and nobody is suspected, the coordinator commits \
           (AC4, Bernstein, Hadzilacos and Goodman 1987).",
    hears: Hears::TRANSACTIONS.and(Hears::SUSPICIONS),
    make: |_, nodes| Box::new(Votes::judging(&AC4, nodes)),
};

/// What is known of a transaction.
#[derive(Clone, Debug, Default)]
struct Tale {
    /// Its coordinator, and when it began.
    began: Option<(Address, Instant)>,
    /// How many have to vote, where the coordinator said so.
    participants: Option<u16>,
    yes: OrdSet<Address>,
    no: Option<(Address, EventId)>,
}

/// Remembers who voted what.
#[derive(Clone, Debug)]
struct Votes {
    kind: &'static Kind,
    nodes: u16,
    tales: OrdMap<CallId, Tale>,
    /// Who ever lied: their votes are not heard, and not missed.
    liars: OrdSet<Address>,
    /// When each node last suspected another.
    suspected: OrdMap<Address, Instant>,
    /// Who suspects whom now.
    suspects: OrdSet<(Address, Address)>,
    broken: BTreeSet<(Address, u32)>,
}

impl Votes {
    fn judging(kind: &'static Kind, nodes: u16) -> Votes {
        Votes {
            kind,
            nodes,
            tales: OrdMap::new(),
            liars: OrdSet::new(),
            suspected: OrdMap::new(),
            suspects: OrdSet::new(),
            broken: BTreeSet::new(),
        }
    }

    fn missing(&self, tale: &Tale, truth: &Truth) -> usize {
        let participants = tale.participants.unwrap_or(self.nodes.saturating_sub(1));
        let votes = |who: &Address| {
            truth.member(*who).is_some_and(|member| member.role == Role::Participant)
        };
        let liars = self.liars.iter().filter(|who| votes(who)).copied();
        let heard: OrdSet<Address> = tale.yes.iter().copied().chain(liars).collect();
        usize::from(participants).saturating_sub(heard.len())
    }

    /// Says what is wrong with a commit, where something is.
    fn without_votes(
        &self,
        who: Address,
        transaction: CallId,
        truth: &Truth,
    ) -> Option<(String, Vec<EventId>)> {
        let unknown = Tale::default();
        let tale = self.tales.get(&transaction).unwrap_or(&unknown);
        let t = name(transaction);
        if let Some((against, event)) = tale.no {
            return Some((
                format!("{who} committed {t}, on which {against} voted NO"),
                vec![event],
            ));
        }
        match self.missing(tale, truth) {
            0 => None,
            missing => {
                Some((format!("{who} committed {t}, on which {missing} had not voted"), vec![]))
            }
        }
    }

    /// Says that an abort was needless, where it was.
    fn needless(&self, who: Address, transaction: CallId, truth: &Truth) -> Option<String> {
        let tale = self.tales.get(&transaction)?;
        let (coordinator, began) = tale.began?;
        let calm = truth.stable_since().is_some_and(|since| since <= began);
        let lately = self.suspected.get(&who).is_some_and(|at| *at >= began);
        let suspected = lately || self.suspects.iter().any(|(by, _)| *by == who);
        let all = tale.no.is_none() && self.missing(tale, truth) == 0;
        (coordinator == who && calm && !suspected && all).then(|| {
            let t = name(transaction);
            format!("{who} aborted {t}, though all voted YES and nothing had failed")
        })
    }

    fn ended(
        &mut self,
        record: &Record,
        (transaction, commit): (CallId, bool),
        truth: &Truth,
        out: &mut Vec<Signal>,
    ) {
        let Some(who) = record.who else { return };
        let third = self.kind.property == AC3.property;
        let wrong = match (third, commit) {
            (true, true) => self.without_votes(who, transaction, truth),
            (false, false) => self.needless(who, transaction, truth).map(|text| (text, vec![])),
            _ => None,
        };
        let Some((text, mut evidence)) = wrong else { return };
        if self.broken.insert((transaction.client, transaction.serial)) {
            evidence.push(record.id);
            out.push(self.kind.raised(record, subject(transaction), &evidence, text));
        }
    }
}

impl Oracle for Votes {
    fn kind(&self) -> &'static Kind {
        self.kind
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        self.liars = liars(&record.what, std::mem::take(&mut self.liars));
        let (What::Noted(note), Some(who)) = (&record.what, record.who) else { return };
        match *note {
            Note::TransactionBegan { transaction, participants } => {
                let tale = self.tales.entry(transaction).or_default();
                tale.began.get_or_insert((who, record.at));
                tale.participants = Some(participants);
            }
            Note::TransactionVoted { transaction, yes } => {
                let tale = self.tales.entry(transaction).or_default();
                if yes {
                    tale.yes.insert(who);
                } else {
                    tale.no.get_or_insert((who, record.id));
                }
            }
            Note::TransactionEnded { transaction, commit } => {
                self.ended(record, (transaction, commit), truth, out);
            }
            Note::Suspects(about) => {
                self.suspected.insert(who, record.at);
                self.suspects.insert((who, about));
            }
            Note::Trusts(about) => {
                self.suspects.remove(&(who, about));
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
    fn a_commit_against_a_no_or_without_a_vote_breaks_unanimity() {
        let story = "0 n1 begins c1#1 2; 1 n2 votes-yes c1#1; 2 n3 votes-no c1#1; \
                     3 n1 commits c1#1; 4 n2 commits c1#1; \
                     5 n1 begins c1#2 2; 6 n2 votes-yes c1#2; 7 n1 commits c1#2; \
                     8 n1 begins c1#3 2; 9 n2 votes-yes c1#3; 10 n3 votes-yes c1#3; \
                     11 n1 commits c1#3";
        assert_eq!(
            signals("AC3 unanimity", 3, story),
            [
                "0.003s + c1#1: n1 committed c1#1, on which n3 voted NO",
                "0.007s + c1#2: n1 committed c1#2, on which 1 had not voted",
            ]
        );
    }

    #[test]
    fn an_abort_is_needless_only_where_nothing_failed() {
        let all_yes = "10 n1 begins c1#1 2; 11 n2 votes-yes c1#1; 12 n3 votes-yes c1#1";
        let found = |story: String| signals("AC4 no needless abort", 3, &story).len();
        assert_eq!(found(format!("{all_yes}; 13 n1 aborts c1#1")), 1);
        assert_eq!(found(format!("{all_yes}; 13 n1 commits c1#1")), 0);
        assert_eq!(found(format!("{all_yes}; 13 n2 aborts c1#1")), 0, "it was told to");
        assert_eq!(found(format!("{all_yes}; 13 n1 suspects n3; 13 n1 aborts c1#1")), 0);
        let before = "5 n1 suspects n3; ";
        assert_eq!(found(format!("{before}{all_yes}; 13 n1 aborts c1#1")), 0, "it still does");
        let trusted = "5 n1 suspects n3; 6 n1 trusts n3; ";
        assert_eq!(found(format!("{trusted}{all_yes}; 13 n1 aborts c1#1")), 1);
        assert_eq!(found(format!("{all_yes}; 13 F1 injected; 14 n1 aborts c1#1")), 0);
        let healed = format!("0 F1 injected; {all_yes}; 13 F1 healed; 14 n1 aborts c1#1");
        assert_eq!(found(healed), 0);
        let no = "10 n1 begins c1#1 2; 11 n2 votes-yes c1#1; 12 n3 votes-no c1#1";
        assert_eq!(found(format!("{no}; 13 n1 aborts c1#1")), 0);
    }
}
