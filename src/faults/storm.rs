//! Storms: random schedules of faults, for sweeps over many seeds.
//!
//! A storm rages and then passes: every fault heals before its end, so that progress can be asked
//! for afterwards. All benign classes may strike, at any time, over each other, and beyond what the
//! cluster tolerates; only a wiped disk is left out unless it is asked for.

use crate::sim::chance::{Chance, Identity, Purpose, mix};
use crate::sim::{Address, Domain, Mood, Rate, Span, Spot, Untruth};

use super::spec::{Change, Cut, Effect, FaultSpec, Shift, Target};

/// A fault of a storm with its instants, counted from the beginning of the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Strike {
    /// When it is injected.
    pub at: Span,
    /// When it heals at the latest.
    pub until: Span,
    /// What it is.
    pub fault: FaultSpec,
}

/// What kind of storm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How many nodes there are.
    pub nodes: u16,
    /// How many faults strike.
    pub strikes: u32,
    /// When the first may strike.
    pub from: Span,
    /// When the last has healed.
    pub until: Span,
    /// The one class that strikes, by its name, which is one of `STORMY`; every benign class where
    /// it is `None`.
    pub only: Option<String>,
    /// Who may lie, or whose bits may flip, in a storm of such a class; nobody else does.
    pub liars: Vec<Address>,
    /// Whether disks may be wiped: amnesia, which no benign storm has.
    pub amnesia: bool,
}

/// Draws a storm; the same seed and weather give the same storm.
pub fn storm(seed: u64, weather: &Weather) -> Vec<Strike> {
    let mut strikes: Vec<Strike> = (0..weather.strikes).map(|k| strike(seed, k, weather)).collect();
    strikes.sort_by_key(|strike| (strike.at, strike.until));
    strikes
}

/// The classes that a storm may be of.
pub const STORMY: [&str; 11] = [
    "crash-stop",
    "crash-recovery",
    "omission",
    "timing",
    "gray",
    "byzantine",
    "silent corruption",
    "correlated",
    "partition",
    "overload",
    "configuration",
];

/// The dice of one strike.
struct Dice {
    chance: Chance,
    strike: Identity,
    thrown: u64,
}

impl Dice {
    /// Draws a number from a range, both ends included.
    fn throw(&mut self, low: u64, high: u64) -> u64 {
        self.thrown += 1;
        self.chance.number(self.strike.child(self.thrown), Purpose::Own, &(low..=high))
    }

    fn node(&mut self, nodes: u16) -> Target {
        match self.throw(0, 3) {
            0 => Target::Leader,
            _ => Target::Node(Address::Node(self.throw(1, u64::from(nodes)) as u16)),
        }
    }

    fn rate(&mut self) -> Rate {
        Rate::ppm(self.throw(1, 10) as u32 * 100_000)
    }
}

fn strike(seed: u64, k: u32, weather: &Weather) -> Strike {
    let strike = Identity(mix(u64::from(k)));
    let mut dice = Dice { chance: Chance::new(mix(seed ^ 0x5708)), strike, thrown: 0 };
    let room = (weather.until - weather.from).0;
    let at = weather.from + Span(dice.throw(0, room * 3 / 4));
    let longest = (weather.until - at).0.max(2);
    let lasts = Span(dice.throw(1, longest.min(room / 2).max(1)));
    Strike { at, until: at + lasts, fault: wanted(&mut dice, lasts, weather) }
}

/// Draws until a fault of the wanted class comes.
fn wanted(dice: &mut Dice, lasts: Span, weather: &Weather) -> FaultSpec {
    match weather.only.as_deref() {
        Some("gray") => return gray(dice, lasts, weather.nodes),
        Some("byzantine") => return lie(dice, weather),
        Some("correlated") => return correlated(dice, weather.nodes),
        Some("overload") => return overload(dice),
        Some("configuration") => return configuration(dice, weather.nodes),
        Some("silent corruption") => {
            return FaultSpec::FlipBit {
                node: liar(dice, weather),
                place: Spot::Transit,
                rate: dice.rate(),
            };
        }
        _ => {}
    }
    loop {
        let drawn = fault(dice, lasts, weather);
        let class = super::class(&drawn).name;
        if weather.only.as_ref().is_none_or(|only| class == only) {
            return drawn;
        }
    }
}

