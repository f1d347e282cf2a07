//! Krita 5.1 and 5.2.
//!
//! Scenarios are Python: the plug-in `dedit_driver` runs them inside Krita, in its main thread, and operates its real widgets. What they can do
//! is in `dedit_driver/hands.py`.

mod install;
mod profile;
mod run;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

pub use install::install_plugin;
pub use run::{Ran, Running};

use crate::kept;
use crate::places;
use crate::screen::Screen;
use crate::test_folder::TestFolder;
use crate::tree::Tree;

/// Time limit of a scenario, for a machine that has other work too.
pub const LIMIT: Duration = Duration::from_secs(600);

/// The folder of its screenshots.
pub const SHOTS: &str = "krita-shots";

/// Width and height of a screen that shows the whole docker beside Krita's own.
pub const SCREEN: [u32; 2] = [1600, 1000];

/// A version of Krita.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Krita 5.1.
    V5_1,
    /// Krita 5.2.
    V5_2,
}

/// A Krita to start: of this machine, or of a tree.
#[derive(Debug, Clone)]
pub struct Krita {
    version: Version,
    tree: Option<Tree>,
}

impl Krita {
    /// Finds the Krita of a version: 5.1 is on this machine, 5.2 in the tree that [`places::TREE`] names.
    pub fn find(version: Version) -> Result<Self> {
        let tree = match version {
            Version::V5_1 => None,
            Version::V5_2 => Some(Tree::named()?),
        };
        let krita = Self { version, tree };
        profile::kept(&krita)?;
        Ok(krita)
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// A test's folder with a home that has seen a first start, with the driver and without the plug-in.
    pub fn test_folder(&self) -> Result<TestFolder> {
        let test_folder = TestFolder::new(self.tree.as_ref())?;
        fs::remove_dir(test_folder.outside("home"))?;
        kept::copy(&profile::kept(self)?, &test_folder.outside("home"))?;
        profile::prepare(&test_folder)?;
        Ok(test_folder)
    }

    /// A screen of that size.
    pub fn screen() -> Result<Screen> {
        let [width, height] = SCREEN;
        Screen::of_size(width, height)
    }

    /// Runs a scenario in a new Krita; an error has everything that is known.
    pub fn run(&self, test_folder: &TestFolder, screen: &Screen, script: &str) -> Result<Ran> {
        self.run_within(test_folder, screen, script, LIMIT)
    }

    /// The same with another time limit.
    pub fn run_within(&self, test_folder: &TestFolder, screen: &Screen, script: &str, limit: Duration) -> Result<Ran> {
        self.start_within(test_folder, screen, script, limit)?.finish()
    }

    /// Starts a Krita that runs a scenario, for tests that act meanwhile.
    pub fn start<'a>(&'a self, test_folder: &'a TestFolder, screen: &'a Screen, script: &str) -> Result<Running<'a>> {
        self.start_within(test_folder, screen, script, LIMIT)
    }

    /// The same with another time limit.
    pub fn start_within<'a>(
        &'a self,
        test_folder: &'a TestFolder,
        screen: &'a Screen,
        script: &str,
        limit: Duration,
    ) -> Result<Running<'a>> {
        Running::start(self, test_folder, screen, script, limit)
    }

    /// Keeps a screenshot that a scenario saved, under its name and the version.
    pub fn keep_shot(&self, test_folder: &TestFolder, name: &str) -> Result<PathBuf> {
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        let kept = places::shots(SHOTS)?.join(format!("{stem}-{:?}.png", self.version));
        fs::copy(test_folder.outside(name), &kept).with_context(|| format!("{name} cannot be kept"))?;
        Ok(kept)
    }

    /// The command of Krita, with the environment of a test's folder.
    fn command(&self, test_folder: &TestFolder, screen: &Screen) -> Result<Command> {
        let here = || {
            let mut command = Command::new("krita");
            command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
            command
        };
        let mut command = self.tree.as_ref().map_or_else(here, |tree| tree.command("krita"));
        let runtime = test_folder.outside("runtime");
        fs::create_dir_all(&runtime)?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
        let folders = [
            ("XDG_CONFIG_HOME", "home/.config"),
            ("XDG_DATA_HOME", "home/.local/share"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("XDG_RUNTIME_DIR", "runtime"),
        ];
        // Krita supports only xcb. Warnings of its own plug-ins would hide what matters.
        let words = [
            ("QT_QPA_PLATFORM", "xcb"),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("LANG", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONWARNINGS", "ignore::SyntaxWarning"),
        ];
        let folders = folders.map(|(name, folder)| (name, OsString::from(test_folder.inside(folder))));
        command.envs(folders).envs(words).env("DISPLAY", screen.display()).envs(test_folder.environment()).arg("--nosplash");
        Ok(command)
    }
}
