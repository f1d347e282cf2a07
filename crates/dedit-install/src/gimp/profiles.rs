//! The profiles of GIMP: the folders in which it keeps its settings, and looks for plug-ins.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy, home_dir};

use super::version::Version;
use crate::sandbox;

/// A profile of GIMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    /// `None` where neither the folder's name nor its files tell.
    pub(super) version: Option<Version>,
    pub(super) folder: PathBuf,
}

/// Where this user's profiles and programs are looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The user's home.
    pub(super) home: PathBuf,
    /// The folder with one profile for each version.
    pub(super) profiles: PathBuf,
    /// The profiles that GIMP's environment variables name; GIMP uses them in place of the usual ones.
    pub(super) named: Vec<Profile>,
    /// Folders of programs.
    pub(super) programs: Vec<PathBuf>,
    /// The root of the file system.
    pub(super) root: PathBuf,
}

impl Places {
    /// Those of the user who runs this.
    pub(super) fn read() -> Self {
        let home = home_dir().unwrap_or_default();
        let settings = match choose_base_strategy() {
            Ok(_) if cfg!(target_os = "macos") => home.join("Library/Application Support"),
            Ok(folders) => folders.config_dir(),
            Err(_) => home.join(".config"),
        };
        let named = [Version::GIMP_2, Version::GIMP_3].into_iter().filter_map(|version| {
            let folder = env::var_os(version.variable()).filter(|folder| !folder.is_empty())?;
            // GIMP takes a relative path from the home folder.
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

    /// The profiles that exist.
    pub(super) fn existing(&self) -> Vec<Profile> {
        let mut found = self.named.clone();
        let folders = fs::read_dir(&self.profiles).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut usual: Vec<Profile> = folders.filter(|folder| folder.is_dir()).filter_map(of_folder).collect();
        usual.retain(|profile| !self.is_replaced(profile.version));
        usual.sort_by_key(|profile| profile.version.map(|version| (version.major, version.minor)));
        found.extend(usual);
        found
    }

    /// And those that programs of these versions will create when they are started for the first time.
    pub(super) fn with_new(&self, programs: &[Version]) -> Vec<Profile> {
        let mut found = self.existing();
        for version in programs {
            let folder = self.profiles.join(version.to_string());
            let version = Some(*version);
            if !self.is_replaced(version) && !found.iter().any(|profile| profile.version == version) {
                found.push(Profile { version, folder });
            }
        }
        found
    }

    fn is_replaced(&self, version: Option<Version>) -> bool {
        version.is_some_and(|version| self.named.iter().any(|named| named.version.is_some_and(|named| named.major == version.major)))
    }

    /// A sentence for each GIMP in a sandbox.
    pub(super) fn sandboxed(&self) -> Vec<String> {
        sandbox::notes(&sandbox::Host { name: "GIMP", flatpak: "org.gimp.GIMP", snap: "gimp" }, &self.home, &self.root)
    }
}

/// The profile in a folder that is named after the version, as GIMP names them.
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

/// The version that last wrote into a profile, from the number of its plug-in protocol.
fn of_protocol(folder: &Path) -> Option<Version> {
    let text = fs::read_to_string(folder.join("pluginrc")).ok()?;
    let (_, rest) = text.split_once("(protocol-version ")?;
    let number: u32 = rest.split_once(')')?.0.trim().parse().ok()?;
    Some(if number < 0x100 { Version::GIMP_2 } else { Version::GIMP_3 })
}

/// Where GIMP is installed on systems that do not add programs to `PATH`.
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

    fn shown(profiles: &[Profile]) -> Vec<String> {
        let shown = |profile: &Profile| {
            let version = profile.version.map(|version| version.to_string()).unwrap_or_default();
            format!("{version} {}", profile.folder.file_name().unwrap().to_str().unwrap())
        };
        profiles.iter().map(shown).collect()
    }

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn profiles_are_found_in_the_settings_folder() {
        let below = ["3.2", "3.0", "2.10", "2.8", "2.99", "3.0.4", "notes"].map(|name| format!("home/.config/GIMP/{name}"));
        let (_scratch, places) = home(&below.each_ref().map(String::as_str));
        assert_eq!(shown(&places.existing()), ["2.10 2.10", "3.0 3.0", "3.2 3.2"]);
        assert_eq!(shown(&places.with_new(&[version("3.4"), version("3.0")]))[3..], ["3.4 3.4"]);
        let (_scratch, nothing) = home(&[]);
        assert!(nothing.existing().is_empty() && nothing.with_new(&[]).is_empty());
        assert_eq!(shown(&nothing.with_new(&[version("2.10.34"), version("3.0")])), ["2.10 2.10", "3.0 3.0"]);
    }

    #[test]
    fn a_variable_replaces_the_usual_profiles_of_its_major_version() {
        let (_scratch, mut places) = home(&["home/.config/GIMP/2.10", "home/.config/GIMP/3.0"]);
        places.named = vec![Profile { version: Some(Version::GIMP_3), folder: "elsewhere".into() }];
        assert_eq!(shown(&places.with_new(&[version("3.2"), version("2.10")])), ["3 elsewhere", "2.10 2.10"]);
    }

    #[test]
    fn the_version_of_a_named_folder_is_in_its_name_or_in_pluginrc() {
        let (scratch, _) = home(&["a/3.0", "b", "c", "d"]);
        fs::write(scratch.path().join("b/pluginrc"), "# GIMP pluginrc\n\n(protocol-version 277)\n").unwrap();
        fs::write(scratch.path().join("c/pluginrc"), "(protocol-version 26)\n").unwrap();
        let named_version = |folder: &str| named(&scratch.path().join(folder)).version.map(|version| version.to_string());
        assert_eq!(
            ["a/3.0", "b", "c", "d", "e"].map(named_version),
            [Some("3.0"), Some("3"), Some("2.10"), None, None].map(|v| v.map(str::to_owned))
        );
    }

    #[test]
    fn sandboxed_installations_are_noted() {
        let (_scratch, places) = home(&["home/.var/app/org.gimp.GIMP/config/GIMP/3.0", "root/snap/bin/gimp"]);
        let said = places.sandboxed();
        assert!(said[0].contains("Flatpak") && said[1].contains("Snap"), "{said:?}");
        assert!(places.existing().is_empty());
    }
}
