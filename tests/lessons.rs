//! Every lesson is fit to be taught, a lesson that is not is reported with its place, and the tutor
//! keeps its word: nothing is broken before it is predicted, any way to a goal counts, and every
//! beat can be gone back to.

use std::collections::BTreeSet;
use std::path::Path;

use faultlab::faults::{FaultSpec, Target};
use faultlab::lab::{Act, Session};
use faultlab::lessons::lesson::Choice;
use faultlab::lessons::lint::every_way;
use faultlab::lessons::page::{Block, Mark, Reply};
use faultlab::lessons::play::Answers;
use faultlab::lessons::{
    Beat, Choices, Input, LESSONS, Lesson, LessonProgress, Progress, Tutor, lint, play, read_lesson,
};
use faultlab::sim::{Address, Mood, Span};

/// A lesson with a beat of every kind.
const SMALL: &str = include_str!("lessons/small.ron");

fn small() -> Lesson {
    read_lesson("small.ron", SMALL).expect("it is a lesson")
}

fn first() -> Lesson {
    faultlab::lessons::find("fault-error-failure").expect("it is listed").expect("it is a lesson")
}

/// Goes on by right answers and first solutions until a beat begins.
fn until(lesson: &Lesson, name: &str) -> (Tutor, Session) {
    let (mut tutor, mut session) = Tutor::begin(lesson.clone(), LessonProgress::default());
    while lesson.beats[tutor.at()].name() != name {
        onwards(lesson, &mut tutor, &mut session);
    }
    (tutor, session)
}

/// Finishes one beat by its right answer or first solution.
fn onwards(lesson: &Lesson, tutor: &mut Tutor, session: &mut Session) {
    let at = tutor.at();
    let mut step = |input| tutor.step(session, input).expect("the input does something");
    match &lesson.beats[at] {
        Beat::Predict(question) | Beat::Quiz(question) => {
            let right = question.options.iter().position(Choice::is_right);
            step(Input::Digit(right.expect("one is right") as u8 + 1));
            step(Input::Digit(2));
            if question.reason {
                step(Input::Reason("so I think".to_owned()));
            }
        }
        Beat::Do(_) | Beat::Watch(_) | Beat::Label(_) => step(Input::Skip),
        Beat::Say(_) | Beat::Explain(_) => {}
    }
    if tutor.at() == at {
        tutor.step(session, Input::Next).expect("the beat is done");
    }
}

fn stop(node: u16) -> Act {
    let fault = FaultSpec::CrashStop { node: Target::Node(Address::Node(node)) };
    Act::Inject { fault, heal_after: None }
}

#[test]
fn every_lesson_is_fit_to_be_taught() {
    for (name, text) in LESSONS.iter().copied().chain([("small.ron", SMALL)]) {
        let reports: Vec<String> = lint(name, text).iter().map(ToString::to_string).collect();
        assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    }
}

#[test]
fn every_file_of_a_lesson_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons");
    let listed: BTreeSet<&str> = LESSONS.iter().map(|(_, text)| *text).collect();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a lesson is text");
        assert!(listed.contains(text.as_str()), "{} is not in LESSONS", path.display());
    }
}

#[test]
fn every_lesson_can_be_played_by_every_way_and_fills_every_slot() {
    for (name, text) in LESSONS {
        let lesson = read_lesson(name, text).expect("it is a lesson");
        for choices in every_way(&lesson) {
            let transcript = play(&lesson, choices);
            assert!(transcript.over, "{name} {choices:?}: {:?}", transcript.troubles);
            let plain = transcript.plain();
            assert!(!plain.contains("(not in this run)"), "{name} {choices:?}:\n{plain}");
            assert!(!plain.contains('{'), "{name} {choices:?}:\n{plain}");
            let answers = transcript.progress.answers;
            match choices.answers {
                Answers::Right => assert!(answers.values().all(|answer| answer.right)),
                Answers::Wrong(_) => assert!(answers.values().all(|answer| !answer.right)),
                Answers::Skipped => assert!(answers.values().all(|answer| answer.choice.is_none())),
            }
        }
    }
}

