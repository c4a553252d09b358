//! A cluster that is moved by hand: one timer, one message, one write at a time.
//!
//! Here: nodes, their disks and the messages between them. Absent on purpose: time that passes by
//! itself, and chance. The script says what happens next.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;

use faultlab::protocols::raft::{Message, Raft, RaftSpec, Stable, State, Timer};
use faultlab::sim::chance::{Chance, Identity};
use faultlab::sim::disk::Disk;
use faultlab::sim::{
    Address, CallId, Effect, Event, Instant, LogRow, Mood, Note, Op, Outbox, Outcome, Protocol,
    Role, Span, Ticket,
};

use crate::invariants::Invariants;

/// A script that does not come to rest after so many deliveries has a loop in it.
const DELIVERIES_MAX: usize = 10_000;

/// What waits for the disk.
enum Held {
    Send(u16, Message),
    Answer(CallId, Outcome),
}

/// One member: what it knows while it is up, and its disk.
struct Member {
    state: Option<State>,
    disk: Disk<Raft>,
    held: VecDeque<(Ticket, Held)>,
}

/// A message on its way.
#[derive(Clone)]
pub struct Flight {
    pub from: u16,
    pub to: u16,
    pub msg: Message,
}

/// The cluster.
pub struct Cluster {
    pub raft: Raft,
    members: Vec<Member>,
    pub flights: Vec<Flight>,
    /// Directed links that let nothing through.
    cut: BTreeSet<(u16, u16)>,
    /// Whether each write is on the disk at once.
    autosync: bool,
    now: Instant,
    pub invariants: Invariants,
    /// What clients were told, and not taken yet.
    pub answers: Vec<(CallId, Outcome)>,
    text: String,
}

impl Cluster {
    /// Starts the nodes with empty disks.
    pub fn new(nodes: u16, spec: RaftSpec, autosync: bool) -> Cluster {
        let blank =
            || Member { state: None, disk: Disk::new(None, Mood::Durable), held: VecDeque::new() };
        let mut cluster = Cluster {
            raft: Raft::new(nodes, spec),
            members: (0..nodes).map(|_| blank()).collect(),
            flights: Vec::new(),
            cut: BTreeSet::new(),
            autosync,
            now: Instant::ZERO,
            invariants: Invariants::default(),
            answers: Vec::new(),
            text: String::new(),
        };
        (1..=nodes).for_each(|node| cluster.boot(node));
        cluster.text.clear();
        cluster
    }

    /// Takes what was said since it was last taken.
    pub fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Returns a node that is up.
    pub fn state(&self, node: u16) -> Option<&State> {
        self.members[usize::from(node) - 1].state.as_ref()
    }

    /// Asserts that a disk with nothing on its way holds what its node goes by.
    pub fn assert_disk_agrees(&self, node: u16) {
        let Member { state: Some(state), disk, .. } = &self.members[usize::from(node) - 1] else {
            return;
        };
        if disk.written() == disk.synced() {
            let stable = disk.stable().cloned().unwrap_or_default();
            let vote = stable.vote.and_then(Address::node);
            assert_eq!((stable.term, vote), (state.term, state.vote), "the ballot of n{node}");
            assert_eq!(stable.log, state.log, "the log of n{node}");
            assert_eq!(state.synced, state.log.last_index(), "what n{node} holds to be synced");
        }
    }

    fn member(&mut self, node: u16) -> &mut Member {
        &mut self.members[usize::from(node) - 1]
    }

    /// Gives a node a disk that an earlier life left, and starts it anew.
    pub fn give_disk(&mut self, node: u16, stable: Stable) {
        self.member(node).disk = Disk::new(Some(stable), Mood::Durable);
        self.boot(node);
    }

    /// Starts a node with what its disk holds.
    pub fn boot(&mut self, node: u16) {
        let mut out = self.outbox(node);
        let disk = self.members[usize::from(node) - 1].disk.stable();
        let state = self.raft.boot(Address::Node(node), disk, &mut out);
        self.member(node).state = Some(state);
        let effects = out.drain().collect();
        self.carry_out(node, effects);
    }

    /// Stops a node; what its disk keeps is up to the mood.
    pub fn crash(&mut self, node: u16, mood: Mood) {
        let member = self.member(node);
        member.state = None;
        member.held.clear();
        member.disk.mood = mood;
        let gone = member.disk.crash();
        let _ = writeln!(self.text, "n{node} crashes; its disk forgets {gone} writes");
    }

    fn outbox(&self, node: u16) -> Outbox<Raft> {
        let written = self.members[usize::from(node) - 1].disk.written();
        Outbox::new(Address::Node(node), self.now, Chance::new(0), Identity(0), written)
    }

