//! Paxos: a value, or a log of values, chosen by a majority that nobody has to trust in advance.
//!
//! Here: Paxos as Lamport explains it in "Paxos Made Simple" (2001), to which a § alone refers.
//! Every node is proposer, acceptor and learner at once (§2.4). Absent on purpose: changes of
//! membership, leases, and anything that Byzantine nodes would call for. To add a rule: the file of
//! its concern below, with its section.
//!
//! | file | concern |
//! |---|---|
//! | `ballot.rs` | numbers of proposals, each of which belongs to one proposer |
//! | `quorums.rs` | how many acceptors each phase asks |
//! | `single/` | one value, decided once: a register that is written once and for all |
//! | `multi/` | one instance for each slot of a log, under a leader that runs phase 1 once (§3) |
//!
//! # The problem
//!
//! Several processes may propose values; one of the proposed values shall be chosen, no more than
//! one, and a process shall never learn that a value was chosen unless it was (§2.1). Messages may
//! be late, lost and doubled, but not corrupted. Processes may be slow, stop, and start again with
//! what they wrote down. Nobody lies.
//!
//! # Why two phases
//!
//! A value is chosen when a majority of acceptors has accepted it, since any two majorities share
//! an acceptor. An acceptor must accept more than one proposal, or a lost message could leave three
//! values with a minority each. So proposals are numbered, and what has to be guarded is: once a
//! value is chosen, every proposal with a higher number carries that value (P2b). A proposer sees
//! to it by asking first (P2c, §2.2):
//!
//! 1. *Phase 1.* It picks a number `b` and asks acceptors to promise to accept nothing below `b`
//!    any more, and to say which proposal they have accepted last. The promise is what makes the
//!    past hold still: what was not accepted below `b` by a majority that promised never will be.
//! 2. *Phase 2.* With the promises of a majority it proposes, under `b`, the value of the highest
//!    numbered proposal that was reported, and only where none was reported a value of its own. An
//!    acceptor accepts unless it has promised a higher number meanwhile.
//!
//! Suppose that a value was chosen under a lower number. Then a majority had accepted it, this
//! proposer's majority shares an acceptor with that one, and so it hears of it. The argument stands
//! on acceptors that remember: promise and acceptance are on the disk before the answer leaves
//! (§2.5). And it stands on acceptors that tell the truth: one that denies what it accepted,
//! whether it lies or forgot, can have a second value chosen. Both can be tried out here.
//!
//! # Why it need not end
//!
//! Two proposers can go on for ever: each one's phase 1 comes between the other's phases (§2.4). No
//! cleverness removes that, since in a world without time bounds no deterministic algorithm is sure
//! to decide where one process may stop (Fischer, Lynch and Paterson 1985). What helps in practice
//! is to wait for a random time before one tries again, or to let one distinguished proposer do it.

pub mod ballot;
pub mod multi;
pub mod quorums;
pub mod single;

pub use ballot::{BALLOT_MAX, Ballot};
pub use quorums::Quorums;
