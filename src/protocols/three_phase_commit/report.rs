//! What a node says of itself: in brief for the grid, in full for the inspector.

use super::{Drive, State, ThreePhaseCommit};
use crate::protocols::atomic::{Records, name};
use crate::sim::{Glance, Report, Role};

/// How many transactions are listed by name.
const LISTED: usize = 8;

impl ThreePhaseCommit {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        let open = s.drives.len() + s.recovering.len();
        if self.coordinates(s.me) {
            let (told, _) = s.told.counts();
            let (role, leader) = (Role::Coordinator, Some(self.spec.coordinator));
            let length = told + open as u64;
            return Glance { role, leader, length, decided: told, ..Glance::default() };
        }
        s.records.in_brief(self.spec.coordinator)
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let glance = self.in_brief(s);
        if self.coordinates(s.me) {
            return Report { glance, rows: self.coordinator_rows(s), ..Report::default() };
        }
        let mut lines = s.records.rows(&s.locks);
        lines.extend(s.leads.iter().take(LISTED).map(|(t, lead)| {
            let what = match &lead.spread {
                None => format!("{} states of {}", lead.states.len(), self.count() - 1),
                Some(awaited) => format!("{} still to pre-commit", awaited.len()),
            };
            ("drives", format!("{} in turn {}: {what}", name(*t), lead.ballot))
        }));
        lines.extend(recovering(s));
        Report { glance, rows: lines, log: s.records.log_rows(rows), store: values(&s.records) }
    }

    fn coordinator_rows(&self, s: &State) -> Vec<(&'static str, String)> {
        let waits = match (s.drives.len(), s.telling.len()) {
            (0, 0) => "calls".to_owned(),
            (0, _) => format!("acknowledgements, {} at a time", self.spec.reply_timeout),
            _ => format!(
                "votes for {}, answers for {}",
                self.spec.vote_timeout, self.spec.reply_timeout
            ),
        };
        let mut lines = vec![("waits for", waits), ("undecided", s.drives.len().to_string())];
        lines.extend(s.drives.iter().take(LISTED).map(|(t, drive)| {
            let (what, heard) = match drive {
                Drive::Voting(voters) => ("voted yes", voters.len()),
                Drive::PreCommitting(known) => ("pre-committed", known.len()),
            };
            ("drives", format!("{}: {heard} of {} {what}", name(*t), self.count()))
        }));
        lines.extend(recovering(s));
        lines.push(("outcomes", s.told.in_words()));
        lines
    }
}

fn recovering(s: &State) -> impl Iterator<Item = (&'static str, String)> + '_ {
    s.recovering.keys().take(LISTED).map(|t| ("asks about", name(*t)))
}

fn values(records: &Records) -> Vec<(u64, u64)> {
    records.store.values().collect()
}
