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
        cell: None,
        title: title.to_owned(),
        protocol: ProtocolSpec::Raft(RaftSpec::default()),
        nodes,
        topology: TopologySpec::Spread { zones },
        network: NetworkSpec::default(),
        disk: DiskSpec::default(),
        service: None,
        versions: None,
        workload: WorkloadSpec::default(),
        mechanisms: vec![Mechanism::Retry, Mechanism::Idempotency],
        monitors: Vec::new(),
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
    let moment = Moment { session, scene: &scene, standing: &standing, faults: &faults, chains };
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

#[test]
fn in_the_past_the_future_is_shown_as_such() {
    let mut session = leader_cut_off();
    assert!(session.seek(Seek::Time(Instant(2_050_000))));
    insta::assert_snapshot!("past_80x24", plain(&session, (80, 24)));
}

#[test]
fn two_hundred_nodes_fit_as_chips_and_a_thousand_as_dots() {
    let mut session = Session::new(scenario(200, "Two hundred nodes"), 1);
    goes_on(&mut session, 600);
    inject(&mut session, FaultSpec::CrashStop { node: Target::Node(Address::Node(17)) });
    goes_on(&mut session, 100);
    insta::assert_snapshot!("many_200x60", plain(&session, (200, 60)));
    insta::assert_snapshot!("many_80x24", plain(&session, (80, 24)));
    let mut session = Session::new(scenario(1_000, "A thousand nodes"), 1);
    goes_on(&mut session, 120);
    insta::assert_snapshot!("thousand_120x36", plain(&session, (120, 36)));
}

#[test]
fn what_is_selected_is_selected_in_every_view() {
    let mut session = leader_crashed();
    let leader = leader(&session);
    let theme = Theme::default();
    let node = |eyes: &mut Eyes<'_>| {
        (eyes.target, eyes.focus) = (Selection::Member(leader), Pane::Inspector);
    };
    let screen_of_node = screen(&session, &[], (120, 36), node, &theme);
    insta::assert_snapshot!("inspect_node_120x36", text(&screen_of_node));
    assert!(session.seek(Seek::End));
    let suspicion = session.newest_records().find(|record| {
        matches!(record.what, faultlab::sim::What::Noted(faultlab::sim::Note::Suspects(_)))
    });
    let event: EventId = suspicion.expect("somebody suspected the crashed leader").id;
    let record = |eyes: &mut Eyes<'_>| (eyes.event, eyes.focus) = (Some(event), Pane::Events);
    let screen_of_event = screen(&session, &[], (120, 36), record, &theme);
    insta::assert_snapshot!("inspect_event_120x36", text(&screen_of_event));
    let link = |eyes: &mut Eyes<'_>| {
        eyes.target = Selection::Link(Address::Node(5), Address::Node(3));
        eyes.focus = Pane::Inspector;
    };
    insta::assert_snapshot!(
        "inspect_link_80x24",
        text(&screen(&session, &[], (80, 24), link, &theme))
    );
}

fn embedded(name: &str, until: Span) -> Session {
    let file = faultlab::lab::embedded::find(name).expect("it comes with the program");
    let scenario = faultlab::lab::read_scenario(name, file).expect("it is good");
    let mut session = Session::new(scenario, 1);
    goes_on(&mut session, until.0 / 1_000);
    session
}

