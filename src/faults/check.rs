//! What makes a fault nonsense in a given cluster, beyond what its types already rule out.
//!
//! Nothing is forbidden that could happen: more faults than a system tolerates are welcome. Only
//! what says nothing is refused, such as a node that is not there or a cut with nobody behind it.

use std::collections::BTreeSet;

use crate::sim::clock::Clock;
use crate::sim::{Address, Mood, Rate, Span, Spot};

use super::spec::{Change, Cut, Effect, FaultSpec, Target};

/// What is wrong with a fault, and in which of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field, as a file names it.
    pub field: &'static str,
    /// Which of the nodes of a group, from 0, where it is one of them.
    pub member: Option<usize>,
    /// Whether it is the one node that `Node("n1")` names.
    pub names_a_node: bool,
    /// What is wrong.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
}

/// The most that one event may take a slowed node, or a slowed link one message: a minute. What
/// is slower than that is down for every purpose.
pub const SLOWNESS_MAX: Span = Span::secs(60);

/// How many times as often clients may call.
pub const SURGE_MAX: u32 = 1_000;
/// How many times as long timers may run.
pub const TIMERS_MAX: u32 = 100;
/// How many calls may come at once.
pub const BURST_MAX: u32 = 10_000;

/// Checks a fault against the number of nodes.
///
/// # Errors
/// Says what is wrong, in which field, and what was expected.
pub fn check(spec: &FaultSpec, nodes: u16) -> Result<(), Wrong> {
    match spec {
        FaultSpec::CrashStop { node } | FaultSpec::EarlyAnswer { node } => {
            target("node", node, nodes)
        }
        FaultSpec::CrashRecovery { node, down, .. } => {
            target("node", node, nodes)?;
            some_time("down", *down, Span::LONGEST)
        }
        FaultSpec::ForgetfulDisk { node, disk } => {
            target("node", node, nodes)?;
            let message = "a forgetful disk that keeps everything is no fault";
            require(*disk != Mood::Durable, "disk", message, "`UnsyncedLost` or `Wiped`")
        }
        FaultSpec::SendOmission { node, rate }
        | FaultSpec::ReceiveOmission { node, rate }
        | FaultSpec::GrayLink { node, rate }
        | FaultSpec::WrongCore { node, rate } => {
            target("node", node, nodes)?;
            some_rate(*rate)
        }
        FaultSpec::ChannelOmission { from, to, rate } => {
            link(from, to, nodes)?;
            some_rate(*rate)
        }
        FaultSpec::SlowLink { .. }
        | FaultSpec::Slow { .. }
        | FaultSpec::Pause { .. }
        | FaultSpec::ClockStep { .. }
        | FaultSpec::ClockDrift { .. } => timing(spec, nodes),
        FaultSpec::Gray { node, rate, delay } => {
            target("node", node, nodes)?;
            some_rate(*rate)?;
            delay.map_or(Ok(()), |delay| some_time("delay", delay, SLOWNESS_MAX))
        }
        FaultSpec::Leak { node, latent, gray, delay } => {
            target("node", node, nodes)?;
            leak(*latent, *gray, *delay)
        }
        FaultSpec::Equivocate { nodes: liars, second } => {
            lie(liars, "second", second.as_ref(), nodes)
        }
        FaultSpec::Lie { nodes: liars, to, .. } => lie(liars, "to", to.as_ref(), nodes),
        FaultSpec::Withhold { nodes: liars, from } => lie(liars, "from", from.as_ref(), nodes),
        FaultSpec::Replay { nodes: liars, rate } => {
            target("nodes", liars, nodes)?;
            some_rate(*rate)
        }
        FaultSpec::FlipBit { node, place, rate } => {
            target("node", node, nodes)?;
            let message = "a core that computes wrongly is a fault of its own";
            require(*place != Spot::Core, "place", message, "`WrongCore(node: …, rate: …)`")?;
            some_rate(*rate)
        }
        FaultSpec::Correlated { .. } | FaultSpec::Config { .. } => shared(spec, nodes),
        FaultSpec::Surge { factor } => within("factor", *factor, 2, SURGE_MAX),
        FaultSpec::Burst { calls } => within("calls", *calls, 1, BURST_MAX),
        FaultSpec::Partition { kind, isolate } => partition(*kind, isolate, nodes),
    }
}

