//! The real daemon, on a desk.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::desk::Desk;
use crate::process::{Group, Output, within};

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A daemon at the socket of a desk; ended where this is dropped.
#[derive(Debug)]
pub struct Daemon<'a> {
    desk: &'a Desk,
    process: Group,
}

impl<'a> Daemon<'a> {
    /// Starts it, and waits until it answers.
    pub fn start(desk: &'a Desk) -> Result<Self> {
        let log = File::create(desk.outside("daemon.log"))?;
        let mut command = desk.program()?;
        command.args(["daemon", "start", "--foreground"]).stdout(log.try_clone()?).stderr(log);
        let mut process = Group::start(&mut command)?;
        let answers = within(START, || {
            if let Some(status) = process.ended()? {
                bail!("the daemon ended with {status}: {}", written(desk));
            }
            Ok((desk.socket().exists() && desk.dedit(&["daemon", "status"])?.succeeded()).then_some(()))
        });
        answers?.with_context(|| format!("the daemon does not answer: {}", written(desk)))?;
        Ok(Self { desk, process })
    }

    /// The desk it is on.
    pub fn desk(&self) -> &Desk {
        self.desk
    }

    /// The number of its process.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Calls `dedit`, which asks this daemon.
    pub fn dedit(&self, arguments: &[&str]) -> Result<Output> {
        self.desk.dedit(arguments)
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What it wrote to its standard output and error.
    pub fn log(&self) -> String {
        written(self.desk)
    }
}

fn written(desk: &Desk) -> String {
    std::fs::read_to_string(desk.outside("daemon.log")).unwrap_or_default()
}
