//! Metastable: the trigger is over and load is what it was, and goodput does not come back.
//!
//! That is neither a fault, since no component need be faulty, nor plain overload, which ends with
//! its cause. Something keeps it going: here, that each call is tried so often that the tries alone
//! are more than the cluster can bear (Bronson et al., Metastable failures in distributed systems,
//! 2021; Huang et al., OSDI 2022). To take the trigger away is no cure.

use crate::oracles::{Bounds, Grade, Hears, Kind, Oracle, Signal, Subject, Truth};
use crate::sim::{ClientNote, EventId, Instant, Record, Span, What};

/// The line in the catalogue.
pub static KIND: Kind = Kind {
    property: "metastable",
    grade: Grade::Stall,
    says: "Once the trigger is over and load is what it was, goodput comes back (metastable \
           failures: Bronson et al. 2021).",
    hears: Hears::CALLS.and(Hears::REST).and(Hears::LIVES),
    make: |bounds, _| Box::new(Metastable::new(bounds)),
};

/// Below what share of the goodput before the trigger it counts as none.
const NEARLY_NONE: u64 = 10;
/// How much more may be called than before the trigger, in percent.
const LOAD_PERCENT_MAX: u64 = 150;
/// How often each call is tried on average, in percent, where tries keep the overload going.
const TRIES_PERCENT_MIN: u64 = 150;
/// How many calls have to have been answered before the trigger to be compared with.
const ANSWERED_MIN: u64 = 5;
/// In how many parts the window is counted.
const PARTS: usize = 10;

/// What happened in a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    called: u64,
    tried: u64,
    answered: u64,
}

impl Count {
    fn add(&mut self, note: &ClientNote) {
        match note {
            ClientNote::Called { .. } => {
                self.called += 1;
                self.tried += 1;
            }
            ClientNote::Retried { .. } => self.tried += 1,
            ClientNote::Returned { .. } => self.answered += 1,
            _ => {}
        }
    }

    fn plus(self, other: Count) -> Count {
        Count {
            called: self.called + other.called,
            tried: self.tried + other.tried,
            answered: self.answered + other.answered,
        }
    }
}

/// Remembers how it was before the first fault, and the newest stretch of time in parts.
#[derive(Clone, Debug)]
struct Metastable {
    within: Span,
    deadline: Span,
    backlog: Span,
    before: Count,
    /// When the first call came.
    begun: Option<Instant>,
    /// When the first fault came.
    triggered: Option<Instant>,
    parts: [Count; PARTS],
    /// The number of the newest part, from the beginning of the run.
    part: u64,
    standing: bool,
    /// Whether it ever stood: a stall of a stable world is not forgiven.
    stood: bool,
    /// The newest call that was given up.
    given_up: Option<EventId>,
}

impl Metastable {
    fn new(bounds: &Bounds) -> Metastable {
        Metastable {
            within: bounds.progress_within,
            deadline: bounds.deadline,
            backlog: bounds.backlog,
            before: Count::default(),
            begun: None,
            triggered: None,
            parts: [Count::default(); PARTS],
            part: 0,
            standing: false,
            stood: false,
            given_up: None,
        }
    }

    /// Moves the window on; returns whether a new part has begun.
    fn turn(&mut self, now: Instant) -> bool {
        let length = (self.within.0 / PARTS as u64).max(1);
        let part = now.0 / length;
        let passed = part.saturating_sub(self.part);
        for old in 0..passed.min(PARTS as u64) {
            self.parts[((self.part + 1 + old) % PARTS as u64) as usize] = Count::default();
        }
        self.part = part.max(self.part);
        passed > 0
    }

    fn fold(&mut self, record: &Record, note: &ClientNote) {
        self.begun.get_or_insert(record.at);
        if self.triggered.is_none() {
            self.before.add(note);
        }
        self.parts[(self.part % PARTS as u64) as usize].add(note);
        if let ClientNote::GaveUp { .. } = note {
            self.given_up = Some(record.id);
        }
    }

    /// Returns the newest parts but for the one that has only begun, and for how long they were.
    fn window(&self) -> (Count, Span) {
        let newest = (self.part % PARTS as u64) as usize;
        let others = self.parts.iter().enumerate().filter(|(k, _)| *k != newest);
        let sum = others.fold(Count::default(), |sum, (_, part)| sum.plus(*part));
        (sum, Span(self.within.0 / PARTS as u64 * (PARTS as u64 - 1)))
    }

