//! `dedit install` and `dedit uninstall`: D-Edit in the programs that people edit pictures in.

mod files;
pub(crate) mod gimp;

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
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        let Install::Gimp(options) = &self.host;
        &options.reporting
    }
}

impl Removal {
    pub(crate) fn reporting(&self) -> &Reporting {
        let Uninstall::Gimp(options) = &self.host;
        &options.reporting
    }
}

/// Runs `dedit install`.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let Install::Gimp(options) = &options.host;
    gimp::install(options, console, interrupt)
}

/// Runs `dedit uninstall`.
pub(crate) fn remove(options: &Removal, console: &Console) -> Result<()> {
    let Uninstall::Gimp(options) = &options.host;
    gimp::uninstall(options, console)
}
