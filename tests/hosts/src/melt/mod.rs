//! `melt`, the program of MLT, as a host of `OpenFX` that nobody here wrote.
//!
//! Debian 12 has none that knows `OpenFX`, so that of another Debian is used: [`System`]. It ends well and hands pictures through unchanged
//! where an effect is missing or fails, so a test has to look at the pictures, or at what the daemon saw, and not at how it ended.

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

pub use edit::{Edit, Filter, Footage};
pub use run::{Ran, Running};
pub use system::System;

use crate::desk::Desk;
use crate::process::succeed;

/// How long an edit may take, where it does not say.
pub const LIMIT: Duration = Duration::from_secs(120);

/// How often an edit is started at most.
const STARTS: usize = 6;

/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(60);

/// What the names of MLT's effects of `OpenFX` begin with.
const SERVICE: &str = "openfx.";

/// A `melt` with the environment of a desk, which knows the effects in some folders.
#[derive(Debug)]
pub struct Melt<'a> {
    system: &'a System,
    desk: &'a Desk,
    effects: OsString,
}

impl<'a> Melt<'a> {
    /// One that looks for bundles of effects in these folders.
    pub fn new(system: &'a System, desk: &'a Desk, effects: &[impl AsRef<Path>]) -> Result<Self> {
        let effects = std::env::join_paths(effects.iter().map(AsRef::as_ref)).context("a folder of effects has a colon in its name")?;
        Ok(Self { system, desk, effects })
    }

    /// The identifiers of all effects of `OpenFX` that were found, as MLT writes them.
    pub fn effects(&self) -> Result<Vec<String>> {
        let listed = succeed(self.command()?.args(["-query", "filters"]), QUESTION)?;
        let names = listed.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(SERVICE));
        Ok(names.map(|name| name.trim().to_owned()).collect())
    }

    /// What MLT knows about an effect and its parameters, in YAML; an error where it was not found.
    pub fn describe(&self, id: &str) -> Result<String> {
        let described = succeed(self.command()?.arg("-query").arg(format!("filter={}", service(id))), QUESTION)?;
        if !described.contains("identifier:") {
            bail!("melt knows no effect {id} in {}: {}", self.effects.display(), described.trim());
        }
        Ok(described)
    }

    /// Runs an edit to its end, or to the end of its time, and reports whatever came. Where `melt` ends without a single picture, which it
    /// does now and then on a busy machine with no effect at all, it is started again.
    pub fn run(&self, edit: &Edit) -> Result<Ran> {
        let mut ran = self.start(edit)?.finish()?;
        for _ in 1..STARTS {
            if !ran.missed_its_start(edit.limit) {
                break;
            }
            println!("melt wrote no picture, and is started once more: {}", ran.stderr);
            ran = self.start(edit)?.finish()?;
        }
        Ok(ran)
    }

    /// Starts an edit, for tests that do something meanwhile.
    pub fn start(&self, edit: &Edit) -> Result<Running> {
        Running::start(self.command()?, self.desk, edit)
    }

    /// The program with the environment of the desk.
    fn command(&self) -> Result<Command> {
        let mut command = self.system.command()?;
        let runtime = self.desk.outside("runtime");
        fs::create_dir_all(&runtime)?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
        command.env("XDG_RUNTIME_DIR", runtime).env("OFX_PLUGIN_PATH", &self.effects).envs(self.desk.environment());
        command.current_dir(self.desk.outside(""));
        Ok(command)
    }
}

/// MLT's name of an effect, which may have no colon.
fn service(id: &str) -> String {
    format!("{SERVICE}{}", id.replace(':', "^"))
}
