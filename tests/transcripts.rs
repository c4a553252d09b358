//! Golden transcripts: each script under `tests/transcripts/raft` tells one story, command by
//! command, with what the nodes do about it.
//!
//! `UPDATE_GOLDENFILES=1 cargo test --test transcripts` writes the transcripts anew; read the
//! difference before you keep it.

#[path = "transcripts/cluster.rs"]
mod cluster;
#[path = "transcripts/invariants.rs"]
mod invariants;
#[path = "transcripts/sweep.rs"]
mod sweep;

use std::error::Error;

use cluster::{Cluster, Flight};
use faultlab::protocols::raft::{Raft, RaftSpec, Stable, Timer};
use faultlab::sim::{Address, CallId, Mood, Op, Protocol, Span};
use goldenscript::{ArgumentConsumer, Command};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Plays a script.
#[derive(Default)]
struct Script {
    cluster: Option<Cluster>,
    /// How many calls each client made, by its number less one.
    calls: Vec<u32>,
}

impl goldenscript::Runner for Script {
    fn run(&mut self, command: &Command) -> Fallible<String> {
        let mut args = command.consume_args();
        if command.name == "cluster" {
            self.cluster = Some(new_cluster(&mut args)?);
            args.reject_rest()?;
            return Ok(String::new());
        }
        if command.name == "request" {
            self.request(&mut args)?;
        } else {
            let cluster = self.cluster.as_mut().ok_or("no cluster yet")?;
            run_on(cluster, &command.name, &mut args)?;
        }
        args.reject_rest()?;
        let text = self.cluster.as_mut().map(Cluster::take_text).unwrap_or_default();
        if command.silent && text.contains("VIOLATED") {
            return Err(format!("a silent command breaks an invariant:\n{text}").into());
        }
        Ok(text)
    }
}

impl Script {
    /// request NODE read|write k=KEY [v=VALUE] [client=1] [retry=SERIAL]
    fn request(&mut self, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
        let cluster = self.cluster.as_mut().ok_or("no cluster yet")?;
        let node = next_node(args)?;
        let what = args.next_pos().ok_or("read or write?")?.value.clone();
        let key = args.lookup_parse("k")?.ok_or("which k?")?;
        let op = match what.as_str() {
            "read" => Op::Read { key },
            "write" => Op::Write { key, value: args.lookup_parse("v")?.ok_or("which v?")? },
            _ => return Err("read or write?".into()),
        };
        let client: u16 = args.lookup_parse("client")?.unwrap_or(1);
        if self.calls.len() < usize::from(client) {
            self.calls.resize(usize::from(client), 0);
        }
        let made = &mut self.calls[usize::from(client) - 1];
        let (serial, attempt) = match args.lookup_parse("retry")? {
            Some(serial) => (serial, 2),
            None => (*made + 1, 1),
        };
        *made = serial.max(*made);
        cluster.request(node, CallId { client: Address::Client(client), serial, attempt }, op);
        Ok(())
    }
}

/// cluster nodes=N [autosync=false] [SWITCH=BOOL]…
fn new_cluster(args: &mut ArgumentConsumer<'_>) -> Fallible<Cluster> {
    let nodes = args.lookup_parse("nodes")?.ok_or("how many nodes?")?;
    let autosync = args.lookup_parse("autosync")?.unwrap_or(true);
    let mut raft = Raft::new(nodes, RaftSpec::default());
    for argument in args.rest_key() {
        if !raft.set(argument.name(), argument.parse()?) {
            return Err(format!("no switch {}", argument.name()).into());
        }
    }
    Ok(Cluster::new(nodes, raft.spec, autosync))
}

