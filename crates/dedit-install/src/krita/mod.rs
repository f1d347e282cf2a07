//! Krita: a Python package in its folder of resources, which Krita imports where its settings enable it.

mod ask;
mod display;
mod folder;
mod places;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use self::ask::{Answer, Versions, ask};
use self::display::Display;
use self::folder::Plugin;
use self::places::{Places, Program};
use crate::installer::{Description, Installation, Installer, Watch};
use crate::process::NoAnswer;
use crate::report::{Installed, Outcome, Removed};
use crate::{Failure, FailureKind, Result, beside};

/// Where Krita's window shows the plug-in.
const MENU: &str = "Settings, under Dockers";

/// Krita 5 or 6, with the options of a command.
#[derive(Debug, Default)]
pub struct Krita {
    /// The program that starts Krita; else the one on `PATH`.
    pub program: Option<PathBuf>,
    /// The folder of resources; else the user's.
    pub resources: Option<PathBuf>,
    /// Whether to start Krita and ask it.
    pub check: bool,
    /// How long Krita may take to answer.
    pub patience: Duration,
}

/// Krita's folder of resources, with the plug-in in it.
#[derive(Debug)]
pub struct Target {
    plugin: Plugin,
    places: Places,
}

impl Installer for Krita {
    type Target = Target;

