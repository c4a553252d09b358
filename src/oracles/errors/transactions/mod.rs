//! What atomic commitment promises: AC1 to AC5 (Bernstein, Hadzilacos and Goodman 1987, chapter 7),
//! and that no participant blocks, which is not among them.
//!
//! Here: AC1 and AC2 (`outcomes`), AC3 and AC4 (`votes`), and all that is about waiting in doubt
//! (`doubts`): the deviation, AC5, and non-blocking (Skeen 1981). Absent on purpose: the data. What
//! a transaction wrote is judged by what clients read.
//!
//! A finding about one transaction has the call as its subject; one about waiting has the node.

pub mod doubts;
pub mod outcomes;
pub mod votes;

use imbl::OrdSet;

use crate::oracles::Subject;
use crate::sim::{Address, CallId, Lever, What, Whom};

/// Names a transaction: `c1#7`, and from its second attempt on `c1#7.2`.
fn name(transaction: CallId) -> String {
    match transaction.attempt {
        0 | 1 => transaction.to_string(),
        attempt => format!("{transaction}.{attempt}"),
    }
}

fn subject(transaction: CallId) -> Subject {
    Subject::Call(transaction.client, transaction.serial)
}

/// Adds who lies from this record on: nobody hears what such a node says of itself any more.
fn liars(what: &What, mut known: OrdSet<Address>) -> OrdSet<Address> {
    if let What::Pulled { lever, .. } = what
        && let Lever::Lie { node: Whom::Only(liars), .. } = &**lever
    {
        known.extend(liars.iter().copied());
    }
    known
}

const fn word(commit: bool) -> &'static str {
    if commit { "committed" } else { "aborted" }
}
