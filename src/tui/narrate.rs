//! Tells in one sentence the newest thing that matters.

use crate::faults;
use crate::lab::{Happening, Kind, Milestone};
use crate::oracles::views::Cell;
use crate::oracles::{Grade, Signal, Subject};
use crate::sim::{FaultId, Life, Role};

use super::lab::Lab;
use super::theme::Ink;

/// A line of narration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its ink.
    pub ink: Ink,
    /// Its text.
    pub text: String,
}

impl Default for Line {
    fn default() -> Line {
        Line { ink: Ink::Text, text: String::new() }
    }
}

/// Tells the newest thing that matters, up to where the reader stands.
pub fn newest(lab: &Lab) -> Line {
    let Some(milestone) = newest_milestone(lab) else {
        let ordinary = lab.session.scenario().protocol.entry().ordinary;
        return Line { ink: Ink::Text, text: ordinary.to_owned() };
    };
    let (ink, sentence) = tell(lab, milestone);
    let hint = if lab.faults.is_empty() { " Break something: 1-9." } else { "" };
    Line { ink, text: format!("{} {sentence}{hint}", milestone.at) }
}

/// Finds the newest milestone that is no routine commit; what a fault has just made of a node, and
/// the error that this is, stand behind the fault itself.
fn newest_milestone(lab: &Lab) -> Option<&Milestone> {
    let here = lab.session.position().moves;
    let so_far = lab.session.milestones().rev().skip_while(|m| m.moves > here);
    let mut telling = so_far.filter(|m| m.kind() != Kind::Commit);
    let newest = telling.next()?;
    if !matches!(newest.kind(), Kind::Life | Kind::Error) {
        return Some(newest);
    }
    let mut together = telling.take_while(|m| m.at == newest.at);
    Some(together.find(|m| m.kind() == Kind::Input).unwrap_or(newest))
}

fn tell(lab: &Lab, milestone: &Milestone) -> (Ink, String) {
    match &milestone.what {
        Happening::Leads { who, role: Role::Leader, word, epoch } => {
            (Ink::Leader, format!("{who} won the election and leads {word} {epoch}."))
        }
        Happening::Leads { who, role, word, epoch } => {
            let role = lab.session.scenario().protocol.entry().words.role(*role);
            (Ink::Leader, format!("{who} is the {role} of {word} {epoch}."))
        }
        Happening::Suspects(who, about) => (
            Ink::Error,
            format!("{who} has heard nothing from {about} in time, and suspects it has failed."),
        ),
        Happening::Judged { monitor, node, healthy: true, by } => {
            (Ink::Healthy, format!("{monitor} asks {node} by {by} and finds it well again."))
        }
        Happening::Judged { monitor, node, healthy: false, by } => {
            (Ink::Candidate, format!("{monitor} asks {node} by {by} and finds it ill."))
        }
        Happening::Gray { is, .. } => {
            let ink = if *is == Cell::Gray { Ink::Error } else { Ink::Accent };
            (ink, format!("{milestone}."))
        }
        Happening::Injected(id) => (Ink::Active, injected(lab, *id)),
        Happening::Healed(id) => (Ink::Contained, format!("{id} healed: {}.", label(lab, *id))),
        Happening::Switched(name, on) => {
            (Ink::Accent, format!("The switch {name} is {} now.", if *on { "on" } else { "off" }))
        }
        Happening::Life(who, life) => match life {
            Life::Up => (Ink::Healthy, format!("{who} is up again.")),
            Life::Paused => (Ink::Active, format!("{who} is frozen.")),
            Life::Down => (Ink::Active, format!("{who} is down.")),
        },
        Happening::Decided(slot) => (Ink::Text, format!("Slot {slot} is committed.")),
        Happening::Found(property, grade, subject) => {
            found(lab, milestone, property, *grade, *subject)
        }
    }
}

fn label(lab: &Lab, id: FaultId) -> String {
    let found = lab.faults.iter().find(|(fault, _)| fault.id == id);
    found.map_or_else(|| "a fault".to_owned(), |(fault, _)| fault.spec.to_string())
}

fn injected(lab: &Lab, id: FaultId) -> String {
    let found = lab.faults.iter().find(|(fault, _)| fault.id == id);
    let summary = found.map_or("", |(fault, _)| faults::variant(&fault.spec).summary);
    format!("Fault {id}: {}. {summary}", label(lab, id))
}

/// Tells a finding: its grade in the lab's words, and the oracle's own sentence.
fn found(
    lab: &Lab,
    milestone: &Milestone,
    property: &str,
    grade: Grade,
    subject: Subject,
) -> (Ink, String) {
    let said = lab.session.signals().find_map(|signal| match signal {
        Signal::Raised(finding)
            if finding.event == milestone.record
                && finding.property == property
                && finding.subject == subject =>
        {
            Some(finding.text.as_str())
        }
        _ => None,
    });
    let said = said.unwrap_or("");
    let (ink, word) = match grade {
        Grade::Deviation => (Ink::Error, "Error"),
        Grade::Breach => (Ink::Error, "ERROR, an invariant is broken"),
        Grade::Failure => (Ink::Failure, "FAILURE"),
        Grade::Stall => (Ink::Failure, "STALL"),
    };
    (ink, format!("{word}: {property}. {said}"))
}
