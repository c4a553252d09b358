//! Containers in stores that order versions instead of agreeing on a log.

use super::Mechanism;

const DYNAMO: &str = "G. DeCandia et al., Dynamo: Amazon's highly available key-value store, SOSP \
                      2007";
const ABD: &str = "H. Attiya, A. Bar-Noy and D. Dolev, Sharing memory robustly in message-passing \
                   systems, JACM 42(1), 1995";

/// The mechanisms.
pub static REPLICAS: [Mechanism; 5] = [
    Mechanism {
        name: "read repair",
        contains: "An old copy that a read finds: the newer one is sent back to whoever has it.",
        misses: "What nobody reads; a wrong value under the right version, which looks like a \
                 copy that is up to date.",
        costs: "A message for each old copy that is found, and each replica asked on each read.",
        source: DYNAMO,
        switch: Some("read_repair"),
    },
    Mechanism {
        name: "reconciliation",
        contains: "Copies that parted while the network was cut: replicas compare versions in \
                   turn, and the highest wins.",
        misses: "The write that loses. Its client was told that it was done, and nobody will ever \
                 read it.",
        costs: "A comparison of versions at each beat, though nothing may differ.",
        source: "A. Demers et al., Epidemic algorithms for replicated database maintenance, PODC \
                 1987",
        switch: Some("reconciliation"),
    },
    Mechanism {
        name: "sloppy quorum",
        contains: "Unavailability: a coordinator that does not reach enough replicas takes the \
                   call alone.",
        misses: "What the other side does meanwhile: reads are old, and of two writes to one key \
                 one is lost.",
        costs: "Every promise that rests on quorums meeting.",
        source: DYNAMO,
        switch: Some("sloppy"),
    },
    Mechanism {
        name: "version query",
        contains: "Writes that get too low a version from a clock that is behind, or a counter \
                   that has not seen enough: a quorum is asked first.",
        misses: "Nothing that quorums that meet would find; everything where they do not.",
        costs: "One more round trip for each write.",
        source: ABD,
        switch: Some("ask_first"),
    },
    Mechanism {
        name: "write-back",
        contains: "A new value that one read sees and a later one does not: a read is answered \
                   only once enough replicas hold what it returns.",
        misses: "Nothing that quorums that meet would find.",
        costs: "One more round trip for each read that finds replicas apart.",
        source: ABD,
        switch: Some("wait_for_repair"),
    },
];
