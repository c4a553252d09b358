//! What a node says of itself: in brief for the grid, in full for the inspector.

use super::atomic;
use super::{State, TwoPhaseCommit};
use crate::sim::{Glance, Report, Role};

/// How many transactions are listed by name.
const LISTED: usize = 8;

impl TwoPhaseCommit {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        if self.coordinates(s.me) {
            let open = s.active.len() as u64;
            let (told, _) = s.told.counts();
            let leader = Some(self.spec.coordinator);
            return Glance {
                role: Role::Coordinator,
                leader,
                length: told + open,
                decided: told,
                ..Glance::default()
            };
        }
        s.records.in_brief(self.spec.coordinator)
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let glance = self.in_brief(s);
        if !self.coordinates(s.me) {
            let mut lines = s.records.rows(&s.locks);
            lines.extend(s.asked.iter().take(LISTED).map(|(t, times)| {
                ("asked", format!("{} times what became of {}", times, atomic::name(*t)))
            }));
            let log = s.records.log_rows(rows);
            return Report { glance, rows: lines, log, store: s.records.store.values().collect() };
        }
        let mut lines = vec![
            ("waits for", self.waits_for(s)),
            ("undecided", s.active.len().to_string()),
            ("to be acked", s.committed.len().to_string()),
        ];
        lines.extend(s.active.iter().take(LISTED).map(|(t, active)| {
            let votes = format!("{} of {} yes", active.yes.len(), self.count());
            ("votes", format!("{}: {votes}", atomic::name(*t)))
        }));
        lines.push(("outcomes", s.told.in_words()));
        Report { glance, rows: lines, ..Report::default() }
    }

    fn waits_for(&self, s: &State) -> String {
        match (s.active.len(), s.committed.len()) {
            (0, 0) => "calls".to_owned(),
            (0, _) => format!("acknowledgements, {} at a time", self.spec.ack_timeout),
            _ => format!("votes, for {}, before it aborts", self.spec.vote_timeout),
        }
    }
}
