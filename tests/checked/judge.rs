//! The oracles of the sweeps as a part of a model's state.
//!
//! What a property makes of a run may depend on the order in which things were said: that a commit
//! came before a vote is wrong, and a vote before a commit is not. So the oracles hear each note
//! when it is said, and what they remember belongs to the state: two runs that lead to the same
//! world are taken for one only where the oracles remember the same of both, and would judge
//! alike whatever comes.

use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use faultlab::oracles::{Bounds, Hears, Panel, State as Verdict, find};
use faultlab::sim::record::Causes;
use faultlab::sim::{Address, EventId, FaultId, Instant, Lever, Lie, Note, Record};
use faultlab::sim::{Untruth, What, Whom};

use crate::digest::Digest;

/// What was said, and by whom.
pub type Said = (Option<Address>, What);

/// Oracles that heard a run so far, and what they make of it.
#[derive(Clone, Debug)]
pub struct Judge {
    panel: Arc<Panel>,
    /// All that the oracles remember, as one number.
    memory: u64,
    /// The properties that do not hold.
    broken: Vec<&'static str>,
}

impl PartialEq for Judge {
    /// Oracles offer no comparison; all that they remember is in the number.
    fn eq(&self, other: &Judge) -> bool {
        self.memory == other.memory
    }
}

impl Eq for Judge {}

impl Hash for Judge {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.memory.hash(state);
    }
}

impl Judge {
    /// Seats the oracles of these properties, and tells them who lies: what such a node says of
    /// itself is not heard.
    pub fn new(nodes: u16, judged: &[&str], liars: Vec<Address>) -> Judge {
        for property in judged {
            assert!(find(property).is_some(), "`{property}` is no property");
        }
        let panel = Arc::new(Panel::new(&Bounds::default(), nodes, judged));
        let mut judge = Judge { panel, memory: 0, broken: Vec::new() };
        if !liars.is_empty() {
            let lie = Lie::Tell { says: Untruth::Contrary, to: None };
            let lever = Arc::new(Lever::Lie { node: Whom::Only(liars), lie });
            judge.hear(&[(None, What::Pulled { fault: FaultId(1), lever })]);
        }
        judge
    }

    /// Lets the oracles hear what was said, in its order. There is no time in a model, and no
    /// number of an event: neither is part of what these properties are about.
    pub fn hear(&mut self, said: &[Said]) {
        let panel = Arc::make_mut(&mut self.panel);
        for (who, what) in said {
            let (at, id) = (Instant::ZERO, EventId(0));
            let (who, what) = (*who, what.clone());
            let record = Record { at, id, who, because: Causes::new(), what };
            panel.observe(&record, &mut Vec::new());
        }
        let verdicts = panel.verdicts(Instant::ZERO);
        let broken = verdicts.iter().filter(|verdict| verdict.state == Verdict::Violated);
        self.broken = broken.map(|verdict| verdict.property).collect();
        let mut digest = Digest::default();
        write!(digest, "{panel:?}").expect("a digest takes any text");
        self.memory = digest.finish();
    }

    /// Returns all that the oracles remember, as one number.
    pub const fn memory(&self) -> u64 {
        self.memory
    }

    /// Returns the properties that do not hold.
    pub fn broken(&self) -> &[&'static str] {
        &self.broken
    }
}

/// Returns whether a note bears on one of these properties: the others would only tell apart states
/// that no oracle can. Who has which role all oracles may ask.
pub fn bears_on(judged: &[&str], note: &Note) -> bool {
    let by = match note {
        Note::Role { .. } => return true,
        Note::Decided { .. } => Hears::DECISIONS,
        Note::Prepared { .. } => Hears::VOTES,
        Note::TransactionBegan { .. }
        | Note::TransactionVoted { .. }
        | Note::TransactionEnded { .. } => Hears::TRANSACTIONS,
        Note::Suspects(_) => Hears::SUSPICIONS,
        Note::Accuses { .. } => Hears::EVIDENCE,
        _ => return false,
    };
    judged.iter().any(|property| find(property).is_some_and(|kind| kind.hears.meets(by)))
}