#[test]
fn a_gray_node_shows_what_users_see_beside_what_its_monitor_says() {
    let session = embedded("raft-v12-gray-ping", Span::millis(5_100));
    insta::assert_snapshot!("gray_80x24", plain(&session, (80, 24)));
    insta::assert_snapshot!("gray_120x36", plain(&session, (120, 36)));
    let inspect = |who, size| {
        let look = |eyes: &mut Eyes<'_>| {
            (eyes.target, eyes.focus) = (Selection::Member(who), Pane::Inspector);
        };
        text(&screen(&session, &[], size, look, &Theme::default()))
    };
    let (node, monitor) = (leader(&session), Address::Monitor(1));
    insta::assert_snapshot!("gray_node_80x24", inspect(node, (80, 24)));
    insta::assert_snapshot!("gray_node_120x36", inspect(node, (120, 36)));
    let widest = inspect(node, (200, 60));
    let table = widest.lines().find(|line| line.contains("m1 ping")).expect("there is its row");
    assert!(table.ends_with('–'), "all four times are seen: {table}");
    insta::assert_snapshot!("gray_monitor_80x24", inspect(monitor, (80, 24)));
    insta::assert_snapshot!("gray_monitor_120x36", inspect(monitor, (120, 36)));
    let clients = |eyes: &mut Eyes<'_>| eyes.focus = Pane::Clients;
    let drawn = screen(&session, &[], (80, 24), clients, &Theme::default());
    insta::assert_snapshot!("gray_clients_80x24", text(&drawn));
}

#[test]
fn a_gray_node_that_a_synthetic_transaction_finds_is_gray_no_more() {
    let session = embedded("raft-s11-gray-synthetic", Span::secs(4));
    let views = session.milestones().filter(|milestone| {
        matches!(milestone.kind(), faultlab::lab::Kind::Gray | faultlab::lab::Kind::Suspicion)
    });
    let told: Vec<String> = views.map(ToString::to_string).collect();
    assert!(told[0].starts_with("n1 is gray: users get no answer (2 of "), "{told:?}");
    let found = ["m1 finds n1 ill by synthetic", "n1 is gray no more: synthetic finds it ill too"];
    assert_eq!(told[1..3], found, "{told:?}");
    insta::assert_snapshot!("detected_80x24", plain(&session, (80, 24)));
    insta::assert_snapshot!("detected_120x36", plain(&session, (120, 36)));
}

#[test]
fn without_unicode_every_glyph_is_ascii() {
    let theme = Theme::default().with_ascii(true);
    let buf = screen(&leader_cut_off(), &[], (120, 36), |_| (), &theme);
    let drawn = text(&buf);
    assert!(drawn.is_ascii());
    insta::assert_snapshot!("ascii_120x36", drawn);
    assert!(text(&screen(&steady(), &[], (200, 60), |_| (), &theme)).is_ascii());
}

#[test]
fn where_there_is_no_room_the_screen_says_how_much_it_needs() {
    insta::assert_snapshot!("tiny_39x10", plain(&steady(), (39, 10)));
    insta::assert_snapshot!("smallest_40x10", plain(&leader_crashed(), (40, 10)));
}

/// Writes one letter for the style of each cell, and what each letter is.
fn style_map(buf: &Buffer) -> String {
    let mut styles = Vec::new();
    let mut out = String::new();
    for cells in buf.content.chunks(usize::from(buf.area.width)) {
        for cell in cells {
            let style = (cell.fg, cell.bg, cell.modifier);
            let known = styles.iter().position(|other| *other == style);
            let place = known.unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            out.push(char::from(b"_abcdefghijklmnopqrstuvwxyz"[place]));
        }
        out.push('\n');
    }
    for (place, (fg, bg, modifier)) in styles.iter().enumerate() {
        let letter = char::from(b"_abcdefghijklmnopqrstuvwxyz"[place]);
        writeln!(out, "{letter}: {fg:?} on {bg:?} {modifier:?}").expect("a string takes it");
    }
    out
}

#[test]
fn the_colours_of_a_screen() {
    let session = leader_cut_off();
    let target = Selection::Member(leader(&session));
    let buf = screen(&session, &[], (80, 24), |eyes| eyes.target = target, &Theme::default());
    insta::assert_snapshot!("colours_80x24", style_map(&buf));
}

#[test]
fn without_colours_no_cell_has_one() {
    let theme = Theme::default().without_colour();
    let buf = screen(&leader_cut_off(), &[], (120, 36), |_| (), &theme);
    let reset = ratatui::style::Color::Reset;
    assert!(buf.content.iter().all(|cell| (cell.fg, cell.bg) == (reset, reset)));
}

