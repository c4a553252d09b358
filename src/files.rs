//! The one room that touches files: reading what people wrote, and writing so that nothing is lost.
//!
//! Absent on purpose: what is in a file. Whoever reads one says what it means.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::lab::reading::FILE_BYTES_MAX;

/// How many files of a folder are listed: more than anybody keeps in one.
pub const FOLDER_FILES_MAX: usize = 10_000;

/// Reads a file of at most one byte more than any file may have, so that whoever reads its text can
/// say that it is too large.
///
/// # Errors
/// Where the file is not there or cannot be read: with its name.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |error: io::Error| format!("{}: {}", path.display(), plain(&error));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(wrong)?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

/// Lists the files of a folder whose names end in `.ron`, in the order of their names.
///
/// # Errors
/// Where the folder cannot be read: with its name.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: io::Error| format!("{}: {}", folder.display(), plain(&error));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)?.take(FOLDER_FILES_MAX) {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "ron") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Writes a file whole or not at all: it is written beside its place and moved there. What is no
/// plain file, such as a pipe, is written to as it is.
///
/// # Errors
/// Where the file cannot be written: with its name.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let wrong = |error: io::Error| format!("{}: {}", path.display(), plain(&error));
    if path.exists() && !path.is_file() {
        return fs::write(path, bytes).map_err(wrong);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    open_to_all(&mut builder);
    let mut file = builder.tempfile_in(folder).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// Gives a new file the mode that any other program would give it; the user's mask applies.
#[cfg(unix)]
fn open_to_all(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn open_to_all(_builder: &mut tempfile::Builder<'_, '_>) {}

/// Says what went wrong without the number that systems put behind it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.ron");
        write(&path, b"one").expect("it can be written");
        write(&path, b"two").expect("it can be written again");
        assert_eq!(read(&path).as_deref(), Ok(&b"two"[..]));
        write(&folder.path().join("a.ron"), b"").expect("it can be written");
        write(&folder.path().join("c.txt"), b"").expect("it can be written");
        let names: Vec<_> = list(folder.path()).expect("it is there");
        assert_eq!(names, [folder.path().join("a.ron"), path]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let path = Path::new("no/such/file.ron");
        assert_eq!(read(path), Err("no/such/file.ron: no such file or directory".to_owned()));
        assert!(write(path, b"").expect_err("no folder").starts_with("no/such/file.ron: "));
        assert!(list(Path::new("no/such")).is_err());
    }

    #[test]
    fn no_more_is_read_than_a_file_may_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large");
        write(&path, &vec![b' '; FILE_BYTES_MAX + 100]).expect("it can be written");
        assert_eq!(read(&path).map(|bytes| bytes.len()), Ok(FILE_BYTES_MAX + 1));
    }
}
