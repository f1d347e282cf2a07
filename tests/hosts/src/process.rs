//! Processes that end: at a time limit, or where their value is dropped.

use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// A process that leads a group of its own. Dropped, it is killed with all that it started and that stayed in the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    /// Starts a command as the leader of a new group.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn().with_context(|| format!("{command:?} cannot be started"))?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self { child, leader })
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("a process cannot be waited for")
    }

    /// Waits for its end, and kills it where that does not come in time; `None` then.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let end = within(limit, || Ok(self.child.try_wait()?));
        self.kill();
        end
    }

    /// Kills the group.
    pub fn kill(&mut self) {
        // Once only: the number may belong to somebody else later.
        if let Some(leader) = self.leader.take() {
            // An error means that all of it has ended.
            let _ = kill_process_group(leader, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a command gave.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended; `None` where it ran out of time and was killed.
    pub status: Option<ExitStatus>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended by itself, and well.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// How it ended, in words.
    pub fn end(&self) -> String {
        self.status.map_or_else(|| "ran out of time and was killed".to_owned(), |status| format!("ended with {status}"))
    }
}

/// Runs a command to its end, or to the end of its time.
pub fn run(command: &mut Command, limit: Duration) -> Result<Output> {
    // Files and not pipes: a process that outlives its parent keeps a pipe open, and reading it would never end.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let status = Group::start(command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?))?.wait(limit)?;
    let text = |file: &mut std::fs::File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Output { status, stdout: text(&mut stdout)?, stderr: text(&mut stderr)? })
}

/// Runs a command that must succeed, and gives what it wrote to standard output.
pub fn succeed(command: &mut Command, limit: Duration) -> Result<String> {
    let output = run(command, limit)?;
    if !output.succeeded() {
        bail!("{command:?} {}\n{}{}", output.end(), output.stdout, output.stderr);
    }
    Ok(output.stdout)
}

/// Asks again and again until there is an answer, or the time is over.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let until = Instant::now() + limit;
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(25));
    }
}
