//! The real program in a pseudo-terminal, and a terminal emulator that reads its screen.
//!
//! Nothing here answers what a program may ask of its terminal: a program that waits for such an
//! answer is caught by a test that waits for the program.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Shared {
    emulator: vt100::Parser,
    heard: Instant,
}

/// A program in a pseudo-terminal.
pub struct Pty {
    shared: Arc<Mutex<Shared>>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
}

fn size(cols: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let at_least_two = |n: u16| NonZeroU16::new(n.max(2)).expect("two is not zero");
    (at_least_two(rows), at_least_two(cols))
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Pty {
    /// Starts a program with nothing of the environment but what a terminal needs.
    pub fn start(program: &str, arguments: &[&str], more: &[(&str, &str)], at: (u16, u16)) -> Pty {
        let pair = native_pty_system().openpty(pty_size(at.0, at.1)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        let home = env!("CARGO_TARGET_TMPDIR");
        let environment = [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("HOME", home),
            ("PATH", "/usr/bin:/bin"),
            ("PS1", "PROMPT> "),
            ("RUST_BACKTRACE", "0"),
        ];
        for (name, value) in environment.iter().chain(more) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (rows, cols) = size(at.0, at.1);
        let emulator = vt100::Parser::new(rows, cols, 0);
        let shared = Arc::new(Mutex::new(Shared { emulator, heard: Instant::now() }));
        let heard_by = shared.clone();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let mut shared = heard_by.lock().expect("no test panics with the lock");
                shared.emulator.process(&bytes[..count]);
                shared.heard = Instant::now();
            }
        });
        Pty { shared, master: pair.master, writer, child }
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        // A program that has just ended takes no more keys; what follows in the test will tell.
        let _ = self.writer.write_all(text.as_bytes());
        let _ = self.writer.flush();
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, cols: u16, rows: u16) {
        let (high, wide) = size(cols, rows);
        self.look(|shared| shared.emulator.screen_mut().set_size(high, wide));
        self.master.resize(pty_size(cols, rows)).expect("resized");
    }

    fn look<T>(&self, at: impl FnOnce(&mut Shared) -> T) -> T {
        at(&mut self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Returns what stands on the screen.
    pub fn text(&self) -> String {
        self.look(|shared| shared.emulator.screen().contents())
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let begun = Instant::now();
        while !self.look(|shared| is_so(shared.emulator.screen())) {
            assert!(begun.elapsed() < PATIENCE, "waited for {what}; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for a text on the screen.
    #[track_caller]
    pub fn wait_text(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Waits until a text is gone from the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) {
        self.wait(&format!("`{text}` to go"), |screen| !screen.contents().contains(text));
    }

    /// Returns where a text stands first on the screen: column and row, from 1, as a mouse says it.
    #[track_caller]
    pub fn find(&self, text: &str) -> (usize, usize) {
        let screen = self.text();
        let mut rows = (1..).zip(screen.lines());
        let found = rows.find_map(|(row, line)| line.find(text).map(|at| (row, line, at)));
        let (row, line, at) = found.unwrap_or_else(|| panic!("no `{text}` in:\n{screen}"));
        (line[..at].chars().count() + 1, row)
    }

    /// Waits until the program has written nothing for a while.
    pub fn settle(&self) {
        let quiet = Duration::from_millis(60);
        while self.look(|shared| shared.heard.elapsed()) < quiet {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end of the program and returns its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                self.settle();
                return status.exit_code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asserts that the terminal is as it was before the program took it.
    #[track_caller]
    pub fn assert_restored(&self) {
        self.assert_given_back();
        assert!(
            !self.look(|shared| shared.emulator.screen().bracketed_paste()),
            "paste is given back"
        );
    }

    /// Asserts that screen, cursor and mouse are as they were before the program took them.
    #[track_caller]
    pub fn assert_given_back(&self) {
        let (alternate, hidden, mouse) = self.look(|shared| {
            let screen = shared.emulator.screen();
            (screen.alternate_screen(), screen.hide_cursor(), screen.mouse_protocol_mode())
        });
        assert!(!alternate, "the alternate screen is left");
        assert!(!hidden, "the cursor is seen");
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "the mouse is given back");
    }

    /// Returns whether the program has the alternate screen.
    pub fn is_on_alternate_screen(&self) -> bool {
        self.look(|shared| shared.emulator.screen().alternate_screen())
    }

    /// Sends the program a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("a running child").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("`kill` is there").success());
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
