//! What a node says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, LogRow, Op, Report, Role};

use super::Raft;
use super::log::Entry;
use super::state::State;

/// How many followers a leader lists one by one; of more it says how many keep up.
const PEERS_LISTED: usize = 9;

impl Raft {
    pub(super) fn in_brief(s: &State) -> Glance {
        Glance {
            role: s.role,
            epoch: s.term,
            leader: s.leader_address(),
            length: s.log.last_index(),
            decided: s.commit,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let nobody = || "nobody".to_owned();
        let name = |node: Option<u16>| node.map_or_else(nobody, |k| Address::Node(k).to_string());
        let last = s.log_end();
        let mut lines = vec![
            ("term", s.term.to_string()),
            ("voted for", name(s.vote)),
            ("leader", name(s.leader)),
            ("commit index", s.commit.to_string()),
            ("last entry", format!("{} of term {}", last.index, last.term)),
            ("on disk", format!("up to {}", s.synced)),
            ("waits for", self.waits_for(s)),
        ];
        match s.role {
            Role::PreCandidate | Role::Candidate => {
                let quorum = self.nodes / 2 + 1;
                lines.push(("votes", format!("{} of the {quorum} it needs", s.voters.count())));
            }
            Role::Leader => self.leader_rows(s, &mut lines),
            _ => {}
        }
        let skipped = s.log.iter().len().saturating_sub(rows);
        let log = s.log.iter().enumerate().skip(skipped);
        let log = log.map(|(k, entry)| log_row(k as u64 + 1, entry, s.commit)).collect();
        Report { glance: Raft::in_brief(s), rows: lines, log, store: s.store.values().collect() }
    }

    fn waits_for(&self, s: &State) -> String {
        let patience = &self.spec.election_timeout;
        match s.role {
            Role::PreCandidate => format!("what others would vote, for {patience}"),
            Role::Candidate => format!("votes, for {patience}, before it tries the next term"),
            Role::Leader => format!("nobody; it sends a heartbeat every {}", self.spec.heartbeat),
            _ => format!("its leader, for {patience}, before it stands for election"),
        }
    }

    fn leader_rows(&self, s: &State, lines: &mut Vec<(&'static str, String)>) {
        let others = || (1..).zip(&s.peers).filter(|(node, _)| *node != s.me);
        if s.peers.len() > PEERS_LISTED {
            let last = s.log.last_index();
            let level = others().filter(|(_, peer)| peer.matched == last).count();
            lines.push(("followers", format!("{level} of {} have all", self.nodes - 1)));
        } else {
            for (node, peer) in others() {
                let node = Address::Node(node);
                let way = if peer.probing { ", looking for where they part" } else { "" };
                let text = format!("{node} matches {}, next {}{way}", peer.matched, peer.next);
                lines.push(("follower", text));
            }
        }
        if !s.reads.is_empty() {
            lines.push(("waiting reads", s.reads.len().to_string()));
        }
    }
}

fn log_row(slot: u64, entry: &Entry, commit: u64) -> LogRow {
    let text = match entry.command.map(|command| command.op) {
        None => "no-op".to_owned(),
        Some(Op::Read { key }) => format!("read k{key}"),
        Some(Op::Write { key, value }) => format!("k{key} := {value}"),
    };
    LogRow { slot, epoch: entry.term, text, decided: slot <= commit }
}
