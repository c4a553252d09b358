//! What a client says where somebody monitors, and whom it avoids on a monitor's word.

use super::RegisterClient;
use crate::sim::{Address, Aside, CallId, ClientNote, ClientOutbox, Instant, Outcome, Sample};

/// How many nodes are named at most that gave no answer to a call which went to all.
const MISSED_MAX: usize = 64;

impl RegisterClient {
    /// Makes it say what becomes of each attempt, and tell that to these monitors; `ejects` says
    /// whether it avoids nodes that a monitor judges ill.
    #[must_use]
    pub fn watched(mut self, tells: Vec<Address>, ejects: bool) -> RegisterClient {
        self.tells = Some(tells);
        self.rotation.set_ejects(ejects);
        self
    }

    /// Picks whom to ask, and says who was avoided.
    pub(super) fn choose(&mut self, call: CallId, out: &mut ClientOutbox) -> Address {
        let (asked, avoided) = self.rotation.choose(out.now());
        if let Some(node) = avoided {
            out.note(ClientNote::Avoided { call, node });
        }
        asked
    }

    /// Says what became of an attempt at a node, where anybody wants to know.
    pub(super) fn saw(
        &self,
        node: Address,
        sent_at: Instant,
        answered: bool,
        out: &mut ClientOutbox,
    ) {
        let Some(tells) = &self.tells else { return };
        let sample = Sample { node, took: out.now().since(sent_at), answered };
        out.note(ClientNote::Saw(sample));
        for monitor in tells {
            out.say(*monitor, Aside::Saw(sample));
        }
    }

    /// Says what an answer to the newest sending of a call tells of its node.
    pub(super) fn saw_answer(
        &self,
        from: Address,
        (call, outcome): (CallId, Outcome),
        out: &mut ClientOutbox,
    ) {
        let open = self.open.get(&call.serial);
        if let Some(open) = open.filter(|open| open.waits && open.attempt == call.attempt) {
            self.saw(from, open.sent_at, outcome != Outcome::Busy, out);
        }
    }

    /// Says who gave no answer to an attempt that had its time.
    pub(super) fn missed(&self, serial: u32, out: &mut ClientOutbox) {
        let Some(open) = self.open.get(&serial).filter(|_| self.tells.is_some()) else { return };
        if !open.waits || out.now().since(open.sent_at) < self.timeout {
            return;
        }
        if !self.asks_all(open.tried) {
            return self.saw(open.asked, open.sent_at, false, out);
        }
        let heard = self.heard.get(&serial);
        let nodes = (1..=self.nodes).map(Address::Node);
        let silent = nodes.filter(|node| heard.is_none_or(|heard| !heard.contains_key(node)));
        for node in silent.take(MISSED_MAX) {
            self.saw(node, open.sent_at, false, out);
        }
    }
}
