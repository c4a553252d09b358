//! Trials over all cores: each has a seed of its own, and results come in the order of the trials.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;

use crate::sim::chance::mix;

/// How many trials a thread takes at a time: few enough that no core ends long before the others,
/// even of a hundred trials.
const BATCH: u64 = 4;

/// How many trials are to be made, from which seed, on how many threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    /// How many trials.
    pub count: u64,
    /// The seed that the seed of each trial is derived from.
    pub seed: u64,
    /// On how many threads; the results are the same for any number.
    pub threads: usize,
}

impl Trials {
    /// Makes every trial and returns what each came to, first trial first.
    pub fn run<T: Send>(&self, trial: impl Fn(u64) -> T + Sync) -> Vec<T> {
        let next = AtomicU64::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                if first >= self.count {
                    return done;
                }
                let batch = first..(first + BATCH).min(self.count);
                done.extend(batch.map(|number| (number, trial(self.seed_of(number)))));
            }
        };
        let mut done: Vec<(u64, T)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(ScopedJoinHandle::join);
            joined.flat_map(|done| done.expect("a trial does not panic")).collect()
        });
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// Returns the seed of a trial, by its number from 0.
    pub const fn seed_of(&self, number: u64) -> u64 {
        mix(mix(self.seed) ^ number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_results_does_not_depend_on_the_threads() {
        let seeds = |threads| Trials { count: 1_000, seed: 3, threads }.run(|seed| seed);
        let alone = seeds(1);
        assert_eq!(alone.len(), 1_000);
        assert_eq!(alone, seeds(4));
        assert_ne!(alone[0], alone[1]);
        assert_ne!(alone[0], Trials { count: 1, seed: 4, threads: 1 }.seed_of(0));
    }
}