    /// Judges the window against what was before the trigger; `None` where there was too little.
    fn judge(&self) -> Option<Judged> {
        let span = self.triggered?.since(self.begun?);
        if self.before.answered < ANSWERED_MIN || span == Span::ZERO {
            return None;
        }
        let (now, window) = self.window();
        let scaled =
            |count: u64| (u128::from(count) * u128::from(window.0) / u128::from(span.0)) as u64;
        let (called, answered) = (scaled(self.before.called), scaled(self.before.answered));
        let load = now.called * 100 <= called * LOAD_PERCENT_MAX;
        let sustained = now.tried * 100 >= now.called * TRIES_PERCENT_MIN && now.called > 0;
        let none = now.answered * NEARLY_NONE < answered;
        let back = now.answered * 2 >= answered;
        Some(Judged { now, answered, stuck: load && sustained && none, back })
    }
}

struct Judged {
    now: Count,
    /// How many were answered in as much time before the trigger.
    answered: u64,
    stuck: bool,
    back: bool,
}

impl Oracle for Metastable {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn observe(&mut self, record: &Record, truth: &Truth, out: &mut Vec<Signal>) {
        match &record.what {
            What::Injected(_) => {
                self.triggered.get_or_insert(record.at);
            }
            What::Client(_) => {}
            _ => return,
        }
        let turned = self.turn(record.at);
        if let What::Client(note) = &record.what {
            self.fold(record, note);
        }
        // While the trigger lasts it is plain overload, and so it is for as long as calls that
        // began then may still be open, and the lines that they filled may take to empty.
        let aftermath = self.within + self.deadline + self.backlog;
        let over = truth.stable_for(record.at) >= aftermath;
        if !turned || !(over || self.standing) {
            return;
        }
        let Some(Judged { now, answered, stuck, back }) = self.judge() else { return };
        if self.standing && back {
            self.standing = false;
            out.push(KIND.cleared(record, Subject::World));
        } else if !self.standing && over && stuck {
            (self.standing, self.stood) = (true, true);
            let tries = now.tried / now.called.max(1);
            let text = format!(
                "no fault is left and load is what it was, yet of {} calls {} were answered, each \
                 tried {tries} times or more; before the trigger it was {answered} in as much time",
                now.called, now.answered
            );
            let evidence: Vec<EventId> = self.given_up.into_iter().chain([record.id]).collect();
            out.push(KIND.raised(record, Subject::World, &evidence, text));
        }
    }

    fn fork(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }

    fn stalled(&self, _now: Instant) -> bool {
        self.stood
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use crate::oracles::story::{play_within, signals, verdict};
    use crate::oracles::{Bounds, Signal, State};
    use crate::sim::Span;

    /// Ten calls a second for a while, each answered at once or tried three times in vain.
    fn calls(story: &mut String, serials: std::ops::Range<u64>, answered: bool) {
        for k in serials {
            let at = k * 100;
            let _ = write!(story, "; {at} c1 calls {k} read 1");
            if answered {
                let _ = write!(story, "; {at} c1 returns {k} nothing");
            } else {
                let _ =
                    write!(story, "; {at} c1 tries {k}; {at} c1 tries {k}; {at} c1 gives-up {k}");
            }
        }
    }

    fn story(healed: u64, stuck_until: u64) -> String {
        let mut story = "0 n1 leads 1".to_owned();
        calls(&mut story, 1..20, true);
        story += "; 2000 F1 injected";
        calls(&mut story, 20..healed, false);
        let _ = write!(story, "; {} F1 healed", healed * 100);
        calls(&mut story, healed..stuck_until, false);
        calls(&mut story, stuck_until..150, true);
        story
    }

    #[test]
    fn goodput_that_stays_away_for_longer_than_the_trigger_explains_is_a_stall() {
        let said = signals("metastable", 3, &story(40, 120));
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("8.000s + the cluster: no fault is left"), "{said:?}");
        assert!(said[0].contains("tried 3 times"), "{said:?}");
        assert!(said[1].starts_with("13."), "it comes back: {said:?}");
        assert_eq!(verdict("metastable", 3, &story(40, 120), 15_000), State::Stalled);
    }

    #[test]
    fn while_the_trigger_lasts_it_is_plain_overload() {
        assert_eq!(signals("metastable", 3, &story(140, 140)), Vec::<String>::new());
        assert_eq!(verdict("metastable", 3, &story(40, 70), 15_000), State::Held);
    }

    #[test]
    fn lines_that_take_their_time_to_empty_are_its_aftermath() {
        let raised = |backlog: u64| {
            let bounds = Bounds { backlog: Span::secs(backlog), ..Bounds::default() };
            let (_, said) = play_within(&bounds, 3, &story(40, 120));
            said.iter().filter(|signal| signal.property() == "metastable").cloned().collect()
        };
        let soon: Vec<Signal> = raised(3);
        assert_eq!(soon.len(), 2, "{soon:?}");
        let none: Vec<Signal> = raised(5);
        assert!(none.is_empty(), "{none:?}");
    }
}
