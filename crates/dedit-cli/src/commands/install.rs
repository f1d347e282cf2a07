//! `dedit install` and `dedit uninstall`: the options of each host, handed to `dedit-install`, and its reports printed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use dedit_install::gimp::Gimp;
use dedit_install::krita::Krita;
use dedit_install::openfx::OpenFx;
use dedit_install::{Installer, Report, Watch};
use serde_json::json;

use crate::arguments::{Reporting, Unused};
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
    Gimp(InstallGimp),
    /// Krita 5 and 6
    Krita(InstallKrita),
    #[command(name = "openfx", about = "Hosts of OpenFX: Natron, DaVinci Resolve, Kdenlive, Shotcut, melt and others")]
    OpenFx(InstallOpenFx),
}

#[derive(Debug, Args)]
struct InstallGimp {
    /// The plug-in's program [default: dedit-gimp beside dedit]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// A profile of GIMP, such as ~/.config/GIMP/3.0; give it again for more of them [default: all that are found]
    #[arg(long, value_name = "DIR")]
    profile: Vec<PathBuf>,
    /// Do not start GIMP to ask whether it knows the plug-in
    #[arg(long)]
    no_check: bool,
    /// How long GIMP may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct InstallKrita {
    /// The program that starts Krita [default: the one on PATH]
    #[arg(long, value_name = "FILE")]
    krita: Option<PathBuf>,
    /// Krita's folder of resources [default: the usual one, such as ~/.local/share/krita]
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,
    /// Do not start Krita to ask whether it imports the plug-in
    #[arg(long)]
    no_check: bool,
    /// How long Krita may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct InstallOpenFx {
    /// The effect's library [default: the one beside dedit, such as `libdedit_openfx.so`]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// The folder into which the bundle is put [default: the one for all users, such as /usr/OFX/Plugins, if it can be written; else the first one
    /// in the environment variable `OFX_PLUGIN_PATH` that can]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
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
    Gimp(UninstallGimp),
    /// Krita 5 and 6
    Krita(UninstallKrita),
    #[command(name = "openfx", about = "Hosts of OpenFX")]
    OpenFx(UninstallOpenFx),
}

#[derive(Debug, Args)]
struct UninstallGimp {
    /// A profile of GIMP; give it again for more of them [default: all that are found]
    #[arg(long, value_name = "DIR")]
    profile: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct UninstallKrita {
    /// Krita's folder of resources [default: the usual one, such as ~/.local/share/krita]
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct UninstallOpenFx {
    /// The folder in which the bundle is [default: all in which programs look]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// What all of them take.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    reporting: Reporting,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        let common = match &self.host {
            Install::Gimp(options) => &options.common,
            Install::Krita(options) => &options.common,
            Install::OpenFx(options) => &options.common,
        };
        &common.reporting
    }
}

impl Removal {
    pub(crate) fn reporting(&self) -> &Reporting {
        let common = match &self.host {
            Uninstall::Gimp(options) => &options.common,
            Uninstall::Krita(options) => &options.common,
            Uninstall::OpenFx(options) => &options.common,
        };
        &common.reporting
    }
}

/// Runs `dedit install`.
pub(crate) fn install(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let watch = Watcher { console, interrupt };
    let report = match &options.host {
        Install::Gimp(InstallGimp { plugin, profile, no_check, patience, .. }) => {
            let patience = Duration::from_secs(*patience);
            dedit_install::install(&Gimp { plugin: plugin.clone(), profiles: profile.clone(), check: !no_check, patience }, &watch)
        }
        Install::Krita(InstallKrita { krita, profile, no_check, patience, .. }) => {
            let patience = Duration::from_secs(*patience);
            dedit_install::install(&Krita { program: krita.clone(), resources: profile.clone(), check: !no_check, patience }, &watch)
        }
        Install::OpenFx(InstallOpenFx { plugin, to, .. }) => {
            dedit_install::install(&OpenFx { library: plugin.clone(), folder: to.clone() }, &watch)
        }
    }?;
    finish("installed", report, console)
}

/// Runs `dedit uninstall`.
pub(crate) fn uninstall(options: &Removal, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let report = match &options.host {
        Uninstall::Gimp(options) => remove(&Gimp { profiles: options.profile.clone(), ..Gimp::default() }, console, interrupt),
        Uninstall::Krita(options) => remove(&Krita { resources: options.profile.clone(), ..Krita::default() }, console, interrupt),
        Uninstall::OpenFx(options) => remove(&OpenFx { folder: options.from.clone(), ..OpenFx::default() }, console, interrupt),
    }?;
    finish("removed", report, console)
}

fn remove<I: Installer>(host: &I, console: &Console, interrupt: &Interrupt) -> Result<Report> {
    dedit_install::uninstall(host, &Watcher { console, interrupt })
}

/// Prints a report, whose entries go under `key`.
fn finish(key: &str, report: Report, console: &Console) -> Result<()> {
    let Report { lines, entries, failed, failure } = report;
    console.finish(&lines.join("\n"), json!({key: entries, "failed": failed}));
    failure.map_or(Ok(()), Err)
}

/// Passes on what an installation tells, and ctrl-C.
struct Watcher<'a> {
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Watch for Watcher<'_> {
    fn stage(&self, what: &str, done: usize, of: usize) {
        self.interrupt.listen();
        self.console.stage(what, done, of, None);
    }

    fn note(&self, sentence: String) {
        self.console.note(sentence);
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.asked()
    }
}
