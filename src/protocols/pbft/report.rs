//! What a replica says of itself: in brief for the grid, in full for the inspector.

use crate::sim::{Address, Glance, LogRow, Op, Report, Role};

use super::Pbft;
use super::message::{Phase, Request};
use super::state::{Slot, State, Watch};

impl Pbft {
    pub(super) fn in_brief(&self, s: &State) -> Glance {
        let primary = self.primary(s.view);
        let leads = s.active && primary == s.me;
        Glance {
            role: if leads { Role::Primary } else { Role::Backup },
            epoch: s.view,
            leader: s.active.then_some(Address::Node(primary)),
            length: s.slots.get_max().map_or(s.executed, |(seq, _)| *seq).max(s.executed),
            decided: s.executed,
        }
    }

    pub(super) fn in_full(&self, s: &State, rows: usize) -> Report {
        let primary = Address::Node(self.primary(s.view));
        let view = if s.active {
            format!("{}, primary {primary}", s.view)
        } else {
            format!("{} is to begin, primary {primary}", s.view)
        };
        let mut lines = vec![
            ("view", view),
            ("executed", format!("up to {}", s.executed)),
            ("watermarks", format!("{} to {}", s.low(), s.low() + self.window())),
            ("stable checkpoint", s.low().to_string()),
            ("waits for", self.waits_for(s)),
            ("requests", waiting(s)),
        ];
        let asked = s.changes.values().filter(|change| change.value().view >= s.view).count();
        if !s.active {
            lines.push(("view changes", format!("{asked} of the {} it takes", self.quorum())));
        }
        if s.diverged {
            lines.push(("state", "differs from the quorum's".to_owned()));
        }
        if let Some((seq, slot)) = s.slots.range(s.executed + 1..).next() {
            lines.push(("next", self.phases(s, *seq, slot)));
        }
        let skipped = s.slots.len().saturating_sub(rows);
        let log = s.slots.iter().skip(skipped);
        let log = log.map(|(seq, slot)| Pbft::row(s, *seq, slot)).collect();
        Report { glance: self.in_brief(s), rows: lines, log, store: s.store.values().collect() }
    }

    fn waits_for(&self, s: &State) -> String {
        let patience =
            self.spec.view_timeout.0 << s.doubled.saturating_sub(1).min(super::DOUBLINGS_MAX);
        let patience = crate::sim::Span(patience);
        match s.watch {
            Watch::Nothing if s.active => "nothing".to_owned(),
            Watch::Nothing => "others to leave the view too".to_owned(),
            Watch::Request(_) => format!("its oldest request, for {patience}"),
            Watch::View(view) => format!("view {view} to begin, for {patience}"),
        }
    }

    /// Says how far a number has come.
    fn phases(&self, s: &State, seq: u64, slot: &Slot) -> String {
        let count =
            |phase| slot.phase(phase).filter(|(_, said)| said.value().view == s.view).count();
        let ordered = slot.order(self.primary(s.view), s.view).is_some();
        let (prepares, commits) = (count(Phase::Prepare), count(Phase::Commit));
        let ordered = if ordered { "ordered" } else { "not ordered" };
        format!("{seq} {ordered}, {prepares} prepares, {commits} commits")
    }

    fn row(s: &State, seq: u64, slot: &Slot) -> LogRow {
        let order = slot.said.iter().filter(|((phase, _), _)| *phase == Phase::PrePrepare);
        let newest = order.map(|(_, said)| said.value()).max_by_key(|said| said.view);
        let (epoch, request) = match (&slot.decided, newest) {
            (Some(decision), _) => (decision.view, Some(decision.request)),
            (None, Some(said)) => (said.view, slot.request(said.digest)),
            (None, None) => (s.view, None),
        };
        LogRow { slot: seq, epoch, text: in_words(request), decided: seq <= s.executed }
    }
}

#[expect(clippy::option_option, reason = "not known, known to be null, or known")]
fn in_words(request: Option<Option<Request>>) -> String {
    match request.map(|request| request.map(|request| request.value().1)) {
        None => "unknown".to_owned(),
        Some(None) => "null".to_owned(),
        Some(Some(Op::Read { key })) => format!("read k{key}"),
        Some(Some(Op::Write { key, value })) => format!("k{key} := {value}"),
    }
}

fn waiting(s: &State) -> String {
    let unordered = s.waiting.values().filter(|waiting| !waiting.ordered).count();
    match (s.waiting.len(), unordered) {
        (0, _) => "none waits".to_owned(),
        (all, 0) => format!("{all} wait"),
        (all, unordered) => format!("{all} wait, {unordered} without a number"),
    }
}