fn run_on(cluster: &mut Cluster, name: &str, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
    match name {
        // timeout NODE [election|heartbeat|quorum]
        "timeout" => {
            let node = next_node(args)?;
            let timer = args.next_pos().map_or("election", |argument| argument.value.as_str());
            cluster.timeout(node, timer_named(timer)?);
        }
        // deliver [from=NODE] [to=NODE] [count=N]: what is on its way now, oldest first
        "deliver" => take(cluster, args)?.into_iter().for_each(|flight| cluster.deliver(flight)),
        // delay [from=NODE] [to=NODE] [count=N]: the rest overtakes these
        "delay" => {
            let late = take(cluster, args)?;
            cluster.flights.extend(late);
        }
        // drop [from=NODE] [to=NODE] [count=N]
        "drop" => drop(take(cluster, args)?),
        // stabilize: deliver until nothing is on its way
        "stabilize" => cluster.stabilize(),
        "sync" => cluster.sync(next_node(args)?, true),
        // crash NODE [disk=kept|unsynced|wiped]
        "crash" => {
            let node = next_node(args)?;
            let mood = match args.lookup("disk").map_or("kept", |argument| argument.value.as_str())
            {
                "kept" => Mood::Durable,
                "unsynced" => Mood::UnsyncedLost,
                "wiped" => Mood::Wiped,
                other => return Err(format!("no disk is {other}").into()),
            };
            cluster.crash(node, mood);
        }
        "restart" => cluster.boot(next_node(args)?),
        // disk NODE TERM… [term=TERM]: a log of no-ops of these terms, of which 2x64 is sixty-four
        // of term 2, and the term that the node had seen
        "disk" => {
            let node = next_node(args)?;
            let term = args.lookup_parse("term")?.unwrap_or(0);
            let stable = Stable::with_terms(term, terms(args)?);
            cluster.give_disk(node, stable);
        }
        // partition NODE…: these on one side, all others on the other
        "partition" => partition(cluster, args)?,
        // cut NODE NODE: nothing passes from the first to the second
        "cut" => {
            let (from, to) = (next_node(args)?, next_node(args)?);
            cluster.cut(from, to);
        }
        "heal" => cluster.heal(),
        "wait" => cluster.wait(Span::parse(&args.next_pos().ok_or("how long?")?.value)?),
        "status" => cluster.status(),
        _ => return Err(format!("no command {name}").into()),
    }
    Ok(())
}

fn next_node(args: &mut ArgumentConsumer<'_>) -> Fallible<u16> {
    node_of(&args.next_pos().ok_or("which node?")?.value)
}

fn node_of(text: &str) -> Fallible<u16> {
    let address: Address = text.parse()?;
    address.node().ok_or_else(|| format!("{address} is no node").into())
}

fn timer_named(name: &str) -> Fallible<Timer> {
    match name {
        "election" => Ok(Timer::Election),
        "heartbeat" => Ok(Timer::Heartbeat),
        "quorum" => Ok(Timer::CheckQuorum),
        _ => Err(format!("no timer {name}").into()),
    }
}

fn terms(args: &mut ArgumentConsumer<'_>) -> Fallible<Vec<u64>> {
    let mut terms = Vec::new();
    for argument in args.rest_pos() {
        let (term, times) = argument.value.split_once('x').unwrap_or((&argument.value, "1"));
        terms.extend(std::iter::repeat_n(term.parse::<u64>()?, times.parse()?));
    }
    Ok(terms)
}

fn partition(cluster: &mut Cluster, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
    let mut side = Vec::new();
    for argument in args.rest_pos() {
        side.push(node_of(&argument.value)?);
    }
    let others = (1..=cluster.raft.nodes).filter(|node| !side.contains(node));
    for other in others.collect::<Vec<_>>() {
        for node in &side {
            cluster.cut(*node, other);
            cluster.cut(other, *node);
        }
    }
    Ok(())
}

/// Takes what is on its way and fits.
fn take(cluster: &mut Cluster, args: &mut ArgumentConsumer<'_>) -> Fallible<Vec<Flight>> {
    let from = args.lookup("from").map(|argument| node_of(&argument.value)).transpose()?;
    let to = args.lookup("to").map(|argument| node_of(&argument.value)).transpose()?;
    let mut count = args.lookup_parse("count")?.unwrap_or(usize::MAX);
    let fits = |flight: &mut Flight| {
        let fits = count > 0
            && from.is_none_or(|from| from == flight.from)
            && to.is_none_or(|to| to == flight.to);
        count -= usize::from(fits);
        fits
    };
    Ok(cluster.flights.extract_if(.., fits).collect())
}

/// Makes one test of each script, and one that finds scripts which have none.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let path = concat!("tests/transcripts/raft/", stringify!($name));
                goldenscript::run(&mut Script::default(), path).expect("the script runs");
            }
        )*

        #[test]
        fn every_script_is_played() {
            let listed = [$(stringify!($name)),*];
            let folder = std::fs::read_dir("tests/transcripts/raft").expect("the folder is there");
            for file in folder {
                let name = file.expect("it can be listed").file_name();
                let name = name.to_str().expect("names are plain").to_owned();
                assert!(listed.contains(&name.as_str()), "{name} is not in the list of stories");
            }
        }
    };
}

stories! {
    election,
    tie,
    split_vote,
    one_node,
    divergent_log_repaired,
    figure_8_overwritten,
    figure_8_committed,
    stale_leader_deposed,
    restart_with_disk,
    restart_unsynced_lost,
    amnesia_double_vote,
    says_before_disk,
    waits_for_disk,
    lost_append,
    read_index,
    read_index_stale_leader,
    read_shortcut_stale,
    duplicate_once,
    duplicate_twice,
    returning_node_disturbs,
    pre_vote,
    check_quorum,
    leader_stickiness,
    wiped_follower,
}
