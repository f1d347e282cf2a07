//! Files in a host's folders: written so that nobody sees half of them, and never through somebody else's links.

use std::env::consts::EXE_SUFFIX;
use std::env::current_exe;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{Error, ErrorKind, Result};

/// The file in a plug-in's folder with one line: the program that is the daemon.
pub(super) const PROGRAM: &str = "program";

/// What was found where D-Edit is to be taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed {
    Nothing,
    All,
    /// Somebody else's files are in the folder too, and stay.
    ButOthers,
}

/// Writes a file, over an older one if there is one: whoever looks sees the old file or the new one, and a running plug-in keeps the old one.
pub(super) fn write(file: &Path, content: &mut impl io::Read, mode: u32) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut temporary = Builder::new().prefix(".new-").tempfile_in(folder)?;
    io::copy(content, &mut temporary)?;
    temporary.flush()?;
    allow(temporary.as_file(), mode)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn allow(file: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn allow(_: &fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Says in the plug-in's folder which program is the daemon.
pub(super) fn write_program(folder: &Path, daemon: &Path) -> io::Result<()> {
    let mut line = daemon.as_os_str().as_encoded_bytes().to_vec();
    line.push(b'\n');
    write(&folder.join(PROGRAM), &mut line.as_slice(), 0o644)
}

/// What is wrong with what [`write_program`] wrote.
pub(super) fn program_fault(folder: &Path) -> Option<String> {
    let file = folder.join(PROGRAM);
    match fs::read_to_string(&file) {
        Ok(line) if Path::new(line.trim_end_matches(['\r', '\n'])).is_file() => None,
        Ok(line) => Some(format!("{} names {}, which is not there", file.display(), line.trim_end())),
        Err(error) => Some(format!("{} cannot be read ({error})", file.display())),
    }
}

/// What a link leads to belongs to somebody else.
pub(super) fn refuse_link(folder: &Path) -> Result<()> {
    if folder.is_symlink() || folder.is_file() {
        let what = if folder.is_symlink() { "a link" } else { "a file" };
        return Err(Error::new(ErrorKind::Input, format!("{what} is where the plug-in's folder shall be"))
            .at(folder)
            .hint("dedit did not put it there; remove it yourself, and try again"));
    }
    Ok(())
}

/// Why the plug-in cannot be written.
pub(super) fn unwritten(place: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Resources, format!("the plug-in cannot be written ({error})"))
        .at(place)
        .hint("see that you may write there and that the disk has room; end the program if it runs")
}

/// Removes a file of the plug-in.
pub(super) fn remove(file: &Path) -> Result<()> {
    fs::remove_file(file).map_err(|error| {
        Error::new(ErrorKind::Resources, format!("this cannot be removed ({error})"))
            .at(file)
            .hint("see that you may write there; end the program if it runs")
    })
}

/// The program of that name beside this one, if it is there.
pub(super) fn beside(name: &str) -> Result<Option<PathBuf>> {
    file_beside(&format!("{name}{EXE_SUFFIX}"))
}

/// The file beside this program, if it is there.
pub(super) fn file_beside(name: &str) -> Result<Option<PathBuf>> {
    Ok(Some(own()?.with_file_name(name)).filter(|file| file.is_file()))
}

/// The program that a plug-in starts as the daemon.
pub(super) fn daemon() -> Result<PathBuf> {
    Ok(match beside("deditd")? {
        Some(daemon) => daemon,
        None => own()?,
    })
}

/// This program.
pub(super) fn own() -> Result<PathBuf> {
    current_exe().map_err(|error| Error::new(ErrorKind::Internal, format!("this program does not find itself ({error})")))
}
