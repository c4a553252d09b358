//! Whether the names in a predicate are known: properties, variants, mechanisms, nodes, events.

use std::collections::BTreeSet;

use crate::faults::FAULTS;
use crate::lab::Problem;
use crate::lab::place::Step::{self, Field, Item};
use crate::lab::wording::{did_you_mean, one_of};
use crate::mechanisms;
use crate::oracles::ORACLES;
use crate::sim::Span;

use super::predicate::{Predicate, Who};

/// What may be named at some place of a lesson.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// How many nodes there are.
    pub nodes: u16,
    /// The events that have a name by then.
    pub events: BTreeSet<String>,
}

/// How deep predicates may lie in each other: nobody understands more.
const DEPTH_MAX: usize = 8;
/// How many parts an `All` or `Any` may have.
const PARTS_MAX: usize = 16;

type Problems = Vec<Problem>;

/// Checks the names of a predicate that stands at the end of a path.
pub(super) fn predicate(
    predicate: &Predicate,
    path: &[Step],
    scope: &Scope,
    problems: &mut Problems,
) {
    deep(predicate, path, scope, 0, problems);
}

fn deep(
    predicate: &Predicate,
    path: &[Step],
    scope: &Scope,
    depth: usize,
    problems: &mut Problems,
) {
    let inside = |step| [path, &[step]].concat();
    if depth > DEPTH_MAX {
        let expected = format!("at most {DEPTH_MAX}");
        problems.push(Problem::at(path, "this predicate lies too deep", expected));
        return;
    }
    match predicate {
        Predicate::Found(name) | Predicate::Cleared(name) => {
            let names = ORACLES.iter().map(|kind| kind.property);
            known(name, "property", names, &inside(Item(0)), problems);
        }
        Predicate::Stage { fault, .. } if *fault == 0 => {
            let path = inside(Field("fault"));
            problems.push(Problem::at(&path, "there is no fault 0", "a number from 1"));
        }
        Predicate::Fault { is, on, .. } => {
            let names = FAULTS.iter().flat_map(|class| class.variants).map(|v| v.name);
            known(is, "fault", names, &inside(Field("is")), problems);
            who(on, &inside(Field("on")), scope, problems);
        }
        Predicate::Contained { by, at } => {
            let names = mechanisms::all().map(|mechanism| mechanism.name);
            known(by, "mechanism", names, &inside(Field("by")), problems);
            who(at, &inside(Field("at")), scope, problems);
        }
        Predicate::Life { who: whose, .. } => {
            who(whose, &inside(Field("who")), scope, problems);
        }
        Predicate::Leads(whose)
        | Predicate::Returned(whose)
        | Predicate::Forgot(whose)
        | Predicate::Appended(whose) => who(whose, &inside(Item(0)), scope, problems),
        Predicate::Answered { times, .. } if *times == 0 => {
            let message = "none were answered holds always";
            problems.push(Problem::at(&inside(Field("times")), message, "a number from 1"));
        }
        Predicate::Passed(span) if *span == Span::ZERO => {
            let message = "no time goes by at once";
            problems.push(Problem::at(&inside(Item(0)), message, "a duration such as \"2s\""));
        }
        Predicate::All(whole) | Predicate::Any(whole) => {
            parts(whole, &inside(Item(0)), scope, depth, problems);
        }
        Predicate::Event(name) => event(name, &inside(Item(0)), scope, problems),
        Predicate::Not(part) => deep(part, &inside(Item(0)), scope, depth + 1, problems),
        Predicate::After(name, part) => {
            event(name, &inside(Item(0)), scope, problems);
            deep(part, &inside(Item(1)), scope, depth + 1, problems);
        }
        Predicate::Fails
        | Predicate::Stage { .. }
        | Predicate::Decided(_)
        | Predicate::Answered { .. }
        | Predicate::GaveUp
        | Predicate::Passed(_) => {}
    }
}

fn parts(parts: &[Predicate], path: &[Step], scope: &Scope, depth: usize, problems: &mut Problems) {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        let message = format!("{} parts are out of range", parts.len());
        let expected = format!("1 to {PARTS_MAX} predicates");
        problems.push(Problem::at(path, message, expected));
    }
    for (k, part) in parts.iter().enumerate() {
        deep(part, &[path, &[Item(k)]].concat(), scope, depth + 1, problems);
    }
}

fn who(who: &Who, path: &[Step], scope: &Scope, problems: &mut Problems) {
    let path = [path, &[Item(0)]].concat();
    match who {
        Who::Node(node) if node.node().is_none_or(|number| number > scope.nodes) => {
            let message = format!("there is no node `{node}`");
            let expected = format!("a node from n1 to n{}", scope.nodes);
            problems.push(Problem::at(&path, message, expected));
        }
        Who::Same(name) => event(name, &path, scope, problems),
        _ => {}
    }
}

/// Checks that an event has its name by then.
pub(super) fn event(name: &str, path: &[Step], scope: &Scope, problems: &mut Problems) {
    let names = scope.events.iter().map(String::as_str);
    known(name, "event that an earlier beat named", names, path, problems);
}

/// Checks a name against those that are known.
pub(super) fn known<'a>(
    found: &str,
    what: &str,
    names: impl Iterator<Item = &'a str>,
    path: &[Step],
    problems: &mut Problems,
) {
    let names: Vec<&str> = names.collect();
    if names.contains(&found) {
        return;
    }
    let mut problem = Problem::at(path, format!("`{found}` is no {what}"), one_of(&names));
    problem.help = did_you_mean(found, &names);
    problems.push(problem);
}
