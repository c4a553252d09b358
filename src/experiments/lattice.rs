//! Which class of failure can imitate which, each arrow proved by runs.
//!
//! The textbooks' chain (crash, omission, timing, Byzantine) is not one: what a node *does* and
//! what is known of *time* are two axes, and amnesia stands beside the chain. So nothing is drawn
//! here that a run has not shown. *A imitates B* is shown by playing both with one seed: what
//! everybody else sees and does has to be the same record for record. *A cannot imitate B* is shown
//! by a property that B breaks at once and that many storms of A never break.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::faults::storm::{Weather, storm};
use crate::lab::scenario::PlannedFault;
use crate::lab::{Report, Scenario, Trial, embedded, read_scenario};
use crate::oracles::State;
use crate::sim::{Address, Instant, Keep, Record, Span, What};

use super::Trials;
use super::matrix::{judge, token};

/// A class, as the lattice draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Stops, and that is all.
    Crash,
    /// Loses messages.
    Omission,
    /// Links between groups lose everything.
    Partition,
    /// Late, or paused.
    Timing,
    /// Comes back and has forgotten what it promised.
    Amnesia,
    /// Anything at all.
    Byzantine,
}

impl Model {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Model::Crash => "crash",
            Model::Omission => "omission",
            Model::Partition => "partition",
            Model::Timing => "timing",
            Model::Amnesia => "amnesia",
            Model::Byzantine => "byzantine",
        }
    }
}

/// One claim: that a class can imitate another, or cannot.
#[derive(Debug)]
pub struct Arrow {
    /// Who imitates.
    pub by: Model,
    /// What is imitated.
    pub of: Model,
    /// Why, in one sentence.
    pub says: &'static str,
    /// Where the field says so.
    pub source: &'static str,
    proof: Proof,
}

/// How a claim is shown.
#[derive(Debug)]
enum Proof {
    /// Both are played with the same seeds; nobody but the struck node can tell them apart.
    Alike {
        /// The faults of the one that is imitated, as a scenario has them.
        of: &'static str,
        /// The faults of the imitator.
        by: &'static str,
        /// Whether clients call: a lie to peers alone does not deceive a client.
        clients: bool,
    },
    /// A scenario breaks a property that storms of a class do not break.
    Apart {
        /// The scenario of the one that cannot be imitated.
        scenario: &'static str,
        /// What it breaks.
        property: &'static str,
        /// The class of the storms.
        storms: &'static str,
    },
    /// A scenario of the imitator breaks the property that the imitated one breaks.
    Breaks {
        /// The scenario of the imitator.
        scenario: &'static str,
        /// What both break.
        property: &'static str,
    },
}

const DLS: &str = "C. Dwork, N. Lynch and L. Stockmeyer, JACM 35(2), 1988";
const CRISTIAN: &str = "F. Cristian, CACM 34(2), 1991";

const STOP: &str = "(id: \"f\", at: \"2s\", fault: CrashStop(node: Node(\"n1\")))";
const MUTE_AND_DEAF: &str = "(id: \"f\", at: \"2s\", fault: SendOmission(node: Node(\"n1\"), \
    rate: 1.0)), (id: \"g\", at: \"2s\", fault: ReceiveOmission(node: Node(\"n1\"), rate: 1.0))";
const MUTE: &str = "(id: \"f\", at: \"2s\", fault: SendOmission(node: Node(\"n1\"), rate: 1.0))";
const FROZEN: &str = "(id: \"f\", at: \"2s\", fault: Pause(node: Node(\"n1\")))";
const CUT: &str =
    "(id: \"f\", at: \"2s\", fault: Partition(kind: Complete, isolate: Node(\"n1\")))";
const LINKS_LOSE: &str = "(id: \"f\", at: \"2s\", fault: ChannelOmission(from: Node(\"n1\"), to: \
    Nodes([\"n2\", \"n3\", \"n4\", \"n5\"]), rate: 1.0)), (id: \"g\", at: \"2s\", fault: \
    ChannelOmission(from: Nodes([\"n2\", \"n3\", \"n4\", \"n5\"]), to: Node(\"n1\"), rate: 1.0))";
const LINKS_LATE: &str = "(id: \"f\", at: \"2s\", fault: SlowLink(from: Node(\"n1\"), to: \
    Nodes([\"n2\", \"n3\", \"n4\", \"n5\"]), by: \"60s\")), (id: \"g\", at: \"2s\", fault: \
    SlowLink(from: Nodes([\"n2\", \"n3\", \"n4\", \"n5\"]), to: Node(\"n1\"), by: \"60s\"))";
const WITHHOLDS: &str = "(id: \"f\", at: \"2s\", fault: Withhold(nodes: Node(\"n1\"), from: \
    Nodes([\"n2\", \"n3\", \"n4\", \"n5\"])))";

