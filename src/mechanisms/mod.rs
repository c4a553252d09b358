//! What contains: rules that stop an error before it spreads, each with what it does and does not.
//!
//! Here: the catalogue (`MECHANISMS`), one file a place where containers live. The rules themselves
//! are part of the protocol or client that follows them; when one of them stops something, the
//! protocol says so with `Note::Contained` under the name that stands here.
//! Absent on purpose: any claim that a mechanism helps. Whether it does is found out by turning it
//! off and running the same run again.
//!
//! To add a mechanism: an entry in the file of its place, or a new file and its line in
//! `MECHANISMS`.

pub mod agreements;
pub mod ballots;
pub mod clients;
pub mod detectors;
pub mod elections;
pub mod epidemics;
pub mod integrity;
pub mod leases;
pub mod liars;
pub mod load;
pub mod logs;
pub mod observers;
pub mod placement;
pub mod promises;
pub mod replicas;

/// Something that contains.
#[derive(Debug)]
pub struct Mechanism {
    /// Its name, as notes and screens have it.
    pub name: &'static str,
    /// What it stops.
    pub contains: &'static str,
    /// What it lets through, or cannot help against.
    pub misses: &'static str,
    /// What it costs.
    pub costs: &'static str,
    /// Where the field describes it.
    pub source: &'static str,
    /// The switch of the protocol or client that turns it off, or `None` where it is part of the
    /// algorithm and there is no such algorithm without it.
    pub switch: Option<&'static str>,
}

/// Every mechanism that there is, by its place.
pub static MECHANISMS: &[&[Mechanism]] = &[
    &clients::CLIENTS,
    &elections::ELECTIONS,
    &ballots::BALLOTS,
    &load::LOAD,
    &logs::LOGS,
    &promises::PROMISES,
    &integrity::INTEGRITY,
    &replicas::REPLICAS,
    &detectors::DETECTORS,
    &liars::LIARS,
    &epidemics::EPIDEMICS,
    &agreements::AGREEMENTS,
    &leases::LEASES,
    &placement::PLACEMENT,
    &observers::OBSERVERS,
];

/// Iterates over every mechanism.
pub fn all() -> impl Iterator<Item = &'static Mechanism> {
    MECHANISMS.iter().copied().flatten()
}

/// Finds a mechanism by its name.
pub fn find(name: &str) -> Option<&'static Mechanism> {
    all().find(|mechanism| mechanism.name == name)
}

/// Finds the mechanism that a switch turns.
pub fn of_switch(switch: &str) -> Option<&'static Mechanism> {
    all().find(|mechanism| mechanism.switch == Some(switch))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_switches_are_each_given_once_and_everything_is_said_in_sentences() {
        let mut names = BTreeSet::new();
        for mechanism in all() {
            assert!(names.insert(mechanism.name), "{}", mechanism.name);
            if let Some(switch) = mechanism.switch {
                let found = of_switch(switch).expect("it has the switch");
                assert_eq!(found.name, mechanism.name, "{switch} turns two mechanisms");
            }
            for text in [mechanism.contains, mechanism.misses, mechanism.costs] {
                assert!(text.ends_with('.'), "{}: {text}", mechanism.name);
                assert!(text.starts_with(char::is_uppercase), "{}: {text}", mechanism.name);
            }
        }
        assert!(find("quorum").is_some() && find("hope").is_none());
    }
}
