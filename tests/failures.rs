//! Whether the checker of linearizability can be believed, and whether a panel can be forked.
//!
//! The checker is held against two others that work in other ways: `porcupine-rs`, which searches,
//! and a search of our own that is too simple to be wrong and too slow for more than a few calls.

use std::collections::{BTreeMap, BTreeSet};

use faultlab::oracles::failures::linearizable::check;
use faultlab::oracles::{Bounds, Operation, Panel, Signal, Subject, every_property};
use faultlab::sim::chance::mix;
use faultlab::sim::protocol::{MessageKind, Nature};
use faultlab::sim::{
    Address, CallId, ClientNote, Detail, EventId, FaultId, Instant, Life, Note, Op, Outcome,
    Record, Role, Slot, What,
};
use porcupine_rs::Model;

/// Dice for tests: a counter through the stable hash.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % sides
    }

    fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let length = items.len().max(1) as u64;
        items.get(self.below(length) as usize)
    }
}

/// How a random history is made.
struct Shape {
    clients: u16,
    keys: u64,
    calls: usize,
    /// How many of a hundred calls the client gives up.
    give_up_percent: u64,
}

/// Plays clients against registers whose every call takes effect at one moment. A call that is
/// given up may take effect at any later time, or never.
fn legal(dice: &mut Dice, shape: &Shape) -> Vec<Operation> {
    let mut store: BTreeMap<u64, u64> = BTreeMap::new();
    let mut open: Vec<Option<(usize, Option<Outcome>)>> = vec![None; usize::from(shape.clients)];
    let mut orphans: Vec<usize> = Vec::new();
    let mut history: Vec<Operation> = Vec::new();
    let effect = |store: &mut BTreeMap<u64, u64>, op: Op| match op {
        Op::Read { key } => Outcome::Read(store.get(&key).copied()),
        Op::Write { key, value } => {
            store.insert(key, value);
            Outcome::Written
        }
    };
    let mut event = 0;
    while history.len() < shape.calls || open.iter().any(Option::is_some) {
        event += 1;
        if !orphans.is_empty() && dice.hits(10) {
            let late = orphans.swap_remove(dice.below(orphans.len() as u64) as usize);
            effect(&mut store, history[late].op);
            continue;
        }
        let client = dice.below(u64::from(shape.clients)) as usize;
        match open[client] {
            None if history.len() < shape.calls => {
                let (key, value) = (1 + dice.below(shape.keys), history.len() as u64 + 100);
                let op = if dice.hits(50) { Op::Read { key } } else { Op::Write { key, value } };
                open[client] = Some((history.len(), None));
                history.push(Operation {
                    call: (Address::Client(client as u16 + 1), history.len() as u32 + 1),
                    op,
                    called_at: Instant(event),
                    called: EventId(event as u32),
                    returned: None,
                    ended: None,
                    slot: None,
                });
            }
            None => {}
            Some((call, answer)) if dice.hits(shape.give_up_percent) => {
                history[call].ended = Some(EventId(event as u32));
                open[client] = None;
                if answer.is_none() && dice.hits(60) {
                    orphans.push(call);
                }
            }
            Some((call, None)) => {
                open[client] = Some((call, Some(effect(&mut store, history[call].op))));
            }
            Some((call, Some(outcome))) => {
                history[call].ended = Some(EventId(event as u32));
                history[call].returned = Some((Instant(event), outcome));
                open[client] = None;
            }
        }
    }
    history
}

/// Changes what a few reads saw, which may or may not break the history.
fn mutate(dice: &mut Dice, history: &mut [Operation]) {
    let values: Vec<Option<u64>> = history
        .iter()
        .filter_map(|operation| match operation.op {
            Op::Write { value, .. } => Some(Some(value)),
            Op::Read { .. } => None,
        })
        .chain([None])
        .collect();
    let reads: Vec<usize> = (0..history.len())
        .filter(|index| matches!(history[*index].returned, Some((_, Outcome::Read(_)))))
        .collect();
    for _ in 0..=dice.below(2) {
        let (Some(&read), Some(&value)) = (dice.pick(&reads), dice.pick(&values)) else { return };
        let saw = history[read].returned.as_mut().expect("it was returned");
        saw.1 = Outcome::Read(value);
    }
}

/// The register as porcupine wants it: what was asked and what was answered, for one key.
#[derive(Clone, Debug)]
struct Registers;

impl Model for Registers {
    type State = Option<u64>;
    type Op = (Op, Option<Outcome>);
    type Metadata = ();

    fn partition_operations(
        history: &[porcupine_rs::Operation<Self>],
    ) -> Vec<Vec<porcupine_rs::Operation<Self>>> {
        let mut keys: BTreeMap<u64, Vec<porcupine_rs::Operation<Self>>> = BTreeMap::new();
        for operation in history {
            keys.entry(operation.op.0.key()).or_default().push(operation.clone());
        }
        keys.into_values().collect()
    }

