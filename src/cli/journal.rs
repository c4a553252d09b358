//! The records and the client history of a run, one JSON line each.
//!
//! The run is played once more from its inputs, so that also what a long session has let go is
//! written; it has to come to the same digest.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::files;
use crate::lab::{Session, Trial};
use crate::sim::{
    Address, Because, CallId, ClientNote, Detail, Keep, Note, Op, Outcome, Record, What, Withheld,
};

use super::{Result, Trouble};

/// Writes the records of a run to one file and its client history to another.
pub fn write(session: &Session, trace: Option<&Path>, history: Option<&Path>) -> Result<()> {
    let (mut records, mut calls) = (String::new(), String::new());
    let mut take = |record: &Record| {
        if trace.is_some() {
            line(&mut records, &of_record(record));
        }
        if let (Some(_), What::Client(note)) = (history, &record.what)
            && let Some(entry) = of_note(record, note)
        {
            line(&mut calls, &entry);
        }
    };
    let journal = session.journal().to_vec();
    let keep = if trace.is_some() { Keep::Everything } else { Keep::Milestones };
    let mut again = Trial::with(session.scenario(), session.seed(), journal, keep);
    again.run(session.clock(), |record, _| {
        take(record);
        ControlFlow::Continue(())
    });
    if again.world().digest() != session.digest() {
        let moves = session.position().moves;
        return Err(Trouble::from(format!("not deterministic before move {moves}")));
    }
    for (path, lines) in [(trace, records), (history, calls)] {
        if let Some(path) = path {
            files::write_out(path, &lines)?;
        }
    }
    Ok(())
}

fn line(out: &mut String, value: &Value) {
    let _ = writeln!(out, "{value}");
}

fn of_record(record: &Record) -> Value {
    let because = |because: &Because| match because {
        Because::Of(id) => json!({ "of": id.0 }),
        Because::LackOf(id) => json!({ "lack_of": id.0 }),
    };
    let (what, mut fields) = of_what(&record.what);
    fields.insert("id".to_owned(), json!(record.id.0));
    fields.insert("at_us".to_owned(), json!(record.at.0));
    fields.insert("who".to_owned(), json!(record.who.map(|who| who.to_string())));
    let causes: Vec<Value> = record.because.iter().map(because).collect();
    fields.insert("because".to_owned(), Value::Array(causes));
    fields.insert("what".to_owned(), json!(what));
    Value::Object(fields)
}

fn fields<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn of_what(what: &What) -> (&'static str, Map<String, Value>) {
    let message = |name: &str, who: String, detail: &Detail| {
        let values = detail.kind.fields.iter().zip(detail.values);
        let values: Map<String, Value> =
            values.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        fields([
            (name, json!(who)),
            ("message", json!(detail.kind.name)),
            ("values", Value::Object(values)),
        ])
    };
    match what {
        What::Booted => ("booted", Map::new()),
        What::Sent { to, detail } => ("sent", message("to", to.to_string(), detail)),
        What::Delivered { from, detail } => {
            ("delivered", message("from", from.to_string(), detail))
        }
        What::Withheld { from, detail, why } => {
            let mut withheld = message("from", from.to_string(), detail);
            withheld.insert("why".to_owned(), json!(of_withheld(*why)));
            ("withheld", withheld)
        }
        What::Fired { timer } => ("fired", fields([("timer", json!(timer))])),
        What::Saved { ticket } => ("saved", fields([("ticket", json!(ticket))])),
        What::Synced { ticket } => ("synced", fields([("ticket", json!(ticket))])),
        What::Forgot { writes } => ("forgot", fields([("writes", json!(writes))])),
        What::Corrupted { spot } => {
            let place = json!(spot.words());
            ("corrupted", fields([("place", place)]))
        }
        What::Noted(note) => of_noted(note),
        What::Client(note) => of_client(note),
        What::Life(life) => ("life", fields([("life", json!(life.word()))])),
        What::Injected(fault) => ("injected", fields([("fault", json!(fault.to_string()))])),
        What::Pulled { fault, lever } => {
            let lever = json!(format!("{lever:?}"));
            ("pulled", fields([("fault", json!(fault.to_string())), ("lever", lever)]))
        }
        What::Healed(fault) => ("healed", fields([("fault", json!(fault.to_string()))])),
        What::Switched { switch, on } => {
            ("switched", fields([("switch", json!(switch)), ("on", json!(on))]))
        }
    }
}

fn of_withheld(why: Withheld) -> String {
    match why {
        Withheld::Network => "lost by the network".to_owned(),
        Withheld::Fault(fault) => format!("taken by {fault}"),
        Withheld::Down => "receiver down".to_owned(),
        Withheld::Overflow => "inbox full".to_owned(),
        Withheld::Checksum => "broken on its way".to_owned(),
        Withheld::Shed => "shed".to_owned(),
        Withheld::Expired => "dropped, nobody waited any more".to_owned(),
        Withheld::Unsent => "sender crashed before it was sent".to_owned(),
    }
}

