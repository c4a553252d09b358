//! One node: as a card, as a chip, as a dot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::Stage;
use crate::oracles::views::Cell;
use crate::sim::{Address, Life, Mood, NodeScene, Role, Span};

use super::super::super::moment::{Eyes, Moment};
use super::super::super::text::{self, Row, rows};
use super::super::super::theme::Ink;
use super::super::super::words::{self, group, life_mark, role_mark};
use super::super::chain::stage_ink;
use super::super::watch;
use super::about::{About, Known};
use super::crowd::{Crowd, awaits_leader};

/// What each dot is.
pub(super) const LEGEND: [(char, Ink, &str); 6] = [
    ('♛', Ink::Leader, "leads"),
    ('◇', Ink::Candidate, "stands"),
    ('◦', Ink::Healthy, "follows"),
    ('‖', Ink::Paused, "paused"),
    ('↓', Ink::Down, "down"),
    ('⊘', Ink::Active, "up, cut off"),
];
/// From which width a card has room for whole words.
const ROOMY: usize = 29;
/// From which width a card has room for the word of its term.
pub(super) const WORDY: usize = 18;

/// A node and all that is known of it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub scene: &'a NodeScene,
    pub about: &'a About,
    pub moment: &'a Moment<'a>,
}

impl Node<'_> {
    fn known(&self) -> &Known {
        self.about.of(self.scene.address)
    }

    /// Returns how many of its peers it is cut off from, both ways counted once.
    fn cut(&self) -> usize {
        self.known().cut_to.len().max(self.known().cut_from.len())
    }

    /// Returns glyph, ink and word for what it is: its life if it is not up, else its role.
    fn state(&self) -> (char, Ink, &'static str) {
        match self.scene.life {
            Life::Up if self.mark().is_some() => self.mark().expect("it was there just now"),
            Life::Up => {
                let (glyph, ink) = role_mark(self.scene.glance.role);
                (glyph, ink, self.moment.words().role(self.scene.glance.role))
            }
            life => {
                let (glyph, ink) = life_mark(life);
                (glyph, ink, life.word())
            }
        }
    }

    /// Returns what it is drawn as, where its role does not say it.
    fn mark(&self) -> Option<(char, Ink, &'static str)> {
        self.about.crowd.mark(&self.scene.glance, self.known())
    }

    /// Draws it as a card; what matters least goes first where there is no room.
    pub fn card(&self, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) {
        let area = Rect { width: area.width.saturating_sub(1), ..area };
        for (row, area) in self.rows(eyes, usize::from(area.width)).iter().zip(rows(area)) {
            row.draw(area, buf);
        }
    }

    /// Draws it as a chip: `n12 ♛3 ●`.
    pub fn chip(&self, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) {
        let (glyph, ink, word) = self.state();
        let brief: String = word.chars().take(4).collect();
        let mut row =
            Row::new(eyes.theme).say(ink, format!("{}{glyph}{brief}", self.scene.address));
        if area.width > 11 {
            let glance = &self.scene.glance;
            let crowd = self.about.crowd != Crowd::No;
            let number = if crowd { glance.length } else { glance.epoch };
            row.add(Ink::Muted, format!(" {number}"));
        }
        if self.cut() > 0 {
            row.add(Ink::Active, "⊘");
        }
        if let Some(stage) = self.stage() {
            row.add(stage_ink(stage), stage.glyph().to_string());
        }
        let views = watch::views(self.moment);
        if let Some((_, standing)) = watch::furthest(views, self.scene.address)
            && standing.cell != Cell::Well
        {
            let (glyph, ink) = watch::mark(standing.cell);
            row.add(ink, glyph.to_string());
        }
        row.draw(Rect { width: area.width.saturating_sub(1), ..area }, buf);
    }

    /// Draws it as one glyph.
    pub fn dot(&self, eyes: &Eyes<'_>, area: Rect, buf: &mut Buffer) {
        let (glyph, ink, _) = self.state();
        let up = self.scene.life == Life::Up;
        // A cut is through all of them; of equals it is the smaller side that is cut off, and what
        // one of them has matters more than that.
        let cut = match self.mark() {
            None => up && self.scene.glance.role == Role::Follower && self.cut() > 0,
            Some((glyph, ..)) => {
                let plain = matches!(glyph, '○' | '◦');
                up && plain && self.cut() * 2 > self.moment.scene.nodes.len()
            }
        };
        let (glyph, ink) = if cut { ('⊘', Ink::Active) } else { (glyph, ink) };
        text::glyph((area.x, area.y), glyph, ink, eyes.theme, buf);
    }

    /// Returns how far the fault on it that has come furthest has come.
    fn stage(&self) -> Option<Stage> {
        let stages = self.scene.faults.iter().filter_map(|id| self.stage_of(*id));
        stages.max_by_key(|stage| *stage == Stage::Active)
    }

    fn stage_of(&self, id: crate::sim::FaultId) -> Option<Stage> {
        self.moment.faults.iter().find(|(fault, _)| fault.id == id).map(|(_, stage)| *stage)
    }

    fn rows<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Vec<Row<'a>> {
        let mut rows = vec![self.head(eyes, width)];
        rows.extend(Some(self.log(eyes, width)).filter(|row| !row.is_empty()));
        rows.extend(self.faults(eyes));
        let (well, ill) = match watch::brief(self.moment, eyes, self.scene.address, width) {
            Some((Cell::Well, row)) => (Some(row), None),
            Some((_, row)) => (None, Some(row)),
            None => (None, None),
        };
        rows.extend(ill);
        rows.extend(self.links(eyes, width));
        rows.extend(self.suspicion(eyes, width));
        rows.extend(self.reported(eyes));
        rows.extend(self.lead(eyes, width));
        rows.extend(self.disturbed(eyes));
        rows.extend(well);
        rows.push(self.disk(eyes, width));
        rows
    }

    fn head<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Row<'a> {
        let (glyph, ink, word) = self.state();
        let name = self.scene.address.to_string();
        let selected = eyes.target == super::super::Selection::Member(self.scene.address);
        let mark = if selected { "▸" } else { "" };
        let mut text = format!("{mark}{name} {glyph} {word}");
        if text.chars().count() > width {
            let first = word.split(' ').next().unwrap_or(word);
            text = format!("{mark}{name} {glyph} {first}");
        }
        let mut row = Row::new(eyes.theme).say(ink, text);
        let place = self.moment.scene.places.get(self.scene.address.index());
        if let Some(place) = place.filter(|place| !place.rack.is_empty() && width >= ROOMY) {
            row.add(Ink::Muted, format!(" · rack {}", place.rack));
        }
        row
    }

    fn log<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Row<'a> {
        let glance = &self.scene.glance;
        let row = Row::new(eyes.theme);
        let was = if self.scene.life == Life::Down && width >= WORDY { "was " } else { "" };
        if let Some(numbers) = self.about.crowd.numbers(glance, width) {
            return row.say(Ink::Muted, format!("{was}{numbers}"));
        }
        if self.numbers(0).is_empty() {
            return row;
        }
        let forms = [ROOMY, WORDY, 0].into_iter().filter(|least| *least <= width);
        let mut texts = forms.map(|room| format!("{was}{}", self.numbers(room)));
        let fits = |text: &String| text.chars().count() <= width;
        // Half a number would be another number: rather one less.
        let fewer = || self.numbers(0).rsplit_once(" ✓").map(|(few, _)| few.to_owned());
        row.say(Ink::Muted, texts.find(fits).or_else(fewer).unwrap_or_default())
    }

    /// Shows of its report what the algorithm turns on.
    fn reported<'a>(&self, eyes: &Eyes<'a>) -> Vec<Row<'a>> {
        let (wanted, address) = (self.moment.words().card, self.scene.address);
        if wanted.is_empty() || self.scene.life == Life::Down {
            return Vec::new();
        }
        let node = self.moment.session.inspect(address, 0);
        let rows = node.map(|node| node.report.rows).unwrap_or_default();
        let told = rows.iter().filter(|(name, value)| *name == wanted && value != "0");
        told.map(|(name, value)| {
            // A number says nothing without its name.
            let bare = value.starts_with(|c: char| c.is_ascii_digit());
            let text = if bare { format!("{name} {value}") } else { value.clone() };
            Row::new(eyes.theme).say(Ink::Text, text)
        })
        .collect()
    }

    /// Returns epoch, length and what is settled, in the algorithm's words and as briefly as so
    /// much room asks for.
    fn numbers(&self, room: usize) -> String {
        let (glance, words) = (&self.scene.glance, self.moment.words());
        let mut parts = Vec::new();
        match words.epoch.get(..1) {
            None => {}
            Some(letter) if room < WORDY => parts.push(format!("{letter}{}", glance.epoch)),
            Some(_) => parts.push(words.epoch(glance.epoch)),
        }
        // Who is a member beside leaders serves them, and keeps nothing of what they order.
        let keeps = glance.role != Role::Member || words.epoch.is_empty();
        if keeps && !words.length.is_empty() {
            parts.push(format!("{} {}", words.length, glance.length));
        }
        if keeps && !words.decided.is_empty() {
            // A coordinator counts outcomes of either kind.
            let ended = glance.role == Role::Coordinator && words.decided == "committed";
            let word = if ended { "ended" } else { words.decided };
            parts.push(match room {
                ROOMY.. => format!("✓{} {word}", glance.decided),
                _ if glance.decided == glance.length => "✓".to_owned(),
                _ => format!("✓{}", glance.decided),
            });
        }
        parts.join(if room >= ROOMY { " · " } else { " " })
    }

    fn faults<'a>(&self, eyes: &Eyes<'a>) -> Option<Row<'a>> {
        if self.scene.faults.is_empty() {
            return None;
        }
        let mut row = Row::new(eyes.theme);
        for id in self.scene.faults.iter().take(3) {
            let Some(stage) = self.stage_of(*id) else { continue };
            row.add(stage_ink(stage), format!("{id}{} {} ", stage.glyph(), stage.word()));
        }
        Some(row)
    }

    fn links<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Option<Row<'a>> {
        let known = self.known();
        let most = if width >= ROOMY { 4 } else { 2 };
        let mut row = Row::new(eyes.theme);
        let peers = self.moment.scene.nodes.len().saturating_sub(1);
        let name = |cut: &Vec<Address>| {
            if cut.len() >= peers { "all".to_owned() } else { group(cut.iter().copied(), most) }
        };
        let both = known.cut_to == known.cut_from;
        let (words, cut) = match (known.cut_to.is_empty(), known.cut_from.is_empty()) {
            (true, true) => ("", None),
            (false, false) if both && width >= WORDY => ("cut off: ", Some(&known.cut_to)),
            (false, false) if both => ("cut: ", Some(&known.cut_to)),
            (false, false) => ("cut off in part", None),
            (false, true) => ("cut to ", Some(&known.cut_to)),
            (true, false) => ("cut from ", Some(&known.cut_from)),
        };
        if !words.is_empty() {
            let names = cut.map_or_else(String::new, name);
            row.add(Ink::Active, format!("⊘ {words}{names}"));
        }
        for fault in known.cutters.iter().take(2).map(|fault| format!(" {fault}")) {
            // Whom it is cut off from matters more.
            if row.width() + fault.len() <= width {
                row.add(Ink::Active, fault);
            }
        }
        for fault in known.bent.iter().take(2) {
            row.add(Ink::Active, format!("≈ link bent {fault}"));
        }
        (!row.is_empty()).then_some(row)
    }

    fn suspicion<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Option<Row<'a>> {
        let who = &self.known().suspected_by;
        if who.is_empty() {
            return None;
        }
        let row = Row::new(eyes.theme);
        let who = match who.as_slice() {
            many if many.len() > 4 || (many.len() > 1 && width < ROOMY) => many.len().to_string(),
            few => group(few.iter().copied(), 4),
        };
        let verb = if self.known().suspected_by.len() == 1 { "suspects" } else { "suspect" };
        let whom = if width >= WORDY { " it" } else { "" };
        Some(row.say(Ink::Candidate, format!("? {who} {verb}{whom}")))
    }

    /// Says who believes that it leads, or whom it believes to lead.
    fn lead<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Option<Row<'a>> {
        let row = Row::new(eyes.theme);
        let led = self.known().led.iter().copied();
        // A name takes three columns or four, the words around the names ten.
        let most = width.saturating_sub(8) / 3;
        let down = self.scene.life == Life::Down;
        let role = self.scene.glance.role;
        if role.leads() && !down {
            let nobody = if width >= WORDY { "nobody else" } else { "nobody" };
            let who = if led.len() == 0 { nobody.to_owned() } else { group(led.clone(), most) };
            let text = match role {
                Role::Proposer if led.len() < 2 => format!("{who} agrees"),
                Role::Proposer => format!("{who} agree"),
                _ => format!("leads {who}"),
            };
            return Some(row.say(Ink::Leader, text));
        }
        // An acceptor is bound by a promise, a validator waits for whose turn it is, and who is a
        // member beside leaders grants their lease.
        let [one, many] = match role {
            Role::Acceptor => ["promised", "promised"],
            Role::Validator => ["waits for", "wait for"],
            Role::Member => ["lease for", "lease for"],
            _ => ["follows", "follow"],
        };
        if led.len() > 0 {
            let verb = if led.len() == 1 { one } else { many };
            return Some(row.say(Ink::Candidate, format!("{} {verb} it", group(led, most))));
        }
        match self.scene.glance.leader.filter(|leader| *leader != self.scene.address) {
            _ if down || self.about.equals => None,
            Some(leader) => Some(row.say(Ink::Muted, format!("{one} {leader}"))),
            None if awaits_leader(role) => Some(row.say(Ink::Candidate, "no leader known")),
            None => None,
        }
    }

    /// Says what bends its clock, fills its inbox or slows it.
    fn disturbed<'a>(&self, eyes: &Eyes<'a>) -> Option<Row<'a>> {
        let scene = self.scene;
        let mut row = Row::new(eyes.theme);
        if scene.inbox > 0 {
            row.add(Ink::Paused, format!("{} wait ", scene.inbox));
        }
        if scene.service > Span::ZERO {
            row.add(Ink::Active, format!("slow by {} ", words::span(scene.service)));
        }
        if scene.clock_offset_us != 0 || scene.clock_drift_ppm != 0 {
            let sign = if scene.clock_offset_us < 0 { '-' } else { '+' };
            let offset = words::span(Span(scene.clock_offset_us.unsigned_abs()));
            row.add(Ink::Active, format!("clock {sign}{offset}"));
        }
        (!row.is_empty()).then_some(row)
    }

    fn disk<'a>(&self, eyes: &Eyes<'a>, width: usize) -> Row<'a> {
        let ink = if self.scene.mood == Mood::Durable { Ink::Muted } else { Ink::Active };
        let mut row = Row::new(eyes.theme).say(ink, format!("disk {}", self.scene.mood.word()));
        if self.scene.unsynced > 0 && width >= ROOMY {
            row.add(Ink::Muted, format!(", {} unsynced", self.scene.unsynced));
        }
        row
    }
}
