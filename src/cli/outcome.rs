//! What came of a run, as one JSON object and in words.

use std::fmt;

use serde::Serialize;

use crate::causes::{Chain, Confirmed};
use crate::faults;
use crate::lab::replay::Digest;
use crate::lab::{Origin, Replay, Session};
use crate::oracles::views::Cell;
use crate::oracles::{Finding, Grade, State, Verdict};
use crate::sim::{Address, Instant};

/// What came of a run.
#[derive(Debug, Serialize)]
pub struct Outcome {
    scenario: String,
    title: String,
    seed: u64,
    digest: String,
    events: u64,
    virtual_us: u64,
    verdicts: Vec<OfProperty>,
    faults: Vec<OfFault>,
    /// How each node stood with each monitor; empty where nobody monitors.
    views: Vec<OfView>,
    chains: Vec<OfChain>,
    expectations: Vec<OfExpectation>,
    token: String,
}

#[derive(Debug, Serialize)]
struct OfProperty {
    property: &'static str,
    grade: &'static str,
    verdict: &'static str,
    at_us: Option<u64>,
    count: u64,
    text: Option<String>,
}

#[derive(Debug, Serialize)]
struct OfFault {
    id: String,
    label: String,
    planned: Option<String>,
    at_us: u64,
    stage: &'static str,
}

/// How long a node was in each of the four cells that the users' view of it and a monitor's make.
#[derive(Debug, Serialize)]
struct OfView {
    monitor: String,
    probe: &'static str,
    node: String,
    cell: &'static str,
    well_us: u64,
    /// Ill to the monitor alone.
    alarm_us: u64,
    /// Ill to users alone.
    gray_us: u64,
    /// Ill to both.
    detected_us: u64,
}

#[derive(Debug, Serialize)]
struct OfFinding {
    property: &'static str,
    grade: &'static str,
    subject: String,
    at_us: u64,
    text: String,
}

#[derive(Debug, Serialize)]
struct OfChain {
    finding: OfFinding,
    faults: Vec<Cause>,
    errors: Vec<OfFinding>,
    failures: Vec<OfFinding>,
    containment: Vec<Container>,
    confirmed: bool,
    told: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Cause {
    id: String,
    label: String,
    confirmed: &'static str,
}

#[derive(Debug, Serialize)]
struct Container {
    by: &'static str,
    text: String,
    confirmed: Option<bool>,
}

#[derive(Debug, Serialize)]
struct OfExpectation {
    expect: String,
    met: bool,
}

impl Outcome {
    /// Gathers what came of a run up to where it is.
    pub fn of(name: &str, session: &Session, chains: &[Chain]) -> Outcome {
        let verdicts = session.panel().verdicts(session.clock());
        let scenario = session.scenario();
        let expectations = scenario.expect.iter().map(|expectation| OfExpectation {
            expect: format!("{}({:?})", expectation.word(), expectation.property()),
            met: expectation.is_met(&verdicts),
        });
        let faults = session.faults().into_iter().map(|(fault, stage)| OfFault {
            id: fault.id.to_string(),
            label: faults::label(&fault.spec),
            planned: match fault.origin {
                Origin::Scenario(id) => Some(id),
                Origin::Hand => None,
            },
            at_us: fault.at.0,
            stage: stage.word(),
        });
        Outcome {
            scenario: name.to_owned(),
            title: scenario.title.clone(),
            seed: session.seed(),
            digest: Digest(session.digest()).to_string(),
            events: session.position().moves,
            virtual_us: session.clock().0,
            verdicts: verdicts.iter().map(OfProperty::of).collect(),
            faults: faults.collect(),
            views: views(session),
            chains: chains.iter().map(|chain| OfChain::of(chain, session)).collect(),
            expectations: expectations.collect(),
            token: Replay::of(session).to_token(),
        }
    }

    /// Returns whether all that the scenario expects came true.
    pub fn as_expected(&self) -> bool {
        self.expectations.iter().all(|expectation| expectation.met)
    }
}

/// Lists how long each node was in which cell to which monitor.
fn views(session: &Session) -> Vec<OfView> {
    let (truth, now) = (session.panel().truth(), session.clock());
    let of_node = |node: Address| {
        truth.views().of(node).map(move |(eye, standing)| {
            let [well_us, alarm_us, gray_us, detected_us] =
                Cell::ALL.map(|cell| standing.time_in(cell, now).0);
            let (monitor, probe, cell) = (eye.monitor.to_string(), eye.probe, standing.cell.word());
            let node = node.to_string();
            OfView { monitor, probe, node, cell, well_us, alarm_us, gray_us, detected_us }
        })
    };
    (1..=truth.nodes()).map(Address::Node).flat_map(of_node).collect()
}

impl OfView {
    /// Returns whether anybody ever found the node ill.
    fn is_notable(&self) -> bool {
        self.alarm_us + self.gray_us + self.detected_us > 0
    }
}

impl fmt::Display for OfView {
    /// Writes how long somebody found the node ill: `n1 to m1 (ping): gray 9.1s, detected 0.4s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} ({}):", self.node, self.monitor, self.probe)?;
        let times = [self.well_us, self.alarm_us, self.gray_us, self.detected_us];
        let cells = Cell::ALL.iter().zip(times).skip(1).filter(|(_, us)| *us > 0);
        for (place, (cell, us)) in cells.enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let (whole, tenths) = (us / 1_000_000, us / 100_000 % 10);
            write!(f, "{comma} {} for {whole}.{tenths}s", cell.word())?;
        }
        writeln!(f)
    }
}

