//! The licences of everything this project is built from, checked by cargo-deny against `.deny.toml`.

use std::env;

use anyhow::Result;

use crate::workspace::{Workspace, find_program, run};

/// The version installed where cargo-deny is missing.
const VERSION: &str = "0.20.2";

/// Checks licences, banned crates and sources; installs cargo-deny under the target directory first where there is none.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let tools = workspace.target().join("tools");
    let installed = tools.join(format!("bin/cargo-deny{}", env::consts::EXE_SUFFIX));
    let cargo_deny = find_program("cargo-deny").unwrap_or(installed);
    if !cargo_deny.is_file() {
        println!("cargo-deny is not installed: building {VERSION} into {} (about a minute on two cores)", tools.display());
        // Not optimised: it runs for a second or two, and builds in less than half the time.
        let mut install = workspace.cargo("install --quiet --locked --debug --root");
        run(install.arg(&tools).arg(format!("cargo-deny@{VERSION}")).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    }
    run(workspace.command(cargo_deny).args("--locked --config .deny.toml check licenses bans sources".split(' ')))
}
