//! The profiles of GIMP: the folders in which it keeps its settings, and looks for plug-ins.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy, home_dir};
use serde::{Serialize, Serializer};

use super::programs::Program;
use crate::install::sandbox;

/// A version of GIMP that D-Edit works in; the second number is not known of a folder that a variable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: Option<u32>,
}

impl Version {
    pub(super) const GIMP_2: Self = Self { major: 2, minor: Some(10) };
    pub(super) const GIMP_3: Self = Self { major: 3, minor: None };

    /// From a text such as 2.10 or 3.0.4.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else { return None };
        (major == 3 || (major, minor) == (2, 10)).then_some(Self { major, minor: Some(minor) })
    }

    /// Whether one may be the other.
    pub(super) fn fits(self, other: Self) -> bool {
        self.major == other.major && (self.minor == other.minor || self.minor.is_none() || other.minor.is_none())
    }

    /// Names the folder of the profile.
    pub(super) fn variable(self) -> &'static str {
        if self.major == 2 { "GIMP2_DIRECTORY" } else { "GIMP3_DIRECTORY" }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        self.minor.map_or(Ok(()), |minor| write!(f, ".{minor}"))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    /// `None` where a folder was named that does not say it.
    pub(super) version: Option<Version>,
    pub(super) folder: PathBuf,
}

/// Where things are on this system.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The user's folder.
    pub(super) home: PathBuf,
    /// The folder with one profile for each version.
    pub(super) profiles: PathBuf,
    /// The profiles that variables name, which are taken instead.
    pub(super) named: Vec<Profile>,
    /// Where programs are looked for.
    pub(super) programs: Vec<PathBuf>,
    /// The root of the file system.
    pub(super) root: PathBuf,
}

impl Places {
    /// Those of the user.
    pub(super) fn read() -> Self {
        let home = home_dir().unwrap_or_default();
        let settings = match choose_base_strategy() {
            Ok(_) if cfg!(target_os = "macos") => home.join("Library/Application Support"),
            Ok(folders) => folders.config_dir(),
            Err(_) => home.join(".config"),
        };
        let named = [Version::GIMP_2, Version::GIMP_3].into_iter().filter_map(|version| {
            let folder = env::var_os(version.variable()).filter(|folder| !folder.is_empty())?;
            // GIMP itself takes them from there.
            Some(Profile { version: Some(version), folder: home.join(folder) })
        });
        let path = env::var_os("PATH").unwrap_or_default();
        Self {
            named: named.collect(),
            profiles: settings.join("GIMP"),
            programs: env::split_paths(&path).chain(usual_programs()).collect(),
            root: PathBuf::from("/"),
            home,
        }
    }

    /// The profiles that are there.
    pub(super) fn existing(&self) -> Vec<Profile> {
        let mut found = self.named.clone();
        let folders = fs::read_dir(&self.profiles).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut usual: Vec<Profile> = folders.filter(|folder| folder.is_dir()).filter_map(of_folder).collect();
        usual.retain(|profile| !self.is_replaced(profile.version));
        usual.sort_by_key(|profile| profile.version.map(|version| (version.major, version.minor)));
        found.extend(usual);
        found
    }

    /// And those that the programs will make when they are started for the first time.
    pub(super) fn with_new(&self, programs: &[Program]) -> Vec<Profile> {
        let mut found = self.existing();
        for program in programs {
            let version = Some(program.version);
            if !self.is_replaced(version) && !found.iter().any(|profile| profile.version == version) {
                found.push(Profile { version, folder: self.profiles.join(program.version.to_string()) });
            }
        }
        found
    }

    fn is_replaced(&self, version: Option<Version>) -> bool {
        version.is_some_and(|version| self.named.iter().any(|named| named.version.is_some_and(|named| named.major == version.major)))
    }

    /// Installations of GIMP that keep plug-ins from what is outside, each with a sentence.
    pub(super) fn sandboxed(&self) -> Vec<String> {
        sandbox::notes(&sandbox::Host { name: "GIMP", flatpak: "org.gimp.GIMP", snap: "gimp" }, &self.home, &self.root)
    }
}

/// A profile whose folder is named after the version, as GIMP does.
fn of_folder(folder: PathBuf) -> Option<Profile> {
    let name = folder.file_name()?.to_str()?;
    let version = Version::parse(name).filter(|version| version.to_string() == name)?;
    Some(Profile { version: Some(version), folder })
}

/// The profile in a folder that the user names.
pub(super) fn named(folder: &Path) -> Profile {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let version = of_folder(folder.clone()).and_then(|profile| profile.version).or_else(|| of_protocol(&folder));
    Profile { version, folder }
}

/// The version that last wrote into a profile: GIMP says there how it speaks with plug-ins.
fn of_protocol(folder: &Path) -> Option<Version> {
    let text = fs::read_to_string(folder.join("pluginrc")).ok()?;
    let (_, rest) = text.split_once("(protocol-version ")?;
    let number: u32 = rest.split_once(')')?.0.trim().parse().ok()?;
    Some(if number < 0x100 { Version::GIMP_2 } else { Version::GIMP_3 })
}

