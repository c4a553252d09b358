//! False suspicion: a node believes that another has failed, and it is up.
//!
//! To a peer, crashed, paused, cut off and slow are the same silence; only the truth tells them
//! apart (accuracy of failure detectors: Chandra and Toueg 1996).

use imbl::OrdSet;

use crate::oracles::{Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{Address, Life, Note, Record, Role, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "false suspicion",
    grade: Grade::Deviation,
    says: "Nobody suspects a node that is up (accuracy, Chandra and Toueg 1996).",
    hears: Hears::SUSPICIONS.and(Hears::ROLES).and(Hears::LIVES),
    make: |_, _| Box::new(FalseSuspicion::default()),
};

/// Remembers who suspects whom against the truth. In a large group that is cut in two they are
/// many, so that they are found from either side.
#[derive(Clone, Debug, Default)]
struct FalseSuspicion {
    /// The one who suspects comes first.
    standing: OrdSet<(Address, Address)>,
    /// The one who is suspected comes first.
    about: OrdSet<(Address, Address)>,
}

impl FalseSuspicion {
    /// Begins a suspicion; returns whether it is a new one.
    fn begin(&mut self, who: Address, whom: Address) -> bool {
        self.about.insert((whom, who));
        self.standing.insert((who, whom)).is_none()
    }

    fn clear(&mut self, record: &Record, pair: (Address, Address), out: &mut Vec<Signal>) {
        if self.standing.remove(&pair).is_some() {
            self.about.remove(&(pair.1, pair.0));
            out.push(KIND.cleared(record, Subject::Pair(pair.0, pair.1)));
        }
    }

    fn clear_all(
        &mut self,
        record: &Record,
        mut pairs: Vec<(Address, Address)>,
        out: &mut Vec<Signal>,
    ) {
        pairs.sort_unstable();
        for pair in pairs {
            self.clear(record, pair, out);
        }
    }

    /// Lists the suspicions about a node.
    fn of(&self, whom: Address) -> Vec<(Address, Address)> {
        let pairs = self.about.range((whom, FIRST)..=(whom, LAST));
        pairs.map(|(whom, who)| (*who, *whom)).collect()
    }

    /// Lists the suspicions that a node has.
    fn by(&self, who: Address) -> Vec<(Address, Address)> {
        self.standing.range((who, FIRST)..=(who, LAST)).copied().collect()
    }
}

/// The lowest and the highest address of all.
const FIRST: Address = Address::Node(0);
const LAST: Address = Address::Client(u16::MAX);

/// Returns whether a suspicion has no object any more: the node follows, or is, another leader.
fn is_moot(truth: &Truth, who: Address, whom: Address) -> bool {
    truth.member(who).is_some_and(|member| {
        matches!(member.role, Role::Follower | Role::Leader)
            && truth.led(member.epoch).is_some_and(|led| led.by != whom)
    })
}

impl Oracle for FalseSuspicion {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        let Some(who) = record.who else { return };
        match &record.what {
            What::Noted(Note::Suspects(whom)) => {
                let is_up = truth.member(*whom).is_some_and(|member| member.life == Life::Up);
                if is_up && *whom != who && self.begin(who, *whom) {
                    let text = format!("{who} suspects {whom}, which is up");
                    out.push(KIND.raised(record, Subject::Pair(who, *whom), &[record.id], text));
                }
            }
            What::Noted(Note::Trusts(whom)) => {
                self.clear(record, (who, *whom), out);
            }
            What::Noted(Note::Role { .. }) if !self.standing.is_empty() => {
                let moot = self.standing.iter().filter(|(by, of)| is_moot(truth, *by, *of));
                self.clear_all(record, moot.copied().collect(), out);
            }
            What::Life(Life::Paused) => self.clear_all(record, self.of(who), out),
            What::Life(Life::Down) | What::Booted => {
                let both = [self.by(who), self.of(who)].concat();
                self.clear_all(record, both, out);
            }
            _ => {}
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::oracles::story::signals;

    #[test]
    fn a_node_that_is_up_is_suspected_until_it_is_trusted() {
        let story = "0 n1 leads 1; 100 n2 suspects n1; 120 n2 suspects n1; 130 n2 trusts n1";
        assert_eq!(
            signals("false suspicion", 3, story),
            ["0.100s + n2 and n1: n2 suspects n1, which is up", "0.130s - n2 and n1"]
        );
    }

    #[test]
    fn to_suspect_what_is_down_or_paused_is_right() {
        for life in ["down", "paused"] {
            let story = format!("0 n1 leads 1; 50 n1 {life}; 100 n2 suspects n1");
            assert_eq!(signals("false suspicion", 3, &story), Vec::<String>::new());
        }
    }

    #[test]
    fn a_suspicion_ends_with_the_suspect_or_with_its_rule() {
        let story = "0 n1 leads 1; 100 n2 suspects n1; 110 n3 suspects n1; 120 n2 stands 2; \
                     130 n2 leads 2; 140 n3 follows 2; 150 n2 suspects n3; 160 n3 down";
        assert_eq!(
            signals("false suspicion", 3, story),
            [
                "0.100s + n2 and n1: n2 suspects n1, which is up",
                "0.110s + n3 and n1: n3 suspects n1, which is up",
                "0.130s - n2 and n1",
                "0.140s - n3 and n1",
                "0.150s + n2 and n3: n2 suspects n3, which is up",
                "0.160s - n2 and n3",
            ]
        );
    }
}
