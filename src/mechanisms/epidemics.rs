//! Containers of what spreads from node to node.

use super::Mechanism;

const DEMERS: &str = "A. Demers et al., Epidemic algorithms for replicated database maintenance, \
                      PODC 1987";
const SWIM: &str = "A. Das, I. Gupta and A. Motivala, SWIM: scalable weakly-consistent \
                    infection-style process group membership protocol, DSN 2002";

/// The mechanisms.
pub static EPIDEMICS: [Mechanism; 6] = [
    Mechanism {
        name: "anti-entropy",
        contains: "Updates that some never heard of: two nodes compare all that they hold, and \
                   settle every difference.",
        misses: "Nodes that can reach nobody. What is false and newest it spreads as well.",
        costs: "Comparing whole stores, again and again, though most often they are equal.",
        source: DEMERS,
        switch: Some("anti_entropy"),
    },
    Mechanism {
        name: "death certificate",
        contains: "Deleted items that come back from a copy that never heard of the delete.",
        misses: "A copy that comes back after the certificate was let go.",
        costs: "A deleted item still takes room, for as long as its certificate is kept.",
        source: DEMERS,
        switch: Some("death_certificates"),
    },
    Mechanism {
        name: "update signature",
        contains: "Made-up updates, and updates in which a bit has flipped: each carries what its \
                   client signed, and who finds another thing in it drops it.",
        misses: "A genuine old update under a version that is made up: clients sign no versions.",
        costs: "A signature with each item and each message; a check for each update.",
        source: "AWS, Amazon S3 availability event: July 20, 2008, for what it would have stopped",
        switch: Some("update_signatures"),
    },
    Mechanism {
        name: "suspicion",
        contains: "Members declared dead for one lost message: who does not answer has time to say \
                   that it lives.",
        misses: "Whoever is frozen or cut off for longer than a suspicion lasts.",
        costs: "Members that are really dead stay in the list for that long.",
        source: SWIM,
        switch: Some("suspicion"),
    },
    Mechanism {
        name: "reconnect",
        contains: "Groups that stay apart after a cut is over: dead members are pinged now and \
                   then, and one that lives says so.",
        misses: "That both sides went on without each other until then.",
        costs: "A few messages to members that mostly are dead.",
        source: "An addition of this lab to SWIM",
        switch: Some("reconnect"),
    },
    Mechanism {
        name: "incarnation signature",
        contains: "Members that are talked dead: an incarnation counts only with its owner's \
                   signature, and hearsay of a death makes a suspect, no more.",
        misses: "A member that really is too slow to say that it lives.",
        costs: "A signature for each raised incarnation; deaths spread as suspicions only, and so \
                   more slowly.",
        source: "An addition of this lab to SWIM",
        switch: Some("incarnation_signatures"),
    },
];