/// Where GIMP is installed on systems whose programs are not found by `PATH`.
fn usual_programs() -> Vec<PathBuf> {
    let folders = |variable: &str, below: &[&str]| -> Vec<PathBuf> {
        let base = env::var_os(variable).map(PathBuf::from);
        base.map(|base| below.iter().map(|folder| base.join(folder)).collect()).unwrap_or_default()
    };
    if cfg!(target_os = "macos") {
        return ["GIMP.app", "GIMP-2.10.app"].map(|app| Path::new("/Applications").join(app).join("Contents/MacOS")).to_vec();
    }
    if cfg!(windows) {
        let system = folders("ProgramFiles", &["GIMP 3/bin", "GIMP 2/bin"]);
        return system.into_iter().chain(folders("LOCALAPPDATA", &["Programs/GIMP 3/bin", "Programs/GIMP 2/bin"])).collect();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(folders: &[&str]) -> (tempfile::TempDir, Places) {
        let scratch = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(scratch.path().join(folder)).unwrap();
        }
        let home = scratch.path().join("home");
        let places = Places { profiles: home.join(".config/GIMP"), root: scratch.path().join("root"), home, ..Places::default() };
        (scratch, places)
    }

    fn told(profiles: &[Profile]) -> Vec<String> {
        let told = |profile: &Profile| {
            let version = profile.version.map(|version| version.to_string()).unwrap_or_default();
            format!("{version} {}", profile.folder.file_name().unwrap().to_str().unwrap())
        };
        profiles.iter().map(told).collect()
    }

    fn program(version: &str) -> Program {
        Program { path: PathBuf::from("gimp"), version: Version::parse(version).unwrap() }
    }

    #[test]
    fn profiles_are_found_in_the_folder_for_settings() {
        let below = ["3.2", "3.0", "2.10", "2.8", "2.99", "3.0.4", "notes"].map(|name| format!("home/.config/GIMP/{name}"));
        let (_scratch, places) = home(&below.each_ref().map(String::as_str));
        assert_eq!(told(&places.existing()), ["2.10 2.10", "3.0 3.0", "3.2 3.2"]);
        assert_eq!(told(&places.with_new(&[program("3.4"), program("3.0")]))[3..], ["3.4 3.4"]);
        let (_scratch, nothing) = home(&[]);
        assert!(nothing.existing().is_empty() && nothing.with_new(&[]).is_empty());
        assert_eq!(told(&nothing.with_new(&[program("2.10.34"), program("3.0")])), ["2.10 2.10", "3.0 3.0"]);
    }

    #[test]
    fn what_a_variable_names_takes_the_place_of_the_usual_ones_of_that_generation() {
        let (_scratch, mut places) = home(&["home/.config/GIMP/2.10", "home/.config/GIMP/3.0"]);
        places.named = vec![Profile { version: Some(Version::GIMP_3), folder: "elsewhere".into() }];
        assert_eq!(told(&places.with_new(&[program("3.2"), program("2.10")])), ["3 elsewhere", "2.10 2.10"]);
    }

    #[test]
    fn a_named_folder_says_its_version_by_its_name_or_by_what_gimp_wrote_there() {
        let (scratch, _) = home(&["a/3.0", "b", "c", "d"]);
        fs::write(scratch.path().join("b/pluginrc"), "# GIMP pluginrc\n\n(protocol-version 277)\n").unwrap();
        fs::write(scratch.path().join("c/pluginrc"), "(protocol-version 26)\n").unwrap();
        let version = |folder: &str| named(&scratch.path().join(folder)).version.map(|version| version.to_string());
        assert_eq!(
            ["a/3.0", "b", "c", "d", "e"].map(version),
            [Some("3.0"), Some("3"), Some("2.10"), None, None].map(|v| v.map(str::to_owned))
        );
    }

    #[test]
    fn sandboxes_are_said() {
        let (_scratch, places) = home(&["home/.var/app/org.gimp.GIMP/config/GIMP/3.0", "root/snap/bin/gimp"]);
        let said = places.sandboxed();
        assert!(said[0].contains("Flatpak") && said[1].contains("Snap"), "{said:?}");
        assert!(places.existing().is_empty());
    }

    #[test]
    fn versions() {
        for (text, expected) in
            [("2.10.34", Some("2.10")), ("3.0.4", Some("3.0")), ("3.2", Some("3.2")), ("2.8.22", None), ("3", None), ("", None)]
        {
            assert_eq!(Version::parse(text).map(|version| version.to_string()), expected.map(str::to_owned), "{text}");
        }
        let [two, three, next] = ["2.10", "3.0", "3.2"].map(|text| Version::parse(text).unwrap());
        assert!(two.fits(Version::GIMP_2) && three.fits(Version::GIMP_3) && next.fits(Version::GIMP_3));
        assert!(!two.fits(three) && !three.fits(next));
    }
}
