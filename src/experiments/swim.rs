//! What it costs to know who is in the group, and how soon a crash is noticed.
//!
//! Each trial is a group that lives for some periods and then loses one member, just before a
//! period begins. What runs is the SWIM of this crate in a world of this crate, with all members at
//! one beat, so that periods can be counted.

use crate::protocols::swim::{Health, Swim, SwimSpec};
use crate::sim::disk::DiskSpec;
use crate::sim::{
    Address, Cue, FaultId, Input, Instant, Keep, Latency, Lever, Life, Mood, Network, Plan, Rate,
    Service, Setup, Sim, Span, Tape, Topology, Whom, World,
};

use super::parameter::{Kind, Parameter, Settings};
use super::published::{Published, swim as published};
use super::silent::Silent;
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "swim",
    title: "how soon a crash is noticed, what each member sends, and who is accused wrongly",
    parameters: PARAMETERS,
    trials: 1_000,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "members",
        about: "members of the group; each number is a row",
        default: "10;50;100",
        kind: Kind::Ranges(3.0, 1_000.0),
    },
    Parameter {
        name: "helpers",
        about: "how many others are asked to probe who did not answer; each number is a row",
        default: "3",
        kind: Kind::Ranges(0.0, 20.0),
    },
    Parameter {
        name: "loss",
        about: "share of messages that are lost",
        default: "0",
        kind: Kind::Number(0.0, 0.9),
    },
    Parameter {
        name: "order",
        about: "who is probed next: one at `random`, or each in `turn` of a shuffled list",
        default: "random",
        kind: Kind::Name,
    },
    Parameter {
        name: "periods",
        about: "how many periods the group lives before one of it crashes",
        default: "5",
        kind: Kind::Whole(1, 1_000),
    },
];

/// How long a period takes.
const PERIOD: Span = Span::millis(200);
/// How long a message takes: all of a period's messages lie in it.
const LATENCY: Span = Span::millis(5);
/// After how many periods the search for who noticed ends: twice round the largest list.
const PERIODS_MAX: u64 = 2_000;

/// How a trial is set up.
#[derive(Clone, Debug)]
struct Group {
    members: u16,
    spec: SwimSpec,
    loss: Rate,
    periods: u64,
}

/// What a trial came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    /// Probes of members that live, and how many of them were not answered.
    probes: u64,
    unanswered: u64,
    /// Messages that all members sent while all lived.
    sent: u64,
    /// In which period after the crash somebody first noticed.
    noticed: u64,
    /// In which period after the crash everybody had heard of it.
    known: u64,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let in_turn = match settings.name("order") {
        "random" => false,
        "turn" => true,
        other => return Err(format!("order: found `{other}`, expected one of random, turn")),
    };
    let loss = settings.number("loss").expect("it has no word");
    let mut rows = Vec::new();
    for (members, _) in settings.ranges("members") {
        for (helpers, _) in settings.ranges("helpers") {
            let group = Group {
                members: *members as u16,
                spec: SwimSpec {
                    period: PERIOD,
                    helpers: *helpers as u16,
                    round_robin: in_turn,
                    synchronous: true,
                    ..SwimSpec::default()
                },
                loss: Rate::from_share(loss)?,
                periods: settings.whole("periods"),
            };
            let tallies = trials.run(|seed| group.live(seed));
            rows.push(group.row(loss, &tallies));
        }
    }
    let of_the_paper = !in_turn;
    let published = of_the_paper.then(|| Published {
        source: published::SOURCE,
        rows: settings
            .ranges("members")
            .iter()
            .map(|(members, _)| {
                let first = published::first_detection(*members as u64);
                Row(vec![
                    ("members", Cell::Whole(*members as u64)),
                    ("first_detection", Cell::Number(first)),
                ])
            })
            .collect(),
    });
    Ok(Measured { rows, published })
}

impl Group {
    fn row(&self, loss: f64, tallies: &[Tally]) -> Row {
        let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>() as f64;
        let (trials, members) = (tallies.len() as f64, f64::from(self.members));
        let helpers = u64::from(self.spec.helpers).min(u64::from(self.members) - 2);
        let unanswered = sum(|tally| tally.unanswered) / sum(|tally| tally.probes).max(1.0);
        Row(vec![
            ("members", Cell::Whole(u64::from(self.members))),
            ("helpers", Cell::Whole(u64::from(self.spec.helpers))),
            ("trials", Cell::Whole(tallies.len() as u64)),
            ("first_detection", Cell::Number(sum(|tally| tally.noticed) / trials)),
            ("all_know", Cell::Number(sum(|tally| tally.known) / trials)),
            (
                "sent",
                Cell::Number(sum(|tally| tally.sent) / trials / members / self.periods as f64),
            ),
            ("unanswered", Cell::Number(unanswered)),
            ("expected_unanswered", Cell::Number(published::unanswered(loss, helpers))),
        ])
    }

    fn world(&self, seed: u64, tape: &mut Tape) -> World<Swim, Silent> {
        let network = Network { loss: self.loss, ..Network::plain(Latency::Fixed(LATENCY)) };
        let setup = Setup {
            protocol: Swim::new(self.members, self.spec.clone()),
            disks: vec![None; usize::from(self.members)],
            clients: Vec::new(),
            monitors: Vec::new(),
            topology: Topology::default(),
            network,
            disk: DiskSpec { sync: Latency::Fixed(Span::ZERO), mood: Mood::Durable },
            service: Service::default(),
            seed,
        };
        World::new(setup, tape)
    }

    /// Lets a group live, takes its last member away, and counts until everybody knows.
    fn live(&self, seed: u64) -> Tally {
        let mut tape = Tape::new(Keep::Nothing);
        let mut world = self.world(seed, &mut tape);
        let run_to = |world: &mut World<Swim, Silent>, tape: &mut Tape, end: Instant| {
            while world.next_at().is_some_and(|at| at < end) {
                world.advance(tape);
            }
        };
        // The first period begins after one period; what is due at a beat comes after the crash.
        let crash = Instant((self.periods + 1) * PERIOD.0);
        run_to(&mut world, &mut tape, crash);
        let mut tally = Tally { probes: 0, unanswered: 0, sent: 0, noticed: 0, known: 0 };
        for member in (1..=self.members).map(|k| world.state(Address::Node(k))) {
            tally.probes += member.probes;
            tally.unanswered += member.unanswered;
            tally.sent += member.sent;
        }
        let dead = Address::Node(self.members);
        let lever = Lever::Power { node: Whom::Only(vec![dead]), to: Life::Down };
        let plan = Plan { steps: vec![(Cue::NOW, lever)], ..Plan::default() };
        world.apply(crash, &Input::Inject(FaultId(1), plan), &mut tape);
        for period in 1..=PERIODS_MAX {
            // A probe of this period is over when the next one begins.
            run_to(&mut world, &mut tape, crash + Span(period * PERIOD.0 + 1));
            let knows =
                |k: &u16| world.state(Address::Node(*k)).health(self.members) != Health::Alive;
            if tally.noticed == 0 && (1..self.members).any(|k| knows(&k)) {
                tally.noticed = period;
            }
            if (1..self.members).all(|k| knows(&k)) {
                tally.known = period;
                break;
            }
        }
        tally
    }
}
