//! A run that can be kept and passed on: its scenario, seed and what was done by hand, and where it
//! was left; as a file, and as a token of one word.
//!
//! Absent on purpose: anything that happened. It happens again, and the digest says whether it was
//! the same. A scenario that comes with the program is named, with a hash of what it says; any
//! other
//! is carried whole. Only the future that the reader is in is kept, not the branches.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::faults;
use crate::sim::{Instant, Span};

use super::reading::{Report, options, read_ron, write_ron};
use super::scenario::{Scenario, read_scenario};
use super::token::{self, BadToken};
use super::{Act, Seek, Session, embedded};

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = token::VERSION;
/// How many moves a replay may ask for: more than an hour of any run that anybody watches, and few
/// enough that a replay made up by somebody ends.
pub const MOVES_MAX: u64 = 20_000_000;
/// How many acts a replay may hold: more than a hand makes.
pub const ACTS_MAX: usize = 10_000;

/// A run from its beginning to where it was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The version of this form.
    pub version: u32,
    /// What runs.
    pub scenario: Source,
    /// The seed.
    pub seed: u64,
    /// What was done by hand, each at its instant.
    #[serde(default)]
    pub acts: Vec<(Instant, Act)>,
    /// How far the run had come, in moves.
    pub reached: u64,
    /// Where the reader stood, in moves.
    pub moves: u64,
    /// What time it was there: at or after the last move.
    pub clock: Instant,
    /// The digest there.
    pub digest: Digest,
}

/// Where a scenario is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// It comes with the program.
    Embedded {
        /// Its name.
        name: String,
        /// The hash of what it says.
        hash: Digest,
    },
    /// Here.
    Whole(Box<Scenario>),
}

/// A hash, written in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:016x}", self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = u64::from_str_radix(&text, 16).ok().filter(|_| digits).map(Digest);
        let wrong = || format!("`{text}` is no digest; expected 16 hexadecimal digits");
        digest.ok_or_else(|| serde::de::Error::custom(wrong()))
    }
}

