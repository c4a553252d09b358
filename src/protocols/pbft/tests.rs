//! The rules that a whole cluster seldom shows, one replica at a time. The stories of whole
//! clusters are in `tests/transcripts`.

use std::sync::Arc;

use super::*;
use crate::sim::chance::{Chance, Identity};
use crate::sim::{CallId, Effect, Instant, Note, Op, Signed, Ticket, Untruth};

/// One replica and its last effects.
struct Node {
    pbft: Pbft,
    me: u16,
    state: State,
    effects: Vec<Effect<Pbft>>,
}

fn outbox(me: Address) -> Outbox<Pbft> {
    Outbox::new(me, Instant::ZERO, Chance::new(1), Identity(0), Ticket(0))
}

/// Signs for any replica, as only a test may.
fn sign<T>(by: u16, value: T) -> Signed<T> {
    outbox(Address::Node(by)).sign(value)
}

fn request(serial: u32) -> Request {
    let call = CallId { client: Address::Client(1), serial, attempt: 1 };
    let mut out = outbox(Address::Node(1));
    out.receive_request(call, Op::Write { key: 1, value: u64::from(serial) });
    out.signed_request().expect("it is about a request")
}

fn digest(serial: u32) -> Digest {
    Digest::of(Some(&request(serial)))
}

fn statement(phase: Phase, view: u64, seq: u64, serial: u32) -> Statement {
    Statement { phase, view, seq, digest: digest(serial) }
}

/// The order of a view's primary, in a cluster of four.
fn order(view: u64, seq: u64, serial: u32) -> Order {
    let primary = (view % 4) as u16 + 1;
    let said = sign(primary, statement(Phase::PrePrepare, view, seq, serial));
    Order { said, request: Some(request(serial)) }
}

fn vote(by: u16, phase: Phase, view: u64, seq: u64, serial: u32) -> Message {
    Message::Vote(sign(by, statement(phase, view, seq, serial)))
}

fn certificate(view: u64, seq: u64, serial: u32, by: &[u16]) -> Arc<Prepared> {
    let prepares =
        by.iter().map(|by| sign(*by, statement(Phase::Prepare, view, seq, serial))).collect();
    Arc::new(Prepared { order: order(view, seq, serial), prepares })
}

fn change(by: u16, view: u64, prepared: Vec<Arc<Prepared>>) -> Arc<Signed<ViewChange>> {
    let stable = Arc::new(four().genesis());
    Arc::new(sign(by, ViewChange { view, stable, prepared }))
}

fn new_view(view: u64, changes: Vec<Arc<Signed<ViewChange>>>) -> Message {
    let primary = (view % 4) as u16 + 1;
    let orders = Opening::of(&changes).statements(view).map(|said| sign(primary, said)).collect();
    Message::NewView(Arc::new(sign(primary, NewView { view, changes, orders })))
}

fn four() -> Pbft {
    Pbft::new(4, PbftSpec { checkpoint_every: 4, ..PbftSpec::default() })
}

impl Node {
    fn start(me: u16) -> Node {
        let pbft = four();
        let state = pbft.boot(Address::Node(me), None, &mut outbox(Address::Node(me)));
        Node { pbft, me, state, effects: Vec::new() }
    }

    fn step(&mut self, event: Event<Pbft>) {
        let mut out = outbox(Address::Node(self.me));
        if let Event::Request { call, op } = event {
            out.receive_request(call, op);
        }
        self.pbft.step(&mut self.state, event, &mut out);
        self.effects = out.drain().collect();
    }

    fn hear(&mut self, from: u16, msg: Message) {
        self.step(Event::Deliver { from: Address::Node(from), msg });
    }

    /// Lets the replica decide a number in view 0 by what the others say.
    fn decide(&mut self, seq: u64, serial: u32) {
        self.hear(1, Message::PrePrepare(order(0, seq, serial)));
        for phase in [Phase::Prepare, Phase::Commit] {
            (1..=4).for_each(|by| self.hear(by, vote(by, phase, 0, seq, serial)));
        }
    }