fn shared(spec: &FaultSpec, nodes: u16) -> Result<(), Wrong> {
    match spec {
        FaultSpec::Correlated { name, of, effect, disk, .. } => {
            of.as_ref().map_or(Ok(()), |of| target("of", of, nodes))?;
            let field = if name.is_some() { "name" } else { "domain" };
            let message = "a domain is named, or is somebody's: one of the two";
            require(name.is_some() != of.is_some(), field, message, "`name` or `of`")?;
            if let Effect::Slow(by) = effect {
                some_time("effect", *by, SLOWNESS_MAX)?;
            }
            let fits = disk.is_none() || *effect == Effect::PowerLoss;
            require(fits, "disk", "only a loss of power takes from disks", "`effect: PowerLoss`")
        }
        FaultSpec::Config { change, nodes: at, every, .. } => {
            target("nodes", at, nodes)?;
            if let Change::SlowTimers(factor) = change {
                within("change", *factor, 2, TIMERS_MAX)?;
            }
            every.map_or(Ok(()), |every| some_time("every", every, Span::secs(600)))
        }
        _ => Ok(()),
    }
}

fn timing(spec: &FaultSpec, nodes: u16) -> Result<(), Wrong> {
    match spec {
        FaultSpec::SlowLink { from, to, by } => {
            link(from, to, nodes)?;
            some_time("by", *by, SLOWNESS_MAX)
        }
        FaultSpec::Slow { node, by } => {
            target("node", node, nodes)?;
            some_time("by", *by, SLOWNESS_MAX)
        }
        FaultSpec::Pause { node, lasts } => {
            target("node", node, nodes)?;
            lasts.map_or(Ok(()), |span| some_time("lasts", span, Span::LONGEST))
        }
        FaultSpec::ClockStep { node, by } => {
            target("node", node, nodes)?;
            require(by.micros != 0, "by", "a jump of no time is no fault", "a jump that is not 0")
        }
        FaultSpec::ClockDrift { node, ppm } => {
            target("node", node, nodes)?;
            drift(*ppm)
        }
        _ => Ok(()),
    }
}

fn leak(latent: Span, gray: Span, delay: Span) -> Result<(), Wrong> {
    some_time("latent", latent, Span::LONGEST)?;
    some_time("gray", gray, Span::LONGEST)?;
    some_time("delay", delay, SLOWNESS_MAX)
}

fn require(holds: bool, field: &'static str, message: &str, expected: &str) -> Result<(), Wrong> {
    if holds {
        return Ok(());
    }
    Err(Wrong {
        field,
        member: None,
        names_a_node: false,
        message: message.into(),
        expected: expected.into(),
    })
}

fn lie(
    liars: &Target,
    field: &'static str,
    audience: Option<&Target>,
    nodes: u16,
) -> Result<(), Wrong> {
    target("nodes", liars, nodes)?;
    audience.map_or(Ok(()), |some| target(field, some, nodes))
}

fn within(field: &'static str, found: u32, low: u32, high: u32) -> Result<(), Wrong> {
    let message = format!("`{found}` is out of range");
    let expected = format!("a whole number from {low} to {high}");
    require((low..=high).contains(&found), field, &message, &expected)
}

fn drift(ppm: i32) -> Result<(), Wrong> {
    let range = Clock::DRIFT_PPM_MIN..=Clock::DRIFT_PPM_MAX;
    let (low, high) = (range.start(), range.end());
    let expected = format!("a drift from {low} to {high} parts per million, and not 0");
    let message = format!("no clock runs off by {ppm} parts per million here");
    require(ppm != 0 && range.contains(&ppm), "ppm", &message, &expected)
}

fn some_time(field: &'static str, span: Span, longest: Span) -> Result<(), Wrong> {
    let holds = span > Span::ZERO && span <= longest;
    let message = format!("`{span}` is no time for this");
    require(holds, field, &message, &format!("more than 0s and at most {longest}"))
}

