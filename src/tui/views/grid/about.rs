//! What others believe of each node, and which of its links a fault holds: gathered once a frame.

use std::collections::BTreeSet;

use crate::sim::{Address, FaultId, Life, NodeScene, Note, Scene, What};

use super::super::super::moment::Moment;
use super::super::super::words;
use super::super::RECORDS_READ_MAX;
use super::crowd::{self, Crowd};

/// What is known of one node beyond what it says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Who believes that it leads, itself left out.
    pub led: Vec<Address>,
    /// Who lately came to suspect it, and has not come to trust it again.
    pub suspected_by: Vec<Address>,
    /// To whom nothing passes that it sends.
    pub cut_to: Vec<Address>,
    /// From whom nothing passes that is sent to it.
    pub cut_from: Vec<Address>,
    /// Faults that bend its links without cutting them.
    pub bent: Vec<FaultId>,
    /// Faults that cut its links.
    pub cutters: Vec<FaultId>,
}

/// What is known of all nodes, first node first.
#[derive(Debug)]
pub(super) struct About {
    known: Vec<Known>,
    /// What kind of equals the nodes are.
    pub crowd: Crowd,
    /// Whether nobody leads here, by the rules of the algorithm.
    pub equals: bool,
}

impl About {
    /// Gathers it.
    pub fn read(moment: &Moment<'_>) -> About {
        let nodes = &moment.scene.nodes;
        let mut about = About {
            known: vec![Known::default(); nodes.len()],
            crowd: Crowd::of(moment),
            equals: words::are_equals(nodes),
        };
        about.leaders(moment.scene);
        about.links(moment.scene);
        about.suspicions(moment);
        about
    }

    /// Returns what is known of a node.
    pub fn of(&self, who: Address) -> &Known {
        &self.known[who.index()]
    }

    fn get(&mut self, who: Address) -> Option<&mut Known> {
        self.known.get_mut(who.index()).filter(|_| who.is_node())
    }

    fn leaders(&mut self, scene: &Scene) {
        // Who leads by itself follows nobody, whatever it last heard.
        let follows = |node: &&NodeScene| node.life != Life::Down && !node.glance.role.is_alone();
        for node in scene.nodes.iter().filter(follows) {
            let leader = node.glance.leader.filter(|leader| *leader != node.address);
            if let Some(known) = leader.and_then(|leader| self.get(leader)) {
                known.led.push(node.address);
            }
        }
    }

    fn links(&mut self, scene: &Scene) {
        for link in scene.links.iter().filter(|link| link.from.is_node() && link.to.is_node()) {
            for (who, other, sends) in [(link.from, link.to, true), (link.to, link.from, false)] {
                let Some(known) = self.get(who) else { continue };
                let faults = if link.cut { &mut known.cutters } else { &mut known.bent };
                if !faults.contains(&link.fault) {
                    faults.push(link.fault);
                }
                if link.cut {
                    let cut = if sends { &mut known.cut_to } else { &mut known.cut_from };
                    if cut.last() != Some(&other) {
                        cut.push(other);
                    }
                }
            }
        }
    }

    /// Reads who suspects whom from the newest records; what is older has faded.
    fn suspicions(&mut self, moment: &Moment<'_>) {
        let mut settled: BTreeSet<(Address, Address)> = BTreeSet::new();
        let mut restarted: BTreeSet<Address> = BTreeSet::new();
        for record in moment.session.newest_records().take(RECORDS_READ_MAX) {
            let Some(who) = record.who else { continue };
            let (about, suspects) = match &record.what {
                What::Noted(Note::Suspects(about)) => (*about, true),
                What::Noted(Note::Trusts(about)) => (*about, false),
                What::Booted => {
                    restarted.insert(who);
                    continue;
                }
                _ => continue,
            };
            // Who started again has forgotten whom it suspected.
            if settled.insert((who, about)) && suspects && !restarted.contains(&who) {
                self.suspect(moment.scene, who, about);
            }
        }
        for (who, whom) in crowd::suspected(moment) {
            if let Some(known) = self.get(whom) {
                known.suspected_by.push(who);
            }
        }
        for known in &mut self.known {
            known.suspected_by.sort_unstable();
            known.suspected_by.dedup();
        }
    }

    fn suspect(&mut self, scene: &Scene, who: Address, about: Address) {
        // A node that is down suspects nobody, and one that follows it again trusts it.
        let mind = scene.nodes.get(who.index()).filter(|node| node.life != Life::Down);
        if mind.is_some_and(|node| node.glance.leader != Some(about))
            && let Some(known) = self.get(about)
        {
            known.suspected_by.push(who);
        }
    }
}
