//! A scenario as a file writes it: the whole of a run but its seed.

use serde::{Deserialize, Serialize};

use crate::faults::FaultSpec;
use crate::protocols::ProtocolSpec;
use crate::protocols::bounds::{self, Bound};
use crate::sim::{Mood, Rate, Span, SpanRange};
use crate::workloads::{MonitorSpec, WorkloadSpec};

use super::reading::{self, Problem, Report};

/// A run as data. Same scenario, seed and inputs: same run, to the last byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line that says what happens.
    pub title: String,
    /// Its place in the table of algorithms and failure classes, where it has one.
    #[serde(default)]
    pub cell: Option<CellSpec>,
    /// Which protocol, with its settings.
    pub protocol: ProtocolSpec,
    /// How many nodes, 1 to 1,000.
    pub nodes: u16,
    /// Where they stand.
    #[serde(default)]
    pub topology: TopologySpec,
    /// Which software they run; as `topology` has it where it is not given.
    #[serde(default)]
    pub versions: Option<VersionsSpec>,
    /// How messages travel.
    #[serde(default)]
    pub network: NetworkSpec,
    /// How disks write.
    #[serde(default)]
    pub disk: DiskSpec,
    /// What work costs the nodes, and how much may wait; nothing takes time where it is not given.
    #[serde(default)]
    pub service: Option<ServiceSpec>,
    /// Who calls.
    #[serde(default)]
    pub workload: WorkloadSpec,
    /// Who watches the nodes from outside.
    #[serde(default)]
    pub monitors: Vec<MonitorSpec>,
    /// Mechanisms that are on; what is not named is off.
    #[serde(default = "every_mechanism")]
    pub mechanisms: Vec<Mechanism>,
    /// Faults, each at its instant.
    #[serde(default)]
    pub faults: Vec<PlannedFault>,
    /// What must come true.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// The bounds that the oracles judge by.
    #[serde(default)]
    pub bounds: BoundsSpec,
    /// When a headless run ends.
    #[serde(default = "twenty_seconds")]
    pub until: Span,
}

impl Scenario {
    /// Makes a scenario in which nothing is broken and all else is as a file leaves it out.
    pub fn plain(title: &str, protocol: ProtocolSpec, nodes: u16) -> Scenario {
        Scenario {
            title: title.to_owned(),
            cell: None,
            protocol,
            nodes,
            topology: TopologySpec::default(),
            versions: None,
            network: NetworkSpec::default(),
            disk: DiskSpec::default(),
            service: None,
            workload: WorkloadSpec::default(),
            monitors: Vec::new(),
            mechanisms: every_mechanism(),
            faults: Vec::new(),
            expect: Vec::new(),
            bounds: BoundsSpec::default(),
            until: twenty_seconds(),
        }
    }
}

/// A cell of the table of algorithms and failure classes: the algorithm is the scenario's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// Its number within the algorithm: `S1` for what must be survived, `V1` for what must break
    /// or stall.
    pub id: String,
    /// The class of its faults, by its name in the taxonomy: `crash-recovery`.
    pub class: String,
    /// How many random faults of that class a sweep over seeds adds to the script, 0 to 20.
    #[serde(default)]
    pub storm: u32,
}

/// Where nodes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum TopologySpec {
    /// All in one rack.
    #[default]
    Together,
    /// Dealt out over zones in turn: `Spread(zones: ["a", "b", "c"])`.
    Spread {
        /// The zones' names.
        zones: Vec<String>,
    },
    /// As many in one zone as it takes, and then in the next, each zone one rack:
    /// `Packed(zones: ["a", "b"], per_zone: 3)`.
    Packed {
        /// The zones' names.
        zones: Vec<String>,
        /// How many nodes a zone takes, but for the last, which takes the rest; a majority where it
        /// is not given.
        #[serde(default)]
        per_zone: Option<u16>,
    },
    /// Each node's place, first node first: `Places([(region: "eu", zone: "a", rack: "1")])`.
    Places(Vec<PlaceSpec>),
}

/// Which software the nodes run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum VersionsSpec {
    /// All the same: `Same("1.0")`.
    Same(String),
    /// Dealt out in turn, so that no version is a majority's: `InTurn(["1.0", "1.1", "2.0"])`.
    InTurn(Vec<String>),
    /// A rollout that has come so far: the first nodes run the new one.
    Staggered {
        /// What runs.
        old: String,
        /// What is to run.
        new: String,
        /// How many nodes run it so far.
        updated: u16,
    },
}

/// Where one node stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceSpec {
    /// Region.
    pub region: String,
    /// Zone.
    pub zone: String,
    /// Rack.
    pub rack: String,
    /// Software version.
    pub version: String,
}

/// How long something takes, as a file writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LatencySpec {
    /// `Fixed("500us")`.
    Fixed(Span),
    /// `Uniform("1ms..10ms")`.
    Uniform(SpanRange),
    /// `Exponential(min: "1ms", tail: "3ms")`.
    Exponential {
        /// The least.
        min: Span,
        /// The mean of what comes on top.
        tail: Span,
    },
}

/// How messages travel, before any fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// Within a zone, and between clients and nodes.
    pub latency: LatencySpec,
    /// Between zones; as `latency` where it is not given.
    pub cross_zone: Option<LatencySpec>,
    /// Between regions; as `cross_zone` where it is not given.
    pub cross_region: Option<LatencySpec>,
    /// Share of messages that are lost, 0.0 to 1.0.
    pub loss: Rate,
    /// Share of messages that arrive twice, 0.0 to 1.0.
    pub duplicate: Rate,
    /// Share of messages that are held back and overtaken, 0.0 to 1.0.
    pub reorder: Rate,
}