/// Why a replay is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no token as it was written.
    Token(BadToken),
    /// It cannot be read.
    Unreadable(Box<Report>),
    /// Another version of the program wrote it.
    OtherVersion(u32),
    /// Its scenario does not come with this program.
    UnknownScenario(String),
    /// Its scenario comes with this program, and says something else.
    ChangedScenario(String),
    /// It says what cannot be.
    Nonsense(String),
    /// The run came to another digest.
    NotDeterministic {
        /// After so many moves.
        moves: u64,
        /// The digest that was kept.
        kept: Digest,
        /// The digest that was found.
        found: Digest,
    },
    /// The run ended early.
    Ended {
        /// After so many moves.
        moves: u64,
        /// How many there were to be.
        kept: u64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Token(bad) => bad.fmt(f),
            Refusal::Unreadable(report) => report.fmt(f),
            Refusal::OtherVersion(found) => {
                write!(f, "the replay is of version {found}; expected version {VERSION}")
            }
            Refusal::UnknownScenario(name) => write!(
                f,
                "the replay is of the scenario `{name}`, which does not come with this program"
            ),
            Refusal::ChangedScenario(name) => write!(
                f,
                "the scenario `{name}` has changed since the replay was made; expected it as it was"
            ),
            Refusal::Nonsense(what) => write!(f, "the replay says what cannot be: {what}"),
            Refusal::NotDeterministic { moves, kept, found } => write!(
                f,
                "not deterministic at move {moves}: the digest is {found}, the replay has {kept}; \
                 the program has changed since it was made, or does not do twice the same"
            ),
            Refusal::Ended { moves, kept } => write!(
                f,
                "not deterministic at move {moves}: the run ends there, the replay has {kept} moves"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<BadToken> for Refusal {
    fn from(bad: BadToken) -> Refusal {
        Refusal::Token(bad)
    }
}

impl Source {
    /// Names a scenario if it comes with the program, and takes it whole if not.
    pub fn of(scenario: &Scenario) -> Source {
        let same = |(name, text): &&(&str, &str)| {
            read_scenario(name, text).is_ok_and(|known| known == *scenario)
        };
        match embedded::SCENARIOS.iter().find(same) {
            Some((name, _)) => Source::Embedded { name: (*name).to_owned(), hash: hash(scenario) },
            None => Source::Whole(Box::new(scenario.clone())),
        }
    }

    /// Finds the scenario.
    ///
    /// # Errors
    /// Where it is not there any more, has changed, or says what cannot be.
    pub fn scenario(&self) -> Result<Scenario, Refusal> {
        match self {
            Source::Embedded { name, hash: kept } => {
                let text = embedded::find(name);
                let text = text.ok_or_else(|| Refusal::UnknownScenario(name.clone()))?;
                let scenario =
                    read_scenario(name, text).map_err(|e| Refusal::Unreadable(Box::new(e)))?;
                let changed = Refusal::ChangedScenario(name.clone());
                if hash(&scenario) == *kept { Ok(scenario) } else { Err(changed) }
            }
            Source::Whole(scenario) => {
                scenario.check().map_err(|problem| {
                    let text = scenario.to_ron();
                    Refusal::Unreadable(Box::new(problem.report("the replay's scenario", &text)))
                })?;
                Ok((**scenario).clone())
            }
        }
    }
}

/// Hashes what a scenario says: not its comments, nor how it is laid out.
fn hash(scenario: &Scenario) -> Digest {
    Digest(token::stable_hash(scenario.to_ron().as_bytes()))
}

impl Replay {
    /// Returns the name of the scenario, where it comes with the program.
    pub fn name(&self) -> Option<&str> {
        match &self.scenario {
            Source::Embedded { name, .. } => Some(name),
            Source::Whole(_) => None,
        }
    }

    /// Takes down a run up to where it is.
    pub fn of(session: &Session) -> Replay {
        Replay {
            version: VERSION,
            scenario: Source::of(session.scenario()),
            seed: session.seed(),
            acts: session.acts().to_vec(),
            reached: session.frontier().moves,
            moves: session.position().moves,
            clock: session.clock(),
            digest: Digest(session.digest()),
        }
    }

    /// Writes the replay as a file.
    pub fn to_ron(&self) -> String {
        write_ron(self).expect("a replay is plain data, which always has a form in RON")
    }

    /// Reads a replay from a file's text.
    ///
    /// # Errors
    /// Where the text is no replay, says where and what was expected; or where it is one that
    /// cannot be.
    pub fn from_ron(name: &str, text: &str) -> Result<Replay, Refusal> {
        let replay: Replay =
            read_ron(name, text).map_err(|report| Refusal::Unreadable(Box::new(report)))?;
        replay.check()?;
        Ok(replay)
    }

    /// Writes the replay as a token.
    pub fn to_token(&self) -> String {
        let compact = options().to_string(self);
        token::wrap(compact.expect("a replay is plain data").as_bytes())
    }

    /// Reads a replay from a token.
    ///
    /// # Errors
    /// Where the text is no token as it was written, or is one of a replay that cannot be.
    pub fn from_token(text: &str) -> Result<Replay, Refusal> {
        let data = token::unwrap(text)?;
        let text = String::from_utf8(data).map_err(|_| BadToken::Broken)?;
        Replay::from_ron("token", &text)
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.version != VERSION {
            return Err(Refusal::OtherVersion(self.version));
        }
        let nonsense = |what: String| Err(Refusal::Nonsense(what));
        if self.reached > MOVES_MAX {
            return nonsense(format!("{} moves; expected at most {MOVES_MAX}", self.reached));
        }
        if self.moves > self.reached {
            return nonsense(format!("it was left after {} moves of {}", self.moves, self.reached));
        }
        if self.acts.len() > ACTS_MAX {
            return nonsense(format!("{} acts; expected at most {ACTS_MAX}", self.acts.len()));
        }
        let nodes = self.scenario.scenario()?.nodes;
        let mut last = Instant::ZERO;
        for (at, act) in &self.acts {
            if *at <= last || at.0 > Span::LONGEST.0 {
                return nonsense(format!("an act at {at} after one at {last}"));
            }
            last = *at;
            if let Act::Inject { fault, .. } = act
                && let Err(wrong) = faults::check(fault, nodes)
            {
                return nonsense(format!("{}; expected {}", wrong.message, wrong.expected));
            }
        }
        Ok(())
    }

    /// Plays the run again to where it was left, and holds it against the digest.
    ///
    /// # Errors
    /// Where the scenario is gone or has changed, or the run goes another way.
    pub fn open(&self) -> Result<Session, Refusal> {
        let mut session = self.act(Instant(u64::MAX))?;
        while session.frontier().moves < self.reached {
            if !session.step() {
                let moves = session.frontier().moves;
                return Err(Refusal::Ended { moves, kept: self.reached });
            }
        }
        session.seek(Seek::Moves(self.moves));
        let (moves, found) = (session.position().moves, Digest(session.digest()));
        if moves != self.moves || found != self.digest {
            return Err(Refusal::NotDeterministic { moves, kept: self.digest, found });
        }
        if self.clock > session.clock() {
            if session.in_past() {
                session.seek(Seek::Time(self.clock));
            } else {
                session.advance_to(self.clock, 1);
            }
        }
        Ok(session)
    }

    /// Plays the run from its beginning up to another instant, with what was done by hand until
    /// then.
    ///
    /// # Errors
    /// Where the scenario is gone or has changed.
    pub fn play_to(&self, until: Instant) -> Result<Session, Refusal> {
        let mut session = self.act(until)?;
        session.advance_to(until, MOVES_MAX);
        Ok(session)
    }

    /// Begins the run and does what was done by hand up to an instant.
    fn act(&self, until: Instant) -> Result<Session, Refusal> {
        let mut session = Session::new(self.scenario.scenario()?, self.seed);
        for (at, act) in self.acts.iter().filter(|(at, _)| *at <= until) {
            // A hand acts one microsecond after the time that it sees.
            if !session.advance_to(Instant(at.0 - 1), MOVES_MAX) {
                return Err(Refusal::Nonsense(format!("more than {MOVES_MAX} moves before {at}")));
            }
            session.make(act.clone());
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{FaultSpec, Target};
    use crate::sim::FaultId;

    fn steady() -> Scenario {
        read_scenario("steady", embedded::find("steady").expect("it is there")).expect("it is good")
    }

    /// A run with a crash and its healing by hand, left in the past.
    fn played(scenario: Scenario) -> Session {
        let mut session = Session::new(scenario, 7);
        session.advance_to(Instant(1_000_000), 100_000);
        session.make(Act::Inject {
            fault: FaultSpec::CrashStop { node: Target::Leader },
            heal_after: None,
        });
        session.advance_to(Instant(2_000_000), 100_000);
        session.make(Act::Heal(FaultId(1)));
        session.make(Act::Set { switch: "pre_vote".to_owned(), on: true });
        session.advance_to(Instant(3_000_000), 100_000);
        session
    }

    fn assert_same(opened: &Session, kept: &Session) {
        assert_eq!(opened.digest(), kept.digest());
        assert_eq!(opened.position(), kept.position());
        assert_eq!(opened.frontier().moves, kept.frontier().moves);
        assert_eq!(opened.clock(), kept.clock());
        assert_eq!(opened.acts(), kept.acts());
        assert_eq!(opened.verdicts(), kept.verdicts());
    }

    #[test]
    fn a_run_opens_where_it_was_left() {
        let mut odd = steady();
        odd.title = "One that does not come with the program".to_owned();
        for (scenario, named) in [(steady(), true), (odd, false)] {
            let mut session = played(scenario);
            let replay = Replay::of(&session);
            assert_same(&replay.open().expect("the same run"), &session);
            for seek in [Seek::End, Seek::Time(Instant(1_500_000)), Seek::Moves(100), Seek::Start] {
                session.seek(seek);
                let replay = Replay::of(&session);
                assert_eq!(matches!(replay.scenario, Source::Embedded { .. }), named);
                let token = replay.to_token();
                assert!(token.len() < if named { 400 } else { 1_200 }, "{}", token.len());
                assert_eq!(Replay::from_token(&token).as_ref(), Ok(&replay));
                assert_eq!(Replay::from_ron("file", &replay.to_ron()).as_ref(), Ok(&replay));
                assert_same(&replay.open().expect("the same run"), &session);
            }
        }
    }

    #[test]
    fn a_run_can_be_played_to_another_instant() {
        let replay = Replay::of(&played(steady()));
        let shorter = replay.play_to(Instant(1_500_000)).expect("the same run");
        assert_eq!((shorter.acts().len(), shorter.clock()), (1, Instant(1_500_000)));
        let longer = replay.play_to(Instant(4_000_000)).expect("the same run");
        assert_eq!((longer.acts().len(), longer.clock()), (3, Instant(4_000_000)));
    }

    #[test]
    fn what_is_not_the_same_run_is_refused() {
        let replay = Replay::of(&played(steady()));
        let refusal = |change: &dyn Fn(&mut Replay)| {
            let mut changed = replay.clone();
            change(&mut changed);
            let read = Replay::from_token(&changed.to_token());
            read.and_then(|replay| replay.open()).expect_err("it was changed").to_string()
        };
        let says = |change: &dyn Fn(&mut Replay), expected: &str| {
            let found = refusal(change);
            assert!(found.contains(expected), "{found}");
        };
        says(&|r| r.version = 9, "version 9; expected version 2");
        says(&|r| r.digest.0 ^= 1, &format!("not deterministic at move {}", replay.moves));
        says(&|r| r.seed += 1, "not deterministic at move");
        says(&|r| r.reached = MOVES_MAX + 1, "expected at most 20000000");
        says(&|r| r.moves = r.reached + 1, "it was left after");
        says(&|r| r.acts.reverse(), "an act at");
        says(&|r| r.acts[0].0 = Instant(u64::MAX), "duration");
        let hash = Digest(1);
        let named = |name: &str| Source::Embedded { name: name.to_owned(), hash };
        says(&|r| r.scenario = named("steady"), "`steady` has changed since");
        says(&|r| r.scenario = named("nowhere"), "`nowhere`, which does not come");
        let mut scenario = steady();
        scenario.nodes = 0;
        says(&|r| r.scenario = Source::Whole(Box::new(scenario.clone())), "`0` is out of range");
        let nobody = FaultSpec::CrashStop { node: Target::Node(crate::sim::Address::Node(9)) };
        says(
            &|r| r.acts[0].1 = Act::Inject { fault: nobody.clone(), heal_after: None },
            "says what cannot be",
        );
    }

    #[test]
    fn a_file_is_refused_with_its_place() {
        let text = Replay::of(&played(steady())).to_ron().replace("seed:", "sed:");
        let Err(Refusal::Unreadable(report)) = Replay::from_ron("kept.ron", &text) else {
            panic!("it was changed");
        };
        assert_eq!((&*report.file, &*report.found), ("kept.ron", "sed"));
        assert!(report.line > 1);
    }
}
