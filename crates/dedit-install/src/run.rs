//! Installs, uninstalls and checks any host.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::installer::{Description, Installer, Watch};
use crate::report::{Check, Installed, Outcome, Removed, Report};
use crate::{Failure, Result};

/// Installs into every target that the host plans. The report tells of all of them, those that failed too.
pub fn install<I: Installer>(host: &I, watch: &dyn Watch) -> Result<Report> {
    let targets = host.plan(watch)?;
    let mut report = Report::default();
    let (mut failures, mut advice) = (Vec::new(), Vec::new());
    for (index, target) in targets.iter().enumerate() {
        let description = host.describe(target);
        watch.stage(&format!("installing into {}", description.label), index, targets.len());
        let Installed { label, outcome, details, advice: more } = host.install(target, watch)?;
        let (is_checked, problem, sentence) = match outcome {
            Outcome::Checked(how) => (true, None, format!("checked: {how}")),
            Outcome::Unchecked(why) => (false, None, format!("copied; not checked: {why}")),
            Outcome::Failed(failure) => (false, Some(failure.to_string()), format!("failed: {}", push(&mut failures, failure))),
        };
        let label = label.unwrap_or_else(|| description.label.clone());
        report.lines.push(format!("{label}  {}  {sentence}", description.folder.display()));
        let mut entry = entry::<I>(description, details);
        entry.insert("checked".to_owned(), json!(is_checked));
        entry.insert("problem".to_owned(), json!(problem));
        report.entries.push(Value::Object(entry));
        advice.extend(more);
    }
    advice.dedup();
    report.lines.extend(advice);
    report.failure = match failures.as_slice() {
        [failure, _, ..] => {
            let message = format!("{} of {} installations failed", failures.len(), targets.len());
            Some(Failure::new(failure.kind, message).hint("see above"))
        }
        _ => failures.pop(),
    };
    Ok(report)
}

/// Removes the plug-in from every target that the host finds. A target that fails does not keep the others from it.
pub fn uninstall<I: Installer>(host: &I, watch: &dyn Watch) -> Result<Report> {
    let targets = host.find()?;
    let mut report = Report::default();
    for target in &targets {
        let description = host.describe(target);
        let (label, plugin) = (&description.label, description.plugin.display());
        match host.uninstall(target, watch) {
            Ok(Removed::Nothing) => {}
            Ok(removed) => {
                let sentence = match removed {
                    Removed::SettingsOnly => "was not there; the settings no longer name it",
                    Removed::ExceptOthers => "removed; other files are in that folder, and stay",
                    Removed::All | Removed::Nothing => "removed",
                };
                report.lines.push(format!("{label}  {plugin}  {sentence}"));
                report.entries.push(Value::Object(entry::<I>(description, Map::new())));
            }
            Err(failure) => {
                report.lines.push(format!("{label}  {plugin}  failed: {}", failure.message));
                let mut entry = entry::<I>(description, Map::new());
                entry.insert("problem".to_owned(), json!(failure.message));
                report.failed.push(Value::Object(entry));
                // The other failures are among the lines.
                report.failure.get_or_insert(failure);
            }
        }
    }
    if report.lines.is_empty() {
        let folders: Vec<String> = targets.iter().map(|target| host.describe(target).folder.display().to_string()).collect();
        let looked = if folders.is_empty() { "there is none".to_owned() } else { format!("looked in {}", folders.join(", ")) };
        report.lines.push(format!("D-Edit is in no {}: {looked}", I::PLACE));
    }
    Ok(report)
}

/// Checks the host's programs and the plug-in in every target.
pub fn check<I: Installer>(host: &I) -> Check {
    let name = I::NAME;
    let (first, remark) = programs(host);
    let programs = match (&first, remark) {
        (Some(path), Some(remark)) => format!("{}, which {remark}", path.display()),
        (Some(path), None) => path.display().to_string(),
        (None, _) => format!("no {} on PATH", I::PROGRAMS.join(", ")),
    };
    let (mut installed, mut places, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let targets = match host.find() {
        Ok(targets) => targets,
        Err(failure) => return Check::bad(failure.message, failure.hint.unwrap_or_else(|| "see dedit install --help".to_owned())),
    };
    for target in targets {
        if let Some(installation) = host.check(&target) {
            installed.push(target);
            places.push(installation.place);
            faults.extend(installation.faults);
        }
    }
    match (installed.is_empty(), &first) {
        (true, Some(_)) => Check::absent(format!("{programs}; D-Edit is not in it"), format!("dedit install {name} puts it there")),
        (true, None) => Check::absent(programs, "install it to edit there".to_owned()),
        (false, _) => {
            let found = format!("{programs}; D-Edit is in {}", places.join("; "));
            if faults.is_empty() {
                return Check::good(found, host.remark(&installed));
            }
            Check::bad(format!("{found}; {}", faults.join("; ")), format!("dedit install {name} puts that right"))
        }
    }
}

/// The first of the host's programs on `PATH`, and what should be known of them.
fn programs<I: Installer>(host: &I) -> (Option<PathBuf>, Option<&'static str>) {
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let on_path = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| Path::is_file(path));
    let found: Vec<(&str, PathBuf)> = I::PROGRAMS.iter().filter_map(|name| Some((*name, on_path(name)?))).collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let remark = if names.is_empty() { None } else { host.remark_on_programs(&names) };
    (found.into_iter().next().map(|(_, path)| path), remark)
}

fn entry<I: Installer>(description: Description, more: Map<String, Value>) -> Map<String, Value> {
    let mut entry = Map::from_iter([("host".to_owned(), json!(I::NAME))]);
    entry.extend(description.details);
    entry.extend(more);
    entry
}

fn push(failures: &mut Vec<Failure>, failure: Failure) -> String {
    let sentence = failure.to_string();
    failures.push(failure);
    sentence
}
