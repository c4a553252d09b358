//! How far and how fast an update spreads, by rumours or by anti-entropy.
//!
//! The set-up is that of the tables of Demers and others (PODC 1987): one site has something new,
//! and all act in cycles. What runs is the gossip of this crate in a world of this crate; a message
//! takes a hundredth of a cycle, so that all of a cycle's messages and their answers lie in it.
//!
//! Absent on purpose: the mean time until a site hears of it. By the paper's definition it comes
//! out below what its tables give, under every reading of the rules that was tried.

use crate::protocols::gossip::{Gossip, GossipSpec, Way};
use crate::sim::disk::DiskSpec;
use crate::sim::{
    Address, CallId, Client, ClientEvent, ClientOutbox, Instant, Keep, Latency, Mood, Network, Op,
    Service, Setup, Sim, Span, Tape, Topology, World,
};

use super::parameter::{Kind, Parameter, Settings};
use super::published::{Published, rumour as published};
use super::table::{Cell, Row};
use super::{Experiment, Measured, Trials};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "rumour",
    title: "how far and how fast an update spreads, by rumours or by anti-entropy",
    parameters: PARAMETERS,
    trials: 400,
    measure,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "by",
        about: "how it spreads: `rumour` or `anti-entropy`",
        default: "rumour",
        kind: Kind::Name,
    },
    Parameter {
        name: "sites",
        about: "how many sites there are; each number is a row",
        default: "1000",
        kind: Kind::Ranges(2.0, 1_000.0),
    },
    Parameter {
        name: "way",
        about: "who tells whom: `push`, `pull` or `push-pull`",
        default: "push",
        kind: Kind::Name,
    },
    Parameter {
        name: "counts",
        about: "which tellings count: `feedback` (those who knew) or `blind` (each)",
        default: "feedback",
        kind: Kind::Name,
    },
    Parameter {
        name: "interest",
        about: "how it is lost: by `counter` after k of them, by `coin` at each with chance 1/k",
        default: "counter",
        kind: Kind::Name,
    },
    Parameter {
        name: "k",
        about: "how soon interest is lost; each number is a row",
        default: "1;2;3;4;5",
        kind: Kind::Ranges(1.0, 100.0),
    },
    Parameter {
        name: "knows",
        about: "from when a site counts as one that knows: the end of the `cycle` in which it \
                heard, with counters set back by who did not, or `now`, with no setting back",
        default: "cycle",
        kind: Kind::Name,
    },
];

/// How long a cycle takes.
const CYCLE: Span = Span::millis(100);
/// How long a message takes.
const LATENCY: Span = Span::millis(1);
/// How long the other way of spreading sleeps: longer than any run.
const NEVER: Span = Span::secs(60);
/// After how many cycles a rumour counts as one that never dies.
const CYCLES_MAX: u64 = 500;
/// The key of the update.
const KEY: u64 = 1;

/// How a trial is set up.
#[derive(Clone, Debug)]
struct Epidemic {
    sites: u16,
    spec: GossipSpec,
}

/// What a trial came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    /// How many sites never heard of it.
    left_out: u64,
    /// How many times it was told.
    told: u64,
    /// The cycle in which the last one heard of it.
    last: u64,
}

