//! `dedit doctor`: what is there, what is wrong, and what to do about it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use dedit_models::Catalogue;
use dedit_protocol::address;
use dedit_session::{ModelChoice, Models as _, memory};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{DaemonOptions, DeviceName, Reporting};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::format::listed;
use crate::install;

/// Look for what may be wrong: daemon, device, model, disk, hosts; each with what to do
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The model that is looked at
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<PathBuf>,
    /// The device that is looked at
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceName,
    #[arg(long, hide = true)]
    seed: Option<u64>,
    #[command(flatten)]
    daemon: DaemonOptions,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// What was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    /// Whether it is as it should be; `None` for what need not be there.
    ok: Option<bool>,
    found: String,
    /// What to do.
    advice: Option<String>,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, ok: Some(true), found: found.into(), advice: None }
    }

    fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, ok: Some(false), found: found.into(), advice: Some(advice.into()) }
    }

    fn absent(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, ok: None, found: found.into(), advice: Some(advice.into()) }
    }

    fn of(name: &'static str, error: &Error) -> Self {
        let place = error.place().map_or_else(String::new, |place| format!(": {place}"));
        Self::bad(name, format!("{}{place}", error.message()), error.hint_text().unwrap_or("see dedit daemon logs"))
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console) -> Result<()> {
    let checks = [daemon(&options.daemon), model(options), ram(), disk(), gimp(), krita(), openfx()];
    let line = |check: &Check| {
        let mark = match check.ok {
            Some(true) => "ok",
            Some(false) => "WRONG",
            None => "-",
        };
        let advice = check.advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default();
        format!("{mark:<6} {:<8} {}{advice}", check.name, check.found)
    };
    let lines: Vec<String> = checks.iter().map(line).collect();
    let wrong = checks.iter().filter(|check| check.ok == Some(false)).count();
    console.finish(&lines.join("\n"), json!({"version": env!("CARGO_PKG_VERSION"), "checks": checks, "wrong": wrong}));
    if wrong == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Connection, format!("{wrong} of {} are not as they should be", checks.len())).hint("see above"))
}

fn daemon(options: &DaemonOptions) -> Check {
    let socket = options.socket();
    match options.running() {
        Ok(client) => {
            let welcome = client.welcome();
            let found = format!("version {}, process {}, at {}", welcome.version, welcome.process, socket.display());
            if welcome.version == env!("CARGO_PKG_VERSION") {
                return Check::good("daemon", found);
            }
            Check::bad("daemon", found, format!("this is {}: end the other with dedit daemon stop", env!("CARGO_PKG_VERSION")))
        }
        Err(error) if error.message().contains("no D-Edit daemon") => {
            Check::absent("daemon", format!("none runs at {}", socket.display()), "it is started when it is needed")
        }
        Err(error) => Check::of("daemon", &error),
    }
}

fn model(options: &Options) -> Check {
    let choice = ModelChoice {
        model: options.model.as_ref().map(|model| model.to_string_lossy().into_owned()),
        device: Some(options.device.to_string()),
        ..ModelChoice::default()
    };
    match Catalogue.find(&choice) {
        Ok(found) => Check::good("model", format!("{}, {} MB, on {}", found.name, found.bytes / 1_000_000, options.device)),
        Err(error) => Check::of("model", &error.into()),
    }
}

fn ram() -> Check {
    /// What Stable Diffusion 1 takes to learn a picture of its own size, in half precision weights.
    const LITTLE: u64 = 4 << 30;
    match memory::available_bytes() {
        None => Check::absent("memory", "this system does not say how much there is", "large models may not fit"),
        Some(bytes) if bytes < LITTLE => {
            Check::absent("memory", format!("{} MB are free", bytes / 1_000_000), "Stable Diffusion may not fit; the built-in model does")
        }
        Some(bytes) => Check::good("memory", format!("{} MB are free", bytes / 1_000_000)),
    }
}

