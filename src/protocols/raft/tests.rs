//! The rules that a whole cluster seldom shows, one node at a time. The stories of whole clusters
//! are in `tests/transcripts`.

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{CallId, Effect, Instant, Op, Outcome, Ticket};

/// One node, its writes counted, and its last effects.
struct Node {
    raft: Raft,
    state: State,
    now: Instant,
    written: Ticket,
    effects: Vec<Effect<Raft>>,
}

impl Node {
    /// Starts `n1` of so many nodes with this disk.
    fn start(nodes: u16, spec: RaftSpec, disk: &Stable) -> Node {
        let raft = Raft::new(nodes, spec);
        let mut out =
            Outbox::new(Address::Node(1), Instant::ZERO, Chance::new(1), Identity(0), Ticket(0));
        let state = raft.boot(Address::Node(1), Some(disk), &mut out);
        let effects = out.drain().collect();
        Node { raft, state, now: Instant::ZERO, written: Ticket(0), effects }
    }

    /// Starts `n1` and makes it a leader by the vote of `n2`.
    fn leading(nodes: u16, spec: RaftSpec, disk: &Stable) -> Node {
        let mut node = Node::start(nodes, spec, disk);
        node.step(Event::Timeout(Timer::Election));
        node.sync();
        let term = node.state.term;
        for voter in 2..=nodes {
            node.hear(voter, Message::Vote { term, granted: true });
        }
        assert_eq!(node.state.role, Role::Leader);
        node
    }

    fn step(&mut self, event: Event<Raft>) {
        let mut out =
            Outbox::new(Address::Node(1), self.now, Chance::new(1), Identity(0), self.written);
        self.raft.step(&mut self.state, event, &mut out);
        self.effects = out.drain().collect();
        let saves = self.effects.iter().filter(|effect| matches!(effect, Effect::Save(_)));
        self.written.0 += saves.count() as u64;
    }

    fn hear(&mut self, from: u16, msg: Message) {
        self.step(Event::Deliver { from: Address::Node(from), msg });
    }

    fn sync(&mut self) {
        self.step(Event::Saved(self.written));
    }

    fn ask(&mut self, serial: u32, op: Op) {
        let call = CallId { client: Address::Client(1), serial, attempt: 1 };
        self.step(Event::Request { call, op });
    }

    fn sent_to(&self, node: u16) -> Vec<&Message> {
        let to_node = |effect| match effect {
            &Effect::Send { to: Address::Node(to), ref msg } if to == node => Some(msg),
            _ => None,
        };
        self.effects.iter().filter_map(to_node).collect()
    }

    fn notes<'a>(&'a self) -> Vec<&'a Note> {
        let note = |effect: &'a Effect<Raft>| match effect {
            Effect::Note(note) => Some(note),
            _ => None,
        };
        self.effects.iter().filter_map(note).collect()
    }

    fn armed(&self, timer: Timer) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Arm(of, _) if *of == timer))
    }
}

fn write(value: u64) -> Op {
    Op::Write { key: 1, value }
}

fn append(term: u64, at: (u64, u64), terms: &[u64], commit: u64) -> Message {
    Message::AppendEntries {
        term,
        previous_index: at.0,
        previous_term: at.1,
        entries: terms.iter().map(|of| Entry::no_op(*of)).collect(),
        commit,
        round: 1,
    }
}

fn matched(term: u64, index: u64, round: u64) -> Message {
    Message::AppendReply { term, round, check: Check::Matched { index } }
}

#[test]
fn a_late_write_does_not_make_entries_stable_that_were_cut_since() {
    let mut node = Node::start(3, RaftSpec::default(), &Stable::default());
    node.hear(2, append(1, (0, 0), &[1, 1, 1, 1, 1], 0));
    let first = node.written;
    node.hear(3, append(2, (2, 1), &[2], 0));
    assert_eq!((node.state.log.last_index(), node.state.synced), (3, 0));
    node.step(Event::Saved(first));
    assert_eq!(node.state.synced, 2, "only what both logs share");
    node.sync();
    assert_eq!(node.state.synced, 3);
}

