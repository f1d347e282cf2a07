//! Atomic and durable writing of files: readers see the old content or the new one, and what was written survives a crash of the system.

#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use dedit_error::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    prefix: &'static str,
    mode: Option<u32>,
}

impl Default for Writer {
    fn default() -> Self {
        Self { prefix: ".dedit-", mode: None }
    }
}

impl Writer {
    /// With names of temporary files that start with `prefix` and end with `.part`: a process that is killed leaves them behind, and by their names they
    /// can be removed later.
    #[must_use]
    pub const fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// With these permissions on Unix, in place of those that new files get by the umask.
    #[must_use]
    pub const fn mode(self, mode: u32) -> Self {
        Self { mode: Some(mode), ..self }
    }

    /// Writes a file: `content` into a temporary file beside it, which is synced to disk and then renamed. On failure the file is as before.
    ///
    /// # Errors
    /// Those of `content` and of the file system.
    pub fn write(self, path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let folder = folder_of(path);
        let mut file = self.temporary(folder)?;
        write_to(file.as_file_mut(), content)?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder);
        Ok(())
    }

    /// A file that is removed when it is dropped.
    fn temporary(self, folder: &Path) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(self.prefix).suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder)?;
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        Ok(file)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_to(file: &mut File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(BUFFER, &mut *file);
    content(&mut buffered).and_then(|()| buffered.flush())?;
    drop(buffered);
    file.sync_all()
}

/// Writes a file atomically.
///
/// # Errors
/// See [`cannot_write`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Writer::default().write(path, |file| file.write_all(bytes)).map_err(|error| cannot_write(&error, path))
}

/// Writes a file under its final name at once and syncs it, for a folder that is only valid once its last file is there.
///
/// # Errors
/// Those of `content` and of the file system.
pub fn write_in_place(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    write_to(&mut File::create(path)?, content)
}

/// Creates a folder and those above it, and makes sure that files can be written in it.
///
/// # Errors
/// See [`cannot_write`].
pub fn create_folder(folder: &Path) -> Result<()> {
    let writable = fs::create_dir_all(folder).and_then(|()| Writer::default().temporary(folder).map(drop));
    writable.map_err(|error| cannot_write(&error, folder))
}

/// Syncs a folder, so that the names of new files in it are on disk. Systems that cannot do this are ignored: the files themselves are synced.
pub fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// The error for a file that cannot be written: `Resources` where the disk is full, `Usage` otherwise.
pub fn cannot_write(error: &io::Error, path: &Path) -> Error {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge].contains(&error.kind());
    if full {
        return Error::new(ErrorKind::Resources, format!("there is no room to write ({error})"))
            .at(path)
            .hint("free some space, or write elsewhere");
    }
    Error::usage(format!("cannot write here ({error})")).at(path).hint("check the name and its permissions, or write elsewhere")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_from_a_wrong_name() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, ErrorKind::Resources),
            (io::ErrorKind::QuotaExceeded, ErrorKind::Resources),
            (io::ErrorKind::FileTooLarge, ErrorKind::Resources),
            (io::ErrorKind::PermissionDenied, ErrorKind::Usage),
        ] {
            assert_eq!(cannot_write(&kind.into(), Path::new("x.png")).kind(), expected);
        }
    }

    #[test]
    fn a_file_is_old_or_new_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"before").unwrap();
        let cut = Writer::default().write(&path, |file| file.write_all(b"half").and_then(|()| Err(io::ErrorKind::StorageFull.into())));
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        write(&path, b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("absent/a"), b"x").is_err());
        write_in_place(&path, |file| file.write_all(b"in place")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"in place");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_the_usual_ones_or_those_given() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        fs::write(folder.path().join("usual"), "").unwrap();
        write(&folder.path().join("ours"), b"").unwrap();
        assert_eq!(mode("ours"), mode("usual"));
        for wanted in [0o755, 0o644, 0o600] {
            Writer::default().mode(wanted).write(&folder.path().join("program"), |_| Ok(())).unwrap();
            assert_eq!(mode("program"), wanted);
        }
    }
}
