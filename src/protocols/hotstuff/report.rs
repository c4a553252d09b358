//! What a replica says of itself: in brief for the grid, in full for the inspector.

use std::sync::Arc;

use crate::protocols::block::{Block, quorum};
use crate::sim::{Address, Glance, LogRow, Op, Report, Role};

use super::HotStuff;
use super::message::{Certificate, Phase};
use super::state::State;

impl HotStuff {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        let leader = self.leader(s.view);
        let open = s.open().map_or(0, |block| block.requests().len() as u64);
        Glance {
            role: if leader == s.me { Role::Proposer } else { Role::Validator },
            epoch: s.view,
            leader: Some(Address::Node(leader)),
            length: s.slots + open,
            decided: s.slots,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let on = |certificate: Option<&Arc<Certificate>>| match certificate {
            Some(certificate) => format!("{} in view {}", certificate.block.id(), certificate.view),
            None => "genesis".to_owned(),
        };
        let said = match (s.promise.view == s.view, s.promise.voted) {
            (true, Some(phase)) => phase.word(),
            _ => "nothing yet",
        };
        let mut lines = vec![
            ("view", format!("{}, leader {}", s.view, Address::Node(self.leader(s.view)))),
            ("voted in it", said.to_owned()),
            ("prepared", on(s.promise.prepared.as_ref())),
            ("locked on", on(s.promise.locked.as_ref())),
            ("height", s.height().to_string()),
            ("failed views", s.failures.to_string()),
            ("pool", format!("{} requests", s.pool.len())),
        ];
        if s.wished {
            let wishes = s.wishes.values().filter(|wish| wish.value().view == s.view).count();
            lines.push(("to leave it", format!("{wishes} of {} wish", quorum(self.nodes))));
        }
        if self.leader(s.view) == s.me {
            let here = s.new_views.values().filter(|(view, _)| *view == s.view).count();
            lines.push(("new views", format!("{} of {}", here + 1, quorum(self.nodes))));
            for phase in [Phase::Prepare, Phase::PreCommit, Phase::Commit] {
                let votes = s.votes.get(&phase).map_or(0, std::collections::BTreeMap::len);
                if votes > 0 {
                    let text = format!("{} {votes} of {}", phase.word(), quorum(self.nodes));
                    lines.push(("votes", text));
                }
            }
        }
        let log = log(s, rows);
        Report { glance: self.in_brief(s), rows: lines, log, store: s.store.values().collect() }
    }
}

/// Draws the newest slots of the chain, oldest first, and then the block that is prepared.
fn log(s: &State, rows: usize) -> Vec<LogRow> {
    let mut log = Vec::new();
    let open = s.open().map_or(0, |block| block.requests().len() as u64);
    let mut slot = s.slots + open;
    let decided = s.chain.iter().rev().map(|decided| (&decided.block, true));
    let blocks = s.open().map(|block| (block, false)).into_iter().chain(decided);
    for (block, decided) in blocks {
        for row in rows_of(block, decided) {
            if log.len() >= rows {
                log.reverse();
                return log;
            }
            log.push(LogRow { slot, ..row });
            slot = slot.saturating_sub(1);
        }
    }
    log.reverse();
    log
}

/// Draws the requests of a block, newest first.
fn rows_of(block: &Block, decided: bool) -> impl Iterator<Item = LogRow> + '_ {
    block.requests().iter().rev().map(move |request| {
        let text = match request.value().1 {
            Op::Read { key } => format!("read k{key}"),
            Op::Write { key, value } => format!("k{key} := {value}"),
        };
        LogRow { slot: 0, epoch: block.height(), text, decided }
    })
}
