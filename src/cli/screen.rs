//! Opening the screen, with all that it may not read itself.

use std::path::Path;
use std::process::ExitCode;

use crate::files::{self, Kept};
use crate::lab::replay::Replay;
use crate::lab::{Session, embedded, read_scenario};
use crate::lessons::{LESSONS, LessonProgress, Progress, read_lesson};
use crate::tui::{self, Listed, Options, Room, Start};

use super::input::{self, Given};
use super::{Result, Trouble};

/// The folder, among the data, in which runs are kept.
const REPLAYS: &str = "replays";
/// How many words of a title the name of a kept run has.
const NAME_WORDS_MAX: usize = 6;
/// How many runs the home screen offers.
const REPLAYS_MAX: usize = 20;

/// Opens the screen and stays until the reader leaves it.
pub fn open(start: Start) -> Result<ExitCode> {
    tui::run(start, options()).map_err(Trouble::Terminal)
}

fn options() -> Options {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let file = files::config_folder().map(|folder| folder.join("keys.ron"));
    let read = file.map(|file| (files::read_if_there(&file, files::FILE_MAX_BYTES), file));
    let (keys, notice) = match read {
        Some((Ok(Some(text)), file)) => (Some((file.display().to_string(), text)), None),
        Some((Err(error), _)) => (None, Some(error.to_string())),
        _ => (None, None),
    };
    Options {
        keys,
        notice,
        no_colour: is_set("NO_COLOR"),
        reduced_motion: is_set("FAULTLAB_REDUCED_MOTION"),
        panic_key: is_set("FAULTLAB_PANIC_KEY"),
        listing,
        open: chosen,
        share,
        kept,
        keep,
        ..Options::default()
    }
}

/// Keeps a run among the data under a name that says what it holds.
fn share(session: &Session) -> std::result::Result<String, String> {
    let replay = Replay::of(session);
    let token = replay.to_token();
    let Some(folder) = files::data_folder() else { return Ok(token) };
    let title: String = session.scenario().title.to_lowercase();
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let name: Vec<&str> = words.take(NAME_WORDS_MAX).collect();
    let name = format!("{}-{:08x}.ron", name.join("-"), session.digest() as u32);
    let path = folder.join(REPLAYS).join(name);
    files::write(&path, &replay.to_ron()).map_err(|error| error.to_string())?;
    Ok(format!("kept as {}; as one word: {token}", path.display()))
}

/// The file, among the data, in which progress in lessons is kept.
const PROGRESS: &str = "progress.json";

/// Reads what is kept of one lesson; says where the file is damaged and was set aside.
fn kept(lesson: &str) -> std::result::Result<LessonProgress, String> {
    Ok(progress()?.lessons.remove(lesson).unwrap_or_default())
}

fn progress() -> std::result::Result<Progress, String> {
    let Some(folder) = files::data_folder() else { return Ok(Progress::default()) };
    match files::read_kept(&folder.join(PROGRESS), Progress::read) {
        Kept::Read(progress) => Ok(progress),
        Kept::Nothing => Ok(Progress::default()),
        Kept::Damaged(line) => Err(line),
    }
}

/// Keeps how far a lesson has come, whole or not at all.
fn keep(lesson: &str, of_it: &LessonProgress) -> std::result::Result<(), String> {
    let Some(folder) = files::data_folder() else { return Ok(()) };
    // What was damaged stands aside by now, so that the second reading finds nothing.
    let mut all = progress().or_else(|_| progress())?;
    all.lessons.insert(lesson.to_owned(), of_it.clone());
    files::write(&folder.join(PROGRESS), &all.write()).map_err(|error| error.to_string())
}

/// Lists what the home screen offers.
fn listing() -> Vec<Listed> {
    let lessons = LESSONS.iter().filter_map(|(name, text)| {
        let line = read_lesson(name, text).ok()?.title;
        Some(Listed { room: Room::Lesson, name: (*name).to_owned(), line })
    });
    let scenarios = embedded::SCENARIOS.iter().filter_map(|(name, text)| {
        let line = read_scenario(name, text).ok()?.title;
        Some(Listed { room: Room::Scenario, name: (*name).to_owned(), line })
    });
    let mut listed: Vec<Listed> = lessons.chain(scenarios).collect();
    if let Some(folder) = files::data_folder() {
        let kept = files::newest(&folder.join(REPLAYS), ".ron", REPLAYS_MAX);
        listed.extend(kept.iter().map(|path| Listed {
            room: Room::Replay,
            name: path.display().to_string(),
            line: stem(path),
        }));
    }
    listed
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Opens what was chosen on the home screen.
fn chosen(room: Room, name: &str) -> std::result::Result<Start, String> {
    if room == Room::Lesson {
        return Ok(Start::Lesson(name.to_owned()));
    }
    started(name, input::SEED).map_err(|trouble| trouble.to_string())
}

/// Makes a start of what an argument names.
pub fn started(argument: &str, seed: u64) -> Result<Start> {
    Ok(match input::given(argument)? {
        Given::Scenario(name, scenario) => Start::Lab { scenario, seed, name },
        Given::Replay(replay) => {
            let name = replay.name().unwrap_or("replay").to_owned();
            Start::Replay { session: Box::new(replay.open()?), name }
        }
    })
}