    const NAME: &'static str = "krita";
    const PLACE: &'static str = "folder of Krita's resources";
    const PROGRAMS: &'static [&'static str] = &["krita"];

    fn plan(&self, watch: &dyn Watch) -> Result<Vec<Target>> {
        let places = Places::read();
        let program = places.program(self.program.as_deref())?;
        if self.resources.is_none() {
            places.sandboxed().into_iter().for_each(|sentence| watch.note(sentence));
            if program.is_none() && !places.are_there() {
                return Err(Failure::new(FailureKind::Input, "there is no Krita: no program on PATH, and no folder of its resources")
                    .at(&places.resources)
                    .hint("install Krita, name its program with --krita, or name its folder of resources with --profile"));
            }
        }
        self.find()
    }

    fn find(&self) -> Result<Vec<Target>> {
        let places = Places::read();
        let plugin = match &self.resources {
            None => Plugin::new(places.resources.clone()),
            Some(resources) if resources.file_name().is_some_and(|name| name == "pykrita") => {
                return Err(Failure::new(FailureKind::Input, "this folder is for plug-ins only; others of Krita's folders are beside it")
                    .at(resources)
                    .hint("name the folder in which it is"));
            }
            Some(resources) => Plugin::new(std::path::absolute(resources).unwrap_or_else(|_| resources.clone())),
        };
        Ok(vec![Target { plugin, places }])
    }

    fn describe(&self, target: &Target) -> Description {
        let Target { plugin, places } = target;
        let details =
            [("profile", json!(plugin.resources())), ("plugin", json!(plugin.package())), ("settings", json!(places.settings.path()))];
        Description {
            label: "Krita".to_owned(),
            folder: plugin.resources().to_path_buf(),
            plugin: plugin.package(),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    fn install(&self, target: &Target, watch: &dyn Watch) -> Result<Installed> {
        let program = target.places.program(self.program.as_deref())?;
        target.plugin.write(&beside::daemon()?)?;
        target.places.settings.enable()?;
        let mut versions = Versions::default();
        let outcome = match self.ask(target, program.as_ref(), watch) {
            Err(failure) if failure.kind == FailureKind::Cancelled => return Err(failure),
            Err(failure) => Outcome::Failed(failure),
            Ok(Asked::Not(why)) => Outcome::Unchecked(why),
            Ok(Asked::Imports(found)) => {
                versions = found;
                Outcome::Checked(format!("Krita imports D-Edit{}", shown(&versions)))
            }
        };
        if target.places.is_krita_running() {
            watch.note("Krita runs: start it anew, as it looks for plug-ins only then".to_owned());
        }
        let is_there = !matches!(outcome, Outcome::Failed(_));
        let advice = is_there.then(|| format!("start Krita anew where it runs; D-Edit is in its menu {MENU}"));
        let label = versions.krita.as_ref().map(|version| format!("Krita {version}"));
        Ok(Installed { label, outcome, details: details(versions), advice: Vec::from_iter(advice) })
    }

    fn uninstall(&self, target: &Target, watch: &dyn Watch) -> Result<Removed> {
        let removed = target.plugin.remove()?;
        let was_enabled = target.places.settings.disable()?;
        let removed = if removed == Removed::Nothing && was_enabled { Removed::SettingsOnly } else { removed };
        if removed != Removed::Nothing && target.places.is_krita_running() {
            watch.note("Krita runs: start it anew, as it keeps the plug-in until then".to_owned());
        }
        Ok(removed)
    }

    fn check(&self, target: &Target) -> Option<Installation> {
        let Target { plugin, places } = target;
        plugin.is_there().then(|| {
            let mut faults = plugin.faults();
            if !places.settings.is_enabled() {
                faults.push(format!("{} does not enable it", places.settings.path().display()));
            }
            Installation { place: plugin.resources().display().to_string(), faults }
        })
    }
}

/// Whether Krita was asked.
enum Asked {
    /// It was, and imports the plug-in.
    Imports(Versions),
    /// It was not, and why.
    Not(String),
}

impl Krita {
    /// Asks Krita whether it imports the plug-in, where it can be asked.
    fn ask(&self, target: &Target, program: Option<&Program>, watch: &dyn Watch) -> Result<Asked> {
        let not = |why: &str| Ok(Asked::Not(why.to_owned()));
        let program = match program {
            _ if !self.check => return not("--no-check"),
            None => return not("no program of Krita found; name it with --krita"),
            Some(program) => program,
        };
        let Some(runner) = &program.runner else {
            return not(&format!("there is no kritarunner beside {}, by which Krita is asked", program.krita.display()));
        };
        let display = match Display::open(&target.places) {
            Ok(display) => display,
            Err(why) => return not(&why),
        };
        // The runner creates a folder of resources of its own, many megabytes that nothing else uses.
        let left = target.places.resources.with_file_name("kritarunner");
        let was_there = left.exists();
        let answer = ask(runner, &target.plugin.modules(), &display, self.patience, &|| watch.is_cancelled());
        if !was_there {
            let _ = fs::remove_dir_all(&left);
        }
        let place = target.plugin.resources();
        match answer {
            Ok(Answer::Imports(versions)) => Ok(Asked::Imports(versions)),
            Ok(Answer::NoDisplay(line)) => not(&format!("Krita reaches no display ({line})")),
            Ok(Answer::ImportsNot(why)) => Err(cannot_import(&why).at(place)),
            Ok(Answer::Lacks(module)) => Err(lacks(module).at(place)),
            Err(none) => Err(self.no_answer(none, runner).at(place)),
        }
    }

    fn no_answer(&self, none: NoAnswer, runner: &Path) -> Failure {
        none.failure("Krita", runner, self.patience, MENU)
    }
}

fn cannot_import(why: &str) -> Failure {
    Failure::new(FailureKind::Connection, format!("Krita does not import D-Edit ({why})"))
        .hint("see that this dedit is made for that version of Krita, and what Krita says of D-Edit in its list of plug-ins")
}

fn lacks(module: &str) -> Failure {
    Failure::new(FailureKind::Connection, format!("Krita's Python has no {module}, without which no plug-in works"))
        .hint("install it, on Debian and Ubuntu with apt install python3-pyqt5, and try again")
}

fn details(versions: Versions) -> Map<String, Value> {
    let Versions { krita, python, qt, .. } = versions;
    [("version", krita), ("python", python), ("qt", qt)].into_iter().map(|(key, version)| (key.to_owned(), json!(version))).collect()
}

/// The versions of the plug-in, Python and Qt, as far as they are known, to follow the plug-in's name.
fn shown(versions: &Versions) -> String {
    let plugin = versions.plugin.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let parts = [("Python", &versions.python), ("Qt", &versions.qt)];
    let parts: Vec<String> =
        parts.into_iter().filter_map(|(name, version)| version.as_ref().map(|version| format!("{name} {version}"))).collect();
    if parts.is_empty() { plugin } else { format!("{plugin} by {}", parts.join(" and ")) }
}