#[test]
fn messages_and_what_a_silent_follower_is_sent_are_bounded() {
    let mut node = Node::leading(3, RaftSpec::default(), &Raft::disk_with(1, 1_000));
    let conflict = Check::Conflict { at: 1_000, term: 0, first: 1 };
    node.hear(2, Message::AppendReply { term: 2, round: 1, check: conflict });
    let sent = |node: &Node| -> Vec<u64> {
        let entries = |msg: &&Message| match msg {
            Message::AppendEntries { entries, .. } => entries.len(),
            other => panic!("{other:?}"),
        };
        node.sent_to(2).iter().map(entries).collect()
    };
    assert_eq!(sent(&node), [ENTRIES_MAX], "it looks for the place with one message");
    node.hear(2, matched(2, ENTRIES_MAX, 1));
    let rest = (1_001 - ENTRIES_MAX).div_ceil(ENTRIES_MAX);
    assert_eq!(sent(&node).len() as u64, rest, "and then sends ahead");
    for serial in 1..=100 {
        node.ask(serial, write(u64::from(serial)));
    }
    assert_eq!(node.state.peers[1].unanswered, UNANSWERED_MAX);
    assert!(sent(&node).is_empty(), "too much is unanswered");
    let next = node.state.peers[1].next;
    node.hear(2, matched(2, next - 1, 1));
    assert_eq!(sent(&node).iter().sum::<u64>(), 1_101 + 1 - next, "the answer opens the way");
}

#[test]
fn a_term_is_searched_for_in_the_log() {
    let log = Stable::with_terms(0, [1, 1, 3, 3, 3, 6]).log;
    let firsts: Vec<u64> = (0..=7).map(|term| log.first_since(term)).collect();
    assert_eq!(firsts, [1, 1, 3, 3, 6, 6, 6, 7]);
    assert_eq!(Log::default().first_since(1), 1);
}

#[test]
fn a_part_of_the_log_is_cut_out() {
    let log = Stable::with_terms(0, 1..=200).log;
    let terms = |first, most| -> Vec<u64> {
        log.slice(first, most).as_slice().iter().map(|entry| entry.term).collect()
    };
    assert_eq!(terms(1, 3), [1, 2, 3]);
    assert_eq!(terms(199, 64), [199, 200]);
    assert_eq!(terms(200, 64), [200]);
    assert_eq!(terms(63, 3), [63, 64, 65]);
    assert!(terms(201, 64).is_empty());
}

#[test]
fn a_vote_that_comes_twice_counts_once() {
    let mut node = Node::start(5, RaftSpec::default(), &Stable::default());
    node.step(Event::Timeout(Timer::Election));
    node.sync();
    let vote = Message::Vote { term: 1, granted: true };
    node.hear(2, vote.clone());
    node.hear(2, vote.clone());
    assert_eq!(node.state.role, Role::Candidate);
    node.hear(3, vote);
    assert_eq!(node.state.role, Role::Leader);
}

#[test]
fn the_timer_moves_for_a_granted_vote_and_for_the_leader_and_for_nothing_else() {
    let mut node = Node::start(3, RaftSpec::default(), &Raft::disk_with(1, 2));
    let ends = |term, index| LogEnd { term, index };
    node.hear(2, Message::RequestVote { term: 2, log: ends(1, 1) });
    assert!(!node.armed(Timer::Election), "a refused vote");
    node.hear(3, Message::RequestVote { term: 2, log: ends(1, 2) });
    assert!(node.armed(Timer::Election), "a granted vote");
    node.hear(2, append(1, (2, 1), &[], 0));
    assert!(!node.armed(Timer::Election), "the leader of an old term");
    node.hear(3, append(2, (9, 2), &[], 0));
    assert!(node.armed(Timer::Election), "the leader, though the logs do not match");
}

#[test]
fn a_deposed_leader_waits_for_the_next_one_and_gives_back_its_reads() {
    let mut node = Node::leading(3, RaftSpec::default(), &Stable::default());
    node.ask(1, Op::Read { key: 1 });
    node.ask(2, write(7));
    node.hear(2, append(2, (0, 0), &[2], 0));
    assert!(node.armed(Timer::Election));
    assert_eq!((node.state.role, node.state.leader), (Role::Follower, Some(2)));
    let answers: Vec<_> =
        node.effects.iter().filter(|e| matches!(e, Effect::Answer { .. })).collect();
    let to_n2 = Outcome::Redirect(Some(Address::Node(2)));
    let [Effect::Answer { call, outcome }] = answers[..] else { panic!("{answers:?}") };
    assert_eq!((call.serial, *outcome), (1, to_n2), "the write may yet come through");
}

