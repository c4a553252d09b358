//! Who says what happens next: one that reads every message, and one that throws dice.

use crate::sim::chance::{Chance, Identity, Purpose};

use super::board::{Board, Contestant, Move};

/// Says what happens next.
pub(super) trait Schedule<P: Contestant> {
    /// Picks a delivery or a timer; `None` where there is nothing left to happen.
    fn next(&mut self, board: &Board<P>) -> Option<Move<P::Timer>>;
}

/// Keeps everybody from deciding. What is harmless is delivered at once, oldest first. Where only
/// dangerous messages are on their way, it lets a timer of another node run out, whose messages
/// take the danger out of them.
pub(super) struct Adversary;

impl<P: Contestant> Schedule<P> for Adversary {
    fn next(&mut self, board: &Board<P>) -> Option<Move<P::Timer>> {
        if let Some((node, timer)) = P::urgent(board) {
            return Some(Move::Fire(node, timer));
        }
        let harmless = board.flights.iter().position(|flight| !P::is_dangerous(board, flight));
        if let Some(place) = harmless {
            return Some(Move::Deliver(place));
        }
        let speaker = board.flights.first().map(|flight| flight.from);
        let other = board.armed.iter().find(|(node, _)| Some(*node) != speaker);
        let (node, timer) = other.or(board.armed.first())?;
        Some(Move::Fire(*node, timer.clone()))
    }
}

/// Throws dice: mostly a message, now and then a timer.
pub(super) struct Dice {
    chance: Chance,
    thrown: u64,
}

/// One in so many steps is a timer, where there are messages to deliver.
const TIMER_ONE_IN: u64 = 20;

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice { chance: Chance::new(seed), thrown: 0 }
    }

    /// Throws a number below `sides`, which is at least 1.
    fn below(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        let range = 0..=sides as u64 - 1;
        self.chance.number(Identity(self.thrown), Purpose::Own, &range) as usize
    }
}

impl<P: Contestant> Schedule<P> for Dice {
    fn next(&mut self, board: &Board<P>) -> Option<Move<P::Timer>> {
        let (messages, timers) = (board.flights.len(), board.armed.len());
        let timer = timers > 0 && (messages == 0 || self.below(TIMER_ONE_IN as usize) == 0);
        if timer {
            let (node, timer) = board.armed[self.below(timers)].clone();
            return Some(Move::Fire(node, timer));
        }
        (messages > 0).then(|| Move::Deliver(self.below(messages)))
    }
}
