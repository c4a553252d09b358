//! Files: the one place that reads and writes them, and knows where they are kept.
//!
//! A file is written whole or not at all. A file that is read is read to a limit. What is damaged
//! is set aside under another name and said, never overwritten.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

/// How large a file of ours may be, in bytes: a hundred times what any of them needs.
pub const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Names the folder that is used in place of the platform's own for data.
const DATA_VARIABLE: &str = "FAULTLAB_DATA";
/// Names the folder that is used in place of the platform's own for configuration.
const CONFIG_VARIABLE: &str = "FAULTLAB_CONFIG";
/// How many damaged copies of one file are kept.
const ASIDE_MAX: u32 = 100;

/// What went wrong with a file.
#[derive(Debug)]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What was being done: `read`, `write`.
    pub doing: &'static str,
    /// What went wrong.
    pub why: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.path.display(), self.why)
    }
}

impl std::error::Error for FileError {}

fn wrong(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> FileError {
    move |error| FileError { path: path.to_owned(), doing, why: plain(&error) }
}

/// Says what went wrong without the number that systems put behind it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Returns the folder for data: progress, replays, results. It need not exist yet.
pub fn data_folder() -> Option<PathBuf> {
    folder(DATA_VARIABLE, BaseStrategy::data_dir)
}

/// Returns the folder for configuration: the user's own keymap. It need not exist yet.
pub fn config_folder() -> Option<PathBuf> {
    folder(CONFIG_VARIABLE, BaseStrategy::config_dir)
}

fn folder<F>(variable: &str, of: F) -> Option<PathBuf>
where
    F: Fn(&etcetera::base_strategy::Xdg) -> PathBuf,
{
    let named = std::env::var_os(variable).filter(|value| !value.is_empty());
    let own = || choose_base_strategy().ok().map(|strategy| of(&strategy).join("faultlab"));
    named.map(PathBuf::from).or_else(own)
}

/// Reads a text of at most so many bytes.
///
/// # Errors
/// Says which file cannot be read and why: it is not there, too large, or no text.
pub fn read(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    let file = File::open(path).map_err(wrong(path, "read"))?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(wrong(path, "read"))?;
    let refuse = |why: String| FileError { path: path.to_owned(), doing: "read", why };
    if bytes.len() as u64 > bytes_max {
        return Err(refuse(format!("it is larger than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        refuse(format!("it is no text: byte {place} is not UTF-8"))
    })
}

/// Reads at most one byte more than so many, so that whoever knows what the file is can say that it
/// is too large, or where it is no text.
///
/// # Errors
/// Says which file cannot be read and why.
pub fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(wrong(path, "read"))?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(wrong(path, "read"))?;
    Ok(bytes)
}

/// Reads a text, or nothing where there is no such file.
///
/// # Errors
/// As `read`, but for a file that is not there.
pub fn read_if_there(path: &Path, bytes_max: u64) -> Result<Option<String>, FileError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read(path, bytes_max).map(Some),
    }
}

/// Writes a file whole or not at all: beside it first, then over it in one step.
///
/// # Errors
/// Says which file cannot be written and why; what was there before is still there then.
pub fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let said = wrong(path, "write");
    fs::create_dir_all(folder).map_err(&said)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(&said)?;
    beside.write_all(text.as_bytes()).map_err(&said)?;
    beside.as_file().sync_all().map_err(&said)?;
    beside.persist(path).map_err(|error| said(error.error))?;
    // The name is only safe once its folder is, where a folder can be synced at all.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Writes what the user asked for to where the user said: a file whole or not at all, and what is
/// no file, such as a pipe, as it is.
///
/// # Errors
/// Says which file cannot be written and why.
pub fn write_out(path: &Path, text: &str) -> Result<(), FileError> {
    let is_pipe = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if is_pipe {
        return fs::write(path, text).map_err(wrong(path, "write"));
    }
    write(path, text)?;
    let_others_read(path);
    Ok(())
}

/// Gives a file the rights that other programs give to what they write. A file of ours is the
/// user's own; a picture or a trace is made to be passed on.
#[cfg(unix)]
fn let_others_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // Where it cannot be done the file is there all the same.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn let_others_read(_path: &Path) {}

