//! Where the project lies, and how its tools are called.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The directories of a checkout.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The checkout that `cargo xtask` was called in.
    pub(crate) fn find() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").context("call this as `cargo xtask`, inside a checkout")?;
        let root = Path::new(&package).ancestors().nth(2).context("the package xtask lies in no workspace")?;
        let executable = env::current_exe().context("the path of xtask itself is unknown")?;
        let target = executable.ancestors().nth(2).context("xtask lies outside a target directory")?;
        Ok(Self { root: root.to_path_buf(), target: target.to_path_buf() })
    }

    /// The top of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// `program`, to be run at the top of the checkout.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs this, with `arguments` separated by spaces.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments.split_whitespace());
        command
    }
}

/// Runs a command that shows its own output; an error names the command when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be started", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// A command as one would type it, without its directory.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<OsString> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_os_string).collect();
    format!("`{}`", words.join(OsStr::new(" ")).to_string_lossy())
}