fn some_rate(rate: Rate) -> Result<(), Wrong> {
    let message = "what never happens is no fault";
    require(rate != Rate::NEVER, "rate", message, "a share above 0.0 and up to 1.0")
}

fn target(field: &'static str, target: &Target, nodes: u16) -> Result<(), Wrong> {
    match target {
        Target::Leader | Target::NextLeader | Target::All => Ok(()),
        Target::Node(node) => member(*node, nodes).map_err(|(message, expected)| Wrong {
            field,
            member: None,
            names_a_node: true,
            message,
            expected,
        }),
        Target::Nodes(group) => {
            require(!group.is_empty(), field, "the group is empty", "at least one node")?;
            let mut seen = BTreeSet::new();
            for (k, node) in group.iter().enumerate() {
                let twice = || (format!("`{node}` is named twice"), "each node once".to_string());
                let known = member(*node, nodes);
                let fresh = if seen.insert(*node) { Ok(()) } else { Err(twice()) };
                known.and(fresh).map_err(|(message, expected)| Wrong {
                    field,
                    member: Some(k),
                    names_a_node: false,
                    message,
                    expected,
                })?;
            }
            Ok(())
        }
    }
}

fn member(who: Address, nodes: u16) -> Result<(), (String, String)> {
    let expected = || format!("a node from n1 to n{nodes}");
    match who {
        Address::Node(k) if (1..=nodes).contains(&k) => Ok(()),
        Address::Node(_) => Err((format!("there is no node `{who}`"), expected())),
        Address::Client(_) => Err((format!("`{who}` is a client, not a node"), expected())),
        Address::Monitor(_) => Err((format!("`{who}` is a monitor, not a node"), expected())),
    }
}

fn link(from: &Target, to: &Target, nodes: u16) -> Result<(), Wrong> {
    target("from", from, nodes)?;
    target("to", to, nodes)?;
    let single = !matches!(to, Target::Nodes(_));
    let message = "a node has no link to itself";
    require(!(single && from == to), "to", message, "another node than the one that sends")?;
    let leaders = |target: &Target| matches!(target, Target::Leader | Target::NextLeader);
    let message = "both ends would be the same leader";
    require(!(leaders(from) && leaders(to)), "to", message, "a node or a group of nodes")
}

fn partition(kind: Cut, isolate: &Target, nodes: u16) -> Result<(), Wrong> {
    target("isolate", isolate, nodes)?;
    let all = if *isolate == Target::All { usize::from(nodes) } else { 1 };
    let named = super::plan::members(isolate).map_or(all, <[Address]>::len);
    let message = "there is nobody on the other side";
    let expected = format!("fewer than all {nodes} nodes");
    require(named < usize::from(nodes), "isolate", message, &expected)?;
    let message = "a partial partition needs a node on each side and a bridge";
    require(kind != Cut::Partial || nodes >= 3, "kind", message, "at least 3 nodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_says_nothing_is_refused() {
        let node = |k| Target::Node(Address::Node(k));
        let field = |spec: &FaultSpec| check(spec, 3).expect_err("nonsense").field;
        assert_eq!(check(&FaultSpec::CrashStop { node: node(3) }, 3), Ok(()));
        assert_eq!(field(&FaultSpec::CrashStop { node: node(4) }), "node");
        let client = Target::Node(Address::Client(1));
        assert_eq!(field(&FaultSpec::Pause { node: client, lasts: None }), "node");
        let still = FaultSpec::ClockDrift { node: node(1), ppm: 0 };
        assert_eq!(field(&still), "ppm");
        let own = FaultSpec::SlowLink { from: node(1), to: node(1), by: Span::millis(1) };
        assert_eq!(field(&own), "to");
        let all = Target::Nodes((1..=3).map(Address::Node).collect());
        assert_eq!(field(&FaultSpec::Partition { kind: Cut::Complete, isolate: all }), "isolate");
        let twice = Target::Nodes(vec![Address::Node(1), Address::Node(1)]);
        let wrong = check(&FaultSpec::CrashStop { node: twice }, 3).expect_err("twice");
        assert_eq!(wrong.member, Some(1));
    }
}