    fn init() -> Option<u64> {
        None
    }

    fn step(state: &Option<u64>, (op, answer): &(Op, Option<Outcome>)) -> (bool, Option<u64>) {
        match (op, answer) {
            (Op::Write { value, .. }, _) => (true, Some(*value)),
            (Op::Read { .. }, Some(Outcome::Read(saw))) => (saw == state, *state),
            _ => (false, *state),
        }
    }
}

fn porcupine_agrees_with(history: &[Operation]) -> bool {
    let theirs: Vec<porcupine_rs::Operation<Registers>> = history
        .iter()
        .filter(|operation| {
            operation.returned.is_some() || matches!(operation.op, Op::Write { .. })
        })
        .map(|operation| porcupine_rs::Operation {
            client_id: None,
            call_time: i64::from(operation.called.0),
            // A write without an answer is open to the end: there it changes nothing.
            return_time: end_of(operation).map_or(i64::MAX, |event| i64::from(event.0)),
            op: (operation.op, operation.returned.map(|(_, outcome)| outcome)),
            metadata: None,
        })
        .collect();
    porcupine_rs::check_operations(&theirs)
}

fn end_of(operation: &Operation) -> Option<EventId> {
    operation.returned.and(operation.ended)
}

/// Tries every order of the calls. Exponential, and short enough to be read in a minute.
fn some_order_explains(history: &[Operation]) -> bool {
    fn from(left: &[&Operation], store: &BTreeMap<u64, u64>) -> bool {
        if left.iter().all(|operation| end_of(operation).is_none()) {
            return true;
        }
        let first_end = left.iter().filter_map(|operation| end_of(operation)).min();
        (0..left.len()).any(|index| {
            let next = left[index];
            if first_end.is_some_and(|end| end < next.called) {
                return false;
            }
            let mut store = store.clone();
            match (next.op, next.returned) {
                (Op::Write { key, value }, _) => {
                    store.insert(key, value);
                }
                (Op::Read { key }, Some((_, outcome))) => {
                    if outcome != Outcome::Read(store.get(&key).copied()) {
                        return false;
                    }
                }
                (Op::Read { .. }, None) => {}
            }
            let rest: Vec<&Operation> =
                left.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, o)| *o).collect();
            from(&rest, &store)
        })
    }
    from(&history.iter().collect::<Vec<_>>(), &BTreeMap::new())
}

/// Returns the history as it was known just after a record.
fn known_at(history: &[Operation], event: EventId) -> Vec<Operation> {
    let begun = history.iter().filter(|operation| operation.called <= event);
    begun
        .map(|operation| match operation.ended {
            Some(ended) if ended > event => Operation { ended: None, returned: None, ..*operation },
            _ => *operation,
        })
        .collect()
}

/// The checker and porcupine say the same of thousands of histories, and both words often.
#[test]
fn the_checker_agrees_with_porcupine() {
    let (mut held, mut violated, mut given_up) = (0, 0, 0);
    for seed in 0..4_000 {
        let mut dice = Dice(seed << 32);
        let clients = 2 + dice.below(5) as u16;
        let (keys, calls) = (1 + dice.below(3), 6 + dice.below(30) as usize);
        let shape = Shape { clients, keys, calls, give_up_percent: dice.below(3) * 10 };
        let mut history = legal(&mut dice, &shape);
        assert_eq!(check(&history), Ok(()), "seed {seed}: a legal history is called wrong");
        if dice.hits(75) {
            mutate(&mut dice, &mut history);
        }
        let open = |o: &&Operation| o.returned.is_none() && matches!(o.op, Op::Write { .. });
        given_up += history.iter().filter(open).count();
        let ours = check(&history);
        let theirs = porcupine_agrees_with(&history);
        assert_eq!(ours.is_ok(), theirs, "seed {seed}: {ours:?}\n{history:#?}");
        if theirs { held += 1 } else { violated += 1 }
    }
    assert!(held > 1_000 && violated > 1_000 && given_up > 4_000, "{held} {violated} {given_up}");
}

