//! A desk on which a cluster is moved by hand: one timer, one message, one write at a time.
//!
//! Here: nodes, their disks, their timers and the messages between them, for any protocol. Absent
//! on purpose: time that passes by itself, and chance. The script says what happens next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use faultlab::oracles::{Bounds, Panel};
use faultlab::sim::chance::{Chance, Identity};
use faultlab::sim::disk::Disk;
use faultlab::sim::record::Causes;
use faultlab::sim::{
    Address, CallId, ClientNote, Effect, Event, EventId, FaultId, Instant, Lever, Liar, Lie, Life,
    LogRow, Mood, Note, Op, Outbox, Outcome, Protocol, Record, Span, Ticket, What, Whom,
};

use crate::stage::{Staged, safety_of};

/// A script that does not come to rest after so many deliveries has a loop in it.
const DELIVERIES_MAX: usize = 10_000;

/// What waits for the disk.
enum Held<P: Protocol> {
    Send(u16, P::Msg),
    Answer(CallId, Outcome),
}

/// One member: what it knows while it is up, its disk, and its timers in the order of arming.
struct Member<P: Protocol> {
    state: Option<P::State>,
    disk: Disk<P>,
    held: VecDeque<(Ticket, Held<P>)>,
    armed: Vec<P::Timer>,
    lived: bool,
}

/// A message on its way.
#[derive(Clone)]
pub struct Flight<M> {
    pub from: u16,
    pub to: u16,
    pub msg: M,
}

/// The desk.
pub struct Desk<P: Staged> {
    pub protocol: P,
    members: Vec<Member<P>>,
    pub flights: Vec<Flight<P::Msg>>,
    /// Directed links that let nothing through.
    cut: BTreeSet<(u16, u16)>,
    /// Whether each write is on the disk at once.
    autosync: bool,
    now: Instant,
    /// The oracles of the protocol's safety properties.
    pub panel: Panel,
    records: u32,
    steps: u64,
    /// What was asked by each call, and who answered what so far.
    asked: BTreeMap<u64, Op>,
    heard: BTreeMap<u64, BTreeMap<u16, Outcome>>,
    /// What clients were told, and not taken yet.
    pub answers: Vec<(CallId, Outcome)>,
    text: String,
}

impl<P: Staged> Desk<P> {
    /// Starts the nodes with empty disks.
    pub fn new(protocol: P, nodes: u16, autosync: bool) -> Desk<P> {
        let blank = || Member {
            state: None,
            disk: Disk::new(None, Mood::Durable),
            held: VecDeque::new(),
            armed: Vec::new(),
            lived: false,
        };
        let mut desk = Desk {
            protocol,
            members: (0..nodes).map(|_| blank()).collect(),
            flights: Vec::new(),
            cut: BTreeSet::new(),
            autosync,
            now: Instant::ZERO,
            panel: Panel::new(&Bounds::default(), nodes, &safety_of(P::ENTRY)),
            records: 0,
            steps: 0,
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
            answers: Vec::new(),
            text: String::new(),
        };
        (1..=nodes).for_each(|node| desk.boot(node));
        desk.text.clear();
        desk
    }

    /// Takes what was said since it was last taken.
    pub fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Returns how many nodes there are.
    pub fn nodes(&self) -> u16 {
        self.members.len() as u16
    }

    /// Returns a node that is up.
    pub fn state(&self, node: u16) -> Option<&P::State> {
        self.members[usize::from(node) - 1].state.as_ref()
    }

    /// Returns a node's disk.
    pub fn disk(&self, node: u16) -> &Disk<P> {
        &self.members[usize::from(node) - 1].disk
    }

    /// Returns the timers that a node has armed, in the order in which it did.
    pub fn armed(&self, node: u16) -> &[P::Timer] {
        &self.members[usize::from(node) - 1].armed
    }

    fn member(&mut self, node: u16) -> &mut Member<P> {
        &mut self.members[usize::from(node) - 1]
    }

    /// Tells the oracles what happened, and says what they have to say.
    fn record(&mut self, who: Address, what: What) {
        let (id, because) = (EventId(self.records), Causes::new());
        self.records += 1;
        let mut said = Vec::new();
        let record = Record { at: self.now, id, who: Some(who), because, what };
        self.panel.observe(&record, &mut said);
        for finding in said.iter().filter_map(|signal| signal.raised()) {
            let _ = writeln!(self.text, "  VIOLATED {}: {}", finding.property, finding.text);
        }
    }

