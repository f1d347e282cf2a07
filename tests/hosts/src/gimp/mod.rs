//! GIMP, in both versions.
//!
//! The scripts of tests are Script-Fu and use what `common.scm` and the file of the version define, so that one script does in both.

mod profile;
mod scheme;
mod server;
mod window;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

pub use profile::Shortcut;
pub use scheme::{Arg, ParameterSpec};
pub use window::Window;

use crate::kept;
use crate::literal::unquoted;
use crate::process::run;
use crate::test_folder::TestFolder;
use crate::tree::Tree;

/// How long a script may run, on a machine that has other work too.
pub const LIMIT: Duration = Duration::from_secs(600);

/// The folder of its pictures of the screen.
pub const SHOTS: &str = "gimp-shots";

/// Which GIMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// GIMP 2.10.
    V2,
    /// GIMP 3.
    V3,
}

/// What a script that ran to its end gave.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What `(print x)` was given, in order: a text as it is, anything else as Scheme writes it.
    pub said: Vec<String>,
    /// What GIMP wrote to standard output.
    pub stdout: String,
    /// What GIMP wrote to standard error, which is never empty.
    pub stderr: String,
    /// How long it took, with GIMP's start and end.
    pub time: Duration,
}

/// A GIMP that can be started: that of this machine, or that of a tree.
#[derive(Debug, Clone)]
pub struct Gimp {
    version: Version,
    tree: Option<Tree>,
}

impl Gimp {
    /// The GIMP of a version: version 2 is on this machine, version 3 in the tree that [`TREE`](crate::places::TREE) names.
    pub fn find(version: Version) -> Result<Self> {
        let tree = match version {
            Version::V2 => None,
            Version::V3 => Some(Tree::named()?),
        };
        let gimp = Self { version, tree };
        profile::kept(&gimp)?;
        Ok(gimp)
    }

    /// Which one it is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// A test folder with a profile of its own, made from one that has seen a start before, and without the plug-in.
    pub fn test_folder(&self) -> Result<TestFolder> {
        let test_folder = self.bare_desk()?;
        kept::copy(&profile::kept(self)?, &test_folder.profile())?;
        Ok(test_folder)
    }

    /// A test folder with an empty profile.
    fn bare_desk(&self) -> Result<TestFolder> {
        let test_folder = TestFolder::new(self.tree.as_ref())?;
        let text = match self.version {
            Version::V2 => [include_str!("v2.scm"), include_str!("common.scm")].concat(),
            Version::V3 => ["(script-fu-use-v3)\n", include_str!("v3.scm"), include_str!("common.scm")].concat(),
        };
        fs::write(test_folder.outside("prelude.scm"), text).context("the definitions for scripts cannot be written")?;
        Ok(test_folder)
    }

    /// A call of a procedure of a plug-in on an image and a drawable, both expressions, as one expression: the list of the results.
    /// `parameters` are all that the procedure has, in their order; in version 3 those not given are left to their own defaults.
    pub fn call(&self, procedure: &str, on: Option<(&str, &str)>, parameters: &[ParameterSpec], given: &[(&str, Arg)]) -> String {
        scheme::call(self.version, procedure, on, parameters, given)
    }

    /// Runs a script in a GIMP without a window, started for it alone; an error says what GIMP said, whatever it was.
    pub fn batch(&self, test_folder: &TestFolder, script: &str) -> Result<Batch> {
        self.batch_within(test_folder, script, LIMIT)
    }

    /// The same, killed after another time.
    pub fn batch_within(&self, test_folder: &TestFolder, script: &str, limit: Duration) -> Result<Batch> {
        let said = test_folder.outside("said");
        // What an earlier script said is not this one's.
        let _ = fs::remove_file(&said);
        // The port is closed by the script's end and not by GIMP's: otherwise the last lines are lost.
        let text = format!(
            "(load {})\n(define said (open-output-file {}))\n(define (print x) (write x said) (newline said))\n(define failure (try-call (lambda ()\n{script}\n)))\n\
             (write (if failure 'failed 'done) said) (newline said) (write failure said) (newline said) (close-output-port said)\n",
            test_folder.literal("prelude.scm"),
            test_folder.literal("said"),
        );
        fs::write(test_folder.outside("script.scm"), text)?;
        let started = Instant::now();
        let output = run(self.console(test_folder).args(self.batch_arguments(test_folder)), limit)?;
        let time = started.elapsed();
        let lines = fs::read_to_string(&said).unwrap_or_default();
        let mut said: Vec<String> = lines.lines().map(unquoted).collect();
        let failure = said.pop().unwrap_or_default();
        match said.pop().as_deref() {
            Some("done") => Ok(Batch { said, stdout: output.stdout, stderr: output.stderr, time }),
            Some("failed") => bail!("{failure}\nafter {said:?}\n{}", output.stderr),
            _ => bail!("GIMP {} before the script did\n{}{}", output.end(), output.stdout, output.stderr),
        }
    }

    fn batch_arguments(&self, test_folder: &TestFolder) -> Vec<String> {
        let load = format!("(load {})", test_folder.literal("script.scm"));
        let end: &[&str] = match self.version {
            // Its own command: a script that fails goes no further.
            Version::V2 => &["-b", "(gimp-quit 0)"],
            Version::V3 => &["--quit", "--batch-interpreter=plug-in-script-fu-eval"],
        };
        let words = ["-i", "-d", "-f", "-s", "-b", &load];
        words.iter().chain(end).map(|&word| word.to_owned()).collect()
    }

    fn console(&self, test_folder: &TestFolder) -> Command {
        self.command(
            test_folder,
            match self.version {
                Version::V2 => "gimp-2.10",
                Version::V3 => "gimp-console-3.0",
            },
        )
    }

    /// A program where GIMP is, with the environment of a test folder.
    fn command(&self, test_folder: &TestFolder, program: &str) -> Command {
        let here = || {
            let mut command = Command::new(program);
            command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            command
        };
        let mut command = self.tree.as_ref().map_or_else(here, |tree| tree.command(program));
        let profile = match self.version {
            Version::V2 => "GIMP2_DIRECTORY",
            Version::V3 => "GIMP3_DIRECTORY",
        };
        command.envs(test_folder.environment()).env(profile, test_folder.inside("profile"));
        command
    }
}