    fn said(&self, phase: Phase) -> Vec<Statement> {
        let said = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { to: Address::Node(to), msg: Message::Vote(said) }
                if *to == self.me % 4 + 1 =>
            {
                Some(*said.value())
            }
            _ => None,
        });
        said.filter(|said| said.phase == phase).collect()
    }

    fn contained(&self) -> Vec<&'static str> {
        let by = self.effects.iter().filter_map(|effect| match effect {
            Effect::Note(Note::Contained { by, .. }) => Some(*by),
            _ => None,
        });
        by.collect()
    }

    fn answers(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Answer { .. })).count()
    }
}

#[test]
fn any_two_quorums_share_an_honest_replica_and_f_may_be_silent() {
    for nodes in 1..=100 {
        let pbft = Pbft::new(nodes, PbftSpec::default());
        let (n, f, quorum) = (usize::from(nodes), pbft.faults(), pbft.quorum());
        assert!(2 * quorum > n + f, "n = {n}");
        assert!(quorum + f <= n, "n = {n}");
        if n == 3 * f + 1 {
            assert_eq!((quorum, pbft.weak()), (2 * f + 1, f + 1));
        }
    }
    let of = |nodes| Pbft::new(nodes, PbftSpec::default());
    assert_eq!([4, 5, 6, 7, 10, 13].map(|n| of(n).faults()), [1, 1, 1, 2, 3, 4]);
    assert_eq!([4, 5, 6, 7, 10, 13].map(|n| of(n).quorum()), [3, 4, 4, 5, 7, 9]);
}

#[test]
fn a_backup_agrees_to_the_first_order_of_a_number_and_to_no_other_in_that_view() {
    let mut node = Node::start(2);
    node.hear(1, Message::PrePrepare(order(0, 1, 7)));
    assert_eq!(node.said(Phase::Prepare), [statement(Phase::Prepare, 0, 1, 7)]);
    node.hear(1, Message::PrePrepare(order(0, 1, 8)));
    assert_eq!((node.said(Phase::Prepare), node.contained()), (vec![], vec!["one order a number"]));
}

#[test]
fn orders_that_are_not_the_primarys_or_not_a_clients_are_not_heard() {
    let mut node = Node::start(2);
    let mut order = order(0, 1, 7);
    order.said = sign(3, *order.said.value());
    node.hear(3, Message::PrePrepare(order));
    assert_eq!((node.said(Phase::Prepare).len(), node.contained()), (0, vec!["signature"]));
    let made_up = sign(1, *request(7).value());
    let said = sign(1, statement(Phase::PrePrepare, 0, 1, 7));
    node.hear(1, Message::PrePrepare(Order { said, request: Some(made_up) }));
    assert_eq!((node.said(Phase::Prepare).len(), node.contained()), (0, vec!["client signature"]));
    node.hear(3, Message::Request(made_up));
    assert_eq!(node.contained(), ["client signature"]);
    let null = Statement { digest: Digest::NULL, ..statement(Phase::PrePrepare, 0, 1, 7) };
    node.hear(1, Message::PrePrepare(Order { said: sign(1, null), request: None }));
    assert_eq!((node.said(Phase::Prepare).len(), node.contained()), (0, vec!["signature"]));
}

#[test]
fn votes_of_one_replica_count_once_and_other_digests_not_at_all() {
    let mut node = Node::start(2);
    node.hear(1, Message::PrePrepare(order(0, 1, 7)));
    for _ in 0..3 {
        node.hear(1, vote(1, Phase::Prepare, 0, 1, 7)); // the primary's does not count
        node.hear(4, vote(4, Phase::Prepare, 0, 1, 8));
    }
    assert_eq!(node.said(Phase::Commit), []);
    node.hear(3, vote(3, Phase::Prepare, 0, 1, 7));
    assert_eq!(node.said(Phase::Commit), [statement(Phase::Commit, 0, 1, 7)]);
    for _ in 0..3 {
        node.hear(3, vote(3, Phase::Commit, 0, 1, 7));
    }
    assert_eq!((node.state.executed, node.answers()), (0, 0));
    node.hear(1, vote(1, Phase::Commit, 0, 1, 7));
    assert_eq!((node.state.executed, node.answers()), (1, 1));
}

