//! What a threshold of suspicion costs: mistakes made, and time until a crash is suspected, for the
//! paper's form of φ, Akka's and Cassandra's.
//!
//! The shape is that of Hayashibara and others (SRDS 2004): as Φ rises mistakes become rarer and
//! detection later. Their network is not rebuilt here. What it shows besides is that "φ = 8" is
//! three different things, and that one mistake in 10^8 was never what happens: heartbeats here are
//! not distributed as any of the three believes.

use std::ops::ControlFlow;

use crate::faults::FaultSpec;
use crate::faults::spec::Target;
use crate::lab::Trial;
use crate::lab::scenario::{LatencySpec, NetworkSpec, PlannedFault, Scenario};
use crate::protocols::ProtocolSpec;
use crate::protocols::phi_accrual::{Detector, Level, PhiSpec};
use crate::sim::{Address, Instant, Keep, Life, Note, Rate, Span, SpanRange, What};
use crate::workloads::WorkloadSpec;

use super::parameter::{Kind, Parameter, Settings};
use super::statistics::Sample;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "phi",
    title: "mistakes and detection time of phi accrual against its threshold, in three forms",
    parameters: PARAMETERS,
    trials: 50,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "threshold",
        about: "Φ; each is a row for each form",
        default: "0.5;1;1.5;2;3;5;8;10;12",
        kind: Kind::Ranges(0.001, 1_000.0),
    },
    Parameter {
        name: "heartbeat_ms",
        about: "time between heartbeats",
        default: "100",
        kind: Kind::Number(1.0, 60_000.0),
    },
    Parameter {
        name: "latency_ms",
        about: "least one-way latency",
        default: "140",
        kind: Kind::Number(0.1, 10_000.0),
    },
    Parameter {
        name: "jitter_ms",
        about: "mean of what comes on top of the latency, exponentially distributed",
        default: "10",
        kind: Kind::Number(0.0, 10_000.0),
    },
    Parameter {
        name: "loss",
        about: "share of heartbeats that are lost",
        default: "0.004",
        kind: Kind::Number(0.0, 1.0),
    },
    Parameter {
        name: "window",
        about: "how many intervals are remembered",
        default: "1000",
        kind: Kind::Whole(1, 10_000),
    },
    Parameter {
        name: "min_deviation_ms",
        about: "the least deviation that is believed (normal and Akka)",
        default: "1",
        kind: Kind::Number(0.0, 60_000.0),
    },
    Parameter {
        name: "pause_ms",
        about: "how long a pause is borne on top of the mean (normal and Akka)",
        default: "0",
        kind: Kind::Number(0.0, 60_000.0),
    },
    Parameter {
        name: "watch_s",
        about: "virtual seconds that a trial watches a peer that is up, before it crashes",
        default: "60",
        kind: Kind::Number(1.0, 3_000.0),
    },
];

/// The forms that are compared.
const FORMS: [(&str, Detector); 3] =
    [("normal", Detector::Normal), ("akka", Detector::Akka), ("cassandra", Detector::Cassandra)];
/// How long the window fills before mistakes are counted.
const SETTLES: Span = Span::secs(5);
/// How many intervals a crash may go unsuspected before a trial gives up, beside twice the pause.
const INTERVALS_MAX: u64 = 1_000;

/// Who watches, and who is watched.
const WATCHER: Address = Address::Node(1);
const WATCHED: Address = Address::Node(2);

/// What one trial came to.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    mistakes: u64,
    detected: Option<Span>,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let mut rows = Vec::new();
    for (name, detector) in FORMS {
        for (threshold, _) in settings.ranges("threshold") {
            let level = Level::thousandths(libm::round(threshold * 1e3) as u32);
            let scenario = scenario(settings, detector, level)?;
            let seen = trials.run(|seed| watch(&scenario, seed));
            rows.push(row(name, *threshold, settings, &seen));
        }
    }
    Ok(Measured { rows, published: None })
}

fn number(settings: &Settings, name: &str) -> f64 {
    settings.number(name).expect("it has no word")
}

