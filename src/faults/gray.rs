//! Gray: users find the node ill and the health check finds it well.
//!
//! What makes a failure gray is who sees it, not what is wrong: slowness, loss and leaks are as
//! gray as wrong answers, as long as the observer's way past them is another one than the users'.
//! So each fault here strikes the calls of clients and leaves health checks and peers alone.

use crate::sim::{Fate, Lever, Life, Plan, Rate, Span, Whom};

use super::catalogue::{Aim, Class, Variant};
use super::plan::{cue, whom};
use super::spec::{FaultSpec, Target};

/// How many calls a node that a key makes gray takes: half.
pub const RATE: Rate = Rate::ppm(500_000);
/// How many messages a client's link loses where a key makes it gray: too few to look like a cut.
pub const LINK_RATE: Rate = Rate::ppm(200_000);
/// How long a leak made by a key lies dormant.
pub const LATENT: Span = Span::secs(3);
/// How long it then harms users before the process dies.
pub const GROWS: Span = Span::secs(6);
/// How late a leaking node takes calls in just before it dies.
pub const DELAY: Span = Span::millis(400);

/// In how many steps a leak grows.
const STEPS: u64 = 8;
/// After how many of them calls are also lost.
const LOSES_FROM: u64 = 4;
/// How many more calls are lost with each step from then on.
const LOSS_STEP: Rate = Rate::ppm(150_000);

const SOURCE: &str =
    "P. Huang et al., Gray failure: the Achilles' heel of cloud-scale systems, HotOS 2017";
const GREEN: &str = "Peers and health checks find it well; users do not. Who asks as a user does \
                     sees it.";

/// The class, for the catalogue.
pub static GRAY: Class = Class {
    name: "gray",
    digit: '5',
    summary: "Users find the node ill while its health check finds it well.",
    variants: &[NODE, LEAK, LINK],
};

/// A node that fails a share of its calls.
pub const NODE: Variant = Variant {
    letter: 'n',
    name: "gray node",
    summary: "A share of the client calls that reach it is dropped, or waits; all else is right.",
    lost: "That share of the calls, or time.",
    kept: "Its health check, its messages to peers, its state, its disk, every other call.",
    observed: GREEN,
    heals: "When healed; what was dropped stays dropped.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::Gray { node: target.clone(), rate: RATE, delay: None },
};

/// A leak: latent, then gray, then complete.
pub const LEAK: Variant = Variant {
    letter: 'm',
    name: "leak",
    summary: "Memory leaks: nothing shows, then calls wait and get lost, then the process dies.",
    lost: "At first nothing, then time, then calls, at last the whole node.",
    kept: "Its health check to the end, and its disk beyond it.",
    observed: "Latent, then gray, then complete: the health check sees only the end.",
    heals: "When healed the node starts again, with what its disk kept.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::Leak {
        node: target.clone(),
        latent: LATENT,
        gray: GROWS,
        delay: DELAY,
    },
};

/// A lossy link on the users' side.
pub const LINK: Variant = Variant {
    letter: 'l',
    name: "gray link",
    summary: "The links between clients and the node lose a share, both ways; no other link does.",
    lost: "A share of calls and of answers.",
    kept: "The node, the links of its peers, and the link of its health check, which stays green.",
    observed: GREEN,
    heals: "When healed; what was lost stays lost.",
    takes: &[Aim::Node, Aim::Group],
    source: SOURCE,
    make: |target, _| FaultSpec::GrayLink { node: target.clone(), rate: LINK_RATE },
};

pub(super) fn plan(node: &Target, rate: Rate, delay: Option<Span>) -> Plan {
    let delay = delay.unwrap_or(Span::ZERO);
    let steps = vec![(cue(node), Lever::Gray { node: whom(node), rate, delay })];
    Plan { steps, ..Plan::default() }
}

/// Plans a leak: it takes hold of its node at once, harms nobody for a while, and grows there.
pub(super) fn leak(node: &Target, latent: Span, lasts: Span, delay: Span) -> Plan {
    let gray = |rate, delay| Lever::Gray { node: whom(node), rate, delay };
    let mut then = Vec::new();
    for step in 0..STEPS {
        let at = latent + Span(lasts.0 * step / STEPS);
        let late = Span((delay.0 * (step + 1) / STEPS).max(1));
        then.push((at, gray(Rate::ALWAYS, late)));
        if step >= LOSES_FROM {
            let steps = (step + 1 - LOSES_FROM) as u32;
            then.push((at, gray(Rate::ppm(LOSS_STEP.as_ppm() * steps), Span::ZERO)));
        }
    }
    then.push((latent + lasts, Lever::Power { node: whom(node), to: Life::Down }));
    let steps = vec![(cue(node), gray(Rate::NEVER, Span::ZERO))];
    Plan { steps, then, ..Plan::default() }
}

pub(super) fn link(node: &Target, loss: Rate) -> Plan {
    let fate = Fate { loss, ..Fate::default() };
    let there = Lever::Link { from: Whom::Clients, to: whom(node), fate: fate.clone() };
    let back = Lever::Link { from: whom(node), to: Whom::Clients, fate };
    Plan { steps: vec![(cue(node), there), (cue(node), back)], ..Plan::default() }
}
