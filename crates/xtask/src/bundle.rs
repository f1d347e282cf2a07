//! `cargo xtask bundle`: the effect for hosts of `OpenFX`, in the folder that they look for.
//!
//! The bundle names the daemon that was built in this checkout, and is for this machine alone: `dedit install openfx` makes those of users.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::workspace::{Workspace, run as run_command};

/// The packages that are built for it: the effect, and the program that lays out the bundle.
const PACKAGES: [&str; 2] = ["dedit-cli", "dedit-openfx"];
/// The name of the bundle's folder.
const BUNDLE: &str = "DEdit.ofx.bundle";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder into which the bundle is put [default: the target directory]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Makes the bundle and says where it is.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let folder = match &options.out {
        Some(out) => std::path::absolute(out).with_context(|| format!("{} is no folder", out.display()))?,
        None => workspace.target().to_path_buf(),
    };
    let bundle = make(workspace, &folder)?;
    println!("{}", bundle.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds what is in the bundle, and has `dedit` lay it out: what users install and what is made here is the same.
pub(crate) fn make(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    run_command(workspace.cargo("build --locked --release").args(packages))?;
    run_command(workspace.command(workspace.built("dedit")).args(["install", "openfx", "--quiet", "--to"]).arg(folder))?;
    Ok(folder.join(BUNDLE))
}