fn millis(settings: &Settings, name: &str) -> Span {
    Span(libm::round(number(settings, name) * 1e3) as u64)
}

fn scenario(settings: &Settings, detector: Detector, threshold: Level) -> Result<Scenario, String> {
    let heartbeat = millis(settings, "heartbeat_ms");
    let pause = millis(settings, "pause_ms");
    let spec = PhiSpec {
        heartbeat: SpanRange(heartbeat..=heartbeat),
        detector,
        threshold,
        window: settings.whole("window") as u16,
        min_deviation: millis(settings, "min_deviation_ms"),
        acceptable_pause: pause,
        monitors: vec![WATCHER],
        ..PhiSpec::default()
    };
    let latency = LatencySpec::Exponential {
        min: millis(settings, "latency_ms"),
        tail: millis(settings, "jitter_ms"),
    };
    let loss = Rate::from_share(number(settings, "loss"))?;
    let crash = SETTLES + Span(libm::round(number(settings, "watch_s") * 1e6) as u64);
    let patience = Span(heartbeat.0 * INTERVALS_MAX + pause.0 * 2);
    let fault = FaultSpec::CrashStop { node: Target::Node(WATCHED) };
    let scenario = Scenario {
        network: NetworkSpec { latency, loss, ..NetworkSpec::default() },
        workload: WorkloadSpec::Silent,
        faults: vec![PlannedFault { id: "crash".to_owned(), at: crash, until: None, fault }],
        until: crash + patience,
        ..Scenario::plain("one watches another", ProtocolSpec::PhiAccrual(spec), 2)
    };
    match scenario.check() {
        Ok(()) => Ok(scenario),
        Err(problem) => Err(format!("{}; expected {}", problem.message, problem.expected)),
    }
}

/// Watches a peer that is up, and then one that has crashed, until that is noticed.
fn watch(scenario: &Scenario, seed: u64) -> Seen {
    let mut trial = Trial::new(scenario, seed, Keep::Milestones);
    let mut seen = Seen::default();
    let mut crashed = None;
    let mut suspected = false;
    trial.run(Instant(scenario.until.0), |record, _| {
        match (&record.what, record.who) {
            (What::Noted(Note::Suspects(WATCHED)), Some(WATCHER)) => {
                suspected = true;
                if crashed.is_none() && record.at.0 >= SETTLES.0 {
                    seen.mistakes += 1;
                }
            }
            (What::Noted(Note::Trusts(WATCHED)), Some(WATCHER)) => suspected = false,
            (What::Life(Life::Down), Some(WATCHED)) => crashed = Some(record.at),
            _ => {}
        }
        // What was on its way at the crash still comes, and ends a suspicion that came too soon:
        // the last one counts.
        match crashed {
            Some(at) if suspected && seen.detected.is_none() => {
                seen.detected = Some(record.at.since(at));
            }
            Some(_) if !suspected => seen.detected = None,
            _ => {}
        }
        ControlFlow::Continue(())
    });
    seen
}

fn row(form: &str, threshold: f64, settings: &Settings, seen: &[Seen]) -> Row {
    let mistakes: u64 = seen.iter().map(|seen| seen.mistakes).sum();
    let watched_s = number(settings, "watch_s") * seen.len() as f64;
    let detected = Sample::new(seen.iter().map(|seen| seen.detected));
    let at = |percent| Cell::from(detected.percentile(percent).map(Span::as_millis_f64));
    Row(vec![
        ("form", Cell::Text(form.to_owned())),
        ("threshold", Cell::Number(threshold)),
        ("trials", Cell::Whole(seen.len() as u64)),
        ("mistakes", Cell::Whole(mistakes)),
        ("mistakes_per_hour", Cell::Number(mistakes as f64 / watched_s * 3_600.0)),
        ("undetected", Cell::Whole(detected.undecided())),
        ("detection_median_ms", at(50)),
        ("detection_p99_ms", at(99)),
    ])
}
