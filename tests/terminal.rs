//! The screen as its reader has it: the real program in a pseudo-terminal, and the same path of
//! keys, mouse and frames without one, under ten thousand random inputs.

#![allow(clippy::unwrap_used)]

mod pty;

use std::process::{Command, Stdio};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use faultlab::tui::{Options, Start, State, app, frame};
use pty::Pty;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faultlab");

fn home(at: (u16, u16)) -> Pty {
    let pty = Pty::start(PROGRAM, &[], &[], at);
    pty.wait_text("Your first minute");
    pty
}

/// Opens the lab and waits until somebody leads.
fn lab(at: (u16, u16)) -> Pty {
    let mut pty = home(at);
    pty.send("\r");
    pty.wait_text("leads term");
    pty
}

#[test]
fn the_first_minute_goes_as_the_home_screen_says() {
    let mut pty = lab((80, 24));
    assert!(pty.is_on_alternate_screen());
    pty.wait_text("Break something");
    pty.send("1");
    pty.wait_text("The node halts");
    pty.wait_text("Fault F1");
    // The others notice and choose another: virtual time runs on by itself.
    pty.wait_text("won the election and leads term 2");
    pty.send(",");
    pty.wait_text("PAST");
    pty.settle();
    let past = pty.text();
    pty.send(",");
    pty.wait("another moment", |screen| screen.contents() != past);
    pty.send("..");
    pty.wait_text("paused");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored();
}

#[test]
fn a_class_with_variants_asks_which() {
    let mut pty = lab((120, 36));
    pty.send("4");
    pty.wait_text("A letter chooses");
    pty.send("z");
    pty.wait_text("none of these letters");
    pty.send("\x1b");
    pty.wait_gone("A letter chooses");
    pty.send("8");
    pty.wait_text("A letter chooses");
    pty.send("8");
    pty.wait_text("Fault F1: ");
    pty.send("5");
    pty.wait_text("A letter chooses");
    pty.send("5");
    pty.wait_text("Fault F2: ");
    pty.send("00");
    pty.wait_text("all faults are healed");
    pty.send("\x03");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored();
}

#[test]
fn help_and_palette_open_over_everything_and_close() {
    let mut pty = home((100, 30));
    pty.send("?");
    pty.wait_text("Break and heal");
    pty.send("\x1b");
    pty.wait_gone("Break and heal");
    pty.send(":");
    pty.wait_text("Palette");
    pty.send("home sc");
    pty.wait_text("not now: this is the home screen");
    pty.send("\x1b");
    pty.wait_gone("Palette");
    pty.send("1");
    pty.wait_text("that works in the lab");
    pty.send("\x1b[200~q\x1b[201~");
    pty.wait_text("what was pasted is ignored");
    // A control key inside of the palette still quits.
    pty.send(":\x03");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored();
}

#[test]
fn a_resize_is_drawn_at_once_at_any_size() {
    let mut pty = lab((80, 24));
    pty.resize(20, 5);
    pty.wait_text("too small");
    pty.resize(300, 100);
    pty.wait("the whole screen", |screen| {
        let text = screen.contents();
        text.lines().count() > 90 && text.contains("quit")
    });
    pty.resize(80, 24);
    pty.wait("24 rows", |screen| {
        let text = screen.contents();
        text.contains("help") && text.lines().count() <= 24
    });
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored();
}

#[test]
fn the_mouse_opens_and_selects_and_is_given_back() {
    let mut pty = home((120, 36));
    let click = |pty: &mut Pty, text: &str| {
        let (column, row) = pty.find(text);
        pty.send(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
    };
    click(&mut pty, "> the lab");
    pty.wait_text("leads term");
    pty.send(" ");
    pty.wait_text("paused");
    click(&mut pty, "n3");
    // Only a node that is selected is named by the strip; else it speaks of the leader.
    pty.send("8");
    pty.wait_text("partition of n3");
    pty.send("\x1b");
    pty.wait_gone("partition of n3");
    let (column, row) = pty.find("n3");
    pty.send(&format!("\x1b[<64;{column};{row}M\x1b[<65;{column};{row}M"));
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored();
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_what_it_was() {
    let mut pty = Pty::start(PROGRAM, &[], &[("FAULTLAB_PANIC_KEY", "1")], (80, 24));
    pty.wait_text("Your first minute");
    pty.send("\x1b[24~");
    assert_ne!(pty.exit_code(), 0);
    pty.assert_restored();
    assert!(pty.text().contains("the panic key was pressed"), "{}", pty.text());
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut pty = lab((80, 24));
        pty.signal(name);
        assert_eq!(pty.exit_code(), code);
        pty.assert_restored();
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let arguments = ["--norc", "--noprofile", "-i"];
    let mut pty = Pty::start("/bin/bash", &arguments, &[], (100, 30));
    pty.wait_text("PROMPT>");
    pty.send(&format!("{PROGRAM}\n"));
    pty.wait_text("Your first minute");
    pty.send("\r");
    pty.wait_text("leads term");
    for key in ["\x1a", ":\x1a"] {
        pty.send(key);
        pty.wait_text("Stopped");
        // The shell's own line editor asks for bracketed paste: that alone is not looked at.
        pty.assert_given_back();
        pty.send("clear; fg\n");
        pty.wait("the lab again", |screen| {
            screen.alternate_screen() && screen.contents().contains("seed 1")
        });
    }
    pty.wait_text("Palette");
    pty.send("\x1b");
    pty.wait_gone("Palette");
    pty.send("q");
    pty.wait("the shell again", |screen| !screen.alternate_screen());
    pty.send("exit\n");
    pty.exit_code();
}

#[test]
fn without_a_terminal_one_line_names_the_command_that_needs_none() {
    let output = Command::new(PROGRAM).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("faultlab run"), "{said}");
}

#[test]
fn a_keymap_that_is_wrong_is_said_with_its_place() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong-keys");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keys.ron"), "{\n  \"rum\": [\"r\"],\n}").unwrap();
    let config = [("FAULTLAB_CONFIG", folder.to_str().unwrap())];
    let mut pty = Pty::start(PROGRAM, &[], &config, (200, 24));
    assert_eq!(pty.exit_code(), 2);
    assert!(pty.text().contains("keys.ron:2:3: `rum` is no action"), "{}", pty.text());
}

