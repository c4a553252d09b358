//! What a validator says of itself: in brief for the grid, in full for the inspector.

use std::collections::BTreeMap;

use crate::protocols::block::{BlockId, quorum};
use crate::sim::{Address, Glance, LogRow, Op, Report, Role};

use super::message::VoteKind;
use super::state::State;
use super::{Phase, Tendermint};

impl Tendermint {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        let proposer = self.proposer(s.height(), s.round);
        Glance {
            role: if proposer == s.me { Role::Proposer } else { Role::Validator },
            epoch: s.height(),
            leader: Some(Address::Node(proposer)),
            length: s.slots,
            decided: s.slots,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let proposer = Address::Node(self.proposer(s.height(), s.round));
        let on = |value: Option<(u64, BlockId)>| match value {
            Some((round, id)) => format!("{id} since round {round}"),
            None => "nothing".to_owned(),
        };
        let valid = s.promise.valid.as_ref().map(|(round, block)| (*round, block.id()));
        let mut lines = vec![
            ("height", s.height().to_string()),
            ("round", format!("{}, proposer {proposer}", s.round)),
            ("step", self.step_of(s)),
            ("locked on", on(s.locked())),
            ("valid", on(valid)),
            ("prevotes", self.tally(s, VoteKind::Prevote)),
            ("precommits", self.tally(s, VoteKind::Precommit)),
            ("pool", format!("{} requests", s.pool.len())),
        ];
        if !s.accused.is_empty() {
            let names = s.accused.iter().map(|node| Address::Node(*node).to_string());
            lines.push(("accuses", names.collect::<Vec<_>>().join(" ")));
        }
        if let Some(height) = s.fork {
            lines.push(("fork", format!("at height {height}")));
        }
        let log = log(s, rows);
        Report { glance: self.in_brief(s), rows: lines, log, store: s.store.values().collect() }
    }

    fn step_of(&self, s: &State) -> String {
        if !s.begun {
            return "waits for a request".to_owned();
        }
        let wait = *self.wait(s.round).end();
        match s.phase {
            Phase::Propose => format!("propose: waits {wait} for a proposal"),
            phase => phase.word().to_owned(),
        }
    }

    /// Writes how many voted for what in this round: `#17 2, nil 1 of 3`.
    fn tally(&self, s: &State, kind: VoteKind) -> String {
        let needed = quorum(self.nodes);
        let Some(heard) = s.rounds.get(s.round) else { return format!("none of {needed}") };
        let mut tally: BTreeMap<Option<BlockId>, u16> = BTreeMap::new();
        for vote in heard.ballots(kind).values().flatten() {
            *tally.entry(vote.value().block).or_default() += 1;
        }
        let line = |(choice, count): (&Option<BlockId>, &u16)| {
            let name = choice.map_or_else(|| "nil".to_owned(), |id| id.to_string());
            format!("{name} {count}")
        };
        let said: Vec<String> = tally.iter().map(line).collect();
        let said = if said.is_empty() { "none".to_owned() } else { said.join(", ") };
        format!("{said} of {needed}")
    }
}

/// Draws the newest slots of the chain, oldest first.
fn log(s: &State, rows: usize) -> Vec<LogRow> {
    let mut log = Vec::new();
    let mut slot = s.slots;
    for decided in s.chain.iter().rev() {
        let block = &decided.commit.block;
        for request in block.requests().iter().rev() {
            if log.len() >= rows {
                break;
            }
            let text = match request.value().1 {
                Op::Read { key } => format!("read k{key}"),
                Op::Write { key, value } => format!("k{key} := {value}"),
            };
            log.push(LogRow { slot, epoch: block.height(), text, decided: true });
            slot = slot.saturating_sub(1);
        }
        if log.len() >= rows {
            break;
        }
    }
    log.reverse();
    log
}
