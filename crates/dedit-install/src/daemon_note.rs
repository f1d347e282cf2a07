//! The note in a plug-in's folder: a file with one line, the path of the program that the plug-in starts as the daemon.

use std::fs;
use std::io;
use std::path::Path;

use crate::files;

/// The name of the note, which `dedit-client` reads.
pub(crate) const NAME: &str = dedit_client::NOTE;

/// Writes the note.
pub(crate) fn write(folder: &Path, daemon: &Path) -> io::Result<()> {
    let mut line = daemon.as_os_str().as_encoded_bytes().to_vec();
    line.push(b'\n');
    files::write(&folder.join(NAME), line.as_slice(), 0o644)
}

/// What is wrong with the note.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    let file = folder.join(NAME);
    match fs::read_to_string(&file) {
        Ok(line) if Path::new(line.trim_end_matches(['\r', '\n'])).is_file() => None,
        Ok(line) => Some(format!("{} names {}, which is not there", file.display(), line.trim_end())),
        Err(error) => Some(format!("{} cannot be read ({error})", file.display())),
    }
}