/// Bytes as hands, terminals and cats make them; then the program must still be there, and quit.
#[test]
fn random_bytes_end_nothing() {
    let words = [
        "\x1b[A",
        "\x1b[B",
        "\x1b[C",
        "\x1b[D",
        "\x1b",
        "\t",
        "\x1b[Z",
        " ",
        ".",
        ",",
        "1",
        "2",
        "3",
        "4",
        "8",
        "0",
        "s",
        "p",
        "?",
        ":",
        "w",
        "v",
        "+",
        "-",
        "[",
        "]",
        "\r",
        "\x1b[<0;10;5M",
        "\x1b[<0;10;5m",
        "\x1b[<32;40;20M",
        "\x1b[<65;10;5M",
        "\x1b[200~paste q\x1b[201~",
        "é",
        "😀",
        "\x1b[I",
        "\x1b[H",
        "\x1b[F",
        "\x1b[5~",
        "\x1bOP",
        "\x1b[999;999;999M",
        "\x7f",
    ];
    for seed in [1, 2] {
        let mut pty = home((80, 24));
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        for count in 0..300 {
            pty.send(words[random.random_range(0..words.len())]);
            if count % 50 == 0 {
                pty.resize(random.random_range(2..220), random.random_range(2..70));
            }
        }
        pty.resize(100, 30);
        // Not the first byte after a resize: a terminal library may hold that one back.
        pty.send("\x1b");
        pty.settle();
        assert!(pty.child.try_wait().unwrap().is_none(), "it ended:\n{}", pty.text());
        pty.send("\x03");
        assert_eq!(pty.exit_code(), 0);
        pty.assert_restored();
    }
}

fn random_key(random: &mut Xoshiro256PlusPlus) -> KeyEvent {
    let plain = b" .,12345678900spaulwdjhkl?:v+-[]gb=mo/Qpx";
    let codes = [
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::Char('é'),
        KeyCode::Char('字'),
    ];
    let code = if random.random_range(0..3) == 0 {
        codes[random.random_range(0..codes.len())]
    } else {
        KeyCode::Char(char::from(plain[random.random_range(0..plain.len())]))
    };
    let control = random.random_range(0..20) == 0;
    KeyEvent::new(code, if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
}

fn random_mouse(random: &mut Xoshiro256PlusPlus) -> MouseEvent {
    let kinds = [
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ];
    MouseEvent {
        kind: kinds[random.random_range(0..kinds.len())],
        column: random.random_range(0..320),
        row: random.random_range(0..110),
        modifiers: KeyModifiers::NONE,
    }
}

/// Keys, mouse, sizes and time at random, through the path that the program takes. Every third
/// event is drawn; a program that draws too late is as welcome to panic as one that draws at once.
#[test]
fn ten_thousand_random_events_of_each_seed_panic_nowhere() {
    for seed in 0..4 {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut state = State::new(Start::Home, Options::default()).unwrap();
        let mut screen = Terminal::new(TestBackend::new(80, 24)).unwrap();
        for count in 0..10_000 {
            let event = match random.random_range(0..20) {
                0 => Event::Resize(random.random_range(0..160), random.random_range(0..60)),
                1..=3 => Event::Mouse(random_mouse(&mut random)),
                4 => Event::Paste("q\x03\n".to_owned()),
                _ => Event::Key(random_key(&mut random)),
            };
            if let Event::Resize(width, height) = event {
                screen.backend_mut().resize(width, height);
            }
            app::input(&mut state, &event);
            let mut slices = 0;
            app::tick(&mut state, 33_000, &mut || {
                slices += 1;
                slices > 2
            });
            (state.quit, state.suspend) = (false, false);
            if count % 3 == 0 {
                let mut drawn = None;
                screen
                    .draw(|f| drawn = Some(frame::draw(&state, f.area(), f.buffer_mut())))
                    .unwrap();
                state.drawn = drawn.unwrap();
            }
        }
        assert!(state.lab.is_some(), "in ten thousand events the lab is opened");
    }
}