/// Every claim, from the bottom of the lattice upwards.
pub static ARROWS: &[Arrow] = &[
    Arrow {
        by: Model::Omission,
        of: Model::Crash,
        says: "A node that sends nothing and takes nothing in cannot be told from a crashed one.",
        source: DLS,
        proof: Proof::Alike { of: STOP, by: MUTE_AND_DEAF, clients: true },
    },
    Arrow {
        by: Model::Timing,
        of: Model::Crash,
        says: "A node that is paused cannot be told from a crashed one, for as long as it lasts.",
        source: CRISTIAN,
        proof: Proof::Alike { of: STOP, by: FROZEN, clients: true },
    },
    Arrow {
        by: Model::Omission,
        of: Model::Partition,
        says: "A partition is lasting omission on all links between two groups.",
        source: DLS,
        proof: Proof::Alike { of: CUT, by: LINKS_LOSE, clients: true },
    },
    Arrow {
        by: Model::Timing,
        of: Model::Omission,
        says: "Never is infinitely late: messages that take too long are lost for all who wait.",
        source: CRISTIAN,
        proof: Proof::Alike { of: LINKS_LOSE, by: LINKS_LATE, clients: true },
    },
    Arrow {
        by: Model::Byzantine,
        of: Model::Omission,
        says: "Who may do anything may also say nothing.",
        source: DLS,
        proof: Proof::Alike { of: MUTE, by: WITHHOLDS, clients: false },
    },
    Arrow {
        by: Model::Byzantine,
        of: Model::Amnesia,
        says: "A liar can deny a promise as well as forget it: a voter votes twice.",
        source: "D. Ongaro and J. Ousterhout, USENIX ATC 2014, §5.2, for the promise",
        proof: Proof::Breaks { scenario: "raft-v1-double-vote", property: "election safety" },
    },
    Arrow {
        by: Model::Omission,
        of: Model::Amnesia,
        says: "No loss of messages makes a node forget a promise: omission leaves it the disk.",
        source: CRISTIAN,
        proof: Proof::Apart {
            scenario: "amnesia-double-vote",
            property: "election safety",
            storms: "omission",
        },
    },
    Arrow {
        by: Model::Timing,
        of: Model::Amnesia,
        says: "A node that is late remembers: neither delay nor pause makes it vote twice.",
        source: CRISTIAN,
        proof: Proof::Apart {
            scenario: "amnesia-double-vote",
            property: "election safety",
            storms: "timing",
        },
    },
    Arrow {
        by: Model::Crash,
        of: Model::Byzantine,
        says: "Who has stopped says nothing wrong.",
        source: DLS,
        proof: Proof::Apart {
            scenario: "raft-v1-double-vote",
            property: "election safety",
            storms: "crash-stop",
        },
    },
    Arrow {
        by: Model::Omission,
        of: Model::Byzantine,
        says: "What is lost is not false: an omitting node still follows its state machine.",
        source: DLS,
        proof: Proof::Apart {
            scenario: "raft-v1-double-vote",
            property: "election safety",
            storms: "omission",
        },
    },
];

/// What the runs said to a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proved {
    /// Who imitates.
    pub by: Model,
    /// What is imitated, or cannot be.
    pub of: Model,
    /// Whether it can be imitated, as the runs have it; `None` where they bear out neither.
    pub imitates: Option<bool>,
    /// Why, in one sentence.
    pub says: &'static str,
    /// What was played, and what came of it.
    pub evidence: String,
    /// How many runs were compared.
    pub runs: u64,
    /// The word that opens a run that shows it.
    pub token: String,
    /// Where the field says so.
    pub source: &'static str,
}

impl Arrow {
    /// Returns whether the claim is that it can be imitated.
    pub const fn claims(&self) -> bool {
        !matches!(self.proof, Proof::Apart { .. })
    }

    /// Plays what the claim stands on.
    ///
    /// # Errors
    /// Where a scenario that comes with the program cannot be read.
    pub fn prove(&self, trials: &Trials) -> Result<Proved, Report> {
        let (imitates, evidence, runs, token) = match &self.proof {
            Proof::Alike { of, by, clients } => {
                let (of, by) = (cluster(of, *clients)?, cluster(by, *clients)?);
                let same =
                    trials.run(|seed| seen_by_others(&of, seed) == seen_by_others(&by, seed));
                let alike = same.iter().filter(|same| **same).count() as u64;
                let all = trials.count;
                let evidence = format!("in {alike} of {all} pairs of runs all others saw the same");
                ((alike == all).then_some(true), evidence, all, token(&by, trials.seed_of(0)))
            }
            Proof::Breaks { scenario, property } => {
                let scenario = known(scenario)?;
                let broken = breaks(&scenario, property, trials);
                let all = trials.count;
                let evidence = format!("{property} broken in {broken} of {all} runs");
                ((broken > 0).then_some(true), evidence, all, token(&scenario, trials.seed_of(0)))
            }
            Proof::Apart { scenario, property, storms } => {
                let scenario = known(scenario)?;
                let broken = breaks(&scenario, property, trials);
                let stormy = trials.run(|seed| {
                    let storm = stormy(&scenario, storms, seed);
                    judge(&storm, seed).property == Some(*property)
                });
                let fallen = stormy.iter().filter(|fallen| **fallen).count();
                let all = trials.count;
                let evidence = format!(
                    "{property} broken in {broken} of {all} runs, and by {fallen} of {all} storms \
                     of {storms}"
                );
                let apart = broken > 0 && fallen == 0;
                let token = token(&scenario, trials.seed_of(0));
                (apart.then_some(false), evidence, 2 * all, token)
            }
        };
        let (by, of, says, source) = (self.by, self.of, self.says, self.source);
        Ok(Proved { by, of, imitates, says, evidence, runs, token, source })
    }
}