    /// Gives a node a disk that an earlier life left, and starts it anew.
    pub fn give_disk(&mut self, node: u16, stable: P::Stable) {
        self.stop(node);
        self.member(node).disk = Disk::new(Some(stable), Mood::Durable);
        self.boot(node);
    }

    /// Starts a node with what its disk holds.
    pub fn boot(&mut self, node: u16) {
        let me = Address::Node(node);
        if std::mem::replace(&mut self.member(node).lived, true) {
            self.record(me, What::Life(Life::Up));
        }
        self.record(me, What::Booted);
        let mut out = self.outbox(node);
        let state = self.protocol.boot(me, self.disk(node).stable(), &mut out);
        self.member(node).state = Some(state);
        let effects = out.drain().collect();
        self.carry_out(node, effects);
    }

    fn stop(&mut self, node: u16) {
        let member = self.member(node);
        member.state = None;
        member.held.clear();
        member.armed.clear();
        self.record(Address::Node(node), What::Life(Life::Down));
    }

    /// Stops a node; what its disk keeps is up to the mood.
    pub fn crash(&mut self, node: u16, mood: Mood) {
        self.stop(node);
        let disk = &mut self.member(node).disk;
        disk.mood = mood;
        let gone = disk.crash();
        let _ = writeln!(self.text, "n{node} crashes; its disk forgets {gone} writes");
    }

    fn outbox(&mut self, node: u16) -> Outbox<P> {
        self.steps += 1;
        let (written, identity) = (self.disk(node).written(), Identity(self.steps));
        Outbox::new(Address::Node(node), self.now, Chance::new(0), identity, written)
    }

    /// Lets a node take one step.
    pub fn step(&mut self, node: u16, event: Event<P>) {
        let mut out = self.outbox(node);
        if let Event::Request { call, op } = event {
            out.receive_request(call, op);
        }
        let Some(state) = self.members[usize::from(node) - 1].state.as_mut() else { return };
        self.protocol.step(state, event, &mut out);
        let effects: Vec<_> = out.drain().collect();
        self.carry_out(node, effects);
        if self.autosync {
            self.sync(node, false);
        }
    }

    /// Puts all writes of a node on its disk, and lets go what waited for them.
    pub fn sync(&mut self, node: u16, said: bool) {
        let disk = &mut self.member(node).disk;
        let ticket = disk.written();
        if !disk.sync(ticket) {
            return;
        }
        if said {
            let _ = writeln!(self.text, "n{node} has writes up to #{} on its disk", ticket.0);
        }
        let mut free = Vec::new();
        while self.member(node).held.front().is_some_and(|(after, _)| *after <= ticket) {
            free.extend(self.member(node).held.pop_front());
        }
        let mut sends = Vec::new();
        for (_, held) in free {
            match held {
                Held::Send(to, msg) => sends.push((to, msg)),
                Held::Answer(call, outcome) => self.say_answer(node, call, outcome),
            }
        }
        self.say_sends("→", &sends);
        self.flights.extend(sends.into_iter().map(|(to, msg)| Flight { from: node, to, msg }));
        self.step(node, Event::Saved(ticket));
    }

    fn carry_out(&mut self, node: u16, effects: Vec<Effect<P>>) {
        let (mut now, mut later) = (Vec::new(), Vec::new());
        let mut writes = None;
        let (mut notes, mut answers) = (Vec::new(), Vec::new());
        for effect in effects {
            let autosync = self.autosync;
            let member = self.member(node);
            let written = member.disk.written();
            let waits = written > member.disk.synced();
            match effect {
                Effect::Send { to, msg } => {
                    let to = to.node().expect("nodes send to nodes");
                    if waits {
                        later.push((to, msg.clone()));
                        member.held.push_back((written, Held::Send(to, msg)));
                    } else {
                        now.push((to, msg));
                    }
                }
                Effect::Answer { call, outcome } if waits => {
                    member.held.push_back((written, Held::Answer(call, outcome)));
                }
                Effect::Answer { call, outcome } => answers.push((call, outcome)),
                Effect::Save(delta) => {
                    let ticket = member.disk.write(delta);
                    writes = (!autosync).then_some(ticket);
                }
                Effect::Note(said) => notes.push(said),
                Effect::Arm(timer, _) => {
                    member.armed.retain(|armed| *armed != timer);
                    member.armed.push(timer);
                }
                Effect::Disarm(timer) => member.armed.retain(|armed| *armed != timer),
            }
        }
        self.say_notes(node, &notes);
        for (call, outcome) in answers {
            self.say_answer(node, call, outcome);
        }
        self.say_sends("→", &now);
        if let Some(ticket) = writes {
            let _ = writeln!(self.text, "  writes #{}", ticket.0);
        }
        if !self.autosync {
            self.say_sends("once that is on the disk →", &later);
        }
        self.flights.extend(now.into_iter().map(|(to, msg)| Flight { from: node, to, msg }));
    }

