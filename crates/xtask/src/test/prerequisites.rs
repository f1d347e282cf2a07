//! Programs that tests call and that Rust does not bring.

use std::result::Result;

use crate::workspace::{Workspace, find_program, run};

/// A program, or a file by its whole path, and the package of Debian that holds it.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
}

/// Makes sure that a program is there: root on Debian has it installed; anybody else gets the reason why it is missing.
pub(super) fn ensure(workspace: &Workspace, program: &Program) -> Result<(), String> {
    let Program { name, package } = program;
    if find_program(name).is_some() {
        return Ok(());
    }
    let advice = format!("{name} is not installed; on Debian: apt-get install {package}");
    if !is_root() || find_program("apt-get").is_none() {
        return Err(advice);
    }
    println!("{name} is not installed: installing the package {package}");
    let apt = |arguments: &str| run(workspace.command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments.split(' ')));
    let install = format!("install --yes --no-install-recommends {package}");
    // Package lists may be missing or out of date: fetched only where the first try fails.
    apt(&install).or_else(|_| apt("update").and_then(|()| apt(&install))).map_err(|error| format!("{advice} ({error:#})"))
}

/// Whether this runs as root.
#[cfg(unix)]
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Only Unix knows root.
#[cfg(not(unix))]
pub(super) fn is_root() -> bool {
    false
}
