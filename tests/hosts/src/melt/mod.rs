//! `melt`, the program of MLT: an OpenFX host from outside this project.
//!
//! The `melt` of Debian 12 lacks OpenFX, so that of another release is used: [`System`]. It succeeds and passes pictures through unchanged where an effect
//! is missing or fails, so that tests must check the pictures or the daemon's log, not the exit status.

mod edit;
mod packages;
mod run;
mod system;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

pub use edit::{Edit, Filter, Footage, LIMIT};
use edit::{SERVICE, service};
pub use run::{Ran, Running};
pub use system::System;

use crate::process::succeed;
use crate::test_folder::TestFolder;

/// The most attempts to start an edit.
const STARTS: usize = 6;

/// The time limit of a query.
const QUESTION: Duration = Duration::from_secs(60);

/// A `melt` with the environment of a test and folders of effects.
#[derive(Debug)]
pub struct Melt<'a> {
    system: &'a System,
    test_folder: &'a TestFolder,
    effects: OsString,
}

impl<'a> Melt<'a> {
    /// A `melt` that looks for bundles in these folders.
    pub fn new(system: &'a System, test_folder: &'a TestFolder, effects: &[impl AsRef<Path>]) -> Result<Self> {
        let effects = std::env::join_paths(effects.iter().map(AsRef::as_ref)).context("a folder of effects has a colon in its name")?;
        Ok(Self { system, test_folder, effects })
    }

    /// The identifiers of all OpenFX effects that it finds, as MLT writes them.
    pub fn effects(&self) -> Result<Vec<String>> {
        let listed = succeed(self.command()?.args(["-query", "filters"]), QUESTION)?;
        let names = listed.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(SERVICE));
        Ok(names.map(|name| name.trim().to_owned()).collect())
    }

    /// MLT's description of an effect and its parameters, in YAML; an error where it is not found.
    pub fn describe(&self, id: &str) -> Result<String> {
        let described = succeed(self.command()?.arg("-query").arg(format!("filter={}", service(id))), QUESTION)?;
        if !described.contains("identifier:") {
            bail!("melt finds no effect {id} in {}: {}", self.effects.display(), described.trim());
        }
        Ok(described)
    }

    /// Runs an edit until it ends or its time is over. `melt` sometimes ends without a single picture on a busy machine, even without effects; then it is
    /// started again.
    pub fn run(&self, edit: &Edit) -> Result<Ran> {
        let mut ran = self.start(edit)?.finish()?;
        for _ in 1..STARTS {
            if !ran.missed_its_start(edit.limit) {
                break;
            }
            println!("melt wrote no picture and is started again: {}", ran.stderr);
            ran = self.start(edit)?.finish()?;
        }
        Ok(ran)
    }

    /// Starts an edit without waiting for it.
    pub fn start(&self, edit: &Edit) -> Result<Running> {
        Running::start(self.command()?, self.test_folder, edit)
    }

    /// The program with the environment of the test.
    fn command(&self) -> Result<Command> {
        let mut command = self.system.command()?;
        let runtime = self.test_folder.outside("runtime");
        fs::create_dir_all(&runtime)?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
        command.env("XDG_RUNTIME_DIR", runtime).env("OFX_PLUGIN_PATH", &self.effects).envs(self.test_folder.environment());
        command.current_dir(self.test_folder.outside(""));
        Ok(command)
    }
}