    /// Tells a client, which believes an answer that enough nodes gave it.
    fn say_answer(&mut self, node: u16, call: CallId, outcome: Outcome) {
        let _ = writeln!(self.text, "  answers {call}: {outcome}");
        self.answers.push((call, outcome));
        if matches!(outcome, Outcome::Redirect(_)) {
            return;
        }
        let heard = self.heard.entry(call.key()).or_default();
        heard.insert(node, outcome);
        let same = heard.values().filter(|other| **other == outcome).count();
        if same >= usize::from(self.protocol.calls().matching)
            && let Some(op) = self.asked.remove(&call.key())
        {
            self.heard.remove(&call.key());
            let returned = ClientNote::Returned { call, op, outcome };
            self.record(call.client, What::Client(returned));
        }
    }

    /// Says what was sent; what goes to several alike takes one line.
    fn say_sends(&mut self, how: &str, sends: &[(u16, P::Msg)]) {
        for group in sends.chunk_by(|a, b| a.1 == b.1) {
            let to: Vec<String> = group.iter().map(|(to, _)| format!("n{to}")).collect();
            let detail = P::describe(&group[0].1);
            let _ = writeln!(self.text, "  {how} {} {detail}", to.join(" "));
        }
    }

    /// Says what a node noted; a run of entries takes one line.
    fn say_notes(&mut self, node: u16, notes: &[Note]) {
        let runs = notes.chunk_by(|a, b| {
            use Note::{Appended, Decided};
            matches!((a, b), (Appended { .. }, Appended { .. }) | (Decided { .. }, Decided { .. }))
        });
        for run in runs {
            let _ = writeln!(self.text, "  {}", in_words::<P>(node, run));
        }
        for note in notes {
            self.record(Address::Node(node), What::Noted(note.clone()));
        }
    }

    /// Delivers a message, unless the link is cut or the receiver is down.
    pub fn deliver(&mut self, flight: Flight<P::Msg>) {
        let Flight { from, to, msg } = flight;
        let _ = write!(self.text, "n{from} → n{to} {}", P::describe(&msg));
        if self.cut.contains(&(from, to)) || self.state(to).is_none() {
            self.text.push_str(" ✗\n");
            return;
        }
        self.text.push('\n');
        self.step(to, Event::Deliver { from: Address::Node(from), msg });
    }

    /// Lets a liar say something else than it meant, in what is on its way and fits. What it notes
    /// is no evidence any more.
    pub fn lie(&mut self, liar: &Liar, fits: impl Fn(&Flight<P::Msg>) -> bool) {
        let (me, says) = (liar.me(), liar.tells());
        let node = Whom::Only(vec![me]);
        let lever = Arc::new(Lever::Lie { node, lie: Lie::Tell { says, to: None } });
        self.record(me, What::Pulled { fault: FaultId(1), lever });
        for k in 0..self.flights.len() {
            let Flight { from, to, ref msg } = self.flights[k];
            let Some(state) = self.state(from).filter(|_| fits(&self.flights[k])) else { continue };
            let lie = self.protocol.forge(state, msg, Address::Node(to), liar);
            let Some(lie) = lie else { continue };
            let (truth, told) = (P::describe(msg), P::describe(&lie));
            let _ = writeln!(self.text, "n{from} lies to n{to}: {told}, not {truth}");
            self.flights[k].msg = lie;
        }
    }

    /// Delivers whatever is on its way, and what comes of it, until nothing is.
    pub fn stabilize(&mut self) {
        for _ in 0..DELIVERIES_MAX {
            if self.flights.is_empty() {
                return;
            }
            let next = self.flights.remove(0);
            self.deliver(next);
        }
        panic!("the cluster did not come to rest in {DELIVERIES_MAX} deliveries");
    }

    /// Lets a timer of a node run out, if the node has armed it.
    pub fn timeout(&mut self, node: u16, timer: P::Timer) {
        let armed = &mut self.member(node).armed;
        let Some(place) = armed.iter().position(|armed| *armed == timer) else { return };
        armed.remove(place);
        let _ = writeln!(self.text, "n{node} {}", P::timer(&timer).name);
        self.step(node, Event::Timeout(timer));
    }

