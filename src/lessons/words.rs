//! Records and predicates in words.

use std::fmt;

use crate::sim::{ClientNote, Life, Note, Record, Role, What, Words};

use super::predicate::{Calls, Predicate, Who};

/// Says in one short sentence what happened, without the time.
pub(super) fn record(record: &Record, words: &Words) -> String {
    let who = record.who.map_or_else(|| "somebody".to_owned(), |who| who.to_string());
    match &record.what {
        What::Booted => format!("{who} started again"),
        What::Forgot { writes } => format!("the disk of {who} lost {writes} writes"),
        What::Life(Life::Up) => format!("{who} came up"),
        What::Life(life) => format!("{who} went {}", life.word()),
        What::Injected(fault) => format!("{fault} was injected"),
        What::Healed(fault) => format!("{fault} was healed"),
        What::Corrupted { spot } => format!("a bit flipped {} {who}", spot.words()),
        What::Noted(note) => noted(&who, note, words),
        What::Client(note) => client(note),
        What::Delivered { from, detail } => format!("{} {from}→{who} arrived", detail.kind.name),
        What::Withheld { from, detail, .. } => {
            format!("{} {from}→{who} was lost", detail.kind.name)
        }
        What::Sent { to, detail } => format!("{who} sent {} to {to}", detail.kind.name),
        What::Fired { timer } => format!("{timer} of {who} ran out"),
        What::Saved { .. } => format!("{who} wrote to its disk"),
        What::Synced { .. } => format!("the disk of {who} confirmed its writes"),
        What::Pulled { fault, .. } => format!("{fault} took hold"),
        What::Switched { switch, on } => {
            format!("{switch} was switched {}", if *on { "on" } else { "off" })
        }
    }
}

fn noted(who: &str, note: &Note, words: &Words) -> String {
    match note {
        Note::Role { role: Role::Leader, epoch } => {
            format!("{who} took the lead of {}", words.epoch(*epoch))
        }
        Note::Role { role, epoch } => {
            format!("{who} became {}{}", role.word(), words.within(*epoch))
        }
        Note::Voted { epoch, candidate } => {
            format!("{who} {} {candidate}{}", words.votes[1], words.within(*epoch))
        }
        Note::Appended { slot, .. } => format!("{who} put an entry into slot {slot}"),
        Note::Truncated { from } => format!("{who} cut its log from slot {from} on"),
        Note::Restored(log) => format!("{who} read {} entries from its disk", log.len()),
        Note::Prepared { slot, .. } => format!("{who} learnt that a quorum agrees to slot {slot}"),
        Note::Decided { slot, .. } => format!("{who} learnt that slot {slot} is committed"),
        Note::Holds(held) => format!("{who} took k{} = {}", held.key, held.value),
        Note::Found(copies) => format!("{who} read {} keys from its disk", copies.len()),
        Note::Suspects(whom) => format!("{who} suspected {whom}"),
        Note::Trusts(whom) => format!("{who} trusted {whom} again"),
        Note::Buries(whom) => format!("{who} declared {whom} dead"),
        Note::Stored { epoch } => format!("{who} took a state of epoch {epoch}"),
        Note::TransactionBegan { transaction, .. } => {
            format!("{who} asked for votes on {transaction}")
        }
        Note::TransactionVoted { transaction, yes } => {
            format!("{who} voted {} on {transaction}", if *yes { "YES" } else { "NO" })
        }
        Note::TransactionEnded { transaction, commit } => {
            format!("{who} {} {transaction}", if *commit { "committed" } else { "aborted" })
        }
        Note::Contained { by, from } => format!("{who} refused {from} by its {by}"),
        Note::Accuses { culprit, proof, .. } => format!("{who} proved against {culprit}: {proof}"),
        Note::Overloaded { .. } => format!("{who} had no room left"),
        Note::Relieved => format!("{who} had room again"),
        Note::Other(name, _) => format!("{who}: {name}"),
    }
}

fn client(note: &ClientNote) -> String {
    match note {
        ClientNote::Called { call, op } => format!("{call} asked to {op}"),
        ClientNote::Retried { call, to } => format!("{call} was tried again at {to}"),
        ClientNote::Returned { call, op, outcome } => format!("{call} {op}: {outcome}"),
        ClientNote::Spared { call, by } => format!("{call} was not sent, by the {by}"),
        ClientNote::Circuit { call, state, .. } => {
            format!("the circuit breaker of {} is {}", call.client, state.word())
        }
        ClientNote::GaveUp { call, op } => format!("{call} {op}: given up"),
        ClientNote::Saw(saw) => {
            let word = if saw.answered { "an answer" } else { "no answer" };
            format!("a user got {word} of {}", saw.node)
        }
        ClientNote::Avoided { call, node } => format!("{call} avoided {node}"),
        ClientNote::Watches { probe, .. } => format!("a monitor watches by {probe}"),
        ClientNote::Judged { node, healthy, .. } => {
            format!("a monitor found {node} {}", if *healthy { "well" } else { "ill" })
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Anybody => f.write_str("a node"),
            Who::Node(node) => write!(f, "{node}"),
            Who::Same(name) => write!(f, "the node of `{name}`"),
            Who::Leader => f.write_str("the leader"),
            Who::Follower => f.write_str("a follower"),
        }
    }
}

impl fmt::Display for Predicate {
    /// Says as a half sentence what must come true.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Predicate::Found(name) => write!(f, "`{name}` does not hold"),
            Predicate::Cleared(name) => write!(f, "`{name}` is right again"),
            Predicate::Fails => f.write_str("a client sees a failure"),
            Predicate::Stage { fault, is } => write!(f, "F{fault} is {}", is.stage().word()),
            Predicate::Fault { is, stage, on } => {
                write!(f, "there is the fault `{is}` on {on}")?;
                stage.map_or(Ok(()), |stage| write!(f, ", {}", stage.stage().word()))
            }
            Predicate::Life { who, is } => write!(f, "{who} is {}", is.life().word()),
            Predicate::Leads(who) => write!(f, "{who} leads"),
            Predicate::Returned(who) => write!(f, "{who} started again"),
            Predicate::Forgot(who) => write!(f, "the disk of {who} lost writes"),
            Predicate::Appended(who) => write!(f, "{who} put an entry into its log"),
            Predicate::Contained { by, at } => write!(f, "`{by}` stopped something at {at}"),
            Predicate::Decided(slots) => write!(f, "{slots} slots are committed"),
            Predicate::Answered { what, times } => {
                let what = match what {
                    Calls::Any => "calls",
                    Calls::Read => "reads",
                    Calls::Write => "writes",
                };
                write!(f, "{times} {what} were answered")
            }
            Predicate::GaveUp => f.write_str("a client gave up"),
            Predicate::Passed(span) => write!(f, "{span} went by"),
            Predicate::All(parts) => joined(f, parts, " and "),
            Predicate::Any(parts) => joined(f, parts, " or "),
            Predicate::Not(part) => write!(f, "not: {part}"),
            Predicate::Event(name) => write!(f, "the event `{name}`"),
            Predicate::After(name, part) => write!(f, "after `{name}`, {part}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Predicate], word: &str) -> fmt::Result {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    f.write_str(&parts.join(word))
}
