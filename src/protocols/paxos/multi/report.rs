//! What a node says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, LogRow, Op, Report, Role};

use super::super::Ballot;
use super::MultiPaxos;
use super::message::Entry;
use super::state::State;

impl MultiPaxos {
    pub(super) fn in_brief(s: &State) -> Glance {
        Glance {
            role: s.role,
            epoch: s.promised.0,
            leader: s.leader_address(),
            length: s.last_slot(),
            decided: s.decided,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let leader = s.leader.map_or("nobody".to_owned(), |node| Address::Node(node).to_string());
        let mut lines = vec![
            ("promised", self.name(s.promised)),
            ("leader", leader),
            ("decided", format!("up to slot {}", s.decided)),
            ("last accepted", format!("slot {}", s.last_slot())),
            ("waits for", self.waits_for(s)),
        ];
        let quorums = self.quorums();
        match s.role {
            Role::Candidate => {
                let (found, needed) = (s.promises.count(), quorums.prepare);
                lines.push(("promises", format!("{found} of the {needed} it needs")));
            }
            Role::Leader => {
                lines.push(("next slot", s.next.to_string()));
                lines.push(("open slots", s.open.len().to_string()));
                lines.push(("chosen by", format!("{} of {}", quorums.accept, self.nodes)));
            }
            _ => {}
        }
        if let (Some(first), Some(last)) = (s.chosen.first(), s.chosen.last()) {
            lines.push(("chosen beyond a gap", format!("slots {first} to {last}")));
        }
        let skipped = s.log.len().saturating_sub(rows);
        let log = s.log.iter().skip(skipped);
        let is_decided = |slot: u64| slot <= s.decided || s.chosen.contains(&slot);
        let log = log.map(|(slot, entry)| log_row(*slot, entry, is_decided(*slot))).collect();
        let glance = MultiPaxos::in_brief(s);
        Report { glance, rows: lines, log, store: s.store.values().collect() }
    }

    /// Names a number and whose it is: `7 of n1`.
    fn name(&self, ballot: Ballot) -> String {
        match ballot.owner(self.nodes) {
            Some(owner) => format!("{} of n{owner}", ballot.0),
            None => "nothing".to_owned(),
        }
    }

    fn waits_for(&self, s: &State) -> String {
        let patience = &self.spec.election_timeout;
        match s.role {
            Role::Candidate => format!("promises, for {patience}, before it tries a higher number"),
            Role::Leader => format!("nobody; it sends a heartbeat every {}", self.spec.heartbeat),
            _ => format!("its leader, for {patience}, before it stands itself"),
        }
    }
}

fn log_row(slot: u64, entry: &Entry, decided: bool) -> LogRow {
    let text = match entry.command.map(|command| command.op) {
        None => "no-op".to_owned(),
        Some(Op::Read { key }) => format!("read k{key}"),
        Some(Op::Write { key, value }) => format!("k{key} := {value}"),
    };
    LogRow { slot, epoch: entry.ballot.0, text, decided }
}