    /// Lets a node take one step.
    pub fn step(&mut self, node: u16, event: Event<Raft>) {
        let mut out = self.outbox(node);
        let Some(state) = self.members[usize::from(node) - 1].state.as_mut() else { return };
        self.raft.step(state, event, &mut out);
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
                Held::Answer(call, outcome) => self.say_answer(call, outcome),
            }
        }
        self.say_sends("→", &sends);
        self.flights.extend(sends.into_iter().map(|(to, msg)| Flight { from: node, to, msg }));
        self.step(node, Event::Saved(ticket));
    }

    fn carry_out(&mut self, node: u16, effects: Vec<Effect<Raft>>) {
        let (mut now, mut later) = (Vec::new(), Vec::new());
        let mut writes = None;
        let (mut notes, mut answers) = (Vec::new(), Vec::new());
        for effect in effects {
            let written = self.member(node).disk.written();
            let waits = written > self.member(node).disk.synced();
            match effect {
                Effect::Send { to, msg } => {
                    let to = to.node().expect("nodes send to nodes");
                    if waits {
                        later.push((to, msg.clone()));
                        self.member(node).held.push_back((written, Held::Send(to, msg)));
                    } else {
                        now.push((to, msg));
                    }
                }
                Effect::Answer { call, outcome } if waits => {
                    self.member(node).held.push_back((written, Held::Answer(call, outcome)));
                }
                Effect::Answer { call, outcome } => answers.push((call, outcome)),
                Effect::Save(delta) => {
                    let ticket = self.member(node).disk.write(delta);
                    writes = (!self.autosync).then_some(ticket);
                }
                Effect::Note(said) => notes.push(said),
                Effect::Arm(..) | Effect::Disarm(_) => {}
            }
        }
        self.say_notes(node, &notes);
        for (call, outcome) in answers {
            self.say_answer(call, outcome);
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

    fn say_answer(&mut self, call: CallId, outcome: Outcome) {
        let _ = writeln!(self.text, "  answers {call}: {outcome}");
        self.answers.push((call, outcome));
    }

    /// Says what was sent; what goes to several alike takes one line.
    fn say_sends(&mut self, how: &str, sends: &[(u16, Message)]) {
        for group in sends.chunk_by(|a, b| a.1 == b.1) {
            let to: Vec<String> = group.iter().map(|(to, _)| format!("n{to}")).collect();
            let detail = Raft::describe(&group[0].1);
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
            let line = match (&run[0], &run[run.len() - 1]) {
                (Note::Role { role, epoch }, _) => {
                    format!("becomes {} in term {epoch}", role.word())
                }
                (Note::Voted { epoch, candidate }, _) => {
                    format!("votes for {candidate} in term {epoch}")
                }
                (Note::Appended { slot, entry }, Note::Appended { slot: last, .. }) => {
                    format!("appends {}", entries(*slot, *last, entry.epoch))
                }
                (Note::Decided { slot, entry }, Note::Decided { slot: last, .. }) => {
                    format!("commits {}", entries(*slot, *last, entry.epoch))
                }
                (Note::Truncated { from }, _) => format!("cuts its log from {from} on"),
                (Note::Restored(log), _) => format!("reads {} entries from its disk", log.len()),
                (Note::Suspects(who), _) => format!("suspects {who}"),
                (Note::Trusts(who), _) => format!("trusts {who} again"),
                (Note::Contained { by, from }, _) => format!("contained by {by}: {from}"),
                (Note::Other(what, [a, b]), _) => format!("{what} {a} {b}"),
                (other, _) => format!("{other:?}"),
            };
            let _ = writeln!(self.text, "  {line}");
        }
        for note in notes {
            let log = self.members[usize::from(node) - 1].state.as_ref().map(|state| &state.log);
            for broken in self.invariants.observe(node, note, log) {
                let _ = writeln!(self.text, "  VIOLATED {broken}");
            }
        }
    }

    /// Delivers a message, unless the link is cut or the receiver is down.
    pub fn deliver(&mut self, flight: Flight) {
        let Flight { from, to, msg } = flight;
        let _ = write!(self.text, "n{from} → n{to} {}", Raft::describe(&msg));
        if self.cut.contains(&(from, to)) || self.state(to).is_none() {
            self.text.push_str(" ✗\n");
            return;
        }
        self.text.push('\n');
        self.step(to, Event::Deliver { from: Address::Node(from), msg });
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

    /// Lets a timer of a node run out.
    pub fn timeout(&mut self, node: u16, timer: Timer) {
        let _ = writeln!(self.text, "n{node} {}", Raft::timer(&timer).name);
        self.step(node, Event::Timeout(timer));
    }

    /// Lets a client ask a node.
    pub fn request(&mut self, node: u16, call: CallId, op: Op) {
        let attempt = if call.attempt > 1 { ", again" } else { "" };
        let _ = writeln!(self.text, "{call} → n{node} {op}{attempt}");
        self.step(node, Event::Request { call, op });
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
        for node in 1..=self.raft.nodes {
            let Some(state) = self.state(node) else {
                let _ = writeln!(self.text, "n{node} down");
                continue;
            };
            let glance = self.raft.glance(state);
            let leader = glance.leader.filter(|_| glance.role != Role::Leader);
            let leader = leader.map_or(String::new(), |leader| format!(" of {leader}"));
            let report = self.raft.report(state, usize::MAX);
            let alike = |a: &LogRow, b: &LogRow| {
                (a.epoch, &a.text, a.decided) == (b.epoch, &b.text, b.decided)
            };
            let log: Vec<String> = report.log.chunk_by(alike).map(log_rows).collect();
            let line = format!(
                "n{node}@{} {}{leader}, commit {}, log [{}]\n",
                glance.epoch,
                glance.role.word(),
                glance.decided,
                log.join(" ")
            );
            self.text.push_str(&line);
        }
    }
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
