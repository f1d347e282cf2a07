//! The licences of everything this project is built from, checked by cargo-deny against `.deny.toml`.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::{Workspace, run};

/// The version installed where cargo-deny is missing.
const VERSION: &str = "0.20.2";

/// Checks licences, banned crates and sources; installs cargo-deny under the target directory first where there is none.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let cargo_deny = match find(workspace) {
        Some(found) => found,
        None => install(workspace)?,
    };
    run(workspace.command(cargo_deny).args("--locked --config .deny.toml check licenses bans sources".split(' ')))
}

fn find(workspace: &Workspace) -> Option<PathBuf> {
    let name = format!("cargo-deny{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([tools(workspace).join("bin")]);
    places.map(|place| place.join(&name)).find(|program| program.is_file())
}

fn install(workspace: &Workspace) -> Result<PathBuf> {
    let tools = tools(workspace);
    println!("cargo-deny is not installed: building {VERSION} into {} (about three minutes on two cores)", tools.display());
    run(workspace.cargo("install --locked --quiet").arg(format!("cargo-deny@{VERSION}")).arg("--root").arg(&tools))?;
    Ok(tools.join("bin/cargo-deny"))
}

/// Where tools of this project's own are installed.
fn tools(workspace: &Workspace) -> PathBuf {
    workspace.target().join("tools")
}