#[test]
fn numbers_are_taken_between_the_watermarks_alone() {
    let mut node = Node::start(2);
    for seq in [0, 9, 1_000_000, u64::MAX] {
        node.hear(1, Message::PrePrepare(order(0, seq, 7)));
        node.hear(3, vote(3, Phase::Prepare, 0, seq, 7));
        node.hear(3, vote(3, Phase::Commit, 0, seq, 7));
        assert_eq!(node.said(Phase::Prepare), [], "{seq}");
    }
    assert!(node.state.slots.is_empty());
    (1..=4).for_each(|seq| node.decide(seq, seq as u32));
    let mark = Mark { seq: 4, digest: node.state.store.digest() };
    (3..=4).for_each(|by| node.hear(by, Message::Checkpoint(sign(by, mark))));
    assert_eq!((node.state.low(), node.state.slots.len()), (4, 0), "stable, and forgotten");
    node.hear(1, Message::PrePrepare(order(0, 9, 9)));
    assert_eq!(node.said(Phase::Prepare).len(), 1);
}

#[test]
fn a_state_that_differs_from_the_quorums_is_replaced_by_one_that_is_proved() {
    let mut node = Node::start(2);
    (1..=4).for_each(|seq| node.decide(seq, seq as u32));
    let right = node.state.store.clone();
    let mut node = Node::start(2);
    (1..=3).for_each(|seq| node.decide(seq, seq as u32));
    assert!(Pbft::flip(Flip::State(&mut node.state), 3));
    // The fourth write would hide it; a flip after it does not.
    node.decide(4, 4);
    assert!(Pbft::flip(Flip::State(&mut node.state), 3));
    (5..=8).for_each(|seq| node.decide(seq, 4));
    let mark = Mark { seq: 8, digest: right.digest() };
    [1, 3, 4].into_iter().for_each(|by| node.hear(by, Message::Checkpoint(sign(by, mark))));
    assert!(node.state.diverged && node.state.checkpoints.is_empty());
    let signed = [1, 3, 4].map(|by| sign(by, mark)).to_vec();
    let proof = Arc::new(Proof { mark, signed });
    let state = |store| Message::State(Arc::new(Snapshot { proof: proof.clone(), store }));
    let mut wrong = right.clone();
    assert!(wrong.flip(1));
    node.hear(3, state(Some(wrong)));
    assert!(node.state.diverged && node.contained() == ["checkpoint quorum"]);
    node.hear(3, state(Some(right.clone())));
    assert!(!node.state.diverged && node.state.store == right && node.state.executed == 8);
}

#[test]
fn what_one_replica_can_make_another_keep_is_bounded() {
    let mut node = Node::start(2);
    for view in 0..50 {
        for seq in 0..50 {
            node.hear(3, vote(3, Phase::Prepare, view, seq, 7));
            node.hear(3, vote(3, Phase::Commit, view, seq, 7));
            let primary = (view % 4) as u16 + 1;
            node.hear(primary, Message::PrePrepare(order(view, seq, (view * 50 + seq) as u32)));
        }
        let mark = Mark { seq: view * 4, digest: view };
        node.hear(3, Message::Checkpoint(sign(3, mark)));
        node.hear(3, Message::ViewChange(change(3, view, Vec::new())));
    }
    let s = &node.state;
    assert!(s.slots.len() as u64 <= node.pbft.window());
    assert!(s.slots.values().all(|slot| slot.said.len() <= 12 && slot.requests.len() <= 4));
    assert!(s.marks.values().all(|marks| marks.len() <= MARKS_MAX));
    assert!(s.waiting.len() <= WAITING_MAX && s.changes.len() <= 4);
    assert_eq!((s.view, s.active), (0, true), "one replica starts no view change");
}

#[test]
fn a_view_begins_with_the_newest_certificates_and_with_nothing_in_the_gaps() {
    let old = certificate(0, 3, 7, &[2, 3]);
    let new = certificate(1, 3, 8, &[1, 3]);
    let first = certificate(0, 1, 9, &[2, 3, 4]);
    let changes = vec![change(1, 2, vec![first, old]), change(2, 2, vec![new])];
    let opening = Opening::of(&changes);
    assert_eq!(opening.requests, [Some(request(9)), None, Some(request(8))]);
    assert_eq!(opening.stable.mark.seq, 0);
}

