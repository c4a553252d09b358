//! What a node says of itself: in brief for the grid, in full for the inspector.

use super::primary::Lead;
use super::{PrimaryBackup, State};
use crate::sim::{Address, Glance, Report, Role};

impl PrimaryBackup {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        if self.locks(s.me) {
            let (role, epoch, leader) = (Role::Member, s.granted, s.holder);
            return Glance { role, epoch, leader, ..Glance::default() };
        }
        let length = s.version.number;
        let (role, epoch, decided) = match &s.lead {
            Some(lead) => {
                let waits = lead.pending.front().map(|first| first.number.saturating_sub(1));
                (Role::Primary, lead.epoch, waits.unwrap_or(length))
            }
            None => (Role::Backup, s.fence, length),
        };
        Glance { role, epoch, leader: s.primary, length, decided }
    }

    pub(super) fn in_full(&self, s: &State) -> Report {
        let glance = self.in_brief(s);
        let name = |who: Option<Address>| who.map_or("nobody".to_owned(), |who| who.to_string());
        if self.locks(s.me) {
            let waits = match (s.waits, s.holder) {
                (true, _) => "the end of a lease that it may have forgotten".to_owned(),
                (false, Some(holder)) => format!("{holder} to renew it"),
                (false, None) => "somebody to ask".to_owned(),
            };
            let rows = vec![
                ("waits for", waits),
                ("lease of", name(s.holder)),
                ("epoch", s.granted.to_string()),
            ];
            return Report { glance, rows, ..Report::default() };
        }
        let mut rows = vec![
            ("primary", name(s.primary)),
            ("obeys epoch", s.fence.to_string()),
            ("state", format!("{} of epoch {}", s.version.number, s.version.epoch)),
        ];
        if let Some(lead) = &s.lead {
            rows.extend(self.lead_rows(lead));
        }
        Report { glance, rows, store: s.store.values().collect(), ..Report::default() }
    }

    fn lead_rows(&self, lead: &Lead) -> Vec<(&'static str, String)> {
        let does = match &lead.copies {
            Some(copies) => format!("catches up: {} of {}", copies.len() + 1, self.majority()),
            None if lead.serves => "serves".to_owned(),
            None => "spreads what it found".to_owned(),
        };
        vec![
            ("lease", format!("until {} by its own clock", lead.until)),
            ("as primary", does),
            ("writes waiting", lead.pending.len().to_string()),
            ("reads waiting", lead.reads.len().to_string()),
        ]
    }
}
