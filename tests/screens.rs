//! The lab's screens, drawn from real runs with fixed seeds: what a reader sees at each size.

use std::fmt::Write;

use faultlab::causes::Chain;
use faultlab::faults::{Cut, FaultSpec, Target};
use faultlab::lab::scenario::{BoundsSpec, DiskSpec, Mechanism, NetworkSpec, TopologySpec};
use faultlab::lab::{Act, Scenario, Seek, Session};
use faultlab::protocols::ProtocolSpec;
use faultlab::protocols::raft::RaftSpec;
use faultlab::sim::{Address, EventId, Instant, Mood, Span};
use faultlab::tui::views::{self, draw};
use faultlab::tui::{Eyes, Moment, Pane, Selection, Theme};
use faultlab::workloads::WorkloadSpec;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn scenario(nodes: u16, title: &str) -> Scenario {
    let zones = ["a", "b", "c"].map(str::to_owned).to_vec();
    Scenario {
        title: title.to_owned(),
        protocol: ProtocolSpec::Raft(RaftSpec::default()),
        nodes,
        topology: TopologySpec::Spread { zones },
        network: NetworkSpec::default(),
        disk: DiskSpec::default(),
        workload: WorkloadSpec::default(),
        mechanisms: vec![Mechanism::Retry, Mechanism::Idempotency],
        faults: Vec::new(),
        expect: Vec::new(),
        bounds: BoundsSpec::default(),
        until: Span::secs(20),
    }
}

fn five() -> Session {
    Session::new(scenario(5, "Five Raft nodes, three clients"), 7)
}

fn goes_on(session: &mut Session, millis: u64) {
    let target = session.clock() + Span::millis(millis);
    assert!(session.advance_to(target, 1_000_000), "the run got there");
}

fn inject(session: &mut Session, fault: FaultSpec) {
    session.make(Act::Inject { fault, heal_after: None }).expect("a fault was injected");
}

fn steady() -> Session {
    let mut session = five();
    goes_on(&mut session, 2_000);
    session
}

fn leader_crashed() -> Session {
    let mut session = steady();
    let node = Target::Leader;
    let down = Span::secs(2);
    inject(&mut session, FaultSpec::CrashRecovery { node, disk: Mood::Durable, down });
    goes_on(&mut session, 330);
    session
}

fn leader_cut_off() -> Session {
    let mut session = steady();
    inject(&mut session, FaultSpec::Partition { kind: Cut::Complete, isolate: Target::Leader });
    goes_on(&mut session, 1_200);
    session
}

fn leader(session: &Session) -> Address {
    let nodes = session.scene().nodes;
    let leads = nodes.iter().find(|node| node.glance.leader == Some(node.address));
    leads.expect("somebody leads").address
}

/// Draws a moment of a run.
fn screen(
    session: &Session,
    chains: &[Chain],
    size: (u16, u16),
    look: impl FnOnce(&mut Eyes<'_>),
    theme: &Theme,
) -> Buffer {
    let scene = session.scene();
    let standing = session.standing();
    let faults = session.faults();
    let moment =
        Moment { session, scene: &scene, standing: &standing, faults: &faults, chains };
    let mut eyes = Eyes::at_rest(theme);
    look(&mut eyes);
    let mut buf = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    let mut hits = Vec::new();
    draw(&moment, &eyes, buf.area, &mut buf, &mut hits);
    for hit in hits {
        assert_eq!(hit.area.intersection(buf.area), hit.area, "{hit:?} lies on the screen");
    }
    buf
}

/// Draws a moment as it is without anything selected.
fn plain(session: &Session, size: (u16, u16)) -> String {
    text(&screen(session, &[], size, |_| (), &Theme::default()))
}

/// Writes a screen as text, without the blanks at the ends of its lines.
fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for cells in buf.content.chunks(usize::from(buf.area.width)) {
        let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        writeln!(out, "{}", line.trim_end()).expect("a string takes it");
    }
    out
}

#[test]
fn a_steady_cluster() {
    let session = steady();
    insta::assert_snapshot!("steady_80x24", plain(&session, (80, 24)));
    insta::assert_snapshot!("steady_120x36", plain(&session, (120, 36)));
    insta::assert_snapshot!("steady_200x60", plain(&session, (200, 60)));
}

#[test]
fn after_the_leader_has_crashed() {
    let session = leader_crashed();
    insta::assert_snapshot!("leader_crashed_80x24", plain(&session, (80, 24)));
    insta::assert_snapshot!("leader_crashed_120x36", plain(&session, (120, 36)));
}

#[test]
fn with_the_leader_cut_off_two_believe_that_they_lead() {
    let session = leader_cut_off();
    insta::assert_snapshot!("leader_cut_off_80x24", plain(&session, (80, 24)));
    insta::assert_snapshot!("leader_cut_off_120x36", plain(&session, (120, 36)));
    insta::assert_snapshot!("leader_cut_off_200x60", plain(&session, (200, 60)));
}
