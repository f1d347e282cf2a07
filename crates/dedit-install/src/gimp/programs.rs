//! The programs of GIMP on this system, and their versions.

use std::collections::HashSet;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dedit_client::can_be_run;

use super::profiles::{Places, Profile};
use super::version::Version;
use crate::process::{Ending, output_of};
use crate::sandbox;

/// How long a program may take to print its version.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program of GIMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) version: Version,
}

/// One program of each version; the console program, which needs no display, where both exist.
pub(super) fn find(places: &Places) -> Vec<Program> {
    let mut found: Vec<Program> = Vec::new();
    let mut seen = HashSet::new();
    for (named, path) in candidates(&places.programs) {
        let known = |version: Version| found.iter().any(|program| program.version == version);
        if named.is_some_and(known)
            || sandbox::holds(&path, &places.root)
            || !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()))
        {
            continue;
        }
        if let Some(version) = ask_version(&path).filter(|version| !known(*version)) {
            found.push(Program { path, version });
        }
    }
    found
}

/// The program for a profile. Where the profile's version is not known, only if there is just one program.
pub(super) fn of_profile<'a>(profile: &Profile, programs: &'a [Program]) -> Option<&'a Program> {
    match profile.version {
        Some(version) => programs.iter().find(|program| program.version.fits(version)),
        None if programs.len() == 1 => programs.first(),
        None => None,
    }
}

/// Programs named like GIMP, with the version that their names tell: those with a version first, and of these the console programs.
fn candidates(folders: &[PathBuf]) -> Vec<(Option<Version>, PathBuf)> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_absolute()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_suffix(EXE_SUFFIX)) else { continue };
            let Some(rest) = name.strip_prefix("gimp") else { continue };
            let (windowed, rest) = rest.strip_prefix("-console").map_or((true, rest), |rest| (false, rest));
            let version = rest.strip_prefix('-').and_then(Version::parse);
            if (rest.is_empty() || version.is_some() || rest == "-3") && can_be_run(&entry.path()) {
                found.push(((version.is_none(), windowed), version, entry.path()));
            }
        }
    }
    // The sort is stable: within a rank the order of `PATH` stays.
    found.sort_by_key(|(rank, ..)| *rank);
    found.into_iter().map(|(_, version, path)| (version, path)).collect()
}

fn ask_version(program: &Path) -> Option<Version> {
    match output_of(Command::new(program).arg("--version"), PATIENCE, &|| false) {
        Ok((Ending::Ended, text)) => version_in(&text),
        _ => None,
    }
}

/// The version in a line such as GNU Image Manipulation Program version 2.10.34.
fn version_in(text: &str) -> Option<Version> {
    let (_, rest) = text.split_once("version ")?;
    Version::parse(rest.split_whitespace().next()?)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::script;

    fn put(path: &Path, version: &str) {
        script(path, &format!("echo GNU Image Manipulation Program version {version}"));
    }

    #[test]
    fn one_program_of_each_version_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        for (name, version) in [
            ("b/gimp-3.0", "3.0.4"),
            ("b/gimp-console-3.0", "3.0.4"),
            ("a/gimp-2.10", "2.10.34"),
            ("b/gimp", "3.2.0"),
            ("b/gimp-2.8", "2.8.0"),
            ("b/gimp-tool", "3.0.4"),
            ("b/gimptool-3.0", "3.0.4"),
            ("snap/bin/gimp-3.4", "3.4.0"),
        ] {
            put(&at(name), version);
        }
        symlink("gimp-2.10", at("a/gimp")).unwrap();
        fs::write(at("a/gimp-3.6"), "no program").unwrap();
        let places = Places {
            programs: vec![at("absent"), at("a"), at("b"), at("snap/bin"), PathBuf::from(".")],
            root: scratch.path().to_path_buf(),
            ..Places::default()
        };
        let found = find(&places);
        let shown: Vec<_> = found
            .iter()
            .map(|program| format!("{} {}", program.version, program.path.strip_prefix(scratch.path()).unwrap().display()))
            .collect();
        assert_eq!(shown, ["3.0 b/gimp-console-3.0", "2.10 a/gimp-2.10", "3.2 b/gimp"]);
        let of = |version: Option<&str>, programs| {
            let profile = Profile { version: version.and_then(Version::parse), folder: PathBuf::new() };
            of_profile(&profile, programs).map(|program: &Program| program.version.to_string())
        };
        assert_eq!(of(Some("2.10"), &found).as_deref(), Some("2.10"));
        assert_eq!([of(Some("3.8"), &found), of(None, &found)], [None, None]);
        assert_eq!(of(None, &found[1..2]).as_deref(), Some("2.10"));
    }
}
