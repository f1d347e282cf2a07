//! `dedit install` and `dedit uninstall`: D-Edit in the programs that people edit pictures in.

mod files;
pub(crate) mod gimp;
pub(crate) mod krita;
mod listen;
mod sandbox;

use clap::{Args, Subcommand};

use crate::arguments::Reporting;
use crate::console::Console;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Put D-Edit into a program that you edit pictures in
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    host: Install,
}

#[derive(Debug, Subcommand)]
enum Install {
    /// GIMP 2.10 and GIMP 3
    Gimp(gimp::Install),
    /// Krita 5
    Krita(krita::Install),
}

/// Take D-Edit out of a program again
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Removal {
    #[command(subcommand)]
    host: Uninstall,
}

#[derive(Debug, Subcommand)]
enum Uninstall {
    /// GIMP 2.10 and GIMP 3
    Gimp(gimp::Uninstall),
    /// Krita 5
    Krita(krita::Uninstall),
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        match &self.host {
            Install::Gimp(options) => &options.reporting,
            Install::Krita(options) => &options.reporting,
        }
    }
}

impl Removal {
    pub(crate) fn reporting(&self) -> &Reporting {
        match &self.host {
            Uninstall::Gimp(options) => &options.reporting,
            Uninstall::Krita(options) => &options.reporting,
        }
    }
}

/// Runs `dedit install`.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    match &options.host {
        Install::Gimp(options) => gimp::install(options, console, interrupt),
        Install::Krita(options) => krita::install(options, console, interrupt),
    }
}

/// Runs `dedit uninstall`.
pub(crate) fn remove(options: &Removal, console: &Console) -> Result<()> {
    match &options.host {
        Uninstall::Gimp(options) => gimp::uninstall(options, console),
        Uninstall::Krita(options) => krita::uninstall(options, console),
    }
}
