//! A run on the screen: what is selected, how fast it goes, and what a key does to it.
//!
//! Everything that is done to the run goes through `Session::make` and `Session::seek`.

use crate::causes::{Chain, Inquiry};
use crate::faults::{FaultSpec, Target, Variant};
use crate::lab::{Act, Fault, Kind, Seek, Session, Stage};
use crate::oracles::{Finding, Grade, Signal};
use crate::sim::{Address, EventId, FaultId, Instant, Scene};

use super::guide::Guide;
use super::moment::{Pane, Selection};
use super::narrate::{self, Line};
use super::pace::Pace;
use super::words;

/// How many moves are made between two looks at the time.
const SLICE: u64 = 256;
/// How many moves an inquiry makes between two looks at the time.
const INQUIRY_SLICE: u64 = 2_048;
/// How many moves the search for a milestone that has not come yet may take: a few milliseconds.
const SEARCH_MAX: u64 = 5_000;
/// Record numbers have 32 bits: here a run that goes on by itself is stopped.
const RECORDS_MAX: u32 = 4_000_000_000;
/// How many chains are kept.
const CHAINS_MAX: usize = 64;

/// A run on the screen.
#[derive(Debug)]
pub struct Lab {
    /// The run.
    pub session: Session,
    /// What it is called.
    pub name: String,
    /// Whether virtual time runs.
    pub running: bool,
    /// How fast.
    pub pace: Pace,
    /// Which pane has the keys.
    pub focus: Pane,
    /// Whether that pane is shown alone.
    pub zoomed: bool,
    /// What a fault would strike; with nothing selected, whoever leads, else the first node.
    pub aim: Selection,
    /// The record that is selected.
    pub event: Option<EventId>,
    /// How far the focused pane is scrolled, in rows.
    pub scroll: usize,
    /// The chains that were asked for, newest first.
    pub chains: Vec<Chain>,
    /// The question that is being answered.
    pub inquiry: Option<Inquiry>,
    /// Whether the last key healed: then the same key heals all.
    pub healed_just_now: bool,
    /// The world as it is, drawn once after each change.
    pub scene: Scene,
    /// The faults so far, with the stage of each.
    pub faults: Vec<(Fault, Stage)>,
    /// The newest thing that matters, in words.
    pub news: Line,
    /// The lesson that leads through the run, if one does.
    pub guide: Option<Box<Guide>>,
    /// The first record of which the log has not told yet.
    untold: EventId,
}

impl Lab {
    /// Puts a run on the screen; it runs at once.
    pub fn new(session: Session, name: String) -> Lab {
        let mut lab = Lab {
            scene: session.scene(),
            faults: session.faults(),
            untold: session.next_record(),
            session,
            name,
            running: true,
            pace: Pace::default(),
            focus: Pane::Grid,
            zoomed: false,
            aim: Selection::Nothing,
            event: None,
            scroll: 0,
            chains: Vec::new(),
            inquiry: None,
            healed_just_now: false,
            news: Line::default(),
            guide: None,
        };
        lab.refresh();
        lab
    }

    /// Draws anew what a frame is made of; after each change.
    pub fn refresh(&mut self) {
        self.scene = self.session.scene();
        self.faults = self.session.faults();
        self.tell_the_log();
        self.news = narrate::newest(self);
        if let Some(guide) = &mut self.guide {
            guide.refresh(&self.session);
        }
    }

    /// Returns whether something goes on without a key.
    pub fn is_busy(&self) -> bool {
        self.running || self.inquiry.is_some()
    }

    /// Lets so much real time go by; `out_of_time` says when the frame must be drawn.
    pub fn tick(&mut self, real_us: u64, out_of_time: &mut dyn FnMut() -> bool) {
        self.inquire(out_of_time);
        if !self.running {
            return;
        }
        let from = self.session.clock();
        let target = from + self.pace.due(real_us);
        let mut reached = self.go_on(target);
        while !reached && !out_of_time() {
            reached = self.go_on(target);
        }
        if self.held_by_lesson() {
            self.running = false;
        }
        self.pace.made(self.session.clock().since(from), real_us, !reached);
        if self.session.next_record() > EventId(RECORDS_MAX) {
            self.running = false;
        }
        self.refresh();
    }

