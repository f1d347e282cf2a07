//! GIMP: a program in a folder of the profile, which GIMP asks for its procedures when it starts.

mod ask;
mod folder;
mod profiles;
mod programs;
mod version;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, json};

use self::ask::{Answer, ask};
use self::folder::Folder;
use self::profiles::{Places, Profile};
use self::programs::{Program, of_profile};
use crate::installer::{Description, Installation, Installer, Watch};
use crate::process::NoAnswer;
use crate::report::{Installed, Outcome, Removed};
use crate::{Failure, FailureKind, Result, beside};

/// The name of the plug-in: GIMP looks for a program of that name in a folder of that name.
const PLUGIN: &str = "dedit-gimp";

/// GIMP 2.10 and GIMP 3, with the options of a command.
#[derive(Debug, Default)]
pub struct Gimp {
    /// The plug-in's program; else `dedit-gimp` beside this program.
    pub plugin: Option<PathBuf>,
    /// The profiles; where there are none, all that are found.
    pub profiles: Vec<PathBuf>,
    /// Whether to start GIMP and ask it.
    pub check: bool,
    /// How long GIMP may take to answer.
    pub patience: Duration,
}

/// A profile and the program that uses it.
#[derive(Debug)]
pub struct Target {
    profile: Profile,
    /// Looked for before an installation alone.
    program: Option<Program>,
}

impl Target {
    fn folder(&self) -> Folder {
        Folder::new(&self.profile.folder.join("plug-ins"), PLUGIN)
    }

    /// GIMP and its version, as far as it is known.
    fn label(&self) -> String {
        self.profile.version.map_or_else(|| "GIMP".to_owned(), |version| format!("GIMP {version}"))
    }
}

impl Installer for Gimp {
    type Target = Target;

