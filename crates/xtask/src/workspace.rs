//! Where the project lies, and how its tools are called.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Named beside every package that is built on its own: it brings the features of what all packages depend on. Cargo builds a dependency once for
/// each set of features.
pub(crate) const SHARED_FEATURES: &str = "--package dedit-cli";

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

    /// A program of this project, as built.
    pub(crate) fn built(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
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

/// What a command prints; an error names the command when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("{} cannot be started", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a program lies on the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|place| place.join(&name)).find(|program| program.is_file())
}

/// Every file with the given extension under a directory, at any depth, sorted.
pub(crate) fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("{} cannot be read", directory.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|actual| actual == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A command as one would type it, without its directory.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<OsString> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_os_string).collect();
    format!("`{}`", words.join(OsStr::new(" ")).to_string_lossy())
}
