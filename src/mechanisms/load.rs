//! Containers around how much a node takes on.

use super::Mechanism;

const NYGARD: &str = "M. T. Nygard, Release It!, 2007, on stability patterns";
const SRE: &str = "B. Beyer et al., Site Reliability Engineering, 2016, on addressing cascading \
                   failures";

/// The mechanisms.
pub static LOAD: [Mechanism; 3] = [
    Mechanism {
        name: "load shedding",
        contains: "A line without end: a call that finds no room is refused at once, so that its \
                   client need not wait to learn it and those that are served are served in time.",
        misses: "Clients that come again at once: each refusal costs them nothing. A line that is \
                 longer than anybody waits fills with calls that are served in vain before any \
                 call is shed.",
        costs: "Calls are refused that a longer line would have served.",
        source: SRE,
        switch: Some("load_shedding"),
    },
    Mechanism {
        name: "bulkhead",
        contains: "A flood of calls that keeps heartbeats and votes waiting: they have room and a \
                   worker of their own, so that no leader is deposed for being busy.",
        misses: "The calls themselves: they wait or are lost as before.",
        costs: "Room and a worker that stand idle while the other line is full.",
        source: NYGARD,
        switch: Some("bulkhead"),
    },
    Mechanism {
        name: "deadlines",
        contains: "Work in vain: a call carries how long its client waits, and is dropped unserved \
                   when that is over before its turn comes.",
        misses: "A call whose time runs out while it is worked on, or on its way back.",
        costs: "One number in each call, and clocks that agree well enough.",
        source: SRE,
        switch: Some("deadlines"),
    },
];