#[test]
fn certificates_that_do_not_bear_a_quorums_signatures_are_refused() {
    let pbft = four();
    assert!(pbft.is_prepared(&certificate(0, 1, 7, &[2, 3])));
    for by in [&[2][..], &[2, 2], &[3, 2], &[1, 2], &[2, 5], &[]] {
        assert!(!pbft.is_prepared(&certificate(0, 1, 7, by)), "{by:?}");
    }
    let mut mixed = (*certificate(0, 1, 7, &[2, 3])).clone();
    mixed.prepares[1] = sign(3, statement(Phase::Prepare, 0, 1, 8));
    assert!(!pbft.is_prepared(&mixed));
    let mut swapped = (*certificate(0, 1, 7, &[2, 3])).clone();
    swapped.order.request = Some(request(8));
    assert!(!pbft.is_prepared(&swapped));
    // In a view change they also have to be in order, in the window, and of an earlier view.
    let proved = |prepared| pbft.is_view_change(&change(2, 1, prepared));
    let good = |view, seq| certificate(view, seq, 7, &[2, 3]);
    assert!(proved(vec![good(0, 1), good(0, 8)]) && proved(vec![]));
    assert!(!proved(vec![good(0, 8), good(0, 1)]) && !proved(vec![good(0, 1), good(0, 1)]));
    assert!(!proved(vec![good(0, 9)]) && !proved(vec![good(4, 1)]));
    let proof = Arc::new(Proof { mark: Mark { seq: 4, digest: 9 }, signed: Vec::new() });
    let unproved = ViewChange { view: 1, stable: proof, prepared: Vec::new() };
    assert!(!pbft.is_view_change(&sign(2, unproved)));
}

#[test]
fn a_new_primary_can_neither_leave_out_nor_invent() {
    let held = || vec![certificate(0, 1, 7, &[2, 3])];
    let changes = vec![change(2, 1, held()), change(3, 1, held()), change(4, 1, vec![])];
    let refuses = |msg: &Message| {
        let mut node = Node::start(3);
        node.step(Event::Timeout(Timer::View));
        node.hear(2, msg.clone());
        !node.state.active && node.contained() == ["prepared certificate"]
    };
    assert!(!refuses(&new_view(1, changes.clone())));
    let forged = |change: &dyn Fn(&mut NewView)| {
        let Message::NewView(honest) = new_view(1, changes.clone()) else { panic!("it is one") };
        let mut new = honest.value().clone();
        change(&mut new);
        Message::NewView(Arc::new(sign(2, new)))
    };
    assert!(refuses(&forged(&|new| new.orders.clear())));
    let other = sign(2, statement(Phase::PrePrepare, 1, 1, 8));
    assert!(refuses(&forged(&|new| new.orders[0] = other)));
    assert!(refuses(&forged(&|new| new.orders.push(other))));
    assert!(refuses(&forged(&|new| {
        new.changes.pop();
    })));
    assert!(refuses(&forged(&|new| new.changes[2] = new.changes[1].clone())));
    assert!(refuses(&forged(&|new| new.changes[0] = change(2, 2, held()))));
}

#[test]
fn each_lie_is_well_formed_and_none_is_believed_where_it_needs_anothers_signature() {
    let pbft = four();
    let mut node = Node::start(1);
    (1..=2).for_each(|seq| node.decide(seq, seq as u32));
    let held = vec![certificate(0, 1, 1, &[2, 3])];
    let honest = [
        Message::Request(request(9)),
        Message::PrePrepare(order(0, 2, 2)),
        vote(1, Phase::Prepare, 0, 2, 2),
        vote(1, Phase::Commit, 0, 2, 2),
        Message::Checkpoint(sign(1, Mark { seq: 4, digest: 9 })),
        Message::ViewChange(change(1, 1, held.clone())),
        new_view(4, vec![change(1, 4, held.clone()), change(2, 4, held), change(3, 4, vec![])]),
    ];
    let mut told = 0;
    for untruth in [Untruth::Contrary, Untruth::Value, Untruth::Denial] {
        let liar = Liar::new(Address::Node(1), untruth, vec![]);
        for msg in &honest {
            let Some(lie) = pbft.forge(&node.state, msg, Address::Node(2), &liar) else { continue };
            assert_ne!(lie, *msg, "{untruth:?}");
            told += 1;
            let mut victim = Node::start(2);
            victim.hear(1, lie.clone());
            let believed = victim.state.active && victim.contained().is_empty();
            let harmless = match &lie {
                Message::PrePrepare(_) => untruth == Untruth::Contrary, // a client's own request
                Message::ViewChange(_) => untruth == Untruth::Denial,   // others will not deny it
                Message::Vote(_) | Message::Checkpoint(_) => true,      // one of a quorum
                _ => false,
            };
            assert_eq!(believed, harmless, "{untruth:?} {lie:?}");
        }
    }
    assert!(told >= 11, "{told}");
}

