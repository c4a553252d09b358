//! What happened, in plain words: the same sentence wherever a record is named.

use crate::sim::client::Circuit;
use crate::sim::{
    Address, CallId, ClientNote, Detail, Held, Instant, Lever, Lie, Life, Nature, NodeScene, Note,
    Rate, Record, Role, Setting, Span, What, Whom, Withheld, Words,
};

use super::theme::Ink;

/// Returns one sentence for a record, without its time.
pub fn describe(record: &Record, words: &Words) -> String {
    let who = record.who.map_or_else(|| "somebody".to_owned(), |who| who.to_string());
    match &record.what {
        What::Booted => format!("{who} starts"),
        What::Sent { to, detail } => format!("{who} → {to} {}", message(detail)),
        What::Delivered { from, detail } => format!("{who} ← {from} {}", message(detail)),
        What::Withheld { from, detail, why } => {
            format!("message {from}→{who} {} lost: {}", detail.kind.name, withheld(*why))
        }
        What::Fired { timer } => format!("{who}'s {timer} runs out"),
        What::Saved { ticket } => format!("{who} writes #{ticket} to its disk"),
        What::Synced { ticket } => format!("{who}'s disk has writes up to #{ticket}"),
        What::Forgot { writes } => format!("{who}'s disk lost {writes} writes"),
        What::Corrupted { spot } => format!("a bit flips {} {who}", spot.words()),
        What::Noted(note) => noted(&who, note, words),
        What::Client(note) => match note.call() {
            Some(_) => client(note),
            None if matches!(note, ClientNote::Saw(_)) => format!("{who}: {}", client(note)),
            // A monitor: what it does.
            None => format!("{who} {}", client(note)),
        },
        What::Life(life) => match life {
            Life::Up => format!("{who} is up again"),
            Life::Paused => format!("{who} freezes"),
            Life::Down => format!("{who} goes down"),
        },
        What::Injected(fault) => format!("{fault} is injected"),
        What::Pulled { fault, lever } => format!("{fault} {}", pulled(lever)),
        What::Healed(fault) => format!("{fault} is healed"),
        What::Switched { switch, on } => {
            format!("{switch} is switched {}", if *on { "on" } else { "off" })
        }
    }
}

/// Returns the glyph and the ink of a record.
pub fn mark(record: &Record) -> (char, Ink) {
    match &record.what {
        // Not the message's own glyph: among events it would be taken for an error or a fault.
        What::Sent { .. } | What::Delivered { .. } => ('·', Ink::Message),
        What::Withheld { .. } => ('✖', Ink::Lost),
        What::Forgot { .. } => ('✖', Ink::Active),
        What::Injected(_) | What::Pulled { .. } => ('▲', Ink::Active),
        What::Healed(_) | What::Switched { .. } => ('▲', Ink::Healed),
        What::Life(life) => life_mark(*life),
        What::Noted(Note::Role { role, .. }) => role_mark(*role),
        What::Noted(Note::Suspects(_) | Note::Buries(_)) => ('?', Ink::Candidate),
        What::Noted(Note::Contained { .. }) => ('▣', Ink::Contained),
        What::Client(ClientNote::Returned { .. }) => ('✓', Ink::Healthy),
        What::Client(ClientNote::GaveUp { .. }) => ('✖', Ink::Failure),
        What::Client(ClientNote::Judged { healthy: true, .. }) => ('⚑', Ink::Healthy),
        What::Client(ClientNote::Judged { healthy: false, .. }) => ('⚑', Ink::Candidate),
        _ => ('·', Ink::Muted),
    }
}

/// Returns the glyph and the ink of a role.
pub const fn role_mark(role: Role) -> (char, Ink) {
    match role {
        Role::PreCandidate => ('△', Ink::Candidate),
        Role::Candidate => ('◇', Ink::Candidate),
        Role::Leader | Role::Primary | Role::Coordinator => ('♛', Ink::Leader),
        Role::Proposer => ('◇', Ink::Leader),
        Role::Spreader => ('●', Ink::Leader),
        Role::Listener => ('•', Ink::Healthy),
        Role::Follower
        | Role::Member
        | Role::Acceptor
        | Role::Backup
        | Role::Participant
        | Role::Validator => ('◦', Ink::Healthy),
    }
}

/// Returns whether nobody leads here, by the rules of the algorithm.
pub fn are_equals(nodes: &[NodeScene]) -> bool {
    use Role::{Listener, Member, Participant, Spreader};
    let equal = |role| matches!(role, Member | Listener | Spreader | Participant);
    nodes.iter().all(|node| equal(node.glance.role))
}

