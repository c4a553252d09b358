//! What a hand may do to a run, as data that a replay keeps; and what is known of each fault.

use serde::{Deserialize, Serialize};

use crate::faults::FaultSpec;
use crate::sim::{FaultId, Instant, Span};

/// Something done by hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Act {
    /// Injects a fault.
    Inject {
        /// Which.
        fault: FaultSpec,
        /// When it heals by itself; as its class has it where it is not given.
        #[serde(default)]
        heal_after: Option<Span>,
    },
    /// Heals a fault.
    Heal(FaultId),
    /// Turns a switch.
    Set {
        /// Which.
        switch: String,
        /// How it shall stand.
        on: bool,
    },
}

/// Who brought a fault into the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The scenario, under this id.
    Scenario(String),
    /// A hand.
    Hand,
}

/// A fault of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Its number in the run.
    pub id: FaultId,
    /// What it is.
    pub spec: FaultSpec,
    /// Who brought it.
    pub origin: Origin,
    /// When it is or was injected.
    pub at: Instant,
}

/// How far a fault has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It is there and has touched nothing yet.
    Dormant,
    /// It has had a part in something that happened.
    Active,
    /// It was taken back; what it did may last.
    Healed,
}

impl Stage {
    /// Returns the glyph.
    pub const fn glyph(self) -> char {
        match self {
            Stage::Dormant => '○',
            Stage::Active => '●',
            Stage::Healed => '◌',
        }
    }

    /// Returns the word.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Dormant => "dormant",
            Stage::Active => "active",
            Stage::Healed => "healed",
        }
    }
}
