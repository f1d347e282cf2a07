//! Helpers of the tests: files, and programs that are scripts.

use std::fs;
use std::path::Path;

/// Writes a shell script that can be run, and the folders above it.
#[cfg(unix)]
pub(crate) fn script(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{content}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The names below a folder, with `/` on every system.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    crate::files::below(folder).unwrap().into_iter().map(|name| name.to_str().unwrap().replace('\\', "/")).collect()
}
