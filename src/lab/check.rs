//! What a scenario must keep beyond its syntax, each rule with the path to what breaks it.

use std::collections::BTreeSet;

use crate::faults;
use crate::oracles::{Grade, ORACLES};
use crate::protocols::{ProtocolSpec, TIMER_MIN};
use crate::sim::{Span, SpanRange};
use crate::workloads::monitor::MONITORS_MAX;
use crate::workloads::{RegisterSpec, RetrySpec, WorkloadSpec};

use super::place::Step::{self, Field, Item};
use super::reading::Problem;
use super::scenario::{Expectation, LatencySpec, PlannedFault, Scenario};
use super::whereabouts;
use super::wording::{did_you_mean, one_of};

/// How many nodes a cluster may have: what a screen can still show as a grid.
pub const NODES_MAX: u16 = 1_000;
/// How many faults one scenario may plan.
pub const FAULTS_MAX: usize = 1_000;
/// How many random faults a sweep may add to a cell.
pub const STRIKES_MAX: u64 = 20;
/// How many expectations one scenario may have.
pub const EXPECTATIONS_MAX: usize = 100;
/// How many characters a title may have: one line.
pub const TITLE_CHARS_MAX: usize = 120;
/// How many characters a name of a fault, zone, region, rack or version may have.
pub const NAME_CHARS_MAX: usize = 40;
/// How many zones nodes may be dealt out over.
pub const ZONES_MAX: usize = 100;
/// How many clients may call.
pub const CLIENTS_MAX: u16 = 100;
/// How many calls a second all clients together may make.
pub const CALLS_PER_SECOND_MAX: u32 = 10_000;
/// How many calls and messages may wait at a node.
pub const QUEUE_MAX: u64 = 1_000_000;
/// How many keys there may be.
pub const KEYS_MAX: u64 = 1_000_000;
/// How often a call may be tried.
pub const ATTEMPTS_MAX: u16 = 100;
/// How many probes in a row it may take until a monitor changes its mind.
pub const MISSES_MAX: u16 = 100;
/// How long a run may last: an hour of a cluster, which keeps its records countable.
pub const RUN_MAX: Span = Span::secs(3_600);
/// How long a message, a write, an attempt or a timeout may take.
pub const WAIT_MAX: Span = Span::secs(60);

pub(super) type Checked = Result<(), Problem>;

/// Checks a scenario.
pub(super) fn scenario(scenario: &Scenario) -> Checked {
    title(&scenario.title)?;
    cell(scenario)?;
    number(&[Field("nodes")], u64::from(scenario.nodes), 1, u64::from(NODES_MAX))?;
    protocol(&scenario.protocol, scenario.nodes)?;
    whereabouts::topology(&scenario.topology, scenario.nodes)?;
    whereabouts::versions(scenario)?;
    let network = &scenario.network;
    latency(&[Field("network"), Field("latency")], &network.latency, TIMER_MIN_LINK)?;
    for (name, far) in
        [("cross_zone", &network.cross_zone), ("cross_region", &network.cross_region)]
    {
        if let Some(far) = far {
            latency(&[Field("network"), Field(name)], far, TIMER_MIN_LINK)?;
        }
    }
    latency(&[Field("disk"), Field("sync")], &scenario.disk.sync, Span::ZERO)?;
    if let WorkloadSpec::Register(spec) = &scenario.workload {
        register(spec).map_err(|problem| problem.under(&[Field("workload")]))?;
        deletes(spec, &scenario.protocol)?;
    }
    service(scenario)?;
    mechanisms(scenario)?;
    monitors(scenario)?;
    let bounds = &scenario.bounds;
    let named = [
        ("on_time", bounds.on_time),
        ("progress_within", bounds.progress_within),
        ("lag", bounds.lag),
    ];
    for (name, bound) in named {
        span(&[Field("bounds"), Field(name)], bound, Span(1), RUN_MAX)?;
    }
    span(&[Field("until")], scenario.until, TIMER_MIN, RUN_MAX)?;
    planned(scenario)?;
    expected(scenario)
}

/// How long a message travels at least: the next instant.
const TIMER_MIN_LINK: Span = Span(1);