#[test]
fn no_view_panics_at_any_size() {
    let mut past = leader_cut_off();
    assert!(past.seek(Seek::Previous(None)));
    let crashed = leader_crashed();
    let theme = Theme::default();
    for session in [&past, &crashed, &Session::new(scenario(60, "Sixty"), 3)] {
        let scene = session.scene();
        let standing = session.standing();
        let faults = session.faults();
        let moment =
            Moment { session, scene: &scene, standing: &standing, faults: &faults, chains: &[] };
        let last = EventId(session.next_record().0.saturating_sub(1));
        let targets = [
            Selection::Nothing,
            Selection::Member(Address::Node(1)),
            Selection::Member(Address::Client(9)),
            Selection::Link(Address::Node(1), Address::Node(2)),
            Selection::Record(last),
        ];
        for (width, height) in (0..=60).flat_map(|width| (0..=20).map(move |h| (width, h))) {
            let mut eyes = Eyes::at_rest(&theme);
            eyes.target = targets[usize::from(width + height) % targets.len()];
            eyes.event = (width % 2 == 0).then_some(last);
            eyes.scroll = usize::from(height) * 7;
            for view in views::VIEWS {
                eyes.focus = view.pane();
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                let mut hits = Vec::new();
                view.render(&moment, &eyes, buf.area, &mut buf, &mut hits);
                assert!(hits.iter().all(|hit| hit.area.intersection(buf.area) == hit.area));
            }
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            draw(&moment, &eyes, buf.area, &mut buf, &mut Vec::new());
        }
    }
}

#[test]
fn a_picture_of_a_screen_is_the_same_each_time() {
    let session = leader_cut_off();
    let draw = || screen(&session, &[], (80, 24), |_| (), &Theme::default());
    let paper = faultlab::tui::picture::Paper::DARK;
    let picture = faultlab::tui::picture::svg(&draw(), &paper);
    assert_eq!(picture, faultlab::tui::picture::svg(&draw(), &paper));
    assert!(picture.contains("2 believe they lead"));
}

/// A chain as causes would hand it over, around findings of a real run.
fn explained(session: &Session) -> Vec<Chain> {
    use faultlab::causes::{Confirmed, Containment, Named};
    use faultlab::oracles::Grade;
    let standing = session.standing();
    let of = |failure: bool| -> Vec<faultlab::oracles::Finding> {
        let found = standing.iter().filter(|finding| (finding.grade == Grade::Failure) == failure);
        found.map(|finding| (*finding).clone()).collect()
    };
    let (errors, failures) = (of(false), of(true));
    let via = errors[0].event;
    let named = |id, confirmed| Named { fault: faultlab::sim::FaultId(id), via, confirmed };
    let contained = Containment {
        by: "quorum",
        at: via,
        text: "a majority went on".to_owned(),
        confirmed: Some(true),
    };
    vec![Chain {
        finding: errors[0].clone(),
        faults: vec![named(1, Confirmed::ButFor)],
        errors,
        failures,
        containment: vec![contained],
        path: Vec::new(),
    }]
}

#[test]
fn a_confirmed_chain_says_what_the_run_without_the_fault_has_shown() {
    let session = leader_cut_off();
    let chains = explained(&session);
    let theme = Theme::default();
    let drawn = text(&screen(&session, &chains, (200, 60), |_| (), &theme));
    assert!(drawn.contains("✓ F1 confirmed: cut off n3"), "{drawn}");
    assert!(drawn.contains("not so without it: same seed, run again"), "{drawn}");
    assert!(drawn.contains("▣ contained by quorum ✓"), "{drawn}");
    let small = screen(&session, &chains, (80, 24), |eyes| eyes.focus = Pane::Chain, &theme);
    insta::assert_snapshot!("explained_80x24", text(&small));
}

#[test]
fn before_anything_is_wrong_the_chain_teaches_which_keys_break_something() {
    let session = Session::new(scenario(5, "At the beginning"), 7);
    assert!(plain(&session, (80, 24)).contains("Press 1-9 to break something."));
}
