//! Stories for tests: a run as a line of text, and what oracles say to it.
//!
//! A story is a list of `<ms> <who> <what>`, with semicolons between: `0 n1 leads 1; 5 n1 down`.
//! A slot holds `c1#7` or `noop`.

use std::collections::BTreeMap;

use super::{Bounds, Panel, Signal, State};
use crate::sim::{
    Address, CallId, ClientNote, EventId, FaultId, Held, Instant, Lever, Lie, Life, Note, Op,
    Outcome, Rate, Record, Role, Sample, Slot, Span, Untruth, Way, What, Whom,
};

/// Returns what the oracle of one property says to a story: `+` raised, `-` cleared.
pub(super) fn signals(property: &str, nodes: u16, story: &str) -> Vec<String> {
    let (_, said) = play(nodes, story);
    said.iter().filter(|signal| signal.property() == property).map(line).collect()
}

/// Returns the verdict on a property at a time in milliseconds, after the story.
pub(super) fn verdict(property: &str, nodes: u16, story: &str, now_ms: u64) -> State {
    let (panel, _) = play(nodes, story);
    let verdicts = panel.verdicts(Instant(now_ms * 1_000));
    verdicts.iter().find(|v| v.property == property).expect("it is in the catalogue").state
}

/// Tells a story to a panel with the usual bounds.
pub(super) fn play(nodes: u16, story: &str) -> (Panel, Vec<Signal>) {
    play_within(&Bounds::default(), nodes, story)
}

/// Tells a story to a panel with other bounds.
pub(super) fn play_within(bounds: &Bounds, nodes: u16, story: &str) -> (Panel, Vec<Signal>) {
    let mut panel = Panel::new(bounds, nodes, &super::every_property());
    let mut said = Vec::new();
    for record in records(story) {
        panel.observe(&record, &mut said);
    }
    (panel, said)
}

fn line(signal: &Signal) -> String {
    match signal {
        Signal::Raised(f) => {
            assert!(f.evidence.contains(&f.event) || f.evidence.iter().all(|e| *e < f.event));
            format!("{} + {}: {}", f.at, f.subject, f.text)
        }
        Signal::Cleared { subject, at, .. } => format!("{at} - {subject}"),
    }
}

/// Reads a story.
pub(super) fn records(story: &str) -> Vec<Record> {
    let mut asked = BTreeMap::new();
    let told = story.split(';').map(str::trim).filter(|line| !line.is_empty());
    told.enumerate().map(|(index, line)| record(index as u32, line, &mut asked)).collect()
}

type Asked = BTreeMap<(Address, u32), Op>;

fn record(index: u32, line: &str, asked: &mut Asked) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [ms, who, verb, rest @ ..] = &words[..] else { panic!("no story: {line}") };
    let who = who.parse::<Address>().map_err(|_| number(&who[1..]) as u32);
    let what = match who {
        Err(fault) if *verb == "injected" => What::Injected(FaultId(fault)),
        Err(fault) if *verb == "strikes" => {
            pulled(fault, rest[0], |node| Lever::Omit { node, way: Way::Send, rate: Rate::ALWAYS })
        }
        Err(fault) if *verb == "turns" => pulled(fault, rest[0], |node| Lever::Lie {
            node,
            lie: Lie::Tell { says: Untruth::Contrary, to: None },
        }),
        Err(fault) => What::Healed(FaultId(fault)),
        Ok(_) if matches!(*verb, "saw" | "missed" | "watches" | "judges") => {
            What::Client(view(verb, rest))
        }
        Ok(Address::Monitor(_)) => panic!("no monitor does this: {verb}"),
        Ok(client @ Address::Client(_)) => What::Client(client_note(client, verb, rest, asked)),
        Ok(Address::Node(_)) => match *verb {
            "boots" => What::Booted,
            "up" => What::Life(Life::Up),
            "paused" => What::Life(Life::Paused),
            "down" => What::Life(Life::Down),
            _ => What::Noted(note(verb, rest)),
        },
    };
    let (at, because) = (Instant(number(ms) * 1_000), smallvec::SmallVec::new());
    Record { at, id: EventId(index), who: who.ok(), because, what }
}

fn pulled(fault: u32, whom: &str, lever: impl FnOnce(Whom) -> Lever) -> What {
    let node = Whom::Only(vec![whom.parse().expect("an address")]);
    What::Pulled { fault: FaultId(fault), lever: lever(node).into() }
}

/// What users see and monitors judge; spans in milliseconds.
fn view(verb: &str, rest: &[&str]) -> ClientNote {
    let node = || rest[0].parse().expect("an address");
    let span = || Span::millis(number(rest[1]));
    match verb {
        "saw" => ClientNote::Saw(Sample { node: node(), took: span(), answered: true }),
        "missed" => {
            let took = Span::millis(100);
            ClientNote::Saw(Sample { node: node(), took, answered: false })
        }
        "watches" if rest[0] == "ping" => ClientNote::Watches { probe: "ping", within: span() },
        "watches" => ClientNote::Watches { probe: "deep", within: span() },
        _ => ClientNote::Judged { node: node(), healthy: rest[1] == "well", by: "ping" },
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("no number: {word}"))
}

