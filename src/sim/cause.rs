//! Writing records, and saying because of what: presence as it was, absence as far as it may
//! matter.
//!
//! A timer that waits for something fires for want of it. What it wanted is not known, so the
//! causes name all that was withheld from it and all that stopped whom it heard last. This
//! over-blames: it is a proposal, and the run without the fault confirms or refutes it.

use super::address::Address;
use super::client::{Client, ClientTimer};
use super::node::{Armed, LACKS_MAX, Lack};
use super::protocol::Protocol;
use super::queue::Pending;
use super::record::{Because, Causes, EventId, Keep, Record, Tape, What, Withheld};
use super::world::World;

/// How many things a timer is said to have lacked: the newest.
const LACKS_NAMED_MAX: usize = 8;

/// Returns whether messages go on the tape, so that what only they need may be left out.
pub(super) fn keeps_messages(tape: &Tape) -> bool {
    tape.keep == Keep::Everything
}

impl What {
    /// Returns whether oracles need to see it, or only a reader of every message.
    const fn is_milestone(&self) -> bool {
        !matches!(
            self,
            What::Sent { .. }
                | What::Delivered { .. }
                | What::Withheld { .. }
                | What::Fired { .. }
                | What::Saved { .. }
                | What::Synced { .. }
        )
    }
}

impl<P: Protocol, C: Client> World<P, C> {
    /// Writes a record and returns its number, which is the same whether or not the tape keeps it.
    pub(super) fn emit(
        &mut self,
        tape: &mut Tape,
        who: Option<Address>,
        because: impl FnOnce() -> Causes,
        what: What,
    ) -> EventId {
        let id = self.skip_record();
        let kept = match tape.keep {
            Keep::Everything => true,
            Keep::Milestones => what.is_milestone(),
            Keep::Nothing => false,
        };
        if kept {
            let because = if tape.keep == Keep::Everything { because() } else { Causes::new() };
            let who = who.map(|who| self.public(who));
            tape.records.push(Record { at: self.now, id, who, because, what });
        }
        id
    }

    /// Counts a record that nobody keeps.
    pub(super) fn skip_record(&mut self) -> EventId {
        let id = EventId(self.records);
        self.records = self.records.checked_add(1).expect("a run ends before 2^32 records");
        id
    }

    /// Records that a message did not arrive, and lets both ends lack it.
    pub(super) fn withhold(
        &mut self,
        pending: Pending<P>,
        why: Withheld,
        lever: Option<EventId>,
        tape: &mut Tape,
    ) -> EventId {
        let Pending::Deliver { from, to, load, sent, .. } = pending else {
            unreachable!("only a message is withheld")
        };
        let id = if keeps_messages(tape) {
            let because = || {
                let mut causes = Causes::from_slice(&[Because::Of(sent)]);
                causes.extend(lever.map(Because::Of));
                causes
            };
            let what = What::Withheld { from, detail: load.describe::<P>(), why };
            self.emit(tape, Some(to), because, what)
        } else {
            self.skip_record()
        };
        self.lack(to, id, from);
        self.lack(from, id, to);
        id
    }

    pub(super) fn lack(&mut self, who: Address, id: EventId, whose: Address) {
        let lack = Lack { at: self.now, id, whose };
        let lacks = match who {
            Address::Node(_) => &mut self.nodes[who.index()].lacks,
            Address::Client(_) => &mut self.callers[who.index()].lacks,
        };
        if lacks.len() >= LACKS_MAX {
            lacks.pop_front();
        }
        lacks.push_back(lack);
    }

    /// Says why a node's timer fired.
    pub(super) fn why_fired(
        &self,
        me: Address,
        armed: &Armed,
        awaits: bool,
        tape: &Tape,
    ) -> Causes {
        let mut causes = Causes::new();
        if !keeps_messages(tape) {
            return causes;
        }
        let node = &self.nodes[me.index()];
        causes.push(armed.by);
        causes.extend(armed.delayed.map(Because::Of));
        // A clock that was only set forwards or back counts no timer differently.
        let bent = node.drifts.iter().filter(|hold| hold.ppm != 0);
        causes.extend(bent.map(|hold| Because::Of(hold.pulled)));
        if awaits {
            let lacks = node.lacks.iter().rev().filter(|lack| lack.at >= armed.since);
            let missed = lacks.filter(|lack| armed.fed_by.is_none_or(|who| who == lack.whose));
            causes.extend(missed.take(LACKS_NAMED_MAX).map(|lack| Because::LackOf(lack.id)));
            self.blame_stopped(me, armed.fed_by, &mut causes);
        }
        causes
    }

    /// Says why a client's timer fired: what it lacks, and what the node that it called lacks.
    pub(super) fn why_client_fired(
        &self,
        me: Address,
        armed: &Armed,
        timer: ClientTimer,
        tape: &Tape,
    ) -> Causes {
        let (awaits, extra) = (timer.awaits(), timer == ClientTimer::Extra);
        let mut causes = Causes::new();
        if !keeps_messages(tape) {
            return causes;
        }
        causes.push(armed.by);
        if extra {
            let surges = &self.callers[me.index()].surges;
            causes.extend(surges.iter().map(|hold| Because::Of(hold.pulled)));
        }
        if awaits {
            let own = self.callers[me.index()].lacks.iter().rev();
            let own = own.filter(|lack| lack.at >= armed.since).take(LACKS_NAMED_MAX);
            causes.extend(own.map(|lack| Because::LackOf(lack.id)));
            let called = armed.fed_by.filter(|who| who.is_node());
            if let Some(node) = called.map(|who| &self.nodes[who.index()]) {
                let its = node.lacks.iter().rev().filter(|lack| lack.at >= armed.since);
                causes.extend(its.take(LACKS_NAMED_MAX).map(|lack| Because::LackOf(lack.id)));
            }
            let ahead = called.and_then(|who| self.waits_behind(who));
            causes.extend(ahead.map(Because::LackOf));
            self.blame_stopped(me, None, &mut causes);
        }
        causes
    }

    /// Names the records since which peers are stopped: of one peer, or of any.
    fn blame_stopped(&self, me: Address, whose: Option<Address>, causes: &mut Causes) {
        let peers = self.stopped.iter().filter(|k| {
            let peer = Address::Node(**k + 1);
            peer != me && whose.is_none_or(|who| who == peer)
        });
        let stopped = peers.filter_map(|k| self.nodes[usize::from(*k)].stopped);
        causes.extend(stopped.take(LACKS_NAMED_MAX).map(|(_, id)| Because::LackOf(id)));
    }
}
