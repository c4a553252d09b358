//! A fault as a scenario names it and as a key makes it: class, variant, target.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::sim::{Address, Domain, Mood, Rate, Span, Spot, Untruth};

/// Whom a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// Whoever leads when the fault is injected; waits for a leader where nobody leads.
    Leader,
    /// Whoever next takes the lead after the fault is injected.
    NextLeader,
    /// One node: `Node("n2")`.
    Node(Address),
    /// Every node.
    All,
    /// A group of nodes: `Nodes(["n1", "n2"])`.
    Nodes(Vec<Address>),
}

impl fmt::Display for Target {
    /// Writes the target as a sentence names it: `n2`, `n1 n2`, `the leader`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Leader => f.pad("the leader"),
            Target::All => f.pad("every node"),
            Target::NextLeader => f.pad("the next leader"),
            Target::Node(node) => node.fmt(f),
            Target::Nodes(nodes) => {
                let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                f.pad(&names.join(" "))
            }
        }
    }
}

/// How a partition cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cut {
    /// Nothing passes between the two sides, in either direction.
    Complete,
    /// Both sides still reach one bridge node, the lowest of the larger side; where the sides are
    /// equal, of the side that was not named.
    Partial,
    /// What the isolated side sends is lost; what is sent to it arrives.
    CannotSend,
    /// What is sent to the isolated side is lost; what it sends arrives.
    CannotReceive,
}

/// What one cause does to a failure domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Power fails: all of it goes down at once.
    PowerLoss,
    /// It is cut off from all that is outside; within it links work.
    CutOff,
    /// All of it takes this long for each event: `Slow("20ms")`.
    Slow(Span),
    /// All of it dies of whatever it takes in, and is started again.
    Poison,
}

/// What is set wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// The node no longer knows its peers.
    DropPeers,
    /// It no longer waits for its disk.
    NoSync,
    /// Its timers run so many times as long: `SlowTimers(10)`.
    SlowTimers(u32),
    /// Its software dies of whatever it takes in.
    BadVersion,
}

/// How far a clock jumps: text with a sign, such as `"+200ms"` or `"-1.5s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shift {
    /// Whole microseconds; negative is backwards.
    pub micros: i64,
}

impl Shift {
    /// Makes a jump forwards.
    pub const fn forwards(span: Span) -> Shift {
        Shift { micros: span.0 as i64 }
    }

    /// Makes a jump backwards.
    pub const fn backwards(span: Span) -> Shift {
        Shift { micros: -(span.0 as i64) }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { '-' } else { '+' };
        f.pad(&format!("{sign}{}", Span(self.micros.unsigned_abs())))
    }
}

