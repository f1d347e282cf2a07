//! Files of sessions: written atomically, read, locked, and set aside when they are damaged.

use std::fs::{self, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use dedit_edit::{Error, ErrorKind, Result};
use dedit_files::{Writer, write_in_place};
pub(crate) use dedit_files::{cannot_write, create_folder, sync_folder};
use serde::Serialize;

/// The prefix of temporary files of sessions. Whoever locks a session's folder removes those that a killed process left, since nobody else may be writing
/// there then; other temporary files have another prefix.
const PART_OF_SESSION: &str = ".dedit-session-";

/// How long to wait for a lock, since a process that holds it may be about to end.
const HANDING_OVER: Duration = Duration::from_millis(150);

/// Creates and locks a file; the system releases the lock when the process ends, however it ends. `None` where the file system has no locks, which is
/// accepted; the error `taken` where another process holds it.
pub(crate) fn lock(path: &Path, taken: impl FnOnce() -> Error) -> Result<Option<fs::File>> {
    let file = fs::File::create(path).map_err(|error| cannot_write(&error, path))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if begun.elapsed() > HANDING_OVER => return Err(taken()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Writes a file of a session atomically.
pub(crate) fn keep(path: &Path, bytes: &[u8]) -> Result<()> {
    keep_with(path, |file| file.write_all(bytes))
}

/// The same, for content that is written piece by piece.
pub(crate) fn keep_with(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    Writer::default().prefix(PART_OF_SESSION).write(path, content).map_err(|error| cannot_write(&error, path))
}

/// Writes a file under its final name at once, in a folder that is only valid once its last file is there.
pub(crate) fn write_within(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_in_place(path, content).map_err(|error| cannot_write(&error, path))
}

/// Removes temporary files of a session that a killed process left.
pub(crate) fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PART_OF_SESSION) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(cannot_read(&error, path)),
    }
}

/// Writes a value as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("a session makes no JSON ({error})")).at(path))?;
    keep(path, format!("{text}\n").as_bytes())
}

/// The suffix of what is set aside.
pub(crate) const DAMAGED: &str = ".damaged";

/// Renames what is damaged, so that it can be examined but is not used; gives its new path.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(DAMAGED);
    let aside = path.with_file_name(name);
    fs::symlink_metadata(path).map_err(|error| cannot_write(&error, path))?;
    // Only the newest one is kept.
    let _ = if aside.is_dir() { fs::remove_dir_all(&aside) } else { fs::remove_file(&aside) };
    fs::rename(path, &aside).map_err(|error| cannot_write(&error, path))?;
    Ok(aside)
}

/// Removes a file, if it exists.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(cannot_write(&error, path)),
        _ => Ok(()),
    }
}

/// Bytes of all files in a folder and below it.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Whether the error means that there is no such file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(crate) fn damaged(reason: &dyn std::fmt::Display, path: &Path) -> Error {
    Error::input(format!("this session is damaged ({reason})")).at(path).hint("open the picture and learn it again")
}

pub(crate) fn cannot_read(error: &io::Error, path: &Path) -> Error {
    Error::input(format!("this cannot be read ({error})")).at(path).hint("check the path and its permissions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_stays_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        keep(&path, b"before").unwrap();
        assert_eq!(set_aside(&path).unwrap(), folder.path().join("a.damaged"));
        assert!(read(&path).unwrap().is_none());
        assert!(set_aside(&path).is_err() && folder.path().join("a.damaged").exists());
    }
}