#[test]
fn a_lesson_is_the_same_each_time() {
    let way = Choices { answers: Answers::Wrong(1), solution: 1 };
    assert_eq!(play(&first(), way), play(&first(), way));
}

#[test]
fn a_wrong_answer_meets_its_misconception_and_the_event_that_refutes_it() {
    let transcript = play(&first(), Choices { answers: Answers::Wrong(0), solution: 0 });
    let dormant = transcript.pages.iter().find(|page| page.kind == "explain").expect("it explains");
    let wrong = dormant.blocks.iter().position(|block| {
        matches!(block, Block::Reply { to: Reply::Wrong, misconception: Some(model), .. }
            if model == "a fault is a failure")
    });
    let after = wrong.and_then(|place| dormant.blocks.get(place + 1));
    let Some(Block::Event { text, at, .. }) = after else { panic!("{dormant:#?}") };
    assert!(text.contains("write") && text.ends_with("ok"), "{text}");
    let Some(Block::Reply { text, .. }) = wrong.map(|place| &dormant.blocks[place]) else {
        panic!("{dormant:#?}");
    };
    assert!(text.contains(&at.to_string()), "{text} names {at}");
}

#[test]
fn the_first_lesson_ends_in_a_failure_that_the_run_made() {
    for solution in 0..3 {
        let lesson = first();
        let (mut tutor, mut session) = until(&lesson, "lost");
        let before = session.verdicts().into_iter().find(|verdict| verdict.property == "durable");
        assert_eq!(before.map(|verdict| verdict.count), Some(0), "it held so far");
        tutor.show(&mut session, solution).expect("each solution brings it about");
        let lost = session.verdicts().into_iter().find(|verdict| verdict.property == "durable");
        assert!(lost.is_some_and(|verdict| verdict.count > 0), "solution {solution}");
        // But for the acts of the learner none of it comes.
        let mut honest = Session::new(lesson.scenario().clone(), lesson.seed);
        honest.advance_to(session.clock(), u64::MAX);
        let verdicts = honest.verdicts();
        let durable = verdicts.iter().find(|verdict| verdict.property == "durable");
        assert_eq!(durable.map(|verdict| verdict.count), Some(0));
    }
}

#[test]
fn nothing_can_be_broken_before_it_is_predicted() {
    let lesson = small();
    let (mut tutor, mut session) = until(&lesson, "guess");
    let digest = session.digest();
    let refused = tutor.make(&mut session, stop(3));
    assert_eq!(refused, Err("predict first; then break it"));
    tutor.step(&mut session, Input::Digit(2)).expect("an answer");
    assert_eq!(tutor.make(&mut session, stop(3)), Err("say how sure you are; then break it"));
    assert_eq!(tutor.step(&mut session, Input::Next), Err("say how sure you are: 1, 2 or 3"));
    assert!(tutor.step(&mut session, Input::Digit(4)).is_err(), "4 is no confidence");
    let end = session.clock() + Span::secs(1);
    assert!(tutor.advance(&mut session, end, u64::MAX), "time stands still");
    assert_eq!(session.digest(), digest, "nothing has happened");
    tutor.step(&mut session, Input::Digit(1)).expect("a confidence");
    assert!(tutor.make(&mut session, stop(3)).is_ok(), "now it may be tried");
}

#[test]
fn to_go_on_without_a_prediction_is_kept_as_no_prediction() {
    let lesson = small();
    let (mut tutor, mut session) = until(&lesson, "guess");
    tutor.step(&mut session, Input::Skip).expect("one key skips");
    assert_eq!(lesson.beats[tutor.at()].name(), "stopped");
    let answer = &tutor.progress(&session).answers["guess"];
    assert_eq!((answer.choice, answer.confidence, answer.right), (None, None, false));
}