    fn go_on(&mut self, target: Instant) -> bool {
        match &mut self.guide {
            Some(guide) => guide.advance(&mut self.session, target, SLICE),
            None => self.session.advance_to(target, SLICE),
        }
    }

    /// Returns whether the lesson holds virtual time: it waits for the learner.
    pub fn held_by_lesson(&self) -> bool {
        self.guide.as_ref().is_some_and(|guide| !guide.runs())
    }

    fn inquire(&mut self, out_of_time: &mut dyn FnMut() -> bool) {
        let Some(inquiry) = &mut self.inquiry else { return };
        let mut done = inquiry.work(INQUIRY_SLICE).is_complete();
        while !done && !out_of_time() {
            done = inquiry.work(INQUIRY_SLICE).is_complete();
        }
        let chain = inquiry.chain();
        self.chains.retain(|known| !known.finding.same(&chain.finding));
        self.chains.insert(0, chain);
        self.chains.truncate(CHAINS_MAX);
        if done {
            self.inquiry = None;
        }
    }

    /// Returns whom a fault would strike.
    pub fn target(&self) -> Target {
        match self.aim {
            Selection::Member(node) | Selection::Link(node, _) if node.is_node() => {
                Target::Node(node)
            }
            _ => self.first().map_or(Target::Leader, Target::Node),
        }
    }

    /// Says whom a fault would strike: `n2`, `n1→n3`, `the leader`.
    pub fn target_words(&self) -> String {
        match self.aim {
            Selection::Link(from, to) if from.is_node() => format!("{from}→{to}"),
            Selection::Member(node) if node.is_node() => node.to_string(),
            _ => self.first().map_or_else(|| "the leader".to_owned(), |node| node.to_string()),
        }
    }

    /// Returns the first node that is up, where nobody leads by the rules of the algorithm: there
    /// a fault would wait for a leader for ever.
    fn first(&self) -> Option<Address> {
        let nodes = &self.scene.nodes;
        let mut up = nodes.iter().filter(|node| node.life != crate::sim::Life::Down);
        up.next().filter(|_| words::are_equals(nodes)).map(|node| node.address)
    }

    /// Injects a fault; returns what there is to say beyond what the screen shows.
    pub fn inject(&mut self, variant: &Variant) -> Option<String> {
        let mut fault = (variant.make)(&self.target(), self.session.scenario().nodes);
        if let (Selection::Link(_, peer), true) = (self.aim, self.aims_at_node()) {
            match &mut fault {
                FaultSpec::ChannelOmission { to, .. } | FaultSpec::SlowLink { to, .. } => {
                    *to = Target::Node(peer);
                }
                _ => {}
            }
        }
        if let Err(wrong) = crate::faults::check(&fault, self.session.scenario().nodes) {
            return Some(format!("{}; expected {}", wrong.message, wrong.expected));
        }
        let waits = fault.target() == Some(&Target::Leader) && self.leader().is_none();
        let branched = self.make(Act::Inject { fault, heal_after: None });
        match (branched, waits) {
            (Some(branch), _) => Some(format!("a new future: {branch}; the old one is kept")),
            (None, true) => Some("nobody leads; the fault waits for a leader".to_owned()),
            (None, false) => None,
        }
    }

    fn aims_at_node(&self) -> bool {
        matches!(self.aim, Selection::Link(from, to) if from.is_node() && to.is_node())
    }

    /// Does something to the run; returns the name of the future that began with it, if one did.
    pub(super) fn make(&mut self, act: Act) -> Option<String> {
        let from = self.session.next_record();
        let in_past = self.session.in_past();
        match &mut self.guide {
            Some(guide) => guide.make(&mut self.session, act),
            None => {
                self.session.make(act);
            }
        }
        if in_past {
            // What was found and explained after this instant belongs to the future that is left.
            self.untold = from;
            self.inquiry = None;
            self.chains.retain(|chain| chain.finding.event < from);
        }
        in_past.then(|| self.session.branch().to_owned())
    }

