//! One scenario in one Krita.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Krita, SHOTS};
use crate::places;
use crate::process::{Group, within};
use crate::screen::Screen;
use crate::test_folder::TestFolder;

/// Time for Krita's start and exit, beyond the scenario's own limit.
const AROUND: Duration = Duration::from_secs(60);
/// Files that a run writes to the test's folder.
const SCRIPT: &str = "scenario.py";
const SAID: &str = "said.jsonl";
const FAULT: &str = "fault.txt";
const LOG: &str = "krita.log";

/// Outcome of a scenario that ran to its end.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Values given to `d.say`, in order.
    pub said: Vec<Value>,
    /// Krita's standard output and standard error.
    pub log: String,
    /// Duration, with Krita's start and exit.
    pub time: Duration,
    /// Whether Krita exited by itself, with success, after the scenario.
    pub ended_well: bool,
}

/// A Krita that runs a scenario. It is killed when dropped.
#[derive(Debug)]
pub struct Running<'a> {
    krita: &'a Krita,
    test_folder: &'a TestFolder,
    screen: &'a Screen,
    process: Group,
    started: Instant,
    limit: Duration,
}

impl<'a> Running<'a> {
    /// Starts it.
    pub(super) fn start(krita: &'a Krita, test_folder: &'a TestFolder, screen: &'a Screen, script: &str, limit: Duration) -> Result<Self> {
        fs::write(test_folder.outside(SCRIPT), script)?;
        // Messages of an earlier run do not count.
        for name in [SAID, FAULT] {
            fs::write(test_folder.outside(name), "")?;
        }
        let log = File::create(test_folder.outside(LOG))?;
        let mut command = krita.command(test_folder, screen)?;
        command.env("DEDIT_DRIVER_DESK", test_folder.inside("")).env("DEDIT_DRIVER_LIMIT", limit.as_secs_f64().to_string());
        for (name, file) in [("SCRIPT", SCRIPT), ("SAID", SAID), ("FAULT", FAULT)] {
            command.env(format!("DEDIT_DRIVER_{name}"), test_folder.inside(file));
        }
        command.stdout(log.try_clone()?).stderr(log);
        let process = Group::start(&mut command)?;
        Ok(Self { krita, test_folder, screen, process, started: Instant::now(), limit })
    }

    /// Messages of the scenario so far.
    pub fn said(&self) -> Result<Vec<Value>> {
        Ok(self.lines()?.into_iter().filter_map(|mut line| line.get_mut("said").map(Value::take)).collect())
    }

    /// Waits until the scenario has sent a message.
    pub fn wait_said(&mut self, expected: impl Into<Value>, limit: Duration) -> Result<()> {
        let expected = expected.into();
        let said = within(limit, || {
            if self.said()?.contains(&expected) {
                return Ok(Some(()));
            }
            if let Some(status) = self.process.ended()? {
                bail!("Krita ended with {status} before it said {expected}\n{}", self.all());
            }
            Ok(None)
        })?;
        said.with_context(|| format!("the scenario does not say {expected} within {limit:?}\n{}", self.all()))
    }

    /// Sends the scenario a word, for which it waits with `yield d.told(word)`.
    pub fn tell(&self, word: &str) -> Result<()> {
        fs::write(self.test_folder.outside(format!("told-{word}")), "").with_context(|| format!("{word} cannot be told"))
    }

    /// Krita's process id.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Kills it, as a crash would.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Result<Ran> {
        let all = (self.limit + AROUND).saturating_sub(self.started.elapsed());
        let over = within(all, || Ok((self.end()?.is_some() || self.process.ended()?.is_some()).then_some(())))?;
        if over.is_none() {
            let shot = places::shots(SHOTS)?.join(format!("hangs-{:?}.png", self.krita.version()));
            // Without a screenshot the rest is still reported.
            let _ = self.screen.screenshot(&shot);
        }
        let status = self.process.wait(AROUND)?;
        let time = self.started.elapsed();
        match self.end()? {
            Some(end) if end == "done" => {
                let ended_well = status.is_some_and(|status| status.success());
                Ok(Ran { said: self.said()?, log: self.text(LOG), time, ended_well })
            }
            Some(failure) => bail!("{failure}\n{}", self.all()),
            None => {
                let how = status.map_or_else(|| "ran out of time and was killed".to_owned(), |status| format!("ended with {status}"));
                bail!("Krita {how} before the scenario did\n{}", self.all())
            }
        }
    }

    /// How the scenario ended, if it has.
    fn end(&self) -> Result<Option<String>> {
        let last = self.lines()?.pop();
        Ok(last.and_then(|line| line.get("end").and_then(Value::as_str).map(str::to_owned)))
    }

    /// Complete lines of the driver.
    fn lines(&self) -> Result<Vec<Value>> {
        let text = self.text(SAID);
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).with_context(|| format!("{line:?} is no JSON"))).collect()
    }

    fn text(&self, name: &str) -> String {
        fs::read(self.test_folder.outside(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Everything that was written, for an error.
    fn all(&self) -> String {
        let [said, fault, log] = [SAID, FAULT, LOG].map(|name| self.text(name));
        format!("-- said\n{said}\n-- stacks\n{fault}\n-- Krita\n{log}")
    }
}