#[test]
fn any_way_counts_and_harmless_acts_do_no_harm() {
    let lesson = small();
    let n1 = Target::Node(Address::Node(1));
    let ways: [&[FaultSpec]; 3] = [
        &[FaultSpec::CrashStop { node: Target::Node(Address::Node(2)) }],
        &[
            FaultSpec::SlowLink {
                from: n1.clone(),
                to: Target::Node(Address::Node(2)),
                by: Span::millis(3),
            },
            FaultSpec::ForgetfulDisk { node: n1, disk: Mood::Wiped },
            FaultSpec::CrashStop { node: Target::Node(Address::Node(3)) },
        ],
        // No crash-stop at all: a crash that would end after a while is down for now.
        &[FaultSpec::CrashRecovery {
            node: Target::Node(Address::Node(3)),
            disk: Mood::Durable,
            down: Span::secs(9),
        }],
    ];
    for way in ways {
        let (mut tutor, mut session) = until(&lesson, "stopped");
        for fault in way {
            assert!(!tutor.is_closed(), "{fault} is still to come");
            let act = Act::Inject { fault: fault.clone(), heal_after: None };
            tutor.make(&mut session, act).expect("a task may be tried at");
        }
        assert!(tutor.is_closed(), "{way:?}");
        tutor.step(&mut session, Input::Next).expect("it is done");
        tutor.step(&mut session, Input::Skip).expect("the watch goes to its end");
        assert!(!tutor.is_missed(), "{way:?}");
    }
}

#[test]
fn hints_come_one_by_one_and_then_one_is_shown_how() {
    let lesson = first();
    let (mut tutor, mut session) = until(&lesson, "planted");
    let hints = |tutor: &Tutor, session: &Session| {
        let page = tutor.screen(session);
        page.blocks.iter().filter(|block| matches!(block, Block::Hint { .. })).count()
    };
    for shown in 1..=2 {
        tutor.step(&mut session, Input::Hint).expect("a hint");
        assert_eq!(hints(&tutor, &session), shown);
    }
    assert_eq!(tutor.step(&mut session, Input::Hint), Err("there are no more hints; x shows how"));
    tutor.step(&mut session, Input::Skip).expect("it is shown");
    assert!(tutor.is_closed());
}

#[test]
fn every_beat_can_be_gone_back_to_and_is_as_it_was() {
    let lesson = first();
    let (mut tutor, mut session) = Tutor::begin(lesson.clone(), LessonProgress::default());
    let mut begun = Vec::new();
    for _ in 0..lesson.beats.len() {
        begun.push((tutor.screen(&session), session.digest()));
        onwards(&lesson, &mut tutor, &mut session);
    }
    assert!(tutor.is_over());
    for (at, (page, digest)) in begun.iter().enumerate().rev() {
        tutor.step(&mut session, Input::Goto(at)).expect("it was there before");
        assert_eq!(session.digest(), *digest, "beat {at}");
        assert_eq!(tutor.screen(&session), *page, "beat {at}");
    }
    // And on again from there, by the same way to the same end.
    while !tutor.is_over() {
        onwards(&lesson, &mut tutor, &mut session);
    }
    assert_eq!(tutor.progress(&session).finished, 2);
}

#[test]
fn a_beat_that_went_wrong_can_be_begun_anew() {
    let lesson = small();
    let (mut tutor, mut session) = until(&lesson, "stopped");
    let digest = session.digest();
    for node in 1..=3 {
        let _ = tutor.make(&mut session, stop(node));
    }
    let end = session.clock() + Span::secs(3);
    tutor.advance(&mut session, end, u64::MAX);
    assert_ne!(session.digest(), digest);
    tutor.step(&mut session, Input::Restart).expect("a beat can be begun anew");
    assert_eq!(session.digest(), digest);
    assert!(!tutor.is_closed());
}