    const NAME: &'static str = "gimp";
    const PLACE: &'static str = "profile of GIMP";
    const PROGRAMS: &'static [&'static str] = &["gimp", "gimp-3.0", "gimp-2.10"];

    fn plan(&self, watch: &dyn Watch) -> Result<Vec<Target>> {
        self.program_to_copy()?;
        let places = Places::read();
        let programs = programs::find(&places);
        let profiles = if self.profiles.is_empty() {
            places.sandboxed().into_iter().for_each(|sentence| watch.note(sentence));
            places.with_new(&programs.iter().map(|program| program.version).collect::<Vec<_>>())
        } else {
            named(&self.profiles)?
        };
        if profiles.is_empty() {
            let message = "there is no GIMP 2.10 and no GIMP 3: no program on PATH, and no profile";
            return Err(Failure::new(FailureKind::Input, message)
                .at(&places.profiles)
                .hint("install GIMP, or name a profile with --profile"));
        }
        let target = |profile: Profile| Target { program: of_profile(&profile, &programs).cloned(), profile };
        Ok(profiles.into_iter().map(target).collect())
    }

    fn find(&self) -> Result<Vec<Target>> {
        let profiles = if self.profiles.is_empty() { Places::read().existing() } else { named(&self.profiles)? };
        Ok(profiles.into_iter().map(|profile| Target { profile, program: None }).collect())
    }

    fn describe(&self, target: &Target) -> Description {
        let (profile, folder) = (&target.profile, target.folder());
        let details = [("version", json!(profile.version)), ("profile", json!(profile.folder)), ("plugin", json!(folder.plugin()))];
        Description {
            label: target.label(),
            folder: profile.folder.clone(),
            plugin: folder.path().to_path_buf(),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    fn install(&self, target: &Target, watch: &dyn Watch) -> Result<Installed> {
        let outcome = match self.copy_and_ask(target, watch) {
            Err(failure) if failure.kind == FailureKind::Cancelled => return Err(failure),
            Err(failure) => Outcome::Failed(failure),
            Ok(outcome) => outcome,
        };
        let is_there = !matches!(outcome, Outcome::Failed(_));
        let advice = is_there.then(|| "restart GIMP where it runs; D-Edit is in its menu Filters".to_owned());
        Ok(Installed { label: None, outcome, details: Map::new(), advice: Vec::from_iter(advice) })
    }

    fn uninstall(&self, target: &Target, _: &dyn Watch) -> Result<Removed> {
        target.folder().remove()
    }

    fn check(&self, target: &Target) -> Option<Installation> {
        let folder = target.folder();
        let newest = beside::program(PLUGIN).ok().flatten();
        folder
            .is_there()
            .then(|| Installation { place: target.profile.folder.display().to_string(), faults: folder.faults(newest.as_deref()) })
    }

    fn remark(&self, _: &[Target]) -> Option<String> {
        let newest = beside::program(PLUGIN).ok().flatten();
        newest.is_none().then(|| format!("of which build is not known, as no {PLUGIN} is beside dedit"))
    }
}

impl Gimp {
    /// The file that is copied.
    fn program_to_copy(&self) -> Result<PathBuf> {
        match &self.plugin {
            Some(named) if named.is_file() => Ok(named.clone()),
            Some(named) => {
                let missing = Failure::new(FailureKind::Input, "there is no such plug-in program");
                Err(missing.at(named).hint("name the file dedit-gimp"))
            }
            None => beside::program(PLUGIN)?.ok_or_else(|| {
                let hint = "build it with cargo build --release -p dedit-gimp, or name it with --plugin";
                beside::missing("the plug-in program dedit-gimp is not beside dedit".to_owned(), hint)
            }),
        }
    }

    fn copy_and_ask(&self, target: &Target, watch: &dyn Watch) -> Result<Outcome> {
        let profile = &target.profile;
        let program = target.program.as_ref().filter(|_| self.check);
        if let Some(program) = program
            && !profile.folder.exists()
        {
            // GIMP creates a whole profile, with the settings of older versions, only where there is none.
            self.ask(program, target, watch)?;
        }
        target.folder().write(&self.program_to_copy()?, &beside::daemon()?)?;
        let Some(program) = program else {
            let why = match (self.check, profile.version) {
                (false, _) => "--no-check",
                (true, Some(_)) => "no GIMP program of that version found",
                (true, None) => "the version is not known; name it as GIMP does, such as 2.10 or 3.0, or start GIMP with it once",
            };
            return Ok(Outcome::Unchecked(why.to_owned()));
        };
        match self.ask(program, target, watch)? {
            Answer::Knows => Ok(Outcome::Checked("GIMP knows D-Edit".to_owned())),
            Answer::KnowsNot(line) => Err(unknown(target, program, line.as_deref())),
        }
    }

    fn ask(&self, program: &Program, target: &Target, watch: &dyn Watch) -> Result<Answer> {
        let folder = &target.profile.folder;
        let failed = |none: NoAnswer| none.failure(&target.label(), &program.path, self.patience, "Filters").at(folder);
        ask(program, folder, self.patience, &|| watch.is_cancelled()).map_err(failed)
    }
}

/// The error where GIMP does not know the plug-in that was copied; `line` is its output about it.
fn unknown(target: &Target, program: &Program, line: Option<&str>) -> Failure {
    let line = line.map(|line| format!(" ({line})")).unwrap_or_default();
    Failure::new(FailureKind::Connection, format!("{} does not know D-Edit although it is there{line}", target.label()))
        .at(&target.profile.folder)
        .hint(format!(
            "see that GIMP's preferences name the profile's plug-ins under Folders, that {} is made for this system, and what {} says in a terminal",
            target.folder().plugin().display(),
            program.path.display()
        ))
}

/// The profiles in folders that the user names.
fn named(folders: &[PathBuf]) -> Result<Vec<Profile>> {
    for folder in folders {
        let inner = Places { profiles: folder.clone(), ..Places::default() }.existing();
        if !inner.is_empty() {
            let inner: Vec<String> = inner.iter().map(|profile| profile.folder.display().to_string()).collect();
            return Err(Failure::new(FailureKind::Input, "this folder is no profile of GIMP but holds some")
                .at(folder)
                .hint(format!("name {}", inner.join(", "))));
        }
    }
    Ok(folders.iter().map(|folder| profiles::named(Path::new(folder))).collect())
}