/// Draws one cause for many; power takes no more than a disk may lose.
fn correlated(dice: &mut Dice, nodes: u16) -> FaultSpec {
    let domains = [Domain::Rack, Domain::Zone, Domain::Region, Domain::Version];
    let domain = domains[dice.throw(0, 3) as usize];
    let of = Some(dice.node(nodes));
    let effect = match dice.throw(0, 3) {
        0 => Effect::PowerLoss,
        1 => Effect::CutOff,
        2 => Effect::Slow(Span::millis(dice.throw(1, 30))),
        _ => Effect::Poison,
    };
    FaultSpec::Correlated { domain, name: None, of, effect, disk: None }
}

fn overload(dice: &mut Dice) -> FaultSpec {
    match dice.throw(0, 1) {
        0 => FaultSpec::Surge { factor: dice.throw(2, 20) as u32 },
        _ => FaultSpec::Burst { calls: dice.throw(10, 500) as u32 },
    }
}

/// Draws a wrong change that loses nothing; to wait for no disk does, when power fails.
fn configuration(dice: &mut Dice, nodes: u16) -> FaultSpec {
    let change = match dice.throw(0, 2) {
        0 => Change::DropPeers,
        1 => Change::SlowTimers(dice.throw(2, 20) as u32),
        _ => Change::BadVersion,
    };
    let at = if dice.throw(0, 1) == 0 { Target::All } else { dice.node(nodes) };
    let every = (dice.throw(0, 1) == 0).then(|| Span::millis(dice.throw(100, 1_000)));
    FaultSpec::Config { change, nodes: at, every, guarded: dice.throw(0, 1) == 0 }
}

/// Draws one of those who may lie; the first node where nobody is named.
fn liar(dice: &mut Dice, weather: &Weather) -> Target {
    let last = (weather.liars.len() as u64).saturating_sub(1);
    let drawn = weather.liars.get(dice.throw(0, last) as usize).copied();
    Target::Node(drawn.unwrap_or(Address::Node(1)))
}

fn lie(dice: &mut Dice, weather: &Weather) -> FaultSpec {
    let liar = liar(dice, weather);
    let some = (dice.throw(0, 1) == 0).then(|| other(dice, &liar, weather.nodes));
    match dice.throw(0, 5) {
        0 => FaultSpec::Equivocate { nodes: liar, second: some },
        1 => FaultSpec::Lie { nodes: liar, says: Untruth::Contrary, to: some },
        2 => FaultSpec::Lie { nodes: liar, says: Untruth::Value, to: some },
        3 => FaultSpec::Lie { nodes: liar, says: Untruth::Denial, to: some },
        4 => FaultSpec::Withhold { nodes: liar, from: some },
        _ => FaultSpec::Replay { nodes: liar, rate: dice.rate() },
    }
}

fn fault(dice: &mut Dice, lasts: Span, weather: &Weather) -> FaultSpec {
    let nodes = weather.nodes;
    let node = dice.node(nodes);
    match dice.throw(0, 11) {
        0 => FaultSpec::CrashStop { node },
        1 => FaultSpec::CrashRecovery { node, disk: Mood::Durable, down: lasts },
        2 => FaultSpec::CrashRecovery { node, disk: disk(dice, weather), down: lasts },
        3 => FaultSpec::SendOmission { node, rate: dice.rate() },
        4 => FaultSpec::ReceiveOmission { node, rate: dice.rate() },
        5 => FaultSpec::ChannelOmission {
            to: other(dice, &node, nodes),
            from: node,
            rate: dice.rate(),
        },
        6 => FaultSpec::Slow { node, by: Span::millis(dice.throw(1, 30)) },
        7 => FaultSpec::Pause { node, lasts: Some(lasts) },
        8 => {
            let micros = dice.throw(0, 4_000_000) as i64 - 2_000_000;
            FaultSpec::ClockStep { node, by: Shift { micros } }
        }
        9 => FaultSpec::ClockDrift { node, ppm: dice.throw(0, 400_000) as i32 - 200_000 },
        10 => {
            let by = Span::millis(dice.throw(1, 300));
            FaultSpec::SlowLink { to: other(dice, &node, nodes), from: node, by }
        }
        _ => FaultSpec::Partition { kind: cut(dice), isolate: side(dice, node, nodes) },
    }
}

