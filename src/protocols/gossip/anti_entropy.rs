//! Anti-entropy: two nodes compare what they hold and settle every difference (§1.3).

use std::ops::Bound;

use smallvec::SmallVec;

use crate::sim::Address;

use super::message::{Line, Message, Update};
use super::step::Step;
use super::{LINES_MAX, Timer, UPDATES_MAX};

impl Step<'_> {
    /// Arms the next comparison.
    pub fn arm_exchange(&mut self) {
        self.arm_beat(Timer::Exchange, self.gossip.spec.exchange_period);
    }

    /// A beat: one shows another, picked at random, what one holds.
    pub fn exchange_due(&mut self) {
        self.arm_exchange();
        self.bury();
        if self.gossip.spec.anti_entropy
            && let Some(to) = self.pick()
        {
            let compare = self.table_of_contents();
            self.out.send(to, compare);
        }
    }

    /// Returns what this node holds, or of a large store the next piece of it.
    fn table_of_contents(&mut self) -> Message {
        let first = self.s.cursor;
        let mut pieces = self.s.items.range(first..);
        let lines: Vec<Line> =
            pieces.by_ref().take(LINES_MAX).map(|(key, item)| item.line(*key)).collect();
        let rest = pieces.next().map(|(key, _)| *key);
        self.s.cursor = rest.unwrap_or(0);
        let last = rest.map_or(u64::MAX, |key| key - 1);
        let way = self.gossip.spec.exchange;
        Message::Compare { first, last, lines, pulls: way.pulls(), pushes: way.pushes() }
    }

    /// Is shown what another holds: sends what it lacks, and asks for what is lacking here.
    pub fn compared(
        &mut self,
        from: Address,
        (first, last): (u64, u64),
        lines: &[Line],
        pulls: bool,
        pushes: bool,
    ) {
        let (mut lacks, mut wants) = (SmallVec::<[u64; 2]>::new(), SmallVec::<[u64; 2]>::new());
        let mut theirs = lines.iter().filter(|line| (first..=last).contains(&line.key)).peekable();
        let ours = (Bound::Included(first), Bound::Included(last.max(first)));
        for (key, item) in self.s.items.range(ours) {
            while let Some(line) = theirs.next_if(|line| line.key < *key) {
                wants.push(line.key);
            }
            let line = theirs.next_if(|line| line.key == *key);
            let mine = item.line(*key);
            // What came within a synchronous cycle is passed on after it.
            let mut lacked = !self.is_fresh(item.learnt);
            if let Some(line) = line {
                if *line == mine {
                    continue;
                }
                if line.version >= mine.version {
                    wants.push(*key);
                }
                lacked &= line.version <= mine.version;
            }
            if lacked {
                lacks.push(*key);
            }
        }
        wants.extend(theirs.map(|line| line.key));
        wants.truncate(if pushes { UPDATES_MAX } else { 0 });
        let updates = self.updates_of(lacks.into_iter().filter(|_| pulls));
        if !updates.is_empty() || !wants.is_empty() {
            self.out.send(from, Message::Updates { updates, wants });
        }
    }

    /// Takes what it lacked, and sends what it was asked for.
    pub fn settled(&mut self, from: Address, updates: &[Update], wants: &[u64]) {
        let sends = self.updates_of(wants.iter().take(UPDATES_MAX).copied());
        for update in updates {
            self.merge(from, update);
        }
        if !sends.is_empty() {
            self.out.send(from, Message::Updates { updates: sends, wants: SmallVec::new() });
        }
    }
}