impl OfProperty {
    fn of(verdict: &Verdict) -> OfProperty {
        OfProperty {
            property: verdict.property,
            grade: verdict.grade.word(),
            verdict: verdict.state.word(),
            at_us: verdict.at.map(|at| at.0),
            count: verdict.count,
            text: verdict.first.as_ref().map(|finding| finding.text.clone()),
        }
    }

    fn holds(&self) -> bool {
        self.verdict == State::Held.word()
    }
}

impl OfFinding {
    fn of(finding: &Finding) -> OfFinding {
        OfFinding {
            property: finding.property,
            grade: finding.grade.word(),
            subject: finding.subject.to_string(),
            at_us: finding.at.0,
            text: finding.text.clone(),
        }
    }
}

impl OfChain {
    fn of(chain: &Chain, session: &Session) -> OfChain {
        let known = session.faults();
        let causes = chain.faults.iter().map(|named| {
            let fault = known.iter().find(|(fault, _)| fault.id == named.fault);
            Cause {
                id: named.fault.to_string(),
                label: fault.map_or_else(String::new, |(fault, _)| faults::label(&fault.spec)),
                confirmed: word(named.confirmed),
            }
        });
        let container = |stopped: &crate::causes::Containment| Container {
            by: stopped.by,
            text: stopped.text.clone(),
            confirmed: stopped.confirmed,
        };
        let sure = |c: Confirmed| matches!(c, Confirmed::ButFor | Confirmed::Minimal);
        OfChain {
            finding: OfFinding::of(&chain.finding),
            faults: causes.collect(),
            errors: chain.errors.iter().map(OfFinding::of).collect(),
            failures: chain.failures.iter().map(OfFinding::of).collect(),
            containment: chain.containment.iter().map(container).collect(),
            confirmed: !chain.faults.is_empty() && chain.faults.iter().all(|f| sure(f.confirmed)),
            told: chain.tell(session),
        }
    }
}

/// Names how a cause was confirmed.
const fn word(confirmed: Confirmed) -> &'static str {
    match confirmed {
        Confirmed::Proposed => "proposed",
        Confirmed::ButFor => "but-for",
        Confirmed::Minimal => "minimal",
        Confirmed::Unconfirmed => "unconfirmed",
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), seed {}", self.title, self.scenario, self.seed)?;
        let at = Instant(self.virtual_us);
        writeln!(f, "{at}, {} events, digest {}", self.events, self.digest)?;
        if !self.faults.is_empty() {
            writeln!(f)?;
        }
        for OfFault { id, label, at_us, stage, .. } in &self.faults {
            writeln!(f, "{id:<4} {:>9}  {label} ({stage})", Instant(*at_us))?;
        }
        writeln!(f)?;
        for verdict in &self.verdicts {
            verdict.fmt(f)?;
        }
        for (place, view) in self.views.iter().filter(|view| view.is_notable()).enumerate() {
            if place == 0 {
                writeln!(f)?;
            }
            view.fmt(f)?;
        }
        for chain in self.chains.iter().filter(|chain| !chain.told.is_empty()) {
            writeln!(f)?;
            chain.told.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        if !self.expectations.is_empty() {
            writeln!(f)?;
        }
        for OfExpectation { expect, met } in &self.expectations {
            writeln!(f, "{:<8} {expect}", if *met { "met" } else { "not met" })?;
        }
        writeln!(f, "\n{}", self.token)
    }
}

impl fmt::Display for OfProperty {
    /// Writes the verdict with its first finding; a deviation that was seen is no violation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = !self.holds() && self.grade == Grade::Deviation.word();
        let word = if seen { "seen" } else { self.verdict };
        write!(f, "{word:<8} {}", self.property)?;
        if let (Some(at), Some(text)) = (self.at_us, &self.text) {
            let more = self.count.saturating_sub(1);
            write!(f, " at {}: {text}", Instant(at))?;
            if more > 0 {
                write!(f, " (and {more} more)")?;
            }
        }
        writeln!(f)
    }
}