impl Default for NetworkSpec {
    fn default() -> NetworkSpec {
        NetworkSpec {
            latency: LatencySpec::Uniform(SpanRange::millis(1, 10)),
            cross_zone: None,
            cross_region: None,
            loss: Rate::NEVER,
            duplicate: Rate::NEVER,
            reorder: Rate::NEVER,
        }
    }
}

/// How disks write, before any fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskSpec {
    /// How long until a write is stable.
    pub sync: LatencySpec,
    /// What a crash takes.
    pub mood: Mood,
}

impl Default for DiskSpec {
    fn default() -> DiskSpec {
        DiskSpec { sync: LatencySpec::Fixed(Span::micros(500)), mood: Mood::Durable }
    }
}

/// What work costs a node, before any fault, and how much may wait for its turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSpec {
    /// How long a node works on each call.
    pub time: Span,
    /// How long it works on each message of a peer; nothing where it is not given, but the message
    /// still waits its turn.
    pub message: Span,
    /// How many may wait in one line, 1 to 1,000,000.
    pub queue: u32,
}

impl Default for ServiceSpec {
    fn default() -> ServiceSpec {
        ServiceSpec { time: Span::millis(2), message: Span::ZERO, queue: 64 }
    }
}

/// A mechanism that contains errors and can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mechanism {
    /// Clients try again.
    Retry,
    /// A call that is tried again takes effect once: request ids.
    Idempotency,
    /// What was broken on its way or on a disk is refused.
    Checksum,
    /// Disks are read round after round, and mended from a mirror.
    Scrub,
    /// Further tries have a budget: `retry_budget_percent` of the calls, and a reserve.
    RetryBudget,
    /// Clients leave a node alone that fails again and again.
    CircuitBreaker,
    /// A node that has no room for a call refuses it at once.
    LoadShedding,
    /// Calls wait in a line of their own and do not hold up what peers say.
    Bulkhead,
    /// A call that its client no longer waits for is dropped unserved.
    Deadlines,
    /// Health checks go through the node's ordinary path.
    DeepCheck,
    /// Monitors write and read back, as users do.
    Synthetic,
    /// Monitors weigh what users saw.
    Anomaly,
    /// Clients avoid nodes that a monitor judges ill.
    Ejection,
}

/// A fault with its instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// A name for it, once in a scenario.
    pub id: String,
    /// When it is injected.
    pub at: Span,
    /// When it heals; never where it is not given, but as the class has it.
    #[serde(default)]
    pub until: Option<Span>,
    /// What it is.
    pub fault: FaultSpec,
}

/// What must come true by the end of the run; properties by the names that the oracles have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Expectation {
    /// The property was never violated, nor did progress stall.
    Held(String),
    /// The property was violated.
    Violated(String),
    /// The run is safe and cannot progress.
    Stalled(String),
    /// This deviation was seen.
    Deviation(String),
}

impl Expectation {
    /// Returns the property's name.
    pub fn property(&self) -> &str {
        match self {
            Expectation::Held(name)
            | Expectation::Violated(name)
            | Expectation::Stalled(name)
            | Expectation::Deviation(name) => name,
        }
    }

    /// Returns the word for what is expected of it.
    pub const fn word(&self) -> &'static str {
        match self {
            Expectation::Held(_) => "Held",
            Expectation::Violated(_) => "Violated",
            Expectation::Stalled(_) => "Stalled",
            Expectation::Deviation(_) => "Deviation",
        }
    }
}

/// The bounds that the oracles judge by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BoundsSpec {
    /// Within what time an answer is on time.
    pub on_time: Span,
    /// Within what time a stable world commits again.
    pub progress_within: Span,
    /// How long a replica may lag behind acknowledged data.
    pub lag: Span,
}

impl Default for BoundsSpec {
    fn default() -> BoundsSpec {
        BoundsSpec {
            on_time: Span::millis(250),
            progress_within: Span::secs(2),
            lag: Span::secs(1),
        }
    }
}

/// Reads a scenario from a file's text and checks it.
///
/// # Errors
/// Where the text is no scenario or says what cannot be: with file, line, column, the offending
/// text and what was expected.
pub fn read_scenario(name: &str, text: &str) -> Result<Scenario, Report> {
    let scenario: Scenario = reading::read_ron(name, text)?;
    scenario.check().map_err(|problem| problem.report(name, text))?;
    Ok(scenario)
}

impl Scenario {
    /// Checks what no type rules out.
    ///
    /// # Errors
    /// Where the scenario says what cannot be: with the path to it.
    pub fn check(&self) -> Result<(), Problem> {
        super::check::scenario(self)
    }

    /// Returns how many faults its algorithm bears; nothing forbids more.
    pub fn bound(&self) -> Bound {
        bounds::bound(&self.protocol, self.nodes)
    }

    /// Writes the scenario as RON; `read_scenario` reads back an equal one.
    pub fn to_ron(&self) -> String {
        reading::write_ron(self).expect("a scenario is plain data, which always has a form in RON")
    }
}

fn every_mechanism() -> Vec<Mechanism> {
    vec![
        Mechanism::Retry,
        Mechanism::Idempotency,
        Mechanism::DeepCheck,
        Mechanism::Synthetic,
        Mechanism::Anomaly,
        Mechanism::Ejection,
    ]
}

fn twenty_seconds() -> Span {
    Span::secs(20)
}
