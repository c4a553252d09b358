//! The commands of a script, for any protocol.

use faultlab::sim::{Address, CallId, Liar, Mood, Op, Protocol, Span, Untruth};
use goldenscript::{ArgumentConsumer, Command};

use crate::desk::{Desk, Flight};
use crate::stage::{Fallible, Staged};

/// Plays a script.
pub struct Script<P: Staged> {
    desk: Option<Desk<P>>,
    /// How many calls each client made, by its number less one.
    calls: Vec<u32>,
}

impl<P: Staged> Default for Script<P> {
    fn default() -> Script<P> {
        Script { desk: None, calls: Vec::new() }
    }
}

impl<P: Staged> goldenscript::Runner for Script<P> {
    fn run(&mut self, command: &Command) -> Fallible<String> {
        let mut args = command.consume_args();
        if command.name == "cluster" {
            self.desk = Some(new_desk(&mut args)?);
            args.reject_rest()?;
            return Ok(String::new());
        }
        if command.name == "request" {
            self.request(&mut args)?;
        } else {
            let desk = self.desk.as_mut().ok_or("no cluster yet")?;
            run_on(desk, &command.name, &mut args)?;
        }
        args.reject_rest()?;
        let text = self.desk.as_mut().map(Desk::take_text).unwrap_or_default();
        if command.silent && text.contains("VIOLATED") {
            return Err(format!("a silent command breaks an invariant:\n{text}").into());
        }
        Ok(text)
    }
}

impl<P: Staged> Script<P> {
    /// request NODE|all read|write k=KEY [v=VALUE] [client=1] [retry=SERIAL]
    fn request(&mut self, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
        let desk = self.desk.as_mut().ok_or("no cluster yet")?;
        let nodes = match args.next_pos().ok_or("which node?")?.value.as_str() {
            "all" => (1..=desk.nodes()).collect(),
            node => vec![node_of(node)?],
        };
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
        desk.request(&nodes, CallId { client: Address::Client(client), serial, attempt }, op);
        Ok(())
    }
}

/// cluster nodes=N [spec="(setting: …)"] [autosync=false] [SWITCH=BOOL]…
fn new_desk<P: Staged>(args: &mut ArgumentConsumer<'_>) -> Fallible<Desk<P>> {
    let nodes = args.lookup_parse("nodes")?.ok_or("how many nodes?")?;
    let autosync = args.lookup_parse("autosync")?.unwrap_or(true);
    let spec = match args.lookup("spec") {
        Some(argument) => faultlab::lab::reading::read_ron("spec", &argument.value)
            .map_err(|report| report.to_string())?,
        None => P::Spec::default(),
    };
    let mut protocol = P::stage(nodes, spec);
    for argument in args.rest_key() {
        if !protocol.set(argument.name(), argument.parse()?) {
            return Err(format!("no switch {}", argument.name()).into());
        }
    }
    Ok(Desk::new(protocol, nodes, autosync))
}