pub(super) fn require(
    holds: bool,
    path: &[Step],
    message: impl Into<String>,
    expected: impl Into<String>,
) -> Checked {
    if holds { Ok(()) } else { Err(Problem::at(path, message, expected)) }
}

pub(super) fn number(path: &[Step], found: u64, low: u64, high: u64) -> Checked {
    let message = format!("`{found}` is out of range");
    let expected = format!("a whole number from {low} to {high}");
    require((low..=high).contains(&found), path, message, expected)
}

fn span(path: &[Step], found: Span, low: Span, high: Span) -> Checked {
    let message = format!("`{found}` is out of range");
    let expected = format!("a duration from {low} to {high}");
    require((low..=high).contains(&found), path, message, expected)
}

pub(super) fn name(path: &[Step], found: &str, what: &str) -> Checked {
    let fits = !found.is_empty() && found.chars().count() <= NAME_CHARS_MAX;
    let plain = found.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let expected =
        format!("1 to {NAME_CHARS_MAX} letters, digits, `-`, `_` or `.`, such as \"cut-1\"");
    require(fits && plain, path, format!("this is no name of a {what}"), expected)
}

fn title(title: &str) -> Checked {
    let length = title.chars().count();
    let line = !title.trim().is_empty() && !title.chars().any(char::is_control);
    let expected = format!("one line of 1 to {TITLE_CHARS_MAX} characters");
    let fits = line && length <= TITLE_CHARS_MAX;
    require(fits, &[Field("title")], "this is no title", expected)
}

fn cell(scenario: &Scenario) -> Checked {
    let Some(cell) = &scenario.cell else { return Ok(()) };
    name(&[Field("cell"), Field("id")], &cell.id, "cell")?;
    let known: Vec<&str> = faults::FAULTS.iter().map(|class| class.name).collect();
    if known.contains(&cell.class.as_str()) {
        let stormy = faults::storm::STORMY;
        let fits = cell.storm == 0 || stormy.contains(&cell.class.as_str());
        let message = format!("no storm is of the class `{}`", cell.class);
        let path = [Field("cell"), Field("storm")];
        require(fits, &path, message, format!("0, or a class that is {}", one_of(&stormy)))?;
        number(&path, u64::from(cell.storm), 0, STRIKES_MAX)?;
        return demand(scenario);
    }
    let message = format!("`{}` is no class of faults", cell.class);
    let path = [Field("cell"), Field("class")];
    let mut problem = Problem::at(&path, message, one_of(&known));
    problem.help = did_you_mean(&cell.class, &known);
    Err(problem)
}

/// A cell says by its number what it demands, and its expectations have to say the same.
fn demand(scenario: &Scenario) -> Checked {
    let Some(cell) = &scenario.cell else { return Ok(()) };
    let path = [Field("cell"), Field("id")];
    let (kind, number) = cell.id.split_at_checked(1).unwrap_or_default();
    let numbered = number.starts_with(|c: char| c.is_ascii_digit());
    let message = format!("`{}` is no number of a cell", cell.id);
    let expected = "`S` for what must be survived or `V` for what must break, and a number: \"S1\"";
    require(matches!(kind, "S" | "V") && numbered, &path, message, expected)?;
    let breaks = scenario.expect.iter().any(|e| !matches!(e, Expectation::Held(_)));
    let fails = |e: &Expectation| matches!(e, Expectation::Violated(_) | Expectation::Stalled(_));
    let message = format!("the expectations are not those of `{}`", cell.id);
    let fits = if kind == "V" { breaks } else { !scenario.expect.iter().any(fails) };
    let expected = "`Violated`, `Stalled` or `Deviation` where it must break, and neither of the \
                    first two where it must be survived";
    require(fits, &[Field("expect")], message, expected)
}

fn protocol(protocol: &ProtocolSpec, nodes: u16) -> Checked {
    protocol.check(nodes).map_err(|wrong| {
        // How many nodes a protocol runs with is said beside it.
        let path = [Field("protocol"), Field(wrong.field)];
        let path = if wrong.field == "nodes" { &path[1..] } else { &path[..] };
        Problem::at(path, wrong.message, wrong.expected)
    })
}

fn range(path: &[Step], found: &SpanRange, low: Span, high: Span) -> Checked {
    let fits = *found.0.start() >= low && *found.0.end() <= high;
    let message = format!("`{found}` is out of range");
    require(fits, path, message, format!("durations from {low} to {high}"))
}