/// On small histories the checker says what trying every order says, at the very answer with which
/// no order agrees any more, and the calls that it names are enough.
#[test]
fn the_checker_agrees_with_trying_every_order() {
    let (mut held, mut violated) = (0, 0);
    for seed in 0..6_000 {
        let mut dice = Dice(seed << 32 | 1 << 63);
        let (clients, calls) = (2 + dice.below(3) as u16, 3 + dice.below(5) as usize);
        let shape = Shape { clients, keys: 1, calls, give_up_percent: 12 };
        let mut history = legal(&mut dice, &shape);
        mutate(&mut dice, &mut history);
        let Err(finding) = check(&history) else {
            assert!(some_order_explains(&history), "seed {seed}: {history:#?}");
            held += 1;
            continue;
        };
        violated += 1;
        let before = known_at(&history, EventId(finding.event.0 - 1));
        let after = known_at(&history, finding.event);
        assert!(some_order_explains(&before), "seed {seed}: found too late: {finding:?}");
        assert!(!some_order_explains(&after), "seed {seed}: found too soon: {finding:?}");

        assert!((1..=4).contains(&finding.evidence.len()), "seed {seed}: {finding:?}");
        let named = |o: &&Operation| {
            finding.evidence.iter().any(|event| *event == o.called || Some(*event) == o.ended)
        };
        let calls: Vec<Operation> = after.iter().filter(named).copied().collect();
        let seen: BTreeSet<u64> = calls.iter().filter_map(value_of).collect();
        let with_writes: Vec<Operation> = after
            .iter()
            .filter(|o| matches!(o.op, Op::Write { value, .. } if seen.contains(&value)))
            .filter(|write| !calls.iter().any(|call| call.call == write.call))
            .chain(&calls)
            .copied()
            .collect();
        assert!(!some_order_explains(&with_writes), "seed {seed}: {finding:?}\n{with_writes:#?}");
    }
    assert!(held > 1_500 && violated > 1_500, "{held} {violated}");
}

/// Returns the value that a call wrote or read.
fn value_of(operation: &Operation) -> Option<u64> {
    match (operation.op, operation.returned) {
        (Op::Write { value, .. }, _) => Some(value),
        (Op::Read { .. }, Some((_, Outcome::Read(value)))) => value,
        _ => None,
    }
}

/// A history of 5,000 calls by 10 clients over 10 keys is judged, and one stale read in it found.
#[test]
fn a_long_history_is_judged() {
    let mut dice = Dice(77);
    let shape = Shape { clients: 10, keys: 10, calls: 5_000, give_up_percent: 0 };
    let mut history = legal(&mut dice, &shape);
    assert_eq!(check(&history), Ok(()));
    assert!(porcupine_agrees_with(&history));

    let old = history.iter().find_map(value_of).expect("something was written");
    let key = history.iter().find(|o| value_of(o) == Some(old)).map(|o| o.op.key());
    let read = |o: &&mut Operation| {
        matches!(o.returned, Some((_, Outcome::Read(_)))) && Some(o.op.key()) == key
    };
    let stale = history.iter_mut().rfind(read).expect("something was read");
    let answered = stale.ended;
    stale.returned.as_mut().expect("it was returned").1 = Outcome::Read(Some(old));
    let finding = check(&history).expect_err("what was long overwritten was read");
    assert_eq!((Some(finding.subject), Some(finding.event)), (key.map(Subject::Key), answered));
    assert!(!porcupine_agrees_with(&history));
}

/// A run that no protocol would make: every node and client says whatever comes to its mind.
fn madness(dice: &mut Dice, records: u32) -> Vec<Record> {
    let mut lengths = [0_u64; NODES as usize];
    let mut lives = [Life::Up; NODES as usize];
    let mut open: Vec<(CallId, Op)> = Vec::new();
    let (mut now, mut serial) = (0, 0);
    let run = (0..records).map(|id| {
        now += dice.below(40_000);
        let number = dice.below(u64::from(NODES)) as u16;
        let index = usize::from(number);
        let node = Address::Node(number + 1);
        let (who, what) = match dice.below(100) {
            0..8 => {
                serial += 1;
                let client = Address::Client(1 + dice.below(3) as u16);
                let call = CallId { client, serial, attempt: 1 };
                let (key, value) = (dice.below(3), u64::from(serial));
                let op = if dice.hits(50) { Op::Read { key } } else { Op::Write { key, value } };
                open.push((call, op));
                (Some(client), What::Client(ClientNote::Called { call, op }))
            }
            8..16 if !open.is_empty() => {
                let (call, op) = open.swap_remove(dice.below(open.len() as u64) as usize);
                (Some(call.client), What::Client(end(dice, call, op)))
            }
            16 => (None, What::Injected(FaultId(dice.below(3) as u32))),
            17 => (None, What::Healed(FaultId(dice.below(3) as u32))),
            18..22 => {
                let life = [Life::Up, Life::Up, Life::Paused, Life::Down][dice.below(4) as usize];
                let was = std::mem::replace(&mut lives[index], life);
                let boots = was == Life::Down && life == Life::Up;
                (Some(node), if boots { What::Booted } else { What::Life(life) })
            }
            _ => (Some(node), What::Noted(remark(dice, &mut lengths[index], &open))),
        };
        Record { at: Instant(now), id: EventId(id), who, because: [].into_iter().collect(), what }
    });
    run.collect()
}

/// How many nodes a mad run has.
const NODES: u16 = 4;