#[test]
fn the_view_timer_doubles_until_something_is_executed() {
    let mut node = Node::start(4);
    let patience = |node: &Node| {
        node.effects.iter().find_map(|effect| match effect {
            Effect::Arm(Timer::View, wait) => Some(wait.start().0 / 1_000),
            _ => None,
        })
    };
    node.hear(1, Message::PrePrepare(order(0, 1, 7)));
    assert_eq!(patience(&node), Some(500));
    let mut waits = Vec::new();
    for view in 1..=5 {
        node.step(Event::Timeout(Timer::View));
        assert_eq!((node.state.view, patience(&node)), (view, None), "it does not run on alone");
        (2..=3).for_each(|by| node.hear(by, Message::ViewChange(change(by, view, vec![]))));
        waits.extend(patience(&node));
    }
    assert_eq!(waits, [500, 1_000, 4_000, 8_000], "view 3 is its own, and begins at once");
    let changes = (1..=3).map(|by| change(by, 6, vec![certificate(0, 1, 7, &[2, 3])]));
    node.hear(3, new_view(6, changes.collect()));
    assert_eq!((node.state.view, node.state.active), (6, true));
    [1, 2, 3].into_iter().for_each(|by| node.hear(by, vote(by, Phase::Commit, 6, 1, 7)));
    assert_eq!((node.state.executed, node.state.doubled), (1, 0));
}

#[test]
fn f_plus_one_others_are_joined_before_the_own_timer_runs_out_at_the_least_view_that_they_ask_for()
{
    let mut node = Node::start(2);
    node.hear(3, Message::ViewChange(change(3, 5, vec![])));
    assert_eq!((node.state.view, node.state.active), (0, true));
    node.hear(4, Message::ViewChange(change(4, 2, vec![])));
    assert_eq!((node.state.view, node.state.active), (2, false));
}

#[test]
fn a_flipped_bit_costs_a_message_its_signature() {
    let mut msg = vote(3, Phase::Prepare, 0, 1, 7);
    assert!(Pbft::flip(Flip::Msg(&mut msg), 5));
    let mut node = Node::start(2);
    node.hear(3, msg.clone());
    assert_eq!(node.contained(), ["signature"]);
    assert!(!Pbft::flip(Flip::Msg(&mut msg), 5), "nothing is left to flip");
}

#[test]
fn what_was_said_before_a_crash_is_stood_by_after_it() {
    let mut node = Node::start(2);
    let mut disk = Stable::default();
    let mut keep = |node: &Node| {
        for effect in &node.effects {
            if let Effect::Save(delta) = effect {
                Pbft::persist(&mut disk, delta);
            }
        }
        disk.clone()
    };
    node.hear(1, Message::PrePrepare(order(0, 1, 7)));
    keep(&node);
    node.hear(3, vote(3, Phase::Prepare, 0, 1, 7));
    keep(&node);
    node.step(Event::Timeout(Timer::View));
    let disk = keep(&node);
    let state = four().boot(Address::Node(2), Some(&disk), &mut outbox(Address::Node(2)));
    assert_eq!((state.view, state.active), (1, false));
    let change = state.changes.get(&2).expect("it asks for the view again").value();
    assert_eq!(change.prepared.len(), 1);
    let mut again = Node { state, ..Node::start(2) };
    again.hear(1, Message::PrePrepare(order(0, 1, 8)));
    assert_eq!(again.said(Phase::Prepare), [], "it agreed to another before");
}
