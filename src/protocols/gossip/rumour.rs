//! Rumour mongering: who is told what, and when one loses interest (§1.4).

use smallvec::SmallVec;

use crate::sim::Address;

use super::Timer;
use super::message::{Heard, Message, Update};
use super::state::Hot;
use super::step::{Merged, Step};

impl Step<'_> {
    /// Arms the next beat for rumours, where there is something to tell or to ask for.
    pub fn arm_rumour(&mut self) {
        let spec = &self.gossip.spec;
        let wanted = spec.rumours && (spec.rumour.pulls() || !self.s.hot.is_empty());
        if wanted && !self.s.armed {
            self.s.armed = true;
            self.arm_beat(Timer::Rumour, spec.period);
        }
    }

    /// A beat: first one counts what came of the last one, then one tells and asks.
    pub fn rumour_due(&mut self) {
        self.s.armed = false;
        self.lose_interest();
        let way = self.gossip.spec.rumour;
        let tells = way.pushes() && !self.s.hot.is_empty();
        if self.gossip.spec.rumours
            && (tells || way.pulls())
            && let Some(to) = self.pick()
        {
            if way.pushes() {
                let updates = self.updates_of(self.s.hot.iter().map(|hot| hot.key));
                self.count_tellings(updates.len());
                self.out.send(to, Message::Rumours { updates, asks: way.pulls() });
            } else {
                self.out.send(to, Message::Ask);
            }
        }
        self.arm_rumour();
    }

    /// Counts the traffic; blind, each telling counts as one in vain, whoever was told.
    fn count_tellings(&mut self, told: usize) {
        self.s.told += told as u64;
        if !self.gossip.spec.feedback {
            self.s.hot.iter_mut().for_each(|hot| hot.useless = true);
        }
    }

    /// Loses interest in what was told too often in vain. Several who were told since the last beat
    /// count once, and where it was news to one of them, it was not in vain.
    fn lose_interest(&mut self) {
        let were = self.s.hot.len();
        let spec = &self.gossip.spec;
        let (counter, k, reset) = (spec.counter, spec.k, spec.reset);
        let out = &mut *self.out;
        let stays = |hot: &mut Hot| {
            let useful = std::mem::take(&mut hot.useful);
            let useless = std::mem::take(&mut hot.useless);
            if useful {
                if reset {
                    hot.vain = 0;
                }
                return true;
            }
            if !useless {
                return true;
            }
            if !counter {
                return out.draw(&(1..=u64::from(k))) > 1;
            }
            hot.vain += 1;
            hot.vain < k
        };
        self.s.hot.retain_mut(stays);
        self.cooled(were);
    }

    /// Is told rumours: takes what is news, says what was known, and tells its own where it is
    /// asked to.
    pub fn told(&mut self, from: Address, updates: &[Update], asks: bool) {
        let mut heard: SmallVec<[Heard; 1]> = SmallVec::new();
        let own = if asks { self.own_rumours() } else { None };
        for update in updates {
            let merged = self.merge(from, update);
            if merged != Merged::Refused {
                let (key, version) = (update.key, update.claim.version);
                heard.push(Heard { key, version, knew: merged == Merged::Known });
            }
        }
        if self.gossip.spec.feedback && !heard.is_empty() {
            self.out.send(from, Message::Feedback { heard });
        }
        if let Some(own) = own {
            self.out.send(from, own);
        }
    }

    /// Is asked for what is hot.
    pub fn asked(&mut self, from: Address) {
        if let Some(own) = self.own_rumours() {
            self.out.send(from, own);
        }
    }

    /// Returns what is hot here, as an answer to who asks.
    fn own_rumours(&mut self) -> Option<Message> {
        let known = |key: &u64| self.s.items.get(key).is_some_and(|i| !self.is_fresh(i.learnt));
        let updates = self.updates_of(self.s.hot.iter().map(|hot| hot.key).filter(known));
        if updates.is_empty() {
            return None;
        }
        self.count_tellings(updates.len());
        Some(Message::Rumours { updates, asks: false })
    }

    /// Hears what came of its rumours.
    pub fn thanked(&mut self, heard: &[Heard]) {
        for Heard { key, version, knew } in heard {
            let current = self.s.items.get(key).is_some_and(|i| i.claim.version == *version);
            let Some(hot) = self.s.hot.iter_mut().find(|hot| hot.key == *key && current) else {
                continue;
            };
            hot.useless |= knew;
            hot.useful |= !knew;
        }
    }
}