fn latency(path: &[Step], spec: &LatencySpec, low: Span) -> Checked {
    let inside = |step| [path, &[step]].concat();
    match spec {
        LatencySpec::Fixed(fixed) => span(&inside(Item(0)), *fixed, low, WAIT_MAX),
        LatencySpec::Uniform(uniform) => range(&inside(Item(0)), uniform, low, WAIT_MAX),
        LatencySpec::Exponential { min, tail } => {
            span(&inside(Field("min")), *min, low, WAIT_MAX)?;
            span(&inside(Field("tail")), *tail, Span::ZERO, WAIT_MAX)
        }
    }
}

fn register(spec: &RegisterSpec) -> Checked {
    number(&[Field("clients")], u64::from(spec.clients), 0, u64::from(CLIENTS_MAX))?;
    let rate = u64::from(spec.rate_per_second);
    number(&[Field("rate_per_second")], rate, 1, u64::from(CALLS_PER_SECOND_MAX))?;
    number(&[Field("keys")], spec.keys, 1, KEYS_MAX)?;
    number(&[Field("reads_percent")], u64::from(spec.reads_percent), 0, 100)?;
    span(&[Field("start")], spec.start, Span::ZERO, RUN_MAX)?;
    span(&[Field("timeout")], spec.timeout, TIMER_MIN, WAIT_MAX)?;
    span(&[Field("deadline")], spec.deadline, TIMER_MIN, WAIT_MAX)?;
    let message = format!("the deadline `{}` ends before the first attempt does", spec.deadline);
    let expected = format!("at least the timeout of one attempt, {}", spec.timeout);
    require(spec.deadline >= spec.timeout, &[Field("deadline")], message, expected)?;
    let percent = u64::from(spec.retry_budget_percent);
    number(&[Field("retry_budget_percent")], percent, 0, 100)?;
    let failures = u64::from(spec.breaker.failures);
    number(&[Field("breaker"), Field("failures")], failures, 1, 1_000)?;
    span(&[Field("breaker"), Field("open")], spec.breaker.open, TIMER_MIN, WAIT_MAX)?;
    let (field, wait) = match spec.retry {
        RetrySpec::Never => return Ok(()),
        RetrySpec::Fixed { wait, .. } => (Field("wait"), wait),
        RetrySpec::Exponential { base, .. } => (Field("base"), base),
    };
    span(&[Field("retry"), field], wait, TIMER_MIN, WAIT_MAX)?;
    let attempts = u64::from(spec.retry.attempts());
    number(&[Field("retry"), Field("attempts")], attempts, 1, u64::from(ATTEMPTS_MAX))
}

/// Only a store that is asked whether deleted items stay away is asked to delete any.
fn deletes(spec: &RegisterSpec, protocol: &ProtocolSpec) -> Checked {
    let path = [Field("workload"), Field("deletes_percent")];
    number(&path, u64::from(spec.deletes_percent), 0, 100)?;
    let entry = protocol.entry();
    let knows = spec.deletes_percent == 0 || entry.judged.contains(&"resurrection");
    let message = format!("`{}` knows no deletes", entry.name);
    require(knows, &path, message, "0, or a store that knows deletes, such as Gossip")
}

fn service(scenario: &Scenario) -> Checked {
    let Some(spec) = &scenario.service else { return Ok(()) };
    let path = |field| [Field("service"), Field(field)];
    span(&path("time"), spec.time, Span(1), WAIT_MAX)?;
    span(&path("message"), spec.message, Span::ZERO, WAIT_MAX)?;
    number(&path("queue"), u64::from(spec.queue), 1, QUEUE_MAX)
}

fn mechanisms(scenario: &Scenario) -> Checked {
    let mut seen = BTreeSet::new();
    for (k, mechanism) in scenario.mechanisms.iter().enumerate() {
        let path = [Field("mechanisms"), Item(k)];
        let message = format!("`{mechanism:?}` is named twice");
        require(seen.insert(mechanism), &path, message, "each mechanism once")?;
    }
    Ok(())
}