#[test]
fn free_play_leaves_the_lesson_where_it_was() {
    let lesson = small();
    let (mut tutor, mut session) = until(&lesson, "guess");
    let (page, digest) = (tutor.screen(&session), session.digest());
    tutor.step(&mut session, Input::FreePlay).expect("at any time");
    tutor.make(&mut session, stop(1)).expect("all is free here");
    let end = session.clock() + Span::secs(2);
    assert!(tutor.advance(&mut session, end, u64::MAX));
    assert!(tutor.step(&mut session, Input::Digit(1)).is_err(), "no answer is given by accident");
    tutor.step(&mut session, Input::FreePlay).expect("and back");
    assert_eq!((tutor.screen(&session), session.digest()), (page, digest));
}

#[test]
fn a_lesson_that_was_left_is_taken_up_at_the_same_beat() {
    let lesson = first();
    for name in ["when", "quiet", "contained", "label-error", "lost", "means"] {
        let (tutor, session) = until(&lesson, name);
        let mut progress = Progress::default();
        progress.lessons.insert("l".to_owned(), tutor.progress(&session));
        let read = Progress::read(&progress.write()).expect("what was written can be read");
        let kept = read.lessons["l"].clone();
        let (again, run) = Tutor::resume(lesson.clone(), kept);
        assert_eq!(run.digest(), session.digest(), "{name}");
        assert_eq!(again.screen(&run), tutor.screen(&session), "{name}");
        assert_eq!(again.progress(&run), tutor.progress(&session), "{name}");
    }
}

#[test]
fn a_lesson_that_was_changed_since_is_begun_anew_and_keeps_the_answers() {
    let (tutor, session) = until(&small(), "went-on");
    let kept = tutor.progress(&session);
    let mut changed = small();
    changed.seed += 1;
    let (again, _) = Tutor::resume(changed, kept);
    assert_eq!(again.at(), 0);
    assert!(again.progress(&session).answers.contains_key("guess"));
}

#[test]
fn the_first_answer_is_the_one_that_is_kept() {
    let (mut tutor, mut session) = until(&small(), "last");
    for answer in [1, 2] {
        tutor.step(&mut session, Input::Digit(answer)).expect("an answer");
        tutor.step(&mut session, Input::Digit(3)).expect("a confidence");
        let marks: Vec<Mark> = tutor.screen(&session).blocks.iter().filter_map(mark).collect();
        let shown =
            if answer == 1 { [Mark::Wrong, Mark::Right] } else { [Mark::Other, Mark::Right] };
        assert_eq!(marks, shown);
        tutor.step(&mut session, Input::Restart).expect("again");
    }
    let kept = &tutor.progress(&session).answers["last"];
    assert_eq!((kept.choice, kept.right), (Some(0), false));
    assert_eq!(kept.misconception.as_deref(), Some("more nodes help no more"));
}

fn mark(block: &Block) -> Option<Mark> {
    match block {
        Block::Choice { mark, .. } => Some(*mark),
        _ => None,
    }
}