fn value(word: &str) -> u64 {
    let Some((client, serial)) = word.split_once('#') else { return 0 };
    let client = client.parse().expect("a client");
    CallId { client, serial: number(serial) as u32, attempt: 1 }.key()
}

/// Reads a transaction: `c1#7`, or `c1#7.2` for a second attempt.
fn transaction(word: &str) -> CallId {
    let (call, attempt) = word.split_once('.').unwrap_or((word, "1"));
    let (client, serial) = call.split_once('#').expect("a call");
    let client = client.parse().expect("a client");
    CallId { client, serial: number(serial) as u32, attempt: number(attempt) as u16 }
}

fn note(verb: &str, rest: &[&str]) -> Note {
    let at = |index: usize| number(rest[index]);
    let who = |index: usize| rest[index].parse::<Address>().expect("an address");
    let entry = |epoch: &str, what: &str| Slot { epoch: number(epoch), value: value(what) };
    match verb {
        "leads" => Note::Role { role: Role::Leader, epoch: at(0) },
        "commands" => Note::Role { role: Role::Coordinator, epoch: 0 },
        "obeys" => Note::Role { role: Role::Participant, epoch: 0 },
        "joins" => Note::Role { role: Role::Member, epoch: 0 },
        "follows" => Note::Role { role: Role::Follower, epoch: at(0) },
        "stands" => Note::Role { role: Role::Candidate, epoch: at(0) },
        "votes" => Note::Voted { epoch: at(0), candidate: who(1) },
        "appends" => Note::Appended { slot: at(0), entry: entry(rest[1], rest[2]) },
        "prepares" => Note::Prepared { slot: at(0), entry: entry(rest[1], rest[2]) },
        "decides" => Note::Decided { slot: at(0), entry: entry(rest[1], rest[2]) },
        "cuts" => Note::Truncated { from: at(0) },
        "restores" => {
            let slot = |word: &&str| word.split_once(':').map(|(epoch, what)| entry(epoch, what));
            Note::Restored(rest.iter().filter_map(slot).collect())
        }
        "buries" => Note::Buries(who(0)),
        "holds" => Note::Holds(held(rest[0], rest[1], rest[2])),
        "finds" => {
            let copies = rest.iter().map(|word| word.split(':').collect::<Vec<_>>());
            Note::Found(copies.map(|copy| held(copy[0], copy[1], copy[2])).collect())
        }
        "suspects" => Note::Suspects(who(0)),
        "trusts" => Note::Trusts(who(0)),
        "accuses" => {
            let (culprit, slot) = (who(0), at(1));
            Note::Accuses { culprit, slot, proof: "two votes of one round" }
        }
        "stores" => Note::Stored { epoch: at(0) },
        "begins" => {
            Note::TransactionBegan { transaction: transaction(rest[0]), participants: at(1) as u16 }
        }
        "votes-yes" => Note::TransactionVoted { transaction: transaction(rest[0]), yes: true },
        "votes-no" => Note::TransactionVoted { transaction: transaction(rest[0]), yes: false },
        "commits" => Note::TransactionEnded { transaction: transaction(rest[0]), commit: true },
        "aborts" => Note::TransactionEnded { transaction: transaction(rest[0]), commit: false },
        "overflows" => Note::Overloaded { waiting: at(0) },
        "has-room" => Note::Relieved,
        _ => panic!("no node does this: {verb}"),
    }
}

/// Reads a copy: its key, its version as `5.n1`, and its value, of which 0 is deleted.
fn held(key: &str, version: &str, value: &str) -> Held {
    let (stamp, by) = version.split_once('.').expect("a version is a stamp and a node");
    let by = by.parse().expect("an address");
    Held { key: number(key), version: (number(stamp), by), value: number(value) }
}

fn client_note(client: Address, verb: &str, rest: &[&str], asked: &mut Asked) -> ClientNote {
    let serial = number(rest[0]) as u32;
    let call = CallId { client, serial, attempt: 1 };
    if verb == "calls" {
        let op = match rest[1] {
            "read" => Op::Read { key: number(rest[2]) },
            _ => Op::Write { key: number(rest[2]), value: number(rest[3]) },
        };
        asked.insert((client, serial), op);
        return ClientNote::Called { call, op };
    }
    let op = asked[&(client, serial)];
    if verb == "tries" {
        return ClientNote::Retried { call, to: Address::Node(1) };
    }
    match (verb, rest.get(1).copied()) {
        ("gives-up", _) => ClientNote::GaveUp { call, op },
        (_, Some("ok")) => ClientNote::Returned { call, op, outcome: Outcome::Written },
        (_, answer) => {
            let value = answer.filter(|word| *word != "nothing").map(number);
            ClientNote::Returned { call, op, outcome: Outcome::Read(value) }
        }
    }
}