/// Returns the glyph and the ink of a life.
pub const fn life_mark(life: Life) -> (char, Ink) {
    match life {
        Life::Up => ('◦', Ink::Healthy),
        Life::Paused => ('‖', Ink::Paused),
        Life::Down => ('↓', Ink::Down),
    }
}

/// Names a message; of a vote says whether it was granted, of the rest the first numbers.
pub fn message(detail: &Detail) -> String {
    let granted = detail.kind.fields.iter().position(|name| *name == "granted");
    if let Some(&value) = granted.and_then(|place| detail.values.get(place)) {
        return format!("{} {}", detail.kind.name, if value == 1 { "granted" } else { "refused" });
    }
    let shown = if detail.kind.nature == Nature::Probe { 1 } else { 3 };
    let fields = detail.kind.fields.iter().zip(detail.values).take(shown);
    fields.fold(detail.kind.name.to_owned(), |text, (name, value)| {
        // A call is `call 36`, not `call call 36`.
        match name.replace('_', " ") {
            name if name == detail.kind.name => format!("{text} {value}"),
            name => format!("{text} {name} {value}"),
        }
    })
}

/// Says why a message did not arrive.
pub fn withheld(why: Withheld) -> String {
    match why {
        Withheld::Network => "by the network's own rate".to_owned(),
        Withheld::Fault(fault) => fault.to_string(),
        Withheld::Down => "its receiver was down".to_owned(),
        Withheld::Overflow => "its receiver's inbox was full".to_owned(),
        Withheld::Checksum => "its receiver's checksum told that it was broken".to_owned(),
        Withheld::Shed => "its receiver was full and refused it".to_owned(),
        Withheld::Expired => "nobody waited for it any more".to_owned(),
        Withheld::Unsent => "its sender crashed before its disk had what it says".to_owned(),
    }
}

fn noted(who: &str, note: &Note, words: &Words) -> String {
    match note {
        Note::Role { role, epoch } if role.is_alone() => {
            format!("{who} leads {}", words.epoch(*epoch))
        }
        Note::Role { role, epoch } => {
            format!("{who} is {}{}", words.role(*role), words.within(*epoch))
        }
        Note::Voted { epoch, candidate } => {
            format!("{who} {} {candidate}{}", words.votes[0], words.within(*epoch))
        }
        Note::Appended { slot, entry } => {
            format!("{who} appends slot {slot}{}", words.within(entry.epoch))
        }
        Note::Truncated { from } => format!("{who} cuts its log from slot {from} on"),
        Note::Restored(slots) => format!("{who} finds a log of {} on its disk", slots.len()),
        Note::Prepared { slot, .. } => format!("{who} knows that a quorum agrees to slot {slot}"),
        Note::Decided { slot, .. } => {
            format!("{who} {}", words.settles.replace('#', &slot.to_string()))
        }
        Note::Holds(Held { key, value, .. }) => format!("{who} now holds k{key} = {value}"),
        Note::Found(copies) => format!("{who} finds {} keys on its disk", copies.len()),
        Note::Suspects(about) => format!("{who} suspects {about}"),
        Note::Trusts(about) => format!("{who} trusts {about} again"),
        Note::Buries(about) => format!("{who} declares {about} dead"),
        Note::Stored { epoch } => format!("{who} takes a state of epoch {epoch}"),
        Note::TransactionBegan { transaction, participants } => {
            format!("{who} asks {participants} to vote on {}", name(*transaction))
        }
        Note::TransactionVoted { transaction, yes } => {
            let vote = if *yes { "YES" } else { "NO" };
            format!("{who} votes {vote} on {}", name(*transaction))
        }
        Note::TransactionEnded { transaction, commit } => {
            let end = if *commit { "commits" } else { "aborts" };
            format!("{who} {end} {}", name(*transaction))
        }
        Note::Contained { by, from } => format!("{who}: {by} stops what {from} sent"),
        Note::Accuses { culprit, slot, proof } => {
            format!("{who} holds proof against {culprit} at height {slot}: {proof}")
        }
        Note::Overloaded { waiting } => format!("{who} has no room left, {waiting} wait"),
        Note::Relieved => format!("{who} has room again"),
        Note::Other(name, numbers) => format!("{who}: {name}{}", figures(*numbers)),
    }
}

/// Names a transaction by its call, and from the second attempt on by that too: `c1#7.2`.
fn name(transaction: CallId) -> String {
    match transaction.attempt {
        0 | 1 => transaction.to_string(),
        attempt => format!("{transaction}.{attempt}"),
    }
}

