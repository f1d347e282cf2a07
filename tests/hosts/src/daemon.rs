//! The real daemon, in a test folder.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{Group, Output, within};
use crate::test_folder::TestFolder;

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A daemon at the socket of a test folder; ended where this is dropped.
#[derive(Debug)]
pub struct Daemon<'a> {
    test_folder: &'a TestFolder,
    process: Group,
}

impl<'a> Daemon<'a> {
    /// Starts it, and waits until it answers.
    pub fn start(test_folder: &'a TestFolder) -> Result<Self> {
        let log = File::create(test_folder.outside("daemon.log"))?;
        let mut command = test_folder.program()?;
        command.args(["daemon", "start", "--foreground"]).stdout(log.try_clone()?).stderr(log);
        let mut process = Group::start(&mut command)?;
        let answers = within(START, || {
            if let Some(status) = process.ended()? {
                bail!("the daemon ended with {status}: {}", written(test_folder));
            }
            Ok((test_folder.socket().exists() && test_folder.dedit(&["daemon", "status"])?.succeeded()).then_some(()))
        });
        answers?.with_context(|| format!("the daemon does not answer: {}", written(test_folder)))?;
        Ok(Self { test_folder, process })
    }

    /// The test folder it is on.
    pub fn test_folder(&self) -> &TestFolder {
        self.test_folder
    }

    /// The number of its process.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Calls `dedit`, which asks this daemon.
    pub fn dedit(&self, arguments: &[&str]) -> Result<Output> {
        self.test_folder.dedit(arguments)
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What it wrote to its standard output and error.
    pub fn log(&self) -> String {
        written(self.test_folder)
    }
}

fn written(test_folder: &TestFolder) -> String {
    std::fs::read_to_string(test_folder.outside("daemon.log")).unwrap_or_default()
}
