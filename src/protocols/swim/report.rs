//! What a member says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, Report, Role};

use super::Swim;
use super::state::State;

/// How many names one row lists before it only counts.
const NAMED_MAX: usize = 6;

impl Swim {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        Glance {
            role: Role::Member,
            epoch: s.incarnation,
            leader: None,
            length: u64::from(self.nodes) - s.dead.len() as u64,
            decided: s.suspects.len() as u64,
        }
    }

    pub(super) fn in_full(&self, s: &State) -> Report {
        let (all, dead) = (usize::from(self.nodes), s.dead.len());
        let probe = match s.probe {
            None => "nobody".to_owned(),
            Some(probe) => {
                let answered = if probe.answered { ", which answered" } else { "" };
                format!("{}{answered}", Address::Node(probe.target))
            }
        };
        let order = if self.spec.round_robin { "in turn" } else { "at random" };
        let rows = vec![
            ("incarnation", s.incarnation.to_string()),
            ("alive", format!("{} of {all}", all - dead)),
            ("suspects", names(s.suspects.iter().map(|(_, of)| *of), s.suspects.len())),
            ("dead", names(s.dead.iter().copied(), dead)),
            ("probes", format!("{probe}; {order}, every {}", self.spec.period)),
            ("unanswered", format!("{} of {}", s.unanswered, s.probes)),
            ("messages", messages(s.sent, s.period)),
            ("news to tell", s.news.len().to_string()),
        ];
        Report { glance: self.in_brief(s), rows, ..Report::default() }
    }
}

/// Says how many messages a period took on average, to a tenth.
fn messages(sent: u64, periods: u64) -> String {
    let tenths = (sent * 10).checked_div(periods).unwrap_or(0);
    format!("{sent}, {}.{} a period", tenths / 10, tenths % 10)
}

fn names(of: impl Iterator<Item = u16>, count: usize) -> String {
    match count {
        0 => "nobody".to_owned(),
        1..=NAMED_MAX => of.map(|of| Address::Node(of).to_string()).collect::<Vec<_>>().join(" "),
        many => format!("{many} members"),
    }
}