    /// Returns who leads in the highest epoch, of those that run.
    pub fn leader(&self) -> Option<Address> {
        let leads = |node: &&crate::sim::scene::NodeScene| {
            node.glance.role.leads() && node.life != crate::sim::Life::Down
        };
        let leaders = self.scene.nodes.iter().filter(leads);
        leaders.max_by_key(|node| node.glance.epoch).map(|node| node.address)
    }

    /// Returns whether there is a fault that was not healed.
    pub fn has_fault(&self) -> bool {
        self.faults.iter().any(|(_, stage)| *stage != Stage::Healed)
    }

    /// Heals the faults of what is selected, or the newest where nothing is; returns what to say.
    pub fn heal(&mut self) -> Option<String> {
        let standing = self.faults.iter().filter(|(_, stage)| *stage != Stage::Healed);
        let standing: Vec<&Fault> = standing.map(|(fault, _)| fault).collect();
        let ids: Vec<FaultId> = match self.aim {
            Selection::Member(who) => {
                let holds = |fault: &&&Fault| self.holds(fault, who);
                standing.iter().filter(holds).map(|fault| fault.id).collect()
            }
            Selection::Link(from, to) => {
                let links = self.scene.links.iter();
                let mine = links.filter(|link| (link.from, link.to) == (from, to));
                mine.map(|link| link.fault).collect()
            }
            _ => standing.last().map(|fault| fault.id).into_iter().collect(),
        };
        if ids.is_empty() {
            return Some(format!("no fault holds {}; 0 again heals all", self.target_words()));
        }
        self.heal_these(&ids)
    }

    fn holds(&self, fault: &Fault, who: Address) -> bool {
        let scene = &self.scene;
        let node = scene.nodes.iter().find(|node| node.address == who);
        let touches = |link: &crate::sim::scene::LinkScene| link.from == who || link.to == who;
        node.is_some_and(|node| node.faults.contains(&fault.id))
            || scene.links.iter().any(|link| link.fault == fault.id && touches(link))
            || fault.spec.target() == Some(&Target::Node(who))
    }

    /// Heals every fault; returns what to say.
    pub fn heal_all(&mut self) -> Option<String> {
        let standing = self.faults.iter().filter(|(_, stage)| *stage != Stage::Healed);
        let ids: Vec<FaultId> = standing.map(|(fault, _)| fault.id).collect();
        self.heal_these(&ids).or_else(|| Some("all faults are healed".to_owned()))
    }

    fn heal_these(&mut self, ids: &[FaultId]) -> Option<String> {
        let mut branched = None;
        for id in ids {
            branched = branched.or(self.make(Act::Heal(*id)));
        }
        branched.map(|branch| format!("a new future: {branch}; the old one is kept"))
    }

    /// Goes one event forwards.
    pub fn forwards(&mut self) -> bool {
        self.running = false;
        let went_on = self.session.step();
        if let Some(guide) = &mut self.guide {
            guide.judge(&self.session);
        }
        self.select_newest();
        went_on
    }

    /// Goes one event back.
    pub fn backwards(&mut self) -> bool {
        self.running = false;
        let went_back = self.session.back();
        self.select_newest();
        went_back
    }

    /// Goes somewhere else in the run, and stops there.
    pub fn seek(&mut self, to: Seek) -> bool {
        self.running = false;
        let moved = self.session.seek(to);
        self.select_newest();
        moved
    }

    /// Goes on to the next milestone, beyond the frontier too; returns whether one was found.
    pub fn next_milestone(&mut self) -> bool {
        let (from, last) = (self.session.position().moves, self.session.frontier().moves);
        let ahead = |session: &Session| {
            let mut ahead = session.milestones().rev().take_while(|m| m.moves > from);
            ahead.any(|m| m.kind() != Kind::Commit)
        };
        if ahead(&self.session) {
            return self.seek(Seek::Next(None));
        }
        if from < last {
            self.seek(Seek::End);
        }
        self.running = false;
        let mut found = false;
        for _ in 0..SEARCH_MAX {
            let before = self.session.next_record();
            if found || !self.session.step() {
                break;
            }
            let mut new = self.session.milestones().rev().take_while(|m| m.record >= before);
            found = new.any(|m| m.kind() != Kind::Commit);
        }
        self.select_newest();
        found
    }

