//! `dedit doctor`: what is there, what is wrong, and what to do about it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dedit_catalog::{Found, Library};
use dedit_install::Installer;
use dedit_install::gimp::Gimp;
use dedit_install::krita::Krita;
use dedit_install::openfx::OpenFx;
use dedit_models::{Catalogue, Model, PATCHES};
use dedit_protocol::address;
use dedit_session::{ModelChoice, Models as _, memory};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{DaemonOptions, DeviceName, Reporting};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{listed, size_of};

/// Look for what may be wrong: daemon, device, model, disk, hosts; each with what to do
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The model that is looked at
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<PathBuf>,
    /// The device that is looked at
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
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
    let library = Arc::new(Library::new(&address::data()));
    let checks = [
        daemon(&options.daemon),
        model(options, &library),
        models(&library),
        ram(),
        disk(),
        host(&Gimp::default()),
        host(&Krita::default()),
        host(&OpenFx::default()),
    ];
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
    match options.client_if_running() {
        Ok(Some(client)) => {
            let welcome = client.welcome();
            let found = format!("version {}, process {}, at {}", welcome.version, welcome.process, socket.display());
            if welcome.version == env!("CARGO_PKG_VERSION") {
                return Check::good("daemon", found);
            }
            Check::bad("daemon", found, format!("this is {}: end the other with dedit daemon stop", env!("CARGO_PKG_VERSION")))
        }
        Ok(None) => Check::absent("daemon", format!("none runs at {}", socket.display()), "it is started when it is needed"),
        Err(error) => Check::of("daemon", &error),
    }
}

fn model(options: &Options, library: &Arc<Library>) -> Check {
    let choice = ModelChoice {
        model: options.model.as_ref().map(|model| model.to_string_lossy().into_owned()),
        device: Some(options.device.to_string()),
        ..ModelChoice::default()
    };
    match Catalogue::new(library.clone()).find(&choice) {
        Ok(found) => {
            let device = found.choice.device.as_deref().unwrap_or_default();
            let told = format!("{}, {}, on {device}", found.name, size_of(found.bytes));
            match description(&found.choice, library) {
                Ok(None) => Check::good("model", told),
                Ok(Some(description)) => Check::good("model", format!("{told}: {description}")),
                Err(error) => Check::of("model", &error),
            }
        }
        Err(error) => Check::of("model", &error),
    }
}

/// The models of this machine; the broken ones by their names.
fn models(library: &Library) -> Check {
    if let Err(error) = library.check_settings() {
        return Check::of("models", &error);
    }
    let found = library.found();
    let broken: Vec<&Found> = found.iter().filter(|found| found.broken.is_some()).collect();
    match broken.first() {
        None if found.is_empty() => {
            Check::absent("models", "none is on this machine", "words need one: dedit model list shows those that can be fetched")
        }
        None => Check::good("models", listed(found.iter().map(|found| format!("{} ({})", found.name, found.kind)))),
        Some(first) => {
            let how = first.broken.as_deref().unwrap_or_default();
            let sentence =
                format!("{} of {} are broken, such as {} ({how}): {}", broken.len(), found.len(), first.name, first.path.display());
            Check::bad("models", sentence, "fetch or copy it again, or delete it; dedit model find shows all")
        }
    }
}

/// What a model was recognised as, and what is to be known about it; `None` for the engine without weights. Its headers are read, not its weights.
fn description(choice: &ModelChoice, library: &Library) -> Result<Option<String>> {
    if choice.model.as_deref() == Some(PATCHES) {
        return Ok(None);
    }
    let mut notes = Vec::new();
    let model = Model::open(choice, library, &mut |note| notes.push(note))?;
    notes.insert(0, model.description());
    Ok(Some(notes.join("; ")))
}

fn ram() -> Check {
    /// What Stable Diffusion 1 takes to learn a picture of its own size, in half precision weights.
    const LITTLE: u64 = 4_000_000_000;
    match memory::available_bytes() {
        None => Check::absent("memory", "this system does not say how much there is", "large models may not fit"),
        Some(bytes) if bytes < LITTLE => {
            Check::absent("memory", format!("{} are free", size_of(bytes)), "Stable Diffusion may not fit; the built-in model does")
        }
        Some(bytes) => Check::good("memory", format!("{} are free", size_of(bytes))),
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

/// A host's programs, and D-Edit in them.
fn host<I: Installer>(host: &I) -> Check {
    let dedit_install::Check { ok, found, advice } = dedit_install::check(host);
    Check { name: I::NAME, ok, found, advice }
}