/// Returns five Raft nodes with these faults.
fn cluster(faults: &str, clients: bool) -> Result<Scenario, Report> {
    let workload = if clients { "Register(clients: 3)" } else { "Silent" };
    let text = format!(
        "Scenario(title: \"an arrow of the lattice\", protocol: Raft(), nodes: 5, workload: \
         {workload}, faults: [{faults}], until: \"6s\")"
    );
    read_scenario("lattice", &text)
}

fn known(name: &str) -> Result<Scenario, Report> {
    let text = embedded::find(name).expect("the lattice names scenarios that come along");
    read_scenario(name, text)
}

fn breaks(scenario: &Scenario, property: &str, trials: &Trials) -> u64 {
    let until = Instant(scenario.until.0);
    let broken = trials.run(|seed| {
        let mut trial = Trial::new(scenario, seed, Keep::Milestones);
        trial.run(until, |_, _| ControlFlow::Continue(()));
        let verdicts = trial.panel().verdicts(until);
        verdicts.iter().any(|v| v.property == property && v.state == State::Violated)
    });
    broken.iter().filter(|broken| **broken).count() as u64
}

/// Returns a scenario's cluster in a storm of one class.
fn stormy(scenario: &Scenario, class: &str, seed: u64) -> Scenario {
    let weather = Weather {
        nodes: scenario.nodes,
        strikes: 6,
        from: Span::millis(300),
        until: Span(scenario.until.0 / 2),
        only: Some(class.to_owned()),
        liars: Vec::new(),
        amnesia: false,
    };
    let strikes = storm(seed, &weather).into_iter().zip(1..);
    let faults = strikes.map(|(strike, k)| PlannedFault {
        id: format!("strike-{k}"),
        at: strike.at,
        until: Some(strike.until),
        fault: strike.fault,
    });
    Scenario { faults: faults.collect(), ..scenario.clone() }
}

/// What everybody but the first node, which is struck, was told, did and said: when, who, what.
fn seen_by_others(scenario: &Scenario, seed: u64) -> Vec<(Instant, Address, What)> {
    let mut heard = Vec::new();
    let mut trial = Trial::new(scenario, seed, Keep::Everything);
    trial.run(Instant(scenario.until.0), |record: &Record, _| {
        let told = matches!(
            record.what,
            What::Delivered { .. } | What::Fired { .. } | What::Noted(_) | What::Client(_)
        );
        if let Some(who) = record.who.filter(|who| told && *who != Address::Node(1)) {
            heard.push((record.at, who, record.what.clone()));
        }
        ControlFlow::Continue(())
    });
    heard
}

/// The fewest nodes that bear `t` faults, by what nodes do and what is known of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// What the nodes do.
    pub fault: &'static str,
    /// Where messages and steps have known bounds.
    pub synchronous: &'static str,
    /// Where there is no bound at all.
    pub asynchronous: &'static str,
    /// Where bounds on messages hold from some time on.
    pub partial: &'static str,
}

/// The two axes: Dwork, Lynch and Stockmeyer 1988, table I (partial synchrony of communication).
pub static BOUNDS: [Bound; 4] = [
    Bound { fault: "fail-stop", synchronous: "t", asynchronous: "none", partial: "2t+1" },
    Bound { fault: "omission", synchronous: "t", asynchronous: "none", partial: "2t+1" },
    Bound {
        fault: "authenticated Byzantine",
        synchronous: "t",
        asynchronous: "none",
        partial: "3t+1",
    },
    Bound { fault: "Byzantine", synchronous: "3t+1", asynchronous: "none", partial: "3t+1" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_is_borne_out_by_runs() {
        let trials = Trials { count: 12, seed: 1, threads: 2 };
        for arrow in ARROWS {
            let proved = arrow.prove(&trials).expect("the scenarios can be read");
            let claim = format!("{} of {}: {}", arrow.by.word(), arrow.of.word(), proved.evidence);
            assert_eq!(proved.imitates, Some(arrow.claims()), "{claim}");
        }
    }

    #[test]
    fn what_can_be_told_apart_is_told_apart() {
        let trials = Trials { count: 6, seed: 1, threads: 1 };
        let lame = MUTE_AND_DEAF.replace("1.0", "0.5");
        let (stopped, lame) = (cluster(STOP, true), cluster(&lame, true));
        let (stopped, lame) = (stopped.expect("it reads"), lame.expect("it reads"));
        let same = trials.run(|s| seen_by_others(&stopped, s) == seen_by_others(&lame, s));
        assert!(same.iter().all(|same| !same), "half an omission is no crash");
    }
}
