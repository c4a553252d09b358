//! A chain in plain words, at most six lines: what went wrong, what led to it, which fault, how
//! that is known, and what stopped it.

use super::chain::{Chain, Confirmed, Containment, Named};
use super::memory::lever_of;
use super::path::weight;
use crate::lab::Session;
use crate::oracles::Grade;
use crate::sim::{
    ClientNote, FaultId, Lever, Life, Note, Outcome, Record, Role, What, Withheld, Words,
};

/// How many lines a chain takes at most.
pub const LINES_MAX: usize = 6;

impl Chain {
    /// Tells the chain: the finding first, then what led to it, and at the end how that is known.
    pub fn tell(&self, session: &Session) -> Vec<String> {
        let mut close: Vec<(bool, String)> = Vec::new();
        // What held is the point of a chain that ends there; one that went on has none to spare.
        if self.finding.grade == Grade::Deviation {
            close.extend(self.containment.iter().map(contained).max_by_key(|(weight, _)| *weight));
        }
        let mut close: Vec<String> = close.into_iter().map(|(_, text)| text).collect();
        close.push(self.confirmation());
        let room = LINES_MAX - 1 - close.len();
        let faults = self.faults.iter().map(|named| format!("← {}", fault(session, named)));
        let mut faults: Vec<String> = faults.collect();
        if faults.len() > room {
            let rest = faults.len() - room + 1;
            faults.truncate(room - 1);
            faults.push(format!("← and {rest} more faults"));
        }
        let between = self.path.iter().skip(1).filter(|id| **id != self.finding.event);
        let known = between.filter_map(|id| session.record(*id));
        let words = &session.scenario().protocol.entry().words;
        let mut steps: Vec<(u8, String)> = known
            .filter_map(|record| Some((weight(record), format!("← {}", link(record, words)?))))
            .collect();
        steps.dedup();
        while steps.len() > room - faults.len() {
            let lightest = steps.iter().enumerate().min_by_key(|(place, (w, _))| (*w, *place));
            let Some((place, _)) = lightest else { break };
            steps.remove(place);
        }
        let steps = steps.into_iter().map(|(_, text)| text);
        let opening = std::iter::once(self.opening());
        opening.chain(steps).chain(faults).chain(close).collect()
    }

    fn opening(&self) -> String {
        let more = self.failures.iter().filter(|failure| !failure.same(&self.finding)).count();
        match more {
            0 => self.finding.text.clone(),
            1 => format!("{} (and 1 failure more)", self.finding.text),
            more => format!("{} (and {more} failures more)", self.finding.text),
        }
    }

    fn confirmation(&self) -> String {
        let how = |wanted: Confirmed| {
            let ours = self.faults.iter().filter(move |named| named.confirmed == wanted);
            ours.map(|named| named.fault).collect::<Vec<_>>()
        };
        let (alone, together) = (how(Confirmed::ButFor), how(Confirmed::Minimal));
        let again = "same seed, run again";
        match (&alone[..], &together[..]) {
            ([], []) if self.faults.is_empty() => format!("No fault is needed for this ({again})."),
            ([], []) if !how(Confirmed::Proposed).is_empty() => {
                "Proposed by the records; not confirmed yet.".to_owned()
            }
            ([], []) => format!("The records name it; runs could not confirm it ({again})."),
            ([one], []) => format!("Without {one} this does not happen ({again})."),
            (all, []) => {
                format!("Without any one of {} this does not happen ({again}).", list(all, "and"))
            }
            ([], all) => {
                let faults = list(all, "and");
                format!("{faults}: part of the fewest faults that give this ({again}).")
            }
            (all, others) => {
                let (all, others) = (list(all, "and"), list(others, "or"));
                format!("This takes {all}, and with it {others} ({again}).")
            }
        }
    }
}