fn run_on<P: Staged>(
    desk: &mut Desk<P>,
    name: &str,
    args: &mut ArgumentConsumer<'_>,
) -> Fallible<()> {
    match name {
        // timeout NODE [NAME]: an armed timer whose name contains this, the oldest of several that
        // are called alike; where nothing is said, the one that waits for something
        "timeout" => {
            let node = next_node(args)?;
            let timer = timer_of(desk, node, args.next_pos().map(|name| name.value.as_str()))?;
            desk.timeout(node, timer);
        }
        // deliver [from=NODE] [to=NODE] [kind=NAME] [count=N]: what is on its way now, oldest first
        "deliver" => take(desk, args)?.into_iter().for_each(|flight| desk.deliver(flight)),
        // delay [from=NODE] [to=NODE] [kind=NAME] [count=N]: the rest overtakes these
        "delay" => {
            let late = take(desk, args)?;
            desk.flights.extend(late);
        }
        // duplicate [from=NODE] [to=NODE] [kind=NAME] [count=N]: these come once more, last
        "duplicate" => {
            let twice = take(desk, args)?;
            desk.flights.splice(0..0, twice.iter().cloned());
            desk.flights.extend(twice);
        }
        // drop [from=NODE] [to=NODE] [kind=NAME] [count=N]
        "drop" => drop(take(desk, args)?),
        // lie NODE contrary|value|denial [to=NODE] [kind=NAME] [with=NODE]: what it has on its way
        // says something else than it meant; it may sign for the one it lies with too
        "lie" => lie(desk, args)?,
        // stabilize: deliver until nothing is on its way
        "stabilize" => desk.stabilize(),
        "sync" => desk.sync(next_node(args)?, true),
        // crash NODE [disk=kept|unsynced|wiped]
        "crash" => {
            let node = next_node(args)?;
            let mood = mood(args.lookup("disk").map_or("kept", |disk| disk.value.as_str()))?;
            desk.crash(node, mood);
        }
        "restart" => desk.boot(next_node(args)?),
        // disk NODE …: what an earlier life left, as the protocol reads it
        "disk" => {
            let node = next_node(args)?;
            desk.give_disk(node, P::disk(args)?);
        }
        // partition NODE…: these on one side, all others on the other
        "partition" => partition(desk, args)?,
        // cut NODE NODE: nothing passes from the first to the second
        "cut" => {
            let (from, to) = (next_node(args)?, next_node(args)?);
            desk.cut(from, to);
        }
        "heal" => desk.heal(),
        "wait" => desk.wait(Span::parse(&args.next_pos().ok_or("how long?")?.value)?),
        "status" => desk.status(),
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

fn mood(name: &str) -> Fallible<Mood> {
    match name {
        "kept" => Ok(Mood::Durable),
        "unsynced" => Ok(Mood::UnsyncedLost),
        "wiped" => Ok(Mood::Wiped),
        other => Err(format!("no disk is {other}").into()),
    }
}

fn lie<P: Staged>(desk: &mut Desk<P>, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
    let liar = next_node(args)?;
    let says = match args.next_pos().ok_or("which lie?")?.value.as_str() {
        "contrary" => Untruth::Contrary,
        "value" => Untruth::Value,
        "denial" => Untruth::Denial,
        other => return Err(format!("no lie is called {other}").into()),
    };
    let to = args.lookup("to").map(|argument| node_of(&argument.value)).transpose()?;
    let kind = args.lookup("kind").map(|argument| argument.value.clone());
    let with = args.lookup("with").map(|argument| node_of(&argument.value)).transpose()?;
    let all = std::iter::once(liar).chain(with).map(Address::Node).collect();
    desk.lie(&Liar::new(Address::Node(liar), says, all), |flight| {
        flight.from == liar
            && to.is_none_or(|to| to == flight.to)
            && kind.as_ref().is_none_or(|kind| kind == P::describe(&flight.msg).kind.name)
    });
    Ok(())
}

/// Finds the one timer that is meant.
fn timer_of<P: Staged>(desk: &Desk<P>, node: u16, name: Option<&str>) -> Fallible<P::Timer> {
    let armed = desk.armed(node);
    let meant = |timer: &&P::Timer| match name {
        Some(name) => P::timer(timer).name.contains(name),
        None => P::timer(timer).awaits,
    };
    let mut found = armed.iter().filter(meant);
    let timer = found.next();
    let called = |timer: &P::Timer| <P as Protocol>::timer(timer).name;
    let alike = found.all(|other| timer.is_none_or(|timer| called(timer) == called(other)));
    match timer {
        Some(timer) if alike => Ok(timer.clone()),
        _ => {
            let names: Vec<&str> = armed.iter().map(called).collect();
            Err(format!("which timer of n{node}? It has armed: {}", names.join(", ")).into())
        }
    }
}

fn partition<P: Staged>(desk: &mut Desk<P>, args: &mut ArgumentConsumer<'_>) -> Fallible<()> {
    let mut side = Vec::new();
    for argument in args.rest_pos() {
        side.push(node_of(&argument.value)?);
    }
    let others = (1..=desk.nodes()).filter(|node| !side.contains(node));
    for other in others.collect::<Vec<_>>() {
        for node in &side {
            desk.cut(*node, other);
            desk.cut(other, *node);
        }
    }
    Ok(())
}

/// Takes what is on its way and fits.
fn take<P: Staged>(
    desk: &mut Desk<P>,
    args: &mut ArgumentConsumer<'_>,
) -> Fallible<Vec<Flight<P::Msg>>> {
    let from = args.lookup("from").map(|argument| node_of(&argument.value)).transpose()?;
    let to = args.lookup("to").map(|argument| node_of(&argument.value)).transpose()?;
    let kind = args.lookup("kind").map(|argument| argument.value.clone());
    let mut count = args.lookup_parse("count")?.unwrap_or(usize::MAX);
    let fits = |flight: &mut Flight<P::Msg>| {
        let fits = count > 0
            && from.is_none_or(|from| from == flight.from)
            && to.is_none_or(|to| to == flight.to)
            && kind.as_ref().is_none_or(|kind| kind == P::describe(&flight.msg).kind.name);
        count -= usize::from(fits);
        fits
    };
    Ok(desk.flights.extract_if(.., fits).collect())
}
