//! Files that are either whole or not there.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The names of `count` files: `out.png`, or `out-1.png`, `out-2.png`, … where there are several. Creates the folder and makes sure that files can be
/// written there, before any work is done. `extensions` are those that fit what is written.
pub(crate) fn prepare(out: &Path, count: usize, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let fits = |found: &OsStr| extensions.iter().any(|extension| found.eq_ignore_ascii_case(extension));
    let (Some(stem), Some(extension)) = (out.file_stem(), out.extension().filter(|extension| fits(extension))) else {
        let (message, ends) = match extensions {
            ["png"] => ("pictures are written as PNG", ".png".to_owned()),
            ["tif", ..] => ("float pictures are written as TIFF or OpenEXR", ".tif or .exr".to_owned()),
            several => {
                let ends: Vec<String> = several.iter().map(|extension| format!(".{extension}")).collect();
                ("this picture is not written in that format", ends.join(", "))
            }
        };
        return Err(Error::usage(message).at(out).hint(format!("give a name that ends in {ends}")));
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
    dedit_files::create_folder(folder)
}

/// Writes a file under a name of its own and gives it its name when it is whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    dedit_files::write(path, bytes)
}

/// A path in a report; what is no text in it is replaced.
pub(crate) fn as_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The last part of a path, to be shown.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
}
