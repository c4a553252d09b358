//! How long a scheduler that reads messages keeps a cluster from deciding, while nothing fails.
//!
//! Fischer, Lynch and Paterson proved in 1985 that in an asynchronous system every deterministic
//! consensus protocol has a run in which it never decides, if one process may stop; and no message
//! has to be lost for it. Here such runs are made, in which nobody stops either: an adversary that
//! may read every message picks what happens next. It may not drop, change or make up anything, and
//! every message is delivered; how long one waited at most stands in its column. A timer may run
//! out at any time, since an asynchronous system has no clock that would forbid it.
//!
//! Beside it a scheduler that throws dice does the same job. It decides, soon. That is no
//! contradiction: the undecided runs are there, and chance does not find them.
//!
//! Absent on purpose: time. A step is one delivery or one timer.

mod adversary;
mod board;

use crate::protocols::paxos::single::{Paxos, PaxosSpec};
use crate::protocols::raft::{Raft, RaftSpec};

use super::parameter::{Kind, Parameter, Settings};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

use adversary::{Adversary, Dice, Schedule};
use board::{Board, Contestant};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "flp",
    title: "how long a scheduler that reads messages keeps a cluster from deciding",
    parameters: PARAMETERS,
    trials: 100,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "protocol",
        about: "`paxos`, where two nodes propose, or `raft`, where nobody leads yet",
        default: "paxos",
        kind: Kind::Name,
    },
    Parameter { name: "nodes", about: "nodes", default: "3", kind: Kind::Whole(3, 99) },
    Parameter {
        name: "steps",
        about: "how many steps the adversary gets, and how many the dice at most",
        default: "2000",
        kind: Kind::Whole(1, 1_000_000),
    },
];

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The step at which somebody first decided.
    decided: Option<u64>,
    /// For how many steps the message that waited longest had waited.
    longest_wait: u64,
    /// How many decisions contradicted the first.
    disagreements: u64,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let (nodes, steps) = (settings.whole("nodes") as u16, settings.whole("steps"));
    let rows = match settings.name("protocol") {
        "paxos" => both(&Paxos::new(nodes, PaxosSpec::default()), nodes, steps, trials),
        "raft" => both(&Raft::new(nodes, RaftSpec::default()), nodes, steps, trials),
        other => return Err(format!("protocol: found `{other}`, expected `paxos` or `raft`")),
    };
    Ok(Measured { rows, published: None })
}

/// Measures both schedulers. The adversary throws no dice, so that one run of it is all there is.
fn both<P: Contestant>(protocol: &P, nodes: u16, steps: u64, trials: &Trials) -> Vec<Row> {
    let hostile = play(protocol, nodes, steps, &mut Adversary);
    let random = trials.run(|seed| play(protocol, nodes, steps, &mut Dice::new(seed)));
    vec![
        row(P::NAME, "adversary", nodes, steps, &[hostile]),
        row(P::NAME, "dice", nodes, steps, &random),
    ]
}

/// Plays until somebody decides, or for so many steps.
fn play<P: Contestant>(
    protocol: &P,
    nodes: u16,
    steps: u64,
    schedule: &mut impl Schedule<P>,
) -> Run {
    let mut board = Board::new(protocol.clone(), nodes);
    while board.steps() < steps && board.decided().is_none() {
        let Some(next) = schedule.next(&board) else { break };
        board.make(next);
    }
    Run {
        decided: board.decided(),
        longest_wait: board.longest_wait(),
        disagreements: board.disagreements(),
    }
}

fn row(protocol: &str, schedule: &str, nodes: u16, steps: u64, runs: &[Run]) -> Row {
    let mut decided: Vec<u64> = runs.iter().filter_map(|run| run.decided).collect();
    decided.sort_unstable();
    let at = |place: usize| decided.get(place).map_or(Cell::Unknown, |step| Cell::Whole(*step));
    let worst = runs.iter().map(|run| run.longest_wait).max().unwrap_or(0);
    Row(vec![
        ("protocol", Cell::Text(protocol.to_owned())),
        ("schedule", Cell::Text(schedule.to_owned())),
        ("nodes", Cell::Whole(u64::from(nodes))),
        ("steps", Cell::Whole(steps)),
        ("runs", Cell::Whole(runs.len() as u64)),
        ("decided", Cell::Whole(decided.len() as u64)),
        ("median_step", at(decided.len() / 2)),
        ("last_step", at(decided.len().saturating_sub(1))),
        ("longest_wait", Cell::Whole(worst)),
        ("disagreements", Cell::Whole(runs.iter().map(|run| run.disagreements).sum())),
    ])
}