fn client(note: &ClientNote) -> String {
    match note {
        ClientNote::Called { call, op } => format!("{call} {op}"),
        ClientNote::Retried { call, to } => format!("{call} tries {to}, attempt {}", call.attempt),
        ClientNote::Returned { call, op, outcome } => format!("{call} {op}: {outcome}"),
        ClientNote::Spared { call, by } => format!("{call} is not sent: {by}"),
        ClientNote::Circuit { call, node, state } => circuit(*call, *node, *state),
        ClientNote::GaveUp { call, op } => format!("{call} {op}: no answer, gives up"),
        ClientNote::Saw(saw) if saw.answered => {
            format!("an answer of {} in {}", saw.node, span(saw.took))
        }
        ClientNote::Saw(saw) => format!("no answer of {} in {}", saw.node, span(saw.took)),
        ClientNote::Avoided { call, node } => format!("{call} avoids {node}, which is judged ill"),
        ClientNote::Watches { probe, within } => {
            format!("begins to watch by {probe}, and finds out within {}", span(*within))
        }
        ClientNote::Judged { node, healthy: true, by } => {
            format!("finds {node} well again by {by}")
        }
        ClientNote::Judged { node, healthy: false, by } => format!("finds {node} ill by {by}"),
    }
}

fn circuit(call: CallId, node: Option<Address>, state: Circuit) -> String {
    let guarded = node.map_or_else(String::new, |node| format!(" for {node}"));
    format!("{}: circuit breaker{guarded} {}", call.client, state.word())
}

/// Says what a lever does, after the name of its fault.
fn pulled(lever: &Lever) -> String {
    match lever {
        Lever::Link { from, to, .. } => format!("takes hold of {} → {}", whom(from), whom(to)),
        Lever::Omit { node, rate, .. } => format!("takes {rate} of the messages of {}", whom(node)),
        Lever::Power { node, to, .. } => format!("turns {} {}", whom(node), to.word()),
        Lever::Disk { node, mood, .. } => format!("makes {}'s disk: {}", whom(node), mood.word()),
        Lever::Clock { node, .. } => format!("bends the clock of {}", whom(node)),
        Lever::Service { node, time } => {
            format!("makes {} take {time} for each event", whom(node))
        }
        Lever::Gray { rate: Rate::NEVER, node, .. } => {
            format!("grows in {} and does not show yet", whom(node))
        }
        Lever::Gray { node, rate, delay: Span::ZERO } => {
            format!("takes {rate} of the calls at {}", whom(node))
        }
        Lever::Gray { node, rate, delay } => {
            format!("makes {rate} of the calls at {} wait {delay}", whom(node))
        }
        Lever::Setting { node, setting } => match setting {
            Setting::Timers { factor } => {
                format!("makes timers of {} run {factor} times as long", whom(node))
            }
            Setting::Flush { after } => {
                format!("has the disk of {} keep writes to itself for {after}", whom(node))
            }
            Setting::Poison => format!("has {} die of what it takes in", whom(node)),
        },
        Lever::Surge { factor, .. } => format!("makes clients call {factor} times as often"),
        Lever::Burst { calls, .. } => format!("brings {calls} calls at once"),
        Lever::Early { node } => format!("lets {} speak before its disk has it", whom(node)),
        Lever::Lie { node, lie } => match lie {
            Lie::Tell { says, to: None } => format!("makes {} {}", whom(node), says.words()),
            Lie::Tell { says, to: Some(to) } => {
                format!("makes {} {} to {}", whom(node), says.words(), whom(to))
            }
            Lie::Equivocate { second } => {
                format!("makes {} tell {} a second story", whom(node), whom(second))
            }
            Lie::Withhold { from } => format!("makes {} silent to {}", whom(node), whom(from)),
            Lie::Replay { rate } => format!("makes {} say {rate} of it again", whom(node)),
        },
        Lever::Corrupt { node, spot, .. } => format!("flips bits {} {}", spot.words(), whom(node)),
    }
}

/// Names the nodes that a lever took hold of, once they were resolved; of a link the smaller side.
pub fn held_by(lever: &Lever) -> Option<String> {
    let smallest = lever.held()?;
    Some(group(smallest.iter().copied(), 5))
}

fn whom(whom: &Whom) -> String {
    match whom {
        Whom::Only(members) => group(members.iter().copied(), 5),
        Whom::Leader => "the leader".to_owned(),
        Whom::NotLeader => "all but the leader".to_owned(),
        Whom::OtherHalf => "half of the others".to_owned(),
        Whom::Nodes => "all nodes".to_owned(),
        Whom::Clients => "all clients".to_owned(),
        Whom::Domain(domain, _) => format!("a {}", domain.word()),
        Whom::Outside(domain, _) => format!("all outside of a {}", domain.word()),
        Whom::BeyondBridge => "all beyond the bridge".to_owned(),
    }
}

