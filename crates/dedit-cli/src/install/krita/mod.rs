//! Krita: a package of Python in the folder of resources, which Krita imports where its settings say so.

mod ask;
mod display;
mod folder;
mod places;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use self::ask::{Answer, Told, ask};
use self::display::Display;
use self::folder::Plugin;
use self::places::{Places, Program};
use super::files::{self, Removed};
use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::Interrupt;

#[derive(Debug, Args)]
pub(crate) struct Install {
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
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// Krita's folder of resources [default: the usual one, such as ~/.local/share/krita]
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// What became of the plug-in.
enum Outcome {
    Checked(Told),
    /// And why it was not.
    Unchecked(String),
    Failed(Error),
}

/// Puts the plug-in into Krita's folder, enables it, and asks Krita about it.
pub(crate) fn install(options: &Install, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let (places, daemon) = (Places::read(), files::daemon()?);
    let program = places.program(options.krita.as_deref())?;
    if options.profile.is_none() {
        places.sandboxed().into_iter().for_each(|note| console.note(note));
        if program.is_none() && !places.are_there() {
            return Err(Error::new(ErrorKind::Input, "there is no Krita: no program on PATH, and no folder of its resources")
                .at(&places.resources)
                .hint("install Krita, name its program with --krita, or name its folder of resources with --profile"));
        }
    }
    let plugin = chosen(options.profile.as_deref(), &places)?;
    plugin.put(&daemon)?;
    places.settings.enable()?;
    interrupt.listen();
    console.stage("asking Krita", 0, 1, None);
    let outcome = match check(&plugin, program.as_ref(), &places, options, interrupt) {
        Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
        Err(error) => Outcome::Failed(error),
        Ok(outcome) => outcome,
    };
    if places.is_krita_running() {
        console.note("Krita runs: start it anew, as it looks for plug-ins only then");
    }
    conclude(&plugin, &places, outcome, console)
}

/// The plug-in where the user wants it.
fn chosen(profile: Option<&Path>, places: &Places) -> Result<Plugin> {
    let Some(profile) = profile else { return Ok(Plugin::new(places.resources.clone())) };
    if profile.file_name().is_some_and(|name| name == "pykrita") {
        return Err(Error::new(ErrorKind::Input, "this folder is for plug-ins only; others of Krita's folders are beside it")
            .at(profile)
            .hint("name the folder in which it is"));
    }
    Ok(Plugin::new(std::path::absolute(profile).unwrap_or_else(|_| profile.to_path_buf())))
}

/// Asks Krita whether it imports the plug-in, where it can be asked.
fn check(plugin: &Plugin, program: Option<&Program>, places: &Places, options: &Install, interrupt: &Interrupt) -> Result<Outcome> {
    let unchecked = |why: &str| Ok(Outcome::Unchecked(why.to_owned()));
    let program = match program {
        _ if options.no_check => return unchecked("--no-check"),
        None => return unchecked("no program of Krita found; name it with --krita"),
        Some(program) => program,
    };
    let Some(runner) = &program.runner else {
        return unchecked(&format!("there is no kritarunner beside {}, by which Krita is asked", program.krita.display()));
    };
    let display = match Display::open(places) {
        Ok(display) => display,
        Err(why) => return unchecked(&why),
    };
    // That program has resources of its own, many megabytes that nobody else needs.
    let left = places.resources.with_file_name("kritarunner");
    let was_there = left.exists();
    let answer = ask(runner, &plugin.modules(), &display, Duration::from_secs(options.patience), &|| interrupt.asked());
    if !was_there {
        let _ = fs::remove_dir_all(&left);
    }
    match answer {
        Answer::Imports(told) => Ok(Outcome::Checked(told)),
        Answer::NoDisplay(said) => unchecked(&format!("Krita reaches no display ({said})")),
        answer => Err(trouble(answer, plugin, runner, options)),
    }
}

/// Why there is no good answer, and what to do.
fn trouble(answer: Answer, plugin: &Plugin, runner: &Path, options: &Install) -> Error {
    let path = runner.display();
    let failed = |message: String| Error::new(ErrorKind::Connection, message).at(plugin.resources());
    match answer {
        Answer::Cancelled => Error::cancelled(),
        Answer::Late => failed(format!("Krita gave no answer within {} s", options.patience))
            .hint("give it more time with --patience, or start Krita and look for D-Edit in its menu Settings, under Dockers"),
        Answer::Fails(why) => failed(format!("{path} cannot be started ({why})")).hint("repair Krita, or leave this out with --no-check"),
        Answer::Lacks(module) => failed(format!("Krita's Python has no {module}, without which no plug-in works"))
            .hint("install it, on Debian and Ubuntu with apt install python3-pyqt5, and try again"),
        Answer::ImportsNot(why) => failed(format!("Krita does not import D-Edit ({why})"))
            .hint("see that this dedit is made for that version of Krita, and what Krita says of D-Edit in its list of plug-ins"),
        Answer::Silent(last) | Answer::NoDisplay(last) => {
            failed(format!("Krita ended without an answer ({last})")).hint(format!("start {path} in a terminal and see what it says"))
        }
        Answer::Imports(_) => failed("Krita imports D-Edit".to_owned()),
    }
}

/// Tells what became of it.
fn conclude(plugin: &Plugin, places: &Places, outcome: Outcome, console: &Console) -> Result<()> {
    let nothing = Told::default();
    let (what, told) = match &outcome {
        Outcome::Checked(told) => (format!("checked: Krita imports D-Edit{}", versions(told)), told),
        Outcome::Unchecked(why) => (format!("copied; not checked: {why}"), &nothing),
        Outcome::Failed(error) => (format!("failed: {error}"), &nothing),
    };
    let mut lines = vec![format!("{}  {}  {what}", host(told), plugin.resources().display())];
    let problem = if let Outcome::Failed(error) = &outcome { Some(error.to_string()) } else { None };
    if problem.is_none() {
        lines.push("start Krita anew where it runs; D-Edit is in its menu Settings, under Dockers".to_owned());
    }
    let entry = json!({
        "host": "krita",
        "version": told.krita,
        "profile": plugin.resources(),
        "plugin": plugin.package(),
        "settings": places.settings.path(),
        "python": told.python,
        "qt": told.qt,
        "checked": matches!(outcome, Outcome::Checked(_)),
        "problem": problem,
    });
    console.finish(&lines.join("\n"), json!({"installed": [entry]}));
    if let Outcome::Failed(error) = outcome { Err(error) } else { Ok(()) }
}

/// Krita and its version, as far as it is known.
fn host(told: &Told) -> String {
    told.krita.as_ref().map_or_else(|| "Krita".to_owned(), |version| format!("Krita {version}"))
}

fn versions(told: &Told) -> String {
    let own = told.plugin.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let parts = [("Python", &told.python), ("Qt", &told.qt)];
    let parts: Vec<String> =
        parts.into_iter().filter_map(|(name, version)| version.as_ref().map(|version| format!("{name} {version}"))).collect();
    if parts.is_empty() { own } else { format!("{own} by {}", parts.join(" and ")) }
}

/// Takes the plug-in out of Krita's folder and settings.
pub(crate) fn uninstall(options: &Uninstall, console: &Console) -> Result<()> {
    let places = Places::read();
    let plugin = chosen(options.profile.as_deref(), &places)?;
    let removed = plugin.remove()?;
    let was_enabled = places.settings.disable()?;
    let what = match removed {
        Removed::ButOthers => Some("removed; other files are in that folder, and stay"),
        Removed::Nothing if !was_enabled => None,
        Removed::Nothing => Some("was not there; the settings no longer name it"),
        Removed::All => Some("removed"),
    };
    let line = match what {
        Some(what) => format!("Krita  {}  {what}", plugin.package().display()),
        None => format!("D-Edit is not in Krita: looked in {}", plugin.resources().display()),
    };
    let entry = what.map(|_| json!({"host": "krita", "profile": plugin.resources(), "settings": places.settings.path()}));
    if what.is_some() && places.is_krita_running() {
        console.note("Krita runs: start it anew, as it keeps the plug-in until then");
    }
    console.finish(&line, json!({"removed": Vec::from_iter(entry)}));
    Ok(())
}

/// D-Edit in Krita, for the doctor.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is, if it is there.
    pub(crate) there: Option<String>,
    /// What is wrong with it.
    pub(crate) faults: Vec<String>,
}

/// Looks into Krita's folder and settings.
pub(crate) fn look() -> Found {
    let places = Places::read();
    let plugin = Plugin::new(places.resources.clone());
    if !plugin.is_there() {
        return Found { there: None, faults: Vec::new() };
    }
    let mut faults = plugin.faults();
    if !places.settings.is_enabled() {
        faults.push(format!("{} does not enable it", places.settings.path().display()));
    }
    Found { there: Some(plugin.resources().display().to_string()), faults }
}
