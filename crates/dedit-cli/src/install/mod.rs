//! `dedit install` and `dedit uninstall`: D-Edit in the programs that people edit pictures in.

mod files;
pub(crate) mod gimp;
pub(crate) mod krita;
mod listen;
pub(crate) mod openfx;
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
    #[command(name = "openfx", about = "Hosts of OpenFX: Natron, DaVinci Resolve, Kdenlive, Shotcut, melt and others")]
    OpenFx(openfx::Install),
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
    #[command(name = "openfx", about = "Hosts of OpenFX")]
    OpenFx(openfx::Uninstall),
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        match &self.host {
            Install::Gimp(options) => &options.reporting,
            Install::Krita(options) => &options.reporting,
            Install::OpenFx(options) => &options.reporting,
        }
    }
}

impl Removal {
    pub(crate) fn reporting(&self) -> &Reporting {
        match &self.host {
            Uninstall::Gimp(options) => &options.reporting,
            Uninstall::Krita(options) => &options.reporting,
            Uninstall::OpenFx(options) => &options.reporting,
        }
    }
}

/// Runs `dedit install`.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    match &options.host {
        Install::Gimp(options) => gimp::install(options, console, interrupt),
        Install::Krita(options) => krita::install(options, console, interrupt),
        Install::OpenFx(options) => openfx::install(options, console),
    }
}

/// Runs `dedit uninstall`.
pub(crate) fn remove(options: &Removal, console: &Console) -> Result<()> {
    match &options.host {
        Uninstall::Gimp(options) => gimp::uninstall(options, console),
        Uninstall::Krita(options) => krita::uninstall(options, console),
        Uninstall::OpenFx(options) => openfx::uninstall(options, console),
    }
}
