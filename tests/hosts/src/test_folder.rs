//! A fresh folder for one test, by the path it has here and by the one it has for the program that is tested.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::literal::quoted;
use crate::places;
use crate::process::run;
use crate::tree::{PREFIX, Tree};

/// The folder. Removed with all it holds, and a daemon that was started from inside is ended.
#[derive(Debug)]
pub struct TestFolder {
    folder: TempDir,
    root: PathBuf,
    environment: Vec<(OsString, OsString)>,
    names_model: bool,
}

impl TestFolder {
    /// A test folder on this machine, or in a tree.
    pub fn new(tree: Option<&Tree>) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(PREFIX);
        let (folder, root) = match tree {
            None => (builder.tempdir(), PathBuf::from("/")),
            Some(tree) => (builder.tempdir_in(tree.root().join("tmp")), tree.root().to_path_buf()),
        };
        let folder = folder.context("a folder for the test cannot be made")?;
        let test_folder = Self { folder, root, environment: Vec::new(), names_model: true };
        for name in ["home", "run", "bin"] {
            fs::create_dir_all(test_folder.outside(name))?;
        }
        Ok(test_folder)
    }

    /// A path in the test folder, as this process sees it.
    pub fn outside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same path, as the tested program sees it.
    pub fn inside(&self, name: impl AsRef<Path>) -> PathBuf {
        let outside = self.outside(name);
        outside.strip_prefix(&self.root).map_or(outside.clone(), |below| Path::new("/").join(below))
    }

    /// The same path, as a literal of Scheme.
    pub fn literal(&self, name: impl AsRef<Path>) -> String {
        quoted(&self.inside(name).to_string_lossy())
    }

    /// The folder of the program's settings.
    pub fn profile(&self) -> PathBuf {
        self.outside("profile")
    }

    /// The daemon's socket, as this process sees it.
    pub fn socket(&self) -> PathBuf {
        self.outside("run/daemon.sock")
    }

    /// The folder of the daemon's sessions, as this process sees it.
    pub fn data(&self) -> PathBuf {
        self.outside("data")
    }

    /// Sets an environment variable for every program that is started in the test folder from now on.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Names no model to the programs in the test folder, as where D-Edit was just installed.
    pub fn name_no_model(&mut self) {
        self.names_model = false;
    }

    /// Puts a copy of a file onto the test folder.
    pub fn put(&self, from: &Path, name: &str) -> Result<PathBuf> {
        let to = self.outside(name);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, &to).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))?;
        Ok(to)
    }

    /// The plug-in of GIMP, where GIMP looks for plug-ins, with the program that it starts as a daemon beside it.
    pub fn install_plugin(&self) -> Result<()> {
        self.put(&places::gimp_plugin()?, "profile/plug-ins/dedit-gimp/dedit-gimp")?;
        self.put(&places::program()?, "bin/dedit")?;
        let program = self.outside("profile/plug-ins/dedit-gimp/program");
        fs::write(program, self.inside("bin/dedit").as_os_str().as_encoded_bytes()).context("the plug-in's program cannot be named")
    }

    /// The environment of a program that is tested.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut all: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), self.inside("home").into()),
            ("LC_ALL".into(), "C.UTF-8".into()),
            ("DEDIT_SOCKET".into(), self.inside("run/daemon.sock").into()),
            ("DEDIT_DATA".into(), self.inside("data").into()),
        ];
        if self.names_model {
            // Where a test names no model, the one that learns and knows words is meant.
            all.push(("DEDIT_MODEL".into(), "toys".into()));
        }
        all.extend(self.environment.iter().cloned());
        all
    }

    /// The program `dedit` with the environment of the self.
    pub(crate) fn program(&self) -> Result<Command> {
        let mut command = Command::new(places::program()?);
        for unset in ["DEDIT_DAEMON", "DEDIT_MODEL", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(unset);
        }
        command
            .envs(self.environment())
            .env("DEDIT_SOCKET", self.socket())
            .env("DEDIT_DATA", self.data())
            .env("HOME", self.outside("home"));
        // Unpacked once for all tests.
        command.env("DEDIT_CACHE", places::cache()?.join("dedit")).current_dir(self.outside(""));
        Ok(command)
    }

    /// Calls `dedit` here, for the daemon at the test folder's socket. Its pictures are named by their paths here.
    pub fn dedit(&self, arguments: &[&str]) -> Result<crate::process::Output> {
        run(self.program()?.args(arguments), Duration::from_secs(300))
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        if self.socket().exists() {
            // A daemon that a plug-in started belongs to no process of ours.
            let _ = self.dedit(&["daemon", "stop"]);
        }
    }
}