fn measure(settings: &Settings, trials: &Trials) -> Result<Measured, String> {
    let word = |name, words: &[&'static str]| one_of(settings, name, words);
    let rumours = word("by", &["rumour", "anti-entropy"])? == 0;
    let way = [Way::Push, Way::Pull, Way::PushPull][word("way", &["push", "pull", "push-pull"])?];
    let feedback = word("counts", &["feedback", "blind"])? == 0;
    let counter = word("interest", &["counter", "coin"])? == 0;
    let cycle = word("knows", &["cycle", "now"])? == 0;
    let spec = |k| GossipSpec {
        rumours,
        rumour: way,
        feedback,
        counter,
        k,
        period: CYCLE,
        reset: cycle,
        anti_entropy: !rumours,
        exchange: way,
        exchange_period: if rumours { NEVER } else { CYCLE },
        synchronous: cycle,
        ..GossipSpec::default()
    };
    let ks = if rumours { numbers(settings, "k") } else { vec![1] };
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for sites in numbers(settings, "sites") {
        for k in &ks {
            let epidemic = Epidemic { sites: sites as u16, spec: spec(*k as u16) };
            let tallies = trials.run(|seed| epidemic.spread(seed));
            rows.push(if rumours {
                rumour_row(sites, *k, &tallies)
            } else {
                exchange_row(sites, &tallies, way)
            });
            let of_the_tables = rumours && way == Way::Push && sites == 1_000 && cycle;
            lines.extend(of_the_tables.then(|| published::line(feedback, counter, *k)).flatten());
        }
    }
    let published =
        (!lines.is_empty()).then_some(Published { source: published::SOURCE, rows: lines });
    Ok(Measured { rows, published })
}

/// Returns the place of a setting among the words that it may be.
fn one_of(
    settings: &Settings,
    name: &'static str,
    words: &[&'static str],
) -> Result<usize, String> {
    let found = settings.name(name);
    words
        .iter()
        .position(|word| *word == found)
        .ok_or_else(|| format!("{name}: found `{found}`, expected one of {}", words.join(", ")))
}

fn numbers(settings: &Settings, name: &'static str) -> Vec<u64> {
    settings.ranges(name).iter().map(|(low, _)| *low as u64).collect()
}

fn mean(tallies: &[Tally], of: impl Fn(&Tally) -> u64) -> f64 {
    tallies.iter().map(of).sum::<u64>() as f64 / tallies.len() as f64
}

fn rumour_row(sites: u64, k: u64, tallies: &[Tally]) -> Row {
    let residue = mean(tallies, |tally| tally.left_out) / sites as f64;
    let traffic = mean(tallies, |tally| tally.told) / sites as f64;
    Row(vec![
        ("sites", Cell::Whole(sites)),
        ("k", Cell::Whole(k)),
        ("trials", Cell::Whole(tallies.len() as u64)),
        ("residue", Cell::Number(residue)),
        ("traffic", Cell::Number(traffic)),
        ("t_last", Cell::Number(mean(tallies, |tally| tally.last))),
        ("exp_minus_traffic", Cell::Number(libm::exp(-traffic))),
        ("differential_equation", Cell::Number(published::residue(k))),
    ])
}

fn exchange_row(sites: u64, tallies: &[Tally], way: Way) -> Row {
    let push = (way == Way::Push).then(|| published::push_cycles(sites));
    Row(vec![
        ("sites", Cell::Whole(sites)),
        ("trials", Cell::Whole(tallies.len() as u64)),
        ("cycles", Cell::Number(mean(tallies, |tally| tally.last))),
        ("residue", Cell::Number(mean(tallies, |tally| tally.left_out) / sites as f64)),
        ("log2_plus_ln", Cell::from(push)),
    ])
}

impl Epidemic {
    /// Lets one site hear of something new, and goes on until nobody tells it any more, or until
    /// everybody knows it.
    fn spread(&self, seed: u64) -> Tally {
        let mut tape = Tape::new(Keep::Nothing);
        let setup = Setup {
            protocol: Gossip::new(self.sites, self.spec.clone()),
            disks: vec![None; usize::from(self.sites)],
            clients: vec![Writer],
            monitors: Vec::new(),
            topology: Topology::default(),
            network: Network::plain(Latency::Fixed(LATENCY)),
            disk: DiskSpec { sync: Latency::Fixed(Span::ZERO), mood: Mood::Durable },
            service: Service::default(),
            seed,
        };
        let mut world = World::new(setup, &mut tape);
        for cycle in 1..=CYCLES_MAX {
            let end = Instant(cycle * CYCLE.0 - 1);
            while world.next_at().is_some_and(|at| at <= end) {
                world.advance(&mut tape);
            }
            let mut sites = (1..=self.sites).map(|k| world.state(Address::Node(k)));
            let over = if self.spec.rumours {
                sites.all(|site| site.hot.is_empty())
            } else {
                sites.all(|site| site.items.contains_key(&KEY))
            };
            if over {
                break;
            }
        }
        let mut tally = Tally { left_out: 0, told: 0, last: 0 };
        for site in (1..=self.sites).map(|k| world.state(Address::Node(k))) {
            tally.told += site.told;
            match site.items.get(&KEY) {
                Some(item) => tally.last = tally.last.max(item.learnt.0 / CYCLE.0),
                None => tally.left_out += 1,
            }
        }
        tally
    }
}

/// A client that writes once, to the first site, in the cycle before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Writer;

impl Client for Writer {
    fn boot(&mut self, out: &mut ClientOutbox) {
        let call = CallId { client: Address::Client(1), serial: 1, attempt: 1 };
        out.call(Address::Node(1), call, Op::Write { key: KEY, value: 1 });
    }

    fn step(&mut self, _event: ClientEvent, _out: &mut ClientOutbox) {}

    fn set(&mut self, _switch: &str, _on: bool) -> bool {
        false
    }

    fn switches(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
}
