//! GIMP: a program in a folder of the profile, which GIMP asks for its procedures when it starts.

mod ask;
mod folder;
mod profiles;
mod programs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use self::ask::{Answer, ask};
use self::folder::Folder;
use self::profiles::{Places, Profile};
use self::programs::{Program, of_profile};
use super::files::{self, Removed};
use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::format::listed;
use crate::interrupt::Interrupt;

/// The name of the plug-in: GIMP looks for a program of that name in a folder of that name.
const PLUGIN: &str = "dedit-gimp";

#[derive(Debug, Args)]
pub(crate) struct Install {
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
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// A profile of GIMP; give it again for more of them [default: all that are found]
    #[arg(long, value_name = "DIR")]
    profile: Vec<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

impl Profile {
    fn plugin(&self) -> Folder {
        Folder::new(&self.folder.join("plug-ins"), PLUGIN)
    }

    /// GIMP and its version, as far as it is known.
    fn host(&self) -> String {
        self.version.map_or_else(|| "GIMP".to_owned(), |version| format!("GIMP {version}"))
    }
}

/// What became of a profile.
enum Outcome {
    Checked,
    /// And why it was not.
    Unchecked(String),
    Failed(Error),
}

/// Puts the plug-in into profiles, and asks GIMP about it.
pub(crate) fn install(options: &Install, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let (plugin, daemon) = (plugin(options.plugin.as_deref())?, files::daemon()?);
    let places = Places::read();
    let programs = programs::find(&places);
    let profiles = if options.profile.is_empty() {
        places.sandboxed().into_iter().for_each(|note| console.note(note));
        places.with_new(&programs)
    } else {
        chosen(&options.profile)?
    };
    if profiles.is_empty() {
        return Err(Error::new(ErrorKind::Input, "there is no GIMP 2.10 and no GIMP 3: no program on PATH, and no profile")
            .at(&places.profiles)
            .hint("install GIMP, or name a profile with --profile"));
    }
    interrupt.listen();
    let mut done = Vec::new();
    for (index, profile) in profiles.iter().enumerate() {
        console.stage(&format!("asking {}", profile.host()), index, profiles.len(), None);
        let asked = Asked { program: of_profile(profile, &programs), options, interrupt };
        let outcome = match into(profile, &plugin, &daemon, &asked) {
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(error) => Outcome::Failed(error),
            Ok(outcome) => outcome,
        };
        done.push((profile, outcome));
    }
    conclude(&done, console)
}

/// The file that is to be copied.
fn plugin(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        let missing = || Error::new(ErrorKind::Input, "there is no such plug-in program").at(given).hint("name the file dedit-gimp");
        return if given.is_file() { Ok(given.to_path_buf()) } else { Err(missing()) };
    }
    files::beside(PLUGIN)?.ok_or_else(|| {
        let folder = files::own().ok().and_then(|own| own.parent().map(Path::to_path_buf)).unwrap_or_default();
        Error::new(ErrorKind::Input, "the plug-in program dedit-gimp is not beside dedit")
            .at(folder)
            .hint("build it with cargo build --release -p dedit-gimp, or name it with --plugin")
    })
}

/// The profiles that the user names.
fn chosen(folders: &[PathBuf]) -> Result<Vec<Profile>> {
    for folder in folders {
        let places = Places { profiles: folder.clone(), ..Places::default() };
        let inner = places.existing();
        if !inner.is_empty() {
            let inner = listed(inner.iter().map(|profile| profile.folder.display().to_string()));
            return Err(Error::new(ErrorKind::Input, "this folder is no profile of GIMP but holds some")
                .at(folder)
                .hint(format!("name {inner}")));
        }
    }
    Ok(folders.iter().map(|folder| profiles::named(folder)).collect())
}

/// How GIMP is asked.
struct Asked<'a> {
    program: Option<&'a Program>,
    options: &'a Install,
    interrupt: &'a Interrupt,
}

impl Asked<'_> {
    fn ask(&self, program: &Program, profile: &Path) -> Answer {
        ask(program, profile, Duration::from_secs(self.options.patience), &|| self.interrupt.asked())
    }
}

fn into(profile: &Profile, plugin: &Path, daemon: &Path, asked: &Asked<'_>) -> Result<Outcome> {
    let program = asked.program.filter(|_| !asked.options.no_check);
    if let Some(program) = program
        && !profile.folder.exists()
    {
        // GIMP makes the whole profile, with the settings of older versions, only where there is none.
        match asked.ask(program, &profile.folder) {
            Answer::Knows | Answer::KnowsNot(_) => {}
            answer => return Err(trouble(answer, profile, program, asked.options)),
        }
    }
    profile.plugin().put(plugin, daemon)?;
    let Some(program) = program else {
        let why = match (asked.options.no_check, profile.version) {
            (true, _) => "--no-check".to_owned(),
            (false, Some(_)) => "no GIMP program of that version found".to_owned(),
            (false, None) => "the version is not known; name it as GIMP does, such as 2.10 or 3.0, or start GIMP with it once".to_owned(),
        };
        return Ok(Outcome::Unchecked(why));
    };
    match asked.ask(program, &profile.folder) {
        Answer::Knows => Ok(Outcome::Checked),
        answer => Err(trouble(answer, profile, program, asked.options)),
    }
}