fn end(dice: &mut Dice, call: CallId, op: Op) -> ClientNote {
    match op {
        _ if dice.hits(15) => ClientNote::GaveUp { call, op },
        Op::Write { .. } => ClientNote::Returned { call, op, outcome: Outcome::Written },
        Op::Read { .. } => {
            let value = (!dice.hits(30)).then(|| dice.below(40));
            ClientNote::Returned { call, op, outcome: Outcome::Read(value) }
        }
    }
}

fn remark(dice: &mut Dice, length: &mut u64, open: &[(CallId, Op)]) -> Note {
    let value = dice.pick(open).map_or(0, |(call, _)| call.key());
    let entry = Slot { epoch: 1 + dice.below(2), value };
    let peer = Address::Node(1 + dice.below(u64::from(NODES)) as u16);
    match dice.below(40) {
        0..8 => {
            let role = [Role::Follower, Role::Candidate, Role::Leader][dice.below(3) as usize];
            Note::Role { role, epoch: dice.below(12) }
        }
        8..10 => Note::Voted { epoch: dice.below(12), candidate: peer },
        10..20 => {
            *length += 1;
            Note::Appended { slot: *length, entry }
        }
        20..22 => {
            let from = 1 + dice.below(*length + 1);
            *length = from - 1;
            Note::Truncated { from }
        }
        22..24 => {
            *length = dice.below(4);
            Note::Restored((0..*length).map(|_| entry).collect())
        }
        24..34 => Note::Decided { slot: 1 + dice.below(*length + 2), entry },
        34..37 => Note::Suspects(peer),
        _ => Note::Trusts(peer),
    }
}

/// A message record: oracles must not hear it.
fn noise(record: &Record) -> Record {
    static KIND: MessageKind =
        MessageKind { name: "noise", glyph: '~', nature: Nature::Probe, fields: &[] };
    let what = What::Sent { to: Address::Node(1), detail: Detail::new(&KIND, [0; 4]) };
    Record { who: Some(Address::Node(2)), what, ..record.clone() }
}

/// A panel that is forked at any point goes on to say what the first one says, whatever becomes of
/// the first one, and whether or not messages are kept.
#[test]
fn a_forked_panel_says_the_same() {
    let mut heard: BTreeSet<&'static str> = BTreeSet::new();
    for seed in 0..60 {
        let mut dice = Dice(seed << 32);
        let run = madness(&mut dice, 600);
        let (mut straight, mut said) =
            (Panel::new(&Bounds::default(), NODES, &every_property()), Vec::new());
        for record in &run {
            straight.observe(record, &mut said);
        }
        heard.extend(said.iter().map(Signal::property));

        let (mut forked, mut same) =
            (Panel::new(&Bounds::default(), NODES, &every_property()), Vec::new());
        for (index, record) in run.iter().enumerate() {
            if index % 50 == 7 {
                let mut other = std::mem::replace(
                    &mut forked,
                    Panel::new(&Bounds::default(), 1, &every_property()),
                );
                forked = other.fork();
                let mut ignored = Vec::new();
                for record in run.iter().rev() {
                    other.observe(record, &mut ignored);
                }
            }
            forked.observe(&noise(record), &mut same);
            forked.observe(record, &mut same);
        }
        assert_eq!(said, same, "seed {seed}");
        let now = run.last().expect("a run has records").at;
        assert_eq!(straight.verdicts(now), forked.verdicts(now), "seed {seed}");
    }
    assert!(heard.len() >= 15, "a property that nobody breaks is not tested here: {heard:?}");
}

/// Nothing is raised twice before it is cleared, nothing is cleared that was not raised, and what
/// stands is what was raised and not cleared.
#[test]
fn signals_come_in_pairs() {
    for seed in 100..160 {
        let mut dice = Dice(seed << 32);
        let mut panel = Panel::new(&Bounds::default(), NODES, &every_property());
        let (mut standing, mut said) = (BTreeSet::new(), Vec::new());
        for record in madness(&mut dice, 600) {
            said.clear();
            panel.observe(&record, &mut said);
            for signal in &said {
                let about = (signal.property(), signal.subject());
                match signal {
                    Signal::Raised(finding) => {
                        assert!(standing.insert(about), "seed {seed}: again: {finding:?}");
                        assert_eq!((finding.at, finding.event), (record.at, record.id));
                        assert!(!finding.evidence.is_empty() && finding.evidence.is_sorted());
                        assert!(finding.evidence.iter().all(|event| *event <= record.id));
                    }
                    Signal::Cleared { .. } => {
                        assert!(standing.remove(&about), "seed {seed}: never was: {signal:?}");
                    }
                }
            }
            let now: BTreeSet<_> = panel.standing().map(|f| (f.property, f.subject)).collect();
            assert_eq!(now, standing, "seed {seed} at {}", record.id);
        }
    }
}
