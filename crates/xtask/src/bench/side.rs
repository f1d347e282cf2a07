//! A process that measures one work on one side.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

/// What one call took.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Sample {
    pub(super) cpu_s: f64,
    pub(super) peak_rss_gib: f64,
}

/// A running side; ends with its handle.
pub(super) struct Side {
    work: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Side {
    /// Starts `command`, which serves `work`, and runs the work once unmeasured.
    pub(super) fn start(mut command: Command, work: &str) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", command.get_program().display()))?;
        let (input, output) = child.stdin.take().zip(child.stdout.take()).context("the process has no pipes")?;
        let mut side = Self { work: work.to_owned(), child, input, output: BufReader::new(output) };
        side.read()?;
        writeln!(side.input, "warmup {work}")?;
        side.read()?;
        Ok(side)
    }

    /// One measured call.
    pub(super) fn run(&mut self) -> Result<Sample> {
        writeln!(self.input, "run {}", self.work)?;
        Ok(serde_json::from_value(self.read()?)?)
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the process that measures {} ended: {}", self.work, self.child.wait()?);
        }
        let value: Value = serde_json::from_str(&line).with_context(|| format!("not an answer: {line}"))?;
        match value.get("error") {
            Some(error) => bail!("{error}"),
            None => Ok(value),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it if not.
        let _ = writeln!(self.input, "quit");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
