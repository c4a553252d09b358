//! Containers outside of the cluster: who looks at a node, how far along the users' way, and what
//! follows from it.

use super::Mechanism;

const HUANG: &str =
    "P. Huang et al., Gray failure: the Achilles' heel of cloud-scale systems, HotOS 2017";

/// The mechanisms.
pub static OBSERVERS: [Mechanism; 4] = [
    Mechanism {
        name: "deep health check",
        contains: "Gray failures of the node's own path: the check is a call that goes the way of \
                   users' calls.",
        misses: "What fails now and then, if only several failures in a row convict; the links of \
                 users; wrong content.",
        costs: "A call to each node at each beat.",
        source: HUANG,
        switch: Some("deep_check"),
    },
    Mechanism {
        name: "synthetic transaction",
        contains: "Gray failures and lost or wrong content: a value is written through the node \
                   and read back.",
        misses: "What strikes only other keys or only the links of users.",
        costs: "A write and a read to each node at each beat, in the same log and store as users' \
                data.",
        source: HUANG,
        switch: Some("synthetic"),
    },
    Mechanism {
        name: "anomaly detection",
        contains: "Whatever users suffer, on whichever way: success and latency are weighed \
                   against what was usual.",
        misses: "What was ill from the beginning, what grows slowly, and what too few users meet.",
        costs: "A report of each attempt, and false alarms where load or role changes what is \
                usual.",
        source: HUANG,
        switch: Some("anomaly"),
    },
    Mechanism {
        name: "ejection",
        contains: "A node that is judged ill: clients take it out of their rotation.",
        misses: "A leader to which everybody else redirects; and everything that the monitor does \
                 not see.",
        costs: "Less capacity; a false alarm takes a good node away. Where more than half are \
                judged ill nobody is avoided.",
        source: "B. Beyer et al. (eds.), Site Reliability Engineering, 2016, on load balancing",
        switch: Some("ejection"),
    },
];

/// Returns the mechanism that a monitor's probe is; a ping is none.
pub fn of_probe(probe: &str) -> Option<&'static str> {
    let name = match probe {
        "deep" => OBSERVERS[0].name,
        "synthetic" => OBSERVERS[1].name,
        "anomaly" => OBSERVERS[2].name,
        _ => return None,
    };
    Some(name)
}