/// What is changed in the small lesson, what it becomes with the place of the error marked by `▶`,
/// and a part of what is said of it.
const BAD: &[(&str, &str, &str)] = &[
    ("minutes: 2", "minutes: ▶0", "out of range"),
    ("sources: [\"D. Ongaro, J. Ousterhout, 2014\"]", "sources: ▶[]", "no source"),
    ("goal: \"You know what", "gaol: \"You know what", "`gaol`"),
    ("nodes: 3,", "nodes: ▶0,", "`0` is out of range"),
    ("Say(name: \"hello\"", "Sing(name: \"hello\"", "`Sing` is no choice"),
    ("name: \"begin\"", "name: ▶\"hello\"", "given twice"),
    ("{run.nodes} nodes", "{run.nodes nodes", "is no slot"),
    ("limit: \"5s\"),\n        Predict", "limit: ▶\"90s\"),\n        Predict", "out of range"),
    ("until: Leads(Anybody)", "until: Found(▶\"durabel\")", "is no property"),
    ("until: Leads(Anybody)", "until: Leads(Node(▶\"n9\"))", "there is no node `n9`"),
    ("until: Leads(Anybody)", "until: ▶Found(\"durable\")", "does not come"),
    (
        "until: Answered(times: 9)",
        "until: After(▶\"nowhere\", Answered())",
        "`nowhere` is no event",
    ),
    (
        "Right(text: \"Nothing\", reply: \"So it was.\", shown_by: Event(\"went-on\")),",
        "",
        "0 answers are right",
    ),
    ("misconception: \"every node is needed\"", "misconception: ▶\" \"", "no misconception"),
    (
        "                    refuted_by: After(\"stopped\", Answered(what: Write)),\n",
        "",
        "nothing in the run refutes",
    ),
    (
        "refuted_by: After(\"stopped\", Answered(what: Write))",
        "refuted_by: ▶Found(\"durable\")",
        "not in the run",
    ),
    ("reply: \"At {seen.time} an", "reply: ▶\"At {seen.colour} an", "`colour` is no field"),
    ("text: \"{stopped.who} is", "text: ▶\"{answer.who} is", "`answer` is no event"),
    ("text: \"{stopped.who} is", "text: ▶\"{stopped is", "is no slot"),
    ("compares: \"guess\",", "", "nothing ever answers the prediction"),
    ("compares: \"guess\",", "compares: ▶\"gess\",", "`gess` is no prediction"),
    ("hints: [\"Crash-stop is key 1.\"]", "hints: ▶[]", "no hint"),
    ("[Inject(CrashStop(node: Node(\"n3\")))],", "▶[Wait(\"1s\")],", "does not fulfil"),
    ("[Inject(CrashStop(node: Node(\"n3\")))],", "[Inject(CrashStop(node: Node(▶\"n7\")))],", "n7"),
    ("goal: All([Life(who: Follower, is: Down), Not(Fails)])", "goal: ▶Not(Fails)", "left to do"),
    ("event: Event(\"stopped\")", "event: ▶GaveUp", "no such event"),
    ("boundary: \"the node\"", "boundary: ▶\"\"", "no boundary"),
    ("answer: Failure", "answer: ▶Mishap", "`Mishap` is no choice"),
    ("is: After(\"stopped\", Answered())", "is: ▶After(\"stopped\", GaveUp)", "is not in the run"),
    ("text: \"Let it begin.\"", "text: ▶\"WORDS\"", "too many for one beat"),
    ("        ),\n    ],\n)\n", "", "ends too early"),
];

#[test]
fn a_bad_lesson_is_reported_with_its_place() {
    for (good, bad, said) in BAD {
        assert_eq!(SMALL.matches(good).count(), 1, "{good} is there once");
        let bad = bad.replace("WORDS", &"word ".repeat(81));
        let marked = SMALL.replace(good, &bad);
        let text = marked.replace('▶', "");
        let reports = lint("bad.ron", &text);
        let found = reports.iter().find(|report| report.to_string().contains(said));
        let Some(report) = found else { panic!("{said}: {reports:#?}") };
        if let Some(place) = marked.find('▶') {
            let line = marked[..place].matches('\n').count() + 1;
            let start = marked[..place].rfind('\n').map_or(0, |at| at + 1);
            let column = marked[start..place].chars().count() + 1;
            let reported = (report.line as usize, report.column as usize);
            assert_eq!(reported, (line, column), "{report}");
        }
    }
}

#[test]
fn a_cut_off_lesson_is_an_error_and_never_a_panic() {
    for end in (0..SMALL.trim_end().len()).step_by(7).filter(|end| SMALL.is_char_boundary(*end)) {
        let cut = &SMALL[..end];
        assert!(read_lesson("cut.ron", cut).is_err(), "{end} bytes make no lesson");
    }
}
