//! What a frame costs: gathered from a run and drawn at 200×60, with five nodes, 200 and 1,000.
//!
//! `cargo bench --bench screen` prints the median and the worst of many frames of a run that goes
//! on, beside the bare cost of clearing a buffer of that size.

use std::time::{Duration, Instant as Wall};

use faultlab::faults::{Cut, FaultSpec, Target};
use faultlab::lab::scenario::TopologySpec;
use faultlab::lab::{Act, Scenario, Session};
use faultlab::protocols::ProtocolSpec;
use faultlab::protocols::raft::RaftSpec;
use faultlab::sim::Span;
use faultlab::tui::{Eyes, Moment, Theme, views};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How many frames are drawn.
const FRAMES: usize = 300;
/// How much virtual time lies between two frames.
const STEP: Span = Span::millis(3);

fn session(nodes: u16) -> Session {
    let zones = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let plain = Scenario::plain("frames", ProtocolSpec::Raft(RaftSpec::default()), nodes);
    let scenario = Scenario { topology: TopologySpec::Spread { zones }, ..plain };
    let mut session = Session::new(scenario, 7);
    session.advance_to(session.clock() + Span::secs(1), u64::MAX);
    let fault = FaultSpec::Partition { kind: Cut::Complete, isolate: Target::Leader };
    session.make(Act::Inject { fault, heal_after: None });
    session
}

/// Draws one frame, and all that it is gathered from.
fn frame(session: &Session, theme: &Theme, buffer: &mut Buffer) {
    let (scene, standing, faults) = (session.scene(), session.standing(), session.faults());
    let chains = &[];
    let moment = Moment { session, scene: &scene, standing: &standing, faults: &faults, chains };
    views::draw(&moment, &Eyes::at_rest(theme), buffer.area, buffer, &mut Vec::new());
}

fn measured(name: &str, mut work: impl FnMut() -> Duration) {
    let mut took: Vec<Duration> = (0..FRAMES).map(|_| work()).collect();
    took.sort();
    println!("{name:<28} median {:>9.2?}  worst {:>9.2?}", took[FRAMES / 2], took[FRAMES - 1]);
}

fn main() {
    let theme = Theme::named("default").expect("it comes with the program");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    measured("an empty buffer", || {
        let start = Wall::now();
        buffer.reset();
        start.elapsed()
    });
    for nodes in [5, 200, 1_000] {
        let mut session = session(nodes);
        measured(&format!("a frame of {nodes} nodes"), || {
            session.advance_to(session.clock() + STEP, 100_000);
            buffer.reset();
            let start = Wall::now();
            frame(&session, &theme, &mut buffer);
            start.elapsed()
        });
    }
}
