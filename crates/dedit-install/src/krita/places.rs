//! Where Krita keeps its resources and settings, and where its programs are.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use dedit_client::can_be_run;
use etcetera::{BaseStrategy as _, choose_base_strategy, home_dir};

use super::settings::Settings;
use crate::{Failure, FailureKind, Result, sandbox};

/// Where this user's resources, settings and programs are looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The user's home.
    pub(super) home: PathBuf,
    /// The folder of resources, in which Krita looks for plug-ins.
    pub(super) resources: PathBuf,
    pub(super) settings: Settings,
    /// Folders of programs.
    pub(super) programs: Vec<PathBuf>,
    /// The root of the file system.
    pub(super) root: PathBuf,
}

/// Krita's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) krita: PathBuf,
    /// The one that runs Python in Krita without a window.
    pub(super) runner: Option<PathBuf>,
}

impl Places {
    /// Those of the user who runs this.
    pub(super) fn read() -> Self {
        let home = home_dir().unwrap_or_default();
        let (data, settings) = match choose_base_strategy() {
            Ok(_) if cfg!(target_os = "macos") => (home.join("Library/Application Support"), home.join("Library/Preferences")),
            // `cache_dir` is the folder for data of this computer, where Krita keeps its settings on Windows.
            Ok(folders) if cfg!(windows) => (folders.data_dir(), folders.cache_dir()),
            Ok(folders) => (folders.data_dir(), folders.config_dir()),
            Err(_) => (home.join(".local/share"), home.join(".config")),
        };
        let path = env::var_os("PATH").unwrap_or_default();
        Self {
            resources: data.join("krita"),
            settings: Settings::new(settings.join("kritarc")),
            programs: env::split_paths(&path).chain(usual_programs()).collect(),
            root: PathBuf::from("/"),
            home,
        }
    }

    /// Whether this user has started Krita before.
    pub(super) fn are_there(&self) -> bool {
        self.resources.is_dir() || self.settings.path().is_file()
    }

    /// Krita's programs: the named one, else the first on `PATH` that is outside of a sandbox.
    pub(super) fn program(&self, named: Option<&Path>) -> Result<Option<Program>> {
        let krita = match named {
            Some(named) if can_be_run(named) => Some(std::path::absolute(named).unwrap_or_else(|_| named.to_path_buf())),
            Some(named) => {
                let missing = Failure::new(FailureKind::Input, "there is no such program").at(named);
                return Err(missing.hint("name the file that starts Krita"));
            }
            None => self.find("krita", &self.programs),
        };
        Ok(krita.map(|krita| {
            // Where the program is a link, the runner lies beside the file that it leads to.
            let beside = [krita.clone(), krita.canonicalize().unwrap_or_default()];
            let beside = beside.iter().filter_map(|path| path.parent()).map(Path::to_path_buf);
            let folders: Vec<PathBuf> = beside.chain(self.programs.iter().cloned()).collect();
            Program { runner: self.find("kritarunner", &folders), krita }
        }))
    }

    /// The first program of that name.
    pub(super) fn find(&self, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        // A relative folder depends on the working directory: what lies there was not chosen by the user.
        let absolute = folders.iter().filter(|folder| folder.is_absolute());
        let mut paths = absolute.map(|folder| folder.join(format!("{name}{EXE_SUFFIX}")));
        paths.find(|path| can_be_run(path) && !sandbox::holds(path, &self.root))
    }

    /// A sentence for each Krita in a sandbox.
    pub(super) fn sandboxed(&self) -> Vec<String> {
        sandbox::notes(&sandbox::Host { name: "Krita", flatpak: "org.kde.krita", snap: "krita" }, &self.home, &self.root)
    }

    /// Whether the user runs Krita now. False on systems without `/proc`.
    pub(super) fn is_krita_running(&self) -> bool {
        let processes = fs::read_dir(self.root.join("proc")).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut own = processes.filter(|process| is_own(process));
        own.any(|process| {
            let program = fs::read_link(process.join("exe")).unwrap_or_default();
            program.file_name().is_some_and(|name| name == "krita")
                || fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() == "krita")
        })
    }
}

#[cfg(unix)]
fn is_own(process: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    process.metadata().is_ok_and(|found| found.uid() == rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn is_own(_: &Path) -> bool {
    false
}

/// Where Krita is installed on systems that do not add programs to `PATH`.
fn usual_programs() -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        return vec![PathBuf::from("/Applications/krita.app/Contents/MacOS")];
    }
    if cfg!(windows) {
        return env::var_os("ProgramFiles").map(|base| Path::new(&base).join("Krita (x64)/bin")).into_iter().collect();
    }
    Vec::new()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::script;

    fn put(path: &Path) {
        script(path, "");
    }

    #[test]
    fn the_runner_is_the_one_that_came_with_krita() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        for name in ["snap/bin/krita", "b/krita", "b/kritarunner", "c/kritarunner", "e/krita"] {
            put(&at(name));
        }
        fs::create_dir_all(at("d")).unwrap();
        symlink(at("b/krita"), at("d/krita")).unwrap();
        for (path, named, expected) in [
            (&["absent", "snap/bin"][..], None, None),
            (&["snap/bin", "c", "b"], None, Some(("b/krita", Some("b/kritarunner")))),
            (&["d", "c"], None, Some(("d/krita", Some("b/kritarunner")))),
            (&["e", "c"], None, Some(("e/krita", Some("c/kritarunner")))),
            (&["e"], None, Some(("e/krita", None))),
            (&["b"], Some("e/krita"), Some(("e/krita", Some("b/kritarunner")))),
        ] {
            let places = Places { programs: path.iter().map(|name| at(name)).collect(), root: at(""), ..Places::default() };
            let found = places.program(named.map(at).as_deref()).unwrap();
            let expected = expected.map(|(krita, runner)| Program { krita: at(krita), runner: runner.map(at) });
            assert_eq!(found, expected, "{path:?}");
        }
        assert_eq!(Places::default().program(Some(&at("absent"))).unwrap_err().kind, FailureKind::Input);
    }

    #[test]
    fn sandboxes_are_noted_and_a_running_krita_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let places = Places { home: at("home"), root: at(""), ..Places::default() };
        assert!(places.sandboxed().is_empty() && !places.is_krita_running());
        for folder in ["home/.var/app/org.kde.krita", "snap/bin/krita", "proc/1", "proc/2", "proc/self"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let said = places.sandboxed();
        assert!(said[0].contains("the Krita from Flatpak") && said[1].contains("Snap"), "{said:?}");
        fs::write(at("proc/1/comm"), "kritarunner\n").unwrap();
        symlink("/usr/bin/kritarunner", at("proc/1/exe")).unwrap();
        assert!(!places.is_krita_running());
        symlink("/tmp/.mount_krita/usr/bin/krita", at("proc/2/exe")).unwrap();
        assert!(places.is_krita_running());
        fs::remove_file(at("proc/2/exe")).unwrap();
        fs::write(at("proc/2/comm"), "krita\n").unwrap();
        assert!(places.is_krita_running());
    }
}
