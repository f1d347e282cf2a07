//! Files in a host's folders: written so that nobody sees half of them, and never through somebody else's links.

use std::env::consts::EXE_SUFFIX;
use std::env::current_exe;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{Error, ErrorKind, Result};

/// The file in a plug-in's folder with one line: the program that is the daemon.
pub(super) const PROGRAM: &str = dedit_client::NOTE;

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

/// Makes a folder, and those above it that are missing, for all users to read: what the umask takes away would keep hosts of others from them.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), make_folder)?;
    fs::create_dir_all(folder)?;
    open_folder(folder)
}

/// Lets all users read a folder, if it is there and they cannot yet.
#[cfg(unix)]
pub(super) fn open_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() && found.permissions().mode() & 0o555 != 0o555 => {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn open_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What keeps users other than the owner from starting a program: a folder above it that they may not enter, or the program itself.
#[cfg(unix)]
pub(super) fn closed(program: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let program = program.canonicalize().ok()?;
    let is_closed = |path: &&Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 == 0);
    program.ancestors().filter(is_closed).last().map(Path::to_path_buf)
}

#[cfg(not(unix))]
pub(super) fn closed(_: &Path) -> Option<PathBuf> {
    None
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn allow_only(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_are_for_all_to_read_and_those_above_are_left_as_they_are() {
        let scratch = tempfile::tempdir().unwrap();
        allow_only(scratch.path(), 0o700);
        let inner = scratch.path().join("a/b");
        make_folder(&inner).unwrap();
        assert_eq!([scratch.path(), &scratch.path().join("a"), &inner].map(mode), [0o700, 0o755, 0o755]);
        for (before, after) in [(0o700, 0o755), (0o750, 0o755), (0o711, 0o755), (0o755, 0o755), (0o775, 0o775), (0o555, 0o555)] {
            allow_only(&inner, before);
            make_folder(&inner).unwrap();
            assert_eq!(mode(&inner), before, "what is there is not made");
            open_folder(&inner).unwrap();
            assert_eq!(mode(&inner), after, "{before:o}");
        }
        open_folder(&inner.join("absent")).unwrap();
        fs::write(inner.join("file"), "").unwrap();
        assert!(make_folder(&inner.join("file/x")).is_err());
    }

    #[test]
    fn what_keeps_others_from_a_program_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        let [outer, inner, program] = ["a", "a/b", "a/b/program"].map(|name| top.join(name));
        fs::create_dir_all(&inner).unwrap();
        fs::write(&program, "").unwrap();
        // What is above is not of this test.
        allow_only(&top, 0o755);
        let above = closed(&top);
        for (modes, expected) in [
            ([0o755, 0o755, 0o755], None),
            ([0o711, 0o751, 0o711], None),
            ([0o700, 0o755, 0o755], Some(&outer)),
            ([0o755, 0o750, 0o755], Some(&inner)),
            ([0o700, 0o700, 0o700], Some(&outer)),
            ([0o755, 0o755, 0o754], Some(&program)),
        ] {
            for (path, mode) in [&program, &inner, &outer].into_iter().zip(modes.into_iter().rev()) {
                allow_only(path, mode);
            }
            assert_eq!(closed(&program), above.clone().or_else(|| expected.cloned()), "{modes:?}");
        }
        assert_eq!(closed(&top.join("absent")), None);
    }
}