/// Why there is no good answer, and what to do.
fn trouble(answer: Answer, profile: &Profile, program: &Program, options: &Install) -> Error {
    let (host, path) = (profile.host(), program.path.display());
    let failed = |message: String| Error::new(ErrorKind::Connection, message).at(&profile.folder);
    match answer {
        Answer::Cancelled => Error::cancelled(),
        Answer::Late => failed(format!("{host} gave no answer within {} s", options.patience))
            .hint("give it more time with --patience, or start GIMP and look for D-Edit in its menu Filters"),
        Answer::Fails(why) => failed(format!("{path} cannot be started ({why})")).hint("repair GIMP, or leave this out with --no-check"),
        Answer::Silent(last) => {
            failed(format!("{host} ended without an answer ({last})")).hint(format!("start {path} in a terminal and see what it says"))
        }
        Answer::Knows | Answer::KnowsNot(_) => {
            let said = if let Answer::KnowsNot(Some(said)) = answer { format!(" ({said})") } else { String::new() };
            failed(format!("{host} does not know D-Edit although it is there{said}")).hint(format!(
                "see that GIMP's preferences name the profile's plug-ins under Folders, that {} is made for this system, and what {path} says in a terminal",
                profile.plugin().plugin().display()
            ))
        }
    }
}

/// Tells what became of each profile.
fn conclude(done: &[(&Profile, Outcome)], console: &Console) -> Result<()> {
    let mut lines: Vec<String> = done.iter().map(|(profile, outcome)| line(profile, outcome)).collect();
    let failed: Vec<&Error> =
        done.iter().filter_map(|(_, outcome)| if let Outcome::Failed(error) = outcome { Some(error) } else { None }).collect();
    if failed.len() < done.len() {
        lines.push("restart GIMP where it runs; D-Edit is in its menu Filters".to_owned());
    }
    let installed: Vec<Value> = done.iter().map(|(profile, outcome)| entry(profile, outcome)).collect();
    console.finish(&lines.join("\n"), json!({"installed": installed}));
    match failed.as_slice() {
        [] => Ok(()),
        [error] => Err((*error).clone()),
        [error, ..] => {
            Err(Error::new(error.kind(), format!("{} of {} profiles of GIMP are not as they should be", failed.len(), done.len()))
                .hint("see above"))
        }
    }
}

fn line(profile: &Profile, outcome: &Outcome) -> String {
    let what = match outcome {
        Outcome::Checked => "checked: GIMP knows D-Edit".to_owned(),
        Outcome::Unchecked(why) => format!("copied; not checked: {why}"),
        Outcome::Failed(error) => format!("failed: {error}"),
    };
    format!("{}  {}  {what}", profile.host(), profile.folder.display())
}

fn entry(profile: &Profile, outcome: &Outcome) -> Value {
    let problem = if let Outcome::Failed(error) = outcome { Some(error.to_string()) } else { None };
    json!({
        "host": "gimp",
        "version": profile.version,
        "profile": profile.folder,
        "plugin": profile.plugin().plugin(),
        "checked": matches!(outcome, Outcome::Checked),
        "problem": problem,
    })
}

/// Takes the plug-in out of profiles.
pub(crate) fn uninstall(options: &Uninstall, console: &Console) -> Result<()> {
    let profiles = if options.profile.is_empty() { Places::read().existing() } else { chosen(&options.profile)? };
    let (mut lines, mut removed) = (Vec::new(), Vec::new());
    for profile in &profiles {
        let plugin = profile.plugin();
        let what = match plugin.remove()? {
            Removed::Nothing => continue,
            Removed::All => "removed",
            Removed::ButOthers => "removed; other files are in that folder, and stay",
        };
        lines.push(format!("{}  {}  {what}", profile.host(), plugin.path().display()));
        removed.push(json!({"host": "gimp", "version": profile.version, "profile": profile.folder}));
    }
    if removed.is_empty() {
        let looked = listed(profiles.iter().map(|profile| profile.folder.display()));
        let looked = if looked.is_empty() { "there is no profile".to_owned() } else { format!("looked in {looked}") };
        lines.push(format!("D-Edit is in no profile of GIMP: {looked}"));
    }
    console.finish(&lines.join("\n"), json!({"removed": removed}));
    Ok(())
}

/// D-Edit in the profiles of GIMP, for the doctor.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) there: Vec<String>,
    /// What is wrong with it.
    pub(crate) faults: Vec<String>,
    /// Whether there is something to compare it with.
    pub(crate) compared: bool,
}

/// Looks into the profiles of GIMP.
pub(crate) fn look() -> Found {
    let newest = files::beside(PLUGIN).ok().flatten();
    let profiles: Vec<Profile> = Places::read().existing().into_iter().filter(|profile| profile.plugin().is_there()).collect();
    Found {
        there: profiles.iter().map(|profile| profile.folder.display().to_string()).collect(),
        faults: profiles.iter().flat_map(|profile| profile.plugin().faults(newest.as_deref())).collect(),
        compared: newest.is_some(),
    }
}
