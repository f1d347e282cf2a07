//! Files in a host's folders: written whole or not at all, and never through a symbolic link.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dedit_files::Writer;

use crate::{Failure, FailureKind, Result};

/// Prefix of a file that is being written.
pub(crate) const UNFINISHED: &str = ".new-";

/// Writes a file in the place of an older one: readers see the old content or the new one, and a library that is loaded keeps its old content. `mode` is
/// the file's permissions where the system has such.
pub(crate) fn write(file: &Path, mut content: impl io::Read, mode: u32) -> io::Result<()> {
    let writer = Writer::default().prefix(UNFINISHED).mode(mode);
    writer.write(file, |into| io::copy(&mut content, into).map(drop))
}

/// Creates a folder and the missing ones above it, readable by all users whatever the umask is: hosts of other users read it too.
pub(crate) fn create_shared_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), create_shared_folder)?;
    fs::create_dir_all(folder)?;
    share_folder(folder)
}

/// Makes a folder readable by all users, if it exists and is not.
#[cfg(unix)]
pub(crate) fn share_folder(folder: &Path) -> io::Result<()> {
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
pub(crate) fn share_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What keeps other users from starting a program: the outermost folder above it that they may not enter, or the program itself.
#[cfg(unix)]
pub(crate) fn closed_to_others(program: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let program = program.canonicalize().ok()?;
    let is_closed = |path: &&Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 == 0);
    program.ancestors().filter(is_closed).last().map(Path::to_path_buf)
}

#[cfg(not(unix))]
pub(crate) fn closed_to_others(_: &Path) -> Option<PathBuf> {
    None
}

/// An error where a link or a file is in the place of one of the plug-in's folders: what a link leads to is not ours.
pub(crate) fn refuse_link(folder: &Path) -> Result<()> {
    if folder.is_symlink() || folder.is_file() {
        let what = if folder.is_symlink() { "a link" } else { "a file" };
        return Err(in_the_way(folder, &format!("{what} is where the plug-in's folder shall be")));
    }
    Ok(())
}

/// The error where something else is in the place of a part of the plug-in.
pub(crate) fn in_the_way(path: &Path, message: &str) -> Failure {
    Failure::new(FailureKind::Input, message).at(path).hint("dedit did not put it there; remove it yourself, and try again")
}

/// The error of writing the plug-in.
pub(crate) fn cannot_write(place: &Path, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Resources, format!("the plug-in cannot be written ({error})"))
        .at(place)
        .hint("see that you may write there and that the disk has room; end the program if it runs")
}

/// Removes a file of the plug-in.
pub(crate) fn remove(file: &Path) -> Result<()> {
    fs::remove_file(file).map_err(|error| {
        Failure::new(FailureKind::Resources, format!("this cannot be removed ({error})"))
            .at(file)
            .hint("see that you may write there; end the program if it runs")
    })
}

/// The files below a folder by their paths from there, sorted; links count as files and are not followed. Empty where there is no such folder. An error
/// names the folder that it came from.
pub(crate) fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = folders.pop() {
        let outer = folder.join(&inner);
        let entries = match fs::read_dir(&outer) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", outer.display())))?,
        };
        for entry in entries {
            let entry = entry?;
            let list = if entry.file_type()?.is_dir() { &mut folders } else { &mut found };
            list.push(inner.join(entry.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a folder and those below it, as far as they are empty.
pub(crate) fn remove_empty_folders(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty_folders(&entry.path());
        }
    }
    // Fails where a file is left, which is intended.
    let _ = fs::remove_dir(folder);
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
    fn new_folders_are_readable_by_all_and_older_ones_keep_their_mode() {
        let scratch = tempfile::tempdir().unwrap();
        allow_only(scratch.path(), 0o700);
        let inner = scratch.path().join("a/b");
        create_shared_folder(&inner).unwrap();
        assert_eq!([scratch.path(), &scratch.path().join("a"), &inner].map(mode), [0o700, 0o755, 0o755]);
        for (before, after) in [(0o700, 0o755), (0o750, 0o755), (0o711, 0o755), (0o755, 0o755), (0o775, 0o775), (0o555, 0o555)] {
            allow_only(&inner, before);
            create_shared_folder(&inner).unwrap();
            assert_eq!(mode(&inner), before, "an existing folder is left alone");
            share_folder(&inner).unwrap();
            assert_eq!(mode(&inner), after, "{before:o}");
        }
        share_folder(&inner.join("absent")).unwrap();
        fs::write(inner.join("file"), "").unwrap();
        assert!(create_shared_folder(&inner.join("file/x")).is_err());
    }

    #[test]
    fn the_folder_that_keeps_others_from_a_program_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        let [outer, inner, program] = ["a", "a/b", "a/b/program"].map(|name| top.join(name));
        fs::create_dir_all(&inner).unwrap();
        fs::write(&program, "").unwrap();
        // The folders above are not part of this test.
        allow_only(&top, 0o755);
        let above = closed_to_others(&top);
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
            assert_eq!(closed_to_others(&program), above.clone().or_else(|| expected.cloned()), "{modes:?}");
        }
        assert_eq!(closed_to_others(&top.join("absent")), None);
    }
}
