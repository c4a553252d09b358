//! Protocols that read neither clock nor dice, in every order of events within small bounds: the
//! oracles that judge the sweeps judge every state that can be reached, and a wrong variant of each
//! protocol is caught by them.
//!
//! What is explored of each is said at its tests: how many timers run out, nodes crash and messages
//! are lost, and at which pace. Beyond that nothing is claimed. All orders of events are a great
//! many where every node speaks to every other, so that larger models go at a stricter pace.
//!
//! To add a protocol: a model of it in the file of its kind, one test in which it is safe, and one
//! in which it is not.

#[path = "checked/byzantine.rs"]
mod byzantine;
#[path = "checked/commit.rs"]
mod commit;
#[path = "checked/consensus.rs"]
mod consensus;
#[path = "checked/digest.rs"]
mod digest;
#[path = "checked/judge.rs"]
mod judge;
#[path = "checked/model.rs"]
mod model;
#[path = "checked/node.rs"]
mod node;

use std::hash::Hash;
use std::time::Instant;

use faultlab::sim::{Enumerable, Op};
use stateright::{Checker, HasDiscoveries, Model, Path, UniformChooser};

use model::{ANSWERED, Checked, Exploration, Move, SAFE, SHOWN, World};

/// Past this many steps a model is too large for a test: its bounds have to be smaller.
const STEPS_MAX: usize = 3_000_000;

/// Looks at every state that a model can reach: all of them are safe, in some a client is answered,
/// and in some a node comes to what the model is about. There are at least so many, so that a model
/// in which little happens fails.
fn holds<P: Enumerable + Eq + Hash>(name: &str, model: Checked<P>, states_min: usize) {
    let began = Instant::now();
    let explored = Exploration::of(model).checker().target_state_count(STEPS_MAX);
    let checker = explored.spawn_bfs().join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    println!("{name}: {states} states, {steps} steps, {:.1?}", began.elapsed());
    if let Some(path) = checker.discovery(SAFE) {
        let broken = path.last_state().judge.broken().join(", ");
        panic!("{name} breaks {broken}: {:#?}", path.into_actions());
    }
    assert!(steps < STEPS_MAX, "{name}: there is more than was looked at");
    assert!(checker.discovery(ANSWERED).is_some(), "{name}: nobody is ever answered");
    assert!(checker.discovery(SHOWN).is_some(), "{name}: no node comes to what it should");
    assert!(states >= states_min, "{name}: {states} states are too few");
}

/// In which order states are looked at until one is not safe.
#[derive(Clone, Copy)]
enum Search {
    /// Nearest first: finds the shortest way to it.
    Near,
    /// Random walks of a fixed seed: finds quickly what is wrong only after many moves.
    Far,
}

/// Looks until this property does not hold: there is such a state.
fn caught<P: Enumerable + Eq + Hash>(
    name: &str,
    model: Checked<P>,
    search: Search,
    property: &'static str,
) {
    let began = Instant::now();
    let explored = Exploration::of(Checked { judged: vec![property], ..model })
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(STEPS_MAX);
    let (states, path) = match search {
        Search::Near => seen(&explored.spawn_bfs().join()),
        Search::Far => seen(&explored.spawn_simulation(1, UniformChooser).join()),
    };
    let path = path.unwrap_or_else(|| panic!("{name}: nothing is wrong in {states} states"));
    let moves = path.into_actions().len();
    println!(
        "{name}: breaks {property} in {moves} moves, {states} states, {:.1?}",
        began.elapsed()
    );
}

/// A way to a state: the states that it leads through, and the moves between them.
type Way<P> = Path<World<P>, Move<P>>;

/// Returns how many states a checker looked at, and the way to one that is not safe.
fn seen<P: Enumerable + Eq + Hash>(
    checker: &impl Checker<Exploration<P>>,
) -> (usize, Option<Way<P>>) {
    (checker.unique_state_count(), checker.discovery(SAFE))
}

/// A write; each has a value of its own.
const fn write(value: u64) -> Op {
    Op::Write { key: 1, value }
}
