//! The loop around the screen: the terminal, the clock, the signals, the frames.
//!
//! One task owns the event stream and sends what it reads; the loop takes all that waits, changes
//! the state, and draws once if anything changed. It ticks only while something goes on by itself,
//! so that a lab that stands still uses no processor time.

use std::io::{self, IsTerminal, Stdout, Write};
use std::panic;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use color_eyre::eyre::Result;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    EventStream, MouseEventKind,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

use super::signals::{Caught, Signals};
use super::start::{Options, Start};
use super::state::{Place, State};
use super::{app, frame};

/// How long a frame lasts while something goes on: 30 in a second.
const FRAME: Duration = Duration::from_millis(33);
/// How long a frame may compute, so that a key acts in the next frame whatever goes on.
const WORK_MAX: Duration = Duration::from_millis(8);
/// How long a frame may compute while virtual time stands and only a question is being answered.
const ASKING_MAX: Duration = Duration::from_millis(24);
/// How many events may wait: far more than hands can make in a frame.
const EVENTS_MAX: usize = 256;
/// The exit code of bad input, and of a missing terminal.
const BAD_INPUT: u8 = 2;

type Screen = Terminal<CrosstermBackend<Stdout>>;
type Read = io::Result<Event>;

/// Opens the screen and stays until the reader leaves it. Whoever calls has installed
/// `color_eyre` before, so that a panic is reported once the terminal is itself again.
///
/// # Errors
/// Fails where the terminal does. A missing terminal or a keymap that is wrong is said in one line
/// on standard error, with exit code 2.
pub fn run(start: Start, options: Options) -> Result<ExitCode> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        eprintln!(
            "faultlab: the lab needs a terminal; without one, use `faultlab run SCENARIO.ron`"
        );
        return Ok(ExitCode::from(BAD_INPUT));
    }
    let mut state = match State::new(start, options) {
        Ok(state) => state,
        Err(error) => {
            eprintln!("faultlab: {error}");
            return Ok(ExitCode::from(BAD_INPUT));
        }
    };
    listen_to_the_log();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        leave();
        previous(info);
    }));
    let guard = Guard;
    let ended = runtime.block_on(stay(&mut state));
    drop(guard);
    Ok(ended?.map_or(ExitCode::SUCCESS, |signal| ExitCode::from(128 + signal)))
}

/// Gives the terminal back when it goes out of scope, however that comes about.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal.
fn enter() -> io::Result<Screen> {
    enable_raw_mode()?;
    let (mouse, paste) = (EnableMouseCapture, EnableBracketedPaste);
    execute!(io::stdout(), EnterAlternateScreen, mouse, paste)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

/// Gives the terminal back as it was. What fails on the way is passed over: there is no other
/// terminal to say it on.
fn leave() {
    let mut out = io::stdout();
    let (mouse, paste) = (DisableMouseCapture, DisableBracketedPaste);
    let _ = execute!(out, mouse, paste, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Lets the log pane hear the lab's own voices, and no others.
fn listen_to_the_log() {
    let voices = ["engine", "lesson", "program"].map(|voice| (voice, LevelFilter::INFO));
    let layer = tui_logger::TuiTracingSubscriberLayer.with_filter(Targets::from_iter(voices));
    tui_logger::set_default_level(tui_logger::LevelFilter::Info);
    // Another subscriber may be there already, in a test for example; then that one listens.
    let _ = registry().with(layer).try_init();
}

/// The one owner of the event stream. It is never polled but here: a stream that is polled with a
/// waker that goes away loses keys.
struct Input {
    task: JoinHandle<()>,
    events: mpsc::Receiver<Read>,
}

impl Input {
    fn open() -> Input {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let task = tokio::spawn(async move {
            let mut stream = EventStream::new();
            while let Some(event) = stream.next().await {
                if sender.send(event).await.is_err() {
                    break;
                }
            }
        });
        Input { task, events }
    }

    async fn close(self) {
        self.task.abort();
        // It was aborted: that is the error which is awaited here.
        let _ = self.task.await;
    }
}

/// Stays until the reader leaves; returns the signal that ended it, if one did.
async fn stay(state: &mut State) -> Result<Option<u8>> {
    let mut screen = enter()?;
    draw(&mut screen, state)?;
    // What takes reading files comes after the first frame.
    if list_home(state) {
        draw(&mut screen, state)?;
    }
    let mut signals = Signals::listen()?;
    let mut input = Input::open();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut batch: Vec<Read> = Vec::with_capacity(EVENTS_MAX);
    let mut ticked: Option<Instant> = None;
    tracing::info!(target: "program", "ready");
    loop {
        let mut dirty = false;
        tokio::select! {
            biased;
            caught = signals.next() => match caught {
                Caught::End(signal) => return Ok(Some(signal)),
                Caught::Stop => state.suspend = true,
                Caught::Continue => {
                    // Whoever stopped the program may have changed the terminal.
                    let _ = disable_raw_mode();
                    screen = enter()?;
                    dirty = true;
                }
            },
            read = input.events.recv_many(&mut batch, EVENTS_MAX) => {
                if read == 0 {
                    return Ok(None);
                }
                dirty |= take_in(state, &mut batch)?;
            }
            _ = frames.tick(), if state.is_busy() => {
                let now = Instant::now();
                let real = ticked.map_or(FRAME, |before| now - before);
                ticked = Some(now);
                let work = if state.only_asks() { ASKING_MAX } else { WORK_MAX };
                app::tick(state, real.as_micros() as u64, &mut || now.elapsed() >= work);
                dirty = true;
            }
        }
        if state.quit {
            return Ok(None);
        }
        if !state.is_busy() {
            ticked = None;
        }
        if std::mem::take(&mut state.suspend) {
            input.close().await;
            leave();
            signals.stop_the_group().await?;
            screen = enter()?;
            input = Input::open();
            dirty = true;
        }
        if dirty | list_home(state) {
            draw(&mut screen, state)?;
        }
    }
}

/// Lists what the home screen offers, once its first frame is drawn; returns whether it did.
fn list_home(state: &mut State) -> bool {
    let wanted = state.place == Place::Home && state.home.listed.is_none();
    if wanted {
        state.home.listed = Some((state.options.listing)());
    }
    wanted
}

/// Takes in what was read; of many sizes or places of a drag only the last counts.
fn take_in(state: &mut State, batch: &mut Vec<Read>) -> Result<bool> {
    let events = batch.drain(..).collect::<io::Result<Vec<Event>>>()?;
    let mut dirty = false;
    for (place, event) in events.iter().enumerate() {
        let overtaken = match (event, events.get(place + 1)) {
            (Event::Resize(..), Some(Event::Resize(..))) => true,
            (Event::Mouse(this), Some(Event::Mouse(next))) => {
                let is_drag = |kind| matches!(kind, MouseEventKind::Drag(_));
                is_drag(this.kind) && is_drag(next.kind)
            }
            _ => false,
        };
        if !overtaken {
            dirty |= app::input(state, event);
        }
    }
    Ok(dirty)
}

fn draw(screen: &mut Screen, state: &mut State) -> io::Result<()> {
    tui_logger::move_events();
    let mut drawn = None;
    screen.draw(|frame| {
        let area = frame.area();
        let this = frame::draw(state, area, frame.buffer_mut());
        if let Some(cursor) = this.cursor {
            frame.set_cursor_position(cursor);
        }
        drawn = Some((this, area));
    })?;
    if let Some((this, area)) = drawn {
        state.drawn = this;
        state.size = (area.width, area.height);
    }
    Ok(())
}
