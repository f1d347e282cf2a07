//! Files that are either whole or not there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use dedit_diffusion::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

/// The names of `count` files: `out.png`, or `out-1.png`, `out-2.png`, … where there are several. Creates the folder and makes sure that files can be
/// written there, before any work is done. `extensions` are those that fit what is written.
pub(crate) fn prepare(out: &Path, count: usize, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let fits = |found: &OsStr| extensions.iter().any(|extension| found.eq_ignore_ascii_case(extension));
    let (Some(stem), Some(extension)) = (out.file_stem(), out.extension().filter(|extension| fits(extension))) else {
        let (what, example) = if extensions.contains(&"png") { ("pictures", ".png") } else { ("float pictures", ".tif") };
        let kind = if extensions.contains(&"png") { "PNG" } else { "TIFF" };
        return Err(Error::usage(format!("{what} are written as {kind}")).at(out).hint(format!("give a name that ends in {example}")));
    };
    create_folder(folder_of(out))?;
    let numbered = |i: usize| {
        let mut name = OsString::from(stem);
        name.push(format!("-{i}."));
        name.push(extension);
        out.with_file_name(name)
    };
    let files: Vec<PathBuf> = if count == 1 { vec![out.to_path_buf()] } else { (1..=count).map(numbered).collect() };
    match files.iter().find(|file| file.is_dir()) {
        Some(folder) => Err(Error::usage("there is a folder of this name").at(folder).hint("give the name of a file")),
        None => Ok(files),
    }
}

/// Creates a folder, with those above it, and makes sure that files can be written there.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).and_then(|()| temporary(folder).map(drop)).map_err(|error| cannot_write(&error, folder))
}

/// Writes a file under a name of its own and gives it its name when it is whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = temporary(folder_of(path)).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| cannot_write(&error, path))
}

/// The last part of a path, to be shown.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that is gone when it is dropped, with the permissions that a new file has.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dedit-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn cannot_write(error: &io::Error, path: &Path) -> Error {
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
    fn several_pictures_are_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let names = |out: &str, count| {
            let files = prepare(&folder.path().join(out), count, &["png"]).unwrap();
            files.iter().map(|file| file.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("new/folder/a.png", 1), ["new/folder/a.png"]);
        assert_eq!(names("a.b.PNG", 3), ["a.b-1.PNG", "a.b-2.PNG", "a.b-3.PNG"]);
    }

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
}