/// Names some nodes, and counts them where they are more than `most`: `n1 n2`, `7 nodes`.
pub fn group(members: impl ExactSizeIterator<Item = Address>, most: usize) -> String {
    if members.len() > most {
        return format!("{} nodes", members.len());
    }
    members.map(|member| member.to_string()).collect::<Vec<_>>().join(" ")
}

/// Writes the numbers of a remark: a call by its name, and nothing for a last number that is none.
fn figures(numbers: [u64; 2]) -> String {
    let number = |number: u64| {
        let call = CallId::of_key(number).filter(|_| number > u64::from(u32::MAX));
        call.map_or_else(|| number.to_string(), |(client, serial)| format!("{client}#{serial}"))
    };
    match numbers {
        [0, 0] => String::new(),
        [one, 0] => format!(" ({})", number(one)),
        [one, two] => format!(" ({}, {})", number(one), number(two)),
    }
}

/// Writes a span for a reader, who wants two or three digits: `12 ms`, `1.2 s`, `350 us`.
pub fn span(span: Span) -> String {
    match span.0 {
        us @ ..1_000 => format!("{us} us"),
        us @ ..1_000_000 => format!("{} ms", us / 1_000),
        us @ ..10_000_000 => format!("{}.{} s", us / 1_000_000, us / 100_000 % 10),
        us => format!("{} s", us / 1_000_000),
    }
}

/// Writes how long ago something was.
pub fn ago(now: Instant, at: Instant) -> String {
    format!("{} ago", span(now.since(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::protocol::MessageKind;
    use crate::sim::record::Causes;
    use crate::sim::{EventId, FaultId};

    static VOTE: MessageKind = MessageKind {
        name: "Vote",
        glyph: '◆',
        nature: Nature::Control,
        fields: &["term", "granted"],
    };

    static RAFT: Words = Words { epoch: "term", ..Words::NONE };

    fn record(who: u16, what: What) -> Record {
        let who = Some(Address::Node(who));
        Record { at: Instant(5), id: EventId(1), who, because: Causes::new(), what }
    }

    #[test]
    fn records_are_told_in_words_that_name_who_and_what() {
        let (n1, vote) = (Address::Node(1), Detail::new(&VOTE, [3, 1, 0, 0]));
        let why = Withheld::Fault(FaultId(2));
        let told = [
            (What::Noted(Note::Suspects(n1)), "n3 suspects n1"),
            (What::Sent { to: n1, detail: vote }, "n3 → n1 Vote granted"),
            (What::Withheld { from: n1, detail: vote, why }, "message n1→n3 Vote lost: F2"),
            (What::Noted(Note::Role { role: Role::Leader, epoch: 2 }), "n3 leads term 2"),
            (What::Life(Life::Down), "n3 goes down"),
        ];
        for (what, text) in told {
            assert_eq!(describe(&record(3, what), &RAFT), text);
        }
    }

    #[test]
    fn a_remark_names_calls_and_leaves_out_what_says_nothing() {
        let remark = |numbers| {
            let what = What::Noted(Note::Other("takes over", numbers));
            describe(&record(3, what), &RAFT)
        };
        let call = CallId { client: Address::Client(2), serial: 7, attempt: 1 };
        assert_eq!(remark([call.key(), 2]), "n3: takes over (c2#7, 2)");
        assert_eq!(remark([4, 0]), "n3: takes over (4)");
        assert_eq!(remark([0, 0]), "n3: takes over");
    }

    #[test]
    fn each_algorithm_speaks_of_leaders_in_its_own_words() {
        let paxos = Words { epoch: "ballot", votes: ["promises to", ""], ..Words::NONE };
        let takes = |role| Note::Role { role, epoch: 7 };
        let voted = Note::Voted { epoch: 7, candidate: Address::Node(1) };
        let told = [
            (&paxos, takes(Role::Proposer), "n3 is proposer in ballot 7"),
            (&paxos, voted, "n3 promises to n1 in ballot 7"),
            (&Words::NONE, takes(Role::Coordinator), "n3 is coordinator"),
        ];
        for (words, note, text) in told {
            assert_eq!(describe(&record(3, What::Noted(note)), words), text);
        }
    }

    #[test]
    fn spans_are_rounded_for_the_eye() {
        let written =
            [(900, "900 us"), (12_345, "12 ms"), (2_049_000, "2.0 s"), (61_000_000, "61 s")];
        for (us, text) in written {
            assert_eq!(span(Span(us)), text);
        }
    }
}