fn of_noted(note: &Note) -> (&'static str, Map<String, Value>) {
    match note {
        Note::Role { role, epoch } => {
            ("role", fields([("role", json!(role.word())), ("epoch", json!(epoch))]))
        }
        Note::Voted { epoch, candidate } => {
            let candidate = json!(candidate.to_string());
            ("voted", fields([("epoch", json!(epoch)), ("candidate", candidate)]))
        }
        Note::Appended { slot, entry } => ("appended", of_slot(*slot, *entry)),
        Note::Truncated { from } => ("truncated", fields([("from", json!(from))])),
        Note::Restored(log) => ("restored", fields([("entries", json!(log.len()))])),
        Note::Prepared { slot, entry } => ("prepared", of_slot(*slot, *entry)),
        Note::Decided { slot, entry } => ("decided", of_slot(*slot, *entry)),
        Note::Holds(held) => ("holds", of_held(held)),
        Note::Found(copies) => ("found", fields([("copies", json!(copies.len()))])),
        Note::Overloaded { waiting } => ("overloaded", fields([("waiting", json!(waiting))])),
        Note::Relieved => ("relieved", Map::new()),
        Note::Suspects(about) => ("suspects", fields([("about", json!(about.to_string()))])),
        Note::Trusts(about) => ("trusts", fields([("about", json!(about.to_string()))])),
        Note::Buries(about) => ("buries", fields([("about", json!(about.to_string()))])),
        Note::Stored { epoch } => ("stored", fields([("epoch", json!(epoch))])),
        Note::TransactionBegan { transaction, participants } => {
            let participants = ("participants", json!(participants));
            ("began", of_transaction(*transaction, participants))
        }
        Note::TransactionVoted { transaction, yes } => {
            ("voted", of_transaction(*transaction, ("yes", json!(yes))))
        }
        Note::TransactionEnded { transaction, commit } => {
            ("ended", of_transaction(*transaction, ("commit", json!(commit))))
        }
        Note::Contained { by, from } => {
            ("contained", fields([("by", json!(by)), ("from", json!(from.to_string()))]))
        }
        Note::Accuses { culprit, slot, proof } => {
            let culprit = json!(culprit.to_string());
            let proof = [("culprit", culprit), ("slot", json!(slot)), ("proof", json!(proof))];
            ("accuses", fields(proof))
        }
        Note::Other(name, numbers) => {
            ("noted", fields([("note", json!(name)), ("numbers", json!(numbers))]))
        }
    }
}

fn of_held(held: &crate::sim::Held) -> Map<String, Value> {
    let (stamp, by) = held.version;
    let version = json!({ "stamp": stamp, "by": by.to_string() });
    fields([("key", json!(held.key)), ("value", json!(held.value)), ("version", version)])
}

fn of_transaction(transaction: CallId, more: (&'static str, Value)) -> Map<String, Value> {
    let (call, attempt) = (json!(transaction.to_string()), json!(transaction.attempt));
    fields([("transaction", call), ("attempt", attempt), more])
}

fn of_client(note: &ClientNote) -> (&'static str, Map<String, Value>) {
    let of_call = |call: &CallId| {
        [("call", json!(call.to_string())), ("attempt", json!(call.attempt))].into_iter()
    };
    let whom = |node: &Address| ("node", json!(node.to_string()));
    match note {
        ClientNote::Called { call, .. } => ("called", fields(of_call(call))),
        ClientNote::Retried { call, .. } => ("retried", fields(of_call(call))),
        ClientNote::Returned { call, .. } => ("returned", fields(of_call(call))),
        ClientNote::GaveUp { call, .. } => ("gave up", fields(of_call(call))),
        ClientNote::Spared { call, .. } => ("spared", fields(of_call(call))),
        ClientNote::Circuit { call, .. } => ("circuit", fields(of_call(call))),
        ClientNote::Avoided { call, node: at } => {
            ("avoided", fields(of_call(call).chain([whom(at)])))
        }
        ClientNote::Saw(saw) => {
            let (took, answered) = (json!(saw.took.0), json!(saw.answered));
            ("saw", fields([whom(&saw.node), ("took_us", took), ("answered", answered)]))
        }
        ClientNote::Watches { probe, within } => {
            ("watches", fields([("probe", json!(probe)), ("within_us", json!(within.0))]))
        }
        ClientNote::Judged { node: at, healthy, by } => {
            ("judged", fields([whom(at), ("healthy", json!(healthy)), ("by", json!(by))]))
        }
    }
}

fn of_slot(slot: u64, entry: crate::sim::Slot) -> Map<String, Value> {
    let (epoch, value) = (json!(entry.epoch), json!(entry.value));
    fields([("slot", json!(slot)), ("epoch", epoch), ("value", value)])
}

/// Writes a call or a return as histories are written elsewhere: a process, what it does to which
/// key, and `invoke`, `ok` or `info` (nobody knows whether it took effect).
fn of_note(record: &Record, note: &ClientNote) -> Option<Value> {
    let entry = |kind: &str, call: &CallId, op: &Op, value: Option<u64>| {
        let operation = match op {
            Op::Read { .. } => "read",
            Op::Write { .. } => "write",
        };
        json!({
            "at_us": record.at.0,
            "process": call.client.to_string(),
            "call": call.serial,
            "type": kind,
            "operation": operation,
            "key": op.key(),
            "value": value,
        })
    };
    let written = |op: &Op| match op {
        Op::Read { .. } => None,
        Op::Write { value, .. } => Some(*value),
    };
    match note {
        ClientNote::Called { call, op } => Some(entry("invoke", call, op, written(op))),
        ClientNote::Retried { .. }
        | ClientNote::Spared { .. }
        | ClientNote::Circuit { .. }
        | ClientNote::Avoided { .. }
        | ClientNote::Saw(_)
        | ClientNote::Watches { .. }
        | ClientNote::Judged { .. } => None,
        ClientNote::Returned { call, op, outcome } => {
            let (kind, value) = match outcome {
                Outcome::Read(value) => ("ok", *value),
                Outcome::Refused | Outcome::Busy => ("fail", written(op)),
                Outcome::Written | Outcome::Redirect(_) => ("ok", written(op)),
            };
            Some(entry(kind, call, op, value))
        }
        ClientNote::GaveUp { call, op } => Some(entry("info", call, op, written(op))),
    }
}