impl FromStr for Shift {
    type Err = String;
    fn from_str(text: &str) -> Result<Shift, String> {
        let wrong =
            || format!("`{text}` is no jump; expected a sign and a duration, such as \"-200ms\"");
        let (sign, span) = text.split_at_checked(1).ok_or_else(wrong)?;
        // A span is at most `Span::LONGEST`, which fits with room to spare.
        let span = Span::parse(span).map_err(|_| wrong())?;
        match sign {
            "+" => Ok(Shift::forwards(span)),
            "-" => Ok(Shift::backwards(span)),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Shift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shift, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A fault: what a file writes after `fault:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FaultSpec {
    /// The node stops and does not come back by itself.
    CrashStop {
        /// Whom.
        node: Target,
    },
    /// The node stops and starts again.
    CrashRecovery {
        /// Whom.
        node: Target,
        /// What this crash takes from its disk. `Durable` takes nothing more than the disk would
        /// give up anyway, so that a forgetful disk still forgets.
        #[serde(default)]
        disk: Mood,
        /// How long it is down.
        #[serde(default = "two_seconds")]
        down: Span,
    },
    /// The disk will not keep what it says it keeps; nothing shows until the node next crashes.
    ForgetfulDisk {
        /// Whose.
        node: Target,
        /// What a crash will take: `UnsyncedLost` or `Wiped`.
        disk: Mood,
    },
    /// The node does not send a share of what it should.
    SendOmission {
        /// Whom.
        node: Target,
        /// How many.
        rate: Rate,
    },
    /// The node does not take in a share of what reaches it.
    ReceiveOmission {
        /// Whom.
        node: Target,
        /// How many.
        rate: Rate,
    },
    /// One direction of one link loses a share of its messages.
    ChannelOmission {
        /// From whom.
        from: Target,
        /// To whom.
        to: Target,
        /// How many.
        rate: Rate,
    },
    /// The node takes this long for each event, one after the other.
    Slow {
        /// Whom.
        node: Target,
        /// How long.
        by: Span,
    },
    /// The node freezes, as in a garbage collection; its inbox fills and its timers wait.
    Pause {
        /// Whom.
        node: Target,
        /// How long; until it is healed where this is not given.
        #[serde(default)]
        lasts: Option<Span>,
    },
    /// The node's clock jumps.
    ClockStep {
        /// Whose.
        node: Target,
        /// How far.
        by: Shift,
    },
    /// The node's clock, and so its timers, run too fast or too slow.
    ClockDrift {
        /// Whose.
        node: Target,
        /// How much too fast, in parts per million; negative is too slow.
        ppm: i32,
    },
    /// One direction of one link takes longer than it should.
    SlowLink {
        /// From whom.
        from: Target,
        /// To whom.
        to: Target,
        /// How much longer each message takes.
        by: Span,
    },
    /// What the node says leaves before its disk has what it rests on.
    EarlyAnswer {
        /// Whom.
        node: Target,
    },
    /// The node drops a share of client calls, or makes them late; its health check and its peers
    /// are answered as ever.
    Gray {
        /// Whom.
        node: Target,
        /// How many calls.
        rate: Rate,
        /// How much later it takes them in; it drops them where this is not given.
        #[serde(default)]
        delay: Option<Span>,
    },
    /// The node leaks: latent at first, then gray (calls wait, then get lost), at last down.
    Leak {
        /// Whom.
        node: Target,
        /// How long nothing shows.
        #[serde(default = "latent")]
        latent: Span,
        /// How long users suffer before it dies.
        #[serde(default = "gray_for")]
        gray: Span,
        /// How late calls are taken in just before it dies.
        #[serde(default = "delay")]
        delay: Span,
    },
    /// The links between clients and the node lose a share of messages, both ways; the links of
    /// its peers and of its health check do not.
    GrayLink {
        /// Whose links.
        node: Target,
        /// How many messages.
        rate: Rate,
    },
    /// The nodes are two honest nodes each under one name, and tell some a second story; all of
    /// them tell the same two stories.
    Equivocate {
        /// Who lies.
        nodes: Target,
        /// Who is told the second story, and clients of even number with them; half of the others
        /// where this is not given.
        #[serde(default)]
        second: Option<Target>,
    },
    /// The nodes say something else in the place of what they should say.
    Lie {
        /// Who lies; they collude.
        nodes: Target,
        /// What kind of untruth.
        says: Untruth,
        /// To whom; to everybody where this is not given, and `Contrary` to half of the others.
        #[serde(default)]
        to: Option<Target>,
    },
    /// The nodes say nothing to some, and the truth to all others.
    Withhold {
        /// Who is silent.
        nodes: Target,
        /// To whom; to half of the others where this is not given.
        #[serde(default)]
        from: Option<Target>,
    },
    /// The nodes say again, now and then, what they said before.
    Replay {
        /// Who.
        nodes: Target,
        /// After what share of their messages.
        rate: Rate,
    },
    /// A bit flips without a signal: once in memory or on the disk, or in a share of the messages
    /// that the node sends.
    FlipBit {
        /// Whose.
        node: Target,
        /// Where: `Memory`, `Disk` or `Transit`.
        place: Spot,
        /// In what share of the messages, for `Transit`.
        #[serde(default = "a_tenth")]
        rate: Rate,
    },
    /// A core computes a share of what the node sends wrongly.
    WrongCore {
        /// Whose.
        node: Target,
        /// What share.
        rate: Rate,
    },
    /// One cause strikes all that share a failure domain.
    Correlated {
        /// What they share.
        domain: Domain,
        /// Its name: `"a"` for a zone, `"a.1"` for a rack in it. Either this or `of`.
        #[serde(default)]
        name: Option<String>,
        /// Whose it is.
        #[serde(default)]
        of: Option<Target>,
        /// What the cause does.
        effect: Effect,
        /// What a loss of power takes from the disks; `UnsyncedLost` where it is not given.
        #[serde(default)]
        disk: Option<Mood>,
    },
    /// A wrong change is made at one node or at many.
    Config {
        /// What is changed.
        change: Change,
        /// Where, in this order; everywhere where it is not given.
        #[serde(default = "everywhere")]
        nodes: Target,
        /// How long after one node the next is changed; all at once where it is not given.
        #[serde(default)]
        every: Option<Span>,
        /// Whether a guard watches each node after its change, and undoes all of it where one is
        /// found ill.
        #[serde(default)]
        guarded: bool,
    },
    /// All clients call more often.
    Surge {
        /// How many times as often, 2 to 1,000.
        factor: u32,
    },
    /// Many calls come at once.
    Burst {
        /// How many, all clients together, 1 to 10,000.
        calls: u32,
    },
    /// Links between two groups of nodes are cut; the nodes are well.
    Partition {
        /// How.
        kind: Cut,
        /// One side; the other is everybody else.
        isolate: Target,
    },
}

fn everywhere() -> Target {
    Target::All
}

/// How long a crashed node stays down where a scenario does not say.
fn two_seconds() -> Span {
    super::crash_recovery::DOWN
}

fn latent() -> Span {
    super::gray::LATENT
}

fn gray_for() -> Span {
    super::gray::GROWS
}

fn delay() -> Span {
    super::gray::DELAY
}

/// How much of what a node sends is flipped where a scenario does not say.
fn a_tenth() -> Rate {
    super::silent_corruption::FLIPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_read_with_its_sign_and_written_back() {
        for (text, micros) in [("+200ms", 200_000), ("-1.5s", -1_500_000), ("-1us", -1)] {
            let shift: Shift = text.parse().expect("a jump");
            assert_eq!(shift.micros, micros);
            assert_eq!(shift.to_string().parse(), Ok(shift));
        }
        for wrong in ["", "200ms", "+", "-", "--1s", "+-1s", "é1s", "+1"] {
            assert!(wrong.parse::<Shift>().is_err(), "{wrong}");
        }
    }
}