/// Whether sessions can be written.
fn disk() -> Check {
    let data = address::data();
    let tried = fs::create_dir_all(&data).and_then(|()| {
        let file = data.join(".doctor");
        fs::write(&file, vec![0; 1 << 20]).and(fs::remove_file(&file))
    });
    match tried {
        Ok(()) => Check::good("disk", format!("sessions are kept in {}", data.display())),
        Err(error) => {
            let advice = "make room there, or name another folder with the environment variable DEDIT_DATA";
            Check::bad("disk", format!("nothing can be written to {} ({error})", data.display()), advice)
        }
    }
}

/// A program that D-Edit can work in.
struct Host {
    name: &'static str,
    programs: &'static [&'static str],
    /// Those of them that must be new enough, and how new, which is not asked of them.
    dated: Option<(&'static [&'static str], &'static str)>,
}

const GIMP: Host = Host { name: "gimp", programs: &["gimp", "gimp-3.0", "gimp-2.10"], dated: None };

const KRITA: Host = Host { name: "krita", programs: &["krita"], dated: None };

/// The hosts of `OpenFX` that show their effects by MLT.
const MLT: &[&str] = &["melt", "melt-7", "kdenlive", "shotcut"];

const OPENFX: Host = Host {
    name: "openfx",
    programs: &["melt", "melt-7", "kdenlive", "shotcut", "Natron", "resolve"],
    dated: Some((MLT, "has OpenFX with MLT from 7.38 on")),
};

fn host(host: &Host) -> Check {
    let folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let program = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|path: &PathBuf| Path::is_file(path));
    let mut found = host.programs.iter().filter_map(|name| Some((name, program(name)?))).peekable();
    match found.peek().map(|(_, path)| path.display().to_string()) {
        Some(path) => {
            let age = host.dated.filter(|(dated, _)| found.all(|(name, _)| dated.contains(name)));
            Check::good(host.name, age.map_or_else(|| path.clone(), |(_, age)| format!("{path}, which {age}")))
        }
        None => Check::absent(host.name, format!("no {} on PATH", host.programs.join(", ")), "install it to edit there"),
    }
}

/// GIMP, and D-Edit in its profiles.
fn gimp() -> Check {
    let program = host(&GIMP);
    let found = install::gimp::look();
    if found.there.is_empty() {
        return match program.ok {
            Some(true) => Check::absent(GIMP.name, format!("{}; D-Edit is not in it", program.found), "dedit install gimp puts it there"),
            _ => program,
        };
    }
    let told = format!("{}; D-Edit is in {}", program.found, listed(&found.there));
    if !found.faults.is_empty() {
        return Check::bad(GIMP.name, format!("{told}; {}", found.faults.join("; ")), "dedit install gimp puts that right");
    }
    let told = if found.compared { told } else { format!("{told}; of which build is not known, as no dedit-gimp is beside dedit") };
    Check::good(GIMP.name, told)
}

/// Krita, and D-Edit in its folder.
fn krita() -> Check {
    let program = host(&KRITA);
    let found = install::krita::look();
    let Some(there) = found.there else {
        return match program.ok {
            Some(true) => Check::absent(KRITA.name, format!("{}; D-Edit is not in it", program.found), "dedit install krita puts it there"),
            _ => program,
        };
    };
    let told = format!("{}; D-Edit is in {there}", program.found);
    if found.faults.is_empty() {
        return Check::good(KRITA.name, told);
    }
    Check::bad(KRITA.name, format!("{told}; {}", found.faults.join("; ")), "dedit install krita puts that right")
}

/// The hosts of `OpenFX`, and D-Edit in the folders in which they look.
fn openfx() -> Check {
    let program = host(&OPENFX);
    let found = install::openfx::look();
    if found.there.is_empty() {
        return match program.ok {
            Some(true) => {
                Check::absent(OPENFX.name, format!("{}; D-Edit is not in it", program.found), "dedit install openfx puts it there")
            }
            _ => program,
        };
    }
    let told = format!("{}; D-Edit is in {}", program.found, found.there.join("; "));
    if !found.faults.is_empty() {
        return Check::bad(OPENFX.name, format!("{told}; {}", found.faults.join("; ")), "dedit install openfx puts that right");
    }
    Check { advice: found.note, ..Check::good(OPENFX.name, told) }
}
