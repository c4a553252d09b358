//! What a node says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, Report, Role};

use super::Gossip;
use super::message::Version;
use super::state::State;

/// How many hot rumours are named before the rest is only counted.
const HOT_NAMED: usize = 4;

impl Gossip {
    pub(super) fn in_brief(s: &State) -> Glance {
        Glance {
            role: if s.hot.is_empty() { Role::Listener } else { Role::Spreader },
            // A grid tells by it who has the newest update and who has not.
            epoch: s.newest.stamp,
            leader: None,
            length: s.items.len() as u64,
            decided: s.hot.len() as u64,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let mut lines = vec![
            ("newest", newest(s.newest)),
            ("keys", s.items.len().to_string()),
            ("hot", hot(s)),
            ("told", format!("{} rumours, each telling counted", s.told)),
            ("rumours", self.rumours()),
            ("compares", self.exchanges()),
        ];
        if !s.certificates.is_empty() {
            let life = self.spec.certificate_life;
            let count = s.certificates.len();
            lines.push(("certificates", format!("{count}, each kept for {life}")));
        }
        let held = s.items.keys().filter_map(|key| Some((*key, s.read(*key)?)));
        let store = held.take(rows).collect();
        Report { glance: Gossip::in_brief(s), rows: lines, log: Vec::new(), store }
    }

    fn rumours(&self) -> String {
        let spec = &self.spec;
        if !spec.rumours {
            return "none".to_owned();
        }
        let feedback = if spec.feedback { "feedback" } else { "blind" };
        let counter = if spec.counter { "counter" } else { "coin" };
        let (way, k, period) = (spec.rumour.word(), spec.k, spec.period);
        format!("{way}, {feedback}, {counter}, k = {k}, every {period}")
    }

    fn exchanges(&self) -> String {
        let spec = &self.spec;
        if !spec.anti_entropy {
            return "never".to_owned();
        }
        format!("{}, every {}", spec.exchange.word(), spec.exchange_period)
    }
}

fn newest(version: Version) -> String {
    if version == Version::default() {
        return "nothing yet".to_owned();
    }
    let (seconds, millis) = (version.stamp / 1_000_000, version.stamp / 1_000 % 1_000);
    format!("of {seconds}.{millis:03}s by {}", Address::Node(version.by))
}

fn hot(s: &State) -> String {
    if s.hot.is_empty() {
        return "nothing".to_owned();
    }
    let name = |hot: &super::state::Hot| match hot.vain {
        0 => format!("k{}", hot.key),
        vain => format!("k{} ({vain} in vain)", hot.key),
    };
    let named: Vec<String> = s.hot.iter().take(HOT_NAMED).map(name).collect();
    let more = s.hot.len().saturating_sub(HOT_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &more
}