fn list(faults: &[FaultId], word: &str) -> String {
    let names: Vec<String> = faults.iter().map(FaultId::to_string).collect();
    match &names[..] {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

/// Names a fault, with what it took hold of where the records still know.
fn fault(session: &Session, named: &Named) -> String {
    let id = named.fault;
    let known = session.faults().into_iter().find(|(fault, _)| fault.id == id);
    let text = known.map_or_else(String::new, |(fault, _)| format!(": {}", fault.spec));
    let lever = session.record(named.via).and_then(|via| {
        via.because.iter().filter_map(|cause| session.record(cause.id())).find_map(lever_of)
    });
    let whom = lever.map(names).filter(|names| text.contains("leader") && !names.is_empty());
    match whom {
        Some(whom) => format!("{id}{text} ({whom})"),
        None => format!("{id}{text}"),
    }
}

/// Names whom a lever took hold of; of a link, the smaller end.
fn names(lever: &Lever) -> String {
    let Some(whom) = lever.held() else { return String::new() };
    let names: Vec<String> = whom.iter().map(ToString::to_string).collect();
    names.join(" ")
}

/// Tells what held, and whether it is known to have kept a failure away.
fn contained(held: &Containment) -> (bool, String) {
    let text = &held.text;
    match held.confirmed {
        Some(true) => (true, format!("Contained: {text}; with {} off, more fails.", held.by)),
        Some(false) => (false, format!("Contained: {text}; without {} too.", held.by)),
        None => (false, format!("Contained: {text}.")),
    }
}

/// Says one link of the path in words; a lever is told as its fault.
fn link(record: &Record, words: &Words) -> Option<String> {
    let who = record.who.map_or_else(String::new, |who| who.to_string());
    Some(match &record.what {
        What::Withheld { from, detail, why } => {
            let name = detail.kind.name;
            match why {
                Withheld::Down => format!("{name} {from}→{who} found {who} down"),
                Withheld::Overflow => format!("{name} {from}→{who} found the inbox full"),
                Withheld::Shed => format!("{who} was full and refused {name} of {from}"),
                Withheld::Expired => {
                    format!("{who} dropped {name} of {from}, which waited too long")
                }
                Withheld::Unsent => format!("{name} {from}→{who} never left {from}"),
                Withheld::Checksum => format!("{name} {from}→{who} was broken on its way"),
                Withheld::Network | Withheld::Fault(_) => format!("{name} {from}→{who} was lost"),
            }
        }
        What::Delivered { from, detail } => {
            format!("{} {from}→{who} arrived at {}", detail.kind.name, record.at)
        }
        What::Fired { timer } => format!("{who}: {timer} ran out"),
        What::Life(Life::Up) => format!("{who} came back"),
        What::Life(life) => format!("{who} was {}", life.word()),
        What::Forgot { writes } => format!("{who} lost {writes} writes of its disk"),
        What::Booted => format!("{who} started again"),
        What::Corrupted { spot } => format!("a bit flipped {} {who}", spot.words()),
        What::Noted(note) => noted(&who, note, words)?,
        What::Client(note) => client(note),
        _ => return None,
    })
}

fn noted(who: &str, note: &Note, words: &Words) -> Option<String> {
    Some(match note {
        Note::Role { role: Role::Leader, epoch } => {
            format!("{who} took the lead of {}", words.epoch(*epoch))
        }
        Note::Role { role, epoch } => {
            format!("{who} became {}{}", role.word(), words.within(*epoch))
        }
        Note::Voted { epoch, candidate } => {
            format!("{who} {} {candidate}{}", words.votes[1], words.within(*epoch))
        }
        Note::Suspects(whom) => format!("{who} heard nothing of {whom} and suspected it"),
        Note::Prepared { slot, .. } => format!("{who} learnt that a quorum agrees to slot {slot}"),
        Note::Decided { slot, .. } => format!("{who} learnt that slot {slot} is decided"),
        Note::Stored { epoch } => format!("{who} took a state of epoch {epoch}"),
        Note::TransactionVoted { transaction, yes: true } => {
            format!("{who} voted YES on {transaction} and was in doubt")
        }
        Note::TransactionVoted { transaction, yes: false } => {
            format!("{who} voted NO on {transaction}")
        }
        Note::TransactionEnded { transaction, commit: true } => {
            format!("{who} committed {transaction}")
        }
        Note::TransactionEnded { transaction, commit: false } => {
            format!("{who} aborted {transaction}")
        }
        Note::Contained { by, from } => format!("{who} refused {from} by its {by}"),
        Note::Accuses { culprit, proof, .. } => format!("{who} proved against {culprit}: {proof}"),
        _ => return None,
    })
}

fn client(note: &ClientNote) -> String {
    match note {
        ClientNote::Called { call, op } => format!("{call} asked to {op}"),
        ClientNote::Retried { call, to } => format!("{call} was tried again at {to}"),
        ClientNote::Returned { call, outcome: Outcome::Redirect(_), .. } => {
            format!("{call} was sent elsewhere")
        }
        ClientNote::Returned { call, .. } => format!("{call} was answered"),
        ClientNote::Spared { call, by } => format!("{call} was not sent, by the {by}"),
        ClientNote::Circuit { call, state, .. } => {
            format!("the circuit breaker of {} went {}", call.client, state.word())
        }
        ClientNote::GaveUp { call, .. } => format!("{call} was given up"),
        ClientNote::Saw(saw) if saw.answered => format!("a user got an answer of {}", saw.node),
        ClientNote::Saw(saw) => format!("a user got no answer of {}", saw.node),
        ClientNote::Avoided { call, node } => format!("{call} avoided {node}"),
        ClientNote::Watches { probe, .. } => format!("a monitor began to watch by {probe}"),
        ClientNote::Judged { node, healthy: true, by } => format!("{node} was judged well by {by}"),
        ClientNote::Judged { node, healthy: false, by } => format!("{node} was judged ill by {by}"),
    }
}
