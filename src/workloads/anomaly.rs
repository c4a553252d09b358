//! Anomaly detection: what users saw of a node lately, against what they saw before.
//!
//! Success and latency are weighed together: an attempt is bad where it got no answer, or one that
//! took far longer than nearly all did before. A node is odd while its share of bad attempts is
//! well above the share that was usual. What is usual is learnt from nodes that are found well, so
//! that a failure that lasts does not become usual; what was ill from the beginning does.

use std::collections::VecDeque;

use crate::sim::{Instant, Sample, Span};

/// How far back "lately" goes.
pub const LATELY: Span = Span::secs(2);
/// How far back "before" goes.
pub const BEFORE: Span = Span::secs(12);
/// How few attempts say nothing.
pub const FEWEST: usize = 10;
/// By how many of a hundred attempts a node has to be worse than usual.
pub const WORSE_PERCENT: usize = 5;
/// How many times longer than nearly all before an answer has to take to be bad.
pub const SLOWER: u64 = 3;
/// Which answer stands for "nearly all", of a hundred in the order of their time.
const NEARLY_ALL: usize = 99;
/// How many attempts are remembered; the oldest beyond that are forgotten.
const SAMPLES_MAX: usize = 8_192;
/// After how long without enough attempts an odd node gets a second chance: nobody asks what is
/// avoided, so nobody would ever see that it is well again.
pub const PROBATION: Span = Span::secs(5);

/// What is known of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Standing {
    /// How many times in a row it was found odd, or not.
    odd: u16,
    calm: u16,
    ill: bool,
    /// When there was last enough to go by.
    weighed: Instant,
}

/// What users saw, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anomaly {
    /// Oldest first, with when it was heard, and whether its node was then found well.
    samples: VecDeque<(Instant, Sample, bool)>,
    nodes: Vec<Standing>,
    /// How many times in a row it takes to change a mind.
    times: u16,
}

/// What was usual.
struct Usual {
    bad_percent: usize,
    /// Above what an answer is bad; `None` where too little is known.
    slow: Option<Span>,
}

impl Anomaly {
    /// Makes a memory for so many nodes; it takes so many findings in a row to change its mind.
    pub fn new(nodes: u16, times: u16) -> Anomaly {
        Anomaly {
            samples: VecDeque::new(),
            nodes: vec![Standing::default(); usize::from(nodes)],
            times,
        }
    }

    /// Takes in what a user saw.
    pub fn take_in(&mut self, now: Instant, sample: Sample) {
        let Some(standing) = place(sample).and_then(|index| self.nodes.get(index)) else { return };
        if self.samples.len() >= SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back((now, sample, !standing.ill));
    }

    /// Weighs each node's latest samples.
    pub fn weigh(&mut self, now: Instant) {
        while self.samples.front().is_some_and(|(at, ..)| now.since(*at) > BEFORE) {
            self.samples.pop_front();
        }
        let recent = self.samples.partition_point(|(at, ..)| now.since(*at) > LATELY);
        let usual = usual(self.samples.range(..recent).filter(|s| s.2).map(|s| &s.1));
        let mut counts = vec![(0, 0); self.nodes.len()];
        for (_, sample, _) in self.samples.range(recent..) {
            let Some(count) = place(*sample).and_then(|index| counts.get_mut(index)) else {
                continue;
            };
            let slow = usual.slow.is_some_and(|slow| sample.took > slow);
            count.0 += 1;
            count.1 += usize::from(!sample.answered || slow);
        }
        for (standing, (all, bad)) in self.nodes.iter_mut().zip(counts) {
            if all < FEWEST {
                if now.since(standing.weighed) > PROBATION {
                    standing.ill = false;
                }
                continue;
            }
            standing.weighed = now;
            let odd = bad * 100 > all * (usual.bad_percent + WORSE_PERCENT);
            let (up, down) = if odd {
                (&mut standing.odd, &mut standing.calm)
            } else {
                (&mut standing.calm, &mut standing.odd)
            };
            (*up, *down) = (up.saturating_add(1), 0);
            if *up >= self.times {
                standing.ill = odd;
            }
        }
    }

    /// Returns whether a node is found ill.
    pub fn finds_ill(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|standing| standing.ill)
    }
}

fn place(sample: Sample) -> Option<usize> {
    usize::from(sample.node.node()?).checked_sub(1)
}

fn usual<'a>(samples: impl Iterator<Item = &'a Sample>) -> Usual {
    let (mut all, mut took) = (0, Vec::new());
    for sample in samples {
        all += 1;
        if sample.answered {
            took.push(sample.took);
        }
    }
    if all < FEWEST || took.is_empty() {
        return Usual { bad_percent: 0, slow: None };
    }
    took.sort_unstable();
    let nearly_all = took[(took.len() * NEARLY_ALL).div_ceil(100) - 1];
    let bad_percent = (all - took.len()) * 100 / all;
    Usual { bad_percent, slow: Some(Span(nearly_all.0 * SLOWER)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Address;

    /// Feeds one sample each 50 ms of both nodes; `of_first` says what becomes of those of n1.
    fn feed(
        anomaly: &mut Anomaly,
        ms: std::ops::Range<u64>,
        of_first: impl Fn(u64) -> (u64, bool),
    ) {
        for at in ms.step_by(50) {
            let now = Instant(at * 1_000);
            let (took, answered) = of_first(at / 50);
            let took = Span::millis(took);
            anomaly.take_in(now, Sample { node: Address::Node(1), took, answered });
            let took = Span::millis(20);
            anomaly.take_in(now, Sample { node: Address::Node(2), took, answered: true });
            if at.is_multiple_of(500) {
                anomaly.weigh(now);
            }
        }
    }

    #[test]
    fn a_node_that_fails_a_tenth_is_found_and_does_not_become_usual() {
        let mut anomaly = Anomaly::new(2, 3);
        feed(&mut anomaly, 0..5_000, |_| (20, true));
        assert!(!anomaly.finds_ill(0));
        feed(&mut anomaly, 5_000..9_000, |k| (20, !k.is_multiple_of(10)));
        assert!(anomaly.finds_ill(0) && !anomaly.finds_ill(1));
        feed(&mut anomaly, 9_000..40_000, |k| (20, !k.is_multiple_of(10)));
        assert!(anomaly.finds_ill(0), "what is ill is not learnt");
        feed(&mut anomaly, 40_000..45_000, |_| (20, true));
        assert!(!anomaly.finds_ill(0));
    }

    #[test]
    fn a_node_that_is_slower_than_it_was_is_found_though_it_answers_everything() {
        let mut anomaly = Anomaly::new(2, 3);
        feed(&mut anomaly, 0..5_000, |_| (20, true));
        feed(&mut anomaly, 5_000..7_000, |_| (70, true));
        assert!(anomaly.finds_ill(0) && !anomaly.finds_ill(1));
    }

    #[test]
    fn one_slow_answer_is_no_anomaly_and_silence_gets_a_second_chance() {
        let mut anomaly = Anomaly::new(2, 3);
        feed(&mut anomaly, 0..5_000, |k| (if k == 60 { 500 } else { 20 }, true));
        assert!(!anomaly.finds_ill(0));
        feed(&mut anomaly, 5_000..9_000, |_| (20, false));
        assert!(anomaly.finds_ill(0));
        for at in (9..20).map(|s| Instant(s * 1_000_000)) {
            anomaly.weigh(at);
        }
        assert!(!anomaly.finds_ill(0), "nobody asked it for long");
    }
}
