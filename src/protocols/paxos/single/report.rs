//! What a node says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, LogRow, Report, Role};

use super::super::Ballot;
use super::Paxos;
use super::message::Proposal;
use super::state::{Phase, State};

impl Paxos {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        let role = if s.round.is_some() { Role::Proposer } else { Role::Acceptor };
        Glance {
            role,
            epoch: s.promised.0,
            leader: s.promised.owner(self.nodes).map(Address::Node),
            length: u64::from(s.accepted.is_some() || s.decided.is_some()),
            decided: u64::from(s.decided.is_some()),
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let nothing = || "nothing".to_owned();
        let named =
            |proposal: &Proposal| format!("{} in {}", text(proposal), self.name(proposal.ballot));
        let lines = vec![
            ("promised", self.name(s.promised)),
            ("accepted", s.accepted.as_ref().map_or_else(nothing, named)),
            ("chosen", s.decided.as_ref().map_or_else(|| "not known".to_owned(), text)),
            ("proposes", self.proposes(s)),
            ("waits for", self.waits_for(s)),
            ("waiting calls", s.waiting.len().to_string()),
        ];
        let known = s.decided.as_ref().or(s.accepted.as_ref()).filter(|_| rows > 0);
        let row = known.map(|proposal| LogRow {
            slot: 1,
            epoch: proposal.ballot.0,
            text: text(proposal),
            decided: s.decided.is_some(),
        });
        let store = s.decided.iter().map(|decided| (decided.value.key, decided.value.value));
        let (glance, log) = (self.in_brief(s), row.into_iter().collect());
        Report { glance, rows: lines, log, store: store.collect() }
    }

    /// Names a number and whose it is: `7 of n1`.
    fn name(&self, ballot: Ballot) -> String {
        match ballot.owner(self.nodes) {
            Some(owner) => format!("{} of n{owner}", ballot.0),
            None => "nothing".to_owned(),
        }
    }

    fn proposes(&self, s: &State) -> String {
        let Some(round) = &s.round else { return "nothing".to_owned() };
        let (number, quorums) = (self.name(round.ballot), self.quorums());
        match &round.phase {
            Phase::Prepare { promises, .. } => {
                let (found, needed) = (promises.count(), quorums.prepare);
                format!("{number}: {found} of {needed} promises")
            }
            Phase::Accept { value, accepted, .. } => {
                let (found, needed) = (accepted.count(), quorums.accept);
                format!("{number}: k{} := {}, {found} of {needed} accepted", value.key, value.value)
            }
        }
    }

    fn waits_for(&self, s: &State) -> String {
        match &s.round {
            Some(_) => format!("a quorum, for {}, before it tries again", self.spec.timeout),
            None if s.backing_off => "its back-off to end, before it tries again".to_owned(),
            None => "nobody".to_owned(),
        }
    }
}

fn text(proposal: &Proposal) -> String {
    format!("k{} := {}", proposal.value.key, proposal.value.value)
}