/// Draws a gray fault; a leak dies within its time, and comes back with the heal.
fn gray(dice: &mut Dice, lasts: Span, nodes: u16) -> FaultSpec {
    let node = dice.node(nodes);
    let delay = Span::millis(dice.throw(10, 500));
    match dice.throw(0, 3) {
        0 => FaultSpec::Gray { node, rate: dice.rate(), delay: None },
        1 => FaultSpec::Gray { node, rate: dice.rate(), delay: Some(delay) },
        2 => {
            let latent = Span((lasts.0 / 4).max(1));
            FaultSpec::Leak { node, latent, gray: Span((lasts.0 / 2).max(1)), delay }
        }
        _ => FaultSpec::GrayLink { node, rate: dice.rate() },
    }
}

fn disk(dice: &mut Dice, weather: &Weather) -> Mood {
    if weather.amnesia && dice.throw(0, 1) == 0 { Mood::Wiped } else { Mood::UnsyncedLost }
}

/// Draws a node that is not this one; a storm needs two nodes at least.
fn other(dice: &mut Dice, node: &Target, nodes: u16) -> Target {
    let drawn = dice.throw(1, u64::from(nodes)) as u16;
    let taken = *node == Target::Node(Address::Node(drawn));
    Target::Node(Address::Node(if taken { drawn % nodes + 1 } else { drawn }))
}

fn cut(dice: &mut Dice) -> Cut {
    match dice.throw(0, 3) {
        0 => Cut::Complete,
        1 => Cut::Partial,
        2 => Cut::CannotSend,
        _ => Cut::CannotReceive,
    }
}

/// Isolates one node, or a group of as many as the dice say.
fn side(dice: &mut Dice, node: Target, nodes: u16) -> Target {
    if nodes < 3 || dice.throw(0, 1) == 0 {
        return node;
    }
    let count = dice.throw(1, u64::from(nodes) - 1) as u16;
    let first = dice.throw(0, u64::from(nodes) - 1) as u16;
    let group = (0..count).map(|k| Address::Node((first + k) % nodes + 1));
    Target::Nodes(group.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENIGN: [&str; 5] = ["crash-stop", "crash-recovery", "omission", "timing", "partition"];

    #[test]
    fn a_storm_is_drawn_from_its_seed_and_passes_in_time() {
        let until = Span::secs(8);
        let from = Span::secs(1);
        let only = None;
        let (liars, amnesia) = (Vec::new(), false);
        let weather = Weather { nodes: 5, strikes: 6, from, until, only, liars, amnesia };
        assert_eq!(storm(3, &weather), storm(3, &weather));
        assert_ne!(storm(3, &weather), storm(4, &weather));
        let mut classes = std::collections::BTreeSet::new();
        let gray = Weather { only: Some("gray".to_owned()), ..weather.clone() };
        for (seed, weather) in (0..300).flat_map(|seed| [(seed, &weather), (seed, &gray)]) {
            for strike in storm(seed, weather) {
                assert!(from <= strike.at && strike.at < strike.until && strike.until <= until);
                assert!(super::super::check(&strike.fault, 5).is_ok(), "{:?}", strike.fault);
                classes.insert(super::super::variant(&strike.fault).name);
                let wiped = format!("{:?}", strike.fault).contains("Wiped");
                assert!(!wiped, "no benign storm wipes a disk");
            }
        }
        let benign = super::super::FAULTS.iter().filter(|class| BENIGN.contains(&class.name));
        let all = benign.map(|class| class.variants.len()).sum::<usize>();
        assert!(classes.len() + 4 >= all, "nearly every variant strikes: {classes:?} of {all}");
    }
}