/// Sets a damaged file aside under a name that is free; returns that name.
///
/// # Errors
/// Says which file cannot be moved and why.
pub fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let aside = |number: u32| path.with_file_name(format!("{name}.damaged-{number}"));
    let free = (1..ASIDE_MAX).map(aside).find(|aside| !aside.exists());
    let to = free.unwrap_or_else(|| aside(ASIDE_MAX));
    fs::rename(path, &to).map_err(wrong(path, "set aside"))?;
    Ok(to)
}

/// What came of reading a file of ours.
#[derive(Debug)]
pub enum Kept<T> {
    /// It was read.
    Read(T),
    /// There is none yet.
    Nothing,
    /// It was damaged and stands aside now; the line says so.
    Damaged(String),
}

/// Reads a file of ours; what is damaged is set aside and said.
pub fn read_kept<T, E: fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Kept<T> {
    let why = match read_if_there(path, FILE_MAX_BYTES) {
        Ok(None) => return Kept::Nothing,
        Ok(Some(text)) => match parse(&text) {
            Ok(value) => return Kept::Read(value),
            Err(error) => error.to_string(),
        },
        Err(error) => error.why,
    };
    let line = match set_aside(path) {
        Ok(to) => format!("{} is damaged ({why}); it is kept as {}", path.display(), to.display()),
        Err(error) => format!("{} is damaged ({why}); {error}", path.display()),
    };
    Kept::Damaged(line)
}

/// How many files of a folder are listed by name: more than anybody keeps in one.
pub const LISTED_MAX: usize = 10_000;

/// Lists the files of a folder whose names end so, in the order of their names.
///
/// # Errors
/// Says which folder cannot be read and why.
pub fn by_name(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, FileError> {
    let said = wrong(folder, "read");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(&said)?.take(LISTED_MAX) {
        let path = entry.map_err(&said)?.path();
        if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Lists the files of a folder whose names end so, newest first; nothing where there is no folder.
pub fn newest(folder: &Path, ending: &str, count_max: usize) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(ending))
        .filter_map(|entry| {
            let changed = entry.metadata().ok()?.modified().ok()?;
            Some((changed, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).take(count_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_read_to_its_limit() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("deep/progress.ron");
        write(&path, "first").expect("written");
        write(&path, "second").expect("written over");
        assert_eq!(read(&path, 6).expect("read"), "second");
        assert!(read(&path, 5).expect_err("too large").to_string().contains("larger than 5"));
        let left = fs::read_dir(path.parent().expect("a folder")).expect("listed").count();
        assert_eq!(left, 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_what_it_had() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("progress.ron");
        fs::create_dir(&path).expect("a folder where the file should be");
        fs::write(path.join("inside"), "kept").expect("written");
        let error = write(&path, "text").expect_err("a folder is in the way");
        assert!(error.to_string().starts_with("cannot write"), "{error}");
        assert_eq!(fs::read_to_string(path.join("inside")).expect("read"), "kept");
    }

    #[test]
    fn what_is_written_for_the_user_is_listed_by_name() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for name in ["b.ron", "a.ron", "c.txt"] {
            write_out(&folder.path().join(name), name).expect("written");
        }
        let found = by_name(folder.path(), ".ron").expect("listed");
        assert_eq!(found, [folder.path().join("a.ron"), folder.path().join("b.ron")]);
        assert_eq!(read_bytes(&found[0], 2).expect("read"), b"a.r");
        let error = by_name(&folder.path().join("gone"), ".ron").expect_err("no folder");
        assert!(error.to_string().starts_with("cannot read"), "{error}");
    }

    #[test]
    fn what_is_damaged_is_set_aside_and_said() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("progress.ron");
        let parse = |text: &str| text.parse::<u32>();
        assert!(matches!(read_kept(&path, parse), Kept::Nothing));
        for number in 1..=2 {
            fs::write(&path, b"\xff\xfe").expect("written");
            let Kept::Damaged(line) = read_kept(&path, parse) else { panic!("it is damaged") };
            assert!(line.contains("byte 0 is not UTF-8"), "{line}");
            assert!(line.contains(&format!("progress.ron.damaged-{number}")), "{line}");
            assert!(!path.exists());
        }
        fs::write(&path, "7").expect("written");
        assert!(matches!(read_kept(&path, parse), Kept::Read(7)));
    }
}
