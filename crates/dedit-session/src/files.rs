//! Files that are either whole or not there.

use std::fs::{self, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use dedit_edit::{Error, ErrorKind, Result};
use serde::Serialize;
use tempfile::NamedTempFile;

/// Before a file has its name. Those of sessions are told apart: what a process that was killed left of them is removed by whoever has the session next,
/// and nobody else may be writing them then.
const PART: &str = ".dedit-";
const PART_OF_SESSION: &str = ".dedit-session-";

/// Creates a folder, with those above it, and makes sure that files can be written there.
pub fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).and_then(|()| temporary(folder, PART).map(drop)).map_err(|error| cannot_write(&error, folder))
}

/// How long a lock is waited for: whoever had it may be about to end.
const HANDING_OVER: Duration = Duration::from_millis(150);

/// A file with its lock, which the system lets go of when the process ends, however it ends. `None` where the file system has no locks, which is no reason
/// to do nothing; the error `taken` where somebody else has it.
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

/// Writes a file under a name of its own and gives it its name when it is whole and on the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same, for what is written piece by piece.
pub fn write_with(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_as(PART, path, content)
}

/// A file of a session.
pub(crate) fn keep(path: &Path, bytes: &[u8]) -> Result<()> {
    keep_with(path, |file| file.write_all(bytes))
}

/// The same, for what is written piece by piece.
pub(crate) fn keep_with(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_as(PART_OF_SESSION, path, content)
}

fn write_as(prefix: &str, path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = temporary(folder, prefix).and_then(|mut file| {
        let mut buffered = io::BufWriter::with_capacity(1 << 20, &mut file);
        content(&mut buffered).and_then(|()| buffered.flush())?;
        drop(buffered);
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder);
        Ok(())
    });
    written.map_err(|error| cannot_write(&error, path))
}

/// Writes a file under its name at once, and puts it on the disk: for a folder that counts for nothing until its last file is there.
pub(crate) fn write_within(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let written = fs::File::create(path).and_then(|mut file| {
        let mut buffered = io::BufWriter::with_capacity(1 << 20, &mut file);
        content(&mut buffered).and_then(|()| buffered.flush())?;
        drop(buffered);
        file.sync_all()
    });
    written.map_err(|error| cannot_write(&error, path))
}

/// Removes what a process that was killed left of a session's files.
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

/// How the name of what is set aside ends.
pub(crate) const DAMAGED: &str = ".damaged";

/// Renames what is damaged, so that it is in nobody's way and can be looked at; says to what.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(DAMAGED);
    let aside = path.with_file_name(name);
    fs::symlink_metadata(path).map_err(|error| cannot_write(&error, path))?;
    // An older one of the same name has been looked at, or never will be.
    let _ = if aside.is_dir() { fs::remove_dir_all(&aside) } else { fs::remove_file(&aside) };
    fs::rename(path, &aside).map_err(|error| cannot_write(&error, path))?;
    Ok(aside)
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(cannot_write(&error, path)),
        _ => Ok(()),
    }
}

/// Bytes of a folder and everything in it.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Whether a file is not there; nor can it be, below something that is no folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(crate) fn damaged(reason: &dyn std::fmt::Display, path: &Path) -> Error {
    Error::input(format!("this session is damaged ({reason})")).at(path).hint("open the picture and learn it again")
}

pub(crate) fn cannot_read(error: &io::Error, path: &Path) -> Error {
    Error::input(format!("this cannot be read ({error})")).at(path).hint("check the path and its permissions")
}

/// What is told of a file that cannot be written.
pub fn cannot_write(error: &io::Error, path: &Path) -> Error {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge].contains(&error.kind());
    if full {
        return Error::new(ErrorKind::Resources, format!("there is no room to write ({error})"))
            .at(path)
            .hint("free some space, or write elsewhere");
    }
    Error::usage(format!("cannot write here ({error})")).at(path).hint("check the name and its permissions, or write elsewhere")
}

/// A file that is gone when it is dropped, with the permissions that a new file has.
fn temporary(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// A name is on the disk when its folder is. Not every system can say so; the file itself is there then.
pub(crate) fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_from_a_wrong_name() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, ErrorKind::Resources),
            (io::ErrorKind::QuotaExceeded, ErrorKind::Resources),
            (io::ErrorKind::PermissionDenied, ErrorKind::Usage),
        ] {
            assert_eq!(cannot_write(&kind.into(), Path::new("x.png")).kind(), expected);
        }
    }

    #[test]
    fn what_is_not_written_to_its_end_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"before").unwrap();
        let cut = write_with(&path, |file| file.write_all(b"half").and_then(|()| Err(io::ErrorKind::StorageFull.into())));
        assert_eq!(cut.unwrap_err().kind(), ErrorKind::Resources);
        assert_eq!(read(&path).unwrap().unwrap(), b"before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        assert_eq!(set_aside(&path).unwrap(), folder.path().join("a.damaged"));
        assert!(read(&path).unwrap().is_none());
        assert!(set_aside(&path).is_err() && folder.path().join("a.damaged").exists(), "what is aside stays there");
    }
}