#[test]
fn a_round_is_confirmed_even_if_answers_are_slower_than_heartbeats() {
    let mut node = Node::leading(5, RaftSpec::default(), &Stable::default());
    node.sync();
    node.hear(2, matched(1, 1, 1));
    node.hear(3, matched(1, 1, 1));
    assert_eq!(node.state.commit, 1);
    node.ask(1, Op::Read { key: 1 });
    let asked = node.state.round;
    node.step(Event::Timeout(Timer::Heartbeat));
    node.step(Event::Timeout(Timer::Heartbeat));
    node.hear(2, matched(1, 1, asked));
    assert_eq!(node.state.reads.len(), 1);
    node.hear(3, matched(1, 1, asked));
    assert!(node.state.reads.is_empty(), "two and itself are three of five");
}

#[test]
fn a_second_leader_of_the_same_term_is_noted_and_breaks_nothing() {
    let mut node = Node::leading(3, RaftSpec::default(), &Stable::default());
    node.hear(2, append(1, (0, 0), &[1, 1], 2));
    assert_eq!(node.notes(), [&Note::Other("another leader", [1, 2])]);
    assert_eq!((node.state.role, node.state.log.last_index()), (Role::Leader, 1));
}

#[test]
fn even_a_committed_entry_is_overwritten_if_a_wrong_leader_says_so() {
    // No correct run comes here; a cluster whose disks forgot does, and the node must not fall
    // over.
    let mut node = Node::start(3, RaftSpec::default(), &Stable::default());
    node.hear(2, append(1, (0, 0), &[1, 1, 1], 3));
    node.hear(3, append(2, (0, 0), &[2], 1));
    assert_eq!((node.state.log.last_index(), node.state.commit), (1, 3));
    assert!(node.notes().contains(&&Note::Other("committed entry overwritten", [1, 2])));
    node.hear(3, append(2, (1, 2), &[2, 2, 2], 4));
    assert_eq!((node.state.log.last_index(), node.state.commit), (4, 4));
}

#[test]
fn what_is_from_nobody_in_the_cluster_is_ignored() {
    let mut node = Node::start(3, RaftSpec::default(), &Stable::default());
    node.hear(4, append(9, (0, 0), &[9], 1));
    node.step(Event::Deliver { from: Address::Client(1), msg: append(9, (0, 0), &[9], 1) });
    assert_eq!((node.state.term, node.effects.len()), (0, 0));
}

#[test]
fn a_node_comes_back_with_its_ballot_and_its_log() {
    let disk = Stable { vote: Some(Address::Node(3)), ..Raft::disk_with(4, 3) };
    let node = Node::start(3, RaftSpec::default(), &disk);
    assert_eq!((node.state.term, node.state.vote, node.state.synced), (4, Some(3), 3));
    let slot = Entry::no_op(4).slot();
    let role = Note::Role { role: Role::Follower, epoch: 4 };
    assert_eq!(node.notes(), [&Note::Restored([slot; 3].into()), &role]);
}

#[test]
fn the_check_of_the_quorum_may_be_switched_on_and_off_while_a_leader_leads() {
    let mut node = Node::leading(3, RaftSpec::default(), &Stable::default());
    assert!(!node.state.checking);
    assert!(node.raft.set("check_quorum", true));
    node.step(Event::Timeout(Timer::Heartbeat));
    assert!(node.armed(Timer::CheckQuorum));
    assert!(node.raft.set("check_quorum", false));
    node.step(Event::Timeout(Timer::CheckQuorum));
    assert_eq!((node.state.role, node.state.checking), (Role::Leader, false));
    assert!(node.raft.set("check_quorum", true));
    node.step(Event::Timeout(Timer::Heartbeat));
    node.step(Event::Timeout(Timer::CheckQuorum));
    assert_eq!(node.state.role, Role::Follower, "nobody has answered");
    assert!(!node.raft.set("no such switch", true));
}

#[test]
fn a_spec_is_read_from_a_file_and_what_is_left_out_is_the_default() {
    let spec: RaftSpec =
        ron::from_str(r#"(election_timeout: "12ms..24ms", pre_vote: true)"#).expect("a spec");
    let want = RaftSpec {
        election_timeout: SpanRange::millis(12, 24),
        pre_vote: true,
        ..RaftSpec::default()
    };
    assert_eq!(spec, want);
    assert!(ron::from_str::<RaftSpec>("(prevote: true)").is_err());
}

#[test]
fn the_switches_are_listed_by_the_names_that_turn_them() {
    let mut raft = Raft::new(3, RaftSpec::default());
    for (name, on) in raft.switches() {
        assert!(raft.set(name, !on), "{name}");
        assert!(raft.switches().contains(&(name, !on)), "{name}");
    }
}
