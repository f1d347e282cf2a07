//! `dedit model`: the models of this machine, and those that can be fetched.

mod change;
mod fetch;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dedit_catalog::Library;
use dedit_protocol::address;

use crate::arguments::{DaemonOptions, Reporting, Unused};
use crate::console::Console;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// List, find, fetch, choose and check models
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The models that are known by name, and those found on this machine
    List(Common),
    /// The models of this machine, program by program, each where it lies; what is broken, and how
    Find(Common),
    /// Fetch a model that dedit model list shows; one that was cut off goes on where it was
    Fetch(fetch::Fetch),
    /// Everything about one model
    Info(Named),
    /// Show or choose the model that is used where none is named
    Default(Default),
    /// Add a file, a diffusers folder, or the folder of ComfyUI, AUTOMATIC1111, Forge or InvokeAI; it is used where it lies
    Add(Add),
    /// Remove a fetched model from disk, or an added one from the list
    Remove(Named),
    /// Compare files with their SHA-256, or look at their headers where none is known
    Verify(Verify),
}

/// What all of them take.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    reporting: Reporting,
}

impl Common {
    fn daemon(&self) -> &DaemonOptions {
        &self.unused.daemon
    }
}

#[derive(Debug, Args)]
struct Named {
    /// A name that dedit model list shows
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Default {
    /// A name that dedit model list shows, or a path
    #[arg(conflicts_with = "none")]
    name: Option<String>,
    /// Choose none: then it is the only model of this machine, or patches
    #[arg(long)]
    none: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Add {
    /// A file or folder
    path: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Verify {
    /// A name that dedit model list shows [default: all fetched and added models]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        let common = match &self.what {
            What::List(common) | What::Find(common) => common,
            What::Fetch(fetch) => &fetch.common,
            What::Info(named) | What::Remove(named) => &named.common,
            What::Default(default) => &default.common,
            What::Add(add) => &add.common,
            What::Verify(verify) => &verify.common,
        };
        &common.reporting
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let library = Library::new(&address::data());
    match &options.what {
        What::List(_) => show::list(&library, console),
        What::Find(_) => show::find(&library, console),
        What::Fetch(fetch) => fetch::run(fetch, &library, console, interrupt)?,
        What::Info(named) => show::info(&library, &named.name, console)?,
        What::Default(Default { name: None, none: false, .. }) => show::default(&library, console)?,
        What::Default(default) => change::default(&library, default.name.as_deref(), console)?,
        What::Add(add) => change::add(&library, &add.path, console)?,
        What::Remove(named) => change::remove(&library, &named.name, console)?,
        What::Verify(verify) => change::verify(&library, verify.name.as_deref(), console, interrupt)?,
    }
    Ok(())
}
