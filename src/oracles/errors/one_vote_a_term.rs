//! One vote a term: a node votes for at most one candidate in a term (Raft §5.2).
//!
//! A vote is a promise that has to outlive a crash. A node that forgets it breaks it, and with it
//! falls election safety, and with that everything else.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, EventId, Note, Record, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "one vote a term",
    grade: Grade::Breach,
    says: "A node votes for at most one candidate in a term (Raft §5.2, Fig. 2 votedFor).",
    hears: Hears::VOTES,
    make: |_, _| Box::new(OneVoteATerm::default()),
};

/// Remembers every first vote.
#[derive(Clone, Debug, Default)]
struct OneVoteATerm {
    votes: OrdMap<(Address, u64), (Address, EventId)>,
    broken: BTreeSet<Address>,
}

impl Oracle for OneVoteATerm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, _: &Truth, out: &mut Vec<Signal>) {
        let What::Noted(Note::Voted { epoch, candidate }) = record.what else { return };
        let Some(who) = record.who else { return };
        let first = *self.votes.entry((who, epoch)).or_insert((candidate, record.id));
        if first.0 != candidate && self.broken.insert(who) {
            let text = format!("{who} voted for {} and for {candidate} in term {epoch}", first.0);
            out.push(KIND.raised(record, Subject::Node(who), &[first.1, record.id], text));
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
    fn a_node_that_forgot_its_vote_votes_again() {
        let story = "0 n2 votes 3 n1; 50 n2 down; 90 n2 up; 90 n2 boots; 100 n2 votes 2 n3; \
                     110 n2 votes 3 n3";
        assert_eq!(
            signals("one vote a term", 3, story),
            ["0.110s + n2: n2 voted for n1 and for n3 in term 3"]
        );
    }

    #[test]
    fn the_same_vote_again_breaks_nothing() {
        let story = "0 n2 votes 3 n1; 10 n2 votes 3 n1; 20 n3 votes 3 n3; 30 n2 votes 4 n3";
        assert_eq!(signals("one vote a term", 3, story), Vec::<String>::new());
    }
}
