//! The files that are built together with this program and lie beside it.

use std::env::consts::EXE_SUFFIX;
use std::env::current_exe;
use std::path::PathBuf;

use crate::{Failure, FailureKind, Result};

/// The file of that name beside this program, if it is there.
pub(crate) fn file(name: &str) -> Result<Option<PathBuf>> {
    Ok(Some(this_program()?.with_file_name(name)).filter(|file| file.is_file()))
}

/// The program of that name beside this one, if it is there.
pub(crate) fn program(name: &str) -> Result<Option<PathBuf>> {
    file(&format!("{name}{EXE_SUFFIX}"))
}

/// The program that a plug-in starts as the daemon: `deditd`, or this one where that is not there.
pub(crate) fn daemon() -> Result<PathBuf> {
    program("deditd")?.map_or_else(this_program, Ok)
}

/// The error where a part that is to be installed is not beside this program.
pub(crate) fn missing(message: String, hint: &str) -> Failure {
    let folder = this_program().ok().and_then(|program| Some(program.parent()?.to_path_buf())).unwrap_or_default();
    Failure::new(FailureKind::Input, message).at(folder).hint(hint)
}

fn this_program() -> Result<PathBuf> {
    current_exe().map_err(|error| Failure::new(FailureKind::Internal, format!("this program does not find itself ({error})")))
}