fn monitors(scenario: &Scenario) -> Checked {
    let path = [Field("monitors")];
    let message = format!("{} monitors are too many", scenario.monitors.len());
    let expected = format!("at most {MONITORS_MAX} monitors");
    require(scenario.monitors.len() <= MONITORS_MAX, &path, message, expected)?;
    for (k, monitor) in scenario.monitors.iter().enumerate() {
        let inside = |field| [path[0], Item(k), Field(field)];
        span(&inside("every"), monitor.every, TIMER_MIN, WAIT_MAX)?;
        span(&inside("timeout"), monitor.timeout, TIMER_MIN, monitor.every)?;
        number(&inside("misses"), u64::from(monitor.misses), 1, u64::from(MISSES_MAX))?;
    }
    Ok(())
}

fn planned(scenario: &Scenario) -> Checked {
    let path = [Field("faults")];
    let message = format!("{} faults are too many", scenario.faults.len());
    let expected = format!("at most {FAULTS_MAX} faults");
    require(scenario.faults.len() <= FAULTS_MAX, &path, message, expected)?;
    let mut seen = BTreeSet::new();
    for (k, planned) in scenario.faults.iter().enumerate() {
        fault(planned, scenario).map_err(|problem| problem.under(&[path[0], Item(k)]))?;
        let message = format!("the id `{}` is given twice", planned.id);
        let expected = "a name that no other fault of the scenario has";
        require(seen.insert(&planned.id), &[path[0], Item(k), Field("id")], message, expected)?;
    }
    Ok(())
}

fn fault(planned: &PlannedFault, scenario: &Scenario) -> Checked {
    name(&[Field("id")], &planned.id, "fault")?;
    let message = format!("`{}` is not before the end of the run", planned.at);
    let expected = format!("an instant before {}", scenario.until);
    require(planned.at < scenario.until, &[Field("at")], message, expected)?;
    if let Some(until) = planned.until {
        let message = format!("`{until}` is not after the fault begins");
        let expected = format!("an instant after {}", planned.at);
        require(until > planned.at, &[Field("until")], message, expected)?;
        span(&[Field("until")], until, Span::ZERO, RUN_MAX)?;
    }
    faults::check(&planned.fault, scenario.nodes).map_err(|wrong| {
        let mut path = vec![Field("fault"), Field(wrong.field)];
        if let Some(member) = wrong.member {
            path.extend([Item(0), Item(member)]);
        } else if wrong.names_a_node {
            path.push(Item(0));
        }
        Problem::at(&path, wrong.message, wrong.expected)
    })?;
    whereabouts::domain(planned, scenario)
}

fn expected(scenario: &Scenario) -> Checked {
    let path = [Field("expect")];
    let message = format!("{} expectations are too many", scenario.expect.len());
    let expected = format!("at most {EXPECTATIONS_MAX} expectations");
    require(scenario.expect.len() <= EXPECTATIONS_MAX, &path, message, expected)?;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (k, expectation) in scenario.expect.iter().enumerate() {
        let path = [path[0], Item(k), Item(0)];
        expectation_of(expectation, scenario).map_err(|problem| problem.under(&path))?;
        let property = expectation.property();
        let message = format!("`{property}` is expected twice");
        require(seen.insert(property), &path, message, "each property once")?;
    }
    Ok(())
}

/// Holds an expectation against the oracles that judge the protocol: which words suit which grade.
fn expectation_of(expectation: &Expectation, scenario: &Scenario) -> Checked {
    let judged = super::build::judged(scenario);
    let (found, what) = (expectation.property(), expectation.word());
    let suits = |grade: Grade| match expectation {
        Expectation::Held(_) => true,
        Expectation::Violated(_) => matches!(grade, Grade::Breach | Grade::Failure),
        Expectation::Stalled(_) => grade == Grade::Stall,
        Expectation::Deviation(_) => grade == Grade::Deviation,
    };
    let kinds = ORACLES.iter().filter(|kind| judged.contains(&kind.property));
    let suited = kinds.filter(|kind| suits(kind.grade));
    let known: Vec<&str> = suited.map(|kind| kind.property).collect();
    if known.contains(&found) {
        return Ok(());
    }
    let message = format!("`{found}` is no property that can be expected as `{what}`");
    let mut problem = Problem::at(&[], message, one_of(&known));
    problem.help = did_you_mean(found, &known);
    Err(problem)
}