    /// Selects the last record before the position, so that all panes mark what just happened.
    fn select_newest(&mut self) {
        self.event = self.session.next_record().0.checked_sub(1).map(EventId);
        self.scroll = 0;
    }

    /// Returns what the views mark as the target.
    pub fn shown_target(&self) -> Selection {
        match (self.focus, self.event) {
            (Pane::Events | Pane::Chain | Pane::Timeline, Some(id)) => Selection::Record(id),
            _ => self.aim,
        }
    }

    /// Selects something.
    pub fn select(&mut self, what: Selection) {
        match what {
            Selection::Nothing => {}
            Selection::Record(id) => self.event = Some(id),
            Selection::Member(_) | Selection::Link(..) => self.aim = what,
        }
    }

    /// Finds the finding that "why" asks about: that of the selected record, else the newest of
    /// the gravest that still stand, else the newest that was ever raised.
    pub fn finding_in_question(&self) -> Option<Finding> {
        let raised = || self.session.signals().filter_map(raised);
        let selected = raised().find(|finding| Some(finding.event) == self.event);
        let gravity = |finding: &&&Finding| match finding.grade {
            Grade::Failure | Grade::Stall => 2,
            Grade::Breach => 1,
            Grade::Deviation => 0,
        };
        let standing = self.session.standing();
        let gravest = standing.iter().max_by_key(|finding| (gravity(finding), finding.event));
        selected.or(gravest.copied()).or_else(|| raised().last()).cloned()
    }

    /// Tells the log of the milestones that are new, with their virtual time.
    fn tell_the_log(&mut self) {
        let milestones = self.session.milestones().rev();
        let new = milestones.take_while(|milestone| milestone.record >= self.untold);
        let mut new: Vec<(Instant, String)> = new
            .filter(|milestone| milestone.kind() != Kind::Commit)
            .map(|milestone| (milestone.at, milestone.to_string()))
            .collect();
        new.reverse();
        for (at, what) in new {
            tracing::info!(target: "engine", "t={at} {what}");
        }
        let last = self.session.milestones().next_back();
        let next = last.map_or(EventId(0), |milestone| EventId(milestone.record.0 + 1));
        self.untold = self.untold.max(next);
    }

    /// Counts everything so far as told, after a jump to another future.
    pub(super) fn told_all(&mut self) {
        self.untold = self.session.next_record();
    }

    /// Scrolls the pane that has the keys, down where `rows` is positive. Events are scrolled from
    /// their newest row, so there down is back towards it.
    pub fn scroll_by(&mut self, rows: isize) {
        let rows = if self.focus == Pane::Events { -rows } else { rows };
        if self.focus == Pane::Events {
            // A list that follows its selection would spring back.
            self.event = None;
        }
        self.scroll = self.scroll.saturating_add_signed(rows);
    }

    /// Selects the record before or after the one that is selected.
    pub(super) fn select_beside(&mut self, later: bool) {
        let Some(EventId(id)) = self.event else { return };
        let last = self.session.next_record().0.saturating_sub(1);
        let beside = if later { id.saturating_add(1).min(last) } else { id.saturating_sub(1) };
        self.event = Some(EventId(beside));
    }
}

fn raised(signal: &Signal) -> Option<&Finding> {
    match signal {
        Signal::Raised(finding) => Some(finding),
        Signal::Cleared { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{embedded, read_scenario};

    fn opened(name: &str) -> Lab {
        let text = embedded::find(name).expect("it comes with the program");
        Lab::new(Session::new(read_scenario(name, text).expect("it is good"), 1), name.to_owned())
    }

    #[test]
    fn with_nothing_selected_a_fault_strikes_at_once_where_nobody_ever_leads() {
        let (n1, leader) = (Target::Node(Address::Node(1)), Target::Leader);
        for (name, target) in
            [("gossip-steady", &n1), ("phi-accrual-steady", &n1), ("steady", &leader)]
        {
            assert_eq!(opened(name).target(), *target, "{name}");
        }
        assert_eq!(opened("two-phase-commit-steady").leader(), Some(Address::Node(1)));
    }
}