    /// Lets a client ask some nodes.
    pub fn request(&mut self, nodes: &[u16], call: CallId, op: Op) {
        let again = if call.attempt > 1 { ", again" } else { "" };
        let names: Vec<String> = nodes.iter().map(|node| format!("n{node}")).collect();
        let _ = writeln!(self.text, "{call} → {} {op}{again}", names.join(" "));
        if call.attempt == 1 {
            self.asked.insert(call.key(), op);
            self.record(call.client, What::Client(ClientNote::Called { call, op }));
        }
        for node in nodes {
            self.step(*node, Event::Request { call, op });
        }
    }

    /// Lets time pass on every clock; no timer runs out by that.
    pub fn wait(&mut self, span: Span) {
        self.now += span;
    }

    /// Cuts a directed link.
    pub fn cut(&mut self, from: u16, to: u16) {
        self.cut.insert((from, to));
    }

    /// Lets all links through again.
    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// Draws the cluster, one line a node.
    pub fn status(&mut self) {
        for node in 1..=self.nodes() {
            let Some(state) = self.state(node) else {
                let _ = writeln!(self.text, "n{node} down");
                continue;
            };
            let glance = self.protocol.glance(state);
            let leader = glance.leader.filter(|_| !glance.role.leads());
            let leader = leader.map_or(String::new(), |leader| format!(" of {leader}"));
            let report = self.protocol.report(state, usize::MAX);
            let mut line = format!("n{node}@{} {}{leader}", glance.epoch, glance.role.word());
            if P::LOG {
                let log = log_in_words(&report.log);
                let _ = write!(line, ", commit {}, log [{log}]", glance.decided);
            } else {
                for (name, value) in &report.rows {
                    let _ = write!(line, ", {name} {value}");
                }
            }
            if !P::LOG && !report.store.is_empty() {
                let held = report.store.iter().map(|(key, value)| format!("k{key}={value}"));
                let _ = write!(line, ", holds {}", held.collect::<Vec<_>>().join(" "));
            }
            let _ = writeln!(self.text, "{line}");
        }
    }
}

/// Says what a node noted, one line for a run of notes that are alike.
fn in_words<P: Staged>(node: u16, run: &[Note]) -> String {
    let epoch_word = P::EPOCH;
    match (&run[0], &run[run.len() - 1]) {
        (Note::Role { role, epoch: 0 }, _) if !P::LOG => format!("becomes {}", role.word()),
        (Note::Role { role, epoch }, _) => {
            format!("becomes {} in {epoch_word} {epoch}", role.word())
        }
        (Note::Voted { epoch, candidate }, _) => {
            format!("votes for {candidate} in {epoch_word} {epoch}")
        }
        (Note::Appended { slot, entry }, Note::Appended { slot: last, .. }) => {
            format!("appends {}", entries(*slot, *last, entry.epoch))
        }
        (Note::Decided { slot, entry }, Note::Decided { slot: last, .. }) => {
            format!("commits {}", entries(*slot, *last, entry.epoch))
        }
        (Note::Truncated { from }, _) => format!("cuts its log from {from} on"),
        (Note::Restored(log), _) => format!("reads {} entries from its disk", log.len()),
        (Note::Contained { by, from }, _) => format!("contained by {by}: {from}"),
        (other, _) => {
            // What has no wording of its own here is said as the screen says it.
            let (who, what) = (Some(Address::Node(node)), What::Noted(other.clone()));
            let because = Causes::new();
            let record = Record { at: Instant::ZERO, id: EventId(0), who, because, what };
            let told = faultlab::tui::words::describe(&record, &P::ENTRY.words);
            told.trim_start_matches(&format!("n{node}")).trim_start_matches([' ', ':']).to_owned()
        }
    }
}

/// Writes a log; rows that are alike make one run.
fn log_in_words(rows: &[LogRow]) -> String {
    let alike =
        |a: &LogRow, b: &LogRow| (a.epoch, &a.text, a.decided) == (b.epoch, &b.text, b.decided);
    rows.chunk_by(alike).map(log_rows).collect::<Vec<_>>().join(" ")
}

/// Writes a run of rows that are alike: `2@1:k1=10`, with a mark where it is not committed.
fn log_rows(run: &[LogRow]) -> String {
    let (first, last) = (&run[0], &run[run.len() - 1]);
    let text = first.text.replace(" := ", "=");
    let decided = if first.decided { "" } else { "?" };
    let upto = if run.len() > 1 { format!("..{}", last.slot) } else { String::new() };
    format!("{}{upto}@{}:{text}{decided}", first.slot, first.epoch)
}

fn entries(first: u64, last: u64, term: u64) -> String {
    if first == last { format!("{first}@{term}") } else { format!("{first}@{term} to {last}") }
}
