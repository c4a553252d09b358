//! Which claim about a member overrides which, and what is told of it.

use smallvec::SmallVec;

use crate::sim::{Address, Note, Signed};

use super::NEWS_MAX;
use super::message::{Claim, Health, News};
use super::state::{Delta, Member};
use super::step::Step;

impl Step<'_> {
    /// Hears news from another member.
    pub fn hear(&mut self, from: Address, news: &[News]) {
        for news in news.iter().take(NEWS_MAX) {
            if !(1..=self.swim.nodes).contains(&news.of) {
                continue;
            }
            if news.of == self.s.me {
                self.hear_of_myself(from, news);
                continue;
            }
            let mut claim = news.claim;
            if self.swim.spec.incarnation_signatures {
                if !is_sealed(news) {
                    self.turn_away(from);
                    continue;
                }
                // Hearsay buries nobody: who lives has the time to say so.
                claim.health = claim.health.min(Health::Suspect);
            }
            self.believe(news.of, claim, news.seal);
        }
    }

    fn turn_away(&mut self, from: Address) {
        self.out.note(Note::Contained { by: "incarnation signature", from });
    }

    /// Is believed to have failed, and says that it lives, with a higher incarnation. One that is
    /// already the highest cannot be outbid.
    fn hear_of_myself(&mut self, from: Address, news: &News) {
        let Claim { incarnation, health } = news.claim;
        if self.swim.spec.incarnation_signatures && !is_sealed(news) {
            return self.turn_away(from);
        }
        if health != Health::Alive
            && incarnation >= self.s.incarnation
            && let Some(next) = incarnation.checked_add(1)
        {
            self.raise(next);
        }
    }

    /// Takes a higher incarnation, puts it on the disk and tells it.
    pub fn raise(&mut self, incarnation: u64) {
        let me = self.s.me;
        self.s.incarnation = incarnation;
        self.out.save(Delta { incarnation });
        self.out.note(Note::Other("lives, incarnation", [incarnation, 0]));
        let claim = Claim { incarnation, health: Health::Alive };
        let (seal, told) = (Some(self.out.sign(incarnation)), self.s.member(me).told);
        self.s.members.insert(me, Member { claim, seal, over: 0, told });
        self.tell(me);
    }

    /// Takes a claim about another for true, if it overrides what is believed.
    pub fn believe(&mut self, of: u16, claim: Claim, seal: Option<Signed<u64>>) {
        let old = self.s.member(of);
        if claim <= old.claim {
            return;
        }
        match old.claim.health {
            Health::Alive => {}
            Health::Suspect => drop(self.s.suspects.remove(&(old.over, of))),
            Health::Dead => drop(self.s.dead.remove(&of)),
        }
        let mut over = 0;
        let about = Address::Node(of);
        match claim.health {
            Health::Alive if old.claim.health > Health::Alive => {
                self.out.note(Note::Trusts(about));
            }
            Health::Alive => {}
            Health::Suspect => {
                over = self.s.period + self.swim.patience();
                self.s.suspects.insert((over, of));
                if old.claim.health != Health::Suspect {
                    self.out.note(Note::Suspects(about));
                }
            }
            Health::Dead => {
                self.s.dead.insert(of);
                if old.claim.health != Health::Dead {
                    self.out.note(Note::Buries(about));
                }
            }
        }
        self.s.members.insert(of, Member { claim, seal, over, told: old.told });
        self.tell(of);
    }

    /// Declares those dead whose time is over.
    pub fn bury_suspects(&mut self) {
        while let Some((over, of)) = self.s.suspects.get_min().copied() {
            if over > self.s.period {
                return;
            }
            // Whatever is believed of it by now: this entry has had its time.
            self.s.suspects.remove(&(over, of));
            let Member { claim, seal, .. } = self.s.member(of);
            self.believe(of, Claim { health: Health::Dead, ..claim }, seal);
        }
    }

    /// Finds that a member does not answer.
    pub fn accuse(&mut self, of: u16) {
        let Member { claim, seal, .. } = self.s.member(of);
        let suspicion = self.swim.spec.suspicion;
        let health = if suspicion { Health::Suspect } else { Health::Dead };
        self.believe(of, Claim { health, ..claim }, seal);
    }

    /// Has news of a member to tell.
    fn tell(&mut self, of: u16) {
        self.set_told(of, Some(0));
    }

    /// Counts how often the news of a member was told; `None` is often enough.
    fn set_told(&mut self, of: u16, told: Option<u16>) {
        let Some(member) = self.s.members.get_mut(&of) else { return };
        if let Some(before) = std::mem::replace(&mut member.told, told) {
            self.s.news.remove(&(before, of));
        }
        if let Some(told) = told {
            self.s.news.insert((told, of));
        }
    }

    /// Picks the news that rides on a message to a member: what is said of the receiver itself, so
    /// that it can say otherwise, and then what was told least often.
    pub fn news_for(&mut self, to: u16) -> SmallVec<[News; 1]> {
        let mut news = SmallVec::new();
        if self.s.health(to) != Health::Alive {
            news.push(self.s.as_news(to));
        }
        if self.s.news.is_empty() {
            return news;
        }
        let enough = self.swim.tellings();
        let room = NEWS_MAX - news.len();
        let picked: SmallVec<[(u16, u16); NEWS_MAX]> =
            self.s.news.iter().filter(|(_, of)| *of != to).take(room).copied().collect();
        for (told, of) in picked {
            news.push(self.s.as_news(of));
            self.set_told(of, Some(told + 1).filter(|told| *told < enough));
        }
        news
    }
}

/// Returns whether the owner has signed the incarnation; the first one needs no signature.
fn is_sealed(news: &News) -> bool {
    let (incarnation, owner) = (news.claim.incarnation, Address::Node(news.of));
    incarnation == 0
        || news.seal.is_some_and(|seal| seal.by() == owner && *seal.value() == incarnation)
}
